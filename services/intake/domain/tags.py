"""Which policies and values an organisation knows: with these codes cases are tagged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.taxonomy import signal_codes

if TYPE_CHECKING:
    from collections.abc import Mapping

TAG_KINDS = {"policies": "policy", "values": "value"}
"""Field of the record → kind of aim that its codes are."""


def known_tags() -> Mapping[str, frozenset[str]]:
    """The codes of each field: those with which signals name what they touch, so that the two meet."""
    aims = signal_codes.current().aims.values()
    return {
        field: frozenset(aim.code for aim in aims if aim.kind == kind)
        for field, kind in TAG_KINDS.items()
    }
