"""What the work asks of intake, claim by claim: each test is named after one row of docs/essay.md, and
shows that what the row names is kept, decided or refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, replace
from typing import Any
from uuid import UUID

import pytest

from services.intake.domain.case import (
    Case,
    InterventionRecorded,
    OutcomeRecorded,
    evolve,
)
from services.intake.domain.clock import AFTERCARE
from services.intake.domain.record import CaseRecord, RecordKept
from services.intake.domain.strategy import Strategy
from services.intake.domain.tags import known_tags
from services.intake.outbound import OUTBOUND
from shared import taxonomy
from shared.contracts import events as contracts
from shared.contracts.errors import Code
from shared.eventstore.store import Recorded
from shared.taxonomy.judgement import judges
from tests.domain.test_aftercare import GIVEN, PLANNED, REOPENED, SAID, giving, reopening
from tests.domain.test_aftercare import saying as answering
from tests.domain.test_case import (
    AT,
    CLOSED,
    DONE,
    ENDED,
    OPENED,
    READ,
    REPLY_KEY,
    REPORTED,
    SPOKEN,
    TO_REPORTER,
    WORDS,
    acting,
    closing,
    ending,
    opening,
    speaking,
)
from tests.domain.test_minutes import AGAIN, CORRECTED, DRAFTED, SIGNED, correcting, signing
from tests.domain.test_record import keeping
from tests.gwt import given

VERSION = taxonomy.current()


def kept(case: object = OPENED, **known: Any) -> CaseRecord:
    """The record of a case after its adviser kept it: what is not a known code is refused here."""
    record = CaseRecord(**known)
    given(Case(), evolve, [case]).when(keeping(record)).then(
        RecordKept(taxonomy_version=VERSION.version, record=record, at=AT)
    )
    found: CaseRecord = given(
        Case(), evolve, [case, RecordKept(taxonomy_version=1, record=record, at=AT)]
    ).state.record
    return found


def told(case: object = OPENED) -> contracts.Fact:
    """What of an opened case leaves intake."""
    recorded = Recorded(UUID(int=1), 0, UUID(int=2), 1, "CaseOpened", "2026-W48", UUID(int=3), case)
    booked = OUTBOUND["CaseOpened"].data(recorded)
    assert isinstance(booked, contracts.FactsBooked)
    (fact,) = booked.facts
    return fact


def acted(*interventions: str) -> None:
    """Each is recorded in a case, and no other is asked for."""
    past: list[Any] = [OPENED]
    for one in interventions:
        done = InterventionRecorded(intervention=one, at=AT)
        given(Case(), evolve, past).when(acting(one)).then(done)
        past.append(done)


def codes(kind: str, *, parent: str | None = None) -> set[str]:
    return {term.code for term in VERSION.terms(kind).values() if term.parent == parent}


# Power, safety, dilemmas ------------------------------------------------------------------------


@pytest.mark.parametrize("relation", ["manager_to_employee", "supervisor_to_phd_candidate"])
def test_power_inequality(relation: str) -> None:
    """Who depends on whom stands beside the relation, and stays with intake."""
    case = replace(OPENED, relation=relation)
    given(Case(), evolve).when(opening(relation=relation)).then(case)
    assert "dependent" == kept(case, power_dependence="dependent").power_dependence
    assert relation == told(case).relation


def test_unsafety() -> None:
    """How severe it is for the reporter, of a case of a unit."""
    assert "care" == told(OPENED).unit_id
    for severity in codes("severities") - {"prefer_not_to_say"}:
        assert severity == kept(severity=severity).severity


def test_moral_compass() -> None:
    """A dilemma is tied to values and policies that the organisation has, and to no others."""
    dilemma = replace(OPENED, category="moral_dilemma", relation="nobody_involved")
    assert ("openness",) == kept(dilemma, values=("openness",)).values
    given(Case(), evolve, [dilemma]).when(
        keeping(CaseRecord(values=("no_value_of_ours",)))
    ).then_refused(Code.INVALID_INPUT, field="record.values")


def test_leadership_determines_safety() -> None:
    """What comes from managers can be counted: the relation leaves with the facts."""
    assert "manager_to_employee" == told(replace(OPENED, relation="manager_to_employee")).relation
    assert ("leadership",) == kept(causes=("leadership",)).causes


# Behaviour --------------------------------------------------------------------------------------


def test_desired_and_unwanted_behaviour_are_both_counted() -> None:
    """What goes well is opened, told and counted as what goes wrong is."""
    facts = []
    for category in ("desired_conduct", "bullying"):
        case = replace(OPENED, category=category)
        given(Case(), evolve).when(opening(category=category)).then(case)
        facts.append(told(case))
    good, bad = facts
    assert ("desired_conduct", "bullying") == (good.category, bad.category)
    assert good.count == bad.count == 1


def test_subtle_exclusion_bias_and_remarks_have_codes_of_their_own() -> None:
    """Beside a severity that is its lowest: small things need not be called grave to be told."""
    forms = codes("forms", parent="subtle_exclusion")
    assert 3 == len(forms)
    record = kept(
        replace(OPENED, category="subtle_exclusion"),
        forms=tuple(sorted(forms)),
        severity="severity_discomfort",
    )
    assert forms == set(record.forms)


def test_borderline_cases() -> None:
    """The two lowest severities; the lowest is called a borderline case in both languages."""
    lowest = VERSION.severities["severity_discomfort"]
    assert "borderline" in lowest.en
    assert "grensgeval" in lowest.nl
    assert "severity_burden" == kept(severity="severity_burden").severity


def test_behaviour_is_linked_to_a_value() -> None:
    """Any conduct may touch values, policies or none; both are the organisation's own register."""
    record = kept(values=("respect", "openness"), policies=("code_of_conduct",))
    known = known_tags(Strategy(), AT.date())
    assert set(record.values) <= known["values"]
    assert set(record.policies) <= known["policies"]


