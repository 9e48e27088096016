"""Warnings and trends in sentences that a works council accepts, in English and Dutch.

They name a theme or a unit, never a person; a figure that is not shown is not said either.
`label` is the cell's, in the same language.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.signals.domain.detector import EarlyWarning, Reason
from services.signals.domain.trends import LeadTime, Trend, TrendKind
from shared.contracts.errors import Language
from shared.taxonomy.period import Grain, Period

if TYPE_CHECKING:
    from services.signals.domain.series import Seen

_ONE: Final[dict[Language, dict[Grain, str]]] = {
    "en": {"quarter": "quarter", "half-year": "half-year", "year": "year"},
    "nl": {"quarter": "kwartaal", "half-year": "halfjaar", "year": "jaar"},
}
_SEVERAL: Final[dict[Language, dict[Grain, str]]] = {
    "en": {"quarter": "quarters", "half-year": "half-years", "year": "years"},
    "nl": {"quarter": "kwartalen", "half-year": "halfjaren", "year": "jaren"},
}
_LEAD: Final[dict[Language, dict[str, str]]] = {
    "en": {
        "formal_complaint": "formal complaint",
        "absence_rise": "rise in absence",
        "before": "The first warning came {low} to {high} days before the first {what}.",
        "after": "The first warning came {low} to {high} days after the first {what}.",
        "together": "The first warning came in the same period as the first {what}.",
        "no_warning": "There was no warning, so none came before a {what}.",
        "not_told": "No {what} is told of, so it is not known how early the warnings were.",
    },
    "nl": {
        "formal_complaint": "formele klacht",
        "absence_rise": "stijging van het verzuim",
        "before": "De eerste waarschuwing kwam {low} tot {high} dagen vóór de eerste {what}.",
        "after": "De eerste waarschuwing kwam {low} tot {high} dagen na de eerste {what}.",
        "together": "De eerste waarschuwing kwam in dezelfde periode als de eerste {what}.",
        "no_warning": "Er was geen waarschuwing; er kwam er dus ook geen vóór een {what}.",
        "not_told": "Er is geen {what} gemeld; hoe vroeg de waarschuwingen waren is dus onbekend.",
    },
}
_WARNING: Final[dict[Language, dict[str, str]]] = {
    "en": {
        "jump": "{label}: in {period} {figures}, where about {expected} were to be expected after the"
        " {history} {windows} before. It rose more than chance and noise explain. That says nothing"
        " of any one person, and nothing of the cause.",
        "persistent": "{label}: since {since} more cases were counted than before, in {period}"
        " {figures}; before it were about {expected} each {window}. It rose more than chance and"
        " noise explain, and stays. That says nothing of any one person, and nothing of the cause.",
        "shown": "about {value} cases (margin {margin})",
        "hidden": "fewer cases than are shown ({threshold}), but with the {window} before it enough",
    },
    "nl": {
        "jump": "{label}: in {period} {figures}, waar er na de {history} {windows} ervoor ongeveer"
        " {expected} te verwachten waren. Dat is meer dan toeval en ruis verklaren. Het zegt niets"
        " over één persoon, en niets over de oorzaak.",
        "persistent": "{label}: sinds {since} werden meer zaken geteld dan daarvoor, in {period}"
        " {figures}; daarvoor waren het er ongeveer {expected} per {window}. Dat is meer dan toeval"
        " en ruis verklaren, en het houdt aan. Het zegt niets over één persoon, en niets over de"
        " oorzaak.",
        "shown": "ongeveer {value} zaken (marge {margin})",
        "hidden": "minder zaken dan worden getoond ({threshold}), maar met het {window} ervoor genoeg",
    },
}
_TREND: Final[dict[Language, dict[TrendKind, str]]] = {
    "en": {
        "new": "{label}: new in {period}; in the {windows} before it was too little to be shown.",
        "returning": "{label}: back in {period}; it was shown before, then not for two {windows} or"
        " more.",
        "rising": "{label}: rising. The last two {windows} lie above those before by more than chance"
        " and noise explain.",
        "declining": "{label}: declining. The last two {windows} lie below those before by more than"
        " chance and noise explain.",
        "recurring": "{label}: recurring. It is shown again and again, without a clear rise or fall.",
        "steady": "{label}: no change that chance and noise do not explain.",
        "unknown": "{label}: no trend yet; that takes three {windows} that can be compared.",
    },
    "nl": {
        "new": "{label}: nieuw in {period}; in de {windows} ervoor was het te weinig om te tonen.",
        "returning": "{label}: terug in {period}; het werd eerder getoond, daarna twee of meer"
        " {windows} niet.",
        "rising": "{label}: stijgend. De laatste twee {windows} liggen meer boven die ervoor dan"
        " toeval en ruis verklaren.",
        "declining": "{label}: dalend. De laatste twee {windows} liggen meer onder die ervoor dan"
        " toeval en ruis verklaren.",
        "recurring": "{label}: terugkerend. Het wordt steeds weer getoond, zonder duidelijke stijging"
        " of daling.",
        "steady": "{label}: geen verandering die toeval en ruis niet verklaren.",
        "unknown": "{label}: nog geen ontwikkeling; daar zijn drie {windows} voor nodig die te"
        " vergelijken zijn.",
    },
}
_CUT: Final[dict[Language, str]] = {
    "en": " Older figures cannot be compared: units or headcounts changed.",
    "nl": " Oudere cijfers zijn niet te vergelijken: eenheden of aantallen medewerkers veranderden.",
}
_REASON: Final[dict[Language, dict[Reason, str]]] = {
    "en": {
        "released_yearly": "{label}: no automatic early warning, since it is released once a year.",
        "too_few_windows": "{label}: no automatic early warning yet; it needs four figures before the"
        " newest that can be compared.",
        "too_few_cases": "{label}: no automatic early warning below one case a quarter; chance and"
        " noise would drown it. The adviser may see it sooner than the figures.",
        "too_much_noise": "{label}: no automatic early warning; the figure holds too much noise.",
        "unknown_detector": "{label}: no automatic early warning; the grid names a rule that this"
        " version of the program does not have.",
    },
    "nl": {
        "released_yearly": "{label}: geen automatische vroege waarschuwing, want het cijfer komt eens"
        " per jaar.",
        "too_few_windows": "{label}: nog geen automatische vroege waarschuwing; daarvoor zijn vier"
        " vergelijkbare cijfers vóór het nieuwste nodig.",
        "too_few_cases": "{label}: geen automatische vroege waarschuwing onder één zaak per kwartaal;"
        " toeval en ruis overstemmen haar. De vertrouwenspersoon ziet het misschien eerder.",
        "too_much_noise": "{label}: geen automatische vroege waarschuwing; het cijfer bevat te veel"
        " ruis.",
        "unknown_detector": "{label}: geen automatische vroege waarschuwing; het raster noemt een regel"
        " die deze versie van het programma niet heeft.",
    },
}
_ORDINAL: Final[dict[Language, tuple[str, ...]]] = {
    "en": ("first", "second", "third", "fourth"),
    "nl": ("eerste", "tweede", "derde", "vierde"),
}


def warning_sentence(warning: EarlyWarning, label: str, language: Language) -> str:
    """What rose, since when, by how much."""
    words, seen = _WARNING[language], warning.evidence.seen
    period = Period.parse(warning.period)
    return words[warning.kind].format(
        label=label,
        period=period_words(period, language),
        since=period_words(Period.parse(seen[0].period), language),
        figures=_figure(seen[-1], period, language),
        expected=_number(warning.evidence.expected, language),
        history=warning.evidence.history,
        window=_ONE[language][period.grain],
        windows=_SEVERAL[language][period.grain],
    )


def trend_sentence(trend: Trend, label: str, language: Language) -> str:
    """What it does; and that older figures exist which cannot be compared."""
    period = Period.parse(trend.period)
    sentence = _TREND[language][trend.kind].format(
        label=label,
        period=period_words(period, language),
        windows=_SEVERAL[language][period.grain],
    )
    return sentence + (_CUT[language] if trend.cut else "")


def reason_sentence(reason: Reason, label: str, language: Language) -> str:
    """Why there is no automatic early warning."""
    return _REASON[language][reason].format(label=label)


def lead_sentence(time: LeadTime, language: Language) -> str:
    """How much earlier the first warning came, or why that cannot be said."""
    words = _LEAD[language]
    what = words[time.what]
    if time.at_least is None or time.at_most is None:
        return words[time.reason or "not_told"].format(what=what)
    if time.at_least > 0:
        kind, low, high = "before", time.at_least, time.at_most
    elif time.at_most < 0:
        kind, low, high = "after", -time.at_most, -time.at_least
    else:
        return words["together"].format(what=what)
    return words[kind].format(what=what, low=low, high=high)


def period_words(period: Period, language: Language) -> str:
    """`the third quarter of 2027`, `het derde kwartaal van 2027`."""
    if period.grain == "year":
        return str(period.year)
    nth = _ORDINAL[language][(period.quarter or period.half or 1) - 1]
    if language == "en":
        return f"the {nth} {'quarter' if period.quarter else 'half'} of {period.year}"
    part = f"het {nth} kwartaal" if period.quarter else f"de {nth} helft"
    return f"{part} van {period.year}"


def _figure(seen: Seen, period: Period, language: Language) -> str:
    which = "hidden" if seen.value is None else "shown"
    return _WARNING[language][which].format(
        value=seen.value,
        margin=seen.margin,
        threshold=seen.threshold,
        window=_ONE[language][period.grain],
    )


def _number(value: float, language: Language) -> str:
    """Rounded to a tenth below ten, to a whole number above."""
    text = f"{value:.1f}" if value < 10 else f"{value:.0f}"
    return text.replace(".", ",") if language == "nl" else text
