"""Breaking confidentiality: only along a checklist, by two persons, and the reporter is told.

The code of conduct of the profession lets an adviser speak against the reporter's will only where
the law demands it or a conflict of duties leaves no other way; the adviser must be able to account
for it afterwards. The server discloses nothing: it records who decided what, on which ground, and
holds the reason sealed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, assert_never
from uuid import UUID

from services.intake.domain.ways_in import check_not_avoided
from services.intake.domain.words import SealedWords, check_sealed_to
from shared.contracts.errors import Code, Refusal, invalid
from shared.taxonomy import confidentiality

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.intake.domain.case import Case
    from services.intake.domain.organisation import Organisation

Holds = Literal["yes", "no", "not_applicable"]

# Events ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionAnswered:
    """Whether one condition of the checklist holds."""

    condition: str
    holds: Holds


@dataclass(frozen=True, slots=True, kw_only=True)
class DisclosureRequested:
    """The adviser says that confidentiality must be broken: why, to whom, and the whole checklist."""

    disclosure_id: UUID
    adviser_id: str
    reviewer_id: str
    codes_version: int
    ground: str
    recipient: str
    answers: tuple[ConditionAnswered, ...]
    reason: tuple[SealedWords, ...]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DisclosureConfirmed:
    """The second adviser agrees."""

    disclosure_id: UUID
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DisclosureRefused:
    """The second adviser does not agree, and says why."""

    disclosure_id: UUID
    remarks: tuple[SealedWords, ...]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReporterInformed:
    """The reporter was told. `words` are sealed to them too, if they hold a code."""

    disclosure_id: UUID
    words: tuple[SealedWords, ...]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReporterNotInformed:
    """Why the reporter is not told, or not yet."""

    disclosure_id: UUID
    why: str
    reason: tuple[SealedWords, ...]
    at: datetime


Event = (
    DisclosureRequested
    | DisclosureConfirmed
    | DisclosureRefused
    | ReporterInformed
    | ReporterNotInformed
)

# Fold -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosure:
    """What is known of one disclosure. `told`: whether that of the reporter is settled, and how."""

    disclosure_id: UUID
    adviser_id: str
    reviewer_id: str
    decision: Literal["requested", "confirmed", "refused"] = "requested"
    told: Literal["informed", "not_informed"] | None = None


def evolve(state: tuple[Disclosure, ...], event: Event) -> tuple[Disclosure, ...]:
    """A case's disclosures after one more event."""
    match event:
        case DisclosureRequested():
            return (
                *state,
                Disclosure(
                    disclosure_id=event.disclosure_id,
                    adviser_id=event.adviser_id,
                    reviewer_id=event.reviewer_id,
                ),
            )
        case DisclosureConfirmed():
            return _changed(state, event, decision="confirmed")
        case DisclosureRefused():
            return _changed(state, event, decision="refused")
        case ReporterInformed():
            return _changed(state, event, told="informed")
        case ReporterNotInformed():
            return _changed(state, event, told="not_informed")
        case _:
            assert_never(event)


def _changed(state: tuple[Disclosure, ...], event: Event, **change: Any) -> tuple[Disclosure, ...]:
    return tuple(
        replace(one, **change) if one.disclosure_id == event.disclosure_id else one for one in state
    )


def untold(state: tuple[Disclosure, ...]) -> bool:
    """Whether there is a disclosure of which the reporter neither knows nor is kept for a reason."""
    return any(one.decision != "refused" and one.told is None for one in state)


# Decisions ------------------------------------------------------------------------------------


