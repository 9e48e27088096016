"""The mirror of a leadership layer: one agreed answer, asked beforehand, of enough leaders, no person."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from functools import partial
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from services.reporting.domain import leadership, mirror
from services.reporting.domain.blind_spots import (
    Change,
    ThemeView,
    View,
    change,
    compare,
    compare_themes,
    mean_between,
    shown_themes,
)
from services.reporting.domain.figures import Cell, Figures, Withheld
from services.reporting.domain.ground import Ground, ReleasedTable
from services.reporting.domain.leadership import LEAST_LEADERS, Layers, LeadershipLayerDeclared
from services.reporting.domain.mirror import Mirror, MirrorOpened, Stage
from services.reporting.domain.mirror_words import CHANGES, THEME_VIEWS, VIEWS
from services.reporting.domain.outline import build
from services.reporting.domain.pulse import PulseAsked, PulseCounts, PulseKept, PulsePlaceCounts
from services.reporting.domain.told import ToldSignal
from services.reporting.mirror_shapes import to_adviser, to_layer, to_others
from shared.contracts import report, reporting_mirror
from shared.contracts.errors import Code
from shared.taxonomy import mirror_codes, pulse_codes, themes
from shared.taxonomy.judgement import judges
from shared.taxonomy.period import Period
from tests.gwt import given

HERE = UUID(int=0xA1)
TODAY = date(2026, 5, 4)
KEY = bytes(range(32))
ITEMS = tuple(pulse_codes.current().questions)
CODES = mirror_codes.codes(mirror_codes.NEWEST)


def declared(*levels: str, leaders: int = 24) -> LeadershipLayerDeclared:
    return LeadershipLayerDeclared(
        layer_id=leadership.layer_id_of(HERE, levels),
        levels=levels,
        leaders=leaders,
        codes_version=1,
        on=TODAY,
    )


def declare(
    state: Layers, *several: str, levels: tuple[str, ...] = (), leaders: int = 24
) -> object:
    return leadership.declare(
        state, organisation_id=HERE, levels=several or levels, leaders=leaders, on=TODAY
    )


def withdrawn(*levels: str) -> leadership.LeadershipLayerWithdrawn:
    layer_id = leadership.layer_id_of(HERE, levels)
    return leadership.LeadershipLayerWithdrawn(layer_id=layer_id, on=TODAY)


def opened(**changes: Any) -> MirrorOpened:
    return dataclasses.replace(
        MirrorOpened(
            organisation_id=HERE,
            layer_id=leadership.layer_id_of(HERE, ("team",)),
            levels=("team",),
            leaders=24,
            period="2026-H1",
            items=ITEMS,
            pulse_version=2,
            codes_version=1,
            key_hash=hashlib.sha256(KEY).digest(),
            on=TODAY,
        ),
        **changes,
    )


VIEW: dict[str, Any] = {
    "answers": (4, 4, 3, 0, 4, 4, 5),
    "expected": ("workload",),
    "effects": ("energy",),
    "present": 18,
    "figures_known": False,
    "on": TODAY,
}
COMPOSED: dict[str, Any] = {
    "chosen": ("workload",),
    "effects": ("holding_back",),
    "questions": ("work_dropped", "evoke"),
    "words": "Mensen vertellen dat er werk bij kwam en er niets af ging.",
    "words_stand": False,
    "shown": frozenset({"workload", "cooperation"}),
    "on": TODAY,
}


def started(*further: Any) -> Any:
    """A round, opened."""
    return given(Mirror(), mirror.evolve, [opened(), *further])


def viewed(**changes: Any) -> mirror.LeadersViewGiven:
    return mirror.give_view(started().state, **(VIEW | changes))


def composed(**changes: Any) -> mirror.MirrorComposed:
    return mirror.compose(started().state, **(COMPOSED | changes))


def pulse(counts: Mapping[str, tuple[int | None, ...]], period: str = "2026-H1") -> PulseKept:
    """A released pulse of some 200 people, of these questions."""
    asked = [PulseAsked(code=code, en=code, nl=code) for code in counts]
    place = PulsePlaceCounts(
        place="all",
        place_name="",
        scope=(),
        answers=200,
        answers_margin=6,
        margin=6,
        least=10,
        figures=tuple(PulseCounts(question=code, counts=each) for code, each in counts.items()),
    )
    return PulseKept(
        organisation_id=HERE,
        release_id=UUID(int=7),
        period=period,
        policy="noisy",
        rule="pulse-noisy/1",
        epsilon=0.5,
        questions=tuple(asked),
        opens_on=TODAY,
        closes_on=TODAY,
        released_week="2026-W28",
        places=(place,),
    )


LOW = (60, 60, 40, 25, 15)
"""Of 200 answers; their mean is 2.375."""


def share(state: Mirror, **changes: Any) -> mirror.MirrorShared:
    fields: dict[str, Any] = {
        "pulse": pulse({"seen_and_heard": LOW, "ideas_shared": (None, None, 60, 80, 50)}),
        "shown": frozenset({"workload", "cooperation"}),
        "before": None,
        "on": date(2026, 7, 20),
    } | changes
    return mirror.share(state, **fields)


# Layers -----------------------------------------------------------------------------------------


def test_a_layer_has_levels_in_their_order_and_enough_leaders() -> None:
    """The same again is no news; another number of leaders is."""
    start = given(Layers(), leadership.evolve)
    start.when(lambda state: declare(state, "team", "middle")).then(declared("middle", "team"))
    again = given(Layers(), leadership.evolve, [declared("team")])
    again.when(lambda state: declare(state, "team")).then()
    again.when(lambda state: declare(state, "team", leaders=26)).then(declared("team", leaders=26))


@pytest.mark.parametrize("leaders", [LEAST_LEADERS - 1, 1, 0, -5])
def test_a_layer_made_of_few_is_refused(leaders: int) -> None:
    """Also one that stood with more."""
    for events in ([], [declared("team")]):
        start = given(Layers(), leadership.evolve, events)
        start.when(lambda state: declare(state, "team", leaders=leaders)).then_refused(
            Code.LAYER_TOO_SMALL, least=10
        )


@pytest.mark.parametrize(
    ("levels", "code"),
    [
        ((), Code.INVALID_INPUT),
        (("team", "team"), Code.INVALID_INPUT),
        (("ann_de_vries",), Code.UNKNOWN_CODE),
    ],
)
def test_a_layer_is_made_of_levels_and_of_nothing_else(levels: tuple[str, ...], code: Code) -> None:
    """No name, no unit and no single manager is a level."""
    start = given(Layers(), leadership.evolve)
    start.when(lambda state: declare(state, *levels)).then_refused(code, field="levels")


def test_layers_that_overlap_are_refused() -> None:
    """Whoever stands in two would be found in what is told of the one and not of the other."""
    start = given(Layers(), leadership.evolve, [declared("senior", "middle", leaders=60)])
    for levels in (("senior",), ("middle", "team"), ("board", "senior", "middle")):
        refused = start.when(partial(declare, leaders=200, levels=levels))
        refused.then_refused(Code.LAYERS_OVERLAP, least=10)
    start.when(lambda state: declare(state, "team")).then(declared("team"))


def test_layers_that_differ_by_few_leaders_are_refused_one_after_the_other_too() -> None:
    """Fourteen of board and senior management, withdrawn, then eleven of the latter alone: three are left."""
    start = given(
        Layers(),
        leadership.evolve,
        [declared("board", "senior", leaders=14), withdrawn("board", "senior")],
    )
    start.when(lambda state: declare(state, "senior", leaders=11)).then_refused(
        Code.LAYERS_OVERLAP, least=10
    )
    start.when(lambda state: declare(state, "senior", leaders=24)).then(declared("senior"))


def test_only_a_layer_that_stands_is_withdrawn_or_found() -> None:
    """One that is withdrawn looks like one that never was."""
    start = given(Layers(), leadership.evolve, [declared("team"), withdrawn("team")])
    for layer_id in (leadership.layer_id_of(HERE, ("team",)), UUID(int=3)):
        refused = start.when(partial(leadership.withdraw, layer_id=layer_id, on=TODAY))
        refused.then_refused(Code.NOT_FOUND)
    start.when(lambda state: declare(state, "team")).then(declared("team"))


# A round ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"period": "2026-H2"}, Code.INVALID_INPUT, "period"),
        ({"period": "2025-H2"}, Code.INVALID_INPUT, "period"),
        ({"period": "2026"}, Code.INVALID_INPUT, "period"),
        ({"period": "2026-Q2"}, Code.INVALID_INPUT, "period"),
        ({"period": "soon"}, Code.INVALID_PERIOD, None),
        ({"key_hash": b"short"}, Code.INVALID_INPUT, "keyHash"),
    ],
)
def test_a_round_is_of_the_half_year_that_runs(
    changes: dict[str, Any], code: Code, field: str | None
) -> None:
    """Neither of one to come nor of one that is over; a second one is refused."""
    fields: dict[str, Any] = {
        "organisation_id": HERE,
        "layer": declared("team"),
        "period": "2026-H1",
        "key_hash": hashlib.sha256(KEY).digest(),
        "today": TODAY,
    }
    start = given(Mirror(), mirror.evolve)
    start.when(lambda state: mirror.open_round(state, **fields)).then(opened())
    start.when(lambda state: mirror.open_round(state, **(fields | changes))).then_refused(
        code, field=field
    )
    started().when(lambda state: mirror.open_round(state, **fields)).then_refused(
        Code.ALREADY_EXISTS
    )


@pytest.mark.parametrize("key", [None, b"", bytes(32), hashlib.sha256(KEY).digest(), KEY[:31]])
def test_without_the_layers_key_there_is_no_mirror(key: bytes | None) -> None:
    """A manager of another layer, or somebody who read the log, is told that there is nothing."""
    started().when(lambda state: mirror.check_key(state, key)).then_refused(Code.NOT_FOUND)
    mirror.check_key(started().state, KEY)
    nothing = given(Mirror(), mirror.evolve)
    nothing.when(lambda state: mirror.check_key(state, KEY)).then_refused(Code.NOT_FOUND)


def test_the_view_is_one_answer_of_the_layer() -> None:
    """It holds what was agreed on, and how many talked it over; nobody's own answer."""
    started().when(lambda state: mirror.give_view(state, **VIEW)).then(
        mirror.LeadersViewGiven(
            answers=(4, 4, 3, 0, 4, 4, 5),
            themes=("workload",),
            effects=("energy",),
            present=18,
            on=TODAY,
        )
    )
    started(viewed()).when(lambda state: mirror.give_view(state, **VIEW)).then_refused(
        Code.ALREADY_EXISTS
    )


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"figures_known": True}, Code.VIEW_TOO_LATE, None),
        ({"answers": (4, 4)}, Code.INVALID_INPUT, "answers"),
        ({"answers": (4,) * 8}, Code.INVALID_INPUT, "answers"),
        ({"answers": (6,) * 7}, Code.INVALID_INPUT, "answers"),
        ({"answers": (-1,) * 7}, Code.INVALID_INPUT, "answers"),
        ({"present": 11}, Code.INVALID_INPUT, "present"),
        ({"present": 1}, Code.INVALID_INPUT, "present"),
        ({"present": 25}, Code.INVALID_INPUT, "present"),
        ({"expected": ("gossip",)}, Code.UNKNOWN_CODE, "themes"),
        ({"expected": ("workload", "workload")}, Code.INVALID_INPUT, "themes"),
        ({"effects": ("guilt",)}, Code.UNKNOWN_CODE, "effects"),
        ({"effects": tuple(CODES.effects)[:6]}, Code.TOO_LARGE, None),
    ],
)
def test_a_view_is_refused(changes: dict[str, Any], code: Code, field: str | None) -> None:
    """Too late, by too few of the layer, or not what was asked."""
    started().when(lambda state: mirror.give_view(state, **(VIEW | changes))).then_refused(
        code, field=field
    )


