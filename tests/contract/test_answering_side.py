"""The import contract between what answers readers in signals and what reads facts leaves nothing out."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SIGNALS = ROOT / "services/signals"
NAME = "The answering side of signals reads no fact"


def contract() -> dict[str, Any]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    found: list[dict[str, Any]] = settings["tool"]["importlinter"]["contracts"]
    (one,) = (each for each in found if each["name"] == NAME)
    return one


def modules() -> set[str]:
    """Each module of signals, and each package whose modules are all alike; `domain` has both kinds."""
    found = set()
    for path in (*SIGNALS.iterdir(), *(SIGNALS / "domain").iterdir()):
        if path.name in {"__init__.py", "domain"}:
            continue
        if path.suffix == ".py" or (path / "__init__.py").exists():
            found.add(".".join(path.relative_to(ROOT).with_suffix("").parts))
    return found


def test_every_module_stands_on_one_side() -> None:
    """A new one belongs in the contract before it can land: to what answers, or to what may read facts."""
    answers = set(contract()["source_modules"])
    has_facts = {one for one in contract()["forbidden_modules"] if one.startswith("services.")}
    assert not answers & has_facts
    assert modules() == answers | has_facts


def test_it_holds_for_indirect_imports_and_without_exceptions() -> None:
    """Else one more module in between would undo it."""
    assert {"name", "type", "source_modules", "forbidden_modules"} == contract().keys()
    assert "forbidden" == contract()["type"]
