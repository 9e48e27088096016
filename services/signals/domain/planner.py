"""What an organisation of a size can learn, and at what price, before its grid is frozen.

The grid is chosen by services/signals/domain/lattice.py; this tells beforehand what it will give:
how many cells are likely to be shown, with which margin, and why other tables would be of no use.
It knows headcounts, a number of cases a year and the law of the noise, and never a fact.

How cases fall over cells is told by a public model: a cell's mean varies as a gamma law around its
share, and its cases are Poisson around that, so that counts are negative binomial (Greenwood and
Yule 1920). How much means vary was taken from registers that organisations have published.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Final, Literal

from services.signals.domain.lattice import (
    BASE_RATE,
    BUDGET,
    DIVIDED_FROM,
    SMALLEST_UNIT,
    Axis,
    Branch,
    Measure,
    Profile,
    Table,
    choose,
    epsilon_of,
    grid_units,
    noise_of,
)
from services.signals.domain.noise import SMALLEST_SHOWN, Draws, margin, reaches, threshold
from shared.contracts.errors import Language, Sentence
from shared.taxonomy.period import Grain
from shared.taxonomy.taxonomy import NEWEST
from shared.taxonomy.taxonomy import version as taxonomy_version_of
from shared.taxonomy.themes import themes

Verdict = Literal["measured", "summed", "refused"]
"""Measured with noise of its own; a sum of what is measured, which spends nothing; or not offered."""

Reason = Literal[
    "too_few_cases",
    "too_few_units",
    "too_few_shown",
    "margin_too_wide",
    "budget_spent",
    "not_settled",
    "known_later",
    "no_headcounts",
]

LEAST_SHOWN: Final = 0.1
"""A table of which fewer cells are likely to be shown is empty to whoever opens it."""

SPARE: Final = 0.1
"""What can be left of the budget for one more table beside themes and units: a tenth."""

VARIES: Final = 1.2
"""Shape of the gamma law of a cell's mean: 1.1 and 1.2 in two years of the Ministry of Defence's
register by kind (tests/data/SOURCES.md)."""

UNITS_VARY: Final = 1.5
"""The same of units: 1.5 in Avans Hogeschool's register by city."""

YEARS_VARY: Final = 6.0
"""The same of the whole, from one window to the next: an assumption, as in bench/anonymity."""

UNSAID: Final = 0.05
"""Share of cases whose unit is not said: an assumption, as in bench/anonymity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What a table would look like. `margin` and `threshold` are those of its coarsest cell.

    `share_shown` is how many of its cells are likely to be shown, from 0 to 1; `share_of_five` how
    many of those with five cases or more; `mean` is the mean number of cases in a cell.
    """

    margin: int
    threshold: int
    share_shown: float
    share_of_five: float
    mean: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One table at one grain.

    `epsilon` is what a case spends on it, 0 for a sum. Of a refused table `epsilon` and `outlook`
    are what it could at most get; None where there is nothing to compute.
    """

    table: str
    axes: tuple[Axis, ...]
    grain: Grain
    verdict: Verdict
    epsilon: float | None = None
    outlook: Outlook | None = None
    reason: Reason | None = None
    sentence_en: str = ""
    sentence_nl: str = ""

    def sentence(self, language: Language) -> str:
        """Why it is refused; empty for a table that is offered."""
        return self.sentence_nl if language == "nl" else self.sentence_en


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What an organisation of that size gets: rows that are offered, then those that are refused.

    `epsilon` of `budget` is spent by a case; both are 0 under the policy `exact`, which spends
    nothing and protects less. `estimated`: headcounts stood in for a released total.
    """

    policy: Literal["noisy", "exact"]
    profile: Profile | None
    yearly_total: float
    estimated: bool
    units: int
    epsilon: float
    budget: float
    rows: tuple[Row, ...]


