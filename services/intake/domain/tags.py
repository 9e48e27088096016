"""Which policies and values an organisation knows: with these codes cases are tagged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from services.intake.domain.strategy import EntryKind, Strategy

TAG_KINDS: Final[Mapping[str, EntryKind]] = {"policies": "policy", "values": "value"}
"""Field of the record → kind of entry of the register that its codes are."""


def known_tags(strategy: Strategy, day: date) -> Mapping[str, frozenset[str]]:
    """The codes of each field that hold on that day."""
    return {field: strategy.codes(kind, day) for field, kind in TAG_KINDS.items()}
