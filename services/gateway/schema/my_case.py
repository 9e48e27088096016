"""The reporter's side of a case: what was said, and nothing of how it is kept."""

from __future__ import annotations

from enum import Enum
from typing import Self

import strawberry

from services.gateway.grants import REPORTER, grant, table
from services.gateway.schema.base import (
    Base64,
    Info,
    base64_or_none,
    described,
    whole_or_none,
)
from services.gateway.schema.cases import CaseStatus
from services.gateway.schema.protection import Disadvantage, protection
from services.gateway.schema.sealed import SIGNATURE, SIGNED_BY, Sealed
from services.gateway.schema.statement import StatementGiven
from services.gateway.schema.together import (
    Aftercare,
    Consent,
    LadderStep,
    MyMinutes,
    Satisfaction,
)
from services.gateway.schema.whistleblowing import MyReport, WhistleblowingCode
from shared.contracts import rpc
from shared.contracts.errors import Language


@strawberry.enum(description="Who said it.")
class Sender(Enum):
    """A side of the conversation."""

    REPORTER = "reporter"
    ADVISER = "adviser"


@strawberry.type(description="Something said in your case. Only your client can open the words.")
class Message:
    """One message."""

    sender: Sender
    week: str = strawberry.field(description="ISO 8601 week, such as 2026-W48.")
    sealed: list[Sealed]
    attachment_id: strawberry.ID | None = strawberry.field(
        description="It is a file of this id, and `sealed` its header; see GET /attachments/<id>."
    )
    signature: Base64 | None = strawberry.field(description=SIGNATURE)
    signed_by: strawberry.ID | None = strawberry.field(description=SIGNED_BY)

    @classmethod
    def of(cls, message: rpc.Message) -> Self:
        """From intake's answer."""
        return cls(
            sender=Sender(message.sender),
            week=message.week,
            sealed=[Sealed.of(sealed) for sealed in message.sealed],
            signature=base64_or_none(message.signature),
            signed_by=None if message.signed_by is None else strawberry.ID(message.signed_by),
            attachment_id=(
                None if message.attachment_id is None else strawberry.ID(message.attachment_id)
            ),
        )


@strawberry.type(
    description="Somebody was told something of your case against your will, for a need."
)
class ToldDisclosure:
    """A disclosure of which the reporter was told."""

    week: str = strawberry.field(description="ISO 8601 week in which it was requested.")
    ground: str = strawberry.field(description="Why; a code of `confidentiality`.")
    recipient: str = strawberry.field(description="To whom; a code of `confidentiality`.")
    confirmed: bool = strawberry.field(description="Whether a second adviser agreed.")
    sealed: list[Sealed] = strawberry.field(description="What your adviser says about it.")

    @classmethod
    def of(cls, told: rpc.ToldDisclosure) -> Self:
        """From intake's answer."""
        return cls(
            week=told.week,
            ground=told.ground,
            recipient=told.recipient,
            confirmed=told.confirmed,
            sealed=[Sealed.of(one) for one in told.sealed],
        )


@strawberry.enum(description="What happened to who can read your case.")
class Step(Enum):
    """See HandOverStep."""

    CONSENTED = "consented"
    HANDED_OVER = "handed_over"
    REQUESTED = "requested"
    APPROVED = "approved"
    USED = "used"
    RESEALED = "resealed"


@strawberry.type(
    description="Your case was handed over or recovered: each step, with the role of who took it. "
    "`REQUESTED`, `APPROVED` and `USED` are those of a recovery."
)
class HandOverStep:
    """One step."""

    step: Step
    week: str = strawberry.field(description="ISO 8601 week, such as 2026-W48.")
    role: str | None
    reason: str | None = strawberry.field(
        description="`device_lost`, `device_stolen`, `adviser_left` or `adviser_absent`."
    )
    adviser_id: strawberry.ID | None = strawberry.field(description="Who gets to read it.")

    @classmethod
    def of(cls, step: rpc.HandOverStep) -> Self:
        """From intake's answer."""
        return cls(
            step=Step(step.step),
            week=step.week,
            role=step.role,
            reason=step.reason,
            adviser_id=None if step.adviser_id is None else strawberry.ID(step.adviser_id),
        )


