"""`hoeksteen verify` and `hoeksteen replay` over real tables, attacked with superuser rights."""

from __future__ import annotations

import hashlib
import json
import shutil
import struct
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from psycopg import sql

from shared.ledger.checkpoint import Checkpoint, origin
from shared.ledger.commands import (
    IN_ORDER,
    NOT_IN_ORDER,
    NOT_VERIFIED,
    compared,
    export,
    exported_logs,
    local_logs,
    replay,
    verify,
)
from shared.ledger.files import Head, LedgerFolder
from shared.ledger.findings import Kind, Place
from shared.ledger.memory import AuditorMemory
from shared.ledger.merkle import root
from shared.ledger.note import Signer
from shared.ledger.signer import LogSigner
from shared.ledger.source import FolderSource, open_postgres, read_manifest
from shared.ledger.verify import Auditor, Verdict, verify_logs
from shared.postgres.migrate import AUDITOR
from tests.conftest import Database

ORGANISATION = UUID("8f0cf1f6-58c2-4a9c-9b5a-2d7f4a3f1c11")
OTHER = UUID("0b0b0b0b-58c2-4a9c-9b5a-2d7f4a3f1c11")
STREAMS = [UUID(int=0x100), UUID(int=0x200), UUID(int=0x300)]
SIZE = 12
FULL = 256
"""Its size when the tile is filled with blank entries."""
NOW = datetime(2026, 10, 21, 12, tzinfo=UTC)
"""In week 2026-W43, the one after the last entry."""
TODAY = NOW.date()


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


def fill(database: Database, organisation: UUID, day: date = TODAY) -> int:
    """Fill the last tile with blank entries, as the daily moment does."""
    nonces = [hashlib.sha256(b"%d %s" % (n, str(day).encode())).digest()[:12] for n in range(511)]
    year, week, _ = day.isocalendar()
    with psycopg.connect(database.url("intake")) as connection:
        row = connection.execute(
            "SELECT fill_tiles(%s, %s, %s, %s, %s, %s::bytea[])",
            (
                organisation,
                day,
                f"{year}-W{week:02d}",
                b"s" * 16,
                UUID(int=organisation.int ^ day.toordinal()),
                nonces,
            ),
        ).fetchone()
    assert row is not None
    return int(row[0])


def sign(database: Database, folder: Path, organisation: UUID) -> LogSigner:
    """Sign a checkpoint over what is stored, as the service does."""
    intake = signer(folder)
    with psycopg.connect(database.url("intake")) as connection:
        rows = connection.execute(
            "SELECT leaf_hash FROM event WHERE organisation = %s AND leaf_index >= %s"
            " ORDER BY leaf_index",
            (organisation, intake.size(organisation)),
        )
        intake.add(organisation, (row[0] for row in rows))
    intake.sign(organisation)
    return intake


@pytest.fixture
def home(tmp_path: Path, database: Database) -> Path:
    """A home with the checkpoint of one organisation's log in intake."""
    append(database, ORGANISATION)
    assert FULL == fill(database, ORGANISATION)
    sign(database, tmp_path / "ledger", ORGANISATION)
    return tmp_path


def dsns(database: Database) -> dict[str, str]:
    """How the auditor's role reaches the services' schemas."""
    return {"intake": database.url(AUDITOR), "signals": database.url(AUDITOR)}


def verdicts(database: Database, home: Path) -> list[Verdict]:
    """What the verifier says of the installation."""
    return verify_logs(local_logs(dsns(database), home / "ledger"), Auditor(now=NOW))


def verified(
    database: Database,
    home: Path,
    organisation: str | None = None,
    *,
    memory: Path | None = None,
    **spoken: Any,
) -> int:
    """The command `hoeksteen verify` on the installation."""
    auditor = Auditor(now=NOW, memory=None if memory is None else AuditorMemory(memory))
    return verify(
        lambda: local_logs(dsns(database), home / "ledger", organisation), auditor, **spoken
    )


