"""Why a report has no number for something: what the grid of figures does not pay for, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from shared.contracts.report import Bilingual

if TYPE_CHECKING:
    from services.reporting.domain.ground import Ground

Reason = Literal["no_release", "one_table", "budget", "known_later", "not_settled"]

_REASONS: Final[dict[Reason, Bilingual]] = {
    "no_release": Bilingual(
        nl="Over deze periode zijn geen cijfers vrijgegeven.",
        en="No figures of this period were released.",
    ),
    "one_table": Bilingual(
        nl="Hier staat geen getal: exacte cijfers worden in één tabel vrijgegeven. Uit een tweede, over "
        "dezelfde meldingen, zouden aantallen volgen die niet worden getoond.",
        en="There is no number here: exact figures are released in one table. From a second one, of the same "
        "cases, numbers would follow that are not shown.",
    ),
    "budget": Bilingual(
        nl="Hier staat geen getal: wat een melding aan privacy mag kosten is besteed aan tabellen die meer "
        "vertellen, of deze tabel zou in een organisatie van deze omvang bijna leeg zijn. Het raster is "
        "vastgelegd voordat de eerste melding telde.",
        en="There is no number here: what a case may cost in privacy is spent on tables that tell more, or "
        "this table would be almost empty in an organisation of this size. The grid was frozen before the "
        "first case counted.",
    ),
    "known_later": Bilingual(
        nl="Hier staat geen getal: dit is bekend als een zaak eindigt, en een zaak telt mee als zij begint. "
        "Nog eens tellen zou verraden welke zaken eindigden.",
        en="There is no number here: this is known when a case ends, and a case is counted when it begins. "
        "Counting it again would tell which cases ended.",
    ),
    "not_settled": Bilingual(
        nl="Hier staat geen getal: dit kan na het boeken nog bekend worden of veranderen, en een zaak kan er "
        "meer hebben. Om te tellen is één code nodig die er bij het boeken is.",
        en="There is no number here: this may become known, or change, after a case is booked, and a "
        "case may have several. Counting needs one code that is there at booking.",
    ),
}

_LATER: Final = frozenset({"route", "outcome"})
_UNSETTLED: Final = frozenset({"cause", "impact", "policy"})


def why_not(ground: Ground, dimension: str) -> Bilingual:
    """Why the report has no table of that dimension: the first reason that holds."""
    if not ground.tables:
        return _REASONS["no_release"]
    if dimension in _LATER:
        return _REASONS["known_later"]
    if dimension in _UNSETTLED:
        return _REASONS["not_settled"]
    exact = any(table.figures.policy == "exact" for table in ground.tables)
    return _REASONS["one_table" if exact else "budget"]
