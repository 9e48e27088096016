"""The main job on real parts: published registers, released figures, sealed words, the walk."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rich.console import Console

from hoeksteen_client import GatewayError
from shared.bus.connection import connect
from shared.contracts.events import CONTRACTS, CloudEvent
from shared.local import documents
from shared.local.session import Installation
from tests.system.people import DATA, Organisation, text_of, until

Found = Callable[..., Organisation]

TABLES, CONCLUDED = "signals.v1.statistics.released", "signals.v1.signals.released"

CITIES = (("Breda", "Breda", 1300), ("Tilburg", "Tilburg", 500), ("Den Bosch", "Den Bosch", 900))

_received: dict[str, list[dict[str, Any]]] = {}
_headers: set[str] = set()
"""The names of all headers that came with them."""


def messages(installation: Installation) -> list[dict[str, Any]]:
    """Everything that the integration has received so far: bodies, with their subjects."""

    async def receive() -> list[dict[str, Any]]:
        client = await connect(
            servers=installation.nats_url,
            user="integration",
            password=installation.nats_password_file("integration").read_text().strip(),
            name="test",
            on_problem=lambda _problem: None,
        )
        pull = await client.jetstream().pull_subscribe_bind(
            durable="integration", stream="SIGNALS_EXT"
        )
        found = []
        with contextlib.suppress(TimeoutError):
            while True:
                for message in await pull.fetch(10, timeout=1):
                    await message.ack()
                    _headers.update(message.headers or {})
                    found.append(json.loads(message.data) | {"subject": message.subject})
        await client.close()
        return found

    known = _received.setdefault(installation.nats_url, [])
    known += asyncio.run(receive())
    return known


def names(value: Any) -> set[str]:
    """All names of fields in a JSON value, at any depth. Labels are by codes, which are no fields."""
    if isinstance(value, dict):
        return set(value).union(*(names(one) for key, one in value.items() if "labels" not in key))
    if isinstance(value, list):
        return set().union(*(names(one) for one in value))
    return set()


def integers(value: Any) -> set[int]:
    """All whole numbers in a JSON value, at any depth."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return set().union(*(integers(one) for one in value))
    return {value} if isinstance(value, int) and not isinstance(value, bool) else set()


@pytest.fixture(scope="module")
def defence(installation: Installation) -> Iterator[Organisation]:
    """The Ministry of Defence's register of 2018, loaded and released."""
    organisation = Organisation(installation)
    assert organisation.load(DATA / "defensie-2018.csv") == 0
    organisation.live_to_tick()
    yield organisation
    organisation.close()


def test_defence_2018_is_released_as_published(defence: Organisation) -> None:
    """46, 37, 136, 103 and 120 and the total of 454 leave; the 2 leaves only with the 10, as 12."""
    release = defence.release("2018")
    assert {
        "financial_violation": 46,
        "misuse_of_information": 37,
        "unwanted_conduct": 136,
        "private_misconduct": 103,
        "resources_or_internal_rules": 120,
    } == {cell["code"]: cell["count"] for cell in release["cells"]}
    assert (454, 12) == (release["total"], release["withheld"]["count"])
    assert {"abuse_of_force", "abuse_of_position"} <= set(release["withheld"]["codes"])


def test_an_integration_receives_what_its_page_says_and_nothing_else(defence: Organisation) -> None:
    """docs/integrations.md, "What never comes": of headers, the envelope, its data at any depth, and time."""
    until(lambda: {one["type"] for one in messages(defence.installation)} >= {TABLES, CONCLUDED})
    assert _headers == {"Nats-Msg-Id", "Nats-Stream-Source"}
    for one in messages(defence.installation):
        event = {name: value for name, value in one.items() if name != "subject"}
        contract = CONTRACTS[event["type"]]
        assert contract.subject.startswith("signals.v1.")
        assert set(event) == set(CloudEvent.__struct_fields__)
        msgspec.convert(event["data"], contract.data, strict=True)
        told = {word for name in names(event) for word in name.lower().split("_")}
        assert not told & {
            *("case", "cases", "facts", "person", "subject", "adviser", "actor"),
            *("time", "trace", "traceparent", "correlation", "causation", "position", "sequence"),
        }
        # No time of day, in any notation with colons.
        assert not re.search(r"\d\d:\d\d", json.dumps(event))


