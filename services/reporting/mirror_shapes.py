"""A mirror as somebody may see it: the layer's own, the adviser's, or what the layer let others see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.reporting.domain.leadership import name
from services.reporting.domain.mirror import PURPOSE
from services.reporting.domain.mirror_words import (
    CHANGES,
    THEME_VIEWS,
    item_label,
    item_sentence,
    theme_label,
)
from shared.contracts import reporting_mirror as told
from shared.taxonomy import mirror_codes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from services.reporting.domain.blind_spots import ItemSeen, ThemeSeen
    from services.reporting.domain.mirror import ItemBefore, Mirror


def to_adviser(state: Mirror) -> told.Mirror:
    """As it was composed. The own view is the layer's until the mirror is shared: nothing is chosen by it.
    The layer's words are its own until it lets others see them.
    """
    return _mirror(
        state,
        composed=True,
        own=state.shared is not None,
        reflections=state.is_open_to_others,
    )


def to_layer(state: Mirror) -> told.Mirror:
    """All of it, once it is shared; before that the layer's own view alone."""
    return _mirror(state, composed=state.shared is not None, own=True, reflections=True)


def to_others(state: Mirror) -> told.Mirror:
    """What the layer let others see: all of this round, and nothing of its own view of the one before, which
    it may have kept to itself.
    """
    return _mirror(state, composed=True, own=True, reflections=True, then=False)


def _mirror(
    state: Mirror, *, composed: bool, own: bool, reflections: bool, then: bool = True
) -> told.Mirror:
    opened, made = state.known, state.composed if composed else None
    shared, seen = state.shared, state.acknowledged
    codes = mirror_codes.codes(opened.codes_version)
    en, nl = name(opened.levels, opened.codes_version)
    view = state.own if own else None
    before = {} if shared is None else {one.item: one for one in shared.changes}
    return told.Mirror(
        purpose_en=PURPOSE.en,
        purpose_nl=PURPOSE.nl,
        layer_id=str(opened.layer_id),
        layer_en=en,
        layer_nl=nl,
        leaders=opened.leaders,
        period=opened.period,
        stage=state.stage.value,
        asked=tuple(_item(code) for code in opened.items),
        view=None
        if view is None
        else told.LeadersView(
            answers=view.answers,
            themes=tuple(_theme(code) for code in view.themes),
            effects=_phrases(codes.effects, view.effects),
            present=view.present,
        ),
        themes=() if made is None else tuple(_theme(code) for code in made.themes),
        effects=() if made is None else _phrases(codes.effects, made.effects),
        questions=() if made is None else _phrases(codes.questions, made.questions),
        words=None if made is None else made.words,
        items=()
        if shared is None
        else tuple(_seen(one, before.get(one.item), then=then) for one in shared.items),
        seen_themes=() if shared is None else tuple(map(_seen_theme, shared.themes)),
        before=None if shared is None else shared.before,
        acknowledged_on=None if seen is None else seen.on,
        reflections=tuple(
            told.MirrorReflection(question=one.question, words=one.words)
            for one in (seen.reflections if seen is not None and reflections else ())
        ),
        open_to_others=state.is_open_to_others,
    )


def _phrases(
    known: Mapping[str, mirror_codes.Phrase], chosen: Iterable[str]
) -> tuple[told.MirrorPhrase, ...]:
    return tuple(
        told.MirrorPhrase(code=code, en=known[code].en, nl=known[code].nl) for code in chosen
    )


def phrases(known: Mapping[str, mirror_codes.Phrase]) -> tuple[told.MirrorPhrase, ...]:
    """A whole list."""
    return _phrases(known, known)


def _item(code: str) -> told.MirrorPhrase:
    label = item_label(code)
    return told.MirrorPhrase(code=code, en=label.en, nl=label.nl)


def _theme(code: str) -> told.MirrorPhrase:
    label = theme_label(code)
    return told.MirrorPhrase(code=code, en=label.en, nl=label.nl)


def _seen(one: ItemSeen, before: ItemBefore | None, *, then: bool) -> told.MirrorItem:
    label, sentence = item_label(one.item), item_sentence(one)
    since = None if before is None else CHANGES[before.change]
    return told.MirrorItem(
        code=one.item,
        en=label.en,
        nl=label.nl,
        own=one.own,
        low=one.low,
        high=one.high,
        view=one.view.value,
        sentence_en=sentence.en,
        sentence_nl=sentence.nl,
        own_then=before.own if before is not None and then else None,
        view_then=before.view.value if before is not None and then else None,
        change=None if before is None else before.change.value,
        change_en=None if since is None else since.en,
        change_nl=None if since is None else since.nl,
    )


def _seen_theme(one: ThemeSeen) -> told.MirrorTheme:
    label, sentence = theme_label(one.theme), THEME_VIEWS[one.view]
    return told.MirrorTheme(
        code=one.theme,
        en=label.en,
        nl=label.nl,
        view=one.view.value,
        sentence_en=sentence.en,
        sentence_nl=sentence.nl,
    )
