"""A service leaves no span and no metric of a reporter, nor of work on a case; of anybody no content."""

from __future__ import annotations

import dataclasses
import io
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args, get_origin
from uuid import uuid4

import msgspec
import psycopg
import pytest
import pytest_asyncio
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from hoeksteen_client.reporter import ReporterCode, door
from services.intake.service import DEFINITION
from shared.contracts.errors import Code
from shared.contracts.rpc import (
    VERBS,
    AdviserSeat,
    Done,
    Empty,
    ReleasePolicy,
    SetUpOrganisation,
    Shape,
    Unit,
)
from shared.identity.roles import Role
from shared.runtime.calls import Call
from shared.telemetry import configure
from tests.conftest import Database
from tests.nats_server import running_bus
from tests.service_lab import HERE, Running, code_of, eventually, running

CODE = ReporterCode(bytes(range(16)))
TOKEN = door(HERE)
SECRET = "Anna de Vries was shouted at"
TRACE = "0af7651916cd43dd8448eb211c80319c"
TRACEPARENT = f"00-{TRACE}-b7ad6b7169203331-01"

SETUP = SetUpOrganisation(
    organisation_id=str(HERE),
    name="De Hoekstee",
    language="nl",
    units=(Unit(id="care", name="Zorg", headcount=90),),
    advisers=(AdviserSeat(id="anna", name="Anna"),),
    release=ReleasePolicy(
        policy="exact", dimension="category", k=5, works_council_on=date(2025, 1, 20)
    ),
)


async def breaks(_call: Call, _request: Shape) -> Shape:
    """A fault of ours, whose text holds what somebody wrote."""
    raise RuntimeError(f"{SECRET} {CODE.case_id}")


async def loses_the_database(_call: Call, _request: Shape) -> Shape:
    """What PostgreSQL says can hold values of a row."""
    raise psycopg.OperationalError(f"{SECRET} {CODE.case_id}")


@dataclass
class Quiet:
    """Intake, whose answers to some verbs break, and all that has left it."""

    running: Running
    spans: InMemorySpanExporter
    lines: io.StringIO

    def measured(self) -> str:
        """Every span and every metric so far."""
        telemetry = self.running.service.telemetry
        spans = "".join(span.to_json() for span in self.spans.get_finished_spans())
        return spans + telemetry.exposition().decode()

    async def reply(self, verb: str, request: Shape, token: str) -> dict[str, Any]:
        """The bare reply to a request with all its headers, a trace among them."""
        return await self.running.raw(
            verb,
            msgspec.json.encode(request),
            **{
                "Authorization": f"Bearer {token}",
                "Idempotency-Key": str(uuid4()),
                "traceparent": TRACEPARENT,
            },
        )


@pytest_asyncio.fixture
async def quiet(
    monkeypatch: pytest.MonkeyPatch, database: Database, tmp_path: Path
) -> AsyncIterator[Quiet]:
    """An intake in which one organisation is set up."""
    broken = {
        "send_message": breaks,
        "my_case": loses_the_database,
        "case": breaks,
        "publish_adviser_key": breaks,
        "import_register": loses_the_database,
    }
    definition = dataclasses.replace(DEFINITION, handlers={**DEFINITION.handlers, **broken})
    spans, lines = InMemorySpanExporter(), io.StringIO()
    # The service's own telemetry, with the places that its tests look into.
    monkeypatch.setattr(
        "shared.runtime.service.configure", partial(configure, exporter=spans, file=lines)
    )
    (tmp_path / "nats").mkdir()
    async with (
        running_bus(tmp_path / "nats") as bus,
        running(definition, database, bus, tmp_path) as service,
    ):
        await service.ask(
            "set_up_organisation",
            SETUP,
            Done,
            role=Role.ADMIN,
        )
        # What that set off is counted in a moment of its own: nothing of it comes in a test's.
        published = b'relay_published_total{stream="INTAKE"} 1.0'

        async def relayed() -> bool:
            return published in service.service.telemetry.exposition()

        await eventually(relayed)
        yield Quiet(service, spans, lines)


def _something(type_: Any) -> Any:
    if type_ is date:
        return date(2026, 3, 2)
    if get_origin(type_) is Literal:
        return get_args(type_)[0]
    if type_ in (int, bool):
        return type_(1)
    if isinstance(type_, type) and issubclass(type_, msgspec.Struct):
        return {
            field.name: _something(field.type)
            for field in msgspec.structs.fields(type_)
            if field.required
        }
    return () if "tuple" in str(type_) else b"\x00" * 32


def empty(verb: str) -> Shape:
    """A request of a verb's shape, with nothing much in it."""
    kinds = {"id": str(CODE.case_id), "case_id": str(CODE.case_id), "taxonomy_version": 1}
    shape = VERBS[f"intake.{verb}"].request
    fields = msgspec.structs.fields(shape)
    values = {
        field.name: kinds.get(field.name, _something(field.type))
        for field in fields
        if field.required
    }
    return msgspec.convert(msgspec.to_builtins(values), shape)


async def test_staff_are_measured_where_reporters_are_not(quiet: Quiet) -> None:
    """The places that the next tests find unchanged do change with the same question of staff."""
    before = quiet.measured()
    hr = quiet.running.token(Role.HR)
    reply = await quiet.reply("organisation", Empty(), hr)
    measured = quiet.measured()

    assert "ok" in reply
    assert before != measured
    assert TRACE in measured
    assert '"intake.organisation"' in measured


