"""A mapping: what the columns and words of one source mean. A TOML file, kept per source.

```toml
rows = "table"            # "cases": each row is a case; "table": each row has a count
sheet = "Meldingen"       # XLSX with several sheets
header = 1                # the row with the names of the columns
last_row = 20             # where the rows end; without it at the end of the sheet
encoding = "windows-1252" # CSV; without it UTF-8 or else Windows-1252
delimiter = ";"           # CSV; without it found
decimal = ","             # or "."
dates = "day-month-year"  # or "month-day-year"; 2026-03-01 is always understood
grain = "half-year"       # or "year": the period in which a day, month or quarter falls
empty_count = 0           # what an empty count stands for, or "-": leave it out; without it a mistake

[columns]                 # field = the name of its column
[fixed]                   # field = a code that holds for all rows
[values.FIELD]            # a word of the source = a code; "*": a total over all; "-": leave out
[across]                  # columns that are counts: field = "period", and
[across.columns]          # the name of a column = what it says of that field
```

Fields: those of `shared.taxonomy.register`, as docs/import.md explains them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, cast

from shared.spreadsheet.delimited import DELIMITERS
from shared.spreadsheet.sentences import wrong
from shared.spreadsheet.sheet import MAX_ROWS, tidy
from shared.taxonomy.line_error import LineError

MAX_MAPPING_BYTES: Final = 262_144
FIELDS: Final = (
    "period", "unit", "category", "role", "relation", "route", "outcome", "count", "kind",
)  # fmt: skip
CODED: Final[Mapping[str, str]] = {
    "category": "categories",
    "role": "reporter_roles",
    "relation": "relations",
    "route": "routes",
    "outcome": "outcomes",
}
"""Field → its list in the taxonomy."""
TOTAL: Final = "*"
SKIP: Final = "-"
_OF_A_COUNT: Final = ("count", "kind")
_TRANSLATED: Final = ("period", "unit", *CODED)
_LAST_ROW: Final = 1_048_576

_CHOICES: Final[Mapping[str, tuple[object, ...]]] = {
    "rows": ("cases", "table"),
    "encoding": ("utf-8", "windows-1252"),
    "delimiter": DELIMITERS,
    "decimal": (",", "."),
    "dates": ("day-month-year", "month-day-year"),
    "grain": ("year", "half-year"),
    "empty_count": (0, SKIP),
}
_NUMBERS: Final[Mapping[str, tuple[int, int]]] = {
    "header": (1, MAX_ROWS),
    "last_row": (2, _LAST_ROW),
}
_TABLES: Final = ("columns", "fixed", "values", "across")


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceMapping:
    """See the module. Words and names of columns are kept `folded`, and as written in `written`."""

    rows: Literal["cases", "table"]
    sheet: str | None = None
    header: int = 1
    last_row: int | None = None
    encoding: str | None = None
    delimiter: str | None = None
    decimal: Literal[",", "."] = ","
    dates: Literal["day-month-year", "month-day-year"] = "day-month-year"
    grain: Literal["year", "half-year"] | None = None
    empty_count: Literal[0, "-"] | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    fixed: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    across: str | None = None
    across_columns: Mapping[str, str] = field(default_factory=dict)


class MappingError(Exception):
    """The mapping cannot be used; `errors` say why, each once."""

    def __init__(self, errors: list[LineError]) -> None:
        super().__init__("the mapping cannot be used")
        self.errors = tuple(errors)


def folded(text: str) -> str:
    """As words and names of columns are compared: capitals and repeated spaces do not count."""
    return tidy(text).casefold()


def read_mapping(
    content: bytes, *, period: str | None = None, period_later: bool = False
) -> SourceMapping:
    """The mapping in a file. Raises MappingError.

    `period`: the period of the whole file, in place of what the mapping says of it; so one mapping
    serves a source year after year. `period_later`: the mapping need not say it yet.
    """
    try:
        text = content.decode() if len(content) <= MAX_MAPPING_BYTES else "="
        whole = tomllib.loads(text)
    except (ValueError, RecursionError):
        raise MappingError([wrong("mapping_toml", {"limit": MAX_MAPPING_BYTES})]) from None
    if period is not None and isinstance(whole.setdefault("fixed", {}), dict):
        whole["fixed"]["period"] = period
        if isinstance(whole.get("columns"), dict):
            whole["columns"].pop("period", None)
    reader = _Reader(whole, period_later=period_later)
    mapping = reader.read()
    if mapping is None or reader.errors:
        raise MappingError(reader.errors)
    return mapping


class _Reader:
    def __init__(self, whole: dict[str, Any], *, period_later: bool) -> None:
        self._whole = whole
        self._period_later = period_later
        self.errors: list[LineError] = []

    def read(self) -> SourceMapping | None:
        whole = self._whole
        for key in whole:
            if key not in {*_CHOICES, *_NUMBERS, *_TABLES, "sheet"}:
                self._wrong("mapping_key", key=key)
        plain: dict[str, Any] = dict(self._plain())
        if "rows" not in plain:
            if "rows" not in whole:
                self._wrong("mapping_value", key="rows", wanted="cases, table")
            return None
        columns = self._texts("columns", whole.get("columns", {}), FIELDS)
        fixed = self._texts("fixed", whole.get("fixed", {}), _TRANSLATED)
        values = {
            name: {
                folded(word): code
                for word, code in self._texts(f"values.{name}", words, None).items()
            }
            for name, words in self._table("values", whole.get("values", {})).items()
            if self._known(f"values.{name}", name, _TRANSLATED)
        }
        across, headers = self._across(whole.get("across"))
        mapping = SourceMapping(
            **plain,
            columns=columns,
            fixed=fixed,
            values=values,
            across=across,
            across_columns=headers,
        )
        self._fits(mapping)
        return mapping

    def _plain(self) -> Iterator[tuple[str, object]]:
        for key, choices in _CHOICES.items():
            if key in self._whole:
                # `in` would take False for 0.
                found = [one for one in choices if repr(one) == repr(self._whole[key])]
                if found:
                    yield key, found[0]
                else:
                    self._wrong("mapping_value", key=key, wanted=" ".join(map(repr, choices)))
        for key, (low, high) in _NUMBERS.items():
            number = self._whole.get(key)
            if number is None:
                continue
            if type(number) is int and low <= number <= high:
                yield key, number
            else:
                self._wrong("mapping_value", key=key, wanted=f"{low}–{high}")
        sheet = self._whole.get("sheet")
        if isinstance(sheet, str):
            yield "sheet", sheet
        elif sheet is not None:
            self._wrong("mapping_value", key="sheet", wanted='"…"')

    def _across(self, table: object) -> tuple[str | None, dict[str, str]]:
        if table is None:
            return None, {}
        table = self._table("across", table)
        for key in table:
            self._known(f"across.{key}", key, ("field", "columns"))
        name = table.get("field")
        if name not in _TRANSLATED:
            self._wrong("mapping_value", key="across.field", wanted=", ".join(_TRANSLATED))
            return None, {}
        headers = self._texts("across.columns", table.get("columns", {}), None)
        if not headers:
            self._wrong("mapping_value", key="across.columns", wanted='"…" = "…"')
        return cast("str", name), headers

    def _fits(self, mapping: SourceMapping) -> None:
        """Whether each field stands in one place, and those that are needed somewhere."""
        places = [*mapping.columns, *mapping.fixed]
        if mapping.across is not None:
            places += [mapping.across, "count"]
        for name in FIELDS:
            if places.count(name) > 1:
                self._wrong("mapping_double", field=name)
        needed = ["category"] if self._period_later else ["period", "category"]
        if mapping.rows == "table":
            needed.append("count")
        else:
            for name in _OF_A_COUNT:
                if name in places:
                    self._wrong("mapping_cases", field=name)
        for name in needed:
            if name not in places:
                self._wrong("mapping_missing", field=name)
        for key, name, code in said(mapping):
            if code == TOTAL and (name not in {"category", "unit"} or mapping.rows == "cases"):
                self._wrong("mapping_total", key=key)
            if not code.strip():
                self._wrong("mapping_unfilled", key=key)

    def _table(self, key: str, table: object) -> dict[str, Any]:
        if isinstance(table, dict):
            return table
        self._wrong("mapping_value", key=key, wanted=f"[{key}]")
        return {}

    def _texts(self, key: str, table: object, names: tuple[str, ...] | None) -> dict[str, str]:
        found: dict[str, str] = {}
        for name, text in self._table(key, table).items():
            if names is not None and not self._known(f"{key}.{name}", name, names):
                continue
            if isinstance(text, int) and not isinstance(text, bool):
                text = str(text)  # a year is often written without quotation marks  # noqa: PLW2901
            if isinstance(text, str) and (names is None or text.strip()):
                found[name] = text
            else:
                self._wrong("mapping_value", key=_shown(f"{key}.{name}"), wanted='"…"')
        return found

    def _known(self, key: str, name: str, names: tuple[str, ...]) -> bool:
        if name not in names:
            self._wrong("mapping_key", key=key)
        return name in names

    def _wrong(self, message: str, **values: str | int) -> None:
        if isinstance(values.get("key"), str):
            values["key"] = _shown(str(values["key"]))
        error = wrong(message, values)
        if error not in self.errors:
            self.errors.append(error)


def said(mapping: SourceMapping) -> Iterator[tuple[str, str, str]]:
    """(key, field, code) of every code that the mapping itself names."""
    for name, code in mapping.fixed.items():
        yield _shown(f"fixed.{name}"), name, code
    for name, words in mapping.values.items():
        for word, code in words.items():
            yield _shown(f'values.{name}."{word}"'), name, code
    if mapping.across is not None:
        for header, code in mapping.across_columns.items():
            yield _shown(f'across.columns."{header}"'), mapping.across, code


def _shown(key: str) -> str:
    """A key of the mapping as it may stand in a message."""
    return "".join(one if one.isprintable() else "?" for one in key[:120])