def plan(
    tree: Sequence[Branch], *, yearly_total: float | None = None, profile: Profile = "standard"
) -> Plan:
    """The plan under the policy `noisy`; without a released total it is estimated by headcounts."""
    units = grid_units(tree)
    total = _total(tree, yearly_total)
    measures, tables = choose(yearly_total=total, units=units, profile=profile)
    headcounts = [unit.headcount for unit in units]
    rows = [_offered(table, measures, total, headcounts) for table in tables]
    for candidate in _CANDIDATES:
        told = [row.grain for row in rows if row.table == candidate.table]
        grain = _next(candidate.grains, told)
        if grain is not None:
            rows.append(_refused(candidate, grain, total, headcounts, profile))
    return Plan(
        policy="noisy",
        profile=profile,
        yearly_total=total,
        estimated=yearly_total is None,
        units=len(units),
        epsilon=epsilon_of(measures),
        budget=BUDGET[profile],
        rows=_in_order(rows),
    )


def plan_exact(tree: Sequence[Branch], *, yearly_total: float | None = None, k: int = 10) -> Plan:
    """The plan under the policy `exact`: how many cells are likely to have `k` cases or more.

    One cell more is withheld with the small ones (services/signals/domain/exact.py), so the share
    that is shown is at most this.
    """
    total = _total(tree, yearly_total)
    kinds = len(taxonomy_version_of(NEWEST).categories)
    headcounts = [branch.headcount for branch in tree if branch.headcount]
    rows = []
    for grain in _LONGEST_FIRST[:2]:
        cells = [_Cell(mean=total * _PART[grain] / kinds, varies=VARIES)] * kinds
        rows.append(_exactly("category", (), grain, cells, k))
        cells = _cells(("unit",), grain, total, headcounts) if headcounts else []
        rows.append(_exactly("unit", ("unit",), grain, cells, k))
    return Plan(
        policy="exact",
        profile=None,
        yearly_total=total,
        estimated=yearly_total is None,
        units=len(headcounts),
        epsilon=0,
        budget=0,
        rows=_in_order(rows),
    )


def _total(tree: Sequence[Branch], yearly_total: float | None) -> float:
    if yearly_total is None:
        return BASE_RATE * sum(branch.headcount for branch in tree)
    return yearly_total


def _in_order(rows: Sequence[Row]) -> tuple[Row, ...]:
    return tuple(sorted(rows, key=lambda row: row.verdict == "refused"))


# Rows -------------------------------------------------------------------------------------------

_PART: Final[dict[Grain, float]] = {"year": 1, "half-year": 0.5, "quarter": 0.25}

_LONGEST_FIRST: Final[tuple[Grain, ...]] = ("year", "half-year", "quarter")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    """A table that is asked for. `beside`: where there are units, it can only have what themes and
    units leave of the budget. `never`: why it cannot be had in any organisation.
    """

    table: str
    axes: tuple[Axis, ...] = ()
    grains: tuple[Grain, ...] = _LONGEST_FIRST
    beside: bool = False
    never: Reason | None = None


_CANDIDATES: Final = (
    _Candidate(table="theme", axes=("theme",)),
    _Candidate(table="unit", axes=("unit",)),
    _Candidate(table="unit_area", axes=("unit", "area")),
    _Candidate(table="unit_theme", axes=("unit", "theme")),
    _Candidate(table="relation", axes=("relation",), beside=True),
    _Candidate(table="route", grains=("year",), never="known_later"),
    _Candidate(table="cause", grains=("year",), never="not_settled"),
    _Candidate(table="impact", grains=("year",), never="not_settled"),
    _Candidate(table="policy", grains=("year",), never="not_settled"),
)
"""The most useful first. Areas and totals are not among them: they come with what they are sums of."""


def _next(grains: tuple[Grain, ...], told: Sequence[Grain]) -> Grain | None:
    """The window that is refused: the next shorter one than is told, or the longest of all."""
    if not told:
        return grains[0]
    shortest = max(grains.index(grain) for grain in told)
    return grains[shortest + 1] if shortest + 1 < len(grains) else None


