"""`hoeksteen verify` and `hoeksteen replay` over real tables, attacked with superuser rights."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from psycopg import sql

from shared.ledger.commands import IN_ORDER, NOT_IN_ORDER, NOT_VERIFIED, replay, verify
from shared.ledger.files import LedgerFolder
from shared.ledger.findings import Kind, Place
from shared.ledger.signer import LogSigner
from shared.ledger.source import open_postgres
from shared.ledger.verify import Verdict, verify_installation
from shared.postgres.migrate import AUDITOR
from tests.conftest import Database

ORGANISATION = UUID("8f0cf1f6-58c2-4a9c-9b5a-2d7f4a3f1c11")
OTHER = UUID("0b0b0b0b-58c2-4a9c-9b5a-2d7f4a3f1c11")
STREAMS = [UUID(int=0x100), UUID(int=0x200), UUID(int=0x300)]
SIZE = 12


def append(database: Database, organisation: UUID, count: int = SIZE) -> None:
    """`count` events through the store's own append function, as the service's role."""
    with psycopg.connect(database.url("intake")) as connection:
        for index in range(count):
            key = UUID(int=organisation.int ^ (1000 + index))
            connection.execute(
                """SELECT append(%s::uuid[], %s::uuid[], %s::bigint[], %s::text[], %s::text[],
                     %s::bytea[], %s::uuid[], %s::bytea[], %s::bytea[], %s::uuid[], %s::uuid[],
                     %s::bytea[], %s::bytea[], '{}'::uuid[], '{}'::bytea[], '{}'::bytea[],
                     '{}'::bytea[], '{}'::int[], '{}'::text[], '{}'::bigint[], '{}'::bigint[])""",
                (
                    [organisation],
                    [UUID(int=organisation.int ^ STREAMS[index % 3].int)],
                    [index // 3 + 1],
                    ["CaseOpened" if index < 3 else "NoteAdded"],
                    [f"2026-W{40 + index // 4}"],
                    [bytes([index % 2 + 1]) * 16],
                    [key],
                    [index.to_bytes(12, "big")],
                    [b"ciphertext %d" % index],
                    [key],
                    [organisation],
                    [b"wrapped"],
                    [bytes(32)],
                ),
            )


def signer(folder: Path) -> LogSigner:
    """Intake's log signer, as after a start."""
    key = Ed25519PrivateKey.from_private_bytes(b"\x01" * 32)
    return LogSigner(service="intake", folder=LedgerFolder(folder), key=key)


def sign(database: Database, folder: Path, organisation: UUID) -> None:
    """Sign a checkpoint over what is stored, as the service does."""
    intake = signer(folder)
    with open_postgres(database.url(AUDITOR), schema="intake") as source:
        intake.add(organisation, (row.leaf_hash for row in source.leaves(organisation)))
    intake.sign(organisation)


@pytest.fixture
def home(tmp_path: Path, database: Database) -> Path:
    """A home with the checkpoint of one organisation's log in intake."""
    append(database, ORGANISATION)
    sign(database, tmp_path / "ledger", ORGANISATION)
    return tmp_path


def dsns(database: Database) -> dict[str, str]:
    """How the auditor's role reaches the services' schemas."""
    return {"intake": database.url(AUDITOR), "signals": database.url(AUDITOR)}


def verdicts(database: Database, home: Path) -> list[Verdict]:
    """What the verifier says of the installation."""
    return verify_installation(dsns(database), home / "ledger")


def places(verdict: Verdict) -> dict[Kind, Place]:
    """The first place of each kind of finding."""
    return {finding.kind: finding.place for finding in reversed(verdict.findings)}


def entry(first: int, last: int | None = None) -> Place:
    """A run of entries of the log, or one."""
    return Place("intake", ORGANISATION, first, first if last is None else last)


def tamper(database: Database, *statements: str) -> None:
    """Do what a superuser can: switch off every trigger and check, and change the tables."""
    with psycopg.connect(database.admin) as connection:
        connection.execute("SET search_path = intake")
        for table in ("event", "ciphertext"):
            connection.execute(
                sql.SQL("ALTER TABLE {} DISABLE TRIGGER ALL").format(sql.Identifier(table))
            )
        for statement in statements:
            connection.execute(statement.replace("$this", f"'{ORGANISATION}'").encode())


