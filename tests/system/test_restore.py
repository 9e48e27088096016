"""docs/restore.md, rehearsed: its commands as they stand there, on an installation that lost a moment,
and then everything. `make rehearse` shows what they say and how long they take.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from shared.ledger.commands import NOT_IN_ORDER
from shared.ledger.files import LedgerFolder
from shared.local import documents
from shared.local.home import CHECKOUT, Home
from shared.local.session import SERVICES, Installation
from shared.local.verified import verify
from shared.runtime.schedule import last_daily
from shared.taxonomy.calendar import moment_of
from tests.system.conftest import running_installation
from tests.system.people import Organisation, until
from tests.system.test_cli import hoeksteen
from tests.system.test_erasure import APPROVE, ASK, facts_of, facts_of_case, superuser

RUNBOOK = (CHECKOUT / "docs/restore.md").read_text(encoding="utf-8")

LEFT = (
    "SELECT (SELECT count(*) FROM wrapped_key WHERE key_id IN"
    " (SELECT key_id FROM event WHERE stream = %(case)s)),"
    " (SELECT count(*) FROM event JOIN ciphertext USING (organisation, leaf_index)"
    " WHERE stream = %(case)s),"
    " (SELECT count(*) FROM case_index WHERE case_id = %(case)s)"
)


def left(superuser_url: str, case: UUID) -> tuple[int, int, int]:
    """Of a case at intake: keys, contents, lines in the list."""
    with psycopg.connect(superuser_url) as connection:
        connection.execute(b"SET search_path = intake")
        row = connection.execute(LEFT, {"case": case}).fetchone()
    assert row is not None
    return row


def settled(installation: Installation, organisation: UUID, *, told: bool = True) -> bool:
    """Whether every service is done with the day and with what it is sent, and (`told`) remembers the
    other two's logs as they are: none of them grows until somebody does something.
    """
    folder, today = LedgerFolder(installation.home.ledger), last_daily(installation.now()).date()
    with superuser(installation) as connection:
        taken_in = connection.execute(
            "SELECT (SELECT max(position) FROM intake.relay_queue)"
            " = (SELECT position FROM signals.tracking WHERE consumer = 'signals-facts')"
        ).fetchone()
        if taken_in != (True,):
            return False
        for service in SERVICES:
            connection.execute(f"SET search_path = {service}".encode())
            row = connection.execute(
                "SELECT size, (SELECT day FROM schedule WHERE name = 'daily') FROM log"
                " WHERE organisation = %s",
                (organisation,),
            ).fetchone()
            if row is None or row[1] < today:
                return False
            for by in {*SERVICES} - {service}:
                head = folder.remembered(by, service, organisation)
                if told and (head is None or head.size != row[0]):
                    return False
    return True


def commands(section: str) -> Iterator[str]:
    """The commands of a section of the page, in order."""
    text = RUNBOOK.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL):
        yield from block.strip().splitlines()


def shown(organisation: Organisation) -> list[dict[str, Any]]:
    """Figures, as hr is shown them."""
    return sorted(organisation.hr.ask(documents.TABLES), key=str)


def sizes(home: Home, organisation: Organisation) -> list[int]:
    """How much of each log is signed."""
    newest = [LedgerFolder(home.ledger).newest(service, organisation.id) for service in SERVICES]
    return [0 if one is None else one.size for one in newest]


@dataclass
class Rehearsal:
    """An installation on its way, and the places that the page's variables name."""

    home: Home
    places: dict[str, str]
    case: UUID = field(init=False)
    neighbour: UUID = field(init=False)
    lost: UUID = field(init=False)
    facts: UUID = field(init=False)
    figures: list[dict[str, Any]] = field(init=False)
    signed: list[int] = field(init=False)

    def follow(self, line: str) -> None:
        """Run a line of the page; it must end with 0."""
        began = time.monotonic()
        done = subprocess.run(
            ("/bin/sh", "-c", line),
            env=os.environ | self.places | {"HOEKSTEEN_HOME": str(self.home.path)},
            check=False,
            capture_output=True,
            text=True,
        )
        took = f"{time.monotonic() - began:7.1f} s in all"
        sys.stdout.write(f"$ {line}\n{done.stdout}{done.stderr}{took}\n")
        assert done.returncode == 0, done.stderr

    def live(self, installation: Installation) -> Organisation:
        """Cases, both kinds of backup, and behind them an erasure, a new case and a release."""
        year = installation.now().year
        organisation = Organisation(installation, policy="NOISY")
        self.case, self.neighbour, *_ = [organisation.open_case() for _ in range(30)]
        installation.move_clock(installation.now() + timedelta(days=1))
        self.facts = facts_of_case(installation, organisation.id, self.case)
        until(lambda: str(self.facts) in facts_of(installation))
        until(lambda: settled(installation, organisation.id))
        for line in (*commands("To any moment"), *commands("Every night")):
            if "backup" in line:
                self.follow(line)
        self.places["MOMENT"] = datetime.now(UTC).isoformat()
        organisation.adviser.do(ASK, caseId=str(self.case), ground="REPORTER")
        organisation.sign_in("coby", "coordinator").do(APPROVE, caseId=str(self.case))
        self.lost = organisation.open_case()
        # So few people's figures are released once a year, two weeks after it.
        tick = date(year + 1, 1, 15)
        installation.move_clock(moment_of(tick) + timedelta(minutes=1))
        until(lambda: bool(shown(organisation)))
        self.figures = shown(organisation)
        assert any(table["total"] for table in self.figures)
        until(lambda: settled(installation, organisation.id))
        self.signed = sizes(self.home, organisation)
        organisation.close()
        return organisation

    def look_at_the_moment(self, installation: Installation, organisation: Organisation) -> None:
        """What was destroyed is, what was lost is lost, what was released stands as it was."""
        organisation.come_back(installation)
        url = installation.database_url("postgres")
        assert (0, 0, 0) == left(url, self.case)
        asked = [
            organisation.adviser.ask(documents.CASE, id=str(one))
            for one in (self.case, self.lost, self.neighbour)
        ]
        assert [True, True, False] == [one is None for one in asked]
        assert str(self.facts) not in facts_of(installation)
        until(lambda: bool(shown(organisation)))
        organisation.open_case()
        installation.move_clock(installation.now() + timedelta(days=1))
        until(lambda: settled(installation, organisation.id, told=False))
        assert self.figures == shown(organisation)
        # Nothing is signed on top of what is not there any more.
        assert '"error": "HeadContradictedError"' in self.home.log("intake").read_text()
        assert self.signed == sizes(self.home, organisation)
        for service, event in (("intake", "erasure.again"), ("signals", "relay.adopted")):
            assert f'"event": "{event}"' in self.home.log(service).read_text()
        doctor = hoeksteen("doctor", HOEKSTEEN_HOME=str(self.home.path)).stdout
        assert "✓ What runs is ready" in doctor
        assert "'ledger.refused'" in doctor


