"""Proposes a mapping from the names of a file's columns, by labels in Dutch and English.

Words of the file stand in a proposal only where they look like codes: a column of names or of
remarks is never mapped, whatever it is called, and none of its words is repeated.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from shared.contracts.errors import Refusal, Sentence
from shared.spreadsheet.days import period_or_day
from shared.spreadsheet.mapped import word
from shared.spreadsheet.mapping import CODED, TOTAL, folded
from shared.spreadsheet.sheet import Row, Sheet, SpreadsheetError, letter
from shared.taxonomy.period import Period
from shared.taxonomy.taxonomy import Taxonomy

MOST_WORDS: Final = 60
"""Different words of a column that may be codes; more is taken for free text."""
LONGEST_WORD: Final = 80
_LOOKED_AT: Final = 20
"""First rows among which the names of the columns are looked for."""

_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "period": (
        "period", "periode", "year", "jaar", "verslagjaar", "boekjaar", "kalenderjaar", "half-year",
        "halfjaar", "date", "datum", "datum melding", "datum van melding", "melddatum",
        "meldingsdatum", "date of report", "report date", "date reported", "datum gesprek",
        "datum eerste gesprek", "datum eerste contact", "ontvangen op", "received", "received on",
        "kwartaal", "quarter", "maand", "month",
    ),
    "unit": (
        "unit", "eenheid", "afdeling", "department", "team", "division", "divisie", "directie",
        "organisatieonderdeel", "onderdeel", "faculteit", "faculty", "locatie", "location",
        "vestiging", "branch", "site", "stad", "city", "plaats",
    ),
    "category": (
        "category", "categorie", "soort melding", "soort", "aard", "aard melding",
        "aard van de melding", "aard van melding", "type", "type melding", "type of report",
        "kind of report", "nature", "nature of report", "onderwerp", "subject", "topic", "thema",
        "theme", "soort schending", "type schending", "soort ongewenst gedrag", "vorm", "issue",
        "concern", "kind of conduct",
    ),
    "role": (
        "role", "rol", "rol melder", "rol van de melder", "reporter role", "role of reporter",
        "soort melder", "type melder", "doelgroep", "groep", "group", "functiegroep",
    ),
    "relation": (
        "relation", "relatie", "relation to subject", "relatie tot beklaagde", "relatie beklaagde",
        "verhouding",
    ),
    "route": ("route", "afhandeling", "handling", "vervolg", "follow-up", "traject"),
    "outcome": ("outcome", "uitkomst", "resultaat", "result", "afloop"),
    "count": (
        "count", "aantal", "number", "aantal meldingen", "meldingen", "number of reports", "reports",
        "reports made", "cases", "number of cases", "aantal zaken", "aantal gesprekken", "n", "#",
    ),
    "kind": ("kind",),
}  # fmt: skip
_FIELD_OF: Final = {name: field for field, names in _NAMES.items() for name in names}
_TOTALS: Final = frozenset(
    {
        "totaal",
        "total",
        "totalen",
        "totals",
        "eindtotaal",
        "grand total",
        "totaal meldingen",
        "alle",
        "all",
    }
)

_SAY: Final[Mapping[str, Sentence]] = {
    "title": Sentence(
        "A proposal. Read it, mend it, and try it with --dry-run.",
        "Een voorstel. Lees het na, verbeter het, en probeer het met --dry-run.",
    ),
    "grain": Sentence(
        "or year: in what a day falls",
        "of year: waarin een dag valt",
    ),
    "codes": Sentence(
        "A word that is no code or label yet: write its code (docs/taxonomy.md), or - to leave its rows out.",
        "Een woord dat nog geen code of label is: schrijf de code (docs/taxonomy.md), of - om de rijen weg"
        " te laten.",
    ),
    "units": Sentence(
        "Words are names of units; add [values.unit] where they differ.",
        "Woorden zijn namen van eenheden; voeg [values.unit] toe waar zij afwijken.",
    ),
    "mapped": Sentence(
        "Column {column} ({header}) is '{field}'.",
        "Kolom {column} ({header}) is '{field}'.",
    ),
    "counts": Sentence(
        "Column {column} ({header}) holds counts of that '{field}'.",
        "Kolom {column} ({header}) bevat aantallen van die '{field}'.",
    ),
    "not_mapped": Sentence(
        "Column {column} ({header}) is not mapped: it will be left out.",
        "Kolom {column} ({header}) is niet toegewezen: zij wordt weggelaten.",
    ),
    "free_text": Sentence(
        "Column {column} ({header}) is called as '{field}' is, but holds no codes; it looks like free text"
        " and is not mapped.",
        "Kolom {column} ({header}) heet zoals '{field}', maar bevat geen codes; zij lijkt vrije tekst en is"
        " niet toegewezen.",
    ),
    "second": Sentence(
        "Column {column} ({header}) may be '{field}' too; an earlier one was taken.",
        "Kolom {column} ({header}) kan ook '{field}' zijn; een eerdere is genomen.",
    ),
    "unknown_words": Sentence(
        "'{field}': words that still need a code: {number}.",
        "'{field}': woorden die nog een code nodig hebben: {number}.",
    ),
    "missing": Sentence(
        "'{field}' was not found. Write its column under [columns], or a fixed value under [fixed].",
        "'{field}' is niet gevonden. Schrijf de kolom onder [columns], of een vaste waarde onder [fixed].",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A mapping file's text, and what a person should know of it.

    `complete`: it can be used as it is; the file's rows are not checked yet.
    """

    text: str
    notes: tuple[Sentence, ...]
    complete: bool


