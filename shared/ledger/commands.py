"""`hoeksteen verify`, `replay` and `export`, as functions that print and give an exit status."""

from __future__ import annotations

import json
import re
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final
from uuid import UUID

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    ProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bars
from rich.text import Text

from shared.contracts.errors import Code, Refusal, invalid
from shared.ledger.checkpoint import Checkpoint
from shared.ledger.export import export as write_export
from shared.ledger.files import LedgerFolder
from shared.ledger.gateway_source import NotTheAuditorError, open_gateway
from shared.ledger.memory import MemoryUnusableError
from shared.ledger.note import NoteError
from shared.ledger.paper import PaperError, typed
from shared.ledger.replay import HEADINGS, Counted, Filter, json_line, table_row, timeline
from shared.ledger.replay import replay as entries
from shared.ledger.report import FORMAT, print_verdicts, verdict_json
from shared.ledger.source import (
    ExportError,
    FolderSource,
    LogUnreachableError,
    LogUnreadableError,
    open_postgres,
    read_manifest,
    stored_organisations,
)
from shared.ledger.verify import Compared, verify_logs

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from rich.progress import Task, TaskID

    from shared.contracts.errors import Language
    from shared.ledger.source import LogSource
    from shared.ledger.verify import Auditor, Progress

IN_ORDER: Final = 0
NOT_IN_ORDER: Final = 1
NOT_VERIFIED: Final = 2
"""Nothing can be said: the log is not reachable, or the question makes no sense."""

_WEEK = re.compile(r"[0-9]{4}-W[0-9]{2}", re.ASCII)
_WIDTHS: Final = (7, 8, 24, 36, 5, 32)

_LEFT_OUT: Final = {
    "en": "{n} blank entries were left out; they only fill whole tiles (--with-blanks shows them).",
    "nl": "{n} lege regels zijn weggelaten; zij vullen alleen tegels aan (--with-blanks toont ze).",
}
_EXPORTED: Final = {
    "en": "{folder} holds {logs}. It is confidential: for this organisation's auditor alone. "
    "Verify it anywhere with: hoeksteen verify --export {folder}",
    "nl": "{folder} bevat {logs}. Het is vertrouwelijk: alleen voor de auditor van deze "
    "organisatie. Controleer het waar dan ook met: hoeksteen verify --export {folder}",
}
_ENTRIES: Final = {"en": "{n} entries of {service}", "nl": "{n} regels van {service}"}
_NO_SUCH_LOG: Final = {
    "en": "There is no log of {service} of this organisation here.",
    "nl": "Er is hier geen logboek van {service} van deze organisatie.",
}
_FOREIGN_COMPARE: Final = {
    "en": "{file} is a checkpoint of another log ({origin}) than those that are verified here.",
    "nl": "{file} is een controlepunt van een ander logboek ({origin}) dan hier wordt gecontroleerd.",
}
_NO_COMPARE: Final = {
    "en": "{file} is no checkpoint: neither a signed one nor one that was typed from paper.",
    "nl": "{file} is geen controlepunt: geen getekend en geen van papier overgetypt.",
}


class Question(Exception):  # noqa: N818  what was asked makes no sense; it is no fault
    """A question that cannot be answered, as a sentence in English and Dutch."""

    def __init__(self, en: str, nl: str) -> None:
        super().__init__(en)
        self.sentences = {"en": en, "nl": nl}


# -- where the logs are


def local_logs(
    dsn_by_service: Mapping[str, str], ledger: Path, organisation: str | None = None
) -> list[AbstractContextManager[LogSource]]:
    """Every log of every service in the databases, or those of one organisation.

    A log is looked for in the tables, in the ledger folder and in what other services remember, so
    that one that was wholly deleted is noticed. Raises Refusal for an id that is none,
    LogUnreachableError when a database cannot be reached, LogUnreadableError when it holds no log
    tables and nothing outside it says that it should.
    """
    wanted = None if organisation is None else _uuid("organisation", organisation)
    folder = LedgerFolder(ledger)
    return [
        open_postgres(dsn, service=service, organisation=each, ledger=ledger)
        for service, dsn in dsn_by_service.items()
        for each in sorted(_organisations(dsn, service, folder))
        if wanted in (None, each)
    ]