def test_a_view_asked_after_the_mirror_was_seen_is_refused() -> None:
    """Also where no figures are known; a mirror may be shared without one."""
    shared = share(started(composed()).state)
    started(composed(), shared).when(lambda state: mirror.give_view(state, **VIEW)).then_refused(
        Code.VIEW_TOO_LATE
    )
    assert {View.CANNOT_BE_SAID} == {one.view for one in shared.items}


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"chosen": ("integrity",)}, Code.INVALID_INPUT, "themes"),
        ({"chosen": ("gossip",)}, Code.UNKNOWN_CODE, "themes"),
        ({"questions": ()}, Code.INVALID_INPUT, "questions"),
        ({"questions": ("who_did_it",)}, Code.UNKNOWN_CODE, "questions"),
        ({"questions": ("evoke", "evoke")}, Code.INVALID_INPUT, "questions"),
        ({"effects": ("guilt",)}, Code.UNKNOWN_CODE, "effects"),
        ({"words": "\n "}, Code.INVALID_INPUT, "words"),
        ({"words": "a\u202eb"}, Code.INVALID_INPUT, "words"),
        ({"words": "x" * 4001}, Code.TOO_LARGE, None),
        ({"words": "De dader is bekend."}, Code.INVALID_INPUT, "words"),
        ({"words": "Somebody is guilty of it."}, Code.INVALID_INPUT, "words"),
    ],
)
def test_what_is_composed_is_released_asks_something_and_does_not_judge(
    changes: dict[str, Any], code: Code, field: str | None
) -> None:
    """A theme that no released table shows is refused, a word that judges is marked."""
    started().when(lambda state: mirror.compose(state, **(COMPOSED | changes))).then_refused(
        code, field=field
    )


