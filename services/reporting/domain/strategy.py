"""What the organisation says it stands for, as intake announced it: policies, values, strategic themes, and
what serves what.

Intake decides about the register; before it is changed for the first time it is that of the common entries
(shared/taxonomy/signal_codes.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Final, Literal
from uuid import UUID

from shared.contracts.report import Bilingual
from shared.taxonomy import signal_codes

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind = Literal["policy", "value", "theme"]

_OF_AIM: Final[Mapping[str | None, Kind]] = {"policy": "policy", "value": "value", "goal": "theme"}

# Events -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A policy, value or strategic theme. It holds from `valid_from` (None: ever since) and until the day
    before `withdrawn_from`; `serves` are codes: a policy serves themes and values, a value themes.
    """

    code: str
    kind: Kind
    en: str
    nl: str
    valid_from: date | None
    withdrawn_from: date | None
    serves: tuple[str, ...]

    @property
    def label(self) -> Bilingual:
        """Its name in both languages."""
        return Bilingual(nl=self.nl, en=self.en)

    def holds(self, day: date) -> bool:
        """Whether it holds on that day."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.withdrawn_from is None or day < self.withdrawn_from
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyKnown:
    """Intake announced the register, whole, as it is after its change number `register_version`."""

    organisation_id: UUID
    register_version: int
    entries: tuple[Entry, ...]


# Fold -------------------------------------------------------------------------------------------


@cache
def _common() -> tuple[Entry, ...]:
    return tuple(
        Entry(
            code=aim.code,
            kind=_OF_AIM[aim.kind],
            en=aim.en,
            nl=aim.nl,
            valid_from=None,
            withdrawn_from=None,
            serves=(),
        )
        for aim in signal_codes.current().aims.values()
        if aim.kind in _OF_AIM
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategy:
    """The register: its newest announcement. `version` counts events; 0: there was none."""

    version: int = 0
    announced: StrategyKnown | None = None

    @property
    def register_version(self) -> int:
        """How often the register was changed when it was announced."""
        return 0 if self.announced is None else self.announced.register_version

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All that ever held, in the order of the register."""
        return _common() if self.announced is None else self.announced.entries

    def of_kind(self, kind: Kind) -> tuple[Entry, ...]:
        """Those of one kind."""
        return tuple(entry for entry in self.entries if entry.kind == kind)

    def themes_of(self, code: str) -> frozenset[str]:
        """The strategic themes that an entry reaches: itself where it is one, those that it serves, and
        those that the values it serves belong to. None for a code that the register has not.
        """
        by_code = {entry.code: entry for entry in self.entries}
        found: set[str] = set()
        open_codes, seen = [code], {code}
        while open_codes:
            entry = by_code.get(open_codes.pop())
            if entry is None:
                continue
            if entry.kind == "theme":
                found.add(entry.code)
            new = [one for one in entry.serves if one not in seen]
            seen.update(new)
            open_codes.extend(new)
        return frozenset(found)


def evolve(state: Strategy, event: StrategyKnown) -> Strategy:
    """The state after one more event."""
    return Strategy(version=state.version + 1, announced=event)


# Decision ---------------------------------------------------------------------------------------


def know(state: Strategy, announced: StrategyKnown) -> StrategyKnown | None:
    """Keep the register as it was announced; an older one, or the same one again, changes nothing: None."""
    if state.announced is not None and announced.register_version <= state.register_version:
        return None
    return announced
