"""Signals through the whole service: drafted, reviewed, released at the tick, read, withdrawn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import msgspec
import psycopg
import pytest
import pytest_asyncio

from hoeksteen_client import AdviserKey, open_signal, seal_signal
from services.signals.commands.release_signals import release_signals
from services.signals.domain.signal import MOST_PER_TICK
from services.signals.service import DEFINITION
from shared.contracts import events as contracts
from shared.contracts.errors import Code
from shared.contracts.events import CloudEvent, Fact, FactsBooked, OrganisationSetUp
from shared.contracts.live import Topic
from shared.contracts.rpc import (
    ById,
    Done,
    DraftSignal,
    Empty,
    Release,
    ReleasePolicy,
    ReviewSignal,
    ReviseSignal,
    Sealed,
    Signal,
    SignalDraft,
    SignalDrafts,
    SignalEvidence,
    Signals,
    SignalSaid,
    SignalsQuery,
    SignalWithdrawal,
    Unit,
    WithdrawSignal,
)
from shared.identity.roles import Role
from shared.runtime.operate import rebuild_projections
from shared.taxonomy import signal_codes
from shared.taxonomy.period import Period
from shared.taxonomy.themes import themes
from tests.component.test_signals import TOKENS, UNITS
from tests.component.test_signals import Signals as Running
from tests.component.test_time_travel import checkpoint
from tests.conftest import Database
from tests.nats_server import Bus, running_bus
from tests.service_lab import ELSEWHERE, HERE, at_each_hint, eventually, running

APRIL, JULY, OCTOBER = date(2026, 4, 15), date(2026, 7, 15), date(2026, 10, 15)
JANUARY = date(2027, 1, 15)
CHECKLIST = tuple(signal_codes.current().checklist)
TEXT = "Wij horen vaker dat taken en rollen onduidelijk zijn."
KEYS = {name: AdviserKey.generate() for name in ("anna", "bram", "carla")}
FIGURE = SignalEvidence(kind="figure", table="unit", period="2026-H1", cell="care")


@dataclass
class World(Running):
    """The service with three advisers, who seal for each other."""

    async def set_up(
        self,
        *,
        organisation: UUID = HERE,
        advisers: tuple[str, ...] = ("anna", "bram", "carla"),
        units: tuple[Unit, ...] | None = None,
        **policy: Any,
    ) -> None:
        """An organisation that was set up on 2 March 2026."""
        decided = policy or {
            "policy": "exact",
            "dimension": "unit",
            "k": 5,
            "works_council_on": date(2026, 1, 20),
        }
        tree = units or tuple(Unit(id=one, name=name, headcount=n) for one, name, n in UNITS)
        await self.send(
            "intake.v1.organisation.set_up",
            OrganisationSetUp(
                organisation_id=str(organisation),
                token=TOKENS[organisation],
                name="De Hoekstee",
                language="nl",
                units=tree,
                release=ReleasePolicy(**decided),
                on=date(2026, 3, 2),
                advisers=advisers,
            ),
        )
        await self.day(date(2026, 3, 3), organisation)

    async def draft(
        self,
        *,
        author: str = "anna",
        reviewer: str | None = "bram",
        text: str | None = TEXT,
        signal_id: UUID | None = None,
        revise: bool = False,
        **said: Any,
    ) -> UUID:
        """A draft, sealed as the client seals it; its id."""
        where = signal_id or uuid4()
        request = self.drafting(where, author=author, reviewer=reviewer, text=text, **said)
        if revise:
            again = ReviseSignal(**msgspec.structs.asdict(request))
            await self.ask("revise_signal", again, Done, subject=author)
        else:
            await self.ask("draft_signal", request, Done, subject=author)
        return where

    def drafting(
        self, signal_id: UUID, *, author: str, reviewer: str | None, text: str | None, **said: Any
    ) -> DraftSignal:
        sealed, commitment = [], None
        if text is not None and reviewer is not None:
            made = seal_signal(
                text,
                [(KEYS[one].key_id, KEYS[one].public) for one in (reviewer, author)],
                organisation=HERE,
                signal=signal_id,
            )
            commitment = made.commitment
            sealed = [
                Sealed(key_id=str(key_id), ciphertext=envelope) for key_id, envelope in made.sealed
            ]
        content: dict[str, Any] = {
            "theme": "organisation",
            "place": "care",
            "period": "2026-H1",
            "direction": "rising",
            "causes": ("unclear_responsibility",),
            "aims": ("trust",),
        }
        return DraftSignal(
            signal_id=str(signal_id),
            reviewer_id=reviewer,
            said=SignalSaid(**(content | said)),
            commitment=commitment,
            sealed=tuple(sealed),
        )

    async def opened(self, signal_id: UUID, reader: str) -> SignalDraft:
        """A draft as one of its advisers gets it."""
        found: SignalDraft = await self.ask(
            "signal_draft", ById(id=str(signal_id)), SignalDraft, subject=reader
        )
        return found

    async def approve(self, signal_id: UUID, reviewer: str = "bram") -> None:
        """The reviewer opens what was sealed to them, and sends it back."""
        found = await self.opened(signal_id, reviewer)
        text = salt = None
        if found.commitment is not None:
            read = open_signal(
                [(UUID(one.key_id), one.ciphertext) for one in found.sealed],
                found.commitment,
                KEYS[reviewer],
                organisation=HERE,
                signal=signal_id,
            )
            text, salt = read.text, read.salt
        await self.ask(
            "review_signal",
            ReviewSignal(
                signal_id=str(signal_id),
                revision=found.revision,
                checklist=CHECKLIST,
                text=text,
                salt=salt,
            ),
            Done,
            subject=reviewer,
        )

    async def approved(self, **said: Any) -> UUID:
        """A signal that waits for its tick."""
        signal_id = await self.draft(**said)
        await self.approve(signal_id)
        return signal_id

    async def ticked(self, day: date, organisation: UUID = HERE) -> contracts.SignalsReleased:
        """The tick of a day is made; what it told."""
        await self.day(day, organisation)
        self.running.clock.move(datetime(day.year, day.month, day.day, 9, 0, tzinfo=UTC))

        async def there() -> contracts.SignalsReleased | None:
            told = [await self._told(one) for one in await self._published("signals-released")]
            return next(
                (
                    one
                    for one in told
                    if one.day == day and one.organisation_id == str(organisation)
                ),
                None,
            )

        found: contracts.SignalsReleased = await eventually(there)
        await self.running.service.projector.catch_up()
        await self.seen(organisation)
        return found

    @staticmethod
    async def _told(message: tuple[str, bytes]) -> contracts.SignalsReleased:
        event = msgspec.json.decode(message[1], type=CloudEvent)
        return msgspec.json.decode(event.data, type=contracts.SignalsReleased)

    async def read(
        self,
        role: Role = Role.HR,
        as_of: int | None = None,
        period: str | None = None,
        **who: Any,
    ) -> Any:
        """What a reader is shown."""
        query = SignalsQuery(period=period, as_of=as_of)
        found = await self.ask("signals", query, Signals, role=role, **who)
        return found.items

    def managers(self, unit: str | None) -> str:
        """The token of a manager with that branch."""
        return str(
            self.running.signer.token(sub="m-1", role=Role.MANAGER, organisation=HERE, unit=unit)
        )


@pytest_asyncio.fixture
async def bus(tmp_path: Path) -> AsyncIterator[Bus]:
    folder = tmp_path / "nats"
    folder.mkdir()
    async with running_bus(folder) as bus:
        yield bus


@pytest_asyncio.fixture
async def world(database: Database, tmp_path: Path, bus: Bus) -> AsyncIterator[World]:
    async with running(DEFINITION, database, bus, tmp_path) as service:
        yield World(service)


# From draft to released --------------------------------------------------------------------------


async def test_a_signal_walks_from_a_sealed_draft_to_its_readers(world: World) -> None:
    """Two advisers, one text, one tick; before it nobody reads anything, and no text stands anywhere
    in clear.
    """
    await world.set_up()
    signal_id = await world.approved()
    assert () == await world.read()
    stored = world.rows("SELECT ciphertext FROM ciphertext")
    assert all(TEXT.encode() not in row[0] for row in stored)

    told = await world.ticked(JULY)
    (one,) = await world.read()
    assert (str(signal_id), TEXT, None, "2026-W29") == (
        one.id,
        one.text,
        one.withdrawn,
        one.released_week,
    )
    assert ("organisation", "care", "Zorg", "2026-H1", "rising", True) == (
        one.content.theme,
        one.content.place,
        one.content.place_name,
        one.content.period,
        one.content.direction,
        one.content.judged,
    )
    assert ([str(signal_id)], ()) == ([each.signal_id for each in told.released], told.withdrawn)
    assert ["SignalDrafted", "SignalApproved", "SignalReleased"] == [
        each.type for each in await world.log() if each.stream == signal_id
    ]


async def test_readers_are_told_when_it_is_there_to_be_read(world: World) -> None:
    """Of a release and of a withdrawal, and of nothing before; whoever looks then sees it."""
    await world.set_up()
    looked = await at_each_hint(world.running.bus, HERE, Topic.SIGNAL, world.read)
    signal_id = await world.approved()
    await world.ticked(JULY)
    ((one,),) = await looked(1)
    assert (str(signal_id), None) == (one.id, one.withdrawn)

    gone = WithdrawSignal(signal_id=str(signal_id), reason="mistaken")
    await world.ask("withdraw_signal", gone, Done, subject="anna")
    _, (other,) = await looked(2)
    assert "mistaken" == other.withdrawn.reason


async def test_a_returned_draft_is_written_anew_and_reviewed_again(world: World) -> None:
    """With remarks that only its author opens; a review of the old revision is refused."""
    await world.set_up()
    signal_id = await world.draft()
    remarks = Sealed(key_id=str(KEYS["anna"].key_id), ciphertext=b"sealed remarks")
    back = ReviewSignal(signal_id=str(signal_id), revision=1, remarks=(remarks,))
    await world.ask("review_signal", back, Done, subject="bram")
    found = await world.opened(signal_id, "anna")
    assert ("returned", (remarks,)) == (found.status, found.remarks)

    await world.draft(signal_id=signal_id, revise=True, text="Rollen zijn onduidelijk.")
    stale = ReviewSignal(signal_id=str(signal_id), revision=1, checklist=CHECKLIST)
    assert Code.CONFLICT is (await world.refused("review_signal", stale, subject="bram")).code
    await world.approve(signal_id)
    await world.ticked(JULY)
    (one,) = await world.read()
    assert "Rollen zijn onduidelijk." == one.text


async def test_no_other_words_come_out_than_those_that_were_sealed(world: World) -> None:
    """Neither the reviewer's own, nor the author's, nor another adviser's."""
    await world.set_up()
    signal_id = await world.draft()
    other = ReviewSignal(
        signal_id=str(signal_id),
        revision=1,
        checklist=CHECKLIST,
        text="Iets anders.",
        salt=bytes(32),
    )
    refusal = await world.refused("review_signal", other, subject="bram")
    assert (Code.INVALID_INPUT, "text") == (refusal.code, refusal.values["field"])
    for stranger in ("anna", "carla"):
        refusal = await world.refused("review_signal", other, subject=stranger)
        assert Code.NOT_FOUND is refusal.code


