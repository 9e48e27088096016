"""Of which organisation a question is: the token's own, or the one that an administrator names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.intake.sealed import as_uuid
from shared.contracts.errors import Code, Refusal, invalid

if TYPE_CHECKING:
    from uuid import UUID

    from shared.runtime.calls import Call


def organisation_of(call: Call, named: str | None) -> UUID:
    """See OfOrganisation. Raises Refusal INVALID_INPUT, and NOT_FOUND for another organisation than
    one's own, whether or not there is one.
    """
    own = call.principal.organisation
    if named is None:
        if own is None:
            raise invalid("organisationId", "it is missing")
        return own
    asked = as_uuid(named, "organisationId")
    if own is not None and asked != own:
        raise Refusal(Code.NOT_FOUND)
    return asked
