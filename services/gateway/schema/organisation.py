"""The organisation: its tree, its advisers and their keys, its decision on statistics."""

# ruff: noqa: A002  arguments are called what the schema calls them
from __future__ import annotations

from datetime import date
from enum import Enum
from typing import Annotated, Self

import strawberry

from services.gateway.grants import (
    ADMIN,
    ADVISER,
    AUDITOR,
    COMPLAINTS_OFFICER,
    COORDINATOR,
    LEADERS,
    MEMBERS,
    PLANNERS,
    REPORT_OFFICER,
    REPORTER,
    SECOND,
    grant,
    table,
)
from services.gateway.schema.base import (
    Base64,
    Conflict,
    Dimension,
    Info,
    InvalidInput,
    LanguageChoice,
    NotAllowed,
    NotFound,
    ask_or_none,
    base64_or_none,
    change,
    command,
    described,
    uuid_text,
)
from shared.contracts import rpc


@strawberry.type(description="A node of the organisation's tree.")
class Unit:
    """One unit."""

    id: strawberry.ID
    name: str
    headcount: int = strawberry.field(description="Its own people, without those of units below.")
    parent: strawberry.ID | None = strawberry.field(description="The unit above it.")

    @classmethod
    def of(cls, unit: rpc.Unit) -> Self:
        """From intake's answer."""
        return cls(
            id=strawberry.ID(unit.id),
            name=unit.name,
            headcount=unit.headcount,
            parent=None if unit.parent is None else strawberry.ID(unit.parent),
        )


@strawberry.enum(description="What has become of a key.")
class KeyState(Enum):
    """See DirectoryKey."""

    CURRENT = "current"
    RETIRED = "retired"
    LOST = "lost"
    STOLEN = "stolen"
    PROPOSED = "proposed"


@strawberry.type(description="An adviser's key in the directory.")
class DirectoryKey:
    """One key."""

    key_id: strawberry.ID
    public_key: Base64 = strawberry.field(description="Raw X25519, 32 bytes.")
    signing_key: Base64 | None = strawberry.field(
        description="Raw Ed25519, 32 bytes: verifies what the adviser signed; null: it cannot sign."
    )
    state: KeyState = strawberry.field(
        description="Seal to `CURRENT` only. The others still verify what was signed before."
    )
    stream: strawberry.ID | None = strawberry.field(
        description="The stream of its publication in intake's ledger, computed from the key; null "
        "for a key from before keys had streams of their own."
    )
    on: date

    @classmethod
    def of(cls, key: rpc.DirectoryKey) -> Self:
        """From intake's answer."""
        return cls(
            key_id=strawberry.ID(key.key_id),
            public_key=Base64(key.public_key),
            signing_key=base64_or_none(key.signing_key),
            state=KeyState(key.state),
            stream=None if key.stream is None else strawberry.ID(key.stream),
            on=key.on,
        )


@strawberry.type(
    description="A key of which people outside the hierarchy hold shares: words are sealed to the "
    "current one too, so that they are not lost with an adviser's device."
)
class RecoveryKey:
    """One recovery key."""

    key_id: strawberry.ID
    public_key: Base64 = strawberry.field(description="Raw X25519, 32 bytes.")
    state: KeyState
    stream: strawberry.ID = strawberry.field(
        description="The stream of its publication in intake's ledger, computed from the key."
    )
    on: date
    digest: Base64 = strawberry.field(
        description="Stands for the record of the ceremony, 32 bytes: holders compare it."
    )

    @classmethod
    def of(cls, key: rpc.RecoveryKey) -> Self:
        """From intake's answer."""
        return cls(
            key_id=strawberry.ID(key.key_id),
            public_key=Base64(key.public_key),
            state=KeyState(key.state),
            stream=strawberry.ID(key.stream),
            on=key.on,
            digest=Base64(key.digest),
        )


