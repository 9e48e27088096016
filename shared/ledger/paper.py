"""A checkpoint on paper: printed as lines that a person can type back without a mistake.

What is typed is Crockford's base32 (no I, L, O or U; capitals or not), in numbered lines of 24
characters and 2 check characters. The lines carry the payload

    version (1 byte, 1) | lines of this block (1 byte) | origin | size (8 bytes) | root (32 bytes)

and, where the page has the log's signature, a second block: key id (4 bytes) | signature (64
bytes). Each block ends in the first 4 bytes of its SHA-256 and zeros up to a whole line. An origin
is one byte of length and its text; for `hoeksteen.local/<service>/<organisation>` the top bit of
the length is set, and it is the service and the 16 bytes of the organisation's UUID.

Check characters: the sum of each character's value times its place, counted from 1, and 31 times
the line's number, modulo 1021 (a prime). So one wrong character of a line, and two exchanged ones
among the 24, are always found, and named by their line.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

from shared.ledger.checkpoint import Checkpoint, origin
from shared.ledger.note import MalformedNote, NoteError, parse, signature_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUES: Final = {character: value for value, character in enumerate(_ALPHABET)} | {
    # As Crockford has it: what looks alike is read alike.
    "O": 0,
    "I": 1,
    "L": 1,
}
_GROUP: Final = 4
_LINE_CHARACTERS: Final = 24
_LINE_BYTES: Final = 15
_CHECKS: Final = 2
_PRIME: Final = 1021
_LINE_WEIGHT: Final = 31
_HASH_CHECK: Final = 4
_VERSION: Final = 1
_MOST_LINES: Final = 40
_SHORT: Final = 0x80
_SIGNATURE: Final = 64
_LABEL = re.compile(r"\s*([0-9OILoil]{1,2})\s*[:.)](.*)")
_IGNORED = re.compile(r"[\s\-.·]")

_SENTENCES: Final = {
    "en": {
        "mistyped": "Line {line} is mistyped; compare it with the page, character by character.",
        "length": "Line {line} has {count} characters and must have 26; something is missing or "
        "double.",
        "character": "Line {line} holds a character that occurs on no page: '{character}'.",
        "missing": "Line {line} is missing.",
        "twice": "Line {line} stands twice.",
        "whole": "Lines {line} do not belong together; compare each with the page.",
        "nothing": "No lines were typed; a line looks like '1: ABCD EFGH ...'.",
        "unknown": "Line {line} comes from a kind of page that this version does not know.",
    },
    "nl": {
        "mistyped": "Regel {line} is verkeerd getypt; vergelijk hem teken voor teken met het "
        "papier.",
        "length": "Regel {line} heeft {count} tekens en hoort er 26 te hebben; er ontbreekt iets "
        "of iets staat dubbel.",
        "character": "In regel {line} staat een teken dat op geen enkel papier voorkomt: "
        "'{character}'.",
        "missing": "Regel {line} ontbreekt.",
        "twice": "Regel {line} staat er twee keer.",
        "whole": "De regels {line} horen niet bij elkaar; vergelijk ze elk met het papier.",
        "nothing": "Er zijn geen regels getypt; een regel ziet eruit als '1: ABCD EFGH ...'.",
        "unknown": "Regel {line} komt van een soort papier dat deze versie niet kent.",
    },
}

_PAGE: Final = {
    "en": """CHECKPOINT OF A LOG

log      {origin}
entries  {size}
week     {week}
root     {root1}
         {root2}

Keep this page away from the machines of whoever runs the log. At the next check,
type the numbered lines with 'hoeksteen checkpoint type'; capitals and spaces do not
matter, 0 and O are the same, and so are 1, I and L. The last two characters of a
line check it.

{lines}
""",
    "nl": """CONTROLEPUNT VAN EEN LOGBOEK

logboek  {origin}
regels   {size}
week     {week}
wortel   {root1}
         {root2}

Bewaar dit papier buiten de machines van wie het logboek beheert. Typ bij de volgende
controle de genummerde regels over met 'hoeksteen checkpoint type'; hoofdletters en
spaties maken niet uit, 0 en O zijn hetzelfde, en 1, I en L ook. De laatste twee
tekens van een regel controleren die regel.

{lines}
""",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with what was typed."""

    kind: str
    line: str
    """The number that stands before the line on the page; a range where several are meant."""
    count: int = 0
    character: str = ""

    def sentence(self, language: str) -> str:
        """In `en` or `nl`."""
        return _SENTENCES[language][self.kind].format(
            line=self.line, count=self.count, character=self.character
        )