async def test_a_draft_is_there_for_its_two_advisers(world: World) -> None:
    """For a third adviser it is not; each look is recorded."""
    await world.set_up()
    signal_id = await world.draft()
    for name, many in (("anna", 1), ("bram", 1), ("carla", 0)):
        found = await world.ask("signal_drafts", Empty(), SignalDrafts, subject=name)
        assert many == len(found.items)
    refusal = await world.refused("signal_draft", ById(id=str(signal_id)), subject="carla")
    assert Code.NOT_FOUND is refusal.code
    await world.opened(signal_id, "anna")
    looks = [one.event.what for one in await world.log() if one.type == "AccessRecorded"]
    assert ["signal_drafts", "signal_drafts", "signal_draft"] == looks


# What it can be about ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "field"),
    [
        pytest.param({"place": "kitchen"}, "place", id="no unit of the structure"),
        pytest.param({"period": "2026-Q1"}, "period", id="no window of the structure"),
        pytest.param({"period": "2026-H2"}, "period", id="not frozen yet"),
        pytest.param({"evidence": (FIGURE,)}, "evidence", id="not released yet"),
    ],
)
async def test_a_draft_holds_to_what_is_frozen_and_released(
    world: World, said: dict[str, Any], field: str
) -> None:
    """What is not is refused by its field, and leaves nothing."""
    await world.set_up()
    request = world.drafting(uuid4(), author="anna", reviewer="bram", text=None, **said)
    refusal = await world.refused("draft_signal", request, subject="anna")
    assert (Code.INVALID_INPUT, field) == (refusal.code, refusal.values["field"])
    assert "SignalDrafted" not in await world.types()