def request(
    state: Case,
    organisation: Organisation,
    *,
    disclosure_id: UUID,
    adviser_id: str,
    reviewer_id: str,
    ground: str,
    recipient: str,
    answers: Sequence[ConditionAnswered],
    reason: tuple[SealedWords, ...],
    at: datetime,
) -> DisclosureRequested:
    """Ask a second adviser to agree. Raises Refusal CONDITIONS_NOT_MET where a condition that the
    ground requires does not hold; an unanswered condition, an unknown code or words that one of the
    two cannot open are refused too.
    """
    if any(one.disclosure_id == disclosure_id for one in state.disclosures):
        raise Refusal(Code.ALREADY_EXISTS)
    if disclosure_id.version != 4:
        raise invalid("disclosureId", "it is not a random UUID (version 4)")
    check_reviewer(organisation, adviser_id, reviewer_id)
    check_not_avoided(state, reviewer_id)
    codes = confidentiality.current()
    wanted = codes.check("disclosure_grounds", ground, field="ground").requires
    codes.check("disclosure_recipients", recipient, field="recipient")
    for one in answers:
        codes.check("disclosure_conditions", one.condition, field="answers")
    given = {one.condition: one.holds for one in answers}
    if len(given) != len(answers) or given.keys() != codes.disclosure_conditions.keys():
        raise invalid("answers", "each condition is answered once")
    if any(given[condition] != "yes" for condition in wanted):
        raise Refusal(Code.CONDITIONS_NOT_MET)
    return DisclosureRequested(
        disclosure_id=disclosure_id,
        adviser_id=adviser_id,
        reviewer_id=reviewer_id,
        codes_version=codes.version,
        ground=ground,
        recipient=recipient,
        answers=tuple(answers),
        reason=check_sealed_to(reason, organisation, (adviser_id, reviewer_id), field="reason"),
        at=at,
    )


def review(
    state: Case,
    organisation: Organisation,
    *,
    disclosure_id: UUID,
    reviewer_id: str,
    agrees: bool,
    remarks: tuple[SealedWords, ...],
    at: datetime,
) -> DisclosureConfirmed | DisclosureRefused:
    """The second adviser decides. Raises Refusal NOT_FOUND for anybody else, ALREADY_DECIDED."""
    found = _found(state, disclosure_id)
    if found.reviewer_id != reviewer_id:
        raise Refusal(Code.NOT_FOUND)
    if found.decision != "requested":
        raise Refusal(Code.ALREADY_DECIDED)
    if agrees:
        return DisclosureConfirmed(disclosure_id=disclosure_id, at=at)
    return DisclosureRefused(
        disclosure_id=disclosure_id,
        remarks=check_sealed_to(remarks, organisation, (state.adviser_id,), field="remarks"),
        at=at,
    )


def inform(
    state: Case,
    organisation: Organisation,
    *,
    disclosure_id: UUID,
    why_not: str | None,
    words: tuple[SealedWords, ...],
    at: datetime,
) -> ReporterInformed | ReporterNotInformed:
    """The reporter is told, before or after; or it is recorded why not. Being told is final: what
    somebody knows cannot be taken back. A reason why not can be followed by telling.
    """
    found = _found(state, disclosure_id)
    if found.decision == "refused" or found.told == "informed":
        raise Refusal(Code.ALREADY_DECIDED)
    if state.opened is None:
        raise Refusal(Code.NOT_FOUND)
    adviser = state.adviser_id
    if why_not is None:
        return ReporterInformed(
            disclosure_id=disclosure_id,
            words=check_sealed_to(
                words, organisation, (adviser,), reply_key=state.opened.reply_key, field="words"
            ),
            at=at,
        )
    if found.told is not None:
        raise Refusal(Code.ALREADY_DECIDED)
    confidentiality.current().check("reasons_not_informed", why_not, field="whyNot")
    return ReporterNotInformed(
        disclosure_id=disclosure_id,
        why=why_not,
        reason=check_sealed_to(words, organisation, (adviser, found.reviewer_id), field="words"),
        at=at,
    )


def check_reviewer(organisation: Organisation, adviser_id: str, reviewer_id: str) -> None:
    """Two persons: the second is another adviser of the organisation. Raises Refusal."""
    if reviewer_id == adviser_id:
        raise invalid("reviewerId", "the second person is another adviser")
    if all(adviser.id != reviewer_id for adviser in organisation.known.advisers):
        raise invalid("reviewerId", "the organisation has no such adviser")


def _found(state: Case, disclosure_id: UUID) -> Disclosure:
    for one in state.disclosures:
        if one.disclosure_id == disclosure_id:
            return one
    raise Refusal(Code.NOT_FOUND)
