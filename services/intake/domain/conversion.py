"""A case becomes a report of wrongdoing: once, for good, and only on the reporter's consent.

With conduct the reporter keeps control, and a dilemma that is talked over is no report. Once there is a
report it is the organisation's: it stands in a register of its own (whistleblower_report.py), with its
own readers, key and clocks. What stays in the case is that it was made, and when. The server does not
judge whether something is wrongdoing in the sense of the Dutch Whistleblower Protection Act (Wbk).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal
from uuid import UUID

from services.intake.domain import consent, ways_in
from services.intake.domain.reporter import How, decided_by
from services.intake.domain.sealing import signer_of
from services.intake.domain.whistleblower_report import WhistleblowerReportReceived
from services.intake.domain.words import SealedWords, check_sealed_to
from shared.contracts.errors import Code, Refusal, invalid
from shared.taxonomy.working_days import day_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.intake.domain.case import Case
    from services.intake.domain.organisation import Organisation
    from services.intake.domain.statements import Verifies

MOST_OFFICERS: Final = 5

# Events ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportDecided:
    """What was talked over is to become a report, as the reporter decided: a step of its own."""

    how: How
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvertedToWhistleblowerReport:
    """The case was made a report of wrongdoing, on that consent. Nothing undoes it."""

    report_id: UUID
    consent_id: UUID
    at: datetime


Event = ReportDecided | ConvertedToWhistleblowerReport

# Decisions ------------------------------------------------------------------------------------


def decide_to_report(
    state: Case,
    *,
    by_reporter: bool,
    how: Literal["spoken", "written"] | None,
    at: datetime,
) -> ReportDecided:
    """The reporter of what was only talked over decides that it is to become a report.

    Raises Refusal NOT_FOUND, CASE_CLOSED, INVALID_INPUT for a case that is a report already,
    ALREADY_DECIDED, and as `decided_by`.
    """
    state.running()
    if ways_in.is_report(state.facts.category):
        raise invalid("caseId", "it is no sparring")
    if state.report_decided:
        raise Refusal(Code.ALREADY_DECIDED)
    return ReportDecided(how=decided_by(state, by_reporter=by_reporter, how=how), at=at)


def convert(
    state: Case,
    organisation: Organisation,
    *,
    report_id: UUID,
    consent_id: UUID,
    officers: Sequence[str],
    words: tuple[SealedWords, ...],
    at: datetime,
    verifies: Verifies,
    signature: bytes | None = None,
) -> tuple[
    tuple[consent.ToldWithConsent, ConvertedToWhistleblowerReport], WhistleblowerReportReceived
]:
    """What is added to the case, and the first event of the register's entry.

    `words` are what the reporter agreed to have passed on, sealed to these officers, the recovery key
    and the reporter if they hold a code, signed by the adviser for `report_id`. Raises Refusal
    CASE_CLOSED, ALREADY_DECIDED for a case that was converted, SPARRING for one that is only talked over,
    NOT_FOUND, CONSENT_WITHDRAWN and CONSENT_EXPIRED as the consent stands, TOO_LARGE, and INVALID_INPUT
    for a consent to something else, for whom is no officer, and for words that are not theirs alone.
    """
    opened = state.running()
    if state.converted is not None:
        raise Refusal(Code.ALREADY_DECIDED)
    if not ways_in.is_report(state.facts.category) and not state.report_decided:
        raise Refusal(Code.SPARRING)
    if report_id.version != 4:
        raise invalid("reportId", "it is not a random UUID (version 4)")
    agreed = consent.find(state, consent_id)
    if agreed.recipient != consent.TO_OFFICER:
        raise invalid("consentId", "it is no consent to a report")
    consent.check_holds(agreed, at)
    sealed = check_sealed_to(
        words,
        organisation,
        _designated(organisation, officers),
        reply_key=opened.reply_key,
        field="words",
    )
    received = WhistleblowerReportReceived(
        report_id=report_id,
        organisation_id=opened.organisation_id,
        adviser_id=state.adviser_id,
        officers=tuple(officers),
        matters=agreed.matters,
        received_on=day_of(at),
        reply_key=opened.reply_key,
        words=sealed,
        signature=signature,
        signed_by=signer_of(
            organisation, state.adviser_id, report_id, sealed, signature, verifies=verifies
        ),
        at=at,
    )
    told = consent.ToldWithConsent(consent_id=consent_id, at=at)
    converted = ConvertedToWhistleblowerReport(report_id=report_id, consent_id=consent_id, at=at)
    return (told, converted), received


def _designated(organisation: Organisation, officers: Sequence[str]) -> Sequence[str]:
    if not officers:
        raise invalid("officers", "it is empty")
    if len(officers) > MOST_OFFICERS:
        raise Refusal(Code.TOO_LARGE, limit=MOST_OFFICERS, unit="officers")
    if len(set(officers)) != len(officers):
        raise invalid("officers", "somebody stands there twice")
    if not all(organisation.follows_up_reports(one) for one in officers):
        raise invalid("officers", "the organisation has no such officer")
    return officers
