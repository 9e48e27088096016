"""What erasures took away and what they could not: counted now, in two languages, signed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from uuid import UUID

from services.intake.domain.erasure import CaseErased
from services.intake.queries.erasures import own_erasures
from services.intake.sealed import as_uuid
from shared.contracts.errors import Code, Refusal
from shared.contracts.rpc import (
    MOST_GATHERED,
    ErasureStatement,
    ErasureStatements,
    ErasureStatementsQuery,
)
from shared.identity.roles import Role
from shared.ledger.checkpoint import origin
from shared.runtime.backups import Inventory, InventoryProblem, read_inventory
from shared.runtime.calls import Call

if TYPE_CHECKING:
    from pathlib import Path

    from shared.eventstore.store import Recorded
    from shared.runtime.erasure import Remains

_WORDS = """\
English
This service signs that on {looked} it looked for what the case above had left with it, and found
what stands above under "left": of zeros, nothing. Keys were destroyed before contents were deleted.
The entries of the log stay. They hold hashes, weeks and random numbers, and no content; the entry
named above says that the key was destroyed, and anybody with the log can check it.
It cannot attest: copies that people made, in their clients, on paper or elsewhere; backups and the
archive of the database's log, which may hold sealed contents and wrapped keys until {clear_en};
witnesses, which keep hashes; the coded facts that were sent for the figures, which the service of
figures destroys after the next daily moment; figures that were released, which never change.

Nederlands
Deze dienst verklaart met haar handtekening dat zij op {looked} heeft gezocht naar wat de zaak
hierboven bij haar had achtergelaten, en vond wat hierboven achter "left" staat: bij nullen niets.
Sleutels zijn vernietigd voordat inhoud is verwijderd. De regels van het logboek blijven. Daarin
staan hashes, weken en willekeurige nummers, en geen inhoud; de regel die hierboven is genoemd zegt
dat de sleutel vernietigd is, en wie het logboek heeft kan dat nagaan.
Niet verklaren kan zij: kopieën die mensen maakten, in hun programma, op papier of elders;
reservekopieën en het archief van het databaselogboek, waarin verzegelde inhoud en ingepakte sleutels
kunnen staan tot {clear_nl}; getuigen, die hashes bewaren; de gecodeerde feiten die voor de cijfers
zijn verstuurd, die de dienst van de cijfers na het volgende dagelijkse moment vernietigt; cijfers die
zijn vrijgegeven, en nooit veranderen.
"""

_UNKNOWN = ("a day that is not known here", "een dag die hier niet bekend is")


async def erasure_statements(call: Call, request: ErasureStatementsQuery) -> ErasureStatements:
    """See ErasureStatements. A reporter's look is recorded nowhere, another's once for all of them. Raises
    Refusal TOO_LARGE, INVALID_INPUT.
    """
    if len(request.case_ids) > MOST_GATHERED:
        raise Refusal(Code.TOO_LARGE, limit=MOST_GATHERED, unit="entries")
    named = [as_uuid(one, "caseIds") for one in request.case_ids]
    erased = {
        case_id: recorded
        for case_id, recorded in (await own_erasures(call, named)).items()
        if isinstance(recorded[-1].event, CaseErased)
    }
    if not erased:
        return ErasureStatements(items=())
    if call.principal.role is not Role.REPORTER:
        one = next(iter(erased)) if len(erased) == 1 else None
        await call.record_access("erasures" if one is None else "erasure", one)
    erasures, organisation = call.parts.erasures, call.organisation
    remains = await erasures.remains(organisation, list(erased))
    rows = await _rows(call, list(erased))
    backups = await asyncio.to_thread(_backups, call.parts.settings.backup_inventory)
    items = []
    for case_id, recorded in erased.items():
        clear = None if backups is None else str(backups.clear_from(_erased(recorded).at.date()))
        body = _body(call, case_id, recorded, remains[case_id], rows[case_id], clear)
        items.append(
            ErasureStatement(
                case_id=str(case_id), statement=erasures.sign(body), vkey=erasures.vkey
            )
        )
    return ErasureStatements(items=tuple(items))


def _erased(recorded: list[Recorded]) -> CaseErased:
    event = recorded[-1].event
    assert isinstance(event, CaseErased)  # noqa: S101  the others were left out
    return event


def _body(
    call: Call,
    case_id: UUID,
    recorded: list[Recorded],
    remains: Remains,
    rows: dict[str, int],
    clear: str | None,
) -> str:
    """What is signed about one case."""
    roles = [one.event.role for one in recorded]
    left = {
        "keys": remains.keys,
        "contents": remains.contents,
        "snapshots": remains.snapshots,
        "messages": remains.messages,
        **rows,
    }
    lines = (
        f"case {case_id}",
        f"ground {_erased(recorded).ground}",
        f"asked by {roles[0]}",
        f"approved by {', '.join(roles[1:])}",
        *_entry(call.organisation, remains),
        f"looked on {call.now.date()}",
        *(f"left {what} {count}" for what, count in left.items()),
        f"backups until {clear or 'unknown'}",
        "",
    )
    words = _WORDS.format(
        looked=call.now.date(), clear_en=clear or _UNKNOWN[0], clear_nl=clear or _UNKNOWN[1]
    )
    return "".join(f"{line}\n" for line in lines) + words


def _entry(organisation: UUID, remains: Remains) -> tuple[str, ...]:
    return (
        f"log {origin('intake', organisation)}",
        f"entry {remains.index} of week {remains.week}",
        f"leaf {remains.leaf_hash.hex()}",
    )


async def _rows(call: Call, cases: list[UUID]) -> dict[UUID, dict[str, int]]:
    """What stands in intake's own tables of each case."""
    async with call.parts.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT gone.case_id,"
            " (SELECT count(*) FROM case_index WHERE case_id = gone.case_id)"
            " + (SELECT count(*) FROM party_index WHERE case_id = gone.case_id)"
            " + (SELECT count(*) FROM recovery_index WHERE case_id = gone.case_id),"
            " (SELECT count(*) FROM attachment WHERE case_id = gone.case_id)"
            " FROM unnest(%s) AS gone (case_id)",
            (cases,),
        )
        return {
            case_id: {"rows": rows, "attachments": files}
            for case_id, rows, files in await cursor.fetchall()
        }


def _backups(inventory: Path | None) -> Inventory | None:
    """The listed backups; None where they are not known."""
    if inventory is None:
        return None
    try:
        return read_inventory(inventory)
    except InventoryProblem:
        return None
