"""The mirror for leaders, on the bus: layers, rounds, the leaders' own view, and what is laid beside it.

No shape here has a place for a person. Items are answered from 1 to 5, 0: not agreed.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

from shared.contracts.shape import Shape

Stage = Literal["opened", "composed", "shared", "acknowledged"]


class DeclareLeadershipLayer(Shape, frozen=True, kw_only=True):
    """HR, board or coordinator: these levels of the organisation are a layer of so many leaders."""

    levels: tuple[str, ...]
    leaders: int


class WithdrawLeadershipLayer(Shape, frozen=True, kw_only=True):
    """HR, board or coordinator: it is a layer no more."""

    layer_id: str


class OpenMirror(Shape, frozen=True, kw_only=True):
    """Adviser: open a layer's round of the half-year that runs. `key_hash` is the SHA-256 of 32 random bytes,
    the layer's key, which the adviser hands to its leaders.
    """

    layer_id: str
    period: str
    key_hash: bytes


class GiveLeadersView(Shape, frozen=True, kw_only=True):
    """Board or manager with the layer's key: what the layer agreed on. `present` leaders talked it over."""

    layer_id: str
    period: str
    key: bytes
    answers: tuple[int, ...]
    themes: tuple[str, ...] = ()
    effects: tuple[str, ...] = ()
    present: int


class ComposeMirror(Shape, frozen=True, kw_only=True):
    """Adviser: compose the mirror, or compose it anew. `words_stand`: a word that judges is kept."""

    layer_id: str
    period: str
    themes: tuple[str, ...]
    effects: tuple[str, ...] = ()
    questions: tuple[str, ...]
    words: str
    words_stand: bool = False


class ShareMirror(Shape, frozen=True, kw_only=True):
    """Adviser: let the layer see it."""

    layer_id: str
    period: str


class MirrorReflection(Shape, frozen=True, kw_only=True):
    """The layer's own words on a question of the mirror."""

    question: str
    words: str


class AcknowledgeMirror(Shape, frozen=True, kw_only=True):
    """Board or manager with the layer's key: the layer saw it. `open_to_others`: so may HR, board, works
    council and readers of the report.
    """

    layer_id: str
    period: str
    key: bytes
    reflections: tuple[MirrorReflection, ...] = ()
    open_to_others: bool = False


class MirrorPhrase(Shape, frozen=True, kw_only=True):
    """A code of ours with its labels."""

    code: str
    en: str
    nl: str


class MirrorRound(Shape, frozen=True, kw_only=True):
    """How far a layer's round of a half-year is."""

    period: str
    stage: Stage


class LeadershipLayer(Shape, frozen=True, kw_only=True):
    """A layer that stands, and its rounds of the last four half-years, newest first."""

    id: str
    en: str
    nl: str
    levels: tuple[str, ...]
    leaders: int
    rounds: tuple[MirrorRound, ...]


class LeadershipLayers(Shape, frozen=True, kw_only=True):
    """All that stand, and what mirrors are made of."""

    items: tuple[LeadershipLayer, ...]
    levels: tuple[MirrorPhrase, ...]
    effects: tuple[MirrorPhrase, ...]
    questions: tuple[MirrorPhrase, ...]


class MirrorQuery(Shape, frozen=True, kw_only=True):
    """Adviser, or board and manager with the layer's key: a layer's mirror of a half-year."""

    layer_id: str
    period: str
    key: bytes | None = None


class MirrorItem(Shape, frozen=True, kw_only=True):
    """An item as employees are asked it, the leaders' own answer (None: not agreed, or not given), and
    employees' mean from `low` to `high` in hundredths. `then` and `change`: at the last round, and since.
    """

    code: str
    en: str
    nl: str
    own: int | None
    low: int | None
    high: int | None
    view: Literal["alike", "more_favourable", "less_favourable", "cannot_be_said"]
    sentence_en: str
    sentence_nl: str
    own_then: int | None = None
    view_then: str | None = None
    change: str | None = None
    change_en: str | None = None
    change_nl: str | None = None


class MirrorTheme(Shape, frozen=True, kw_only=True):
    """A theme that leaders expected, or of which a released figure is shown."""

    code: str
    en: str
    nl: str
    view: Literal["expected", "not_expected", "cannot_be_said"]
    sentence_en: str
    sentence_nl: str


class LeadersView(Shape, frozen=True, kw_only=True):
    """What the layer agreed on beforehand."""

    answers: tuple[int, ...]
    themes: tuple[MirrorPhrase, ...]
    effects: tuple[MirrorPhrase, ...]
    present: int


class Mirror(Shape, frozen=True, kw_only=True):
    """A layer's mirror of a half-year, as far as who asks may see it. Its purpose stands in each answer."""

    purpose_en: str
    purpose_nl: str
    layer_id: str
    layer_en: str
    layer_nl: str
    leaders: int
    period: str
    stage: Stage
    asked: tuple[MirrorPhrase, ...]
    view: LeadersView | None = None
    themes: tuple[MirrorPhrase, ...] = ()
    effects: tuple[MirrorPhrase, ...] = ()
    questions: tuple[MirrorPhrase, ...] = ()
    words: str | None = None
    items: tuple[MirrorItem, ...] = ()
    seen_themes: tuple[MirrorTheme, ...] = ()
    before: str | None = None
    acknowledged_on: date | None = None
    reflections: tuple[MirrorReflection, ...] = ()
    open_to_others: bool = False


class SharedMirrorsQuery(Shape, frozen=True, kw_only=True):
    """HR, board, works council or adviser: mirrors of a half-year that their layers let others see."""

    period: str


class SharedMirrors(Shape, frozen=True, kw_only=True):
    """Those."""

    items: tuple[Mirror, ...]