async def test_a_staff_command_is_followed_to_the_database(quiet: Quiet) -> None:
    """Under the asker's trace: the verb, each use of a connection, and the wait until it is durable; nothing
    of it in the position or the answer, and no span where the asker has none.
    """
    quiet.spans.clear()
    admin = quiet.running.token(Role.ADMIN)
    again = msgspec.structs.replace(SETUP, organisation_id=str(uuid4()))
    assert "ok" in await quiet.reply("set_up_organisation", again, admin)
    spans = {span.name: span for span in quiet.spans.get_finished_spans()}
    verb = spans["verb"]
    assert verb.context is not None
    assert verb.parent is not None

    assert {"verb", "database", "append"} == set(spans)
    assert {int(TRACE, 16)} == {span.context.trace_id for span in spans.values() if span.context}
    assert int("b7ad6b7169203331", 16) == verb.parent.span_id
    for name in ("database", "append"):
        parent = spans[name].parent
        assert parent is not None
        assert verb.context.span_id == parent.span_id
    assert b'command_duration_seconds_count{status="ok",verb="intake.set_up_organisation"} 2.0' in (
        quiet.running.service.telemetry.exposition()
    )
    quiet.spans.clear()
    hr = quiet.running.token(Role.HR)
    untraced = await quiet.running.raw("organisation", b"{}", Authorization=f"Bearer {hr}")

    assert "ok" in untraced
    assert () == quiet.spans.get_finished_spans()


@pytest.mark.parametrize(
    ("verb", "code"),
    [
        ("organisation", None),
        ("my_case", Code.UNAVAILABLE),
        ("send_message", Code.INTERNAL),
        ("cases", Code.NOT_ALLOWED),
        ("publish_adviser_key", Code.NOT_ALLOWED),
        ("ledger", Code.NOT_ALLOWED),
    ],
)
async def test_a_reporters_call_is_not_measured(quiet: Quiet, verb: str, code: Code | None) -> None:
    """Whatever they ask and however it ends: no span, no duration, no line, not under the caller's trace."""
    before = quiet.measured() + quiet.lines.getvalue()
    reply = await quiet.reply(verb, empty(verb), quiet.running.session(CODE))

    assert code == code_of(reply)
    assert before == quiet.measured() + quiet.lines.getvalue()


@pytest.mark.parametrize("token", ["reporter.", TOKEN[:-1], f"{TOKEN}.{2**32}.{'A' * 70}"])
async def test_a_code_that_is_amiss_is_not_measured(quiet: Quiet, token: str) -> None:
    """A mistyped code is a reporter's too, and is refused as quietly."""
    before = quiet.measured()
    reply = await quiet.reply("organisation", Empty(), token)

    assert Code.NOT_SIGNED_IN is code_of(reply)
    assert before == quiet.measured()


@pytest.mark.parametrize("verb", sorted(DEFINITION.quiet))
async def test_work_on_a_case_is_not_measured(quiet: Quiet, verb: str) -> None:
    """When an adviser works on a case is nobody's to read either, refused or not."""
    before = quiet.measured()
    reply = await quiet.reply(verb, empty(verb), quiet.running.token(subject="anna"))

    assert reply.keys() & {"ok", "refused"}
    assert before == quiet.measured()


def test_every_verb_of_a_case_is_quiet() -> None:
    """What names a case, or a report, complaint, note or consultation, in its request, or lists or opens
    one, is among the quiet verbs.
    """
    of_cases = {
        verb.name
        for verb in VERBS.values()
        if verb.service == "intake"
        and (
            {"case_id", "report_id", "complaint_id", "note_id", "consultation_id"}
            & {field.name for field in msgspec.structs.fields(verb.request)}
            or re.search(r"(^|_)(case|complaint|note|peer_consultation)s?$", verb.name)
        )
    } | {
        "caseload_alerts",
        "adviser_proposal",
        "open_reporter_session",
        "my_data",
        "disclosures",
        "disclosure",
        "subject_accesses",
        "my_tasks",
        "my_time",
        "time_totals",
        "overdue_terms",
        "share_calendar",
        "revoke_calendar",
        "calendar_feed",
        "calendar_weeks",
        "subject_access",
        "erasures",
        "erasure",
        "erasure_statements",
        "chunk",
        "recovered_words",
        "recoveries",
        "consent_to_hand_over",
        "subject_matches",
        "whistleblower_reports",
        "whistleblower_report",
    }

    assert of_cases == DEFINITION.quiet


async def test_nothing_that_was_planted_is_found(quiet: Quiet) -> None:
    """Token, case id, content and exception text: in no span, metric or log line, whoever asks."""
    anna, session = quiet.running.token(subject="anna"), quiet.running.session(CODE)
    asked: list[tuple[str, Shape, str]] = [
        (verb, empty(verb), token)
        for token in (anna, session, TOKEN, "planted.token.x")
        for verb in ("case", "send_message", "my_case", "publish_adviser_key", "import_register")
    ]
    codes = {code_of(await quiet.reply(*each)) for each in asked}
    await quiet.running.raw(SECRET.replace(" ", "_"), b"planted", Authorization=f"Bearer {anna}")
    await quiet.running.raw("case", f'{{"id": ["{SECRET}"]}}'.encode(), Authorization=anna)
    left = quiet.measured() + quiet.lines.getvalue()

    assert {Code.INTERNAL, Code.UNAVAILABLE, Code.NOT_ALLOWED, Code.NOT_SIGNED_IN} == codes
    assert '"rpc.failed"' in left
    assert '"database.problem"' in left
    assert '"RuntimeError"' in left
    for planted in (
        SECRET,
        SECRET.replace(" ", "_"),
        "Anna",
        "planted",
        str(CODE.case_id),
        CODE.case_id.hex,
        str(HERE),
        anna,
        anna.rpartition(".")[2],
        session,
        session.rpartition(".")[2],
        "anna",
        "De Hoekstee",
    ):
        assert planted not in left, planted
