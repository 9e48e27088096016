"""Log lines: JSON on stdout, a constant event name and listed keys; a library's words are dropped."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TextIO

import structlog
from opentelemetry import trace
from structlog.typing import EventDict, WrappedLogger

from shared.telemetry.allowed import describe, permitted, sift
from shared.telemetry.events import Event


class AllowList:
    """A structlog processor: keeps a known event and listed keys, reports how many it kept back."""

    def __init__(self, service: str, refused: Callable[[int], None]) -> None:
        self._service = service
        self._refused = refused

    def __call__(self, _logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
        """The line as it may leave."""
        event = line.pop("event", None)
        kept, dropped = sift(line)
        if not isinstance(event, Event):
            event, kept, dropped = Event.TELEMETRY_REFUSED, {"kind": "event"}, dropped + 1
        if dropped:
            self._refused(dropped)
        span = trace.get_current_span().get_span_context()
        return {
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "level": logging.getLevelName(event.level).lower(),
            "service": self._service,
            "event": event.value,
            **({"trace": f"{span.trace_id:032x}"} if span.is_valid else {}),
            **kept,
        }


class ForeignWords(logging.Handler):
    """Takes what libraries log: the logger's name and the exception's class are kept, no word."""

    def __init__(self, log: Callable[..., None]) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """Log that a library spoke."""
        problem = record.exc_info[1] if record.exc_info else None
        told = describe(problem) if problem is not None else {}
        name = record.name if permitted("logger", record.name) is not None else "unnamed"
        self._log(Event.LIBRARY_SPOKE, logger=name, **told)


def logger_for(
    service: str, level: int, refused: Callable[[int], None], file: TextIO | None = None
) -> structlog.typing.FilteringBoundLogger:
    """A structlog logger that prints one JSON line per call, at `level` and above."""
    logger: structlog.typing.FilteringBoundLogger = structlog.wrap_logger(
        structlog.PrintLogger(file or sys.stdout),
        processors=[AllowList(service, refused), structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        context_class=dict,
    )
    return logger
