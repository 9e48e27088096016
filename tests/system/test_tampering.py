"""A superuser changes a log of the running installation; `hoeksteen verify` names what and where."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import pytest

from shared.ledger.commands import IN_ORDER, NOT_IN_ORDER
from shared.local.session import Installation
from shared.local.verified import verify
from tests.system.people import Organisation, until

_SWITCH_OFF = """
    SET search_path = intake;
    ALTER TABLE event DISABLE TRIGGER ALL;
    ALTER TABLE ciphertext DISABLE TRIGGER ALL;
    ALTER TABLE log DISABLE TRIGGER ALL;
"""
_SWITCH_ON = """
    ALTER TABLE event ENABLE ALWAYS TRIGGER no_change;
    ALTER TABLE event ENABLE ALWAYS TRIGGER no_truncate;
    ALTER TABLE ciphertext ENABLE ALWAYS TRIGGER no_change;
    ALTER TABLE ciphertext ENABLE ALWAYS TRIGGER no_delete;
    ALTER TABLE ciphertext ENABLE ALWAYS TRIGGER no_truncate;
    ALTER TABLE log ENABLE ALWAYS TRIGGER only_forward;
    ALTER TABLE log ENABLE ALWAYS TRIGGER no_delete;
    ALTER TABLE log ENABLE ALWAYS TRIGGER no_truncate;
"""


@dataclass(frozen=True)
class CaseLog:
    """An organisation's log at intake: a checkpoint, and four cases behind it that the other
    services remember.
    """

    organisation: Organisation
    first: int
    """The entry of the first case; the other three follow."""


@pytest.fixture(scope="module")
def whole_log(installation: Installation) -> Iterator[CaseLog]:
    organisation = Organisation(installation)
    ledger = installation.home.ledger
    until((ledger / "intake" / str(organisation.id) / "checkpoint").exists)
    for _ in range(4):
        organisation.open_case()
    with psycopg.connect(installation.database_url("postgres")) as connection:
        row = connection.execute(
            "SELECT size FROM intake.log WHERE organisation = %s", (organisation.id,)
        ).fetchone()
    assert row is not None
    heads = ledger / "signals" / "heads" / "intake" / str(organisation.id)
    until(lambda: heads.exists() and f'"size": {row[0]},' in heads.read_text())
    yield CaseLog(organisation, row[0] - 4)
    organisation.close()


@pytest.fixture
def case_log(whole_log: CaseLog) -> Iterator[CaseLog]:
    """The log as it was; put back afterwards, since the installation is everybody's."""
    tables = ("log", "event", "ciphertext")
    tamper(
        whole_log,
        "".join(
            f"CREATE TABLE was_{table} AS SELECT * FROM {table}"  # noqa: S608  our own names
            " WHERE organisation = :organisation;"
            for table in tables
        ),
    )
    yield whole_log
    tamper(
        whole_log,
        "".join(
            f"DELETE FROM {table} WHERE organisation = :organisation;"  # noqa: S608
            f"INSERT INTO {table} SELECT * FROM was_{table};"
            f"DROP TABLE was_{table};"
            for table in tables
        ),
    )


def verified(log: CaseLog) -> int:
    """What `hoeksteen verify --organisation …` ends with."""
    return verify(log.organisation.installation, log.organisation.id)


def tamper(log: CaseLog, statements: str) -> None:
    """Change the log at intake with every right there is. `:0` is the first case's entry."""
    organisation = log.organisation
    for place in range(4):
        statements = statements.replace(f":{place}", str(log.first + place))
    with psycopg.connect(organisation.installation.database_url("postgres")) as connection:
        connection.execute(_SWITCH_OFF)
        # Foreign keys would otherwise tell the attacker to delete in another order.
        connection.execute("SET session_replication_role = replica")
        connection.execute(statements.replace(":organisation", f"'{organisation.id}'").encode())
        connection.execute("SET session_replication_role = DEFAULT")
        connection.execute("ALTER TABLE event ENABLE TRIGGER ALL")
        connection.execute("ALTER TABLE ciphertext ENABLE TRIGGER ALL")
        connection.execute("ALTER TABLE log ENABLE TRIGGER ALL")
        connection.execute(_SWITCH_ON)


