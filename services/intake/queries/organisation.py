"""The organisation as its own people see it."""

from __future__ import annotations

from services.intake.domain.organisation import ListedKey
from services.intake.domain.organisation import Organisation as State
from services.intake.streams import adviser_key_stream, load_organisation, recovery_key_stream
from shared.contracts.rpc import (
    Adviser,
    DirectoryKey,
    Empty,
    Organisation,
    RecoveryKey,
    ReleasePolicy,
    Unit,
)
from shared.runtime.calls import Call


async def organisation(call: Call, _request: Empty) -> Organisation:
    """See Organisation."""
    state = await load_organisation(call.parts.store, call.organisation)
    known = state.known
    return Organisation(
        id=str(known.organisation_id),
        name=known.name,
        language=known.language,
        token=known.token,
        units=tuple(
            Unit(id=unit.id, name=unit.name, headcount=unit.headcount, parent=unit.parent)
            for unit in state.units_on(call.now.date())
        ),
        advisers=tuple(_person(state, one.id, one.name) for one in known.advisers),
        former_advisers=tuple(_person(state, one.id, one.name) for one in state.former),
        report_officers=tuple(
            _person(state, one.id, one.name) for one in state.officers_of("reports")
        ),
        complaints_officers=tuple(
            _person(state, one.id, one.name) for one in state.officers_of("complaints")
        ),
        release=ReleasePolicy(
            policy=known.release.policy,
            profile=known.release.profile,
            dimension=known.release.dimension,
            k=known.release.k,
            merge_order=known.release.merge_order,
            works_council_on=known.release.works_council_on,
        ),
        recovery_keys=tuple(
            RecoveryKey(
                key_id=str(key.key_id),
                public_key=key.public_key,
                state=key.state,
                stream=str(recovery_key_stream(known.organisation_id, key.key_id)),
                on=key.on,
                digest=key.digest,
            )
            for key in state.recovery_keys
        ),
    )


def _person(state: State, subject: str, name: str) -> Adviser:
    key = state.current_key(subject)
    return Adviser(
        id=subject,
        name=name,
        key_id=None if key is None else str(key.key_id),
        public_key=None if key is None else key.public_key,
        signing_key=None if key is None else key.signing_key,
        keys=tuple(_key(state, key) for key in state.keys_of(subject)),
    )


def _key(state: State, key: ListedKey) -> DirectoryKey:
    stream = adviser_key_stream(state.known.organisation_id, key.key_id)
    return DirectoryKey(
        key_id=str(key.key_id),
        public_key=key.public_key,
        signing_key=key.signing_key,
        state=key.state,
        stream=str(stream) if key.own_stream else None,
        on=key.on,
    )