def _offered(
    table: Table, measures: tuple[Measure, ...], total: float, headcounts: Sequence[int]
) -> Row:
    own = next((m for m in measures if (m.axes, m.grain) == (table.axes, table.grain)), None)
    draws = noise_of(table, measures, len(headcounts), NEWEST)
    return Row(
        table=table.id,
        axes=table.axes,
        grain=table.grain,
        verdict="summed" if own is None else "measured",
        epsilon=0 if own is None else own.epsilon,
        outlook=_outlook(draws, _cells(table.axes, table.grain, total, headcounts)),
    )


def _refused(
    candidate: _Candidate,
    grain: Grain,
    total: float,
    headcounts: Sequence[int],
    profile: Profile,
) -> Row:
    """A table that is not offered at that grain, and the first reason why."""
    bare = Row(table=candidate.table, axes=candidate.axes, grain=grain, verdict="refused")
    if candidate.never is not None:
        return _because(bare, candidate.never)
    if total < DIVIDED_FROM:
        return _because(bare, "too_few_cases")
    if "unit" in candidate.axes and not headcounts:
        return _because(bare, "too_few_units")
    beside = candidate.beside and bool(headcounts)
    epsilon = BUDGET[profile] * (SPARE if beside else 0.5)
    cells = _cells(candidate.axes, grain, total, headcounts)
    outlook = _outlook([(Draws(epsilon=epsilon),)] * len(cells), cells)
    bare = replace(bare, epsilon=epsilon, outlook=outlook)
    if outlook.margin > outlook.mean and beside:
        return _because(bare, "margin_too_wide")
    if outlook.share_shown < LEAST_SHOWN:
        return _because(bare, "too_few_shown")
    return _because(bare, "budget_spent")


def _exactly(
    table: str, axes: tuple[Axis, ...], grain: Grain, cells: Sequence[_Cell], k: int
) -> Row:
    bare = Row(table=table, axes=axes, grain=grain, verdict="measured", epsilon=0)
    if not cells:
        return _because(bare, "no_headcounts")
    shown = sum(cell.at_least(k) for cell in cells)
    outlook = Outlook(
        margin=0,
        threshold=k,
        share_shown=_share(shown, len(cells)),
        share_of_five=_share(shown, sum(cell.at_least(SMALLEST_SHOWN) for cell in cells)),
        mean=sum(cell.mean for cell in cells) / len(cells),
    )
    bare = replace(bare, outlook=outlook)
    return bare if outlook.share_shown >= LEAST_SHOWN else _because(bare, "too_few_shown")


def _because(row: Row, reason: Reason) -> Row:
    outlook = row.outlook
    values = {
        "cases": DIVIDED_FROM,
        "people": SMALLEST_UNIT,
        "shown": round(100 * outlook.share_shown) if outlook else 0,
        "margin": outlook.margin if outlook else 0,
        "mean": round(outlook.mean) if outlook else 0,
    }
    said = _REASONS[reason]
    return replace(
        row,
        verdict="refused",
        reason=reason,
        sentence_en=said.en.format(**values),
        sentence_nl=said.nl.format(**values),
    )


