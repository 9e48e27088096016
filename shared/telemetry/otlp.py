"""Spans and metrics as OTLP/HTTP in JSON, sent to the receiver of HOEKSTEEN_OTLP_URL.

What is sent has passed the allow-list before it comes here. Encoding: the OTLP specification's JSON
mapping of Protobuf (opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding): ids in hexadecimal,
64-bit integers as text, enums as numbers.
"""

from __future__ import annotations

import secrets
import string
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2
import msgspec
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.samples import Sample

from shared.telemetry.allowed import ALLOWED

SPANS_SECONDS: Final = 2.0
"""How long an ended span waits for others before it is sent."""

METRICS_SECONDS: Final = 60.0
"""How often metrics are sent."""

MOST_SPANS: Final = 4096
"""So many spans wait at most; of more the oldest are dropped, so that no receiver fills our memory."""

_WITHIN: Final = 5.0
_LAST_WITHIN: Final = 2.0
_SCOPE: Final = {"name": "hoeksteen"}
_CUMULATIVE: Final = 2
_LABELS: Final = {key.replace(".", "_"): key for key in ALLOWED}


def receiver(text: str) -> str:
    """The base address in `text`, without a slash at its end. Raises ValueError with a sentence."""
    parts = urlsplit(text)
    try:
        whole = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        whole = False
    if not whole or parts.query or parts.fragment or parts.username is not None:
        raise ValueError(
            "must be the address of an OTLP receiver over HTTP, such as http://127.0.0.1:4318"
        )
    return text.rstrip("/")


