"""Peer consultation (intervisie): a case without its people, talked over with chosen colleagues.

A file is not discussed with fellow advisers; a case is, anonymised (security advice of the profession).
So what is shared says nothing of where it came from: no case, no unit, no day, and in codes only an area
of themes, a band of severity and, if at all, the half-year. The words are the adviser's own, sealed by
their client to the colleagues and themself; the server cannot read them, and so cannot tell whether they
are anonymous. At its end the key is destroyed, and nobody reads it any more.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final, assert_never
from uuid import UUID

from services.intake.domain.words import SealedWords, check_sealed_to
from shared import taxonomy
from shared.contracts.errors import Code, Refusal, invalid
from shared.taxonomy import practice
from shared.taxonomy.judgement import entry_of
from shared.taxonomy.period import Period
from shared.taxonomy.themes import themes
from shared.taxonomy.working_days import day_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.intake.domain.organisation import Organisation

LONGEST: Final = timedelta(days=92)
MOST_COLLEAGUES: Final = 15
MOST_ANSWERS: Final = 19
"""With what was asked, of the longest words so many copies fit into one answer on the bus (2 MiB)."""

# Events ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerConsultationShared:
    """An adviser asks colleagues, until the end of `expires_on`. `area` is one of the themes' areas,
    `half_year` None where it is not said.
    """

    adviser_id: str
    colleagues: tuple[str, ...]
    taxonomy_version: int
    codes_version: int
    area: str
    severity_band: str
    half_year: str | None
    expires_on: date
    words: tuple[SealedWords, ...]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerConsultationAnswered:
    """One of them says something, for all of them."""

    by: str
    words: tuple[SealedWords, ...]
    at: datetime


Event = PeerConsultationShared | PeerConsultationAnswered

# Fold -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerConsultation:
    """What is known of it."""

    version: int = 0
    shared: PeerConsultationShared | None = None
    answers: int = 0

    def shown_to(self, adviser_id: str, day: date) -> PeerConsultationShared:
        """How it began, for who asked and who was asked, until its last day.

        Raises Refusal NOT_FOUND for anybody else, and afterwards.
        """
        shared = self.shared
        if shared is None or shared.expires_on < day:
            raise Refusal(Code.NOT_FOUND)
        if adviser_id != shared.adviser_id and adviser_id not in shared.colleagues:
            raise Refusal(Code.NOT_FOUND)
        return shared


def evolve(state: PeerConsultation, event: Event) -> PeerConsultation:
    """The state after one more event."""
    state = replace(state, version=state.version + 1)
    match event:
        case PeerConsultationShared():
            return replace(state, shared=event)
        case PeerConsultationAnswered():
            return replace(state, answers=state.answers + 1)
        case _:
            assert_never(event)


# Decisions ------------------------------------------------------------------------------------


def share(
    organisation: Organisation,
    *,
    consultation_id: UUID,
    adviser_id: str,
    colleagues: Sequence[str],
    area: str,
    severity_band: str,
    half_year: str | None,
    expires_on: date,
    words: Sequence[SealedWords],
    at: datetime,
) -> PeerConsultationShared:
    """Ask colleagues of the same organisation. Raises Refusal UNKNOWN_CODE for anything finer than an
    area or a band, INVALID_PERIOD, TOO_LARGE, INVALID_INPUT.
    """
    if consultation_id.version != 4:
        raise invalid("consultationId", "it is not a random UUID (version 4)")
    _check_colleagues(organisation, adviser_id, colleagues)
    today = day_of(at)
    version, codes_version = _check_coarse(area, severity_band, half_year, today)
    if expires_on < today:
        raise invalid("expiresOn", "that day is past")
    if expires_on > today + LONGEST:
        raise invalid("expiresOn", "it is more than {days} days ahead", days=LONGEST.days)
    return PeerConsultationShared(
        adviser_id=adviser_id,
        colleagues=tuple(colleagues),
        taxonomy_version=version,
        codes_version=codes_version,
        area=area,
        severity_band=severity_band,
        half_year=half_year,
        expires_on=expires_on,
        words=_sealed(words, organisation, (adviser_id, *colleagues)),
        at=at,
    )


def answer(
    state: PeerConsultation,
    organisation: Organisation,
    *,
    by: str,
    words: Sequence[SealedWords],
    at: datetime,
) -> PeerConsultationAnswered:
    """A colleague answers, or the asker says more. Raises Refusal NOT_FOUND for anybody else, and after
    its last day.
    """
    shared = state.shown_to(by, day_of(at))
    if state.answers >= MOST_ANSWERS:
        raise Refusal(Code.TOO_LARGE, limit=MOST_ANSWERS, unit="entries")
    readers = (shared.adviser_id, *shared.colleagues)
    return PeerConsultationAnswered(by=by, words=_sealed(words, organisation, readers), at=at)


def own(state: PeerConsultation, adviser_id: str) -> None:
    """Raises Refusal NOT_FOUND for anybody but who asked."""
    if state.shared is None or state.shared.adviser_id != adviser_id:
        raise Refusal(Code.NOT_FOUND)


def _sealed(
    words: Sequence[SealedWords], organisation: Organisation, readers: Sequence[str]
) -> tuple[SealedWords, ...]:
    """`words`, if each of them who has a key can open them, and nobody else: no recovery key either."""
    reached = [one for one in readers if organisation.current_key(one) is not None]
    sealed = check_sealed_to(words, organisation, reached, recoverable=False, field="words")
    # Once each: so the copies of one reader fit into one answer.
    if len(sealed) != len({one.key_id for one in sealed}):
        raise invalid("words", "they are not sealed to the current key of each who must read them")
    return sealed


def _check_colleagues(
    organisation: Organisation, adviser_id: str, colleagues: Sequence[str]
) -> None:
    if not colleagues:
        raise invalid("colleagues", "it is empty")
    if len(colleagues) > MOST_COLLEAGUES:
        raise Refusal(Code.TOO_LARGE, limit=MOST_COLLEAGUES, unit="readers")
    if len({adviser_id, *colleagues}) != len(colleagues) + 1:
        raise invalid("colleagues", "somebody stands there twice")
    for one in colleagues:
        if not organisation.has_seat(one):
            raise invalid("colleagues", "the organisation has no such adviser")
        if organisation.current_key(one) is None:
            raise invalid("colleagues", "this adviser has no key at present")


def _check_coarse(
    area: str, severity_band: str, half_year: str | None, today: date
) -> tuple[int, int]:
    """The versions of the taxonomy and of the practice codes. Nothing finer passes."""
    version = taxonomy.NEWEST
    entry_of(themes(version).areas, area, field="area", version=version)
    codes = practice.current()
    codes.check("severity_bands", severity_band, field="severityBand")
    if half_year is not None:
        period = Period.parse(half_year)
        if period.grain != "half-year":
            raise Refusal(Code.INVALID_PERIOD)
        if period.start > today:
            raise invalid("halfYear", "it has not begun yet")
    return version, codes.version
