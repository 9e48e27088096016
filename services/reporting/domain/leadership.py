"""Leadership layers: of whom a mirror may be held up. A layer is one or more levels of leaders of the whole
organisation, with how many leaders it has.

Nobody is in two layers, and no layer differs from an earlier one by few leaders: what is told of the one and
not of the other would be about those few.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Final
from uuid import UUID, uuid5

from shared.contracts.errors import Code, Refusal, invalid
from shared.taxonomy import mirror_codes

LEAST_LEADERS: Final = 10
"""In a layer that has a mirror. With ten, what is said of the layer fits each of them with one chance in
ten at the most; and of those who agreed on an answer nobody is a minority of one that all others know.
It is the number below which nothing of a place is told in a pulse.
"""

MOST_LEADERS: Final = 100_000

# Events -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadershipLayerDeclared:
    """Event: these levels together are a layer of so many leaders; or its number is another one now."""

    layer_id: UUID
    levels: tuple[str, ...]
    leaders: int
    codes_version: int
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadershipLayerWithdrawn:
    """Event: the layer is one no more. What was told of it stays."""

    layer_id: UUID
    on: date


Event = LeadershipLayerDeclared | LeadershipLayerWithdrawn

# Fold -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Layers:
    """All layers that there ever were, by id, and which of them stand. `version` 0: none."""

    version: int = 0
    declared: tuple[LeadershipLayerDeclared, ...] = ()
    withdrawn: frozenset[UUID] = frozenset()

    @property
    def standing(self) -> tuple[LeadershipLayerDeclared, ...]:
        """Those that are not withdrawn, from the top."""
        return tuple(one for one in self.declared if one.layer_id not in self.withdrawn)

    def find(self, layer_id: UUID) -> LeadershipLayerDeclared:
        """A layer that stands. Raises Refusal NOT_FOUND."""
        for one in self.standing:
            if one.layer_id == layer_id:
                return one
        raise Refusal(Code.NOT_FOUND)


def evolve(state: Layers, event: Event) -> Layers:
    """The state after one more event."""
    version = state.version + 1
    if isinstance(event, LeadershipLayerWithdrawn):
        return replace(state, version=version, withdrawn=state.withdrawn | {event.layer_id})
    order = list(mirror_codes.codes(event.codes_version).levels)
    others = (one for one in state.declared if one.layer_id != event.layer_id)
    declared = sorted((*others, event), key=lambda one: [order.index(code) for code in one.levels])
    return replace(
        state,
        version=version,
        declared=tuple(declared),
        withdrawn=state.withdrawn - {event.layer_id},
    )


# Decisions --------------------------------------------------------------------------------------


def layer_id_of(organisation_id: UUID, levels: tuple[str, ...]) -> UUID:
    """The id of the layer of these levels."""
    return uuid5(organisation_id, f"leadership layer/{'+'.join(levels)}")


def declare(
    state: Layers, *, organisation_id: UUID, levels: tuple[str, ...], leaders: int, on: date
) -> LeadershipLayerDeclared | None:
    """Declare a layer, or tell that it has another number of leaders now; the same again is no news: None.

    Raises Refusal UNKNOWN_CODE, INVALID_INPUT, LAYER_TOO_SMALL, and LAYERS_OVERLAP: another layer that
    stands has one of its levels; or one that ever stood has, and differs by fewer than LEAST_LEADERS.
    """
    codes = mirror_codes.codes(mirror_codes.NEWEST)
    for code in levels:
        codes.check("levels", code, field="levels")
    if not levels:
        raise invalid("levels", "it is empty")
    if len(set(levels)) != len(levels):
        raise invalid("levels", "an entry stands there twice")
    if leaders > MOST_LEADERS:
        raise Refusal(Code.TOO_LARGE, limit=MOST_LEADERS, unit="leaders")
    if leaders < LEAST_LEADERS:
        raise Refusal(Code.LAYER_TOO_SMALL, least=LEAST_LEADERS)
    ordered = tuple(code for code in codes.levels if code in levels)
    for other in state.declared:
        if other.levels == ordered or not set(other.levels) & set(ordered):
            continue
        close = abs(other.leaders - leaders) < LEAST_LEADERS
        if close or other.layer_id not in state.withdrawn:
            raise Refusal(Code.LAYERS_OVERLAP, least=LEAST_LEADERS)
    event = LeadershipLayerDeclared(
        layer_id=layer_id_of(organisation_id, ordered),
        levels=ordered,
        leaders=leaders,
        codes_version=codes.version,
        on=on,
    )
    return None if any(replace(one, on=on) == event for one in state.standing) else event


def withdraw(state: Layers, *, layer_id: UUID, on: date) -> LeadershipLayerWithdrawn:
    """Withdraw a layer. Raises Refusal NOT_FOUND for one that does not stand."""
    return LeadershipLayerWithdrawn(layer_id=state.find(layer_id).layer_id, on=on)


def name(levels: tuple[str, ...], codes_version: int) -> tuple[str, str]:
    """What a layer is called, in English and Dutch."""
    phrases = mirror_codes.codes(codes_version).levels
    return (
        " + ".join(phrases[code].en for code in levels),
        " + ".join(phrases[code].nl for code in levels),
    )
