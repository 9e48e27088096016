"""The organisation: its tree of units, its advisers and their keys, its release policy."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from services.intake.domain import officers
from services.intake.domain.names import check_name
from services.intake.domain.officers import OfficeName, Officer
from services.intake.domain.seats import AdviserSeated, SeatVacated
from services.intake.domain.statements import (
    SIGNATURE_BYTES,
    Verifies,
    adviser_key_statement,
    recovery_key_statement,
)
from services.intake.domain.units import UnitKept, UnitsPlanned, units_on
from shared import taxonomy
from shared.contracts.errors import Code, Refusal, invalid
from shared.contracts.rpc import NOT_SAID, Policy, Profile
from shared.taxonomy.period import Period

if TYPE_CHECKING:
    from collections.abc import Iterable

USUAL_K = 10
SMALLEST_K = 5
"""Nothing below five is ever a decision (UCL, TU Delft and CBS all stop there or above)."""

MOST_UNITS = 500
PUBLIC_KEY_BYTES = 32
DIGEST_BYTES = 32

KeyState = Literal["current", "retired", "lost", "stolen"]
"""`current`: words are sealed to it. `retired`: another took its place, or its adviser left; it opens old
words. `lost`, `stolen`: the device is gone; what was sealed to a stolen key has to be sealed anew.
"""


# Events ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class AdviserKept:
    """An adviser: the subject of their token, and the name that readers see."""

    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyDecided:
    """How the organisation decided that its statistics are released.

    `dimension`, `k`, `merge_order` and `works_council_on` are of the policy `exact`, `profile` of
    `noisy`: it has no other choice.
    """

    policy: Policy
    profile: Profile = "standard"
    dimension: Literal["category", "unit"] | None = None
    k: int | None = None
    merge_order: tuple[str, ...] = ()
    works_council_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationSetUp:
    """An organisation was registered. `token` stands for it in subjects and says nothing."""

    organisation_id: UUID
    token: str
    name: str
    language: Literal["en", "nl"]
    units: tuple[UnitKept, ...]
    advisers: tuple[AdviserKept, ...]
    release: PolicyDecided
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class AdviserKeyPublished:
    """An adviser put a public key (raw X25519, 32 bytes) in the directory.

    It has a stream of its own, whose id is computed from the key (streams.py): who holds a public key
    can ask the log for exactly this key. `signing_key` (raw Ed25519, 32 bytes) is the other half of
    the pair; `proof` is its signature, `previous_signature` that of the adviser's key before it. None
    in an event of version 1; no previous signature: a first key, or the old device is gone.
    """

    adviser_id: str
    key_id: UUID
    public_key: bytes
    on: date
    signing_key: bytes | None
    proof: bytes | None
    previous_signature: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyListed:
    """What an AdviserKeyPublished published, in the organisation's own stream: from now on it is the
    adviser's current key. Both are appended together.
    """

    adviser_id: str
    key_id: UUID
    public_key: bytes
    signing_key: bytes | None
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class AdviserKeyWithdrawn:
    """An adviser's device with this key was lost, or stolen."""

    adviser_id: str
    key_id: UUID
    reason: Literal["lost", "stolen"]
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryKeyPublished:
    """A recovery key (raw X25519, 32 bytes), of which people outside the hierarchy hold shares, in a
    stream of its own whose id is computed from the key. An adviser signed it with `signed_by`.
    `digest` (32 bytes) stands for the record of the ceremony.
    """

    key_id: UUID
    public_key: bytes
    adviser_id: str
    signed_by: UUID
    signature: bytes
    on: date
    digest: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryKeyProposed:
    """What a RecoveryKeyPublished published, in the organisation's own stream. Nothing is sealed to it
    before another person confirms it.
    """

    key_id: UUID
    public_key: bytes
    by: str
    on: date
    digest: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryKeyConfirmed:
    """A second person, of another role, confirmed the recovery key: from now on words are sealed to it
    too, and no longer to the one before it.
    """

    key_id: UUID
    by: str
    role: str
    on: date