def test_the_adviser_decides_on_their_own_words() -> None:
    """A word that is marked stands where the adviser says so; composing anew is possible until it is
    shared.
    """
    kept = composed(words="Niemand is hier schuldig; het gaat om het werk.", words_stand=True)
    assert "schuldig" in kept.words
    started(kept).when(lambda state: mirror.compose(state, **COMPOSED)).then(composed())
    shared = share(started(composed()).state)
    started(composed(), shared).when(lambda state: mirror.compose(state, **COMPOSED)).then_refused(
        Code.ALREADY_EXISTS
    )
    started().when(share).then_refused(Code.INVALID_INPUT, field="layerId")
    started(composed(), shared).when(share).then_refused(Code.ALREADY_EXISTS)


def test_blind_spots_are_the_own_view_beside_the_pulse_with_its_margin() -> None:
    """Leaders think 4 where the mean is 2.4; what was not asked, or not agreed on, cannot be said."""
    shared = share(started(viewed(), composed()).state)
    views = {one.item: one.view for one in shared.items}
    assert View.MORE_FAVOURABLE is views["seen_and_heard"]
    assert View.ALIKE is views["ideas_shared"]
    assert View.CANNOT_BE_SAID is views["policy_felt"]
    assert View.CANNOT_BE_SAID is views["mistakes_discussed"]
    assert [("cooperation", ThemeView.NOT_EXPECTED), ("workload", ThemeView.EXPECTED)] == [
        (one.theme, one.view) for one in shared.themes
    ]
    assert UUID(int=7) == shared.pulse