class PaperError(ValueError):
    """What was typed is not a page. `problems` names each line that is wrong."""

    def __init__(self, *problems: Problem) -> None:
        self.problems = problems
        super().__init__(" ".join(problem.sentence("en") for problem in problems))

    def sentences(self, language: str) -> list[str]:
        """One for each problem, in `en` or `nl`."""
        return [problem.sentence(language) for problem in self.problems]


@dataclass(frozen=True, slots=True)
class TypedCheckpoint:
    """What a page says."""

    origin: str
    size: int
    root: bytes
    """32 bytes."""
    note: bytes | None
    """The signed note, where the signature was typed too; NOT verified here."""


def page(note: bytes, *, week: str, language: str = "en", signed: bool = True) -> str:
    """A checkpoint as plain text to print, at most 84 characters wide.

    `week` (or a date) is printed for people; it is not part of what is typed. With `signed` the
    log's own Ed25519 signature is printed, if the note has one. Raises NoteError for a note that is
    no checkpoint, or has an origin that does not fit on a page.
    """
    checkpoint = Checkpoint.read(note)
    blocks = [_head_block(checkpoint)]
    if signed:
        signature = next(
            (
                each
                for each in parse(note)[1]
                if each.name == checkpoint.origin and len(each.signature) == _SIGNATURE
            ),
            None,
        )
        if signature is not None:
            blocks.append(_closed(signature.key_id + signature.signature))
    printed = "\n\n".join(
        "\n".join(lines) for lines in _numbered([list(_lines_of(block)) for block in blocks])
    )
    root = _grouped(checkpoint.root.hex())
    return _PAGE[language].format(
        origin=checkpoint.origin,
        size=checkpoint.size,
        week=week,
        root1=root[:39],
        root2=root[40:],
        lines=printed,
    )


def typed(text: str) -> TypedCheckpoint:
    """Read what was typed from a page, the whole page, or a checkpoint's own note.

    Of a text with numbered lines only those count; without any number every line counts, in order.
    Raises PaperError, which names each line that is wrong.
    """
    note = text.replace("\r\n", "\n").encode(errors="replace")
    try:
        checkpoint = Checkpoint.read(note)
    except MalformedNote:
        return _typed(_collected(text))
    return TypedCheckpoint(checkpoint.origin, checkpoint.size, checkpoint.root, note)


def check_line(line: str, number: int) -> None:
    """Look at one line by itself, as it is typed. Raises PaperError."""
    label = _LABEL.fullmatch(line.strip("\n"))
    problem = _read_line(label[2] if label else line, number)
    if isinstance(problem, Problem):
        raise PaperError(problem)


def _typed(given: dict[int, str]) -> TypedCheckpoint:
    problems: list[Problem] = []
    read: dict[int, bytes] = {}
    for number, line in sorted(given.items()):
        outcome = _read_line(line, number)
        if isinstance(outcome, Problem):
            problems.append(outcome)
        else:
            read[number] = outcome
    last = max(given)
    problems += [Problem("missing", str(each)) for each in range(1, last) if each not in given]
    if problems:
        raise PaperError(*sorted(problems, key=lambda each: int(each.line)))
    version, count = read[1][0], read[1][1]
    if version != _VERSION or not 1 <= count <= _MOST_LINES:
        raise PaperError(Problem("unknown", "1"))
    if last < count:
        raise PaperError(*(Problem("missing", str(n)) for n in range(last + 1, count + 1)))
    checkpoint = _head_of([read[number] for number in range(1, count + 1)])
    if last == count:
        return TypedCheckpoint(checkpoint.origin, checkpoint.size, checkpoint.root, None)
    wanted = count + len(_closed(bytes(4 + _SIGNATURE))) // _LINE_BYTES
    if last < wanted:
        raise PaperError(*(Problem("missing", str(n)) for n in range(last + 1, wanted + 1)))
    if last > wanted:
        raise PaperError(Problem("unknown", str(wanted + 1)))
    block = b"".join(read[number] for number in range(count + 1, wanted + 1))
    raw = _opened(block, 4 + _SIGNATURE, f"{count + 1}-{wanted}")
    line = signature_line(checkpoint.origin, raw[:4], raw[4:])
    note = f"{checkpoint.text}\n{line}".encode()
    return TypedCheckpoint(checkpoint.origin, checkpoint.size, checkpoint.root, note)


