"""Yesterday's backup is put back after an erasure, on a whole installation: the case stays gone."""

from __future__ import annotations

import json
import subprocess
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from shared.ledger.commands import NOT_IN_ORDER
from shared.ledger.files import LedgerFolder
from shared.local import documents
from shared.local.home import Home
from shared.local.session import SERVICES, Installation
from shared.local.topology import DATABASE, database_urls, embedded_postgres
from shared.local.verified import verify
from shared.postgres.embedded import binaries
from shared.runtime.schedule import last_daily
from tests.system.conftest import running_installation
from tests.system.people import Organisation, until
from tests.system.test_cli import hoeksteen
from tests.system.test_erasure import APPROVE, ASK, facts_of, facts_of_case, superuser

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


def backed_up(installation: Installation, file: Path) -> None:
    """A backup as an operator makes it, while everything runs."""
    subprocess.run(
        (
            str(binaries() / "pg_dump"),
            "--format=custom",
            "--create",
            f"--file={file}",
            f"--dbname={installation.database_url('postgres')}",
        ),
        check=True,
    )


def put_back(home: Home, file: Path, case: UUID) -> None:
    """The backup in place of the database, as docs/operators.md has it; nothing else is touched. The
    case is there again.
    """
    with embedded_postgres(home) as server:
        url = database_urls(home, server)["postgres"]
        other = url.replace(f"dbname='{DATABASE}'", "dbname='postgres'")
        subprocess.run(
            (
                str(binaries() / "pg_restore"),
                "--clean",
                "--create",
                "--exit-on-error",
                f"--dbname={other}",
                str(file),
            ),
            check=True,
        )
        assert (1, 1, 1) == left(url, case)


def settled(installation: Installation, organisation: UUID) -> bool:
    """Whether every service is done with the day and with what it is sent, and remembers the other
    two's logs as they are: none of them grows until somebody does something.
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
                if head is None or head.size != row[0]:
                    return False
    return True


def test_yesterdays_backup_does_not_bring_the_case_back(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The database of before the erasure, with the ledger folder and the bus of after it: all start,
    neither the case nor its key is there, others' cases are read and written; `hoeksteen verify` and
    the doctor say that the log lost what had been seen of it.
    """
    backup = tmp_path / "backup"
    with running_installation(home) as installation:
        organisation = Organisation(installation)
        case, neighbour = organisation.open_case(), organisation.open_case()
        installation.move_clock(installation.now() + timedelta(days=1))
        facts = facts_of_case(installation, organisation.id, case)
        until(lambda: str(facts) in facts_of(installation))
        # The daily moment ends with the checkpoints: one that came after the backup was lost too.
        until(lambda: settled(installation, organisation.id))
        backed_up(installation, backup)
        assert (1, 1, 1) == left(installation.database_url("postgres"), case)
        organisation.adviser.do(ASK, caseId=str(case), ground="REPORTER")
        organisation.sign_in("coby", "coordinator").do(APPROVE, caseId=str(case))
        assert (0, 0, 0) == left(installation.database_url("postgres"), case)
        until(lambda: str(facts) not in facts_of(installation))
        until(lambda: settled(installation, organisation.id))
        organisation.close()

    put_back(home, backup, case)

    with running_installation(home) as installation:
        organisation.come_back(installation)
        assert (0, 0, 0) == left(installation.database_url("postgres"), case)
        assert organisation.adviser.ask(documents.CASE, id=str(case)) is None
        assert str(facts) not in facts_of(installation)
        assert organisation.adviser.ask(documents.CASE, id=str(neighbour)) is not None
        organisation.open_case()
        until(lambda: "ledger.refused" in home.log("signals").read_text())
        capsys.readouterr()
        assert verify(installation, organisation.id, as_json=True) == NOT_IN_ORDER
        told = json.loads(capsys.readouterr().out)["verdicts"]
        # Intake's log has fewer entries than the others saw, and nothing else is wrong.
        assert {"intake": ["TAIL_CUT"], "signals": [], "reporting": []} == {
            log["service"]: [finding["kind"] for finding in log["findings"]] for log in told
        }
        doctor = hoeksteen("doctor", HOEKSTEEN_HOME=str(home.path)).stdout
        assert "✓ What runs is ready" in doctor
        assert "the last one is 'ledger.refused'" in doctor
        assert '"event": "erasure.again"' in home.log("intake").read_text()
        organisation.close()
