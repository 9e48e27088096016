"""Attacks of `make attack PART=integration`: those that are quick, and of the others one of each kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bench.attack_integration import attacked, nothing_foreign
from bench.integration_attacks import (
    DEPUTY,
    MAY_ASK,
    MAY_NOT_PUBLISH,
    MAY_NOT_SUBSCRIBE,
    WHOLE_ACCOUNT,
    Stage,
    ask,
    until_filled,
)
from bench.integration_lab import MODES, ModeName, running_lab
from tests.docs.test_docs import DOCS, text_of

if TYPE_CHECKING:
    from pathlib import Path

OF_EACH_KIND = (
    "has messages delivered to facts",
    "has messages delivered to another's inbox",
    "has messages delivered to what fills its stream",
    "has its history delivered to its own filling",
    "pushes messages to the filling of another's stream",
    "fills a stream from INTAKE",
    "fills a stream by another's durable",
    "acknowledges what others were handed",
)


# nats-py (2.16) forgets sockets of connections that were refused, of which there are many here.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("mode", MODES)
async def test_an_integration_gets_its_own_and_nothing_else(tmp_path: Path, mode: ModeName) -> None:
    """Every permission, what wrong and ended credentials do, and one attack of each kind."""
    rows = await attacked(tmp_path, mode, OF_EACH_KIND)
    assert [row.name for row in rows if not row.holds] == []
    assert len(rows) > 60


async def test_what_is_delivered_elsewhere_is_noticed(tmp_path: Path) -> None:
    """The same measure on an account that may reach another: what it hears, and what it stores."""

    async def from_within(stage: Stage) -> None:
        owner = await stage.lab.owner("CORE")
        await ask(owner, "STREAM.MSG.DELETE.SIGNALS", {"seq": 1})

    async def to_another(stage: Stage) -> None:
        await (await stage.lab.owner("SECOND")).publish("anything", b"canary-1-org1")

    async with running_lab(tmp_path, "operator", {"first": (), "second": ("org2",)}) as lab:
        await lab.release("org1", "org2")
        await until_filled(lab, "SECOND", 1)
        stage = Stage(lab, await lab.reader("first"))
        await stage.watch("SECOND")
        assert not await nothing_foreign(stage, from_within)
        assert not await nothing_foreign(stage, to_another)


def test_the_page_tells_how_many_there_are() -> None:
    """docs/attacks.md has as many of each kind as are tried."""
    page = text_of(DOCS / "attacks.md")
    refused = len(MAY_NOT_PUBLISH) + len(MAY_NOT_SUBSCRIBE)
    for what, count in (
        ("what it may do", len(MAY_ASK) + 2),
        ("what it may not", refused),
        ("in somebody's place, with the rights that it has", len(DEPUTY)),
        ("in somebody's place, with a whole account", len(WHOLE_ACCOUNT)),
    ):
        assert f"| {what} | {count} |" in page
    assert len(MAY_ASK) + 2 + refused >= 33
    names = [*MAY_ASK, *MAY_NOT_PUBLISH, *MAY_NOT_SUBSCRIBE, *DEPUTY, *WHOLE_ACCOUNT]
    assert len(set(names)) == len(names)
    assert set(OF_EACH_KIND) <= set(names)
