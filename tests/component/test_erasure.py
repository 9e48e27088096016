"""Erasing a case at intake: who may ask and approve, what goes, what stays, and what a restored
database cannot bring back.
"""

from __future__ import annotations

import asyncio
import json
import stat
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
import pytest_asyncio
from nats.js.errors import NotFoundError
from psycopg import sql

from hoeksteen_client.reporter import ReporterCode
from services.intake.domain.retention import due_on
from services.intake.service import DEFINITION
from services.intake.streams import erasure_stream
from shared.bus.tombstone import Reason, Tombstones
from shared.contracts.errors import Code
from shared.contracts.rpc import (
    ApproveErasure,
    ById,
    Case,
    Cases,
    CloseCase,
    DecideRetention,
    Done,
    Empty,
    Erasure,
    Erasures,
    ErasureStatement,
    ErasureStatements,
    ErasureStatementsQuery,
    Page,
    RecordConversation,
    RecordIntervention,
    RecordOutcome,
    RequestErasure,
    Retention,
    SendMessage,
)
from shared.eventstore.rebuild import shadow
from shared.identity.roles import Role
from shared.ledger.destroyed import DestructionLog, DestructionLogDamaged
from shared.ledger.files import LedgerFolder
from shared.ledger.note import Verifier
from shared.ledger.statement import parse_statement, read_statement
from shared.runtime.audit import compare_projections
from tests.component.test_intake import WORDS, Intake, opening
from tests.conftest import Database
from tests.nats_server import Bus, running_bus
from tests.service_lab import HERE, START, eventually, running

COORDINATOR: dict[str, Any] = {"role": Role.COORDINATOR, "subject": "coby"}
COUNCIL: dict[str, Any] = {"role": Role.WORKS_COUNCIL, "subject": "olga"}

COUNTS = (
    "SELECT (SELECT count(*) FROM event WHERE stream = %(case)s),"
    " (SELECT count(*) FROM wrapped_key WHERE key_id IN"
    "   (SELECT key_id FROM event WHERE stream = %(case)s)),"
    " (SELECT count(*) FROM event JOIN ciphertext USING (organisation, leaf_index)"
    "   WHERE stream = %(case)s),"
    " (SELECT count(*) FROM case_index WHERE case_id = %(case)s)"
)


@pytest_asyncio.fixture
async def bus(tmp_path: Path) -> AsyncIterator[Bus]:
    folder = tmp_path / "nats"
    folder.mkdir()
    async with running_bus(folder) as bus:
        yield bus


@pytest_asyncio.fixture
async def intake(database: Database, tmp_path: Path, bus: Bus) -> AsyncIterator[Intake]:
    inventory = tmp_path / "backups.json"
    inventory.write_text(
        json.dumps(
            {
                "backups": [
                    {
                        "name": "nightly",
                        "kind": "database",
                        "made": "2026-03-01",
                        "expires": "2026-04-01",
                    },
                    {
                        "name": "later",
                        "kind": "database",
                        "made": "2026-03-03",
                        "expires": "2027-01-01",
                    },
                ]
            }
        )
    )
    async with running(DEFINITION, database, bus, tmp_path, backup_inventory=inventory) as service:
        intake = Intake(service)
        await intake.found()
        yield intake


@dataclass
class Reported:
    """A case that a reporter opened with a code, and their way to it."""

    case: UUID
    me: dict[str, Any]


async def reported(intake: Intake) -> Reported:
    code = ReporterCode.generate()
    me = {"token": intake.session(code)}
    request = opening(
        code.case_id, adviser_id="anna", reply_key=code.key.public, anonymity="anonymous"
    )
    await intake.ask("open_case", request, Done, **me)
    return Reported(code.case_id, me)


def counts(running: Any, case: UUID) -> tuple[int, int, int, int]:
    """Of a case: leaves, keys, contents, lines in the list."""
    (row,) = running.rows(COUNTS.replace("%(case)s", f"'{case}'"))
    return row  # type: ignore[no-any-return]


