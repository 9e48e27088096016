"""Pulses through the whole service: frozen, answered without a name, closed, counted once, read."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from hoeksteen_client import PulseToken, make_pulse_tokens
from services.signals import pulse_box
from services.signals.commands.release_signals import release_signals
from services.signals.domain.pulse import (
    PulseDrawn,
    PulseFrozen,
    PulsePlace,
    PulseQuestion,
    PulseSheet,
    show_drawn,
)
from services.signals.events import TYPES
from services.signals.released import SIZE_CLASS
from services.signals.service import DEFINITION
from services.signals.streams import pulse_release_stream, pulse_stream
from shared.contracts.errors import Code, Refusal
from shared.contracts.events import CloudEvent, PulseReleased
from shared.contracts.rpc import (
    AnswerPulse,
    Done,
    Empty,
    IssuePulseTokens,
    OpenPulse,
    PrivacyBudget,
    PrivacyBudgetQuery,
    PulseResult,
    PulseResults,
    PulseResultsQuery,
    Pulses,
    Unit,
)
from shared.eventstore.store import Change, Conflict
from shared.identity.roles import Role
from shared.runtime.operate import rebuild_projections
from tests.component.test_signal_life import World
from tests.conftest import Database
from tests.nats_server import Bus, running_bus
from tests.service_lab import HERE, eventually, running
from tests.store_lab import NOW, store_lab

OPENS, CLOSES, AFTER = date(2026, 3, 9), date(2026, 3, 27), date(2026, 3, 28)
APRIL, JULY = date(2026, 4, 15), date(2026, 7, 15)
ASKED = ("seen_and_heard",)
UNITS = (
    Unit(id="south", name="Zuid", headcount=60),
    Unit(id="care", name="Zorg", headcount=90, parent="south"),
    Unit(id="office", name="Kantoor", headcount=60),
)


@dataclass
class Pulse(World):
    """The service with a pulse, and employees who have a token each."""

    async def open(
        self, questions: Sequence[str] = ASKED, *, tokens: int = 0, **more: Any
    ) -> list[PulseToken]:
        """Frozen, tokens issued, and the first day has come."""
        asked: dict[str, Any] = {"opens_on": OPENS, "closes_on": CLOSES}
        request = OpenPulse(questions=tuple(questions), **(asked | more))
        await self.ask("open_pulse", request, Done, role=Role.HR)
        made = make_pulse_tokens(tokens)
        if made:
            hashes = tuple(token.hash for token in made)
            issue = IssuePulseTokens(period="2026-H1", hashes=hashes)
            await self.ask("issue_pulse_tokens", issue, Done, role=Role.HR)
        self.at(OPENS)
        return made

    def at(self, day: date, hour: int = 9) -> None:
        """From now on it is that hour of the day."""
        self.running.clock.move(datetime(day.year, day.month, day.day, hour, 0, tzinfo=UTC))

    async def answer(self, token: PulseToken, *answers: int, place: str | None = None) -> Done:
        """Somebody answers with their token."""
        found: Done = await self.ask(
            "answer_pulse",
            AnswerPulse(place=place, answers=answers),
            Done,
            token=token.bearer(HERE),
        )
        return found

    async def refused_answer(self, token: PulseToken | str, *answers: int) -> Refusal:
        """With what an answer is refused."""
        bearer = token if isinstance(token, str) else token.bearer(HERE)
        found: Refusal = await self.refused(
            "answer_pulse", AnswerPulse(answers=answers), token=bearer
        )
        return found

    async def closed(self) -> None:
        """The last day is over, and the sheets are in the log."""
        self.at(AFTER, 0)

        async def there() -> bool:
            return "PulseClosed" in await self.types() and not self.rows("SELECT FROM pulse_box")

        await eventually(there)

    async def results(self, role: Role = Role.WORKS_COUNCIL, **who: Any) -> tuple[PulseResult, ...]:
        """What readers are shown."""
        found = await self.ask(
            "pulse_results", PulseResultsQuery(), PulseResults, **({"role": role} | who)
        )
        return tuple(found.items)


@pytest_asyncio.fixture
async def bus(tmp_path: Path) -> AsyncIterator[Bus]:
    folder = tmp_path / "nats"
    folder.mkdir()
    async with running_bus(folder) as bus:
        yield bus


@pytest_asyncio.fixture
async def pulse(database: Database, tmp_path: Path, bus: Bus) -> AsyncIterator[Pulse]:
    async with running(DEFINITION, database, bus, tmp_path) as service:
        yield Pulse(service)


# The walk ----------------------------------------------------------------------------------------


async def test_a_pulse_walks_from_its_questions_to_its_readers(pulse: Pulse) -> None:
    """Drawn once at the tick after it closed, with its budget; before that nobody reads anything."""
    await pulse.set_up(units=UNITS, policy="noisy")
    tokens = await pulse.open(tokens=120)
    (asked,) = (await pulse.ask("pulses", Empty(), Pulses, token=tokens[0].bearer(HERE))).items
    assert ("2026-H1", ["seen_and_heard"], APRIL) == (
        asked.period,
        [question.code for question in asked.questions],
        asked.due,
    )
    for number, token in enumerate(tokens):
        await pulse.answer(token, 1 + number % 5)
    await pulse.closed()
    assert () == await pulse.results()
    told = await pulse.ticked(APRIL)
    assert "2026-H1" == told.pulse
    (result,) = await pulse.results()
    (table,) = result.tables
    # Noise at ε 1 has a standard deviation of 1.4 a cell: 30 is far beyond it.
    assert table.answers is not None
    assert abs(table.answers - 120) < 30
    assert all(abs((count or 0) - 24) < 20 for count in table.figures[0].counts)
    assert (1.0, 3, 5) == (result.epsilon, table.margin, table.least)
    events = [one.event for one in await pulse.log() if one.type == "PrivacyBudgetDebited"]
    assert ("pulse", "2026-H1", 1.0) in [(one.measure, one.period, one.epsilon) for one in events]
    budget = await pulse.ask(
        "privacy_budget", PrivacyBudgetQuery(), PrivacyBudget, role=Role.WORKS_COUNCIL
    )
    assert [("2026-H1", 1.0, False)] == [
        (one.period, one.spent, one.adopted) for one in budget.pulses
    ]
    # Reporting gets what readers get, in one message, and integrations do not.
    (told_inside,) = await pulse.messages(1, "pulse.released")
    assert ("signals-inside.v1.pulse.released", 0) == (
        told_inside[0],
        len(told_inside[1]) % SIZE_CLASS,
    )
    event = msgspec.json.decode(told_inside[1], type=CloudEvent)
    data = msgspec.json.decode(event.data, type=PulseReleased)
    assert (result, str(HERE), event.id) == (data.result, data.organisation_id, data.release_id)
    # A sheet is no case: what it spent is in no period's budget.
    assert all("pulse" not in {draw.measure for draw in one.draws} for one in budget.periods)
    assert () == (await pulse.ask("pulses", Empty(), Pulses, role=Role.EMPLOYEE)).items


async def test_a_pulse_has_noise_where_other_figures_are_exact(pulse: Pulse) -> None:
    """So HR, who used every token but one, reads nothing of the one: what is told of the round is a
    function of its draw.
    """
    await pulse.set_up(units=UNITS)  # exact
    tokens = await pulse.open(tokens=150)
    for number, token in enumerate(tokens):
        await pulse.answer(token, 1 + number % 5)
    await pulse.closed()
    await pulse.ticked(APRIL)
    (result,) = await pulse.results()
    assert ("noisy", 1.0) == (result.policy, result.epsilon)
    log = {one.type: one.event for one in await pulse.log()}
    assert "exact" == log["OrganisationAdopted"].policy
    assert log["PulseReleased"] == show_drawn(log["PulseFrozen"], log["PulseDrawn"])
    assert ("pulse", 1.0) == (
        log["PrivacyBudgetDebited"].measure,
        log["PrivacyBudgetDebited"].epsilon,
    )
    assert {None} == {figures.withheld for table in result.tables for figures in table.figures}
    budget = await pulse.ask("privacy_budget", PrivacyBudgetQuery(), PrivacyBudget, role=Role.HR)
    assert [("2026-H1", 1.0)] == [(one.period, one.spent) for one in budget.pulses]


async def test_a_round_that_was_frozen_for_exact_figures_gets_noise_too(pulse: Pulse) -> None:
    """Ten answers, nine of them HR's: before, the tenth could be read off."""
    await pulse.set_up(units=UNITS)  # exact
    old = PulseFrozen(
        organisation_id=HERE,
        token="old",
        period="2026-H1",
        policy="exact",
        rule="pulse-exact/1",
        epsilon=0.0,
        k=10,
        codes_version=1,
        questions=(PulseQuestion(code="seen_and_heard", en="Seen?", nl="Gezien?"),),
        places=(PulsePlace(code="all", name="", scope=()),),
        opens_on=OPENS,
        closes_on=CLOSES,
        due=APRIL,
    )
    stream = pulse_stream(HERE, "2026-H1")
    at = pulse.service.parts.clock.now()
    await pulse.service.parts.store.append(HERE, [Change(stream, 1, old)], actor="hr", at=at)
    await pulse.service.projector.catch_up()
    tokens = make_pulse_tokens(10)
    issue = IssuePulseTokens(period="2026-H1", hashes=tuple(token.hash for token in tokens))
    await pulse.ask("issue_pulse_tokens", issue, Done, role=Role.HR)
    pulse.at(OPENS)
    for number, token in enumerate(tokens):
        await pulse.answer(token, 5 if number else 1)
    await pulse.closed()
    await pulse.ticked(APRIL)
    (result,) = await pulse.results()
    assert ("noisy", 1.0) == (result.policy, result.epsilon)
    assert 1 == (await pulse.types()).count("PulseDrawn")


