"""`hoeksteen adviser-key check`: what it finds in a directory and a log that it was given."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid5

import pytest

from hoeksteen_client.sealing import key_id_of
from shared.cli.adviser_key import Found, findings, stream_of

ORGANISATION = UUID("6f1d2c3b-0000-4000-8000-000000000001")
ANNAS, BRAMS, FALSE, RECOVERY = (bytes([seed]) * 32 for seed in (1, 2, 3, 9))


def shown(public: bytes, **changes: Any) -> dict[str, Any]:
    """A key as the directory shows it."""
    name = key_id_of(public)
    return {
        "keyId": str(name),
        "publicKey": b64encode(public).decode(),
        "signingKey": None,
        "state": "CURRENT",
        "stream": str(stream_of(ORGANISATION, name)),
        "on": "2026-12-01",
    } | changes


def entry(index: int, public: bytes, **changes: Any) -> dict[str, Any]:
    """Its publication as the log has it."""
    return {
        "index": index,
        "stream": str(stream_of(ORGANISATION, key_id_of(public))),
        "type": "AdviserKeyPublished.v2",
        "week": "2026-W49",
    } | changes


class World:
    """What a server shows; each attack changes some of it."""

    def __init__(self) -> None:
        self.anna = [shown(ANNAS)]
        self.bram = [shown(BRAMS)]
        stream = str(uuid5(ORGANISATION, f"recovery-key/{key_id_of(RECOVERY)}"))
        self.recovery = [shown(RECOVERY, stream=stream)]
        self.entries = [
            entry(1, ANNAS),
            entry(3, BRAMS),
            entry(5, RECOVERY, stream=stream, type="RecoveryKeyPublished"),
        ]
        self.proven = {1, 3, 5}
        self.size = 256

    def told(self) -> list[str]:
        """What Anna, who has one key, is told."""
        directory = {
            "advisers": [
                {"id": "anna", "name": "Anna", "keys": self.anna},
                {"id": "bram", "name": "Bram", "keys": self.bram},
            ],
            "recoveryKeys": self.recovery,
        }
        found = Found("anna", directory, self.entries, frozenset(self.proven), self.size)
        return findings(found, ORGANISATION, {key_id_of(ANNAS)})


def test_what_is_in_order_is_told_as_nothing() -> None:
    """Also entries that no checkpoint covers yet."""
    world = World()
    assert [] == world.told()
    world.size, world.proven = 4, {1, 3}
    assert [] == world.told()


def swapped(world: World) -> None:
    world.anna = [shown(FALSE)]


def added(world: World) -> None:
    world.anna.append(shown(FALSE))
    world.entries.append(entry(7, FALSE))


def published_and_hidden(world: World) -> None:
    world.entries.append(entry(7, FALSE))


def shown_and_not_in_the_log(world: World) -> None:
    world.bram = [shown(FALSE)]


def under_another_id(world: World) -> None:
    world.anna = [shown(ANNAS, publicKey=b64encode(FALSE).decode())]


def in_another_place(world: World) -> None:
    world.bram = [shown(FALSE, stream=world.bram[0]["stream"])]


def not_in_the_tree(world: World) -> None:
    world.proven.remove(1)


def a_recovery_key_of_nobody(world: World) -> None:
    world.recovery.append(
        shown(FALSE, stream=str(uuid5(ORGANISATION, f"recovery-key/{key_id_of(FALSE)}")))
    )


def an_old_publication_hidden(world: World) -> None:
    world.entries.append(entry(7, FALSE, type="AdviserKeyPublished", stream=str(ORGANISATION)))


@pytest.mark.parametrize(
    ("attack", "sentence"),
    [
        (swapped, "under your name that is none of these"),
        (swapped, "is yours, and the directory does not have it"),
        (swapped, "The log has no entry for your key"),
        (added, "somebody else did"),
        (published_and_hidden, "Entry 7 of the log (week 2026-W49) published a key"),
        (shown_and_not_in_the_log, "The log has no entry for Bram's key"),
        (under_another_id, "with another key's bytes"),
        (in_another_place, "says another place in the log for Bram's key"),
        (not_in_the_tree, "is not in the log that was signed"),
        (a_recovery_key_of_nobody, "The log has no entry for the recovery key"),
        (an_old_publication_hidden, "The log has 1 publications from before"),
    ],
)
def test_a_swapped_key_is_told(attack: Callable[[World], None], sentence: str) -> None:
    """Each way of showing a key of somebody else's has its sentence."""
    world = World()
    attack(world)
    assert any(sentence in told for told in world.told()), world.told()


def test_a_key_from_before_is_to_be_rotated() -> None:
    """It has no stream of its own, and nothing else is wrong with it."""
    world = World()
    world.anna = [shown(ANNAS, stream=None)]
    world.entries[0] = entry(1, ANNAS, type="AdviserKeyPublished", stream=str(ORGANISATION))
    (told,) = world.told()
    assert "Rotate it" in told
