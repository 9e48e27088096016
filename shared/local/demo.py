"""The walk that `make run` and `make demo` show: from a person's words to a published report.

It goes through the front door only: GraphQL with a token per role, as a front end would, and the
integration's own NATS account. Organisation, people and words are made up; the register of 2018 is
the one that the Ministry of Defence published (tests/data/SOURCES.md). Figures are released with
noise, the policy that holds unless an organisation decides otherwise: they come out differently in
every walk.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import tempfile
from base64 import b64decode
from datetime import timedelta
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from rich.table import Table

from hoeksteen_client import GatewayError
from shared.bus.connection import connect
from shared.bus.topology import EXTERNAL_DURABLE, EXTERNAL_STREAM
from shared.cli.import_register import run as import_register
from shared.cli.plan_grid import PLAN, tell
from shared.local import documents
from shared.local.half_years import NAME, HalfYears
from shared.local.home import CHECKOUT, write_private_json
from shared.local.pages import print_links
from shared.local.session import WITNESSES
from shared.local.story import DemoFailedError, Story, base64
from shared.local.verified import verify
from shared.taxonomy.calendar import moment_of, tick_of
from shared.taxonomy.period import Period

if TYPE_CHECKING:
    from rich.console import Console

    from shared.local.session import Installation

_UNITS = (
    ("whole", "Voorbeeld Zorg & Techniek", 100, None),
    ("care", "Zorg", 1_900, "whole"),
    ("workshop", "Werkplaats", 850, "whole"),
    ("office", "Kantoor", 600, "whole"),
)
"""So many people that about 50 cases a year are expected: enough for themes by the half-year."""

_STORY = (
    "Sinds de nieuwe planning word ik in het teamoverleg overgeslagen en lachen collega's als ik "
    "iets zeg. Ik slaap er slecht van en durf er met mijn leidinggevende niet over te beginnen."
)
_MINUTES = "Samen de mogelijkheden besproken. Melder wil eerst zelf het gesprek met de collega aan."
_MEANING = {
    "2018": (
        "Most cases are about conduct between people, and about the use of resources and internal "
        "rules. That says something about what people dare to report, and not only about what "
        "happens. We advise managers to talk about conduct in the team twice a year, before "
        "anything has happened."
    ),
    "now": (
        "Pesten, werkdruk en samenwerking vallen dit half jaar op. In gesprekken komt terug dat de "
        "planning laat verandert en dat wie er iets van zegt, zich niet gehoord voelt. Wij adviseren "
        "de planning twee weken vooruit vast te zetten, en leidinggevenden te helpen om het gesprek "
        "hierover zelf te openen."
    ),
}
_OF_SECTION = {
    "2018": "These figures were published by the organisation itself; they are as exact as that.",
    "now": "Lees deze cijfers met hun marge, en naast wat hierboven staat.",
}
"""Said of each section that has figures."""
_PATIENCE_SECONDS = 60.0


async def walk(installation: Installation, console: Console, *, new_organisation: bool) -> int:
    """Walk from report to published report. Prints what happens; answers the exit status.

    In a new organisation a second walk follows, over four half-years of another one.
    """
    number = f" {secrets.token_hex(2)}" if new_organisation else ""
    story = _Story(installation, console, f"Voorbeeld Zorg & Techniek{number}")
    half_years = HalfYears(installation, console, f"{NAME}{number}")
    try:
        await asyncio.to_thread(story.tell)
        received = await _received(installation, story.token, len(story.releases))
        if new_organisation:
            await asyncio.to_thread(half_years.tell)
            story.pdfs += half_years.pdfs
        await asyncio.to_thread(story.close, received)
        if new_organisation:
            print_links(console, installation, half_years.organisation, half_years.name)
        else:
            write_private_json(installation.home.demo, {"organisation": str(story.organisation)})
    except DemoFailedError as failure:
        console.print(f"[red]The walk stopped: {failure}[/red]")
        return 1
    except GatewayError as refusal:
        console.print(f"[red]The gateway refused: {refusal}[/red]")
        return 1
    finally:
        story.sign_out()
        half_years.sign_out()
    return 0


class _Story(Story):
    """One organisation's walk, step by step."""

    def __init__(self, installation: Installation, console: Console, name: str) -> None:
        super().__init__(installation, console, name)
        self.token = ""
        self.releases: list[dict[str, Any]] = []

    def tell(self) -> None:
        """From the first sign-in to the published reports."""
        self.sign_in()
        self._plan()
        self._set_up(self._tree())
        self._say(
            "the adviser's client made a key pair; its public half is in the directory and the log"
        )
        self.token = self.people["adviser"].ask(documents.ORGANISATION)["token"]
        self._import()
        case = self._case()
        self._wait_for_tick()
        self._reports()
        self._say(f"case {str(case)[:8]}… is in the figures of this half-year, nowhere else")

    def close(self, received: list[tuple[str, str, str]]) -> None:
        """Verify the logs, and show what there is to look at."""
        self.console.print("\nWhat the integration received, in its own account:")
        for subject, period, dimension in sorted(received):
            self.console.print(f"  {subject}  period {period}, table {dimension}")
        self.console.print()
        code = verify(self.installation, self.organisation)
        if code != 0:
            raise DemoFailedError("the logs do not verify")
        self._print_summary()

    # Steps ------------------------------------------------------------------------------------

    def _plan(self) -> None:
        self._say(
            "before anything is decided, the planner tells what such an organisation would learn"
        )
        plan = self.people["admin"].ask(PLAN, units=self._tree(), language="EN")
        tell(plan, "en", self.console)

    def _tree(self) -> list[dict[str, Any]]:
        return [
            {"id": unit, "name": name, "headcount": headcount, "parent": parent}
            for unit, name, headcount, parent in _UNITS
        ]

    def _import(self) -> None:
        data = CHECKOUT / "tests" / "data"
        self.period = Period.containing(self.installation.now().date())
        with tempfile.TemporaryDirectory() as folder:
            present = Path(folder) / f"register-{self.period}.csv"
            template = (data / "voorbeeld-half-year.csv").read_text(encoding="utf-8")
            present.write_text(_in_units(template, str(self.period)), encoding="utf-8")
            for file in (data / "defensie-2018.csv", present):
                code = import_register(
                    file,
                    organisation=str(self.organisation),
                    dry_run=False,
                    gateway_url=self.installation.gateway_url,
                    token=self.people["adviser"].token,
                    console=self.console,
                    language="en",
                )
                if code != 0:
                    raise DemoFailedError(f"the register {file.name} was not loaded")

    def _case(self) -> UUID:
        adviser, case = self.people["adviser"], uuid4()
        adviser.do(
            documents.OPEN_CASE,
            caseId=str(case),
            channel="walk_in",
            anonymity="confidential",
            reporterRole="employee",
            relation="colleague",
            category="bullying",
            unitId="care",
            **self._signed("words", _STORY, case),
        )
        adviser.do(
            documents.RECORD_CONVERSATION,
            caseId=str(case),
            mode="meeting",
            **self._signed("minutes", _MINUTES, case),
        )
        adviser.do(documents.RECORD_INTERVENTION, caseId=str(case), intervention="listening")
        adviser.do(
            documents.RECORD_OUTCOME,
            caseId=str(case),
            outcome="own_conversation_held",
            route="own_first_step",
        )
        adviser.do(documents.CLOSE_CASE, caseId=str(case))
        entries = adviser.ask(documents.CASE, id=str(case))["entries"]
        (sealed,) = entries[0]["sealed"]
        words = self.key.open(
            b64decode(sealed["ciphertext"]), organisation=self.organisation, case=case
        )
        if words != _STORY:
            raise DemoFailedError("the words that came back are not those that went in")
        self._say(
            "a case was opened with sealed and signed words, spoken about, concluded and closed; only the "
            "adviser's key opened them again"
        )
        return case

    def _wait_for_tick(self) -> None:
        tick = tick_of(self.period, self.period.start)
        moment = moment_of(tick) + timedelta(minutes=1)
        if moment > self.installation.now():
            self.installation.move_clock(moment)
        self._say(f"the clock is moved to the tick of {tick:%d %B %Y}")
        hr = self.people["hr"]
        self._until(
            "both periods to be released",
            lambda: (
                {"2018", str(self.period)}
                <= {release["period"] for release in hr.ask(documents.TABLES)}
            ),
        )
        self.releases = hr.ask(documents.TABLES)
        for release in self.releases:
            # A register without units says little by unit.
            if release["period"] != "2018" or release["dimension"] == "theme":
                self._print_release(release)
        told = hr.ask(documents.EXPLANATION, period=str(self.period))[0]["explanation"]
        self.console.print(f"What was done to them: {told['inShort']}")
        budget = hr.ask(documents.BUDGET)
        spent = {one["period"]: one["spent"] for one in budget["periods"]}[str(self.period)]
        self._say(f"a case of {self.period} has spent ε = {spent:g} of at most {budget['limit']:g}")

    def _reports(self) -> None:
        adviser, hr = self.people["adviser"], self.people["hr"]
        self._until("every table to be in a report", self._all_in_reports)
        for summary in reversed(adviser.ask(documents.REPORTS)):
            report, period = summary["id"], summary["period"]
            which, language = ("2018", "EN") if period == "2018" else ("now", "NL")
            adviser.do(
                documents.SAVE_INTERPRETATION,
                reportId=report,
                sealed=[self._sealed(_MEANING[which], UUID(report))],
            )
            sections = adviser.ask(documents.SECTIONS, id=report)["sections"]
            adviser.do(
                documents.APPROVE_REPORT,
                reportId=report,
                interpretation=_MEANING[which],
                words=[
                    {"section": one["code"], "words": _OF_SECTION[which]}
                    for one in sections
                    if one["hasFigures"]
                ],
            )
            adviser.do(documents.PUBLISH_REPORT, reportId=report, language=language)
            path = hr.ask(documents.REPORT, id=report)["pdfPath"]
            self.pdfs.append((f"{period} {language}", self._download(path, period)))
        self._say("the adviser wrote what the figures mean, approved and published both reports")

    def _all_in_reports(self) -> bool:
        """What is approved is what is published: so all tables have to be there before."""
        adviser = self.people["adviser"]
        reports = [
            adviser.ask(documents.REPORT, id=one["id"]) for one in adviser.ask(documents.REPORTS)
        ]
        return len(self.releases) == sum(1 + len(report["tables"]) for report in reports)

    # Help -------------------------------------------------------------------------------------

    def _signed(self, field: str, words: str, case: UUID) -> dict[str, Any]:
        """Words sealed to the adviser, and her signature of them."""
        sealed = self._sealed(words, case)
        copies = [(UUID(sealed["keyId"]), b64decode(sealed["ciphertext"]))]
        signature = self.key.sign_words(copies, organisation=self.organisation, case=case)
        return {field: [sealed], "signature": base64(signature)}

    def _print_release(self, release: dict[str, Any]) -> None:
        title = f"Released for {release['period']}, by {release['dimension']} (cases)"
        table = Table(title=title, title_justify="left")
        table.add_column(release["dimension"])
        table.add_column("count", justify="right")
        table.add_column("margin", justify="right")
        labels = {one["code"]: one["label"] for one in release["labels"]}
        for cell in release["cells"]:
            table.add_row(labels[cell["code"]], str(cell["count"]), f"± {cell['margin']}")
        withheld = release["withheld"] or {"codes": [], "thresholds": []}
        for code, threshold in zip(withheld["codes"], withheld["thresholds"], strict=True):
            # Of the true number that says nothing for certain: the figure is what lies below.
            table.add_row(labels[code], "not shown", f"with noise < {threshold}")
        if release["total"] is not None and release["dimension"] != "total":
            table.add_row("total", str(release["total"]), f"± {release['totalMargin']}")
        self.console.print(table)

    def _print_summary(self) -> None:
        show = self.console.print
        show("\n[bold]Reports[/bold]")
        for period, path in self.pdfs:
            show(f"  {period:10} {path}", soft_wrap=True)
        show("\n[bold]Addresses[/bold]")
        show(f"  GraphQL  {self.installation.gateway_url}")
        show(f"  GraphiQL {self.installation.gateway_origin}/graphiql")
        print_links(self.console, self.installation, self.organisation, self.name)
        show("\n[bold]Organisation[/bold]")
        show(f"  {self.organisation}", highlight=False)
        again = f"hoeksteen token ROLE --organisation {self.organisation}"
        show(f"  a token for any of its roles: .venv/bin/{again}", soft_wrap=True, highlight=False)
        show("\n[bold]Witnesses[/bold]")
        show(f"  {', '.join(WITNESSES)}: on this machine, so independent of nobody", soft_wrap=True)
        for role, query in documents.FIRST_QUERIES.items():
            show(f"\n[bold]{role}[/bold]  first query: {query}", soft_wrap=True)
            show(f"  token: {self.people[role].token}", soft_wrap=True, markup=False)


