"""docs/essay.md names operations, fields, events and tests: all of them exist."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from services.gateway.access import coordinates, served_schemas
from services.intake import events as intake_events
from services.reporting import events as reporting_events
from services.signals import events as signals_events

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "essay.md"
OWN = ROOT / "tests" / "domain" / "test_claims.py"


class Row(NamedTuple):
    """A line of a table on the page."""

    claim: str
    carried: str
    shown: str


def rows() -> list[Row]:
    """All of them, without the headings."""
    cells = [
        [cell.strip() for cell in line.strip().strip("|").split("|")]
        for line in PAGE.read_text(encoding="utf-8").splitlines()
        if line.startswith("|")
    ]
    return [Row(*each) for each in cells if each[0] != "the work asks" and set(each[0]) != {"-"}]


ROWS = rows()


def names(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


@cache
def there() -> frozenset[str]:
    """Root fields and coordinates of what some role is given, and the types of all stored events."""
    known: set[str] = set()
    for schema in served_schemas().values():
        for root in (schema.query_type, schema.mutation_type):
            known.update(root.fields if root is not None else ())
        known.update(coordinates(schema))
    for module in (intake_events, signals_events, reporting_events):
        known.update(cls.__name__ for cls in module.TYPES.classes)
    return frozenset(known)


def in_file(path: Path) -> set[str]:
    """The names of its test functions."""
    return {
        node.name
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name[:5] == "test_"
    }


@cache
def known_tests() -> frozenset[str]:
    return frozenset().union(*(in_file(path) for path in (ROOT / "tests").rglob("test_*.py")))


@pytest.mark.parametrize("row", ROWS, ids=[row.claim for row in ROWS])
def test_what_carries_a_claim_and_what_shows_it_exist(row: Row) -> None:
    """Or nothing does, and then nothing is said to show it."""
    if row.carried == "not yet":
        assert not row.shown
        return
    assert names(row.carried)
    assert [] == [name for name in names(row.carried) if name not in there()]
    assert names(row.shown)
    assert [] == [name for name in names(row.shown) if name not in known_tests()]


def test_every_test_of_a_claim_stands_on_the_page() -> None:
    """What intake carries is shown by tests that are named after it; none of them is left out."""
    shown = {name for row in ROWS for name in names(row.shown)}
    assert set() == in_file(OWN) - shown - {"test_what_is_known_of_a_case_stays_with_intake"}


def test_no_claim_stands_there_twice() -> None:
    """Each is said once."""
    claims = [row.claim for row in ROWS]
    assert len(claims) == len(set(claims)) > 60