_REASONS: Final[dict[Reason, Sentence]] = {
    "too_few_cases": Sentence(
        "With fewer than {cases} cases a year any breakdown would be almost empty: only the total of "
        "the year is told, and the advisers' own words.",
        "Met minder dan {cases} zaken per jaar zou elke uitsplitsing bijna leeg zijn: alleen het "
        "jaartotaal wordt gegeven, met de eigen woorden van de vertrouwenspersonen.",
    ),
    "too_few_units": Sentence(
        "The organisation cannot be divided into two units of at least {people} people each; in "
        "smaller ones a reader finds the person behind a figure.",
        "De organisatie is niet in twee eenheden van elk minstens {people} mensen te verdelen; in "
        "kleinere vindt een lezer de persoon achter een getal.",
    ),
    "too_few_shown": Sentence(
        "Too few of its cells would be shown: about {shown} of 100.",
        "Te weinig cellen zouden te zien zijn: ongeveer {shown} van de 100.",
    ),
    "margin_too_wide": Sentence(
        "What is left of the privacy budget gives a margin of {margin}, beside about {mean} cases in "
        "a cell.",
        "Wat er van het privacybudget overblijft, geeft een marge van {margin}, bij ongeveer {mean} "
        "zaken in een cel.",
    ),
    "budget_spent": Sentence(
        "The privacy budget of a case is spent on tables that tell more. This one could only come in "
        "the place of one of them.",
        "Het privacybudget van een zaak is besteed aan tabellen die meer vertellen. Deze zou alleen "
        "in de plaats van zo'n tabel kunnen komen.",
    ),
    "not_settled": Sentence(
        "A case counts when it is booked, and this may become known, or change, after that; a case may "
        "also have several. Counting needs one code that is there at booking.",
        "Een zaak telt mee als zij wordt geboekt, en dit kan daarna nog bekend worden of veranderen; een "
        "zaak kan er ook meer hebben. Om te tellen is één code nodig die er bij het boeken is.",
    ),
    "known_later": Sentence(
        "This is known when a case ends, and a case is counted when it begins. Counting it again would "
        "tell which cases ended.",
        "Dit is bekend als een zaak eindigt, en een zaak telt mee als zij begint. Nog eens tellen zou "
        "verraden welke zaken eindigden.",
    ),
    "no_headcounts": Sentence(
        "The headcounts of the units are not known.",
        "Het aantal mensen per eenheid is niet bekend.",
    ),
}


# The public model -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cell:
    """How many cases a cell has: negative binomial with `mean`, of which the gamma law's shape is
    `varies`.
    """

    mean: float
    varies: float

    def chances(self, below: int) -> list[float]:
        """P(no case), P(one case), … for all numbers under `below`."""
        r, m = self.varies, self.mean
        p = (r / (r + m)) ** r
        found = []
        for n in range(below):
            found.append(p)
            p *= (n + r) / (n + 1) * m / (r + m)
        return found

    def at_least(self, number: int) -> float:
        """P(that many cases or more)."""
        return max(0.0, 1 - sum(self.chances(number)))


def _cells(
    axes: tuple[Axis, ...], grain: Grain, total: float, headcounts: Sequence[int]
) -> list[_Cell]:
    """Every cell of a table, in its order: cases in proportion to headcounts, and to the number of
    themes in an area; elsewhere evenly, for which means vary.
    """
    cells = [_Cell(mean=total * _PART[grain], varies=YEARS_VARY)]
    for axis in axes:
        shares = _shares(axis, headcounts)
        cells = [
            _Cell(mean=cell.mean * share, varies=varies if axis == axes[0] else _both(cell, varies))
            for cell in cells
            for share, varies in shares
        ]
    return cells


def _both(cell: _Cell, varies: float) -> float:
    """The shape of a product of two gamma laws, by its variance."""
    return 1 / ((1 + 1 / cell.varies) * (1 + 1 / varies) - 1)


def _shares(axis: Axis, headcounts: Sequence[int]) -> list[tuple[float, float]]:
    """Of each cell of an axis: its share of the cases, and how much that varies."""
    bundles, codes = themes(NEWEST), taxonomy_version_of(NEWEST)
    match axis:
        case "theme":
            return _evenly(len(bundles.themes))
        case "area":
            inside = [theme.parent for theme in bundles.themes.values()]
            counts = [inside.count(area) for area in bundles.areas]
            return [(n / len(inside), VARIES * n) for n in counts]
        case "unit":
            people = sum(headcounts)
            units = [((1 - UNSAID) * each / people, UNITS_VARY) for each in headcounts]
            return [*units, (UNSAID, UNITS_VARY)]
        case "relation":
            return _evenly(len(codes.relations) + 1)
        case "role":
            return _evenly(len(codes.reporter_roles) + 1)


def _evenly(number: int) -> list[tuple[float, float]]:
    return [(1 / number, VARIES)] * number