async def test_evidence_is_a_cell_of_a_released_table_shown_or_not(world: World) -> None:
    """Once it is released one may refer to it; a cell that it does not have is none."""
    await world.set_up()
    await world.facts(12, unit="care")
    await world.ticked(JULY)
    await world.released()
    withheld = msgspec.structs.replace(FIGURE, cell="office")
    signal_id = await world.draft(evidence=(FIGURE, withheld))
    assert (FIGURE, withheld) == (await world.opened(signal_id, "anna")).content.evidence
    unknown = msgspec.structs.replace(FIGURE, cell="kitchen")
    request = world.drafting(
        uuid4(), author="anna", reviewer="bram", text=None, evidence=(unknown,)
    )
    assert (
        "evidence" == (await world.refused("draft_signal", request, subject="anna")).values["field"]
    )


async def test_under_noise_places_are_units_of_the_grid(world: World) -> None:
    """And quarters are periods too."""
    units = tuple(Unit(id=f"unit-{n}", name=f"Afdeling {n}", headcount=3_000) for n in range(4))
    await world.set_up(units=units, policy="noisy")
    signal_id = await world.draft(place="unit-2", period="2026-Q1")
    content = (await world.opened(signal_id, "anna")).content
    assert ("Afdeling 2", "2026-Q1") == (content.place_name, content.period)
    await world.approve(signal_id)
    assert [str(signal_id)] == [one.signal_id for one in (await world.ticked(APRIL)).released]


