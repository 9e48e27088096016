"""Schemas of messages for programs: as committed, as documented, as others read them, unbroken."""

from __future__ import annotations

import copy
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from shared.contracts.events import CONTRACTS
from shared.contracts.schemas import RELEASED, broken, files, json_schema, outside
from tests.docs.test_docs import DOCS, EVENTS_TEXT, FENCE, section

FOLDER = DOCS / "schemas"
PARSER = Path(__file__).parents[1] / "asyncapi"
OUTSIDE = [name for name, contract in CONTRACTS.items() if outside(contract)]


def example(kind: str) -> dict[str, Any]:
    """The message of docs/events.md."""
    text = section(EVENTS_TEXT, f"### {kind}")
    [found] = [json.loads(match[3]) for match in FENCE.finditer(text) if match[2] == "json"]
    assert isinstance(found, dict)
    return found


def test_what_is_committed_is_what_the_code_makes() -> None:
    """Otherwise: python -m shared.contracts.schemas docs/schemas."""
    assert {path.name: path.read_text() for path in FOLDER.glob("*.json")} == dict(files())


@pytest.mark.parametrize("kind", CONTRACTS)
def test_the_example_is_valid_and_without_its_data_it_is_not(kind: str) -> None:
    """By jsonschema, against the committed schema, which is one itself."""
    schema = json.loads((FOLDER / f"{kind}.json").read_text())
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    message = example(kind)
    assert [problem.message for problem in validator.iter_errors(message)] == []
    first = next(iter(schema["$defs"][schema["properties"]["data"]["$ref"][8:]]["required"]))
    for wrong in (
        {**message, "type": "another"},
        {**message, "week": "2026-12-01"},
        {**message, "data": {k: v for k, v in message["data"].items() if k != first}},
    ):
        assert not validator.is_valid(wrong)
    later = {**message, "data": {**message["data"], "not_known_yet": 1}}
    assert validator.is_valid(later) == outside(CONTRACTS[kind])


@pytest.mark.parametrize("kind", CONTRACTS)
def test_nothing_is_broken_since_the_last_release(kind: str) -> None:
    """A message of the last release is still what it was. A breaking change is a v2 beside v1."""
    path = FOLDER / RELEASED / f"{kind}.json"
    assert path.exists(), "write what is released: python -m shared.contracts.schemas … --release"
    assert broken(json.loads(path.read_text()), json_schema(CONTRACTS[kind])) == []


def test_no_message_of_the_last_release_is_gone() -> None:
    """Each has still a schema."""
    assert {path.stem for path in (FOLDER / RELEASED).glob("*.json")} <= set(CONTRACTS)


def release_of(schema: dict[str, Any]) -> Any:
    return schema["$defs"]["Release"]


def changed_type(schema: dict[str, Any]) -> None:
    release_of(schema)["properties"]["k"] = {"type": "string"}


def changed_deep(schema: dict[str, Any]) -> None:
    schema["$defs"]["ReleasedCell"]["properties"]["code"] = {"type": "integer"}


def changed_values(schema: dict[str, Any]) -> None:
    release_of(schema)["properties"]["policy"]["enum"].remove("exact")


def removed(schema: dict[str, Any]) -> None:
    del release_of(schema)["properties"]["period"]
    release_of(schema)["required"].remove("period")


def required(schema: dict[str, Any]) -> None:
    release_of(schema)["properties"]["new"] = {"type": "string"}
    release_of(schema)["required"].append("new")


def required_now(schema: dict[str, Any]) -> None:
    release_of(schema)["required"].append("grid_id")


def may_be_missing(schema: dict[str, Any]) -> None:
    release_of(schema)["required"].remove("cells")


def never_null(schema: dict[str, Any]) -> None:
    release_of(schema)["properties"]["total"] = {"type": "integer"}


def envelope(schema: dict[str, Any]) -> None:
    schema["properties"]["type"]["const"] = "another"


@pytest.mark.parametrize(
    ("plant", "told"),
    [
        (changed_type, "/data/release/k: type was integer, is string"),
        (changed_deep, "/data/release/cells/items/code: type was string, is integer"),
        (changed_values, "/data/release/policy: the values are others"),
        (removed, "/data/release/period: is gone"),
        (required, "/data/release/new: is new and must be there"),
        (required_now, "/data/release/grid_id: must now be there"),
        (may_be_missing, "/data/release/cells: may now be missing"),
        (never_null, "/data/release/total: had 2 kinds of value, has 1"),
        (envelope, "/type: const was signals.v1.statistics.released, is another"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_a_break_is_told_with_its_place(plant: Callable[[dict[str, Any]], None], told: str) -> None:
    """Each planted in the schema of a table."""
    before = json_schema(CONTRACTS["signals.v1.statistics.released"])
    now = copy.deepcopy(before)
    plant(now)
    assert told in broken(before, now)


def test_a_new_field_that_may_be_missing_breaks_nothing() -> None:
    """Nor does another description."""
    before = json_schema(CONTRACTS["signals.v1.statistics.released"])
    now = copy.deepcopy(before)
    release_of(now)["properties"]["new"] = {"type": "string"}
    release_of(now)["description"] = "Other words."
    assert broken(before, now) == []


def test_asyncapi_s_own_parser_takes_the_document() -> None:
    """Without an error or a warning; in it are the messages that integrations get, and no others."""
    node = shutil.which("node")
    if node is None or not (PARSER / "node_modules/.ready").exists():
        pytest.skip(
            "AsyncAPI's parser is not installed: it needs Node.js and npm; then `make setup`"
        )
    ran = subprocess.run(
        (node, "parse.mjs", FOLDER / "asyncapi.json"),
        cwd=PARSER,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    told = json.loads(ran.stdout)
    # What only recommends (severities 2 and 3: licence, contact, a newer version) is no problem.
    assert [problem for problem in told["problems"] if problem[0] in "01"] == []
    assert told["version"] == "3.0.0"
    assert told["messages"] == sorted(OUTSIDE)
    assert told["addresses"] == sorted(CONTRACTS[kind].subject for kind in OUTSIDE)
