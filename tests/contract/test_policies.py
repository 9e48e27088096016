"""Who may ask each service what, against what the gateway shows to whom: two tables, kept apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import ModuleType
from uuid import UUID

import pytest

from services.gateway.access import ACCESS
from services.gateway.schema.base import camel_case
from services.intake import policy as intake
from services.reporting import policy as reporting
from services.signals import policy as signals
from shared.contracts.rpc import VERBS
from shared.identity.principal import Principal
from shared.identity.roles import Role

SERVICES = {"intake": intake, "signals": signals, "reporting": reporting}

# What is read within another answer, or has an address of its own: docs/graphql.md, "Files beside GraphQL".
WITHOUT_A_FIELD = {
    "intake": {"put_chunk", "chunk", "erasure_statements"},
    "signals": {"explanations"},
    "reporting": {"render_report"},
}
FOR_ANYBODY = {"published", "calendar_weeks", "sign_out"}
"""Answered without a token."""


def who_may(policy: ModuleType, verb: str) -> set[Role]:
    may: Callable[[Principal, str], bool] = policy.may
    return {
        role
        for role in Role
        if may(Principal(subject="somebody", role=role, organisation=UUID(int=1)), verb)
    }


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_answers_those_to_whom_the_gateway_shows_it(service: str) -> None:
    """Each verb, for each role: shown to exactly those who are answered."""
    allowed: Mapping[str, object] = SERVICES[service].ALLOWED
    answered = {verb: who_may(SERVICES[service], verb) for verb in allowed}
    shown = {
        verb: set(ACCESS[field])
        for verb in allowed
        for field in (f"Mutation.{camel_case(verb)}", f"Query.{camel_case(verb)}")
        if field in ACCESS
    }

    assert WITHOUT_A_FIELD[service] == answered.keys() - shown.keys()
    assert shown == {verb: answered[verb] for verb in shown}


@pytest.mark.parametrize("service", SERVICES)
def test_a_policy_knows_every_verb_and_what_it_does_not_know_is_nobodys(service: str) -> None:
    """Default deny: a verb without a line is nobody's, and a line without a verb is found."""
    verbs = {verb.name for verb in VERBS.values() if verb.service == service}

    assert set(SERVICES[service].ALLOWED) == verbs - FOR_ANYBODY
    assert all(who_may(SERVICES[service], verb) for verb in SERVICES[service].ALLOWED)
    assert set() == who_may(SERVICES[service], "tell_everything")
