"""A mirror over the gateway: a layer, its own view beforehand, what is released beside it, its own words."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest_asyncio

from services.reporting.domain import pulse as kept_pulse
from services.reporting.policy import ALLOWED
from services.reporting.streams import pulses_stream
from shared.contracts import reporting_mirror as shapes
from shared.contracts.errors import Code
from shared.eventstore.store import Change
from shared.identity.roles import Role
from shared.taxonomy import pulse_codes
from tests.conftest import Database
from tests.domain.test_mirror import pulse
from tests.reporting_house import ReportingHouse, running_reporting
from tests.service_lab import ELSEWHERE, HERE

ADVISER: dict[str, Any] = {"role": Role.ADVISER}
BOARD: dict[str, Any] = {"role": Role.BOARD}
HR: dict[str, Any] = {"role": Role.HR}
MANAGER: dict[str, Any] = {"role": Role.MANAGER}
KEY = bytes(range(32))
ITEMS = tuple(pulse_codes.current().questions)
MIRROR = """query Mirror($layer: ID!, $period: String!, $key: Base64) {
  mirror(layerId: $layer, period: $period, key: $key, language: NL) {
    purpose stage asked { code } ownView { answers present } themes { code } questions { code label }
    words items { code own view sentence ownThen change } seenThemes { code view } before
    acknowledgedOn reflections { question words } openToOthers } }"""
SHARED = """query Shared($period: String!) { sharedMirrors(period: $period) {
  purpose layer words reflections { words } } }"""
LAYERS = "{ leadershipLayers { items { id name leaders rounds { period stage } } } }"


@pytest_asyncio.fixture
async def house(database: Database, tmp_path: Path) -> AsyncIterator[ReportingHouse]:
    async with running_reporting(database, tmp_path) as house:
        await house.known()
        await house.known(ELSEWHERE)
        at(house, 2026, 5, 4)
        yield house


def at(house: ReportingHouse, year: int, month: int, day: int) -> None:
    house.service.clock.move(datetime(year, month, day, 10, tzinfo=UTC))


def text(content: bytes) -> str:
    return base64.b64encode(content).decode()


async def released_pulse(house: ReportingHouse) -> None:
    """As signals told it: staff answers 2.4 where leaders thought 4."""
    event = pulse({"seen_and_heard": (60, 60, 40, 25, 15), "ideas_shared": (5, 5, 60, 80, 50)})
    assert isinstance(event, kept_pulse.PulseKept)
    await house.service.service.parts.store.append(
        HERE, [Change(pulses_stream(HERE), 1, event)], actor="test", at=datetime.now(UTC)
    )


async def test_a_mirror_walks_from_a_layer_to_its_own_words(house: ReportingHouse) -> None:
    """The view comes first, the mirror is the layer's, and others see what it lets them see."""
    assert "LAYER_TOO_SMALL" == await house.refused(
        "declareLeadershipLayer", {"levels": ["team"], "leaders": 9}, **BOARD
    )
    await house.done("declareLeadershipLayer", {"levels": ["team"], "leaders": 24}, **HR)
    assert "LAYERS_OVERLAP" == await house.refused(
        "declareLeadershipLayer", {"levels": ["middle", "team"], "leaders": 60}, **HR
    )
    (layer,) = (await house.ask(LAYERS, **MANAGER))["items"]
    assert ("Team leaders", 24, []) == (layer["name"], layer["leaders"], layer["rounds"])
    at_round = {"layerId": layer["id"], "period": "2026-H1"}
    asked = {"layer": layer["id"], "period": "2026-H1"}
    mine = asked | {"key": text(KEY)}
    await house.done(
        "openMirror", at_round | {"keyHash": text(hashlib.sha256(KEY).digest())}, **ADVISER
    )

    view = at_round | {"answers": [4, 4, 4, 0, 4, 4, 5], "themes": ["workload"], "present": 18}
    for key in (bytes(32), hashlib.sha256(KEY).digest()):
        assert "NOT_FOUND" == await house.refused(
            "giveLeadersView", view | {"key": text(key)}, **MANAGER
        )
        assert await house.ask(MIRROR, asked | {"key": text(key)}, **MANAGER) is None
    assert await house.ask(MIRROR, mine, organisation=ELSEWHERE, **MANAGER) is None
    assert await house.ask(MIRROR, mine, organisation=ELSEWHERE, **ADVISER) is None
    await house.done("giveLeadersView", view | {"key": text(KEY)}, **MANAGER)
    assert (await house.ask(MIRROR, asked, **ADVISER))["ownView"] is None

    await house.released("2026-H1", {"zorg": 40, "kantoor": 31})
    await released_pulse(house)
    at(house, 2026, 7, 20)
    composed = at_round | {
        "themes": [],
        "effects": ["holding_back"],
        "questions": ["evoke", "heard_last"],
        "words": "Mensen vertellen dat zij zich weinig gehoord voelen.",
    }
    for wrong in ({"themes": ["workload"]}, {"words": "De dader is bekend."}):
        assert "INVALID_INPUT" == await house.refused("composeMirror", composed | wrong, **ADVISER)
    await house.done("composeMirror", composed, **ADVISER)
    assert (await house.ask(MIRROR, mine, **MANAGER))["words"] is None
    await house.done("shareMirror", at_round, **ADVISER)
    found = await house.ask(MIRROR, mine, **MANAGER)
    assert "niet om op af te rekenen" in found["purpose"]
    items = {one["code"]: one for one in found["items"]}
    assert list(ITEMS) == list(items)
    assert (4, "MORE_FAVOURABLE") == (
        items["seen_and_heard"]["own"],
        items["seen_and_heard"]["view"],
    )
    assert "CANNOT_BE_SAID" == items["policy_felt"]["view"]

    seen = at_round | {
        "key": text(KEY),
        "reflections": [{"question": "evoke", "words": "Wij zijn kortaf als het druk is."}],
    }
    assert "INVALID_INPUT" == await house.refused(
        "acknowledgeMirror",
        seen | {"reflections": [{"question": "joke_turns", "words": "x"}]},
        **BOARD,
    )
    assert [] == await house.ask(SHARED, {"period": "2026-H1"}, **HR)
    await house.done("acknowledgeMirror", seen | {"openToOthers": True}, **BOARD)
    (others,) = await house.ask(SHARED, {"period": "2026-H1"}, **HR)
    assert [{"words": "Wij zijn kortaf als het druk is."}] == others["reflections"]
    assert "appraisal" in others["purpose"]
    assert [] == await house.ask(SHARED, {"period": "2026-H1"}, organisation=ELSEWHERE, **HR)
    looks = {one.event.what for one in await house.service.log() if one.type == "AccessRecorded"}
    assert {"mirror", "mirrors"} <= looks


