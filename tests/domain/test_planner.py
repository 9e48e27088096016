"""What an organisation is told, before its grid is frozen, that it can learn."""

from __future__ import annotations

import csv
import math
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.signals.domain.lattice import BUDGET, Branch, Profile, choose, epsilon_of, grid_units
from services.signals.domain.planner import (
    UNITS_VARY,
    VARIES,
    Plan,
    Reason,
    Row,
    picture,
    plan,
    plan_exact,
)

if TYPE_CHECKING:
    from shared.contracts.errors import Language
    from shared.taxonomy.period import Grain

DATA = Path(__file__).parents[1] / "data"
SVG = "{http://www.w3.org/2000/svg}"


def tree(units: int, headcount: int = 120) -> list[Branch]:
    return [Branch(id=f"u{n}", name=f"Unit {n}", headcount=headcount) for n in range(units)]


def offered(told: Plan) -> set[tuple[str, Grain]]:
    return {(row.table, row.grain) for row in told.rows if row.verdict != "refused"}


def row(told: Plan, table: str, grain: Grain) -> Row:
    return next(one for one in told.rows if (one.table, one.grain) == (table, grain))


def share(told: Plan, table: str, grain: Grain) -> float:
    outlook = row(told, table, grain).outlook
    assert outlook is not None
    return outlook.share_shown


# What each size is told ------------------------------------------------------------------------


def test_five_cases_a_year_are_told_as_one_number() -> None:
    """Every breakdown is refused because there are too few cases; half of the budget stays unspent."""
    told = plan(tree(4), yearly_total=5)
    assert {("total", "year")} == offered(told)
    assert 1.0 == told.epsilon
    coded = [one for one in told.rows if one.axes]
    assert {"too_few_cases"} == {one.reason for one in coded}
    assert "15" in row(told, "theme", "year").sentence("en")


def test_twenty_cases_a_year_are_told_by_area() -> None:
    """Four areas instead of ten themes, which would take their place."""
    told = plan(tree(4), yearly_total=20)
    assert {(table, "year") for table in ("unit", "area", "total")} == offered(told)
    assert "measured" == row(told, "area", "year").verdict
    assert "budget_spent" == row(told, "theme", "year").reason


def test_twenty_five_cases_a_year_are_told_by_the_year() -> None:
    """Themes and units, and their sums; a half-year of themes would be almost empty."""
    told = plan(tree(4), yearly_total=25)
    assert {(table, "year") for table in ("theme", "unit", "area", "total")} == offered(told)
    assert "too_few_shown" == row(told, "theme", "half-year").reason
    assert "too_few_shown" == row(told, "unit_theme", "year").reason
    assert "margin_too_wide" == row(told, "relation", "year").reason


def test_a_hundred_cases_a_year_are_told_by_the_half_year() -> None:
    """Quarters would come in the place of half-years, so that the budget is what forbids them."""
    told = plan(tree(5), yearly_total=100)
    assert {(table, "half-year") for table in ("theme", "unit", "area", "total")} == offered(told)
    assert "budget_spent" == row(told, "theme", "quarter").reason
    assert "margin_too_wide" == row(told, "relation", "year").reason


def test_two_hundred_and_fifty_cases_a_year_give_quarters_and_units_by_policy_area() -> None:
    """Of units there are sums of areas, which spend nothing."""
    told = plan(tree(6), yearly_total=250)
    assert {("theme", "quarter"), ("unit_area", "half-year")} <= offered(told)
    assert "measured" == row(told, "unit_area", "half-year").verdict
    assert "summed" == row(told, "unit", "half-year").verdict
    assert 0 == row(told, "unit", "half-year").epsilon
    assert "budget_spent" == row(told, "relation", "year").reason


def test_a_thousand_cases_a_year_give_relations_as_well() -> None:
    """By the year, at the level of the organisation; a half-year of them is refused."""
    told = plan(tree(12), yearly_total=1000)
    assert ("relation", "year") in offered(told)
    assert "refused" == row(told, "relation", "half-year").verdict
    assert share(told, "relation", "year") > 0.5