def _organisations(dsn: str, service: str, folder: LedgerFolder) -> set[UUID]:
    known = folder.organisations(service)
    try:
        return known | stored_organisations(dsn, service)
    except LogUnreadableError:
        if not known:
            raise
        return known  # each is reported as unreadable


def exported_logs(
    folder: Path, organisation: str | None, services: Collection[str]
) -> list[AbstractContextManager[LogSource]]:
    """The logs of these services in an exported folder.

    Raises ExportError, and Refusal for an id that is none.
    """
    wanted = None if organisation is None else _uuid("organisation", organisation)
    manifest = read_manifest(folder)
    if wanted not in (None, manifest.organisation):
        return []
    return [
        FolderSource(folder / service, service, manifest.organisation, exported).open()
        for service, exported in manifest.services.items()
        if service in services
    ]


def gateway_logs(
    url: str, token: str, organisation: str, services: Iterable[str]
) -> list[AbstractContextManager[LogSource]]:
    """The logs of one organisation through a gateway, as its auditor. Raises Refusal."""
    wanted = _uuid("organisation", organisation)
    return [open_gateway(url, token, service=service, organisation=wanted) for service in services]


def compared(name: str, content: bytes) -> Compared:
    """A checkpoint that somebody else was shown, from a note or from a typed page.

    Raises Question for what is neither.
    """
    try:
        checkpoint = Checkpoint.read(content)
    except NoteError:
        try:
            paper = typed(content.decode(errors="replace"))
        except PaperError:
            raise Question(
                _NO_COMPARE["en"].format(file=name), _NO_COMPARE["nl"].format(file=name)
            ) from None
        return Compared(name, paper.origin, paper.size, paper.root, paper.note)
    return Compared(name, checkpoint.origin, checkpoint.size, checkpoint.root, content)


# -- the commands


def verify(
    logs: Callable[[], Sequence[AbstractContextManager[LogSource]]],
    auditor: Auditor,
    *,
    as_json: bool = False,
    language: str = "en",
) -> int:
    """Verify these logs, print what was found; 0, 1 or 2 (NOT_VERIFIED).

    With `as_json` one JSON document is printed and nothing else.
    """
    with _answers(language) as answer:
        found = logs()
        with _bars(shown=not as_json) as progress:
            verdicts = verify_logs(found, auditor, progress=progress)
        for each in auditor.compare:
            if verdicts and not any(verdict.origin == each.origin for verdict in verdicts):
                raise Question(
                    *(
                        _FOREIGN_COMPARE[spoken].format(file=each.file, origin=each.origin)
                        for spoken in ("en", "nl")
                    )
                )
        ok = bool(verdicts) and all(verdict.ok for verdict in verdicts)
        if as_json:
            document = {
                "format": FORMAT,
                "ok": ok,
                "verdicts": [verdict_json(verdict) for verdict in verdicts],
            }
            _say(json.dumps(document, indent=2))
        else:
            print_verdicts(verdicts, Console(), language)
        if verdicts:
            answer.status = IN_ORDER if ok else NOT_IN_ORDER
    return answer.status


