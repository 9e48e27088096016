"""What was done to the figures of a released table, why others are not shown, and what it cost, in
sentences. A pure function of the release: it knows no more than a reader does.

docs/anonymity.md and docs/signals.md tell the same at length; a report's PDF tells it on paper.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shared.contracts.errors import Sentence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.contracts.errors import Language
    from shared.contracts.rpc import Release


@dataclass(frozen=True, slots=True, kw_only=True)
class CellExplained:
    """A cell, and what its figure means; or why there is none."""

    code: str
    label: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """A table, explained.

    `missing` says why cells are not shown, None where all are; `budget` what a case spent on the
    table, None under `exact`, which spends nothing and protects less. `page` is the document with
    the proof and what was tried against it.
    """

    in_short: str
    steps: tuple[str, ...]
    cells: tuple[CellExplained, ...]
    missing: str | None
    total: str
    budget: str | None
    limits: tuple[str, ...]
    page: str
    break_in_series: str | None = None
    """Why figures of the table before this one cannot be set beside these; None where they can."""


def explain(release: Release, language: Language, before: Release | None = None) -> Explained:
    """The explanation of a release in one language. `before` is the same table of the period before."""
    say = _Speech(language)
    noisy = release.policy == "noisy"
    withheld = release.withheld is not None
    return Explained(
        in_short=say(_NOISY_SHORT if noisy else _EXACT_SHORT, k=release.k),
        steps=tuple(say(step, k=release.k) for step in (_NOISY_STEPS if noisy else _EXACT_STEPS)),
        cells=tuple(_cells(release, say)),
        missing=say(_NOISY_MISSING if noisy else _EXACT_MISSING, k=release.k) if withheld else None,
        total=_total(release, say),
        budget=say(_BUDGET, epsilon=release.epsilon or 0.0, budget=release.budget or 0.0)
        if noisy
        else None,
        limits=tuple(say(limit) for limit in (_NOISY_LIMITS if noisy else _EXACT_LIMITS)),
        page="docs/anonymity.md" if noisy else "docs/signals.md",
        break_in_series=_break(release, before, say),
    )


def _break(release: Release, before: Release | None, say: _Speech) -> str | None:
    """Rows that are not the same rows: codes or names differ, or the version of the taxonomy does."""
    if before is None:
        return None
    if release.taxonomy_version != before.taxonomy_version:
        return say(_OTHER_CODES)
    return None if release.labels_nl == before.labels_nl else say(_OTHER_ROWS)


def _cells(release: Release, say: _Speech) -> Iterator[CellExplained]:
    labels = release.labels_nl if say.language == "nl" else release.labels_en
    for cell in release.cells:
        sentence = (
            say(_EXACTLY, count=cell.count)
            if cell.margin is None
            else say(_WITHIN, **_around(cell.count, cell.margin))
        )
        yield CellExplained(code=cell.code, label=labels[cell.code], sentence=sentence)
    block = release.withheld
    if block is None:
        return
    for place, code in enumerate(block.codes):
        if release.policy == "noisy":
            least = block.thresholds[place]
            sentence = say(_BELOW, threshold=least, less=least - 1)
        elif block.count is None:
            sentence = say(_BLOCK_HIDDEN, cells=len(block.codes))
        else:
            sentence = say(_BLOCK, cells=len(block.codes), count=block.count)
        yield CellExplained(code=code, label=labels[code], sentence=sentence)


def _total(release: Release, say: _Speech) -> str:
    if release.total is None:
        return say(_NO_TOTAL if release.policy == "noisy" else _TOTAL_HIDDEN)
    if release.total_margin is None:
        return say(_TOTAL_EXACT, count=release.total)
    return say(_TOTAL_WITHIN, **_around(release.total, release.total_margin))


def _around(count: int, margin: int) -> dict[str, int]:
    return {"count": count, "margin": margin, "low": max(0, count - margin), "high": count + margin}


class _Speech:
    """Sentences in one language, and numbers as it writes them."""

    def __init__(self, language: Language) -> None:
        self.language = language

    def __call__(self, sentence: Sentence, **values: float) -> str:
        text = sentence.nl if self.language == "nl" else sentence.en
        return text.format(**{name: self._number(value) for name, value in values.items()})

    def _number(self, value: float) -> str:
        text = f"{value:,}" if isinstance(value, int) else f"{value:.4g}"
        return text.translate(_DUTCH) if self.language == "nl" else text


_OTHER_ROWS: Final = Sentence(
    "Break in series: the organisation was divided otherwise in the period before. A row with the same "
    "name can stand for other people; compare totals only.",
    "Reeksbreuk: in de periode ervoor was de organisatie anders ingedeeld. Een regel met dezelfde naam "
    "kan over andere mensen gaan; vergelijk alleen totalen.",
)
_OTHER_CODES: Final = Sentence(
    "Break in series: the period before was coded with another version of the taxonomy. Compare rows "
    "only where both versions mean the same by them.",
    "Reeksbreuk: de periode ervoor is met een andere versie van de taxonomie gecodeerd. Vergelijk alleen "
    "regels waarmee beide versies hetzelfde bedoelen.",
)

_DUTCH: Final = str.maketrans(",.", ".,")

# Noisy ------------------------------------------------------------------------------------------

_NOISY_SHORT: Final = Sentence(
    "Every figure has been changed a little on purpose, nearly always by no more than the margin that "
    "stands beside it. So nobody, not even a person who knows almost everything, can find out whether "
    "one colleague went to the confidential adviser. Small figures are not shown. A figure that was "
    "released never changes.",
    "Elk cijfer is met opzet een klein beetje veranderd, bijna altijd hoogstens de marge die ernaast "
    "staat. Zo kan niemand, ook niet wie bijna alles weet, vaststellen of één collega bij de "
    "vertrouwenspersoon was. Kleine aantallen tonen wij niet. Een getal dat eenmaal is gepubliceerd "
    "verandert nooit.",
)
_NOISY_STEPS: Final = (
    Sentence(
        "Before anything was counted, the log fixed which tables there will be, with how much noise, "
        "and from which figure on something is shown: from headcounts and from totals that had been "
        "released before, never from cases.",
        "Voordat er iets werd geteld, is in het logboek vastgelegd welke tabellen er komen, met hoeveel "
        "ruis, en vanaf welk cijfer iets wordt getoond: met aantallen medewerkers en totalen die al "
        "eerder waren vrijgegeven, nooit met zaken.",
    ),
    Sentence(
        "A case counts once in each table, in the window in which it was booked.",
        "Een zaak telt in elke tabel één keer mee, in de periode waarin zij is geboekt.",
    ),
    Sentence(
        "On a fixed day every cell, an empty one too, was given noise once, and the outcome was "
        "recorded. It is never drawn again, whatever happens to a case.",
        "Op een vaste dag kreeg elke cel, ook een lege, één keer ruis, en de uitkomst is vastgelegd. Er "
        "wordt nooit opnieuw getrokken, wat er ook met een zaak gebeurt.",
    ),
    Sentence(
        "Everything that anybody reads is computed from these recorded figures, and from nothing else.",
        "Alles wat iemand leest, is uit deze vastgelegde cijfers berekend, en uit niets anders.",
    ),
)
_WITHIN: Final = Sentence(
    "{count}, with a margin of {margin}: the true number lies between {low} and {high} in 95 of 100 "
    "releases.",
    "{count}, met een marge van {margin}: bij 95 van de 100 keer ligt het echte aantal tussen {low} en "
    "{high}.",
)
_BELOW: Final = Sentence(
    "Not shown: with its noise the figure lies below {threshold}. The true number may be zero, it may "
    "be {less}, and sometimes it is a little more.",
    "Niet getoond: met de ruis erbij ligt het cijfer onder {threshold}. Het echte aantal kan nul zijn, "
    "het kan {less} zijn, en soms is het iets meer.",
)
_NOISY_MISSING: Final = Sentence(
    "A cell is not shown because its figure, with noise, is below its threshold. The threshold is so "
    "high that an empty cell is shown in at most 1 of 200 releases, and never depends on the true "
    "number: that would tell something.",
    "Een cel wordt niet getoond omdat het cijfer met ruis onder de drempel ligt. De drempel is zo hoog "
    "dat een lege cel in hoogstens 1 van de 200 keer wordt getoond, en hangt nooit van het echte aantal "
    "af: dat zou iets verraden.",
)
_TOTAL_WITHIN: Final = Sentence(
    "In total {count}, with a margin of {margin}: the true number lies between {low} and {high} in 95 "
    "of 100 releases. The total is computed by itself; the rows do not add up to it.",
    "In totaal {count}, met een marge van {margin}: bij 95 van de 100 keer ligt het echte aantal tussen "
    "{low} en {high}. Het totaal is apart berekend; de regels tellen er niet toe op.",
)
_NO_TOTAL: Final = Sentence(
    "Of this period there is no total that is shown.",
    "Van deze periode is er geen totaal dat wordt getoond.",
)
_BUDGET: Final = Sentence(
    "Each case spent ε = {epsilon} of its protection on the draws of this table. All tables together "
    "may spend at most {budget} for a case in a half-year.",
    "Elke zaak gaf aan de trekkingen van deze tabel ε = {epsilon} van haar bescherming uit. Alle "
    "tabellen samen mogen per zaak en halfjaar hoogstens {budget} uitgeven.",
)
_NOISY_LIMITS: Final = (
    Sentence(
        "Two figures that lie closer together than their margins taken together may differ by chance.",
        "Twee cijfers die minder ver uit elkaar liggen dan hun marges samen, kunnen door toeval "
        "verschillen.",
    ),
    Sentence(
        "A group is not hidden: if many spoke of the same matter, that can be seen. Whoever is the "
        "subject of several cases is that many times less protected.",
        "Een groep blijft niet verborgen: spraken velen over hetzelfde, dan is dat te zien. Wie "
        "onderwerp is van meerdere meldingen, is zoveel keer minder beschermd.",
    ),
    Sentence(
        "The protection is that of one case. Each further case of the same person spends again, in the "
        "same half-year too.",
        "De bescherming is die van één zaak. Elke volgende zaak van dezelfde persoon geeft opnieuw uit, "
        "ook in hetzelfde halfjaar.",
    ),
    Sentence(
        "Noise does not protect what lies outside the figures: calendars, talk, and the words of "
        "reports and signals.",
        "Ruis beschermt niet wat buiten de cijfers ligt: agenda's, praatjes, en de woorden van "
        "rapporten en signalen.",
    ),
)

# Exact ------------------------------------------------------------------------------------------

_EXACT_SHORT: Final = Sentence(
    "The figures are counts as they are. What would be too small to show is put together with other "
    "cells, and only the sum is told. A figure that was released never changes.",
    "De cijfers zijn de aantallen zelf. Wat te klein is om te tonen, wordt met andere cellen "
    "samengenomen, en alleen de som wordt genoemd. Een getal dat eenmaal is gepubliceerd verandert "
    "nooit.",
)
_EXACT_STEPS: Final = (
    Sentence(
        "Before anything was counted, the log fixed the cells, the number {k} below which a cell is "
        "small, and the order in which cells are put together. The organisation decided on that with "
        "its works council.",
        "Voordat er iets werd geteld, zijn in het logboek de cellen vastgelegd, het aantal {k} waaronder "
        "een cel klein is, en de volgorde waarin cellen worden samengenomen. De organisatie heeft daarover "
        "met de ondernemingsraad besloten.",
    ),
    Sentence(
        "The counts of a period were made once, on a fixed day. What happens to a case later changes "
        "none of them.",
        "De aantallen van een periode zijn één keer gemaakt, op een vaste dag. Wat er later met een zaak "
        "gebeurt, verandert daar niets aan.",
    ),
)
_EXACTLY: Final = Sentence("Exactly {count}.", "Precies {count}.")
_BLOCK: Final = Sentence(
    "Not shown by itself: it stands in a block of {cells} cells, together {count}.",
    "Niet apart getoond: staat in een blok van {cells} cellen, samen {count}.",
)
_BLOCK_HIDDEN: Final = Sentence(
    "Not shown: it stands in a block of {cells} cells whose sum is not told either.",
    "Niet getoond: staat in een blok van {cells} cellen waarvan ook de som niet wordt genoemd.",
)
_EXACT_MISSING: Final = Sentence(
    "A cell is not shown by itself when it has fewer than {k} cases, none included, or when its cases "
    "are about few people; and, so that nothing can be computed back, other cells are put into the same "
    "block. Nothing tells which of these it was.",
    "Een cel wordt niet apart getoond als zij minder dan {k} zaken heeft, nul inbegrepen, of als haar "
    "zaken over weinig mensen gaan; en, opdat niets terug te rekenen is, gaan andere cellen in hetzelfde "
    "blok. Welke van deze redenen het was, is niet te zien.",
)
_TOTAL_EXACT: Final = Sentence("In total exactly {count}.", "In totaal precies {count}.")
_TOTAL_HIDDEN: Final = Sentence(
    "The total is not shown: it would give the block away.",
    "Het totaal wordt niet getoond: het zou het blok verraden.",
)
_EXACT_LIMITS: Final = (
    Sentence(
        "Whoever knows most cases already can learn of one more: the counts are exact.",
        "Wie de meeste zaken al kent, kan te weten komen dat er nog één is: de aantallen zijn precies.",
    ),
    Sentence(
        "Calendars, talk and the words of reports are outside the rule.",
        "Agenda's, praatjes en de woorden van rapporten vallen buiten de regel.",
    ),
)
