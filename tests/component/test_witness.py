"""The witness program over HTTP: every answer of c2sp.org/tlog-witness, races, kills, two histories."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from shared.ledger.checkpoint import Checkpoint
from shared.ledger.merkle import consistency_proof, root
from shared.ledger.note import Signer, open_note, parse
from shared.ledger.policy import Policy
from shared.ledger.submit import Reason, submit
from shared.ledger.tiles import FolderTiles, TiledTree, tiles_of
from shared.ledger.witness.state import Witness
from tests.ports import free_port

ORIGIN = "hoeksteen.local/intake/8f0cf1f6-58c2-4a9c-9b5a-2d7f4a3f1c11"
NAME = "witness.works-council.example"
HOEKSTEEN = (sys.executable, "-m", "shared.cli")
SIZE_TYPE = "text/x.tlog.size"


@dataclass
class Log:
    """A log with a key of its own; `leaves` are leaf hashes."""

    leaves: list[bytes]
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    name: str = ORIGIN

    @property
    def signer(self) -> Signer:
        return Signer(self.name, self.key)

    def note(self, size: int) -> bytes:
        checkpoint = Checkpoint(origin=self.name, size=size, root=root(self.leaves[:size]))
        return checkpoint.sign(self.signer)

    def proof(self, old: int, size: int) -> list[bytes]:
        return consistency_proof(self.leaves[:size], old) if 0 < old < size else []

    def request(self, old: int, size: int) -> bytes:
        return body(old, self.proof(old, size), self.note(size))


def leaves(count: int, seed: str = "a") -> list[bytes]:
    return [hashlib.sha256(f"{seed}{n}".encode()).digest() for n in range(count)]


def body(old: int | str, proof: Sequence[bytes], note: bytes) -> bytes:
    lines = "".join(f"{base64.b64encode(each).decode()}\n" for each in proof)
    return f"old {old}\n{lines}\n".encode() + note


class Program:
    """`hoeksteen witness serve` on a folder; started and stopped by the test."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = subprocess.Popen(
            (*HOEKSTEEN, "witness", "serve", f"--dir={folder}", f"--port={self.port}", *options),
            stderr=subprocess.PIPE,
            text=True,
        )
        until = time.monotonic() + 20
        while True:
            try:
                if httpx2.get(f"{self.url}/health/live", trust_env=False).status_code == 200:
                    return
            except httpx2.TransportError:
                if time.monotonic() > until:
                    self.stop()
                    raise
                time.sleep(0.02)

    def ask(self, request: bytes, prefix: str = "") -> httpx2.Response:
        return httpx2.post(
            f"{self.url}{prefix}/add-checkpoint", content=request, trust_env=False, timeout=20
        )

    def stop(self, number: signal.Signals = signal.SIGTERM) -> str:
        """What it said."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        said = self.process.communicate(timeout=20)[1]
        return str(said)


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (*HOEKSTEEN, "witness", *arguments), capture_output=True, text=True, check=False, timeout=30
    )


def made(folder: Path, *logs: Log, name: str = NAME) -> str:
    """Make a witness that trusts these logs; its vkey."""
    witness = Witness.init(folder, name)
    for log in logs:
        witness.trust(log.signer.verifier.vkey)
    return witness.cosigner.vkey


@dataclass
class Running:
    program: Program
    vkey: str
    log: Log

    def checked(self, answer: httpx2.Response, size: int) -> int:
        """The time of a valid cosignature, verified with `cryptography` alone."""
        assert answer.status_code == 200, answer.text
        name, identity, encoded = self.vkey.split("+", 2)
        raw = base64.b64decode(encoded)
        assert raw[0] == 4
        (line,) = answer.text.splitlines()
        dash, signed_by, signature = line.split(" ")
        assert (dash, signed_by) == ("\u2014", name)
        blob = base64.b64decode(signature)
        assert blob[:4].hex() == identity
        at = int.from_bytes(blob[4:12], "big")
        text = parse(self.log.note(size))[0]
        Ed25519PublicKey.from_public_bytes(raw[1:]).verify(
            blob[12:], f"cosignature/v1\ntime {at}\n{text}".encode()
        )
        return at


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    log = Log(leaves(600))
    vkey = made(tmp_path / "w", log)
    program = Program(tmp_path / "w")
    yield Running(program, vkey, log)
    program.stop()


def remembered(folder: Path) -> list[tuple[int, int]]:
    """Size and number of kept requests of each log."""
    return [
        (-1 if each.head is None else each.head.size, each.evidence)
        for each in Witness(folder).remembered()
    ]


# -- The answers of the specification


def test_200_a_log_that_grows_is_cosigned(running: Running) -> None:
    """The first head, then larger ones with their proofs, are cosigned with the witness's own time."""
    before = int(time.time())
    for old, size in ((0, 5), (5, 256), (256, 600)):
        answer = running.program.ask(running.log.request(old, size))
        assert before <= running.checked(answer, size) <= time.time()
    assert [(600, 0)] == remembered(running.program.folder)
    # What it keeps says by itself who signed it.
    (state,) = (running.program.folder / "logs").iterdir()
    opened = open_note(state.read_bytes(), [running.log.signer.verifier])
    assert running.log.note(600).partition(b"\n\n")[0] + b"\n" == opened.text.encode()


