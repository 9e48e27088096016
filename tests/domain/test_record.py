"""What is known of a case in codes: kept whole, corrected, and told only while it can still count."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from services.intake.domain import record
from services.intake.domain.case import Case, evolve
from services.intake.domain.organisation import PolicyDecided
from services.intake.domain.record import (
    NOT_SAID,
    CaseRecord,
    CorrectionTold,
    FactsCorrected,
    RecordKept,
    correct_facts,
    keep_record,
)
from services.intake.domain.strategy import Strategy
from services.intake.domain.tags import known_tags
from shared import taxonomy
from shared.contracts.errors import Code
from tests.domain.test_case import AT, CLOSED, ENDED, OPENED, ORGANISATION
from tests.gwt import given

MESSAGE = UUID("6f1d2c3b-0000-4000-8000-00000000000a")
FULL = CaseRecord(
    subject_role="subject_manager",
    severity="severity_serious",
    frequency="repeated",
    onset="one_to_six_months",
    experience="experienced",
    power_dependence="dependent",
    own_first_step="step_not_yet",
    categories=("workload", "communication_problems"),
    forms=("intimidation_abuse_of_power",),
    modes=("mode_verbal", "mode_digital"),
    grounds=("age",),
    impacts=("stress", "fear", "sleep", "motivation", "absence", "leaving"),
    causes=(
        "tension",
        "unclear_responsibility",
        "cultural_friction",
        "workload",
        "leadership",
        "policy_misfit",
    ),
    needs=("being_heard", "clarity"),
    policies=("code_of_conduct",),
    values=("respect", "openness"),
)
KEPT = RecordKept(taxonomy_version=1, record=FULL, at=AT)
NOISY = replace(
    ORGANISATION,
    set_up=replace(ORGANISATION.known, release=PolicyDecided(policy="noisy")),
)
FACTS = {name: getattr(OPENED, name) for name in record.FACTS}
CORRECTED = FactsCorrected(taxonomy_version=1, **(FACTS | {"category": "intimidation"}), at=AT)
TOLD = CorrectionTold(
    organisation_id=OPENED.organisation_id,
    facts_id=OPENED.facts_id,
    message_id=MESSAGE,
    taxonomy_version=1,
    category="intimidation",
    unit_id="care",
    reporter_role="employee",
    relation="colleague",
)


def changed(name: str, value: Any) -> CaseRecord:
    """The full record with one field given otherwise."""
    return replace(FULL, **{name: value})


def keeping(kept: CaseRecord = FULL) -> Callable[[Case], RecordKept]:
    return lambda state: keep_record(
        state, record=kept, known=known_tags(Strategy(), AT.date()), at=AT
    )


def correcting(at: datetime = AT, organisation: Any = ORGANISATION, **changed: Any) -> Any:
    facts = FACTS | {"category": "intimidation"} | changed
    return lambda state: correct_facts(state, organisation, **facts, message_id=MESSAGE, at=at)


# Kept -------------------------------------------------------------------------------------------


def test_the_whole_record_is_kept() -> None:
    """Every field of it, in the codes of the taxonomy and of the organisation."""
    given(Case(), evolve, [OPENED]).when(keeping()).then(KEPT)


def test_nothing_need_be_known() -> None:
    """An empty record is one too: it takes back what was said before."""
    state = given(Case(), evolve, [OPENED, KEPT]).state
    assert FULL == state.record
    given(Case(), evolve, [OPENED, KEPT]).when(keeping(CaseRecord())).then(
        replace(KEPT, record=CaseRecord())
    )


@pytest.mark.parametrize("name", [*record.ONE, *record.SEVERAL])
def test_an_unknown_code_is_refused(name: str) -> None:
    """In whichever field; the refusal names it."""
    wrong: Any = "no_such_code" if name in record.ONE else ("no_such_code",)
    refused = (
        given(Case(), evolve, [OPENED])
        .when(keeping(changed(name, wrong)))
        .then_refused(Code.UNKNOWN_CODE)
    )
    assert f"record.{name}" == refused.values["field"]


@pytest.mark.parametrize("name", record.TAGS)
def test_a_tag_that_the_organisation_does_not_know_is_refused(name: str) -> None:
    """Policies and values are its own: a value is no policy."""
    wrong = FULL.values if name == "policies" else FULL.policies
    refused = (
        given(Case(), evolve, [OPENED])
        .when(keeping(changed(name, wrong)))
        .then_refused(Code.INVALID_INPUT)
    )
    assert f"record.{name}" == refused.values["field"]


@pytest.mark.parametrize("name", [*record.SEVERAL, *record.TAGS])
def test_a_code_stands_there_once(name: str) -> None:
    """A list is a set, in the order in which it was given."""
    one = getattr(FULL, name)[0]
    given(Case(), evolve, [OPENED]).when(keeping(changed(name, (one, one)))).then_refused(
        Code.INVALID_INPUT, field=f"record.{name}"
    )


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("impacts", (NOT_SAID, "stress")),
        ("impacts", ("no_impact", "stress")),
        ("causes", ("leadership", "cause_unknown")),
        ("grounds", ("age", NOT_SAID)),
    ],
)
def test_who_prefers_not_to_say_says_nothing_beside_it(name: str, codes: tuple[str, ...]) -> None:
    """Such a code stands alone."""
    refused = (
        given(Case(), evolve, [OPENED])
        .when(keeping(changed(name, codes)))
        .then_refused(Code.INVALID_INPUT, field=f"record.{name}")
    )
    assert "deze code staat alleen" in refused.sentence("nl")


def test_prefer_not_to_say_is_a_code_of_each_list() -> None:
    """Of each but those of the conduct and the categories, which the adviser codes."""
    said = {
        name: NOT_SAID if name in record.ONE else (NOT_SAID,)
        for name, kind in (record.ONE | record.SEVERAL).items()
        if NOT_SAID in taxonomy.current().terms(kind)
    }
    assert {"categories", "forms"} == {*record.ONE, *record.SEVERAL} - set(said)
    given(Case(), evolve, [OPENED]).when(keeping(CaseRecord(**said))).then(  # type: ignore[arg-type]
        replace(KEPT, record=CaseRecord(**said))  # type: ignore[arg-type]
    )


def test_the_primary_category_is_no_further_one() -> None:
    """Several categories, one of them the primary: also after a correction."""
    twice = replace(FULL, categories=("bullying",))
    given(Case(), evolve, [OPENED]).when(keeping(twice)).then_refused(
        Code.INVALID_INPUT, field="record.categories"
    )
    given(Case(), evolve, [OPENED, KEPT]).when(correcting(category="workload")).then_refused(
        Code.INVALID_INPUT, field="record.categories"
    )


def test_a_closed_case_takes_no_record() -> None:
    """Nor a correction: it is opened again first."""
    closed = given(Case(), evolve, [OPENED, ENDED, CLOSED])
    closed.when(keeping()).then_refused(Code.CASE_CLOSED)
    closed.when(correcting()).then_refused(Code.CASE_CLOSED)
    given(Case(), evolve).when(keeping()).then_refused(Code.NOT_FOUND)
    given(Case(), evolve).when(correcting()).then_refused(Code.NOT_FOUND)


def test_every_field_of_the_record_is_checked() -> None:
    """A new field is one code, several, or a tag."""
    assert {one.name for one in fields(CaseRecord)} == {
        *record.ONE,
        *record.SEVERAL,
        *record.TAGS,
    }


# Corrected --------------------------------------------------------------------------------------


def test_a_correction_is_kept_and_told() -> None:
    """All facts together; and only what signals counts leaves."""
    given(Case(), evolve, [OPENED]).when(correcting()).then(CORRECTED, TOLD)
    state = given(Case(), evolve, [OPENED, CORRECTED, TOLD]).state
    assert CORRECTED == state.facts
    assert 3 == state.version


@pytest.mark.parametrize(
    ("organisation", "day", "told"),
    [
        (ORGANISATION, datetime(2027, 1, 15, 8, tzinfo=UTC), True),
        (ORGANISATION, datetime(2027, 1, 16, tzinfo=UTC), False),
        (NOISY, datetime(2027, 1, 15, 8, tzinfo=UTC), True),
        (NOISY, datetime(2027, 1, 16, tzinfo=UTC), False),
    ],
)
def test_after_the_last_tick_nothing_is_told(organisation: Any, day: datetime, told: bool) -> None:
    """The case is corrected all the same; no figure could take it up."""
    decided = given(Case(), evolve, [OPENED]).when(correcting(day, organisation))
    decided.then(*([replace(CORRECTED, at=day), TOLD] if told else [replace(CORRECTED, at=day)]))


def test_under_noise_a_case_of_the_first_half_counts_until_the_years_tick() -> None:
    """A measure of a year is drawn in January; under `exact` the half-year's tick is the end of it."""
    early = replace(OPENED, period="2026-H1")
    day = datetime(2026, 9, 1, tzinfo=UTC)
    given(Case(), evolve, [early]).when(correcting(day, NOISY)).then(
        replace(CORRECTED, at=day), TOLD
    )
    given(Case(), evolve, [early]).when(correcting(day)).then(replace(CORRECTED, at=day))


