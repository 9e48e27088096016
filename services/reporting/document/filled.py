"""What a template reads: plain values only, in the order in which they are printed.

Keys may be added for a new template and are never given another meaning: older templates read them.
"""

from __future__ import annotations

import math
import re
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from services.reporting.document.printable import SQUARE, Printable, breakable
from services.reporting.domain.figures import spent
from shared.taxonomy.period import Period

if TYPE_CHECKING:
    from collections.abc import Callable

    from services.reporting.document.content import Content, LabelledTable

    Text = Callable[[str], str]
    """Words as they were given → words that can be printed and broken into lines."""

# Signals joins the codes and labels of a cell of two axes by these.
_CODES, _LABELS = "/", " – "

_MOST_COLUMNS = 6
"""A table of two axes with more columns than fit on a page is printed as a list."""


def filled(content: Content, printable: Printable) -> dict[str, Any]:
    """The data of a report."""
    period = Period.parse(content.figures.period)
    given = [content.organisation_name, content.interpretation]
    given += [label for table in content.tables for label in table.labels.values()]

    def text(words: str) -> str:
        return breakable(printable.of(words))

    return {
        "language": content.language,
        "organisation": text(" ".join(content.organisation_name.split())),
        "report_id": str(content.report_id),
        "half": period.half,
        "starts": _day(period.start),
        "ends": _day(period.end - timedelta(days=1)),
        "published": _day(content.published_on),
        "policy": content.figures.policy,
        "taxonomy_version": content.figures.taxonomy_version,
        "interpretation": [
            text(paragraph).split("\n") for paragraph in re.split(r"\n{2,}", content.interpretation)
        ],
        "replaced": any(SQUARE in printable.of(words) and SQUARE not in words for words in given),
        **(_exact(content, text) if content.figures.policy == "exact" else _noisy(content, text)),
    }


def _exact(content: Content, text: Text) -> dict[str, Any]:
    figures = content.figures
    withheld = None
    if figures.withheld is not None:
        withheld = {
            "labels": [text(content.labels[code]) for code in figures.withheld.codes],
            "count": figures.withheld.count,
        }
    return {
        "release_id": str(figures.release_id),
        "dimension": figures.dimension,
        "k": figures.k,
        "cells": [
            {"label": text(content.labels[cell.code]), "count": cell.count}
            # Largest first, which a reader compares most easily; equal ones as released.
            for cell in sorted(figures.cells, key=lambda cell: -cell.count)
        ],
        "withheld": withheld,
        "total": figures.total,
    }


def _noisy(content: Content, text: Text) -> dict[str, Any]:
    """Of a cell that is not shown there is its threshold, and no number to print or draw."""
    figures = tuple(table.figures for table in content.tables)
    tables = [
        _matrix(table, text) or _rows(table, text)
        for table in content.tables
        if table.figures.dimension != "total"
    ]
    hidden = [least for one in figures if one.withheld for least in one.withheld.thresholds]
    budget = content.figures.budget or 0.0
    return {
        "tables": tables,
        "total": _total(content),
        "example": _example(tables),
        "hidden": hidden[0] if hidden else None,
        "spent": f"{spent(figures):.4g}",
        "budget": f"{budget:.4g}",
        # Of two worlds thought equally likely, so likely one may become: e^ε / (1 + e^ε).
        "certainty": round(100 / (1 + math.exp(-budget))),
        "grid_id": str(content.figures.grid_id),
        "releases": [
            {"dimension": one.dimension, "release_id": str(one.release_id)} for one in figures
        ],
    }


def _total(content: Content) -> dict[str, int] | None:
    """What is shown of all cases: a table of its own says most, else what stands under another."""
    for table in content.tables:
        figures = table.figures
        if figures.dimension == "total":
            for cell in figures.cells:
                return {"count": cell.count, "margin": cell.margin or 0}
            return {"threshold": figures.withheld.thresholds[0] if figures.withheld else figures.k}
    for table in content.tables:
        if table.figures.total is not None:
            return {"count": table.figures.total, "margin": table.figures.total_margin or 0}
    return None


def _rows(table: LabelledTable, text: Text) -> dict[str, Any]:
    """Shown cells, the largest first, then those that are not shown, in the order of the grid."""
    withheld = table.figures.withheld
    return {
        "dimension": table.figures.dimension,
        "cells": [
            {"label": text(table.labels[cell.code]), "count": cell.count, "margin": cell.margin}
            for cell in sorted(table.figures.cells, key=lambda cell: -cell.count)
        ],
        "withheld": []
        if withheld is None
        else [
            {"label": text(table.labels[code]), "threshold": threshold}
            for code, threshold in zip(withheld.codes, withheld.thresholds, strict=True)
        ],
    }


def _matrix(table: LabelledTable, text: Text) -> dict[str, Any] | None:
    """A table of two axes, one across and one down, in the order of the grid; None for any other."""
    cells: dict[str, dict[str, int]] = {
        cell.code: {"count": cell.count, "margin": cell.margin or 0} for cell in table.figures.cells
    }
    if table.figures.withheld is not None:
        block = table.figures.withheld
        for code, threshold in zip(block.codes, block.thresholds, strict=True):
            cells[code] = {"threshold": threshold}
    down: dict[str, str] = {}
    across: dict[str, str] = {}
    for code, label in table.labels.items():
        codes, labels = code.split(_CODES), label.rsplit(_LABELS, 1)
        if len(codes) != 2 or len(labels) != 2:
            return None
        down[codes[0]], across[codes[1]] = labels
    places = [[f"{row}{_CODES}{column}" for column in across] for row in down]
    if len(across) > _MOST_COLUMNS or {code for row in places for code in row} != cells.keys():
        return None
    return {
        "dimension": table.figures.dimension,
        "columns": [text(label) for label in across.values()],
        "rows": [
            {"label": text(label), "cells": [cells[code] for code in row]}
            for label, row in zip(down.values(), places, strict=True)
        ],
    }


def _example(tables: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The largest figure of the first table that shows one, to explain margins with."""
    for table in tables:
        for cell in table.get("cells", ()):
            low, high = max(0, cell["count"] - cell["margin"]), cell["count"] + cell["margin"]
            return {**cell, "low": low, "high": high}
    return None


def _day(day: date) -> dict[str, int]:
    return {"year": day.year, "month": day.month, "day": day.day}
