"""A register in a spreadsheet, through the command, the gateway and intake, into PostgreSQL."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from shared.cli.import_register import FILE_REFUSED, LOADED, run
from shared.local.session import Installation
from tests.component.test_import_register import Screen
from tests.domain.test_mapped import as_workbook
from tests.system.people import DATA, Organisation
from tests.system.test_bad_input import stored
from tests.workbooks import workbook

TABLES = DATA / "tables"
DEFENSIE = (TABLES / "defensie.toml").read_bytes()
BAD: list[list[Any]] = [
    ["Jaar", "Soort", "Aantal"],
    [2018, "Pesten", 3],
    [2018, "Roddel", -1],
    [date(2018, 1, 1), "Pesten", "=1+1"],
]


def load(
    organisation: Organisation,
    file: Path,
    mapping: bytes,
    *,
    dry_run: bool = False,
    console: Console | None = None,
) -> int:
    """`hoeksteen import register FILE --mapping …`; its exit status."""
    return run(
        file,
        str(organisation.id),
        dry_run,
        organisation.installation.gateway_url,
        organisation.adviser.token,
        mapping=mapping,
        today=organisation.installation.now().date(),
        console=console or Console(quiet=True),
        language="en",
    )


@pytest.mark.parametrize("first", ["csv", "xlsx"])
def test_a_published_table_is_checked_loaded_once_and_recognised_in_either_form(
    installation: Installation, tmp_path: Path, first: str
) -> None:
    """A dry run stores nothing; CSV and XLSX of one table are one register, whichever came first."""
    organisation = Organisation(installation)
    content = (TABLES / "defensie-2017-2020.csv").read_bytes()
    files = {"csv": tmp_path / "table.csv", "xlsx": tmp_path / "table.xlsx"}
    files["csv"].write_bytes(content)
    files["xlsx"].write_bytes(as_workbook(content))
    (second,) = files.keys() - {first}
    before = stored(installation)

    assert LOADED == load(organisation, files[first], DEFENSIE, dry_run=True)
    assert before == stored(installation)

    screen = Screen()
    assert LOADED == load(organisation, files[first], DEFENSIE, console=screen.console)
    assert "The register is loaded." in screen.text
    assert "1728" in screen.text  # 502 + 454 + 458 + 314
    assert "Every printed total is the sum of its rows." in screen.text
    after = stored(installation)
    assert after["intake"] > before["intake"]

    for repeated in (first, second):
        screen = Screen()
        assert LOADED == load(organisation, files[repeated], DEFENSIE, console=screen.console)
        assert "already imported; nothing changed" in screen.text
    assert after["intake"] == stored(installation)["intake"]
    organisation.close()


def test_a_wrong_spreadsheet_is_told_cell_by_cell_and_nothing_is_stored(
    installation: Installation, tmp_path: Path
) -> None:
    """All of it or nothing."""
    organisation = Organisation(installation)
    file = tmp_path / "bad.xlsx"
    file.write_bytes(workbook(BAD))
    mapping = b'rows = "table"\n[columns]\nperiod = "Jaar"\ncategory = "Soort"\ncount = "Aantal"\n'
    before = stored(installation)
    screen = Screen()

    status = load(organisation, file, mapping, console=screen.console)

    assert FILE_REFUSED == status
    assert before == stored(installation)
    for place in ("row 3, column B", "row 3, column C", "row 4, column C"):
        assert f"Sheet 'Meldingen', {place}: " in screen.text
    assert "Roddel" not in screen.text
    organisation.close()
