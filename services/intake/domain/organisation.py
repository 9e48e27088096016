"""The organisation: its tree of units, its advisers and their keys, its release policy."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Literal, assert_never
from uuid import UUID

from shared import taxonomy
from shared.contracts.errors import Code, Refusal, invalid
from shared.contracts.rpc import NOT_SAID

if TYPE_CHECKING:
    from collections.abc import Iterable

SMALLEST_K = 5
"""Nothing below five is ever a decision (UCL, TU Delft and CBS all stop there or above)."""

MOST_UNITS = 500
LONGEST_NAME = 200
PUBLIC_KEY_BYTES = 32


# Events ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitKept:
    """A node of the tree; `headcount` counts its own people."""

    id: str
    name: str
    headcount: int
    parent: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AdviserKept:
    """An adviser: the subject of their token, and the name that readers see."""

    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyDecided:
    """How the organisation decided that its statistics are released."""

    policy: Literal["exact"]
    dimension: Literal["category", "unit"]
    k: int
    merge_order: tuple[str, ...]


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
    """An adviser put a public key (raw X25519, 32 bytes) in the directory; the newest one counts."""

    adviser_id: str
    key_id: UUID
    public_key: bytes
    on: date


Event = OrganisationSetUp | AdviserKeyPublished


# Fold -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """What is known of an organisation after its events. `keys` maps adviser id to newest key."""

    version: int = 0
    set_up: OrganisationSetUp | None = None
    keys: tuple[AdviserKeyPublished, ...] = ()

    @property
    def known(self) -> OrganisationSetUp:
        """The set-up. Raises Refusal NOT_FOUND when there is none."""
        if self.set_up is None:
            raise Refusal(Code.NOT_FOUND)
        return self.set_up

    @property
    def key_ids(self) -> frozenset[UUID]:
        """Ids of all keys in the directory."""
        return frozenset(key.key_id for key in self.keys)

    def current_key(self, adviser_id: str) -> AdviserKeyPublished | None:
        """The adviser's newest key."""
        return next((key for key in reversed(self.keys) if key.adviser_id == adviser_id), None)


def evolve(state: Organisation, event: Event) -> Organisation:
    """The state after one more event."""
    match event:
        case OrganisationSetUp():
            return replace(state, version=state.version + 1, set_up=event)
        case AdviserKeyPublished():
            return replace(state, version=state.version + 1, keys=(*state.keys, event))
        case _:
            assert_never(event)


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
    _check_name(name, "name")
    _check_units(units)
    if not advisers:
        raise invalid("advisers", "an organisation has at least one adviser")
    if len({adviser.id for adviser in advisers}) != len(advisers):
        raise invalid("advisers", "two advisers have the same id")
    for adviser in advisers:
        _check_name(adviser.id, "advisers.id")
        _check_name(adviser.name, "advisers.name")
    return OrganisationSetUp(
        organisation_id=organisation_id,
        token=token,
        name=name,
        language=language,
        units=units,
        advisers=advisers,
        release=_checked_policy(release, units),
        on=on,
    )


def publish_key(
    state: Organisation, *, adviser_id: str, key_id: UUID, public_key: bytes, on: date
) -> AdviserKeyPublished:
    """An adviser's new public key. Raises Refusal for somebody who is no adviser here."""
    if all(adviser.id != adviser_id for adviser in state.known.advisers):
        raise Refusal(Code.NOT_ALLOWED)
    if len(public_key) != PUBLIC_KEY_BYTES:
        raise invalid("publicKey", "it is not {bytes} bytes long", bytes=PUBLIC_KEY_BYTES)
    if any(key.public_key == public_key for key in state.keys):
        raise Refusal(Code.ALREADY_EXISTS)
    return AdviserKeyPublished(adviser_id=adviser_id, key_id=key_id, public_key=public_key, on=on)


def _check_name(text: str, field: str) -> None:
    if not text.strip() or len(text) > LONGEST_NAME or not text.isprintable():
        raise invalid(field, "it must have 1 to {most} printable characters", most=LONGEST_NAME)


def _check_units(units: tuple[UnitKept, ...]) -> None:
    if not 1 <= len(units) <= MOST_UNITS:
        raise invalid("units", "an organisation has 1 to {most} units", most=MOST_UNITS)
    seen: set[str] = set()
    for unit in units:
        _check_name(unit.id, "units.id")
        _check_name(unit.name, "units.name")
        if unit.id == NOT_SAID:
            raise invalid("units.id", "this id stands for cases without a unit")
        if unit.id in seen:
            raise invalid("units", "two units have the same id")
        if unit.headcount < 0:
            raise invalid("units.headcount", "it cannot be below zero")
        if unit.parent is not None and unit.parent not in seen:
            raise invalid("units.parent", "a parent must stand before its children")
        seen.add(unit.id)


def _checked_policy(release: PolicyDecided, units: tuple[UnitKept, ...]) -> PolicyDecided:
    if release.k < SMALLEST_K:
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
    return replace(release, merge_order=release.merge_order + rest)
