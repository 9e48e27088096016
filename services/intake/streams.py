"""Which stream holds what, and how its state is loaded."""

from __future__ import annotations

from functools import lru_cache, reduce
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

from services.intake.domain import case, organisation, register
from shared.eventstore.store import Fold

if TYPE_CHECKING:
    from datetime import date

    from shared.eventstore.store import EventStore, Recorded


def _of_a_case(state: case.Case, event: Any) -> case.Case:
    return case.evolve(state, event) if isinstance(event, case.Event) else state


# A new form of a state is a new name: its old snapshots are then no longer read.
_CASE = Fold(name="Case.2", state=case.Case, initial=case.Case(), evolve=_of_a_case)
_ORGANISATION = Fold(
    name="Organisation.2",
    state=organisation.Organisation,
    initial=organisation.Organisation(),
    evolve=organisation.evolve,
)


@lru_cache(maxsize=1_000)
def organisation_stream(organisation_id: UUID) -> UUID:
    """The stream of the organisation itself."""
    return uuid5(organisation_id, "organisation")


def adviser_key_stream(organisation_id: UUID, key_id: UUID) -> UUID:
    """The stream of one published key. The leaf shows it in clear: whoever has a public key can ask
    the log for exactly this key, and for keys that nobody has.
    """
    return uuid5(organisation_id, f"adviser-key/{key_id}")


def recovery_key_stream(organisation_id: UUID, key_id: UUID) -> UUID:
    """The stream of one published recovery key."""
    return uuid5(organisation_id, f"recovery-key/{key_id}")


def registers_stream(organisation_id: UUID) -> UUID:
    """The stream of the organisation's imported registers."""
    return uuid5(organisation_id, "registers")


async def load_organisation(store: EventStore, organisation_id: UUID) -> organisation.Organisation:
    """The organisation's state; empty when it was never set up."""
    return (
        await store.fold(organisation_id, organisation_stream(organisation_id), _ORGANISATION)
    ).state


async def load_registers(store: EventStore, organisation_id: UUID) -> register.Registers:
    """The organisation's imports."""
    recorded = await store.load(organisation_id, registers_stream(organisation_id))
    return reduce(register.evolve, (one.event for one in recorded), register.Registers())


async def case_events(store: EventStore, organisation_id: UUID, case_id: UUID) -> list[Recorded]:
    """A case's events, oldest first; none where there is no case, but perhaps another stream: to
    whoever asks with the id of that one it must look the same.
    """
    recorded = await store.load(organisation_id, case_id)
    return recorded if recorded and isinstance(recorded[0].event, case.CaseOpened) else []


async def load_case(
    store: EventStore, organisation_id: UUID, case_id: UUID, *, new: bool = False
) -> case.Case:
    """A case's state; empty when it does not exist in this organisation, but perhaps another stream
    does. `new`: none is expected (see Session.load).
    """
    return (await store.fold(organisation_id, case_id, _CASE, new=new)).state


def day_stream(organisation_id: UUID, day: date) -> UUID:
    """The stream of one event that closes a day."""
    return uuid5(organisation_id, f"day/{day.isoformat()}")


async def adviser_seats(store: EventStore, organisation_id: UUID) -> frozenset[str] | None:
    """The subjects who hold an adviser's seat; None for an organisation that is not known here."""
    state = await load_organisation(store, organisation_id)
    if state.set_up is None:
        return None
    return frozenset(adviser.id for adviser in state.set_up.advisers)
