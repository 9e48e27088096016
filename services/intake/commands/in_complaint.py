"""What the commands within a complaint share: it is the asker's to write in, and one event is added."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from services.intake.beside_cases import complainant, complaint_events, complaint_of
from services.intake.sealed import as_uuid
from services.intake.streams import load_organisation
from shared.contracts.errors import Code, Refusal
from shared.contracts.rpc import Done
from shared.eventstore.store import Change
from shared.identity.roles import Role

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from services.intake.domain.complaint import Complaint, Event
    from services.intake.domain.organisation import Organisation
    from shared.runtime.calls import Call


def unlinked(call: Call, complaint_id: UUID) -> Call:
    """The call under another actor than the reporter's: the log says of nobody that who complained is
    who reported.
    """
    if call.principal.role is not Role.REPORTER:
        return call
    alone = replace(call.principal, subject=f"complaint/{complaint_id}")
    return msgspec.structs.replace(call, principal=alone)


async def add_to_complaint(
    call: Call, complaint_id: str, decide: Callable[[Complaint, Organisation, UUID], Event]
) -> Done:
    """Load the complaint, check whose it is, let `decide` make the next event, commit it.

    Raises Refusal NOT_FOUND for whose it is not, NOT_ALLOWED for who is no complaints officer here.
    """
    stream = as_uuid(complaint_id, "complaintId")
    store = call.parts.store
    organisation = await load_organisation(store, call.organisation)
    subject = call.principal.subject
    if call.principal.role is not Role.REPORTER and not organisation.hears_complaints(subject):
        raise Refusal(Code.NOT_ALLOWED)
    state = complaint_of(await complaint_events(store, call.organisation, stream))
    if call.principal.role is Role.REPORTER:
        state.of_reporter(complainant(call.parts.ring, call.organisation, subject))
    else:
        state.read_by(organisation, subject)
    event = decide(state, organisation, stream)
    return await unlinked(call, stream).commit(
        [Change(stream, state.version + 1, event)], Done(id=str(stream), position=0)
    )