def test_it_is_measured_again_next_round() -> None:
    """Then and now: the own view, how it stood, and whether employees' side moved beyond the margins."""
    first = started(viewed(), composed())
    before = mirror.evolve(first.state, share(first.state))
    better = pulse({"seen_and_heard": (15, 25, 40, 70, 50), "ideas_shared": (5, 5, 60, 80, 50)})
    again = share(before_next().state, pulse=better, before=before)
    assert "2026-H1" == again.before
    changes = {one.item: one for one in again.changes}
    seen = changes["seen_and_heard"]
    assert (4, View.MORE_FAVOURABLE, Change.HIGHER) == (seen.own, seen.view, seen.change)
    assert Change.NOT_CLEAR is changes["ideas_shared"].change
    assert Change.CANNOT_BE_SAID is changes["policy_felt"].change


def before_next() -> Any:
    state = mirror.evolve(Mirror(), opened(period="2026-H2"))
    return given(state, mirror.evolve, [viewed(), composed()])


@pytest.mark.parametrize(
    ("reflections", "code"),
    [
        ({"joke_turns": "Wij doen dat."}, Code.INVALID_INPUT),
        ({"evoke": " "}, Code.INVALID_INPUT),
        ({"evoke": "x" * 4001}, Code.TOO_LARGE),
    ],
)
def test_an_acknowledgement_answers_what_the_mirror_asks(
    reflections: dict[str, str], code: Code
) -> None:
    """Once, and only of a mirror that was shared; words are optional."""
    fields: dict[str, Any] = {"open_to_others": False, "on": TODAY}
    shown = started(composed(), share(started(composed()).state))
    shown.when(
        lambda state: mirror.acknowledge(state, reflections=reflections, **fields)
    ).then_refused(code)
    seen = mirror.acknowledge(shown.state, reflections={}, **fields)
    assert () == seen.reflections
    done = given(shown.state, mirror.evolve, [seen])
    done.when(lambda state: mirror.acknowledge(state, reflections={}, **fields)).then_refused(
        Code.ALREADY_EXISTS
    )
    started(composed()).when(
        lambda state: mirror.acknowledge(state, reflections={}, **fields)
    ).then_refused(Code.NOT_FOUND)


