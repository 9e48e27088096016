"""The files of SQL that make a schema, in their order, and in which phase of an upgrade each is applied.

What a file is, its name says (docs/upgrade.md):

* `0008_name.expand.sql`: adds. Programs of the release before go on beside it.
* `0008_name.back.sql`: undoes that one, for a release that is taken back. Beside every expand.
* `0008_name.contract.sql`: takes away what only the release before needed; when none of its programs
  is left. It begins with what it cannot give back, as `-- Cannot be undone: ...`.
* `0007_name.sql`: of before there were pairs. Applied in its place while nothing runs.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from shared.local.home import CHECKOUT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

OUTSIDE: Final = "-- Outside a transaction"
"""The beginning of a file of one statement that PostgreSQL takes in no transaction, such as CREATE INDEX
CONCURRENTLY. Said twice it must change nothing: a crash may come between it and its being remembered.
"""

_LOST = re.compile(r"-- Cannot be undone: (.+)")


class MigrationRefused(Exception):  # noqa: N818  its text is the sentence that an operator reads
    """The migrations do not fit the database; the text says which file and what to do."""


class Phase(StrEnum):
    """When in an upgrade a file is applied."""

    PLAIN = "plain"
    EXPAND = "expand"
    CONTRACT = "contract"


@dataclass(frozen=True, slots=True)
class Migration:
    """One file of SQL. `name` is `<origin>/<file name>`, as remembered in the database."""

    name: str
    text: str
    store: bool
    """Whether it belongs to the event store, whose tables a service may only read."""
    back: str | None = None
    """Of an expand, the text that undoes it."""

    @property
    def sha256(self) -> str:
        """Of the text as it stands in the file, in hexadecimal."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def phase(self) -> Phase:
        """As the name says."""
        return phase_of(self.name)

    @property
    def outside(self) -> bool:
        """Whether it is one statement that is said outside a transaction."""
        return self.text.startswith(OUTSIDE)

    @property
    def lost(self) -> str | None:
        """Of a contract, what it cannot give back."""
        found = _LOST.match(self.text)
        return None if found is None else found[1]

    @property
    def pair(self) -> str:
        """What an expand and its contract have in common: `<origin>/0008_name`."""
        return pair_of(self.name)


def phase_of(name: str) -> Phase:
    """The phase of a migration, by its name alone: also of one that this version does not have."""
    for phase in (Phase.EXPAND, Phase.CONTRACT):
        if name.endswith(f".{phase}.sql"):
            return phase
    return Phase.PLAIN


def pair_of(name: str) -> str:
    """`<origin>/0008_name`, of an expand, a contract or a plain file."""
    return re.sub(r"(\.(expand|contract))?\.sql$", "", name)


def migrations_of(service: str, root: Path = CHECKOUT) -> list[Migration]:
    """The migrations of one service, in order: the store's, then its own.

    Raises MigrationRefused for a file without its other half.
    """
    return [
        *_read("store", root / "shared/eventstore/migrations", store=True),
        *_read(service, root / "services" / service / "migrations", store=False),
    ]


def mark_of(migrations: Iterable[Migration]) -> str:
    """What the programs of a release call themselves towards the database (`application_name`): one
    word for all that need the same schema.
    """
    names = [one.name for one in migrations if one.phase is not Phase.CONTRACT]
    return "hoeksteen-" + hashlib.sha256("\n".join(names).encode()).hexdigest()[:12]


def _read(origin: str, folder: Path, *, store: bool) -> list[Migration]:
    files = {file.name: file for file in folder.glob("[0-9][0-9][0-9][0-9]_*.sql")}
    return [
        Migration(
            name=f"{origin}/{name}",
            text=files[name].read_text(encoding="utf-8"),
            store=store,
            back=_back(origin, name, files),
        )
        for name in sorted(_forward(origin, files), key=_place)
    ]


def _forward(origin: str, files: dict[str, Path]) -> Iterator[str]:
    for name in files:
        stem = pair_of(name)
        if name.endswith(".back.sql"):
            name_of_expand = name.replace(".back.sql", ".expand.sql")
            if name_of_expand not in files:
                raise MigrationRefused(
                    f"{origin}/{name} undoes nothing: {name_of_expand} is missing."
                )
            continue
        if phase_of(name) is Phase.CONTRACT and f"{stem}.expand.sql" not in files:
            raise MigrationRefused(f"{origin}/{name} stands alone: {stem}.expand.sql is missing.")
        yield name


def _back(origin: str, name: str, files: dict[str, Path]) -> str | None:
    if phase_of(name) is not Phase.EXPAND:
        return None
    back = files.get(f"{pair_of(name)}.back.sql")
    if back is None:
        raise MigrationRefused(
            f"{origin}/{name} has nothing that undoes it: {pair_of(name)}.back.sql."
        )
    return back.read_text(encoding="utf-8")


def _place(name: str) -> tuple[str, bool]:
    """By number and name, an expand before its contract."""
    return pair_of(name), phase_of(name) is Phase.CONTRACT
