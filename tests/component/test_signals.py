"""Signals as a whole service: facts in from intake's stream, held back, released once at the tick."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import msgspec
import psycopg
import pytest
import pytest_asyncio

from hoeksteen_client.reporter import door
from services.signals.commands.release_windows import release_windows
from services.signals.domain.window import StatisticsReleased
from services.signals.events import TYPES
from services.signals.released import OUTBOUND
from services.signals.service import DEFINITION
from services.signals.streams import release_stream
from shared.contracts import events as contracts
from shared.contracts.errors import Code
from shared.contracts.events import (
    CloudEvent,
    DayClosed,
    Fact,
    FactsBooked,
    FactsErased,
    FactsSubjects,
    OrganisationSetUp,
)
from shared.contracts.rpc import (
    VERBS,
    Release,
    ReleasedCell,
    ReleasePolicy,
    Shape,
    Statistics,
    StatisticsQuery,
    Unit,
    WithheldBlock,
)
from shared.eventstore.store import Change, Conflict
from shared.identity.roles import Role
from shared.runtime.erasure import KeyDestroyed
from shared.taxonomy.period import Period
from shared.telemetry.configure import Telemetry
from shared.telemetry.events import Event
from tests.conftest import Database
from tests.nats_server import Bus, running_bus
from tests.service_lab import ELSEWHERE, HERE, Running, code_of, eventually, running
from tests.store_lab import NOW, Lab, store_lab

TICK = datetime(2026, 7, 15, 9, 0, tzinfo=UTC)
DUE = date(2026, 7, 15)
TOKENS = {HERE: "5d41402abc4b2a76", ELSEWHERE: "7d793037a0760186"}
UNITS = (("care", "Zorg", 90), ("office", "Kantoor", 40))

READ = {"statistics", "explanations", "privacy_budget", "early_warning", "signals"}
MAY: dict[Role, set[str]] = {role: set() for role in Role} | {
    Role.ADVISER: {
        *READ,
        "plan_grid",
        "import_published",
        "tell_lagging_indicator",
        "draft_signal",
        "revise_signal",
        "review_signal",
        "withdraw_signal",
        "signal_drafts",
        "signal_draft",
        "open_pulse",
        "issue_pulse_tokens",
        "pulses",
        "pulse_results",
    },
    Role.EMPLOYEE: {"answer_pulse", "pulses"},
    Role.HR: {
        *READ,
        "plan_grid",
        "tell_lagging_indicator",
        "open_pulse",
        "issue_pulse_tokens",
        "pulses",
        "pulse_results",
    },
    Role.BOARD: {*READ, "pulse_results"},
    Role.WORKS_COUNCIL: {*READ, "plan_grid", "pulse_results"},
    Role.MANAGER: {"statistics", "explanations", "early_warning", "signals", "pulse_results"},
    Role.INTEGRATION: READ,
    Role.ADMIN: {"plan_grid"},
    Role.AUDITOR: {"ledger", "ledger_bundle", "ledger_memories"},
}
"""Who may ask signals what: released figures, and what they mean and cost, for those who act on them;
the planner for those who prepare a decision; the log for auditors.
"""


@dataclass
class Signals:
    """The service, intake's place on the bus, and people who ask."""

    running: Running
    sent: int = field(default=0)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.running, name)

    async def send(self, kind: str, data: Shape, message_id: UUID | None = None) -> None:
        """Intake publishes a message; returns once signals has taken it in."""
        event = CloudEvent(
            id=str(message_id or uuid4()),
            source="/hoeksteen/intake",
            type=kind,
            week="2026-W10",
            data=msgspec.Raw(msgspec.json.encode(data)),
        )
        intake = await self.running.bus.client("intake")
        await intake.jetstream().publish(kind, msgspec.json.encode(event))
        self.sent += 1
        await eventually(self._taken)
        await self.running.service.projector.catch_up()

    async def _taken(self) -> bool:
        return [(self.sent,)] == self.running.rows("SELECT position FROM tracking")

    async def organisation(
        self,
        organisation: UUID = HERE,
        *,
        dimension: str = "category",
        units: Iterable[tuple[str, str, int]] = UNITS,
        merge_order: tuple[str, ...] = (),
    ) -> None:
        """An organisation with Anna as its adviser, set up on 2 March 2026."""
        await self.send(
            "intake.v1.organisation.set_up",
            OrganisationSetUp(
                organisation_id=str(organisation),
                token=TOKENS[organisation],
                name="De Hoekstee",
                language="nl",
                units=tuple(Unit(id=one, name=name, headcount=n) for one, name, n in units),
                release=ReleasePolicy(
                    policy="exact",
                    dimension=dimension,  # type: ignore[arg-type]
                    k=5,
                    merge_order=merge_order,
                ),
                on=date(2026, 3, 2),
                advisers=("anna",),
            ),
        )

    async def facts(
        self,
        count: int,
        category: str = "bullying",
        *,
        unit: str | None = None,
        period: str = "2026-H1",
        due: date = DUE,
        organisation: UUID = HERE,
        subjects: tuple[bytes, ...] = (),
    ) -> UUID:
        """Facts of so many cases; the id under which they are kept."""
        facts_id = uuid4()
        fact = Fact(
            facts_id=str(facts_id),
            period=period,
            category=category,
            unit_id=unit,
            count=count,
            subjects=subjects,
        )
        booked = FactsBooked(
            organisation_id=str(organisation), taxonomy_version=1, due=due, facts=(fact,)
        )
        await self.send("intake.v1.facts.booked", booked, facts_id)
        return facts_id

    async def subjects(self, facts_id: UUID, *subjects: bytes) -> None:
        """Whom the case behind these facts is about."""
        named = FactsSubjects(organisation_id=str(HERE), facts_id=str(facts_id), subjects=subjects)
        await self.send("intake.v1.facts.subjects", named)

    async def day(self, day: date = DUE, organisation: UUID = HERE) -> None:
        """A day is closed."""
        await self.send(
            "intake.v1.day.closed", DayClosed(organisation_id=str(organisation), day=day)
        )

    async def statistics(self, **who: Any) -> tuple[Release, ...]:
        """What hr is shown."""
        found = await self.running.ask(
            "statistics", StatisticsQuery(), Statistics, **({"role": Role.HR} | who)
        )
        return found.releases

    async def seen(self, organisation: UUID = HERE) -> None:
        """Returns once all of it that leaves has left, and readers are told of it."""
        await eventually(partial(self._seen, organisation))

    async def _seen(self, organisation: UUID) -> bool:
        # Nothing of it is read: these tests damage contents too.
        behind = (
            "SELECT FROM event LEFT JOIN released_until USING (organisation)"
            " WHERE organisation = %s AND type = ANY (%s) AND leaf_index >= coalesce(size, 0)"
        )
        return not self.running.rows(behind, (organisation, [*OUTBOUND]))

    async def released(self, many: int = 1, **who: Any) -> tuple[Release, ...]:
        """What hr is shown, once it is so much."""

        async def there() -> tuple[Release, ...] | None:
            found = await self.statistics(**who)
            return found if len(found) == many else None

        found: tuple[Release, ...] = await eventually(there)
        return found

    async def nothing_is_released(self) -> None:
        """Also not while the service looks a few times more."""
        await asyncio.sleep(0.7)
        assert [] == self.running.rows("SELECT * FROM released_window")

    async def messages(
        self, many: int, kind: str = "statistics-released"
    ) -> list[tuple[str, bytes]]:
        """Subject and body of all of one kind that was published, once it is so much."""

        async def there() -> bool:
            return len(await self._published(kind)) >= many

        await eventually(there)
        await asyncio.sleep(0.4)
        return await self._published(kind)

    async def _published(self, kind: str) -> list[tuple[str, bytes]]:
        jetstream = (await self.running.bus.client("signals")).jetstream()
        last = (await jetstream.stream_info("SIGNALS")).state.last_seq
        found = [await jetstream.get_msg("SIGNALS", place) for place in range(1, last + 1)]
        return [
            (str(one.subject), one.data or b"")
            for one in found
            if str(one.subject).endswith(f".{kind}")
        ]


