"""Operations through the whole gateway: what services are asked, and what callers are told."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from base64 import b64encode
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest
import pytest_asyncio

from services.gateway.telling import MetricsPage
from shared.contracts import report, rpc
from shared.contracts.errors import CATALOGUE, Code, Refusal
from shared.identity.roles import Role
from tests.gateway_lab import ORGANISATION, PADDED, Lab, running_gateway

CASE = "11111111-1111-4111-8111-111111111111"
REPORT = "22222222-2222-4222-8222-222222222222"
UNIT = rpc.Unit(id="u1", name="Zorg", headcount=40, parent=None)
RELEASE = rpc.Release(
    release_id="r1",
    organisation_id=str(ORGANISATION),
    organisation_token="t0",
    period="2026-H1",
    policy="exact",
    dimension="category",
    k=10,
    taxonomy_version=1,
    cells=(rpc.ReleasedCell(code="bullying", count=46),),
    withheld=rpc.WithheldBlock(codes=("a", "b"), count=None),
    total=None,
    released_week="2026-W30",
)
OPEN_CASE = """
mutation Open($input: OpenCaseInput!) {
  openCase(input: $input) {
    __typename
    ... on OpenCasePayload { caseId position }
    ... on UserError { code message path }
  }
}
"""
INPUT = {
    "idempotencyKey": "key-12345678",
    "caseId": CASE,
    "channel": "phone",
    "anonymity": "named",
    "reporterRole": "employee",
    "relation": "manager",
    "category": "bullying",
    "words": [{"keyId": "k1", "ciphertext": b64encode(PADDED).decode()}],
}


@pytest_asyncio.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    """A running gateway."""
    async with running_gateway(tmp_path) as lab:
        yield lab


async def test_a_command_reaches_its_service_as_it_was_meant(lab: Lab) -> None:
    """Intake gets every field, the idempotency key and the caller's own token."""
    lab.neighbours.answers["intake.open_case"] = rpc.Done(id=CASE, position=7)
    token = lab.token()
    answer = await lab.post(
        {"query": OPEN_CASE, "variables": {"input": INPUT}}, Authorization=f"Bearer {token}"
    )
    (asked,) = lab.neighbours.asked

    assert {
        "openCase": {"__typename": "OpenCasePayload", "caseId": CASE, "position": 7}
    } == answer.json()["data"]
    assert (
        rpc.OpenCase(
            case_id=CASE,
            channel="phone",
            anonymity="named",
            reporter_role="employee",
            relation="manager",
            category="bullying",
            unit_id=None,
            words=(rpc.Sealed(key_id="k1", ciphertext=PADDED),),
        )
        == asked.request
    )
    assert (token, "key-12345678") == (asked.token, asked.idempotency_key)


REFUSALS = [
    (Refusal(Code.UNKNOWN_CODE, field="unit_id", version=1), "InvalidInput", ["input", "unitId"]),
    (Refusal(Code.NOT_FOUND), "NotFound", []),
    (Refusal(Code.NOT_ALLOWED), "NotAllowed", []),
    (Refusal(Code.ALREADY_EXISTS), "Conflict", []),
    (Refusal(Code.KEY_REUSED), "Conflict", []),
    (Refusal(Code.PERIOD_OVERLAPS, period="2026"), "Conflict", []),
]


@pytest.mark.parametrize(("refusal", "kind", "path"), REFUSALS, ids=lambda value: str(value)[:20])
async def test_an_expected_refusal_is_a_member_of_the_result(
    lab: Lab, refusal: Refusal, kind: str, path: list[str]
) -> None:
    """A refusal that a person can act on comes as data, with its sentence and its field."""
    lab.neighbours.answers["intake.open_case"] = refusal
    data = await lab.ask(OPEN_CASE, {"input": INPUT})

    assert {
        "__typename": kind,
        "code": refusal.code.value,
        "message": refusal.sentence("en"),
        "path": path,
    } == data["openCase"]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"caseId": "7"}, ["input", "caseId"]),
        ({"idempotencyKey": "short"}, ["input", "idempotencyKey"]),
        ({"idempotencyKey": "with spaces in it"}, ["input", "idempotencyKey"]),
        ({"idempotencyKey": "x" * 201}, ["input", "idempotencyKey"]),
    ],
)
async def test_ill_formed_ids_stop_at_the_gateway(
    lab: Lab, change: dict[str, str], path: list[str]
) -> None:
    """An id that cannot be one is refused by its field; no service is asked."""
    lab.neighbours.answers["intake.open_case"] = rpc.Done(id=CASE, position=7)
    data = await lab.ask(OPEN_CASE, {"input": INPUT | change})

    assert ("INVALID_INPUT", path) == (data["openCase"]["code"], data["openCase"]["path"])
    assert [] == lab.neighbours.asked


@pytest.mark.parametrize("code", [Code.UNAVAILABLE, Code.TIMED_OUT, Code.INTERNAL])
async def test_a_fault_of_ours_is_a_top_level_error(lab: Lab, code: Code) -> None:
    """What no caller can mend is an error beside the data, with its code and sentence."""
    lab.neighbours.answers["signals.statistics"] = Refusal(code)
    answer = (await lab.post({"query": "{ statistics { id } session { role } }"})).json()

    assert {"statistics": None, "session": {"role": "adviser"}} == answer["data"]
    assert [
        {
            "message": CATALOGUE[code].en,
            "path": ["statistics"],
            "extensions": {"code": code.value},
        }
    ] == answer["errors"]


