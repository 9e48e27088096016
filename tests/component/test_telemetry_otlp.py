"""Spans and metrics over OTLP, to a receiver on a real port."""

from __future__ import annotations

import io
import json
from contextlib import suppress

import pytest
from opentelemetry.trace import SpanKind

from shared.telemetry import Event, configure
from shared.telemetry.metrics import METRICS, exposed
from shared.telemetry.otlp import receiver
from tests.otlp_receiver import attributes, receiving

SECRET = "Anna de Vries was shouted at"


def test_spans_arrive_as_the_specification_writes_them() -> None:
    """Ids in hexadecimal, times as text, kinds as numbers; child under parent; no word and no event."""
    with receiving() as there:
        telemetry = configure("gateway", spans_path=None, otlp=there.address, file=io.StringIO())
        with (
            telemetry.span("graphql.operation", kind=SpanKind.SERVER, role="hr", operation_cost=3),
            suppress(ValueError),
            telemetry.span("ask", kind=SpanKind.CLIENT) as inner,
        ):
            inner.add_event(SECRET)
            inner.set_attribute("client.address", "203.0.113.9")
            raise ValueError(SECRET)
        telemetry.shutdown()
    (document,) = there.documents("/v1/traces")
    (resource,) = document["resourceSpans"]
    (scope,) = resource["scopeSpans"]
    child, parent = scope["spans"]
    told = attributes(resource["resource"])

    assert "gateway" == told["service.name"]
    assert {"service.name", "service.instance.id"} == set(told)
    assert ("graphql.operation", 2, {"code": 0}) == (
        parent["name"],
        parent["kind"],
        parent["status"],
    )
    assert {"role": "hr", "operation.cost": "3"} == attributes(parent)
    assert ("ask", 3, {"code": 2}, []) == (
        *(child[name] for name in ("name", "kind", "status", "attributes")),
    )
    assert child["traceId"] == parent["traceId"]
    assert child["parentSpanId"] == parent["spanId"]
    assert "parentSpanId" not in parent
    assert (32, 16) == (len(parent["traceId"]), len(parent["spanId"]))
    assert int(parent["startTimeUnixNano"]) < int(child["endTimeUnixNano"])
    assert "Anna" not in str(there.requests)
    assert "203.0.113.9" not in str(there.requests)


def test_metrics_arrive_under_their_names() -> None:
    """Counters add up, gauges stand, histograms have a count for each bucket and one above the last bound;
    none has an exemplar.
    """
    with receiving() as there:
        telemetry = configure("intake", spans_path=None, otlp=there.address, file=io.StringIO())
        metrics = telemetry.metrics
        with telemetry.span("verb"):
            metrics.add("consumer_redeliveries", 3, consumer="signals-facts", tenant=SECRET)
            metrics.add("http_requests", http_route="graphql", http_status=200)
            metrics.set("outbox_oldest_pending", 120, stream="INTAKE")
            for seconds in (0.0007, 0.02, 0.02, 99.0):
                metrics.record("command_duration", seconds, verb="intake.open_case", status="ok")
        telemetry.shutdown()
    document = there.documents("/v1/metrics")[-1]
    ((scope,),) = (resource["scopeMetrics"] for resource in document["resourceMetrics"])
    found = {metric["name"]: metric for metric in scope["metrics"]}
    total = found["consumer_redeliveries_total"]["sum"]
    (point,) = total["dataPoints"]
    (duration,) = found["command_duration_seconds"]["histogram"]["dataPoints"]

    assert set(found) <= {exposed(name) for name in METRICS}
    assert (True, 2) == (total["isMonotonic"], total["aggregationTemporality"])
    assert ({"consumer": "signals-facts"}, 3.0) == (
        attributes(point),
        point["asDouble"],
    )
    assert 120.0 == found["outbox_oldest_pending_seconds"]["gauge"]["dataPoints"][0]["asDouble"]
    (requests,) = found["http_requests_total"]["sum"]["dataPoints"]
    assert {"http.route", "http.status"} == set(attributes(requests))
    assert "s" == found["outbox_oldest_pending_seconds"]["unit"]
    assert ("4", 14, 13) == (
        duration["count"],
        len(duration["bucketCounts"]),
        len(duration["explicitBounds"]),
    )
    assert ["1", *"000", "2", "0"] == duration["bucketCounts"][:6]
    assert "1" == duration["bucketCounts"][-1]
    assert [0.001, 0.0025] == duration["explicitBounds"][:2]
    assert "xemplar" not in json.dumps(document)
    assert "Anna" not in json.dumps(document)


@pytest.mark.parametrize("status", [None, 307, 503])
def test_a_receiver_that_takes_nothing_is_told_once(status: int | None) -> None:
    """Nobody there, sent elsewhere, or overloaded: one line, no redirect followed, nothing raised."""
    lines = io.StringIO()
    with receiving(status or 200) as there:
        address = there.address if status else "http://127.0.0.1:9"
        telemetry = configure("gateway", spans_path=None, otlp=address, file=lines)
        with telemetry.span("verb"):
            pass
        telemetry.shutdown()

    assert [Event.TELEMETRY_UNSENT] == [
        json.loads(line)["event"] for line in lines.getvalue().splitlines()
    ]
    assert "/elsewhere" not in [path for path, _ in there.requests]


def test_parts_are_told_together_and_without_their_number() -> None:
    """However often a connection was used: one span, from the first time to the last, with what it took.
    Where no whole is told no part is, and neither a trace to hand on.
    """
    with receiving() as there:
        telemetry = configure("intake", spans_path=None, otlp=there.address, file=io.StringIO())
        with telemetry.part("database"):
            assert telemetry.traceparent() is None
        with telemetry.span("verb"), telemetry.whole():
            for _ in range(5):
                with suppress(ValueError), telemetry.part("database"):
                    raise ValueError(SECRET)
            with telemetry.part("append"):
                pass
        with telemetry.part("database"):
            pass
        telemetry.shutdown()
    spans = {span["name"]: span for span in there.spans()}
    verb, database = spans["verb"], spans["database"]
    took = (int(database["endTimeUnixNano"]) - int(database["startTimeUnixNano"])) / 1e9

    assert 3 == len(there.spans())
    assert {"verb", "database", "append"} == set(spans)
    assert {verb["spanId"]} == {spans[name]["parentSpanId"] for name in ("database", "append")}
    assert verb["startTimeUnixNano"] <= database["startTimeUnixNano"]
    assert {"duration"} == set(attributes(database))
    assert 0 < attributes(database)["duration"] <= took


@pytest.mark.parametrize(
    "text",
    [
        "collector:4318",
        "ftp://collector",
        "http://",
        "http://a:b@collector",
        "http://collector/?x=1",
    ],
)
def test_an_address_that_is_none_is_refused(text: str) -> None:
    """Neither a secret nor a search belongs in it."""
    with pytest.raises(ValueError, match="must be the address of an OTLP receiver"):
        receiver(text)
