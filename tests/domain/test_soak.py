"""What `make soak` takes for flat."""

from __future__ import annotations

from bench.soak import results_of

MOMENTS = [10.0 * number for number in range(30)]


def failed(series: dict[str, list[float]], borne: list[float], ended: int = 0) -> list[str]:
    """The names of what does not hold."""
    return [each.name for each in results_of(MOMENTS, series, ended, borne) if not each.holds]


def test_what_stays_holds() -> None:
    """An even rate, memory that is steady once it is warm, and a lag that comes and goes."""
    warm = [50.0 + min(number, 10) for number in range(30)]
    lag = [float(number % 5) for number in range(30)]
    assert failed({"intake": warm, "projections of intake": lag}, [1.0] * 30) == []


def test_what_gets_slower_does_not() -> None:
    """Commands that take longer the more there are."""
    falling = [1.0 - 0.02 * number for number in range(30)]
    (name,) = failed({}, falling)
    assert "in the last third" in name


def test_what_grows_does_not() -> None:
    """A tenth more memory in the time behind the first third; a lag that only rises; a program that ended."""
    rising = [100.0 + 0.5 * number for number in range(30)]
    lag = [3.0 * number for number in range(30)]
    names = failed({"nats": rising, "facts to signals": lag}, [1.0] * 30, ended=1)
    assert [name.split(",")[0].split(" of ")[0] for name in names] == [
        "memory",
        "facts to signals",
        "programs that ended by themselves",
    ]
