"""The organisation's advisers: what they can do, when they are there, and who stands in for them.

Who holds a seat is the organisation's set-up. What stands here is about a person at work, is kept by
the coordinator or the administrator, and says nothing about any case.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final, Literal, assert_never
from uuid import UUID

from shared import taxonomy
from shared.contracts.errors import Code, Refusal, invalid

if TYPE_CHECKING:
    from services.intake.domain.organisation import Organisation

WARNED_AHEAD: Final = timedelta(days=90)
"""How long before a certificate ends that is told."""

MOST_HOURS: Final = 60
"""A week; above it somebody mistook the unit."""

MOST_LANGUAGES: Final = 20
LONGEST_NAME: Final = 200

_LANGUAGE = re.compile(r"[a-z]{2,3}")

Availability = Literal["available", "full", "absent"]
"""`full`: takes no new cases at present."""

CertificateState = Literal["none", "valid", "expires", "expired"]
"""`expires`: within WARNED_AHEAD."""

# Events ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class AdviserDescribed:
    """All that is kept about an adviser at work; a later one takes its place.

    `unit_id` is where an internal adviser works themself. `languages` are ISO 639 codes, `expertise`
    categories of the taxonomy. `certificate` names a registration or certificate that ends after
    `certificate_until`.
    """

    adviser_id: str
    external: bool
    unit_id: str | None
    languages: tuple[str, ...]
    taxonomy_version: int
    expertise: tuple[str, ...]
    hours_a_week: int | None
    certificate: str | None
    certificate_until: date | None
    takes_cases: bool
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsenceRecorded:
    """An adviser is away from `first` up to and with `until` (None: not known), and `replacement`, if
    anybody, takes new cases meanwhile. Running cases stay whose they are.
    """

    absence_id: UUID
    adviser_id: str
    first: date
    until: date | None
    replacement: str | None
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsenceEnded:
    """The absence ends with the day `last`, sooner or later than was said. A day before its first one:
    it does not take place.
    """

    absence_id: UUID
    last: date
    on: date


Event = AdviserDescribed | AbsenceRecorded | AbsenceEnded


# Fold -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Advisers:
    """What is known of all advisers of an organisation. Absences stand in the order of recording."""

    version: int = 0
    described: tuple[AdviserDescribed, ...] = ()
    absences: tuple[AbsenceRecorded, ...] = ()

    def of(self, adviser_id: str) -> AdviserDescribed | None:
        """What is kept about an adviser, if anything is."""
        return next((one for one in self.described if one.adviser_id == adviser_id), None)

    def absence(self, adviser_id: str, day: date) -> AbsenceRecorded | None:
        """The absence in which the day lies."""
        return next((one for one in self.absences_of(adviser_id) if covers(one, day)), None)

    def absences_of(self, adviser_id: str, since: date | None = None) -> list[AbsenceRecorded]:
        """Those that end on `since` or later, the earliest first."""
        found = [
            one
            for one in self.absences
            if one.adviser_id == adviser_id
            and (since is None or one.until is None or one.until >= since)
        ]
        return sorted(found, key=lambda one: one.first)

    def availability(self, adviser_id: str, day: date) -> Availability:
        """Whether new cases can go to the adviser on that day."""
        if self.absence(adviser_id, day) is not None:
            return "absent"
        described = self.of(adviser_id)
        return "available" if described is None or described.takes_cases else "full"

    def stands_in(self, adviser_id: str, day: date) -> str | None:
        """Who takes new cases for an adviser who is away on that day: the replacement, or theirs. None
        where nobody was named, or nobody of them is there.
        """
        seen: set[str] = set()
        away = self.absence(adviser_id, day)
        while away is not None and away.replacement is not None and away.replacement not in seen:
            seen.add(away.replacement)
            if self.absence(away.replacement, day) is None:
                return away.replacement
            away = self.absence(away.replacement, day)
        return None


def evolve(state: Advisers, event: Event) -> Advisers:
    """The state after one more event."""
    version = state.version + 1
    match event:
        case AdviserDescribed():
            others = tuple(one for one in state.described if one.adviser_id != event.adviser_id)
            return replace(state, version=version, described=(*others, event))
        case AbsenceRecorded():
            return replace(state, version=version, absences=(*state.absences, event))
        case AbsenceEnded():
            ended = tuple(
                replace(one, until=event.last) if one.absence_id == event.absence_id else one
                for one in state.absences
            )
            kept = tuple(one for one in ended if one.until is None or one.until >= one.first)
            return replace(state, version=version, absences=kept)
        case _:
            assert_never(event)


def covers(absence: AbsenceRecorded, day: date) -> bool:
    """Whether the day lies in the absence."""
    return absence.first <= day and (absence.until is None or day <= absence.until)


def certificate_state(described: AdviserDescribed | None, day: date) -> CertificateState:
    """How an adviser's certificate stands on that day."""
    if described is None or described.certificate is None:
        return "none"
    until = described.certificate_until
    if until is None:
        return "valid"
    if until < day:
        return "expired"
    return "expires" if until - day <= WARNED_AHEAD else "valid"