def test_what_the_store_writes_verifies(database: Database, home: Path) -> None:
    """The leaf hashes that the append function computes in SQL are those of the verifier."""
    (verdict,) = verdicts(database, home)
    assert () == verdict.findings
    assert (True, "intake", ORGANISATION, SIZE, 1) == (
        verdict.ok,
        verdict.service,
        verdict.organisation,
        verdict.size,
        verdict.checkpoints,
    )


def test_the_log_may_grow_meanwhile(database: Database, home: Path) -> None:
    """A reader sees one moment: what is appended afterwards is not in its pages."""
    with open_postgres(database.url(AUDITOR), schema="intake") as source:
        assert SIZE == source.size(ORGANISATION)
        append(database, OTHER, 2)
        assert {ORGANISATION} == source.organisations()
        rows = list(source.leaves(ORGANISATION, until=5))
        contents = list(source.ciphertexts(ORGANISATION))
    assert [0, 1, 2, 3, 4] == [row.index for row in rows]
    assert [(index, b"ciphertext %d" % index) for index in range(SIZE)] == contents
    assert {ORGANISATION, OTHER} == {each.organisation for each in verdicts(database, home)}


# `$this` stands for the organisation whose log is attacked.
ATTACKS = {
    "one changed byte": (
        [
            "UPDATE event SET actor = set_byte(actor, 3, 255) WHERE organisation = $this AND leaf_index = 7"
        ],
        Kind.LEAF_CHANGED,
        entry(7),
    ),
    "one changed byte, hash and all": (
        [
            "UPDATE event SET actor = set_byte(actor, 3, 255) WHERE organisation = $this AND leaf_index = 7",
            "UPDATE event SET leaf_hash = sha256('\\x00'::bytea || leaf_record(organisation, "
            "leaf_index, stream, version, type, week, actor, suite, key_id, nonce, "
            "ciphertext_sha256)) WHERE organisation = $this AND leaf_index = 7",
        ],
        Kind.HISTORY_CHANGED,
        entry(0, SIZE - 1),
    ),
    "one changed byte of a content": (
        [
            "UPDATE ciphertext SET ciphertext = set_byte(ciphertext, 0, 255) "
            "WHERE organisation = $this AND leaf_index = 7"
        ],
        Kind.CIPHERTEXT_CHANGED,
        entry(7),
    ),
    "one removed row": (
        [
            "DELETE FROM ciphertext WHERE organisation = $this AND leaf_index = 7",
            "DELETE FROM event WHERE organisation = $this AND leaf_index = 7",
        ],
        Kind.INDEX_GAP,
        entry(7),
    ),
    "one swapped ciphertext": (
        [
            "UPDATE ciphertext SET ciphertext = other.ciphertext FROM ciphertext AS other "
            "WHERE ciphertext.organisation = $this AND other.organisation = $this "
            "AND (ciphertext.leaf_index, other.leaf_index) IN ((4, 7), (7, 4))"
        ],
        Kind.CIPHERTEXT_CHANGED,
        entry(4),
    ),
    "one removed ciphertext": (
        ["DELETE FROM ciphertext WHERE organisation = $this AND leaf_index = 7"],
        Kind.CIPHERTEXT_MISSING,
        entry(7),
    ),
    "one cut tail": (
        [
            "DELETE FROM ciphertext WHERE organisation = $this AND leaf_index >= 9",
            "DELETE FROM event WHERE organisation = $this AND leaf_index >= 9",
            "UPDATE log SET size = 9 WHERE organisation = $this",
        ],
        Kind.TAIL_CUT,
        entry(9, SIZE - 1),
    ),
    "a whole log deleted": (
        [
            "DELETE FROM ciphertext WHERE organisation = $this",
            "DELETE FROM event WHERE organisation = $this",
            "DELETE FROM log WHERE organisation = $this",
        ],
        Kind.LOG_MISSING,
        Place("intake", ORGANISATION),
    ),
    "a table replaced by one in another schema": (
        [
            "ALTER TABLE event RENAME TO event_aside",
            "CREATE TABLE public.event AS TABLE event_aside",
            "GRANT SELECT ON public.event TO PUBLIC",
        ],
        Kind.LOG_UNREADABLE,
        Place("intake", ORGANISATION),
    ),
}