def _collected(text: str) -> dict[int, str]:
    """Each line's text by its number. Raises PaperError."""
    lines = [line for line in text.splitlines() if line.strip()]
    labelled = [label for label in map(_LABEL.fullmatch, lines) if label]
    if not labelled:
        if not lines:
            raise PaperError(Problem("nothing", ""))
        return dict(enumerate(lines[: 2 * _MOST_LINES], start=1))
    found: dict[int, str] = {}
    for label in labelled:
        digits = "".join(str(_VALUES[character]) for character in label[1].upper())
        number = int(digits)
        if number in found:
            raise PaperError(Problem("twice", str(number)))
        if not 1 <= number <= 2 * _MOST_LINES:
            raise PaperError(Problem("unknown", str(number)))
        found[number] = label[2]
    return found


def _read_line(line: str, number: int) -> bytes | Problem:
    characters = _IGNORED.sub("", line).upper()
    foreign = next((each for each in characters if each not in _VALUES), None)
    if foreign is not None:
        return Problem("character", str(number), character=foreign)
    if len(characters) != _LINE_CHARACTERS + _CHECKS:
        return Problem("length", str(number), count=len(characters))
    values = [_VALUES[character] for character in characters]
    data, checks = values[:_LINE_CHARACTERS], values[_LINE_CHARACTERS:]
    if _check(data, number) != checks:
        return Problem("mistyped", str(number))
    whole = 0
    for value in data:
        whole = whole << 5 | value
    return whole.to_bytes(_LINE_BYTES, "big")


def _check(values: Sequence[int], number: int) -> list[int]:
    total = sum(place * value for place, value in enumerate(values, start=1))
    return list(divmod((total + _LINE_WEIGHT * number) % _PRIME, 32))


def _head_block(checkpoint: Checkpoint) -> bytes:
    body = _origin_bytes(checkpoint.origin) + checkpoint.size.to_bytes(8, "big") + checkpoint.root
    lines = -(-(2 + len(body) + _HASH_CHECK) // _LINE_BYTES)
    return _closed(bytes([_VERSION, lines]) + body)


def _head_of(lines: Sequence[bytes]) -> Checkpoint:
    block, where = b"".join(lines), f"1-{len(lines)}"
    length = block[2] & ~_SHORT
    end = 3 + length + (16 if block[2] & _SHORT else 0)
    raw = _opened(block, end + 40, where)
    try:
        name = raw[3 : 3 + length].decode()
        if raw[2] & _SHORT:
            name = origin(name, UUID(bytes=raw[3 + length : end]))
        return Checkpoint(
            origin=name, size=int.from_bytes(raw[end : end + 8], "big"), root=raw[end + 8 :]
        )
    except (UnicodeDecodeError, NoteError):
        raise PaperError(Problem("whole", where)) from None


def _origin_bytes(name: str) -> bytes:
    parts = name.split("/")
    if len(parts) == 3:
        try:
            organisation = UUID(parts[2])
        except ValueError:
            pass
        else:
            if origin(parts[1], organisation) == name and 0 < len(parts[1].encode()) < _SHORT:
                service = parts[1].encode()
                return bytes([_SHORT | len(service)]) + service + organisation.bytes
    text = name.encode()
    if len(text) >= _SHORT:
        raise MalformedNote("the origin is too long for a page")
    return bytes([len(text)]) + text


def _closed(payload: bytes) -> bytes:
    """With its check, filled up to whole lines."""
    whole = payload + hashlib.sha256(payload).digest()[:_HASH_CHECK]
    return whole + bytes(-len(whole) % _LINE_BYTES)


def _opened(block: bytes, length: int, where: str) -> bytes:
    payload = block[:length]
    if len(payload) != length or _closed(payload) != block:
        raise PaperError(Problem("whole", where))
    return payload


def _lines_of(block: bytes) -> Iterator[list[int]]:
    for start in range(0, len(block), _LINE_BYTES):
        whole = int.from_bytes(block[start : start + _LINE_BYTES], "big")
        yield [whole >> 5 * place & 31 for place in reversed(range(_LINE_CHARACTERS))]


def _numbered(blocks: Sequence[Sequence[list[int]]]) -> Iterator[list[str]]:
    number = 0
    for block in blocks:
        printed = []
        for values in block:
            number += 1
            data = "".join(_ALPHABET[value] for value in values)
            checks = "".join(_ALPHABET[value] for value in _check(values, number))
            printed.append(f"{number:>2}:  {_grouped(data)}  {checks}")
        yield printed


def _grouped(characters: str) -> str:
    return " ".join(
        characters[start : start + _GROUP] for start in range(0, len(characters), _GROUP)
    )
