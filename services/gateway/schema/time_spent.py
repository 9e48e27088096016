"""Time spent: an adviser's own, and rounded totals of all for the report."""

# ruff: noqa: A002  arguments are called what the schema calls them
from __future__ import annotations

from datetime import date
from typing import Annotated, Self

import strawberry

from services.gateway.grants import ADVISER, COORDINATOR, grant, mutation, table
from services.gateway.schema.base import (
    Conflict,
    Info,
    InvalidInput,
    NotAllowed,
    NotFound,
    ask,
    change,
    command,
    described,
    uuid_text,
)
from services.gateway.schema.cases import TimeSpent
from shared.contracts import rpc


@strawberry.type(description="Time that you recorded.")
class TimeEntry:
    """Until the totals are told it can be taken back."""

    id: strawberry.ID
    activity: str = strawberry.field(description="A code; `practiceCodes.activities`.")
    quarters: int = strawberry.field(description="Quarters of an hour.")
    on: date
    with_case: bool = strawberry.field(
        description="It stands in a case too; in which is not kept here."
    )

    @classmethod
    def of(cls, found: rpc.TimeEntry) -> Self:
        """From intake's answer."""
        return cls(
            id=strawberry.ID(found.id),
            activity=found.activity,
            quarters=found.quarters,
            on=found.on,
            with_case=found.with_case,
        )


@strawberry.type(description="Your time in a half-year.")
class MyTime:
    """Exact, and yours alone."""

    entries: list[TimeEntry]
    spent: list[TimeSpent]
    told_from: date = strawberry.field(
        description="From this day on the totals of all advisers are told, and nothing is added."
    )

    @classmethod
    def of(cls, found: rpc.MyTime) -> Self:
        """From intake's answer."""
        return cls(
            entries=[TimeEntry.of(one) for one in found.entries],
            spent=[TimeSpent.of(one) for one in found.spent],
            told_from=found.told_from,
        )


@strawberry.type(description="Hours of all advisers together.")
class TimeTotal:
    """Rounded up."""

    activity: str = strawberry.field(
        description="A code; `practiceCodes.activities`. `case_work` is all work on cases together."
    )
    hours: int = strawberry.field(
        description="At most so many: work on cases in steps of 20 and never below, other work of 5."
    )


@strawberry.type
class TimeQuery:
    """Questions about time."""

    @described("Your own time in a half-year, such as 2026-H1.")
    async def my_time(self, info: Info, half_year: str) -> MyTime | None:
        """Asks intake."""
        request = rpc.TimeQuery(half_year=half_year)
        return MyTime.of(await ask(info, "intake.my_time", request, rpc.MyTime))

    @described(
        "The time of all advisers together in a half-year, from the day on which its figures are released."
    )
    async def time_totals(self, info: Info, half_year: str) -> list[TimeTotal] | None:
        """Asks intake."""
        request = rpc.TimeQuery(half_year=half_year)
        found = await ask(info, "intake.time_totals", request, rpc.TimeTotals)
        return [TimeTotal(activity=one.activity, hours=one.hours) for one in found.items]


# Commands ---------------------------------------------------------------------------------------


@strawberry.input
class RecordTimeInput:
    """Time of your own."""

    idempotency_key: strawberry.ID
    entry_id: strawberry.ID = strawberry.field(description="A random UUID of your client's.")
    activity: str = strawberry.field(description="A code; `practiceCodes.activities`.")
    quarters: int = strawberry.field(description="Quarters of an hour, 1 to 96.")
    on: date
    case_id: strawberry.ID | None = strawberry.field(
        default=None, description="For work on a case of yours, if it is to stand there."
    )

    def request(self) -> rpc.RecordTime:
        """As intake takes it."""
        return rpc.RecordTime(
            entry_id=uuid_text("entryId", self.entry_id),
            activity=self.activity,
            quarters=self.quarters,
            on=self.on,
            case_id=None if self.case_id is None else uuid_text("caseId", self.case_id),
        )


@strawberry.input
class WithdrawTimeInput:
    """An entry of your own."""

    idempotency_key: strawberry.ID
    entry_id: strawberry.ID
    on: date = strawberry.field(description="A day of its half-year.")
    case_id: strawberry.ID | None = strawberry.field(
        default=None, description="Where it stands in a case."
    )

    def request(self) -> rpc.WithdrawTime:
        """As intake takes it."""
        return rpc.WithdrawTime(
            entry_id=uuid_text("entryId", self.entry_id),
            on=self.on,
            case_id=None if self.case_id is None else uuid_text("caseId", self.case_id),
        )


@strawberry.type
class _TimePayload:
    entry_id: strawberry.ID

    @classmethod
    def of(cls, done: rpc.Done) -> Self:
        """From intake's answer."""
        return cls(entry_id=strawberry.ID(done.id))


@strawberry.type
class RecordTimePayload(_TimePayload):
    """It is recorded."""


@strawberry.type
class WithdrawTimePayload(_TimePayload):
    """It counts no more."""


RecordTimeResult = Annotated[
    RecordTimePayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("RecordTimeResult"),
]
WithdrawTimeResult = Annotated[
    WithdrawTimePayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("WithdrawTimeResult"),
]


@strawberry.type
class TimeMutation:
    """Changes of time spent."""

    @change("Record time that you spent, in quarters of an hour.")
    async def record_time(self, info: Info, input: RecordTimeInput) -> RecordTimeResult:
        """Asks intake."""
        return await command(info, "intake.record_time", input, rpc.Done, RecordTimePayload.of)

    @change("Take an entry back, until the half-year's totals are told.")
    async def withdraw_time(self, info: Info, input: WithdrawTimeInput) -> WithdrawTimeResult:
        """Asks intake."""
        return await command(info, "intake.withdraw_time", input, rpc.Done, WithdrawTimePayload.of)


QUIET_FIELDS = frozenset({"myTime", "timeTotals", "recordTime", "withdrawTime"})
"""As in cases.py: root fields that leave no span, no metric and no count."""

_TOLD = ADVISER | COORDINATOR

ACCESS = table(
    grant("Query", ADVISER, "myTime myTime(halfYear:)"),
    grant("MyTime", ADVISER, "entries spent toldFrom"),
    grant("TimeEntry", ADVISER, "id activity quarters on withCase"),
    grant("Query", _TOLD, "timeTotals timeTotals(halfYear:)"),
    grant("TimeTotal", _TOLD, "activity hours"),
    mutation("recordTime", ADVISER, "entryId activity quarters on caseId", "entryId"),
    mutation("withdrawTime", ADVISER, "entryId on caseId", "entryId"),
)
