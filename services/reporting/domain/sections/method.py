"""How the figures were made and protected, what was spent, where series break, what came too late."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.reporting.domain import series
from services.reporting.domain.figures import spent
from services.reporting.domain.reasons import why_not
from services.reporting.domain.sections.phrases import day, number, paragraphs, text
from shared.taxonomy.period import Period

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from services.reporting.domain.figures import Figures
    from services.reporting.domain.ground import Ground
    from shared.contracts.report import Bilingual, Block


def build(ground: Ground) -> tuple[Block, ...]:
    """Sentences alone."""
    figures = tuple(table.figures for table in ground.tables)
    if not figures:
        return (paragraphs(why_not(ground, "total"), _cut_off(ground)),)
    exact = figures[0].policy == "exact"
    items = [*(_exact(figures) if exact else _noisy(figures)), _taxonomy(figures), _cut_off(ground)]
    items += [
        text(
            f"Breuk in de reeks op {day(one.since).nl}: {one.text.nl.rstrip('.')}.",
            f"Break in the series on {day(one.since).en}: {one.text.en.rstrip('.')}.",
        )
        for one in series.breaks(ground)
        if _oldest(ground) < one.since < ground.period.end
    ]
    items.append(_TESTS)
    return (paragraphs(*items),)


def _oldest(ground: Ground) -> date:
    """The first day that any figure here is about: an older break is of no concern."""
    tables = (*ground.history, *ground.tables)
    return min(Period.parse(table.figures.period).start for table in tables)


def _noisy(figures: Sequence[Figures]) -> list[Bilingual]:
    most = max((one.budget for one in figures if one.budget is not None), default=0.0)
    cost, limit = number(spent(tuple(figures)), 2), number(most, 2)
    least = min(one.k for one in figures)
    return [
        text(
            "Beleid: ruis. Welke tabellen er zijn, met hoeveel ruis en vanaf welk cijfer, is vastgelegd "
            "voordat de eerste melding telde. Elk cijfer is één keer getrokken en verandert nooit. Een "
            f"melding gaf aan de tabellen van dit rapport ε = {cost.nl} uit; hoogstens {limit.nl} in een "
            "halfjaar.",
            "Policy: noise. Which tables there are, with how much noise and from which figure on, was "
            "frozen before the first case counted. Each figure was drawn once and never changes. A case "
            f"spent ε = {cost.en} on the tables of this report; at most {limit.en} in a half-year.",
        ),
        text(
            f"Wat onder de grens van zijn tabel ligt (nergens lager dan {least}), wordt niet getoond. De "
            "grens hangt van de ruis af, nooit van een aantal. Wat door aftrekken volgt, is een cijfer met "
            "zijn ruis, en nooit het aantal.",
            f"What lies below the limit of its table (nowhere lower than {least}) is not shown. The "
            "limit depends on the noise, never on a count. What follows by subtraction is a figure with its "
            "noise, and never the count.",
        ),
    ]


def _exact(figures: Sequence[Figures]) -> list[Bilingual]:
    k = figures[0].k
    return [
        text(
            f"Beleid: exact. Wat hier staat telt minstens {k} meldingen, over minstens drie mensen. De "
            "organisatie besloot dit met haar ondernemingsraad.",
            f"Policy: exact. What stands here counts at least {k} cases, about at least three people. "
            "The organisation decided so with its works council.",
        ),
        text(
            "Kleine cellen, nul ook, zijn in één blok samen weggelaten, met een grotere erbij in een "
            "volgorde die vooraf vaststond. Van het blok wordt alleen de som getoond, of ook die niet; "
            "dan staat er ook geen totaal en geen aandeel.",
            "Small cells, zero too, were left out together in one block, with a larger one in an order "
            "that was fixed beforehand. Of the block only the sum is shown, or not even that; then "
            "there is no total and no share either.",
        ),
    ]


def _taxonomy(figures: Sequence[Figures]) -> Bilingual:
    versions = " en ".join(str(one) for one in sorted({one.taxonomy_version for one in figures}))
    return text(
        f"Meldingen zijn ingedeeld volgens versie {versions} van de lijst van categorieën.",
        f"Cases were coded by version {versions.replace(' en ', ' and ')} of the list of categories.",
    )


def _cut_off(ground: Ground) -> Bilingual:
    on = day(ground.cut_off)
    return text(
        f"Standdatum: {on.nl}. Een melding telt in de periode waarin zij is geboekt; wat later is "
        "geboekt staat in een later rapport. Wat is vrijgegeven verandert niet, ook niet als een "
        "melding later wordt verbeterd of gewist.",
        f"Cut-off date: {on.en}. A case counts in the period in which it was booked; what was booked "
        "later stands in a later report. What was released does not change, nor when a case is "
        "corrected or erased later.",
    )


_TESTS = text(
    "Veranderingen zijn getoetst met de exacte tweezijdige binomiaaltoets (5 %), naar het aantal "
    "medewerkers waar dat van beide perioden bekend is; waar ruis is, wordt het verschil eerst "
    "kleiner gemaakt naar de mate waarin zij het onzeker maakt. Een lijn over minstens drie perioden: "
    "de scoretoets van Armitage, met de ruis erbij. Het bereik van een getal: Garwood, en van een "
    "aandeel: Clopper en Pearson.",
    "Changes were tested with the exact two-sided binomial test (5 %), by the number of staff where "
    "it is known of both periods; where there is noise, the difference is first made smaller by as "
    "much as noise makes it less sure. A trend over at least three periods: Armitage’s score test, "
    "the noise added. Intervals of a number: Garwood’s, of a share: Clopper and Pearson’s.",
)
