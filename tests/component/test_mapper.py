"""The mapper: an event opens only where, as what and under which key it was stored."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from eventsourcing.persistence import Mapper, StoredEvent

from services.intake.events import TYPES as INTAKE
from services.reporting.events import TYPES as REPORTING
from services.signals.events import TYPES as SIGNALS
from shared.eventstore.mapper import (
    CaseMapper,
    Envelope,
    StreamEvent,
)
from shared.eventstore.types import EventTypes, UnknownEventType
from shared.keys.case_key import CaseKey, Unreadable

STREAM, OTHER_STREAM = UUID(int=1), UUID(int=2)
KEY_ID, OTHER_KEY_ID = UUID(int=3), UUID(int=4)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteTaken:
    """An event for these tests."""

    text: str
    at: datetime
    on: date
    sealed: bytes
    of: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteCopied:
    """Another one with the same fields."""

    text: str
    at: datetime
    on: date
    sealed: bytes
    of: tuple[UUID, ...]


NOTE = NoteTaken(
    text="Zeer herkenbare tekst",
    at=datetime(2026, 11, 23, 14, 0, 0, 123456, tzinfo=UTC),
    on=date(2026, 11, 23),
    sealed=b"\x00\xff",
    of=(STREAM,),
)
TYPES = EventTypes((NoteTaken, NoteCopied))
KEY = CaseKey(bytes(range(32)))


@pytest.fixture
def mapper() -> CaseMapper:
    """With one key under two ids: only the associated data then tells the ids apart."""
    return CaseMapper(TYPES, {KEY_ID: KEY, OTHER_KEY_ID: KEY})


@pytest.fixture
def stored(mapper: CaseMapper) -> StoredEvent:
    return mapper.to_stored_event(StreamEvent(STREAM, 7, KEY_ID, NOTE))


def moved(stored: StoredEvent, **changes: object) -> StoredEvent:
    """The stored event with some of its fields, or of its envelope's, exchanged."""
    envelope = Envelope.unpack(stored.state)
    inner = {name: value for name, value in changes.items() if name in Envelope.__slots__}
    outer = {
        "originator_id": stored.originator_id,
        "originator_version": stored.originator_version,
        "topic": stored.topic,
    } | {name: value for name, value in changes.items() if name not in Envelope.__slots__}
    return StoredEvent(
        **outer,  # type: ignore[arg-type]
        state=replace(envelope, **inner).pack(),  # type: ignore[arg-type]
    )


def test_it_keeps_the_librarys_contract(mapper: CaseMapper, stored: StoredEvent) -> None:
    """A Mapper of the library, that makes its StoredEvent and takes it back."""
    assert isinstance(mapper, Mapper)
    assert isinstance(stored, StoredEvent)
    assert (STREAM, 7, "NoteTaken") == (
        stored.originator_id,
        stored.originator_version,
        stored.topic,
    )
    assert StreamEvent(STREAM, 7, KEY_ID, NOTE) == mapper.to_domain_event(stored)
    assert stored == moved(stored)


def test_nothing_of_the_event_is_in_clear(mapper: CaseMapper, stored: StoredEvent) -> None:
    """Neither a field's name nor its value; the same event twice is two texts of one length."""
    again = mapper.to_stored_event(StreamEvent(STREAM, 7, KEY_ID, NOTE))
    longer = mapper.to_stored_event(
        StreamEvent(STREAM, 7, KEY_ID, replace(NOTE, text=NOTE.text + "!"))
    )
    for word in (b"herkenbare", b"text", b"2026", b"sealed"):
        assert word not in stored.state
    one, other = Envelope.unpack(stored.state), Envelope.unpack(again.state)
    assert one.nonce != other.nonce
    assert one.ciphertext != other.ciphertext
    assert len(one.ciphertext) == len(other.ciphertext) == 256 + 16
    assert len(stored.state) == len(longer.state)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"originator_id": OTHER_STREAM}, id="another stream"),
        pytest.param({"originator_id": "1"}, id="a stream that is no UUID"),
        pytest.param({"originator_version": 8}, id="another version"),
        pytest.param({"topic": "NoteCopied"}, id="another type with the same fields"),
        pytest.param({"key_id": OTHER_KEY_ID}, id="another id of the same key"),
        pytest.param({"nonce": bytes(12)}, id="another nonce"),
        pytest.param({"suite": 2}, id="another suite"),
        pytest.param({"suite": 0}, id="no suite"),
    ],
)
def test_an_event_opens_only_in_its_own_place(
    mapper: CaseMapper, stored: StoredEvent, changes: dict[str, object]
) -> None:
    """Each part of its place alone, exchanged, makes it unreadable."""
    with pytest.raises(Unreadable):
        mapper.to_domain_event(moved(stored, **changes))


