"""`hoeksteen verify` and `hoeksteen replay`, as functions that print and give an exit status."""

from __future__ import annotations

import json
import re
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final
from uuid import UUID

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.text import Text

from shared.contracts.errors import Code, Refusal, invalid
from shared.ledger.replay import HEADINGS, Filter, json_line, table_row
from shared.ledger.replay import replay as entries
from shared.ledger.report import print_verdicts, verdict_json
from shared.ledger.source import LogUnreachableError, LogUnreadableError, open_postgres
from shared.ledger.verify import verify_installation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from rich.progress import TaskID

    from shared.contracts.errors import Language
    from shared.ledger.verify import Progress

IN_ORDER: Final = 0
NOT_IN_ORDER: Final = 1
NOT_VERIFIED: Final = 2
"""Nothing can be said: the database is not reachable, or the question makes no sense."""

_WEEK = re.compile(r"[0-9]{4}-W[0-9]{2}", re.ASCII)
_WIDTHS: Final = (7, 8, 28, 36, 5, 32)


def verify(
    home: Path,
    dsn_by_service: Mapping[str, str],
    organisation: str | None,
    as_json: bool,  # noqa: FBT001  the command line passes it on by place
    language: str,
) -> int:
    """Verify all logs (or one organisation's), print what was found; 0, 1 or 2 (NOT_VERIFIED).

    `dsn_by_service` holds, per service, the dsn of a role that may read its log tables. With
    `as_json` one JSON document is printed and nothing else.
    """
    try:
        wanted = None if organisation is None else _uuid("organisation", organisation)
        with _bars(shown=not as_json) as progress:
            verdicts = verify_installation(
                dsn_by_service, home / "ledger", organisation=wanted, progress=progress
            )
    except Refusal as refusal:
        return _refuse(refusal, language)
    except (LogUnreachableError, LogUnreadableError):
        return _refuse(Refusal(Code.UNAVAILABLE), language)
    ok = bool(verdicts) and all(verdict.ok for verdict in verdicts)
    if as_json:
        document = {"ok": ok, "verdicts": [verdict_json(verdict) for verdict in verdicts]}
        _say(json.dumps(document, indent=2))
    else:
        print_verdicts(verdicts, Console(), language)
    if not verdicts:
        return NOT_VERIFIED
    return IN_ORDER if ok else NOT_IN_ORDER


def replay(
    dsn_by_service: Mapping[str, str],
    *,
    service: str,
    organisation: str,
    position: int | None = None,
    stream: str | None = None,
    actor: str | None = None,
    type: str | None = None,  # noqa: A002  the name of the filter
    first_week: str | None = None,
    last_week: str | None = None,
    as_json: bool = False,
    language: str = "en",
) -> int:
    """Print the skeleton of one log, as of `position` entries; 0, or 2 when it cannot be read.

    Filters: a stream's id, an actor's pseudonym in hex, an event type, the first and the last week
    (`2026-W48`). With `as_json` one line of JSON per entry. Streams: nothing is held in memory.
    """
    try:
        wanted = _uuid("organisation", organisation)
        where = Filter(
            stream=None if stream is None else _uuid("stream", stream),
            actor=None if actor is None else _pseudonym(actor),
            type=type,
            first_week=_week("first_week", first_week),
            last_week=_week("last_week", last_week),
        )
        if service not in dsn_by_service:
            raise invalid("service", "there is no such service")
        if position is not None and position < 0:
            raise invalid("position", "it is a number of entries")
        with open_postgres(dsn_by_service[service], schema=service) as source:
            if not as_json:
                _print_cells(HEADINGS["nl" if language == "nl" else "en"])
            for row in entries(source, wanted, position=position, where=where):
                if as_json:
                    _say(json_line(row))
                else:
                    _print_cells(table_row(row))
    except Refusal as refusal:
        return _refuse(refusal, language)
    except (LogUnreachableError, LogUnreadableError):
        return _refuse(Refusal(Code.UNAVAILABLE), language)
    return IN_ORDER


@contextmanager
def _bars(*, shown: bool) -> Iterator[Callable[[Progress], None] | None]:
    """A bar per log on stderr, with the time left, where somebody watches."""
    console = Console(stderr=True)
    if not shown or not console.is_terminal:
        yield None
        return
    bars = Bars(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )
    tasks: dict[tuple[str, UUID], TaskID] = {}

    def show(progress: Progress) -> None:
        log = (progress.service, progress.organisation)
        if log not in tasks:
            tasks[log] = bars.add_task(f"{progress.service} {progress.organisation}")
        bars.update(tasks[log], completed=progress.done, total=progress.total)

    with bars:
        yield show


def _print_cells(cells: tuple[str, ...]) -> None:
    _say("  ".join(cell.ljust(width) for cell, width in zip(cells, _WIDTHS, strict=True)).rstrip())


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


def _uuid(field: str, text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise invalid(field, "it is not an id") from None


def _pseudonym(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise invalid("actor", "it is not a pseudonym in hex") from None


def _week(field: str, text: str | None) -> str | None:
    if text is not None and _WEEK.fullmatch(text) is None:
        raise invalid(field, "a week is written as 2026-W48")
    return text


def _refuse(refusal: Refusal, language: str) -> int:
    spoken: Language = "nl" if language == "nl" else "en"
    Console(stderr=True).print(Text(refusal.sentence(spoken)), soft_wrap=True)
    return NOT_VERIFIED
