"""`hoeksteen rebuild` and `hoeksteen dead-letters` on a running installation."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from psycopg import sql

from shared.bus.connection import connect
from shared.local import documents
from shared.local.home import Home
from shared.local.session import Installation
from tests.system.people import Organisation, until
from tests.system.test_cli import hoeksteen

Found = Callable[..., Organisation]

TABLES = {
    "intake": ("case_index",),
    "signals": ("held_window", "held_facts", "reached_day", "released_window"),
    "reporting": ("report_index",),
}


def run(installation: Installation, *arguments: str) -> str:
    """What a command prints; it must succeed."""
    done = hoeksteen(*arguments, HOEKSTEEN_HOME=str(installation.home.path))
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def refused(installation: Installation, *arguments: str) -> str:
    """What a command says that does not do it."""
    done = hoeksteen(*arguments, HOEKSTEEN_HOME=str(installation.home.path))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def stream(installation: Installation, service: str) -> list[tuple[str, Any, bytes]]:
    """Subject, id and body of each message of a service's stream."""

    async def read() -> list[tuple[str, Any, bytes]]:
        client = await connect(
            servers=installation.nats_url,
            user=service,
            password=installation.nats_password_file(service).read_text().strip(),
            name="test",
        )
        js, name = client.jetstream(), service.upper()
        try:
            last = (await js.stream_info(name)).state.last_seq
            found = [await js.get_msg(name, place) for place in range(1, last + 1)]
        finally:
            await client.close()
        return [
            (str(one.subject), (one.headers or {})["Nats-Msg-Id"], one.data or b"") for one in found
        ]

    return asyncio.run(read())


def tables(installation: Installation) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every projection."""
    with psycopg.connect(installation.database_url("postgres")) as connection:
        return {
            table: sorted(
                connection.execute(
                    sql.SQL("SELECT * FROM {}").format(sql.Identifier(service, table))
                ).fetchall(),
                key=repr,
            )
            for service, names in TABLES.items()
            for table in names
        }


def quiet(installation: Installation) -> bool:
    """Whether nothing changes any more."""

    def state() -> list[Any]:
        return [tables(installation), *(len(stream(installation, each)) for each in TABLES)]

    before = state()
    time.sleep(2.5)
    return before == state()


@pytest.fixture
def lived(found: Found) -> Organisation:
    """An organisation with cases, of which a half-year has been released and drafted."""
    organisation = found()
    for _ in range(6):
        organisation.open_case()
    organisation.live_to_tick()
    until(lambda: len(organisation.adviser.ask(documents.REPORTS)) > 0)
    # The installation is everybody's: what other organisations were in the middle of ends first.
    until(lambda: quiet(organisation.installation), 120)
    return organisation


def test_everything_made_anew_is_as_before(lived: Organisation) -> None:
    """Projections and streams, by command, under running services: rows and bytes are the same."""
    installation = lived.installation
    before = tables(installation)
    assert all(before.values())
    told = run(installation, "rebuild", "projections").splitlines()
    assert [line.split(":")[0] for line in told] == ["intake", "signals", "reporting"]
    assert tables(installation) == before

    messages = [stream(installation, service) for service in TABLES]
    figures = lived.statistics()
    assert len(messages[0]) > 6
    told_streams = run(installation, "rebuild", "streams", "--yes")
    assert told_streams.startswith("INTAKE, SIGNALS, REPORTING: made anew")
    until(lambda: [len(stream(installation, each)) for each in TABLES] == [*map(len, messages)])
    assert [stream(installation, service) for service in TABLES] == messages
    assert lived.statistics() == figures
    assert tables(installation) == before
    lived.open_case()


def test_nothing_is_deleted_without_a_yes(installation: Installation) -> None:
    """Asked and not answered, the command does nothing."""
    before = stream(installation, "intake")
    assert "Aborted" in refused(installation, "rebuild", "streams", "--service", "intake")
    assert "no service 'gateway'" in refused(
        installation, "rebuild", "streams", "--service", "gateway", "--yes"
    )
    assert stream(installation, "intake") == before


def test_a_position_is_passed_over_by_command(lived: Organisation) -> None:
    """Asked first; laid once; refused where the stream has no such position or nobody writes it."""
    installation = lived.installation
    assert run(installation, "dead-letters") == "There are no dead letters.\n"
    assert json.loads(run(installation, "dead-letters", "--json")) == []
    command = ("dead-letters", "pass", "INTAKE", "1")
    assert "Aborted" in refused(installation, *command)
    assert run(installation, *command, "--yes") == (
        "INTAKE, position 1: a tombstone was laid; readers go on without it.\n"
    )
    assert run(installation, *command, "--yes") == (
        "INTAKE, position 1: there is a tombstone already.\n"
    )
    assert "there is no position 999999" in refused(
        installation, "dead-letters", "pass", "INTAKE", "999999", "--yes"
    )
    assert "No service writes a stream 'DLQ'" in refused(
        installation, "dead-letters", "pass", "DLQ", "1", "--yes"
    )


@pytest.mark.parametrize(
    "command",
    [
        ("rebuild", "streams", "--yes"),
        ("rebuild", "projections"),
        ("dead-letters",),
        ("dead-letters", "pass", "INTAKE", "1", "--yes"),
    ],
    ids=" ".join,
)
def test_without_an_installation_that_is_said(home: Home, command: tuple[str, ...]) -> None:
    """Each of the commands needs what runs, and says so in one sentence."""
    done = hoeksteen(*command)
    assert done.returncode == 1
    assert f"does not run on {home.path}" in done.stderr
    assert len(done.stderr.splitlines()) == 1