async def ask_for(intake: Intake, case: UUID, ground: Any = "reporter", **who: Any) -> Done:
    request = RequestErasure(case_id=str(case), ground=ground)
    done: Done = await intake.ask("request_erasure", request, Done, **who)
    return done


async def approve(intake: Intake, case: UUID, **who: Any) -> Done:
    done: Done = await intake.ask("approve_erasure", ApproveErasure(case_id=str(case)), Done, **who)
    return done


async def statements(intake: Intake, *cases: UUID, **who: Any) -> tuple[ErasureStatement, ...]:
    """What is signed about them."""
    query = ErasureStatementsQuery(case_ids=tuple(str(one) for one in cases))
    told: ErasureStatements = await intake.ask(
        "erasure_statements", query, ErasureStatements, **who
    )
    return told.items


async def closed(intake: Intake) -> UUID:
    """A case of Anna's that is concluded and closed."""
    case = await intake.open()
    outcome = RecordOutcome(case_id=str(case), outcome="referred", route="mediation")
    await intake.anna("record_outcome", outcome)
    await intake.anna("close_case", CloseCase(case_id=str(case)))
    return case


# Asked, approved, gone --------------------------------------------------------------------------


async def test_a_reporter_asks_and_the_adviser_approves(intake: Intake) -> None:
    """With the second pair of eyes keys, contents and list entries are gone and the leaves stay; the
    reporter is told that it was erased, everybody else that there is nothing.
    """
    it, neighbour = await reported(intake), await intake.open()
    assert (1, 1, 1, 1) == counts(intake, it.case)
    await ask_for(intake, it.case, **it.me)
    seen = await intake.ask("erasure", ById(id=str(it.case)), Erasure, **it.me)
    assert ("requested", "reporter", "reporter", ()) == (
        seen.status,
        seen.ground,
        seen.requested_by,
        seen.approved_by,
    )
    assert (1, 1, 1, 1) == counts(intake, it.case)
    await approve(intake, it.case, subject="anna")
    assert (2, 0, 0, 0) == counts(intake, it.case)
    assert (1, 1, 1, 1) == counts(intake, neighbour)
    destroyed = await intake.refused("my_case", Empty(), **it.me)
    assert Code.KEY_DESTROYED is destroyed.code
    again = opening(it.case, adviser_id="anna", reply_key=bytes(range(32)), anonymity="anonymous")
    assert Code.KEY_DESTROYED is (await intake.refused("open_case", again, **it.me)).code
    name = str(it.case)
    for verb, request in (
        ("case", ById(id=name)),
        ("record_conversation", RecordConversation(case_id=name, mode="walk", minutes=WORDS)),
        ("record_intervention", RecordIntervention(case_id=name, intervention="listening")),
        ("send_message", SendMessage(case_id=name, words=WORDS)),
        ("close_case", CloseCase(case_id=name)),
    ):
        assert Code.NOT_FOUND is (await intake.refused(verb, request, subject="anna")).code
    (listed,) = (await intake.anna("cases", Page(), Cases)).items
    assert str(neighbour) == listed.id
    assert {"ErasureRequested", "KeyDestroyed", "CaseErased"} <= set(await intake.types())


