"""How many connections stay open, in this process and of one person, and for how long."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from uuid import UUID

from shared.contracts.errors import Code, Refusal
from shared.identity.principal import Principal
from shared.identity.roles import Role

MOST: Final = 4_000
"""Open at a time in this process, WebSocket and SSE together."""

MOST_OF_ONE: Final = 16
"""Of one person at a time in this process: windows and devices."""

MOST_UNPROVEN: Final = MOST // 2
"""Of all together who have no account: their tokens are made up by whoever likes, and proven only by the
service that is asked. The other half stays for staff."""

LONGEST_SECONDS: Final = 3_600.0
"""So long at most, also where a token has no end."""


class Connections:
    """Counts, and keeps nothing of who has gone."""

    def __init__(
        self,
        *,
        most: int = MOST,
        most_of_one: int = MOST_OF_ONE,
        most_unproven: int = MOST_UNPROVEN,
    ) -> None:
        self._most = most
        self._most_of_one = most_of_one
        self._most_unproven = most_unproven
        self._open = 0
        self._unproven = 0
        self._of_one: Counter[tuple[UUID | None, str]] = Counter()

    def __len__(self) -> int:
        return self._open

    @contextmanager
    def one(self) -> Iterator[None]:
        """One more is open. Raises Refusal UNAVAILABLE where there are too many."""
        if self._open >= self._most:
            raise Refusal(Code.UNAVAILABLE)
        self._open += 1
        try:
            yield
        finally:
            self._open -= 1

    @contextmanager
    def of(self, principal: Principal) -> Iterator[None]:
        """It is this person's. Raises Refusal UNAVAILABLE where theirs are too many, or those of everybody
        without an account.
        """
        # Who answers a pulse has a token without an end.
        if principal.expires is not None and principal.role is not Role.REPORTER:
            with self._of(principal):
                yield
            return
        if self._unproven >= self._most_unproven:
            raise Refusal(Code.UNAVAILABLE)
        self._unproven += 1
        try:
            if principal.at_door:  # that is nobody in particular
                yield
            else:
                with self._of(principal):
                    yield
        finally:
            self._unproven -= 1

    @contextmanager
    def _of(self, principal: Principal) -> Iterator[None]:
        person = (principal.organisation, principal.subject)
        if self._of_one[person] >= self._most_of_one:
            raise Refusal(Code.UNAVAILABLE)
        self._of_one[person] += 1
        try:
            yield
        finally:
            self._of_one[person] -= 1
            if not self._of_one[person]:
                del self._of_one[person]

    @staticmethod
    def until(expires: float | None) -> float:
        """When it must end, in the loop's seconds: when its token does (`expires`, seconds since 1970;
        None: never), and in an hour at the latest.
        """
        left = LONGEST_SECONDS if expires is None else expires - time.time()
        return asyncio.get_running_loop().time() + max(0.0, min(left, LONGEST_SECONDS))
