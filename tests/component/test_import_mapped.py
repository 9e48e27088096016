"""`hoeksteen import` with a mapping: proposed, kept and used, against a neighbour like the gateway."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from shared.cli import app, mappings
from shared.cli.import_register import FILE_REFUSED, LOADED, run
from shared.contracts.errors import Language
from shared.local.home import Home
from shared.local.problem import LocalProblem
from shared.spreadsheet.sheet import MAX_FILE_BYTES
from tests.component.test_import_register import ORG, Neighbour, Screen, serving
from tests.workbooks import workbook

TODAY = date(2026, 11, 28)
CASES: list[list[object]] = [
    ["Datum melding", "Naam", "Afdeling", "Aard melding", "Toelichting"],
    [date(2025, 3, 1), "Jan Jansen", "Breda", "Pesten", "hij zei iets"],
    [date(2025, 4, 1), "Piet Pietersen", "Breda", "Pesten", "zij niet"],
    [date(2025, 9, 1), "Joris Joris", "Tilburg", "Werkdruk", None],
]


@pytest.fixture
def neighbour() -> Iterator[Neighbour]:
    """A neighbour that listens for one test."""
    with serving() as server:
        yield server


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A data folder of its own, which does not exist yet."""
    monkeypatch.setenv("HOEKSTEEN_HOME", str(tmp_path / "home"))
    return Home()


def proposed(home: Home, file: Path, **how: str) -> tuple[int, str]:
    """The exit status of `propose`, and what was printed."""
    screen = Screen()
    status = mappings.propose(home, file, console=screen.console, language="nl", **how)  # type: ignore[arg-type]
    return status, screen.text


def load(
    neighbour: Neighbour,
    file: Path,
    mapping: bytes,
    *,
    period: str | None = None,
    dry_run: bool = False,
    language: Language = "nl",
) -> tuple[int, str]:
    """The exit status of `register`, and what was printed."""
    screen = Screen()
    status = run(
        file,
        ORG,
        dry_run,
        neighbour.url,
        "token",
        mapping=mapping,
        period=period,
        today=TODAY,
        console=screen.console,
        language=language,
    )
    return status, screen.text


def test_a_mapping_is_proposed_kept_and_used_and_names_and_remarks_stay_in_the_file(
    neighbour: Neighbour, home: Home, tmp_path: Path
) -> None:
    """Neither is on the screen, in the mapping, or among what is sent."""
    file = tmp_path / "register.xlsx"
    file.write_bytes(workbook(CASES))

    status, said = proposed(home, file, name="zorg")
    kept = mappings.load(home, "zorg")
    loaded, told = load(neighbour, file, kept)

    assert (mappings.DONE, LOADED) == (status, loaded)
    assert "Kolom B (Naam) is niet toegewezen" in said
    assert "Weggelaten, en niet bewaard: kolom B (Naam)." in told
    assert "Weggelaten, en niet bewaard: kolom E (Toelichting)." in told
    (sent,) = neighbour.imports
    assert [("2025-H1", "bullying", "u-1", 2), ("2025-H2", "workload", "u-2", 1)] == [
        (row["period"], row["category"], row["unitId"], row["count"]) for row in sent["rows"]
    ]
    for name in ("Jan", "Piet", "Joris", "zei"):
        assert name not in said + told + kept.decode() + str(sent)
    assert 0o600 == stat.S_IMODE(mappings.path_of(home, "zorg").stat().st_mode)
    assert 0o700 == stat.S_IMODE(mappings.path_of(home, "zorg").parent.stat().st_mode)


def test_a_wrong_cell_is_told_by_sheet_row_and_column_and_nothing_is_sent(
    neighbour: Neighbour, home: Home, tmp_path: Path
) -> None:
    """In the adviser's language; nor does the screen show the cell, or let it steer the terminal."""
    file = tmp_path / "register.xlsx"
    file.write_bytes(workbook(CASES))
    proposed(home, file, name="zorg")
    file.write_bytes(workbook([*CASES, [date(2026, 12, 1), "x", "Breda", "[red]Roddel", None]]))

    status, told = load(neighbour, file, mappings.load(home, "zorg"))
    _, english = load(neighbour, file, mappings.load(home, "zorg"), language="en")

    assert FILE_REFUSED == status
    assert "Blad 'Meldingen', rij 5, kolom A: Dit ligt in de toekomst." in told
    assert "Blad 'Meldingen', rij 5, kolom D: Dit is geen code" in told
    assert "Sheet 'Meldingen', row 5, column A: This lies in the future." in english
    assert "Er is niets geladen." in told
    assert "Roddel" not in told
    assert [] == neighbour.imports


