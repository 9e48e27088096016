"""In whose branch of the organisation's tree a place lies."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from services.signals.domain.lattice import Branch


def scope_of(members: Sequence[str], tree: Sequence[Branch]) -> tuple[str, ...]:
    """The units in whose branch all people of `members` lie, the nearest first: whose managers have
    the place that these units are together.
    """
    parents = {branch.id: branch.parent for branch in tree}
    # A unit without people of its own, such as the organisation's root, is in nobody's way.
    peopled = {branch.id for branch in tree if branch.headcount}
    first, *others = [one for one in members if one in peopled] or members
    found = _above(first, parents)
    for member in others:
        above = _above(member, parents)
        found = [unit for unit in found if unit in above]
    return tuple(found)


def _above(unit: str, parents: Mapping[str, str | None]) -> list[str]:
    """The unit and those above it, the nearest first."""
    found = [unit]
    while (parent := parents.get(found[-1])) is not None:
        found.append(parent)
    return found