@pytest.mark.parametrize(("statements", "kind", "place"), ATTACKS.values(), ids=list(ATTACKS))
def test_an_attack_with_superuser_rights_is_named(
    database: Database, home: Path, statements: list[str], kind: Kind, place: Place
) -> None:
    """Each attack on the tables fails verification, which names the place."""
    tamper(database, *statements)
    (verdict,) = verdicts(database, home)
    assert not verdict.ok
    assert place == places(verdict)[kind]


def test_a_damaged_log_does_not_hide_another(database: Database, home: Path) -> None:
    """One organisation's finding leaves the other organisation's verdict as it is."""
    append(database, OTHER)
    sign(database, home / "ledger", OTHER)
    tamper(database, *ATTACKS["one removed row"][0])
    assert {OTHER: True, ORGANISATION: False} == {
        verdict.organisation: verdict.ok for verdict in verdicts(database, home)
    }


def test_a_cut_tail_is_found_by_another_services_memory(database: Database, home: Path) -> None:
    """What came after the last checkpoint is protected as soon as another service remembers it."""
    append_more = [("2026-W50", SIZE), ("2026-W50", SIZE + 1)]
    folder = LedgerFolder(home / "ledger")
    extra = UUID(int=0xE)
    with psycopg.connect(database.url("intake")) as connection:
        for week, index in append_more:
            connection.execute(
                """SELECT append(%s, %s, %s, %s, %s, %s, %s, %s, %s, '{}', '{}', '{}', '{}', '{}',
                     '{}', '{}', '{}', '{}', '{}', '{}', '{}')""",
                (
                    [ORGANISATION],
                    [extra],
                    [index - SIZE + 1],
                    ["NoteAdded"],
                    [week],
                    [bytes(16)],
                    [UUID(int=7)],
                    [index.to_bytes(12, "big")],
                    [b"more"],
                ),
            )
    intake = signer(home / "ledger")
    with open_postgres(database.url(AUDITOR), schema="intake") as source:
        intake.add(ORGANISATION, (row.leaf_hash for row in source.leaves(ORGANISATION)))
    folder.remember("signals", "intake", ORGANISATION, intake.head(ORGANISATION))
    assert verdicts(database, home)[0].ok
    tamper(
        database,
        "DELETE FROM ciphertext WHERE organisation = $this AND leaf_index >= 12",
        "DELETE FROM event WHERE organisation = $this AND leaf_index >= 12",
        "UPDATE log SET size = 12 WHERE organisation = $this",
    )
    (verdict,) = verdicts(database, home)
    assert {Kind.TAIL_CUT: entry(SIZE, SIZE + 1)} == places(verdict)


# -- the commands


