"""The register of reports of wrongdoing, for the officers to whom a report was sealed."""

# ruff: noqa: A002  arguments are called what the schema calls them
from __future__ import annotations

from datetime import date
from typing import Annotated, Self, cast

import strawberry

from services.gateway.grants import REPORT_OFFICER, grant, mutation, table
from services.gateway.schema.base import (
    Base64,
    Conflict,
    Info,
    InvalidInput,
    Node,
    NotAllowed,
    NotFound,
    ask,
    base64_or_none,
    change,
    command,
    described,
    uuid_text,
    whole_or_none,
)
from services.gateway.schema.sealed import SealedInput
from services.gateway.schema.taxonomy import Term
from services.gateway.schema.terms import TermHow, TermStage, kind_label
from services.gateway.schema.whistleblowing import (
    SIGNED_FOR_REPORT,
    WhistleblowerReportEntry,
    WhistleblowerReportState,
)
from shared.contracts import rpc
from shared.contracts.errors import Language

_WORDS = (
    "Sealed to the officers, the recovery key and the reporter if they hold a code; else what you keep of "
    "it, or none."
)
_ON = "The day on which it was done, in Amsterdam."


@strawberry.type(description="Something that is due in a report.")
class ReportTerm:
    """A term that runs."""

    kind: Term
    week: str = strawberry.field(description="The ISO 8601 week of its last day.")
    due_on: date = strawberry.field(description="Its last day, in Amsterdam.")
    stage: TermStage

    @classmethod
    def of(cls, found: rpc.ReportTerm, language: Language) -> Self:
        """From intake's answer."""
        return cls(
            kind=kind_label(found.kind, language),
            week=found.week,
            due_on=found.due_on,
            stage=TermStage(found.stage),
        )


@strawberry.type(description="A report of wrongdoing in your list.")
class WhistleblowerReportSummary:
    """One line."""

    id: strawberry.ID
    received_week: str = strawberry.field(description="ISO 8601 week, such as 2026-W48.")
    state: WhistleblowerReportState
    terms: list[ReportTerm]

    @classmethod
    def of(cls, found: rpc.WhistleblowerReportSummary, language: Language) -> Self:
        """From intake's answer."""
        return cls(
            id=strawberry.ID(found.id),
            received_week=found.received_week,
            state=WhistleblowerReportState(found.state),
            terms=[ReportTerm.of(one, language) for one in found.terms],
        )


@strawberry.type(
    description="A report of wrongdoing: what an adviser passed on with the reporter's consent, and "
    "what was done. It leads to no case."
)
class WhistleblowerReport(Node):
    """An entry of the register."""

    state: WhistleblowerReportState
    received_on: date
    adviser_id: strawberry.ID = strawberry.field(description="Who passed it on.")
    officers: list[strawberry.ID] = strawberry.field(description="To whom it was passed on.")
    matters: list[str] = strawberry.field(
        description="What the reporter agreed to have passed on: codes of consent."
    )
    reply_key: Base64 | None = strawberry.field(
        description="Raw X25519, 32 bytes: seal to it what the reporter is to read. Null: they hold no "
        "code, and the adviser reaches them."
    )
    confirmed_on: date | None
    feedback_on: date | None
    terms: list[ReportTerm]
    entries: list[WhistleblowerReportEntry]

    @classmethod
    def of(cls, found: rpc.WhistleblowerReport, language: Language) -> Self:
        """From intake's answer."""
        return cls(
            id=strawberry.ID(found.id),
            state=WhistleblowerReportState(found.state),
            received_on=found.received_on,
            adviser_id=strawberry.ID(found.adviser_id),
            officers=[strawberry.ID(one) for one in found.officers],
            matters=list(found.matters),
            reply_key=base64_or_none(found.reply_key),
            confirmed_on=found.confirmed_on,
            feedback_on=found.feedback_on,
            terms=[ReportTerm.of(one, language) for one in found.terms],
            entries=[WhistleblowerReportEntry.of(one) for one in found.entries],
        )


