"""Signed notes and checkpoints against Go's published vectors."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.ledger.checkpoint import Checkpoint, open_checkpoint, origin
from shared.ledger.note import (
    InvalidSignature,
    MalformedKey,
    MalformedNote,
    NoteError,
    Signer,
    UnverifiedNote,
    Verifier,
    open_note,
    sign,
)

VECTORS = json.loads(
    (Path(__file__).parents[1] / "vectors" / "go-sumdb-note" / "note_vectors.json").read_text()
)
TEXT: str = VECTORS["text"]
PETER_KEY: str = VECTORS["peter"]["vkey"]
PETER_LINE: str = VECTORS["peter"]["sig_line"]
ENOCH_KEY: str = VECTORS["enoch"]["vkey"]
ENOCH_LINE: str = VECTORS["enoch"]["sig_line"]

ORGANISATION = UUID("8f0cf1f6-58c2-4a9c-9b5a-2d7f4a3f1c11")


def test_published_key_and_signature() -> None:
    """The published private key makes the published note, byte for byte."""
    signer = Signer.parse(VECTORS["peter"]["skey"])
    assert PETER_KEY == signer.verifier.vkey
    assert f"{TEXT}\n{PETER_LINE}".encode() == sign(TEXT, [signer])


def test_known_and_unknown_signatures_are_told_apart() -> None:
    """A known key's signature is verified, an unknown key's kept apart; each once."""
    note = f"{TEXT}\n{PETER_LINE}{PETER_LINE}{ENOCH_LINE}{ENOCH_LINE}".encode()
    opened = open_note(note, [Verifier.parse(PETER_KEY)])
    assert opened.text == TEXT
    assert ["PeterNeumann"] == [each.name for each in opened.verified]
    assert ["EnochRoot"] == [each.name for each in opened.unverified]
    both = open_note(note, [Verifier.parse(PETER_KEY), Verifier.parse(ENOCH_KEY)])
    assert ["PeterNeumann", "EnochRoot"] == [each.name for each in both.verified]
    assert () == both.unverified


def test_a_note_without_a_known_signature_is_refused() -> None:
    """A well-formed note that no known key signed is not a note to trust."""
    with pytest.raises(UnverifiedNote):
        open_note(f"{TEXT}\n{ENOCH_LINE}".encode(), [Verifier.parse(PETER_KEY)])


# The notes that Go's tests refuse (its badMsgs, too many signatures, and a torn signature).
MALFORMED = {
    "text only": TEXT.encode(),
    "no signature": f"{TEXT}\n".encode(),
    "no final newline": f"{TEXT}\n{PETER_LINE[:-1]}".encode(),
    "another byte for the final newline": f"{TEXT}\n{PETER_LINE[:-1]}x".encode(),
    "control character": f"\x01{TEXT}\n{PETER_LINE}".encode(),
    "invalid UTF-8": b"\xff" + f"{TEXT}\n{PETER_LINE}".encode(),
    "key name with a space": f"{TEXT}\n{PETER_LINE.replace('PeterNeumann', 'Bad Name')}".encode(),
    "bad name, no final newline": (
        f"{TEXT}\n{PETER_LINE[:-1].replace('PeterNeumann', 'Bad Name')}".encode()
    ),
    "unexpected line": f"{TEXT}\n{PETER_LINE}Unexpected line.\n".encode(),
    "101 signatures of a known key": f"{TEXT}\n{PETER_LINE * 101}".encode(),
    "101 signatures of an unknown key": f"{TEXT}\n{ENOCH_LINE * 101}".encode(),
}


@pytest.mark.parametrize("note", MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_notes_are_refused(note: bytes) -> None:
    """Each of the malformed notes is refused as malformed, not as merely unverified."""
    with pytest.raises(MalformedNote):
        open_note(note, [Verifier.parse(PETER_KEY)])


def test_a_hundred_signatures_are_accepted() -> None:
    """The limit refuses 101 lines, not 100."""
    opened = open_note(f"{TEXT}\n{PETER_LINE * 100}".encode(), [Verifier.parse(PETER_KEY)])
    assert 1 == len(opened.verified)


def test_a_wrong_signature_of_a_known_key_refuses_the_note() -> None:
    """A torn signature of a known key refuses the note, even beside a right one of another key."""
    torn = PETER_LINE[:60] + "ABCD" + PETER_LINE[60:]
    known = [Verifier.parse(PETER_KEY), Verifier.parse(ENOCH_KEY)]
    with pytest.raises(InvalidSignature):
        open_note(f"{TEXT}\n{torn}".encode(), known)
    with pytest.raises(InvalidSignature):
        open_note(f"{TEXT}\n{ENOCH_LINE}{torn}".encode(), known)
    with pytest.raises(InvalidSignature):
        open_note(f"{TEXT}\n{PETER_LINE}{torn}".encode(), known)


def test_a_changed_text_is_refused() -> None:
    """One character changed in the text makes the signature invalid."""
    changed = TEXT.replace("cryptography", "cryptographx")
    with pytest.raises(InvalidSignature):
        open_note(f"{changed}\n{PETER_LINE}".encode(), [Verifier.parse(PETER_KEY)])


def test_ambiguous_keys_are_refused() -> None:
    """Two known keys of one name and id mean that somebody tampered with the list of keys."""
    known = [Verifier.parse(ENOCH_KEY), Verifier.parse(PETER_KEY), Verifier.parse(ENOCH_KEY)]
    with pytest.raises(MalformedKey):
        open_note(f"{TEXT}\n{ENOCH_LINE}".encode(), known)
    assert 1 == len(open_note(f"{TEXT}\n{PETER_LINE}".encode(), known).verified)


def test_every_mangled_vkey_is_refused() -> None:
    """As in Go's test: every part of a vkey, and every vkey with one byte raised, is refused."""
    length = len(PETER_KEY)
    parts = [
        PETER_KEY[start:end]
        for start in range(length)
        for end in range(start + 1, length + 1)
        if (start, end) != (0, length)
    ]
    raised = [
        PETER_KEY[:at] + chr(ord(PETER_KEY[at]) + 1) + PETER_KEY[at + 1 :] for at in range(length)
    ]
    for vkey in (*parts, *raised, *VECTORS["bad_vkeys"], ""):
        with pytest.raises(MalformedKey):
            Verifier.parse(vkey)