def _in_units(register: str, period: str) -> str:
    """A register's lines in another half-year, each in one of the units, by turns."""
    turns = cycle(("care", "care", "workshop", "office"))
    return "".join(
        line.replace("row,2026-H2,,", f"row,{period},{next(turns)},").replace("2026-H2", period)
        for line in register.splitlines(keepends=True)
    )


async def _received(
    installation: Installation, token: str, many: int
) -> list[tuple[str, str, str]]:
    """Subject, period and table of the organisation's messages in the integration's account."""
    client = await connect(
        servers=installation.nats_url,
        user="integration",
        password=installation.nats_password_file("integration").read_text().strip(),
        name="demo",
        on_problem=lambda _problem: None,
    )
    found: list[tuple[str, str, str]] = []
    try:
        pull = await client.jetstream().pull_subscribe_bind(
            durable=EXTERNAL_DURABLE, stream=EXTERNAL_STREAM
        )
        end = asyncio.get_running_loop().time() + _PATIENCE_SECONDS
        while len(found) < many and asyncio.get_running_loop().time() < end:
            try:
                messages = await pull.fetch(10, timeout=1)
            except TimeoutError:
                continue
            for message in messages:
                await message.ack()
                if message.subject.endswith(f".{token}.statistics-released"):
                    release = json.loads(message.data)["data"]["release"]
                    found.append((message.subject, release["period"], release["dimension"]))
    finally:
        await client.close()
    if len(found) < many:
        raise DemoFailedError("the integration did not receive every table")
    return found