async def own_report(info: Info, report_id: str) -> WhistleblowerReport | None:
    """A report that was sealed to the caller, asked of intake."""
    request = rpc.PartById(id=report_id)
    found = await whole_or_none(
        info, "intake.whistleblower_report", request, rpc.WhistleblowerReport, "entries"
    )
    return None if found is None else WhistleblowerReport.of(found, info.context.language)


@strawberry.type
class WhistleblowerReportQuery:
    """An officer's questions."""

    @described("The reports that were sealed to you, newest first, at most 200.")
    async def whistleblower_reports(self, info: Info) -> list[WhistleblowerReportSummary] | None:
        """Asks intake."""
        found = await ask(
            info, "intake.whistleblower_reports", rpc.Empty(), rpc.WhistleblowerReports
        )
        return [WhistleblowerReportSummary.of(one, info.context.language) for one in found.items]

    @described("One of them. That you looked is recorded.")
    async def whistleblower_report(
        self, info: Info, id: strawberry.ID
    ) -> WhistleblowerReport | None:
        """Asks intake."""
        return await own_report(info, uuid_text("id", id))


@strawberry.input
class ConfirmWhistleblowerReportInput:
    """The confirmation of receipt."""

    idempotency_key: strawberry.ID
    report_id: strawberry.ID
    on: date = strawberry.field(description=_ON)
    words: list[SealedInput] = strawberry.field(default_factory=list, description=_WORDS)
    signature: Base64 | None = strawberry.field(default=None, description=SIGNED_FOR_REPORT)

    def request(self) -> rpc.ConfirmWhistleblowerReport:
        """As intake takes it."""
        return rpc.ConfirmWhistleblowerReport(
            report_id=uuid_text("reportId", self.report_id),
            on=self.on,
            words=tuple(one.shape() for one in self.words),
            signature=self.signature,
        )


@strawberry.input
class FollowUpWhistleblowerReportInput:
    """What was done."""

    idempotency_key: strawberry.ID
    report_id: strawberry.ID
    follow_up: str = strawberry.field(description="A code of `whistleblowing.followUps`.")
    words: list[SealedInput] = strawberry.field(
        default_factory=list,
        description="Your own note, sealed to the officers and the recovery key; or none.",
    )
    signature: Base64 | None = strawberry.field(default=None, description=SIGNED_FOR_REPORT)

    def request(self) -> rpc.FollowUpWhistleblowerReport:
        """As intake takes it."""
        return rpc.FollowUpWhistleblowerReport(
            report_id=uuid_text("reportId", self.report_id),
            follow_up=self.follow_up,
            words=tuple(one.shape() for one in self.words),
            signature=self.signature,
        )


@strawberry.input
class GiveWhistleblowerFeedbackInput:
    """What the reporter is told."""

    idempotency_key: strawberry.ID
    report_id: strawberry.ID
    on: date = strawberry.field(description=_ON)
    words: list[SealedInput] = strawberry.field(default_factory=list, description=_WORDS)
    signature: Base64 | None = strawberry.field(default=None, description=SIGNED_FOR_REPORT)
    how: TermHow = TermHow.DONE

    def request(self) -> rpc.GiveWhistleblowerFeedback:
        """As intake takes it."""
        return rpc.GiveWhistleblowerFeedback(
            report_id=uuid_text("reportId", self.report_id),
            on=self.on,
            how=cast("rpc.TermHow", self.how.value),
            words=tuple(one.shape() for one in self.words),
            signature=self.signature,
        )


@strawberry.input
class CloseWhistleblowerReportInput:
    """A report that is dealt with."""

    idempotency_key: strawberry.ID
    report_id: strawberry.ID

    def request(self) -> rpc.CloseWhistleblowerReport:
        """As intake takes it."""
        return rpc.CloseWhistleblowerReport(report_id=uuid_text("reportId", self.report_id))


@strawberry.type
class _ReportPayload:
    report_id: strawberry.ID

    @described("The report after the change. Asking for it is a look of its own.")
    async def report(self, info: Info) -> WhistleblowerReport | None:
        """Asks intake."""
        return await own_report(info, self.report_id)

    @classmethod
    def of(cls, done: rpc.Done) -> Self:
        """From intake's answer."""
        return cls(report_id=strawberry.ID(done.id))