def lines_of(monkeypatch: pytest.MonkeyPatch) -> list[Event]:
    """The event of every log line that is written from now on."""
    told: list[Event] = []
    write = Telemetry.log

    def log(telemetry: Telemetry, event: Event, **allowed: object) -> None:
        told.append(event)
        write(telemetry, event, **allowed)

    monkeypatch.setattr(Telemetry, "log", log)
    return told


@pytest_asyncio.fixture
async def bus(tmp_path: Path) -> AsyncIterator[Bus]:
    folder = tmp_path / "nats"
    folder.mkdir()
    async with running_bus(folder) as bus:
        yield bus


@pytest_asyncio.fixture
async def signals(database: Database, tmp_path: Path, bus: Bus) -> AsyncIterator[Signals]:
    async with running(DEFINITION, database, bus, tmp_path) as service:
        yield Signals(service)


# What was erased at intake ----------------------------------------------------------------------


async def test_facts_of_an_erased_case_are_let_go(signals: Signals) -> None:
    """They are destroyed and not counted at the tick; a repeat, and facts that never came, change
    nothing.
    """
    await signals.organisation()
    gone = await signals.facts(7)
    for _ in range(6):
        await signals.facts(1)
    for facts_id in (gone, gone, uuid4()):
        erased = FactsErased(organisation_id=str(HERE), facts_id=str(facts_id))
        await signals.send("intake.v1.facts.erased", erased)
    assert 1 == (await signals.types()).count("KeyDestroyed")
    assert [] == signals.rows("SELECT * FROM held_facts WHERE stream = %s", (gone,))
    assert [(0,)] == signals.rows(
        "SELECT count(*) FROM event JOIN ciphertext USING (organisation, leaf_index)"
        " WHERE stream = %s",
        (gone,),
    )
    await signals.day()
    signals.clock.move(TICK)
    (release,) = await signals.released()
    assert 6 == release.total
    held = signals.service.settings.ledger_dir / "signals" / str(HERE) / "destroyed"
    assert str(gone) in held.read_text()