async def test_two_persons_in_two_roles_are_needed(intake: Intake) -> None:
    """Who asked does not approve, nor does somebody in the same role; who approves sees no case."""
    case = await intake.open()
    none = await intake.refused("approve_erasure", ApproveErasure(case_id=str(case)), **COUNCIL)
    assert Code.NOT_FOUND is none.code
    await ask_for(intake, case, "court_order", **COUNCIL)
    twice = RequestErasure(case_id=str(case), ground="court_order")
    assert Code.ALREADY_EXISTS is (await intake.refused("request_erasure", twice, **COUNCIL)).code
    for who in (
        COUNCIL,
        COUNCIL | {"subject": "otto"},
        COORDINATOR | {"subject": "olga"},
    ):
        refused = await intake.refused("approve_erasure", ApproveErasure(case_id=str(case)), **who)
        assert Code.SECOND_PERSON_NEEDED is refused.code
    assert (1, 1, 1, 1) == counts(intake, case)
    (seen,) = (await intake.ask("erasures", Empty(), Erasures, **COORDINATOR)).items
    assert (str(case), "court_order", "requested") == (seen.case_id, seen.ground, seen.status)
    first = await intake.ask(
        "approve_erasure", ApproveErasure(case_id=str(case)), Done, key="once-only", **COORDINATOR
    )
    assert (2, 0, 0, 0) == counts(intake, case)
    again = await intake.ask(
        "approve_erasure", ApproveErasure(case_id=str(case)), Done, key="once-only", **COORDINATOR
    )
    assert first == again
    (seen,) = (await intake.ask("erasures", Empty(), Erasures, **COORDINATOR)).items
    assert ("erased", ("coordinator",)) == (seen.status, seen.approved_by)


async def test_what_is_not_ones_own_looks_like_nothing(intake: Intake) -> None:
    """Another adviser, another reporter, and whoever guesses an id are told NOT_FOUND; on another
    ground than one's own it is refused.
    """
    it = await reported(intake)
    stranger = {"token": intake.session(ReporterCode.generate())}
    bram = {"subject": "bram"}
    before = await intake.types()
    for case in (it.case, uuid4()):
        asked = RequestErasure(case_id=str(case), ground="reporter")
        for who in (stranger, bram):
            assert Code.NOT_FOUND is (await intake.refused("request_erasure", asked, **who)).code
        approved = ApproveErasure(case_id=str(case))
        assert Code.NOT_FOUND is (await intake.refused("approve_erasure", approved, **bram)).code
    for ground, who in (("court_order", it.me), ("reporter", COORDINATOR), ("retention", COUNCIL)):
        asked = RequestErasure(case_id=str(it.case), ground=ground)  # type: ignore[arg-type]
        assert Code.INVALID_INPUT is (await intake.refused("request_erasure", asked, **who)).code
    assert before == await intake.types()
    await ask_for(intake, it.case, **it.me)
    assert () == (await intake.ask("erasures", Empty(), Erasures, **bram)).items
    for who in (stranger, bram):
        refused = await intake.refused("erasure", ById(id=str(it.case)), **who)
        assert Code.NOT_FOUND is refused.code
    assert () == await statements(intake, it.case, **it.me)  # it is too early
    await approve(intake, it.case, **COUNCIL)
    for who in (stranger, bram):
        assert () == await statements(intake, it.case, **who)
    assert 1 == len(await statements(intake, it.case, **it.me))


async def test_statements_of_several_cases_are_one_look(intake: Intake) -> None:
    """Each counts its own; what is not erased, is nobody's, or is named twice, is left out."""
    these = [await reported(intake) for _ in range(3)]
    for it in these:
        await ask_for(intake, it.case, **it.me)
    for it in these[:2]:
        await approve(intake, it.case, **COUNCIL)
    for case, looked in (
        ((these[0].case,), "erasure"),
        ((these[1].case, these[0].case), "erasures"),
    ):
        before = await intake.types()
        told = await statements(intake, *case, these[2].case, uuid4(), *case, **COORDINATOR)
        assert [str(one) for one in case] == [one.case_id for one in told]
        for one in told:
            body = read_statement(one.statement.encode(), [Verifier.parse(one.vkey)])
            assert f"case {one.case_id}" in body.splitlines()
            assert {0} == set(parse_statement(body).left.values())
        assert [*before, "AccessRecorded"] == await intake.types()
        assert looked == (await intake.log())[-1].event.what
    too_many = ErasureStatementsQuery(case_ids=(str(uuid4()),) * 51)
    refused = await intake.refused("erasure_statements", too_many, **COORDINATOR)
    assert Code.TOO_LARGE is refused.code