def test_how_people_experience_each_other() -> None:
    """The relation, and whether somebody went through it or saw it."""
    for experience in ("experienced", "witnessed"):
        assert experience == kept(REPORTED, experience=experience).experience


# Listening, words, ownership --------------------------------------------------------------------


def test_listening_ear() -> None:
    """A case of listening alone is a whole case, and the reporter says whether they were heard."""
    past = [REPORTED, SPOKEN, DONE]
    given(Case(), evolve, [REPORTED, SPOKEN]).when(acting("listening")).then(DONE)
    given(Case(), evolve, past).when(ending()).then(ENDED)
    given(Case(), evolve, [*past, ENDED]).when(closing()).then(CLOSED)
    given(Case(), evolve, [*past, ENDED, CLOSED]).when(answering()).then(SAID)


def test_seen_and_heard() -> None:
    """Only the reporter's own answer counts: an adviser's is refused where they hold a code."""
    given(Case(), evolve, [REPORTED]).when(answering()).then(SAID)
    given(Case(), evolve, [REPORTED]).when(answering(by_reporter=False, how="spoken")).then_refused(
        Code.REPORTER_DECIDES
    )
    assert {"heard", "partly_heard", "not_heard"} < codes("heard_answers")


def test_room_for_emotions() -> None:
    """What it does to somebody is kept in codes; what they say of it is sealed, and no server reads it."""
    assert ("fear",) == kept(impacts=("fear",)).impacts
    given(Case(), evolve, [OPENED]).when(speaking()).then(SPOKEN)
    unreadable = replace(WORDS, key_id=UUID(int=9))
    given(Case(), evolve, [OPENED]).when(speaking((unreadable,))).then_refused(
        Code.INVALID_INPUT, field="minutes"
    )


def test_help_to_put_it_into_words() -> None:
    """The reporter's own words come in sealed; minutes are theirs to correct and to sign off."""
    given(Case(), evolve).when(
        opening(by="reporter", reply_key=REPLY_KEY, words=(WORDS, TO_REPORTER), statement=READ)
    ).then(REPORTED)
    past = [REPORTED, SPOKEN, DRAFTED]
    given(Case(), evolve, past).when(correcting()).then(CORRECTED)
    given(Case(), evolve, [*past, CORRECTED, AGAIN]).when(signing()).then(SIGNED)
    assert ("putting_into_words",) == kept(needs=("putting_into_words",)).needs


def test_without_overload() -> None:
    """That the load is too much is a need; help elsewhere is a referral, which is recorded."""
    assert ("lighter_load",) == kept(needs=("lighter_load",)).needs
    acted("referral_care", "referral_other")


def test_coach() -> None:
    """Coaching is a trail of its own, and its result is what the reporter then did."""
    acted("coaching", "coaching")
    assert "step_taken" == kept(own_first_step="step_taken").own_first_step