async def test_an_erasure_that_is_not_done_yet_counts_already(signals: Signals) -> None:
    """Its event is there, the contents still are, and this replica's table knows nothing of it."""
    await signals.organisation()
    gone = await signals.facts(7)
    await signals.facts(6)
    event = KeyDestroyed(ground="erased_at_intake", approved_by=(), at=NOW)
    await signals.service.parts.store.append(
        HERE, [Change(gone, 2, event)], actor="signals", at=NOW
    )
    await signals.service.projector.catch_up()
    signals.rows(
        "INSERT INTO held_facts (organisation, period, stream) VALUES (%s, '2026-H1', %s)"
        " RETURNING 1",
        (HERE, gone),
    )
    await signals.day()
    signals.clock.move(TICK)
    (release,) = await signals.released()
    assert 6 == release.total


async def test_released_figures_do_not_change_by_an_erasure(signals: Signals) -> None:
    """Facts go also after the tick; what was drawn of them stays as it is, to the byte."""
    await signals.organisation()
    kept = await signals.facts(7)
    await signals.day()
    signals.clock.move(TICK)
    before = (await signals.released(), await signals.messages(1))
    erased = FactsErased(organisation_id=str(HERE), facts_id=str(kept))
    await signals.send("intake.v1.facts.erased", erased)
    assert 1 == (await signals.types()).count("KeyDestroyed")
    assert before == (await signals.released(), await signals.messages(1))


# Whom cases are about ---------------------------------------------------------------------------


