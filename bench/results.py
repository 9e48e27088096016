"""Results as a table for people and as JSON for programs; the exit status says whether all hold."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One figure against its bound. `better` says on which side of the bound it must lie."""

    name: str
    value: float
    unit: str
    bound: float
    better: Literal["higher", "lower"]

    @property
    def holds(self) -> bool:
        """Whether the value is on the right side of the bound, or on it."""
        return self.value >= self.bound if self.better == "higher" else self.value <= self.bound


def report(results: Sequence[Result], path: Path, title: str) -> int:
    """Print the table, write the file, answer 0 when all hold and 1 otherwise."""
    table = Table(title=title, title_justify="left")
    for heading, justify in (("", "left"), ("value", "right"), ("bound", "right"), ("", "left")):
        table.add_column(heading, justify=justify)  # type: ignore[arg-type]
    for result in results:
        sign = "≥" if result.better == "higher" else "≤"
        table.add_row(
            result.name,
            f"{result.value:g} {result.unit}",
            f"{sign} {result.bound:g}",
            "[green]holds[/green]" if result.holds else "[red]does not hold[/red]",
        )
    Console().print(table)
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [asdict(result) | {"holds": result.holds} for result in results]
    path.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0 if all(result.holds for result in results) else 1