def test_what_people_need_to_function() -> None:
    """A list of needs, in the reporter's interest and without a remedy in it."""
    for need in codes("needs") - {"prefer_not_to_say"}:
        assert (need,) == kept(needs=(need,)).needs


def test_listen_guide_and_make_discussable() -> None:
    """The mix of what an adviser did, one after another."""
    acted("listening", "thinking_along", "guidance", "accompaniment", "closing_talk")


# Speaking up ------------------------------------------------------------------------------------


def test_own_first_step() -> None:
    """Taken, not yet, not wanted, not possible: nobody is blamed for any of them."""
    answers = codes("own_first_steps") - {"prefer_not_to_say"}
    assert 4 == len(answers)
    for answer in answers:
        assert answer == kept(own_first_step=answer).own_first_step
        assert not judges(answer)


def test_gets_the_conversation_going() -> None:
    """That they had the conversation themself is an outcome."""
    held = OutcomeRecorded(outcome="own_conversation_held", route="nothing_further", at=AT)
    given(Case(), evolve, [OPENED]).when(ending("own_conversation_held")).then(held)


def test_conduct_that_comes_back_is_told() -> None:
    """Of a closed case: at its aftercare, and by opening it again."""
    past = [REPORTED, ENDED, CLOSED]
    given(Case(), evolve, past).when(reopening()).then(REOPENED)
    given(Case(), evolve, [*past, PLANNED]).when(giving("conduct_returned")).then(
        replace(GIVEN, result="conduct_returned")
    )


def test_calm_and_trust() -> None:
    """Asked for at an agreed moment after the case, of which a clock reminds."""
    past = [REPORTED, ENDED, CLOSED, PLANNED]
    assert AFTERCARE in {term.term for term in given(Case(), evolve, past).state.terms}
    given(Case(), evolve, past).when(giving("calm_and_trust")).then(GIVEN)


# Causes and effects -----------------------------------------------------------------------------


def test_tensions_unclear_responsibilities_and_cultural_friction() -> None:
    """Three causes, of one case if need be."""
    causes = ("tension", "unclear_responsibility", "cultural_friction")
    assert causes == kept(causes=causes).causes


def test_where_policy_does_not_fit_practice() -> None:
    """The cause, and which policy it is about."""
    record = kept(causes=("policy_misfit",), policies=("code_of_conduct",))
    assert (("policy_misfit",), ("code_of_conduct",)) == (record.causes, record.policies)


def test_stress_fear_bad_sleep_and_loss_of_motivation() -> None:
    """Four codes of impact."""
    impacts = ("stress", "fear", "sleep", "motivation")
    assert impacts == kept(impacts=impacts).impacts


def test_absence_and_leaving() -> None:
    """Two more; what they cost nobody computes."""
    assert ("absence", "leaving") == kept(impacts=("absence", "leaving")).impacts


def test_what_behaviour_evokes() -> None:
    """Fear, and holding back."""
    assert ("fear", "holding_back") == kept(impacts=("fear", "holding_back")).impacts


def test_stress_and_problems_in_working_together() -> None:
    """A matter of its own, with its impact."""
    record = kept(replace(OPENED, category="cooperation_problems"), impacts=("stress",))
    assert ("stress",) == record.impacts
    assert "cooperation_problems" == told(replace(OPENED, category="cooperation_problems")).category


# What leaves ------------------------------------------------------------------------------------


def strings(value: object) -> Iterable[str]:
    """Every text in what leaves."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for each in value:
            yield from strings(each)


def test_no_name_leaves() -> None:
    """Of all that a case says, five codes, a period and a number leave: no person, no words, no case."""
    fact = told(replace(REPORTED, anonymity="named"))
    texts = {text for name in fact.__struct_fields__ for text in strings(getattr(fact, name))}
    assert texts == {
        *(str(REPORTED.facts_id), "2026-H2", "2026-Q4"),
        *("bullying", "care", "employee", "colleague"),
    }


def test_no_adviser_stands_in_what_leaves() -> None:
    """Who worked on it stays with intake: figures are nobody's record of work."""
    fact = told(OPENED)
    assert "adviser" not in " ".join(fact.__struct_fields__)
    assert OPENED.adviser_id not in {
        text for name in fact.__struct_fields__ for text in strings(getattr(fact, name))
    }


def test_what_is_known_of_a_case_stays_with_intake() -> None:
    """No field of the record has a place in the facts."""
    assert not {field.name for field in fields(CaseRecord)} & set(told(OPENED).__struct_fields__)
