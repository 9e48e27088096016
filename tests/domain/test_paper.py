"""A checkpoint on paper: what is printed, what may be typed, which line is named as wrong."""

from __future__ import annotations

import base64
import hashlib
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.ledger.checkpoint import Checkpoint, origin
from shared.ledger.note import MalformedNote, Signer
from shared.ledger.paper import PaperError, check_line, page, typed

ORGANISATION = UUID("8f0cf1f6-58c2-4a9c-9b5a-2d7f4a3f1c11")
ORIGIN = origin("intake", ORGANISATION)
ROOT = hashlib.sha256(b"a root").digest()
SIGNER = Signer(ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
NOTE = Checkpoint(origin=ORIGIN, size=1280, root=ROOT).sign(SIGNER)
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def printed(*, signed: bool = True, language: str = "en") -> str:
    return page(NOTE, week="2026-W48", signed=signed, language=language)


def coded(text: str) -> list[str]:
    return [line for line in text.splitlines() if line[:2].strip().isdigit() and line[2:3] == ":"]


def test_the_page_reads_back() -> None:
    """A page with the signature gives the very note, one without gives size and root."""
    again = typed(printed())
    assert (ORIGIN, 1280, ROOT, NOTE) == (again.origin, again.size, again.root, again.note)
    unsigned = typed(printed(signed=False))
    assert (ORIGIN, 1280, ROOT, None) == (
        unsigned.origin,
        unsigned.size,
        unsigned.root,
        unsigned.note,
    )


@pytest.mark.parametrize("language", ["en", "nl"])
def test_the_page_says_what_it_is(language: str) -> None:
    """People read the log, its size, the week and the root in hex, in lines that fit on a page."""
    text = printed(language=language)
    assert ORIGIN in text
    assert "1280" in text
    assert "2026-W48" in text
    assert ROOT.hex() in text.replace(" ", "").replace("\n", "")
    assert max(len(line) for line in text.splitlines()) <= 90
    assert 10 == len(coded(text))


def test_the_lines_are_what_the_documentation_says() -> None:
    """The first lines decode, by hand, to version, length, origin, size and root, with their checks."""
    whole = b""
    for number, line in enumerate(coded(printed(signed=False)), start=1):
        symbols = line.partition(":")[2].replace(" ", "")
        values = [CROCKFORD.index(each) for each in symbols]
        total = sum(place * value for place, value in enumerate(values[:24], start=1))
        assert (total + 31 * number) % 1021 == values[24] * 32 + values[25]
        bits = "".join(f"{value:05b}" for value in values[:24])
        whole += int(bits, 2).to_bytes(15, "big")
    payload = bytes([1, 5, 0x80 | 6]) + b"intake" + ORGANISATION.bytes
    payload += (1280).to_bytes(8, "big") + ROOT
    assert whole[: len(payload)] == payload
    assert whole[len(payload) : len(payload) + 4] == hashlib.sha256(payload).digest()[:4]
    assert not any(whole[len(payload) + 4 :])


def test_typing_is_forgiving() -> None:
    """Lower case, other spaces and dashes, o for 0, i and l for 1 are all the same."""
    text = "\n".join(coded(printed()))
    labels, bodies = zip(*(line.split(":") for line in text.splitlines()), strict=True)
    bodies = tuple(body.lower().replace("0", "o").replace("1", "l") for body in bodies)
    for joined in (
        "\n".join(f"{label}:{body}" for label, body in zip(labels, bodies, strict=True)),
        "\n".join(
            f"{label} . {body.replace(' ', '-')}"
            for label, body in zip(labels, bodies, strict=True)
        ),
        "\r\n\r\n".join(body.replace(" ", "") for body in bodies),
        "\n".join(bodies).replace("l", "i"),
        "\n".join(reversed(text.splitlines())),
        text.replace("1:", "l:").replace("10:", "IO:"),
    ):
        assert typed(joined).note == NOTE


def test_every_mistyped_character_is_named_by_its_line() -> None:
    """Whichever one character is wrong, the one line that it stands in is named."""
    lines = coded(printed())
    for number, line in enumerate(lines, start=1):
        for at in range(4, len(line)):
            if line[at] == " ":
                continue
            other = CROCKFORD[(CROCKFORD.index(line[at]) + 1 + at) % 32]
            if other == line[at]:
                continue
            wrong = [*lines]
            wrong[number - 1] = line[:at] + other + line[at + 1 :]
            with pytest.raises(PaperError) as caught:
                typed("\n".join(wrong))
            assert [(str(number), "mistyped")] == [
                (each.line, each.kind) for each in caught.value.problems
            ]


def test_exchanged_characters_and_lines_are_found() -> None:
    """Two exchanged characters, and two lines under each other's numbers, are found."""
    lines = coded(printed())
    body = lines[2]
    at = next(n for n in range(5, 30) if body[n] != body[n + 1] and " " not in body[n : n + 2])
    exchanged = body[:at] + body[at + 1] + body[at] + body[at + 2 :]
    with pytest.raises(PaperError, match="Line 3 is mistyped"):
        typed("\n".join([*lines[:2], exchanged, *lines[3:]]))
    moved = [*lines]
    moved[0], moved[1] = f" 1:{lines[1][3:]}", f" 2:{lines[0][3:]}"
    with pytest.raises(PaperError, match=r"Line 1 is mistyped.*Line 2 is mistyped"):
        typed("\n".join(moved))


def test_every_wrong_line_is_named_at_once() -> None:
    """A person is told about all lines in one go, in either language."""
    lines = coded(printed())
    lines[1] = lines[1][:-1]
    lines[4] = lines[4][:4] + "U" + lines[4][5:]
    del lines[6]
    with pytest.raises(PaperError) as caught:
        typed("\n".join(lines))
    assert [("2", "length"), ("5", "character"), ("7", "missing")] == [
        (each.line, each.kind) for each in caught.value.problems
    ]
    assert ["Regel 2", "In regel 5", "Regel 7"] == [
        sentence[: len(start)]
        for sentence, start in zip(
            caught.value.sentences("nl"), ["Regel 2", "In regel 5", "Regel 7"], strict=True
        )
    ]


def test_lines_of_two_pages_do_not_make_one() -> None:
    """A line of another checkpoint, itself without a fault, does not pass among these."""
    other = Checkpoint(origin=ORIGIN, size=1536, root=ROOT).sign(SIGNER)
    mine, theirs = coded(printed()), coded(page(other, week="2026-W49"))
    for number in (2, 7):  # the size stands in the third line, the signature from the sixth on
        assert mine[number] != theirs[number]
        with pytest.raises(PaperError, match="do not belong together"):
            typed("\n".join([*mine[:number], theirs[number], *mine[number + 1 :]]))


@pytest.mark.parametrize(
    ("keep", "match"),
    [
        (slice(0, 4), "Line 5 is missing"),
        (slice(0, 7), "Line 8 is missing"),
        (slice(1, 10), "Line 1 is missing"),
        (slice(0, 0), "No lines"),
    ],
)
def test_missing_lines_are_named(keep: slice, match: str) -> None:
    """A page typed in part is told which line comes next."""
    with pytest.raises(PaperError, match=match):
        typed("\n".join(coded(printed())[keep]))


def test_a_line_typed_twice_is_named() -> None:
    """One number on two lines is a question, not a choice."""
    lines = coded(printed())
    with pytest.raises(PaperError, match="Line 2 stands twice"):
        typed("\n".join([*lines, lines[1]]))


def test_a_line_is_checked_while_it_is_typed() -> None:
    """One line is right or wrong by itself."""
    lines = coded(printed())
    check_line(lines[3], 4)
    check_line(lines[3].partition(":")[2], 4)
    with pytest.raises(PaperError):
        check_line(lines[3], 5)


def test_a_checkpoint_file_reads_as_itself() -> None:
    """What an auditor kept as a file needs no typing."""
    assert typed(NOTE.decode()).note == NOTE


def test_other_origins_fit_while_they_are_short() -> None:
    """A log of another kind is printed under its own name; a name without end is not."""
    for name in ("example.com/behind-the-sofa", f"hoeksteen.local/é/{ORGANISATION}", "a/b/c"):
        root = base64.b64decode("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=")
        signer = Signer(name, Ed25519PrivateKey.from_private_bytes(bytes(32)))
        note = Checkpoint(origin=name, size=20852163, root=root).sign(signer)
        again = typed(page(note, week="2026-W48"))
        assert (name, 20852163, root, note) == (again.origin, again.size, again.root, again.note)
    name = "x" * 128
    signer = Signer(name, Ed25519PrivateKey.from_private_bytes(bytes(32)))
    with pytest.raises(MalformedNote):
        page(Checkpoint(origin=name, size=1, root=ROOT).sign(signer), week="2026-W48")
