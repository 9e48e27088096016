"""Advisers at work: what they can do, when they are there, whom a case could go to, how busy they are."""

# ruff: noqa: A002  arguments are called what the schema calls them
from __future__ import annotations

from datetime import date
from enum import Enum
from typing import Annotated, Self

import strawberry
from msgspec import UNSET, UnsetType

from services.gateway.grants import ADMIN, ADVISER, COORDINATOR, REPORTER, grant, table
from services.gateway.schema.base import (
    Conflict,
    Info,
    InvalidInput,
    LanguageChoice,
    NotAllowed,
    NotFound,
    Told,
    ask,
    ask_or_none,
    change,
    command,
    described,
    part,
    part_of,
    uuid_text,
)
from shared.contracts import rpc


@strawberry.enum(
    description="Whether new cases can go to an adviser. `FULL`: they take none at present."
)
class Availability(Enum):
    """See AdviserChoice."""

    AVAILABLE = "available"
    FULL = "full"
    ABSENT = "absent"


@strawberry.enum(description="How a certificate stands. `EXPIRES`: it ends within 90 days.")
class CertificateState(Enum):
    """See AdviserProfile."""

    NONE = "none"
    VALID = "valid"
    EXPIRES = "expires"
    EXPIRED = "expired"


@strawberry.enum(
    description="Why an adviser is proposed (the first five), or what speaks against them."
)
class ProposalReason(Enum):
    """See ProposedAdviser."""

    CHOSEN = strawberry.enum_value("chosen", description="The reporter chose them.")
    STANDS_IN = strawberry.enum_value(
        "stands_in", description="They stand in for whom the reporter chose."
    )
    LANGUAGE = strawberry.enum_value("language", description="They speak the language.")
    EXPERTISE = strawberry.enum_value(
        "expertise", description="They know this kind of matter best."
    )
    LEAST_LOAD = strawberry.enum_value(
        "least_load", description="For their hours they have the fewest open cases."
    )
    AVOIDED = strawberry.enum_value("avoided", description="The reporter does not want them.")
    OWN_UNIT = strawberry.enum_value("own_unit", description="They work in the same unit.")
    SAME_LINE = strawberry.enum_value(
        "same_line", description="They work above or below that unit, in the same line."
    )
    ABSENT = strawberry.enum_value("absent", description="They are away.")
    FULL = strawberry.enum_value("full", description="They take no new cases at present.")


@strawberry.type(description="An adviser, for those who may turn to one.")
class AdviserChoice:
    """One choice."""

    adviser_id: strawberry.ID
    name: str
    languages: list[str] = strawberry.field(description="ISO 639 codes; empty: not known.")
    expertise: list[str] = strawberry.field(
        description="Categories that they know best; every adviser takes every matter."
    )
    availability: Availability

    @classmethod
    def of(cls, choice: rpc.AdviserChoice) -> Self:
        """From intake's answer."""
        return cls(
            adviser_id=strawberry.ID(choice.adviser_id),
            name=choice.name,
            languages=list(choice.languages),
            expertise=list(choice.expertise),
            availability=Availability(choice.availability),
        )


@strawberry.type(description="An adviser, and why a new case could go to them, or should not.")
class ProposedAdviser:
    """One of a proposal."""

    adviser_id: strawberry.ID
    name: str
    proposed: bool = strawberry.field(
        description="Nothing speaks against them, or the reporter chose them and they are there."
    )
    reasons: list[ProposalReason]
    sentences: list[str] = strawberry.field(description="The reasons in words, in the same order.")

    @classmethod
    def of(cls, one: rpc.ProposedAdviser, language: LanguageChoice) -> Self:
        """From intake's answer."""
        return cls(
            adviser_id=strawberry.ID(one.adviser_id),
            name=one.name,
            proposed=one.proposed,
            reasons=[ProposalReason(reason) for reason in one.reasons],
            sentences=list(one.sentences_nl if language is LanguageChoice.NL else one.sentences_en),
        )


@strawberry.type(description="A time in which an adviser is away.")
class Absence:
    """One absence, running or to come."""

    id: strawberry.ID
    first: date
    until: date | None = strawberry.field(description="The last day; null: not known.")
    replacement: strawberry.ID | None = strawberry.field(
        description="Who takes new cases meanwhile. Running ones stay whose they are."
    )