def walked(*, open_to_others: bool) -> Mirror:
    """A whole round."""
    state = started(viewed(), composed()).state
    state = mirror.evolve(state, share(state))
    seen = mirror.acknowledge(
        state,
        reflections={"evoke": "Wij zijn kortaf als het druk is."},
        open_to_others=open_to_others,
        on=TODAY,
    )
    return mirror.evolve(state, seen)


def test_the_adviser_sees_the_own_view_only_when_nothing_is_chosen_any_more() -> None:
    """And the layer's words only if the layer lets others see them; the layer sees nothing before it is
    shared but what it gave.
    """
    state = started(viewed(), composed()).state
    assert to_adviser(state).view is None
    assert (None, ()) == (to_layer(state).words, to_layer(state).questions)
    assert to_layer(state).view is not None
    after = walked(open_to_others=False)
    assert to_adviser(after).view is not None
    assert () == to_adviser(after).reflections
    assert 1 == len(to_layer(after).reflections)
    assert 1 == len(to_adviser(walked(open_to_others=True)).reflections)
    assert Stage.ACKNOWLEDGED is after.stage


def test_an_open_mirror_opens_nothing_of_the_round_before() -> None:
    """That one the layer kept to itself; how employees' side moved since is no view of the layer."""
    state = before_next().state
    state = mirror.evolve(state, share(state, before=walked(open_to_others=False)))
    (of_layer,) = (one for one in to_layer(state).items if one.code == "seen_and_heard")
    (of_others,) = (one for one in to_others(state).items if one.code == "seen_and_heard")
    assert (4, "more_favourable") == (of_layer.own_then, of_layer.view_then)
    assert (None, None) == (of_others.own_then, of_others.view_then)
    assert of_layer.change == of_others.change is not None


def ground(*mirrors: Mirror) -> Ground:
    return Ground(
        period=Period.parse("2026-H1"), cut_off=date(2026, 6, 30), tables=(), mirrors=mirrors
    )


def test_the_chapter_has_what_a_layer_let_others_see_and_no_number() -> None:
    """A layer that keeps its mirror to itself is not in it at all."""
    closed = [
        one for one in build(ground(walked(open_to_others=False)), {}) if one.code == "mirror"
    ]
    assert [] == closed
    (section,) = [
        one for one in build(ground(walked(open_to_others=True)), {}) if one.code == "mirror"
    ]
    assert not section.has_figures
    purpose, entries = section.blocks
    assert isinstance(purpose, report.Paragraphs)
    assert "appraisal" in purpose.items[0].en
    assert "beoordeling" in purpose.items[0].nl
    assert isinstance(entries, report.Entries)
    assert ["Team leaders"] == [one.title.en for one in entries.items]
    assert "kortaf" in repr(entries)
    assert "Leaders see this more favourably than staff." in repr(entries)


