"""Which of intake's events leave, and as what: coded facts, never words, never a case id."""

from __future__ import annotations

from datetime import date, datetime
from functools import cache, lru_cache

import msgspec

from shared.contracts import events as contracts
from shared.contracts.rpc import ReleasePolicy, Unit
from shared.eventstore.store import Recorded
from shared.runtime.outbox import Outbound, Rank
from shared.taxonomy.calendar import tick_of
from shared.taxonomy.period import Period


def _organisation(recorded: Recorded) -> contracts.OrganisationSetUp:
    event = recorded.event
    return contracts.OrganisationSetUp(
        organisation_id=str(event.organisation_id),
        token=event.token,
        name=event.name,
        language=event.language,
        units=tuple(
            Unit(id=unit.id, name=unit.name, headcount=unit.headcount, parent=unit.parent)
            for unit in event.units
        ),
        advisers=tuple(adviser.id for adviser in event.advisers),
        release=ReleasePolicy(
            policy=event.release.policy,
            profile=event.release.profile,
            dimension=event.release.dimension,
            k=event.release.k,
            merge_order=event.release.merge_order,
            works_council_on=event.release.works_council_on,
        ),
        on=event.on,
    )


def _units(recorded: Recorded) -> contracts.OrganisationUnits:
    event = recorded.event
    return contracts.OrganisationUnits(
        organisation_id=str(event.organisation_id),
        effective=event.effective,
        units=tuple(
            Unit(id=unit.id, name=unit.name, headcount=unit.headcount, parent=unit.parent)
            for unit in event.units
        ),
        mapping=tuple(contracts.UnitMapped(old=one.old, new=one.new) for one in event.mapping),
    )


def _seats(recorded: Recorded) -> contracts.OrganisationSeats:
    return contracts.OrganisationSeats(
        organisation_id=str(recorded.event.organisation_id), advisers=recorded.event.seats
    )


def _strategy(recorded: Recorded) -> contracts.OrganisationStrategy:
    event = recorded.event
    return contracts.OrganisationStrategy(
        organisation_id=str(event.organisation_id),
        version=event.register_version,
        entries=tuple(
            contracts.StrategyHeld(
                code=entry.code,
                kind=entry.kind,
                en=entry.en,
                nl=entry.nl,
                valid_from=entry.valid_from,
                withdrawn_from=entry.withdrawn_from,
                serves=entry.serves,
            )
            for entry in event.entries
        ),
    )


class _CaseOpened(msgspec.Struct, frozen=True, gc=False):
    """Of a case that was opened, what leaves, and when it was: neither words nor who sent them."""

    organisation_id: str
    facts_id: str
    taxonomy_version: int
    period: str
    category: str
    unit_id: str | None
    reporter_role: str
    relation: str
    at: datetime
    subject_marks: tuple[bytes, ...] = ()


def _case(recorded: Recorded) -> contracts.FactsBooked:
    event = recorded.event
    return contracts.FactsBooked(
        organisation_id=str(event.organisation_id),
        taxonomy_version=event.taxonomy_version,
        due=_due_of_case(event.period),
        facts=(
            contracts.Fact(
                facts_id=str(event.facts_id),
                period=event.period,
                category=event.category,
                unit_id=event.unit_id,
                role=event.reporter_role,
                relation=event.relation,
                quarter=_quarter_of(event.at.date()),
                subjects=event.subject_marks,
            ),
        ),
    )


@cache  # a relay asks for each case, and there are few periods
def _due_of_case(period: str) -> date:
    parsed = Period.parse(period)
    return tick_of(parsed, parsed.start)


@lru_cache(maxsize=1_000)
def _quarter_of(day: date) -> str:
    return str(Period.containing(day, "quarter"))


