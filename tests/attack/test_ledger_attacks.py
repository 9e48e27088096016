"""Every attack of `make attack PART=ledger`, each found under its name; an untouched log in order."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.attack_ledger import found
from bench.ledger_attacks import ATTACKS, CONTROL, Attack
from bench.ledger_lab import Witnesses, witnesses
from tests.conftest import Database


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Witnesses]:
    """Two witness programs, for all attacks."""
    with witnesses(tmp_path_factory.mktemp("witnesses")) as running:
        yield running


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
async def test_an_attack_is_found_and_named(
    attack: Attack, database: Database, tmp_path: Path, watched: Witnesses
) -> None:
    """With superuser rights, or a log key, or on the bus: what was done is told by its kind."""
    assert attack.told in await found(database.url, tmp_path, watched, attack)


async def test_an_untouched_log_is_in_order(
    database: Database, tmp_path: Path, watched: Witnesses
) -> None:
    """Where nobody did anything, nothing is told: a check that always cries is worth nothing."""
    assert set() == await found(database.url, tmp_path, watched, CONTROL)


def test_attacks_have_names_of_their_own() -> None:
    """A table in which two rows are called the same would hide one."""
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS)
