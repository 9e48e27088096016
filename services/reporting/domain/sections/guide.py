"""How to read the report: what its figures are not, what is counted, what margins and words mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.reporting.domain.sections.phrases import MORE_IS_NOT_WORSE, paragraphs, text

if TYPE_CHECKING:
    from services.reporting.domain.ground import Ground
    from shared.contracts.report import Bilingual, Block


def build(ground: Ground) -> tuple[Block, ...]:
    """Sentences alone, with an example from the report where it has one."""
    items = [_NOT, _UNITS, *_figures(ground), _WORDS, MORE_IS_NOT_WORSE]
    return (paragraphs(*items),)


_NOT = text(
    "De cijfers zeggen hoeveel meldingen bij de vertrouwenspersonen kwamen. Zij zeggen niet hoe vaak iets "
    "gebeurt, niet of het bewezen is, en niets over het werk van een persoon: niemand onderzoekt hier, en "
    "niemand wordt beoordeeld.",
    "The figures say how many cases came to the confidential advisers. They do not say how often "
    "something happens, nor whether it is proven, and nothing of anybody’s work: nobody investigates "
    "here, and nobody is judged.",
)
_UNITS = text(
    "Bij elk getal staat wat er is geteld. Personen, meldingen, gesprekken, onderwerpen en formele "
    "klachten zijn vijf verschillende getallen: één persoon kan vaker melden, één melding kan vele "
    "gesprekken vragen en over meer onderwerpen gaan, en weinig meldingen worden een formele klacht. "
    "Zij worden nooit bij elkaar opgeteld. Een vrijgegeven tabel telt meldingen: elke melding één keer, "
    "bij haar eerste onderwerp.",
    "With each number stands what was counted. Persons, cases, conversations, issues and formal "
    "complaints are five different numbers: one person may come more than once, one case may take many "
    "conversations and touch more issues, and few cases become a formal complaint. They are never added "
    "up. A released table counts cases: each case once, under its first issue.",
)
_WORDS = text(
    "Of iets veranderde wordt getoetst. “Geen duidelijke verandering”: toeval (en ruis, waar die is) "
    "verklaart het verschil. “Meer”, “minder” en “veel meer”: die verklaren het niet. “Te weinig om "
    "iets te zeggen”: hoe de aantallen ook waren gevallen, toeval had het kunnen zijn. Van twee "
    "perioden heet niets een lijn of een trend; daarvoor zijn er minstens drie nodig die te vergelijken "
    "zijn.",
    "Whether something changed is tested. “No clear change”: chance (and noise, where there is any) "
    "explains the difference. “More”, “fewer” and “strongly more”: they do not explain it. “Too few to "
    "say”: however the numbers had fallen, it could have been chance. Of two periods nothing is called "
    "a trend; that takes at least three that can be compared.",
)


def _figures(ground: Ground) -> tuple[Bilingual, ...]:
    policies = {table.figures.policy for table in ground.tables}
    if "noisy" in policies:
        return (*_margin(ground), _BELOW)
    if "exact" in policies:
        return (_WITHHELD,)
    return ()


_BELOW = text(
    "Staat er “<” en een getal, dan ligt het cijfer onder de grens waarboven het wordt getoond; het kan "
    "ook nul zijn.",
    "Where “<” and a number stand, the figure lies below the limit from which it is shown; it may be "
    "zero too.",
)
_WITHHELD = text(
    "Kleine aantallen worden niet getoond, ook nul niet, en ook een groter aantal niet waar een klein "
    "uit zou volgen. Wat er wel staat is exact.",
    "Small numbers are not shown, nor is zero, nor a larger number from which a small one would follow. What "
    "stands there is exact.",
)


def _margin(ground: Ground) -> tuple[Bilingual, ...]:
    """With the largest figure that the report has, if it has one."""
    largest = max(
        (
            (cell.count, table.labels_nl[cell.code], table.labels_en[cell.code], cell.margin or 0)
            for table in ground.tables
            for cell in table.figures.cells
            if table.figures.dimension != "total"
        ),
        default=None,
        key=lambda found: (found[0], found[1]),
    )
    if largest is None:
        return (_NOISE,)
    count, nl, en, margin = largest
    low, high = max(0, count - margin), count + margin
    return (
        text(
            f"{_NOISE.nl} Een voorbeeld uit dit rapport: {nl}, {count} ± {margin}. Het echte aantal ligt dan "
            f"tussen {low} en {high}; van honderd zulke cijfers klopt dat bij vijfennegentig.",
            f"{_NOISE.en} An example from this report: {en}, {count} ± {margin}. The true number then lies "
            f"between {low} and {high}; of a hundred such figures that is so for ninety-five.",
        ),
    )


_NOISE = text(
    "Elk getal is met opzet een klein beetje veranderd, zodat niemand erin is terug te vinden; de marge "
    "ernaast zegt hoeveel dat scheelt.",
    "Every number was changed a little on purpose, so that nobody can be found in it; the margin beside "
    "it says by how much.",
)
