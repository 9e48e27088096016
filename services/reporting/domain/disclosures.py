"""Exact numbers that a law or a standard asks for, entered by who keeps the formal register they come from.

They are outside the claim that nobody can be found, and say so wherever they stand. They are never counted
from talks with confidential advisers: who enters them counts the formal track, and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Final, Literal
from uuid import UUID

from services.reporting.domain.sections.phrases import text
from shared.contracts.errors import Code, Refusal, invalid
from shared.contracts.report import Bilingual, Unit
from shared.contracts.words import readable
from shared.taxonomy.period import Period

if TYPE_CHECKING:
    from collections.abc import Mapping

Law = Literal["complaints", "esrs_s1_17", "gri_406_1", "wbk"]

SMALL: Final = 5
"""A number below this, and above nought, may point at one person."""

MOST: Final = 100_000
MOST_EURO: Final = 1_000_000_000
SOURCE: Final = 200
CONTEXT: Final = 2_000
"""Longest source and context, in characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """A number that is asked for. `people`: it counts matters of people, so a small one may point at one."""

    code: str
    label: Bilingual
    unit: Unit = "number"
    people: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What one law or standard asks, with where it says so, and for which windows."""

    law: Law
    title: Bilingual
    source: Bilingual
    counters: tuple[Counter, ...]
    yearly: bool = True


CATALOGUE: Final[Mapping[Law, Asked]] = {
    one.law: one
    for one in (
        Asked(
            law="complaints",
            title=text("Formele klachten", "Formal complaints"),
            source=text(
                "De klachtenregeling van de organisatie: klachten die bij de klachtencommissie of de "
                "werkgever "
                "zijn ingediend.",
                "The organisation's complaints procedure: complaints that were laid down with the complaints "
                "committee or the employer.",
            ),
            counters=(
                Counter(
                    code="formal_complaints",
                    label=text("Ingediende formele klachten", "Formal complaints laid down"),
                    unit="formal_complaints",
                ),
            ),
            yearly=False,
        ),
        Asked(
            law="esrs_s1_17",
            title=text(
                "ESRS S1-17: incidenten en klachten", "ESRS S1-17: incidents and complaints"
            ),
            source=text(
                "ESRS S1-17, alinea 103 (a) tot en met (d) (Gedelegeerde Verordening (EU) 2023/2772, "
                "bijlage I). "
                "De standaarden worden herzien: ga na welke tekst voor uw boekjaar geldt.",
                "ESRS S1-17, paragraph 103 (a) to (d) (Delegated Regulation (EU) 2023/2772, annex I). The "
                "standards are being revised: check which text holds for your financial year.",
            ),
            counters=(
                Counter(
                    code="discrimination_incidents",
                    label=text(
                        "(a) Gemelde incidenten van discriminatie, intimidatie daaronder begrepen",
                        "(a) Incidents of discrimination, harassment included, that were reported",
                    ),
                ),
                Counter(
                    code="other_complaints",
                    label=text(
                        "(b) Andere klachten via de kanalen voor het eigen personeel, zonder die van (a)",
                        "(b) Other complaints through the channels for own workforce, without those of (a)",
                    ),
                ),
                Counter(
                    code="fines_euro",
                    label=text(
                        "(c) Boetes, sancties en schadevergoedingen, in euro",
                        "(c) Fines, penalties and compensation for damages, in euro",
                    ),
                    people=False,
                ),
            ),
        ),
        Asked(
            law="gri_406_1",
            title=text(
                "GRI 406-1: incidenten van discriminatie", "GRI 406-1: incidents of discrimination"
            ),
            source=text(
                "GRI 406-1 (2016), onderdelen a en b. Een incident is een klacht of vordering die via "
                "een formele "
                "weg is geregistreerd, of een geval dat de organisatie zelf langs vaste weg vaststelde.",
                "GRI 406-1 (2016), items a and b. An incident is a legal action or complaint that was "
                "registered "
                "through a formal process, or a case that the organisation found by an established "
                "procedure.",
            ),
            counters=(
                Counter(code="incidents", label=text("Incidenten", "Incidents")),
                Counter(code="reviewed", label=text("waarvan beoordeeld", "of which reviewed")),
                Counter(
                    code="plan_being_implemented",
                    label=text(
                        "waarvan het herstelplan wordt uitgevoerd",
                        "of which a remediation plan is being implemented",
                    ),
                ),
                Counter(
                    code="implemented_and_reviewed",
                    label=text(
                        "waarvan het herstelplan is uitgevoerd en de uitkomst beoordeeld",
                        "of which a plan was implemented and its results reviewed",
                    ),
                ),
                Counter(
                    code="no_longer_subject_to_action",
                    label=text(
                        "waaraan niets meer hoeft te gebeuren", "of which none is subject to action"
                    ),
                ),
            ),
        ),
        Asked(
            law="wbk",
            title=text(
                "Meldingen van een vermoeden van een misstand", "Reports of suspected wrongdoing"
            ),
            source=text(
                "Het register van meldingen (Wet bescherming klokkenluiders, artikel 2a; Richtlijn (EU) "
                "2019/1937, artikel 18) en de termijnen van artikel 9 van de richtlijn. Een jaarlijkse "
                "opgave "
                "schrijft de wet de werkgever niet voor; zij dient de ondernemingsraad.",
                "The register of reports (Dutch whistleblower protection act, Wbk, article 2a; Directive "
                "(EU) "
                "2019/1937, article 18) and the terms of article 9 of the directive. The law does not "
                "ask the "
                "employer for a yearly account; it serves the works council.",
            ),
            counters=(
                Counter(code="received", label=text("Ontvangen meldingen", "Reports received")),
                Counter(
                    code="being_assessed",
                    label=text("waarvan nog beoordeeld wordt", "of which being assessed"),
                ),
                Counter(
                    code="followed_up",
                    label=text("waarvan opvolging loopt", "of which being followed up"),
                ),
                Counter(code="closed", label=text("waarvan afgesloten", "of which closed")),
                Counter(
                    code="confirmed_in_time",
                    label=text(
                        "Ontvangst binnen zeven dagen bevestigd",
                        "Receipt confirmed within seven days",
                    ),
                ),
                Counter(
                    code="informed_in_time",
                    label=text(
                        "Binnen drie maanden na de bevestiging geïnformeerd",
                        "Informed within three months of the confirmation",
                    ),
                ),
            ),
        ),
    )
}
"""Each with the words in which it is printed. Sources: the articles themselves, restated; no legal advice."""

OUTSIDE: Final = text(
    "Een exacte opgave uit het formele spoor. Zij valt buiten de belofte dat niemand is terug te vinden.",
    "An exact number of the formal track. It is outside the claim that nobody can be found.",
)

_SUMS: Final[Mapping[Law, tuple[str, tuple[str, ...]]]] = {
    "gri_406_1": (
        "incidents",
        (
            "reviewed",
            "plan_being_implemented",
            "implemented_and_reviewed",
            "no_longer_subject_to_action",
        ),
    ),
    "wbk": ("received", ("being_assessed", "followed_up", "closed")),
}
"""Of which number each of the others is a part, once."""

_AT_MOST: Final[Mapping[Law, tuple[str, tuple[str, ...]]]] = {
    "wbk": ("received", ("confirmed_in_time", "informed_in_time"))
}

# Events -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterEntered:
    """A number, by the code of the catalogue."""

    code: str
    value: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DisclosureEntered:
    """Who keeps the formal register entered its numbers of a window. `changes` says what a later entry of the
    same window corrects; None: it is the first. `role` is that of who entered it; no person stands in it.
    """

    organisation_id: UUID
    law: Law
    period: str
    counters: tuple[CounterEntered, ...]
    source: str
    context: str | None
    changes: str | None
    role: str
    on: date

    def value(self, code: str) -> int:
        """The number of that code."""
        return next(one.value for one in self.counters if one.code == code)


# Fold -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosures:
    """All entries of an organisation, in the order in which they came. `version` counts them."""

    version: int = 0
    entered: tuple[DisclosureEntered, ...] = ()

    @property
    def newest(self) -> tuple[DisclosureEntered, ...]:
        """Of each law and window the entry that holds, in the order of the catalogue, then by window."""
        found = {(one.law, one.period): one for one in self.entered}
        laws = list(CATALOGUE)
        return tuple(
            sorted(
                found.values(),
                key=lambda one: (laws.index(one.law), Period.parse(one.period).start, one.period),
            )
        )

    def of(self, law: Law, period: str) -> DisclosureEntered | None:
        """The entry that holds."""
        return next((one for one in self.newest if (one.law, one.period) == (law, period)), None)

    @property
    def formal_complaints(self) -> Mapping[str, int]:
        """By window, how many formal complaints were laid down."""
        return {
            one.period: one.value("formal_complaints")
            for one in self.newest
            if one.law == "complaints"
        }


def evolve(state: Disclosures, event: DisclosureEntered) -> Disclosures:
    """The state after one more event."""
    return replace(state, version=state.version + 1, entered=(*state.entered, event))


# Decision ---------------------------------------------------------------------------------------


def enter(
    state: Disclosures,
    *,
    organisation_id: UUID,
    law: Law,
    period: str,
    counters: tuple[CounterEntered, ...],
    source: str,
    context: str | None,
    changes: str | None,
    counted_once: bool,
    small_numbers_seen: bool,
    role: str,
    on: date,
) -> DisclosureEntered:
    """Enter the numbers of a window that is over. `counted_once`: whoever enters says that no matter stands
    in two of them; `small_numbers_seen`: that they asked whether a small number points at a person.

    Raises Refusal INVALID_PERIOD, INVALID_INPUT, TOO_LARGE, ALREADY_EXISTS for the numbers that hold.
    """
    asked = CATALOGUE[law]
    window = Period.of_register(period)
    if asked.yearly and window.grain != "year":
        raise invalid("period", "it is asked for by the year")
    if on < window.end:
        raise invalid("period", "it is not over yet")
    values = _checked(asked, counters)
    if law == "esrs_s1_17" and not counted_once:
        raise invalid("countedOnce", "no matter may stand in two numbers")
    people = {one.code for one in asked.counters if one.people}
    small = any(0 < value < SMALL for code, value in values.items() if code in people)
    if small and not small_numbers_seen:
        raise invalid(
            "smallNumbersSeen", "a number below {most} may point at one person", most=SMALL
        )
    kept_source = readable(source, field="source", most=SOURCE)
    if kept_source is None:
        raise invalid("source", "it is empty")
    said = None if context is None else readable(context, field="context", most=CONTEXT)
    why = None if changes is None else readable(changes, field="changes", most=CONTEXT)
    before = state.of(law, str(window))
    entered = tuple(CounterEntered(code=code, value=value) for code, value in values.items())
    if before is None:
        why = None
    elif (before.counters, before.source, before.context) == (entered, kept_source, said):
        raise Refusal(Code.ALREADY_EXISTS)
    elif why is None:
        raise invalid("changes", "it is missing")
    return DisclosureEntered(
        organisation_id=organisation_id,
        law=law,
        period=str(window),
        counters=entered,
        source=kept_source,
        context=said,
        changes=why,
        role=role,
        on=on,
    )


def _checked(asked: Asked, counters: tuple[CounterEntered, ...]) -> dict[str, int]:
    """Each number that is asked for, once, in the order of the catalogue."""
    given = {one.code: one.value for one in counters}
    expected = {one.code: one for one in asked.counters}
    if len(given) != len(counters) or given.keys() != expected.keys():
        raise invalid("counters", "each number that is asked for stands there once")
    for code, value in given.items():
        most = MOST if expected[code].people else MOST_EURO
        if not 0 <= value <= most:
            raise invalid("counters", "it must lie between {low} and {high}", low=0, high=most)
    whole, parts = _SUMS.get(asked.law, ("", ()))
    if parts and given[whole] != sum(given[one] for one in parts):
        raise invalid("counters", "the parts do not add up to the whole")
    whole, parts = _AT_MOST.get(asked.law, ("", ()))
    if any(given[one] > given[whole] for one in parts):
        raise invalid("counters", "a part is larger than the whole")
    return {code: given[code] for code in expected}
