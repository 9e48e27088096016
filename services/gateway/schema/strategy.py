"""What the organisation says it stands for: policies, values and strategic themes."""

# ruff: noqa: A002  arguments are called what the schema calls them
from __future__ import annotations

from datetime import date
from enum import Enum
from typing import Annotated, Self

import strawberry

from services.gateway.grants import ADMIN, ADVISER, COORDINATOR, MEMBERS, REPORTER, grant, table
from services.gateway.schema.base import (
    Conflict,
    Info,
    InvalidInput,
    LanguageChoice,
    NotAllowed,
    NotFound,
    ask_or_none,
    change,
    command,
    described,
    uuid_text,
)
from shared.contracts import rpc


@strawberry.enum(description="What an entry of the register is.")
class StrategyKind(Enum):
    """See StrategyEntry."""

    POLICY = "policy"
    VALUE = "value"
    THEME = "theme"


@strawberry.type(description="A policy, value or strategic theme of the organisation.")
class StrategyEntry:
    """One entry."""

    code: str
    kind: StrategyKind
    label: str
    valid_from: date | None = strawberry.field(description="Null: ever since.")
    withdrawn_from: date | None = strawberry.field(
        description="From this day on nothing new is tagged with it; what is tagged stays so."
    )
    common: bool = strawberry.field(description="Every organisation begins with it.")
    holds: bool = strawberry.field(description="Whether something can be tagged with it today.")
    serves: list[str] = strawberry.field(
        description="Codes of what it is for: of a policy themes and values, of a value themes."
    )

    @classmethod
    def of(cls, entry: rpc.StrategyEntry, language: LanguageChoice) -> Self:
        """From intake's answer."""
        return cls(
            code=entry.code,
            kind=StrategyKind(entry.kind),
            label=entry.nl if language is LanguageChoice.NL else entry.en,
            valid_from=entry.valid_from,
            withdrawn_from=entry.withdrawn_from,
            common=entry.common,
            holds=entry.holds,
            serves=list(entry.serves),
        )


@strawberry.type(description="Policies, values and strategic themes, with all that ever held.")
class StrategyRegister:
    """The register."""

    version: int = strawberry.field(description="How often it was changed.")
    items: list[StrategyEntry]


def _organisation(text: str | None) -> str | None:
    return None if text is None else uuid_text("organisationId", text)


@strawberry.type
class StrategyQuery:
    """Questions about what the organisation stands for."""

    @described("The organisation's policies, values and strategic themes.")
    async def strategy_register(
        self,
        info: Info,
        organisation_id: Annotated[
            strawberry.ID | None,
            strawberry.argument(
                description="For an administrator, who belongs to none and has to name one."
            ),
        ] = None,
        language: LanguageChoice = LanguageChoice.EN,
    ) -> StrategyRegister | None:
        """Asks intake."""
        request = rpc.OfOrganisation(organisation_id=_organisation(organisation_id))
        found = await ask_or_none(info, "intake.strategy_register", request, rpc.StrategyRegister)
        if found is None:
            return None
        return StrategyRegister(
            version=found.version,
            items=[StrategyEntry.of(entry, language) for entry in found.entries],
        )


# Commands ---------------------------------------------------------------------------------------


@strawberry.input
class KeepStrategyEntryInput:
    """A policy, value or strategic theme, new, back, or under another name."""

    idempotency_key: strawberry.ID
    organisation_id: strawberry.ID | None = strawberry.field(
        default=None, description="For an administrator."
    )
    code: str = strawberry.field(description="2 to 40 small letters, digits and underscores.")
    kind: StrategyKind = strawberry.field(description="A code keeps its kind for ever.")
    en: str = strawberry.field(description="Its name in English, 1 to 120 characters.")
    nl: str = strawberry.field(description="Its name in Dutch, 1 to 120 characters.")
    valid_from: date | None = strawberry.field(
        default=None, description="Of one that is new or comes back; none: today."
    )

    def request(self) -> rpc.KeepStrategyEntry:
        """As intake takes it."""
        return rpc.KeepStrategyEntry(
            organisation_id=_organisation(self.organisation_id),
            code=self.code,
            kind=self.kind.value,
            en=self.en,
            nl=self.nl,
            valid_from=self.valid_from,
        )