@strawberry.type(description="What is kept about an adviser at work. Nothing of any case.")
class AdviserProfile:
    """One adviser."""

    adviser_id: strawberry.ID
    name: str
    described: bool = strawberry.field(description="Whether anything was kept yet.")
    external: bool
    unit_id: strawberry.ID | None = strawberry.field(
        description="Where an internal adviser works: they are too close to cases of it."
    )
    languages: list[str]
    expertise: list[str]
    hours_a_week: int | None
    certificate: str | None
    certificate_until: date | None = strawberry.field(description="The last day on which it holds.")
    certificate_state: CertificateState
    availability: Availability
    stands_in: strawberry.ID | None = strawberry.field(
        description="Who takes new cases today, where the adviser is away."
    )
    absences: list[Absence] = strawberry.field(description="Running and to come.")

    @classmethod
    def of(cls, profile: rpc.AdviserProfile) -> Self:
        """From intake's answer."""
        return cls(
            adviser_id=strawberry.ID(profile.adviser_id),
            name=profile.name,
            described=profile.described,
            external=profile.external,
            unit_id=_id(profile.unit_id),
            languages=list(profile.languages),
            expertise=list(profile.expertise),
            hours_a_week=profile.hours_a_week,
            certificate=profile.certificate,
            certificate_until=profile.certificate_until,
            certificate_state=CertificateState(profile.certificate_state),
            availability=Availability(profile.availability),
            stands_in=_id(profile.stands_in),
            absences=[
                Absence(
                    id=strawberry.ID(one.id),
                    first=one.first,
                    until=one.until,
                    replacement=_id(one.replacement),
                )
                for one in profile.absences
            ],
        )


@strawberry.type(description="How busy an adviser is, as far as that may be told.")
class WorkloadOfAdviser:
    """One adviser's."""

    adviser_id: strawberry.ID
    name: str
    open_cases: int = strawberry.field(
        description="Rounded down to a multiple of five: 0 stands for 0 to 4."
    )


@strawberry.type(description="Open cases as they were when the week began; the same all week.")
class Workload:
    """Everybody's."""

    week: str = strawberry.field(description="ISO 8601 week.")
    advisers: list[WorkloadOfAdviser]


def _id(text: str | None) -> strawberry.ID | None:
    return None if text is None else strawberry.ID(text)


def _organisation(text: str | None) -> str | None:
    return None if text is None else uuid_text("organisationId", text)


ORGANISATION = strawberry.argument(
    description="For an administrator, who belongs to none and has to name one."
)


@strawberry.type
class AdviserQuery:
    """Questions about advisers at work."""

    @described("The advisers whom you may turn to.")
    async def adviser_choices(self, info: Info) -> list[AdviserChoice] | None:
        """Asks intake."""
        found = await ask(info, "intake.adviser_choices", rpc.Empty(), rpc.AdviserChoices)
        return [AdviserChoice.of(choice) for choice in found.items]

    @described(
        "To whom a case that is still to come could go, the best first; nobody has to follow it, and "
        "nothing of the question is kept. Load counts for a coordinator's question alone."
    )
    async def adviser_proposal(
        self,
        info: Info,
        chosen: Annotated[
            strawberry.ID | None, strawberry.argument(description="Whom the reporter wants.")
        ] = None,
        avoid: Annotated[
            list[strawberry.ID] | None,
            strawberry.argument(description="Whom they do not want; nobody asks why."),
        ] = None,
        unit_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="Where the reporter works.")
        ] = None,
        spoken: Annotated[
            str | None, strawberry.argument(description="The language to speak: an ISO 639 code.")
        ] = None,
        category: str | None = None,
        language: Annotated[
            LanguageChoice, strawberry.argument(description="Of the sentences.")
        ] = LanguageChoice.EN,
    ) -> list[ProposedAdviser] | None:
        """Asks intake."""
        request = rpc.ProposeAdvisers(
            chosen=chosen,
            avoid=tuple(avoid or ()),
            unit_id=unit_id,
            language=spoken,
            category=category,
        )
        found = await ask_or_none(info, "intake.adviser_proposal", request, rpc.AdviserProposal)
        return None if found is None else [ProposedAdviser.of(one, language) for one in found.items]

    @described("What is kept about advisers at work; an adviser sees their own.")
    async def adviser_profiles(
        self,
        info: Info,
        organisation_id: Annotated[strawberry.ID | None, ORGANISATION] = None,
    ) -> list[AdviserProfile] | None:
        """Asks intake."""
        request = rpc.OfOrganisation(organisation_id=_organisation(organisation_id))
        found = await ask_or_none(info, "intake.adviser_profiles", request, rpc.AdviserProfiles)
        return None if found is None else [AdviserProfile.of(profile) for profile in found.items]

    @described("How busy advisers are: of the week's beginning, in fives, never which cases.")
    async def workload(self, info: Info) -> Workload | None:
        """Asks intake."""
        found = await ask(info, "intake.workload", rpc.Empty(), rpc.Workload)
        return Workload(
            week=found.week,
            advisers=[
                WorkloadOfAdviser(
                    adviser_id=strawberry.ID(one.adviser_id),
                    name=one.name,
                    open_cases=one.open_cases,
                )
                for one in found.advisers
            ],
        )