def test_an_untouched_log_is_in_order(case_log: CaseLog) -> None:
    """Nothing is said of a log that nobody changed."""
    assert verified(case_log) == IN_ORDER


@pytest.mark.parametrize(
    ("attack", "statements", "named"),
    [
        (
            "one changed byte of the skeleton",
            "UPDATE event SET actor = set_byte(actor, 0, get_byte(actor, 0) # 1)"
            " WHERE organisation = :organisation AND leaf_index = :1",
            ("entry {1}", "LEAF_CHANGED"),
        ),
        (
            "one changed byte of a ciphertext",
            "UPDATE ciphertext SET ciphertext ="
            " set_byte(ciphertext, 7, get_byte(ciphertext, 7) # 1)"
            " WHERE organisation = :organisation AND leaf_index = :0",
            ("entry {0}", "CIPHERTEXT_CHANGED"),
        ),
        (
            "one removed row",
            "DELETE FROM ciphertext WHERE organisation = :organisation AND leaf_index = :1;"
            "DELETE FROM event WHERE organisation = :organisation AND leaf_index = :1",
            ("entry {1}", "INDEX_GAP"),
        ),
        (
            "one removed row, the others renumbered",
            "DELETE FROM ciphertext WHERE organisation = :organisation AND leaf_index = :1;"
            "DELETE FROM event WHERE organisation = :organisation AND leaf_index = :1;"
            "UPDATE event SET leaf_index = leaf_index - 1"
            " WHERE organisation = :organisation AND leaf_index > :1;"
            "UPDATE ciphertext SET leaf_index = leaf_index - 1"
            " WHERE organisation = :organisation AND leaf_index > :1;"
            "UPDATE log SET size = size - 1 WHERE organisation = :organisation",
            ("entry {1}", "LEAF_CHANGED"),
        ),
        (
            "two swapped ciphertexts",
            "UPDATE ciphertext SET leaf_index = 100000 + leaf_index"
            " WHERE organisation = :organisation AND leaf_index IN (:0, :1);"
            "UPDATE ciphertext SET leaf_index = 100000 + :0 + :1 - leaf_index"
            " WHERE organisation = :organisation AND leaf_index > 100000",
            ("entry {0}", "CIPHERTEXT_CHANGED"),
        ),
        (
            "a cut tail",
            "DELETE FROM ciphertext WHERE organisation = :organisation AND leaf_index > :1;"
            "DELETE FROM event WHERE organisation = :organisation AND leaf_index > :1;"
            "UPDATE log SET size = :2 WHERE organisation = :organisation",
            ("TAIL_CUT", "{2}"),
        ),
        (
            "a tail written anew",
            "UPDATE event SET ciphertext_sha256 = sha256('x'), leaf_hash = sha256('\\x00'::bytea"
            " || leaf_record(organisation, leaf_index, stream, version, type, week, actor, suite,"
            " key_id, nonce, sha256('x'))) WHERE organisation = :organisation AND leaf_index = :3;"
            "UPDATE ciphertext SET ciphertext = 'x'"
            " WHERE organisation = :organisation AND leaf_index = :3",
            ("HEAD_CONTRADICTED",),
        ),
        (
            "the whole log removed",
            "DELETE FROM ciphertext WHERE organisation = :organisation;"
            "DELETE FROM event WHERE organisation = :organisation;"
            "DELETE FROM log WHERE organisation = :organisation",
            ("LOG_MISSING",),
        ),
    ],
    ids=lambda value: value.replace(" ", "-") if isinstance(value, str) and len(value) < 50 else "",
)
def test_tampering_is_named(
    case_log: CaseLog,
    capsys: pytest.CaptureFixture[str],
    attack: str,
    statements: str,
    named: tuple[str, ...],
) -> None:
    """Each attack, done with superuser rights, makes verification fail and name the place."""
    tamper(case_log, statements)
    capsys.readouterr()
    assert verified(case_log) == NOT_IN_ORDER, attack
    told = capsys.readouterr().out
    assert "✗ intake" in told
    places = [case_log.first + place for place in range(4)]
    for part in named:
        assert part.format(*places) in told, told
