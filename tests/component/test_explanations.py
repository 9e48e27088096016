"""What signals tells about its figures: explanations, the budget, and the planner, to who may ask."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterable
from datetime import date
from pathlib import Path
from typing import Any, Literal
from xml.etree import ElementTree as ET

import msgspec
import pytest
import pytest_asyncio

from services.signals.queries import early_warning, plan_grid
from services.signals.service import DEFINITION
from shared.contracts.errors import Code
from shared.contracts.rpc import (
    EarlyWarningQuery,
    EarlyWarnings,
    Explanations,
    ExplanationsQuery,
    GridPlan,
    PlanGridQuery,
    PrivacyBudget,
    PrivacyBudgetQuery,
    Release,
    TableNamed,
    Unit,
)
from shared.identity.roles import Role
from tests.component.test_noisy_release import APRIL, JULY, UNITS, Noisy
from tests.component.test_time_travel import checkpoint
from tests.conftest import Database
from tests.nats_server import running_bus
from tests.service_lab import ELSEWHERE, HERE, eventually, running


@pytest_asyncio.fixture
async def noisy(database: Database, tmp_path: Path) -> AsyncIterator[Noisy]:
    (tmp_path / "nats").mkdir()
    async with (
        running_bus(tmp_path / "nats") as bus,
        running(DEFINITION, database, bus, tmp_path) as service,
    ):
        yield Noisy(service)


async def looks(noisy: Noisy) -> int:
    return sum(name == "AccessRecorded" for name in await noisy.types())


def of_tables(
    released: Iterable[Release | TableNamed], language: Literal["en", "nl"]
) -> ExplanationsQuery:
    """A question after these."""
    tables = (TableNamed(period=one.period, dimension=one.dimension) for one in released)
    return ExplanationsQuery(tables=tuple(tables), language=language)


async def test_a_period_s_tables_are_explained_as_they_are_released(noisy: Noisy) -> None:
    """Every cell of every table has a sentence with its figure or its threshold; one look is recorded."""
    await noisy.set_up()
    await noisy.cases(1_000)
    await noisy.tick(JULY)
    await noisy.ticked(JULY)
    released = [one for one in await noisy.statistics() if one.period == "2026-H1"]
    before = await looks(noisy)
    told = await noisy.ask(
        "explanations",
        of_tables(released, "nl"),
        Explanations,
        role=Role.WORKS_COUNCIL,
    )
    assert before + 1 == await looks(noisy)
    assert {one.release_id for one in released} == {one.release_id for one in told.items}
    assert len(released) > 3
    for release in released:
        (one,) = (item for item in told.items if item.release_id == release.release_id)
        sentences = {cell.code: cell.sentence for cell in one.cells}
        assert release.labels_nl.keys() == sentences.keys()
        for cell in release.cells:
            number = f"{cell.count:,}".replace(",", ".")
            assert sentences[cell.code].startswith(f"{number}, met een marge van {cell.margin}:")
        block = release.withheld
        for code, least in () if block is None else zip(block.codes, block.thresholds, strict=True):
            assert f"ligt het cijfer onder {least}." in sentences[code]
    manager = noisy.running.signer.token(
        sub="m-1", role=Role.MANAGER, organisation=HERE, unit="unit-1"
    )
    own = await noisy.ask(
        "explanations",
        of_tables(released, "nl"),
        Explanations,
        token=manager,
    )
    cells = {one.release_id: {*one.labels_nl} for one in await noisy.statistics(token=manager)}
    for item in own.items:
        assert cells[item.release_id] == {cell.code for cell in item.cells}
    assert not any("unit-2" in cell.code for item in own.items for cell in item.cells)


async def test_a_period_without_figures_has_nothing_to_explain(noisy: Noisy) -> None:
    """Another organisation's are not told either, and nothing is recorded."""
    await noisy.set_up()
    await noisy.set_up(ELSEWHERE)
    await noisy.cases(1_000, organisation=ELSEWHERE)
    await noisy.tick(APRIL, ELSEWHERE)
    await noisy.ticked(APRIL, ELSEWHERE)
    before = await looks(noisy)

    def query(*periods: str) -> ExplanationsQuery:
        return of_tables((TableNamed(period=one, dimension="theme") for one in periods), "en")

    nothing = query("2026-Q1", "2031")
    assert () == (await noisy.ask("explanations", nothing, Explanations, role=Role.HR)).items
    for wrong, code in (
        (query("soon"), Code.INVALID_PERIOD),
        (query(*["2026-Q1"] * 51), Code.TOO_LARGE),
    ):
        assert code is (await noisy.refused("explanations", wrong, role=Role.HR)).code
    assert before == await looks(noisy)