# Commands ---------------------------------------------------------------------------------------


def _codes(given: list[str] | UnsetType | None) -> tuple[str, ...] | UnsetType:
    return given if given is UNSET else tuple(given or ())


@strawberry.input
class DescribeAdviserInput:
    """What is kept about an adviser at work. What you leave out stays as it is; null clears it."""

    idempotency_key: strawberry.ID
    organisation_id: strawberry.ID | None = strawberry.field(
        default=None, description="For an administrator."
    )
    adviser_id: strawberry.ID
    external: Told[bool] = strawberry.field(
        default=None,
        description="Whether they work for another organisation; needed the first time.",
    )
    unit_id: Told[strawberry.ID] = strawberry.field(
        default=None, description="Where an internal adviser works themself."
    )
    languages: Told[list[str]] = strawberry.field(
        default=None, description="ISO 639 codes, at most 20."
    )
    expertise: Told[list[str]] = strawberry.field(
        default=None, description="Categories of the taxonomy."
    )
    hours_a_week: Told[int] = strawberry.field(default=None, description="1 to 60.")
    certificate: Told[str] = None
    certificate_until: Told[date] = strawberry.field(
        default=None, description="The last day on which it holds."
    )
    takes_cases: Told[bool] = None

    def request(self) -> rpc.DescribeAdviser:
        """As intake takes it."""
        return rpc.DescribeAdviser(
            organisation_id=_organisation(self.organisation_id),
            adviser_id=self.adviser_id,
            external=part_of("external", self.external),
            unit_id=part(self.unit_id),
            languages=_codes(part(self.languages)),
            expertise=_codes(part(self.expertise)),
            hours_a_week=part(self.hours_a_week),
            certificate=part(self.certificate),
            certificate_until=part(self.certificate_until),
            takes_cases=part_of("takesCases", self.takes_cases),
        )


@strawberry.input
class RecordAbsenceInput:
    """An adviser is away."""

    idempotency_key: strawberry.ID
    organisation_id: strawberry.ID | None = strawberry.field(
        default=None, description="For an administrator."
    )
    adviser_id: strawberry.ID
    first: date
    until: date | None = strawberry.field(
        default=None, description="The last day; none: not known."
    )
    replacement: strawberry.ID | None = strawberry.field(
        default=None, description="The adviser who takes new cases meanwhile."
    )

    def request(self) -> rpc.RecordAbsence:
        """As intake takes it."""
        return rpc.RecordAbsence(
            organisation_id=_organisation(self.organisation_id),
            adviser_id=self.adviser_id,
            first=self.first,
            until=self.until,
            replacement=self.replacement,
        )


@strawberry.input
class EndAbsenceInput:
    """An absence ends on another day than was said."""

    idempotency_key: strawberry.ID
    organisation_id: strawberry.ID | None = strawberry.field(
        default=None, description="For an administrator."
    )
    absence_id: strawberry.ID
    last: date = strawberry.field(
        description="The last day; one before the first: it does not take place."
    )

    def request(self) -> rpc.EndAbsence:
        """As intake takes it."""
        return rpc.EndAbsence(
            organisation_id=_organisation(self.organisation_id),
            absence_id=uuid_text("absenceId", self.absence_id),
            last=self.last,
        )


