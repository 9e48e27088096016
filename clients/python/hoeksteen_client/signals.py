"""The text of a signal: linted, bound, and sealed by its author; opened and given on by its reviewer.

Author and reviewer both stand behind the very same words: the author's client sends the server a hash of
the text with a random salt, and seals text and salt to the reviewer; the reviewer's client opens them,
checks that they make that hash, and sends them when the reviewer approves. So neither can bring other
words out alone. What is sealed is JSON, to the key of each reader as words are, with the signal's id in
the place of a case's::

    {"format": "hoeksteen/signal/v1", "signal": "…", "salt": "<64 hex>", "text": "…"}

The hash is SHA-256 over four fields, each with its length in 4 big-endian bytes before it: the label
``hoeksteen/signal/v1``, the signal's id (16 bytes), the salt (32 bytes) and the UTF-8 text.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from uuid import UUID

from hoeksteen_client.sealing import CannotOpen, SealingError, as_uuid, seal_to
from hoeksteen_client.signal_lint import Finding, lint
from hoeksteen_client.statements import fields

if TYPE_CHECKING:
    from hoeksteen_client.adviser_key import AdviserKey

SALT_BYTES: Final = 32

_FORMAT: Final = "hoeksteen/signal/v1"


class TextBlocked(SealingError):  # noqa: N818  what a person has to write anew
    """The lint found something that may point at a person; `findings` say where."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__("This text may point at somebody. Write it without what is marked.")
        self.findings = findings


@dataclass(frozen=True, slots=True)
class SealedSignal:
    """What a draft sends: `commitment` (32 bytes), and key id and envelope of each reader."""

    commitment: bytes
    sealed: list[tuple[UUID, bytes]]


@dataclass(frozen=True, slots=True)
class SignalText:
    """An opened text; an approval sends both."""

    text: str = field(repr=False)
    salt: bytes = field(repr=False)


def seal_signal(
    text: str,
    readers: Iterable[tuple[UUID, bytes]],
    *,
    organisation: UUID | str,
    signal: UUID | str,
    known: Iterable[str] = (),
    units_below_grid: Iterable[str] = (),
) -> SealedSignal:
    """Seal a signal's text to its reviewer and its author (key id and public key of each).

    `known` and `units_below_grid` are for the lint. Raises TextBlocked, and as `seal` does.
    """
    if findings := lint(text, known=known, units_below_grid=units_below_grid):
        raise TextBlocked(findings)
    where, salt = as_uuid(signal), secrets.token_bytes(SALT_BYTES)
    body = {"format": _FORMAT, "signal": str(where), "salt": salt.hex(), "text": text}
    return SealedSignal(
        commitment=commitment_of(where, salt, text),
        sealed=seal_to(
            json.dumps(body, ensure_ascii=False), readers, organisation=organisation, case=where
        ),
    )


def open_signal(
    sealed: Iterable[tuple[UUID, bytes]],
    commitment: bytes,
    key: AdviserKey,
    *,
    organisation: UUID | str,
    signal: UUID | str,
) -> SignalText:
    """The text that its author sealed and bound. Raises CannotOpen for any other."""
    where = as_uuid(signal)
    mine = next((envelope for key_id, envelope in sealed if key_id == key.key_id), None)
    if mine is None:
        raise CannotOpen("This text is not sealed to this key.")
    try:
        body = json.loads(key.open(mine, organisation=organisation, case=where))
        if (body["format"], body["signal"]) != (_FORMAT, str(where)):
            raise CannotOpen("This is not the text of this signal.")
        found = SignalText(str(body["text"]), bytes.fromhex(body["salt"]))
    except (ValueError, KeyError, TypeError) as error:
        raise CannotOpen("This is not the text of this signal.") from error
    if commitment_of(where, found.salt, found.text) != commitment:
        raise CannotOpen("This text is another than the one that its author bound.")
    return found


def commitment_of(signal: UUID, salt: bytes, text: str) -> bytes:
    """The hash that binds a text (32 bytes)."""
    return hashlib.sha256(
        fields(_FORMAT.encode(), signal.bytes, salt, text.encode("utf-8"))
    ).digest()