def test_200_the_same_head_is_cosigned_again(running: Running) -> None:
    """A head that it cosigned is cosigned again with an empty proof, at the new time."""
    first = running.checked(running.program.ask(running.log.request(0, 256)), 256)
    time.sleep(1.1)
    assert first < running.checked(running.program.ask(running.log.request(256, 256)), 256)


def test_200_an_empty_log_is_cosigned(running: Running) -> None:
    """A log without entries has a head too, from which it may grow."""
    running.checked(running.program.ask(running.log.request(0, 0)), 0)
    running.checked(running.program.ask(running.log.request(0, 0)), 0)
    running.checked(running.program.ask(running.log.request(0, 7)), 7)


def test_200_extension_lines_are_cosigned(running: Running) -> None:
    """Lines that follow the root are signed along; the witness says nothing about them."""
    log = running.log
    text = f"{Checkpoint(origin=ORIGIN, size=3, root=root(log.leaves[:3])).text}an extension\n"
    note = f"{text}\n{log.signer.signature_line(text)}".encode()
    answer = running.program.ask(body(0, [], note))
    assert answer.status_code == 200
    blob = base64.b64decode(answer.text.split(" ")[2])
    raw = base64.b64decode(running.vkey.split("+", 2)[2])
    at = int.from_bytes(blob[4:12], "big")
    Ed25519PublicKey.from_public_bytes(raw[1:]).verify(
        blob[12:], f"cosignature/v1\ntime {at}\n{text}".encode()
    )
    running.checked(running.program.ask(log.request(3, 9)), 9)


def test_200_unknown_signatures_are_ignored(running: Running) -> None:
    """Lines of keys it does not trust, up to a hundred with the log's own, change nothing."""
    note = running.log.note(5)
    strangers = "".join(
        Signer(ORIGIN, Ed25519PrivateKey.generate()).signature_line(parse(note)[0])
        for _ in range(99)
    ).encode()
    running.checked(running.program.ask(body(0, [], note + strangers)), 5)
    running.checked(running.program.ask(running.log.request(5, 6)), 6)


MALFORMED = {
    "nothing": b"",
    "no note": b"old 0\n\n",
    "no empty line": b"old 0\n" + Log(leaves(3)).note(3).replace(b"\n\n", b"\n"),
    "no old line": b"\n" + Log(leaves(3)).note(3),
    "leading zero": body("00", [], Log(leaves(3)).note(3)),
    "sign": body("+0", [], Log(leaves(3)).note(3)),
    "space": body("0 ", [], Log(leaves(3)).note(3)),
    "other digits": body("\u0660", [], Log(leaves(3)).note(3)),
    "a huge number": body(10**19, [], Log(leaves(3)).note(3)),
    "64 hashes": body(0, [bytes(32)] * 64, Log(leaves(3)).note(3)),
    "a short hash": body(0, [bytes(31)], Log(leaves(3)).note(3)),
    "no base64": b"old 0\nnot base64\n\n" + Log(leaves(3)).note(3),
    "unsigned": body(0, [], Log(leaves(3)).note(3).partition(b"\n\n")[0] + b"\n"),
    "size with a leading zero": body(0, [], Log(leaves(3)).note(3).replace(b"\n3\n", b"\n03\n")),
    "two lines": body(0, [], b"a\n3\n\n" + Log(leaves(3)).note(3).partition(b"\n\n")[2]),
    "not UTF-8": body(0, [], b"\xff" + Log(leaves(3)).note(3)),
}


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """A witness that trusts one log, which never speaks."""
    folder = tmp_path_factory.mktemp("stranger") / "w"
    made(folder, Log(leaves(1)))
    program = Program(folder)
    yield program
    program.stop()