class OtlpSender(SpanExporter):
    """Sends spans soon after they end and metrics every minute, in a thread of its own.

    Whoever ends a span never waits for the receiver. What the receiver does not take is not kept:
    telemetry is no record. `on_unsent` is told once, until something is taken again.
    """

    def __init__(
        self,
        address: str,
        service: str,
        registry: CollectorRegistry,
        on_unsent: Callable[[], None],
    ) -> None:
        self._address = address
        self._registry = registry
        self._on_unsent = on_unsent
        self._waiting: deque[ReadableSpan] = deque(maxlen=MOST_SPANS)
        self._stopping = threading.Event()
        self._told = False
        self._resource = _resource(service)
        self._began = time.time_ns()
        # A proxy of the environment would be one more reader; a redirect one that nobody chose.
        self._client = httpx2.Client(timeout=_WITHIN, trust_env=False, follow_redirects=False)
        self._thread = threading.Thread(target=self._run, name="otlp", daemon=True)
        self._thread.start()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Have `spans` sent; returns at once."""
        self._waiting.extend(spans)
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        """Send what waits and the last metrics, for as long as that takes little, and end."""
        self._stopping.set()
        self._thread.join(2 * _LAST_WITHIN + _WITHIN)

    def _run(self) -> None:
        due = time.monotonic() + METRICS_SECONDS
        with self._client:
            while not self._stopping.wait(SPANS_SECONDS):
                self._send_spans(_WITHIN)
                if time.monotonic() >= due:
                    due = time.monotonic() + METRICS_SECONDS
                    self._send_metrics(_WITHIN)
            self._send_spans(_LAST_WITHIN)
            self._send_metrics(_LAST_WITHIN)

    def _send_spans(self, within: float) -> None:
        spans = []
        while self._waiting:
            spans.append(self._waiting.popleft())
        if spans:
            self._post("traces", spans_document(self._resource, spans), within)

    def _send_metrics(self, within: float) -> None:
        document = metrics_document(
            self._resource, self._registry.collect(), since=self._began, now=time.time_ns()
        )
        self._post("metrics", document, within)

    def _post(self, kind: str, document: Mapping[str, Any], within: float) -> None:
        try:
            answer = self._client.post(
                f"{self._address}/v1/{kind}",
                content=msgspec.json.encode(document),
                headers={"Content-Type": "application/json", "User-Agent": "hoeksteen"},
                timeout=within,
            )
            taken = answer.is_success
        except httpx2.HTTPError:
            taken = False
        if not taken and not self._told:
            self._on_unsent()
        self._told = not taken


def spans_document(resource: Mapping[str, Any], spans: Iterable[ReadableSpan]) -> dict[str, Any]:
    """An ExportTraceServiceRequest."""
    return {
        "resourceSpans": [
            {
                "resource": resource,
                "scopeSpans": [{"scope": _SCOPE, "spans": [_span(span) for span in spans]}],
            }
        ]
    }


def metrics_document(
    resource: Mapping[str, Any], families: Iterable[Family], *, since: int, now: int
) -> dict[str, Any]:
    """An ExportMetricsServiceRequest; `since` and `now` in nanoseconds since 1970."""
    metrics = [_metric(family, str(since), str(now)) for family in families]
    return {
        "resourceMetrics": [
            {
                "resource": resource,
                "scopeMetrics": [
                    {"scope": _SCOPE, "metrics": [one for one in metrics if one is not None]}
                ],
            }
        ]
    }


def _resource(service: str) -> dict[str, Any]:
    # Replicas would else be one series. Random, and letters only: it names no machine.
    instance = "".join(secrets.choice(string.ascii_lowercase) for _ in range(12))
    return {"attributes": _attributes({"service.name": service, "service.instance.id": instance})}


def _span(span: ReadableSpan) -> dict[str, Any]:
    context = span.context
    return {
        "traceId": f"{context.trace_id:032x}" if context else "",
        "spanId": f"{context.span_id:016x}" if context else "",
        **({"parentSpanId": f"{span.parent.span_id:016x}"} if span.parent else {}),
        "name": span.name,
        # The specification counts from 1, its Python library from 0.
        "kind": span.kind.value + 1,
        "startTimeUnixNano": str(span.start_time or 0),
        "endTimeUnixNano": str(span.end_time or 0),
        "attributes": _attributes(span.attributes or {}),
        "status": {"code": span.status.status_code.value},
    }


def _metric(family: Family, since: str, now: str) -> dict[str, Any] | None:
    """One metric as it stands at /metrics; None for a kind that we do not have."""
    seconds = family.name.endswith("_seconds")
    metric: dict[str, Any] = {
        "name": family.name,
        "description": family.documentation,
        "unit": "s" if seconds else "1",
    }
    if family.type == "counter":
        points = [
            _point(sample, now) | {"startTimeUnixNano": since}
            for sample in family.samples
            if sample.name.endswith("_total")
        ]
        total = {"aggregationTemporality": _CUMULATIVE, "isMonotonic": True, "dataPoints": points}
        return metric | {"name": f"{family.name}_total", "sum": total}
    if family.type == "gauge":
        return metric | {"gauge": {"dataPoints": [_point(each, now) for each in family.samples]}}
    if family.type == "histogram":
        points = [point | {"startTimeUnixNano": since} for point in _histogram(family, now)]
        return metric | {"histogram": {"aggregationTemporality": _CUMULATIVE, "dataPoints": points}}
    return None


def _point(sample: Sample, now: str) -> dict[str, Any]:
    return {
        "attributes": _attributes(sample.labels),
        "timeUnixNano": now,
        "asDouble": float(sample.value),
    }


def _histogram(family: Family, now: str) -> list[dict[str, Any]]:
    """A data point for each set of labels: counts per bucket, where Prometheus has them added up."""
    found: dict[tuple[tuple[str, str], ...], dict[str, Any]] = {}
    for sample in family.samples:
        labels = {name: text for name, text in sample.labels.items() if name != "le"}
        point = found.setdefault(
            tuple(labels.items()),
            {"attributes": _attributes(labels), "timeUnixNano": now, "upTo": [], "bounds": []},
        )
        if sample.name.endswith("_bucket"):
            point["upTo"].append(int(sample.value))
            point["bounds"].append(float(sample.labels["le"]))
        elif sample.name.endswith("_count"):
            point["count"] = str(int(sample.value))
        elif sample.name.endswith("_sum"):
            point["sum"] = float(sample.value)
    for point in found.values():
        up_to, bounds = point.pop("upTo"), point.pop("bounds")
        below = [0, *up_to[:-1]]
        point["bucketCounts"] = [str(now_ - then) for now_, then in zip(up_to, below, strict=True)]
        point["explicitBounds"] = bounds[:-1]  # the last one, infinity, is not named
    return list(found.values())


def _attributes(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """As key and value; a label of Prometheus, which has no dots, gets the allow-list's name again."""
    return [{"key": _LABELS.get(key, key), "value": _value(value)} for key, value in values.items()]


def _value(value: object) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    return {"stringValue": str(value)}
