"""The key ring behind PKCS#11, on SoftHSM: keys that never leave the token, and a token that is
gone, slow, broken, locked or another one.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from shared.keys.case_key import Unreadable
from shared.keys.pkcs11_ring import Pkcs11KeyRing
from shared.keys.ring import KeyRingAway, KeyRingProblem
from shared.keys.token import Token
from tests.key_ring_lab import LABEL, MODULE, PIN, SoftHsm, token

HERE, ELSEWHERE = UUID(int=0xA1), UUID(int=0xB2)
SECRET = b"the secret of a case: 32 bytes.."


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> SoftHsm:
    return SoftHsm.made(tmp_path_factory.mktemp("hsm"))


@pytest.fixture
def hsm(made: SoftHsm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SoftHsm:
    """A token of one's own: a copy."""
    own = SoftHsm(tmp_path / "hsm")
    own.folder.mkdir()
    shutil.copytree(made.tokens, own.tokens)
    own.conf.write_text(f"directories.tokendir = {own.tokens}\nlog.level = ERROR\n")
    monkeypatch.setenv("SOFTHSM2_CONF", str(own.conf))
    return own


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "intake.ring"


@pytest.fixture
def ring(hsm: SoftHsm, path: Path) -> Iterator[Pkcs11KeyRing]:
    assert hsm.tokens.exists()
    ring = Pkcs11KeyRing(path, token())
    yield ring
    ring.close()


def process_of(ring: Pkcs11KeyRing) -> int:
    """The id of the process that speaks with the token."""
    assert ring._token._process is not None
    return ring._token._process.pid


LISTING = """
import json, sys, pkcs11
from pkcs11 import Attribute, ObjectClass
module, label, pin = sys.argv[1:]
session = pkcs11.lib(module).get_token(token_label=label).open(user_pin=pin)
found = {}
for key in session.get_objects({Attribute.CLASS: ObjectClass.SECRET_KEY}):
    try:
        value = key[Attribute.VALUE].hex()
    except pkcs11.AttributeSensitive:
        value = None
    found[key.id.hex()] = [value] + [bool(key[getattr(Attribute, name)]) for name in (
        "SENSITIVE", "NEVER_EXTRACTABLE", "WRAP", "UNWRAP", "EXTRACTABLE", "ENCRYPT", "DECRYPT")]
print(json.dumps(found))
"""


def listed() -> dict[str, list[object]]:
    """What a process with the PIN sees of the token's secret keys: by id their value, whether they
    are sensitive, were never extractable, wrap, unwrap; are extractable, encrypt, decrypt.
    """
    done = subprocess.run(
        [sys.executable, "-c", LISTING, str(MODULE), LABEL, PIN],
        capture_output=True,
        check=True,
        text=True,
    )
    found: dict[str, list[object]] = json.loads(done.stdout)
    return found


# In the token -----------------------------------------------------------------------------------


def test_wrapping_keys_never_leave_the_token(ring: Pkcs11KeyRing, path: Path) -> None:
    """Each version of a data key has one, which wraps and unwraps, and which nobody can read."""
    ring.seal(HERE, b"case-key", SECRET)
    ring.pseudonym(HERE, 2026, "anna")
    ring.rotate(HERE)
    found = listed()
    in_file = {each["wrapping"] for each in json.loads(path.read_text())["keys"].values()}
    assert 2 == len(found)
    assert in_file == set(found)
    for attributes in found.values():
        assert [None, True, True, True, True, False, False, False] == attributes


def test_no_copy_of_the_file_brings_a_destroyed_version_back(
    ring: Pkcs11KeyRing, path: Path
) -> None:
    """Its wrapping key is gone from the token; the newer version and pseudonyms go on."""
    old = ring.seal(HERE, b"case-key", SECRET)
    pseudonym = ring.pseudonym(HERE, 2026, "anna")
    ring.rotate(HERE)
    new = ring.seal(HERE, b"case-key", SECRET)
    copy = path.read_bytes()
    ring.destroy(HERE, 1)
    assert 1 == len(listed())
    path.write_bytes(copy)
    restored = Pkcs11KeyRing(path, ring._token)
    assert SECRET == restored.open(HERE, b"case-key", new)
    assert pseudonym == restored.pseudonym(HERE, 2026, "anna")
    with pytest.raises(KeyRingProblem, match="does not give a key that it has"):
        restored.open(HERE, b"case-key", old)


