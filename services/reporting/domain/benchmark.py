"""National figures to lay beside those of an organisation, each with its year and where it stands.

Facts from newspapers' accounts of the National Working Conditions Survey (Nationale Enquête
Arbeidsomstandigheden, NEA, of TNO and Statistics Netherlands), without their wording. They say how many of
a hundred employees answered that they experienced something in the twelve months before; an organisation's
cases say how many came. The two measure something different, so the one beside the other is an indication.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from shared.contracts.report import Bilingual


@dataclass(frozen=True, slots=True, kw_only=True)
class National:
    """Of each hundred employees of `who` so many experienced `what` within twelve months."""

    code: str
    year: int
    per_100: int
    what: Bilingual
    who: Bilingual
    source: str


_EVERYBODY: Final = Bilingual(nl="werknemers", en="employees")
_CONDUCT: Final = Bilingual(nl="ongewenst gedrag", en="unwanted behaviour")
_NEA_2023: Final = "https://www.blikopnieuws.nl/nieuws/304245"
_NEA_2021: Final = "https://www.nu.nl/binnenland/6196020"


def _of(
    code: str, year: int, per_100: int, what: Bilingual, who: Bilingual, source: str
) -> National:
    return National(code=code, year=year, per_100=per_100, what=what, who=who, source=source)


NATIONAL: Final = (
    _of("all", 2023, 17, _CONDUCT, _EVERYBODY, _NEA_2023),
    _of("care", 2023, 30, _CONDUCT, Bilingual(nl="in de zorg", en="in care"), _NEA_2023),
    _of(
        "hospitality",
        2023,
        20,
        _CONDUCT,
        Bilingual(nl="in de horeca", en="in hospitality"),
        _NEA_2023,
    ),
    _of("women", 2023, 21, _CONDUCT, Bilingual(nl="vrouwen", en="women"), _NEA_2023),
    _of("men", 2023, 13, _CONDUCT, Bilingual(nl="mannen", en="men"), _NEA_2023),
    _of(
        "intimidation_inside",
        2021,
        9,
        Bilingual(
            nl="intimidatie door leidinggevenden of collega’s",
            en="intimidation by managers or colleagues",
        ),
        _EVERYBODY,
        _NEA_2021,
    ),
    _of(
        "intimidation_outside",
        2021,
        18,
        Bilingual(
            nl="intimidatie door klanten en anderen", en="intimidation by customers and others"
        ),
        _EVERYBODY,
        _NEA_2021,
    ),
    _of(
        "sexual_inside",
        2021,
        2,
        Bilingual(
            nl="ongewenste seksuele aandacht van leidinggevenden of collega’s",
            en="unwanted sexual attention from managers or colleagues",
        ),
        _EVERYBODY,
        _NEA_2021,
    ),
    _of(
        "sexual_outside",
        2021,
        6,
        Bilingual(
            nl="ongewenste seksuele aandacht van klanten en anderen",
            en="unwanted sexual attention from customers and others",
        ),
        _EVERYBODY,
        _NEA_2021,
    ),
)
"""The first is the one that an organisation's own figures are laid beside."""

CONDUCT: Final = NATIONAL[0]
