"""A superuser changes a log of the running installation; `hoeksteen verify` names what and where."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest

from shared.ledger.commands import IN_ORDER, NOT_IN_ORDER, verify
from shared.local.session import Installation
from tests.system.people import Organisation, until

Found = Callable[..., Organisation]

_SWITCH_OFF = """
    SET search_path = intake;
    ALTER TABLE event DISABLE TRIGGER ALL;
    ALTER TABLE ciphertext DISABLE TRIGGER ALL;
"""
_SWITCH_ON = """
    ALTER TABLE event ENABLE ALWAYS TRIGGER no_change;
    ALTER TABLE event ENABLE ALWAYS TRIGGER no_truncate;
    ALTER TABLE ciphertext ENABLE ALWAYS TRIGGER no_change;
    ALTER TABLE ciphertext ENABLE ALWAYS TRIGGER no_delete;
    ALTER TABLE ciphertext ENABLE ALWAYS TRIGGER no_truncate;
"""


@pytest.fixture
def case_log(installation: Installation, found: Found) -> Organisation:
    """An organisation whose log at intake has six entries, which the other services remember."""
    organisation = found()
    for _ in range(4):
        organisation.open_case()
    heads = installation.home.ledger / "signals" / "heads" / "intake" / str(organisation.id)
    until(lambda: heads.exists() and '"size": 6' in heads.read_text())
    return organisation


def verified(organisation: Organisation) -> int:
    """What `hoeksteen verify --organisation …` ends with."""
    installation = organisation.installation
    urls = {
        service: installation.database_url("hoeksteen_auditor")
        for service in ("intake", "signals", "reporting")
    }
    return verify(installation.home.path, urls, str(organisation.id), False, "en")


def tamper(organisation: Organisation, statements: str) -> None:
    """Change the log at intake with every right there is."""
    with psycopg.connect(organisation.installation.database_url("postgres")) as connection:
        connection.execute(_SWITCH_OFF)
        # Foreign keys would otherwise tell the attacker to delete in another order.
        connection.execute("SET session_replication_role = replica")
        connection.execute(statements.replace(":organisation", f"'{organisation.id}'").encode())
        connection.execute("SET session_replication_role = DEFAULT")
        connection.execute("ALTER TABLE event ENABLE TRIGGER ALL")
        connection.execute("ALTER TABLE ciphertext ENABLE TRIGGER ALL")
        connection.execute(_SWITCH_ON)


def test_an_untouched_log_is_in_order(case_log: Organisation) -> None:
    """Nothing is said of a log that nobody changed."""
    assert verified(case_log) == IN_ORDER


@pytest.mark.parametrize(
    ("attack", "statements", "named"),
    [
        (
            "one changed byte of the skeleton",
            "UPDATE event SET actor = set_byte(actor, 0, get_byte(actor, 0) # 1)"
            " WHERE organisation = :organisation AND leaf_index = 3",
            ("entry 3", "LEAF_CHANGED"),
        ),
        (
            "one changed byte of a ciphertext",
            "UPDATE ciphertext SET ciphertext ="
            " set_byte(ciphertext, 7, get_byte(ciphertext, 7) # 1)"
            " WHERE organisation = :organisation AND leaf_index = 2",
            ("entry 2", "CIPHERTEXT_CHANGED"),
        ),
        (
            "one removed row",
            "DELETE FROM ciphertext WHERE organisation = :organisation AND leaf_index = 3;"
            "DELETE FROM event WHERE organisation = :organisation AND leaf_index = 3",
            ("entry 3", "INDEX_GAP"),
        ),
        (
            "one removed row, the others renumbered",
            "DELETE FROM ciphertext WHERE organisation = :organisation AND leaf_index = 3;"
            "DELETE FROM event WHERE organisation = :organisation AND leaf_index = 3;"
            "UPDATE event SET leaf_index = leaf_index - 1"
            " WHERE organisation = :organisation AND leaf_index > 3;"
            "UPDATE ciphertext SET leaf_index = leaf_index - 1"
            " WHERE organisation = :organisation AND leaf_index > 3;"
            "UPDATE log SET size = size - 1 WHERE organisation = :organisation",
            ("entry 3", "LEAF_CHANGED"),
        ),
        (
            "two swapped ciphertexts",
            "UPDATE ciphertext SET leaf_index = 1000 + leaf_index"
            " WHERE organisation = :organisation AND leaf_index IN (2, 3);"
            "UPDATE ciphertext SET leaf_index = 1005 - leaf_index"
            " WHERE organisation = :organisation AND leaf_index > 1000",
            ("entry 2", "CIPHERTEXT_CHANGED"),
        ),
        (
            "a cut tail",
            "DELETE FROM ciphertext WHERE organisation = :organisation AND leaf_index > 3;"
            "DELETE FROM event WHERE organisation = :organisation AND leaf_index > 3;"
            "UPDATE log SET size = 4 WHERE organisation = :organisation",
            ("TAIL_CUT", "4"),
        ),
        (
            "a tail written anew",
            "UPDATE event SET ciphertext_sha256 = sha256('x'), leaf_hash = sha256('\\x00'::bytea"
            " || leaf_record(organisation, leaf_index, stream, version, type, week, actor, suite,"
            " key_id, nonce, sha256('x'))) WHERE organisation = :organisation AND leaf_index = 5;"
            "UPDATE ciphertext SET ciphertext = 'x'"
            " WHERE organisation = :organisation AND leaf_index = 5",
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
    case_log: Organisation,
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
    for part in named:
        assert part in told, told