@pytest.mark.parametrize("request_", MALFORMED.values(), ids=MALFORMED.keys())
def test_400_malformed_requests(stranger: Program, request_: bytes) -> None:
    """What is not a request is refused as such, before anything else is looked at."""
    assert 400 == stranger.ask(request_).status_code


def test_400_an_old_size_above_the_new_one(running: Running) -> None:
    """A log that asks to shrink is told that its request makes no sense."""
    running.checked(running.program.ask(running.log.request(0, 256)), 256)
    assert 400 == running.program.ask(body(256, [], running.log.note(5))).status_code


def test_413_a_request_without_end(stranger: Program) -> None:
    """A body larger than any request is not read to its end."""
    assert 413 == stranger.ask(b"old 0\n\n" + b"a" * 200_000).status_code


def test_404_an_unknown_log(running: Running) -> None:
    """Another origin is unknown, even when a trusted key signs it."""
    other = Log(leaves(5), key=running.log.key, name=f"{ORIGIN}0")
    assert 404 == running.program.ask(other.request(0, 5)).status_code


def test_403_another_key(running: Running) -> None:
    """A checkpoint of a known log without a signature of its trusted key is forbidden."""
    other = Log(running.log.leaves)
    assert 403 == running.program.ask(other.request(0, 5)).status_code


def test_403_a_signature_of_another_text(running: Running) -> None:
    """A trusted key's signature over another checkpoint is forbidden, beside whatever else."""
    forged = running.log.note(5).replace(b"\n5\n", b"\n6\n")
    assert 403 == running.program.ask(body(0, [], forged)).status_code
    assert [] == remembered(running.program.folder)


def test_409_another_old_size(running: Running) -> None:
    """Who does not know how far the witness is, is told in a type of its own."""
    running.checked(running.program.ask(running.log.request(0, 256)), 256)
    for old, size in ((0, 600), (5, 600), (300, 600), (0, 256), (5, 5)):
        answer = running.program.ask(running.log.request(old, size))
        assert (409, "256\n", SIZE_TYPE) == (
            answer.status_code,
            answer.text,
            answer.headers["content-type"],
        )
    assert [(256, 0)] == remembered(running.program.folder)


def test_409_a_log_never_seen_has_size_0(running: Running) -> None:
    """Before its first checkpoint a log's remembered size is 0."""
    answer = running.program.ask(running.log.request(5, 600))
    assert (409, "0\n") == (answer.status_code, answer.text)


def test_422_a_proof_that_does_not_hold(running: Running) -> None:
    """A hash changed, missing or too many is no proof; what is remembered stays."""
    running.checked(running.program.ask(running.log.request(0, 100)), 100)
    proof = running.log.proof(100, 600)
    note = running.log.note(600)
    for wrong in (proof[1:], [*proof, bytes(32)], [bytes(32), *proof[1:]], []):
        assert 422 == running.program.ask(body(100, wrong, note)).status_code
    running.checked(running.program.ask(body(100, proof, note)), 600)


def test_422_a_proof_where_there_is_nothing_to_prove(running: Running) -> None:
    """From nothing, and from a head to itself, the proof is empty or refused."""
    assert 422 == running.program.ask(body(0, [bytes(32)], running.log.note(5))).status_code
    running.checked(running.program.ask(running.log.request(0, 5)), 5)
    assert 422 == running.program.ask(body(5, [bytes(32)], running.log.note(5))).status_code


