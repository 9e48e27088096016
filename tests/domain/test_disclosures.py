"""Exact numbers of the formal track: entered, labelled, never counted from talks; and the texts of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from services.reporting.domain.compliance import dpia, risks, works_council
from services.reporting.domain.disclosures import (
    CATALOGUE,
    OUTSIDE,
    CounterEntered,
    DisclosureEntered,
    Disclosures,
    enter,
    evolve,
)
from services.reporting.domain.ground import Ground
from services.reporting.domain.loop import (
    CitedSignal,
    Loop,
    Measure,
    MeasurePlanned,
    Recommendation,
    Recommended,
)
from services.reporting.domain.outline import OUTLINE, build
from services.reporting.domain.plain import cell, markdown
from services.reporting.domain.report import Chosen, Report, frozen
from services.reporting.domain.report import evolve as evolve_report
from services.reporting.domain.told import Signals
from services.reporting.domain.words import Words
from services.reporting.policy import enters, sees_disclosures
from shared.contracts.errors import Code
from shared.contracts.report import (
    Absent,
    Audience,
    Below,
    Bilingual,
    Row,
    Said,
    Section,
    Shown,
    Table,
    Withheld,
)
from shared.identity.principal import Principal
from shared.identity.roles import Role
from shared.taxonomy.period import Period
from tests.domain.test_chain import MISFIT, REGISTER, signal, told
from tests.domain.test_report import APPROVED, DRAFTED
from tests.domain.test_report_model import TABLE
from tests.gwt import given

ON = date(2027, 2, 1)


def counters(**values: int) -> tuple[CounterEntered, ...]:
    return tuple(CounterEntered(code=code, value=value) for code, value in values.items())


ESRS = DisclosureEntered(
    organisation_id=UUID(int=1),
    law="esrs_s1_17",
    period="2026",
    counters=counters(discrimination_incidents=7, other_complaints=12, fines_euro=0),
    source="Register of the complaints committee",
    context=None,
    changes=None,
    role="coordinator",
    on=ON,
)
FORMAL = replace(ESRS, law="complaints", period="2026-H2", counters=counters(formal_complaints=6))
GRI = replace(
    ESRS,
    law="gri_406_1",
    counters=counters(
        incidents=8,
        reviewed=0,
        plan_being_implemented=0,
        implemented_and_reviewed=8,
        no_longer_subject_to_action=0,
    ),
)
WBK = replace(
    ESRS,
    law="wbk",
    counters=counters(
        received=9,
        being_assessed=0,
        followed_up=0,
        closed=9,
        confirmed_in_time=9,
        informed_in_time=8,
    ),
)


def other(event: DisclosureEntered, code: str, value: int) -> tuple[CounterEntered, ...]:
    """Its numbers with another one for that code."""
    return tuple(replace(one, value=value) if one.code == code else one for one in event.counters)


def entering(event: DisclosureEntered, **changes: Any) -> Callable[[Disclosures], object]:
    fields: dict[str, Any] = {name: getattr(event, name) for name in event.__slots__}
    fields |= {"counted_once": True, "small_numbers_seen": False} | changes
    return lambda state: enter(state, **fields)


@pytest.mark.parametrize("event", [ESRS, FORMAL, GRI, WBK], ids=lambda event: event.law)
def test_who_keeps_the_register_enters_its_numbers(event: DisclosureEntered) -> None:
    """Whole, in the order in which they are asked for, however they were sent."""
    given(Disclosures(), evolve).when(entering(event)).then(event)
    turned = tuple(reversed(event.counters))
    given(Disclosures(), evolve).when(entering(event, counters=turned)).then(event)


def test_the_two_counters_of_esrs_are_disjoint() -> None:
    """Whoever enters them says so; it is not asked of the others."""
    there = given(Disclosures(), evolve)
    there.when(entering(ESRS, counted_once=False)).then_refused(
        Code.INVALID_INPUT, field="countedOnce"
    )
    there.when(entering(GRI, counted_once=False)).then(GRI)


@pytest.mark.parametrize("value", [1, 4])
def test_a_small_number_is_exact_and_asks_for_a_second_look(value: int) -> None:
    """Below five it may be about one person: entered it is, by who has thought of that."""
    small = replace(FORMAL, counters=counters(formal_complaints=value))
    given(Disclosures(), evolve).when(entering(small)).then_refused(
        Code.INVALID_INPUT, field="smallNumbersSeen"
    )
    given(Disclosures(), evolve).when(entering(small, small_numbers_seen=True)).then(small)


@pytest.mark.parametrize("value", [0, 5])
def test_nought_and_five_ask_for_none(value: int) -> None:
    """Nor does a sum of money, however small."""
    large = replace(FORMAL, counters=counters(formal_complaints=value))
    given(Disclosures(), evolve).when(entering(large)).then(large)
    euro = counters(discrimination_incidents=7, other_complaints=12, fines_euro=3)
    given(Disclosures(), evolve).when(entering(ESRS, counters=euro)).then(
        replace(ESRS, counters=euro)
    )


@pytest.mark.parametrize(
    ("event", "changes", "field"),
    [
        (ESRS, {"period": "2026-H2"}, "period"),
        (ESRS, {"on": date(2026, 12, 31)}, "period"),
        (ESRS, {"counters": ESRS.counters[:2]}, "counters"),
        (ESRS, {"counters": (*ESRS.counters, ESRS.counters[0])}, "counters"),
        (FORMAL, {"counters": counters(formal_complaints=-1)}, "counters"),
        (FORMAL, {"counters": counters(formal_complaints=100_001)}, "counters"),
        (GRI, {"counters": other(GRI, "reviewed", 5)}, "counters"),
        (WBK, {"counters": other(WBK, "confirmed_in_time", 10)}, "counters"),
        (WBK, {"source": " "}, "source"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(
    event: DisclosureEntered, changes: dict[str, Any], field: str
) -> None:
    """Parts add up, and a window is over and of the right length."""
    given(Disclosures(), evolve).when(entering(event, **changes)).then_refused(
        Code.INVALID_INPUT, field=field
    )


def test_a_further_entry_says_what_it_corrects() -> None:
    """The newest counts, the others stay in the log; the same numbers again are refused."""
    there = given(Disclosures(), evolve, [ESRS])
    more = counters(discrimination_incidents=8, other_complaints=12, fines_euro=0)
    there.when(entering(ESRS)).then_refused(Code.ALREADY_EXISTS)
    there.when(entering(ESRS, counters=more)).then_refused(Code.INVALID_INPUT, field="changes")
    corrected = replace(ESRS, counters=more, changes="One was found later.")
    there.when(entering(corrected)).then(corrected)
    state = given(Disclosures(), evolve, [ESRS, FORMAL, corrected]).state
    assert (FORMAL, corrected) == state.newest
    assert {"2026-H2": 6} == state.formal_complaints


@pytest.mark.parametrize("law", list(CATALOGUE))
def test_each_law_has_its_own_hands(law: str) -> None:
    """Report officers count reports of wrongdoing and see nothing else; a coordinator enters the rest."""
    people = {role: Principal(subject="x", role=role, organisation=UUID(int=1)) for role in Role}
    assert {Role.REPORT_OFFICER if law == "wbk" else Role.COORDINATOR} == {
        role for role, one in people.items() if enters(one, law)
    }
    assert sees_disclosures(people[Role.REPORT_OFFICER], law) is (law == "wbk")
    assert sees_disclosures(people[Role.BOARD], law)


GROUND = Ground(
    period=Period.parse("2026-H2"),
    cut_off=date(2026, 12, 31),
    tables=(replace(TABLE, figures=replace(TABLE.figures, period="2026-H2")),),
    signals=told(signal(1, "hours", causes=MISFIT), signal(2, "rules", direction="positive")),
    strategy=REGISTER,
    disclosures=Disclosures(version=4, entered=(ESRS, FORMAL, GRI, WBK)),
)


def test_the_annex_says_of_each_number_that_it_is_outside_the_claim() -> None:
    """In every table and before them; with the law it serves and the register it is from. It is for leaders
    and the works council; without an entry there is no annex.
    """
    annex = {one.code: one for one in build(GROUND, {})}["annex"]
    tables = [one for one in annex.blocks if isinstance(one, Table)]
    assert ["complaints", "esrs_s1_17", "gri_406_1", "wbk"] == [
        one.id.removeprefix("annex_").rsplit("_2026", 1)[0] for one in tables
    ]
    for found in tables:
        assert found.note is not None
        assert OUTSIDE.en in found.note.en
        assert OUTSIDE.nl in found.note.nl
        assert "Register of the complaints committee" in found.note.en
    assert [Shown(value=7), Shown(value=12), Shown(value=0)] == [
        row.cells[0] for row in tables[1].rows
    ]
    (chapter,) = (one for one in OUTLINE if one.code == "annex")
    assert ("hr", "board", "works_council") == chapter.audiences
    assert "annex" not in {
        one.code for one in build(replace(GROUND, disclosures=Disclosures()), {})
    }
    elsewhen = replace(GROUND, period=Period.parse("2025-H2"))
    assert "annex" not in {one.code for one in build(elsewhen, {})}


@pytest.mark.parametrize("code", ["route", "annex"])
def test_no_version_for_all_staff_has_exact_numbers(code: str) -> None:
    """Whatever the adviser chooses; leaders and the works council get them."""
    chapter = next(one for one in build(GROUND, {}) if one.code == code)
    state = given(Report(), evolve_report, [DRAFTED, APPROVED])

    def freezing(audience: Audience) -> Callable[[Report], object]:
        return lambda report: (
            frozen(
                report,
                GROUND,
                (chapter,),
                (Chosen(audience=audience, sections=(code,)),),
                report_id=UUID(int=5),
                organisation_name="De Hoekstee",
                language="nl",
                on=ON,
            ).versions
        )

    state.when(freezing("all_staff")).then_refused(Code.INVALID_INPUT, field="sections")
    state.when(freezing("works_council")).then({"works_council": (code,)})


def test_the_account_to_the_works_council_has_what_was_released_and_entered() -> None:
    """And says of what was not that this proves nothing."""
    text = markdown("Account", works_council.sections(GROUND), "en")
    for part in ("article 31b", "| Workload | 7 ± 4 |", "| Bullying | < 6 |", "Formal complaints"):
        assert part in text
    empty = Ground(period=GROUND.period, cut_off=GROUND.cut_off, tables=())
    assert 3 == markdown("Account", works_council.sections(empty), "en").count(
        "no proof that there was nothing"
    )


def test_the_risk_inventory_gets_hazards_and_lines_for_a_plan() -> None:
    """The five factors of psychosocial load, with the released figure and signals of each; a line of the plan
    where signals press, to be filled in by the employer.
    """
    _, hazards, plan = risks.sections(GROUND)
    table = hazards.blocks[0]
    assert isinstance(table, Table)
    rows = {row.label.en: row.cells for row in table.rows}
    assert {
        "Bullying",
        "Sexual intimidation",
        "Discrimination",
        "Aggression and violence",
        "Workload",
    } == rows.keys()
    assert Shown(value=7, margin=4) == rows["Workload"][0]
    assert Absent() == rows["Discrimination"][0]
    text = markdown("Plan", (plan,), "nl")
    assert "* **Werkdruk**\n  * Genoemde oorzaken: Beleid sluit niet aan op de praktijk" in text
    assert "Discriminatie" not in text
    planned = MeasurePlanned(
        measure_id=UUID(int=8),
        recommendation_id=UUID(int=7),
        title=Words(nl="Rooster per team"),
        words=None,
        owner="Afdeling Zorg",
        kind="structural",
        planned_for=date(2027, 3, 1),
        policy=None,
        signal_id=None,
        on=ON,
    )
    made = Recommended(
        recommendation_id=UUID(int=7),
        title=Words(nl="Rooster"),
        text=Words(nl="Samen."),
        kind="structural",
        period=None,
        signals=(
            CitedSignal(
                signal_id=UUID(int=1), theme="workload", place="all", period="2026-Q4", told_on=ON
            ),
        ),
        figures=(),
        policies=(),
        on=ON,
        due=ON,
    )
    measures = (
        Measure(planned=planned, planned_for=planned.planned_for),
        Measure(planned=planned, planned_for=planned.planned_for, status="stopped"),
    )
    loop = Loop(version=2, recommendations=(Recommendation(made=made, measures=measures),))
    *_, plan = risks.sections(replace(GROUND, loop=loop))
    text = markdown("Plan", (plan,), "nl")
    assert 1 == text.count("Rooster per team")
    assert "Afdeling Zorg, 2027-03-01" in text
    assert "in te vullen" not in text
    calm = risks.sections(replace(GROUND, signals=Signals()))
    assert "No released signal" in markdown("Plan", calm, "en")


def test_the_annex_of_the_impact_assessment_tells_what_runs() -> None:
    """Flows with their fields and how long they are kept, keys, the rule of release; in both languages."""
    running = dpia.Running(
        flows=(
            dpia.Flow(
                kind="intake.v1.facts.booked",
                stream="INTAKE",
                writer="intake",
                readers=("signals",),
                fields=("organisation_id", "facts"),
                kept_days=30,
            ),
        ),
        operations=(dpia.Operation(service="intake", queries=3, commands=4),),
        events=("SignalsTold",),
        key_ring="pkcs11",
        mode="production",
    )
    text = markdown("Annex", dpia.sections(GROUND, running), "en")
    for part in (
        "article 35",
        "Kept: 30 days",
        r"organisation\_id",
        "pkcs11",
        "| intake | 3 | 4 |",
    ):
        assert part in text
    assert "| theme | noisy | 5 | – |" in text
    assert "30 dagen" in markdown("Bijlage", dpia.sections(GROUND, running), "nl")


def test_markdown_holds_no_markup_of_anybody_else() -> None:
    """Marks in words are escaped, cells stay cells, and the same sections give the same text."""
    words = Bilingual(nl="a | b <c> *d* [e](f)", en="a | b <c> *d* [e](f)")
    section = Section(
        code="x",
        title=words,
        blocks=(
            Table(
                id="x",
                title=words,
                columns=(),
                rows=(Row(label=Bilingual(nl="a|b", en="a|b"), cells=()),),
            ),
        ),
    )
    text = markdown("#1", (section,), "en")
    assert r"# \#1" in text
    assert r"\<c\> \*d\* \[e\](f)" in text
    assert r"| a\|b |" in text
    assert text == markdown("#1", (section,), "en")
    assert ["12,5 ± 0,5", "< 5", "niet getoond", "–", "ja"] == [
        cell(one, "nl")
        for one in (
            Shown(value=125, margin=5, decimals=1),
            Below(threshold=5),
            Withheld(),
            Absent(),
            Said(text=Bilingual(nl="ja", en="yes")),
        )
    ]