def test_verify_says_that_all_is_well(
    database: Database, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command ends with status 0 and a sentence that says so, in either language."""
    assert IN_ORDER == verify(home, dsns(database), None, False, "en")
    assert "Everything is in order." in capsys.readouterr().out
    assert IN_ORDER == verify(home, dsns(database), str(ORGANISATION), False, "nl")
    assert "Alles is in orde." in capsys.readouterr().out


def test_verify_names_the_place_to_people_and_programs(
    database: Database, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """After an attack the command ends with status 1; sentence and JSON both say where."""
    tamper(database, *ATTACKS["one changed byte"][0])
    assert NOT_IN_ORDER == verify(home, dsns(database), None, False, "nl")
    said = capsys.readouterr().out
    assert "Iemand heeft regel 7 gewijzigd" in said
    assert f"intake, organisatie {ORGANISATION}: NIET in orde" in said
    assert NOT_IN_ORDER == verify(home, dsns(database), None, True, "en")
    document = json.loads(capsys.readouterr().out)
    assert document["ok"] is False
    finding = document["verdicts"][0]["findings"][0]
    assert ("LEAF_CHANGED", 7) == (finding["kind"], finding["place"]["first"])


def test_verify_does_not_call_nothing_in_order(
    database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No log at all, an id that is none, an unreachable database: status 2, never 0."""
    assert NOT_VERIFIED == verify(tmp_path, dsns(database), None, False, "en")
    assert "no log to verify" in capsys.readouterr().out
    assert NOT_VERIFIED == verify(tmp_path, dsns(database), "nobody", False, "en")
    assert "'organisation'" in capsys.readouterr().err
    nowhere = {"intake": f"host={tmp_path} dbname=nowhere"}
    assert NOT_VERIFIED == verify(tmp_path, nowhere, None, False, "en")
    assert "does not answer" in capsys.readouterr().err


def test_verify_fails_where_the_ledger_folder_is_gone(
    database: Database, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without checkpoints the tables prove nothing, and the command says so."""
    shutil.rmtree(home / "ledger")
    assert NOT_IN_ORDER == verify(home, dsns(database), None, False, "en")
    assert "no valid signed checkpoint" in capsys.readouterr().out


def test_replay_tells_the_skeleton(
    database: Database, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every entry in order, with its week, type, stream and pseudonym; no content."""
    assert home.is_dir()
    assert IN_ORDER == replay(dsns(database), service="intake", organisation=str(ORGANISATION))
    lines = capsys.readouterr().out.splitlines()
    assert SIZE + 1 == len(lines)
    stream = UUID(int=ORGANISATION.int ^ STREAMS[0].int)
    assert ["0", "2026-W40", "CaseOpened", str(stream), "1", "01" * 16] == lines[1].split()
    assert "ciphertext" not in "".join(lines)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ({"position": 5}, [0, 1, 2, 3, 4]),
        ({"position": 0}, []),
        ({"stream": str(UUID(int=ORGANISATION.int ^ STREAMS[1].int))}, [1, 4, 7, 10]),
        ({"actor": "02" * 16, "position": 6}, [1, 3, 5]),
        ({"type": "CaseOpened"}, [0, 1, 2]),
        ({"first_week": "2026-W41", "last_week": "2026-W41"}, [4, 5, 6, 7]),
        ({"first_week": "2026-W42"}, [8, 9, 10, 11]),
        ({"last_week": "2026-W40", "type": "NoteAdded"}, [3]),
    ],
)
def test_replay_filters(
    database: Database,
    home: Path,
    capsys: pytest.CaptureFixture[str],
    question: dict[str, str],
    expected: list[int],
) -> None:
    """As of any position, by stream, actor, type and period; JSON has every field of the leaf."""
    assert home.is_dir()
    ask = {"service": "intake", "organisation": str(ORGANISATION), "as_json": True, **question}
    assert IN_ORDER == replay(dsns(database), **ask)  # type: ignore[arg-type]
    entries = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert expected == [each["index"] for each in entries]
    for each in entries:
        content = hashlib.sha256(b"ciphertext %d" % each["index"]).hexdigest()
        assert content == each["ciphertext_sha256"]


@pytest.mark.parametrize(
    "question",
    [
        {"service": "gateway"},
        {"organisation": "nobody"},
        {"stream": "x"},
        {"actor": "x"},
        {"first_week": "2026-48"},
        {"position": -1},
    ],
    ids=str,
)
def test_replay_refuses_a_question_that_makes_no_sense(
    database: Database, capsys: pytest.CaptureFixture[str], question: dict[str, str]
) -> None:
    """A wrong id, week or position is refused with the name of the field."""
    ask = {"service": "intake", "organisation": str(ORGANISATION), **question}
    assert NOT_VERIFIED == replay(dsns(database), **ask)  # type: ignore[arg-type]
    captured = capsys.readouterr()
    assert f"'{next(iter(question))}'" in captured.err
    assert "" == captured.out


def test_a_row_cannot_speak_to_the_terminal(
    database: Database, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What somebody writes into a type or a file's name does not move the auditor's cursor."""
    (home / "ledger" / "intake" / str(ORGANISATION) / "checkpoint-\x1b[2J").write_bytes(b"")
    tamper(
        database,
        "ALTER TABLE event DROP CONSTRAINT event_type_check",
        "UPDATE event SET type = E'Note\\x1b[2JAdded' WHERE organisation = $this AND leaf_index = 7",
    )
    replay(dsns(database), service="intake", organisation=str(ORGANISATION))
    said = capsys.readouterr().out
    assert "\x1b" not in said
    assert "Note\\x1b[2JAdded" in said
    assert NOT_IN_ORDER == verify(home, dsns(database), None, False, "en")
    said = capsys.readouterr().out
    assert "\x1b" not in said
    assert "checkpoint-\\x1b[2J" in said
