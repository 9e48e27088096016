"""Protection afterwards: disadvantage that is reported, and which protection holds.

After a report of wrongdoing, disadvantage is presumed to be because of it: in a procedure the employer has
to show that it is not (Directive (EU) 2019/1937, article 21(5); Dutch Whistleblower Protection Act,
article 17eb). Where there was no such report this presumption does not hold, and the case says so.
Whether somebody was put at a disadvantage, and why, is nobody's to judge here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from services.intake.domain.sealing import sealed_for, signer_of
from services.intake.domain.words import SealedWords
from shared import taxonomy
from shared.contracts.errors import Code, Refusal, invalid
from shared.taxonomy import whistleblowing

if TYPE_CHECKING:
    from services.intake.domain.case import Case
    from services.intake.domain.organisation import Organisation
    from services.intake.domain.statements import Verifies

Protection = Literal["presumption_holds", "presumption_does_not_hold"]

# Events ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class DisadvantageReported:
    """The reporter, or the adviser who noticed it, said that there is a disadvantage: of which kind, since
    about when, and sealed to both what happened.
    """

    disadvantage_id: UUID
    kind: str
    since: str
    by: Literal["reporter", "adviser"]
    words: tuple[SealedWords, ...]
    signature: bytes | None
    signed_by: UUID | None
    at: datetime


Event = DisadvantageReported

# Decisions ------------------------------------------------------------------------------------


def report_disadvantage(
    state: Case,
    organisation: Organisation,
    *,
    disadvantage_id: UUID,
    kind: str,
    since: str,
    by_reporter: bool,
    words: tuple[SealedWords, ...],
    at: datetime,
    verifies: Verifies,
    signature: bytes | None = None,
) -> DisadvantageReported:
    """A disadvantage is reported, of an open case or a closed one. Raises Refusal NOT_FOUND,
    ALREADY_EXISTS, UNKNOWN_CODE, JUDGEMENT_WORD, and INVALID_INPUT for words that adviser or reporter
    cannot read.
    """
    opened = state.opened
    if opened is None:
        raise Refusal(Code.NOT_FOUND)
    if any(one.disadvantage_id == disadvantage_id for one in state.disadvantages):
        raise Refusal(Code.ALREADY_EXISTS)
    if disadvantage_id.version != 4:
        raise invalid("disadvantageId", "it is not a random UUID (version 4)")
    whistleblowing.current().check("disadvantages", kind, field="kind")
    taxonomy.current().check("onsets", since, field="since")
    sealed = sealed_for(
        words,
        organisation,
        adviser_id=state.adviser_id,
        reply_key=opened.reply_key,
        must_reply=True,
    )
    signed_by = None
    if not by_reporter:
        signed_by = signer_of(
            organisation, state.adviser_id, opened.case_id, sealed, signature, verifies=verifies
        )
    elif signature is not None:
        raise invalid("signature", "only an adviser signs")
    return DisadvantageReported(
        disadvantage_id=disadvantage_id,
        kind=kind,
        since=since,
        by="reporter" if by_reporter else "adviser",
        words=sealed,
        signature=signature,
        signed_by=signed_by,
        at=at,
    )


def holds(state: Case) -> Protection:
    """Which protection holds in the case: a code of `whistleblowing`."""
    return "presumption_does_not_hold" if state.converted is None else "presumption_holds"
