"""`hoeksteen plan-grid`: the example of docs/anonymity.md as whoever follows it meets it."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from shared.local.session import Installation
from tests.system.people import Organisation
from tests.system.test_cli import hoeksteen
from tests.system.test_main_job import Found

PAGE = (Path(__file__).parents[2] / "docs/anonymity.md").read_text("utf-8")


def example(folder: Path) -> list[str]:
    """The command of the page, with its file laid down in `folder`."""
    (units,) = re.findall(r"```csv\n(.*?)```", PAGE, re.DOTALL)
    (command,) = re.findall(r"```sh\nhoeksteen (.*?)\n```", PAGE)
    (folder / "units.csv").write_text(units, encoding="utf-8")
    return [
        str(folder / word) if word.endswith((".csv", ".svg")) else word
        for word in shlex.split(command)
    ]


@pytest.mark.parametrize(
    ("language", "said", "refused"),
    [
        (
            "en",
            "About 60 cases a year; units in the grid: 4; a case spends ε = 1.5 of at most 1.5 in a "
            "half-year.",
            "Not offered: Theme, by the quarter.",
        ),
        (
            "nl",
            "Ongeveer 60 zaken per jaar; eenheden in het raster: 4; een zaak geeft per halfjaar ε = 1,5 "
            "van hoogstens 1,5 uit.",
            "Niet aangeboden: Thema, per kwartaal.",
        ),
    ],
)
def test_the_example_of_the_page_is_told_and_drawn(
    installation: Installation, tmp_path: Path, language: str, said: str, refused: str
) -> None:
    """Rows with threshold and margin, what is not offered with its reason, and the picture."""
    done = hoeksteen(
        *example(tmp_path),
        "--language",
        language,
        HOEKSTEEN_HOME=str(installation.home.path),
        COLUMNS="200",
    )
    assert (0, "") == (done.returncode, done.stderr)
    assert said in done.stdout
    assert refused in done.stdout
    label = "Theme, by the half-year" if language == "en" else "Thema, per halfjaar"
    (row,) = [line for line in done.stdout.splitlines() if label in line]
    # At ε 0.75 a draw is shown from 7 on, and lies within 4 of the count in 95 of 100 releases.
    assert re.search(r"0[.,]75 +│ +7 +│ +± 4 +│ +\d+ %", row)
    picture = ET.parse(tmp_path / "plan.svg").getroot()  # noqa: S314  our own
    assert language == picture.get("lang")


def test_an_adviser_is_told_of_their_own_organisation(
    installation: Installation, found: Found
) -> None:
    """By its tree and its decision, once signals knows it: here exact figures from five on."""
    organisation: Organisation = found()
    organisation.live_to_tick()
    done = hoeksteen(
        *("plan-grid", "--organisation", str(organisation.id), "--sub", "anna", "--k", "5"),
        HOEKSTEEN_HOME=str(installation.home.path),
        COLUMNS="200",
    )
    assert 0 == done.returncode
    assert "About 6 cases a year, estimated by the headcounts; units in the grid: 1." in done.stdout
    assert "ε" not in done.stdout.split("\n")[0]


@pytest.mark.parametrize(
    ("units", "status", "said"),
    [
        ("name,headcount\nZorg,10\n", 1, "must name the columns id, name, headcount"),
        ("id,name,headcount\na,Zorg,many\n", 1, "line 2: the headcount is not a whole number"),
        ("id,name,headcount\na,Zorg,60\na,Kantoor,60\n", 3, "two units have the same id"),
        (None, 1, "cannot be read: No such file"),
    ],
)
def test_a_file_that_is_no_tree_is_told(
    installation: Installation, tmp_path: Path, units: str | None, status: int, said: str
) -> None:
    """Here where it is no table of units, by signals where it is no tree."""
    file = tmp_path / "units.csv"
    if units is not None:
        file.write_text(units, encoding="utf-8")
    done = hoeksteen(
        "plan-grid", str(file), HOEKSTEEN_HOME=str(installation.home.path), COLUMNS="200"
    )
    assert status == done.returncode
    assert said in done.stdout


def test_an_option_that_there_is_not_is_refused(home_that_is_empty: Path) -> None:
    """Exit status 2, as for every wrong option, before anything is asked."""
    done = hoeksteen("plan-grid", "--policy", "loud", HOEKSTEEN_HOME=str(home_that_is_empty))
    assert 2 == done.returncode
    assert "noisy, exact" in " ".join(done.stderr.split())


@pytest.fixture
def home_that_is_empty(tmp_path: Path) -> Path:
    return tmp_path / "home"