def test_other_paths_and_methods(running: Running) -> None:
    """There is one address to ask and one to see that it lives."""
    assert 404 == httpx2.post(f"{running.program.url}/x", trust_env=False).status_code
    assert 405 == httpx2.get(f"{running.program.url}/add-checkpoint", trust_env=False).status_code
    assert 404 == running.program.ask(running.log.request(0, 5), "/prefix").status_code


# -- What the answers are for


def test_a_rewritten_history_is_refused_and_kept(running: Running) -> None:
    """A head of another history, well signed, is not cosigned, and the request is kept as evidence."""
    running.checked(running.program.ask(running.log.request(0, 256)), 256)
    rewritten = Log([*leaves(7, "b"), *running.log.leaves[7:]], key=running.log.key)
    request = rewritten.request(256, 600)
    assert 422 == running.program.ask(request).status_code
    kept = list((running.program.folder / "evidence").rglob("600-*"))
    assert [request] == [each.read_bytes() for each in kept]
    assert [(256, 1)] == remembered(running.program.folder)
    answer = command("show", f"--dir={running.program.folder}")
    assert answer.returncode == 1
    assert "1 requests did not fit" in answer.stdout


def test_two_heads_of_one_size_are_refused_and_kept(running: Running) -> None:
    """Another root at the remembered size is refused in plain text, whatever old size it names."""
    running.checked(running.program.ask(running.log.request(0, 256)), 256)
    rewritten = Log(leaves(256, "b"), key=running.log.key)
    answer = running.program.ask(body(256, [], rewritten.note(256)))
    assert 409 == answer.status_code
    assert SIZE_TYPE != answer.headers["content-type"]
    assert 409 == running.program.ask(body(0, [], rewritten.note(256))).status_code
    assert [(256, 1)] == remembered(running.program.folder)


def test_a_rollback_is_refused(running: Running) -> None:
    """A smaller head that was true once is not cosigned after a larger one, with any old size."""
    running.checked(running.program.ask(running.log.request(0, 600)), 600)
    for old in (0, 5, 256):
        assert 409 == running.program.ask(running.log.request(old, 256)).status_code
    assert [(600, 0)] == remembered(running.program.folder)


def test_of_two_requests_at_once_one_wins(running: Running) -> None:
    """Many different next heads at once: one is cosigned, every other one is told to come again."""
    running.checked(running.program.ask(running.log.request(0, 5)), 5)
    sizes = range(6, 38)
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(running.program.ask, (running.log.request(5, n) for n in sizes)))
    (won,) = [n for n, each in zip(sizes, answers, strict=True) if each.status_code == 200]
    assert {200, 409} == {each.status_code for each in answers}
    assert [(won, 0)] == remembered(running.program.folder)


def test_two_programs_on_one_folder(tmp_path: Path) -> None:
    """Two processes with one folder never cosign two next heads from one state."""
    log = Log(leaves(200))
    vkey = made(tmp_path / "w", log)
    both = [Program(tmp_path / "w") for _ in range(2)]
    try:
        size = 0
        for round_ in range(5):
            asked = [(both[n % 2], size + 1 + n) for n in range(12)]
            with ThreadPoolExecutor(12) as pool:
                answers = list(
                    pool.map(lambda each: each[0].ask(log.request(size, each[1])), asked)  # noqa: B023
                )
            won = [
                n for (_, n), each in zip(asked, answers, strict=True) if each.status_code == 200
            ]
            assert 1 == len(won), round_
            size = won[0]
        Running(both[0], vkey, log).checked(both[0].ask(log.request(size, size)), size)
    finally:
        for each in both:
            each.stop()


def test_a_restart_keeps_what_was_cosigned(running: Running, tmp_path: Path) -> None:
    """After SIGTERM and a new start the remembered size is the one that was cosigned."""
    running.checked(running.program.ask(running.log.request(0, 256)), 256)
    running.program.stop()
    again = Program(tmp_path / "w")
    try:
        assert "256\n" == again.ask(running.log.request(0, 600)).text
        Running(again, running.vkey, running.log).checked(
            again.ask(running.log.request(256, 600)), 600
        )
    finally:
        again.stop()