# Retention --------------------------------------------------------------------------------------


def test_a_case_is_due_after_closing_and_reporting() -> None:
    """Months count from the later of its closing and its half-year's tick; short months end early."""
    assert date(2026, 8, 15) == due_on(closed=date(2026, 3, 2), period="2026-H1", months=1)
    assert date(2027, 2, 28) == due_on(closed=date(2026, 8, 31), period="2026-H1", months=6)
    assert date(2028, 2, 29) == due_on(closed=date(2026, 8, 31), period="2026-H1", months=18)


async def test_what_is_due_is_proposed_and_two_others_decide(intake: Intake) -> None:
    """A rule is nobody's pair of eyes: two persons approve. Before its day nothing is proposed, and
    nobody can ask on that ground.
    """
    case, running_case = await closed(intake), await intake.open()
    early = RequestErasure(case_id=str(case), ground="retention")
    assert Code.NOT_DUE is (await intake.refused("request_erasure", early, subject="anna")).code
    decided = DecideRetention(organisation_id=str(HERE), months=6)
    await intake.ask("decide_retention", decided, Done, role=Role.ADMIN)
    assert 6 == (await intake.anna("retention", Empty(), Retention)).months
    wrong = DecideRetention(organisation_id=str(HERE), months=0)
    refused = await intake.refused("decide_retention", wrong, role=Role.ADMIN)
    assert (Code.INVALID_INPUT, "months") == (refused.code, refused.values["field"])
    assert Code.NOT_DUE is (await intake.refused("request_erasure", early, subject="anna")).code

    async def proposed() -> bool:
        return "ErasureRequested" in await intake.types()

    async def closed_days() -> int:
        types: list[str] = await intake.types()
        return types.count("DayClosed")

    intake.clock.move(datetime(2027, 1, 14, 4, 0, tzinfo=UTC))
    await eventually(closed_days)
    assert not await proposed()
    intake.clock.move(datetime(2027, 1, 15, 4, 0, tzinfo=UTC))
    await eventually(proposed)

    async def listed() -> Any:
        return (await intake.anna("erasures", Empty(), Erasures)).items

    (seen,) = await eventually(listed)
    assert (str(case), "retention", "rule") == (seen.case_id, seen.ground, seen.requested_by)
    await approve(intake, case, **COORDINATOR)
    assert 0 < counts(intake, case)[1]
    await approve(intake, case, subject="anna")
    # Opened, concluded, closed; the aftercare was missed, and the coordinator told; destroyed.
    assert (6, 0, 0, 0) == counts(intake, case)
    assert (1, 1, 1, 1) == counts(intake, running_case)
    intake.clock.move(datetime(2027, 1, 16, 4, 0, tzinfo=UTC))
    await eventually(lambda: _is(closed_days, 3))
    assert 1 == (await intake.types()).count("ErasureRequested")


async def test_a_damaged_case_stops_no_day(intake: Intake) -> None:
    """What cannot be read cannot be proposed; what can be is, the day is closed all the same, and the
    service runs.
    """
    case, _whole = await closed(intake), await closed(intake)
    decided = DecideRetention(organisation_id=str(HERE), months=6)
    await intake.ask("decide_retention", decided, Done, role=Role.ADMIN)
    with psycopg.connect(intake.database.admin) as connection:
        connection.execute("ALTER TABLE intake.ciphertext DISABLE TRIGGER ALL")
        connection.execute(
            "UPDATE intake.ciphertext SET ciphertext = set_byte(ciphertext, 3,"
            " 255 - get_byte(ciphertext, 3)) FROM intake.event"
            " WHERE event.stream = %s AND event.organisation = ciphertext.organisation"
            " AND event.leaf_index = ciphertext.leaf_index",
            (case,),
        )
    intake.clock.move(datetime(2027, 1, 15, 4, 0, tzinfo=UTC))

    async def recorded(kind: str = "DayClosed") -> int:
        with psycopg.connect(intake.database.admin) as connection:
            query = "SELECT count(*) FROM intake.event WHERE type = %s"
            row = connection.execute(query, (kind,)).fetchone()
        return int(row[0]) if row else 0

    await eventually(recorded)
    assert 1 == await recorded("ErasureRequested")
    assert not intake.service.crashed


