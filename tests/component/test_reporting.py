"""Reporting as a whole program, on a real PostgreSQL and a real nats-server."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar, cast
from uuid import UUID, uuid4, uuid5

import msgspec
import psycopg
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from nats.aio.client import Client
from pypdf import PdfReader

from services.reporting.document.content import content_of
from services.reporting.document.render import Rendered, render_now
from services.reporting.domain import report as domain
from services.reporting.domain.figures import Cell, Figures
from services.reporting.events import TYPES
from services.reporting.queries.render_report import OtherBytes, render_report
from services.reporting.settings import load
from services.reporting.streams import report_stream
from shared.bus.rpc import RpcClient
from shared.contracts.errors import Code, Refusal
from shared.contracts.events import (
    CloudEvent,
    OrganisationSeats,
    OrganisationSetUp,
    OrganisationUnits,
    ReportPublished,
    StatisticsReleased,
    WindowDrawn,
)
from shared.contracts.live import Topic
from shared.contracts.report import Audience
from shared.contracts.rpc import (
    VERBS,
    AcknowledgeReport,
    ApproveReport,
    BeginReport,
    ById,
    ChooseReportCalendar,
    CorrectReport,
    Document,
    Done,
    Empty,
    LedgerPage,
    LedgerQuery,
    PublishReport,
    Release,
    ReleasedCell,
    ReleasePolicy,
    RenderReport,
    Report,
    ReportQuery,
    Reports,
    ReportsQuery,
    SaveInterpretation,
    Sealed,
    SectionWords,
    Shape,
    Unit,
    WithheldBlock,
)
from shared.eventstore.projector import Projector
from shared.eventstore.store import Change, EventStore
from shared.eventstore.writer import GroupWriter
from shared.identity.issuer import Signer
from shared.identity.principal import Principal
from shared.identity.roles import Role
from shared.keys.file_ring import FileKeyRing
from shared.ledger.files import LedgerFolder
from shared.local.child import before_exec
from shared.postgres.pool import open_pool
from shared.runtime.calls import Call, Parts
from shared.runtime.clock import SystemClock
from shared.runtime.proofs import LogProofs
from tests.conftest import Database
from tests.nats_server import Bus, running_bus
from tests.ports import free_port
from tests.reporting_house import publish
from tests.service_lab import at_each_hint
from tests.store_lab import QUICK

HERE, ELSEWHERE = UUID(int=0xA1), UUID(int=0xB2)
TOKENS = {HERE: "5d41402abc4b2a76", ELSEWHERE: "7d793037a0760186"}
ISSUER = "https://issuer.example"
# Tables of an organisation with noise, and their cells.
TABLES = {
    "theme": ("conduct", "workload"),
    "unit": ("zorg", "kantoor", "not_said"),
    "total": ("all",),
}
THEMES = WindowDrawn(measure="theme", period="2026-H1", epsilon=1.0)
UNITS = WindowDrawn(measure="unit", period="2026-H1", epsilon=1.0)
WORDS = "Wij zien dat het gesprek vaker op tijd begint."

Answer = TypeVar("Answer", bound=Shape)


@dataclass
class Reporting:
    """The running service, its neighbours' places on the bus, and people who ask."""

    bus: Bus
    database: Database
    rpc: RpcClient
    intake: Client
    signals: Client
    signer: Signer

    async def ask(
        self,
        verb: str,
        request: Shape,
        answer: type[Answer],
        *,
        role: Role = Role.ADVISER,
        organisation: UUID | None = HERE,
        key: str | None = None,
    ) -> Answer:
        """What the service answers to somebody."""
        found = VERBS[f"reporting.{verb}"]
        given = await self.rpc.ask(
            found,
            request,
            token=self.signer.token(sub=f"{role}-1", role=role, organisation=organisation),
            idempotency_key=(key or str(uuid4())) if found.kind == "command" else None,
        )
        assert isinstance(given, answer)
        return given

    async def refused(self, verb: str, request: Shape, **who: Any) -> Code:
        """The code with which the service refuses."""
        with pytest.raises(Refusal) as caught:
            await self.ask(verb, request, Shape, **who)
        return caught.value.code

    async def announce(self, organisation: UUID = HERE) -> None:
        """Intake tells that an organisation was set up."""
        await publish(
            self.intake,
            "intake.v1.organisation.set_up",
            "intake.v1.organisation.set_up",
            OrganisationSetUp(
                organisation_id=str(organisation),
                token=TOKENS[organisation],
                name="De Hoekstee",
                language="nl",
                units=(Unit(id="zorg", name="Zorg", headcount=120),),
                advisers=("adviser-1",),
                release=ReleasePolicy(policy="exact", dimension="category"),
                on=date(2026, 1, 5),
            ),
        )

    async def seats(self, *advisers: str) -> None:
        """Intake tells who holds a seat now."""
        await publish(
            self.intake,
            "intake.v1.organisation.seats",
            "intake.v1.organisation.seats",
            OrganisationSeats(organisation_id=str(HERE), advisers=advisers),
        )

    async def release(self, organisation: UUID = HERE, **changes: Any) -> None:
        """Signals tells an organisation's statistics of a half-year."""
        token = TOKENS[organisation]
        fields: dict[str, Any] = {
            "release_id": "6f1d2c3b-0000-4000-8000-000000000002",
            "organisation_id": str(organisation),
            "organisation_token": token,
            "period": "2026-H1",
            "policy": "exact",
            "dimension": "category",
            "k": 10,
            "taxonomy_version": 1,
            "cells": (ReleasedCell(code="bullying", count=41),),
            "withheld": WithheldBlock(codes=("stalking", "workload"), count=16),
            "total": 57,
            "released_week": "2026-W29",
        }
        labels = {"bullying": "Pesten", "stalking": "Stalking", "workload": "Werkdruk"}
        await publish(
            self.signals,
            f"signals.v1.{token}.statistics-released",
            "signals.v1.statistics.released",
            StatisticsReleased(
                release=Release(**(fields | changes)), labels_en=labels, labels_nl=labels
            ),
        )

    async def noisy(self, dimension: str, *drawn: WindowDrawn, **changes: Any) -> None:
        """Signals tells one table of a half-year with noise, made of these draws."""
        token = TOKENS[HERE]
        codes = TABLES[dimension]
        fields: dict[str, Any] = {
            "release_id": str(uuid5(HERE, f"{dimension}/{changes.get('period')}")),
            "organisation_id": str(HERE),
            "organisation_token": token,
            "period": "2026-H1",
            "policy": "noisy",
            "dimension": dimension,
            "k": 5,
            "taxonomy_version": 1,
            "cells": (ReleasedCell(code=codes[0], count=12, margin=3),),
            "withheld": WithheldBlock(
                codes=codes[1:], count=None, thresholds=(5,) * (len(codes) - 1)
            )
            if codes[1:]
            else None,
            "total": 31,
            "released_week": "2026-W29",
            "total_margin": 8,
            "epsilon": drawn[0].epsilon,
            "budget": 2.0,
            "grid_id": str(UUID(int=9)),
        }
        labels = {code: code.capitalize() for code in codes}
        await publish(
            self.signals,
            f"signals.v1.{token}.statistics-released",
            "signals.v1.statistics.released",
            StatisticsReleased(
                release=Release(**(fields | changes)),
                labels_en=labels,
                labels_nl=labels,
                drawn=drawn,
            ),
        )

    async def reports(self, many: int, **who: Any) -> Reports:
        """The list of reports once it holds so `many`."""
        until = time.monotonic() + 60
        while True:
            found = await self.ask("reports", Empty(), Reports, **who)
            if len(found.items) == many:
                return found
            assert time.monotonic() < until, f"{len(found.items)} reports instead of {many}"
            await asyncio.sleep(0.1)

    async def drafted(self) -> str:
        """The id of a report that was drafted from a release."""
        await self.announce()
        await self.release()
        return (await self.reports(1)).items[0].id

    async def approved(self, report_id: str, words: str = WORDS) -> ApproveReport:
        """What an adviser approved: words that open the report, and some for each section with figures."""
        seen = await self.ask("report", ReportQuery(id=report_id), Report)
        request = ApproveReport(
            report_id=report_id,
            interpretation=words,
            words=tuple(
                SectionWords(section=one.code, words=f"{words} ({one.code})")
                for one in seen.sections
                if one.has_figures
            ),
        )
        await self.ask("approve_report", request, Done)
        return request

    async def published(self, *audiences: Audience) -> str:
        """The id of a published report."""
        report_id = await self.drafted()
        await self.approved(report_id)
        await self.publish(report_id, *audiences)
        return report_id

    async def publish(self, report_id: str, *audiences: Audience) -> None:
        """An adviser publishes it, to leaders where nobody is named."""
        request = PublishReport(report_id=report_id, language="nl")
        if audiences:
            request = msgspec.structs.replace(request, audiences=audiences)
        await self.ask("publish_report", request, Done)

    async def frozen(self, report_id: str) -> bytes:
        """The hash of a published report's snapshot."""
        sha256 = (await self.ask("report", ReportQuery(id=report_id), Report)).snapshot_sha256
        assert sha256 is not None
        return sha256

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What a superuser sees in reporting's schema."""
        with psycopg.connect(self.database.admin) as connection:
            connection.execute("SET search_path = reporting")
            return connection.execute(query.encode()).fetchall()

    def count(self, event: str) -> int:
        """How many events of this type are stored, of whichever version."""
        names = [name for (name,) in self.rows("SELECT type FROM event")]
        return sum(1 for name in names if name.partition(".v")[0] == event)


