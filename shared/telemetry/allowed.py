"""The one allow-list of span attributes, metric labels and log keys, and what their values may be.

A key that is not here is dropped, and so is a value that does not look as its kind says: a name of
ours never holds a UUID, a number string, a space or an address, so neither an id nor a sentence can
slip in under a listed key.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

_WORD = r"[A-Za-z]+[0-9]{0,2}"
_NAME = re.compile(rf"{_WORD}(?:[_.:-]{_WORD})*")
_PLACE = re.compile(r"[\w./-]{1,120}:\w{1,80}:[0-9]{1,6}")
LONGEST_NAME = 64

Value = str | int | float | bool


class Kind(StrEnum):
    """What the values of a key look like."""

    NAME = "name"
    """A name from our own code: words of letters with at most two digits, at most 64 characters."""

    NUMBER = "number"
    """A count, a size or a duration."""

    PLACE = "place"
    """A line of our own code: `path:function:line`."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key that may leave, with what its values are and why it is needed."""

    kind: Kind
    description: str


ALLOWED: dict[str, Key] = {
    "service.name": Key(Kind.NAME, "which program this is"),
    "service.instance.id": Key(Kind.NAME, "which start of it: random letters, over OTLP alone"),
    "role": Key(Kind.NAME, "the role of the session, never who holds it"),
    "operation.type": Key(Kind.NAME, "query or mutation"),
    "operation.cost": Key(Kind.NUMBER, "points that the document costs"),
    "status": Key(Kind.NAME, "how it ended: ok, or the code of a refusal"),
    "http.route": Key(Kind.NAME, "our own name of the route, never the path that was asked"),
    "http.status": Key(Kind.NUMBER, "HTTP status code"),
    "verb": Key(Kind.NAME, "verb of a service, such as intake.open_case"),
    "stream": Key(Kind.NAME, "stream of the bus"),
    "consumer": Key(Kind.NAME, "durable consumer of the bus"),
    "event.type": Key(Kind.NAME, "type of an event, never its content"),
    "projection": Key(Kind.NAME, "name of a projection"),
    "step": Key(Kind.NAME, "step of a start, a migration or a job"),
    "code": Key(Kind.NAME, "code of a refusal, from the catalogue"),
    "error": Key(Kind.NAME, "class name of an exception, never its text"),
    "where": Key(Kind.PLACE, "line of our own code where it went wrong"),
    "logger": Key(Kind.NAME, "the library that spoke; its words are not kept"),
    "kind": Key(Kind.NAME, "what was refused by this allow-list"),
    "count": Key(Kind.NUMBER, "how many"),
    "size": Key(Kind.NUMBER, "how many bytes"),
    "port": Key(Kind.NUMBER, "port on which the program listens"),
    "attempt": Key(Kind.NUMBER, "which try this is"),
    "version": Key(Kind.NUMBER, "version of a migration, a taxonomy or a contract"),
    "duration": Key(Kind.NUMBER, "seconds"),
}
"""Every key that may stand on a span, a metric or a log line."""


def permitted(key: str, value: object) -> Value | None:
    """`value` if `key` may leave with it, else None."""
    rule = ALLOWED.get(key)
    if rule is None:
        return None
    if rule.kind is Kind.NUMBER:
        return value if isinstance(value, int | float) else None
    # str(): a StrEnum's value must leave as plain text.
    text = str(value) if isinstance(value, str) else ""
    if rule.kind is Kind.PLACE:
        return text if _PLACE.fullmatch(text) else None
    return text if len(text) <= LONGEST_NAME and _NAME.fullmatch(text) else None


def sift(values: Mapping[str, object]) -> tuple[dict[str, Value], int]:
    """What of `values` may leave, and how many entries may not."""
    kept = {
        key: leaves
        for key, value in values.items()
        if (leaves := permitted(key, value)) is not None
    }
    return kept, len(values) - len(kept)


def describe(problem: BaseException) -> dict[str, str]:
    """What may be told of an exception: its class and the last line of ours that it passed.

    Its text is never told: it can hold what a person typed.
    """
    described = {"error": type(problem).__name__}
    for frame in reversed(traceback.extract_tb(problem.__traceback__)):
        for root in ("/services/", "/shared/"):
            at = frame.filename.rfind(root)
            if at >= 0 and "/site-packages/" not in frame.filename:
                function = re.sub(r"\W", "", frame.name)
                described["where"] = f"{frame.filename[at + 1 :]}:{function}:{frame.lineno}"
                return described
    return described