def propose(sheet: Sheet, taxonomy: Taxonomy, *, header: int | None = None) -> Proposal:
    """A mapping for that sheet. `header`: the row of names, without which it is looked for."""
    proposer = _Proposer(sheet, taxonomy, _header(sheet, taxonomy, header))
    proposer.look()
    return proposer.proposal()


def _header(sheet: Sheet, taxonomy: Taxonomy, number: int | None) -> Row:
    if number is not None:
        row = next((row for row in sheet.rows if row.number == number), None)
        if row is None:
            raise SpreadsheetError("header_absent", sheet=sheet.name, row=number)
        return row

    def named(row: Row) -> tuple[int, int]:
        words = [folded(word(cell)) for cell in row.cells]
        known = sum(one in _FIELD_OF for one in words)
        across = sum(bool(one) and _across_of(one, taxonomy) is not None for one in words)
        # A row of names has more than one of them; a title stands alone.
        filled = sum(bool(one) for one in words)
        return (known + across if filled > 1 else 0, min(filled, 2))

    return max(sheet.rows[:_LOOKED_AT], key=named)


def _across_of(name: str, taxonomy: Taxonomy) -> tuple[str, str] | None:
    """(field, code) that the name of a column of counts says."""
    try:
        return "period", str(Period.of_register(name.upper()))
    except Refusal:
        code = taxonomy.find("categories", name)
        return None if code is None else ("category", code)