def words_of(pdf: bytes) -> str:
    """All that a PDF says, as one line."""
    pages = PdfReader(io.BytesIO(pdf)).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


def _environment(database: Database, folder: Path, *, nats_url: str, port: int) -> dict[str, str]:
    """The service's settings, with all its files in `folder`."""
    settings = {
        "MODE": "production",
        "DATABASE_URL": database.url("reporting"),
        "NATS_URL": nats_url,
        "NATS_USER": "reporting",
        "NATS_PASSWORD_FILE": str(folder / "nats-password"),
        "HTTP_PORT": str(port),
        "JWKS": str(folder / "jwks.json"),
        "ISSUER": ISSUER,
        "KEY_RING": str(folder / "reporting.ring"),
        "KEY_RING_PASSPHRASE_FILE": str(folder / "passphrase"),
        "LOG_KEY_FILE": str(folder / "reporting-log.key"),
        "LEDGER_DIR": str(folder / "ledger"),
    }
    (folder / "reporting-log.key").write_bytes(os.urandom(32))
    return {f"HOEKSTEEN_{name}": text for name, text in settings.items()}


@pytest_asyncio.fixture
async def reporting(database: Database, tmp_path: Path) -> AsyncIterator[Reporting]:
    """`python -m services.reporting`, ready."""
    signer = Signer(key=Ed25519PrivateKey.generate(), issuer=ISSUER)
    (tmp_path / "jwks.json").write_text(json.dumps(signer.jwks()))
    (tmp_path / "passphrase").write_text("a passphrase for tests")
    port = free_port()
    home = tmp_path / "nats"
    home.mkdir()
    async with running_bus(home) as bus:
        (tmp_path / "nats-password").write_text(bus.passwords["reporting"])
        environment = _environment(database, tmp_path, nats_url=bus.url, port=port)
        FileKeyRing(tmp_path / "reporting.ring", b"a passphrase for tests", QUICK)
        log = tmp_path / "reporting.log"
        with log.open("wb") as lines:
            process = subprocess.Popen(
                [sys.executable, "-m", "services.reporting"],
                cwd=Path(__file__).parents[2],
                env=os.environ | environment,
                stdout=lines,
                stderr=lines,
                preexec_fn=before_exec(),
            )
        try:
            until = time.monotonic() + 30
            while not await asyncio.to_thread(_ready, port):
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < until, log.read_text()
                await asyncio.sleep(0.1)
            yield Reporting(
                bus=bus,
                database=database,
                rpc=RpcClient(await bus.client("gateway")),
                intake=await bus.client("intake"),
                signals=await bus.client("signals"),
                signer=signer,
            )
            assert process.poll() is None, log.read_text()
        finally:
            process.terminate()
            assert 0 == process.wait(60), log.read_text()