async def test_one_adviser_alone_tells_no_more_than_the_figures(world: World) -> None:
    """A judgement, or words, take a second adviser."""
    await world.set_up(advisers=("anna",))
    request = world.drafting(uuid4(), author="anna", reviewer=None, text=None)
    refusal = await world.refused("draft_signal", request, subject="anna")
    assert Code.SECOND_ADVISER_NEEDED is refusal.code


LARGE = tuple(Unit(id=f"unit-{n}", name=f"Afdeling {n}", headcount=3_000) for n in range(4))


async def booked(world: World, category: str, count: int, quarter: str) -> None:
    """So many cases of a category in a quarter."""
    facts_id = uuid4()
    fact = Fact(
        facts_id=str(facts_id),
        period=str(Period.containing(Period.parse(quarter).start)),
        category=category,
        unit_id="unit-1",
        count=count,
        quarter=quarter,
    )
    await world.send(
        "intake.v1.facts.booked",
        FactsBooked(organisation_id=str(HERE), taxonomy_version=1, due=JULY, facts=(fact,)),
        facts_id,
    )


async def quarters(world: World, last: int) -> list[Release]:
    """The table of themes of each quarter that is released, once that one of 2026 is."""

    async def there() -> list[Release] | None:
        found = [
            each
            for each in await world.statistics()
            if each.dimension == "theme" and "Q" in each.period
        ]
        return found if f"2026-Q{last}" in {each.period for each in found} else None

    found: list[Release] = await eventually(there)
    return found


async def newly_booked(world: World) -> str:
    """Nine hundred cases in the last quarter, of a theme that noise has not shown in those before, as it
    may in one of seventy walks; the theme.
    """
    await world.set_up(units=LARGE, policy="noisy")
    for day in (APRIL, JULY, OCTOBER):
        await world.ticked(day)
    shown = {cell.code for each in await quarters(world, 3) for cell in each.cells}
    category, theme = next(each for each in themes(1).of.items() if each[1] not in shown)
    await booked(world, category, 900, "2026-Q4")
    await world.ticked(JANUARY)
    # Figures may leave a moment after signals.
    await quarters(world, 4)
    return theme