Event = (
    OrganisationSetUp
    | AdviserKeyPublished
    | KeyListed
    | AdviserKeyWithdrawn
    | RecoveryKeyProposed
    | RecoveryKeyConfirmed
    | UnitsPlanned
    | AdviserSeated
    | SeatVacated
    | officers.Event
)


# Fold -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedKey:
    """An adviser's key in the directory."""

    adviser_id: str
    key_id: UUID
    public_key: bytes
    signing_key: bytes | None
    state: KeyState
    own_stream: bool
    """Whether its publication has the stream that is computed from it; old ones have not."""
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedRecoveryKey:
    """A recovery key in the directory."""

    key_id: UUID
    public_key: bytes
    state: Literal["proposed", "current", "retired"]
    by: str
    on: date
    digest: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """What is known of an organisation after its events. Keys stand in the order of publication."""

    version: int = 0
    set_up: OrganisationSetUp | None = None
    keys: tuple[ListedKey, ...] = ()
    recovery_keys: tuple[ListedRecoveryKey, ...] = ()
    plans: tuple[UnitsPlanned, ...] = ()
    former: tuple[AdviserKept, ...] = ()
    """Advisers who left: what their keys signed stays to be read."""
    officers: tuple[Officer, ...] = ()
    """Who holds an office now."""

    @property
    def known(self) -> OrganisationSetUp:
        """The set-up, with the advisers of now. Raises Refusal NOT_FOUND when there is none."""
        if self.set_up is None:
            raise Refusal(Code.NOT_FOUND)
        return self.set_up

    @property
    def recovery_key(self) -> ListedRecoveryKey | None:
        """The recovery key that words are sealed to, if the organisation has one."""
        return next((key for key in self.recovery_keys if key.state == "current"), None)

    def current_key(self, adviser_id: str) -> ListedKey | None:
        """The key that words to this adviser are sealed to."""
        return next(
            (
                key
                for key in reversed(self.keys)
                if key.adviser_id == adviser_id and key.state == "current"
            ),
            None,
        )

    def keys_of(self, adviser_id: str) -> tuple[ListedKey, ...]:
        """All keys of an adviser, oldest first."""
        return tuple(key for key in self.keys if key.adviser_id == adviser_id)

    def units_on(self, day: date) -> tuple[UnitKept, ...]:
        """The tree as it is on that day."""
        return units_on(self.known.units, self.plans, day)

    def has_unit(self, unit_id: str, day: date) -> bool:
        """Whether this is a unit on that day."""
        return any(unit.id == unit_id for unit in self.units_on(day))

    def unit_ids(self, day: date) -> frozenset[str]:
        """The units that there have been until that day, under all the ids that they had."""
        begun = [plan.units for plan in self.plans if Period.parse(plan.effective).start <= day]
        return frozenset(unit.id for units in (self.known.units, *begun) for unit in units)

    def has_seat(self, adviser_id: str) -> bool:
        """Whether this is an adviser here."""
        return any(adviser.id == adviser_id for adviser in self.known.advisers)

    def had_seat(self, adviser_id: str) -> bool:
        """Whether this is an adviser here, or was one."""
        return self.has_seat(adviser_id) or any(one.id == adviser_id for one in self.former)

    def officers_of(self, office: OfficeName) -> tuple[Officer, ...]:
        """Who holds this office now."""
        return tuple(one for one in self.officers if one.office == office)

    def offices_of(self, subject: str) -> frozenset[OfficeName]:
        """The offices that somebody holds now."""
        return frozenset(one.office for one in self.officers if one.id == subject)

    def follows_up_reports(self, subject: str) -> bool:
        """Whether this is an officer for reports of wrongdoing now."""
        return "reports" in self.offices_of(subject)

    def hears_complaints(self, subject: str) -> bool:
        """Whether this is a complaints officer now."""
        return "complaints" in self.offices_of(subject)


