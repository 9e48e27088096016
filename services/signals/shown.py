"""What stands as JSON in the tables `released_*` of signals and pulses: written by projections, read by
the answering side.
"""

from __future__ import annotations

import msgspec

from shared.contracts.rpc import PulseResult, SignalContent


class ShownSignal(msgspec.Struct, frozen=True):
    """A released signal; of a withdrawn one nothing is left."""

    content: SignalContent
    text: str | None


class ShownPulse(msgspec.Struct, frozen=True):
    """A released round. `scopes`: for each place the units whose managers have it in their branch."""

    result: PulseResult
    scopes: dict[str, tuple[str, ...]]
