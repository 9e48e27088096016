"""What can be wrong with a spreadsheet or its mapping, in a person's words; docs/import.md lists them.

No sentence repeats what a cell holds. Names of columns and sheets are repeated, and keys of a mapping.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from shared.contracts.errors import Sentence
from shared.spreadsheet.sheet import SpreadsheetError
from shared.taxonomy.line_error import SENTENCES as COMMON
from shared.taxonomy.line_error import LineError

SENTENCES: Final[Mapping[str, Sentence]] = {
    # The file
    "file_empty": Sentence("The file is empty.", "Het bestand is leeg."),
    "utf_16": Sentence(
        "The file is saved as “Unicode text” (UTF-16). Save it as “CSV UTF-8” or XLSX and try again.",
        "Het bestand is opgeslagen als “Unicode-tekst” (UTF-16). Sla het op als “CSV UTF-8” of XLSX en"
        " probeer opnieuw.",
    ),
    "not_utf_8": Sentence(
        "This line is not UTF-8 text, as the mapping says it is. Leave 'encoding' out of the mapping, or"
        " write windows-1252.",
        "Deze regel is geen UTF-8-tekst, zoals de mapping zegt. Laat 'encoding' weg uit de mapping, of"
        " schrijf windows-1252.",
    ),
    "no_encoding": Sentence(
        "This line is neither UTF-8 nor Windows-1252 text. Save the file as “CSV UTF-8” or XLSX.",
        "Deze regel is geen tekst in UTF-8 of Windows-1252. Sla het bestand op als “CSV UTF-8” of XLSX.",
    ),
    "bad_quotes": Sentence(
        "From this line on the file is not proper CSV: check the quotation marks.",
        "Vanaf deze regel is het bestand geen goede CSV: controleer de aanhalingstekens.",
    ),
    "wide": Sentence(
        "This row has more than {limit} columns.",
        "Deze rij heeft meer dan {limit} kolommen.",
    ),
    "cell_long": Sentence(
        "This cell holds more than {limit} characters.",
        "Deze cel bevat meer dan {limit} tekens.",
    ),
    "many_rows": Sentence(
        "There are more than {limit} rows. Import them in parts, for example a period at a time.",
        "Er zijn meer dan {limit} rijen. Importeer ze in delen, bijvoorbeeld per periode.",
    ),
    "many_merged": Sentence(
        "The sheet has more than {limit} merged cells.",
        "Het blad heeft meer dan {limit} samengevoegde cellen.",
    ),
    "xls_or_locked": Sentence(
        "This is an old Excel file (XLS) or one with a password. Save it as XLSX, without a password.",
        "Dit is een oud Excel-bestand (XLS), of een met een wachtwoord. Sla het op als XLSX, zonder"
        " wachtwoord.",
    ),
    "not_xlsx": Sentence(
        "This is not a proper XLSX file. Open it in a spreadsheet program and save it again.",
        "Dit is geen goed XLSX-bestand. Open het in een spreadsheetprogramma en sla het opnieuw op.",
    ),
    "damaged": Sentence(
        "This part of the XLSX file is damaged. Open it in a spreadsheet program and save it again.",
        "Dit deel van het XLSX-bestand is beschadigd. Open het in een spreadsheetprogramma en sla het"
        " opnieuw op.",
    ),
    "document_type": Sentence(
        "The XLSX file holds a document type (DTD), which no spreadsheet program writes. Nothing of it is"
        " read.",
        "Het XLSX-bestand bevat een documenttype (DTD), dat geen spreadsheetprogramma schrijft. Er wordt"
        " niets van gelezen.",
    ),
    "unpacked_large": Sentence(
        "Unpacked the XLSX file is larger than {limit} bytes or has too many parts. Keep the sheet that is"
        " needed, and nothing else.",
        "Uitgepakt is het XLSX-bestand groter dan {limit} bytes of heeft het te veel delen. Bewaar alleen"
        " het blad dat nodig is.",
    ),
    "no_sheets": Sentence("The workbook has no sheets.", "De werkmap heeft geen bladen."),
    "sheet_empty": Sentence("The sheet is empty.", "Het blad is leeg."),
    "which_sheet": Sentence(
        "The workbook has several sheets. Name the one that is meant, as 'sheet': {sheets}.",
        "De werkmap heeft meer bladen. Noem het bedoelde als 'sheet': {sheets}.",
    ),
    "no_such_sheet": Sentence(
        "The workbook has no sheet of the name in the mapping. It has: {sheets}.",
        "De werkmap heeft geen blad met de naam in de mapping. Hij heeft: {sheets}.",
    ),
    # The mapping
    "mapping_toml": Sentence(
        "The mapping is not proper TOML, or is larger than {limit} bytes.",
        "De mapping is geen goede TOML, of is groter dan {limit} bytes.",
    ),
    "mapping_key": Sentence(
        "The mapping has a name that is not known here: {key}.",
        "De mapping bevat een naam die hier niet bekend is: {key}.",
    ),
    "mapping_value": Sentence(
        "In the mapping {key} must be: {wanted}.",
        "In de mapping moet {key} zijn: {wanted}.",
    ),
    "mapping_unfilled": Sentence(
        "In the mapping {key} is still empty. Write a code or label, * (a printed total over all) or -"
        " (leave these rows out).",
        "In de mapping is {key} nog leeg. Schrijf een code of label, * (een gedrukt totaal over alle) of"
        " - (laat deze rijen weg).",
    ),
    "mapping_code": Sentence(
        "In the mapping {key} is no code or label of taxonomy version {version}.",
        "In de mapping is {key} geen code of label van taxonomieversie {version}.",
    ),
    "mapping_unit": Sentence(
        "In the mapping {key} is no id or exact name of one unit of this organisation.",
        "In de mapping is {key} geen id of precieze naam van één eenheid van deze organisatie.",
    ),
    "mapping_period": Sentence(
        "In the mapping {key} is no year, such as 2026, or half-year, such as 2026-H1.",
        "In de mapping is {key} geen jaar, zoals 2026, of halfjaar, zoals 2026-H1.",
    ),
    "mapping_total": Sentence(
        "In the mapping {key} is *, a printed total, which only 'category' and 'unit' of table rows have.",
        "In de mapping is {key} *, een gedrukt totaal; dat hebben alleen 'category' en 'unit' van"
        " tabelrijen.",
    ),
    "mapping_missing": Sentence(
        "The mapping does not say where '{field}' stands: name a column, or a fixed value.",
        "De mapping zegt niet waar '{field}' staat: noem een kolom, of een vaste waarde.",
    ),
    "mapping_double": Sentence(
        "The mapping says in two places where '{field}' stands.",
        "De mapping zegt op twee plaatsen waar '{field}' staat.",
    ),
    "mapping_cases": Sentence(
        "Where each row is a case, '{field}' has no place in the mapping.",
        "Waar elke rij een zaak is, hoort '{field}' niet in de mapping.",
    ),
    # The sheet, read by the mapping
    "header_absent": Sentence(
        "The row with the names of the columns is not there, or is empty. Check 'header' in the mapping.",
        "De rij met de namen van de kolommen is er niet, of is leeg. Controleer 'header' in de mapping.",
    ),
    "header_missing": Sentence(
        "The column '{header}', which the mapping names, is not there.",
        "De kolom '{header}', die de mapping noemt, is er niet.",
    ),
    "header_double": Sentence(
        "The column '{header}', which the mapping names, is there twice. Give one of them another name.",
        "De kolom '{header}', die de mapping noemt, is er twee keer. Geef een ervan een andere naam.",
    ),
    "header_merged": Sentence(
        "The name of this column stands in a merged cell. Split it, so that each column has its own name.",
        "De naam van deze kolom staat in een samengevoegde cel. Splits haar, zodat elke kolom een eigen"
        " naam heeft.",
    ),
    "merged": Sentence(
        "This cell is part of a merged one. Split it and fill in each row.",
        "Deze cel is deel van een samengevoegde. Splits die en vul elke rij in.",
    ),
    "formula": Sentence(
        "This cell holds a formula whose value was not saved. Open the file in a spreadsheet program and"
        " save it again.",
        "Deze cel bevat een formule waarvan de waarde niet is opgeslagen. Open het bestand in een"
        " spreadsheetprogramma en sla het opnieuw op.",
    ),
    "error_value": Sentence(
        "The spreadsheet shows an error in this cell.",
        "De spreadsheet toont een fout in deze cel.",
    ),
    "cell": Sentence(
        "This cell holds no text, number or day that can be read.",
        "Deze cel bevat geen tekst, getal of dag die te lezen is.",
    ),
    "control": Sentence(
        "This cell holds a character that cannot be printed.",
        "Deze cel bevat een teken dat niet te drukken is.",
    ),
    "cell_code": Sentence(
        "This is no code or label of '{field}' in taxonomy version {version}, and the mapping does not say"
        " what it means.",
        "Dit is geen code of label van '{field}' in taxonomieversie {version}, en de mapping zegt niet wat"
        " het betekent.",
    ),
    "cell_unit": Sentence(
        "This is no id or exact name of one unit of this organisation, and the mapping does not say which"
        " is meant.",
        "Dit is geen id of precieze naam van één eenheid van deze organisatie, en de mapping zegt niet"
        " welke bedoeld is.",
    ),
    "cell_empty": Sentence(
        "This cell is empty, and '{field}' is needed.",
        "Deze cel is leeg, en '{field}' is nodig.",
    ),
    "cell_kind": Sentence(
        "This must be row or printed_total.",
        "Dit moet row of printed_total zijn.",
    ),
    "cell_period": Sentence(
        "This is no year, half-year or day that can be read. Write 2026, 2026-H1 or, as the mapping says"
        " with 'dates', a day with four digits for the year.",
        "Dit is geen jaar, halfjaar of dag die te lezen is. Schrijf 2026, 2026-H1 of, zoals de mapping met"
        " 'dates' zegt, een dag met vier cijfers voor het jaar.",
    ),
    "no_grain": Sentence(
        "This is a day, month or quarter. Say in the mapping with 'grain' whether it falls in a year or a"
        " half-year.",
        "Dit is een dag, maand of kwartaal. Zeg in de mapping met 'grain' of die in een jaar of een halfjaar"
        " valt.",
    ),
    "future": Sentence(
        "This lies in the future.",
        "Dit ligt in de toekomst.",
    ),
    "count_negative": Sentence(
        "A count cannot be below zero.",
        "Een aantal kan niet onder nul liggen.",
    ),
    "count_fraction": Sentence(
        "A count must be whole. Check 'decimal' in the mapping.",
        "Een aantal moet heel zijn. Controleer 'decimal' in de mapping.",
    ),
    "count_hidden": Sentence(
        "The source hides this count. A register needs the count itself; a table with hidden counts can be"
        " recorded as a published one.",
        "De bron verbergt dit aantal. Een register heeft het aantal zelf nodig; een tabel met verborgen"
        " aantallen kan als gepubliceerde worden vastgelegd.",
    ),
    "count_word": Sentence(
        "This is no count.",
        "Dit is geen aantal.",
    ),
    "count_large": Sentence(
        "A count cannot be larger than {limit}.",
        "Een aantal kan niet groter zijn dan {limit}.",
    ),
}


def wrong(
    message: str,
    values: Mapping[str, str | int],
    *,
    sheet: str | None = None,
    row: int | None = None,
    column: str | None = None,
) -> LineError:
    """The message of that name, with its place."""
    sentence = SENTENCES.get(message) or COMMON[message]
    return LineError(
        row,
        sentence.en.format(**values),
        sentence.nl.format(**values),
        sheet=sheet,
        column=column,
    )


def of(error: SpreadsheetError) -> LineError:
    """What a person is told of it."""
    return wrong(error.message, error.values, sheet=error.sheet, row=error.row, column=error.column)