def test_killed_at_any_moment_it_never_cosigns_two_histories(tmp_path: Path) -> None:
    """Killed in the middle of requests, it remembers at least every head whose cosignature left."""
    log = Log(leaves(400))
    made(tmp_path / "w", log)
    size = 0
    for round_ in range(4):
        program = Program(tmp_path / "w")
        told = int(program.ask(body(399, [], log.note(400))).text)
        assert told >= size
        size = told

        def grow(program: Program, start: int) -> int:
            """Ask for one entry more, again and again, until it is killed; the last size answered."""
            at = start
            try:
                while at < 398:
                    if program.ask(log.request(at, at + 1)).status_code != 200:
                        return at
                    at += 1
            except httpx2.TransportError:
                pass
            return at

        with ThreadPoolExecutor(1) as pool:
            asking = pool.submit(grow, program, size)
            time.sleep(0.1 + 0.05 * round_)
            program.stop(signal.SIGKILL)
            size = asking.result()
    ((last, evidence),) = remembered(tmp_path / "w")
    assert last in (size, size + 1)
    assert 0 == evidence


@pytest.mark.parametrize(
    "damage", ["empty", "a changed byte", "another log's", "cut", "not its own"]
)
def test_a_damaged_memory_refuses(running: Running, damage: str) -> None:
    """With a damaged memory of a log the witness says nothing about it, and never begins anew."""
    running.checked(running.program.ask(running.log.request(0, 256)), 256)
    (path,) = (running.program.folder / "logs").iterdir()
    good = path.read_bytes()
    path.write_bytes(
        {
            "empty": b"",
            "a changed byte": good.replace(b"\n256\n", b"\n255\n"),
            "another log's": good.replace(b"intake", b"signal"),
            "cut": good[:-10],
            "not its own": good[: good.rindex(b"\xe2\x80\x94")],
        }[damage]
    )
    for old, size in ((0, 600), (256, 600), (0, 0)):
        assert 500 == running.program.ask(running.log.request(old, size)).status_code
    answer = command("show", f"--dir={running.program.folder}")
    assert answer.returncode == 1
    assert "damaged" in answer.stdout
    path.write_bytes(good)
    running.checked(running.program.ask(running.log.request(256, 600)), 600)


def test_a_folder_that_cannot_be_written_cosigns_nothing(running: Running) -> None:
    """Where the new head cannot be kept, no cosignature leaves."""
    running.checked(running.program.ask(running.log.request(0, 256)), 256)
    logs = running.program.folder / "logs"
    logs.rename(logs.with_name("elsewhere"))
    logs.touch()
    assert 500 == running.program.ask(running.log.request(256, 600)).status_code
    logs.unlink()
    logs.with_name("elsewhere").rename(logs)
    assert [(256, 0)] == remembered(running.program.folder)


def test_it_says_what_it_refused_and_no_value(running: Running) -> None:
    """One line for each refused request, none for others, and nothing of what stood in them."""
    running.program.ask(running.log.request(0, 256))
    running.program.ask(running.log.request(0, 600))
    running.program.ask(b"secret")
    lines = running.program.stop().splitlines()
    assert ["refused: 409", "refused: 400"] == [line[:12] for line in lines]
    assert "secret" not in "".join(lines)
    assert ORIGIN not in "".join(lines)
    assert "256" not in "".join(lines)


# -- The folder and the commands


def test_the_key_is_its_owners_alone(tmp_path: Path) -> None:
    """Nobody else may read what `init` makes, and a second `init` replaces nothing."""
    made(tmp_path / "w")
    assert {0o600} == {each.stat().st_mode & 0o777 for each in (tmp_path / "w").iterdir()}
    before = (tmp_path / "w" / "witness.key").read_bytes()
    again = command("init", f"--dir={tmp_path / 'w'}", "--name=other")
    assert (1, before) == (again.returncode, (tmp_path / "w" / "witness.key").read_bytes())
    assert "already" in again.stderr


