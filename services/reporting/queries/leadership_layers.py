"""The leadership layers that stand, and how far their rounds are. No mirror is in it."""

from __future__ import annotations

from services.reporting.commands.in_mirror import LOOKS_BACK, half_before
from services.reporting.domain.leadership import name
from services.reporting.mirror_shapes import phrases
from services.reporting.streams import load_layers, load_mirror
from shared.contracts.reporting_mirror import LeadershipLayer, LeadershipLayers, MirrorRound
from shared.contracts.rpc import Empty
from shared.runtime.calls import Call
from shared.taxonomy import mirror_codes
from shared.taxonomy.period import Period


async def leadership_layers(call: Call, _request: Empty) -> LeadershipLayers:
    """See LeadershipLayers."""
    state = await load_layers(call.parts.store, call.organisation)
    codes = mirror_codes.codes(mirror_codes.NEWEST)
    items = []
    for layer in state.standing:
        half, rounds = Period.containing(call.now.date()), []
        for _ in range(LOOKS_BACK):
            found = await load_mirror(
                call.parts.store, call.organisation, layer.layer_id, str(half)
            )
            if found.version:
                rounds.append(MirrorRound(period=str(half), stage=found.stage.value))
            half = half_before(half)
        en, nl = name(layer.levels, layer.codes_version)
        items.append(
            LeadershipLayer(
                id=str(layer.layer_id),
                en=en,
                nl=nl,
                levels=layer.levels,
                leaders=layer.leaders,
                rounds=tuple(rounds),
            )
        )
    return LeadershipLayers(
        items=tuple(items),
        levels=phrases(codes.levels),
        effects=phrases(codes.effects),
        questions=phrases(codes.questions),
    )
