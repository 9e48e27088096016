"""Words for a peer consultation: linted, then sealed to the colleagues who are asked and to oneself.

The consultation's own random id takes a case's place in what is sealed, so that no byte leads back to a
case. The lint blocks and never approves: that it finds nothing does not make a case anonymous, since
colleagues know their organisation. Who shares it answers for that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final
from uuid import UUID

from hoeksteen_client.sealing import seal_to
from hoeksteen_client.signal_lint import Finding, lint
from hoeksteen_client.signals import TextBlocked

_NUMBER: Final = re.compile(r"[0-9]+(?:[.,:/-][0-9]+)*")


def seal_for_peers(
    text: str,
    readers: Iterable[tuple[UUID, bytes]],
    *,
    organisation: UUID | str,
    consultation: UUID | str,
    units: Iterable[str],
    people: Iterable[str] = (),
) -> list[tuple[UUID, bytes]]:
    """Seal `text` to each reader (key id and public key): key id and envelope, in order.

    `units` are the names of all units of the organisation, `people` those of anybody whom the writer
    thinks of: none may stand in the text, nor may any number. Raises TextBlocked, and as `seal` does.
    """
    if findings := blocked(text, units=units, people=people):
        raise TextBlocked(findings)
    return seal_to(text, readers, organisation=organisation, case=consultation)


def blocked(text: str, *, units: Iterable[str], people: Iterable[str] = ()) -> list[Finding]:
    """What in `text` may point at a person, in its order. An empty list is no approval."""
    found = set(lint(text, units_below_grid=units))
    found |= {Finding(hit.start(), hit.end(), "number") for hit in _NUMBER.finditer(text)}
    for name in people:
        for part in name.split():
            whole = re.compile(rf"\b{re.escape(part)}\b", re.IGNORECASE)
            found |= {Finding(hit.start(), hit.end(), "name") for hit in whole.finditer(text)}
    return sorted(found)
