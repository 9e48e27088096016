"""Consent: given by the reporter, withdrawn by them, over on its last day; told on it only while it holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.intake.domain import consent
from services.intake.domain.case import Case, evolve
from services.intake.domain.consent import ConsentGiven, ConsentWithdrawn, ToldWithConsent
from shared.contracts.errors import Code
from tests.domain.test_case import AT, CLOSED, ENDED, OPENED, REPORTED
from tests.gwt import given

ID = UUID("6f1d2c3b-0000-4000-8000-0000000000d1")
GIVEN = ConsentGiven(
    consent_id=ID,
    matters=("identity", "minutes"),
    recipient="to_manager",
    until=AT.date(),
    how="code",
    at=AT,
)
WITHDRAWN = ConsentWithdrawn(consent_id=ID, how="code", at=AT)
TOLD = ToldWithConsent(consent_id=ID, at=AT)
MINE: dict[str, Any] = {"by_reporter": True, "how": None}
HEARD: dict[str, Any] = {"by_reporter": False, "how": "written"}


def giving(who: dict[str, Any] = MINE, **changes: Any) -> Callable[[Case], Any]:
    fields: dict[str, Any] = {
        "consent_id": ID,
        "matters": GIVEN.matters,
        "recipient": GIVEN.recipient,
        "until": GIVEN.until,
    } | changes
    return lambda state: consent.give(state, **fields, **who, at=AT)


def withdrawing(who: dict[str, Any] = MINE) -> Callable[[Case], Any]:
    return lambda state: consent.withdraw(state, consent_id=ID, **who, at=AT)


def telling(later: timedelta = timedelta(0)) -> Callable[[Case], Any]:
    return lambda state: consent.tell(state, consent_id=ID, at=AT + later)


def test_consent_is_given_used_and_withdrawn() -> None:
    """Each telling is recorded; what was told stays told."""
    given(Case(), evolve, [REPORTED]).when(giving()).then(GIVEN)
    given(Case(), evolve, [REPORTED, GIVEN]).when(telling()).then(TOLD)
    given(Case(), evolve, [REPORTED, GIVEN, TOLD, TOLD]).when(withdrawing()).then(WITHDRAWN)
    (one,) = given(Case(), evolve, [REPORTED, GIVEN, TOLD, TOLD, WITHDRAWN]).state.consents
    assert ("withdrawn", 2) == (one.holds(AT.date()), one.told)


def test_on_a_withdrawn_consent_nothing_is_told() -> None:
    """Nor is it withdrawn twice; a new one may be given."""
    past = [REPORTED, GIVEN, WITHDRAWN]
    given(Case(), evolve, past).when(telling()).then_refused(Code.CONSENT_WITHDRAWN)
    given(Case(), evolve, past).when(withdrawing()).then_refused(Code.CONSENT_WITHDRAWN)
    other = UUID("6f1d2c3b-0000-4000-8000-0000000000d2")
    given(Case(), evolve, past).when(giving(consent_id=other)).then(
        replace(GIVEN, consent_id=other)
    )


def test_on_an_expired_consent_nothing_is_told() -> None:
    """Its last day belongs to it; without a last day it holds until it is withdrawn."""
    past = [REPORTED, GIVEN]
    assert "given" == given(Case(), evolve, past).state.consents[0].holds(AT.date())
    day = timedelta(days=1)
    given(Case(), evolve, past).when(telling(day)).then_refused(Code.CONSENT_EXPIRED)
    endless = replace(GIVEN, until=None)
    given(Case(), evolve, [REPORTED, endless]).when(telling(day * 900)).then(
        replace(TOLD, at=AT + day * 900)
    )


def test_without_consent_nothing_is_told() -> None:
    """Nor is anything withdrawn."""
    given(Case(), evolve, [REPORTED]).when(telling()).then_refused(Code.NOT_FOUND)
    given(Case(), evolve, [REPORTED]).when(withdrawing()).then_refused(Code.NOT_FOUND)


def test_nobody_consents_in_the_place_of_who_holds_a_code() -> None:
    """Of who holds none, the adviser records how it was said."""
    given(Case(), evolve, [REPORTED]).when(giving(HEARD)).then_refused(Code.REPORTER_DECIDES)
    given(Case(), evolve, [OPENED]).when(giving(HEARD)).then(replace(GIVEN, how="written"))
    given(Case(), evolve, [OPENED]).when(giving(HEARD | {"how": None})).then_refused(
        Code.INVALID_INPUT, field="how"
    )


def test_a_withdrawal_counts_however_it_comes() -> None:
    """By the code, or as the adviser heard it, of who holds a code too: it only takes away."""
    given(Case(), evolve, [REPORTED, GIVEN]).when(withdrawing(HEARD)).then(
        replace(WITHDRAWN, how="written")
    )
    given(Case(), evolve, [REPORTED, GIVEN]).when(withdrawing(HEARD | {"how": None})).then_refused(
        Code.INVALID_INPUT, field="how"
    )


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"matters": ()}, Code.INVALID_INPUT, "matters"),
        ({"matters": ("everything",)}, Code.UNKNOWN_CODE, "matters"),
        ({"matters": ("identity", "identity")}, Code.INVALID_INPUT, "matters"),
        ({"recipient": "to_everybody"}, Code.UNKNOWN_CODE, "recipient"),
        ({"until": date(2026, 11, 22)}, Code.INVALID_INPUT, "until"),
        ({"consent_id": UUID(int=7)}, Code.INVALID_INPUT, "consentId"),
    ],
)
def test_a_consent_that_cannot_be(changes: dict[str, Any], code: Code, field: str | None) -> None:
    """Unknown codes, nothing at all, twice the same, an end that is past, an id that no client made."""
    given(Case(), evolve, [REPORTED]).when(giving(**changes)).then_refused(code, field=field)


def test_a_consent_is_given_once() -> None:
    """Its id belongs to it."""
    given(Case(), evolve, [REPORTED, GIVEN]).when(giving()).then_refused(Code.ALREADY_EXISTS)


def test_a_closed_case_takes_no_consent_and_lets_one_be_withdrawn() -> None:
    """Whoever changes their mind is not asked to open the case again first."""
    closed = given(Case(), evolve, [REPORTED, GIVEN, ENDED, CLOSED])
    closed.when(giving()).then_refused(Code.CASE_CLOSED)
    closed.when(telling()).then_refused(Code.CASE_CLOSED)
    closed.when(withdrawing()).then(WITHDRAWN)
    given(Case(), evolve).when(withdrawing()).then_refused(Code.NOT_FOUND)


def test_each_consent_is_known_by_itself() -> None:
    """What covers what, to whom, until when and as said how: a second one changes nothing of the first."""
    other = replace(
        GIVEN,
        consent_id=UUID("6f1d2c3b-0000-4000-8000-0000000000d2"),
        matters=("identity",),
        recipient="to_hr",
        until=None,
        how="written",
    )
    past = [REPORTED, GIVEN, other, replace(TOLD, consent_id=other.consent_id), WITHDRAWN]
    first, second = given(Case(), evolve, past).state.consents
    assert first == consent.Consent(
        consent_id=ID,
        matters=("identity", "minutes"),
        recipient="to_manager",
        until=AT.date(),
        how="code",
        withdrawn=True,
    )
    assert second == consent.Consent(
        consent_id=other.consent_id,
        matters=("identity",),
        recipient="to_hr",
        until=None,
        how="written",
        told=1,
    )
    given(Case(), evolve, past).when(
        lambda state: consent.withdraw(state, consent_id=other.consent_id, **MINE, at=AT)
    ).then(replace(WITHDRAWN, consent_id=other.consent_id))


def test_a_consent_may_have_no_end() -> None:
    """It holds until it is withdrawn."""
    endless = replace(GIVEN, until=None)
    given(Case(), evolve, [REPORTED]).when(giving(until=None)).then(endless)
    later = timedelta(days=3650)
    given(Case(), evolve, [REPORTED, endless]).when(telling(later)).then(
        replace(TOLD, at=AT + later)
    )