def test_the_commands_of_an_owner(tmp_path: Path) -> None:
    """`init` prints the key that others need, `trust` takes a log's, `show` tells both."""
    folder = tmp_path / "w"
    vkey = command("init", f"--dir={folder}", f"--name={NAME}").stdout.strip()
    assert vkey == Witness(folder).cosigner.vkey
    assert vkey.startswith(f"{NAME}+")
    log = Log(leaves(5))
    for said in ("from now on", "already"):
        answer = command("trust", f"--dir={folder}", log.signer.verifier.vkey)
        assert (0, True) == (answer.returncode, said in answer.stdout)
    assert 200 == Witness(folder).add_checkpoint(log.request(0, 5), now=1_700_000_000).status
    assert {
        "vkey": vkey,
        "trusted": [log.signer.verifier.vkey],
        "logs": [
            {
                "origin": ORIGIN,
                "size": 5,
                "root": root(log.leaves).hex(),
                "cosigned_at": 1_700_000_000,
                "evidence": 0,
                "file": hashlib.sha256(ORIGIN.encode()).hexdigest(),
            }
        ],
    } == json.loads(command("show", f"--dir={folder}", "--json").stdout)
    told = command("show", f"--dir={folder}")
    assert 0 == told.returncode
    assert f"{ORIGIN}: 5 entries, 2023-11-14 22:13 UTC" in told.stdout


def test_bad_names_keys_and_folders_are_told(tmp_path: Path) -> None:
    """Each mistake of an owner ends in a sentence."""
    made(tmp_path / "w")
    for arguments in (
        ("init", f"--dir={tmp_path / 'v'}", "--name=two words"),
        ("trust", f"--dir={tmp_path / 'w'}", "garbage"),
        ("trust", f"--dir={tmp_path / 'none'}", Log([]).signer.verifier.vkey),
        ("show", f"--dir={tmp_path / 'none'}"),
        ("serve", f"--dir={tmp_path / 'none'}"),
        ("serve", f"--dir={tmp_path / 'w'}", "--prefix=x"),
    ):
        answer = command(*arguments)
        assert answer.returncode == 1
        assert answer.stderr.strip().endswith((".", "/witness."))
        assert "Traceback" not in answer.stderr
    (tmp_path / "w" / "witness.key").write_bytes(bytes(32))
    assert "not the one of its witness.vkey" in command("show", f"--dir={tmp_path / 'w'}").stderr


def test_a_services_key_stands_for_its_logs(tmp_path: Path) -> None:
    """A key trusted under `.../*` cosigns each organisation's log by itself, and no other service's."""
    key = Ed25519PrivateKey.generate()
    vkey = made(tmp_path / "w", Log([], key=key, name="hoeksteen.local/intake/*"))
    program = Program(tmp_path / "w", "--prefix=/council")
    try:
        for organisation in ("a", "b"):
            log = Log(
                leaves(9, organisation), key=key, name=f"hoeksteen.local/intake/{organisation}"
            )
            answer = program.ask(log.request(0, 9), "/council")
            Running(program, vkey, log).checked(answer, 9)
        other = Log(leaves(9), key=key, name="hoeksteen.local/signals/a")
        assert 404 == program.ask(other.request(0, 9), "/council").status_code
    finally:
        program.stop()
    assert [(9, 0), (9, 0)] == remembered(tmp_path / "w")


