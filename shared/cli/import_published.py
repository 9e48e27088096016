"""`hoeksteen import published`: read tables that were published elsewhere, and hand them to the gateway.

Exit status as of `hoeksteen import register`: 0 they are recorded, were recorded before, or (with
--dry-run) can be; 1 the file cannot be; 3 the gateway refused; 4 the gateway does not answer.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from hoeksteen_client import GatewayClient, GatewayError, Unreachable
from shared.cli.import_register import (
    FILE_REFUSED,
    GATEWAY_REFUSED,
    LOADED,
    NO_ANSWER,
    ORGANISATION,
)
from shared.contracts.errors import Language, Sentence
from shared.taxonomy.published import MAX_FILE_BYTES, Published, read_published

IMPORT: Final = """\
mutation ($input: ImportPublishedInput!) {
  importPublished(input: $input) {
    __typename
    ... on ImportPublishedPayload { status tables repeated }
    ... on UserError { code message }
  }
}
"""

_SAY: Final = {
    "unreadable": Sentence(
        "The file cannot be opened: {reason}.", "Het bestand kan niet worden geopend: {reason}."
    ),
    "other_organisation": Sentence(
        "This sign-in does not belong to the organisation named; nothing was recorded.",
        "Deze aanmelding hoort niet bij de genoemde organisatie; er is niets vastgelegd.",
    ),
    "nothing": Sentence(
        "Nothing was recorded. Mend the file and try again.",
        "Er is niets vastgelegd. Verbeter het bestand en probeer opnieuw.",
    ),
    "further": Sentence("… and {number} more.", "… en nog {number}."),
    "imported": Sentence(
        "The tables are recorded, with their source. They stand beside your own figures, and are in"
        " none of them.",
        "De tabellen zijn vastgelegd, met hun bron. Zij staan naast uw eigen cijfers, en zitten er"
        " nergens in.",
    ),
    "already_imported": Sentence(
        "These tables were recorded before; nothing changed.",
        "Deze tabellen zijn al vastgelegd; er is niets veranderd.",
    ),
    "checked": Sentence(
        "The tables can be recorded; this was a dry run, nothing was.",
        "De tabellen kunnen worden vastgelegd; dit was een proef, er is niets vastgelegd.",
    ),
    "repeated": Sentence("{number} of them stood there already.", "{number} ervan stonden er al."),
    "title": Sentence("Table", "Tabel"),
    "publisher": Sentence("Publisher", "Uitgever"),
    "period": Sentence("Period", "Periode"),
    "rows": Sentence("Rows", "Rijen"),
    "total": Sentence("Total", "Totaal"),
    "no_answer": Sentence(
        "The gateway does not answer. Try again later; nothing is ever recorded twice.",
        "De gateway antwoordt niet. Probeer het later opnieuw; er wordt nooit iets dubbel vastgelegd.",
    ),
}


def run(
    file: Path,
    organisation: str,
    dry_run: bool,  # noqa: FBT001
    gateway_url: str,
    token: str,
    *,
    console: Console | None = None,
    language: Language | None = None,
) -> int:
    """Record `file` for `organisation` (its id) with an adviser's `token`; gives the exit status.

    `gateway_url` is the address of the GraphQL endpoint. `language`: of what is printed; without it
    the organisation's own.
    """
    # Nothing of a file or an answer may colour or steer the terminal.
    console = console or Console(markup=False, highlight=False)
    spoken = language or "en"
    try:
        with GatewayClient(gateway_url, token, language=spoken) as gateway:
            known = gateway.execute(ORGANISATION)["organisation"]
            if known is None or known["id"] != organisation:
                _say(console, spoken, "other_organisation")
                return GATEWAY_REFUSED
            if language is None and known["language"].lower() == "nl":
                spoken = "nl"
            gateway.language = spoken
            published = _read(file, console, spoken)
            if published is None:
                return FILE_REFUSED
            # A fresh key: a repeat must be answered "recorded before", not as the first time.
            answer = gateway.command(IMPORT, _input(published, dry_run=dry_run))
            _tell(console, spoken, published, answer["importPublished"])
            return LOADED
    except Unreachable:
        _say(console, spoken, "no_answer")
        return NO_ANSWER
    except GatewayError as error:
        console.print(Text(str(error)))
        return GATEWAY_REFUSED


def _read(file: Path, console: Console, language: Language) -> Published | None:
    """What the file says, or None when it cannot be recorded, which is then said place by place."""
    try:
        with file.open("rb") as opened:
            published = read_published(opened.read(MAX_FILE_BYTES + 1))
    except OSError as error:
        _say(console, language, "unreadable", reason=error.strerror or type(error).__name__)
        return None
    if not published.errors:
        return published
    for wrong in published.errors:
        console.print(Text(wrong.sentence(language)))
    if published.further_errors:
        _say(console, language, "further", number=published.further_errors)
    _say(console, language, "nothing")
    return None


def _tell(
    console: Console, language: Language, published: Published, result: dict[str, Any]
) -> None:
    _say(console, language, str(result["status"]).lower())
    if result["repeated"] and result["tables"]:
        _say(console, language, "repeated", number=result["repeated"])
    shown = Table()
    for name in ("title", "publisher", "period"):
        shown.add_column(_sentence(name, language))
    for name in ("rows", "total"):
        shown.add_column(_sentence(name, language), justify="right")
    for table in published.tables:
        shown.add_row(
            Text(table.title),
            Text(table.publisher),
            Text(table.period),
            str(len(table.cells)),
            "" if table.total is None else str(table.total),
        )
    console.print(shown)


def _input(published: Published, *, dry_run: bool) -> dict[str, Any]:
    return {
        "fingerprint": published.fingerprint.hex(),
        "tables": [
            {
                "title": table.title,
                "publisher": table.publisher,
                "period": table.period,
                "reference": table.reference,
                "licence": table.licence,
                "cells": [
                    {"label": cell.label, "count": cell.count, "below": cell.below}
                    for cell in table.cells
                ],
                "total": table.total,
            }
            for table in published.tables
        ],
        "dryRun": dry_run,
    }


def _say(console: Console, language: Language, name: str, **values: str | int) -> None:
    console.print(Text(_sentence(name, language, **values)))


def _sentence(name: str, language: Language, **values: str | int) -> str:
    sentence = _SAY[name]
    return (sentence.nl if language == "nl" else sentence.en).format(**values)
