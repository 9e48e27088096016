"""An adviser, or a reporter with a code, opens a case."""

from __future__ import annotations

from services.intake.domain import case, record
from services.intake.domain.tags import known_tags
from services.intake.records import record_from_bus, statement_from_bus
from services.intake.sealed import as_uuid, from_bus
from services.intake.sides import parties_of, refuse_both_sides, subject_mark
from services.intake.signatures import verifies
from services.intake.streams import load_case, load_organisation, load_strategy
from shared.contracts.errors import Code, Refusal, invalid
from shared.contracts.rpc import Done, OpenCase
from shared.eventstore.store import Change
from shared.identity.roles import Role
from shared.runtime.calls import Call
from shared.taxonomy.period import Period
from shared.uuids import random_uuid, text_of


async def open_case(call: Call, request: OpenCase) -> Done:
    """See OpenCase."""
    case_id = as_uuid(request.case_id, "caseId")
    by_reporter = call.principal.role is Role.REPORTER
    if by_reporter and str(case_id) != call.principal.subject:
        raise invalid("caseId", "it is not the one that belongs to your code")
    if call.parts.erasures.known(call.organisation, case_id):
        raise Refusal(Code.KEY_DESTROYED)  # also where an older database does not know it
    organisation = await load_organisation(call.parts.store, call.organisation)
    state = await load_case(call.parts.store, call.organisation, case_id, new=True)
    event = case.open_case(
        state,
        organisation,
        case_id=case_id,
        facts_id=random_uuid(),
        adviser_id=_adviser(call, request),
        period=str(Period.containing(call.now.date())),
        channel=request.channel,
        anonymity=request.anonymity,
        reporter_role=request.reporter_role,
        relation=request.relation,
        category=request.category,
        unit_id=request.unit_id,
        words=from_bus(request.words),
        at=call.now,
        by="reporter" if by_reporter else "adviser",
        reply_key=request.reply_key,
        signature=request.signature,
        verifies=verifies,
        mark=subject_mark(call.parts.ring, call.organisation),
        parties=parties_of(request.parties),
        statement=statement_from_bus(request.statement),
        avoids=request.avoids,
    )
    changes = [Change(case_id, 1, event)]
    if request.record is not None:
        known = record.kept(
            record_from_bus(request.record),
            category=event.category,
            known=known_tags(
                await load_strategy(call.parts.store, call.organisation), call.now.date()
            ),
            at=call.now,
        )
        changes.append(Change(case_id, 2, known))
    await refuse_both_sides(call, event.adviser_id, case_id, event.parties)
    return await call.commit(changes, Done(id=text_of(case_id), position=0))


def _adviser(call: Call, request: OpenCase) -> str:
    """Whom the case is for: the asker, or the adviser whom a reporter chose."""
    if call.principal.role is not Role.REPORTER:
        return call.principal.subject
    if request.adviser_id is None:
        raise invalid("adviserId", "choose an adviser")
    return request.adviser_id