def _ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=2) as answer:
            return bool(answer.status == 200)
    except urllib.error.HTTPError as error:
        error.close()
        return False
    except OSError:
        return False


async def test_a_report_goes_from_release_to_frozen_pdf(reporting: Reporting) -> None:
    """Drafted, interpreted, approved, published: HR sees nothing before and everything after."""
    report_id = await reporting.drafted()
    asked = ById(id=report_id)
    sealed = (Sealed(key_id=str(uuid4()), ciphertext=b"only an adviser can open this"),)
    await reporting.ask(
        "save_interpretation", SaveInterpretation(report_id=report_id, sealed=sealed), Done
    )
    seen = await reporting.ask("report", asked, Report)
    assert ("drafted", None, sealed) == (seen.status, seen.interpretation, seen.drafts)
    assert seen.release is not None
    assert WithheldBlock(codes=("stalking", "workload"), count=16) == seen.release.withheld
    publish = PublishReport(report_id=report_id, language="nl")
    assert Code.NOT_APPROVED == await reporting.refused("publish_report", publish)

    without = ApproveReport(report_id=report_id, interpretation=WORDS)
    assert Code.WORDS_MISSING == await reporting.refused("approve_report", without)
    approve = await reporting.approved(report_id)
    seen = await reporting.ask("report", asked, Report)
    assert ("approved", WORDS) == (seen.status, seen.interpretation)
    for verb in ("report", "render_report"):
        assert Code.NOT_FOUND == await reporting.refused(verb, asked, role=Role.HR)
    assert () == (await reporting.ask("reports", Empty(), Reports, role=Role.HR)).items
    assert Code.NOT_FOUND == await reporting.refused("render_report", asked)

    key = str(uuid4())
    first = await reporting.ask("publish_report", publish, Done, key=key)
    assert first == await reporting.ask("publish_report", publish, Done, key=key)
    assert 1 == reporting.count("ReportPublished")

    read = await reporting.ask("report", asked, Report, role=Role.HR)
    assert ("published", WORDS, ()) == (read.status, read.interpretation, read.drafts)
    assert {("hr", "nl")} == {(form.audience, form.language) for form in read.forms}
    assert {"pdf", "html", "xlsx", "ods", "json"} == {form.form for form in read.forms}
    for form in read.forms:
        wanted = RenderReport(id=report_id, form=form.form, language="en")
        documents = [
            await reporting.ask("render_report", wanted, Document, role=role)
            for role in (Role.HR, Role.ADVISER)
        ]
        assert documents[0] == documents[1]
        assert hashlib.sha256(documents[0].data).digest() == documents[0].sha256 == form.sha256
        assert documents[0].file_name.endswith(f"-v1-hr-nl.{form.form}")
    gone = RenderReport(id=report_id, form="docx")
    assert Code.NOT_FOUND == await reporting.refused("render_report", gone)
    assert seen.sections == read.sections
    assert ("hr", 1, 1) == (read.audience, read.version, read.newest)
    assert 1 == reporting.count("SnapshotFrozen")

    for verb, request in (
        ("save_interpretation", SaveInterpretation(report_id=report_id, sealed=sealed)),
        ("approve_report", approve),
        ("publish_report", publish),
    ):
        assert Code.ALREADY_PUBLISHED == await reporting.refused(verb, request)


