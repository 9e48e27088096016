"""What telemetry lets out: listed keys and names of ours, and nothing that a person typed."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import re
import stat
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Link, SpanContext, Status, StatusCode, TraceFlags, TraceState

from shared.telemetry import Event, Telemetry, configure
from shared.telemetry.allowed import ALLOWED, Kind, permitted
from shared.telemetry.metrics import METRICS

SECRET = "Anna de Vries was shouted at"
PLANTED = "5b0c1e9a-7a39-4b6e-9c55-3f1f1f3a2d10"


class Lab:
    """One configured telemetry, and all that has left it."""

    def __init__(self, path: Path) -> None:
        self.lines = io.StringIO()
        self.spans = InMemorySpanExporter()
        self.path = path
        self.telemetry: Telemetry = configure(
            "gateway", spans_path=path, exporter=self.spans, file=self.lines
        )

    def left(self) -> str:
        """Every byte that left: span file, exporter, metrics, log lines."""
        self.telemetry._tracers.force_flush()
        exported = "".join(span.to_json() for span in self.spans.get_finished_spans())
        metrics = self.telemetry.exposition().decode()
        return exported + metrics + self.path.read_text() + self.lines.getvalue()

    def logged(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.lines.getvalue().splitlines()]


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    lab = Lab(tmp_path / "telemetry" / "spans.jsonl")
    yield lab
    lab.telemetry.shutdown()


def test_planted_span_content_does_not_leave(lab: Lab) -> None:
    """Forbidden attributes, names, events, status texts, links and trace state are not exported."""
    context = SpanContext(1, 2, True, TraceFlags(1), TraceState([("who", "anna")]))
    tracer = lab.telemetry.tracer
    with tracer.start_as_current_span(
        f"open {SECRET}", links=[Link(context, {"role": SECRET})]
    ) as span:
        span.set_attribute("client.address", "203.0.113.9")
        span.set_attribute("graphql.document", SECRET)
        span.set_attribute("role", SECRET)
        span.set_attribute("verb", PLANTED)
        span.set_attribute("status", ["ok", SECRET])
        span.set_attribute("operation.cost", SECRET)
        span.add_event(SECRET, {"text": SECRET})
        span.set_status(Status(StatusCode.ERROR, SECRET))
    left = lab.left()

    assert "Anna" not in left
    assert "203.0.113.9" not in left
    assert PLANTED not in left
    assert "who" not in left
    (exported,) = lab.spans.get_finished_spans()
    assert "unnamed" == exported.name
    assert {} == exported.attributes
    assert StatusCode.ERROR == exported.status.status_code


def test_listed_span_content_leaves(lab: Lab) -> None:
    """A span keeps its name, its listed attributes and its parent."""
    with lab.telemetry.span("graphql.operation", role="adviser", operation_cost=7) as outer:
        parent = lab.telemetry.traceparent()
    with lab.telemetry.span("rpc", traceparent=parent, verb="intake.open_case"):
        pass
    lab.left()
    first, second = (json.loads(line) for line in lab.path.read_text().splitlines())

    assert ("graphql.operation", {"role": "adviser", "operation.cost": 7}) == (
        first["name"],
        first["attributes"],
    )
    assert {"verb": "intake.open_case"} == second["attributes"]
    assert f"{outer.get_span_context().span_id:016x}" == second["parent"]
    assert "gateway" == first["service"]


def test_an_exception_leaves_no_text(lab: Lab) -> None:
    """An exception in a span sets the status; in a log line it gives its class alone."""
    with pytest.raises(ValueError, match="Anna"), lab.telemetry.span("rpc"):
        raise ValueError(SECRET)
    try:
        permitted("role", {}[SECRET])  # type: ignore[index]
    except KeyError as problem:
        lab.telemetry.problem(Event.RPC_FAILED, problem, verb="intake.case")

    assert "Anna" not in lab.left()
    assert StatusCode.ERROR == lab.spans.get_finished_spans()[0].status.status_code
    assert ("KeyError", "intake.case") == (lab.logged()[0]["error"], lab.logged()[0]["verb"])


def test_where_an_exception_passed_our_code_is_told(lab: Lab) -> None:
    """The log line names the last line of ours, so that a fault can be found without its text."""
    try:
        lab.telemetry.metrics.add("no such metric")
    except KeyError as problem:
        lab.telemetry.problem(Event.OPERATION_FAILED, problem)
    where = str(lab.logged()[0]["where"])

    assert where.startswith("shared/telemetry/metrics.py:add:")


def test_planted_labels_do_not_leave(lab: Lab) -> None:
    """Labels that a metric does not have, or values that are no names, are dropped and counted."""
    lab.telemetry.metrics.add(
        "http_requests", http_route="graphql", http_status=200, tenant="Acme", role="adviser"
    )
    lab.telemetry.metrics.record("rpc_duration", 0.2, verb=SECRET, status="ok")
    lab.telemetry.metrics.set("outbox_oldest_pending", 3, stream=PLANTED)
    left = lab.left()

    assert "Anna" not in left
    assert "Acme" not in left
    assert PLANTED not in left
    assert 'http_requests_total{http_route="graphql",http_status="200"} 1.0' in left
    assert 'telemetry_refused_total{kind="label"} 2.0' in left


def test_metrics_carry_no_exemplar(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """A measurement inside a span brings neither the trace id nor a dropped label with it."""
    collected: list[str] = []
    (reader,) = lab.telemetry._meters._metric_readers
    monkeypatch.setattr(
        reader, "_receive_metrics", lambda data, *_, **__: collected.append(data.to_json())
    )
    with lab.telemetry.span("rpc"):
        lab.telemetry.metrics.add("http_requests", http_route="graphql", http_status=200)
        lab.telemetry.metrics.record("rpc_duration", 0.2, verb="intake.case", status="ok")
    reader.collect()
    (histogram,) = (
        family
        for family in lab.telemetry._registry.collect()
        if family.name == "rpc_duration_seconds"
    )

    assert '"http_requests"' in collected[0]
    assert {"[]"} == set(re.findall(r'"exemplars": (\[[^]]*\])', collected[0]))
    assert {None} == {sample.exemplar for sample in histogram.samples}


def test_the_exposition_carries_no_trace(lab: Lab) -> None:
    """What Prometheus reads has no trace id in it."""
    with lab.telemetry.span("rpc") as span:
        lab.telemetry.metrics.record("rpc_duration", 0.2, verb="intake.case", status="ok")
        trace_id = f"{span.get_span_context().trace_id:032x}"
    read = lab.telemetry.exposition().decode()

    assert "rpc_duration_seconds_bucket" in read
    assert trace_id not in read
    assert " # " not in "".join(line for line in read.splitlines() if not line.startswith("#"))


def test_histograms_of_seconds_have_bounds_below_a_second(lab: Lab) -> None:
    """An answer of 20 ms falls between bounds that say so."""
    lab.telemetry.metrics.record("rpc_duration", 0.02, verb="intake.case", status="ok")
    read = lab.telemetry.exposition().decode()

    assert 'rpc_duration_seconds_bucket{le="0.01",status="ok",verb="intake.case"} 0.0' in read
    assert 'rpc_duration_seconds_bucket{le="0.025",status="ok",verb="intake.case"} 1.0' in read


def test_planted_log_keys_do_not_leave(lab: Lab) -> None:
    """A log line holds its event and listed keys; a text as event name is refused."""
    lab.telemetry.log(Event.PROGRAM_READY, port=8000, person=SECRET, role=SECRET)
    lab.telemetry.log(SECRET_EVENT, port=1)
    left = lab.left()

    assert "Anna" not in left
    first, second = lab.logged()
    assert {"at", "level", "service", "event", "port"} == set(first)
    assert "telemetry.refused" == second["event"]


class _Text(str):
    """A text that pretends to be an event, as an untyped caller could send."""

    level = logging.INFO
    doc = ""


SECRET_EVENT: Event = _Text(SECRET)  # type: ignore[assignment]


def test_what_libraries_log_loses_its_words(lab: Lab) -> None:
    """A library's message and exception are reduced to its name and the exception's class."""
    try:
        raise RuntimeError(SECRET)
    except RuntimeError:
        logging.getLogger("nats.aio.client").exception("lost %s", SECRET)
    logging.getLogger(f"made for {SECRET}").error(SECRET)
    left = lab.left()

    assert "Anna" not in left
    first, second = lab.logged()
    assert ("nats.aio.client", "RuntimeError") == (first["logger"], first["error"])
    assert "unnamed" == second["logger"]


def test_warnings_and_crashes_lose_their_words(lab: Lab, capfd: pytest.CaptureFixture[str]) -> None:
    """A warning and an uncaught exception tell that they happened, not what they said."""
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(False)
        logging.captureWarnings(True)
        warnings.warn(SECRET, stacklevel=1)
    problem = ZeroDivisionError(SECRET)
    sys.excepthook(ZeroDivisionError, problem, None)
    loop = asyncio.new_event_loop()
    loop.call_exception_handler({"message": SECRET, "exception": problem})
    loop.close()

    assert "Anna" not in lab.left() + "".join(capfd.readouterr())
    assert ["py.warnings", None, "asyncio"] == [line.get("logger") for line in lab.logged()]
    assert "program.crashed" == lab.logged()[1]["event"]


def test_environment_and_baggage_add_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Resource attributes from the environment are not read."""
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "host.name=anna-laptop")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "anna")
    lab = Lab(tmp_path / "spans.jsonl")
    with lab.telemetry.span("rpc"):
        pass
    left = lab.left()
    lab.telemetry.shutdown()

    assert "anna" not in left