def evolve(state: Organisation, event: Event) -> Organisation:
    """The state after one more event."""
    state = replace(state, version=state.version + 1)
    match event:
        case OrganisationSetUp():
            return replace(state, set_up=event)
        case KeyListed() | AdviserKeyPublished():
            # Keys of version 1 stand in the organisation's stream without a KeyListed.
            listed = ListedKey(
                adviser_id=event.adviser_id,
                key_id=event.key_id,
                public_key=event.public_key,
                signing_key=event.signing_key,
                state="current",
                own_stream=isinstance(event, KeyListed),
                on=event.on,
            )
            return replace(state, keys=(*_retired(state.keys, event.adviser_id), listed))
        case AdviserKeyWithdrawn():
            return replace(
                state,
                keys=tuple(
                    replace(key, state=event.reason) if key.key_id == event.key_id else key
                    for key in state.keys
                ),
            )
        case RecoveryKeyProposed():
            proposed = ListedRecoveryKey(
                key_id=event.key_id,
                public_key=event.public_key,
                state="proposed",
                by=event.by,
                on=event.on,
                digest=event.digest,
            )
            return replace(state, recovery_keys=(*state.recovery_keys, proposed))
        case RecoveryKeyConfirmed():
            return replace(
                state,
                recovery_keys=tuple(
                    replace(key, state="current")
                    if key.key_id == event.key_id
                    else replace(key, state="retired")
                    for key in state.recovery_keys
                ),
            )
        case UnitsPlanned():
            return replace(state, plans=(*state.plans, event))
        case AdviserSeated() | SeatVacated():
            return _seats(state, event)
        case _:
            return replace(state, officers=officers.evolve(state.officers, event))


def _seats(state: Organisation, event: AdviserSeated | SeatVacated) -> Organisation:
    """The state after an adviser came or left."""
    of_them = event.adviser_id
    others = tuple(one for one in state.known.advisers if one.id != of_them)
    former = tuple(one for one in state.former if one.id != of_them)
    if isinstance(event, AdviserSeated):
        others = (*others, AdviserKept(id=of_them, name=event.name))
        return replace(state, set_up=replace(state.known, advisers=others), former=former)
    left = (one for one in state.known.advisers if one.id == of_them)
    return replace(
        state,
        set_up=replace(state.known, advisers=others),
        former=(*former, *left),
        keys=_retired(state.keys, of_them),
    )


def _retired(keys: tuple[ListedKey, ...], adviser_id: str) -> tuple[ListedKey, ...]:
    """The keys when the adviser's current one is so no more."""
    return tuple(
        replace(key, state="retired")
        if key.adviser_id == adviser_id and key.state == "current"
        else key
        for key in keys
    )


# Decisions ------------------------------------------------------------------------------------


def set_up(
    state: Organisation,
    *,
    organisation_id: UUID,
    token: str,
    name: str,
    language: Literal["en", "nl"],
    units: Iterable[UnitKept],
    advisers: Iterable[AdviserKept],
    release: PolicyDecided,
    on: date,
) -> OrganisationSetUp:
    """Register an organisation. Raises Refusal for a tree, policy or name that cannot be."""
    if state.set_up is not None:
        raise Refusal(Code.ALREADY_EXISTS)
    units, advisers = tuple(units), tuple(advisers)
    check_name(name, "name")
    check_units(units)
    if not advisers:
        raise invalid("advisers", "an organisation has at least one adviser")
    if len({adviser.id for adviser in advisers}) != len(advisers):
        raise invalid("advisers", "two advisers have the same id")
    for adviser in advisers:
        check_name(adviser.id, "advisers.id")
        check_name(adviser.name, "advisers.name")
    return OrganisationSetUp(
        organisation_id=organisation_id,
        token=token,
        name=name,
        language=language,
        units=units,
        advisers=advisers,
        release=_checked_policy(release, units, on=on),
        on=on,
    )


