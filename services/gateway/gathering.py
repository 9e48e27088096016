"""What the entries of a list are each asked for, asked once for all of them.

A field of an entry that a service answers begins for every entry before the loop comes round; then one
request goes for all of them, and is one look. Nothing is kept: what is asked a turn later is asked anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

Asking = Callable[[tuple[K, ...]], Awaitable[Mapping[K, V]]]


class _Batch(Generic[K, V]):
    """Keys that come in until the loop comes round, and what they are answered."""

    def __init__(self, asking: Asking[K, V], most: int) -> None:
        self._keys: dict[K, None] = {}
        self._asking = asking
        self._most = most
        self.closed = False
        self.answers = asyncio.ensure_future(self._ask())

    def takes(self, key: K) -> bool:
        """Put `key` among them, if it is not too late and there is room."""
        if self.closed or (len(self._keys) >= self._most and key not in self._keys):
            return False
        self._keys[key] = None
        return True

    async def _ask(self) -> Mapping[K, V]:
        self.closed = True
        return await self._asking(tuple(self._keys))


class Gathering:
    """The open batches of one operation."""

    def __init__(self) -> None:
        self._open: dict[Hashable, _Batch[Any, Any]] = {}

    async def one(self, kind: Hashable, key: K, asking: Asking[K, V], most: int) -> V | None:
        """What is answered about `key`, None where nothing is; asked together with all else of this
        `kind`, of which `asking` takes at most `most` keys at a time. Raises what `asking` raises, for each.
        """
        batch = self._open.get(kind)
        if batch is None or not batch.takes(key):
            batch = self._open[kind] = _Batch(asking, most)
            batch.takes(key)
        # Whoever is no longer waited for must not take the answer from the others.
        answers: Mapping[K, V] = await asyncio.shield(batch.answers)
        return answers.get(key)