async def test_each_reader_gets_their_version_and_a_new_one_says_what_it_corrects(
    reporting: Reporting,
) -> None:
    """Staff read their sections and no table that is not theirs; who read it says so; what is corrected
    stays readable.
    """
    report_id = await reporting.published("hr", "all_staff")
    asked = ReportQuery(id=report_id)
    hr, staff, council = [
        await reporting.ask("report", asked, Report, role=role)
        for role in (Role.HR, Role.EMPLOYEE, Role.WORKS_COUNCIL)
    ]
    of_hr = {section.code: section for section in hr.sections}
    assert {"summary", "guide", "nature"} <= of_hr.keys()
    assert all(of_hr[section.code] == section for section in staff.sections)
    assert "nature" not in {section.code for section in staff.sections}
    assert staff.sections == council.sections
    assert ("hr", "all_staff", "all_staff") == (hr.audience, staff.audience, council.audience)
    assert (None, ()) == (staff.release, staff.tables)
    assert f"{WORDS} (nature)" == of_hr["nature"].words
    assert hr.snapshot_sha256 == staff.snapshot_sha256

    read = AcknowledgeReport(report_id=report_id, version=1)
    await reporting.ask("acknowledge_report", read, Done, role=Role.HR)
    assert Code.ALREADY_EXISTS == await reporting.refused("acknowledge_report", read, role=Role.HR)
    assert (await reporting.ask("report", asked, Report, role=Role.HR)).acknowledged
    listed = await reporting.ask("report", asked, Report)
    assert [(1, "hr")] == [(one.version, one.role) for one in listed.acknowledgements]

    correct = CorrectReport(report_id=report_id, changes="De duiding was te stellig.")
    await reporting.ask("correct_report", correct, Done)
    again = await reporting.ask("report", asked, Report)
    assert ("drafted", 2, 1, correct.changes) == (
        again.status,
        again.version,
        again.newest,
        again.changes,
    )
    for role, status in ((Role.ADVISER, "drafted"), (Role.EMPLOYEE, "published")):
        (line,) = (await reporting.ask("reports", Empty(), Reports, role=role)).items
        assert (status, 1) == (line.status, line.version)
    assert staff == await reporting.ask("report", asked, Report, role=Role.EMPLOYEE)
    await reporting.approved(report_id, "Het beeld is gemengd.")
    fewer = PublishReport(report_id=report_id, language="nl", audiences=("hr",))
    assert Code.INVALID_INPUT == await reporting.refused("publish_report", fewer)
    await reporting.publish(report_id, "hr", "all_staff", "board")
    newer = await reporting.ask("report", asked, Report, role=Role.HR)
    assert (2, correct.changes, False) == (newer.version, newer.changes, newer.acknowledged)
    old = await reporting.ask("report", ReportQuery(id=report_id, version=1), Report, role=Role.HR)
    assert (hr.sections, 2, True) == (old.sections, old.newest, old.acknowledged)
    assert [section.blocks for section in hr.sections] == [one.blocks for one in newer.sections]
    for role, version in ((Role.HR, 0), (Role.HR, 3), (Role.ADVISER, 3)):
        assert Code.NOT_FOUND == await reporting.refused(
            "report", ReportQuery(id=report_id, version=version), role=role
        )


