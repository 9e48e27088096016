"""Events of every version that was ever stored are read by today's code; newer ones are refused."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from services.intake.events import TYPES as INTAKE
from services.intake.outbound import OUTBOUND
from services.reporting.events import TYPES as REPORTING
from services.signals.events import TYPES as SIGNALS
from shared.eventstore.store import Recorded
from shared.eventstore.types import EventTypes, UnknownEventType, split_name, stored_name

FOLDER = Path(__file__).parents[1] / "data" / "events"
SERVICES = {"intake": INTAKE, "signals": SIGNALS, "reporting": REPORTING}
STORED = sorted(FOLDER.glob("*/*.json"))


def same(value: Any, stored: Any) -> bool:
    """Whether an event holds what its JSON says, field for field; no encoder of ours is asked.

    A field that the JSON does not have must have the default of its class.
    """
    match value:
        case StrEnum():
            return type(stored) is str and value == stored
        case None | bool() | int() | float() | str():
            return type(value) is type(stored) and bool(value == stored)
        case UUID():
            return bool(str(value) == stored)
        case datetime():
            return value == datetime.fromisoformat(stored)
        case date():
            return bool(value.isoformat() == stored)
        case bytes():
            return value == base64.b64decode(stored, validate=True)
        case tuple():
            return len(value) == len(stored) and all(map(same, value, stored))
        case dict():
            return list(value) == list(stored) and all(
                same(value[key], stored[key]) for key in value
            )
    fields = {field.name: field for field in dataclasses.fields(value)}
    return stored.keys() <= fields.keys() and all(
        same(getattr(value, name), stored[name])
        if name in stored
        else getattr(value, name) == field.default
        for name, field in fields.items()
    )


@pytest.mark.parametrize("file", STORED, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_an_event_that_was_stored_is_read_as_it_was(file: Path) -> None:
    """Each field of the frozen plaintext comes back. What an upcast makes of an older version
    stands beside it in a hand-written `<name>.expected`.
    """
    plaintext = file.read_bytes()
    event = SERVICES[file.parent.name].decode(file.stem, plaintext)
    assert split_name(file.stem)[0] == type(event).__name__
    expected = file.with_suffix(".expected")
    assert same(event, json.loads(expected.read_bytes() if expected.exists() else plaintext))


@pytest.mark.parametrize("service", SERVICES)
def test_every_type_and_version_has_its_file(service: str) -> None:
    """A new event, or a new version of one, is stored for ever: it begins with a file here."""
    types = SERVICES[service]
    names = {name for cls in types.classes for name in types.stored_names(cls.__name__)}
    assert names == {file.stem for file in STORED if file.parent.name == service}
    for cls in types.classes:
        *older, _ = types.stored_names(cls.__name__)
        for name in older:
            assert (FOLDER / service / f"{name}.expected").exists(), f"what becomes of {name}?"


def test_the_files_are_as_they_were_laid_down() -> None:
    """Nobody makes a test pass by changing what was stored: each file has its SHA-256 in the list,
    and a new file adds a line to it.
    """
    lines = [line.split("  ") for line in (FOLDER / "SHA256SUMS").read_text().splitlines()]
    listed = {name: digest for digest, name in lines}
    assert listed == {
        str(file.relative_to(FOLDER)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in STORED
    }


VIEWED = [
    file
    for file in STORED
    if file.parent.name == "intake"
    and (outbound := OUTBOUND.get(split_name(file.stem)[0])) is not None
    and outbound.view is not None
]


@pytest.mark.parametrize("more", [{}, {"subject_marks": ["AQID", "BAUG"], "unit_id": None}])
@pytest.mark.parametrize("file", VIEWED, ids=lambda file: file.stem)
def test_what_is_read_of_an_event_that_leaves_is_all_that_leaves(
    file: Path, more: dict[str, object]
) -> None:
    """The same message comes of the part that is read, and of the whole event; no more is read of it."""
    base = split_name(file.stem)[0]
    outbound = OUTBOUND[base]
    plaintext = json.dumps(json.loads(file.read_bytes()) | more).encode()
    whole = INTAKE.decode(file.stem, plaintext)
    assert outbound.view is not None
    part = INTAKE.reading({base: outbound.view})[file.stem](plaintext)
    said = [
        [
            msgspec.json.encode(made(recorded))
            for made in (outbound.data, outbound.id, outbound.week)
        ]
        for recorded in (
            Recorded(uuid4(), 0, uuid4(), 1, base, "2026-W11", uuid4(), event)
            for event in (whole, part)
        )
    ]
    assert said[0] == said[1]
    assert not hasattr(part, "words")


# Upcasting --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """In version 1 it had `place`, a text; in version 2 `town` and `street`; now a country too."""

    id: UUID
    town: str
    street: str | None
    country: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stayed:
    """Still as it was."""

    id: UUID


def split_place(body: dict[str, Any]) -> dict[str, Any]:
    """Version 1 to 2."""
    town, _, street = body.pop("place").partition(", ")
    return {**body, "town": town, "street": street or None}


def add_country(body: dict[str, Any]) -> dict[str, Any]:
    """Version 2 to 3: everybody lived there."""
    return {**body, "country": "NL"}


UPCASTS = {("Moved", 1): split_place, ("Moved", 2): add_country}
TYPES = EventTypes((Moved, Stayed), versions={Moved: 3}, upcasts=UPCASTS)
ID = UUID("0b8f6e2a-55d1-4f0e-8f36-2f0c6f9d1a77")


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("Moved", {"id": str(ID), "place": "Delft, Markt"}),
        ("Moved.v2", {"id": str(ID), "town": "Delft", "street": "Markt"}),
        ("Moved.v3", {"id": str(ID), "town": "Delft", "street": "Markt", "country": "NL"}),
    ],
)
def test_an_old_version_is_brought_to_the_present_one_step_by_step(
    name: str, stored: dict[str, Any]
) -> None:
    """From wherever it begins, in order, to what today's class holds."""
    event = Moved(id=ID, town="Delft", street="Markt", country="NL")
    assert event == TYPES.decode(name, json.dumps(stored).encode())
    assert "Moved" == TYPES.base_of(name)


