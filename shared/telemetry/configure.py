"""Set a program's telemetry up: `configure` once at the start, `shutdown` at the end."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TextIO

import structlog
from opentelemetry import context as otel_context
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import AlwaysOffExemplarFilter, MeterProvider
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter
from opentelemetry.trace import (
    INVALID_SPAN,
    Span,
    SpanKind,
    Status,
    StatusCode,
    Tracer,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from prometheus_client import CollectorRegistry, generate_latest

from shared.telemetry.allowed import describe, sift
from shared.telemetry.events import Event
from shared.telemetry.logs import ForeignWords, logger_for
from shared.telemetry.metrics import Metrics
from shared.telemetry.otlp import OtlpSender
from shared.telemetry.spans import AllowListExporter, SpanFile

# The default propagator also carries baggage, which is free text of the caller's.
_PROPAGATOR = TraceContextTextMapPropagator()
_NO_SPAN = nullcontext(INVALID_SPAN)


@dataclass(slots=True)
class _Part:
    """When something was first begun and last ended, and how long it took in all, in nanoseconds."""

    began: int
    ended: int = 0
    spent: int = 0


_PARTS: ContextVar[dict[str, _Part] | None] = ContextVar("parts", default=None)


@dataclass(frozen=True, slots=True)
class Telemetry:
    """A program's tracer, metrics and log. OpenTelemetry's global providers are left alone."""

    service: str
    tracer: Tracer
    metrics: Metrics
    _logger: structlog.typing.FilteringBoundLogger
    _tracers: TracerProvider
    _meters: MeterProvider
    _registry: CollectorRegistry
    _foreign: logging.Handler
    _exports: bool
    """Whether anybody is told of spans."""

    def log(self, event: Event, **allowed: object) -> None:
        """Write one log line. Keys are given with `_` for `.`; unlisted ones are dropped."""
        line = {key.replace("_", "."): value for key, value in allowed.items()}
        self._logger.log(event.level, event, **line)

    def problem(self, event: Event, problem: BaseException, **allowed: object) -> None:
        """Write one log line about an exception: its class and our line of code, never its text."""
        self.log(event, **describe(problem), **allowed)

    def span(
        self,
        name: str,
        *,
        traceparent: str | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        **attributes: object,
    ) -> AbstractContextManager[Span]:
        """A span around a block, under the caller's `traceparent` if one is given (staff only).

        An exception sets the status to error and is not recorded. Attribute keys are given with
        `_` for `.`. Where spans go nowhere, none is made.
        """
        if not self._exports:
            return _NO_SPAN
        return self._span(name, traceparent, kind, attributes)

    @contextmanager
    def _span(
        self,
        name: str,
        traceparent: str | None,
        kind: SpanKind,
        attributes: dict[str, object],
    ) -> Iterator[Span]:
        parent = (
            _PROPAGATOR.extract({"traceparent": traceparent}, otel_context.Context())
            if traceparent is not None
            else None
        )
        kept, _ = sift({key.replace("_", "."): value for key, value in attributes.items()})
        with self.tracer.start_as_current_span(
            name,
            context=parent,
            kind=kind,
            attributes=kept,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield span
            except BaseException:
                span.set_status(Status(StatusCode.ERROR))
                raise

    @contextmanager
    def whole(self) -> Iterator[None]:
        """Around all that the present span stands for: gathers its `part`s and makes a span of each under
        it, from the first time to the last, with the seconds between that it took.

        Not how often: how much there was to look at is nobody's to read.
        """
        token = _PARTS.set({})
        try:
            yield
        finally:
            parts = _PARTS.get() or {}
            _PARTS.reset(token)
            for name, part in parts.items():
                self.tracer.start_span(
                    name, start_time=part.began, attributes={"duration": part.spent / 1e9}
                ).end(part.ended)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Around one use of what has this name. It counts within a `whole`, and nowhere else: what belongs to
        a request that leaves no span leaves none either.
        """
        parts = _PARTS.get()
        if parts is None:
            yield
            return
        began = time.time_ns()
        try:
            yield
        finally:
            ended = time.time_ns()
            part = parts.setdefault(name, _Part(began))
            part.ended, part.spent = ended, part.spent + ended - began

    def traceparent(self) -> str | None:
        """The W3C traceparent of the current span, to hand on with a staff request."""
        if not self._exports:
            return None
        carrier: dict[str, str] = {}
        _PROPAGATOR.inject(carrier)
        return carrier.get("traceparent")

    def exposition(self) -> bytes:
        """All metrics in Prometheus' text format, for /metrics."""
        return generate_latest(self._registry)

    def shutdown(self) -> None:
        """Write out what is pending and let go of the standard library's logging."""
        logging.getLogger().removeHandler(self._foreign)
        logging.captureWarnings(capture=False)
        sys.excepthook = sys.__excepthook__
        self._tracers.shutdown()
        self._meters.shutdown()