def test_two_events_of_a_stream_cannot_be_exchanged(
    mapper: CaseMapper, stored: StoredEvent
) -> None:
    """The library's own cipher would not notice (notes of its version 9.5.6)."""
    other = mapper.to_stored_event(StreamEvent(STREAM, 8, KEY_ID, replace(NOTE, text="other")))
    for state, place in ((stored.state, other), (other.state, stored)):
        swapped = StoredEvent(place.originator_id, place.originator_version, place.topic, state)
        with pytest.raises(Unreadable):
            mapper.to_domain_event(swapped)


def test_a_changed_bit_anywhere_is_noticed(mapper: CaseMapper, stored: StoredEvent) -> None:
    """In suite, key id, nonce, ciphertext and tag: nothing comes out."""
    for byte in range(len(stored.state)):
        changed = bytearray(stored.state)
        changed[byte] ^= 1
        with pytest.raises((Unreadable, KeyError)):  # KeyError: a key id that nobody holds
            mapper.to_domain_event(StoredEvent(STREAM, 7, stored.topic, bytes(changed)))


@pytest.mark.parametrize("length", [0, 1, 16, 17, 28, 29, 44])
def test_a_text_that_was_cut_is_unreadable(
    mapper: CaseMapper, stored: StoredEvent, length: int
) -> None:
    """Wherever the cut is."""
    with pytest.raises(Unreadable):
        mapper.to_domain_event(StoredEvent(STREAM, 7, stored.topic, stored.state[:length]))


def test_another_key_does_not_open(stored: StoredEvent) -> None:
    """The key that stands under the id must be the one that was used."""
    other = CaseMapper(TYPES, {KEY_ID: CaseKey(os.urandom(32))})
    with pytest.raises(Unreadable):
        other.to_domain_event(stored)


# Types ------------------------------------------------------------------------------------------


def test_a_type_that_is_not_known_is_not_stored(mapper: CaseMapper) -> None:
    """Also a class that only has the name of one that is known."""

    @dataclass(frozen=True)
    class Stranger:
        text: str

    stranger = Stranger("x")
    with pytest.raises(UnknownEventType, match="Stranger"):
        mapper.to_stored_event(StreamEvent(STREAM, 1, KEY_ID, stranger))
    Stranger.__name__ = "NoteTaken"
    with pytest.raises(UnknownEventType, match="NoteTaken"):
        mapper.to_stored_event(StreamEvent(STREAM, 1, KEY_ID, stranger))


def test_an_event_of_a_newer_service_is_told_by_its_name(stored: StoredEvent) -> None:
    """Older code says which type it does not know, and guesses nothing."""
    older = CaseMapper(EventTypes((NoteCopied,)), {KEY_ID: KEY})
    with pytest.raises(UnknownEventType, match="NoteTaken"):
        older.to_domain_event(stored)


def test_a_name_belongs_to_one_class() -> None:
    """Two classes of one name stop the start."""
    with pytest.raises(ValueError, match="NoteTaken"):
        EventTypes((NoteTaken, dataclass(frozen=True)(type("NoteTaken", (), {}))))


@pytest.mark.parametrize("types", [INTAKE, SIGNALS, REPORTING], ids=["intake", "signals", "report"])
def test_every_service_s_names_fit_the_store(types: EventTypes) -> None:
    """A name as the table's check wants it: capitalised letters, short; so no event is refused."""
    for cls in types.classes:
        assert cls.__name__.isascii()
        assert cls.__name__.isalpha()
        assert cls.__name__[0].isupper()
        assert 2 <= len(cls.__name__) <= 63