def test_the_withheld_two_is_in_nothing_that_leaves(defence: Organisation) -> None:
    """Neither message, PDF, log line, span nor any file ties the withheld category to a number."""
    token = defence.adviser.ask(documents.ORGANISATION)["token"]
    of_figures = f"signals.v1.{token}.statistics-released"
    until(lambda: any(one["subject"] == of_figures for one in messages(defence.installation)))
    sent = [one for one in messages(defence.installation) if one["subject"] == of_figures]
    release = next(one for one in sent if one["data"]["release"]["period"] == "2018")
    counts = {cell["code"]: cell["count"] for cell in release["data"]["release"]["cells"]}
    assert {46, 37, 136, 103, 120} == set(counts.values())
    # Every number of the message, wherever it stands: the shown cells, the block's sum, the total,
    # k and the taxonomy's version. (Ids are texts; their digits say nothing.)
    assert {46, 37, 136, 103, 120, 12, 454, 5, 1} == integers(release["data"]["release"])
    text = text_of(defence.publish("2018", "De meeste meldingen gaan over omgangsvormen."))
    for published in ("46", "37", "136", "103", "120", "454"):
        assert re.search(rf"\b{published}\b", text)
    assert not re.search(r"[Gg]eweldsbevoegdheid[;\s]+\d", text)
    tied = re.compile(rb"(abuse_of_force|geweldsbevoegdheid)[^{}]{0,120}\"(count|total)\"?:? ?2\b")
    for file in defence.installation.home.path.rglob("*"):
        if file.is_file():
            assert not tied.search(file.read_bytes()), file
    for folder in ("log", "telemetry"):
        for file in (defence.installation.home.path / folder).iterdir():
            assert b"abuse_of" not in file.read_bytes()


def test_a_published_report_renders_to_the_same_bytes(defence: Organisation) -> None:
    """Downloading again renders again, to the bytes whose hash is in the event."""
    report = next(
        one for one in defence.adviser.ask("{ reports { id period } }") if one["period"] == "2018"
    )
    shown = defence.hr.ask(
        "query ($id: ID!) { report(id: $id) { pdfPath pdfSha256 } }", id=report["id"]
    )
    first, second = defence.pdf(shown["pdfPath"]), defence.pdf(shown["pdfPath"])
    assert first == second
    assert hashlib.sha256(first).hexdigest() == shown["pdfSha256"]


def test_avans_2013_hides_tilburg(found: Found) -> None:
    """57 = 41 + 3 + 13 by city: Breda's 41 and the total are shown, Tilburg only with Den Bosch."""
    organisation = found(dimension="UNIT", units=CITIES)
    assert organisation.load(DATA / "avans-2013.csv") == 0
    organisation.live_to_tick()
    release = organisation.release("2013")
    assert [{"code": "Breda", "count": 41}] == release["cells"]
    assert release["total"] == 57
    assert release["withheld"]["count"] == 16
    assert {"Tilburg", "Den Bosch"} <= set(release["withheld"]["codes"])
    text = text_of(organisation.publish("2013", "Tilburg is te klein om apart te tonen."))
    assert re.search(r"\b41\b", text)
    assert re.search(r"\b57\b", text)
    assert not re.search(r"\b(3|13) meldingen\b", text)


def test_a_second_import_of_a_file_changes_nothing(defence: Organisation) -> None:
    """The same file again says that it was imported, and the ledger gets no new entry for it."""
    console = Console(record=True, file=io.StringIO(), width=200)
    from shared.cli.import_register import run

    assert 0 == run(
        DATA / "defensie-2018.csv",
        organisation=str(defence.id),
        dry_run=False,
        gateway_url=defence.installation.gateway_url,
        token=defence.adviser.token,
        console=console,
        language="en",
    )
    assert "already imported" in console.export_text()
    ledger = defence.auditor.ask("{ ledger(service: INTAKE, first: 500) { entries { type } } }")
    assert 1 == [one["type"] for one in ledger["entries"]].count("RegisterImported")


