"""A token of a pulse: what its client sends is what the server finds it by."""

from __future__ import annotations

import hashlib
from uuid import UUID

import pytest

from hoeksteen_client import PulseToken, door, make_pulse_tokens
from shared.contracts.errors import Code, Refusal
from shared.identity.anonymous import is_anonymous
from shared.identity.pulse import is_pulse, respondent_of, stored_hash
from shared.identity.roles import Role

ORGANISATION = UUID("5b8c0c6e-6f0b-4b58-9f0e-0f6f6a3f3f11")
SECRET = bytes(range(32))
TOKEN = PulseToken(SECRET)


def test_a_bearer_is_an_employee_without_a_name() -> None:
    """Their subject is a hash of the token, and what is kept is a hash of the subject: by hand."""
    principal = respondent_of(TOKEN.bearer(ORGANISATION))
    subject = hashlib.sha256(b"hoeksteen/pulse/v1/subject" + SECRET).hexdigest()
    kept = hashlib.sha256(b"hoeksteen/pulse/v1/stored" + subject.encode()).digest()
    assert (subject, Role.EMPLOYEE, ORGANISATION, None) == (
        principal.subject,
        principal.role,
        principal.organisation,
        principal.unit,
    )
    assert kept == TOKEN.hash == stored_hash(principal.subject)


def test_no_two_tokens_are_alike_and_none_shows_itself() -> None:
    """32 random bytes each."""
    tokens = make_pulse_tokens(500)
    assert 500 == len({token.hash for token in tokens})
    assert "b'" not in repr(tokens[0])


@pytest.mark.parametrize(
    "token",
    [
        pytest.param("pulse.", id="nothing"),
        pytest.param(TOKEN.bearer(ORGANISATION)[:-1], id="short"),
        pytest.param(TOKEN.bearer(ORGANISATION) + "A", id="long"),
        pytest.param(TOKEN.bearer(ORGANISATION)[:-1] + "9", id="stray bits"),
        pytest.param(TOKEN.bearer(ORGANISATION).replace("5b8c", "5B8C"), id="another spelling"),
        pytest.param("pulse.nowhere." + "A" * 43, id="no organisation"),
    ],
)
def test_what_is_no_token_signs_nobody_in(token: str) -> None:
    """There is one spelling of each."""
    with pytest.raises(Refusal) as caught:
        respondent_of(token)
    assert Code.NOT_SIGNED_IN is caught.value.code


def test_who_has_no_account_leaves_no_trace() -> None:
    """Reporters and those who answer a pulse; nobody else."""
    assert is_anonymous(TOKEN.bearer(ORGANISATION))
    assert is_anonymous(door(ORGANISATION))
    assert not is_anonymous("eyJhbGciOiJFZERTQSJ9.e30.sig")
    assert not is_pulse("pulsar.x")