async def test_the_budget_grows_with_every_tick_and_never_beyond_its_limit(noisy: Noisy) -> None:
    """In April the themes, in July the units too; as it was at an earlier checkpoint as well."""
    await noisy.set_up()

    async def budget(as_of: int | None = None) -> PrivacyBudget:
        query = PrivacyBudgetQuery(as_of=as_of)
        found = await noisy.ask("privacy_budget", query, PrivacyBudget, role=Role.WORKS_COUNCIL)
        assert isinstance(found, PrivacyBudget)
        return found

    fresh = await budget()
    assert ("noisy", "standard", 2.0) == (fresh.policy, fresh.profile, fresh.limit)
    assert [("2026-H1", 0.0, ())] == [(one.period, one.spent, one.draws) for one in fresh.periods]
    await noisy.tick(APRIL)
    await noisy.ticked(APRIL)
    april = (await budget()).periods[0]
    (theme,) = april.draws
    assert ("theme", "2026-Q1", april.spent) == (theme.measure, theme.window, theme.epsilon)
    assert "theme" in theme.tables
    then = await checkpoint(noisy.running, date(2026, 4, 17))
    await noisy.tick(JULY)
    await noisy.ticked(JULY)
    july = await budget()
    first = july.periods[0]
    assert april.spent < first.spent <= 2.0 + 1e-9
    assert first.spent == pytest.approx(first.planned)
    assert {"2026-Q1", "2026-Q2", "2026-H1"} == {draw.window for draw in first.draws}
    past = await budget(as_of=then)
    assert april == past.periods[0]
    assert await looks(noisy) >= 4


async def test_the_strict_profile_has_a_lower_limit(noisy: Noisy) -> None:
    """1.5, and its grid stays within it."""
    await noisy.set_up(profile="strict")
    found = await noisy.ask("privacy_budget", PrivacyBudgetQuery(), PrivacyBudget, role=Role.HR)
    assert ("strict", 1.5) == (found.profile, found.limit)
    assert 0 < found.periods[0].planned <= 1.5 + 1e-9


async def test_exact_figures_have_no_budget(noisy: Noisy) -> None:
    """Neither limit nor periods; an organisation that is not known has not even that."""
    await noisy.organisation()
    found = await noisy.ask("privacy_budget", PrivacyBudgetQuery(), PrivacyBudget, role=Role.HR)
    assert ("exact", None, None, ()) == (found.policy, found.profile, found.limit, found.periods)
    refusal = await noisy.refused(
        "privacy_budget", PrivacyBudgetQuery(), role=Role.HR, organisation=ELSEWHERE
    )
    assert Code.NOT_FOUND is refusal.code


# The planner --------------------------------------------------------------------------------------


async def test_an_organisation_is_told_what_its_grid_gives(noisy: Noisy) -> None:
    """The plan of one's own tree and decision: what is offered is what the frozen grid has."""
    await noisy.set_up()
    told = await noisy.ask("plan_grid", PlanGridQuery(), GridPlan, role=Role.HR)
    assert ("noisy", "standard", True) == (told.policy, told.profile, told.estimated)
    assert 12_000 * 0.015 == told.cases_a_year
    assert len(UNITS) == told.units
    grid = next(one.event for one in await noisy.log() if one.type == "LatticeFrozen")
    offered = {(row.table, row.grain) for row in told.rows if row.verdict != "refused"}
    assert {(table.id, table.grain) for table in grid.tables} == offered
    assert sum(measure.epsilon for measure in grid.measures) == pytest.approx(told.epsilon)
    for row in told.rows:
        assert (row.reason is not None) is (row.sentence is not None) is (row.verdict == "refused")
    assert 0 == await looks(noisy)