@strawberry.type(description="An adviser, or an officer, as shown to those who seal words to them.")
class Adviser:
    """One adviser."""

    id: strawberry.ID
    name: str
    key_id: strawberry.ID | None = strawberry.field(description="Names the public key.")
    public_key: Base64 | None = strawberry.field(
        description="Raw X25519 public key, 32 bytes; null when the adviser has none at present."
    )
    signing_key: Base64 | None = strawberry.field(
        description="Raw Ed25519 public key, 32 bytes, of the same pair."
    )
    keys: list[DirectoryKey] = strawberry.field(description="All of them, oldest first.")

    @classmethod
    def of(cls, adviser: rpc.Adviser) -> Self:
        """From intake's answer."""
        return cls(
            id=strawberry.ID(adviser.id),
            name=adviser.name,
            key_id=None if adviser.key_id is None else strawberry.ID(adviser.key_id),
            public_key=base64_or_none(adviser.public_key),
            signing_key=base64_or_none(adviser.signing_key),
            keys=[DirectoryKey.of(key) for key in adviser.keys],
        )


@strawberry.enum(
    description="How statistics are released. `NOISY`: each count with noise of its own, drawn once, "
    "and small ones not shown. `EXACT`: counts as they are, in disjoint blocks, small ones only "
    "together."
)
class PolicyChoice(Enum):
    """See ReleasePolicy."""

    NOISY = "noisy"
    EXACT = "exact"


@strawberry.enum(
    description="What one case may spend of its anonymity in a half-year: an ε of 2, or of 1.5, with "
    "more noise."
)
class ProfileChoice(Enum):
    """See ReleasePolicy."""

    STANDARD = "standard"
    STRICT = "strict"


@strawberry.type(description="The organisation's recorded decision on how statistics are released.")
class ReleasePolicy:
    """How nobody is found in statistics."""

    policy: PolicyChoice
    profile: ProfileChoice | None = strawberry.field(description="Of `NOISY` alone.")
    dimension: Dimension | None = strawberry.field(description="Of `EXACT` alone.")
    k: int | None = strawberry.field(
        description="Of `EXACT` alone: a cell below this is never shown on its own."
    )
    merge_order: list[str] = strawberry.field(
        description="Of `EXACT` alone: the order in which further cells join the withheld block."
    )
    works_council_on: date | None = strawberry.field(
        description="Of `EXACT` alone: the day on which it was decided with the works council."
    )

    @classmethod
    def of(cls, policy: rpc.ReleasePolicy) -> Self:
        """From intake's answer."""
        return cls(
            policy=PolicyChoice(policy.policy),
            profile=ProfileChoice(policy.profile) if policy.policy == "noisy" else None,
            dimension=None if policy.dimension is None else Dimension(policy.dimension),
            k=policy.k,
            merge_order=list(policy.merge_order),
            works_council_on=policy.works_council_on,
        )


@strawberry.type(description="Your organisation.")
class Organisation:
    """The organisation of the caller's token."""

    id: strawberry.ID
    name: str
    language: LanguageChoice
    token: str = strawberry.field(description="Its name in the subjects of signals.")
    units: list[Unit]
    advisers: list[Adviser]
    former_advisers: list[Adviser] = strawberry.field(
        description="Who left: with their keys older words are checked. They have no current one."
    )
    release: ReleasePolicy
    recovery_keys: list[RecoveryKey] = strawberry.field(
        description="All of them, oldest first. Where one is `CURRENT`, words must be sealed to it."
    )
    report_officers: list[Adviser] = strawberry.field(
        description="Who is designated to receive and follow up reports of wrongdoing."
    )
    complaints_officers: list[Adviser] = strawberry.field(
        description="Who is designated to hear complaints about advisers."
    )

    @classmethod
    def of(cls, organisation: rpc.Organisation) -> Self:
        """From intake's answer."""
        return cls(
            id=strawberry.ID(organisation.id),
            name=organisation.name,
            language=LanguageChoice(organisation.language),
            token=organisation.token,
            units=[Unit.of(unit) for unit in organisation.units],
            advisers=[Adviser.of(adviser) for adviser in organisation.advisers],
            former_advisers=[Adviser.of(adviser) for adviser in organisation.former_advisers],
            release=ReleasePolicy.of(organisation.release),
            recovery_keys=[RecoveryKey.of(key) for key in organisation.recovery_keys],
            report_officers=[Adviser.of(officer) for officer in organisation.report_officers],
            complaints_officers=[
                Adviser.of(officer) for officer in organisation.complaints_officers
            ],
        )


