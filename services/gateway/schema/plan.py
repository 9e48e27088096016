"""The grid planner: what an organisation of a size would learn, before anything is decided."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Self

import strawberry

from services.gateway.grants import PLANNERS, grant, table
from services.gateway.schema.base import Info, LanguageChoice, ask, described
from services.gateway.schema.organisation import PolicyChoice, ProfileChoice, UnitInput
from shared.contracts import rpc


@strawberry.enum(description="How long the windows of a table are.")
class Grain(Enum):
    """A window's length."""

    YEAR = "year"
    HALF_YEAR = "half-year"
    QUARTER = "quarter"


@strawberry.enum(
    description="`MEASURED`: counted, with noise of its own under `NOISY`. `SUMMED`: added up from what is "
    "measured, which spends nothing. `REFUSED`: not offered."
)
class Verdict(Enum):
    """What becomes of a table."""

    MEASURED = "measured"
    SUMMED = "summed"
    REFUSED = "refused"


@strawberry.type(
    description="A table at a grain. Of a refused one the numbers are what it could at most get."
)
class GridPlanRow:
    """One row."""

    table: str = strawberry.field(description="As `Release.dimension`.")
    label: str
    grain: Grain
    verdict: Verdict
    epsilon: float | None = strawberry.field(description="What a case spends on it.")
    margin: int | None = strawberry.field(description="Beside each figure; of the coarsest cell.")
    threshold: int | None = strawberry.field(
        description="The smallest figure that is shown, of the coarsest cell."
    )
    share_shown: float | None = strawberry.field(
        description="Of all its cells, those that are likely to be shown: from 0 to 1."
    )
    share_of_five: float | None = strawberry.field(
        description="The same of the cells with five cases or more."
    )
    cases_in_a_cell: float | None = strawberry.field(description="On average.")
    reason: str | None = strawberry.field(description="Why it is refused, as a code.")
    sentence: str | None = strawberry.field(description="The same for people.")


@strawberry.type(description="What an organisation of that size would learn.")
class GridPlan:
    """One plan."""

    policy: PolicyChoice
    profile: ProfileChoice | None
    cases_a_year: float
    estimated: bool = strawberry.field(
        description="Whether headcounts stood in for a number of cases."
    )
    units: int = strawberry.field(
        description="Those of the grid: under `NOISY` of at least 50 people each."
    )
    epsilon: float = strawberry.field(description="What a case would spend in a half-year.")
    budget: float = strawberry.field(description="The most that it may; 0 under `EXACT`.")
    rows: list[GridPlanRow] = strawberry.field(
        description="Tables that are offered, then those that are refused."
    )
    picture: str = strawberry.field(description="All of it as an SVG document.")

    @classmethod
    def of(cls, told: rpc.GridPlan) -> Self:
        """From signals' answer."""
        return cls(
            policy=PolicyChoice(told.policy),
            profile=None if told.profile is None else ProfileChoice(told.profile),
            cases_a_year=told.cases_a_year,
            estimated=told.estimated,
            units=told.units,
            epsilon=told.epsilon,
            budget=told.budget,
            rows=[
                GridPlanRow(
                    table=row.table,
                    label=row.label,
                    grain=Grain(row.grain),
                    verdict=Verdict(row.verdict),
                    epsilon=row.epsilon,
                    margin=row.margin,
                    threshold=row.threshold,
                    share_shown=row.share_shown,
                    share_of_five=row.share_of_five,
                    cases_in_a_cell=row.cases_in_a_cell,
                    reason=row.reason,
                    sentence=row.sentence,
                )
                for row in told.rows
            ],
            picture=told.picture,
        )


UNITS = strawberry.argument(
    description="The tree of an organisation, also of one that is not set up; null: your own."
)
CASES = strawberry.argument(description="Expected; null: estimated by the headcounts.")
OWN = strawberry.argument(description="Null: your organisation's, else the usual.")
K = strawberry.argument(
    description="With `EXACT` alone: the smallest count of cases that is shown."
)


@strawberry.type
class PlanQuery:
    """Questions before a decision."""

    @described(
        "What an organisation of a size would learn: which tables, how often, with which margin, and "
        "why not others. It looks at no case and at no figure."
    )
    async def plan_grid(
        self,
        info: Info,
        units: Annotated[list[UnitInput] | None, UNITS] = None,
        cases_a_year: Annotated[float | None, CASES] = None,
        policy: Annotated[PolicyChoice | None, OWN] = None,
        profile: Annotated[ProfileChoice | None, OWN] = None,
        k: Annotated[int | None, K] = None,
        language: LanguageChoice = LanguageChoice.EN,
    ) -> GridPlan | None:
        """Asks signals."""
        request = rpc.PlanGridQuery(
            units=None if units is None else tuple(unit.shape() for unit in units),
            cases_a_year=cases_a_year,
            policy=None if policy is None else policy.value,
            profile=None if profile is None else profile.value,
            k=k,
            language=language.value,
        )
        return GridPlan.of(await ask(info, "signals.plan_grid", request, rpc.GridPlan))


ACCESS = table(
    grant(
        "Query",
        PLANNERS,
        "planGrid planGrid(units:) planGrid(casesAYear:) planGrid(policy:) planGrid(profile:) "
        "planGrid(k:) planGrid(language:)",
    ),
    grant(
        "GridPlan",
        PLANNERS,
        "policy profile casesAYear estimated units epsilon budget rows picture",
    ),
    grant(
        "GridPlanRow",
        PLANNERS,
        "table label grain verdict epsilon margin threshold shareShown shareOfFive casesInACell "
        "reason sentence",
    ),
)