async def test_many_cases_about_few_people_are_withheld(signals: Signals) -> None:
    """Whether they were named when a case was booked or later. Twelve cases about two people leave
    only with another cell, and twelve about three are shown.
    """
    await signals.organisation(dimension="unit", merge_order=("office",))
    mien, jan, piet = (name * 16 for name in (b"m", b"j", b"p"))
    for number in range(12):
        await signals.facts(1, unit="care", subjects=((jan, piet)[number % 2],))
        later = await signals.facts(1)
        await signals.subjects(later, (jan, piet, mien)[number % 3])
    await signals.facts(30, unit="office")
    await signals.day()
    signals.clock.move(TICK)
    (release,) = await signals.released()
    assert (ReleasedCell(code="not_said", count=12),) == release.cells
    assert WithheldBlock(codes=("care", "office"), count=42) == release.withheld
    assert 54 == release.total


async def test_subjects_go_with_their_facts(signals: Signals) -> None:
    """They lie under the facts' key; named for facts that are gone or never came, they are kept
    nowhere.
    """
    await signals.organisation()
    jan = b"j" * 16
    gone = await signals.facts(1, subjects=(jan,))
    await signals.subjects(gone, jan, b"p" * 16)
    assert 1 == (await signals.types()).count("SubjectsKept")
    (keys,) = signals.rows(
        "SELECT count(DISTINCT key_id), count(*) FROM event WHERE stream = %s", (gone,)
    )
    assert (1, 2) == keys
    await signals.send(
        "intake.v1.facts.erased", FactsErased(organisation_id=str(HERE), facts_id=str(gone))
    )
    await signals.subjects(gone, jan)
    await signals.subjects(uuid4(), jan)
    assert 1 == (await signals.types()).count("SubjectsKept")
    assert [(0,)] == signals.rows(
        "SELECT count(*) FROM event JOIN ciphertext USING (organisation, leaf_index)"
        " WHERE stream = %s",
        (gone,),
    )


# Frozen before the first fact -------------------------------------------------------------------


async def test_the_structure_is_frozen_before_the_first_fact(signals: Signals) -> None:
    """For each period, in the ledger's order; later facts of it freeze nothing again."""
    await signals.organisation()
    await signals.facts(1)
    await signals.facts(1)
    await signals.facts(9, period="2018", due=DUE)
    assert [
        "OrganisationAdopted",
        "StructureFrozen",
        "FactsKept",
        "FactsKept",
        "StructureFrozen",
        "FactsKept",
    ] == await signals.types()
    frozen = [one.event for one in await signals.log() if one.type == "StructureFrozen"]
    assert [("2026-H1", DUE, 5), ("2018", DUE, 5)] == [
        (one.period, one.due, one.k) for one in frozen
    ]


async def test_every_half_year_has_a_window_with_cases_or_without(signals: Signals) -> None:
    """From the one of the set-up to the one of the day, also when days were skipped; each is
    released at its own tick, and each is one message.
    """
    await signals.organisation()
    await signals.day(date(2026, 3, 3))
    assert [("2026-H1", DUE)] == signals.rows("SELECT period, due FROM held_window")
    await signals.day(date(2027, 8, 1))
    assert [
        ("2026-H1", DUE),
        ("2026-H2", date(2027, 1, 15)),
        ("2027-H1", date(2027, 7, 15)),
        ("2027-H2", date(2028, 1, 15)),
    ] == signals.rows("SELECT period, due FROM held_window ORDER BY due")
    signals.clock.move(datetime(2027, 8, 1, 4, 0, tzinfo=UTC))
    found = await signals.released(3)
    assert ["2026-H1", "2026-H2", "2027-H1"] == [one.period for one in found]
    assert {((), None)} == {(one.cells, one.total) for one in found}
    assert 3 == len(await signals.messages(3))


async def test_a_closed_day_of_an_unknown_organisation_stops_nobody(signals: Signals) -> None:
    """A log without an organisation: the message is taken and means nothing."""
    await signals.day(date(2026, 3, 3), organisation=ELSEWHERE)
    await signals.organisation()
    await signals.facts(1)
    assert 1 == (await signals.types()).count("FactsKept")
    assert [] == await signals.types(ELSEWHERE)


