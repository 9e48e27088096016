"""`hoeksteen import propose`, `mappings` and `save-mapping`: mappings, kept per source under a name.

They lie in the data folder's `mappings`, for their owner alone. Exit status: 0 done; 1 the file or
the mapping cannot be read, and nothing was kept.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.text import Text

from shared import taxonomy
from shared.contracts.errors import Language, Sentence
from shared.local.home import Home, write_private
from shared.local.problem import LocalProblem
from shared.spreadsheet import sentences
from shared.spreadsheet.mapped import read_sheet
from shared.spreadsheet.mapping import MAX_MAPPING_BYTES, MappingError, read_mapping
from shared.spreadsheet.proposal import propose as proposal_of
from shared.spreadsheet.sheet import MAX_FILE_BYTES, SpreadsheetError

DONE: Final = 0
REFUSED: Final = 1

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}", re.ASCII)
_SAY: Final = {
    "unreadable": Sentence(
        "The file cannot be opened: {reason}.", "Het bestand kan niet worden geopend: {reason}."
    ),
    "complete": Sentence(
        "Nothing needs to be filled in. Try it with --dry-run.",
        "Er hoeft niets te worden ingevuld. Probeer het met --dry-run.",
    ),
    "incomplete": Sentence(
        "Fill in what is missing before it is used.",
        "Vul in wat ontbreekt voordat het wordt gebruikt.",
    ),
    "kept": Sentence("Kept as {path}.", "Bewaard als {path}."),
    "none": Sentence("No mapping is kept here.", "Hier is geen mapping bewaard."),
}


def path_of(home: Home, name: str) -> Path:
    """Where the mapping of that name is kept. Raises LocalProblem for what is no name."""
    if _NAME.fullmatch(name) is None:
        raise LocalProblem(
            "A mapping's name has 1 to 63 small letters, digits and hyphens, such as zorg-2026."
        )
    return home.path / "mappings" / f"{name}.toml"


def load(home: Home, name_or_file: str) -> bytes:
    """What the kept mapping of that name holds, or a file: a path, or what ends in .toml.

    Raises LocalProblem when there is none.
    """
    is_file = name_or_file.endswith(".toml") or "/" in name_or_file
    path = Path(name_or_file) if is_file else path_of(home, name_or_file)
    try:
        with path.open("rb") as file:
            return file.read(MAX_MAPPING_BYTES + 1)
    except OSError as error:
        raise LocalProblem(
            f"The mapping cannot be opened: {error.strerror or type(error).__name__}. "
            "'hoeksteen import mappings' lists those that are kept."
        ) from error


def propose(
    home: Home,
    file: Path,
    *,
    sheet: str | None = None,
    header: int | None = None,
    out: Path | None = None,
    name: str | None = None,
    language: str = "en",
    console: Console | None = None,
) -> int:
    """Propose a mapping for `file`: to `out`, kept as `name`, or else printed."""
    console = console or Console(markup=False, highlight=False, soft_wrap=True)
    target = out if name is None else path_of(home, name)
    try:
        with file.open("rb") as opened:
            content = opened.read(MAX_FILE_BYTES + 1)
        proposed = proposal_of(read_sheet(content, sheet=sheet), taxonomy.current(), header=header)
    except OSError as error:
        _say(console, language, "unreadable", reason=error.strerror or type(error).__name__)
        return REFUSED
    except SpreadsheetError as error:
        console.print(Text(sentences.of(error).sentence(_spoken(language))))
        return REFUSED
    for note in proposed.notes:
        console.print(Text(note.nl if language == "nl" else note.en))
    _say(console, language, "complete" if proposed.complete else "incomplete")
    if target is None:
        console.print(Text(proposed.text), end="")
    else:
        _keep(home, target, proposed.text)
        _say(console, language, "kept", path=str(target))
    return DONE


def save(
    home: Home,
    name: str,
    file: Path,
    *,
    language: str = "en",
    console: Console | None = None,
) -> int:
    """Keep the mapping in `file` under `name`, when it can be used; in place of an earlier one."""
    console = console or Console(markup=False, highlight=False, soft_wrap=True)
    target = path_of(home, name)
    try:
        with file.open("rb") as opened:
            content = opened.read(MAX_MAPPING_BYTES + 1)
        # Where the period is to come with --period, the mapping names none.
        read_mapping(content, period_later=True)
    except OSError as error:
        _say(console, language, "unreadable", reason=error.strerror or type(error).__name__)
        return REFUSED
    except MappingError as error:
        for one in error.errors:
            console.print(Text(one.sentence(_spoken(language))))
        return REFUSED
    _keep(home, target, content.decode())
    _say(console, language, "kept", path=str(target))
    return DONE


def show(home: Home, *, language: str = "en", console: Console | None = None) -> int:
    """The names of the mappings that are kept."""
    console = console or Console(markup=False, highlight=False, soft_wrap=True)
    names = sorted(path.stem for path in (home.path / "mappings").glob("*.toml"))
    for name in names:
        console.print(Text(name))
    if not names:
        _say(console, language, "none")
    return DONE


def _keep(home: Home, target: Path, text: str) -> None:
    if target.parent == home.path / "mappings":
        home.create()
        target.parent.mkdir(mode=0o700, exist_ok=True)
    try:
        write_private(target, text)
    except OSError as error:
        raise LocalProblem(
            f"The mapping cannot be kept: {error.strerror or type(error).__name__}."
        ) from error


def _spoken(language: str) -> Language:
    return "nl" if language == "nl" else "en"


def _say(console: Console, language: str, name: str, **values: str) -> None:
    sentence = _SAY[name]
    console.print(Text((sentence.nl if language == "nl" else sentence.en).format(**values)))
