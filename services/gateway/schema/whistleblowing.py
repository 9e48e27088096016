"""Reports of wrongdoing: what is told first, the codes, how far one is, and what its reporter sees of it."""

from __future__ import annotations

from datetime import date
from enum import Enum
from typing import Self

import strawberry

from services.gateway.grants import (
    ADVISER,
    EMPLOYEE,
    REPORT_OFFICER,
    REPORTER,
    SECOND,
    grant,
    table,
)
from services.gateway.schema.base import (
    Base64,
    Info,
    LanguageChoice,
    base64_or_none,
    described,
)
from services.gateway.schema.sealed import SIGNATURE, SIGNED_BY, Sealed
from shared.contracts import rpc
from shared.contracts.errors import Language
from shared.taxonomy import whistleblowing

SIGNED_FOR_REPORT = "Yours over the words, 64 bytes, with the report's id for the case's."
"""Of a signature: what it is made over."""


@strawberry.type(
    description="A code about reports of wrongdoing, or a sentence that is told first."
)
class WhistleblowingCode:
    """One entry of a list."""

    code: str
    label: str
    law: str = strawberry.field(description="Of a protection: the articles it rests on.")


def coded(entry: whistleblowing.Entry, language: Language) -> WhistleblowingCode:
    """An entry with its label in one language."""
    return WhistleblowingCode(code=entry.code, label=entry.label(language), law=entry.law)


@strawberry.type(
    description="What is told before a report is consented to, and the codes about it."
)
class Whistleblowing:
    """The newest version of each list, in the order in which a person should see it."""

    version: int
    points: list[WhistleblowingCode] = strawberry.field(
        description="Show these before a reporter consents; send with the consent which version."
    )
    follow_ups: list[WhistleblowingCode]
    disadvantages: list[WhistleblowingCode]
    protections: list[WhistleblowingCode]

    @classmethod
    def of(cls, found: whistleblowing.Whistleblowing, language: Language) -> Self:
        """In one language."""

        def listed(entries: whistleblowing.Entries) -> list[WhistleblowingCode]:
            return [coded(one, language) for one in entries.values()]

        return cls(
            version=found.version,
            points=listed(found.points),
            follow_ups=listed(found.follow_ups),
            disadvantages=listed(found.disadvantages),
            protections=listed(found.protections),
        )


@strawberry.enum(description="How far a report of wrongdoing is.")
class WhistleblowerReportState(Enum):
    """The steps."""

    RECEIVED = "received"
    CONFIRMED = "confirmed"
    FOLLOWED_UP = "followed_up"
    FEEDBACK_GIVEN = "feedback_given"
    CLOSED = "closed"


@strawberry.type(description="One thing that happened to a report; words stay sealed.")
class WhistleblowerReportEntry:
    """One step."""

    kind: str = strawberry.field(description="The event's name.")
    week: str = strawberry.field(description="ISO 8601 week, such as 2026-W48.")
    by: strawberry.ID = strawberry.field(description="The adviser or officer.")
    code: str | None = strawberry.field(
        description="What was done (`whistleblowing.followUps`); of feedback `done` or `declined`."
    )
    sealed: list[Sealed]
    signature: Base64 | None = strawberry.field(description=SIGNATURE)
    signed_by: strawberry.ID | None = strawberry.field(description=SIGNED_BY)

    @classmethod
    def of(cls, found: rpc.ReportEntry) -> Self:
        """From intake's answer."""
        return cls(
            kind=found.kind,
            week=found.week,
            by=strawberry.ID(found.by),
            code=found.code,
            sealed=[Sealed.of(one) for one in found.sealed],
            signature=base64_or_none(found.signature),
            signed_by=None if found.signed_by is None else strawberry.ID(found.signed_by),
        )


@strawberry.type(description="What became of your report, which is the organisation's.")
class MyReport:
    """As a reporter sees it."""

    id: strawberry.ID = strawberry.field(
        description="Its words are bound to it, as those of a case to the case's: open them with it."
    )
    state: WhistleblowerReportState
    received_on: date
    matters: list[str] = strawberry.field(description="What you agreed to have passed on.")
    confirmed_on: date | None
    feedback_due_on: date | None = strawberry.field(
        description="The last day on which you should have heard; null once you were told."
    )
    messages: list[WhistleblowerReportEntry] = strawberry.field(
        description="What was passed on, and what was said to you; oldest first."
    )

    @classmethod
    def of(cls, found: rpc.MyReport) -> Self:
        """From intake's answer."""
        return cls(
            id=strawberry.ID(found.id),
            state=WhistleblowerReportState(found.state),
            received_on=found.received_on,
            matters=list(found.matters),
            confirmed_on=found.confirmed_on,
            feedback_due_on=found.feedback_due_on,
            messages=[WhistleblowerReportEntry.of(one) for one in found.entries],
        )


@strawberry.type
class WhistleblowingQuery:
    """The question."""

    @described("What is told before a report is consented to, and the codes about reports.")
    def whistleblowing(
        self, info: Info, language: LanguageChoice | None = None
    ) -> Whistleblowing | None:
        """Answered here: it is data that every program holds."""
        return Whistleblowing.of(
            whistleblowing.current(), info.context.language if language is None else language.value
        )


_LABELLED = ADVISER | REPORTER | EMPLOYEE | REPORT_OFFICER | SECOND
"""Who sees a label: `retention` has one too."""
_READERS = ADVISER | REPORTER | EMPLOYEE | REPORT_OFFICER

ACCESS = table(
    grant("Query", _READERS, "whistleblowing whistleblowing(language:)"),
    grant("Whistleblowing", _READERS, "version points followUps disadvantages protections"),
    grant("WhistleblowingCode", _LABELLED, "code label law"),
    grant(
        "WhistleblowerReportEntry",
        REPORTER | REPORT_OFFICER,
        "kind week by code sealed signature signedBy",
    ),
    grant("MyReport", REPORTER, "id state receivedOn matters confirmedOn feedbackDueOn messages"),
)