# At the tick ------------------------------------------------------------------------------------


async def test_a_release_waits_for_its_moment_and_for_its_facts(signals: Signals) -> None:
    """Neither the clock alone nor the closed day alone releases anything."""
    await signals.organisation()
    await signals.facts(12)
    signals.clock.move(TICK + timedelta(seconds=1))
    await signals.nothing_is_released()
    await signals.day(DUE - timedelta(days=1))
    await signals.nothing_is_released()
    signals.clock.move(TICK - timedelta(seconds=20))
    await signals.day(DUE)
    await signals.nothing_is_released()
    signals.clock.move(TICK)
    (release,) = await signals.released()
    assert (12, 12) == (sum(one.count for one in release.cells), release.total) or (
        release.withheld is not None
    )


async def test_a_release_shows_what_is_large_enough(signals: Signals) -> None:
    """The Avans report of 2013 by city: Tilburg's 3 leaves only with the smallest other city."""
    await signals.organisation(
        dimension="unit",
        units=(("breda", "Breda", 1300), ("tilburg", "Tilburg", 500), ("bosch", "Den Bosch", 900)),
        merge_order=("tilburg", "bosch", "breda"),
    )
    for unit, count in (("breda", 41), ("tilburg", 3), ("bosch", 13)):
        await signals.facts(count, unit=unit)
    await signals.day()
    telemetry = signals.service.telemetry
    assert b"release_cells_withheld" not in telemetry.exposition()
    signals.clock.move(TICK)
    (release,) = await signals.released()
    # An operator learns that cells were withheld, and not how many.
    assert b"release_cells_withheld_total 100.0" in telemetry.exposition()
    assert (ReleasedCell(code="breda", count=41),) == release.cells
    assert WithheldBlock(codes=("tilburg", "bosch", "not_said"), count=16) == release.withheld
    assert ("unit", "2026-H1", 57, 5, TOKENS[HERE], "2026-W29") == (
        release.dimension,
        release.period,
        release.total,
        release.k,
        release.organisation_token,
        release.released_week,
    )


async def test_cases_without_a_unit_have_a_cell_of_their_own(signals: Signals) -> None:
    """They count; their cell is named in both languages."""
    await signals.organisation(dimension="unit")
    for unit, count in (("care", 30), ("office", 20), (None, 8)):
        await signals.facts(count, unit=unit)
    await signals.day()
    signals.clock.move(TICK)
    (release,) = await signals.released()
    assert [("care", 30), ("office", 20), ("not_said", 8)] == [
        (one.code, one.count) for one in release.cells
    ]
    assert (None, 58) == (release.withheld, release.total)
    ((_, body),) = await signals.messages(1)
    event = msgspec.json.decode(body, type=CloudEvent)
    told = msgspec.json.decode(event.data, type=contracts.StatisticsReleased)
    assert {"care": "Zorg", "office": "Kantoor", "not_said": "Not said"} == told.labels_en
    assert "Niet gezegd" == told.labels_nl["not_said"]
    assert (release.labels_en, release.labels_nl) == (told.labels_en, told.labels_nl)
    assert msgspec.structs.replace(release, labels_en={}, labels_nl={}) == told.release


