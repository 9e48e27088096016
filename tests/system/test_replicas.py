"""Two replicas of intake write the same logs at once, and are killed while they do."""

from __future__ import annotations

from pathlib import Path

from bench.faults import PARTS, trial
from shared.local.home import Home
from shared.local.session import Ports
from tests.ports import free_base_port
from tests.system.conftest import with_quick_rings


async def test_two_replicas_lose_nothing_and_keep_one_dense_log(tmp_path: Path) -> None:
    """32 clients, kills in between: nothing is missing, nothing stands twice, no log has a gap, and
    every ledger verifies.
    """
    home = with_quick_rings(Home(tmp_path / "home"))
    results = await trial(PARTS["replicas"], 320, 4, home, Ports(free_base_port()))
    assert [] == [result for result in results if not result.holds]