def _outlook(draws: Sequence[tuple[Draws, ...]], cells: Sequence[_Cell]) -> Outlook:
    """What of a table with these cells, and this noise in each, is likely to be shown."""
    shown = five = shown_of_five = 0.0
    reached: dict[tuple[Draws, ...], list[float]] = {}
    for noise, cell in zip(draws, cells, strict=True):
        often = reached.get(noise)
        if often is None:
            certain = threshold(noise) + 4 * margin(noise)  # it is shown whatever the noise
            often = reached[noise] = [reaches(noise, n) for n in range(certain)]
        chances = cell.chances(len(often))
        seen = [p * q for p, q in zip(chances, often, strict=True)]
        more = max(0.0, 1 - sum(chances))
        shown += sum(seen) + more
        five += sum(chances[SMALLEST_SHOWN:]) + more
        shown_of_five += sum(seen[SMALLEST_SHOWN:]) + more
    return Outlook(
        margin=max(margin(noise) for noise in draws),
        threshold=max(threshold(noise) for noise in draws),
        share_shown=_share(shown, len(cells)),
        share_of_five=_share(shown_of_five, five),
        mean=sum(cell.mean for cell in cells) / len(cells),
    )


def _share(part: float, whole: float) -> float:
    """From 0 to 1; of what is nothing but rounding, 0."""
    return min(1.0, part / whole) if whole > 1e-9 else 0.0


# The picture ------------------------------------------------------------------------------------

_TABLES: Final = {
    "total": Sentence("Total", "Totaal"),
    "theme": Sentence("Theme", "Thema"),
    "area": Sentence("Policy area", "Beleidsterrein"),
    "unit": Sentence("Unit", "Eenheid"),
    "unit_area": Sentence("Unit × policy area", "Eenheid × beleidsterrein"),
    "unit_theme": Sentence("Unit × theme", "Eenheid × thema"),
    "relation": Sentence("Relation", "Relatie"),
    "route": Sentence("Route", "Vervolgroute"),
    "cause": Sentence("Cause", "Oorzaak"),
    "impact": Sentence("Impact", "Gevolg"),
    "policy": Sentence("Policy or value", "Beleid of waarde"),
    "category": Sentence("Category", "Categorie"),
}

_GRAINS: Final[dict[Grain, Sentence]] = {
    "year": Sentence("by the year", "per jaar"),
    "half-year": Sentence("by the half-year", "per halfjaar"),
    "quarter": Sentence("by the quarter", "per kwartaal"),
}

_SHORT: Final[dict[Reason, Sentence]] = {
    "too_few_cases": Sentence("too few cases", "te weinig zaken"),
    "too_few_units": Sentence("too few units", "te weinig eenheden"),
    "too_few_shown": Sentence("too few cells would be shown", "te weinig cellen te zien"),
    "margin_too_wide": Sentence("margin too wide", "marge te groot"),
    "budget_spent": Sentence("budget spent on other tables", "budget besteed aan andere tabellen"),
    "not_settled": Sentence("may change after booking", "kan na het boeken veranderen"),
    "known_later": Sentence("known when a case ends", "bekend als een zaak eindigt"),
    "no_headcounts": Sentence("headcounts not known", "aantal mensen niet bekend"),
}

_TITLE: Final = Sentence(
    "What can be told of about {cases} cases a year",
    "Wat er bij ongeveer {cases} zaken per jaar te vertellen is",
)
_SPENT: Final = Sentence(
    "Privacy budget that a case spends: {epsilon} of {budget}",
    "Privacybudget dat een zaak verbruikt: {epsilon} van {budget}",
)
_UNCHANGED: Final = Sentence("Unchanged numbers of {k} or more", "Onveranderde getallen vanaf {k}")
_KEY: Final = Sentence(
    "Dark: measured. Light: added up from that. Dashed: not offered, and what it could have been.",
    "Donker: gemeten. Licht: daaruit opgeteld. Gestreept: niet aangeboden, en wat het kon zijn.",
)
_CELLS: Final = Sentence("{shown} of 100 cells shown", "{shown} van 100 cellen te zien")
_RELEASES: Final = Sentence("shown {shown} of 100 times", "{shown} van 100 keer te zien")
_LIMITS: Final = Sentence(
    ", from {threshold} on, margin {margin}", ", vanaf {threshold}, marge {margin}"
)