def test_no_event_and_no_answer_of_a_mirror_has_a_place_for_a_person() -> None:
    """Not a name, not a subject, not a unit: so nothing of it can go into anybody's appraisal."""
    persons = ("person", "name", "subject", "manager", "email", "employee", "unit", "author", "by")
    fields = {
        field.name
        for kind in (*mirror.Event.__args__, *leadership.Event.__args__)
        for field in dataclasses.fields(kind)
    }
    shapes = [
        shape
        for shape in vars(reporting_mirror).values()
        if isinstance(shape, type) and issubclass(shape, msgspec.Struct)
    ]
    fields |= {name for shape in shapes for name in shape.__struct_fields__}
    assert len(fields) > 30
    assert set() == fields & set(persons)
    assert not any(name.startswith(persons[:2]) for name in fields)


# What is laid beside it -------------------------------------------------------------------------


def of(*counts: int | None, margin: int = 6, least: int = 10) -> PulsePlaceCounts:
    kept = pulse({"seen_and_heard": counts}).places[0]
    return dataclasses.replace(kept, margin=margin, least=least)


def test_a_mean_has_the_margin_of_its_noise_and_of_what_is_not_shown() -> None:
    """By hand: 475/200 = 2.375; deviation 6·√2/ln 20 = 2.83; spread √(1.375²+0.375²+0.625²+1.625²+2.625²) =
    3.46; 1.96·2.83·3.46/200 = 0.096. With 0 to 9 ones that are not shown, it lies from 424/149 to 415/140.
    """
    low, high = mean_between(of(*LOW), "seen_and_heard") or (0, 0)
    assert (227, 248) == (low, high)
    hidden = mean_between(of(None, 60, 40, 25, 15), "seen_and_heard")
    assert hidden is not None
    assert hidden[0] <= 284
    assert hidden[1] >= 297


def test_without_a_shown_answer_nothing_can_be_said() -> None:
    """Nor without a pulse, with too few answers, or of a question that was not asked."""
    few = dataclasses.replace(of(*LOW), answers=None)
    for place in (None, few, of(None, None, None, None, None)):
        assert mean_between(place, "seen_and_heard") is None
    assert mean_between(of(*LOW), "ideas_shared") is None
    assert View.CANNOT_BE_SAID is compare("seen_and_heard", 3, None).view


@pytest.mark.parametrize(
    ("own", "low", "high", "view"),
    [
        (4, 300, 349, View.MORE_FAVOURABLE),
        (4, 300, 350, View.ALIKE),
        (4, 450, 470, View.ALIKE),
        (4, 451, 470, View.LESS_FAVOURABLE),
        (4, 300, 400, View.ALIKE),
        (4, 299, 400, View.CANNOT_BE_SAID),
        (4, 100, 340, View.MORE_FAVOURABLE),
        (None, 300, 340, View.CANNOT_BE_SAID),
    ],
)
def test_views_differ_only_beyond_the_margin_and_are_alike_only_within_a_narrow_one(
    own: int | None, low: int, high: int, view: View
) -> None:
    """A wide margin is no agreement."""
    assert view is compare("seen_and_heard", own, (low, high)).view


@for_all(
    st.lists(st.one_of(st.none(), st.integers(10, 400)), min_size=5, max_size=5),
    st.lists(st.integers(0, 9), min_size=5, max_size=5),
)
def test_whatever_is_hidden_the_mean_lies_in_between(
    counts: list[int | None], hidden: list[int]
) -> None:
    """Any filling of the cells that are not shown gives a mean in the range that is told."""
    told = mean_between(of(*counts), "seen_and_heard")
    if told is None:
        assert counts == [None] * 5
        return
    full = [one if one is not None else hidden[place] for place, one in enumerate(counts)]
    mean = Fraction(sum(n * one for n, one in enumerate(full, start=1)), sum(full))
    assert told[0] <= mean * 100 <= told[1]


