"""A pulse: frozen before it opens, answered with tokens, counted once, and what is shown of it."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

import msgspec
import pytest

from services.signals.domain import pulse as pulse_module
from services.signals.domain.ground import Ground, Place
from services.signals.domain.pulse import (
    EPSILON,
    PulseClosed,
    PulseDrawn,
    PulseFrozen,
    PulsePlace,
    PulseQuestion,
    PulseSheet,
    PulseTokensIssued,
    Round,
    close,
    count,
    draw,
    evolve,
    freeze,
    is_open,
    issue,
    sheet_of,
    show_drawn,
    with_noise,
)
from services.signals.released import OUTBOUND, SIZE_CLASS, size_of_pulse
from shared.contracts.errors import REASONS, Code
from shared.taxonomy import pulse_codes
from shared.taxonomy.calendar import next_quarterly_tick
from tests.gwt import Given, given

if TYPE_CHECKING:
    from shared.eventstore.store import Recorded

ORGANISATION = UUID("6f1d2c3b-0000-4000-8000-000000000001")
RELEASE = UUID("6f1d2c3b-0000-4000-8000-000000000002")
TODAY = date(2026, 8, 31)
OPENS, CLOSES = date(2026, 9, 1), date(2026, 9, 30)
QUESTIONS = tuple(
    PulseQuestion(code=one.code, en=one.en, nl=one.nl)
    for one in pulse_codes.current().questions.values()
)
SEEN, IDEAS = QUESTIONS[:2]
GROUND = Ground(
    taxonomy_version=1,
    periods=frozenset({"2026-H2"}),
    themes=frozenset(),
    places={
        "all": Place(code="all", name=""),
        "care": Place(code="care", name="Zorg", scope=("care",)),
        "office": Place(code="office", name="Kantoor", scope=("office",)),
    },
)
WHOLE = (PulsePlace(code="all", name="", scope=()),)
UNITS = (
    PulsePlace(code="care", name="Zorg", scope=("care",)),
    PulsePlace(code="office", name="Kantoor", scope=("office",)),
    PulsePlace(code="not_said", name="", scope=()),
)
FROZEN = PulseFrozen(
    organisation_id=ORGANISATION,
    token="5d41402abc4b2a76",
    period="2026-H2",
    policy="noisy",
    rule="pulse-noisy/1",
    epsilon=0.5,
    k=10,
    codes_version=2,
    questions=(SEEN, IDEAS),
    places=WHOLE,
    opens_on=OPENS,
    closes_on=CLOSES,
    due=date(2026, 10, 15),
)
BY_UNIT = replace(FROZEN, places=UNITS)
HASHES = tuple(bytes([number]) * 32 for number in range(5))
ISSUED = PulseTokensIssued(hashes=HASHES)


def after(*events: Any) -> Given[Round]:
    return given(Round(), evolve, events)


def freezing(**changes: Any) -> Callable[[Round], object]:
    said: dict[str, Any] = {
        "organisation_id": ORGANISATION,
        "token": "5d41402abc4b2a76",
        "policy": "noisy",
        "ground": GROUND,
        "questions": ("seen_and_heard", "ideas_shared"),
        "by_unit": False,
        "opens_on": OPENS,
        "closes_on": CLOSES,
        "today": TODAY,
    }
    return lambda state: freeze(state, **(said | changes))


def issuing(hashes: Sequence[bytes] = HASHES, staff: int = 50, today: date = TODAY) -> Any:
    return lambda state: issue(state, hashes, staff=staff, today=today)


def silent(counts: Sequence[int], _epsilon: float) -> list[int]:
    """A sampler without noise: what is shown is then known."""
    return list(counts)


def sheets(*many: tuple[int, str, tuple[int, ...]]) -> list[PulseSheet]:
    """So many sheets each, of a place, with these answers."""
    return [
        PulseSheet(place=place, answers=answers)
        for number, place, answers in many
        for _ in range(number)
    ]


# Frozen -----------------------------------------------------------------------------------------


def test_a_round_is_frozen_before_it_opens() -> None:
    """Questions in both languages, days, places and how it is released."""
    after().when(freezing()).then(FROZEN)
    after().when(freezing(by_unit=True)).then(BY_UNIT)


def test_a_round_has_noise_where_other_figures_are_exact() -> None:
    """Who issues the tokens could use all but one, and read the one."""
    after().when(freezing(policy="exact")).then(FROZEN)


@pytest.mark.parametrize("asked", [1, 2, 3, 4, 5])
def test_a_whole_sheet_spends_the_same_whatever_is_asked(asked: int) -> None:
    """ε = 1, shared over the questions."""
    codes = [question.code for question in QUESTIONS[:asked]]
    frozen: Any = freezing(questions=codes)(Round())
    assert pytest.approx(1.0) == EPSILON == frozen.epsilon * asked


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        pytest.param({"opens_on": TODAY}, Code.INVALID_INPUT, "opensOn", id="opens today"),
        pytest.param({"closes_on": OPENS}, Code.INVALID_INPUT, "closesOn", id="no day long"),
        pytest.param({"closes_on": date(2026, 11, 2)}, Code.INVALID_INPUT, "closesOn", id="long"),
        pytest.param(
            {"opens_on": date(2026, 12, 1), "closes_on": date(2027, 1, 5)},
            Code.INVALID_INPUT,
            "closesOn",
            id="over two half-years",
        ),
        pytest.param({"questions": ()}, Code.INVALID_INPUT, "questions", id="asks nothing"),
        pytest.param(
            {"questions": ("seen_and_heard",) * 2}, Code.INVALID_INPUT, "questions", id="asks twice"
        ),
        pytest.param(
            {"questions": ("who_are_you",)}, Code.UNKNOWN_CODE, "questions", id="asks more"
        ),
        pytest.param(
            {"questions": tuple(one.code for one in QUESTIONS[:6])}, Code.TOO_LARGE, None, id="six"
        ),
        pytest.param({"by_unit": True, "ground": None}, Code.INVALID_INPUT, "byUnit", id="no grid"),
        pytest.param(
            {"by_unit": True, "policy": "exact"}, Code.INVALID_INPUT, "byUnit", id="two dimensions"
        ),
    ],
)
def test_a_round_that_cannot_be_is_refused(
    changes: dict[str, Any], code: Code, field: str | None
) -> None:
    """By its field."""
    assert field == after().when(freezing(**changes)).then_refused(code).values.get("field")


def test_there_is_one_round_in_a_half_year() -> None:
    """Somebody who answers, answers once."""
    after(FROZEN).when(freezing()).then_refused(Code.ALREADY_EXISTS)


def test_a_round_is_released_at_the_first_tick_after_it_closed() -> None:
    """The quarterly ticks; the closing day itself is too early."""
    assert date(2026, 10, 15) == next_quarterly_tick(date(2026, 9, 30))
    assert date(2027, 1, 15) == next_quarterly_tick(date(2026, 10, 15))
    assert date(2026, 1, 15) == next_quarterly_tick(date(2026, 1, 14))


# Tokens -----------------------------------------------------------------------------------------


def test_tokens_come_in_batches_up_to_the_staff() -> None:
    """Before the round and while it is open; only their hashes."""
    after(FROZEN).when(issuing()).then(ISSUED)
    after(FROZEN, ISSUED).when(issuing([b"x" * 32], today=CLOSES)).then(
        PulseTokensIssued(hashes=(b"x" * 32,))
    )


@pytest.mark.parametrize(
    ("hashes", "staff", "today", "code"),
    [
        pytest.param((), 50, TODAY, Code.INVALID_INPUT, id="none"),
        pytest.param((b"short",), 50, TODAY, Code.INVALID_INPUT, id="no hash"),
        pytest.param((b"x" * 32,) * 2, 50, TODAY, Code.INVALID_INPUT, id="twice in one"),
        pytest.param((HASHES[0],), 50, TODAY, Code.INVALID_INPUT, id="issued before"),
        pytest.param((b"x" * 32,), 5, TODAY, Code.TOO_LARGE, id="more than people"),
        pytest.param((b"x" * 32,), 50, date(2026, 10, 1), Code.ALREADY_DECIDED, id="too late"),
    ],
)
def test_tokens_that_nobody_needs_are_refused(
    hashes: tuple[bytes, ...], staff: int, today: date, code: Code
) -> None:
    """More tokens than people would be votes of nobody."""
    after(FROZEN, ISSUED).when(issuing(hashes, staff, today)).then_refused(code)


def test_a_thousand_tokens_are_enough_for_one_request() -> None:
    """More come in another."""
    many = [number.to_bytes(32, "big") for number in range(1_001)]
    after(FROZEN).when(issuing(many, 5_000)).then_refused(Code.TOO_LARGE)
    after().when(issuing()).then_refused(Code.NOT_FOUND)


# Answers ----------------------------------------------------------------------------------------


def test_a_round_is_open_on_both_its_days() -> None:
    """And on none before or after."""
    days = (TODAY, OPENS, CLOSES, date(2026, 10, 1))
    assert [False, True, True, False] == [is_open(FROZEN, day) for day in days]


def test_a_sheet_answers_every_question() -> None:
    """Who does not say from where counts in a place of its own; or in the organisation."""
    assert PulseSheet(place="care", answers=(1, 5)) == sheet_of(BY_UNIT, "care", (1, 5))
    assert PulseSheet(place="not_said", answers=(3, 3)) == sheet_of(BY_UNIT, None, (3, 3))
    assert PulseSheet(place="all", answers=(2, 4)) == sheet_of(FROZEN, None, (2, 4))


@pytest.mark.parametrize(
    ("place", "answers", "field"),
    [
        pytest.param("kitchen", (1, 5), "place", id="no place of the round"),
        pytest.param("all", (1, 5), "place", id="a sum"),
        pytest.param("care", (1,), "answers", id="not every question"),
        pytest.param("care", (1, 5, 5), "answers", id="more than asked"),
        pytest.param("care", (0, 5), "answers", id="below one"),
        pytest.param("care", (1, 6), "answers", id="above five"),
    ],
)
def test_a_sheet_that_cannot_be_is_refused(
    place: str, answers: tuple[int, ...], field: str
) -> None:
    """By its field; no answer is repeated."""
    refused = after(BY_UNIT).when(lambda _: sheet_of(BY_UNIT, place, answers))
    assert field == refused.then_refused(Code.INVALID_INPUT).values["field"]


def test_a_round_is_closed_once_when_its_last_day_is_over() -> None:
    """Then the sheets are facts like others."""
    kept = (RELEASE,)
    tomorrow = date(2026, 10, 1)
    after(FROZEN).when(lambda one: close(one, kept, today=CLOSES)).then()
    after(FROZEN).when(lambda one: close(one, kept, today=tomorrow)).then(PulseClosed(kept=kept))
    closed = after(FROZEN, PulseClosed(kept=kept))
    closed.when(lambda one: close(one, (), today=tomorrow)).then()
    closed.when(issuing([b"x" * 32])).then_refused(Code.ALREADY_DECIDED)


# Counted ----------------------------------------------------------------------------------------


def test_one_sheet_more_is_one_more_in_one_cell_of_each_question() -> None:
    """So ε of one question, times the questions, is what it spends."""
    rng = random.Random(7)  # noqa: S311  the same rounds each time
    for _ in range(200):
        some = [
            PulseSheet(
                place=rng.choice(UNITS).code,
                answers=(rng.randint(1, 5), rng.randint(1, 5)),
            )
            for _ in range(rng.randint(1, 30))
        ]
        one_less = some[:-1]
        steps = [a - b for a, b in zip(count(BY_UNIT, some), count(BY_UNIT, one_less), strict=True)]
        assert [1, 1] == [step for step in steps if step]
        per_place = [steps[at : at + 10] for at in range(0, 30, 10)]
        (touched,) = [place for place in per_place if any(place)]
        assert (1, 1) == (sum(touched[:5]), sum(touched[5:]))


def test_every_cell_is_drawn_zeros_included() -> None:
    """Places times questions times five, at the ε of one question."""
    asked: list[tuple[int, float]] = []

    def sample(counts: Sequence[int], epsilon: float) -> list[int]:
        asked.append((len(counts), epsilon))
        return list(counts)

    drawn = draw(BY_UNIT, [], release_id=RELEASE, sample=sample, library="test")
    assert [(30, 0.5)] == asked
    assert (
        PulseDrawn(
            release_id=RELEASE, period="2026-H2", epsilon=0.5, values=(0,) * 30, library="test"
        )
        == drawn
    )


# Shown ------------------------------------------------------------------------------------------


def shown(frozen: PulseFrozen, some: Sequence[PulseSheet]) -> Any:
    drawn = draw(frozen, some, release_id=RELEASE, sample=silent, library="test")
    return show_drawn(frozen, drawn)


def test_figures_that_are_large_enough_are_shown_with_their_margin() -> None:
    """At ε 0.5 a cell is shown from 10 on, give or take 6; the number of answers from 12 on, give
    or take 9 (the law of the noise: tests/domain/test_noise.py).
    """
    some = sheets(
        (40, "all", (4, 5)),
        (9, "all", (1, 4)),
        (10, "all", (2, 1)),
        (3, "all", (3, 2)),
        (1, "all", (5, 3)),
    )
    released = shown(FROZEN, some)
    (table,) = released.tables
    assert (63, 9, 6, 10) == (table.answers, table.answers_margin, table.margin, table.least)
    assert [(None, 10, None, 40, None), (10, None, None, None, 40)] == [
        figures.counts for figures in table.figures
    ]
    assert (1.0, "pulse-noisy/1") == (released.epsilon, released.rule)


@pytest.mark.parametrize(("questions", "least"), [(1, 10), (2, 12), (3, 15), (4, 16), (5, 18)])
def test_with_too_few_answers_nothing_is_shown(questions: int, least: int) -> None:
    """Ten at least, and so many that silence is taken for answers once in two hundred rounds."""
    frozen = replace(FROZEN, questions=QUESTIONS[:questions], epsilon=1.0 / questions)
    # Without noise the empty cells, settled, take something away: a sheet of each answer keeps them full.
    full = [PulseSheet(place="all", answers=(answer,) * questions) for answer in (1, 2, 3, 4, 5)]
    enough = full * 20
    (table,) = shown(frozen, enough).tables
    assert 100 == table.answers
    (table,) = shown(frozen, (full * 5)[:least]).tables
    assert least == table.answers
    (table,) = shown(frozen, (full * 5)[: least - 1]).tables
    assert (None, None, None) == (table.answers, table.answers_margin, table.margin)
    assert {(None,) * 5} == {figures.counts for figures in table.figures}


def test_the_organisation_is_the_sum_of_its_places() -> None:
    """`Not said` counts in it, and is no table of its own."""
    full = [(1, 1), (2, 2), (3, 3), (4, 4), (5, 5)]
    some = sheets(
        *((30, place, answers) for place in ("care", "office") for answers in full),
        *((20, "not_said", answers) for answers in full),
    )
    released = shown(BY_UNIT, some)
    assert ["all", "care", "office"] == [table.place for table in released.tables]
    whole, care, _ = released.tables
    assert (400, 150) == (whole.answers, care.answers)
    assert ((80,) * 5, (30,) * 5) == (whole.figures[0].counts, care.figures[0].counts)
    assert whole.margin > care.margin
    assert ("care",) == care.scope


def test_what_is_shown_follows_from_the_draw_alone() -> None:
    """The same draw gives the same release, whatever the sheets were."""
    drawn = draw(FROZEN, [], release_id=RELEASE, sample=lambda c, _e: [17] * len(c), library="test")
    assert show_drawn(FROZEN, drawn) == show_drawn(FROZEN, drawn)
    (table,) = show_drawn(FROZEN, drawn).tables
    assert (85, (17,) * 5) == (table.answers, table.figures[0].counts)


@pytest.mark.parametrize("frozen", [FROZEN, BY_UNIT], ids=["whole", "by unit"])
def test_the_length_of_its_message_says_nothing_of_the_answers(frozen: PulseFrozen) -> None:
    """It has room for every count, whether none is shown or all are as large as can be."""
    asked, places = len(frozen.questions), len(frozen.places)
    for value in (0, 10**12):
        values = [value] * (asked * places * 5)
        drawn = replace(
            draw(frozen, [], release_id=RELEASE, sample=silent, library="test"),
            values=tuple(values),
        )
        recorded = cast(
            "Recorded", SimpleNamespace(event=show_drawn(frozen, drawn), week="2026-W42")
        )
        body = msgspec.json.encode(OUTBOUND["PulseReleased"].data(recorded))
        assert SIZE_CLASS == size_of_pulse(recorded)
        assert 0 < len(body) < SIZE_CLASS - 500


def test_a_round_that_was_frozen_for_exact_figures_is_released_with_noise() -> None:
    """Its questions and days stay; its counts get the noise of any other round."""
    old = replace(FROZEN, policy="exact", rule="pulse-exact/1", epsilon=0.0, k=12)
    assert FROZEN == with_noise(old)
    assert FROZEN == with_noise(FROZEN)


@pytest.mark.parametrize("policy", ["noisy", "exact"])
def test_who_answered_all_tokens_but_one_cannot_read_the_one(policy: str) -> None:
    """They can subtract their own answers, but not the noise: what the one sheet changes, times the ε of
    what is drawn, is the ε of a whole sheet, whatever the organisation decided for its other figures.
    """
    asked: list[float] = []

    def drawn_of(some: Sequence[PulseSheet]) -> tuple[int, ...]:
        def told(counts: Sequence[int], epsilon: float) -> list[int]:
            asked.append(epsilon)
            return list(counts)

        frozen = with_noise(cast("PulseFrozen", freezing(policy=policy)(Round())))
        return draw(frozen, some, release_id=RELEASE, sample=told, library="test").values

    own = sheets((9, "all", (2, 2)))
    one = PulseSheet(place="all", answers=(1, 5))
    without, with_it = drawn_of(own), drawn_of([*own, one])
    changed = sum(abs(y - x) for x, y in zip(without, with_it, strict=True))
    assert [EPSILON] * 2 == [changed * epsilon for epsilon in asked]


def test_every_reason_of_a_refusal_is_said_in_both_languages() -> None:
    """What this aggregate says of a field has its Dutch words."""
    source = Path(pulse_module.__file__).read_text()
    reasons = set(re.findall(r'invalid\(\s*"\w+",\s*"([^"]+)"', source))
    assert 8 < len(reasons)
    assert set() == reasons - set(REASONS)