async def test_an_answer_may_say_from_which_unit(pulse: Pulse) -> None:
    """A manager sees the organisation and their own branch; others see every place."""
    await pulse.set_up(units=UNITS, policy="noisy")
    tokens = await pulse.open(tokens=150, by_unit=True)
    (asked,) = (await pulse.ask("pulses", Empty(), Pulses, role=Role.HR)).items
    places = [place.code for place in asked.places]
    assert 4 == len(places)
    assert "not_said" == places[-1]
    for number, token in enumerate(tokens):
        await pulse.answer(token, 1 + number % 5, place=places[number % 3])
    await pulse.closed()
    await pulse.ticked(APRIL)
    (result,) = await pulse.results()
    assert ["all", *places[:-1]] == [table.place for table in result.tables]
    (seen,) = await pulse.results(token=pulse.managers("care"))
    assert ["all", "care"] == [table.place for table in seen.tables]


# Tokens ------------------------------------------------------------------------------------------


async def test_a_token_answers_once(pulse: Pulse) -> None:
    """Of ten who answer with it at the same moment one is counted, and all are told."""
    await pulse.set_up(units=UNITS)
    (token,) = await pulse.open(tokens=1)
    tries = await asyncio.gather(
        *(pulse.answer(token, 4) for _ in range(10)), return_exceptions=True
    )
    refusals = [one for one in tries if isinstance(one, Refusal)]
    assert (9, {Code.PULSE_ANSWERED}) == (len(refusals), {one.code for one in refusals})
    assert Code.PULSE_ANSWERED is (await pulse.refused_answer(token, 1)).code
    await pulse.closed()
    (kept,) = [one.event for one in await pulse.log() if one.type == "PulseSheetsKept"]
    assert (PulseSheet(place="all", answers=(4,)),) == kept.sheets