def name_of(row: Row, language: Language) -> str:
    """What people call a table at its grain."""
    table, grain = _TABLES[row.table], _GRAINS[row.grain]
    return f"{table.nl}, {grain.nl}" if language == "nl" else f"{table.en}, {grain.en}"


def picture(told: Plan, language: Language) -> str:
    """The plan as an SVG document: a bar for each table, as long as the share of its cells that is
    likely to be shown. All that it shows stands in its title, description and labels too.
    """

    def say(sentence: Sentence, **values: object) -> str:
        text = sentence.nl if language == "nl" else sentence.en
        return escape(text.format(**values))

    def number(value: float) -> str:
        text = f"{value:g}"
        return text.replace(".", ",") if language == "nl" else text

    def result(row: Row) -> str:
        if row.reason is not None:
            return say(_SHORT[row.reason])
        if row.outlook is None:
            raise ValueError("a table that is offered has an outlook")
        shown = round(100 * row.outlook.share_shown)
        text = say(_CELLS if row.axes or told.policy == "exact" else _RELEASES, shown=shown)
        if told.policy == "exact":
            return text
        return text + say(_LIMITS, threshold=row.outlook.threshold, margin=row.outlook.margin)

    title = say(_TITLE, cases=round(told.yearly_total))
    if told.policy == "noisy":
        price = say(_SPENT, epsilon=number(told.epsilon), budget=number(told.budget))
    else:
        k = max((row.outlook.threshold for row in told.rows if row.outlook is not None), default=0)
        price = say(_UNCHANGED, k=k)
    bars, lines = [], []
    for place, row in enumerate(told.rows):
        y = _TOP + place * _STEP
        name = escape(name_of(row, language))
        length = 0 if row.outlook is None else round(_BAR * row.outlook.share_shown)
        line = f"{name}: {escape(row.sentence(language)) or result(row)}"
        bars.append(
            f'<g class="{row.verdict}"><title>{line}</title>'
            f'<text x="{_LEFT - 10}" y="{y + 13}" text-anchor="end">{name}</text>'
            f'<rect class="all" x="{_LEFT}" y="{y}" width="{_BAR}" height="18"/>'
            f'<rect class="part" x="{_LEFT}" y="{y}" width="{length}" height="18"/>'
            f'<text x="{_LEFT + _BAR + 10}" y="{y + 13}">{result(row)}</text></g>'
        )
        lines.append(line)
    end = _TOP + len(told.rows) * _STEP
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" lang="{language}" '
        f'aria-labelledby="plan-title plan-desc" viewBox="0 0 {_WIDTH} {end + 35}">'
        f'<title id="plan-title">{title}</title>'
        f'<desc id="plan-desc">{price}. {"; ".join(lines)}</desc>'
        f"<style>{_STYLE}</style>"
        f'<rect width="{_WIDTH}" height="{end + 35}" fill="#fff"/>'
        f'<text class="head" x="20" y="28">{title}</text>'
        f'<text x="20" y="50">{price}</text>'
        f"{''.join(bars)}"
        f'<text x="20" y="{end + 18}">{say(_KEY)}</text></svg>\n'
    )


_WIDTH: Final = 900
_LEFT: Final = 290
_BAR: Final = 220
_TOP: Final = 70
_STEP: Final = 28
_STYLE: Final = (
    "text{font:13px sans-serif;fill:#1a1a1a}.head{font-size:17px;font-weight:bold}"
    ".all{fill:#eef1f4}.measured .part{fill:#1f5a96}.summed .part{fill:#7fa8cf}"
    ".refused .part{fill:none;stroke:#767676;stroke-dasharray:3 2}.refused text{fill:#595959}"
)
"""Dark enough on white for whoever sees little contrast (WCAG 2.2, 1.4.3); refused ones have another
line, not only another colour."""
