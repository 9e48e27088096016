"""What can be wrong with a file to import, in a person's words; docs/import.md lists them all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from shared.contracts.errors import Language, Sentence

SENTENCES: Final[Mapping[str, Sentence]] = {
    "empty": Sentence(
        "The file is empty. It needs a first line with the names of the columns.",
        "Het bestand is leeg. De eerste regel moet de namen van de kolommen bevatten.",
    ),
    "encoding": Sentence(
        "This line is not UTF-8 text. Save the file as “CSV UTF-8” and try again.",
        "Deze regel is geen UTF-8-tekst. Sla het bestand op als “CSV UTF-8” en probeer opnieuw.",
    ),
    "nul": Sentence(
        "This line holds a character that no text has (NUL). Save the file as “CSV UTF-8”.",
        "Deze regel bevat een teken dat geen tekst is (NUL). Sla het bestand op als “CSV UTF-8”.",
    ),
    "long": Sentence(
        "This line is longer than {limit} characters.",
        "Deze regel is langer dan {limit} tekens.",
    ),
    "csv": Sentence(
        "This line is not proper CSV: check the quotation marks.",
        "Deze regel is geen goede CSV: controleer de aanhalingstekens.",
    ),
    "missing_column": Sentence(
        "The column '{column}' is missing from the first line.",
        "De kolom '{column}' ontbreekt in de eerste regel.",
    ),
    "unknown_column": Sentence(
        "Column {number} has a name that is not known here. Remove that column: nothing is read"
        " that is not asked for.",
        "Kolom {number} heeft een naam die hier niet bekend is. Verwijder die kolom: er wordt niets"
        " gelezen waar niet om gevraagd is.",
    ),
    "double_column": Sentence(
        "The column '{column}' stands twice in the first line.",
        "De kolom '{column}' staat twee keer in de eerste regel.",
    ),
    "cells": Sentence(
        "This line has {found} cells, and the first line has {expected}.",
        "Deze regel heeft {found} cellen, en de eerste regel {expected}.",
    ),
    "no_heading": Sentence(
        "Cell {number} stands under no column name; leave it empty.",
        "Cel {number} staat onder geen kolomnaam; laat haar leeg.",
    ),
    "period": Sentence(
        "Column 'period': write a year, such as 2026, or a half-year, such as 2026-H1.",
        "Kolom 'period': schrijf een jaar, zoals 2026, of een halfjaar, zoals 2026-H1.",
    ),
    "overlap": Sentence(
        "Period {period} overlaps {other} on an earlier line. Periods in one file may not overlap.",
        "Periode {period} overlapt {other} op een eerdere regel. Perioden in één bestand mogen"
        " elkaar niet overlappen.",
    ),
    "no_category": Sentence(
        "Column 'category' is empty. Use other_or_undetermined when it was not recorded.",
        "Kolom 'category' is leeg. Gebruik other_or_undetermined als zij niet is vastgelegd.",
    ),
    "code": Sentence(
        "Column '{column}' holds no code or label of taxonomy version {version}.",
        "Kolom '{column}' bevat geen code of label van taxonomieversie {version}.",
    ),
    "unit": Sentence(
        "Column 'unit' holds no id or exact name of a unit of this organisation.",
        "Kolom 'unit' bevat geen id of precieze naam van een eenheid van deze organisatie.",
    ),
    "unit_name_twice": Sentence(
        "Column 'unit' holds a name that more than one unit has. Use the unit's id.",
        "Kolom 'unit' bevat een naam die meer dan één eenheid heeft. Gebruik het id van de"
        " eenheid.",
    ),
    "count": Sentence(
        "Column 'count' must be a whole number, 0 or more, without points or spaces.",
        "Kolom 'count' moet een heel getal zijn, 0 of meer, zonder punten of spaties.",
    ),
    "count_large": Sentence(
        "Column 'count' is larger than {limit}.",
        "Kolom 'count' is groter dan {limit}.",
    ),
    "kind": Sentence(
        "Column 'kind' must be row or printed_total.",
        "Kolom 'kind' moet row of printed_total zijn.",
    ),
    "printed_columns": Sentence(
        "A printed total is for a period, and at most a category and a unit; leave column"
        " '{column}' empty.",
        "Een gedrukt totaal is voor een periode en hooguit een categorie en een eenheid; laat kolom"
        " '{column}' leeg.",
    ),
    "printed_twice": Sentence(
        "This printed total stands on an earlier line already.",
        "Dit gedrukte totaal staat al op een eerdere regel.",
    ),
    "varied": Sentence(
        "The file holds more than {limit} different combinations. Import it in parts, for example"
        " a period at a time.",
        "Het bestand bevat meer dan {limit} verschillende combinaties. Importeer het in delen,"
        " bijvoorbeeld per periode.",
    ),
    "cases_large": Sentence(
        "The file stands for more than {limit} cases.",
        "Het bestand staat voor meer dan {limit} zaken.",
    ),
    "no_rows": Sentence(
        "The file holds no rows; there is nothing to load.",
        "Het bestand bevat geen rijen; er is niets te laden.",
    ),
    "file_large": Sentence(
        "The file is larger than {limit} bytes.",
        "Het bestand is groter dan {limit} bytes.",
    ),
    "json": Sentence(
        "This is not proper JSON, or holds a number that is no whole number.",
        "Dit is geen goede JSON, of er staat een getal in dat geen heel getal is.",
    ),
    "json_tables": Sentence(
        "The file must be an object with one list, 'tables', of objects with 'rows'.",
        "Het bestand moet een object zijn met één lijst, 'tables', van objecten met 'rows'.",
    ),
    "json_name": Sentence(
        "There is a name here that is not known. Remove it: nothing is read that is not asked for.",
        "Hier staat een naam die niet bekend is. Verwijder die: er wordt niets gelezen waar niet om"
        " gevraagd is.",
    ),
    "text": Sentence(
        "'{column}' is missing, or has more than {limit} characters or one that cannot be printed.",
        "'{column}' ontbreekt, of heeft meer dan {limit} tekens of een teken dat niet te drukken is.",
    ),
    "published_period": Sentence(
        "'period': write a year, half-year or quarter, such as 2018, 2018-H1 or 2018-Q3, or its first"
        " and last day, such as 2019-09-01/2020-08-31.",
        "'period': schrijf een jaar, halfjaar of kwartaal, zoals 2018, 2018-H1 of 2018-Q3, of de"
        " eerste en laatste dag, zoals 2019-09-01/2020-08-31.",
    ),
    "published_count": Sentence(
        "'count' must be a whole number from 0 to {limit}, or, as the source hides it, a text such as"
        " <5.",
        "'count' moet een heel getal van 0 tot {limit} zijn, of, zoals de bron het verbergt, een tekst"
        " zoals <5.",
    ),
    "published_total": Sentence(
        "A total must be a whole number from 0 to {limit}.",
        "Een totaal moet een heel getal van 0 tot {limit} zijn.",
    ),
    "published_kind": Sentence(
        "Column 'kind' must be row or total.",
        "Kolom 'kind' moet row of total zijn.",
    ),
    "label_twice": Sentence(
        "This label stands in the table already.",
        "Deze omschrijving staat al in de tabel.",
    ),
    "total_twice": Sentence(
        "This table has a total already.",
        "Deze tabel heeft al een totaal.",
    ),
    "table_twice": Sentence(
        "A table with this title, publisher, period, reference and licence stands in the file already.",
        "Een tabel met deze titel, uitgever, periode, verwijzing en licentie staat al in het bestand.",
    ),
    "table_empty": Sentence(
        "This table has no rows.",
        "Deze tabel heeft geen rijen.",
    ),
    "tables_many": Sentence(
        "The file holds more than {limit} tables, or more than {rows} rows in one.",
        "Het bestand bevat meer dan {limit} tabellen, of meer dan {rows} rijen in één.",
    ),
}


@dataclass(frozen=True, slots=True)
class LineError:
    """What is wrong on a line, in a person's words. `line` counts from 1; None: the whole file, or, where
    a file is not read by lines, its `table` and in it `row`, from 1 too. `sheet`: a workbook's, by name,
    in which `line` is a row; `column`: a spreadsheet's, by its letters.
    """

    line: int | None
    en: str
    nl: str
    table: int | None = None
    row: int | None = None
    sheet: str | None = None
    column: str | None = None

    def sentence(self, language: Language) -> str:
        """The message in `language`, with its place in front."""
        dutch = language == "nl"
        line = ("rij", "row") if self.sheet is not None else ("Regel", "Line")
        place = [
            f"{word} {number}"
            for word, number in (
                ("Blad" if dutch else "Sheet", None if self.sheet is None else f"'{self.sheet}'"),
                (line[0] if dutch else line[1], self.line),
                ("kolom" if dutch else "column", self.column),
                ("Tabel" if dutch else "Table", self.table),
                ("rij" if dutch else "row", self.row),
            )
            if number is not None
        ]
        text = self.nl if dutch else self.en
        return f"{', '.join(place)}: {text}" if place else text

    @classmethod
    def of(cls, line: int | None, message: str, **values: str | int) -> Self:
        """The message of that name; `values` are numbers, column names and our own codes."""
        sentence = SENTENCES[message]
        return cls(line, sentence.en.format(**values), sentence.nl.format(**values))
