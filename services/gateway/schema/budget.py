"""How much of a case's protection is spent."""

from __future__ import annotations

from typing import Annotated, Self

import strawberry

from services.gateway.grants import ADVISER, INTEGRATION, LEADERS, grant, table
from services.gateway.schema.base import Info, ask_or_none, described
from services.gateway.schema.organisation import PolicyChoice, ProfileChoice
from services.gateway.schema.statistics import AS_OF
from shared.contracts import rpc


@strawberry.type(description="A draw of noise, and what it cost.")
class DrawSpent:
    """One draw."""

    measure: str = strawberry.field(description="What was drawn, for instance `theme`.")
    window: str = strawberry.field(description="2026, 2026-H1 or 2026-Q3.")
    epsilon: float = strawberry.field(description="What a case of the window spent on it.")
    adopted: bool = strawberry.field(
        description="Whether an older database was put back since: what was published of the draw was "
        "taken over and stays spent, the draw itself is lost and is not made again."
    )
    tables: list[str] = strawberry.field(
        description="The tables that are made of it (see `Release.dimension`); they cost nothing more."
    )


@strawberry.type(description="What a case of a half-year, or of a register's period, has spent.")
class PeriodSpent:
    """One period."""

    period: str
    spent: float = strawberry.field(
        description="So far, at the most. A case is in one window of each measure: several of one cost "
        "no more."
    )
    planned: float = strawberry.field(description="When all windows of the frozen grid are drawn.")
    draws: list[DrawSpent]


@strawberry.type(
    description="What a sheet of answers of a pulse spent, whatever it was asked. It is another fact than "
    "a case, with a budget of its own: 1.0 at the most, for each round."
)
class PulseSpent:
    """One round."""

    period: str
    spent: float
    adopted: bool = strawberry.field(description="As that of a draw.")


@strawberry.type(description="The privacy budget: ε, by period.")
class PrivacyBudget:
    """Of one organisation."""

    policy: PolicyChoice
    profile: ProfileChoice | None = strawberry.field(description="Of `NOISY` alone.")
    limit: float | None = strawberry.field(
        description="The most that a case may spend in a half-year, for ever. Null under `EXACT`: there "
        "a case spends nothing and is protected less. Answers to a pulse spend under either policy."
    )
    periods: list[PeriodSpent] = strawberry.field(description="Oldest first.")
    pulses: list[PulseSpent] = strawberry.field(description="Rounds that are drawn, oldest first.")

    @classmethod
    def of(cls, found: rpc.PrivacyBudget) -> Self:
        """From signals' answer."""
        return cls(
            policy=PolicyChoice(found.policy),
            profile=None if found.profile is None else ProfileChoice(found.profile),
            limit=found.limit,
            periods=[
                PeriodSpent(
                    period=one.period,
                    spent=one.spent,
                    planned=one.planned,
                    draws=[
                        DrawSpent(
                            measure=draw.measure,
                            window=draw.window,
                            epsilon=draw.epsilon,
                            adopted=draw.adopted,
                            tables=list(draw.tables),
                        )
                        for draw in one.draws
                    ],
                )
                for one in found.periods
            ],
            pulses=[
                PulseSpent(period=one.period, spent=one.spent, adopted=one.adopted)
                for one in found.pulses
            ],
        )


@strawberry.type
class BudgetQuery:
    """Questions about the budget."""

    @described("What your organisation's cases have spent of their protection so far.")
    async def privacy_budget(
        self, info: Info, as_of: Annotated[int | None, AS_OF] = None
    ) -> PrivacyBudget | None:
        """Asks signals."""
        request = rpc.PrivacyBudgetQuery(as_of=as_of)
        found = await ask_or_none(info, "signals.privacy_budget", request, rpc.PrivacyBudget)
        return None if found is None else PrivacyBudget.of(found)


_READERS = ADVISER | LEADERS | INTEGRATION

ACCESS = table(
    grant("Query", _READERS, "privacyBudget privacyBudget(asOf:)"),
    grant("PrivacyBudget", _READERS, "policy profile limit periods pulses"),
    grant("PeriodSpent", _READERS, "period spent planned draws"),
    grant("PulseSpent", _READERS, "period spent adopted"),
    grant("DrawSpent", _READERS, "measure window epsilon adopted tables"),
)