async def test_a_view_is_refused_once_figures_are_known(house: ReportingHouse) -> None:
    """A released table of the half-year is enough, and so is its pulse."""
    await house.done("declareLeadershipLayer", {"levels": ["team"], "leaders": 24}, **HR)
    (layer,) = (await house.ask(LAYERS, **HR))["items"]
    at_round = {"layerId": layer["id"], "period": "2026-H1"}
    key_hash = text(hashlib.sha256(KEY).digest())
    await house.done("openMirror", at_round | {"keyHash": key_hash}, **ADVISER)
    await house.released("2026-H1", {"zorg": 40, "kantoor": 31})
    view = at_round | {"key": text(KEY), "answers": [3] * 7, "present": 18}
    assert "VIEW_TOO_LATE" == await house.refused("giveLeadersView", view, **BOARD)
    await house.done("withdrawLeadershipLayer", {"layerId": layer["id"]}, **BOARD)
    assert [] == (await house.ask(LAYERS, **HR))["items"]


async def test_each_verb_of_a_mirror_is_for_its_roles_alone(house: ReportingHouse) -> None:
    """Asked on the bus, past the schemas. No role gets a mirror as a file: there is no such verb."""
    layer, period = str(uuid4()), "2026-H1"
    requests = {
        "declare_leadership_layer": shapes.DeclareLeadershipLayer(levels=("team",), leaders=24),
        "withdraw_leadership_layer": shapes.WithdrawLeadershipLayer(layer_id=layer),
        "open_mirror": shapes.OpenMirror(layer_id=layer, period=period, key_hash=KEY),
        "give_leaders_view": shapes.GiveLeadersView(
            layer_id=layer, period=period, key=KEY, answers=(), present=1
        ),
        "compose_mirror": shapes.ComposeMirror(
            layer_id=layer, period=period, themes=(), questions=(), words=""
        ),
        "share_mirror": shapes.ShareMirror(layer_id=layer, period=period),
        "acknowledge_mirror": shapes.AcknowledgeMirror(layer_id=layer, period=period, key=KEY),
        "mirror": shapes.MirrorQuery(layer_id=layer, period=period, key=KEY),
        "shared_mirrors": shapes.SharedMirrorsQuery(period=period),
    }
    for verb, request in requests.items():
        for role in (Role.HR, Role.MANAGER, Role.ADVISER, Role.INTEGRATION, Role.EMPLOYEE):
            if role not in ALLOWED[verb]:
                refused = await house.service.refused(verb, request, role=role)
                assert Code.NOT_ALLOWED is refused.code, (verb, role)
