"""How grown-up a culture is, by norm: a level that somebody claims, with evidence that others can look at.

Nothing is computed here. Advisers, works council and board each say for themselves how far a norm is; what
they refer to has to be there: a released figure that is shown, a question of a released pulse, or a measure
that was carried out. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Final, Literal
from uuid import UUID

from shared.contracts.errors import Code, Refusal, invalid
from shared.contracts.report import Bilingual
from shared.contracts.words import readable
from shared.taxonomy.period import Period

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from services.reporting.domain.figures import Figures
    from services.reporting.domain.pulse import PulseKept

VERSION: Final = "maturity/1"
"""The norms and levels below; it stands with every claim."""

Norm = Literal["respect", "openness", "inclusion"]
EvidenceKind = Literal["figure", "pulse", "measure"]
Side = Literal["adviser", "works_council", "board"]

NORMS: Final[dict[Norm, Bilingual]] = {
    "respect": Bilingual(nl="Respect", en="Respect"),
    "openness": Bilingual(nl="Openheid", en="Openness"),
    "inclusion": Bilingual(nl="Inclusie", en="Inclusion"),
}

LEVELS: Final = (
    Bilingual(nl="nog niet te zien", en="not to be seen yet"),
    Bilingual(nl="hier en daar", en="here and there"),
    Bilingual(nl="afgesproken", en="agreed upon"),
    Bilingual(nl="gewoonte", en="a habit"),
    Bilingual(nl="de norm, ook onder druk", en="the norm, under pressure too"),
)
"""1 to 5, in words."""

SIDES: Final[dict[Side, Bilingual]] = {
    "adviser": Bilingual(nl="vertrouwenspersonen", en="advisers"),
    "works_council": Bilingual(nl="ondernemingsraad", en="works council"),
    "board": Bilingual(nl="bestuur", en="board"),
}
"""Who may claim a level. Where they differ, there is something to talk about."""

MOST_WORDS: Final = 1_000
"""Characters of why."""

MOST_EVIDENCE: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class MaturityEvidence:
    """What a claim refers to. `figure`: `table`, `period` and `cell` of a release. `pulse`: `period` and
    `cell`, the question. `measure`: `measure_id`.
    """

    kind: EvidenceKind
    table: str | None = None
    period: str | None = None
    cell: str | None = None
    measure_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MaturityAssessed:
    """A side said how far a norm is, `level` 1 to 5, in a half-year or year, why, and what shows it."""

    organisation_id: UUID
    version: str
    norm: Norm
    level: int
    period: str
    side: Side
    words: str
    evidence: tuple[MaturityEvidence, ...]
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Maturity:
    """All that was claimed, oldest first. `version` is the number of events."""

    version: int = 0
    claims: tuple[MaturityAssessed, ...] = ()

    def newest(self) -> tuple[MaturityAssessed, ...]:
        """Of each norm and side the last claim, in the order of norms and sides."""
        last = {(one.norm, one.side): one for one in self.claims}
        return tuple(last[norm, side] for norm in NORMS for side in SIDES if (norm, side) in last)


def evolve(state: Maturity, event: MaturityAssessed) -> Maturity:
    """The state after one more event."""
    return replace(state, version=state.version + 1, claims=(*state.claims, event))


def assess(
    claim: MaturityAssessed,
    *,
    tables: Sequence[Figures],
    pulses: Sequence[PulseKept],
    measures: Collection[UUID],
) -> MaturityAssessed:
    """The claim as it is kept, of what was released of the organisation (`tables`, `pulses`) and of
    `measures` that were carried out.

    Raises Refusal INVALID_INPUT for a claim without evidence or words, or with evidence that is not there.
    """
    if not 1 <= claim.level <= len(LEVELS):
        raise invalid("level", "it must lie between {low} and {high}", low=1, high=len(LEVELS))
    if Period.parse(claim.period).grain == "quarter":
        raise invalid("period", "it is not a half-year or a year")
    if not claim.evidence:
        raise invalid("evidence", "it is empty")
    if len(claim.evidence) > MOST_EVIDENCE:
        raise Refusal(Code.TOO_LARGE, limit=MOST_EVIDENCE, unit="entries")
    if len(set(claim.evidence)) != len(claim.evidence):
        raise invalid("evidence", "an entry stands there twice")
    for one in claim.evidence:
        if not _is_there(one, tables, pulses, measures):
            reason = (
                "it refers to a measure that was not carried out"
                if one.kind == "measure"
                else "it refers to something that was not released"
            )
            raise invalid("evidence", reason)
    words = readable(claim.words, field="words", most=MOST_WORDS)
    if words is None:
        raise invalid("words", "it is empty")
    return replace(claim, words=words)


def _is_there(
    one: MaturityEvidence,
    tables: Sequence[Figures],
    pulses: Sequence[PulseKept],
    measures: Collection[UUID],
) -> bool:
    match one.kind:
        case "figure":
            return one.measure_id is None and any(
                figures.dimension == one.table
                and figures.period == one.period
                and any(cell.code == one.cell for cell in figures.cells)
                for figures in tables
            )
        case "pulse":
            return (one.table, one.measure_id) == (None, None) and any(
                kept.period == one.period
                and (place := kept.at()) is not None
                and any(
                    asked.question == one.cell and any(count is not None for count in asked.counts)
                    for asked in place.figures
                )
                for kept in pulses
            )
        case "measure":
            alone = (one.table, one.period, one.cell) == (None, None, None)
            return alone and one.measure_id in measures