async def test_a_publication_leaves_once_with_the_hash_of_its_pdf(reporting: Reporting) -> None:
    """The relay tells the inside that there is a report: no figures, no words; whoever waits for reports is
    told when it is there to be read.
    """

    async def look() -> Reports:
        return await reporting.ask("reports", ReportsQuery(), Reports, role=Role.BOARD)

    looked = await at_each_hint(reporting.bus, HERE, Topic.REPORT, look)
    report_id = await reporting.published()
    (seen,) = await looked(1)
    assert [(report_id, 1)] == [(one.id, one.version) for one in seen.items]
    until = time.monotonic() + 60
    jetstream = (await reporting.bus.client("reporting")).jetstream()
    while (await jetstream.stream_info("REPORTING")).state.messages == 0:
        assert time.monotonic() < until, "nothing was published"
        await asyncio.sleep(0.1)
    message = await jetstream.get_msg("REPORTING", 1)
    assert "reporting.v1.report.published" == message.subject
    event = msgspec.json.decode(message.data or b"", type=CloudEvent)
    assert ReportPublished(
        organisation_id=str(HERE),
        report_id=report_id,
        period="2026-H1",
        version=1,
        sha256=(await reporting.frozen(report_id)).hex(),
    ) == msgspec.json.decode(event.data, type=ReportPublished)
    assert 1 == (await jetstream.stream_info("REPORTING")).state.messages


async def test_a_release_waits_for_its_organisation(reporting: Reporting) -> None:
    """A release that is here first is not lost: it is delivered again until the other is known."""
    await reporting.release()
    await asyncio.sleep(0.5)
    assert [] == reporting.rows("SELECT type FROM event")
    await reporting.announce()
    assert "drafted" == (await reporting.reports(1)).items[0].status


async def test_what_arrives_twice_is_drafted_once(reporting: Reporting) -> None:
    """The same organisation and release again, and kinds that reporting does not know, are no news."""
    report_id = await reporting.drafted()
    await reporting.announce()
    await reporting.release()
    await publish(
        reporting.signals, f"signals.v1.{TOKENS[HERE]}.heartbeat", "signals.v1.heartbeat", Empty()
    )
    await reporting.release(period="2026-H2", release_id=str(uuid4()))
    listed = await reporting.reports(2)
    assert ["2026-H2", "2026-H1"] == [item.period for item in listed.items]
    assert report_id == listed.items[1].id
    assert 2 == reporting.count("ReportDrafted")
    assert 1 == reporting.count("OrganisationKnown")
    positions = dict(reporting.rows("SELECT consumer, position FROM tracking"))
    assert {"reporting-drafts": 4, "reporting-organisations": 2} == positions


async def test_a_tree_that_begins_to_hold_is_kept_once(reporting: Reporting) -> None:
    """With its headcounts, of which rates are made."""
    await reporting.announce()
    for _ in range(2):
        await publish(
            reporting.intake,
            "intake.v1.organisation.units",
            "intake.v1.organisation.units",
            OrganisationUnits(
                organisation_id=str(HERE),
                effective="2027-H1",
                units=(Unit(id="zorg", name="Zorg", headcount=180),),
                mapping=(),
            ),
        )
    await reporting.announce(ELSEWHERE)
    await reporting.release(ELSEWHERE)
    await reporting.reports(1, organisation=ELSEWHERE)
    assert 1 == reporting.count("UnitsKnown")