def test_a_period_for_the_whole_file_and_a_dry_run(neighbour: Neighbour, tmp_path: Path) -> None:
    """A mapping without a period can be kept, for it comes with each file."""
    file = tmp_path / "register.csv"
    file.write_text("Aard,Aantal\nprivé,3\n", encoding="cp1252")
    mapping = (
        b'rows = "table"\n[columns]\ncategory = "Aard"\ncount = "Aantal"\n'
        b'[values.category]\n"priv\xc3\xa9" = "private_misconduct"\n'
    )
    neighbour.result["status"] = "CHECKED"

    assert FILE_REFUSED == load(neighbour, file, mapping)[0]
    status, told = load(neighbour, file, mapping, period="2024", dry_run=True)

    assert LOADED == status
    assert "het wordt gelezen als Windows-1252" in told
    (sent,) = neighbour.imports
    assert sent["dryRun"] is True
    assert ["2024"] == [row["period"] for row in sent["rows"]]


@pytest.mark.parametrize(
    ("make", "mapping", "told"),
    [
        (lambda: b"a" * (MAX_FILE_BYTES + 1), b'rows = "table"', "De mapping zegt niet waar"),
        (lambda: b"a" * (MAX_FILE_BYTES + 1), None, "Het bestand is groter dan"),
        (lambda: b"PK\x03\x04", None, "Dit is geen goed XLSX-bestand."),
        (lambda: b"a,b", b"rows = ", "De mapping is geen goede TOML"),
    ],
    ids=["mapping-first", "large", "not-xlsx", "not-toml"],
)
def test_what_cannot_be_read_is_told(
    neighbour: Neighbour,
    tmp_path: Path,
    make: Callable[[], bytes],
    mapping: bytes | None,
    told: str,
) -> None:
    """In a sentence, and nothing is sent."""
    file = tmp_path / "register"
    file.write_bytes(make())
    usable = b'rows = "cases"\n[columns]\ncategory = "a"\n[fixed]\nperiod = "2020"\n'

    status, text = load(neighbour, file, mapping or usable)

    assert FILE_REFUSED == status
    assert told in text
    assert [] == neighbour.imports


def test_a_workbook_without_a_mapping_is_told_what_it_needs(
    neighbour: Neighbour, tmp_path: Path
) -> None:
    """Nothing is guessed of it."""
    file = tmp_path / "register.xlsx"
    file.write_bytes(workbook(CASES))
    screen = Screen()

    status = run(file, ORG, False, neighbour.url, "token", console=screen.console)

    assert FILE_REFUSED == status
    assert "'hoeksteen import propose'" in screen.text
    assert [] == neighbour.imports


# Keeping mappings -----------------------------------------------------------------------------


def test_only_a_mapping_that_can_be_used_is_kept(home: Home, tmp_path: Path) -> None:
    """By name, in place of an earlier one; the list tells the names."""
    runner = CliRunner()
    good, bad = tmp_path / "good.toml", tmp_path / "bad.toml"
    good.write_text('rows = "cases"\n[columns]\ncategory = "Aard"\n', encoding="utf-8")
    bad.write_text('rows = "cases"\n[columns]\nnaam = "Naam"\n', encoding="utf-8")

    assert "No mapping is kept here." in runner.invoke(app, ["import", "mappings"]).output
    for name in ("zorg", "zorg-2"):
        assert 0 == runner.invoke(app, ["import", "save-mapping", name, str(good)]).exit_code
    refused = runner.invoke(app, ["import", "save-mapping", "zorg-2", str(bad)])
    assert 1 == refused.exit_code
    assert "that is not known here: columns.naam" in refused.output

    assert ["zorg", "zorg-2"] == runner.invoke(app, ["import", "mappings"]).output.split()
    assert good.read_bytes() == mappings.load(home, "zorg-2") == mappings.load(home, str(good))


@pytest.mark.parametrize("name", ["../zorg", "Zorg", "", ".zorg", "a" * 64, "zorg\n"])
def test_a_name_leads_nowhere_else(home: Home, name: str) -> None:
    """A mapping is kept in its own folder alone."""
    with pytest.raises(LocalProblem):
        mappings.path_of(home, name)


def test_a_mapping_or_file_that_is_not_there_is_told(home: Home, tmp_path: Path) -> None:
    """And nothing is made for the asking."""
    for name in ("zorg", str(tmp_path / "zorg.toml")):
        with pytest.raises(LocalProblem, match="cannot be opened"):
            mappings.load(home, name)
    status, told = proposed(home, tmp_path / "nothing.csv")
    assert mappings.REFUSED == status
    assert "kan niet worden geopend" in told
    assert not home.path.exists()


def test_a_proposal_is_printed_or_written_where_one_asks(home: Home, tmp_path: Path) -> None:
    """The same text; of a file that cannot be read there is none."""
    file, out = tmp_path / "register.xlsx", tmp_path / "mapping.toml"
    file.write_bytes(workbook(CASES))
    runner = CliRunner()

    printed = runner.invoke(app, ["import", "propose", str(file)])
    written = runner.invoke(app, ["import", "propose", str(file), "--out", str(out)])

    assert (0, 0) == (printed.exit_code, written.exit_code)
    assert out.read_text(encoding="utf-8") in printed.output
    assert "Nothing needs to be filled in." in printed.output
    file.write_bytes(b"PK\x03\x04")
    assert 1 == runner.invoke(app, ["import", "propose", str(file)]).exit_code
    assert not home.path.exists()
