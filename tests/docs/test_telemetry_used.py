"""Nothing stands in the telemetry tables that no code ever tells."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.telemetry.events import Event
from shared.telemetry.metrics import METRICS

ROOT = Path(__file__).parents[2]


def _code() -> str:
    own = {ROOT / "shared/telemetry/events.py", ROOT / "shared/telemetry/metrics.py"}
    files = [*(ROOT / "shared").rglob("*.py"), *(ROOT / "services").rglob("*.py")]
    return "\n".join(file.read_text(encoding="utf-8") for file in files if file not in own)


CODE = _code()


@pytest.mark.parametrize("event", list(Event))
def test_every_log_event_is_logged_somewhere(event: Event) -> None:
    """An event that no code logs would promise an operator a line that never comes."""
    assert f"Event.{event.name}" in CODE


@pytest.mark.parametrize("metric", sorted(METRICS))
def test_every_metric_is_recorded_somewhere(metric: str) -> None:
    """A metric that no code records would draw an empty line for ever."""
    assert f'"{metric}"' in CODE