# Decisions ------------------------------------------------------------------------------------


def describe(
    organisation: Organisation,
    *,
    adviser_id: str,
    external: bool | None,
    unit_id: str | None,
    languages: tuple[str, ...],
    expertise: tuple[str, ...],
    hours_a_week: int | None,
    certificate: str | None,
    certificate_until: date | None,
    takes_cases: bool,
    on: date,
) -> AdviserDescribed:
    """Keep this about an adviser. Raises Refusal INVALID_INPUT or UNKNOWN_CODE."""
    _check_seat(organisation, adviser_id, "adviserId")
    if external is None:
        raise invalid("external", "it is needed the first time")
    if unit_id is not None:
        if external:
            raise invalid("unitId", "who is external works in no unit")
        if not organisation.has_unit(unit_id, on):
            raise invalid("unitId", "the organisation has no such unit")
    version = _check_skills(languages, expertise)
    if hours_a_week is not None and not 1 <= hours_a_week <= MOST_HOURS:
        raise invalid("hoursAWeek", "it must lie between {low} and {high}", low=1, high=MOST_HOURS)
    _check_certificate(certificate, certificate_until)
    return AdviserDescribed(
        adviser_id=adviser_id,
        external=external,
        unit_id=unit_id,
        languages=languages,
        taxonomy_version=version,
        expertise=expertise,
        hours_a_week=hours_a_week,
        certificate=certificate,
        certificate_until=certificate_until,
        takes_cases=takes_cases,
        on=on,
    )


def record_absence(
    state: Advisers,
    organisation: Organisation,
    *,
    absence_id: UUID,
    adviser_id: str,
    first: date,
    until: date | None,
    replacement: str | None,
    on: date,
) -> AbsenceRecorded:
    """An adviser will be away, or is. Raises Refusal INVALID_INPUT."""
    _check_seat(organisation, adviser_id, "adviserId")
    if until is not None and until < first:
        raise invalid("until", "it ends before it begins")
    if replacement is not None:
        _check_seat(organisation, replacement, "replacement")
        if replacement == adviser_id:
            raise invalid("replacement", "nobody stands in for themself")
    for other in state.absences_of(adviser_id):
        if (until is None or other.first <= until) and (
            other.until is None or first <= other.until
        ):
            raise invalid("first", "the adviser is away then already")
    return AbsenceRecorded(
        absence_id=absence_id,
        adviser_id=adviser_id,
        first=first,
        until=until,
        replacement=replacement,
        on=on,
    )


def end_absence(state: Advisers, *, absence_id: UUID, last: date, on: date) -> AbsenceEnded:
    """An absence ends on another day than was said. Raises Refusal NOT_FOUND, INVALID_INPUT."""
    absence = next((one for one in state.absences if one.absence_id == absence_id), None)
    if absence is None:
        raise Refusal(Code.NOT_FOUND)
    for other in state.absences_of(absence.adviser_id):
        if absence.first < other.first <= last:
            raise invalid("last", "the adviser is away then already")
    return AbsenceEnded(absence_id=absence_id, last=last, on=on)


def _check_seat(organisation: Organisation, adviser_id: str, field: str) -> None:
    if not organisation.has_seat(adviser_id):
        raise invalid(field, "the organisation has no such adviser")


def _check_skills(languages: tuple[str, ...], expertise: tuple[str, ...]) -> int:
    """The version of the taxonomy that the expertise is coded with."""
    if len(languages) > MOST_LANGUAGES:
        raise Refusal(Code.TOO_LARGE, limit=MOST_LANGUAGES, unit="languages")
    if any(not _LANGUAGE.fullmatch(language) for language in languages):
        raise invalid("languages", "a language is a code of two or three letters, such as nl")
    codes = taxonomy.current()
    for code in expertise:
        codes.check("categories", code)
    for field, some in (("languages", languages), ("expertise", expertise)):
        if len(set(some)) != len(some):
            raise invalid(field, "an entry stands there twice")
    return codes.version


def _check_certificate(certificate: str | None, until: date | None) -> None:
    if certificate is None:
        if until is not None:
            raise invalid("certificate", "it is missing")
    elif (
        not certificate.strip() or len(certificate) > LONGEST_NAME or not certificate.isprintable()
    ):
        raise invalid(
            "certificate", "it must have 1 to {most} printable characters", most=LONGEST_NAME
        )