@strawberry.input
class WithdrawStrategyEntryInput:
    """It no longer holds."""

    idempotency_key: strawberry.ID
    organisation_id: strawberry.ID | None = strawberry.field(
        default=None, description="For an administrator."
    )
    code: str
    withdrawn_from: date = strawberry.field(
        description="The first day on which it does not; today at the earliest."
    )

    def request(self) -> rpc.WithdrawStrategyEntry:
        """As intake takes it."""
        return rpc.WithdrawStrategyEntry(
            organisation_id=_organisation(self.organisation_id),
            code=self.code,
            withdrawn_from=self.withdrawn_from,
        )


@strawberry.input
class LinkStrategyEntryInput:
    """What a policy or value is for."""

    idempotency_key: strawberry.ID
    organisation_id: strawberry.ID | None = strawberry.field(
        default=None, description="For an administrator."
    )
    code: str
    serves: list[str] = strawberry.field(
        description="All that it serves from now on, at most 20 codes; empty: nothing any more."
    )

    def request(self) -> rpc.LinkStrategyEntry:
        """As intake takes it."""
        return rpc.LinkStrategyEntry(
            organisation_id=_organisation(self.organisation_id),
            code=self.code,
            serves=tuple(self.serves),
        )


@strawberry.type
class _StrategyPayload:
    code: str

    @classmethod
    def of(cls, done: rpc.Done) -> Self:
        """From intake's answer."""
        return cls(code=done.id)


@strawberry.type
class KeepStrategyEntryPayload(_StrategyPayload):
    """It is kept."""


@strawberry.type
class WithdrawStrategyEntryPayload(_StrategyPayload):
    """It is withdrawn."""


@strawberry.type
class LinkStrategyEntryPayload(_StrategyPayload):
    """It serves these."""


KeepStrategyEntryResult = Annotated[
    KeepStrategyEntryPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("KeepStrategyEntryResult"),
]
WithdrawStrategyEntryResult = Annotated[
    WithdrawStrategyEntryPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("WithdrawStrategyEntryResult"),
]
LinkStrategyEntryResult = Annotated[
    LinkStrategyEntryPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("LinkStrategyEntryResult"),
]


@strawberry.type
class StrategyMutation:
    """Changes of what the organisation stands for."""

    @change("Keep a policy, value or strategic theme, or give one that holds another name.")
    async def keep_strategy_entry(
        self, info: Info, input: KeepStrategyEntryInput
    ) -> KeepStrategyEntryResult:
        """Asks intake."""
        return await command(
            info, "intake.keep_strategy_entry", input, rpc.Done, KeepStrategyEntryPayload.of
        )

    @change("Withdraw a policy, value or strategic theme. What was tagged with it stays so.")
    async def withdraw_strategy_entry(
        self, info: Info, input: WithdrawStrategyEntryInput
    ) -> WithdrawStrategyEntryResult:
        """Asks intake."""
        return await command(
            info,
            "intake.withdraw_strategy_entry",
            input,
            rpc.Done,
            WithdrawStrategyEntryPayload.of,
        )

    @change("Say which strategic themes and values a policy serves, or which themes a value.")
    async def link_strategy_entry(
        self, info: Info, input: LinkStrategyEntryInput
    ) -> LinkStrategyEntryResult:
        """Asks intake."""
        return await command(
            info, "intake.link_strategy_entry", input, rpc.Done, LinkStrategyEntryPayload.of
        )


_PLANS = ADMIN | COORDINATOR
_READERS = ADMIN | ADVISER | MEMBERS | REPORTER

ACCESS = table(
    grant(
        "Query",
        _READERS,
        "strategyRegister strategyRegister(organisationId:) strategyRegister(language:)",
    ),
    grant("StrategyRegister", _READERS, "version items"),
    grant("StrategyEntry", _READERS, "code kind label validFrom withdrawnFrom common holds serves"),
    grant(
        "Mutation",
        _PLANS,
        "keepStrategyEntry keepStrategyEntry(input:) withdrawStrategyEntry "
        "withdrawStrategyEntry(input:) linkStrategyEntry linkStrategyEntry(input:)",
    ),
    grant(
        "KeepStrategyEntryInput",
        _PLANS,
        "idempotencyKey organisationId code kind en nl validFrom",
    ),
    grant("WithdrawStrategyEntryInput", _PLANS, "idempotencyKey organisationId code withdrawnFrom"),
    grant("KeepStrategyEntryPayload", _PLANS, "code"),
    grant("WithdrawStrategyEntryPayload", _PLANS, "code"),
    grant("LinkStrategyEntryInput", _PLANS, "idempotencyKey organisationId code serves"),
    grant("LinkStrategyEntryPayload", _PLANS, "code"),
)