async def test_the_tables_of_a_half_year_become_one_report(reporting: Reporting) -> None:
    """In whatever order and however often they come; a quarter's table begins and joins nothing, and is
    kept.
    """
    await reporting.announce()
    quarter = WindowDrawn(measure="theme", period="2026-Q1", epsilon=1.0)
    for _ in range(2):
        await reporting.noisy("theme", quarter, period="2026-Q1")
    for _ in range(2):
        await reporting.noisy("unit", UNITS)
        await reporting.noisy("total", THEMES)
    await reporting.noisy("theme", THEMES)
    report_id = (await reporting.reports(1)).items[0].id
    until = time.monotonic() + 60
    while True:
        seen = await reporting.ask("report", ReportQuery(id=report_id), Report)
        if len(seen.tables) == 2:
            break
        assert time.monotonic() < until, seen
        await asyncio.sleep(0.1)
    assert seen.release is not None
    assert ["theme", "total", "unit"] == [one.dimension for one in (seen.release, *seen.tables)]
    assert (1, 2) == (reporting.count("ReportDrafted"), reporting.count("TableJoined"))
    assert 1 == reporting.count("TableKept")
    kept = reporting.rows("SELECT period, dimension FROM kept_table ORDER BY 1, 2")
    half = [("2026-H1", name) for name in ("theme", "total", "unit")]
    assert [*half, ("2026-Q1", "theme")] == kept
    units = seen.tables[1]
    assert (ReleasedCell(code="zorg", count=12, margin=3),) == units.cells
    assert units.withheld is not None
    assert (("kantoor", "not_said"), None, (5, 5)) == msgspec.structs.astuple(units.withheld)
    assert (8, 1.0, 2.0) == (units.total_margin, units.epsilon, units.budget)
    assert {"zorg": "Zorg", "kantoor": "Kantoor", "not_said": "Not_said"} == units.labels_nl

    await reporting.approved(report_id)
    await reporting.publish(report_id)
    document = await reporting.ask("render_report", ById(id=report_id), Document, role=Role.HR)
    for row in ("Conduct 12 ± 3", "Zorg 12 ± 3", "Kantoor < 5"):
        assert row in words_of(document.data)


async def test_an_academic_year_is_made_of_the_windows_that_lie_in_it(reporting: Reporting) -> None:
    """Under its calendar nothing is drafted by itself; the report is begun, approved and published."""
    await reporting.announce()
    choose = ChooseReportCalendar(calendar="academic_year")
    await reporting.ask("choose_report_calendar", choose, Done, role=Role.COORDINATOR)
    begin = BeginReport(starts=date(2025, 9, 1), ends=date(2026, 8, 31))
    assert Code.INVALID_INPUT == await reporting.refused("begin_report", begin)
    for period in ("2025-Q4", "2026-H1"):
        drawn = WindowDrawn(measure="theme", period=period, epsilon=1.0)
        await reporting.noisy("theme", drawn, period=period)
    until = time.monotonic() + 60
    while reporting.count("TableKept") < 2:
        assert time.monotonic() < until, "the tables are not kept"
        await asyncio.sleep(0.1)
    assert () == (await reporting.ask("reports", Empty(), Reports)).items
    report_id = (await reporting.ask("begin_report", begin, Done)).id
    assert Code.ALREADY_EXISTS == await reporting.refused("begin_report", begin)
    await reporting.approved(report_id)
    await reporting.publish(report_id)
    (line,) = (await reporting.ask("reports", Empty(), Reports, role=Role.HR)).items
    assert "2025-09-01/2026-08-31" == line.period
    seen = await reporting.ask("report", ReportQuery(id=report_id), Report, role=Role.HR)
    assert (begin.starts, begin.ends, date(2026, 6, 30)) == (seen.starts, seen.ends, seen.cut_off)
    assert None is seen.release
    page = await reporting.ask("render_report", RenderReport(id=report_id), Document, role=Role.HR)
    for words in ("4e kwartaal 2025", "1e halfjaar 2026", "24 ± 5", "30 september 2025"):
        assert words in words_of(page.data)


