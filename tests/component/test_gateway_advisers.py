"""Advisers at work through the whole gateway: what intake is asked, and what callers are told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest_asyncio

from shared.contracts import rpc
from shared.identity.roles import Role
from tests.gateway_lab import ORGANISATION, Lab, running_gateway

PROFILE = rpc.AdviserProfile(
    adviser_id="bram",
    name="Bram",
    described=True,
    external=False,
    unit_id="care",
    languages=("nl", "tr"),
    expertise=("bullying",),
    hours_a_week=8,
    certificate="LVV-register",
    certificate_until=date(2027, 6, 30),
    certificate_state="expires",
    availability="absent",
    stands_in="anna",
    absences=(
        rpc.Absence(
            id="11111111-1111-4111-8111-111111111111",
            first=date(2026, 7, 6),
            until=None,
            replacement="anna",
        ),
    ),
)


@pytest_asyncio.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    """A running gateway."""
    async with running_gateway(tmp_path) as lab:
        yield lab


async def test_a_proposal_is_told_in_the_language_that_was_asked_for(lab: Lab) -> None:
    """Every part of the question reaches intake; codes are the same in both languages."""
    lab.neighbours.answers["intake.adviser_proposal"] = rpc.AdviserProposal(
        items=(
            rpc.ProposedAdviser(
                adviser_id="bram",
                name="Bram",
                proposed=False,
                reasons=("absent",),
                sentences_en=("They are away.",),
                sentences_nl=("Zij zijn afwezig.",),
            ),
        )
    )
    told = {}
    for language in ("EN", "NL"):
        told[language] = await lab.ask(
            'query ($l: Language!) { adviserProposal(chosen: "bram", avoid: ["anna"], '
            'unitId: "care", spoken: "tr", category: "bullying", language: $l) '
            "{ adviserId name proposed reasons sentences } }",
            {"l": language},
            role=Role.COORDINATOR,
        )

    assert {
        rpc.ProposeAdvisers(
            chosen="bram", avoid=("anna",), unit_id="care", language="tr", category="bullying"
        )
    } == {asked.request for asked in lab.neighbours.asked}
    common = {"adviserId": "bram", "name": "Bram", "proposed": False, "reasons": ["ABSENT"]}
    assert {
        "EN": {"adviserProposal": [common | {"sentences": ["They are away."]}]},
        "NL": {"adviserProposal": [common | {"sentences": ["Zij zijn afwezig."]}]},
    } == told


async def test_profiles_and_load_are_told_as_intake_answers(lab: Lab) -> None:
    """With states and days; a count is the one that intake rounded."""
    lab.neighbours.answers |= {
        "intake.adviser_profiles": rpc.AdviserProfiles(items=(PROFILE,)),
        "intake.workload": rpc.Workload(
            week="2026-W10",
            advisers=(rpc.WorkloadOfAdviser(adviser_id="bram", name="Bram", open_cases=15),),
        ),
    }
    data = await lab.ask(
        "{ adviserProfiles { adviserId external unitId languages hoursAWeek certificateUntil "
        "certificateState availability standsIn absences { first until replacement } } "
        "workload { week advisers { adviserId openCases } } }",
        role=Role.COORDINATOR,
    )

    assert {
        "adviserProfiles": [
            {
                "adviserId": "bram",
                "external": False,
                "unitId": "care",
                "languages": ["nl", "tr"],
                "hoursAWeek": 8,
                "certificateUntil": "2027-06-30",
                "certificateState": "EXPIRES",
                "availability": "ABSENT",
                "standsIn": "anna",
                "absences": [{"first": "2026-07-06", "until": None, "replacement": "anna"}],
            }
        ],
        "workload": {"week": "2026-W10", "advisers": [{"adviserId": "bram", "openCases": 15}]},
    } == data


async def test_an_organisation_that_is_not_the_askers_is_none(lab: Lab) -> None:
    """Nothing is listening under such a name; the answer is null, and no error."""
    document = "query ($o: ID) { adviserProfiles(organisationId: $o) { adviserId } }"
    organisation = {"o": str(ORGANISATION)}

    assert {"adviserProfiles": None} == await lab.ask(document, organisation, role=Role.ADMIN)


async def test_changes_reach_intake_as_they_were_meant(lab: Lab) -> None:
    """Every field, and a Done without its place in the log, which would say how much goes on."""
    done = rpc.Done(id="11111111-1111-4111-8111-111111111111", position=7)
    verbs = ("describe_adviser", "record_absence", "end_absence")
    lab.neighbours.answers |= {f"intake.{verb}": done for verb in verbs}
    key, organisation = {"idempotencyKey": "key-12345678"}, {"organisationId": str(ORGANISATION)}
    data = await lab.ask(
        "mutation ($d: DescribeAdviserInput!, $r: RecordAbsenceInput!, $e: EndAbsenceInput!) {"
        " describeAdviser(input: $d) { __typename ... on DescribeAdviserPayload { adviserId } }"
        " recordAbsence(input: $r) { __typename ... on RecordAbsencePayload { absenceId } }"
        " endAbsence(input: $e) { __typename ... on EndAbsencePayload { absenceId } } }",
        {
            "d": key
            | organisation
            | {
                "adviserId": "bram",
                "external": False,
                "unitId": "care",
                "languages": ["nl"],
                "expertise": ["bullying"],
                "hoursAWeek": 8,
                "certificate": "LVV-register",
                "certificateUntil": "2027-06-30",
                "takesCases": False,
            },
            "r": key | {"adviserId": "bram", "first": "2026-07-06", "replacement": "anna"},
            "e": key | {"absenceId": done.id, "last": "2026-07-24"},
        },
        role=Role.ADMIN,
    )

    part = await lab.ask(
        "mutation ($d: DescribeAdviserInput!) { describeAdviser(input: $d) { __typename"
        " ... on InvalidInput { path message } } }",
        {"d": key | {"adviserId": "bram", "hoursAWeek": None, "languages": ["nl"]}},
        role=Role.COORDINATOR,
    )
    told = lab.neighbours.asked.pop().request
    cleared = await lab.ask(
        "mutation ($d: DescribeAdviserInput!) { describeAdviser(input: $d) {"
        " ... on InvalidInput { path message } } }",
        {"d": key | {"adviserId": "bram", "takesCases": None}},
        role=Role.COORDINATOR,
    )

    assert {"__typename": "DescribeAdviserPayload"} == part["describeAdviser"]
    assert rpc.DescribeAdviser(adviser_id="bram", hours_a_week=None, languages=("nl",)) == told
    assert ["input", "takesCases"] == cleared["describeAdviser"]["path"]
    assert [
        rpc.DescribeAdviser(
            organisation_id=str(ORGANISATION),
            adviser_id="bram",
            external=False,
            unit_id="care",
            languages=("nl",),
            expertise=("bullying",),
            hours_a_week=8,
            certificate="LVV-register",
            certificate_until=date(2027, 6, 30),
            takes_cases=False,
        ),
        rpc.RecordAbsence(adviser_id="bram", first=date(2026, 7, 6), replacement="anna"),
        rpc.EndAbsence(absence_id=done.id, last=date(2026, 7, 24)),
    ] == [asked.request for asked in lab.neighbours.asked]
    assert {
        "describeAdviser": {"__typename": "DescribeAdviserPayload", "adviserId": done.id},
        "recordAbsence": {"__typename": "RecordAbsencePayload", "absenceId": done.id},
        "endAbsence": {"__typename": "EndAbsencePayload", "absenceId": done.id},
    } == data


async def test_a_reporter_is_shown_whom_they_may_turn_to(lab: Lab) -> None:
    """What a choice is made of, and not a word more: another field is none of theirs."""
    lab.neighbours.answers["intake.adviser_choices"] = rpc.AdviserChoices(
        items=(
            rpc.AdviserChoice(
                adviser_id="bram",
                name="Bram",
                languages=("nl",),
                expertise=(),
                availability="full",
            ),
        )
    )
    token = f"reporter.{ORGANISATION}"
    document = "{ adviserChoices { adviserId name languages expertise availability } }"
    answer = await lab.post({"query": document}, Authorization=f"Bearer {token}")

    assert {
        "adviserChoices": [
            {
                "adviserId": "bram",
                "name": "Bram",
                "languages": ["nl"],
                "expertise": [],
                "availability": "FULL",
            }
        ]
    } == answer.json()["data"]
