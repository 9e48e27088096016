"""The mirror for leaders: of each layer what it let others see, in words, and no number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.reporting.domain.blind_spots import View
from services.reporting.domain.leadership import name
from services.reporting.domain.mirror import PURPOSE, Mirror
from services.reporting.domain.mirror_words import VIEWS, item_label, theme_label
from shared.contracts.report import Bilingual, Entries, Entry, Paragraphs
from shared.taxonomy import mirror_codes

if TYPE_CHECKING:
    from services.reporting.domain.ground import Ground
    from shared.contracts.report import Block


def build(ground: Ground) -> tuple[Block, ...]:
    """An entry for each layer; nothing where no layer let others see anything. Items of which nothing can be
    said are left out.
    """
    entries = tuple(_entry(one) for one in ground.mirrors if one.is_open_to_others)
    return (Paragraphs(items=(PURPOSE,)), Entries(items=entries)) if entries else ()


def _entry(mirror: Mirror) -> Entry:
    opened, shared, composed = mirror.known, mirror.shared, mirror.composed
    acknowledged, facts = mirror.acknowledged, []
    en, nl = name(opened.levels, opened.codes_version)
    codes = mirror_codes.codes(opened.codes_version)
    if composed is not None:
        facts += [(_THEME, theme_label(code)) for code in composed.themes] + [
            (_EVOKES, Bilingual(nl=codes.effects[code].nl, en=codes.effects[code].en))
            for code in composed.effects
        ]
    if shared is not None:
        facts += [
            (item_label(one.item), VIEWS[one.view])
            for one in shared.items
            if one.view is not View.CANNOT_BE_SAID
        ]
    if acknowledged is not None:
        facts += [
            (
                Bilingual(nl=codes.questions[one.question].nl, en=codes.questions[one.question].en),
                Bilingual(nl=one.words, en=one.words),
            )
            for one in acknowledged.reflections
        ]
    return Entry(title=Bilingual(nl=nl, en=en), facts=tuple(facts))


_THEME = Bilingual(nl="Thema", en="Theme")
_EVOKES = Bilingual(nl="Wat gedrag oproept", en="What behaviour evokes")
