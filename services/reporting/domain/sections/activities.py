"""What the advisers did and how they can be reached, in steps that say nothing of a case."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.reporting.domain.sections.phrases import paragraphs, text
from shared.contracts.report import Figures, KeyFigure, Shown
from shared.taxonomy.period import Period

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.reporting.domain.activities import ActivitiesKept
    from services.reporting.domain.ground import Ground
    from shared.contracts.report import Bilingual, Block, Unit


def build(ground: Ground) -> tuple[Block, ...]:
    """Of this period, or of the parts of it of which something was kept; nothing where nothing was."""
    found = ground.activities.of(str(ground.period))
    kept = (
        [found]
        if found is not None
        else [
            one
            for one in ground.activities.items
            if ground.period.start <= Period.parse(one.period).start
            and Period.parse(one.period).end <= ground.period.end
        ]
    )
    if not kept:
        return ()
    items = [
        _figure(
            text("Voorlichtingen", "Information sessions"),
            [one.information_sessions for one in kept],
        ),
        _figure(
            text("Intervisies", "Peer consultations"), [one.peer_consultations for one in kept]
        ),
        _figure(text("Trainingen", "Trainings"), [one.trainings for one in kept]),
        _figure(_CASE_HOURS, [one.case_hours for one in kept], "hours", _CASE_STEP),
        _figure(_OTHER_HOURS, [one.other_hours for one in kept], "hours", _OTHER_STEP),
    ]
    blocks: list[Block] = [Figures(items=tuple(item for item in items if item is not None))]
    said = _said(kept[-1])
    return (*blocks, paragraphs(*said)) if said else tuple(blocks)


_CASE_HOURS = text("Uren aan zaken", "Hours on cases")
_CASE_STEP = text("naar boven afgerond op 20", "rounded up to 20")
_OTHER_HOURS = text("Andere uren", "Other hours")
_OTHER_STEP = text("naar boven afgerond op 5", "rounded up to 5")


def _figure(
    label: Bilingual,
    values: list[int | None] | list[int],
    unit: Unit = "number",
    note: Bilingual | None = None,
) -> KeyFigure | None:
    told = [value for value in values if value is not None]
    if not told or len(told) < len(values):
        return None
    return KeyFigure(label=label, unit=unit, cell=Shown(value=sum(told)), note=note)


_FIRST_TALK: Final[Mapping[str, Bilingual]] = {
    "within_two_days": text("binnen twee dagen", "within two days"),
    "within_a_week": text("binnen een week", "within a week"),
    "within_two_weeks": text("binnen twee weken", "within two weeks"),
    "longer": text("na meer dan twee weken", "after more than two weeks"),
}


def _said(one: ActivitiesKept) -> list[Bilingual]:
    found = [] if one.reach is None else [one.reach.bilingual]
    if one.first_talk is not None:
        soon = _FIRST_TALK[one.first_talk]
        found.append(
            text(
                f"De meeste mensen hadden hun eerste gesprek {soon.nl}.",
                f"Most people had their first talk {soon.en}.",
            )
        )
    return found