async def test_a_table_that_comes_after_the_approval_does_not_join(reporting: Reporting) -> None:
    """What was approved is what is published; the table is kept, and none after it waits."""
    await reporting.announce()
    await reporting.noisy("theme", THEMES)
    report_id = (await reporting.reports(1)).items[0].id
    await reporting.approved(report_id)
    await reporting.noisy("unit", UNITS)
    await reporting.noisy(
        "theme", WindowDrawn(measure="theme", period="2026-H2", epsilon=1.0), period="2026-H2"
    )
    await reporting.reports(2)
    assert 1 == reporting.count("TableKept")
    await reporting.publish(report_id)
    assert () == (await reporting.ask("report", ReportQuery(id=report_id), Report)).tables
    document = await reporting.ask("render_report", ById(id=report_id), Document, role=Role.HR)
    assert "Conduct 12 ± 3" in words_of(document.data)
    assert "Zorg" not in words_of(document.data)


@pytest.mark.parametrize(
    "unsafe",
    [
        {"cells": (ReleasedCell(code="bullying", count=3),), "total": 19},
        {"organisation_token": TOKENS[ELSEWHERE]},
    ],
    ids=["small", "foreign"],
)
async def test_an_unsafe_release_is_not_drafted(
    reporting: Reporting, unsafe: dict[str, Any]
) -> None:
    """A cell below the threshold, or another's token: it stays on the bus, for a person to see."""
    await reporting.announce()
    await reporting.release(**unsafe)
    jetstream = (await reporting.bus.client("reporting")).jetstream()
    until = time.monotonic() + 60
    while (
        info := await jetstream.consumer_info("SIGNALS", "reporting-drafts")
    ).num_redelivered == 0:
        assert time.monotonic() < until, info
        await asyncio.sleep(0.1)
    assert 0 == reporting.count("ReportDrafted")
    assert () == (await reporting.ask("reports", Empty(), Reports)).items


async def test_another_organisations_report_looks_absent(reporting: Reporting) -> None:
    """The same refusal for a stranger's report and for one that does not exist; nothing is listed."""
    asked = ById(id=await reporting.published())
    await reporting.announce(ELSEWHERE)
    for role in (Role.ADVISER, Role.HR):
        who: dict[str, Any] = {"role": role, "organisation": ELSEWHERE}
        for verb in ("report", "render_report"):
            assert Code.NOT_FOUND == await reporting.refused(verb, asked, **who)
            assert Code.NOT_FOUND == await reporting.refused(verb, ById(id=str(uuid4())), **who)
        assert () == (await reporting.ask("reports", Empty(), Reports, **who)).items
    approve = ApproveReport(report_id=asked.id, interpretation=WORDS)
    assert Code.NOT_FOUND == await reporting.refused(
        "approve_report", approve, organisation=ELSEWHERE
    )


async def test_other_roles_are_refused(reporting: Reporting) -> None:
    """HR may not write; auditors and administrators may not read reports, and staff none that is not
    theirs; auditors see the ledger.
    """
    report_id = await reporting.published()
    approve = ApproveReport(report_id=report_id, interpretation=WORDS)
    assert Code.NOT_ALLOWED == await reporting.refused("approve_report", approve, role=Role.HR)
    assert Code.NOT_FOUND == await reporting.refused(
        "report", ById(id=report_id), role=Role.MANAGER
    )
    for role, organisation in ((Role.AUDITOR, HERE), (Role.ADMIN, None)):
        assert Code.NOT_ALLOWED == await reporting.refused(
            "report", ById(id=report_id), role=role, organisation=organisation
        )
    page = await reporting.ask("ledger", LedgerQuery(), LedgerPage, role=Role.AUDITOR)
    assert {"OrganisationKnown.v2", "ReportDrafted", "ReportApproved", "ReportPublished.v2"} <= {
        entry.type for entry in page.entries
    }


async def test_every_look_is_recorded_before_the_answer(reporting: Reporting) -> None:
    """One access event for each answer that shows a report; none for a refusal or an empty list."""
    asked = ById(id=await reporting.published())
    before = reporting.count("AccessRecorded")
    for number, (verb, request) in enumerate(
        (("report", asked), ("render_report", asked), ("reports", Empty())), start=1
    ):
        await reporting.ask(verb, request, Shape, role=Role.HR)
        assert before + number == reporting.count("AccessRecorded")
    await reporting.refused("report", ById(id=str(uuid4())), role=Role.HR)
    await reporting.ask("reports", Empty(), Reports, organisation=ELSEWHERE)
    assert before + 3 == reporting.count("AccessRecorded")