async def test_rules_draft_what_changed_and_an_adviser_takes_it_up(world: World) -> None:
    """By released figures alone, once, for any adviser; what they make of it bears its evidence, and
    its direction is the figures'.
    """
    theme = await newly_booked(world)

    async def drafted() -> Any:
        """Of this theme; noise may make another look new, once in twenty walks."""
        found = await world.ask("signal_drafts", Empty(), SignalDrafts, subject="carla")
        return [each for each in found.items if each.theme == theme]

    (one,) = await eventually(drafted)
    assert (None, theme, "2026-Q4", "new", "drafted") == (
        one.author_id,
        one.theme,
        one.period,
        one.direction,
        one.status,
    )
    signal_id = UUID(one.id)
    evidence = (await world.opened(signal_id, "anna")).content.evidence
    said: dict[str, Any] = {
        "theme": one.theme,
        "place": "all",
        "period": one.period,
        "direction": one.direction,
        "evidence": evidence,
    }
    await world.draft(signal_id=signal_id, revise=True, **said)
    assert [] == await drafted()
    await world.approve(signal_id)
    await world.ticked(date(2027, 4, 15))
    (released,) = await world.read()
    assert (False, TEXT) == (released.content.judged, released.text)
    runs = [each.event for each in await world.log() if each.type == "SignalRulesRun"]
    # Ticks that follow each other at once may share a run; it is drafted in one, at its own tick.
    assert [JANUARY] == [
        each.day for each in runs for drafted in each.drafted if drafted == signal_id
    ]
    assert {"rules/1"} == {each.rules for each in runs}


async def test_a_direction_that_the_figures_do_not_show_is_marked(world: World) -> None:
    """Nine hundred cases that are new are not declining, whatever two advisers say."""
    theme = await newly_booked(world)
    figure = SignalEvidence(kind="figure", table="theme", period="2026-Q4", cell=theme)
    judged = {}
    for direction in ("new", "declining"):
        signal_id = await world.draft(
            theme=theme,
            place="all",
            period="2026-Q4",
            direction=direction,
            evidence=(figure,),
        )
        judged[direction] = (await world.opened(signal_id, "anna")).content.judged
    assert {"new": False, "declining": True} == judged


# The tick ----------------------------------------------------------------------------------------


async def test_every_tick_has_one_message_of_one_size_news_or_not(world: World) -> None:
    """An organisation with as many signals as can leave, all as long as they can be, and one that
    never had any cannot be told apart by number, size or time.
    """
    longest = tuple(Unit(id=f"{n:03}" + "é" * 197, name="n" * 200, headcount=90) for n in range(2))
    await world.set_up(units=longest)
    await world.set_up(organisation=ELSEWHERE)
    codes = signal_codes.current()
    aims = tuple(code for code in codes.aims if code != signal_codes.NONE)
    for _ in range(MOST_PER_TICK + 1):
        await world.approved(place=longest[0].id, text=None, causes=tuple(codes.causes), aims=aims)
    for organisation in (HERE, ELSEWHERE):
        await world.day(JULY, organisation)
    world.clock.move(datetime(2026, 7, 15, 9, 0, tzinfo=UTC))
    messages = await world.messages(4, "signals-released")
    assert {32_768} == {len(body) for _, body in messages}
    told = [await world._told(one) for one in messages]
    assert {(str(one), day) for one in (HERE, ELSEWHERE) for day in (APRIL, JULY)} == {
        (one.organisation_id, one.day) for one in told
    }
    assert 4 == len(told)
    by_day = {(one.organisation_id, one.day): len(one.released) for one in told}
    assert (0, MOST_PER_TICK) == (by_day[str(HERE), APRIL], by_day[str(HERE), JULY])
    # The one that waited longest left first; the last one waits for the next tick.
    assert 1 == len((await world.ticked(OCTOBER)).released)