def test_a_movable_clock_is_for_local_mode(tmp_path: Path) -> None:
    """The demo's clock moves a witness in local mode; elsewhere the program refuses to start."""
    log = Log(leaves(9))
    vkey = made(tmp_path / "w", log)
    clock = tmp_path / "clock.json"
    clock.write_text(json.dumps({"offset_seconds": 86400 * 30}))
    refused = subprocess.run(
        (*HOEKSTEEN, "witness", "serve", f"--dir={tmp_path / 'w'}", f"--clock-file={clock}"),
        env=os.environ | {"HOEKSTEEN_MODE": "production"},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert refused.returncode == 1
    assert "local mode only" in refused.stderr
    os.environ["HOEKSTEEN_MODE"] = "local"
    try:
        program = Program(tmp_path / "w", f"--clock-file={clock}")
    finally:
        del os.environ["HOEKSTEEN_MODE"]
    try:
        at = Running(program, vkey, log).checked(program.ask(log.request(0, 9)), 9)
        assert abs(at - time.time() - 86400 * 30) < 60
    finally:
        program.stop()


# -- The client


@dataclass
class Tree:
    """A tree that has all its leaves."""

    leaves: list[bytes]

    def consistency_proof(self, size1: int) -> list[bytes]:
        return consistency_proof(self.leaves, size1)


@dataclass
class Two:
    """A log, two witnesses of two owners, and the policy that wants both."""

    log: Log
    programs: list[Program]
    policy: Policy

    def tree(self, size: int) -> Tree:
        return Tree(self.log.leaves[:size])


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Two]:
    log = Log(leaves(600))
    vkeys = [made(tmp_path / name, log, name=f"{name}.example") for name in ("council", "adviser")]
    programs = [Program(tmp_path / name) for name in ("council", "adviser")]
    policy = Policy.parse(
        f"log {log.signer.verifier.vkey}\n"
        f"witness council {vkeys[0]} {programs[0].url}\nwitness adviser {vkeys[1]} {programs[1].url}/\n"
        "group owner-council any council\ngroup owner-adviser any adviser\n"
        "group owners all owner-council owner-adviser\nquorum owners\n"
    )
    yield Two(log, programs, policy)
    for each in programs:
        each.stop()


def with_lines(note: bytes, lines: Sequence[str]) -> bytes:
    return note + "".join(lines).encode()


def met(policy: Policy, note: bytes) -> bool:
    return policy.met_by(each.name for each in policy.cosigned(note))


async def test_both_owners_cosign(two: Two) -> None:
    """Asked in parallel, two witnesses make the quorum; later heads need no question beforehand."""
    known: dict[str, int] = {}
    for size in (5, 256, 600):
        note = two.log.note(size)
        submitted = await submit(two.policy, note, two.tree(size), known)
        assert {} == submitted.failed
        assert met(two.policy, with_lines(note, submitted.lines))
        assert {"council": size, "adviser": size} == known
    assert [] == [line for each in two.programs for line in each.stop().splitlines()]


async def test_a_client_that_forgot_asks_again(two: Two) -> None:
    """A client that knows nothing, or something wrong, learns the size and proves from there."""
    await submit(two.policy, two.log.note(5), two.tree(5), {})
    for known in ({}, {"council": 3, "adviser": 100}):
        note = two.log.note(256)
        submitted = await submit(two.policy, note, two.tree(256), known)
        assert met(two.policy, with_lines(note, submitted.lines))


async def test_only_missing_witnesses_are_asked(two: Two) -> None:
    """A note that carries a cosignature is brought to the other witness only."""
    note = two.log.note(5)
    submitted = await submit(two.policy, note, two.tree(5), {})
    half = with_lines(note, submitted.lines[:1])
    again = await submit(two.policy, half, two.tree(5), {})
    assert 1 == len(again.lines)
    assert met(two.policy, with_lines(half, again.lines))
    done = await submit(two.policy, with_lines(note, submitted.lines), two.tree(5), {})
    assert ((), {}) == (done.lines, done.failed)


async def test_a_witness_that_is_down_stops_nobody(two: Two) -> None:
    """The other owner's cosignature comes, the missing one is named, the quorum is not met."""
    two.programs[1].stop()
    note = two.log.note(5)
    submitted = await submit(two.policy, note, two.tree(5), {})
    assert {"adviser": Reason.UNREACHABLE} == submitted.failed
    half = with_lines(note, submitted.lines)
    assert not met(two.policy, half)
    assert ["owner-adviser"] == two.policy.missing(each.name for each in two.policy.cosigned(half))


