"""Spans that leave: the allow-list exporter, and span files in JSON lines."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import msgspec
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import Link, SpanContext, Status

from shared.telemetry.allowed import permitted, sift


class AllowListExporter(SpanExporter):
    """Passes on listed attributes only.

    Events are dropped, so that an exception's text can never leave; of the status only its code is
    kept; links lose their attributes and every context its trace state; a span whose name is not a
    name of ours is called `unnamed`.
    """

    def __init__(self, inner: SpanExporter) -> None:
        self._inner = inner

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Export what may leave of `spans`."""
        return self._inner.export([_clean(span) for span in spans])

    def shutdown(self) -> None:
        """Shut the inner exporter down."""
        self._inner.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Flush the inner exporter."""
        return self._inner.force_flush(timeout_millis)


def _clean(span: ReadableSpan) -> ReadableSpan:
    attributes, _ = sift(span.attributes or {})
    name = span.name if permitted("step", span.name) is not None else "unnamed"
    return ReadableSpan(
        name=name,
        context=_bare(span.context),
        parent=_bare(span.parent),
        resource=span.resource,
        attributes=attributes,
        events=(),
        links=[Link(bare) for link in span.links if (bare := _bare(link.context)) is not None],
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _bare(context: SpanContext | None) -> SpanContext | None:
    if context is None:
        return None
    return SpanContext(context.trace_id, context.span_id, context.is_remote, context.trace_flags)


class SpanFile(SpanExporter):
    """Appends spans to a file of JSON lines that its owner alone may read."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._file = os.fdopen(descriptor, "ab", buffering=0)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Write one line per span: ids in hex, times in nanoseconds since 1970."""
        lines = [msgspec.json.encode(_line(span)) + b"\n" for span in spans]
        self._file.write(b"".join(lines))
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        """Close the file."""
        self._file.close()


def _line(span: ReadableSpan) -> dict[str, object]:
    context = span.context
    return {
        "name": span.name,
        "service": span.resource.attributes.get("service.name"),
        "trace": f"{context.trace_id:032x}" if context else None,
        "span": f"{context.span_id:016x}" if context else None,
        "parent": f"{span.parent.span_id:016x}" if span.parent else None,
        "kind": span.kind.name.lower(),
        "status": span.status.status_code.name.lower(),
        "start": span.start_time,
        "end": span.end_time,
        "attributes": dict(span.attributes or {}),
    }
