"""`hoeksteen import published` against a neighbour that speaks as the gateway does."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from graphql import build_schema, parse, validate

import hoeksteen_client.gateway
from shared.cli.import_published import IMPORT, run
from shared.cli.import_register import FILE_REFUSED, GATEWAY_REFUSED, LOADED, NO_ANSWER
from tests.component.test_import_register import CHECKOUT, ORG, Neighbour, Screen, serving

DEFENSIE = CHECKOUT / "tests/data/published-defensie.json"
ONDERWIJS = CHECKOUT / "tests/data/published-onderwijs.csv"


@pytest.fixture
def neighbour() -> Iterator[Neighbour]:
    """A neighbour that listens for one test."""
    with serving() as server:
        server.field = "importPublished"
        server.result = {
            "__typename": "ImportPublishedPayload",
            "status": "IMPORTED",
            "tables": 3,
            "repeated": 0,
        }
        yield server


def load(
    neighbour: Neighbour, file: Path, *, dry_run: bool = False, org: str = ORG
) -> tuple[int, str]:
    """The exit status and what was printed, in the organisation's language."""
    screen = Screen()
    status = run(file, org, dry_run, neighbour.url, "token", console=screen.console)
    return status, screen.text


def test_tables_are_sent_in_one_piece_with_their_source(neighbour: Neighbour) -> None:
    """And the fingerprint of their file; what is printed says which they are."""
    status, text = load(neighbour, DEFENSIE)

    (sent,) = neighbour.imports
    assert LOADED == status
    assert hashlib.sha256(DEFENSIE.read_bytes()).hexdigest() == sent["fingerprint"]
    assert sent["dryRun"] is False
    assert [("2017", 502), ("2018", 454), ("2019", 458)] == [
        (table["period"], table["total"]) for table in sent["tables"]
    ]
    newest = sent["tables"][2]
    assert (
        "https://www.rijksfinancien.nl/jaarverslag/2020/X/onderdeel/872926" == newest["reference"]
    )
    assert {"label": "Misbruik van geweldsbevoegdheid", "count": 3, "below": None} in newest[
        "cells"
    ]
    assert "De tabellen zijn vastgelegd, met hun bron." in text
    assert all(one in text for one in ("2017", "502", "2019", "458"))


def test_what_a_source_hides_is_sent_as_hidden(neighbour: Neighbour) -> None:
    """From CSV as well."""
    load(neighbour, ONDERWIJS)

    (sent,) = neighbour.imports
    assert {"label": "Domestic abuse", "count": None, "below": 5} in sent["tables"][1]["cells"]


def test_a_dry_run_and_a_repeat_are_told(neighbour: Neighbour) -> None:
    """Each is a command of its own, so that it is not answered as the first one was."""
    neighbour.result["status"] = "CHECKED"
    status, text = load(neighbour, DEFENSIE, dry_run=True)
    assert (LOADED, True) == (status, neighbour.imports[0]["dryRun"])
    assert "er is niets vastgelegd" in text

    neighbour.result |= {"status": "IMPORTED", "tables": 1, "repeated": 2}
    assert "2 ervan stonden er al." in load(neighbour, DEFENSIE)[1]

    neighbour.result |= {"status": "ALREADY_IMPORTED", "tables": 0, "repeated": 3}
    status, text = load(neighbour, DEFENSIE)
    assert LOADED == status
    assert "er is niets veranderd" in text
    assert 3 == len({sent["idempotencyKey"] for sent in neighbour.imports})


def test_a_wrong_file_is_told_and_nothing_is_sent(neighbour: Neighbour, tmp_path: Path) -> None:
    """By its places; nor does the screen show what stood there, or let it steer the terminal."""
    file = tmp_path / "table.csv"
    head, *lines = ONDERWIJS.read_text().splitlines()
    lines[1] = lines[1].replace("Tilburg", "\x1b[31mJan[/bold]")
    lines[2] = lines[2].replace(";13;", ";dertien;")
    file.write_text("\n".join([head, *lines]))

    status, text = load(neighbour, file)

    assert (FILE_REFUSED, []) == (status, neighbour.imports)
    assert "Regel 3: 'label'" in text
    assert "Regel 4: 'count'" in text
    assert "Er is niets vastgelegd." in text
    assert not any(one in text for one in ("Jan", "dertien", "\x1b"))
    assert FILE_REFUSED == load(neighbour, tmp_path / "nothing.csv")[0]


def test_titles_steer_no_terminal(neighbour: Neighbour, tmp_path: Path) -> None:
    """A title may look like markup."""
    file = tmp_path / "table.json"
    file.write_text(DEFENSIE.read_text().replace("Geregistreerde", "[bold]Geregistreerde[/bold]"))

    status, text = load(neighbour, file)

    assert LOADED == status
    assert "[bold]Geregistreerde[/bold]" in text


def test_another_organisation_s_sign_in_records_nothing(neighbour: Neighbour) -> None:
    """The organisation that is named must be the one that the token belongs to."""
    other = "11111111-1111-4111-8111-111111111111"

    assert GATEWAY_REFUSED == load(neighbour, DEFENSIE, org=other)[0]
    assert neighbour.imports == []


def test_the_gateway_s_refusal_is_shown(neighbour: Neighbour) -> None:
    """With its own sentence."""
    sentence = "Dit is te groot: hoogstens 256 KiB."
    neighbour.result = {"__typename": "InvalidInput", "code": "TOO_LARGE", "message": sentence}

    status, text = load(neighbour, DEFENSIE)

    assert GATEWAY_REFUSED == status
    assert sentence in text


def test_a_gateway_that_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """And that it is safe to try again."""
    monkeypatch.setattr(hoeksteen_client.gateway, "_FIRST_PAUSE_SECONDS", 0.0)
    screen = Screen()

    status = run(DEFENSIE, ORG, False, "http://127.0.0.1:9/graphql", "t", console=screen.console)

    assert NO_ANSWER == status
    assert "nothing is ever recorded twice" in screen.text


def test_the_document_fits_the_adviser_s_schema() -> None:
    """It is valid against the committed SDL of the role that imports."""
    sdl = (CHECKOUT / "services/gateway/sdl/adviser.graphql").read_text(encoding="utf-8")

    assert [] == validate(build_schema(sdl), parse(IMPORT))
