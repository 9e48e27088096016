"""Who may ask intake what: nobody who decides about people asks for anybody's words."""

from __future__ import annotations

from uuid import UUID

from services.intake.policy import may
from shared.identity.principal import Principal
from shared.identity.roles import Role

ORGANISATION = UUID("8f0cf1f6-58c2-4a9c-9b5a-2d7f4a3f1c11")


def who_may(verb: str) -> set[Role]:
    return {
        role
        for role in Role
        if may(Principal(subject="somebody", role=role, organisation=ORGANISATION), verb)
    }


def test_who_decides_about_people_reads_nobodys_words() -> None:
    """Neither hr, board, manager nor an employee or administrator may ask for anything of a case."""
    outside = {Role.HR, Role.BOARD, Role.MANAGER, Role.EMPLOYEE, Role.ADMIN, Role.INTEGRATION}
    of_cases = {"case", "cases", "my_case", "my_data", "chunk", "recovered_words", "subject_access"}
    assert set() == {role for verb in of_cases for role in who_may(verb)} & outside
