"""To whom a case that is still to come could go, and why."""

from __future__ import annotations

from services.intake.domain.distribution import SENTENCES, Wish, propose
from services.intake.queries.workload import loads
from services.intake.streams import load_advisers, load_organisation
from shared.contracts.rpc import AdviserProposal, ProposeAdvisers, ProposedAdviser
from shared.identity.roles import Role
from shared.runtime.calls import Call


async def adviser_proposal(call: Call, request: ProposeAdvisers) -> AdviserProposal:
    """See AdviserProposal. What was asked is recorded nowhere: it is about a case."""
    organisation = await load_organisation(call.parts.store, call.organisation)
    # A stranger with a code of their own making must not learn from an order who is busy.
    load = await loads(call, organisation) if call.principal.role is Role.COORDINATOR else None
    proposed = propose(
        organisation,
        await load_advisers(call.parts.store, call.organisation),
        Wish(
            chosen=request.chosen,
            avoid=frozenset(request.avoid),
            unit_id=request.unit_id,
            language=request.language,
            category=request.category,
        ),
        on=call.now.date(),
        loads=load,
    )
    return AdviserProposal(
        items=tuple(
            ProposedAdviser(
                adviser_id=one.adviser_id,
                name=one.name,
                proposed=one.proposed,
                reasons=one.reasons,
                sentences_en=tuple(SENTENCES[reason][0] for reason in one.reasons),
                sentences_nl=tuple(SENTENCES[reason][1] for reason in one.reasons),
            )
            for one in proposed
        )
    )