async def test_a_token_that_nobody_issued_answers_nothing(pulse: Pulse) -> None:
    """Nor does an employee who signed in with a name; nothing is kept of either."""
    await pulse.set_up(units=UNITS)
    await pulse.open(tokens=1)
    assert Code.NOT_FOUND is (await pulse.refused_answer(PulseToken.generate(), 3)).code
    named = pulse.token(Role.EMPLOYEE)
    assert Code.NOT_FOUND is (await pulse.refused_answer(named, 3)).code
    broken = make_pulse_tokens(1)[0].bearer(HERE)[:-1]
    assert Code.NOT_SIGNED_IN is (await pulse.refused_answer(broken, 3)).code
    assert [] == pulse.rows("SELECT * FROM pulse_used")


async def test_answers_are_taken_on_the_days_of_the_round(pulse: Pulse) -> None:
    """Not on the eve, and not on the morrow; a sheet that is not whole leaves the token unused."""
    await pulse.set_up(units=UNITS)
    first, second = await pulse.open(tokens=2)
    pulse.at(date(2026, 3, 8), 23)
    assert Code.PULSE_NOT_OPEN is (await pulse.refused_answer(first, 3)).code
    pulse.at(CLOSES, 23)
    assert "answers" == (await pulse.refused_answer(first, 6)).values["field"]
    await pulse.answer(first, 3)
    await pulse.closed()
    assert Code.PULSE_NOT_OPEN is (await pulse.refused_answer(second, 3)).code