async def test_a_message_has_codes_and_no_text(world: World) -> None:
    """Nor evidence, an adviser, a place's name, or a time; its subject names the organisation's token."""
    await world.set_up()
    await world.approved()
    await world.ticked(JULY)
    (subject, body), *_ = [
        one for one in await world.messages(2, "signals-released") if b"care" in one[1]
    ]
    assert f"signals.v1.{TOKENS[HERE]}.signals-released" == subject
    for secret in (TEXT, "anna", "bram", "Zorg", "evidence", "09:00"):
        assert secret.encode() not in body


async def test_many_who_make_a_tick_make_one(world: World) -> None:
    """The service's own look and eight more at the same moment."""
    await world.set_up()
    await world.approved()
    await world.day(JULY)
    world.clock.move(datetime(2026, 7, 15, 9, 0, tzinfo=UTC))
    await asyncio.gather(*(release_signals(world.service.parts) for _ in range(8)))
    assert 2 == len(await world.messages(2, "signals-released"))
    types = await world.types()
    assert (1, 2) == (types.count("SignalReleased"), types.count("SignalTick"))


async def test_what_is_not_approved_does_not_leave(world: World) -> None:
    """Drafted, returned or dropped: the tick passes without it, and what is approved later leaves at
    the next one.
    """
    await world.set_up()
    late = await world.draft()
    dropped = await world.approved()
    gone = WithdrawSignal(signal_id=str(dropped), reason="mistaken")
    await world.ask("withdraw_signal", gone, Done, subject="anna")
    told = await world.ticked(JULY)
    assert ((), ()) == (told.released, told.withdrawn)
    await world.approve(late)
    assert () == await world.read()
    assert [str(late)] == [one.signal_id for one in (await world.ticked(OCTOBER)).released]


# Who reads ---------------------------------------------------------------------------------------

TREE = (
    Unit(id="south", name="Zuid", headcount=60),
    Unit(id="care", name="Zorg", headcount=90, parent="south"),
    Unit(id="office", name="Kantoor", headcount=60),
)


async def test_a_manager_reads_about_the_organisation_and_their_own_branch(world: World) -> None:
    """Above a place one sees it, beside it one does not; without a branch there is the organisation."""
    await world.set_up(units=TREE)
    care = await world.approved(place="care")
    office = await world.approved(place="office")
    whole = await world.approved(place="all")
    await world.ticked(JULY)

    async def seen(unit: str | None) -> set[str]:
        found = await world.read(token=world.managers(unit))
        return {one.id for one in found}

    assert {str(care), str(whole)} == await seen("south") == await seen("care")
    assert {str(office), str(whole)} == await seen("office")
    assert {str(whole)} == await seen(None) == await seen("elsewhere")
    assert 3 == len(await world.read(Role.WORKS_COUNCIL))


async def test_a_manager_reads_the_figures_of_their_own_branch(world: World) -> None:
    """The same release, without the cells of others; the look is recorded."""
    await world.set_up(units=TREE)
    for unit, count in (("south", 30), ("care", 20), ("office", 25), (None, 40)):
        await world.facts(count, unit=unit)
    await world.ticked(JULY)
    (whole,) = await world.released()

    async def seen(unit: str | None) -> dict[str, int]:
        (release,) = await world.released(token=world.managers(unit))
        assert (whole.total, None) == (release.total, release.withheld)
        assert {cell.code for cell in release.cells} == set(release.labels_nl)
        return {cell.code: cell.count for cell in release.cells}

    assert {"south": 30, "care": 20} == await seen("south")
    assert {"office": 25} == await seen("office")
    assert {} == await seen(None)
    looks = [one.event for one in await world.log() if one.type == "AccessRecorded"]
    assert ("statistics", "manager") in [(one.what, one.role) for one in looks]


async def test_a_program_gets_codes_and_no_text(world: World) -> None:
    """Free text is never forwarded automatically."""
    await world.set_up()
    await world.approved()
    await world.ticked(JULY)
    (one,) = await world.read(Role.INTEGRATION)
    assert (None, "rising") == (one.text, one.content.direction)