@pytest.mark.parametrize("cases", [25, 100, 250, 1000])
def test_without_two_units_of_fifty_people_units_are_refused_for_that_reason(cases: int) -> None:
    """And relations are told instead."""
    told = plan([*tree(1), Branch(id="s", name="Small", headcount=30)], yearly_total=cases)
    assert 0 == told.units
    for table in ("unit", "unit_area", "unit_theme"):
        assert "too_few_units" == row(told, table, "year").reason
    assert ("relation", "year") in offered(told)
    assert "50" in row(told, "unit", "year").sentence("nl")


@pytest.mark.parametrize("cases", [5, 100, 1000])
def test_what_is_not_settled_when_a_case_is_booked_cannot_be_counted(cases: int) -> None:
    """A case may have several causes, impacts and policies, and get them after it has counted; its
    route is known when it ends.
    """
    told = plan(tree(4), yearly_total=cases)
    reasons = dict.fromkeys(("cause", "impact", "policy"), "not_settled")
    for table, reason in (reasons | {"route": "known_later"}).items():
        refused = row(told, table, "year")
        assert reason == refused.reason
        assert refused.outlook is None
    assert "after that; a case may also have several" in row(told, "cause", "year").sentence("en")


def test_without_a_released_total_headcounts_stand_in_for_it() -> None:
    """1.5 cases for each hundred people: 4,000 people make 60."""
    told = plan(tree(20, 200))
    assert told.estimated
    assert 60 == pytest.approx(told.yearly_total)
    assert not plan(tree(20, 200), yearly_total=60).estimated


# What holds for all ----------------------------------------------------------------------------

TREES = st.lists(st.integers(0, 400), max_size=14).map(
    lambda people: [
        Branch(id=f"u{n}", name="Unit", headcount=each) for n, each in enumerate(people)
    ]
)
TOTALS = st.floats(0, 3000)
PROFILES = st.sampled_from(["standard", "strict"])


@given(TREES, TOTALS, PROFILES)
@settings(max_examples=60, deadline=None)
def test_the_plan_is_the_grid_that_will_be_frozen(
    branches: list[Branch], total: float, profile: Profile
) -> None:
    """What is offered is what `choose` chooses; each refused table says why, in both languages."""
    told = plan(branches, yearly_total=total, profile=profile)
    measures, tables = choose(yearly_total=total, units=grid_units(branches), profile=profile)
    assert {(table.id, table.grain) for table in tables} == offered(told)
    assert epsilon_of(measures) == told.epsilon <= BUDGET[profile] + 1e-9
    assert told.epsilon == pytest.approx(
        sum(one.epsilon or 0 for one in told.rows if one.verdict == "measured")
    )
    assert len(told.rows) == len({(one.table, one.grain) for one in told.rows})
    for one in told.rows:
        assert (one.verdict == "refused") == (one.reason is not None)
        assert bool(one.reason) == bool(one.sentence("en")) == bool(one.sentence("nl"))
        if one.outlook is not None:
            assert 0 <= one.outlook.share_shown <= 1
            assert 0 <= one.outlook.share_of_five <= 1
            assert one.outlook.threshold >= 5


@pytest.mark.parametrize("cases", [25, 100, 250, 1000])
def test_the_strict_profile_spends_less_and_shows_less(cases: int) -> None:
    """1.5 instead of 2; every table has a wider margin, or the same, and fewer cells."""
    standard = plan(tree(6), yearly_total=cases)
    strict = plan(tree(6), yearly_total=cases, profile="strict")
    assert pytest.approx(2.0) == standard.epsilon
    assert pytest.approx(1.5) == strict.epsilon
    for one in strict.rows:
        if one.verdict != "refused":
            other = row(standard, one.table, one.grain).outlook
            assert one.outlook is not None
            assert other is not None
            assert one.outlook.share_shown < other.share_shown or other.share_shown > 0.99
            assert one.outlook.margin >= other.margin


@pytest.mark.parametrize("table", ["theme", "unit", "area", "total"])
def test_more_cases_show_more_cells(table: str) -> None:
    """Within one grid the share rises with the number of cases."""
    shares = [share(plan(tree(6), yearly_total=n), table, "half-year") for n in (45, 70, 100, 149)]
    assert all(fewer < more or more > 0.999 for fewer, more in pairwise(shares))