async def test_there_are_no_more_tokens_than_people(pulse: Pulse) -> None:
    """210 of them; and one round in a half-year."""
    await pulse.set_up(units=UNITS)
    await pulse.open(tokens=210)
    one_more = IssuePulseTokens(period="2026-H1", hashes=(bytes(32),))
    refusal = await pulse.refused("issue_pulse_tokens", one_more, role=Role.HR)
    assert (Code.TOO_LARGE, 210) == (refusal.code, refusal.values["limit"])
    second = OpenPulse(questions=ASKED, opens_on=date(2026, 5, 4), closes_on=date(2026, 5, 8))
    assert Code.ALREADY_EXISTS is (await pulse.refused("open_pulse", second, role=Role.HR)).code


# Nothing between token and answer ----------------------------------------------------------------


async def test_nothing_links_a_token_to_an_answer(pulse: Pulse) -> None:
    """While it runs the log has nothing of any answer, and the tables hold used tokens and one
    encrypted block; afterwards there are the sheets, in another order than that of answering, in a
    stream of a random id, and no token.
    """
    await pulse.set_up(units=UNITS)
    codes = ("seen_and_heard", "ideas_shared", "mistakes_discussed")
    tokens = await pulse.open(codes, tokens=60)
    before = await pulse.types()
    given = [(1 + n % 5, 1 + n // 5 % 5, 1 + n // 25) for n in range(60)]
    for token, answers in zip(tokens, given, strict=True):
        await pulse.answer(token, *answers)
    assert before == await pulse.types()
    used = {bytes(row[0]) for row in pulse.rows("SELECT hash FROM pulse_used")}
    assert {token.hash for token in tokens} == used
    ((block, columns),) = pulse.rows("SELECT ciphertext, to_jsonb(pulse_box) FROM pulse_box")
    assert {"organisation", "period", "closed", "key_id", "nonce", "ciphertext"} == set(columns)
    assert b"answers" not in bytes(block)

    await pulse.closed()
    assert [] == pulse.rows("SELECT * FROM pulse_used")
    (kept,) = [one for one in await pulse.log() if one.type == "PulseSheetsKept"]
    sheets = [sheet.answers for sheet in kept.event.sheets]
    assert Counter(given) == Counter(sheets)
    # Sixty sheets in their old order would be chance, once in 60! rounds.
    assert given != sheets
    assert 4 == kept.stream.version
    told = msgspec.json.encode(kept.event)
    assert not any(token.hash.hex().encode() in told for token in tokens)


async def test_the_box_is_shuffled_with_every_answer(pulse: Pulse) -> None:
    """Whoever reads it in between finds the newest sheet anywhere."""
    await pulse.set_up(units=UNITS)
    tokens = await pulse.open(("seen_and_heard", "ideas_shared"), tokens=24)
    places = []
    for number, token in enumerate(tokens):
        answers = (1 + number % 5, 1 + number // 5)
        await pulse.answer(token, *answers)
        async with (
            pulse.service.pool.connection() as connection,
            connection.transaction(force_rollback=True),
        ):
            _, sheets = await pulse_box._opened(pulse.service.parts, connection, HERE, "2026-H1")
        places.append([sheet.answers for sheet in sheets].index(answers) / len(sheets))
    # Were it always the last, this would be near 1; at random places it is near a half.
    assert 0.15 < sum(places) / len(places) < 0.8


async def test_an_answer_leaves_no_trace_in_what_is_measured(pulse: Pulse) -> None:
    """No span, no metric, no access event, no idempotency key; also of one that is refused."""
    await pulse.set_up(units=UNITS)
    token, other = await pulse.open(tokens=2)
    measured = pulse.service.telemetry.exposition()
    keys = pulse.rows("SELECT count(*) FROM idempotency")
    await pulse.ask("pulses", Empty(), Pulses, token=token.bearer(HERE))
    await pulse.answer(token, 2)
    await pulse.refused_answer(token, 2)
    await pulse.refused_answer(other, 9)
    assert measured == pulse.service.telemetry.exposition()
    assert keys == pulse.rows("SELECT count(*) FROM idempotency")
    assert "AccessRecorded" not in await pulse.types()


# Once and never again ----------------------------------------------------------------------------


async def test_a_round_that_was_cut_off_while_it_closed_is_closed_as_it_was(pulse: Pulse) -> None:
    """Shut, and then a crash before anything stood in the log: no answer is lost, none comes in."""
    await pulse.set_up(units=UNITS)
    tokens = await pulse.open(tokens=12)
    for token in tokens[:11]:
        await pulse.answer(token, 3)
    assert 11 == len(await pulse_box.shut(pulse.service.parts, HERE, "2026-H1"))
    assert Code.PULSE_NOT_OPEN is (await pulse.refused_answer(tokens[11], 3)).code
    await pulse.closed()
    (kept,) = [one.event for one in await pulse.log() if one.type == "PulseSheetsKept"]
    assert 11 == len(kept.sheets)
    assert 1 == (await pulse.types()).count("PulseClosed")


async def test_many_who_release_at_once_draw_once(pulse: Pulse) -> None:
    """The service's own look and eight more; asked again it is the same to the byte, also after the
    tables were made anew.
    """
    await pulse.set_up(units=UNITS, policy="noisy")
    for token in await pulse.open(tokens=40):
        await pulse.answer(token, 3)
    await pulse.closed()
    await pulse.day(APRIL)
    pulse.at(APRIL)
    await asyncio.gather(*(release_signals(pulse.service.parts) for _ in range(8)))
    await pulse.seen()
    first = await pulse.results()
    assert 1 == len(first)
    assert 1 == (await pulse.types()).count("PulseDrawn")
    await pulse.ticked(JULY)
    await rebuild_projections(pulse.service.definition, pulse.service.settings)
    assert first == await pulse.results()
    assert 1 == (await pulse.types()).count("PulseDrawn")


async def test_the_database_refuses_a_second_draw(database: Database, tmp_path: Path) -> None:
    """Of two processes one draws; neither can draw again."""

    def drawn(value: int) -> Change:
        event = PulseDrawn(
            release_id=HERE, period="2026-H1", epsilon=1.0, values=(value,) * 5, library="test"
        )
        return Change(pulse_release_stream(HERE, "2026-H1"), 1, event)

    async with (
        store_lab(database, tmp_path, TYPES, service="signals") as one,
        store_lab(database, tmp_path, TYPES, service="signals") as other,
    ):
        results = await asyncio.gather(
            *(
                lab.store.append(HERE, [drawn(value)], actor="signals", at=NOW)
                for value, lab in ((1, one), (2, other))
            ),
            return_exceptions=True,
        )
        assert 1 == sum(isinstance(result, Conflict) for result in results)
        with pytest.raises(Conflict):
            await other.store.append(HERE, [drawn(3)], actor="signals", at=NOW)
