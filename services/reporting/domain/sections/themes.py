"""Which themes are new, rising, returning or declining, in figures that were released."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.reporting.domain import series
from services.reporting.domain.reasons import why_not
from services.reporting.domain.sections.goals import what
from services.reporting.domain.sections.over_time import MORE, broken, label, points_of
from services.reporting.domain.sections.phrases import (
    MORE_IS_NOT_WORSE,
    day,
    joined,
    paragraphs,
    span,
    text,
)
from services.reporting.domain.statistics import FEWEST_WINDOWS, Tendency
from shared.contracts.report import (
    Below,
    Bilingual,
    Column,
    Entries,
    Entry,
    Row,
    Said,
    Shown,
    Table,
)
from shared.taxonomy import signal_codes
from shared.taxonomy.calendar import tick_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.reporting.domain.ground import Ground
    from services.reporting.domain.series import Break, Point
    from shared.contracts.report import Block

_NEW: Final = Bilingual(nl="nieuw", en="new")
_RETURNING: Final = Bilingual(nl="komt terug", en="returning")
_FIRST: Final = Bilingual(nl="voor het eerst getoond", en="shown for the first time")
_AGAIN: Final = Bilingual(nl="weer getoond", en="shown again")
_LASTING: Final = Bilingual(nl="blijft terugkomen", en="recurring")
_MOVING: Final = {
    Tendency.RISING: Bilingual(nl="stijgt", en="rising"),
    Tendency.DECLINING: Bilingual(nl="daalt", en="declining"),
}
_UP: Final = frozenset({_NEW, _RETURNING, _MOVING[Tendency.RISING]})
_GAP: Final = 2
"""Windows in which something was not shown, before it is called new or returning."""


def build(ground: Ground) -> tuple[Block, ...]:
    """What figures say of themes over time, or why they say nothing; then the signals that were released."""
    return (*_figures(ground), *_told(ground))


def _told(ground: Ground) -> tuple[Block, ...]:
    """The signals of the period that stand, as advisers released them: without place, for all staff reads
    this chapter.
    """
    codes = signal_codes.current()
    found = []
    for one in ground.signals.kept:
        if one.signal is None or one.told_on is None or not one.signal.within(ground.period):
            continue
        facts = [(_TOLD_ON, day(one.told_on))]
        causes = [codes.causes[code] for code in one.signal.causes if code in codes.causes]
        if causes:
            named = "; ".join(cause.nl for cause in causes), "; ".join(cause.en for cause in causes)
            facts.append((_CAUSES, text(*named)))
        facts.append((_BY, _JUDGED if one.signal.judged else _SEEN))
        found.append(Entry(title=what(one.signal), facts=tuple(facts)))
    return (paragraphs(_SIGNALS), Entries(items=tuple(found))) if found else ()


_SIGNALS = text(
    "Signalen die de vertrouwenspersonen in deze periode vrijgaven. Een signaal zegt wat er speelt, "
    "en niets over wie het meldde.",
    "Signals that the confidential advisers released in this period. A signal says what is going on, "
    "and nothing of who told it.",
)
_TOLD_ON = text("Verteld op", "Told on")
_CAUSES = text("Genoemde oorzaken", "Causes that are named")
_BY = text("Hoe het beweegt", "How it moves")
_JUDGED = text("naar het oordeel van de vertrouwenspersonen", "by the advisers’ judgement")
_SEEN = text("naar vrijgegeven cijfers", "by released figures")


def _figures(ground: Ground) -> tuple[Block, ...]:
    """One row for each theme of which something may be said; or why nothing is said of any."""
    dimension = next((one for one in _FROM if series.windows(ground, one)), None)
    if dimension is None:
        return (paragraphs(why_not(ground, "theme")),)
    found = series.windows(ground, dimension)
    if len(found) < FEWEST_WINDOWS:
        return (paragraphs(_TOO_SHORT),)
    newest, known = found[-1], series.breaks(ground)
    rows = []
    for code in newest.labels_nl:
        points = points_of(ground, found, code)
        words = called(known, points, code)
        if words is not None:
            cells = (Said(text=words), Said(text=_since(points)))
            rows.append(Row(label=label(newest, code), cells=cells))
    if not rows:
        return (paragraphs(_STEADY, *broken(known, found)),)
    table = Table(
        id="themes_noticed",
        title=text("Thema’s waarover iets te zeggen is", "Themes of which something may be said"),
        columns=(_WHAT, _SINCE),
        rows=tuple(rows),
        note=joined((_HOW, *broken(known, found))),
    )
    risen = any(isinstance(cell, Said) and cell.text in _UP for row in rows for cell in row.cells)
    return (table, paragraphs(MORE_IS_NOT_WORSE)) if risen else (table,)


_FROM = ("theme", "category", "area")
_WHAT = Column(label=text("Wat het doet", "What it does"), unit=None)
_SINCE = Column(label=text("Te zien sinds", "Seen since"), unit=None)

_HOW = text(
    "“Voor het eerst getoond” en “weer getoond”: na minstens twee perioden waarin het cijfer onder de "
    "grens lag. “Nieuw” en “komt terug”: bovendien meer dan toeval en ruis verklaren. “Stijgt” en "
    "“daalt”: zo over minstens drie perioden die te vergelijken zijn. “Te zien sinds” noemt de dag "
    "waarop het in vrijgegeven cijfers kwam: van daaraf is te tellen hoeveel eerder het te zien was "
    "dan een klacht of een stijging van het verzuim.",
    "“Shown for the first time” and “shown again”: after at least two periods in which the figure lay "
    "below the limit. “New” and “returning”: by more, besides, than chance and noise explain. "
    "“Rising” and “declining”: so over at least three periods that can be compared. “Seen since” "
    "names the day on which it came into released figures: from there on one can count how much "
    "earlier it was seen than a complaint or a rise in absence.",
)
_TOO_SHORT = text(
    "Er zijn nog geen drie perioden om te vergelijken: van een thema wordt nog niet gezegd dat het "
    "nieuw is, stijgt, terugkomt of daalt.",
    "There are no three periods to compare yet: of no theme is it said that it is new, rising, returning or "
    "declining.",
)
_STEADY = text(
    "Geen thema is nieuw, stijgt, komt terug of daalt meer dan toeval en ruis verklaren.",
    "No theme is new, rising, returning or declining by more than chance and noise explain.",
)


def called(known: Sequence[Break], points: Sequence[Point], code: str) -> Bilingual | None:
    """What a theme does, in one or two words; None: nothing can be said. Never of fewer than three windows
    that can be compared.
    """
    run = _comparable(known, points, code)
    if len(run) < FEWEST_WINDOWS:
        return None
    shown = [isinstance(one.cell, Shown) for one in run]
    streak = _length(shown, what=True)
    quiet = _length(shown[: len(shown) - streak], what=False) if streak else 0
    below = all(isinstance(one.cell, Below) for one in run[-streak - quiet : -streak or None])
    if 1 <= streak <= _GAP <= quiet and below:
        # Just above the limit it may be noise that lifted it: then it is only said that it is shown.
        more = series.said(known, run[-streak - 1], points[-1], code) in MORE
        if any(shown[:-streak]):
            return _RETURNING if more else _AGAIN
        return _NEW if more else _FIRST
    tendency = series.lasting(known, points, code)
    if tendency in _MOVING:
        return _MOVING[tendency]
    return _LASTING if streak >= FEWEST_WINDOWS else None


def _comparable(known: Sequence[Break], points: Sequence[Point], code: str) -> list[Point]:
    """The windows that follow each other up to the newest without a gap or a break."""
    run: list[Point] = []
    for one in reversed(points):
        if run and (
            one.period.end != run[-1].period.start
            or series.crossed(known, one.figures, points[-1].figures, code)
        ):
            break
        run.append(one)
    return run[::-1]


def _length(flags: Sequence[bool], *, what: bool) -> int:
    found = 0
    for flag in reversed(flags):
        if flag is not what:
            break
        found += 1
    return found


def _since(points: Sequence[Point]) -> Bilingual:
    """The first window of those in a row in which it is shown, and the day of its tick."""
    first = points[-1]
    for one in reversed(points):
        if not isinstance(one.cell, Shown):
            break
        first = one
    period, on = span(first.period), day(tick_of(first.period, first.period.start))
    return text(f"{period.nl} (vrijgegeven {on.nl})", f"{period.en} (released {on.en})")
