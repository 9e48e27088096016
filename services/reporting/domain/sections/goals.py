"""What of that which the organisation stands for the report touches: it opens with that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.reporting.domain.chain import chain
from shared.contracts.report import Bilingual, Entries, Entry, Paragraphs
from shared.taxonomy import current, signal_codes
from shared.taxonomy.themes import themes

if TYPE_CHECKING:
    from services.reporting.domain.chain import Goal
    from services.reporting.domain.ground import Ground
    from services.reporting.domain.told import ToldSignal
    from shared.contracts.report import Block

_NO_GOAL = Bilingual(
    nl="Geen strategisch thema van de organisatie", en="No strategic theme of the organisation"
)
_SERVED_BY = Bilingual(nl="Beleid en waarden", en="Policies and values")
_TOLD = Bilingual(nl="Waarvan signalen vertellen", en="What signals tell of")
_INTRODUCTION = Bilingual(
    nl="De signalen van deze periode raken waar de organisatie voor staat. Achter elk thema staat wat er "
    "verteld is en welk beleid of welke waarde het raakt. Wat hier niet staat, is niet genoemd; dat is "
    "geen bewijs dat het goed gaat.",
    en="The signals of this period touch what the organisation stands for. Beside each theme stands what was "
    "told, and which policy or value it touches. What does not stand here was not mentioned, which is no "
    "proof that it goes well.",
)


def build(ground: Ground) -> tuple[Block, ...]:
    """The strategic themes that signals of the period reach; nothing where none was told."""
    told = ground.signals.within(ground.period)
    goals = [goal for goal in chain(ground.strategy, told, ground.cut_off) if goal.signals]
    if not goals:
        return ()
    return (
        Paragraphs(items=(_INTRODUCTION,)),
        Entries(items=tuple(_entry(goal) for goal in goals)),
    )


def _entry(goal: Goal) -> Entry:
    touched = [
        entry.label
        for link in goal.policies
        if link.signals
        for entry in (link.policy, *(link.values if link.policy is None else ()))
        if entry is not None
    ]
    facts = [(_TOLD, _joined(dict.fromkeys(what(one) for one in goal.signals)))]
    if touched:
        facts.append((_SERVED_BY, _joined(dict.fromkeys(touched))))
    return Entry(title=_NO_GOAL if goal.theme is None else goal.theme.label, facts=tuple(facts))


def what(signal: ToldSignal) -> Bilingual:
    """What a signal is about and how that moves; no place and no number."""
    theme = themes(current().version).themes.get(signal.theme)
    direction = signal_codes.current().directions.get(signal.direction)
    return Bilingual(
        nl=_pair(
            None if theme is None else theme.nl, None if direction is None else direction.nl, signal
        ),
        en=_pair(
            None if theme is None else theme.en, None if direction is None else direction.en, signal
        ),
    )


def _pair(theme: str | None, direction: str | None, signal: ToldSignal) -> str:
    return f"{theme or signal.theme} ({(direction or signal.direction).lower()})"


def _joined(texts: dict[Bilingual, None]) -> Bilingual:
    return Bilingual(nl="; ".join(one.nl for one in texts), en="; ".join(one.en for one in texts))