def test_what_the_ministry_published_stands_beside_what_is_released(defence: Organisation) -> None:
    """With its source, and the 2 that ours withholds; once, however often it is imported. What is
    released of 2018 is as it was.
    """
    from shared.cli.import_published import run

    before = defence.release("2018")
    said = []
    for dry_run in (True, False, False):
        console = Console(record=True, file=io.StringIO(), width=200)
        assert 0 == run(
            DATA / "published-defensie.json",
            organisation=str(defence.id),
            dry_run=dry_run,
            gateway_url=defence.installation.gateway_url,
            token=defence.adviser.token,
            console=console,
            language="en",
        )
        said.append(console.export_text())
    for words, text in zip(("dry run", "are recorded", "recorded before"), said, strict=True):
        assert words in text
    shown = defence.hr.ask(
        "{ publishedElsewhere { period total publisher licence cells { label count } } }"
    )
    assert [("2017", 502), ("2018", 454), ("2019", 458)] == [
        (one["period"], one["total"]) for one in shown
    ]
    assert {"label": "Misbruik van geweldsbevoegdheid", "count": 2} in shown[1]["cells"]
    assert {"Geen licentie vermeld; losse cijfers"} == {one["licence"] for one in shown}
    assert before == defence.release("2018")


def test_nothing_is_added_to_a_released_period(defence: Organisation, tmp_path: Path) -> None:
    """A register for a period whose figures are published is refused, and nothing changes."""
    late = tmp_path / "late.csv"
    late.write_text("period,category,count\n2018,bullying,7\n")
    before = defence.release("2018")
    assert defence.load(late) != 0
    assert before == defence.release("2018")


def test_another_adviser_sees_nothing_of_a_case(found: Found) -> None:
    """To Bram, and to an adviser of another organisation, Anna's case does not exist."""
    organisation = found()
    case = str(organisation.open_case())
    stranger = found().adviser
    for person in (organisation.sign_in("bram", "adviser"), stranger):
        assert person.ask(documents.CASE, id=case) is None
        assert person.ask("{ cases { edges { node { id } } } }")["edges"] == []
        with pytest.raises(GatewayError, match="does not exist"):
            person.do(documents.CLOSE_CASE, caseId=case)


def test_a_repeated_command_gives_the_first_answer(found: Found) -> None:
    """The same key and content: one event. The same key with other content: a clear refusal."""
    organisation = found()
    case = str(organisation.open_case())
    given = {"idempotencyKey": "only-once", "caseId": case, "intervention": "listening"}
    first = organisation.adviser.ask(documents.RECORD_INTERVENTION, input=given)
    assert first == organisation.adviser.ask(documents.RECORD_INTERVENTION, input=given)
    with pytest.raises(GatewayError, match="used before with other content"):
        organisation.adviser.ask(
            documents.RECORD_INTERVENTION, input=given | {"intervention": "coaching"}
        )
    entries = organisation.adviser.ask(documents.CASE, id=case)["entries"]
    assert ["CaseOpened", "InterventionRecorded"] == [one["kind"] for one in entries]


def test_the_integration_gets_releases_and_nothing_else(defence: Organisation) -> None:
    """Its account receives the release; every other subject is refused or silent."""
    installation = defence.installation
    token = defence.adviser.ask(documents.ORGANISATION)["token"]
    subject = f"signals.v1.{token}.statistics-released"
    until(lambda: subject in {one["subject"] for one in messages(installation)})
    assert all(one["subject"].startswith("signals.v1.") for one in messages(installation))

    async def pry() -> list[str]:
        problems: list[str] = []
        client = await connect(
            servers=installation.nats_url,
            user="integration",
            password=installation.nats_password_file("integration").read_text().strip(),
            name="test",
            on_problem=problems.append,
        )
        for forbidden in ("intake.v1.>", "reporting.v1.>", "rpc.>", "ledger.v1.>", "dlq.>", ">"):
            await client.subscribe(forbidden)
        await client.publish("rpc.intake.v1.organisation", b"{}")
        await client.publish("intake.v1.facts.booked", b"{}")
        await client.flush()
        await asyncio.sleep(0.5)
        await client.close()
        return problems

    assert len(asyncio.run(pry())) == 8


def test_every_look_is_recorded(found: Found) -> None:
    """Who opens a case, the figures or the ledger is in the ledger afterwards."""
    organisation = found()
    case = organisation.open_case()
    organisation.adviser.ask(documents.CASE, id=str(case))
    query = "{ ledger(service: INTAKE, first: 500) { entries { type } } }"
    organisation.auditor.ask(query)
    types = [one["type"] for one in organisation.auditor.ask(query)["entries"]]
    assert 2 <= types.count("AccessRecorded")