async def test_words_rest_encrypted(reporting: Reporting) -> None:
    """Approved words are readable through the service alone: no column of any table holds them."""
    await reporting.published()
    everything = ""
    for (table,) in reporting.rows(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'reporting'"
    ):
        everything += str(reporting.rows(f"SELECT t::text FROM {table} t"))  # noqa: S608  our names
    assert "2026-H1" in everything
    for secret in (WORDS, WORDS.encode().hex(), "De Hoekstee", b"De Hoekstee".hex()):
        assert secret not in everything


async def test_other_bytes_are_never_handed_out(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A report that would be made again differently from its hash is not shown, nor noted as seen; those of
    older templates come out as they were published.
    """
    for name, text in _environment(database, tmp_path, nats_url="nats://nobody", port=0).items():
        monkeypatch.setenv(name, text)
    pool = await open_pool(database.url("reporting"), min_size=1, max_size=2)
    writer = GroupWriter(database.url("reporting"))
    await writer.start()
    ring = FileKeyRing(tmp_path / "reporting.ring", b"a passphrase for tests", QUICK)
    store = EventStore(pool=pool, writer=writer, types=TYPES, ring=ring)
    now = datetime(2026, 7, 20, 9, tzinfo=UTC)
    labels = {"bullying": "Pesten"}
    figures = Figures(
        release_id=uuid4(),
        organisation_token=TOKENS[HERE],
        period="2026-H1",
        policy="exact",
        dimension="category",
        k=10,
        taxonomy_version=1,
        cells=(Cell("bullying", 41),),
        withheld=None,
        total=41,
        released_week="2026-W29",
    )
    drafted = domain.ReportDrafted(
        organisation_id=HERE, figures=figures, labels_en=labels, labels_nl=labels
    )

    async def published(period: str, template: str, sha256: bytes | None = None) -> Rendered:
        """A report from before there were snapshots."""
        stream = report_stream(HERE, period)
        made = render_now(
            content_of(
                (drafted,),
                report_id=stream,
                interpretation=WORDS,
                organisation_name="De Hoekstee",
                language="nl",
                published_on=now.date(),
            ),
            template,
        )
        events = (
            drafted,
            domain.ReportApproved(WORDS),
            domain.ReportPublished(
                period=period,
                organisation_name="De Hoekstee",
                version=1,
                changes=None,
                audiences=("hr",),
                snapshot_sha256=None,
                forms=(domain.PublishedForm("pdf", None, "nl", sha256 or made.sha256),),
                typst_version="0.0.1",
                template_version=template,
                published_on=now.date(),
                week="2026-W30",
            ),
        )
        changes = [Change(stream, version, event) for version, event in enumerate(events, start=1)]
        await store.append(HERE, changes, actor="test", at=now)
        return made

    call = Call(
        principal=Principal("hr-1", Role.HR, HERE),
        now=now,
        parts=Parts(
            settings=load(),
            store=store,
            pool=pool,
            ring=ring,
            clock=SystemClock(),
            projector=Projector(store, pool, (), lambda _problem: None),
            proofs=LogProofs(
                service="reporting", pool=pool, folder=LedgerFolder(tmp_path / "ledger")
            ),
            erasures=cast(Any, None),  # nothing is erased here
        ),
    )

    def asked(period: str) -> RenderReport:
        return RenderReport(id=str(report_stream(HERE, period)), language="en")

    await published("2026-H1", "1", bytes(32))
    with pytest.raises(OtherBytes, match=r"published with Typst 0\.0\.1"):
        await render_report(call, asked("2026-H1"))
    assert {HERE: 3} == await store.heads()
    for period, template in (("2025-H1", "1"), ("2025-H2", "2")):
        made = await published(period, template)
        again = await render_report(call, asked(period))
        assert (made.pdf, made.sha256, None) == (again.data, again.sha256, again.next)
    long = await published("2024-H2", "2")
    monkeypatch.setattr("services.reporting.queries.render_report.PART_BYTES", 10_000)
    parts = [await render_report(call, asked("2024-H2"))]
    looks = await store.heads()
    while (after := parts[-1].next) is not None:
        further = msgspec.structs.replace(asked("2024-H2"), after=after)
        parts.append(await render_report(call, further))
    assert (long.pdf, len(long.pdf) // 10_000 + 1) == (
        b"".join(part.data for part in parts),
        len(parts),
    )
    assert looks == await store.heads()
    await writer.stop()
    await pool.close()