def test_every_mangled_signer_key_is_refused() -> None:
    """A private key with one byte raised, or cut short, is refused."""
    skey: str = VECTORS["peter"]["skey"]
    mangled = [skey[:at] + chr(ord(skey[at]) + 1) + skey[at + 1 :] for at in range(len(skey))]
    for each in (*mangled, skey[:-4], skey[1:]):
        with pytest.raises(MalformedKey):
            Signer.parse(each)


def test_base64_has_one_form() -> None:
    """A signature whose base64 has spare bits set, or no padding, is not read as the same one."""
    encoded = PETER_LINE.split(" ")[2].strip()
    assert encoded.endswith("AM=")  # M is 001100; its last two bits are spare
    for other in (encoded[:-2] + "N=", encoded[:-1], encoded + "="):
        note = f"{TEXT}\n\u2014 PeterNeumann {other}\n".encode()
        with pytest.raises(MalformedNote):
            open_note(note, [Verifier.parse(PETER_KEY)])


@pytest.mark.parametrize("text", ["abc", "", "a\n\n\u2014 b Zm9vYmFy\n", "a\tb\n"])
def test_a_text_that_cannot_be_a_note_is_not_signed(text: str) -> None:
    """What a reader would refuse, or take for signatures, is not signed in the first place."""
    signer = Signer("a", Ed25519PrivateKey.from_private_bytes(bytes(32)))
    if text.startswith("a\n\n"):
        assert open_note(sign(text, [signer]), [signer.verifier]).text == text
    else:
        with pytest.raises(MalformedNote):
            sign(text, [signer])


def test_checkpoint_says_origin_size_and_root() -> None:
    """A checkpoint's text is the three lines of C2SP tlog-checkpoint, and reads back."""
    name = origin("intake", ORGANISATION)
    checkpoint = Checkpoint(origin=name, size=20852163, root=bytes(range(32)))
    encoded = base64.b64encode(bytes(range(32))).decode()
    assert f"hoeksteen.local/intake/{ORGANISATION}\n20852163\n{encoded}\n" == checkpoint.text
    signer = Signer(name, Ed25519PrivateKey.from_private_bytes(bytes(32)))
    note = checkpoint.sign(signer)
    assert checkpoint == open_checkpoint(note, [signer.verifier], origin=name)


def test_checkpoint_of_the_specification() -> None:
    """The example in the C2SP text reads as it says there."""
    text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    checkpoint = Checkpoint.parse_text(text)
    assert ("example.com/behind-the-sofa", 20852163) == (checkpoint.origin, checkpoint.size)
    assert text == checkpoint.text


ROOT = base64.b64encode(bytes(32)).decode()


@pytest.mark.parametrize(
    "text",
    [
        f"log\n07\n{ROOT}\n",
        f"log\n-7\n{ROOT}\n",
        f"log\n+7\n{ROOT}\n",
        f"log\n7 \n{ROOT}\n",
        f"log\n\u0667\n{ROOT}\n",
        f"log\n{10**19}\n{ROOT}\n",
        f"\n7\n{ROOT}\n",
        f"log\n7\n{ROOT[:-4]}\n",
        f"log\n7\n{ROOT}=\n",
        "log\n7\nnot base64\n",
        f"log\n7\n{ROOT}\nextension\n",
        f"log\n7\n{ROOT}",
        "log\n7\n",
    ],
)
def test_malformed_checkpoints_are_refused(text: str) -> None:
    """Sizes in another form, short roots, missing and further lines are refused."""
    with pytest.raises(MalformedNote):
        Checkpoint.parse_text(text)


def test_another_logs_checkpoint_is_refused() -> None:
    """A checkpoint that is well signed, but by and of another log, is not this log's."""
    mine, other = origin("intake", ORGANISATION), origin("signals", ORGANISATION)
    key = Ed25519PrivateKey.from_private_bytes(bytes(32))
    mine_signer, other_signer = Signer(mine, key), Signer(other, key)
    known = [mine_signer.verifier, other_signer.verifier]
    foreign = Checkpoint(origin=other, size=1, root=bytes(32))
    with pytest.raises(UnverifiedNote):
        open_checkpoint(foreign.sign(other_signer), known, origin=mine)
    with pytest.raises(NoteError):
        open_checkpoint(sign(foreign.text, [mine_signer]), known, origin=mine)
    with pytest.raises(MalformedNote):
        foreign.sign(mine_signer)
