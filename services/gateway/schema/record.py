"""What is known of a case in codes, beside the facts of its opening."""

from __future__ import annotations

from typing import Self

import strawberry

from services.gateway.grants import ADVISER, REPORTER, grant, table
from shared.contracts import rpc

_CODES = "Codes of the taxonomy; `prefer_not_to_say` is one, and stands alone."


@strawberry.type(description=f"What is known of a case. {_CODES} Null or empty: not known.")
class CaseRecord:
    """The coded record."""

    subject_role: str | None = strawberry.field(description="Whom it is about, by role.")
    severity: str | None = strawberry.field(
        description="How serious, as the reporter experiences it."
    )
    frequency: str | None
    onset: str | None = strawberry.field(description="Since when, in bands.")
    experience: str | None = strawberry.field(
        description="Experienced, or seen with somebody else."
    )
    power_dependence: str | None = strawberry.field(
        description="Whether the reporter depends on whom it is about."
    )
    own_first_step: str | None = strawberry.field(
        description="Whether the reporter addressed it themself."
    )
    categories: list[str] = strawberry.field(description="Further ones, beside the primary one.")
    forms: list[str]
    modes: list[str] = strawberry.field(description="How: verbal, physical, digital …")
    grounds: list[str]
    impacts: list[str]
    causes: list[str]
    needs: list[str]
    policies: list[str] = strawberry.field(
        description="Policies of the organisation that it touches."
    )
    values: list[str] = strawberry.field(description="Values of the organisation that it touches.")

    @classmethod
    def of(cls, record: rpc.CaseRecord) -> Self:
        """From intake's answer."""
        return cls(
            subject_role=record.subject_role,
            severity=record.severity,
            frequency=record.frequency,
            onset=record.onset,
            experience=record.experience,
            power_dependence=record.power_dependence,
            own_first_step=record.own_first_step,
            categories=list(record.categories),
            forms=list(record.forms),
            modes=list(record.modes),
            grounds=list(record.grounds),
            impacts=list(record.impacts),
            causes=list(record.causes),
            needs=list(record.needs),
            policies=list(record.policies),
            values=list(record.values),
        )


@strawberry.input(description=f"All that is known of a case, and nothing that is not. {_CODES}")
class CaseRecordInput:
    """See CaseRecord."""

    subject_role: str | None = strawberry.field(
        default=None, description="Whom it is about, by role."
    )
    severity: str | None = strawberry.field(
        default=None, description="How serious, as the reporter experiences it."
    )
    frequency: str | None = None
    onset: str | None = strawberry.field(default=None, description="Since when, in bands.")
    experience: str | None = strawberry.field(
        default=None, description="Experienced, or seen with somebody else."
    )
    power_dependence: str | None = strawberry.field(
        default=None, description="Whether the reporter depends on whom it is about."
    )
    own_first_step: str | None = strawberry.field(
        default=None, description="Whether the reporter addressed it themself."
    )
    categories: list[str] = strawberry.field(
        default_factory=list, description="Further ones, beside the primary one."
    )
    forms: list[str] = strawberry.field(default_factory=list)
    modes: list[str] = strawberry.field(
        default_factory=list, description="How: verbal, physical, digital …"
    )
    grounds: list[str] = strawberry.field(default_factory=list)
    impacts: list[str] = strawberry.field(default_factory=list)
    causes: list[str] = strawberry.field(default_factory=list)
    needs: list[str] = strawberry.field(default_factory=list)
    policies: list[str] = strawberry.field(
        default_factory=list, description="Policies of the organisation that it touches."
    )
    values: list[str] = strawberry.field(
        default_factory=list, description="Values of the organisation that it touches."
    )

    def shape(self) -> rpc.CaseRecord:
        """As intake takes it."""
        return rpc.CaseRecord(
            subject_role=self.subject_role,
            severity=self.severity,
            frequency=self.frequency,
            onset=self.onset,
            experience=self.experience,
            power_dependence=self.power_dependence,
            own_first_step=self.own_first_step,
            categories=tuple(self.categories),
            forms=tuple(self.forms),
            modes=tuple(self.modes),
            grounds=tuple(self.grounds),
            impacts=tuple(self.impacts),
            causes=tuple(self.causes),
            needs=tuple(self.needs),
            policies=tuple(self.policies),
            values=tuple(self.values),
        )


_FIELDS = (
    "subjectRole severity frequency onset experience powerDependence ownFirstStep "
    "categories forms modes grounds impacts causes needs policies values"
)

ACCESS = table(
    grant("CaseRecord", ADVISER | REPORTER, _FIELDS),
    grant("CaseRecordInput", ADVISER | REPORTER, _FIELDS),
)
