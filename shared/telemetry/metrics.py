"""Every metric there is: kind, unit, labels, description. docs/telemetry.md shows this table.

No metric counts what reporters do, or what comes of a case, and none is labelled by tenant, person or
case: a day with a case and a day without have the same metrics (bench/anonymity/told.py). What could
tell more than an operator has to know is told in steps (`steps`, `magnitude`).
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal, cast

from opentelemetry.metrics import CallbackOptions, Meter, Observation
from opentelemetry.metrics import _Gauge as Gauge
from prometheus_client import CollectorRegistry, Histogram, disable_created_metrics

from shared.telemetry.allowed import permitted

# When a series began is one more moment that nobody needs to know.
disable_created_metrics()  # type: ignore[no-untyped-call]

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
    "command_duration": Metric(
        "histogram",
        "s",
        "time to decide a command of staff and make it durable",
        ("verb", "status"),
    ),
    "relay_published": Metric(
        "counter", "{run}", "times that the relay published what was queued", ("stream",)
    ),
    "outbox_oldest_pending": Metric(
        "gauge",
        "s",
        "for how long something queued waits to be published, in whole minutes",
        ("stream",),
    ),
    "consumer_handled": Metric(
        "counter", "{message}", "messages handled, without those that come of a case", ("consumer",)
    ),
    "consumer_redeliveries": Metric(
        "counter", "{message}", "messages given back, which come again", ("consumer",)
    ),
    "consumer_dead_letters": Metric("counter", "{message}", "messages given up", ("consumer",)),
    "projection_lag_events": Metric(
        "gauge",
        "{event}",
        "events that projections miss for a minute or longer, as the next power of ten from 1000",
    ),
    "projection_stuck_logs": Metric(
        "gauge", "{log}", "logs that projections could not take to their end when they last looked"
    ),
    "ledger_checkpoint_age": Metric(
        "gauge",
        "s",
        "time since the daily moment of the oldest of the logs' last checkpoints, in whole hours",
    ),
    "ledger_contradicted": Metric(
        "gauge", "{state}", "1 from when a log did not agree with what was signed, until a restart"
    ),
    "ledger_folder_usable": Metric(
        "gauge", "{state}", "1 while the ledger folder takes files, else 0"
    ),
    "witness_cosignatures": Metric(
        "gauge",
        "{cosignature}",
        "cosignatures of the policy's witnesses on the last checkpoint that has fewest",
    ),
    "release_cells_withheld": Metric(
        "counter",
        "{cell}",
        "cells withheld at ticks, of each release as the next multiple of a hundred",
    ),
    "erasure_overdue": Metric(
        "gauge",
        "{state}",
        "1 if something that was to be erased was still there at the last daily moment, else 0",
    ),
    "key_ring_usable": Metric("gauge", "{state}", "1 while the key ring answers, else 0"),
    "webhook_attempts": Metric(
        "counter", "{request}", "requests to receivers of webhooks", ("status",)
    ),
    "webhook_pending": Metric(
        "gauge", "{message}", "messages that wait for a receiver of webhooks"
    ),
    "webhook_dead_letters": Metric(
        "gauge",
        "{message}",
        "messages given up for a receiver of webhooks, and not sent again since",
    ),
    "telemetry_refused": Metric(
        "counter",
        "{entry}",
        "attributes, labels and log keys kept back by the allow-list",
        ("kind",),
    ),
}
"""Name → metric."""


def exposed(name: str) -> str:
    """The metric's name at /metrics and over OTLP: with its unit's suffix, and a counter's."""
    metric = METRICS[name]
    unit = "_seconds" if metric.unit == "s" else ""
    return name + unit + ("_total" if metric.kind == "counter" else "")


def steps(value: float, step: int) -> int:
    """`value` down to a multiple of `step`."""
    return int(max(value, 0) // step) * step


def magnitude(count: int) -> int:
    """`count` up to the next power of ten, 1000 at least; 0 for none."""
    return 10 ** max(3, len(str(count - 1))) if count > 0 else 0


Labels = dict[str, str | int | float | bool]
_Counts = dict[tuple[tuple[str, object], ...], int]

_KEPT: Final = 4096
"""Sets of labels whose sifted form is kept; there are far fewer, since labels hold names of ours."""


class Metrics:
    """The instruments of `METRICS`. An unknown name is a KeyError: a fault of ours.

    Counters are counted here and read by the meter when somebody looks; histograms are Prometheus' own, in
    its registry. The meter's would take a tenth of a small request's time, and could carry an exemplar.
    """

    def __init__(self, meter: Meter, registry: CollectorRegistry) -> None:
        self._counts: dict[str, _Counts] = {}
        self._counting = threading.Lock()
        self._gauges: dict[str, Gauge] = {}
        self._histograms: dict[str, Histogram] = {}
        self._series: dict[tuple[str, tuple[tuple[str, object], ...]], Histogram] = {}
        self._sifted: dict[tuple[object, ...], tuple[Labels, int]] = {}
        for name, metric in METRICS.items():
            match metric.kind:
                case "counter":
                    self._counts[name] = {}
                    meter.create_observable_counter(
                        name, [partial(self._observed, name)], metric.unit, metric.description
                    )
                case "gauge":
                    self._gauges[name] = meter.create_gauge(name, metric.unit, metric.description)
                case "histogram":
                    self._histograms[name] = Histogram(
                        f"{name}_seconds",
                        metric.description,
                        [label.replace(".", "_") for label in metric.labels],
                        buckets=SECONDS,
                        registry=registry,
                    )

    def add(self, name: str, amount: int = 1, **labels: object) -> None:
        """Raise the counter `name`. Labels are given with `_` for `.`; unlisted ones are dropped."""
        counts = self._counts[name]
        kept = tuple(self._labels(name, labels).items())
        with self._counting:
            counts[kept] = counts.get(kept, 0) + amount

    def set(self, name: str, value: float, **labels: object) -> None:
        """Set the gauge `name`."""
        self._gauges[name].set(value, self._labels(name, labels))

    def record(self, name: str, value: float, **labels: object) -> None:
        """Record one value, in seconds, in the histogram `name`."""
        kept = tuple(self._labels(name, labels).items())
        series = self._series.get((name, kept))
        if series is None:
            found = dict(kept)
            named = [str(found.get(label, "")) for label in METRICS[name].labels]
            series = self._series[name, kept] = self._histograms[name].labels(*named)
        series.observe(value)

    def _observed(self, name: str, _: CallbackOptions) -> list[Observation]:
        with self._counting:
            counts = list(self._counts[name].items())
        return [Observation(count, cast(Labels, dict(kept))) for kept, count in counts]

    def _labels(self, name: str, labels: dict[str, object]) -> Labels:
        asked = (name, *labels.items())
        found = self._sifted.get(asked)
        if found is None:
            if len(self._sifted) >= _KEPT:
                self._sifted.clear()
            found = self._sifted[asked] = self._sift(name, labels)
        kept, refused = found
        if refused and name != "telemetry_refused":
            self.add("telemetry_refused", refused, kind="label")
        return kept

    @staticmethod
    def _sift(name: str, labels: dict[str, object]) -> tuple[Labels, int]:
        """The labels that may leave, and how many others there are."""
        kept = {}
        for label in METRICS[name].labels:
            value = permitted(label, labels.pop(label.replace(".", "_"), None))
            if value is not None:
                kept[label] = value
        return kept, len(labels)
