"""The checker of `make faults` finds what is planted."""

from __future__ import annotations

import random
from uuid import UUID, uuid4

from bench.faults_check import check_commands
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


def test_a_seed_gives_its_schedule_again() -> None:
    """Order, targets and lengths; every kind once a round."""
    one, again, other = (
        [f"{fault}" for fault in schedule(random.Random(seed), KINDS, 2)]  # noqa: S311
        for seed in (7, 7, 8)
    )
    assert one == again != other
    assert len(one) == 2 * len(KINDS) >= 24