class _Tracers(TracerProvider):
    """A tracer provider that leaves forked children alone.

    The SDK's own starts a pool of threads in each child, to find attributes that we do not send;
    between fork and exec (a preexec_fn) that waits for ever for a lock of the parent's.
    """

    def _handle_fork(self) -> None:
        """Do nothing in the child."""


class _Meters(MeterProvider):
    """A meter provider that leaves forked children alone, for the same reason."""

    def _handle_fork(self) -> None:
        """Do nothing in the child."""


def configure(
    service: str,
    *,
    spans_path: Path | None,
    otlp: str | None = None,
    level: int = logging.INFO,
    exporter: SpanExporter | None = None,
    file: TextIO | None = None,
) -> Telemetry:
    """Set up spans, metrics and logs of `service`.

    `spans_path`: a file of JSON lines that spans are appended to; None writes none. `otlp`: the base
    address of a receiver to which spans and metrics are sent; None sends none. `exporter`: a
    further place for spans, behind the same allow-list, told of each as it ends. `file`: where log
    lines go (stdout). Takes over the root logger, `warnings` and `sys.excepthook`, whose words
    would otherwise leave unsifted.
    """
    # Resource(): unlike Resource.create() it does not read attributes from the environment.
    resource = Resource({"service.name": service})
    tracers = _Tracers(resource=resource, shutdown_on_exit=False)
    registry = CollectorRegistry()
    reader = PrometheusMetricReader(
        disable_target_info=True, scope_info_enabled=False, registry=registry
    )
    meters = _Meters(
        metric_readers=[reader],
        resource=resource,
        # An attribute that a view drops comes back in an exemplar, with the trace id beside it.
        exemplar_filter=AlwaysOffExemplarFilter(),
        shutdown_on_exit=False,
    )
    metrics = Metrics(meters.get_meter("hoeksteen"), registry)
    for kind in ("label", "log"):
        # A series that begins with 1 has not grown yet, says Prometheus.
        metrics.add("telemetry_refused", 0, kind=kind)
    logger = logger_for(
        service, level, lambda count: metrics.add("telemetry_refused", count, kind="log"), file
    )

    def log(event: Event, **values: object) -> None:
        logger.log(event.level, event, **values)

    sender = None
    if otlp is not None:
        sender = OtlpSender(otlp, service, registry, lambda: log(Event.TELEMETRY_UNSENT))
    for inner in (SpanFile(spans_path) if spans_path is not None else None, sender, exporter):
        if inner is not None:
            # No batches: a line at the end of a file costs little, and a thread of the batch
            # processor's would be one more thing that a fork copies half.
            tracers.add_span_processor(SimpleSpanProcessor(AllowListExporter(inner)))
    foreign = ForeignWords(log)
    root = logging.getLogger()
    root.addHandler(foreign)
    logging.captureWarnings(capture=True)

    def crashed(
        _kind: type[BaseException], problem: BaseException, _traceback: TracebackType | None
    ) -> None:
        log(Event.PROGRAM_CRASHED, **describe(problem))

    sys.excepthook = crashed
    return Telemetry(
        service=service,
        tracer=tracers.get_tracer("hoeksteen"),
        metrics=metrics,
        _logger=logger,
        _tracers=tracers,
        _meters=meters,
        _registry=registry,
        _foreign=foreign,
        _exports=any((spans_path, otlp, exporter)),
    )
