"""A pulse: a few questions that employees answer without a name, once a half-year at the most.

A round is frozen before it opens: questions, days, places, how it is released. Who answers has a token
that is used once; token and answers are kept apart (services/signals/pulse_box.py). A sheet of answers is
counted once, at the first tick after the closing day, and from then on readers get nothing but that release.

Each cell (a place's answers of one kind to one question) gets one draw of discrete Laplace noise. One sheet
counts in one cell of each question, so a whole sheet spends EPSILON, shared over the questions: the fewer
are asked, the more exact is what is told. So it is in organisations of the policy `exact` too: who issues
the tokens can use all but one, and an exact count would then be the answer of one person
(docs/adr/0033-a-pulse-has-noise.md).
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final, assert_never
from uuid import UUID

from services.signals.domain.budget import PULSE
from services.signals.domain.lattice import WHOLE
from services.signals.domain.noise import Draws, margin, settled, threshold
from shared.contracts.errors import Code, Refusal, invalid
from shared.contracts.rpc import NOT_SAID, Policy
from shared.taxonomy import pulse_codes
from shared.taxonomy.calendar import next_quarterly_tick
from shared.taxonomy.period import Period

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from services.signals.domain.ground import Ground

    Sampler = Callable[[Sequence[int], float], list[int]]
    """Counts, ε → noisy counts: `noise.draw`, or a seeded one in tests."""

EPSILON: Final = 1.0
"""What a whole sheet spends, whatever is asked. It has nothing to do with what a case spends."""

LEAST_ANSWERS: Final = 10
"""With fewer answers, by the number that is shown, nothing of a place is."""

ANSWERS: Final = 5
"""Each question is answered with 1 to 5."""

MOST_QUESTIONS: Final = 5
"""In one round: with more, each would be too inexact to show."""

LONGEST: Final = timedelta(days=62)
MOST_TOKENS: Final = 1_000
"""In one request."""
HASH_BYTES: Final = 32

RULE: Final = "pulse-noisy/1"
"""The name and version of the way to release, frozen with the round."""

MEASURE: Final = PULSE
"""The name under which the budget is debited."""

# Events -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class PulseQuestion:
    """A question as it is asked, in both languages."""

    code: str
    en: str
    nl: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PulsePlace:
    """Where an answer may come from; `scope` are the units whose managers have it in their branch."""

    code: str
    name: str
    scope: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PulseFrozen:
    """A round, before it opens. `epsilon` is that of one question.

    Its stream is computed from the half-year: there is one in each. Rounds of before every pulse had
    noise may say `exact`: they are released with it nevertheless, see `with_noise`; `k` was of theirs.
    """

    organisation_id: UUID
    token: str
    period: str
    policy: Policy
    rule: str
    epsilon: float
    k: int
    codes_version: int
    questions: tuple[PulseQuestion, ...]
    places: tuple[PulsePlace, ...]
    opens_on: date
    closes_on: date
    due: date


@dataclass(frozen=True, slots=True, kw_only=True)
class PulseTokensIssued:
    """Hashes (32 bytes) of tokens that were made in a client. The tokens themselves never come here."""

    hashes: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PulseClosed:
    """The closing day is over. `kept` are the streams of the sheets."""

    kept: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PulseSheet:
    """What somebody answered, from 1 to 5, in the order of the questions."""

    place: str
    answers: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PulseSheetsKept:
    """Sheets of one round in random order, in a stream of their own. No token is with them."""

    period: str
    sheets: tuple[PulseSheet, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PulseDrawn:
    """The one draw of a round: every place, question and answer, in that order, zeros included."""

    release_id: UUID
    period: str
    epsilon: float
    values: tuple[int, ...]
    library: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PulseFigures:
    """The answers 1 to 5 to one question; None where one is not shown. `withheld`: of rounds that
    were released as exact figures, the sum of those that are not, if it may be told.
    """

    question: str
    counts: tuple[int | None, ...]
    withheld: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PulseTable:
    """A place's answers. `answers` is how many there were, None: too few, and then nothing is shown.

    In 95 of 100 releases the true number lies within its margin; exact figures had none. `least` is
    the smallest count that is shown.
    """

    place: str
    place_name: str
    scope: tuple[str, ...]
    answers: int | None
    answers_margin: int | None
    margin: int | None
    least: int
    figures: tuple[PulseFigures, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PulseReleased:
    """What readers will ever know of a round. It is made of the draw alone."""

    release_id: UUID
    organisation_id: UUID
    period: str
    policy: Policy
    rule: str
    epsilon: float
    questions: tuple[PulseQuestion, ...]
    opens_on: date
    closes_on: date
    tables: tuple[PulseTable, ...]
    adopted: str | None = None
    """The week in which it was published, where it is taken over from its message after a restore."""


Event = PulseFrozen | PulseTokensIssued | PulseClosed

# Fold -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """A round as its events made it. `version` is the number of its events; 0: there is none."""

    version: int = 0
    frozen: PulseFrozen | None = None
    hashes: frozenset[bytes] = frozenset()
    kept: tuple[UUID, ...] | None = None

    @property
    def known(self) -> PulseFrozen:
        """What was frozen. Raises Refusal NOT_FOUND when there is no such round."""
        if self.frozen is None:
            raise Refusal(Code.NOT_FOUND)
        return self.frozen


def evolve(state: Round, event: Event) -> Round:
    """The state after one more event."""
    state = replace(state, version=state.version + 1)
    match event:
        case PulseFrozen():
            return replace(state, frozen=event)
        case PulseTokensIssued():
            return replace(state, hashes=state.hashes | set(event.hashes))
        case PulseClosed():
            return replace(state, kept=event.kept)
        case _:
            assert_never(event)


# Decisions: the round ---------------------------------------------------------------------------


def freeze(
    state: Round,
    *,
    organisation_id: UUID,
    token: str,
    policy: Policy,
    ground: Ground | None,
    questions: Sequence[str],
    by_unit: bool,
    opens_on: date,
    closes_on: date,
    today: date,
) -> PulseFrozen:
    """Freeze a round of the half-year in which it opens and closes.

    `policy` is that of the organisation's figures: `exact` ones have no grid, and so no places.
    `ground` is the frozen grid of that half-year, None where there is none. Raises Refusal
    ALREADY_EXISTS for a second round of a half-year, INVALID_INPUT, TOO_LARGE, UNKNOWN_CODE.
    """
    if state.version:
        raise Refusal(Code.ALREADY_EXISTS)
    if opens_on <= today:
        raise invalid("opensOn", "it is frozen before it opens")
    period = Period.containing(opens_on)
    if not opens_on < closes_on < min(opens_on + LONGEST, period.end):
        raise invalid(
            "closesOn", "it must close within {days} days, in the same half-year", days=LONGEST.days
        )
    codes = pulse_codes.current()
    if not questions:
        raise invalid("questions", "it is empty")
    if len(set(questions)) != len(questions):
        raise invalid("questions", "an entry stands there twice")
    if len(questions) > MOST_QUESTIONS:
        raise Refusal(Code.TOO_LARGE, limit=MOST_QUESTIONS, unit="questions")
    asked = [codes.question(code) for code in questions]
    return PulseFrozen(
        organisation_id=organisation_id,
        token=token,
        period=str(period),
        policy="noisy",
        rule=RULE,
        epsilon=EPSILON / len(asked),
        k=LEAST_ANSWERS,
        codes_version=codes.version,
        questions=tuple(PulseQuestion(code=one.code, en=one.en, nl=one.nl) for one in asked),
        places=_places(ground, policy) if by_unit else (_ORGANISATION,),
        opens_on=opens_on,
        closes_on=closes_on,
        due=next_quarterly_tick(closes_on),
    )


_ORGANISATION: Final = PulsePlace(code=WHOLE, name="", scope=())


def _places(ground: Ground | None, policy: Policy) -> tuple[PulsePlace, ...]:
    if policy == "exact":
        raise invalid("byUnit", "it belongs to the policy NOISY")
    units = [] if ground is None else [one for one in ground.places.values() if one.code != WHOLE]
    if len(units) < 2:
        raise invalid("byUnit", "the grid has no units")
    return (
        *(PulsePlace(code=unit.code, name=unit.name, scope=unit.scope) for unit in units),
        PulsePlace(code=NOT_SAID, name="", scope=()),
    )


def issue(state: Round, hashes: Sequence[bytes], *, staff: int, today: date) -> PulseTokensIssued:
    """Let these tokens answer, while the round is not over; no more of them than there are `staff`.

    Raises Refusal NOT_FOUND, ALREADY_DECIDED, INVALID_INPUT, TOO_LARGE.
    """
    if today > state.known.closes_on or state.kept is not None:
        raise Refusal(Code.ALREADY_DECIDED)
    if not hashes:
        raise invalid("hashes", "it is empty")
    if len(hashes) > MOST_TOKENS:
        raise Refusal(Code.TOO_LARGE, limit=MOST_TOKENS, unit="tokens")
    if any(len(one) != HASH_BYTES for one in hashes):
        raise invalid("hashes", "it is not {bytes} bytes long", bytes=HASH_BYTES)
    if len(set(hashes)) != len(hashes) or state.hashes.intersection(hashes):
        raise invalid("hashes", "an entry stands there twice")
    if len(state.hashes) + len(hashes) > staff:
        raise Refusal(Code.TOO_LARGE, limit=staff, unit="tokens")
    return PulseTokensIssued(hashes=tuple(hashes))


def is_open(frozen: PulseFrozen, today: date) -> bool:
    """Whether answers are taken: from the opening day to the end of the closing day (UTC)."""
    return frozen.opens_on <= today <= frozen.closes_on


def sheet_of(frozen: PulseFrozen, place: str | None, answers: Sequence[int]) -> PulseSheet:
    """A whole sheet. Raises Refusal INVALID_INPUT; the refusal repeats no answer."""
    if place is None:
        place = frozen.places[-1].code  # the organisation, or: not said
    if place not in {one.code for one in frozen.places}:
        raise invalid("place", "the grid has no such place")
    if len(answers) != len(frozen.questions):
        raise invalid("answers", "not all of them are here, or more")
    if not all(1 <= answer <= ANSWERS for answer in answers):
        raise invalid("answers", "it must lie between {low} and {high}", low=1, high=ANSWERS)
    return PulseSheet(place=place, answers=tuple(answers))


def close(state: Round, kept: Sequence[UUID], *, today: date) -> PulseClosed | None:
    """Close a round whose closing day is over; None for one that is open or closed already."""
    if state.kept is not None or today <= state.known.closes_on:
        return None
    return PulseClosed(kept=tuple(kept))


# Decisions: its release -------------------------------------------------------------------------


def with_noise(frozen: PulseFrozen) -> PulseFrozen:
    """The round as it is released: one that was frozen for exact figures gets the noise of all."""
    if frozen.policy == "noisy":
        return frozen
    epsilon = EPSILON / len(frozen.questions)
    return replace(frozen, policy="noisy", rule=RULE, epsilon=epsilon, k=LEAST_ANSWERS)


def count(frozen: PulseFrozen, sheets: Iterable[PulseSheet]) -> list[int]:
    """The true counts by place, question and answer, in that order. They are never stored."""
    places = {place.code: number for number, place in enumerate(frozen.places)}
    asked = len(frozen.questions)
    counts = [0] * (len(places) * asked * ANSWERS)
    for sheet in sheets:
        for question, answer in enumerate(sheet.answers):
            counts[(places[sheet.place] * asked + question) * ANSWERS + answer - 1] += 1
    return counts


def draw(
    frozen: PulseFrozen,
    sheets: Iterable[PulseSheet],
    *,
    release_id: UUID,
    sample: Sampler,
    library: str,
) -> PulseDrawn:
    """Draw a round, once."""
    return PulseDrawn(
        release_id=release_id,
        period=frozen.period,
        epsilon=frozen.epsilon,
        values=tuple(sample(count(frozen, sheets), frozen.epsilon)),
        library=library,
    )


def show_drawn(frozen: PulseFrozen, drawn: PulseDrawn) -> PulseReleased:
    """What readers get of a draw: a function of the draw and of what was frozen."""
    asked = len(frozen.questions)
    size = asked * ANSWERS
    by_place = [
        drawn.values[number * size : (number + 1) * size] for number in range(len(frozen.places))
    ]
    tables = [
        _noisy_table(frozen, place, [values])
        for place, values in zip(frozen.places, by_place, strict=True)
        if place.code != NOT_SAID
    ]
    if len(frozen.places) > 1:
        tables.insert(0, _noisy_table(frozen, _ORGANISATION, by_place))
    return _released(frozen, drawn.release_id, tables)


def _released(frozen: PulseFrozen, release_id: UUID, tables: Sequence[PulseTable]) -> PulseReleased:
    return PulseReleased(
        release_id=release_id,
        organisation_id=frozen.organisation_id,
        period=frozen.period,
        policy=frozen.policy,
        rule=frozen.rule,
        epsilon=frozen.epsilon * len(frozen.questions),
        questions=frozen.questions,
        opens_on=frozen.opens_on,
        closes_on=frozen.closes_on,
        tables=tuple(tables),
    )


def _noisy_table(
    frozen: PulseFrozen, place: PulsePlace, parts: Sequence[Sequence[int]]
) -> PulseTable:
    """A place, or the organisation as the sum of its places."""
    asked = len(frozen.questions)
    one = (Draws(frozen.epsilon, len(parts)),)
    cells = [_added([part[at] for part in parts], frozen.epsilon) for at in range(asked * ANSWERS)]
    weights = _weights(asked)
    # Every sheet answers every question, so each question's sum tells how many there were.
    answers = _whole(
        sum(
            weight * settled(part[question * ANSWERS + answer], frozen.epsilon)
            for question, weight in enumerate(weights)
            for answer in range(ANSWERS)
            for part in parts
        )
    )
    all_draws = tuple(
        Draws(frozen.epsilon, ANSWERS * len(parts) * questions, weight)
        for weight, questions in Counter(weights).items()
    )
    enough = answers >= max(LEAST_ANSWERS, threshold(all_draws))
    least = threshold(one)
    figures = tuple(
        PulseFigures(
            question=question.code,
            counts=tuple(
                value if enough and value >= least else None
                for value in cells[number * ANSWERS : (number + 1) * ANSWERS]
            ),
            withheld=None,
        )
        for number, question in enumerate(frozen.questions)
    )
    return PulseTable(
        place=place.code,
        place_name=place.name,
        scope=place.scope,
        answers=answers if enough else None,
        answers_margin=margin(all_draws) if enough else None,
        margin=margin(one) if enough else None,
        least=least,
        figures=figures,
    )


def _added(values: Sequence[int], epsilon: float) -> int:
    """One draw as it is; several settled before they are added, as in every table."""
    if len(values) == 1:
        return values[0]
    return _whole(sum(settled(value, epsilon) for value in values))


def _weights(asked: int) -> list[float]:
    """One for each question, in twentieths, that add up to 1."""
    return [(20 // asked + (number < 20 % asked)) / 20 for number in range(asked)]


def _whole(value: float) -> int:
    return math.floor(value + 0.5 + 1e-9)
