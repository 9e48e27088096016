"""Cosignatures against a real public checkpoint, and against `cryptography` itself."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature as WrongSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.ledger.cosignature import (
    CosignatureSigner,
    Cosigned,
    Cosigner,
    cosigned,
    with_lines,
)
from shared.ledger.note import (
    InvalidSignature,
    MalformedKey,
    MalformedNote,
    Verifier,
    open_note,
    parse,
)

VECTORS = Path(__file__).parents[1] / "vectors" / "tlog-cosignature"
NOTE = (VECTORS / "checkpoint").read_bytes()
KEYS = json.loads((VECTORS / "keys.json").read_text())
WITNESSES = [Cosigner.parse(vkey) for vkey in KEYS["witnesses"]]

# The example of c2sp.org/tlog-cosignature; its keys are not published.
EXAMPLE = """example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

\u2014 example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
\u2014 witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==
"""  # noqa: E501  as it stands there
TEXT = EXAMPLE.partition("\n\n")[0] + "\n"

SEED = bytes(range(32))
KEY = Ed25519PrivateKey.from_private_bytes(SEED)
PUBLIC = KEY.public_key().public_bytes_raw()
SIGNER = CosignatureSigner("witness.example/w", KEY)


def line_of(name: str, identity: bytes, raw: bytes) -> str:
    return f"\u2014 {name} {base64.b64encode(identity + raw).decode()}\n"


def test_a_public_checkpoint_and_its_witnesses() -> None:
    """The witnesses under a public log's checkpoint are recognised, all with the time they wrote."""
    found = cosigned(NOTE, WITNESSES)
    assert ["witness1.smartit.nu/witness1", "remora.n621.de", "witness.stagemole.eu"] == [
        each.name for each in found
    ]
    assert {0x6A122120} == {each.timestamp for each in found}


def test_lines_of_other_algorithms_are_unknown_signatures() -> None:
    """Of six lines of three algorithms, the log's plain key verifies its own and refuses none."""
    opened = open_note(NOTE, [Verifier.parse(KEYS["log"])])
    assert 1 == len(opened.verified)
    assert 5 == len(opened.unverified)


def test_a_changed_checkpoint_has_no_cosignatures() -> None:
    """One digit changed in the size makes every known cosignature wrong."""
    for witness in WITNESSES:
        with pytest.raises(InvalidSignature):
            cosigned(NOTE.replace(b"1432088532", b"1432088533"), [witness])


def test_keys_read_back_as_they_are_published() -> None:
    """A witness's vkey is written as it was read, key id and all."""
    assert KEYS["witnesses"] == [each.vkey for each in WITNESSES]


def test_the_example_of_the_specification_is_well_formed() -> None:
    """The C2SP example parses; its cosignature carries the time of the page's own text."""
    text, signatures = parse(EXAMPLE.encode())
    assert text == TEXT
    assert 1679315147 == int.from_bytes(signatures[1].signature[:8], "big")
    assert 72 == len(signatures[1].signature)


def test_what_is_signed_is_what_the_specification_says() -> None:
    """A line of ours verifies, with `cryptography` alone, over the two header lines and the text."""
    line = SIGNER.cosign(TEXT, 1679315147)
    assert line.startswith("\u2014 witness.example/w ")
    assert line.endswith("\n")
    raw = base64.b64decode(line.split(" ")[2])
    identity = hashlib.sha256(b"witness.example/w\n\x04" + PUBLIC).digest()[:4]
    assert identity == raw[:4]
    assert (1679315147).to_bytes(8, "big") == raw[4:12]
    message = b"cosignature/v1\ntime 1679315147\n" + TEXT.encode()
    KEY.public_key().verify(raw[12:], message)
    with pytest.raises(WrongSignature):
        KEY.public_key().verify(raw[12:], TEXT.encode())


def test_what_somebody_else_signed_is_recognised() -> None:
    """A line built with `cryptography` alone is recognised, extension lines included."""
    text = TEXT + "an extension line\n"
    signature = KEY.sign(b"cosignature/v1\ntime 7\n" + text.encode())
    identity = hashlib.sha256(b"w\n\x04" + PUBLIC).digest()[:4]
    note = f"{text}\n{line_of('w', identity, (7).to_bytes(8, 'big') + signature)}".encode()
    assert [Cosigned("w", 7)] == cosigned(note, [Cosigner("w", PUBLIC)])


