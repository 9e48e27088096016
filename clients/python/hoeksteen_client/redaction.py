"""Access by the person a case is about: passages, each kept or withheld on a ground, and the result.

The adviser cuts the file into passages and seals them, with the decisions, to themself and to the
second adviser. The second opens them, sees that the decisions are those that the server showed, makes
the document of what is left, and seals that. Each part is a JSON object sealed as words are; it names
the request for access, its place and how many there are, so that a server can neither leave one out
nor take one from elsewhere::

    {"format": "hoeksteen/redaction/v1", "access": "…", "part": 1, "of": 2,
     "passages": [{"text": "…", "withheld": null}, {"text": "…", "withheld": "rights_of_others"}]}
    {"format": "hoeksteen/document/v1", "access": "…", "part": 1, "of": 1, "text": "…"}
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal
from uuid import UUID

from hoeksteen_client.sealing import MAX_WORDS_BYTES, CannotOpen, WordsTooLong, as_uuid, seal_to

if TYPE_CHECKING:
    from hoeksteen_client.adviser_key import AdviserKey

KEPT: Final = "kept"

_REDACTION: Final = "hoeksteen/redaction/v1"
_DOCUMENT: Final = "hoeksteen/document/v1"
# What a part holds beside its passages or text is far below this many bytes.
_ROOM: Final = MAX_WORDS_BYTES - 512
# A character of text, in JSON with everything but ASCII escaped, is at most twelve bytes.
_CHARACTERS: Final = _ROOM // 12

_WITHHELD: Final = {
    "en": "[Passage {number} is withheld. Ground: {ground}.]",
    "nl": "[Passage {number} is weggelaten. Grond: {ground}.]",
}

Part = list[tuple[UUID, bytes]]
"""One part of a document: key id and envelope of each reader."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of the file. `withheld`: the code of the ground on which it is not shown."""

    text: str = field(repr=False)
    withheld: str | None = None

    @property
    def code(self) -> str:
        """What the server is told of it."""
        return KEPT if self.withheld is None else self.withheld


def seal_redaction(
    passages: Sequence[Passage],
    readers: Sequence[tuple[UUID, bytes]],
    *,
    organisation: UUID | str,
    case: UUID | str,
    access: UUID | str,
) -> list[Part]:
    """The passages with their decisions, sealed to `readers` (key id and public key).

    Raises WordsTooLong for a passage that does not fit into one part: cut it in two.
    """
    bodies: list[list[dict[str, str | None]]] = [[]]
    left = _ROOM
    for passage in passages:
        one = {"text": passage.text, "withheld": passage.withheld}
        size = len(json.dumps(one)) + 2
        if size > _ROOM:
            raise WordsTooLong("A passage is too long. Cut it in two.")
        if size > left:
            bodies.append([])
            left = _ROOM
        bodies[-1].append(one)
        left -= size
    return _sealed(
        _REDACTION,
        [{"passages": body} for body in bodies],
        readers,
        (as_uuid(organisation), as_uuid(case), as_uuid(access)),
    )


def open_redaction(
    parts: Sequence[Iterable[tuple[UUID, bytes]]],
    codes: Sequence[str],
    key: AdviserKey,
    *,
    organisation: UUID | str,
    case: UUID | str,
    access: UUID | str,
) -> list[Passage]:
    """The passages that the adviser sealed, for the second adviser.

    `codes` are the decisions as the server shows them. Raises CannotOpen where they are others than
    the sealed ones, where a part is missing, and as `AdviserKey.open` does.
    """
    where = (as_uuid(organisation), as_uuid(case), as_uuid(access))
    found = [
        Passage(str(one["text"]), one["withheld"])
        for body in _opened(_REDACTION, parts, key, where)
        for one in body["passages"]
    ]
    if [one.code for one in found] != list(codes):
        raise CannotOpen("The sealed decisions are not those that the server shows.")
    return found


def document_for_subject(
    passages: Sequence[Passage],
    grounds: Mapping[str, str],
    *,
    language: Literal["en", "nl"] = "en",
) -> str:
    """What the person gets: kept passages, and for each withheld one its number and ground.

    `grounds` has the label of each code. Raises KeyError for a code that it has not: nothing is
    withheld without saying why.
    """
    return "\n\n".join(
        passage.text
        if passage.withheld is None
        else _WITHHELD[language].format(number=number, ground=grounds[passage.withheld])
        for number, passage in enumerate(passages, start=1)
    )


def seal_document(
    text: str,
    readers: Sequence[tuple[UUID, bytes]],
    *,
    organisation: UUID | str,
    case: UUID | str,
    access: UUID | str,
) -> list[Part]:
    """The resulting document, sealed to `readers`."""
    bodies = [
        {"text": text[start : start + _CHARACTERS]}
        for start in range(0, max(len(text), 1), _CHARACTERS)
    ]
    where = (as_uuid(organisation), as_uuid(case), as_uuid(access))
    return _sealed(_DOCUMENT, bodies, readers, where)


def open_document(
    parts: Sequence[Iterable[tuple[UUID, bytes]]],
    key: AdviserKey,
    *,
    organisation: UUID | str,
    case: UUID | str,
    access: UUID | str,
) -> str:
    """The resulting document. Raises CannotOpen."""
    where = (as_uuid(organisation), as_uuid(case), as_uuid(access))
    return "".join(str(body["text"]) for body in _opened(_DOCUMENT, parts, key, where))


def _sealed(
    form: str,
    bodies: Sequence[dict[str, Any]],
    readers: Sequence[tuple[UUID, bytes]],
    where: tuple[UUID, UUID, UUID],
) -> list[Part]:
    organisation, case, access = where
    return [
        seal_to(
            json.dumps(
                {"format": form, "access": str(access), "part": number, "of": len(bodies)} | body
            ),
            readers,
            organisation=organisation,
            case=case,
        )
        for number, body in enumerate(bodies, start=1)
    ]


def _opened(
    form: str,
    parts: Sequence[Iterable[tuple[UUID, bytes]]],
    key: AdviserKey,
    where: tuple[UUID, UUID, UUID],
) -> list[dict[str, Any]]:
    organisation, case, access = where
    bodies = []
    for number, copies in enumerate(parts, start=1):
        mine = next((envelope for key_id, envelope in copies if key_id == key.key_id), None)
        if mine is None:
            raise CannotOpen("A part of this document is not sealed to this key.")
        body = json.loads(key.open(mine, organisation=organisation, case=case))
        expected = {"format": form, "access": str(access), "part": number, "of": len(parts)}
        if {name: body.get(name) for name in expected} != expected:
            raise CannotOpen("A part of this document is missing, or belongs to another.")
        bodies.append(body)
    if not bodies:
        raise CannotOpen("A part of this document is missing, or belongs to another.")
    return bodies
