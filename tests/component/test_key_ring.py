"""What every key ring does: the file under a passphrase, and the token behind PKCS#11 (SoftHSM)."""

from __future__ import annotations

import select
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from shared.keys.case_key import Unreadable
from shared.keys.data_keys import DataKeys, KeyName
from shared.keys.file_ring import locked
from shared.keys.ring import MAGIC, KeyRingAway, KeyRingProblem
from tests.key_ring_lab import SoftHsm, opened

HERE, ELSEWHERE, NOWHERE = UUID(int=0xA1), UUID(int=0xB2), UUID(int=0xC3)
SECRET = b"the secret of a case: 32 bytes.."
CHECKOUT = Path(__file__).parents[2]


@pytest.fixture(scope="module", params=["file", "pkcs11"])
def kind(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as environment:
        if request.param == "pkcs11":
            hsm = SoftHsm.made(tmp_path_factory.mktemp("hsm"))
            environment.setenv("SOFTHSM2_CONF", str(hsm.conf))
        yield request.param


class Rings:
    """Rings on one file: as services see them that start one after the other."""

    def __init__(self, kind: str, path: Path) -> None:
        self.kind = kind
        self.path = path
        self._open: list[DataKeys] = []

    def opened(self) -> DataKeys:
        """The ring as a process sees it that starts now."""
        ring = opened(self.kind, self.path)
        self._open.append(ring)
        return ring

    def close(self) -> None:
        """End the processes of tokens."""
        for ring in self._open:
            ring.close()


@pytest.fixture
def rings(kind: str, tmp_path: Path) -> Iterator[Rings]:
    rings = Rings(kind, tmp_path / "keys" / "intake.ring")
    yield rings
    rings.close()


@pytest.fixture
def ring(rings: Rings) -> DataKeys:
    return rings.opened()


# Wrapped, opened, and bound ---------------------------------------------------------------------


def test_what_was_sealed_is_opened_by_any_process(ring: DataKeys, rings: Rings) -> None:
    """Also after a restart."""
    sealed = ring.seal(HERE, b"case-key", SECRET)
    assert SECRET == ring.open(HERE, b"case-key", sealed)
    assert SECRET == rings.opened().open(HERE, b"case-key", sealed)


def test_sealing_twice_gives_two_texts(ring: DataKeys) -> None:
    """Nobody sees that two secrets are the same."""
    assert ring.seal(HERE, b"x", SECRET) != ring.seal(HERE, b"x", SECRET)


def test_a_secret_is_bound_to_its_organisation_and_context(ring: DataKeys) -> None:
    """Moved to another organisation, or shown as something else, it does not open."""
    sealed = ring.seal(HERE, b"case-key", SECRET)
    ring.seal(ELSEWHERE, b"case-key", SECRET)
    for organisation, context in (
        (ELSEWHERE, b"case-key"),
        (NOWHERE, b"case-key"),
        (HERE, b"answer"),
        (HERE, b""),
        (HERE, b"case-key\0"),
    ):
        with pytest.raises(Unreadable):
            ring.open(organisation, context, sealed)


def test_changed_or_cut_bytes_do_not_open(ring: DataKeys) -> None:
    """Every bit and every length counts."""
    sealed = ring.seal(HERE, b"case-key", SECRET)
    for byte in range(len(sealed)):
        changed = sealed[:byte] + bytes([sealed[byte] ^ 1]) + sealed[byte + 1 :]
        with pytest.raises(Unreadable):
            ring.open(HERE, b"case-key", changed)
    for length in range(len(sealed)):
        with pytest.raises(Unreadable):
            ring.open(HERE, b"case-key", sealed[:length])


def test_looking_makes_no_key(ring: DataKeys, rings: Rings) -> None:
    """Whoever asks for an organisation that does not exist leaves nothing behind."""
    before = rings.path.read_bytes()
    with pytest.raises(Unreadable):
        ring.open(HERE, b"case-key", bytes(60))
    assert before == rings.path.read_bytes()
    assert () == ring.versions(HERE)


def test_no_key_stands_in_a_file(ring: DataKeys, rings: Rings) -> None:
    """Plain or encoded, of any version."""
    ring.seal(HERE, b"case-key", SECRET)
    ring.pseudonym(HERE, 2026, "anna")
    ring.rotate(HERE)
    assert 3 == len(ring._keys)
    text = b"".join(file.read_bytes() for file in rings.path.parent.iterdir())
    for key in ring._keys.values():
        assert key not in text
        assert key.hex().encode() not in text


# Pseudonyms -------------------------------------------------------------------------------------


def test_a_pseudonym_is_the_same_within_a_year_and_organisation(
    ring: DataKeys, rings: Rings
) -> None:
    """16 bytes, also after a restart."""
    pseudonym = ring.pseudonym(HERE, 2026, "anna")
    assert 16 == len(pseudonym)
    assert pseudonym == ring.pseudonym(HERE, 2026, "anna")
    assert pseudonym == rings.opened().pseudonym(HERE, 2026, "anna")


def test_pseudonyms_cannot_be_linked(ring: DataKeys, kind: str, tmp_path: Path) -> None:
    """Another year, organisation, person or installation gives another one."""
    elsewhere = Rings(kind, tmp_path / "other.ring")
    assert 5 == len(
        {
            ring.pseudonym(HERE, 2026, "anna"),
            ring.pseudonym(HERE, 2027, "anna"),
            ring.pseudonym(ELSEWHERE, 2026, "anna"),
            ring.pseudonym(HERE, 2026, "bram"),
            elsewhere.opened().pseudonym(HERE, 2026, "anna"),
        }
    )
    elsewhere.close()


# Versions ---------------------------------------------------------------------------------------


def test_after_a_rotation_the_new_version_seals_and_the_old_one_opens(
    ring: DataKeys, rings: Rings
) -> None:
    """Sealed bytes name their version; pseudonyms stay what they were."""
    old = ring.seal(HERE, b"case-key", SECRET)
    pseudonym = ring.pseudonym(HERE, 2026, "anna")
    assert 2 == ring.rotate(HERE)
    new = ring.seal(HERE, b"case-key", SECRET)
    assert (MAGIC + b"\0\0\0\1", MAGIC + b"\0\0\0\2") == (old[:8], new[:8])
    for each in (ring, rings.opened()):
        assert (1, 2) == each.versions(HERE)
        assert [SECRET, SECRET] == [each.open(HERE, b"case-key", sealed) for sealed in (old, new)]
        assert pseudonym == each.pseudonym(HERE, 2026, "anna")


def test_a_destroyed_version_no_longer_opens(ring: DataKeys, rings: Rings) -> None:
    """What it sealed is gone for good; what the new one sealed, and pseudonyms, stay."""
    old = ring.seal(HERE, b"case-key", SECRET)
    pseudonym = ring.pseudonym(HERE, 2026, "anna")
    ring.rotate(HERE)
    new = ring.seal(HERE, b"case-key", SECRET)
    ring.destroy(HERE, 1)
    ring.destroy(HERE, 1)  # there is none: nothing happens
    for each in (ring, rings.opened()):
        assert (2,) == each.versions(HERE)
        with pytest.raises(Unreadable):
            each.open(HERE, b"case-key", old)
        assert SECRET == each.open(HERE, b"case-key", new)
        assert pseudonym == each.pseudonym(HERE, 2026, "anna")


def test_a_version_cannot_be_passed_off_as_another(ring: DataKeys) -> None:
    """The number in front is bound to what stands behind it."""
    old = ring.seal(HERE, b"case-key", SECRET)
    ring.rotate(HERE)
    with pytest.raises(Unreadable):
        ring.open(HERE, b"case-key", MAGIC + b"\0\0\0\2" + old[8:])


def test_the_newest_version_is_never_destroyed(ring: DataKeys) -> None:
    """Whatever would be sealed next has its key."""
    sealed = ring.seal(HERE, b"case-key", SECRET)
    with pytest.raises(ValueError, match="newest"):
        ring.destroy(HERE, 1)
    assert SECRET == ring.open(HERE, b"case-key", sealed)


def test_only_a_key_that_is_there_is_rotated(ring: DataKeys) -> None:
    """A mistyped organisation does not get a key by it."""
    with pytest.raises(LookupError):
        ring.rotate(HERE)
    assert () == ring.versions(HERE)


def test_a_running_process_follows_a_rotation(ring: DataKeys, rings: Rings) -> None:
    """It opens the new version at once, seals under it after its next look, and then has no key of
    the destroyed one.
    """
    old = ring.seal(HERE, b"case-key", SECRET)
    other = rings.opened()
    other.rotate(HERE)
    new = other.seal(HERE, b"case-key", SECRET)
    assert SECRET == ring.open(HERE, b"case-key", new)
    other.destroy(HERE, 1)
    ring.look()
    assert new[:8] == ring.seal(HERE, b"case-key", SECRET)[:8]
    with pytest.raises(Unreadable):
        ring.open(HERE, b"case-key", old)


# Away, wrong, and back --------------------------------------------------------------------------


def test_a_ring_that_is_gone_serves_what_it_held_until_it_lapses_and_comes_back(
    ring: DataKeys, rings: Rings
) -> None:
    """Within the lease keys in memory count; after it nothing is sealed or opened, and no new key is
    made; once the ring is there again, everything opens.
    """
    sealed = ring.seal(HERE, b"case-key", SECRET)
    away = rings.path.with_name("away")
    rings.path.rename(away)
    with pytest.raises(KeyRingAway, match=r"^The key ring intake\.ring cannot be read"):
        ring.look()
    assert ring.troubled
    assert SECRET == ring.open(HERE, b"case-key", ring.seal(HERE, b"case-key", SECRET))
    with pytest.raises(KeyRingAway):
        ring.seal(ELSEWHERE, b"case-key", SECRET)
    ring.lapse()
    for attempt in (
        lambda: ring.seal(HERE, b"case-key", SECRET),
        lambda: ring.open(HERE, b"case-key", sealed),
        lambda: ring.pseudonym(HERE, 2026, "anna"),
        lambda: ring.rotate(HERE),
        lambda: ring.destroy(HERE, 1),
        lambda: ring.versions(HERE),
    ):
        with pytest.raises(KeyRingAway):
            attempt()
    assert {} == ring._keys
    assert not rings.path.exists()
    away.rename(rings.path)
    ring.look()
    assert SECRET == ring.open(HERE, b"case-key", sealed)
    assert ring.seal(ELSEWHERE, b"case-key", SECRET)


def test_a_key_that_is_made_during_a_look_is_kept(
    ring: DataKeys, rings: Rings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the look saw is older by then: it looks once more, and nothing is written over."""
    sealed = [ring.seal(HERE, b"case-key", SECRET)]
    fetch = ring._fetch

    def meanwhile() -> object:
        fetched = fetch()
        monkeypatch.setattr(ring, "_fetch", fetch)
        sealed.append(ring.seal(ELSEWHERE, b"case-key", SECRET))
        return fetched

    monkeypatch.setattr(ring, "_fetch", meanwhile)
    ring.look()
    assert not ring.troubled
    ring.pseudonym(NOWHERE, 2026, "anna")
    for each in (ring, rings.opened()):
        assert SECRET == each.open(HERE, b"case-key", sealed[0])
        assert SECRET == each.open(ELSEWHERE, b"case-key", sealed[1])
        assert ring.pseudonym(NOWHERE, 2026, "anna") == each.pseudonym(NOWHERE, 2026, "anna")


def test_another_ring_in_its_place_is_not_taken(
    ring: DataKeys, rings: Rings, kind: str, tmp_path: Path
) -> None:
    """It would make a second key for an organisation that has one. The right one is taken again."""
    sealed = ring.seal(HERE, b"case-key", SECRET)
    away = rings.path.with_name("away")
    for other in ("empty", "other"):
        wrong = Rings(kind, tmp_path / other / "intake.ring")
        if other == "other":
            wrong.opened().seal(HERE, b"case-key", SECRET)
        else:
            wrong.opened()
        wrong.close()
        rings.path.rename(away)
        wrong.path.rename(rings.path)
        for _ in range(2):  # after a lapse too it is remembered which ring it was
            with pytest.raises(KeyRingProblem, match="does not hold keys that it held before"):
                ring.look()
            ring.lapse()
        away.rename(rings.path)
        ring.look()
        assert SECRET == ring.open(HERE, b"case-key", sealed)


def test_an_older_copy_is_not_taken(ring: DataKeys, rings: Rings) -> None:
    """It lacks the version under which things are sealed by now."""
    ring.seal(HERE, b"case-key", SECRET)
    older = rings.path.read_bytes()
    ring.rotate(HERE)
    rings.path.write_bytes(older)
    with pytest.raises(KeyRingProblem, match="older copy"):
        ring.look()


@pytest.mark.parametrize("text", [b"", b"[]", b"\xff\xfe", b'{"format": "hoeksteen/key-ring/v9"}'])
def test_a_damaged_file_is_told_in_a_sentence_and_left_as_it_is(rings: Rings, text: bytes) -> None:
    """Nothing is written over it: what is left may still be mended."""
    rings.path.parent.mkdir()
    rings.path.write_bytes(text)
    with pytest.raises(KeyRingProblem, match=r"^The key ring intake\.ring (is|has) "):
        rings.opened()
    assert text == rings.path.read_bytes()


# Several processes ------------------------------------------------------------------------------

RACING = """
import sys
from pathlib import Path
from uuid import UUID
from tests.key_ring_lab import opened
ring = opened(sys.argv[1], Path(sys.argv[2]))
print("ready", flush=True)
sys.stdin.readline()
for n in range(int(sys.argv[3])):
    print(ring.pseudonym(UUID(int=n), 2026, "anna").hex(), flush=True)
    print(ring.seal(UUID(int=n), b"case-key", b"a secret").hex(), flush=True)
"""
_ORGANISATIONS = 6


def racing(rings: Rings, organisations: int) -> subprocess.Popen[str]:
    """A process that has opened the ring, and waits for a word."""
    process = subprocess.Popen(
        [sys.executable, "-c", RACING, rings.kind, str(rings.path), str(organisations)],
        cwd=CHECKOUT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert "ready\n" == process.stdout.readline()
    return process


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def test_processes_that_make_a_key_at_once_agree_on_it(rings: Rings) -> None:
    """Organisations new to both: the same pseudonyms, and each process's seals open afterwards."""
    processes = [racing(rings, _ORGANISATIONS) for _ in range(2)]
    for process in processes:
        go(process)
    told = [process.communicate(timeout=60)[0].split() for process in processes]
    assert [2 * _ORGANISATIONS] * 2 == [len(lines) for lines in told]
    assert told[0][::2] == told[1][::2]
    assert _ORGANISATIONS == len(set(told[0][::2]))
    ring = rings.opened()
    for lines in told:
        for n, sealed in enumerate(lines[1::2]):
            assert b"a secret" == ring.open(UUID(int=n), b"case-key", bytes.fromhex(sealed))


def test_a_process_that_wants_a_key_waits_for_the_one_that_is_making_it(
    ring: DataKeys, rings: Rings
) -> None:
    """While one is between reading and writing, another neither reads nor writes; then it takes
    the key that it finds.
    """
    organisation = UUID(int=0)
    with racing(rings, 1) as process:
        assert process.stdout is not None
        with locked(rings.path):
            go(process)
            assert [] == select.select([process.stdout], [], [], 0.3)[0]
        found = process.communicate(timeout=60)[0].split()[0]
    assert found == ring.pseudonym(organisation, 2026, "anna").hex()
    assert {KeyName(organisation, 1), KeyName(organisation, 2026, actors=True)} == set(ring._keys)


def test_a_running_process_finds_the_keys_that_another_made(ring: DataKeys, rings: Rings) -> None:
    """Without a restart or a look, for opening as well as for sealing."""
    other = rings.opened()
    sealed = other.seal(HERE, b"case-key", SECRET)
    assert SECRET == ring.open(HERE, b"case-key", sealed)
    assert SECRET == other.open(HERE, b"case-key", ring.seal(HERE, b"case-key", SECRET))
