"""The sentences of a mirror, in neutral words. None of them judges (a test looks at each)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.reporting.domain.blind_spots import Change, ItemSeen, ThemeView, View
from shared.contracts.report import Bilingual
from shared.taxonomy import pulse_codes, themes
from shared.taxonomy.taxonomy import NEWEST

if TYPE_CHECKING:
    from collections.abc import Mapping

VIEWS: Final[Mapping[View, Bilingual]] = {
    View.ALIKE: Bilingual(
        nl="Leidinggevenden en medewerkers zien dit ongeveer gelijk.",
        en="Leaders and staff see this about alike.",
    ),
    View.MORE_FAVOURABLE: Bilingual(
        nl="Leidinggevenden zien dit gunstiger dan medewerkers.",
        en="Leaders see this more favourably than staff.",
    ),
    View.LESS_FAVOURABLE: Bilingual(
        nl="Leidinggevenden zien dit minder gunstig dan medewerkers.",
        en="Leaders see this less favourably than staff.",
    ),
    View.CANNOT_BE_SAID: Bilingual(
        nl="Hierover is niets te zeggen: een van beide kanten ontbreekt, of de marge is te breed.",
        en="Of this nothing can be said: one of the two sides is missing, or the margin is too wide.",
    ),
}

THEME_VIEWS: Final[Mapping[ThemeView, Bilingual]] = {
    ThemeView.EXPECTED: Bilingual(
        nl="Door leidinggevenden verwacht, en er is over verteld.",
        en="Expected by leaders, and told of.",
    ),
    ThemeView.NOT_EXPECTED: Bilingual(
        nl="Er is over verteld, en leidinggevenden verwachtten het niet.",
        en="Told of, and not expected by leaders.",
    ),
    ThemeView.CANNOT_BE_SAID: Bilingual(
        nl="Door leidinggevenden verwacht; of erover is verteld, is niet te zeggen.",
        en="Expected by leaders; whether it was told of cannot be said.",
    ),
}

CHANGES: Final[Mapping[Change, Bilingual]] = {
    Change.HIGHER: Bilingual(
        nl="Medewerkers antwoorden gunstiger dan bij de vorige spiegel.",
        en="Staff answer more favourably than at the last mirror.",
    ),
    Change.LOWER: Bilingual(
        nl="Medewerkers antwoorden minder gunstig dan bij de vorige spiegel.",
        en="Staff answer less favourably than at the last mirror.",
    ),
    Change.NOT_CLEAR: Bilingual(
        nl="Geen verschil met de vorige spiegel dat groter is dan de marge.",
        en="No difference from the last mirror that is larger than the margin.",
    ),
    Change.CANNOT_BE_SAID: Bilingual(
        nl="Niet te vergelijken met de vorige spiegel.",
        en="Cannot be compared with the last mirror.",
    ),
}


def item_label(item: str) -> Bilingual:
    """An item as employees are asked it."""
    asked = pulse_codes.current().questions[item]
    return Bilingual(nl=asked.nl, en=asked.en)


def item_sentence(seen: ItemSeen) -> Bilingual:
    """An item, and how the two sides see it."""
    label, view = item_label(seen.item), VIEWS[seen.view]
    return Bilingual(nl=f"“{label.nl}” {view.nl}", en=f"“{label.en}” {view.en}")


def theme_label(theme: str) -> Bilingual:
    """A theme."""
    found = themes.themes(NEWEST).themes[theme]
    return Bilingual(nl=found.nl, en=found.en)