def replayed(database: Database, home: Path, *, service: str = "intake", **question: Any) -> int:
    """The command `hoeksteen replay` on the installation."""
    organisation = question.pop("organisation", str(ORGANISATION))
    return replay(
        lambda: local_logs({service: database.url(AUDITOR)}, home / "ledger", organisation),
        service=service,
        **question,
    )


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
        for table in ("event", "ciphertext", "log", "wrapped_key"):
            connection.execute(
                sql.SQL("ALTER TABLE {} DISABLE TRIGGER ALL").format(sql.Identifier(table))
            )
        for statement in statements:
            connection.execute(statement.replace("$this", f"'{ORGANISATION}'").encode())


def test_what_the_store_writes_verifies(database: Database, home: Path) -> None:
    """The leaf hashes that the append function computes in SQL are those of the verifier."""
    (verdict,) = verdicts(database, home)
    assert () == verdict.findings
    assert (True, "intake", ORGANISATION, FULL, FULL - SIZE, 1) == (
        verdict.ok,
        verdict.service,
        verdict.organisation,
        verdict.size,
        verdict.blanks,
        verdict.checkpoints,
    )


def test_the_log_may_grow_meanwhile(database: Database, home: Path) -> None:
    """A reader sees one moment: what is appended afterwards is not in its pages."""
    log = open_postgres(
        database.url(AUDITOR), service="intake", organisation=ORGANISATION, ledger=home / "ledger"
    )
    with log as source:
        assert FULL == source.size()
        assert 2 * FULL == fill(database, ORGANISATION, TODAY + timedelta(days=1))
        assert FULL == source.end()
        (page,) = source.pages()
        with source.opening().open() as other:
            assert [page] == list(other.pages())
    assert {2 * FULL} == {verdict.size for verdict in verdicts(database, home)}


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
        entry(0, FULL - 1),
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
        entry(9, FULL - 1),
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
    fill(database, OTHER)
    sign(database, home / "ledger", OTHER)
    tamper(database, *ATTACKS["one removed row"][0])
    assert {OTHER: True, ORGANISATION: False} == {
        verdict.organisation: verdict.ok for verdict in verdicts(database, home)
    }


def test_a_cut_tail_is_found_by_another_services_memory(database: Database, home: Path) -> None:
    """What came after the last checkpoint is protected as soon as another service remembers it."""
    fill(database, ORGANISATION, TODAY + timedelta(days=1))
    folder = LedgerFolder(home / "ledger")
    with psycopg.connect(database.url("intake")) as connection:
        rows = connection.execute(
            "SELECT leaf_hash FROM event WHERE organisation = %s AND leaf_index < 300"
            " ORDER BY leaf_index",
            (ORGANISATION,),
        )
        told = Head(300, root([row[0] for row in rows]))
    folder.remember("signals", "intake", ORGANISATION, told)
    assert verdicts(database, home)[0].ok
    tamper(
        database,
        "DELETE FROM event WHERE organisation = $this AND leaf_index >= 256",
        "UPDATE log SET size = 256 WHERE organisation = $this",
    )
    (verdict,) = verdicts(database, home)
    assert {Kind.TAIL_CUT: entry(256, 299)} == places(verdict)


def test_a_revived_key_is_found_in_the_tables(database: Database, tmp_path: Path) -> None:
    """A wrapped key and contents that stand under a destroyed key are named."""
    append(database, ORGANISATION)
    # Every event of these tests has a key of its own, so this one destroys its own alone.
    tamper(
        database,
        "ALTER TABLE event DROP CONSTRAINT event_stream_version_key",
        "UPDATE event SET type = 'KeyDestroyed' WHERE organisation = $this AND leaf_index = 9",
        "UPDATE event SET leaf_hash = sha256('\\x00'::bytea || leaf_record(organisation, "
        "leaf_index, stream, version, type, week, actor, suite, key_id, nonce, "
        "ciphertext_sha256)) WHERE organisation = $this AND leaf_index = 9",
    )
    fill(database, ORGANISATION)
    sign(database, tmp_path / "ledger", ORGANISATION)
    (verdict,) = verdicts(database, tmp_path)
    assert {Kind.KEY_REVIVED: entry(9), Kind.CIPHERTEXT_REVIVED: entry(9)} == places(verdict)
    tamper(
        database,
        "DELETE FROM wrapped_key WHERE key_id = (SELECT key_id FROM event "
        "WHERE organisation = $this AND leaf_index = 9)",
        "DELETE FROM ciphertext WHERE organisation = $this AND leaf_index = 9",
    )
    assert verdicts(database, tmp_path)[0].ok