async def _is(count: Any, wanted: int) -> bool:
    return bool(await count() == wanted)


# What is left -----------------------------------------------------------------------------------


async def test_the_statement_is_signed_in_two_languages(intake: Intake) -> None:
    """It counts what is left, names the leaf, the day from which no backup holds the case, and what
    it cannot attest; its signature is the service's log key's.
    """
    it = await reported(intake)
    await ask_for(intake, it.case, **it.me)
    await approve(intake, it.case, **COUNCIL)
    (given,) = await statements(intake, it.case, **it.me)
    verifier = Verifier.parse(given.vkey)
    body = read_statement(given.statement.encode(), [verifier])
    lines = body.splitlines()
    ((index, leaf),) = intake.rows(
        "SELECT leaf_index, leaf_hash FROM event WHERE type = 'KeyDestroyed'"
    )
    for line in (
        f"case {it.case}",
        "ground reporter",
        "asked by reporter",
        "approved by works_council",
        f"log hoeksteen.local/intake/{HERE}",
        f"entry {index} of week 2026-W10",
        f"leaf {leaf.hex()}",
        "looked on 2026-03-02",
        "left keys 0",
        "left contents 0",
        "left snapshots 0",
        "left messages 0",
        "left rows 0",
        "backups until 2026-04-01",
        "English",
        "Nederlands",
    ):
        assert line in lines, line
    assert {0} == set(parse_statement(body).left.values())
    assert "It cannot attest" in body
    assert "Niet verklaren kan zij" in body
    changed = given.statement.replace("left keys 0", "left keys 1").encode()
    with pytest.raises(ValueError, match="does not belong"):
        read_statement(changed, [verifier])
    # The log key signs it under a name of its own: no checkpoint's or tombstone's.
    assert verifier.name == "hoeksteen.local/intake/erasures"
    assert (
        verifier.public_key
        == Verifier.parse(
            LedgerFolder(intake.service.settings.ledger_dir).tombstone_vkeys("intake")[-1]
        ).public_key
    )


async def test_projections_of_an_erased_case_are_what_a_replay_makes(
    intake: Intake, database: Database
) -> None:
    """What an erasure took out of the tables is also not in new ones, made of events alone."""
    it = await reported(intake)
    await intake.open()
    await ask_for(intake, it.case, **it.me)
    await approve(intake, it.case, subject="anna")
    parts = intake.service.parts
    projections = DEFINITION.projections(parts.ring)
    async with shadow(database.url("intake"), "intake", parts.store, projections) as copies:
        looked = await compare_projections(copies, parts.pool)
    assert [] == looked.findings
    assert 2 == looked.rows


