"""`hoeksteen plan-grid`: what an organisation of a size would learn, as a table and as a picture.

It asks the gateway, as a front end would. Exit status: 0 it is told; 1 the file of units cannot be
read, or the picture cannot be written; 3 the gateway refused; 4 the gateway does not answer.
"""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from hoeksteen_client import GatewayClient, GatewayError, Unreachable
from shared.contracts.errors import Language, Sentence

if TYPE_CHECKING:
    from pathlib import Path

TOLD: Final = 0
FILE_REFUSED: Final = 1
GATEWAY_REFUSED: Final = 3
NO_ANSWER: Final = 4

COLUMNS: Final = ("id", "name", "headcount", "parent")
"""Of the file of units; the last may be left out."""

PLAN: Final = """\
query (
  $units: [UnitInput!], $cases: Float, $policy: PolicyChoice, $profile: ProfileChoice, $k: Int,
  $language: Language!
) {
  planGrid(
    units: $units, casesAYear: $cases, policy: $policy, profile: $profile, k: $k, language: $language
  ) {
    policy casesAYear estimated units epsilon budget picture
    rows { label verdict epsilon margin threshold shareShown sentence }
  }
}
"""

_SAY: Final = {
    "unreadable": Sentence(
        "{file} cannot be read: {reason}.", "{file} is niet te lezen: {reason}."
    ),
    "columns": Sentence(
        "its first line must name the columns id, name, headcount and, if you like, parent",
        "de eerste regel moet de kolommen id, name, headcount en desgewenst parent noemen",
    ),
    "headcount": Sentence(
        "line {line}: the headcount is not a whole number",
        "regel {line}: het aantal mensen is geen geheel getal",
    ),
    "unwritable": Sentence(
        "The picture cannot be written: {reason}.", "De afbeelding is niet te schrijven: {reason}."
    ),
    "written": Sentence("The picture is in {file}.", "De afbeelding staat in {file}."),
    "no_answer": Sentence(
        "The gateway does not answer. Try again later.",
        "De gateway antwoordt niet. Probeer het later opnieuw.",
    ),
    "cases": Sentence("About {cases} cases a year", "Ongeveer {cases} zaken per jaar"),
    "estimated": Sentence(
        "About {cases} cases a year, estimated by the headcounts",
        "Ongeveer {cases} zaken per jaar, geschat naar het aantal mensen",
    ),
    "units": Sentence("units in the grid: {units}", "eenheden in het raster: {units}"),
    "spent": Sentence(
        "a case spends ε = {epsilon} of at most {budget} in a half-year",
        "een zaak geeft per halfjaar ε = {epsilon} van hoogstens {budget} uit",
    ),
    "table": Sentence("Table", "Tabel"),
    "epsilon": Sentence("ε", "ε"),
    "from": Sentence("Shown from", "Getoond vanaf"),
    "margin": Sentence("Margin", "Marge"),
    "shown": Sentence("Cells shown", "Cellen te zien"),
    "summed": Sentence("sum", "som"),
    "refused": Sentence("Not offered: {table}. {why}", "Niet aangeboden: {table}. {why}"),
}


def run(
    *,
    gateway_url: str,
    token: str,
    units: Path | None = None,
    cases: float | None = None,
    policy: str | None = None,
    profile: str | None = None,
    k: int | None = None,
    language: Language = "en",
    picture: Path | None = None,
    console: Console | None = None,
) -> int:
    """Ask for the plan and print it; gives the exit status. `units` is a CSV with a line for each
    unit (see COLUMNS), without it the tree is that of the token's organisation.
    """
    # Nothing of a file, a unit's name or an answer may colour or steer the terminal.
    console = console or Console(markup=False, highlight=False)
    variables: dict[str, Any] = {
        "cases": cases,
        "policy": None if policy is None else policy.upper(),
        "profile": None if profile is None else profile.upper(),
        "k": k,
        "language": language.upper(),
    }
    if units is not None:
        try:
            variables["units"] = read_units(units, language)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            console.print(Text(_said("unreadable", language, file=str(units), reason=str(reason))))
            return FILE_REFUSED
    try:
        with GatewayClient(gateway_url, token, language=language) as gateway:
            plan = gateway.execute(PLAN, variables)["planGrid"]
    except Unreachable:
        console.print(_said("no_answer", language))
        return NO_ANSWER
    except GatewayError as error:
        console.print(Text(str(error)))
        return GATEWAY_REFUSED
    tell(plan, language, console)
    if picture is not None:
        try:
            picture.write_text(plan["picture"], encoding="utf-8")
        except OSError as error:
            console.print(Text(_said("unwritable", language, reason=str(error.strerror))))
            return FILE_REFUSED
        console.print(Text(_said("written", language, file=str(picture))), soft_wrap=True)
    return TOLD


def read_units(file: Path, language: Language) -> list[dict[str, Any]]:
    """The units of a CSV file, as the gateway takes them. Raises OSError, and ValueError with the
    reason in words.
    """
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = csv.DictReader(lines)
        if rows.fieldnames is None or tuple(rows.fieldnames) not in (COLUMNS, COLUMNS[:-1]):
            raise ValueError(_said("columns", language))
        found = []
        for row in rows:
            headcount = (row["headcount"] or "").strip()
            if not headcount.isascii() or not headcount.isdigit():
                raise ValueError(_said("headcount", language, line=rows.line_num))
            found.append(
                {
                    "id": row["id"],
                    "name": row["name"],
                    "headcount": int(headcount),
                    "parent": row.get("parent") or None,
                }
            )
    return found


def tell(plan: dict[str, Any], language: Language, console: Console) -> None:
    """Print a plan."""
    cases = str(round(plan["casesAYear"]))
    said = [_said("estimated" if plan["estimated"] else "cases", language, cases=cases)]
    said.append(_said("units", language, units=plan["units"]))
    if plan["budget"]:
        epsilon, budget = _number(plan["epsilon"], language), _number(plan["budget"], language)
        said.append(_said("spent", language, epsilon=epsilon, budget=budget))
    console.print(Text("; ".join(said) + "."))
    table = Table()
    table.add_column(_said("table", language))
    for name in ("epsilon", "from", "margin", "shown"):
        table.add_column(_said(name, language), justify="right")
    for row in plan["rows"]:
        if row["verdict"] != "REFUSED":
            table.add_row(*_cells(row, language))
    console.print(table)
    for row in plan["rows"]:
        if row["verdict"] == "REFUSED":
            why = _said("refused", language, table=row["label"], why=row["sentence"])
            console.print(Text(why))


def _cells(row: dict[str, Any], language: Language) -> list[Text]:
    summed = row["verdict"] == "SUMMED"
    epsilon = _number(row["epsilon"], language) if row["epsilon"] else "–"
    return [
        Text(row["label"]),
        Text(_said("summed", language) if summed else epsilon),
        Text(str(row["threshold"])),
        Text(f"± {row['margin']}" if row["margin"] else "–"),
        Text(f"{round(100 * row['shareShown'])} %"),
    ]


def _number(value: float, language: Language) -> str:
    text = f"{value:.4g}"
    return text.replace(".", ",") if language == "nl" else text


def _said(name: str, language: Language, **values: str | int) -> str:
    sentence = _SAY[name]
    return (sentence.nl if language == "nl" else sentence.en).format(**values)