async def test_a_code_without_a_cell_counts_in_the_remainder_and_stops_nothing(
    signals: Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A category of a newer taxonomy. No line says that there was one, and so a case of it."""
    told = lines_of(monkeypatch)
    await signals.organisation()
    await signals.facts(4, "other_or_undetermined")
    await signals.facts(5, "unheard_of")
    await signals.facts(30, "bullying")
    await signals.day()
    signals.clock.move(TICK)
    (release,) = await signals.released()
    assert 39 == release.total
    assert {"bullying": 30, "other_or_undetermined": 9}.items() >= {
        cell.code: cell.count for cell in release.cells
    }.items()
    assert {Event.RELAY_PUBLISHED, Event.CHECKPOINT_SIGNED} >= {*told}


async def test_facts_of_several_imports_and_cases_add_up(signals: Signals) -> None:
    """Every message counts once in its own period."""
    await signals.organisation(dimension="unit")
    for unit in ("care", "office", None):
        for count in (1, 2, 3):
            await signals.facts(count, unit=unit)
    await signals.facts(50, unit="care", period="2025-H2", due=DUE)
    await signals.day()
    signals.clock.move(TICK)
    older, newer = await signals.released(2)
    assert ("2025-H2", "2026-H1") == (older.period, newer.period)
    assert {"care": 6, "office": 6, "not_said": 6} == {one.code: one.count for one in newer.cells}
    assert 50 == older.total


# Once and never again ---------------------------------------------------------------------------


def row_of(signals: Signals) -> list[tuple[Any, ...]]:
    """The release as it lies in the database: leaf and ciphertext."""
    return signals.running.rows(
        "SELECT * FROM event JOIN ciphertext USING (organisation, leaf_index)"
        " WHERE type = 'StatisticsReleased'"
    )


async def test_a_register_that_comes_after_its_tick_joins_the_next(signals: Signals) -> None:
    """Else its first message would be released without the others."""
    await signals.organisation()
    await signals.day()
    signals.clock.move(TICK)
    await signals.released(1)
    for _ in range(2):
        await signals.facts(30, period="2018", due=DUE)
    assert not await release_windows(signals.service.parts)
    await signals.day(date(2027, 1, 15))
    signals.clock.move(datetime(2027, 1, 15, 9, 0, tzinfo=UTC))

    async def there() -> Release | None:
        found = await signals.statistics()
        return next((one for one in found if one.period == "2018"), None)

    assert 60 == (await eventually(there)).total


async def test_late_facts_change_no_released_number(signals: Signals) -> None:
    """They are kept, and neither counted nor told: event, answers and messages stay as they were,
    also over a restart of the clock's day.
    """
    await signals.organisation()
    await signals.facts(12)
    await signals.day()
    signals.clock.move(TICK)
    before = await signals.released()
    stored = row_of(signals)
    messages = await signals.messages(1)
    await signals.facts(40)
    await signals.facts(7, "stalking")
    await signals.day(DUE + timedelta(days=1))
    signals.clock.move(TICK + timedelta(days=1))
    await asyncio.sleep(0.7)
    assert not await release_windows(signals.service.parts)
    assert before == await signals.statistics()
    assert stored == row_of(signals)
    assert messages == await signals.messages(1)
    assert 3 == (await signals.types()).count("FactsKept")


async def test_many_who_release_at_once_release_once(signals: Signals) -> None:
    """The service's own look and eight more at the same moment: one draw, one message."""
    await signals.organisation()
    await signals.facts(12)
    await signals.day()
    signals.clock.move(TICK)
    await asyncio.gather(*(release_windows(signals.service.parts) for _ in range(8)))
    await signals.released()
    assert 1 == len(row_of(signals))
    assert 1 == len(await signals.messages(1))


def draw(period: Period, total: int) -> StatisticsReleased:
    return StatisticsReleased(
        release_id=uuid4(),
        organisation_id=HERE,
        token=TOKENS[HERE],
        period=str(period),
        policy="exact",
        rule="exact/1",
        dimension="category",
        k=5,
        taxonomy_version=1,
        shown=(("bullying", total),),
        withheld_cells=(),
        withheld_count=None,
        total=total,
        labels_en={},
        labels_nl={},
    )


async def test_the_database_refuses_a_second_release_of_a_window(
    database: Database, tmp_path: Path
) -> None:
    """Fifty windows, two processes each time with another draw: one of the two is kept, the other
    is told; nor can a later one, or a second version, be added.
    """

    async def record(lab: Lab, period: Period, total: int) -> int:
        change = Change(release_stream(HERE, period), 1, draw(period, total))
        await lab.store.append(HERE, [change], actor="signals", at=NOW)
        return total

    periods = [Period(1970 + n // 2, 1 + n % 2) for n in range(50)]  # type: ignore[arg-type]
    async with (
        store_lab(database, tmp_path, TYPES, service="signals") as one,
        store_lab(database, tmp_path, TYPES, service="signals") as other,
    ):
        for period in periods:
            results = await asyncio.gather(
                record(one, period, 10), record(other, period, 20), return_exceptions=True
            )
            (kept,) = [result for result in results if isinstance(result, int)]
            assert 1 == sum(isinstance(result, Conflict) for result in results)
            (stored,) = await one.store.load(HERE, release_stream(HERE, period))
            assert kept == stored.event.total
            with pytest.raises(Conflict):
                await record(other, period, 30)
        assert [(50,)] == one.rows("SELECT count(*) FROM event")


# What leaves ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "units",
    [
        pytest.param(UNITS, id="a few units"),
        # About as long as a size class, so that shown or withheld would make the difference.
        pytest.param(
            [(f"afdeling-{n}-met-een-lange-naam", f"Afdeling {n}", n) for n in range(240)],
            id="many units",
        ),
    ],
)
async def test_messages_have_one_size_whatever_the_figures(
    signals: Signals, units: list[tuple[str, str, int]]
) -> None:
    """All shown, nothing shown, or large figures: subject apart, two organisations' messages of
    one structure cannot be told apart from outside.
    """
    for organisation in (HERE, ELSEWHERE):
        await signals.organisation(organisation, dimension="unit", units=units)
    facts = tuple(
        Fact(facts_id=str(uuid4()), period="2026-H1", category="bullying", unit_id=unit, count=n)
        for unit, n in [*((one[0], 1_000_000) for one in units), (None, 7)]
    )
    await signals.send(
        "intake.v1.facts.booked",
        FactsBooked(organisation_id=str(HERE), taxonomy_version=1, due=DUE, facts=facts),
    )
    for organisation in (HERE, ELSEWHERE):
        await signals.day(organisation=organisation)
    signals.clock.move(TICK)
    messages = await signals.messages(2)
    assert {f"signals.v1.{token}.statistics-released" for token in TOKENS.values()} == {
        subject for subject, _ in messages
    }
    contents = [body.rstrip(b" ") for _, body in messages]
    assert len(contents[0]) != len(contents[1])
    assert 1 == len({len(body) for _, body in messages})
    assert {None, 1_000_000 * len(units) + 7} == {
        msgspec.json.decode(
            msgspec.json.decode(body, type=CloudEvent).data, type=contracts.StatisticsReleased
        ).release.total
        for body in contents
    }


async def test_a_message_carries_no_trace_of_what_led_to_it(signals: Signals) -> None:
    """No header but the relay's two, no facts id, no release id in its subject, no time."""
    await signals.organisation()
    facts_id = await signals.facts(12)
    await signals.day()
    signals.clock.move(TICK)
    ((subject, body),) = await signals.messages(1)
    jetstream = (await signals.bus.client("signals")).jetstream()
    last = (await jetstream.stream_info("SIGNALS")).state.last_seq
    everything = [await jetstream.get_msg("SIGNALS", place) for place in range(1, last + 1)]
    (message,) = [one for one in everything if one.subject == subject]
    assert {"Nats-Msg-Id", "Nats-Expected-Last-Sequence"} == set(message.headers or {})
    assert f"signals.v1.{TOKENS[HERE]}.statistics-released" == subject
    assert str(facts_id).encode() not in body
    assert b"09:00" not in body
    assert {"specversion", "id", "source", "type", "week", "datacontenttype", "data"} == set(
        msgspec.json.decode(body)
    )


# Who is answered --------------------------------------------------------------------------------


async def test_every_role_gets_its_own_verbs_and_no_other(signals: Signals) -> None:
    """Eleven roles times every verb of every service: what is not granted is refused."""
    await signals.organisation()
    assert set(Role) == set(MAY)
    for role in Role:
        subject = "anna" if role is Role.ADVISER else f"{role}-1"
        token = door(HERE) if role is Role.REPORTER else signals.token(role, subject=subject)
        granted = set()
        for verb in VERBS.values():
            reply = await signals.raw(verb.name, b"no JSON", Authorization=f"Bearer {token}")
            ours = f"signals.{verb.name}" in VERBS
            expected = {Code.NOT_ALLOWED, Code.INVALID_INPUT} if ours else {Code.NOT_FOUND}
            if role is Role.REPORTER and ours:  # signals knows no reporters
                expected = {Code.INVALID_INPUT if verb.public else Code.NOT_SIGNED_IN}
            assert code_of(reply) in expected, (role, verb.name)
            if code_of(reply) is Code.INVALID_INPUT and not verb.public:
                granted.add(verb.name)
        assert MAY[role] == granted, role


async def test_statistics_are_one_s_own_organisation_s(signals: Signals) -> None:
    """Another organisation's readers see theirs; an unknown one has none, and leaves no log."""
    for organisation, count in ((HERE, 12), (ELSEWHERE, 30)):
        await signals.organisation(organisation)
        await signals.facts(count, organisation=organisation)
        await signals.day(organisation=organisation)
    signals.clock.move(TICK)
    (ours,), (theirs,) = await signals.released(), await signals.released(organisation=ELSEWHERE)
    assert (str(HERE), 12) == (ours.organisation_id, ours.total)
    assert (str(ELSEWHERE), 30) == (theirs.organisation_id, theirs.total)
    assert () == await signals.statistics(organisation=UUID(int=0xC3))
    assert [(HERE,), (ELSEWHERE,)] == signals.rows("SELECT organisation FROM log ORDER BY 1")
    another = StatisticsQuery(period="2026-H2")
    assert () == (await signals.ask("statistics", another, Statistics, role=Role.HR)).releases


async def test_a_look_at_the_figures_is_recorded_before_they_are_shown(signals: Signals) -> None:
    """While the log cannot be written nothing is shown; a look at nothing is none."""
    await signals.organisation()
    await signals.facts(12)
    await signals.day()
    assert () == await signals.statistics()
    signals.clock.move(TICK)
    await signals.messages(1)
    assert 0 == (await signals.types()).count("AccessRecorded")
    async with await psycopg.AsyncConnection.connect(signals.database.admin) as superuser:
        await superuser.execute("LOCK TABLE signals.event IN SHARE ROW EXCLUSIVE MODE")
        asked = asyncio.create_task(signals.statistics())
        await asyncio.sleep(0.4)
        assert not asked.done()
    assert 1 == len(await asked)
    look = (await signals.log())[-1]
    assert ("AccessRecorded", "statistics", "hr") == (look.type, look.event.what, look.event.role)


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        pytest.param(b'{"period": 7777}', Code.INVALID_INPUT, "period", id="a number"),
        pytest.param(b'{"geheim": "x"}', Code.INVALID_INPUT, "request", id="an unknown field"),
        pytest.param(b'{"period": "\xffgeheim"}', Code.INVALID_INPUT, "request", id="no UTF-8"),
        pytest.param(b'{"period": "geheim"}', Code.INVALID_PERIOD, None, id="no period"),
    ],
)
async def test_a_malformed_question_is_told_by_its_field(
    signals: Signals, body: bytes, code: Code, field: str | None
) -> None:
    """The refusal never repeats what stood in it."""
    await signals.organisation()
    token = signals.token(Role.HR)
    reply = await signals.raw("statistics", body, Authorization=f"Bearer {token}")
    assert code is code_of(reply)
    assert field == reply["refused"]["values"].get("field")
    assert b"geheim" not in msgspec.json.encode(reply)
    assert b"7777" not in msgspec.json.encode(reply)


async def test_a_day_may_be_closed_once_more(signals: Signals) -> None:
    """As intake does when an older database of it was put back on the same day: nothing is new, and what
    comes behind it is taken in.
    """
    await signals.organisation()
    await signals.day()
    await signals.day()
    await signals.facts(3)
    types = await signals.types()
    assert (1, 1) == (types.count("DayReached"), types.count("FactsKept"))
