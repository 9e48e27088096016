"""Token buckets of the gateway: who is held back, for how long, and that they hold nobody else."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest

from services.gateway import rates
from services.gateway.rates import RateLimits, Rates
from shared.contracts.errors import CATALOGUE, Code, Refusal
from shared.identity.principal import Principal
from shared.identity.roles import Role

HERE = UUID("5b8c0c6e-6f0b-4b58-9f0e-0f6f6a3f3f11")
LIMITS = RateLimits(person=600, role=6_000, public=60, sessions=60, openings=24)


class Clock:
    """Seconds that pass when they are told to."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def person(name: str, role: Role = Role.HR, organisation: UUID = HERE) -> Principal:
    return Principal(name, role, organisation)


def waits(charge: Callable[[], None]) -> int:
    """For how many seconds somebody is told to wait; 0: not at all."""
    try:
        charge()
    except Refusal as refusal:
        return int(refusal.values["seconds"]) if refusal.code is Code.TOO_MANY_REQUESTS else -1
    return 0


def opens(
    limited: Rates, principal: Principal, key: str | None = None, *, refused: Refusal | None = None
) -> None:
    """Somebody brings a case, which is taken or refused; without a `key` it is a new one."""
    with limited.opening(principal, key or str(uuid4())):
        if refused is not None:
            raise refused


def test_a_person_is_charged_what_it_costs_and_waits_for_the_rest() -> None:
    """600 points a minute are 10 a second. Who waits as long as told is answered; nobody else waits."""
    clock = Clock()
    limited = Rates(LIMITS, clock)
    assert [0, 0] == [waits(lambda: limited.charge(person("anna"), 300)) for _ in range(2)]
    assert 10 == waits(lambda: limited.charge(person("anna"), 100))
    assert 10 == waits(lambda: limited.charge(person("anna"), 100))  # a refusal is not charged
    for other in (person("bo"), person("anna", Role.BOARD), person("anna", organisation=uuid4())):
        assert 0 == waits(lambda other=other: limited.charge(other, 100))  # type: ignore[misc]
    clock.now += 10
    assert 0 == waits(lambda: limited.charge(person("anna"), 100))
    clock.now += 3600
    assert 0 == waits(lambda: limited.charge(person("anna"), 600))
    assert 1 == waits(lambda: limited.charge(person("anna"), 1))  # no more than fits in was saved


def test_what_costs_more_than_fits_in_is_answered_once_and_owed() -> None:
    """A full bucket lets it pass; what was taken too much is waited for afterwards."""
    clock = Clock()
    limited = Rates(LIMITS, clock)
    assert 0 == waits(lambda: limited.charge(person("anna"), 900))
    assert 31 == waits(lambda: limited.charge(person("anna"), 10))


def test_a_role_has_a_bucket_that_all_of_it_in_an_organisation_share() -> None:
    """However many there are of them; another role, and the same elsewhere, do not notice."""
    limited = Rates(LIMITS, Clock())
    held = [waits(lambda n=n: limited.charge(person(f"p{n}"), 600)) for n in range(11)]  # type: ignore[misc]
    assert [0] * 10 + [6] == held
    assert 0 == waits(lambda: limited.charge(person("anna", Role.ADVISER), 600))
    assert 0 == waits(lambda: limited.charge(person("anna", organisation=uuid4()), 600))


def test_strangers_at_the_door_hold_up_each_other_and_no_reporter_with_a_session() -> None:
    """Whichever organisation they say it is, and however many sessions they make up elsewhere."""
    limited = Rates(LIMITS, Clock())
    doors = [person("", Role.REPORTER, uuid4()) for _ in range(11)]
    assert [0] * 10 + [6] == [waits(lambda one=one: limited.charge(one, 600)) for one in doors]  # type: ignore[misc]
    for number in range(11):
        made_up = person(f"made up {number}", Role.REPORTER, organisation=UUID(int=1))
        assert (6 if number == 10 else 0) == waits(lambda one=made_up: limited.charge(one, 600))  # type: ignore[misc]
    assert 0 == waits(lambda: limited.charge(person("case", Role.REPORTER), 600))