@strawberry.type
class ConfirmWhistleblowerReportPayload(_ReportPayload):
    """It is confirmed."""


@strawberry.type
class FollowUpWhistleblowerReportPayload(_ReportPayload):
    """It is recorded."""


@strawberry.type
class GiveWhistleblowerFeedbackPayload(_ReportPayload):
    """It is given."""


@strawberry.type
class CloseWhistleblowerReportPayload(_ReportPayload):
    """It is closed."""


ConfirmWhistleblowerReportResult = Annotated[
    ConfirmWhistleblowerReportPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("ConfirmWhistleblowerReportResult"),
]
FollowUpWhistleblowerReportResult = Annotated[
    FollowUpWhistleblowerReportPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("FollowUpWhistleblowerReportResult"),
]
GiveWhistleblowerFeedbackResult = Annotated[
    GiveWhistleblowerFeedbackPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("GiveWhistleblowerFeedbackResult"),
]
CloseWhistleblowerReportResult = Annotated[
    CloseWhistleblowerReportPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("CloseWhistleblowerReportResult"),
]


@strawberry.type
class WhistleblowerReportMutation:
    """What officers do."""

    @change(
        "Record that the confirmation of receipt was sent; to a reporter with a code these words are it."
    )
    async def confirm_whistleblower_report(
        self, info: Info, input: ConfirmWhistleblowerReportInput
    ) -> ConfirmWhistleblowerReportResult:
        """Asks intake."""
        return await command(
            info,
            "intake.confirm_whistleblower_report",
            input,
            rpc.Done,
            ConfirmWhistleblowerReportPayload.of,
        )

    @change("Record that something was done about a report.")
    async def follow_up_whistleblower_report(
        self, info: Info, input: FollowUpWhistleblowerReportInput
    ) -> FollowUpWhistleblowerReportResult:
        """Asks intake."""
        return await command(
            info,
            "intake.follow_up_whistleblower_report",
            input,
            rpc.Done,
            FollowUpWhistleblowerReportPayload.of,
        )

    @change(
        "Tell the reporter what was done, or record on which day they were told, or that they want none."
    )
    async def give_whistleblower_feedback(
        self, info: Info, input: GiveWhistleblowerFeedbackInput
    ) -> GiveWhistleblowerFeedbackResult:
        """Asks intake."""
        return await command(
            info,
            "intake.give_whistleblower_feedback",
            input,
            rpc.Done,
            GiveWhistleblowerFeedbackPayload.of,
        )

    @change("Close a report whose reporter was told what was done, or wants no feedback.")
    async def close_whistleblower_report(
        self, info: Info, input: CloseWhistleblowerReportInput
    ) -> CloseWhistleblowerReportResult:
        """Asks intake."""
        return await command(
            info,
            "intake.close_whistleblower_report",
            input,
            rpc.Done,
            CloseWhistleblowerReportPayload.of,
        )


_FIELDS = {
    "confirmWhistleblowerReport": "on words signature",
    "followUpWhistleblowerReport": "followUp words signature",
    "giveWhistleblowerFeedback": "on how words signature",
    "closeWhistleblowerReport": "",
}

QUIET_FIELDS = frozenset({"whistleblowerReports", "whistleblowerReport", *_FIELDS})
"""As in cases.py: root fields that leave no span, no metric and no count."""


ACCESS = table(
    grant("Query", REPORT_OFFICER, "whistleblowerReports whistleblowerReport"),
    grant("Query", REPORT_OFFICER, "whistleblowerReport(id:)"),
    grant("ReportTerm", REPORT_OFFICER, "kind week dueOn stage"),
    grant("WhistleblowerReportSummary", REPORT_OFFICER, "id receivedWeek state terms"),
    grant(
        "WhistleblowerReport",
        REPORT_OFFICER,
        "id state receivedOn adviserId officers matters replyKey confirmedOn feedbackOn terms "
        "entries",
    ),
    *(
        mutation(name, REPORT_OFFICER, f"reportId {fields}", "reportId report")
        for name, fields in _FIELDS.items()
    ),
)