# -- offline


def exported(database: Database, home: Path, to: Path) -> Path:
    """The folder that `hoeksteen export` writes."""
    status = export(
        lambda: local_logs(dsns(database), home / "ledger", str(ORGANISATION)),
        str(ORGANISATION),
        to,
    )
    assert IN_ORDER == status
    return to


def offline(folder: Path, *, memory: Path | None = None, processes: int = 1) -> list[Verdict]:
    """What the verifier says of an exported folder."""
    auditor = Auditor(
        now=NOW, memory=None if memory is None else AuditorMemory(memory), processes=processes
    )
    return verify_logs(exported_logs(folder, None, ["intake", "signals"]), auditor)


def test_an_exported_folder_verifies_without_a_database(
    database: Database, home: Path, tmp_path: Path
) -> None:
    """Everything that the verifier needs is in the folder, and no content."""
    folder = exported(database, home, tmp_path / "out")
    tamper(database, "DELETE FROM ciphertext", "DELETE FROM event", "DELETE FROM log")
    (verdict,) = offline(folder)
    assert ((), FULL, FULL - SIZE, 1) == (
        verdict.findings,
        verdict.size,
        verdict.blanks,
        verdict.checkpoints,
    )
    everything = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert b"ciphertext 7" not in everything
    assert "CONFIDENTIAL" in (folder / "README.txt").read_text()
    assert "VERTROUWELIJK" in (folder / "README.txt").read_text()


@pytest.mark.parametrize("title", [title for title in ATTACKS if "table" not in title])
def test_an_attack_is_named_in_an_exported_folder(
    database: Database, home: Path, tmp_path: Path, title: str
) -> None:
    """What was changed in the tables before they were exported is found offline too."""
    statements, kind, place = ATTACKS[title]
    tamper(database, *statements)
    (verdict,) = offline(exported(database, home, tmp_path / "out"))
    # A folder holds no leaf hashes beside its entries; the published tile is what tells.
    offline_kind = Kind.ENTRY_NOT_AS_PUBLISHED if kind == Kind.LEAF_CHANGED else kind
    assert place == places(verdict)[offline_kind]