async def test_an_exception_in_a_resolver_is_masked(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unforeseen exception is INTERNAL; its text is neither answered nor logged."""

    def broken(*_: object) -> None:
        raise RuntimeError("Anna de Vries")

    monkeypatch.setattr("services.gateway.schema.taxonomy.taxonomy.current", broken)
    answer = await lab.post({"query": "{ taxonomy { version } }"})

    assert (200, "INTERNAL") == (
        answer.status_code,
        answer.json()["errors"][0]["extensions"]["code"],
    )
    assert "Anna" not in answer.text + lab.left()
    (line,) = (
        json.loads(text) for text in lab.lines.getvalue().splitlines() if "operation.failed" in text
    )
    assert "RuntimeError" == line["error"]


async def test_a_service_that_is_not_there_is_told_as_such(lab: Lab) -> None:
    """When nobody listens, the caller reads that nothing is lost."""
    await lab.bus._clients[0].close()  # intake's connection
    answer = (await lab.post({"query": "{ organisation { name } }"})).json()

    assert {"organisation": None} == answer["data"]
    assert "UNAVAILABLE" == answer["errors"][0]["extensions"]["code"]


async def test_questions_are_asked_side_by_side(lab: Lab) -> None:
    """Three services are asked at once: each waits until the others have been asked too."""
    all_three = asyncio.Barrier(3)
    answers = {
        "signals.statistics": rpc.Statistics(releases=()),
        "reporting.reports": rpc.Reports(items=()),
        "intake.cases": rpc.Cases(items=()),
    }
    lab.neighbours.answers |= answers
    lab.neighbours.before = all_three.wait

    async with asyncio.timeout(5):
        data = await lab.ask("{ statistics { id } reports { id } cases { edges { cursor } } }")

    assert {"statistics": [], "reports": [], "cases": {"edges": []}} == data


async def test_changes_are_made_one_after_another(lab: Lab) -> None:
    """Mutations of one document run in their order, as GraphQL says."""
    lab.neighbours.answers |= {
        "intake.record_outcome": rpc.Done(id=CASE, position=1),
        "intake.close_case": rpc.Done(id=CASE, position=2),
    }
    await lab.ask(
        """
        mutation ($o: RecordOutcomeInput!, $c: CloseCaseInput!) {
          recordOutcome(input: $o) { __typename }
          closeCase(input: $c) { __typename }
        }
        """,
        {
            "o": {
                "idempotencyKey": "key-00000001",
                "caseId": CASE,
                "outcome": "resolved",
                "route": "informal",
            },
            "c": {"idempotencyKey": "key-00000002", "caseId": CASE},
        },
    )

    assert ["intake.record_outcome", "intake.close_case"] == [
        asked.verb for asked in lab.neighbours.asked
    ]


async def test_the_payload_gives_the_changed_case(lab: Lab) -> None:
    """A client that wants the case after its change asks for it in the same operation."""
    lab.neighbours.answers |= {
        "intake.close_case": rpc.Done(id=CASE, position=9),
        "intake.case": rpc.Case(
            id=CASE,
            status="closed",
            channel="phone",
            anonymity="named",
            reporter_role="employee",
            relation="manager",
            category="bullying",
            unit_id="u1",
            outcome="resolved",
            route="informal",
            opened_week="2026-W30",
            reply_key=None,
            entries=(
                rpc.CaseEntry(
                    kind="case.opened",
                    week="2026-W30",
                    version=1,
                    sealed=(rpc.Sealed(key_id="k1", ciphertext=b"\xff\x00"),),
                ),
            ),
        ),
    }
    data = await lab.ask(
        """
        mutation ($input: CloseCaseInput!) {
          closeCase(input: $input) {
            ... on CloseCasePayload {
              position
              case { status unitId outcome entries { kind sealed { keyId ciphertext } } }
            }
          }
        }
        """,
        {"input": {"idempotencyKey": "key-00000001", "caseId": CASE}},
    )

    assert {
        "position": 9,
        "case": {
            "status": "CLOSED",
            "unitId": "u1",
            "outcome": "resolved",
            "entries": [{"kind": "case.opened", "sealed": [{"keyId": "k1", "ciphertext": "/wA="}]}],
        },
    } == data["closeCase"]


async def test_a_question_can_ask_for_ones_own_change(lab: Lab) -> None:
    """The position of the change goes with the question; the same question without it is another one."""
    lab.neighbours.answers["intake.cases"] = rpc.Cases(items=())
    data = await lab.ask(
        "{ cases(atLeast: 7) { edges { cursor } } again: cases { edges { cursor } } }"
    )
    refused = (await lab.post({"query": "{ cases(atLeast: -1) { edges { cursor } } }"})).json()

    assert {"cases": {"edges": []}, "again": {"edges": []}} == data
    assert {7, None} == {asked.at_least for asked in lab.neighbours.asked}
    assert "INVALID_INPUT" == refused["errors"][0]["extensions"]["code"]


@pytest.mark.parametrize("case_id", [CASE, "not-an-id"])
async def test_a_case_that_is_not_ones_own_looks_absent(lab: Lab, case_id: str) -> None:
    """What does not exist, is not the caller's, or could not exist, is null without an error."""
    data = await lab.ask("query($id: ID!) { case(id: $id) { id } }", {"id": case_id})

    assert {"case": None} == data


async def test_lists_are_read_page_by_page(lab: Lab) -> None:
    """The service's cursor goes out and comes back as it is; the page size is bounded."""
    lab.neighbours.answers["intake.cases"] = rpc.Cases(
        items=tuple(
            rpc.CaseSummary(
                id=f"c{n}",
                status="open",
                category="bullying",
                opened_week="2026-W30",
                conversations=n,
            )
            for n in range(2)
        ),
        end_cursor="opaque==",
        has_next=True,
    )
    query = """
    query ($first: Int!, $after: String) {
      cases(first: $first, after: $after) {
        edges { cursor node { id status conversations } }
        pageInfo { hasNextPage endCursor }
      }
    }
    """
    data = await lab.ask(query, {"first": 2, "after": "before=="})
    too_many = (await lab.post({"query": query, "variables": {"first": 101}})).json()

    assert {
        "edges": [
            {"cursor": None, "node": {"id": "c0", "status": "OPEN", "conversations": 0}},
            {"cursor": "opaque==", "node": {"id": "c1", "status": "OPEN", "conversations": 1}},
        ],
        "pageInfo": {"hasNextPage": True, "endCursor": "opaque=="},
    } == data["cases"]
    assert rpc.Page(first=2, after="before==") == lab.neighbours.asked[0].request
    assert "INVALID_INPUT" == too_many["errors"][0]["extensions"]["code"]
    assert 1 == len(lab.neighbours.asked)


async def test_hr_reads_statistics_and_published_reports(lab: Lab) -> None:
    """HR gets releases and reports; drafts are not in its schema."""
    lab.neighbours.answers |= {
        "signals.statistics": rpc.Statistics(releases=(RELEASE,)),
        "reporting.report": rpc.Report(
            id=REPORT,
            period="2026-H1",
            status="published",
            release=RELEASE,
            tables=(NOISY,),
            interpretation="What it means.",
            drafts=(),
            version=1,
            newest=2,
            changes=None,
            audience="hr",
            audiences=("hr",),
            starts=date(2026, 1, 1),
            ends=date(2026, 6, 30),
            cut_off=date(2026, 6, 30),
            published_on=date(2026, 7, 20),
            sections=(NATURE,),
            sections_sha256=None,
            snapshot_sha256=b"\x02" * 32,
            forms=(rpc.FormHash(form="pdf", audience=None, language="nl", sha256=b"\x01" * 32),),
            acknowledged=True,
            acknowledgements=(),
        ),
    }
    data = await lab.ask(
        """
        query ($id: ID!) {
          statistics(period: "2026-H1") {
            period dimension k total cells { code count } withheld { codes count }
          }
          report(id: $id) {
            status interpretation pdfSha256 pdfPath release { id } tables { id }
            version newestVersion audience cutOff snapshotSha256 acknowledged
            sections(language: NL) {
              code title words hasFigures
              blocks {
                __typename
                ... on ReportParagraphs { paragraphs }
                ... on ReportTable { name title columns { label unit } chart note
                  rows { label cells { kind value margin decimals threshold text } } }
              }
            }
          }
        }
        """,
        {"id": REPORT},
        role=Role.HR,
    )

    assert [
        {
            "period": "2026-H1",
            "dimension": "category",
            "k": 10,
            "total": None,
            "cells": [{"code": "bullying", "count": 46}],
            "withheld": {"codes": ["a", "b"], "count": None},
        }
    ] == data["statistics"]
    assert {
        "status": "PUBLISHED",
        "interpretation": "What it means.",
        "pdfSha256": "01" * 32,
        "pdfPath": f"/reports/{REPORT}.pdf?version=1&language=nl",
        "release": {"id": "r1"},
        "tables": [{"id": "r2"}],
        "version": 1,
        "newestVersion": 2,
        "audience": "HR",
        "cutOff": "2026-06-30",
        "snapshotSha256": "02" * 32,
        "acknowledged": True,
        "sections": [
            {
                "code": "nature",
                "title": "Aard",
                "words": "Wat het betekent.",
                "hasFigures": True,
                "blocks": [
                    {"__typename": "ReportParagraphs", "paragraphs": ["Lees dit."]},
                    {
                        "__typename": "ReportTable",
                        "name": "rates",
                        "title": "Per honderd",
                        "columns": [{"label": "Zaken", "unit": "PER_100"}],
                        "chart": "BARS",
                        "note": None,
                        "rows": [
                            {"label": "Zorg", "cells": [cell("SHOWN", 1.2, 0.4, 1)]},
                            {"label": "Kantoor", "cells": [cell("BELOW", threshold=7)]},
                            {"label": "Werkplaats", "cells": [cell("WITHHELD")]},
                            {"label": "Magazijn", "cells": [cell("ABSENT")]},
                            {"label": "Overig", "cells": [cell("SAID", text="Niet gemeten")]},
                        ],
                    },
                ],
            }
        ],
    } == data["report"]


def cell(
    kind: str,
    value: float | None = None,
    margin: float | None = None,
    decimals: int | None = None,
    *,
    threshold: int | None = None,
    text: str | None = None,
) -> dict[str, Any]:
    """A cell as a client gets it."""
    return {
        "kind": kind,
        "value": value,
        "margin": margin,
        "decimals": decimals,
        "threshold": threshold,
        "text": text,
    }


def both(nl: str, en: str = "-") -> report.Bilingual:
    """A text of the program."""
    return report.Bilingual(nl=nl, en=en)


NATURE = report.Section(
    code="nature",
    title=both("Aard"),
    blocks=(
        report.Paragraphs(items=(both("Lees dit."),)),
        report.Table(
            id="rates",
            title=both("Per honderd"),
            columns=(report.Column(label=both("Zaken"), unit="per_100"),),
            rows=tuple(
                report.Row(label=both(name), cells=(one,))
                for name, one in (
                    ("Zorg", report.Shown(value=12, margin=4, decimals=1)),
                    ("Kantoor", report.Below(threshold=7)),
                    ("Werkplaats", report.Withheld()),
                    ("Magazijn", report.Absent()),
                    ("Overig", report.Said(text=both("Niet gemeten"))),
                )
            ),
            chart="bars",
        ),
    ),
    words="Wat het betekent.",
)


NOISY = rpc.Release(
    release_id="r2",
    organisation_id=str(ORGANISATION),
    organisation_token="t0",
    period="2026-Q3",
    policy="noisy",
    dimension="theme",
    k=5,
    taxonomy_version=1,
    cells=(rpc.ReleasedCell(code="workload", count=9, margin=3),),
    withheld=rpc.WithheldBlock(codes=("integrity",), count=None, thresholds=(5,)),
    total=14,
    total_margin=8,
    epsilon=1.0,
    grid_id="33333333-3333-4333-8333-333333333333",
    released_week="2026-W42",
    labels_en={"workload": "Workload", "integrity": "Integrity"},
    labels_nl={"workload": "Werkdruk", "integrity": "Integriteit"},
)


async def test_a_figure_with_noise_comes_with_its_margin_and_labels(lab: Lab) -> None:
    """One table of one quarter is asked for by name; a code that is withheld has a label too."""
    lab.neighbours.answers["signals.statistics"] = rpc.Statistics(releases=(NOISY,))
    data = await lab.ask(
        """
        {
          statistics(period: "2026-Q3", dimension: "theme") {
            policy dimension cells { code count margin } withheld { codes count thresholds }
            total totalMargin epsilon gridId labels(language: NL) { code label }
          }
        }
        """,
        role=Role.HR,
    )

    assert [
        {
            "policy": "NOISY",
            "dimension": "theme",
            "cells": [{"code": "workload", "count": 9, "margin": 3}],
            "withheld": {"codes": ["integrity"], "count": None, "thresholds": [5]},
            "total": 14,
            "totalMargin": 8,
            "epsilon": 1.0,
            "gridId": "33333333-3333-4333-8333-333333333333",
            "labels": [
                {"code": "workload", "label": "Werkdruk"},
                {"code": "integrity", "label": "Integriteit"},
            ],
        }
    ] == data["statistics"]
    wanted = rpc.StatisticsQuery(period="2026-Q3", dimension="theme")
    assert wanted == lab.neighbours.asked[0].request


EXPLAINED = rpc.TableExplained(
    release_id="r2",
    in_short="Every figure has been changed a little.",
    steps=("First.", "Then."),
    cells=(rpc.CellExplained(code="workload", label="Workload", sentence="9, margin 3."),),
    missing="Because it is small.",
    total="In total 14.",
    budget="1 of 2.",
    limits=("A group.",),
    page="docs/anonymity.md",
)


async def test_an_explanation_is_asked_once_for_the_tables_of_an_answer(lab: Lab) -> None:
    """Of whatever period; each table takes its own, and one that signals does not know has none."""
    other = msgspec.structs.replace(NOISY, release_id="r3", period="2026-Q2", dimension="unit")
    lab.neighbours.answers |= {
        "signals.statistics": rpc.Statistics(releases=(NOISY, other)),
        "signals.explanations": rpc.Explanations(items=(EXPLAINED,)),
    }
    data = await lab.ask(
        """
        {
          statistics {
            explanation(language: NL) {
              inShort steps cells { code label sentence } missing total budget limits page
            }
          }
        }
        """,
        role=Role.WORKS_COUNCIL,
    )

    assert [
        {
            "explanation": {
                "inShort": "Every figure has been changed a little.",
                "steps": ["First.", "Then."],
                "cells": [{"code": "workload", "label": "Workload", "sentence": "9, margin 3."}],
                "missing": "Because it is small.",
                "total": "In total 14.",
                "budget": "1 of 2.",
                "limits": ["A group."],
                "page": "docs/anonymity.md",
            }
        },
        {"explanation": None},
    ] == data["statistics"]
    questions = [asked.request for asked in lab.neighbours.asked[1:]]
    tables = (
        rpc.TableNamed(period="2026-Q3", dimension=NOISY.dimension),
        rpc.TableNamed(period="2026-Q2", dimension="unit"),
    )
    assert [rpc.ExplanationsQuery(tables=tables, language="nl")] == questions


async def test_statements_of_erasures_are_asked_for_at_once(lab: Lab) -> None:
    """Of those that are done; one that intake leaves out has none."""
    asked_for = rpc.Erasure(
        case_id=CASE,
        ground="reporter",
        status="requested",
        requested_by="reporter",
        requested_week="2026-W10",
        approved_by=(),
        erased_week=None,
    )
    done = [
        msgspec.structs.replace(asked_for, case_id=f"case-{n}", status="erased") for n in range(3)
    ]
    told = tuple(
        rpc.ErasureStatement(case_id=f"case-{n}", statement=f"s{n}", vkey="v") for n in (2, 0)
    )
    lab.neighbours.answers |= {
        "intake.erasures": rpc.Erasures(items=(asked_for, *done)),
        "intake.erasure_statements": rpc.ErasureStatements(items=told),
    }
    data = await lab.ask("{ erasures { caseId statement { statement } } }", role=Role.WORKS_COUNCIL)

    assert [None, {"statement": "s0"}, None, {"statement": "s2"}] == [
        one["statement"] for one in data["erasures"]
    ]
    assert [rpc.ErasureStatementsQuery(case_ids=("case-0", "case-1", "case-2"))] == [
        one.request for one in lab.neighbours.asked[1:]
    ]


async def test_who_asks_the_same_twice_is_refused_twice_and_asks_once(lab: Lab) -> None:
    """Under two aliases both get the answer, or both what it failed with."""
    text = "{ one: cases { edges { cursor } } two: cases { edges { cursor } } }"
    refused = Refusal(Code.TOO_LARGE, limit=1, unit="MiB")
    for refusal, codes in ((None, []), (refused, ["TOO_LARGE", "TOO_LARGE"])):
        lab.neighbours.asked.clear()
        if refusal is not None:
            lab.neighbours.answers["intake.cases"] = refusal
        else:
            lab.neighbours.answers["intake.cases"] = rpc.Cases(
                items=(), end_cursor=None, has_next=False
            )
        answer = (await lab.post({"query": text})).json()
        assert {"one", "two"} == set(answer["data"])
        assert codes == [one["extensions"]["code"] for one in answer.get("errors", [])]
        assert 1 == len(lab.neighbours.asked)


async def test_the_budget_is_read_by_period(lab: Lab) -> None:
    """What was spent on which draw, the tables that are made of it, and the limit."""
    lab.neighbours.answers["signals.privacy_budget"] = rpc.PrivacyBudget(
        policy="noisy",
        profile="strict",
        limit=1.5,
        periods=(
            rpc.PeriodSpent(
                period="2026-H1",
                spent=0.75,
                planned=1.5,
                draws=(
                    rpc.DrawSpent(
                        measure="theme",
                        window="2026-Q1",
                        epsilon=0.75,
                        adopted=True,
                        tables=("theme", "area"),
                    ),
                ),
            ),
        ),
        pulses=(rpc.PulseSpent(period="2026-H1", spent=1.0, adopted=False),),
    )
    data = await lab.ask(
        """
        {
          privacyBudget(asOf: 40) {
            policy profile limit
            periods { period spent planned draws { measure window epsilon adopted tables } }
            pulses { period spent adopted }
          }
        }
        """,
        role=Role.WORKS_COUNCIL,
    )

    draw = {
        "measure": "theme",
        "window": "2026-Q1",
        "epsilon": 0.75,
        "adopted": True,
        "tables": ["theme", "area"],
    }
    assert {
        "policy": "NOISY",
        "profile": "STRICT",
        "limit": 1.5,
        "periods": [{"period": "2026-H1", "spent": 0.75, "planned": 1.5, "draws": [draw]}],
        "pulses": [{"period": "2026-H1", "spent": 1.0, "adopted": False}],
    } == data["privacyBudget"]
    assert rpc.PrivacyBudgetQuery(as_of=40) == lab.neighbours.asked[0].request


async def test_warnings_and_trends_are_read_in_ones_language(lab: Lab) -> None:
    """Figures as they are shown, reasons for silence, and a sentence beside each."""
    lab.neighbours.answers["signals.early_warning"] = rpc.EarlyWarnings(
        detector="detector/1",
        table="theme",
        warnings=(
            rpc.EarlyWarning(
                cell="leadership",
                label="Leiderschap",
                period="2027-Q3",
                kind="persistent",
                seen=(
                    rpc.FigureSeen(period="2027-Q2", count=None, margin=3, threshold=5),
                    rpc.FigureSeen(period="2027-Q3", count=9, margin=3, threshold=5),
                ),
                expected=2.2,
                history=8,
                found=3.4,
                bound=3.1,
                sentence="Leiderschap: …",
            ),
        ),
        unwatched=(
            rpc.CellUnwatched(
                cell="workload", label="Werkdruk", reason="too_few_cases", sentence="Werkdruk: …"
            ),
        ),
        trends=(
            rpc.TrendSeen(
                table="unit",
                cell="care",
                label="Zorg",
                period="2027-H1",
                kind="recurring",
                change="same",
                in_a_row=4,
                compared=4,
                cut=True,
                sentence="Zorg: …",
            ),
        ),
    )
    data = await lab.ask(
        """
        {
          earlyWarning(language: NL, asOf: 512) {
            detector dimension
            warnings {
              cell label period kind seen { period count margin threshold }
              expected history found bound sentence
            }
            unwatched { cell label reason sentence }
            trends { dimension cell label period kind change inARow compared cut sentence }
          }
        }
        """,
        role=Role.BOARD,
    )

    assert {
        "detector": "detector/1",
        "dimension": "theme",
        "warnings": [
            {
                "cell": "leadership",
                "label": "Leiderschap",
                "period": "2027-Q3",
                "kind": "PERSISTENT",
                "seen": [
                    {"period": "2027-Q2", "count": None, "margin": 3, "threshold": 5},
                    {"period": "2027-Q3", "count": 9, "margin": 3, "threshold": 5},
                ],
                "expected": 2.2,
                "history": 8,
                "found": 3.4,
                "bound": 3.1,
                "sentence": "Leiderschap: …",
            }
        ],
        "unwatched": [
            {
                "cell": "workload",
                "label": "Werkdruk",
                "reason": "TOO_FEW_CASES",
                "sentence": "Werkdruk: …",
            }
        ],
        "trends": [
            {
                "dimension": "unit",
                "cell": "care",
                "label": "Zorg",
                "period": "2027-H1",
                "kind": "RECURRING",
                "change": "SAME",
                "inARow": 4,
                "compared": 4,
                "cut": True,
                "sentence": "Zorg: …",
            }
        ],
    } == data["earlyWarning"]
    assert rpc.EarlyWarningQuery(language="nl", as_of=512) == lab.neighbours.asked[0].request


async def test_a_plan_is_made_of_what_was_asked(lab: Lab) -> None:
    """Tree, cases, policy and language reach signals; rows and picture come back."""
    row = rpc.GridPlanRow(
        table="theme",
        label="Thema, per halfjaar",
        grain="half-year",
        verdict="refused",
        epsilon=0.75,
        margin=4,
        threshold=7,
        share_shown=0.4,
        share_of_five=0.9,
        cases_in_a_cell=3.0,
        reason="budget_spent",
        sentence="Het budget is besteed.",
    )
    lab.neighbours.answers["signals.plan_grid"] = rpc.GridPlan(
        policy="noisy",
        profile="strict",
        cases_a_year=60.0,
        estimated=False,
        units=1,
        epsilon=1.5,
        budget=1.5,
        rows=(row,),
        picture="<svg/>",
    )
    data = await lab.ask(
        """
        query ($units: [UnitInput!]) {
          planGrid(units: $units, casesAYear: 60, policy: NOISY, profile: STRICT, language: NL) {
            policy profile casesAYear estimated units epsilon budget picture
            rows {
              table label grain verdict epsilon margin threshold shareShown shareOfFive casesInACell
              reason sentence
            }
          }
        }
        """,
        {"units": [{"id": "u1", "name": "Zorg", "headcount": 40}]},
        role=Role.ADMIN,
    )

    assert {
        "policy": "NOISY",
        "profile": "STRICT",
        "casesAYear": 60.0,
        "estimated": False,
        "units": 1,
        "epsilon": 1.5,
        "budget": 1.5,
        "picture": "<svg/>",
        "rows": [
            {
                "table": "theme",
                "label": "Thema, per halfjaar",
                "grain": "HALF_YEAR",
                "verdict": "REFUSED",
                "epsilon": 0.75,
                "margin": 4,
                "threshold": 7,
                "shareShown": 0.4,
                "shareOfFive": 0.9,
                "casesInACell": 3.0,
                "reason": "budget_spent",
                "sentence": "Het budget is besteed.",
            }
        ],
    } == data["planGrid"]
    assert (
        rpc.PlanGridQuery(
            units=(UNIT,), cases_a_year=60, policy="noisy", profile="strict", language="nl"
        )
        == lab.neighbours.asked[0].request
    )


async def test_the_auditor_reads_the_skeleton(lab: Lab) -> None:
    """A ledger of each service is paged; hashes and pseudonyms are hex."""
    entry = rpc.LedgerEntry(
        index=5,
        stream="s",
        version=1,
        type="case.opened",
        week="2026-W30",
        actor=b"\xaa" * 16,
        suite=1,
        key_id="k",
        nonce=b"\xcc" * 12,
        ciphertext_sha256=b"\xdd" * 32,
        leaf_hash=b"\xbb" * 32,
    )
    lab.neighbours.answers["signals.ledger"] = rpc.LedgerPage(
        size=6, checkpoint="origin\n6\n", entries=(entry,), next=9
    )
    data = await lab.ask(
        '{ ledger(service: SIGNALS, start: 5, first: 500, asOf: 6, actor: "' + "aa" * 16 + '") '
        "{ size checkpoint next entries "
        "{ index type week actor suite keyId nonce ciphertextSha256 leafHash } } }",
        role=Role.AUDITOR,
    )
    refused = await lab.post(
        {"query": "{ ledger(service: INTAKE, first: 501) { size } }"}, role=Role.AUDITOR
    )

    assert {
        "size": 6,
        "checkpoint": "origin\n6\n",
        "next": 9,
        "entries": [
            {
                "index": 5,
                "type": "case.opened",
                "week": "2026-W30",
                "actor": "aa" * 16,
                "suite": 1,
                "keyId": "k",
                "nonce": "cc" * 12,
                "ciphertextSha256": "dd" * 32,
                "leafHash": "bb" * 32,
            }
        ],
    } == data["ledger"]
    wanted = rpc.LedgerQuery(start=5, first=500, until=6, actor=b"\xaa" * 16)
    assert wanted == lab.neighbours.asked[0].request
    assert "INVALID_INPUT" == refused.json()["errors"][0]["extensions"]["code"]


async def test_an_admin_sets_an_organisation_up(lab: Lab) -> None:
    """Tree, advisers and the decision on statistics reach intake; the dimension is a code."""
    lab.neighbours.answers["intake.set_up_organisation"] = rpc.Done(
        id=str(ORGANISATION), position=0
    )
    data = await lab.ask(
        """
        mutation ($input: SetUpOrganisationInput!) {
          setUpOrganisation(input: $input) {
            ... on SetUpOrganisationPayload { organisationId }
            ... on UserError { code }
          }
        }
        """,
        {
            "input": {
                "idempotencyKey": "key-00000001",
                "organisationId": str(ORGANISATION),
                "name": "Zorggroep",
                "language": "NL",
                "units": [{"id": "u1", "name": "Zorg", "headcount": 40}],
                "advisers": [{"id": "adviser-1", "name": "A. Adviser"}],
                "release": {
                    "policy": "EXACT",
                    "dimension": "UNIT",
                    "k": 5,
                    "worksCouncilOn": "2026-01-20",
                },
            }
        },
        role=Role.ADMIN,
    )

    assert {"organisationId": str(ORGANISATION)} == data["setUpOrganisation"]
    assert (
        rpc.SetUpOrganisation(
            organisation_id=str(ORGANISATION),
            name="Zorggroep",
            language="nl",
            units=(UNIT,),
            advisers=(rpc.AdviserSeat(id="adviser-1", name="A. Adviser"),),
            release=rpc.ReleasePolicy(
                policy="exact", dimension="unit", k=5, works_council_on=date(2026, 1, 20)
            ),
        )
        == lab.neighbours.asked[0].request
    )


async def test_who_says_nothing_of_the_release_gets_noise(lab: Lab) -> None:
    """The policy of an organisation is `noisy` at the standard profile unless it decides otherwise."""
    lab.neighbours.answers["intake.set_up_organisation"] = rpc.Done(
        id=str(ORGANISATION), position=0
    )
    await lab.ask(
        """
        mutation ($input: SetUpOrganisationInput!) {
          setUpOrganisation(input: $input) { ... on UserError { code } }
        }
        """,
        {
            "input": {
                "idempotencyKey": "key-00000001",
                "organisationId": str(ORGANISATION),
                "name": "Zorggroep",
                "language": "NL",
                "units": [{"id": "u1", "name": "Zorg", "headcount": 40}],
                "advisers": [{"id": "adviser-1", "name": "A. Adviser"}],
                "release": {},
            }
        },
        role=Role.ADMIN,
    )

    asked = lab.neighbours.asked[0].request
    assert isinstance(asked, rpc.SetUpOrganisation)
    assert ("noisy", "standard", None, None) == (
        asked.release.policy,
        asked.release.profile,
        asked.release.dimension,
        asked.release.k,
    )


async def test_a_register_is_imported_by_its_fingerprint(lab: Lab) -> None:
    """The SHA-256 goes out as bytes; one that is no SHA-256 is refused by its field."""
    lab.neighbours.answers["intake.import_register"] = rpc.Imported(
        status="imported",
        rows=1,
        cases=46,
        differences=(
            rpc.Difference(period="2018", category=None, unit_id=None, printed=47, counted=46),
        ),
        position=3,
    )
    query = """
    mutation ($input: ImportRegisterInput!) {
      importRegister(input: $input) {
        ... on ImportRegisterPayload { status rows cases differences { printed counted } }
        ... on UserError { code path }
      }
    }
    """
    values: dict[str, Any] = {
        "idempotencyKey": "key-00000001",
        "fingerprint": hashlib.sha256(b"file").hexdigest(),
        "taxonomyVersion": 1,
        "rows": [{"period": "2018", "category": "bullying", "count": 46}],
        "printedTotals": [{"period": "2018", "total": 47}],
    }
    done = await lab.ask(query, {"input": values})
    refused = await lab.ask(query, {"input": values | {"fingerprint": "abc"}})
    (asked,) = lab.neighbours.asked

    assert {
        "status": "IMPORTED",
        "rows": 1,
        "cases": 46,
        "differences": [{"printed": 47, "counted": 46}],
    } == done["importRegister"]
    assert isinstance(asked.request, rpc.ImportRegister)
    assert hashlib.sha256(b"file").digest() == asked.request.fingerprint
    assert (rpc.RegisterRow(period="2018", category="bullying", count=46),) == asked.request.rows
    assert {"code": "INVALID_INPUT", "path": ["input", "fingerprint"]} == refused["importRegister"]


async def test_tables_of_others_go_out_and_come_back_as_their_source_prints_them(lab: Lab) -> None:
    """Recorded in one piece, and shown beside our own releases, in neither's figures."""
    lab.neighbours.answers["signals.import_published"] = rpc.PublishedImported(
        status="imported", tables=1, repeated=0, position=3
    )
    query = """
    mutation ($input: ImportPublishedInput!) {
      importPublished(input: $input) {
        ... on ImportPublishedPayload { status tables repeated position }
        ... on UserError { code path }
      }
    }
    """
    source = {
        "title": "Report + Support",
        "publisher": "UCL",
        "period": "2020-08-01/2021-07-31",
        "reference": "https://report-support.ucl.ac.uk/",
        "licence": "None stated",
    }
    cells = [{"label": "Bullying", "count": 234}, {"label": "Domestic abuse", "below": 5}]
    values: dict[str, Any] = {
        "idempotencyKey": "key-00000001",
        "fingerprint": hashlib.sha256(b"file").hexdigest(),
        "tables": [{**source, "cells": cells, "total": 335}],
        "dryRun": True,
    }
    done = await lab.ask(query, {"input": values})
    table = rpc.PublishedTable(
        **source,
        cells=(
            rpc.PublishedCell(label="Bullying", count=234),
            rpc.PublishedCell(label="Domestic abuse", count=None, below=5),
        ),
        total=335,
    )
    (asked,) = lab.neighbours.asked
    assert asked.request == rpc.ImportPublished(
        fingerprint=hashlib.sha256(b"file").digest(), tables=(table,), dry_run=True
    )
    assert {"status": "IMPORTED", "tables": 1, "repeated": 0, "position": 3} == done[
        "importPublished"
    ]

    lab.neighbours.answers["signals.statistics"] = rpc.Statistics(
        releases=(RELEASE,),
        published=(rpc.PublishedRelease(release_id="p1", table=table, imported_week="2026-W48"),),
    )
    shown = await lab.ask(
        """{
          publishedElsewhere(period: "2018", asOf: 9) {
            id title publisher period reference licence total importedWeek
            cells { label count below }
          }
        }"""
    )
    assert rpc.StatisticsQuery(period="2018", as_of=9) == lab.neighbours.asked[-1].request
    assert [
        source
        | {
            "id": "p1",
            "total": 335,
            "importedWeek": "2026-W48",
            "cells": [
                {"label": "Bullying", "count": 234, "below": None},
                {"label": "Domestic abuse", "count": None, "below": 5},
            ],
        }
    ] == shown["publishedElsewhere"]


@pytest.mark.parametrize(("language", "header"), [("NL", "en"), (None, "nl")])
async def test_the_taxonomy_is_labelled_in_a_language(
    lab: Lab, language: str | None, header: str
) -> None:
    """Labels are in the language asked for, else in the caller's."""
    answer = await lab.post(
        {
            "query": "query($l: Language) { taxonomy(language: $l) { version "
            "outcomes { code label } categories { code parent } enums { name values { value label } } } }",
            "variables": {"l": language},
        },
        Accept_Language=header,
    )
    found = answer.json()["data"]["taxonomy"]
    from shared import taxonomy

    assert [
        {"code": term.code, "label": term.nl} for term in taxonomy.current().outcomes.values()
    ] == found["outcomes"]
    assert len(taxonomy.current().categories) == len(found["categories"])
    assert {
        "name": "CaseStatus",
        "values": [{"value": "OPEN", "label": "Open"}, {"value": "CLOSED", "label": "Gesloten"}],
    } in found["enums"]


async def test_an_old_taxonomy_is_there_or_refused(lab: Lab) -> None:
    """A version that does not exist is an error with its code."""
    answer = (await lab.post({"query": "{ taxonomy(version: 99) { version } }"})).json()

    assert "UNKNOWN_TAXONOMY_VERSION" == answer["errors"][0]["extensions"]["code"]


async def test_telemetry_holds_neither_text_nor_variables(lab: Lab) -> None:
    """One span per operation with role, type, cost and status; nothing that the caller sent. Of an
    operation on a case not even that.
    """
    lab.neighbours.answers["intake.open_case"] = rpc.Done(id=CASE, position=7)
    lab.neighbours.answers["reporting.publish_report"] = rpc.Done(id=REPORT, position=7)
    before = lab.left()
    await lab.ask(OPEN_CASE, {"input": INPUT}, role=Role.ADVISER)
    assert before == lab.left()
    published = {"idempotencyKey": "key-for-bullying", "reportId": REPORT, "language": "NL"}
    await lab.ask(
        "mutation Anna($input: PublishReportInput!) { publishReport(input: $input) { __typename } }"
        "# Bob",
        {"input": published},
        role=Role.ADVISER,
    )
    await lab.post({"query": "{ Carol }"})
    left = lab.left()
    spans = [json.loads(line) for line in lab.spans_path.read_text().splitlines()]

    assert [
        {
            "role": "adviser",
            "operation.type": "mutation",
            "operation.cost": 11,
            "status": "ok",
        }
    ] == [span["attributes"] for span in spans]
    assert ["graphql.operation"] == [span["name"] for span in spans]
    assert f"-{spans[0]['trace']}-" in (lab.neighbours.asked[-1].traceparent or "").replace(
        "00-", "-", 1
    )
    assert lab.neighbours.asked[0].traceparent is None
    for secret in ("Anna", "Bob", "Carol", CASE, REPORT, "bullying", "person", str(ORGANISATION)):
        assert secret not in left, secret
    assert 'role="adviser"' in left


# Reports as PDF ---------------------------------------------------------------------------------

PDF_READERS = {
    Role.ADVISER,
    Role.HR,
    Role.BOARD,
    Role.WORKS_COUNCIL,
    Role.EMPLOYEE,
    Role.MANAGER,
    Role.COORDINATOR,
}


async def get_pdf(
    lab: Lab, role: Role = Role.HR, report: str = REPORT, form: str = "pdf", spoken: str = ""
) -> Any:
    """GET a report's file."""
    return await lab.http.get(
        f"/reports/{report}.{form}",
        headers={"Authorization": f"Bearer {lab.token(role)}", "Accept-Language": spoken},
    )


def document(data: bytes, **changes: Any) -> rpc.Document:
    """What reporting answers."""
    return msgspec.structs.replace(
        rpc.Document(
            data=data,
            sha256=hashlib.sha256(data).digest(),
            media_type="application/pdf",
            file_name="report-2026-H1-v1-hr-nl.pdf",
        ),
        **changes,
    )


@pytest.mark.parametrize("role", sorted(PDF_READERS))
async def test_a_report_is_served_as_pdf(lab: Lab, role: Role) -> None:
    """The bytes come as reporting rendered them, kept by no cache."""
    pdf = b"%PDF-1.7 \x00\xff"
    lab.neighbours.answers["reporting.render_report"] = document(pdf)
    answer = await get_pdf(lab, role)

    assert (200, pdf) == (answer.status_code, answer.content)
    assert (
        "application/pdf",
        "no-store",
        "nosniff",
        'inline; filename="report-2026-H1-v1-hr-nl.pdf"',
    ) == tuple(
        answer.headers[name]
        for name in (
            "content-type",
            "cache-control",
            "x-content-type-options",
            "content-disposition",
        )
    )
    assert rpc.RenderReport(id=REPORT) == lab.neighbours.asked[0].request


async def test_a_report_is_served_in_the_form_version_and_language_that_are_asked_for(
    lab: Lab,
) -> None:
    """The address goes before Accept-Language; a page may have its looks, and runs nothing."""
    lab.neighbours.answers["reporting.render_report"] = document(b"<html>", media_type="text/html")
    page = await get_pdf(lab, form="html", spoken="nl-NL,nl;q=0.9")
    await get_pdf(lab, form="xlsx?version=2&audience=hr&language=en", spoken="nl")

    policy = page.headers["content-security-policy"]
    assert "default-src 'none'; style-src 'unsafe-inline';" in policy
    assert [
        rpc.RenderReport(id=REPORT, form="html", language="nl"),
        rpc.RenderReport(id=REPORT, form="xlsx", version=2, audience="hr", language="en"),
    ] == [one.request for one in lab.neighbours.asked]


async def test_a_long_file_comes_in_parts_and_is_served_whole(lab: Lab) -> None:
    """Its hash is that of all of them together."""
    whole = b"%PDF-1.7" + bytes(1000)
    first = msgspec.structs.replace(document(whole), data=whole[:600], next=600)
    parts = {0: first, 600: msgspec.structs.replace(document(whole), data=whole[600:])}

    def answer(request: rpc.RenderReport) -> rpc.Document:
        return parts[request.after]

    lab.neighbours.answers["reporting.render_report"] = answer
    assert whole == (await get_pdf(lab)).content
    assert [0, 600] == [
        one.request.after
        for one in lab.neighbours.asked
        if isinstance(one.request, rpc.RenderReport)
    ]


async def test_a_pdf_that_is_not_the_recorded_one_is_not_served(lab: Lab) -> None:
    """Bytes whose hash is another than the one in the event are a fault."""
    lab.neighbours.answers["reporting.render_report"] = document(b"%PDF-1.7", sha256=b"\x00" * 32)
    answer = await get_pdf(lab)

    assert 500 == answer.status_code
    assert b"%PDF" not in answer.content


@pytest.mark.parametrize(
    ("role", "report"),
    [
        *((role, REPORT) for role in sorted(set(Role) - PDF_READERS - {Role.REPORTER})),
        (Role.HR, "x"),
        (Role.ADVISER, REPORT),
    ],
)
async def test_a_pdf_that_one_may_not_see_looks_absent(lab: Lab, role: Role, report: str) -> None:
    """Another role's report, an ill-formed id and a report that is not there give the same."""
    lab.neighbours.answers["reporting.render_report"] = (
        Refusal(Code.NOT_FOUND) if role is Role.ADVISER else document(b"%PDF-1.7")
    )
    answer = await get_pdf(lab, role, report)

    assert (404, CATALOGUE[Code.NOT_FOUND].en) == (
        answer.status_code,
        answer.json()["errors"][0]["message"],
    )


@pytest.mark.parametrize("query", ["version=x", "audience=press", "language=fr"])
async def test_what_is_no_version_looks_absent(lab: Lab, query: str) -> None:
    """It is not asked for."""
    assert 404 == (await get_pdf(lab, form=f"pdf?{query}")).status_code
    assert [] == lab.neighbours.asked


async def test_a_pdf_needs_a_token(lab: Lab) -> None:
    """Without a token a report is not served."""
    assert 401 == (await lab.http.get(f"/reports/{REPORT}.pdf")).status_code


# Health and metrics -----------------------------------------------------------------------------


async def test_health_follows_the_bus(lab: Lab) -> None:
    """The gateway is ready while the bus answers, alive without it, and ready again after it."""

    async def statuses() -> list[int]:
        return [
            (await lab.http.get(f"/health/{name}")).status_code
            for name in ("started", "live", "ready")
        ]

    before = await statuses()
    lab.bus.stop()
    without = await statuses()
    await lab.bus.start()
    async with asyncio.timeout(15):
        while (again := await statuses()) != before:  # noqa: ASYNC110  it is asked, as a launcher does
            await asyncio.sleep(0.1)

    assert [200, 200, 200] == before == again
    assert [200, 200, 503] == without


async def metrics_of(lab: Lab) -> str:
    """What a collector reads, on the port of metrics."""
    page = httpx2.ASGITransport(MetricsPage(lab.telemetry).app)
    async with httpx2.AsyncClient(transport=page, base_url="http://metrics") as http:
        other = await http.get("/health/live")
        found = await http.get("/metrics")
    assert (404, 200) == (other.status_code, found.status_code)
    assert found.headers["content-type"].startswith("text/plain; version=1.0.0")
    return found.text


async def test_metrics_count_by_route_and_status(lab: Lab) -> None:
    """A request is counted under our name for its address; the address itself is nowhere."""
    await lab.post({"query": "{ session { role } }"})
    await lab.http.get("/who/is/anna")
    await get_pdf(lab)
    await lab.http.get("/reports/anna/de.pdf")
    for name in ("started", "live", "ready"):
        await lab.http.get(f"/health/{name}")
    await lab.http.get("/health/anna")
    await lab.http.get("/")
    await lab.http.get("/graphiql")
    await lab.http.get("/metrics")
    metrics = await metrics_of(lab)

    assert {
        ("graphql", "200"): 1,
        ("other", "404"): 4,
        ("report.file", "404"): 1,
        ("health", "200"): 3,
        ("home", "200"): 1,
        ("graphiql", "200"): 1,
    } == {
        (route, status): int(float(count))
        for route, status, count in re.findall(
            r'http_requests_total\{http_route="([^"]+)",http_status="(\d+)"\} (\S+)', metrics
        )
    }
    assert "anna" not in metrics
    assert REPORT not in metrics
