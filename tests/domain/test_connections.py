"""How many connections stay open: of one person, of strangers, of all."""

from __future__ import annotations

from contextlib import ExitStack
from uuid import UUID

import pytest

from services.gateway.connections import Connections
from shared.contracts.errors import Code, Refusal
from shared.identity.principal import Principal
from shared.identity.roles import Role

HERE = UUID("5b8c0c6e-6f0b-4b58-9f0e-0f6f6a3f3f11")
STAFF = Principal("anna", Role.ADVISER, HERE, expires=1.0)
STRANGERS = [
    Principal("", Role.REPORTER, HERE),  # at the door
    Principal("made up", Role.REPORTER, HERE, expires=1.0),
    Principal("of a list", Role.EMPLOYEE, HERE),  # a pulse's token
]


@pytest.mark.parametrize("stranger", STRANGERS)
def test_strangers_leave_room_for_staff(stranger: Principal) -> None:
    """Anybody makes up their tokens, as many as they like; what is theirs alone ends, and comes back."""
    connections = Connections(most_unproven=2)
    with ExitStack() as open_now:
        open_now.enter_context(connections.of(Principal("another", Role.REPORTER, HERE)))
        open_now.enter_context(connections.of(stranger))
        with pytest.raises(Refusal) as refused, connections.of(stranger):
            pass
        assert Code.UNAVAILABLE is refused.value.code
        open_now.enter_context(connections.of(STAFF))
    with connections.of(stranger):
        pass


def test_one_person_has_so_many() -> None:
    """Refused beyond that, another person is not; a refusal counts for nothing."""
    connections = Connections(most_of_one=1, most_unproven=2)
    for person in (STAFF, STRANGERS[1]):
        with connections.of(person):
            for _ in range(3):
                with pytest.raises(Refusal), connections.of(person):
                    pass
    with connections.of(STRANGERS[1]), connections.of(STRANGERS[0]):
        pass
