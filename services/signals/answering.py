"""From a call to a question: everything that could lead to a fact stays behind."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from services.signals.question import Question
from shared.runtime.as_of import checkpoint_at

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from shared.contracts.rpc import Shape
    from shared.runtime.calls import Call


def answering(
    handler: Callable[[Question, Any], Awaitable[Shape]],
) -> Callable[[Call, Any], Awaitable[Shape]]:
    """A handler that is given a question in place of the call."""

    async def handle(call: Call, request: Any) -> Shape:
        if call.parts.answers is None:
            raise RuntimeError("signals runs without the role that answers")
        question = Question(
            principal=call.principal,
            now=call.now,
            pool=call.parts.answers,
            checkpoint_at=partial(checkpoint_at, call),
            record_access=call.record_access,
        )
        return await handler(question, request)

    return handle