def test_an_event_is_stored_under_its_present_version() -> None:
    """The first has no number, so that a type that never changed is stored as ever."""
    assert "Moved.v3" == TYPES.name_of(Moved(id=ID, town="Delft", street=None, country="NL"))
    assert "Stayed" == TYPES.name_of(Stayed(id=ID))
    assert ("Moved", "Moved.v2", "Moved.v3") == TYPES.stored_names("Moved")
    assert ("Stayed",) == TYPES.stored_names("Stayed")


@pytest.mark.parametrize(
    "name",
    ["Moved.v4", "Stayed.v2", "Left", "Moved.v1", "Moved.v0", "Moved.v03", "Moved.", "Moved.v", ""],
)
def test_a_version_that_this_code_does_not_know_is_refused(name: str) -> None:
    """Also where today's class could read it, and where the name is none that we write."""
    body = {"id": str(ID), "town": "Delft", "street": None, "country": "NL"}
    with pytest.raises(UnknownEventType):
        TYPES.decode(name, json.dumps(body).encode())
    with pytest.raises(UnknownEventType):
        TYPES.base_of(name)


def test_what_an_upcast_leaves_undone_is_not_read() -> None:
    """A body that is not of its version is an error, not an event with holes."""
    with pytest.raises(msgspec.ValidationError):
        TYPES.decode("Moved.v2", json.dumps({"id": str(ID), "place": "Delft"}).encode())
    with pytest.raises(msgspec.DecodeError):
        TYPES.decode("Moved.v2", b"[]")


@pytest.mark.parametrize(
    ("versions", "upcasts", "sentence"),
    [
        ({Moved: 3}, {("Moved", 1): split_place}, "nothing brings version 2 to version 3"),
        ({Moved: 3}, {("Moved", 2): add_country}, "nothing brings version 1 to version 2"),
        ({Moved: 2}, UPCASTS, "an upcast of Moved from version 2 leads to no version"),
        ({}, {("Gone", 1): split_place}, "an upcast of Gone from version 1 leads to no version"),
        ({UUID: 2}, {}, "no event here: UUID"),
        ({Moved: 0}, {}, "versions count from 1"),
    ],
    ids=["hole at the end", "hole at the start", "too far", "no such type", "no event", "zero"],
)
def test_a_chain_with_a_hole_stops_the_start(
    versions: dict[type, int], upcasts: dict[tuple[str, int], Any], sentence: str
) -> None:
    """With a sentence that names the step, before anything is read or written."""
    with pytest.raises(ValueError, match=sentence):
        EventTypes((Moved, Stayed), versions=versions, upcasts=upcasts)


@pytest.mark.parametrize("version", [1, 2, 17])
def test_a_stored_name_says_which_version_it_is(version: int) -> None:
    """And fits the store's rule for types."""
    assert ("Moved", version) == split_name(stored_name("Moved", version))