@strawberry.type
class DescribeAdviserPayload:
    """It is kept."""

    adviser_id: strawberry.ID

    @classmethod
    def of(cls, done: rpc.Done) -> Self:
        """From intake's answer."""
        return cls(adviser_id=strawberry.ID(done.id))


@strawberry.type
class _AbsencePayload:
    absence_id: strawberry.ID

    @classmethod
    def of(cls, done: rpc.Done) -> Self:
        """From intake's answer."""
        return cls(absence_id=strawberry.ID(done.id))


@strawberry.type
class RecordAbsencePayload(_AbsencePayload):
    """It is recorded."""


@strawberry.type
class EndAbsencePayload(_AbsencePayload):
    """It ends then."""


DescribeAdviserResult = Annotated[
    DescribeAdviserPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("DescribeAdviserResult"),
]
RecordAbsenceResult = Annotated[
    RecordAbsencePayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("RecordAbsenceResult"),
]
EndAbsenceResult = Annotated[
    EndAbsencePayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("EndAbsenceResult"),
]


@strawberry.type
class AdviserMutation:
    """Changes of what is kept about advisers at work."""

    @change("Keep what an adviser can do, how long for, and until when a certificate holds.")
    async def describe_adviser(
        self, info: Info, input: DescribeAdviserInput
    ) -> DescribeAdviserResult:
        """Asks intake."""
        return await command(
            info, "intake.describe_adviser", input, rpc.Done, DescribeAdviserPayload.of
        )

    @change("Record that an adviser is away, and who stands in for new cases.")
    async def record_absence(self, info: Info, input: RecordAbsenceInput) -> RecordAbsenceResult:
        """Asks intake."""
        return await command(
            info, "intake.record_absence", input, rpc.Done, RecordAbsencePayload.of
        )

    @change("End an absence sooner or later than was said, or call it off.")
    async def end_absence(self, info: Info, input: EndAbsenceInput) -> EndAbsenceResult:
        """Asks intake."""
        return await command(info, "intake.end_absence", input, rpc.Done, EndAbsencePayload.of)


QUIET_FIELDS = frozenset({"adviserProposal"})
"""As in cases.py: what is asked there is about a case."""

_PLANS = ADMIN | COORDINATOR

ACCESS = table(
    grant("Query", REPORTER, "adviserChoices"),
    grant("AdviserChoice", REPORTER, "adviserId name languages expertise availability"),
    grant(
        "Query",
        REPORTER | COORDINATOR,
        "adviserProposal adviserProposal(chosen:) adviserProposal(avoid:) adviserProposal(unitId:) "
        "adviserProposal(spoken:) adviserProposal(category:) adviserProposal(language:)",
    ),
    grant("ProposedAdviser", REPORTER | COORDINATOR, "adviserId name proposed reasons sentences"),
    grant("Query", _PLANS | ADVISER, "adviserProfiles adviserProfiles(organisationId:)"),
    grant(
        "AdviserProfile",
        _PLANS | ADVISER,
        "adviserId name described external unitId languages expertise hoursAWeek certificate "
        "certificateUntil certificateState availability standsIn absences",
    ),
    grant("Absence", _PLANS | ADVISER, "id first until replacement"),
    grant("Query", COORDINATOR, "workload"),
    grant("Workload", COORDINATOR, "week advisers"),
    grant("WorkloadOfAdviser", COORDINATOR, "adviserId name openCases"),
    grant(
        "Mutation",
        _PLANS,
        "describeAdviser describeAdviser(input:) recordAbsence recordAbsence(input:) endAbsence "
        "endAbsence(input:)",
    ),
    grant(
        "DescribeAdviserInput",
        _PLANS,
        "idempotencyKey organisationId adviserId external unitId languages expertise hoursAWeek "
        "certificate certificateUntil takesCases",
    ),
    grant(
        "RecordAbsenceInput",
        _PLANS,
        "idempotencyKey organisationId adviserId first until replacement",
    ),
    grant("EndAbsenceInput", _PLANS, "idempotencyKey organisationId absenceId last"),
    grant("DescribeAdviserPayload", _PLANS, "adviserId"),
    grant("RecordAbsencePayload", _PLANS, "absenceId"),
    grant("EndAbsencePayload", _PLANS, "absenceId"),
)