def test_a_destruction_that_was_cut_off_is_finished_by_the_next(
    ring: Pkcs11KeyRing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file never names a key that the token has not; the token may have one too many."""
    ring.seal(HERE, b"case-key", SECRET)
    ring.rotate(HERE)

    def cut_off(_self: Token, _keys: object) -> None:
        raise KeyRingAway("The power went.")

    with monkeypatch.context() as power:
        power.setattr(Token, "destroy", cut_off)
        with pytest.raises(KeyRingAway):
            ring.destroy(HERE, 1)
    assert 2 == len(listed())
    assert (2,) == ring.versions(HERE)
    ring.rotate(HERE)
    ring.destroy(HERE, 2)
    assert 1 == len(listed())


def test_a_key_destroyed_in_the_token_is_missed_at_the_next_look(
    ring: Pkcs11KeyRing, hsm: SoftHsm, path: Path
) -> None:
    """That organisation's things do not open any more, and it gets no second key; others go on."""
    ring.seal(HERE, b"case-key", SECRET)
    sealed = ring.seal(ELSEWHERE, b"case-key", SECRET)
    assert hsm.tokens.exists()
    wrapping = json.loads(path.read_text())["keys"][f"{HERE}"]["wrapping"]
    other = token()
    other.destroy([wrapping])
    other.close()
    ring.look()
    with pytest.raises(KeyRingProblem, match="does not give a key that it has"):
        ring.seal(HERE, b"case-key", SECRET)
    assert SECRET == ring.open(ELSEWHERE, b"case-key", sealed)


# Down, slow, wrong ------------------------------------------------------------------------------


def test_a_token_that_is_gone_is_told_and_found_again(ring: Pkcs11KeyRing, hsm: SoftHsm) -> None:
    """Keys in memory count until they lapse; no key is made meanwhile, and none is lost."""
    sealed = ring.seal(HERE, b"case-key", SECRET)
    away = hsm.tokens.with_name("away")
    hsm.tokens.rename(away)
    with pytest.raises(KeyRingAway, match="cannot be loaded, or finds no tokens"):
        ring.look()
    assert SECRET == ring.open(HERE, b"case-key", sealed)
    with pytest.raises(KeyRingAway):
        ring.seal(ELSEWHERE, b"case-key", SECRET)
    ring.lapse()
    with pytest.raises(KeyRingAway):
        ring.open(HERE, b"case-key", sealed)
    away.rename(hsm.tokens)
    ring.look()
    assert SECRET == ring.open(HERE, b"case-key", sealed)
    assert ring.seal(ELSEWHERE, b"case-key", SECRET)


def test_a_process_that_died_is_replaced_at_once(ring: Pkcs11KeyRing) -> None:
    """A module that crashes takes its own process with it; nobody notices."""
    ring.seal(HERE, b"case-key", SECRET)
    os.kill(process_of(ring), signal.SIGKILL)
    ring.look()
    os.kill(process_of(ring), signal.SIGKILL)
    assert ring.seal(ELSEWHERE, b"case-key", SECRET)


def test_a_token_that_hangs_is_not_waited_for(ring: Pkcs11KeyRing) -> None:
    """Who asks hears in time that it does not answer, and who comes after that does not wait."""
    sealed = ring.seal(HERE, b"case-key", SECRET)
    ring._token._patience = 0.3
    os.kill(process_of(ring), signal.SIGSTOP)
    with pytest.raises(KeyRingAway, match="does not answer in time"):
        ring.seal(ELSEWHERE, b"case-key", SECRET)
    assert ring.troubled
    began = time.monotonic()
    for _ in range(100):
        with pytest.raises(KeyRingAway):
            ring.seal(ELSEWHERE, b"case-key", SECRET)
    assert time.monotonic() - began < 0.3
    assert SECRET == ring.open(HERE, b"case-key", sealed)
    ring._token._patience = 15
    ring.look()
    assert ring.seal(ELSEWHERE, b"case-key", SECRET)


def test_another_token_of_the_same_name_is_not_taken(
    ring: Pkcs11KeyRing, hsm: SoftHsm, made: SoftHsm, path: Path
) -> None:
    """It has none of the keys. With the right one back everything opens."""
    sealed = ring.seal(HERE, b"case-key", SECRET)
    away = hsm.tokens.with_name("away")
    hsm.tokens.rename(away)
    shutil.copytree(made.tokens, hsm.tokens)
    before = path.read_bytes()
    with pytest.raises(KeyRingProblem, match="does not hold the keys of the key ring"):
        ring.look()
    assert before == path.read_bytes()
    shutil.rmtree(hsm.tokens)
    away.rename(hsm.tokens)
    ring.look()
    assert SECRET == ring.open(HERE, b"case-key", sealed)


def test_a_wrong_pin_is_tried_once(hsm: SoftHsm, path: Path) -> None:
    """A token locks itself after a few. A new PIN in the file is tried again."""
    assert hsm.tokens.exists()
    pins = ["wrong", "wrong", "wrong", "wrong", PIN]
    asked = Token(module=MODULE, label=LABEL, pin=lambda: pins.pop(0))
    with pytest.raises(KeyRingProblem, match=f"^The token '{LABEL}' refuses its PIN"):
        Pkcs11KeyRing(path, asked)
    for _ in range(3):
        with pytest.raises(KeyRingProblem, match="not tried a second time"):
            Pkcs11KeyRing(path, asked)
        assert asked._process is None
    assert Pkcs11KeyRing(path, asked).seal(HERE, b"case-key", SECRET)
    asked.close()


def test_what_is_missing_is_named(hsm: SoftHsm, path: Path) -> None:
    """The module, or the token."""
    assert hsm.tokens.exists()
    for module, label, sentence in (
        (Path("/nowhere/libcryptoki.so"), LABEL, r"module libcryptoki\.so cannot be loaded"),
        (MODULE, "no such token", "The token 'no such token' is not there"),
    ):
        with pytest.raises(KeyRingAway, match=sentence):
            Pkcs11KeyRing(path, Token(module=module, label=label, pin=lambda: PIN))
    assert not path.exists()


@pytest.mark.parametrize("what", ["exchanged", "flipped"])
def test_a_file_that_was_changed_is_noticed(ring: Pkcs11KeyRing, path: Path, what: str) -> None:
    """A key under another's name, and a wrapped key with a bit turned."""
    ring.seal(HERE, b"case-key", SECRET)
    ring.seal(ELSEWHERE, b"case-key", SECRET)
    ring.rotate(HERE)
    content = json.loads(path.read_text())
    keys = content["keys"]
    if what == "exchanged":
        keys[f"{HERE}/v2"], keys[f"{ELSEWHERE}"] = keys[f"{ELSEWHERE}"], keys[f"{HERE}/v2"]
        sentence = "stands under another's name"
    else:
        for each in keys.values():
            each["wrapped"] = f"{int(each['wrapped'][0], 16) ^ 1:x}{each['wrapped'][1:]}"
        sentence = "does not hold the keys"
    path.write_text(json.dumps(content))
    with pytest.raises(KeyRingProblem, match=sentence):
        ring.look()
    with pytest.raises(KeyRingProblem, match=sentence):
        Pkcs11KeyRing(path, ring._token)


def test_the_pin_stands_in_no_command_line_and_no_environment(ring: Pkcs11KeyRing) -> None:
    """Other users of the machine see those."""
    process = Path(f"/proc/{process_of(ring)}")
    assert PIN.encode() not in (process / "cmdline").read_bytes()
    assert PIN.encode() not in (process / "environ").read_bytes()


def test_a_service_that_is_killed_leaves_no_process_behind(hsm: SoftHsm, path: Path) -> None:
    """The one that speaks with the token ends when nobody can ask any more."""
    assert hsm.tokens.exists()
    program = """
import os, sys
from pathlib import Path
from shared.keys.pkcs11_ring import Pkcs11KeyRing
from tests.key_ring_lab import token
ring = Pkcs11KeyRing(Path(sys.argv[1]), token())
print(ring._token._process.pid, flush=True)
os.kill(os.getpid(), 9)
"""
    told = subprocess.run(
        [sys.executable, "-c", program, str(path)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        check=False,
        timeout=60,
    )
    child = Path(f"/proc/{int(told.stdout)}/cmdline")
    end = time.monotonic() + 15
    while child.exists() and b"token_process" in child.read_bytes():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_secret_that_belongs_to_nobody_is_unreadable(ring: Pkcs11KeyRing) -> None:
    """Not a problem of the ring: there is simply no such key."""
    with pytest.raises(Unreadable):
        ring.open(HERE, b"case-key", bytes(60))