async def test_reasons_are_told_apart(two: Two) -> None:
    """Another history, a rollback, an unknown log and an unknown key each have a reason of their own."""
    await submit(two.policy, two.log.note(256), two.tree(256), {})
    rewritten = Log(leaves(600, "b"), key=two.log.key)
    both = {
        "rollback": (await submit(two.policy, two.log.note(5), two.tree(5), {})).failed,
        "rewritten": (
            await submit(two.policy, rewritten.note(600), Tree(rewritten.leaves), {})
        ).failed,
        "two heads": (
            await submit(two.policy, rewritten.note(256), Tree(rewritten.leaves[:256]), {})
        ).failed,
        "unknown": (
            await submit(
                two.policy, Log(leaves(5), name="other.example").note(5), Tree(leaves(5)), {}
            )
        ).failed,
        "key": (await submit(two.policy, Log(leaves(5)).note(5), Tree(leaves(5)), {})).failed,
    }
    assert {
        "rollback": Reason.AHEAD,
        "rewritten": Reason.CONTRADICTED,
        "two heads": Reason.CONTRADICTED,
        "unknown": Reason.UNKNOWN_LOG,
        "key": Reason.NOT_TRUSTED,
    } == {name: failed["council"] for name, failed in both.items()}
    assert all(set(failed) == {"council", "adviser"} for failed in both.values())


async def test_a_log_without_its_tiles_has_no_proof(two: Two, tmp_path: Path) -> None:
    """Where the log's own tiles give no proof, that is the reason, and the next time it may be there."""
    await submit(two.policy, two.log.note(256), two.tree(256), {})
    note = two.log.note(512)
    without = TiledTree(FolderTiles(tmp_path / "tiles"), 512)
    submitted = await submit(two.policy, note, without, {})
    assert {"council": Reason.NO_PROOF, "adviser": Reason.NO_PROOF} == submitted.failed
    for tile in tiles_of(512):
        path = tmp_path / "tiles" / tile.path
        path.parent.mkdir(parents=True, exist_ok=True)
        if tile.level == 0:
            held = two.log.leaves[tile.index * 256 : tile.index * 256 + tile.width]
        else:
            held = [root(two.log.leaves[at : at + 256]) for at in (0, 256)]
        path.write_bytes(b"".join(held))
    submitted = await submit(two.policy, note, without, {})
    assert met(two.policy, with_lines(note, submitted.lines))


async def test_a_colluding_witness_alone_is_not_enough(two: Two, tmp_path: Path) -> None:
    """A witness that cosigns a rewritten history, its memory wiped, does not make the quorum."""
    await submit(two.policy, two.log.note(256), two.tree(256), {})
    (state,) = (tmp_path / "council" / "logs").iterdir()
    state.unlink()
    rewritten = Log(leaves(600, "b"), key=two.log.key)
    note = rewritten.note(600)
    submitted = await submit(two.policy, note, Tree(rewritten.leaves), {})
    assert {"adviser": Reason.CONTRADICTED} == submitted.failed
    assert 1 == len(submitted.lines)
    assert not met(two.policy, with_lines(note, submitted.lines))
    ((_, evidence),) = remembered(tmp_path / "adviser")
    assert 1 == evidence


async def test_an_answer_of_another_key_is_not_taken(two: Two, tmp_path: Path) -> None:
    """Who answers at a witness's address with another key, or with anything else, gives nothing."""
    impostor = made(tmp_path / "impostor", two.log, name="council.example")
    policy = Policy.parse(f"witness council {impostor} {two.programs[0].url}\nquorum council\n")
    submitted = await submit(policy, two.log.note(5), two.tree(5), {})
    assert ((), {"council": Reason.BAD_ANSWER}) == (submitted.lines, submitted.failed)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1", "nonsense", "http://", "ftp://x", "http://[", "http://\u2603:x"]
)
async def test_an_address_that_is_none(url: str) -> None:
    """Whatever stands in a policy as an address, a log is never stopped by it."""
    log = Log(leaves(5))
    witness = "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2"
    policy = Policy.parse(f"witness w {witness} {url}\nquorum w\n")
    submitted = await submit(policy, log.note(5), Tree(log.leaves), {})
    assert {"w": Reason.UNREACHABLE} == submitted.failed


async def test_a_witness_that_never_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that is taken and left silent ends at the deadline, by name."""
    monkeypatch.setattr("shared.ledger.submit._WITHIN", 0.3)
    log = Log(leaves(5))
    witness = "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2"
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        policy = Policy.parse(f"witness w {witness} {url}\nquorum w\n")
        submitted = await submit(policy, log.note(5), Tree(log.leaves), {})
    assert {"w": Reason.TOO_LATE} == submitted.failed
