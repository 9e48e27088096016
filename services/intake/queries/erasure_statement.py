"""What an erasure took away and what it could not: counted now, in two languages, signed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from uuid import UUID

from services.intake.domain.erasure import CaseErased
from services.intake.queries.erasures import own_erasure
from services.intake.sealed import as_uuid
from shared.contracts.errors import Code, Refusal
from shared.contracts.rpc import ById, ErasureStatement
from shared.identity.roles import Role
from shared.ledger.checkpoint import origin
from shared.runtime.backups import InventoryProblem, read_inventory
from shared.runtime.calls import Call

if TYPE_CHECKING:
    from pathlib import Path

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


async def erasure_statement(call: Call, request: ById) -> ErasureStatement:
    """See ErasureStatement. Raises Refusal NOT_FOUND while the case is not erased."""
    case_id = as_uuid(request.id, "id")
    recorded = await own_erasure(call, case_id)
    erased = recorded[-1].event
    if not isinstance(erased, CaseErased):
        raise Refusal(Code.NOT_FOUND)
    if call.principal.role is not Role.REPORTER:
        await call.record_access("erasure", case_id)
    remains = await call.parts.erasures.remains(call.organisation, case_id)
    roles = [one.event.role for one in recorded]
    left = {
        "keys": remains.keys,
        "contents": remains.contents,
        "snapshots": remains.snapshots,
        "messages": remains.messages,
        **await _rows(call, case_id),
    }
    clear = await asyncio.to_thread(_clear, call.parts.settings.backup_inventory, erased)
    body = "".join(
        f"{line}\n"
        for line in (
            f"case {case_id}",
            f"ground {erased.ground}",
            f"asked by {roles[0]}",
            f"approved by {', '.join(roles[1:])}",
            *_entry(call.organisation, remains),
            f"looked on {call.now.date()}",
            *(f"left {what} {count}" for what, count in left.items()),
            f"backups until {clear or 'unknown'}",
            "",
        )
    )
    words = _WORDS.format(
        looked=call.now.date(), clear_en=clear or _UNKNOWN[0], clear_nl=clear or _UNKNOWN[1]
    )
    return ErasureStatement(
        case_id=str(case_id),
        statement=call.parts.erasures.sign(body + words),
        vkey=call.parts.erasures.vkey,
    )


def _entry(organisation: UUID, remains: Remains) -> tuple[str, ...]:
    return (
        f"log {origin('intake', organisation)}",
        f"entry {remains.index} of week {remains.week}",
        f"leaf {remains.leaf_hash.hex()}",
    )


async def _rows(call: Call, case_id: UUID) -> dict[str, int]:
    """What stands in intake's own tables."""
    async with call.parts.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT (SELECT count(*) FROM case_index WHERE case_id = %(case)s)"
            " + (SELECT count(*) FROM party_index WHERE case_id = %(case)s)"
            " + (SELECT count(*) FROM recovery_index WHERE case_id = %(case)s),"
            " (SELECT count(*) FROM attachment WHERE case_id = %(case)s)",
            {"case": case_id},
        )
        rows, files = await cursor.fetchone() or (0, 0)
    return {"rows": rows, "attachments": files}


def _clear(inventory: Path | None, erased: CaseErased) -> str | None:
    """The day from which no listed backup holds it; None where that is not known."""
    if inventory is None:
        return None
    try:
        return str(read_inventory(inventory).clear_from(erased.at.date()))
    except InventoryProblem:
        return None