def test_strangers_share_their_buckets_and_no_organisation_another_ones() -> None:
    """A quarter of a day's cases at once; sessions by the minute; an adviser's cases are not counted."""
    clock = Clock()
    limited = Rates(LIMITS, clock)
    stranger, adviser = person("", Role.REPORTER), person("anna", Role.ADVISER)
    held = [waits(lambda: opens(limited, stranger)) for _ in range(7)]
    assert [0] * 6 + [3600] == held
    assert 0 == waits(lambda: opens(limited, person("", Role.REPORTER, uuid4())))
    assert 0 == waits(lambda: opens(limited, adviser))
    assert [0] * 60 + [1] == [waits(limited.charge_session) for _ in range(61)]
    assert [0] * 60 + [1] == [waits(limited.charge_public) for _ in range(61)]


def test_what_is_refused_counts_for_nothing_and_what_is_repeated_once() -> None:
    """However often a form is filled in wrongly; what was perhaps taken counts, and its repeat does not."""
    limited, stranger = Rates(LIMITS, Clock()), person("", Role.REPORTER)
    for code in (Code.NOT_FOUND, Code.UNAVAILABLE, Code.ALREADY_EXISTS) * 10:
        with pytest.raises(Refusal) as refused:
            opens(limited, stranger, refused=Refusal(code))
        assert code is refused.value.code
    assert [0] * 10 == [waits(lambda: opens(limited, stranger, "the same")) for _ in range(10)]
    for _ in range(10):
        with pytest.raises(Refusal) as refused:
            opens(limited, stranger, "late", refused=Refusal(Code.TIMED_OUT))
        assert Code.TIMED_OUT is refused.value.code
    held = [waits(lambda: opens(limited, stranger)) for _ in range(5)]
    assert [0] * 4 + [3600] == held
    assert 0 == waits(lambda: opens(limited, stranger, "late"))
    assert 3600 == waits(lambda: opens(limited, person("another", Role.REPORTER), "the same"))


def test_the_wait_after_openings_says_nothing_of_when_somebody_reported() -> None:
    """A stranger who empties an organisation's bucket is told the same, whenever another one was there."""
    clock = Clock()
    limited, told = Rates(LIMITS, clock), set()
    for ago in (1.0, 600.0, 3500.0):
        stranger = person("", Role.REPORTER, uuid4())  # each time another organisation
        opens(limited, stranger)
        clock.now += ago
        held = [waits(lambda one=stranger: opens(limited, one)) for _ in range(6)]  # type: ignore[misc]
        assert [0] * 5 == held[:5]
        told.add(held[5])
    assert {3600} == told


def test_what_is_kept_is_bounded_and_made_up_sessions_push_out_no_staff(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A stranger may make up as many sessions as they like."""
    monkeypatch.setattr(rates, "PEOPLE", 3)
    limited = Rates(RateLimits(person=600, role=0), Clock())
    limited.charge(person("anna"), 600)
    for number in range(20):
        limited.charge(person(f"made up {number}", Role.REPORTER), 600)
        opens(limited, person("", Role.REPORTER, UUID(int=number)))
    assert 3 + 3 + 1 == len(limited)  # a limit of 0 keeps no bucket
    assert 60 == waits(lambda: limited.charge(person("anna"), 600))


def test_without_limits_nobody_waits_and_nothing_is_kept() -> None:
    """As in local mode."""
    limited = Rates()
    for _ in range(50):
        limited.charge(person("anna"), 10**9)
        limited.charge_session()
    assert 0 == len(limited)


def test_the_sentence_says_how_long() -> None:
    """In both languages."""
    refusal = Refusal(Code.TOO_MANY_REQUESTS, seconds=7)
    assert "7 seconds" in refusal.sentence("en")
    assert "7 seconden" in refusal.sentence("nl")
    assert CATALOGUE[Code.TOO_MANY_REQUESTS].en != CATALOGUE[Code.TOO_MANY_REQUESTS].nl