async def the_organisation(info: Info) -> Organisation | None:
    """The caller's organisation, asked of intake; None before it is set up."""
    found = await ask_or_none(info, "intake.organisation", rpc.Empty(), rpc.Organisation)
    return None if found is None else Organisation.of(found)


@strawberry.type
class OrganisationQuery:
    """Questions about the organisation."""

    @described("Your organisation; null before it is set up.")
    async def organisation(self, info: Info) -> Organisation | None:
        """Asks intake."""
        return await the_organisation(info)


@strawberry.input(description="A unit of the tree that is set up.")
class UnitInput:
    """One unit."""

    id: strawberry.ID = strawberry.field(description="Your own id for it, unique in the tree.")
    name: str
    headcount: int
    parent: strawberry.ID | None = None

    def shape(self) -> rpc.Unit:
        """As services take it."""
        return rpc.Unit(id=self.id, name=self.name, headcount=self.headcount, parent=self.parent)


@strawberry.input(description="An adviser of the organisation that is set up.")
class AdviserSeatInput:
    """One adviser."""

    id: strawberry.ID = strawberry.field(description="The subject (`sub`) of their token.")
    name: str


@strawberry.input(description="How the organisation decides to release statistics.")
class ReleasePolicyInput:
    """See ReleasePolicy."""

    policy: PolicyChoice = PolicyChoice.NOISY
    profile: ProfileChoice = strawberry.field(
        default=ProfileChoice.STANDARD, description="With `NOISY` alone."
    )
    dimension: Dimension | None = strawberry.field(
        default=None, description="With `EXACT` alone, which needs it."
    )
    k: int | None = strawberry.field(
        default=None,
        description="With `EXACT` alone: the smallest count that is shown, at least 5 cases; "
        "10 where none is given.",
    )
    merge_order: list[str] = strawberry.field(
        default_factory=list,
        description="With `EXACT` alone: cell codes; empty: the taxonomy's order, or units by "
        "headcount.",
    )
    works_council_on: date | None = strawberry.field(
        default=None,
        description="With `EXACT` alone, which needs it: the day on which it was decided with the "
        "works council, today at the latest.",
    )


@strawberry.input
class SetUpOrganisationInput:
    """The whole organisation at once."""

    idempotency_key: strawberry.ID
    organisation_id: strawberry.ID = strawberry.field(description="A new random UUID.")
    name: str
    language: LanguageChoice
    units: list[UnitInput]
    advisers: list[AdviserSeatInput]
    release: ReleasePolicyInput

    def request(self) -> rpc.SetUpOrganisation:
        """As intake takes it."""
        return rpc.SetUpOrganisation(
            organisation_id=uuid_text("organisationId", self.organisation_id),
            name=self.name,
            language=self.language.value,
            units=tuple(unit.shape() for unit in self.units),
            advisers=tuple(rpc.AdviserSeat(id=seat.id, name=seat.name) for seat in self.advisers),
            release=rpc.ReleasePolicy(
                policy=self.release.policy.value,
                profile=self.release.profile.value,
                dimension=None if (cells := self.release.dimension) is None else cells.value,
                k=self.release.k,
                merge_order=tuple(self.release.merge_order),
                works_council_on=self.release.works_council_on,
            ),
        )


@strawberry.type
class SetUpOrganisationPayload:
    """The organisation is there."""

    organisation_id: strawberry.ID
    position: int = strawberry.field(
        description="Place of the change in the organisation's ledger."
    )

    @classmethod
    def of(cls, done: rpc.Done) -> Self:
        """From intake's answer."""
        return cls(organisation_id=strawberry.ID(done.id), position=done.position)


SetUpOrganisationResult = Annotated[
    SetUpOrganisationPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("SetUpOrganisationResult"),
]


@strawberry.input
class PublishAdviserKeyInput:
    """One's own key."""

    idempotency_key: strawberry.ID
    public_key: Base64 = strawberry.field(description="Raw X25519 public key, 32 bytes.")
    signing_key: Base64 | None = strawberry.field(
        default=None, description="Raw Ed25519 public key, 32 bytes, of the same pair."
    )
    proof: Base64 | None = strawberry.field(
        default=None, description="The new key's own signature (64 bytes) of what is published."
    )
    previous_signature: Base64 | None = strawberry.field(
        default=None,
        description="The same, signed by your current key (64 bytes), if you have one that can.",
    )

    def request(self) -> rpc.PublishAdviserKey:
        """As intake takes it."""
        return rpc.PublishAdviserKey(
            public_key=self.public_key,
            signing_key=self.signing_key,
            proof=self.proof,
            previous_signature=self.previous_signature,
        )


