"""From a call to a question: everything that could lead to a fact stays behind."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from services.signals.question import Question
from shared.runtime.as_of import checkpoint_at

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from psycopg_pool import AsyncConnectionPool

    from shared.contracts.rpc import Shape
    from shared.runtime.calls import Call, Parts


def answers_of(parts: Parts) -> AsyncConnectionPool[Any]:
    """Connections that see what readers may see: what is released and published."""
    if parts.answers is None:
        raise RuntimeError("signals runs without the role that answers")
    return parts.answers


def answering(
    handler: Callable[[Question, Any], Awaitable[Shape]],
) -> Callable[[Call, Any], Awaitable[Shape]]:
    """A handler that is given a question in place of the call."""

    async def handle(call: Call, request: Any) -> Shape:
        question = Question(
            principal=call.principal,
            now=call.now,
            pool=answers_of(call.parts),
            checkpoint_at=partial(checkpoint_at, call),
            record_access=call.record_access,
        )
        return await handler(question, request)

    return handle