# The public model ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("register", "varies"),
    [("defensie-2017", VARIES), ("defensie-2018", VARIES), ("avans-2013", UNITS_VARY)],
)
def test_means_vary_as_in_published_registers(register: str, varies: float) -> None:
    """The shape of a gamma law, by its variance beyond Poisson's, is within a tenth of the constant."""
    with (DATA / f"{register}.csv").open(encoding="utf-8") as file:
        counts = [int(line["count"]) for line in csv.DictReader(file) if line["kind"] == "row"]
    mean = sum(counts) / len(counts)
    variance = sum((count - mean) ** 2 for count in counts) / len(counts)
    assert varies == pytest.approx(mean * mean / (variance - mean), rel=0.1)


def test_shares_shown_are_those_of_gamma_poisson_counts_with_noise() -> None:
    """For themes of 100 cases a year: 40,000 counts and draws by lot, within 4.5 deviations."""
    chance = Random(1)  # noqa: S311  the same in every run, no secret
    q, n, shown = math.exp(-1.0), 40_000, 0
    for _ in range(n):
        mean, count, at = chance.gammavariate(VARIES, 5 / VARIES), 0, 0.0
        while (at := at + chance.expovariate(1)) < mean:
            count += 1
        noise = [int(math.log(1 - chance.random()) / math.log(q)) for _ in range(2)]
        shown += count + noise[0] - noise[1] >= 5
    p = share(plan(tree(5), yearly_total=100), "theme", "half-year")
    assert abs(shown - n * p) < 4.5 * math.sqrt(n * p * (1 - p))


# The policy exact ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cases", "category", "unit"),
    [(25, "too_few_shown", "too_few_shown"), (100, "too_few_shown", None), (1000, None, None)],
)
def test_unchanged_numbers_need_many_cases(
    cases: int, category: Reason | None, unit: Reason | None
) -> None:
    """At k = 10, by the year, of 43 categories and of six units."""
    told = plan_exact(tree(6), yearly_total=cases)
    assert (category, unit) == (
        row(told, "category", "year").reason,
        row(told, "unit", "year").reason,
    )
    assert all((one.verdict == "refused") == (one.reason is not None) for one in told.rows)
    assert (0, 0) == (told.epsilon, told.budget)


def test_a_smaller_k_shows_more() -> None:
    """Five instead of ten."""
    ten, five = (plan_exact(tree(6), yearly_total=200, k=k) for k in (10, 5))
    assert share(ten, "unit", "half-year") < share(five, "unit", "half-year")


def test_without_headcounts_nothing_is_said_of_units() -> None:
    """A share of nobody is no share."""
    told = plan_exact(tree(3, 0), yearly_total=200)
    assert "no_headcounts" == row(told, "unit", "year").reason


# The picture -----------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "nl"])
@pytest.mark.parametrize("cases", [5, 250])
@pytest.mark.parametrize("policy", ["noisy", "exact"])
def test_the_picture_shows_each_row_and_says_it_in_words(
    language: Language, cases: int, policy: str
) -> None:
    """It is well-formed, named and described; bars are as long as shares; reasons are sentences."""
    make = plan if policy == "noisy" else plan_exact
    told = make(tree(6), yearly_total=cases)
    drawn = ET.fromstring(picture(told, language))  # noqa: S314  it is ours
    assert "img" == drawn.get("role")
    ids = {part.get("id"): "".join(part.itertext()) for part in drawn if part.get("id")}
    assert (drawn.get("aria-labelledby") or "").split() == list(ids)
    assert str(cases) in ids["plan-title"]
    groups = drawn.findall(f"{SVG}g")
    assert len(told.rows) == len(groups)
    for one, group in zip(told.rows, groups, strict=True):
        whole, part = (float(bar.get("width") or 0) for bar in group.findall(f"{SVG}rect"))
        expected = one.outlook.share_shown if one.outlook else 0
        assert expected == pytest.approx(part / whole, abs=0.003)
        assert one.verdict == group.get("class")
        assert one.sentence(language) in (group.findtext(f"{SVG}title") or "")
        assert one.sentence(language) in ids["plan-desc"]