def test_an_export_refuses_a_folder_that_exists(
    database: Database, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is overwritten, and nothing half is left behind."""
    exported(database, home, tmp_path / "out")
    before = sorted(tmp_path.iterdir())
    logs = local_logs(dsns(database), home / "ledger", str(ORGANISATION))
    assert NOT_VERIFIED == export(lambda: logs, str(ORGANISATION), tmp_path / "out")
    assert "is there already" in capsys.readouterr().err
    unknown = local_logs(dsns(database), home / "ledger", str(OTHER))
    assert NOT_VERIFIED == export(lambda: unknown, str(OTHER), tmp_path / "other")
    assert "Nothing is known" in capsys.readouterr().err
    assert before == sorted(tmp_path.iterdir())


def test_a_folder_that_is_no_export_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An empty or damaged folder is told in a sentence, never taken for an empty log."""
    auditor = Auditor(now=NOW)
    assert NOT_VERIFIED == verify(lambda: exported_logs(tmp_path, None, ["intake"]), auditor)
    assert "no exported ledger" in capsys.readouterr().err
    (tmp_path / "export.json").write_text('{"format": "hoeksteen/export/v1"}')
    assert NOT_VERIFIED == verify(lambda: exported_logs(tmp_path, None, ["intake"]), auditor)
    assert "damaged" in capsys.readouterr().err


def test_an_auditor_remembers_across_sources(
    database: Database, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was seen in an exported folder is missed in the tables, once they are set back."""
    fill(database, ORGANISATION, TODAY + timedelta(days=1))
    sign(database, home / "ledger", ORGANISATION)
    memory = tmp_path / "memory"
    assert [True] == [verdict.first_visit for verdict in offline(
        exported(database, home, tmp_path / "out"), memory=memory
    )]  # fmt: skip
    assert IN_ORDER == verified(database, home, memory=memory)
    assert "0 new entries came" in capsys.readouterr().out
    tamper(
        database,
        "DELETE FROM event WHERE organisation = $this AND leaf_index >= 256",
        "UPDATE log SET size = 256 WHERE organisation = $this",
    )
    older = home / "ledger" / "intake" / str(ORGANISATION)
    (older / "checkpoint-512").unlink()
    shutil.copy(older / "checkpoint-256", older / "checkpoint")
    assert IN_ORDER == verified(database, home)  # who remembers nothing sees nothing
    assert NOT_IN_ORDER == verified(database, home, memory=memory)
    assert "The log was set back" in capsys.readouterr().out


def test_a_compared_checkpoint_of_another_log_is_refused(
    database: Database, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A checkpoint that says nothing about these logs is not passed over in silence."""
    append(database, OTHER)
    fill(database, OTHER)
    sign(database, tmp_path / "elsewhere", OTHER)
    note = (tmp_path / "elsewhere" / "intake" / str(OTHER) / "checkpoint").read_bytes()
    auditor = Auditor(now=NOW, compare=(compared("theirs", note),))
    logs = local_logs(dsns(database), home / "ledger", str(ORGANISATION))
    assert NOT_VERIFIED == verify(lambda: logs, auditor)
    assert "theirs is a checkpoint of another log" in capsys.readouterr().err


# -- several processes


MANY = 300 * 256
"""More than one process reads at a time."""


def many(folder: Path, entries: int, *, spoil: bool = False) -> FolderSource:
    """A log of many entries in a folder, made without the program's own encoder."""
    service = folder / "intake"
    leaf_hashes = []
    for first in range(0, entries, 256):
        bundle, contents = bytearray(), bytearray()
        for index in range(first, first + 256):
            stream = (index * 7919) % 5003
            content = hashlib.sha256(b"%d" % index).digest()
            fields = (
                b"hoeksteen/leaf/v1",
                ORGANISATION.bytes,
                struct.pack(">Q", index),
                struct.pack(">QQ", 1, stream),
                struct.pack(">Q", index // 5003 + 1),
                (b"NoteAdded", b"MessageSent")[index % 2],
                b"2026-W%d" % (20 + index // 10_000),
                b"a" * 16,
                b"\1",
                struct.pack(">QQ", 2, stream),
                struct.pack(">4xQ", index),
                content,
            )
            if spoil and index in (70_000, 70_001, 76_000):
                fields = (*fields[:10], struct.pack(">4xQ", 5003 + index % 5003), fields[11])
            record = b"".join(struct.pack(">I", len(each)) + each for each in fields)
            leaf_hashes.append(hashlib.sha256(b"\0" + record).digest())
            bundle += struct.pack(">H", len(record)) + record
            contents += bytes(32) if spoil and index % 50_000 == 3 else content
        entries_folder = service / "tile" / "entries"
        entries_folder.mkdir(parents=True, exist_ok=True)
        (entries_folder / f"{first // 256:03d}").write_bytes(bundle)
        with (service / "contents").open("ab") as file:
            file.write(contents)
    LedgerFolder(folder).write_tiles("intake", ORGANISATION, 0, leaf_hashes)
    for level in ("0", "1", "2"):
        tiles = folder / "intake" / str(ORGANISATION) / "tile" / level
        tiles.rename(service / "tile" / level)
    name = origin("intake", ORGANISATION)
    key = Signer(name, Ed25519PrivateKey.from_private_bytes(b"\x01" * 32))
    for size in (entries // 2, entries):
        head = Checkpoint(origin=name, size=size, root=root(leaf_hashes[:size]))
        (service / f"checkpoint-{size}").write_bytes(head.sign(key))
    (service / "log.vkey").write_text(f"{key.verifier.vkey}\n")
    told = Head(entries - 777, root(leaf_hashes[: entries - 777]))
    (service / "heads").mkdir()
    (service / "heads" / "signals").write_bytes(told.to_json())
    document = {
        "format": "hoeksteen/export/v1",
        "organisation": str(ORGANISATION),
        "services": {"intake": {"entries": entries, "stated": entries, "strays": []}},
    }
    (folder / "export.json").write_text(json.dumps(document))
    return FolderSource(service, "intake", ORGANISATION, read_manifest(folder).services["intake"])


@pytest.fixture(scope="module")
def many_entries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a log of many entries, to be copied: a copy takes less than the making."""
    folder = tmp_path_factory.mktemp("many")
    many(folder, MANY)
    return folder


@pytest.mark.parametrize("spoil", [False, True], ids=["whole", "spoilt"])
def test_two_processes_say_what_one_says(many_entries: Path, tmp_path: Path, spoil: bool) -> None:
    """However many processes read, the verdict is the same to the last place."""
    if spoil:
        many(tmp_path, MANY, spoil=True)
    else:
        shutil.copytree(many_entries, tmp_path, dirs_exist_ok=True)
    (one,) = offline(tmp_path)
    (two,) = offline(tmp_path, processes=2)
    assert one == two
    assert (MANY, 2) == (one.size, one.checkpoints)
    assert spoil == bool(one.findings), one.findings
    if spoil:
        assert {Kind.NONCE_REUSED, Kind.CIPHERTEXT_MISSING} <= {f.kind for f in one.findings}


@pytest.mark.parametrize("number", ["000", "100", "255", "256", "299"])
def test_two_processes_find_the_same_hole(many_entries: Path, tmp_path: Path, number: str) -> None:
    """A bundle that is gone, in the first part, at a joint, or at the end, is told alike."""
    shutil.copytree(many_entries, tmp_path, dirs_exist_ok=True)
    (tmp_path / "intake" / "tile" / "entries" / number).unlink()
    (one,) = offline(tmp_path)
    (two,) = offline(tmp_path, processes=2)
    assert one == two
    assert not one.ok


# -- the commands


def test_verify_says_that_all_is_well(
    database: Database, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command ends with status 0 and a sentence that says so, in either language."""
    assert IN_ORDER == verified(database, home)
    assert "Everything is in order." in capsys.readouterr().out
    assert IN_ORDER == verified(database, home, str(ORGANISATION), language="nl")
    assert "Alles is in orde." in capsys.readouterr().out


def test_verify_names_the_place_to_people_and_programs(
    database: Database, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """After an attack the command ends with status 1; sentence and JSON both say where."""
    tamper(database, *ATTACKS["one changed byte"][0])
    assert NOT_IN_ORDER == verified(database, home, language="nl")
    said = capsys.readouterr().out
    assert "Iemand heeft regel 7 gewijzigd" in said
    assert f"intake, organisatie {ORGANISATION}: NIET in orde" in said
    assert NOT_IN_ORDER == verified(database, home, as_json=True)
    document = json.loads(capsys.readouterr().out)
    assert document["ok"] is False
    finding = document["verdicts"][0]["findings"][0]
    assert ("LEAF_CHANGED", 7) == (finding["kind"], finding["place"]["first"])


def test_verify_does_not_call_nothing_in_order(
    database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No log at all, an id that is none, an unreachable database: status 2, never 0."""
    assert NOT_VERIFIED == verified(database, tmp_path)
    assert "no log to verify" in capsys.readouterr().out
    assert NOT_VERIFIED == verified(database, tmp_path, "nobody")
    assert "'organisation'" in capsys.readouterr().err
    nowhere = {"intake": f"host={tmp_path} dbname=nowhere"}
    assert NOT_VERIFIED == verify(
        lambda: local_logs(nowhere, tmp_path / "ledger"), Auditor(now=NOW)
    )
    assert "does not answer" in capsys.readouterr().err


def test_verify_fails_where_the_ledger_folder_is_gone(
    database: Database, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without checkpoints the tables prove nothing, and the command says so."""
    shutil.rmtree(home / "ledger")
    assert NOT_IN_ORDER == verified(database, home)
    assert "no valid signed checkpoint" in capsys.readouterr().out


def test_replay_tells_the_skeleton(
    database: Database, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every entry in order, with its week, type, stream and pseudonym; no content."""
    assert home.is_dir()
    assert IN_ORDER == replayed(database, home)
    lines = capsys.readouterr().out.splitlines()
    assert SIZE + 2 == len(lines)
    assert lines[-1].startswith(f"{FULL - SIZE} blank entries were left out")
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
    assert IN_ORDER == replayed(database, home, as_json=True, **question)
    entries = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert expected == [each["index"] for each in entries]
    for each in entries:
        content = hashlib.sha256(b"ciphertext %d" % each["index"]).hexdigest()
        assert content == each["ciphertext_sha256"]


@pytest.mark.parametrize(
    "question",
    [
        {"organisation": "nobody"},
        {"stream": "x"},
        {"actor": "x"},
        {"first_week": "2026-48"},
        {"position": -1},
    ],
    ids=str,
)
def test_replay_refuses_a_question_that_makes_no_sense(
    database: Database,
    home: Path,
    capsys: pytest.CaptureFixture[str],
    question: dict[str, str],
) -> None:
    """A wrong id, week or position is refused with the name of the field."""
    assert NOT_VERIFIED == replayed(database, home, **question)
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
        "UPDATE event SET type = E'Note\\x1b[2JAdded' WHERE organisation = $this AND leaf_index = 7",
    )
    replayed(database, home)
    said = capsys.readouterr().out
    assert "\x1b" not in said
    assert "(no record of this program)" in said
    assert NOT_IN_ORDER == verified(database, home)
    said = capsys.readouterr().out
    assert "\x1b" not in said
    assert "checkpoint-\\x1b[2J" in said


def test_replay_tells_a_streams_whole_life(
    database: Database, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A timeline is sentences, step by step, and shows no content."""
    stream = str(UUID(int=ORGANISATION.int ^ STREAMS[0].int))
    assert IN_ORDER == replayed(database, home, timeline_of=stream)
    lines = capsys.readouterr().out.splitlines()
    assert 5 == len(lines)
    assert lines[0].startswith("Step 1, week 2026-W40: a case was opened (CaseOpened), by person 1")
    assert "4 steps by 2 people, from week 2026-W40 to week 2026-W42" in lines[4]
    assert IN_ORDER == replayed(database, home, timeline_of=stream, language="nl")
    assert "een melding is geopend" in capsys.readouterr().out
    assert IN_ORDER == replayed(database, home, timeline_of=str(UUID(int=1)))
    assert "There is no entry of this stream." in capsys.readouterr().out


def test_replay_shows_blank_entries_when_asked(
    database: Database, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Blank entries are there for who wants them."""
    assert IN_ORDER == replayed(database, home, with_blanks=True, as_json=True)
    types = [json.loads(line)["type"] for line in capsys.readouterr().out.splitlines()]
    assert (FULL, FULL - SIZE) == (len(types), types.count("Blank"))


def test_replay_of_an_unknown_organisation_is_refused(
    database: Database, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An organisation without a log is told in a sentence, with status 2."""
    assert NOT_VERIFIED == replayed(database, home, organisation=str(OTHER))
    assert "There is no log of intake" in capsys.readouterr().err