@strawberry.type(description="Your case. That you looked at it is recorded nowhere.")
class MyCase:
    """What a reporter comes back to."""

    id: strawberry.ID
    status: CaseStatus
    adviser_id: strawberry.ID
    messages: list[Message] = strawberry.field(description="Oldest first.")
    disclosures: list[ToldDisclosure] = strawberry.field(
        description="Breaches of confidentiality of which your adviser told you."
    )
    steps: list[HandOverStep] = strawberry.field(
        description="Hand-over and recovery, oldest first."
    )
    minutes: list[MyMinutes] = strawberry.field(description="For you to check.")
    ladder: list[LadderStep] = strawberry.field(description="Steps, for you to decide about.")
    consents: list[Consent] = strawberry.field(description="What you agreed may be told to whom.")
    statement: StatementGiven | None = strawberry.field(description="What you read first.")
    avoided: list[strawberry.ID] = strawberry.field(description="Advisers whom you do not want.")
    satisfaction: Satisfaction | None = strawberry.field(description="What you said last.")
    aftercare: list[Aftercare]
    disadvantages: list[Disadvantage] = strawberry.field(
        description="As they were reported, oldest first."
    )
    protection: WhistleblowingCode = strawberry.field(
        description="Which protection holds, and why: whether there was a report of wrongdoing."
    )
    report_decided: bool = strawberry.field(
        description="You decided that what was only talked over may become a report."
    )
    report: MyReport | None = strawberry.field(
        description="What became of the report that was made of your case."
    )
    in_log_since: str | None = strawberry.field(
        description="The week since which your case is in the log that auditors check, proven; null "
        "until the next daily checkpoint."
    )

    @classmethod
    def of(cls, case: rpc.MyCase, language: Language) -> Self:
        """From intake's answer."""
        return cls(
            id=strawberry.ID(case.id),
            status=CaseStatus(case.status),
            adviser_id=strawberry.ID(case.adviser_id),
            messages=[Message.of(message) for message in case.messages],
            disclosures=[ToldDisclosure.of(one) for one in case.disclosures],
            steps=[HandOverStep.of(step) for step in case.steps],
            minutes=[MyMinutes.of(one) for one in case.minutes],
            ladder=[LadderStep.of(one) for one in case.ladder],
            consents=[Consent.of(one) for one in case.consents],
            statement=None if case.statement is None else StatementGiven.of(case.statement),
            avoided=[strawberry.ID(one) for one in case.avoided],
            satisfaction=(
                None if case.satisfaction is None else Satisfaction.of(case.satisfaction)
            ),
            aftercare=[Aftercare.of(one) for one in case.aftercare],
            disadvantages=[Disadvantage.of(one) for one in case.disadvantages],
            protection=protection(case.protection, language),
            report_decided=case.report_decided,
            report=None if case.report is None else MyReport.of(case.report),
            in_log_since=case.in_log_since,
        )


async def my_case(info: Info) -> MyCase | None:
    """The caller's case, asked of intake; None if there is none with their code."""
    lists = ("messages", "disclosures", "minutes", "disadvantages")
    found = await whole_or_none(info, "intake.my_case", rpc.Part(), rpc.MyCase, *lists)
    return None if found is None else MyCase.of(found, info.context.language)


@strawberry.type
class MyCaseQuery:
    """The reporter's question."""

    @described("Your case, by your code; null when there is none with this code.")
    async def my_case(self, info: Info) -> MyCase | None:
        """Asks intake."""
        return await my_case(info)


ACCESS = table(
    grant("Query", REPORTER, "myCase"),
    grant(
        "MyCase",
        REPORTER,
        "id status adviserId messages disclosures steps minutes ladder consents "
        "satisfaction aftercare statement avoided disadvantages protection reportDecided report inLogSince",
    ),
    grant("ToldDisclosure", REPORTER, "week ground recipient confirmed sealed"),
    grant("HandOverStep", REPORTER, "step week role reason adviserId"),
    grant("Message", REPORTER, "sender week sealed signature signedBy attachmentId"),
)
