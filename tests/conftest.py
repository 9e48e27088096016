"""What all tests share: a real PostgreSQL, a real nats-server, and a data folder of their own."""

from __future__ import annotations

import asyncio
import itertools
import os
import unittest
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
import uvloop
from hypothesis import HealthCheck, settings
from psycopg import sql
from psycopg.conninfo import make_conninfo

from shared.local.home import Home
from shared.postgres.embedded import SUPERUSER, EmbeddedPostgres
from shared.postgres.migrate import (
    OWNER,
    ROLES,
    SERVICES,
    make_database,
    migrate,
    migrations_of,
    open_database,
)
from shared.runtime.garbage import look_less_often

# The longest files first, so that no worker is left with one of them while the others are done.
_LONGEST = (
    "tests/system/test_rebuild.py",
    "tests/system/test_replicas.py",
    "tests/system/test_erasure.py",
    "tests/system/test_walk.py",
    "tests/system/test_main_job.py",
    "tests/system/test_peoples_keys.py",
    "tests/system/test_sealed_words.py",
    "tests/system/test_restore.py",
    "tests/system/test_auditor.py",
    "tests/system/test_bad_input.py",
    "tests/component/test_across_organisations.py",
    "tests/component/test_restored_signals.py",
    "tests/attack/test_anonymity_attacks.py",
    "tests/contract/test_access.py",
    "tests/component/test_consumer_property.py",
    "tests/component/test_ledger_postgres.py",
    "tests/component/test_intake.py",
    "tests/component/test_signals.py",
    "tests/component/test_reporting.py",
    "tests/component/test_witness.py",
    "tests/component/test_signal_life.py",
    "tests/attack/test_ledger_attacks.py",
)

# How long an example takes tells more of what else the machine does than of the code.
settings.register_profile(
    "hoeksteen", settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("hoeksteen")

# What it takes an operator's machine to try. Whatever else a test needs is installed where CI is set: a skip
# there hides something.
_MAY_BE_SKIPPED = ("tests/deploy/test_image_built.py",)
_skipped: list[str] = []
_stated: list[str] = []


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Remember each test that was skipped."""
    if report.skipped and not hasattr(report, "wasxfail"):
        hides = not report.nodeid.startswith(_MAY_BE_SKIPPED)
        (_skipped if hides else _stated).append(report.nodeid)


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """Remember each module that was skipped as a whole."""
    if report.skipped:
        _skipped.append(report.nodeid)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """With CI set, a skip fails the session."""
    if _skipped and os.environ.get("CI") and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was skipped, and why the session failed, where only skips are the reason."""
    for nodeid in _stated:
        terminalreporter.write_line(f"not tried on this machine: {nodeid}", yellow=True)
    if _skipped and os.environ.get("CI"):
        terminalreporter.write_line(
            f"{len(_skipped)} skipped, and with CI set a skip is a failure: {', '.join(_skipped)}",
            red=True,
        )


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """A worker for each processor, and two at least: much of a test is waiting."""
    return max(2, len(os.sched_getaffinity(0)))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Each test says in one sentence what it expects (structlog's habit, and ours); where files run
    side by side, the longest begin.
    """
    silent = [
        item.nodeid
        for item in items
        if isinstance(item, pytest.Function)
        and not (item.cls is not None and issubclass(item.cls, unittest.TestCase))
        and not item.function.__doc__
    ]
    if silent:
        raise pytest.UsageError(f"Tests without a docstring: {', '.join(silent)}")
    gone = [name for name in _LONGEST if not (config.rootpath / name).exists()]
    if gone:
        raise pytest.UsageError(f"In tests/conftest.py, but not there: {', '.join(gone)}")
    if hasattr(config, "workerinput"):  # what xdist gives a worker
        items.sort(key=_turn)


def pytest_collection_finish() -> None:
    """Ten thousand tests live to the end of the run: no search for garbage looks through them."""
    look_less_often()


def _turn(item: pytest.Item) -> int:
    """When a test's file begins: the longest, the other ones of the installation, all others."""
    file = item.nodeid.partition("::")[0]
    if file in _LONGEST:
        return _LONGEST.index(file)
    return len(_LONGEST) + (not file.startswith("tests/system/"))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """An empty data folder, which is also the one that `HOEKSTEEN_HOME` names."""
    made = Home(tmp_path / "home")
    made.create()
    monkeypatch.setenv("HOEKSTEEN_HOME", str(made.path))
    return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Postgres:
    """The session's server: every role with one password."""

    server: EmbeddedPostgres
    passfile: Path
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def url(self, role: str = SUPERUSER, database: str = SUPERUSER) -> str:
        """A connection string for `role`."""
        return self.server.dsn(role, database=database, passfile=self.passfile)


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """A fresh database with every migration applied: connection strings for its roles."""

    postgres: Postgres
    name: str

    def url(self, role: str) -> str:
        """A connection string for a service's role, `hoeksteen_auditor` or `postgres`."""
        return self.postgres.url(role, self.name)

    @property
    def admin(self) -> str:
        """The superuser's: no test of a service needs it; tests of tampering do."""
        return self.url(SUPERUSER)


_PASSWORD = "a-password-for-tests"
_TEMPLATE = "hoeksteen_template"


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A real server for the whole session; use `database` for tables of your own."""
    folder = tmp_path_factory.mktemp("postgres")
    password_file = folder / "password"
    password_file.write_text(_PASSWORD)
    passfile = folder / "pgpass"
    passfile.write_text(f"*:*:*:*:{_PASSWORD}\n")
    passfile.chmod(0o600)
    with EmbeddedPostgres(folder / "server", password_file=password_file, durable=False) as server:
        yield Postgres(server=server, passfile=passfile)


@pytest.fixture(scope="session")
def _template(postgres: Postgres) -> str:
    """A database with everything in it, to be copied: a copy costs less than the migrations."""
    url = make_conninfo(postgres.url(), dbname=_TEMPLATE)

    async def make() -> None:
        await make_database(url, dict.fromkeys(ROLES, _PASSWORD))
        for service in SERVICES:
            await migrate(url, service, migrations_of(service))

    asyncio.run(make())
    return _TEMPLATE


@pytest.fixture
def empty_database(postgres: Postgres) -> Iterator[Database]:
    """A database of one's own, with the roles, without schemas."""
    database = Database(postgres=postgres, name=f"test_{next(postgres.numbers)}")
    asyncio.run(make_database(database.admin, dict.fromkeys(ROLES, _PASSWORD)))
    yield database
    _drop(database)


@pytest.fixture
def database(postgres: Postgres, _template: str) -> Iterator[Database]:
    """A database of one's own, with every service's schema, empty."""
    yield from _copied(postgres, _template)


@pytest.fixture(scope="module")
def shared_database(postgres: Postgres, _template: str) -> Iterator[Database]:
    """As `database`, for all tests of a module that ask for it."""
    yield from _copied(postgres, _template)


def _copied(postgres: Postgres, template: str) -> Iterator[Database]:
    database = Database(postgres=postgres, name=f"test_{next(postgres.numbers)}")
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {} STRATEGY FILE_COPY").format(
                sql.Identifier(database.name), sql.Identifier(template), sql.Identifier(OWNER)
            )
        )
    asyncio.run(open_database(database.admin, ROLES))
    yield database
    _drop(database)


def _drop(database: Database) -> None:
    with psycopg.connect(database.postgres.url(), autocommit=True) as connection:
        connection.execute(
            sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(database.name))
        )


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The loop that the services run on: asyncio's own forgives what uvloop refuses."""
    return {"uvloop": uvloop.new_event_loop}