def publish_key(
    state: Organisation,
    *,
    adviser_id: str,
    key_id: UUID,
    public_key: bytes,
    on: date,
    verifies: Verifies,
    signing_key: bytes | None = None,
    proof: bytes | None = None,
    previous_signature: bytes | None = None,
) -> tuple[AdviserKeyPublished, KeyListed]:
    """A new public key of an adviser, or of an officer. Raises Refusal for anybody else.

    A pair proves by its own signature that who publishes it has it. While the adviser's current key
    can sign, the next one needs its signature too: who only has the adviser's sign-in changes no key
    unseen, but has to call the old one lost.
    """
    if not (state.has_seat(adviser_id) or state.offices_of(adviser_id)):
        raise Refusal(Code.NOT_ALLOWED)
    _check_length(public_key, PUBLIC_KEY_BYTES, "publicKey")
    if any(
        key.public_key == public_key or (signing_key is not None and key.signing_key == signing_key)
        for key in state.keys
    ):
        raise Refusal(Code.ALREADY_EXISTS)
    current = state.current_key(adviser_id)
    before = None if current is None else current.signing_key
    if signing_key is None:
        if any(key.signing_key is not None for key in state.keys_of(adviser_id)):
            raise invalid("signingKey", "it is missing")
        if proof is not None or previous_signature is not None:
            raise invalid("signingKey", "it is missing")
    else:
        _check_length(signing_key, PUBLIC_KEY_BYTES, "signingKey")
        statement = adviser_key_statement(
            organisation_id=state.known.organisation_id,
            adviser_id=adviser_id,
            public_key=public_key,
            signing_key=signing_key,
        )
        _check_signature(proof, signing_key, statement, verifies, field="proof")
        if before is not None:
            _check_signature(
                previous_signature, before, statement, verifies, field="previousSignature"
            )
        elif previous_signature is not None:
            raise invalid("previousSignature", "there is no key that could have made it")
    published = AdviserKeyPublished(
        adviser_id=adviser_id,
        key_id=key_id,
        public_key=public_key,
        on=on,
        signing_key=signing_key,
        proof=proof,
        previous_signature=previous_signature,
    )
    listed = KeyListed(
        adviser_id=adviser_id,
        key_id=key_id,
        public_key=public_key,
        signing_key=signing_key,
        on=on,
    )
    return published, listed


def withdraw_key(
    state: Organisation,
    *,
    adviser_id: str,
    key_id: UUID,
    reason: Literal["lost", "stolen"],
    on: date,
    by_coordinator: bool = False,
) -> AdviserKeyWithdrawn:
    """An adviser's device is gone. What was lost may turn out to be stolen, not the other way round.

    A coordinator calls the key of an adviser lost who cannot do it any more. Nobody is made a reader
    by that; words are no longer sealed to the key.
    """
    keys = state.keys if by_coordinator else state.keys_of(adviser_id)
    key = next((key for key in keys if key.key_id == key_id), None)
    if key is None:
        raise Refusal(Code.NOT_FOUND)
    if by_coordinator and reason != "lost":
        raise Refusal(Code.NOT_ALLOWED)
    if key.state in ("stolen", reason):
        raise Refusal(Code.ALREADY_EXISTS)
    return AdviserKeyWithdrawn(adviser_id=key.adviser_id, key_id=key_id, reason=reason, on=on)


def publish_recovery_key(
    state: Organisation,
    *,
    adviser_id: str,
    key_id: UUID,
    public_key: bytes,
    digest: bytes,
    signature: bytes,
    on: date,
    verifies: Verifies,
) -> tuple[RecoveryKeyPublished, RecoveryKeyProposed]:
    """A recovery key, proposed by an adviser who signs it with their current key.

    So neither an administrator nor whoever can sign in as an adviser, but has no key of theirs, can
    have words sealed to a key of their own making.
    """
    if not state.has_seat(adviser_id):
        raise Refusal(Code.NOT_ALLOWED)
    _check_length(public_key, PUBLIC_KEY_BYTES, "publicKey")
    _check_length(digest, DIGEST_BYTES, "digest")
    known = {key.public_key for key in state.keys} | {key.public_key for key in state.recovery_keys}
    if public_key in known:
        raise Refusal(Code.ALREADY_EXISTS)
    current = state.current_key(adviser_id)
    if current is None or current.signing_key is None:
        raise invalid("signature", "your current key cannot sign: publish one that can")
    statement = recovery_key_statement(
        organisation_id=state.known.organisation_id, public_key=public_key, digest=digest
    )
    _check_signature(signature, current.signing_key, statement, verifies, field="signature")
    published = RecoveryKeyPublished(
        key_id=key_id,
        public_key=public_key,
        adviser_id=adviser_id,
        signed_by=current.key_id,
        signature=signature,
        on=on,
        digest=digest,
    )
    proposed = RecoveryKeyProposed(
        key_id=key_id, public_key=public_key, by=adviser_id, on=on, digest=digest
    )
    return published, proposed


