"""Every metric there is: kind, unit, labels, description. docs/telemetry.md shows this table.

No metric counts what reporters do, or what comes of a case, and none is labelled by tenant, person or
case: a day with a case and a day without have the same metrics (bench/anonymity/told.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from opentelemetry.metrics import Counter, Histogram, Meter
from opentelemetry.metrics import _Gauge as Gauge

from shared.telemetry.allowed import permitted

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Bounds of histograms in seconds: the SDK's own (0, 5, 10, …) say nothing about an answer."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric. Labels are keys of the allow-list."""

    kind: Literal["counter", "gauge", "histogram"]
    unit: str
    description: str
    labels: tuple[str, ...] = ()


METRICS: dict[str, Metric] = {
    "operation_duration": Metric(
        "histogram",
        "s",
        "time to answer a GraphQL operation of staff",
        ("role", "operation.type", "status"),
    ),
    "http_requests": Metric(
        "counter", "{request}", "requests answered by the gateway", ("http.route", "http.status")
    ),
    "rpc_duration": Metric("histogram", "s", "time to answer a verb", ("verb", "status")),
    "relay_published": Metric(
        "counter", "{run}", "times that the relay published what was queued", ("stream",)
    ),
    "consumer_handled": Metric(
        "counter", "{message}", "messages handled, without those that come of a case", ("consumer",)
    ),
    "consumer_redelivered": Metric(
        "counter", "{message}", "messages that failed and come again", ("consumer",)
    ),
    "consumer_dead_letters": Metric("counter", "{message}", "messages given up", ("consumer",)),
    "projection_lag": Metric(
        "gauge",
        "{log}",
        "logs that projections could not take to their end when they last looked",
        ("projection",),
    ),
    "telemetry_refused": Metric(
        "counter",
        "{entry}",
        "attributes, labels and log keys kept back by the allow-list",
        ("kind",),
    ),
}
"""Name → metric."""


class Metrics:
    """The instruments of `METRICS` on one meter. An unknown name is a KeyError: a fault of ours."""

    def __init__(self, meter: Meter) -> None:
        self._counters: dict[str, Counter] = {}
        self._gauges: dict[str, Gauge] = {}
        self._histograms: dict[str, Histogram] = {}
        for name, metric in METRICS.items():
            match metric.kind:
                case "counter":
                    self._counters[name] = meter.create_counter(
                        name, metric.unit, metric.description
                    )
                case "gauge":
                    self._gauges[name] = meter.create_gauge(name, metric.unit, metric.description)
                case "histogram":
                    self._histograms[name] = meter.create_histogram(
                        name,
                        metric.unit,
                        metric.description,
                        explicit_bucket_boundaries_advisory=SECONDS if metric.unit == "s" else None,
                    )

    def add(self, name: str, amount: int = 1, **labels: object) -> None:
        """Raise the counter `name`. Labels are given with `_` for `.`; unlisted ones are dropped."""
        self._counters[name].add(amount, self._labels(name, labels))

    def set(self, name: str, value: float, **labels: object) -> None:
        """Set the gauge `name`."""
        self._gauges[name].set(value, self._labels(name, labels))

    def record(self, name: str, value: float, **labels: object) -> None:
        """Record one value in the histogram `name`."""
        self._histograms[name].record(value, self._labels(name, labels))

    def _labels(self, name: str, labels: dict[str, object]) -> dict[str, str | int | float | bool]:
        kept = {}
        for label in METRICS[name].labels:
            value = permitted(label, labels.pop(label.replace(".", "_"), None))
            if value is not None:
                kept[label] = value
        if labels and name != "telemetry_refused":
            self.add("telemetry_refused", len(labels), kind="label")
        return kept
