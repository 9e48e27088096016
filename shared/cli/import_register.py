"""`hoeksteen import register`: read a file, check it here, and hand it to the gateway in one piece.

Exit status: 0 it is loaded, was loaded before, or (with --dry-run) can be loaded; 1 the file cannot
be loaded, and nothing was; 3 the gateway refused, and nothing was loaded; 4 the gateway does not
answer: do it again, a register is never loaded twice.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from hoeksteen_client import GatewayClient, GatewayError, Unreachable
from shared import taxonomy
from shared.contracts.errors import Language, Sentence
from shared.spreadsheet.mapped import is_workbook, read_mapped
from shared.spreadsheet.mapping import MappingError, read_mapping
from shared.spreadsheet.sheet import MAX_FILE_BYTES
from shared.taxonomy.register import Register, read_register

LOADED: Final = 0
FILE_REFUSED: Final = 1
GATEWAY_REFUSED: Final = 3
NO_ANSWER: Final = 4

ORGANISATION: Final = "query { organisation { id name language units { id name } } }"
IMPORT: Final = """\
mutation ($input: ImportRegisterInput!) {
  importRegister(input: $input) {
    __typename
    ... on ImportRegisterPayload {
      status
      rows
      cases
      differences { period category unitId printed counted }
    }
    ... on UserError { code message }
  }
}
"""

_SAY: Final = {
    "unreadable": Sentence(
        "The file cannot be opened: {reason}.", "Het bestand kan niet worden geopend: {reason}."
    ),
    "other_organisation": Sentence(
        "This sign-in does not belong to the organisation named; nothing was loaded.",
        "Deze aanmelding hoort niet bij de genoemde organisatie; er is niets geladen.",
    ),
    "reading": Sentence("Reading", "Lezen"),
    "sending": Sentence("Sending", "Versturen"),
    "nothing_loaded": Sentence(
        "Nothing was loaded. Mend the file and try again.",
        "Er is niets geladen. Verbeter het bestand en probeer opnieuw.",
    ),
    "needs_mapping": Sentence(
        "An Excel file is read by a mapping: 'hoeksteen import propose' makes one, and --mapping names it.",
        "Een Excel-bestand wordt gelezen met een mapping: 'hoeksteen import propose' maakt er een, en"
        " --mapping noemt hem.",
    ),
    "windows_1252": Sentence(
        "The file is not UTF-8; it is read as Windows-1252.",
        "Het bestand is geen UTF-8; het wordt gelezen als Windows-1252.",
    ),
    "left_out": Sentence(
        "Left out, and not stored: column {column} ({header}).",
        "Weggelaten, en niet bewaard: kolom {column} ({header}).",
    ),
    "left_out_nameless": Sentence(
        "Left out, and not stored: column {column}, which has no name.",
        "Weggelaten, en niet bewaard: kolom {column}, die geen naam heeft.",
    ),
    "skipped": Sentence(
        "Left out, as the mapping says: {number} rows.",
        "Weggelaten, zoals de mapping zegt: {number} rijen.",
    ),
    "further": Sentence("… and {number} more.", "… en nog {number}."),
    "imported": Sentence("The register is loaded.", "Het register is geladen."),
    "already_imported": Sentence(
        "This file was already imported; nothing changed.",
        "Dit bestand is al geïmporteerd; er is niets veranderd.",
    ),
    "checked": Sentence(
        "The register can be loaded; this was a dry run, nothing was loaded.",
        "Het register kan worden geladen; dit was een proef, er is niets geladen.",
    ),
    "lines": Sentence("Lines in the file", "Regels in het bestand"),
    "rows": Sentence("Different rows", "Verschillende rijen"),
    "cases": Sentence("Cases", "Zaken"),
    "reconciled": Sentence(
        "Every printed total is the sum of its rows.",
        "Elk gedrukt totaal is de som van zijn rijen.",
    ),
    "differences": Sentence(
        "Printed totals that differ from their rows; both figures are kept:",
        "Gedrukte totalen die afwijken van hun rijen; beide cijfers blijven bewaard:",
    ),
    "period": Sentence("Period", "Periode"),
    "category": Sentence("Category", "Categorie"),
    "unit": Sentence("Unit", "Eenheid"),
    "printed": Sentence("Printed", "Gedrukt"),
    "counted": Sentence("Counted", "Geteld"),
    "all": Sentence("all", "alle"),
    "no_answer": Sentence(
        "The gateway does not answer. Try again later; a register is never loaded twice.",
        "De gateway antwoordt niet. Probeer het later opnieuw; een register wordt nooit dubbel"
        " geladen.",
    ),
}


def run(
    file: Path,
    organisation: str,
    dry_run: bool,  # noqa: FBT001
    gateway_url: str,
    token: str,
    *,
    mapping: bytes | None = None,
    period: str | None = None,
    today: date | None = None,
    console: Console | None = None,
    language: Language | None = None,
) -> int:
    """Load `file` for `organisation` (its id) with an adviser's `token`; gives the exit status.

    `gateway_url` is the address of the GraphQL endpoint. `mapping`: what a mapping file holds
    (shared.spreadsheet.mapping), without which the columns are those of docs/import.md; with it,
    `period` is that of the whole file, and no day may lie after `today` (without it the system's).
    `language`: of what is printed; without it the organisation's own.
    """
    # Nothing of a file, a unit's name or an answer may colour or steer the terminal.
    console = console or Console(markup=False, highlight=False)
    try:
        with GatewayClient(gateway_url, token, language=language or "en") as gateway:
            known = gateway.execute(ORGANISATION)["organisation"]
            if known is None or known["id"] != organisation:
                console.print(_sentence("other_organisation", language or "en"))
                return GATEWAY_REFUSED
            teller = _Teller(console, language or _language(known["language"]), known)
            gateway.language = teller.language
            if mapping is None:
                register = _read(file, teller)
            else:
                today = today or datetime.now(UTC).date()
                register = _read_mapped(file, mapping, period, today, teller)
            if register is None:
                return FILE_REFUSED
            with console.status(teller.text("sending")):
                # A fresh key: a repeat must be answered "already imported", not as the first time.
                answer = gateway.command(IMPORT, _input(register, dry_run=dry_run))
            teller.tell(register, answer["importRegister"])
            return LOADED
    except Unreachable:
        console.print(_sentence("no_answer", language or "en"))
        return NO_ANSWER
    except GatewayError as error:
        console.print(Text(str(error)))
        return GATEWAY_REFUSED


class _Teller:
    """Prints in one language, with the names of one organisation's units."""

    def __init__(self, console: Console, language: Language, organisation: dict[str, Any]) -> None:
        self.console = console
        self.language = language
        self.units: dict[str, str] = {unit["id"]: unit["name"] for unit in organisation["units"]}

    def text(self, name: str, **values: str | int) -> str:
        return _sentence(name, self.language, **values)

    def say(self, name: str, **values: str | int) -> None:
        self.console.print(Text(self.text(name, **values)))

    def tell(self, register: Register, result: dict[str, Any]) -> None:
        """The result table, and the differences with both figures."""
        self.say(str(result["status"]).lower())
        table = Table(show_header=False)
        table.add_column()
        table.add_column(justify="right")
        for name, number in (
            ("lines", register.lines),
            ("rows", result["rows"]),
            ("cases", result["cases"]),
        ):
            table.add_row(self.text(name), str(number))
        self.console.print(table)
        if result["differences"]:
            self.say("differences")
            self.console.print(self._differences(result["differences"]))
        elif register.printed_totals:
            self.say("reconciled")

    def _differences(self, differences: list[dict[str, Any]]) -> Table:
        table = Table()
        for name in ("period", "category", "unit"):
            table.add_column(self.text(name))
        for name in ("printed", "counted"):
            table.add_column(self.text(name), justify="right")
        labels = taxonomy.current().labels(self.language)
        everything = self.text("all")
        for one in differences:
            category, unit = one["category"], one["unitId"]
            table.add_row(
                Text(one["period"]),
                Text(labels.get(category, category) if category else everything),
                Text(self.units.get(unit, unit) if unit else everything),
                str(one["printed"]),
                str(one["counted"]),
            )
        return table


def _read(file: Path, teller: _Teller) -> Register | None:
    """The register, or None when it cannot be loaded, which is then said line by line."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeElapsedColumn(),
    )
    try:
        with (
            file.open("rb") as opened,
            Progress(*columns, console=teller.console, transient=True) as progress,
        ):
            if is_workbook(opened.read(4)):
                teller.say("needs_mapping")
                return None
            opened.seek(0)
            task = progress.add_task(teller.text("reading"), total=file.stat().st_size)
            register = read_register(
                opened,
                taxonomy=taxonomy.current(),
                units=teller.units,
                on_bytes=lambda done: progress.update(task, completed=done),
            )
    except OSError as error:
        teller.say("unreadable", reason=error.strerror or type(error).__name__)
        return None
    return _right(register, teller)


def _read_mapped(
    file: Path, mapping: bytes, period: str | None, today: date, teller: _Teller
) -> Register | None:
    """As `_read`, by a mapping; tells as well what is left out."""
    try:
        with file.open("rb") as opened:
            content = opened.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        teller.say("unreadable", reason=error.strerror or type(error).__name__)
        return None
    try:
        chosen = read_mapping(mapping, period=period)
    except MappingError as error:
        for one in error.errors:
            teller.console.print(Text(one.sentence(teller.language)))
        teller.say("nothing_loaded")
        return None
    mapped = read_mapped(
        content, chosen, taxonomy=taxonomy.current(), units=teller.units, today=today
    )
    if mapped.encoding == "windows-1252":
        teller.say("windows_1252")
    for column, header in mapped.left_out:
        teller.say("left_out" if header else "left_out_nameless", column=column, header=header)
    if mapped.skipped:
        teller.say("skipped", number=mapped.skipped)
    return _right(mapped.register, teller)


def _right(register: Register, teller: _Teller) -> Register | None:
    """The register, or None when something in it is wrong, which is then said."""
    if not register.line_errors:
        return register
    for line_error in register.line_errors:
        teller.console.print(Text(line_error.sentence(teller.language)))
    if register.further_errors:
        teller.say("further", number=register.further_errors)
    teller.say("nothing_loaded")
    return None


def _input(register: Register, *, dry_run: bool) -> dict[str, Any]:
    return {
        "fingerprint": register.fingerprint.hex(),
        "taxonomyVersion": taxonomy.NEWEST,
        "rows": [
            {
                "period": row.period,
                "category": row.category,
                "unitId": row.unit_id,
                "role": row.role,
                "relation": row.relation,
                "route": row.route,
                "outcome": row.outcome,
                "count": row.count,
            }
            for row in register.rows
        ],
        "printedTotals": [
            {
                "period": total.period,
                "category": total.category,
                "unitId": total.unit_id,
                "total": total.total,
            }
            for total in register.printed_totals
        ],
        "dryRun": dry_run,
    }


def _sentence(name: str, language: Language, **values: str | int) -> str:
    sentence = _SAY[name]
    return (sentence.nl if language == "nl" else sentence.en).format(**values)


def _language(text: str) -> Language:
    return "nl" if text.lower() == "nl" else "en"
