"""Given events, when something is decided, then these events: domain tests that read as sentences.

    given(Report(), evolve, [drafted]).when(lambda report: approve(report, WORDS)).then(approved)

A decision takes the state that the events lead to. It answers the event that follows, several, or
None, and raises Refusal where it refuses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, Generic, TypeVar

from shared.contracts.errors import REASONS, Code, Refusal

State = TypeVar("State")


@dataclass(frozen=True)
class Decided:
    """What a decision came to: its events, or the refusal."""

    outcome: Sequence[object] | Refusal

    def then(self, *expected: object) -> None:
        """It led to exactly these events, in this order."""
        assert list(expected) == self.outcome

    def then_refused(self, expected: Code, **told: str | int | None) -> Refusal:
        """It was refused with this code, and tells this: `field` is the input that is wrong, `limit` how
        much is taken. Its reason stands in both languages. It is returned for a closer look.
        """
        assert isinstance(self.outcome, Refusal), f"not refused, but led to {self.outcome}"
        assert expected == self.outcome.code
        assert told == {name: self.outcome.values.get(name) for name in told}
        in_both = {self.outcome.values.get(part) for part in ("reason", "unit")} - {None}
        assert in_both <= REASONS.keys(), "it is not told in Dutch"
        return self.outcome


@dataclass(frozen=True)
class Given(Generic[State]):
    """An aggregate as its past events left it."""

    state: State

    def when(self, decision: Callable[[State], object]) -> Decided:
        """Take the decision."""
        try:
            outcome = decision(self.state)
        except Refusal as refusal:
            return Decided(refusal)
        if outcome is None:
            return Decided([])
        return Decided(list(outcome) if isinstance(outcome, (list, tuple)) else [outcome])


def given(
    start: State, evolve: Callable[[State, Any], State], events: Iterable[object] = ()
) -> Given[State]:
    """The aggregate after `events`, from its empty state `start` on."""
    return Given(reduce(evolve, events, start))
