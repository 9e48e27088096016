"""The checker of `make faults` finds what is planted."""

from __future__ import annotations

import random
from typing import Any
from uuid import UUID, uuid4

import pytest

from bench.faults_check import check_commands, check_facts, check_streams
from bench.faults_cluster import extent
from bench.faults_kinds import KINDS, schedule
from bench.faults_load import INTERVENED, OPENED, Acknowledged

HERE = UUID(int=0xA1)
CASE, OTHER = uuid4(), uuid4()
EVENTS = [
    (HERE, 3, CASE, 1, OPENED),
    (HERE, 5, CASE, 2, INTERVENED),
    (HERE, 6, OTHER, 1, OPENED),
    (HERE, 9, CASE, 3, INTERVENED),
]
TOLD = [
    Acknowledged(HERE, CASE, OPENED, 3, 0, 1.0),
    Acknowledged(HERE, CASE, INTERVENED, 5, 0, 2.0),
    Acknowledged(HERE, OTHER, OPENED, 6, 1, 2.5),
    Acknowledged(HERE, CASE, INTERVENED, 9, 0, 3.0),
]


def found(told: list[Acknowledged], events: list[tuple[UUID, int, UUID, int, str]]) -> list[int]:
    wrong = check_commands(told, events)
    return [len(wrong.lost), len(wrong.duplicated), len(wrong.misordered)]


def test_a_log_that_is_as_it_was_told_has_nothing_wrong() -> None:
    """Each command stands once, in its place."""
    assert found(TOLD, EVENTS) == [0, 0, 0]


def test_a_command_that_is_gone_is_lost() -> None:
    """Also where another one of its kind stands in the same case."""
    assert found(TOLD, EVENTS[:-1]) == [1, 0, 0]


def test_a_command_that_stands_twice_is_duplicated() -> None:
    """The second event was told to nobody."""
    assert found(TOLD, [*EVENTS, (HERE, 10, CASE, 4, INTERVENED)]) == [0, 1, 0]


def test_what_stands_elsewhere_is_misordered() -> None:
    """Two events that changed places: neither stands where it was told."""
    swapped = [EVENTS[0], (HERE, 5, OTHER, 1, OPENED), (HERE, 6, CASE, 2, INTERVENED), EVENTS[3]]
    assert found(TOLD, swapped) == [0, 0, 2]


def test_a_place_before_that_of_the_command_before_is_misordered() -> None:
    """A client sends one command after another, and each stands behind the last."""
    told = [TOLD[0], TOLD[3], TOLD[2], TOLD[1]]
    assert found(told, EVENTS) == [0, 0, 1]


@pytest.mark.parametrize(
    ("changed", "wrong"),
    [
        ({}, [0, 0, 0, 0]),
        ({"held": ["a", "b"]}, [1, 0, 0, 0]),
        # A queue that has lost a row counts as one too, whatever the stream holds.
        ({"queued": (3, 2)}, [1, 0, 0, 0]),
        ({"held": ["a", "b", "b"]}, [0, 1, 0, 0]),
        ({"held": ["a", "b", "c", "d"]}, [0, 0, 1, 0]),
        ({"taken": ["a"]}, [0, 0, 0, 1]),
        ({"taken": ["c", "a"]}, [0, 0, 0, 2]),
        ({"taken": ["a", "c", "c"]}, [0, 1, 0, 1]),
    ],
)
def test_what_differs_between_queues_streams_and_a_copy_is_counted(
    changed: dict[str, Any], wrong: list[int]
) -> None:
    """Missing, twice, queued by nobody, and what the integration has otherwise."""
    queued, held = changed.get("queued", (3, 3)), changed.get("held", ["a", "b", "c"])
    figures = check_streams(
        {"signals": queued}, {"signals": held}, ["a", "c"], changed.get("taken", ["a", "c"])
    )
    assert wrong == list(figures.values())


def test_facts_are_lacking_or_there_twice() -> None:
    """One for each case that was opened."""
    assert [[0, 0], [1, 0], [0, 2]] == [list(check_facts(4, kept).values()) for kept in (4, 3, 6)]


@pytest.mark.parametrize(
    ("minutes", "chosen", "kinds", "took", "holds"),
    [
        (20, False, 12, 20.0, True),
        (20, False, 11, 20.0, False),
        (20, False, 21, 19.9, False),
        (3, False, 5, 2.5, True),
        (20, True, 1, 20.0, True),
        (3, False, 0, 3.0, False),
    ],
)
def test_a_whole_trial_has_twelve_kinds_and_its_time(
    minutes: float, chosen: bool, kinds: int, took: float, holds: bool
) -> None:
    """A run that was cut short does not pass for a whole one; some kinds, or a few minutes, say less."""
    results = extent(minutes, chosen=chosen, kinds=kinds, took=took)
    assert holds == all(one.holds for one in results)


def test_a_seed_gives_its_schedule_again() -> None:
    """Order, targets and lengths; every kind once a round."""
    one, again, other = (
        [f"{fault}" for fault in schedule(random.Random(seed), KINDS, 2)]  # noqa: S311
        for seed in (7, 7, 8)
    )
    assert one == again != other
    assert len(one) == 2 * len(KINDS) >= 24