def test_a_plain_signature_is_no_cosignature() -> None:
    """The same key's signature of the text alone does not count, whatever key id it carries."""
    plain = KEY.sign(TEXT.encode())
    for raw in (plain, bytes(8) + plain):
        note = f"{TEXT}\n{line_of('witness.example/w', SIGNER.cosigner.key_id, raw)}".encode()
        with pytest.raises(InvalidSignature):
            cosigned(note, [SIGNER.cosigner])


def test_the_time_is_signed() -> None:
    """A later time written over a cosignature makes it wrong."""
    raw = base64.b64decode(SIGNER.cosign(TEXT, 1000).split(" ")[2])
    later = (1001).to_bytes(8, "big") + raw[12:]
    note = f"{TEXT}\n{line_of('witness.example/w', raw[:4], later)}".encode()
    with pytest.raises(InvalidSignature):
        cosigned(note, [SIGNER.cosigner])


def test_times_out_of_range_are_refused() -> None:
    """A time above 2^63 - 1 is neither written nor read."""
    for at in (-1, 2**63):
        with pytest.raises(ValueError, match="time"):
            SIGNER.cosign(TEXT, at)
    at = 2**63
    signature = KEY.sign(f"cosignature/v1\ntime {at}\n{TEXT}".encode())
    raw = at.to_bytes(8, "big") + signature
    note = f"{TEXT}\n{line_of('witness.example/w', SIGNER.cosigner.key_id, raw)}".encode()
    with pytest.raises(InvalidSignature):
        cosigned(note, [SIGNER.cosigner])


def test_a_witness_counts_once_with_its_earliest_time() -> None:
    """Two cosignatures of one witness are one, from the moment it first saw the head."""
    for times in ((2000, 1000), (1000, 2000)):
        lines = "".join(SIGNER.cosign(TEXT, at) for at in times)
        note = f"{TEXT}\n{lines}".encode()
        assert [Cosigned("witness.example/w", 1000)] == cosigned(note, [SIGNER.cosigner])


def test_unknown_keys_say_nothing() -> None:
    """Another key under the same name is ignored, and so is the same key under another name."""
    note = f"{TEXT}\n{SIGNER.cosign(TEXT, 1000)}".encode()
    other = Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key().public_bytes_raw()
    assert [] == cosigned(note, [Cosigner("witness.example/w", other)])
    assert [] == cosigned(note, [Cosigner("witness.example/v", PUBLIC)])
    assert [] == cosigned(note, [])


def test_two_keys_that_cannot_be_told_apart_are_refused() -> None:
    """The same key given twice means that a list of keys is not what it should be."""
    note = f"{TEXT}\n{SIGNER.cosign(TEXT, 1000)}".encode()
    with pytest.raises(MalformedKey):
        cosigned(note, [SIGNER.cosigner, SIGNER.cosigner])


def test_a_log_key_is_no_witness_key() -> None:
    """A plain Ed25519 vkey is refused as a cosigner's, and a cosigner's as a log's."""
    with pytest.raises(MalformedKey):
        Cosigner.parse(KEYS["log"])
    with pytest.raises(MalformedKey):
        Verifier.parse(KEYS["witnesses"][0])


def test_lines_are_added_once() -> None:
    """A cosignature joins a note at its end, and joins it again without a second line."""
    line = SIGNER.cosign(TEXT, 1000)
    once = with_lines(EXAMPLE.encode(), [line])
    assert EXAMPLE.encode() + line.encode() == once
    assert once == with_lines(once, [line, line])


@pytest.mark.parametrize(
    "line", ["no signature\n", "\n", "\u2014 w Zm9v", "a\n\n\u2014 w Zm9vYmFy\n"]
)
def test_what_is_no_signature_line_is_not_added(line: str) -> None:
    """A line that would break the note, or end its text elsewhere, is refused."""
    with pytest.raises(MalformedNote):
        with_lines(EXAMPLE.encode(), [line])