def test_a_change_is_told_only_where_the_ranges_do_not_touch() -> None:
    """Otherwise it is not clear; with one side missing nothing can be said."""
    then = compare("seen_and_heard", 3, (240, 260))
    for between, expected in (
        ((261, 280), Change.HIGHER),
        ((260, 280), Change.NOT_CLEAR),
        ((220, 239), Change.LOWER),
        (None, Change.CANNOT_BE_SAID),
    ):
        assert expected is change(then, compare("seen_and_heard", 3, between))


def table(
    period: str, dimension: str, shown: tuple[str, ...], hidden: tuple[str, ...]
) -> ReleasedTable:
    labels = {code: code for code in (*shown, *hidden)}
    return ReleasedTable(
        figures=Figures(
            release_id=UUID(int=1),
            organisation_token="token",
            period=period,
            policy="noisy",
            dimension=dimension,
            k=5,
            taxonomy_version=1,
            cells=tuple(Cell(code, 9, 3) for code in shown),
            withheld=Withheld(hidden, None, (6,) * len(hidden)) if hidden else None,
            total=None,
            released_week="2026-W28",
        ),
        labels_nl=labels,
        labels_en=labels,
    )


def test_a_theme_is_there_when_a_figure_of_it_is_shown_and_else_nothing_is_said() -> None:
    """By theme, category or signal of the whole, of the half-year, its quarters or its year; of no other."""
    tables = [
        table("2026-H1", "theme", ("workload",), ("integrity",)),
        table("2026-Q2", "category", ("bullying",), ("discrimination",)),
        table("2026", "theme", ("cooperation",), ()),
        table("2025-H2", "theme", ("aggression",), ()),
        table("2026-H1", "unit", ("leadership",), ()),
    ]
    shown = shown_themes(tables, Period.parse("2026-H1"))
    assert {"workload", "bullying_intimidation", "cooperation"} == shown
    signals = [
        ToldSignal(
            signal_id=UUID(int=n),
            theme=theme,
            place=place,
            period=period,
            direction="rising",
            judged=False,
            causes=(),
            aims=(),
        )
        for n, (theme, place, period) in enumerate(
            [
                ("discrimination", "all", "2026-Q1"),
                ("leadership", "care", "2026-H1"),
                ("aggression", "all", "2025-H2"),
            ]
        )
    ]
    of_signals = shown_themes(tables, Period.parse("2026-H1"), signals)
    assert shown | {"discrimination"} == of_signals
    told = {one.theme: one.view for one in compare_themes(["integrity", "workload"], shown)}
    assert ThemeView.CANNOT_BE_SAID is told["integrity"]
    assert ThemeView.EXPECTED is told["workload"]
    assert ThemeView.NOT_EXPECTED is told["cooperation"]


def test_no_sentence_of_the_mirror_judges() -> None:
    """Levels, effects, questions in both languages, and every sentence that the program makes."""
    phrases = [
        each
        for kind in (CODES.levels, CODES.effects, CODES.questions, VIEWS, THEME_VIEWS, CHANGES)
        for each in kind.values()
    ]
    texts = [text for each in (*phrases, mirror.PURPOSE) for text in (each.nl, each.en)]
    assert len(texts) > 90
    assert [] == [text for text in texts if judges(text)]


def test_there_are_questions_about_every_theme_in_both_languages() -> None:
    """Two or more about each, three that go with any; each asks."""
    counted = [one.theme for one in CODES.questions.values()]
    wanted = {*themes.themes(1).themes, mirror_codes.GENERAL}
    assert wanted == set(counted)
    assert all(counted.count(theme) >= 2 for theme in wanted)
    assert all(one.nl.endswith("?") and one.en.endswith("?") for one in CODES.questions.values())