@pytest.mark.parametrize(
    ("changed", "code", "field"),
    [
        ({"channel": "smoke"}, Code.UNKNOWN_CODE, "channel"),
        ({"anonymity": "masked"}, Code.UNKNOWN_CODE, "anonymity"),
        ({"reporter_role": "king"}, Code.UNKNOWN_CODE, "reporterRole"),
        ({"relation": "neighbour"}, Code.UNKNOWN_CODE, "relation"),
        ({"category": "noise"}, Code.UNKNOWN_CODE, "category"),
        ({"unit_id": "nowhere"}, Code.INVALID_INPUT, "unitId"),
        ({"category": "bullying"}, Code.ALREADY_DECIDED, None),
    ],
)
def test_a_correction_that_cannot_be(
    changed: dict[str, Any], code: Code, field: str | None
) -> None:
    """Codes and units are those of the opening; what changes nothing is no correction."""
    given(Case(), evolve, [OPENED]).when(correcting(**changed)).then_refused(code, field=field)


def test_a_correction_may_be_corrected() -> None:
    """Back to how it was, too."""
    given(Case(), evolve, [OPENED, CORRECTED, TOLD]).when(correcting(category="bullying")).then(
        replace(CORRECTED, category="bullying"), replace(TOLD, category="bullying")
    )