async def test_messages_are_taken_out_of_the_bus(intake: Intake) -> None:
    """The published facts go and a signed tombstone stands in their place; facts that were not yet
    published never are; signals is told on the next day, under the facts' own id.
    """
    it = await reported(intake)
    intake.clock.move(datetime(2026, 3, 3, 4, 0, tzinfo=UTC))
    js = (await intake.bus.client("intake")).jetstream()

    async def tail() -> int:
        return int((await js.stream_info("INTAKE")).state.last_seq)

    await eventually(lambda: _is(tail, 3))
    assert b"bullying" in ((await js.get_msg("INTAKE", 2)).data or b"")
    late = await reported(intake)
    for each in (it, late):
        await ask_for(intake, each.case, **each.me)
        await approve(intake, each.case, subject="anna")

    async def gone() -> bool:
        try:
            await js.get_msg("INTAKE", 2)
        except NotFoundError:
            return True
        return False

    await eventually(gone)
    folder = LedgerFolder(intake.service.settings.ledger_dir)
    laid = await Tombstones(js, "INTAKE", folder).find(2)
    assert laid is not None
    assert Reason.ERASED is laid.reason
    intake.clock.move(datetime(2026, 3, 4, 4, 0, tzinfo=UTC))
    # Two facts erased and the closed day; of the late case no facts were ever booked.
    await eventually(lambda: _is(tail, 6))
    types = [
        json.loads((await js.get_msg("INTAKE", place)).data or b"")["type"] for place in (4, 5, 6)
    ]
    assert ["intake.v1.facts.erased"] * 2 + ["intake.v1.day.closed"] == types


async def test_a_look_during_an_erasure_ends_no_looking(intake: Intake) -> None:
    """The service looks for messages to take out while an erasure waits for its log: the message goes
    all the same, once the case is erased.
    """
    it = await reported(intake)
    intake.clock.move(datetime(2026, 3, 3, 4, 0, tzinfo=UTC))
    js = (await intake.bus.client("intake")).jetstream()

    async def there() -> bool:
        try:
            return b"bullying" in ((await js.get_msg("INTAKE", 2)).data or b"")
        except NotFoundError:
            return False

    async def gone() -> bool:
        return not await there()

    await eventually(there)
    await ask_for(intake, it.case, **it.me)
    erasures = intake.service.erasures
    async with await psycopg.AsyncConnection.connect(intake.database.admin) as superuser:
        await superuser.execute("SELECT FROM intake.log FOR UPDATE")
        approving = asyncio.create_task(approve(intake, it.case, subject="anna"))

        async def waits() -> bool:
            locks = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            return bool(intake.rows(locks))

        await eventually(waits)
        assert 0 == await erasures.clean()
    await approving
    await eventually(gone)


# Crashes, restores ------------------------------------------------------------------------------


async def test_nothing_goes_before_the_destruction_log_is_written(
    intake: Intake, tmp_path: Path
) -> None:
    """While its file cannot be written the decision stands and nothing is deleted; once it can, the
    service finishes by itself.
    """
    it = await reported(intake)
    await ask_for(intake, it.case, **it.me)
    in_the_way = tmp_path / "ledger" / "intake" / str(HERE) / "destroyed"
    in_the_way.mkdir(parents=True)
    refused = await intake.refused(
        "approve_erasure", ApproveErasure(case_id=str(it.case)), subject="anna"
    )
    assert Code.UNAVAILABLE is refused.code
    assert (2, 1, 2) == counts(intake, it.case)[:3]
    assert (
        Code.NOT_FOUND is (await intake.refused("case", ById(id=str(it.case)), subject="anna")).code
    )
    # An operator is told at the next daily moment, and no earlier.
    assert "erasure_overdue 0.0" in await told(intake)
    await daily(intake, 1)
    assert "erasure_overdue 1.0" in await told(intake)
    in_the_way.rmdir()

    async def finished() -> bool:
        return counts(intake, it.case) == (2, 0, 0, 0)

    await eventually(finished)
    assert f"hoeksteen/destroyed/v1\n{it.case}\n" == in_the_way.read_text()
    assert 0o600 == stat.S_IMODE(in_the_way.stat().st_mode)
    assert "erasure_overdue 1.0" in await told(intake)
    await daily(intake, 2)
    assert "erasure_overdue 0.0" in await told(intake)


async def daily(intake: Intake, day: int) -> None:
    """So many days after the start all of the daily moment is done."""
    moment = START.replace(hour=4) + timedelta(days=day)
    intake.clock.move(moment)

    async def done() -> bool:
        rows = intake.rows("SELECT day FROM schedule WHERE name = 'daily'")
        return bool(rows == [(moment.date(),)])

    await eventually(done)


