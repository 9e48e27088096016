"""Questions and commands about the barometer of the culture, and about how far its norms are."""

from __future__ import annotations

from datetime import date

from shared.contracts.report import Bilingual
from shared.contracts.shape import Shape


class BarometerQuery(Shape, frozen=True, kw_only=True):
    """Who reads figures of the organisation, and employees: the barometer of `period`, a half-year or year;
    None: of the newest half-year of which something was released, or year where nothing was of a half-year.
    """

    period: str | None = None


class BarometerPart(Shape, frozen=True, kw_only=True):
    """A part, in whole points from 0 to 100; None with the reason where it was not measured. `weight`: of
    the 100 points of weight of all parts.
    """

    code: str
    name: Bilingual
    weight: int
    score: int | None
    low: int | None
    high: int | None
    reason: str | None
    why: Bilingual | None


class BarometerPoint(Shape, frozen=True, kw_only=True):
    """The index of a period with its bounds, in whole points; None with the reason where there is none.

    `change` is what may be said beside the last index before it: `higher`, `lower`, `no_clear_change`,
    `not_comparable` (other parts were measured, or counted otherwise); None: there is none.
    """

    period: str
    version: str
    index: int | None
    low: int | None
    high: int | None
    coverage: int
    reason: str | None
    why: Bilingual | None
    change: str | None
    said: Bilingual | None


class BarometerAnswer(Shape, frozen=True, kw_only=True):
    """`now` with its parts, and all periods up to it, oldest first; it is the last of them."""

    now: BarometerPoint
    parts: tuple[BarometerPart, ...]
    history: tuple[BarometerPoint, ...]


class MaturityEvidence(Shape, frozen=True, kw_only=True):
    """What shows it: `figure` (`table`, `period` and `cell` of a release, shown there), `pulse` (`period`
    and `cell`, a question of which something is shown) or `measure` (`measure_id`, carried out).
    """

    kind: str
    table: str | None = None
    period: str | None = None
    cell: str | None = None
    measure_id: str | None = None


class AssessMaturity(Shape, frozen=True, kw_only=True):
    """Adviser, works council or board: how far `norm` is, `level` 1 to 5, why, and what shows it."""

    norm: str
    level: int
    period: str
    words: str
    evidence: tuple[MaturityEvidence, ...]


class MaturityClaim(Shape, frozen=True, kw_only=True):
    """What a side said: `adviser`, `works_council` or `board`."""

    version: str
    norm: str
    norm_name: Bilingual
    level: int
    level_name: Bilingual
    period: str
    side: str
    words: str
    evidence: tuple[MaturityEvidence, ...]
    on: date


class MaturityAnswer(Shape, frozen=True, kw_only=True):
    """`newest` of each norm and side, in their order; `history` has all of them, newest first."""

    newest: tuple[MaturityClaim, ...]
    history: tuple[MaturityClaim, ...]