@pytest.fixture
def rehearsal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Rehearsal:
    """An empty home, and a `hoeksteen` to call."""
    program = tmp_path / "bin" / "hoeksteen"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m shared.cli "$@"\n')
    program.chmod(0o755)
    archive = str(tmp_path / "archive")
    monkeypatch.setenv("HOEKSTEEN_WAL_ARCHIVE", archive)
    places = {
        "BACKUPS": str(tmp_path / "backups"),
        "SAFE": str(tmp_path / "safe"),
        "ARCHIVE": archive,
        "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}",
    }
    return Rehearsal(Home(tmp_path / "home"), places)


def test_a_moment_is_lost_and_then_everything(
    rehearsal: Rehearsal, capsys: pytest.CaptureFixture[str]
) -> None:
    """The database goes back to before an erasure and a release: the case stays destroyed, the figures
    stay as they were published, with the same noise, and verify tells that the logs lost their ends.
    Then the nightly backup is put back on an empty folder: all answers, agrees and verifies.
    """
    home = rehearsal.home
    with running_installation(home) as installation:
        organisation = rehearsal.live(installation)
    copied = Path(rehearsal.places["BACKUPS"]).glob("*/ledger/**/*")
    assert {each.stat().st_mtime % 86400 for each in copied} == {0}, (
        "it says when a case was erased"
    )

    for line in commands("To any moment"):
        if "restore" in line:
            rehearsal.follow(line)
    with running_installation(home) as installation:
        rehearsal.look_at_the_moment(installation, organisation)
        said = capsys.readouterr().out
        assert verify(installation, organisation.id, as_json=True) == NOT_IN_ORDER
        told = json.loads(capsys.readouterr().out)["verdicts"]
        kinds = {finding["kind"] for log in told for finding in log["findings"]}
        sys.stdout.write(f"{sorted(kinds)}\n")
        assert kinds <= {
            "TAIL_CUT", "HEAD_CONTRADICTED", "HEAD_EVIDENCE", "HISTORY_CHANGED", "ENTRY_NOT_AS_PUBLISHED",
        }  # fmt: skip
        assert all(log["findings"] for log in told if log["service"] == "intake")
        sys.stdout.write(said)
        organisation.close()

    shutil.rmtree(home.path)
    for line in commands("Everything is lost"):
        if "restore" in line:
            rehearsal.follow(line)
    with running_installation(home) as installation:
        organisation.come_back(installation)
        for line in commands("Everything is lost"):
            if "restore" not in line and line != "hoeksteen run":
                rehearsal.follow(line)
        neighbour = organisation.adviser.ask(documents.CASE, id=str(rehearsal.neighbour))
        assert neighbour is not None
        assert str(rehearsal.facts) in facts_of(installation)
        organisation.open_case()
        organisation.close()