async def told(intake: Intake) -> str:
    """What whoever reads its metrics gets."""
    text: bytes = await intake.service.exposition()
    return text.decode()


async def test_a_restored_database_does_not_revive_the_case(
    database: Database, tmp_path: Path, bus: Bus
) -> None:
    """Yesterday's database knows nothing of the destruction: before the service serves, the case is
    destroyed again; also what a still older one never heard of is not opened anew.
    """
    async with running(DEFINITION, database, bus, tmp_path) as service:
        intake = Intake(service)
        await intake.found()
    older = _copied(database, "older")
    async with running(DEFINITION, database, bus, tmp_path) as service:
        intake = Intake(service)
        it, neighbour = await reported(intake), await intake.open()
    yesterday = _copied(database, "yesterday")
    async with running(DEFINITION, database, bus, tmp_path) as service:
        intake = Intake(service)
        await ask_for(intake, it.case, **it.me)
        await approve(intake, it.case, subject="anna")
    async with running(DEFINITION, yesterday, bus, tmp_path) as service:
        assert "KeyDestroyed" in await service.types()
        assert (2, 0, 0, 0) == counts(service, it.case)
        assert (1, 1, 1, 1) == counts(service, neighbour)
        assert (
            Code.NOT_FOUND
            is (await service.refused("case", ById(id=str(it.case)), subject="anna")).code
        )
        assert Code.KEY_DESTROYED is (await service.refused("my_case", Empty(), **it.me)).code
        await service.ask("case", ById(id=str(neighbour)), Case, subject="anna")
        assert (
            Code.NOT_FOUND
            is (await service.refused("case", ById(id=str(uuid4())), subject="anna")).code
        )
    async with running(DEFINITION, older, bus, tmp_path) as service:
        again = opening(it.case, adviser_id="anna", reply_key=bytes(range(32)))
        assert Code.KEY_DESTROYED is (await service.refused("open_case", again, **it.me)).code
    with psycopg.connect(database.postgres.url(), autocommit=True) as connection:
        for copy in (older, yesterday):
            connection.execute(
                sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(copy.name))
            )


def _copied(database: Database, name: str) -> Database:
    """A backup: a copy of the database as it lies there."""
    copy = Database(postgres=database.postgres, name=f"{database.name}_{name}")
    with psycopg.connect(database.postgres.url(), autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(
                sql.Identifier(copy.name), sql.Identifier(database.name)
            )
        )
        connection.execute(
            sql.SQL("GRANT CONNECT ON DATABASE {} TO intake").format(sql.Identifier(copy.name))
        )
    return copy


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hoeksteen/destroyed/v2\n",
        "hoeksteen/destroyed/v1\nx\n",
        f"hoeksteen/destroyed/v1\n{HERE}",
    ],
)
def test_a_damaged_destruction_log_is_refused(tmp_path: Path, text: str) -> None:
    """A service that cannot read which cases were destroyed does not start."""
    file = tmp_path / "intake" / str(HERE) / "destroyed"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    with pytest.raises(DestructionLogDamaged, match="damaged"):
        DestructionLog(tmp_path, "intake")


def test_two_processes_write_one_destruction_log(tmp_path: Path) -> None:
    """What one adds the other does not lose; a stream stands there once."""
    first, second = DestructionLog(tmp_path, "intake"), DestructionLog(tmp_path, "intake")
    streams = [uuid4() for _ in range(4)]
    for log, stream in zip((first, second, first, second), streams, strict=True):
        log.add(HERE, stream)
        log.add(HERE, stream)
    assert {HERE: tuple(sorted(streams))} == DestructionLog(tmp_path, "intake").streams()


def test_an_erasures_stream_is_not_its_cases() -> None:
    """What was decided outlives the case: another stream, and so another key."""
    case = uuid4()
    assert erasure_stream(HERE, case) != case
