"""`hoeksteen rebuild`, `audit` and `dead-letters` on a running installation."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from nats.js.errors import NotFoundError
from psycopg import sql

from shared.bus.connection import connect
from shared.local import documents
from shared.local.home import Home
from shared.local.session import Installation
from tests.system.people import Organisation, until
from tests.system.test_cli import hoeksteen

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
    """Subject, id and body of each message of a service's stream. Where one was erased, what stands in
    its place in a stream that is made anew.
    """

    async def read() -> list[tuple[str, Any, bytes]]:
        client = await connect(
            servers=installation.nats_url,
            user=service,
            password=installation.nats_password_file(service).read_text().strip(),
            name="test",
        )
        js, name = client.jetstream(), service.upper()

        async def message(place: int) -> tuple[str, Any, bytes]:
            try:
                one = await js.get_msg(name, place)
            except NotFoundError:
                return f"{service}.v1.erased", f"erased-{place}", b""
            return str(one.subject), (one.headers or {})["Nats-Msg-Id"], one.data or b""

        try:
            last = (await js.stream_info(name)).state.last_seq
            return [await message(place) for place in range(1, last + 1)]
        finally:
            await client.close()

    return asyncio.run(read())


def length(installation: Installation, service: str) -> int:
    """The last position of a service's stream."""

    async def read() -> int:
        client = await connect(
            servers=installation.nats_url,
            user=service,
            password=installation.nats_password_file(service).read_text().strip(),
            name="test",
        )
        try:
            return int((await client.jetstream().stream_info(service.upper())).state.last_seq)
        finally:
            await client.close()

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
        return [tables(installation), *(length(installation, each) for each in TABLES)]

    before = state()
    time.sleep(2.5)
    return before == state()


@pytest.fixture(scope="module")
def lived(installation: Installation) -> Iterator[Organisation]:
    """An organisation with cases, of which a half-year has been released and drafted. Every test
    leaves it in order: a half-year more is half a year of messages of every organisation.
    """
    organisation = Organisation(installation)
    for _ in range(6):
        organisation.open_case()
    organisation.live_to_tick()
    until(lambda: len(organisation.adviser.ask(documents.REPORTS)) > 0)
    # The installation is everybody's: what other organisations were in the middle of ends first.
    until(lambda: quiet(organisation.installation), 120)
    yield organisation
    organisation.close()


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
    until(lambda: [length(installation, each) for each in TABLES] == [*map(len, messages)])
    assert [stream(installation, service) for service in TABLES] == messages
    assert lived.statistics() == figures
    assert tables(installation) == before
    lived.open_case()


def audited(installation: Installation, *arguments: str) -> tuple[int, str]:
    """Exit status and answer of an audit, which never says anything else."""
    done = hoeksteen("audit", *arguments, HOEKSTEEN_HOME=str(installation.home.path))
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_an_audit_finds_nothing_while_people_work(lived: Organisation) -> None:
    """Cases are opened while all three services are audited, and everything agrees."""
    with ThreadPoolExecutor(1) as beside:
        auditing = beside.submit(audited, lived.installation)
        while not auditing.done():
            lived.open_case()
    status, told = auditing.result()
    assert status == 0, told
    assert [line.split(":")[0] for line in told.splitlines()[:-1]] == [*TABLES]
    assert told.splitlines()[-1].startswith("Everything agrees.")


def test_an_audit_names_what_a_superuser_spoilt(lived: Organisation) -> None:
    """Rows of a projection, until they are made anew; in both languages and as JSON."""
    installation = lived.installation

    def spoil(statement: str) -> None:
        with psycopg.connect(installation.database_url("postgres")) as connection:
            connection.execute(statement.encode())

    spoil("UPDATE signals.reached_day SET day = day - 1")
    spoil("DELETE FROM intake.case_index WHERE opened_index < 20")
    status, told = audited(installation, "--json")
    document = json.loads(told)
    assert (status, document["ok"]) == (1, False)
    found = {
        (one["service"], finding["kind"], finding["table"])
        for one in document["services"]
        for finding in one["findings"]
    }
    assert found == {
        ("intake", "ROWS_MISSING", "case_index"),
        ("signals", "ROWS_DIFFERENT", "reached_day"),
    }
    assert audited(installation, "--service", "reporting")[0] == 0
    status, told = audited(installation, "--service", "intake", "--language", "nl")
    assert status == 1
    assert "In tabel case_index ontbreken" in told
    run(installation, "rebuild", "projections")
    assert audited(installation)[0] == 0


def test_an_audit_misses_a_message(lived: Organisation) -> None:
    """Deleted from the stream by who may delete there; the stream made anew has it again."""
    installation = lived.installation
    last = length(installation, "signals")

    async def delete() -> None:
        client = await connect(
            servers=installation.nats_url,
            user="provisioner",
            password=installation.nats_password_file("provisioner").read_text().strip(),
            name="test",
        )
        await client.jetstream().delete_msg("SIGNALS", last)
        await client.close()

    asyncio.run(delete())
    status, told = audited(installation, "--service", "signals")
    assert status == 1
    assert "Stream SIGNALS lacks messages that were published" in told
    assert f"1 in all, at {last}." in told
    run(installation, "rebuild", "streams", "--service", "signals", "--yes")
    until(lambda: length(installation, "signals") == last)
    assert audited(installation, "--service", "signals")[0] == 0


def test_an_audit_that_cannot_compare_says_so(home: Home, installation: Installation) -> None:
    """Where nothing runs, and where there is no such service: not alarmed, not reassured."""
    for arguments, sentence, where in (
        ((), f"does not run on {home.path}", home.path),
        (("--service", "gateway"), "no service 'gateway'", installation.home.path),
    ):
        done = hoeksteen("audit", *arguments, HOEKSTEEN_HOME=str(where))
        assert (done.returncode, done.stdout) == (2, "")
        assert sentence in done.stderr
        assert len(done.stderr.splitlines()) == 1


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