def replay(
    logs: Callable[[], Sequence[AbstractContextManager[LogSource]]],
    *,
    service: str,
    position: int | None = None,
    stream: str | None = None,
    actor: str | None = None,
    type: str | None = None,  # noqa: A002  the name of the filter
    first_week: str | None = None,
    last_week: str | None = None,
    with_blanks: bool = False,
    timeline_of: str | None = None,
    as_json: bool = False,
    language: str = "en",
) -> int:
    """Print the skeleton of one log, as of `position` entries; 0, or 2 when it cannot be read.

    `logs` are those of the service. Filters: a stream's id, an actor's pseudonym in hex, an event
    type, the first and the last week (`2026-W48`); `timeline_of` tells one stream in sentences.
    With `as_json` one line of JSON per entry. Streams: nothing is held in memory.
    """
    with _answers(language) as answer:
        told = stream if timeline_of is None else timeline_of
        field = "stream" if timeline_of is None else "timeline"
        where = Filter(
            stream=None if told is None else _uuid(field, told),
            actor=None if actor is None else _pseudonym(actor),
            type=type,
            first_week=_week("first_week", first_week),
            last_week=_week("last_week", last_week),
            blanks=with_blanks or told is not None,
        )
        if position is not None and position < 0:
            raise invalid("position", "it is a number of entries")
        found = logs()
        if not found:
            raise Question(
                *(_NO_SUCH_LOG[spoken].format(service=service) for spoken in ("en", "nl"))
            )
        with found[0] as source:
            counted = Counted()
            shown = entries(source, position=position, where=where, counted=counted)
            if timeline_of is not None and not as_json:
                for sentence in timeline(shown, language):
                    _say(sentence)
            else:
                if not as_json:
                    _print_cells(HEADINGS["nl" if language == "nl" else "en"])
                for entry in shown:
                    if as_json:
                        _say(json_line(entry))
                    else:
                        _print_cells(table_row(entry, language))
            if counted.blanks and not as_json:
                _say(_LEFT_OUT["nl" if language == "nl" else "en"].format(n=counted.blanks))
        answer.status = IN_ORDER
    return answer.status


def export(
    logs: Callable[[], Sequence[AbstractContextManager[LogSource]]],
    organisation: str,
    to: Path,
    *,
    policy: bytes | None = None,
    language: str = "en",
) -> int:
    """Write an organisation's logs to a new folder and say so; 0, or 2 with a sentence why not."""
    spoken = "nl" if language == "nl" else "en"
    with _answers(language) as answer:
        wanted = _uuid("organisation", organisation)
        written = write_export(logs(), wanted, to, policy=policy)
        each = [_ENTRIES[spoken].format(n=n, service=service) for service, n in written.items()]
        _say(_EXPORTED[spoken].format(folder=to, logs=", ".join(each)))
        answer.status = IN_ORDER
    return answer.status


class _Answer:
    status = NOT_VERIFIED


@contextmanager
def _answers(language: str) -> Iterator[_Answer]:
    """Whatever stands in the way is a sentence on stderr, and the status stays NOT_VERIFIED."""
    spoken: Language = "nl" if language == "nl" else "en"
    answer = _Answer()
    try:
        yield answer
    except Question as question:
        sentence = question.sentences[spoken]
    except Refusal as refusal:
        sentence = refusal.sentence(spoken)
    except (ExportError, NotTheAuditorError, MemoryUnusableError) as error:
        sentence = str(error)
    except (LogUnreachableError, LogUnreadableError):
        sentence = Refusal(Code.UNAVAILABLE).sentence(spoken)
    else:
        return
    Console(stderr=True).print(Text(sentence), soft_wrap=True)
    answer.status = NOT_VERIFIED


class _Rate(ProgressColumn):
    """Entries per second, over the last moments."""

    def render(self, task: Task) -> Text:
        """Empty until something is known."""
        return Text("" if task.speed is None else f"{task.speed:,.0f}/s")


@contextmanager
def _bars(*, shown: bool) -> Iterator[Callable[[Progress], None] | None]:
    """A bar per log on stderr, with rate and time left, where somebody watches."""
    console = Console(stderr=True)
    if not shown or not console.is_terminal:
        yield None
        return
    bars = Bars(
        TextColumn("{task.description}"),
        BarColumn(bar_width=16),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )
    tasks: dict[tuple[str, UUID], TaskID] = {}

    def show(progress: Progress) -> None:
        log = (progress.service, progress.organisation)
        if log not in tasks:
            tasks[log] = bars.add_task(f"{progress.service} {str(progress.organisation)[:8]}")
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