def confirm_recovery_key(
    state: Organisation, *, key_id: UUID, by: str, role: str, on: date
) -> RecoveryKeyConfirmed:
    """Another person, in another role than the adviser's, confirms a proposed recovery key."""
    key = next((key for key in state.recovery_keys if key.key_id == key_id), None)
    if key is None:
        raise Refusal(Code.NOT_FOUND)
    if key.state != "proposed":
        raise Refusal(Code.ALREADY_EXISTS)
    if by == key.by or state.has_seat(by):
        raise Refusal(Code.SECOND_PERSON_NEEDED)
    return RecoveryKeyConfirmed(key_id=key_id, by=by, role=role, on=on)


def _check_length(key: bytes, length: int, field: str) -> None:
    if len(key) != length:
        raise invalid(field, "it is not {bytes} bytes long", bytes=length)


def _check_signature(
    signature: bytes | None, key: bytes, statement: bytes, verifies: Verifies, *, field: str
) -> None:
    if signature is None:
        raise invalid(field, "it is missing")
    if len(signature) != SIGNATURE_BYTES or not verifies(key, signature, statement):
        raise invalid(field, "this signature is not by the right key, or was made of other content")


def check_units(units: tuple[UnitKept, ...]) -> None:
    """Raises Refusal INVALID_INPUT for a tree that cannot be."""
    if not 1 <= len(units) <= MOST_UNITS:
        raise invalid("units", "an organisation has 1 to {most} units", most=MOST_UNITS)
    seen: set[str] = set()
    for unit in units:
        check_name(unit.id, "units.id")
        check_name(unit.name, "units.name")
        if unit.id == NOT_SAID:
            raise invalid("units.id", "this id stands for cases without a unit")
        if unit.id in seen:
            raise invalid("units", "two units have the same id")
        if unit.headcount < 0:
            raise invalid("units.headcount", "it cannot be below zero")
        if unit.parent is not None and unit.parent not in seen:
            raise invalid("units.parent", "a parent must stand before its children")
        seen.add(unit.id)


def _checked_policy(
    release: PolicyDecided, units: tuple[UnitKept, ...], *, on: date
) -> PolicyDecided:
    if release.policy == "noisy":
        for field, given in (
            ("dimension", release.dimension),
            ("k", release.k),
            ("mergeOrder", release.merge_order),
            ("worksCouncilOn", release.works_council_on),
        ):
            if given not in (None, ()):
                raise invalid(f"release.{field}", "it belongs to the policy EXACT")
        return release
    if release.profile != "standard":
        raise invalid("release.profile", "it belongs to the policy NOISY")
    if release.dimension is None:
        raise invalid("release.dimension", "it is missing")
    if release.works_council_on is None:
        raise invalid(
            "release.worksCouncilOn",
            "exact figures are decided on with the works council, and the day of that decision is"
            " missing",
        )
    if release.works_council_on > on:
        raise invalid("release.worksCouncilOn", "that day is still to come")
    k = USUAL_K if release.k is None else release.k
    if k < SMALLEST_K:
        raise invalid("release.k", "it must be at least {least}", least=SMALLEST_K)
    if release.dimension == "category":
        cells = taxonomy.current().merge_order
    else:
        # Headcounts are public, so an order by headcount looks at nobody's case.
        cells = tuple(unit.id for unit in sorted(units, key=lambda unit: (unit.headcount, unit.id)))
    unknown = set(release.merge_order) - set(cells)
    if unknown or len(set(release.merge_order)) != len(release.merge_order):
        raise invalid("release.mergeOrder", "it names a cell twice or one that does not exist")
    rest = tuple(code for code in cells if code not in set(release.merge_order))
    return replace(release, k=k, merge_order=release.merge_order + rest)