async def test_an_administrator_plans_for_an_organisation_that_is_not_there_yet(
    noisy: Noisy,
) -> None:
    """By a tree, with another profile and in Dutch; the picture is an SVG that says the same."""
    units = tuple(Unit(id=one, name=name, headcount=n) for one, name, n in UNITS[:2])
    request = PlanGridQuery(units=units, cases_a_year=60, profile="strict", language="nl")
    told = await noisy.ask("plan_grid", request, GridPlan, role=Role.ADMIN)
    assert (60, False, 2, 1.5) == (told.cases_a_year, told.estimated, told.units, told.budget)
    theme = next(row for row in told.rows if (row.table, row.grain) == ("theme", "half-year"))
    assert ("Thema, per halfjaar", "measured", 0.75) == (theme.label, theme.verdict, theme.epsilon)
    picture = ET.fromstring(told.picture)  # noqa: S314  our own
    assert "nl" == picture.get("lang")
    assert any(theme.label in (text or "") for text in picture.itertext())


async def test_exact_figures_are_planned_with_their_k(noisy: Noisy) -> None:
    """More cells are shown from five on than from ten on; the usual k is ten."""
    units = tuple(Unit(id=one, name=name, headcount=n) for one, name, n in UNITS)
    shares: list[Any] = []
    for k in (5, None):
        request = PlanGridQuery(units=units, policy="exact", k=k)
        told = await noisy.ask("plan_grid", request, GridPlan, role=Role.ADMIN)
        assert ("exact", None, 0) == (told.policy, told.profile, told.budget)
        row = next(one for one in told.rows if (one.table, one.grain) == ("unit", "year"))
        assert (10 if k is None else k) == row.threshold
        shares.append(row.share_shown)
    assert shares[0] > shares[1]


UNIT = Unit(id="a", name="A", headcount=60)


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (PlanGridQuery(), "units"),
        (PlanGridQuery(units=()), "units"),
        (PlanGridQuery(units=(UNIT,) * 2), "units"),
        (PlanGridQuery(units=(msgspec.structs.replace(UNIT, headcount=-1),)), "units.headcount"),
        (PlanGridQuery(units=(msgspec.structs.replace(UNIT, parent="b"),)), "units.parent"),
        (PlanGridQuery(units=(UNIT,), cases_a_year=-1), "casesAYear"),
        (PlanGridQuery(units=(UNIT,), cases_a_year=1e9), "casesAYear"),
        (PlanGridQuery(units=(UNIT,), policy="exact", k=4), "k"),
        (PlanGridQuery(units=(UNIT,), policy="noisy", k=10), "k"),
        (PlanGridQuery(units=(UNIT,), policy="exact", profile="strict"), "profile"),
    ],
)
async def test_a_plan_of_what_cannot_be_is_refused(
    noisy: Noisy, request_: PlanGridQuery, field: str
) -> None:
    """By the field that is wrong, in words for a person."""
    refusal = await noisy.refused("plan_grid", request_, role=Role.ADMIN)
    assert (Code.INVALID_INPUT, field) == (refusal.code, refusal.values["field"])
    assert refusal.sentence("nl") != refusal.sentence("en")


@pytest.mark.parametrize("verb", ["plan_grid", "early_warning"])
async def test_long_computing_keeps_nobody_waiting(
    noisy: Noisy, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    """A tree of hundreds of units takes seconds; another question is answered meanwhile."""
    await noisy.set_up()
    await noisy.tick(APRIL)
    await noisy.ticked(APRIL)
    where = {"plan_grid": plan_grid, "early_warning": early_warning}[verb]
    name = {"plan_grid": "plan", "early_warning": "told"}[verb]
    begun, go_on, compute = threading.Event(), threading.Event(), getattr(where, name)

    def long(*args: Any, **more: Any) -> Any:
        begun.set()
        assert go_on.wait(10)
        return compute(*args, **more)

    monkeypatch.setattr(where, name, long)
    request = PlanGridQuery() if verb == "plan_grid" else EarlyWarningQuery()
    answer = GridPlan if verb == "plan_grid" else EarlyWarnings
    asked = asyncio.create_task(noisy.ask(verb, request, answer, role=Role.HR))

    async def computing() -> bool:
        return begun.is_set()

    await eventually(computing)
    await noisy.ask("privacy_budget", PrivacyBudgetQuery(), PrivacyBudget, role=Role.HR)
    assert not asked.done()
    go_on.set()
    assert isinstance(await asked, answer)