@strawberry.type
class PublishAdviserKeyPayload:
    """The key is in the directory."""

    key_id: strawberry.ID
    position: int = strawberry.field(
        description="Place of the change in the organisation's ledger."
    )

    @described("The organisation after the change.")
    async def organisation(self, info: Info) -> Organisation | None:
        """Asks intake."""
        return await the_organisation(info)

    @classmethod
    def of(cls, done: rpc.Done) -> Self:
        """From intake's answer."""
        return cls(key_id=strawberry.ID(done.id), position=done.position)


PublishAdviserKeyResult = Annotated[
    PublishAdviserKeyPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("PublishAdviserKeyResult"),
]


@strawberry.type
class OrganisationMutation:
    """Changes of the organisation."""

    @change("Register an organisation: tree, advisers, decision on statistics.")
    async def set_up_organisation(
        self, info: Info, input: SetUpOrganisationInput
    ) -> SetUpOrganisationResult:
        """Asks intake."""
        return await command(
            info, "intake.set_up_organisation", input, rpc.Done, SetUpOrganisationPayload.of
        )

    @change("Put your own public key in the organisation's directory.")
    async def publish_adviser_key(
        self, info: Info, input: PublishAdviserKeyInput
    ) -> PublishAdviserKeyResult:
        """Asks intake."""
        return await command(
            info, "intake.publish_adviser_key", input, rpc.Done, PublishAdviserKeyPayload.of
        )


HOLDERS = ADVISER | REPORT_OFFICER | COMPLAINTS_OFFICER
"""Who has a key in the directory."""
SEALERS = HOLDERS | REPORTER
EVERYBODY = SEALERS | MEMBERS

ACCESS = table(
    grant("Query", EVERYBODY | AUDITOR, "organisation"),
    grant("Organisation", EVERYBODY | AUDITOR, "name"),
    # Who the advisers and officers are is for everybody who may turn to one; their keys for who seals.
    grant("Organisation", EVERYBODY, "language advisers reportOfficers complaintsOfficers"),
    grant("Organisation", ADVISER | LEADERS | REPORTER | COORDINATOR, "units"),
    grant("Organisation", SEALERS, "id formerAdvisers"),
    grant("Organisation", ADVISER, "token release"),
    grant("Unit", ADVISER | LEADERS | REPORTER | COORDINATOR, "id name parent"),
    grant("Unit", ADVISER | LEADERS, "headcount"),
    grant("Organisation", SEALERS | SECOND, "recoveryKeys"),
    grant("Adviser", EVERYBODY, "name"),
    grant("Adviser", SEALERS | SECOND, "id"),
    grant("Adviser", SEALERS, "publicKey signingKey keys"),
    grant("Adviser", SEALERS | COORDINATOR, "keyId"),
    grant("DirectoryKey", SEALERS, "keyId publicKey signingKey state stream on"),
    grant("RecoveryKey", SEALERS | SECOND, "keyId publicKey state stream on digest"),
    grant("ReleasePolicy", ADVISER, "policy profile dimension k mergeOrder worksCouncilOn"),
    grant("Mutation", ADMIN, "setUpOrganisation setUpOrganisation(input:)"),
    grant(
        "SetUpOrganisationInput",
        ADMIN,
        "idempotencyKey organisationId name language units advisers release",
    ),
    grant("UnitInput", PLANNERS, "id name headcount parent"),
    grant("AdviserSeatInput", ADMIN, "id name"),
    grant("ReleasePolicyInput", ADMIN, "policy profile dimension k mergeOrder worksCouncilOn"),
    grant("SetUpOrganisationPayload", ADMIN, "organisationId position"),
    grant("Mutation", HOLDERS, "publishAdviserKey publishAdviserKey(input:)"),
    grant(
        "PublishAdviserKeyInput",
        HOLDERS,
        "idempotencyKey publicKey signingKey proof previousSignature",
    ),
    grant("PublishAdviserKeyPayload", HOLDERS, "keyId position organisation"),
)