def _rows(recorded: Recorded) -> contracts.FactsBooked:
    event = recorded.event
    return contracts.FactsBooked(
        organisation_id=str(event.organisation_id),
        taxonomy_version=event.taxonomy_version,
        due=event.due,
        facts=tuple(
            contracts.Fact(
                facts_id=str(event.facts_id),
                period=event.period,
                category=row.category,
                unit_id=row.unit_id,
                role=row.role,
                relation=row.relation,
                route=row.route,
                outcome=row.outcome,
                count=row.count,
            )
            for row in event.rows
        ),
    )


def _subjects(recorded: Recorded) -> contracts.FactsSubjects:
    return contracts.FactsSubjects(
        organisation_id=str(recorded.event.organisation_id),
        facts_id=str(recorded.event.facts_id),
        subjects=recorded.event.marks,
    )


def _corrected(recorded: Recorded) -> contracts.FactsCorrected:
    event = recorded.event
    return contracts.FactsCorrected(
        organisation_id=str(event.organisation_id),
        facts_id=str(event.facts_id),
        taxonomy_version=event.taxonomy_version,
        category=event.category,
        unit_id=event.unit_id,
        role=event.reporter_role,
        relation=event.relation,
    )


def _erased(recorded: Recorded) -> contracts.FactsErased:
    return contracts.FactsErased(
        organisation_id=str(recorded.event.organisation_id), facts_id=str(recorded.event.facts_id)
    )


def _day(recorded: Recorded) -> contracts.DayClosed:
    return contracts.DayClosed(
        organisation_id=str(recorded.event.organisation_id), day=recorded.event.day
    )


OUTBOUND: dict[str, Outbound] = {
    "OrganisationSetUp": Outbound(
        contract="intake.v1.organisation.set_up",
        id=lambda recorded: recorded.event.organisation_id,
        data=_organisation,
        rank=Rank.FIRST,
        size=4096,
    ),
    "UnitsPlanned": Outbound(
        contract="intake.v1.organisation.units",
        id=lambda recorded: recorded.event.message_id,
        data=_units,
        rank=Rank.FIRST,
        size=4096,
    ),
    **dict.fromkeys(
        ("AdviserSeated", "SeatVacated"),
        Outbound(
            contract="intake.v1.organisation.seats",
            id=lambda recorded: recorded.event.message_id,
            data=_seats,
            rank=Rank.FIRST,
            size=4096,
        ),
    ),
    "StrategyAnnounced": Outbound(
        contract="intake.v1.organisation.strategy",
        id=lambda recorded: recorded.event.message_id,
        data=_strategy,
        rank=Rank.FIRST,
        size=4096,
    ),
    "CaseOpened": Outbound(
        contract="intake.v1.facts.booked",
        id=lambda recorded: recorded.event.facts_id,
        data=_case,
        view=_CaseOpened,
        rank=Rank.SHUFFLED,
        size=2048,  # room for the marks of as many people as a case may name
    ),
    "RegisterRowsImported": Outbound(
        contract="intake.v1.facts.booked",
        id=lambda recorded: recorded.event.facts_id,
        data=_rows,
        rank=Rank.SHUFFLED,
        size=4096,
    ),
    "SubjectsMarked": Outbound(
        contract="intake.v1.facts.subjects",
        id=lambda recorded: recorded.event.message_id,
        data=_subjects,
        rank=Rank.AFTERWARDS,
        size=1024,
    ),
    "CorrectionTold": Outbound(
        contract="intake.v1.facts.corrected",
        id=lambda recorded: recorded.event.message_id,
        data=_corrected,
        rank=Rank.AFTERWARDS,
        size=1024,
    ),
    "CaseErased": Outbound(
        contract="intake.v1.facts.erased",
        id=lambda recorded: recorded.event.message_id,
        data=_erased,
        rank=Rank.SHUFFLED,
        size=1024,
    ),
    "DayClosed": Outbound(
        contract="intake.v1.day.closed",
        id=lambda recorded: recorded.event.message_id,
        data=_day,
        rank=Rank.LAST,
        size=1024,
    ),
}
