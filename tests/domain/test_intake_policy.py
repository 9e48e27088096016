"""Who may ask intake what, against what the gateway shows to whom: two tables, kept by two services."""

from __future__ import annotations

from uuid import UUID

import pytest

from services.gateway.access import ACCESS
from services.gateway.schema.base import camel_case
from services.intake.policy import ALLOWED, may
from shared.identity.principal import Principal
from shared.identity.roles import Role

ORGANISATION = UUID("8f0cf1f6-58c2-4a9c-9b5a-2d7f4a3f1c11")
FIELDS = {
    verb: ACCESS[field]
    for verb in ALLOWED
    for field in (f"Mutation.{camel_case(verb)}", f"Query.{camel_case(verb)}")
    if field in ACCESS
}
"""Operation → the roles whose schema has the field of this name."""


def who_may(verb: str) -> set[Role]:
    return {
        role
        for role in Role
        if may(Principal(subject="somebody", role=role, organisation=ORGANISATION), verb)
    }


@pytest.mark.parametrize("verb", sorted(FIELDS))
def test_the_service_answers_those_to_whom_the_gateway_shows_it(verb: str) -> None:
    """An operation is shown to exactly the roles that are answered."""
    assert FIELDS[verb] == who_may(verb)


def test_what_has_no_field_of_its_own_is_known() -> None:
    """Chunks have an address of their own, and a statement of erasure is read within another answer:
    who may is written a second time in test_key_operations.py.
    """
    assert {"put_chunk", "chunk", "erasure_statement"} == set(ALLOWED) - set(FIELDS)


def test_what_is_in_no_table_is_nobodys() -> None:
    """Default deny: no role may ask what is not known."""
    assert set() == who_may("tell_everything")


def test_who_decides_about_people_reads_nobodys_words() -> None:
    """Neither hr, board, manager nor an employee or administrator may ask for anything of a case."""
    outside = {Role.HR, Role.BOARD, Role.MANAGER, Role.EMPLOYEE, Role.ADMIN, Role.INTEGRATION}
    of_cases = {"case", "cases", "my_case", "my_data", "chunk", "recovered_words", "subject_access"}
    assert set() == {role for verb in of_cases for role in who_may(verb)} & outside