async def test_a_look_is_recorded_before_signals_are_shown(world: World) -> None:
    """While the log cannot be written nothing is shown."""
    await world.set_up()
    await world.approved()
    await world.ticked(JULY)
    async with await psycopg.AsyncConnection.connect(world.database.admin) as superuser:
        await superuser.execute("LOCK TABLE signals.event IN SHARE ROW EXCLUSIVE MODE")
        asked = asyncio.create_task(world.read())
        await asyncio.sleep(0.4)
        assert not asked.done()
    assert 1 == len(await asked)
    look = (await world.log())[-1]
    assert ("AccessRecorded", "signals", "hr") == (look.type, look.event.what, look.event.role)


async def test_signals_are_one_s_own_organisation_s(world: World) -> None:
    """Another organisation's readers see none of them."""
    await world.set_up()
    await world.set_up(organisation=ELSEWHERE)
    signal_id = await world.approved()
    await world.ticked(JULY)
    await world.ticked(JULY, ELSEWHERE)
    assert () == await world.read(organisation=ELSEWHERE)
    drop = WithdrawSignal(signal_id=str(signal_id), reason="mistaken")
    refusal = await world.refused("withdraw_signal", drop, subject="anna", organisation=ELSEWHERE)
    assert Code.NOT_FOUND is refusal.code


# Withdrawn ---------------------------------------------------------------------------------------


async def test_a_withdrawn_signal_is_gone_at_once_and_told_at_the_next_tick(world: World) -> None:
    """Of it stays that there was one, and why; its text is in no table that readers' answers are made
    of, nor in the past.
    """
    await world.set_up()
    signal_id = await world.approved()
    await world.ticked(JULY)
    size = await checkpoint(world.running, date(2026, 7, 16))
    assert TEXT == (await world.read(as_of=size))[0].text
    gone = WithdrawSignal(signal_id=str(signal_id), reason="points_at_somebody")
    await world.ask("withdraw_signal", gone, Done, subject="carla")
    expected = Signal(
        id=str(signal_id),
        released_week="2026-W29",
        content=None,
        text=None,
        withdrawn=SignalWithdrawal(reason="points_at_somebody", week="2026-W29"),
    )
    assert (expected,) == await world.read() == await world.read(as_of=size)
    # Not from which questions it answers, either: to all of them there was one.
    for period in ("2026-H1", "2026-Q1", "2026-H2", "2031-Q3"):
        assert (expected,) == await world.read(period=period)
    for unit in ("unit-1", "unit-2", None):
        assert (expected,) == await world.read(token=world.managers(unit))
    hidden = "SELECT period, place, scope FROM released_signal"
    assert [(None, None, None)] == world.rows(hidden)
    assert [(None,)] == world.rows("SELECT content FROM released_signal")

    told = await world.ticked(OCTOBER)
    assert ((), (str(signal_id),)) == (told.released, told.withdrawn)
    assert () == (await world.ticked(date(2027, 1, 15))).withdrawn


async def test_a_repeated_command_changes_nothing(world: World) -> None:
    """The same key gives the first answer."""
    await world.set_up()
    request = world.drafting(uuid4(), author="anna", reviewer="bram", text=TEXT)
    first = await world.ask("draft_signal", request, Done, subject="anna", key="once-only")
    again = await world.ask("draft_signal", request, Done, subject="anna", key="once-only")
    assert first == again
    assert 1 == (await world.types()).count("SignalDrafted")


TABLES = ("signal_index", "held_signal_tick", "held_withdrawal", "held_rules", "released_signal")


async def test_the_tables_of_signals_are_made_of_their_events(world: World) -> None:
    """Projections that are made anew hold the same rows; nothing leaves again."""
    await world.set_up()
    withdrawn = await world.approved()
    await world.approved()
    await world.draft()
    await world.ticked(JULY)
    gone = WithdrawSignal(signal_id=str(withdrawn), reason="overtaken")
    await world.ask("withdraw_signal", gone, Done, subject="bram")

    def rows() -> list[list[tuple[Any, ...]]]:
        return [sorted(world.rows(f"SELECT * FROM {table}"), key=repr) for table in TABLES]  # noqa: S608

    before, messages = rows(), await world.messages(2, "signals-released")
    assert [3, 1, 1, 0, 2] == [len(table) for table in before]
    await rebuild_projections(world.service.definition, world.service.settings)
    assert before == rows()
    assert messages == await world.messages(2, "signals-released")