class _Proposer:
    def __init__(self, sheet: Sheet, taxonomy: Taxonomy, header: Row) -> None:
        self._sheet = sheet
        self._taxonomy = taxonomy
        self._header = header
        self._rows = [row for row in sheet.rows if row.number > header.number]
        self._columns: dict[str, int] = {}
        self._across: str | None = None
        self._across_columns: dict[int, str] = {}
        self._values: dict[str, dict[str, str]] = {}
        self._days = False
        self._notes: dict[int, Sentence] = {}
        self._more: list[Sentence] = []

    def look(self) -> None:
        """Decide about each column."""
        names = [word(cell) for cell in self._header.cells]
        for at, name in enumerate(names):
            if not name or not name.isprintable():
                continue
            field = _FIELD_OF.get(folded(name))
            if field is None:
                self._note(at, "not_mapped")
            elif field in self._columns:
                self._note(at, "second", field=field)
            elif self._is(field, at):
                self._columns[field] = at
                self._note(at, "mapped", field=field)
            else:
                self._note(at, "free_text", field=field)
        if "count" not in self._columns:
            self._look_across(names)
        for field in self._columns:
            self._find_words(field)

    def _look_across(self, names: list[str]) -> None:
        said = {
            at: found
            for at, name in enumerate(names)
            if at not in self._columns.values()
            and (found := _across_of(folded(name), self._taxonomy)) is not None
        }
        fields = Counter(field for field, _ in said.values() if field not in self._columns)
        if not fields:
            return
        self._across = fields.most_common(1)[0][0]
        for at, (field, code) in said.items():
            if field == self._across and code not in self._across_columns.values():
                self._across_columns[at] = code
                self._note(at, "counts", field=field)
        if self._across == "category":
            for at, name in enumerate(names):
                if folded(name) in _TOTALS and TOTAL not in self._across_columns.values():
                    self._across_columns[at] = TOTAL
                    self._note(at, "counts", field="category")
        if self._across == "period" and "category" not in self._columns:
            # The first column of such a table names its rows, whatever it is called.
            free = next((at for at in range(len(names)) if at not in said), None)
            if (
                free is not None
                and free not in self._columns.values()
                and self._is("category", free)
            ):
                self._columns["category"] = free
                self._note(free, "mapped", field="category")

    def _is(self, field: str, at: int) -> bool:
        """Whether what stands in a column may be that field."""
        words = {folded(one) for one in self._words(at)}
        if field in {"period", "count", "kind"}:
            return True
        if len(words) > MOST_WORDS or any(
            len(one) > LONGEST_WORD or not one.isprintable() for one in words
        ):
            return False
        several = max(len(self._rows) // 2, 1)
        if field == "unit":
            # Names of units come back; names of people hardly do.
            return self._table_rows() or len(words) <= max(several, 2)
        unknown = [one for one in words if self._taxonomy.find(CODED[field], one) is None]
        if self._table_rows():
            return len(unknown) < len(words) or not words
        return not words or (len(unknown) < len(words) and len(unknown) <= several)

    def _table_rows(self) -> bool:
        names = {folded(word(cell)) for cell in self._header.cells}
        return bool(names & {folded(name) for name in _NAMES["count"]}) or any(
            _across_of(name, self._taxonomy) is not None for name in names if name
        )

    def _words(self, at: int) -> Iterable[str]:
        return dict.fromkeys(text for row in self._rows if (text := word(row.cell(at))))

    def _find_words(self, field: str) -> None:
        at = self._columns[field]
        table = self._table()
        if field == "period":
            self._days = any(
                isinstance(row.cell(at), date)
                or isinstance(period_or_day(word(row.cell(at))), date)
                for row in self._rows
            )
        elif field in {"category", "unit"} and table:
            for one in self._words(at):
                if folded(one) in _TOTALS:
                    self._values.setdefault(field, {})[one] = TOTAL
        if field not in CODED:
            return
        lacking = [
            one
            for one in self._words(at)
            if self._taxonomy.find(CODED[field], one) is None
            and one not in self._values.get(field, {})
        ]
        for one in lacking:
            self._values.setdefault(field, {})[one] = ""
        if lacking:
            self._more.append(_say("unknown_words", field=field, number=len(lacking)))

    def _table(self) -> bool:
        return "count" in self._columns or bool(self._across)

    def _note(self, at: int, name: str, **values: str) -> None:
        shown = word(self._header.cell(at))[:60]
        self._notes[at] = _say(name, column=letter(at), header=shown, **values)

    def proposal(self) -> Proposal:
        """The mapping's text."""
        places = [*self._columns, *([self._across, "count"] if self._across else [])]
        needed = ["period", "category", *(["count"] if self._table() else [])]
        missing = [field for field in needed if field not in places]
        self._more.extend(_say("missing", field=field) for field in missing)
        return Proposal(
            text="\n".join(self._lines(missing)) + "\n",
            notes=(*(note for _, note in sorted(self._notes.items())), *self._more),
            complete=not missing
            and not any(code == "" for words in self._values.values() for code in words.values()),
        )

    def _lines(self, missing: list[str]) -> Iterable[str]:
        yield from _comment("title")
        yield f"rows = {_toml('table' if self._table() else 'cases')}"
        if self._sheet.name is not None:
            yield f"sheet = {_toml(self._sheet.name)}"
        yield f"header = {self._header.number}"
        for key in ("encoding", "delimiter"):
            text = getattr(self._sheet, key)
            if text is not None:
                yield f"{key} = {_toml(text)}"
        if self._days:
            yield from _comment("grain")
            yield 'grain = "half-year"'
            yield 'dates = "day-month-year"'
        yield ""
        yield "[columns]"
        for field, at in self._columns.items():
            yield f"{field} = {self._name(at)}"
        yield ""
        yield "[fixed]"
        yield from (f"# {field} = " for field in missing)
        if "unit" in self._columns:
            yield ""
            yield from _comment("units")
        for field, words in self._values.items():
            yield ""
            if "" in words.values():
                yield from _comment("codes")
            yield f"[values.{field}]"
            yield from (f"{_toml(one)} = {_toml(code)}" for one, code in words.items())
        if self._across is not None:
            yield ""
            yield "[across]"
            yield f"field = {_toml(self._across)}"
            yield "[across.columns]"
            for at, code in sorted(self._across_columns.items()):
                yield f"{self._name(at)} = {_toml(code)}"

    def _name(self, at: int) -> str:
        return _toml(word(self._header.cell(at)))


def _comment(name: str) -> Iterable[str]:
    yield f"# {_SAY[name].en}"
    yield f"# {_SAY[name].nl}"


def _toml(text: str) -> str:
    """A basic string of TOML, which is written as one of JSON is but for DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _say(name: str, **values: str | int) -> Sentence:
    sentence = _SAY[name]
    return Sentence(sentence.en.format(**values), sentence.nl.format(**values))
