"""A long job's progress on one line: done, all, rate, time left."""

from __future__ import annotations

import io

from shared.runtime.meter import Meter


class Clock:
    """Seconds, moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def lines(out: io.StringIO) -> list[str]:
    """What stood on the line, one after the other."""
    return [each.rstrip() for each in out.getvalue().split("\r") if each]


def test_it_tells_rate_and_time_left() -> None:
    """Over the whole job so far; at the end nothing is left."""
    out, clock = io.StringIO(), Clock()
    meter = Meter("intake", out, clock=clock)
    meter(0, 9000)
    clock.now += 3
    meter(1200, 9000)
    clock.now += 3
    meter(9000, 9000)
    assert [
        "intake: 0 of 9,000 events",
        "intake: 1,200 of 9,000 events, 400 a second, 20 s left",
        "intake: 9,000 of 9,000 events, 1,500 a second",
    ] == lines(out)


def test_it_writes_no_more_often_than_one_can_read() -> None:
    """Five times a second; the last word always."""
    out, clock = io.StringIO(), Clock()
    meter = Meter("intake", out, clock=clock)
    for done in range(1, 1001):
        clock.now += 0.001
        meter(done, 1000)
    assert 5 <= len(lines(out)) <= 7
    assert lines(out)[-1].startswith("intake: 1,000 of 1,000 events")


def test_a_shorter_line_covers_a_longer_one() -> None:
    """Each has the same width."""
    out, clock = io.StringIO(), Clock()
    meter = Meter("intake", out, clock=clock)
    clock.now += 1
    meter(1, 1_000_000)
    clock.now += 1
    meter(1_000_000, 1_000_000)
    assert 1 == len({len(each) for each in out.getvalue().split("\r") if each})
