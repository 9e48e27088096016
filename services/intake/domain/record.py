"""What is known of a case in codes, and what was known only later: nothing of it leaves but what
signals counts anyway, corrected as long as that can still count.

Each list may say "prefers not to say", which stands alone in it. An empty one: not known, or not yet.
Whose codes they are: shared/taxonomy; policies and values are those that the organisation knows.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

from shared import taxonomy
from shared.contracts.errors import Code, Refusal, invalid
from shared.taxonomy.calendar import tick_of
from shared.taxonomy.judgement import check_pure
from shared.taxonomy.period import Period

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from services.intake.domain.case import Case
    from services.intake.domain.organisation import Organisation

NOT_SAID: Final = "prefer_not_to_say"

# Events ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRecord:
    """The coded record beside the facts that signals counts. Sources of the lists: docs/taxonomy.md.

    One code each: the subject's role, how serious, how often, since when, experienced or witnessed,
    whether the reporter depends on whom it is about, and whether they took a first step themselves.
    Several: further categories beside the primary one, forms and modes of the conduct, grounds of
    discrimination, impact, causes, needs, policies and values that it touches.
    """

    subject_role: str | None = None
    severity: str | None = None
    frequency: str | None = None
    onset: str | None = None
    experience: str | None = None
    power_dependence: str | None = None
    own_first_step: str | None = None
    categories: tuple[str, ...] = ()
    forms: tuple[str, ...] = ()
    modes: tuple[str, ...] = ()
    grounds: tuple[str, ...] = ()
    impacts: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    values: tuple[str, ...] = ()


NOTHING: Final = CaseRecord()
"""Nothing is known yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordKept:
    """The whole record as it is known now; a later one takes its place, and this one stays readable."""

    taxonomy_version: int
    record: CaseRecord
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FactsCorrected:
    """The facts with which the case was opened, as they should have been."""

    taxonomy_version: int
    channel: str
    anonymity: str
    reporter_role: str
    relation: str
    category: str
    unit_id: str | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionTold:
    """What leaves of a FactsCorrected, which it is appended with: while its period is not released."""

    organisation_id: UUID
    facts_id: UUID
    message_id: UUID
    taxonomy_version: int
    category: str
    unit_id: str | None
    reporter_role: str
    relation: str


Event = RecordKept | FactsCorrected | CorrectionTold

# Decisions ------------------------------------------------------------------------------------

ONE: Final = {
    "subject_role": "subject_roles",
    "severity": "severities",
    "frequency": "frequencies",
    "onset": "onsets",
    "experience": "experiences",
    "power_dependence": "power_dependences",
    "own_first_step": "own_first_steps",
}
"""Field → list of the taxonomy, of which one code is given."""

SEVERAL: Final = {
    "categories": "categories",
    "forms": "forms",
    "modes": "behaviour_modes",
    "grounds": "discrimination_grounds",
    "impacts": "impacts",
    "causes": "causes",
    "needs": "needs",
}
"""Field → list of the taxonomy, of which several codes may be given."""

TAGS: Final = ("policies", "values")
"""Fields whose codes are the organisation's."""

ALONE: Final = frozenset({NOT_SAID, "no_impact", "cause_unknown"})
"""Codes that say that there is no other."""


def keep_record(
    state: Case, *, record: CaseRecord, known: Mapping[str, frozenset[str]], at: datetime
) -> RecordKept:
    """Keep the whole record of a running case. `known` has the organisation's policies and values.

    Raises Refusal for an unknown code, one that stands there twice or beside "prefers not to say",
    and a further category that is the primary one.
    """
    state.running()
    return kept(record, category=state.facts.category, known=known, at=at)


def kept(
    record: CaseRecord, *, category: str, known: Mapping[str, frozenset[str]], at: datetime
) -> RecordKept:
    """The record of a case with this primary category, checked. Raises Refusal as `keep_record`."""
    codes = taxonomy.current()
    for name, kind in ONE.items():
        code = getattr(record, name)
        if code is not None:
            codes.check(kind, code, field=f"record.{name}")
    for name in (*SEVERAL, *TAGS):
        given: tuple[str, ...] = getattr(record, name)
        for code in given:
            if name in SEVERAL:
                codes.check(SEVERAL[name], code, field=f"record.{name}")
            elif code not in known[name]:
                check_pure(code, field=f"record.{name}")
                raise invalid(f"record.{name}", "the organisation has no such code")
        if len(set(given)) != len(given):
            raise invalid(f"record.{name}", "a code stands there twice")
        if len(given) > 1 and ALONE.intersection(given):
            raise invalid(f"record.{name}", "this code stands alone")
    _check_primary(category, record)
    return RecordKept(taxonomy_version=codes.version, record=record, at=at)


def correct_facts(
    state: Case,
    organisation: Organisation,
    *,
    channel: str,
    anonymity: str,
    reporter_role: str,
    relation: str,
    category: str,
    unit_id: str | None,
    message_id: UUID,
    at: datetime,
) -> list[FactsCorrected | CorrectionTold]:
    """Correct the facts of a running case, all of them together; and what leaves of it, if anything
    does. Raises Refusal for an unknown code or unit, and ALREADY_DECIDED where nothing changes.
    """
    opened = state.running()
    check_facts(
        organisation,
        on=opened.at.date(),  # the units as they were when it was opened
        channel=channel,
        anonymity=anonymity,
        reporter_role=reporter_role,
        relation=relation,
        category=category,
        unit_id=unit_id,
    )
    _check_primary(category, state.record)
    corrected = FactsCorrected(
        taxonomy_version=taxonomy.current().version,
        channel=channel,
        anonymity=anonymity,
        reporter_role=reporter_role,
        relation=relation,
        category=category,
        unit_id=unit_id,
        at=at,
    )
    if all(getattr(corrected, name) == getattr(state.facts, name) for name in FACTS):
        raise Refusal(Code.ALREADY_DECIDED)
    if at.date() > last_tick(organisation, opened.period):
        return [corrected]
    told = CorrectionTold(
        organisation_id=opened.organisation_id,
        facts_id=opened.facts_id,
        message_id=message_id,
        taxonomy_version=corrected.taxonomy_version,
        category=category,
        unit_id=unit_id,
        reporter_role=reporter_role,
        relation=relation,
    )
    return [corrected, told]


FACTS: Final = tuple(
    one.name for one in fields(FactsCorrected) if one.name not in ("taxonomy_version", "at")
)
"""The facts with which a case is opened."""


def check_facts(
    organisation: Organisation,
    *,
    on: date,
    channel: str,
    anonymity: str,
    reporter_role: str,
    relation: str,
    category: str,
    unit_id: str | None,
) -> None:
    """Raises Refusal for an unknown code or unit."""
    codes = taxonomy.current()
    codes.check("channels", channel, field="channel")
    codes.check("anonymity", anonymity)
    codes.check("reporter_roles", reporter_role, field="reporterRole")
    codes.check("relations", relation, field="relation")
    codes.check("categories", category, field="category")
    if unit_id is not None and not organisation.has_unit(unit_id, on):
        raise invalid("unitId", "the organisation has no such unit")


def last_tick(organisation: Organisation, period: str) -> date:
    """The day of the last tick at which a case of this half-year counts: under `noisy` its year's."""
    booked = Period.parse(period)
    if organisation.known.release.policy == "noisy":
        booked = Period.containing(booked.start, "year")
    return tick_of(booked, booked.start)


def _check_primary(category: str, record: CaseRecord) -> None:
    if category in record.categories:
        raise invalid("record.categories", "the primary category stands among the further ones")