def test_a_child_can_be_started_beside_it(tmp_path: Path) -> None:
    """A program with telemetry can start children with a preexec_fn; the SDK's own fork hook hangs.

    In a process of its own: whether it hangs depends on what was imported first.
    """
    program = (
        "import pathlib, subprocess, sys\n"
        "from shared.telemetry import configure\n"
        "telemetry = configure('gateway', spans_path=pathlib.Path(sys.argv[1]))\n"
        "import concurrent.futures.thread\n"
        "subprocess.run(['true'], preexec_fn=lambda: None, check=True)\n"
        "telemetry.shutdown()\n"
    )

    subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "spans.jsonl")], check=True, timeout=20
    )


def test_the_span_file_is_its_owners_alone(lab: Lab) -> None:
    """Nobody but the program's user reads the spans on disk."""
    assert 0o600 == stat.S_IMODE(lab.path.stat().st_mode)


@pytest.mark.parametrize(
    "text",
    [
        PLANTED,
        "Anna de Vries",
        "a@b.nl",
        "20261123",
        "9f86d081884c7d659a2feaa0c55ad015",
        "x" * 65,
        "",
    ],
)
def test_a_name_is_no_id_and_no_sentence(text: str) -> None:
    """Under a listed key only names of ours pass."""
    assert permitted("verb", text) is None


def test_every_label_is_on_the_allow_list() -> None:
    """Metrics use listed keys only, and none of them is a place or a free number but a status."""
    for metric in METRICS.values():
        for label in metric.labels:
            assert label in ALLOWED
            assert ALLOWED[label].kind is Kind.NAME or label == "http.status"
