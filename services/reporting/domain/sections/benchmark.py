"""Beside national figures: what comes to the advisers, and what a survey says that people experience."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.reporting.domain import series
from services.reporting.domain.benchmark import CONDUCT, NATIONAL
from services.reporting.domain.sections.key_figures import rate_cell
from services.reporting.domain.sections.over_time import points_of
from services.reporting.domain.sections.phrases import number, paragraphs, span, text
from shared.contracts.report import Bilingual, Column, Row, Said, Shown, Table

if TYPE_CHECKING:
    from services.reporting.domain.ground import Ground
    from services.reporting.domain.series import Point
    from shared.contracts.report import Block


_QUOTED: Final = ", ".join(dict.fromkeys(f"{one.source} ({one.year})" for one in NATIONAL))


def build(ground: Ground) -> tuple[Block, ...]:
    """The organisation's own rate of conduct between people beside a national survey, an indication; the
    national figures with their year and source.
    """
    own = _own(ground)
    cell = rate_cell(own)
    rows = [
        Row(
            label=_national(one.what, one.who),
            cells=(
                Shown(value=one.per_100),
                Said(text=text(f"NEA {one.year}", f"NEA {one.year}")),
            ),
        )
        for one in NATIONAL
    ]
    sentences = [_DIFFERENT]
    if own is None or cell is None:
        sentences.append(_NOT_KNOWN)
    else:
        label = span(own.period)
        rows.insert(
            0,
            Row(
                label=text(
                    f"Hier: meldingen over omgang tussen mensen, {label.nl}",
                    f"Here: cases of conduct between people, {label.en}",
                ),
                cells=(
                    cell,
                    Said(
                        text=text(
                            "vrijgegeven cijfers van dit rapport", "released figures of this report"
                        )
                    ),
                ),
            ),
        )
        sentences.append(_indication(own))
    return (
        Table(
            id="national",
            title=text("Naast landelijke cijfers", "Beside national figures"),
            columns=(
                Column(label=text("Op elke 100 medewerkers", "For each 100 staff"), unit="per_100"),
                Column(label=text("Waar het vandaan komt", "Where it comes from"), unit=None),
            ),
            rows=tuple(rows),
            note=text(
                f"NEA: Nationale Enquête Arbeidsomstandigheden, per twaalf maanden, zoals aangehaald door "
                f"{_QUOTED}.",
                f"NEA: the National Working Conditions Survey, within twelve months, as quoted by {_QUOTED}.",
            ),
        ),
        paragraphs(*sentences),
    )


def _national(what: Bilingual, who: Bilingual) -> Bilingual:
    return text(f"Nederland: {what.nl}, {who.nl}", f"The Netherlands: {what.en}, {who.en}")


def _own(ground: Ground) -> Point | None:
    """The newest figure of conduct between people that is shown and of which the people are known."""
    found = series.windows(ground, "area")
    if not found:
        return None
    points = points_of(ground, found[-1:], "conduct")
    return points[-1] if points and isinstance(points[-1].cell, Shown) else None


_DIFFERENT = text(
    "Een enquête vraagt wat mensen meemaakten; hier staat wie kwam. Het verschil (het dark number) is "
    "dus nooit precies te zien: dit is een aanwijzing. Wie niet kwam kan het ook zelf hebben opgelost.",
    "A survey asks what people experienced; here stands who came. So the difference (the dark number) "
    "can never be seen exactly: this is an indication. Who did not come may also have solved it by "
    "themself.",
)
_NOT_KNOWN = text(
    "Een eigen cijfer om ernaast te leggen is er niet: het aantal meldingen over omgang wordt niet "
    "getoond, of hoeveel mensen er werkten is niet bekend.",
    "There is no figure of our own to lay beside it: the number of cases of conduct is not shown, or "
    "how many people worked here is not known.",
)


def _indication(own: Point) -> Bilingual:
    """How many of those who, by the survey, experience it in a year, came."""
    if own.reading is None:
        return _NOT_KNOWN
    share = own.period.end - own.period.start
    yearly = own.reading.value / own.reading.exposure * 365.25 / share.days
    came = number(100 * 100 * yearly / CONDUCT.per_100)
    pace_nl = "" if own.period.grain == "year" else ", als het jaar zo doorgaat"
    pace_en = "" if own.period.grain == "year" else ", if the year goes on like this"
    return text(
        f"Maken hier even veel mensen ongewenst gedrag mee als landelijk ({CONDUCT.per_100} van de 100 "
        f"in een jaar, NEA {CONDUCT.year}), dan staan er tegenover elke 100 van hen ongeveer {came.nl} "
        f"meldingen{pace_nl}.",
        f"If as many people experience unwanted behaviour here as nationally ({CONDUCT.per_100} of 100 "
        f"in a year, NEA {CONDUCT.year}), there are about {came.en} cases for each 100 of them{pace_en}.",
    )
