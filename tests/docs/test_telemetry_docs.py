"""docs/telemetry.md shows what telemetry holds, no more and no less."""

from __future__ import annotations

import logging
from pathlib import Path

from shared.telemetry.allowed import ALLOWED
from shared.telemetry.events import Event
from shared.telemetry.metrics import METRICS, exposed

TEXT = (Path(__file__).parents[2] / "docs" / "telemetry.md").read_text()


def rows(heading: str) -> list[list[str]]:
    """The cells of the table under a heading, without its head."""
    section = TEXT.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in lines]


def test_metrics_are_documented() -> None:
    """Every metric stands in the table with its kind, unit, labels and description."""
    assert [
        [exposed(name), metric.kind, metric.unit, ", ".join(metric.labels), metric.description]
        for name, metric in METRICS.items()
    ] == rows("Metrics")


def test_keys_are_documented() -> None:
    """Every key that may leave stands in the table with its kind and its reason."""
    assert [[name, key.kind.value, key.description] for name, key in ALLOWED.items()] == rows(
        "The allow-list"
    )


def test_events_are_documented() -> None:
    """Every log event stands in the table with its level and its line of doc."""
    assert [
        [event.value, logging.getLevelName(event.level).lower(), event.doc] for event in Event
    ] == rows("Log events")
