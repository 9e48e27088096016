"""The documents say what the code does: settings, events, messages, errors, packages, commands."""

from __future__ import annotations

import dataclasses
import json
import re
import tomllib
import types
from pathlib import Path
from typing import Any, get_args, get_type_hints

import msgspec
import pytest
import typer
from graphql import parse, validate

from services.gateway.access import served_schemas
from services.gateway.http import STATUS, UNSERVED
from services.gateway.settings import GatewaySettings
from services.intake import events as intake_events
from services.reporting import events as reporting_events
from services.signals import events as signals_events
from services.webhooks.settings import WebhookSettings
from shared.cli import app
from shared.contracts.errors import CATALOGUE
from shared.contracts.events import CONTRACTS, CloudEvent
from shared.eventstore.types import EventTypes
from shared.identity.roles import Role
from shared.runtime.calls import AccessRecorded
from shared.runtime.settings import ServiceSettings

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(
    [
        *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
        *DOCS.rglob("*.md"),
        *ROOT.glob("clients/*/README.md"),
    ]
)
EVENTS: dict[str, EventTypes] = {
    "Intake": intake_events.TYPES,
    "Signals": signals_events.TYPES,
    "Reporting": reporting_events.TYPES,
}
SCHEMAS = served_schemas()

# Reading Markdown --------------------------------------------------------------------------------

FENCE = re.compile(r"^( *)```([^\n]*)\n(.*?)^\1```", re.MULTILINE | re.DOTALL)


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def section(text: str, heading: str) -> str:
    """What stands under a heading, up to the next one of its level or above."""
    level = len(heading) - len(heading.lstrip("#"))
    found = re.search(rf"^{re.escape(heading)}$", text, re.MULTILINE)
    assert found, f"no heading '{heading}'"
    rest = text[found.end() :]
    end = re.search(rf"^#{{1,{level}}} ", rest, re.MULTILINE)
    return rest[: end.start()] if end else rest


def rows(text: str) -> list[list[str]]:
    """The cells of all tables in `text`, without their heads."""
    found: list[list[str]] = []
    head = 2
    for line in text.splitlines():
        if not line.startswith("|"):
            head = 2
        elif head:
            head -= 1
        else:
            found.append([cell.strip() for cell in line.strip("|").split("|")])
    return found


def names(text: str) -> list[str]:
    """The code names in the first column of the tables in `text`."""
    return [row[0].strip("`") for row in rows(text)]


def headings(text: str, level: int) -> list[str]:
    return re.findall(rf"^#{{{level}}} (.+)$", FENCE.sub("", text), re.MULTILINE)


def anchors(text: str) -> set[str]:
    """The anchors that a reader's browser finds, as GitHub makes them of headings."""
    found: set[str] = set()
    for heading in re.findall(r"^#{1,6} (.+)$", FENCE.sub("", text), re.MULTILINE):
        plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", plain.strip().lower()).replace(" ", "-")
        number = 0
        while (slug if not number else f"{slug}-{number}") in found:
            number += 1
        found.add(slug if not number else f"{slug}-{number}")
    return found


def code_of(text: str) -> list[str]:
    """Fenced blocks line by line, indented blocks, and what stands between backticks."""
    blocks = [match[3] for match in FENCE.finditer(text)]
    rest = FENCE.sub("", text)
    indented = [line.strip() for line in rest.splitlines() if line.startswith("    ")]
    spans = re.findall(r"`([^`\n]+)`", rest)
    return [line.strip() for block in blocks for line in block.splitlines()] + indented + spans


# Settings ----------------------------------------------------------------------------------------

SETTINGS = text_of(DOCS / "settings.md")


def test_every_setting_is_documented() -> None:
    """A setting that any program reads stands in docs/settings.md, and no other does."""
    in_code = {
        name
        for folder in ("shared", "services", "clients")
        for file in (ROOT / folder).rglob("*.py")
        for name in re.findall(r"HOEKSTEEN_[A-Z_]*[A-Z]", text_of(file))
    }
    for settings in (ServiceSettings, GatewaySettings, WebhookSettings):
        in_code |= {f"HOEKSTEEN_{field.name.upper()}" for field in dataclasses.fields(settings)}

    assert in_code == set(names(SETTINGS))


@pytest.mark.parametrize(
    ("heading", "settings"),
    [
        ("## Intake, signals and reporting", ServiceSettings),
        ("## Gateway", GatewaySettings),
        ("## Webhooks", WebhookSettings),
    ],
)
def test_each_program_has_its_settings(heading: str, settings: type[Any]) -> None:
    """The table of a program lists what that program reads, in the order of its class."""
    assert [f"HOEKSTEEN_{field.name.upper()}" for field in dataclasses.fields(settings)] == names(
        section(SETTINGS, heading)
    )


# Events ------------------------------------------------------------------------------------------

EVENTS_TEXT = text_of(DOCS / "events.md")


def parts_of(cls: type[Any]) -> list[type[Any]]:
    """The dataclasses inside a dataclass's fields, however deep."""
    found: list[type[Any]] = []

    def look(hint: Any) -> None:
        if isinstance(hint, type) and dataclasses.is_dataclass(hint):
            if hint not in found:
                found.append(hint)
                found.extend(part for part in parts_of(hint) if part not in found)
        elif isinstance(hint, types.UnionType) or get_args(hint):
            for argument in get_args(hint):
                look(argument)

    for hint in get_type_hints(cls).values():
        look(hint)
    return found


@pytest.mark.parametrize("service", EVENTS)
def test_every_stored_event_is_documented(service: str) -> None:
    """Each event of a service, and each class inside one, has a table of its fields in order."""
    text = section(EVENTS_TEXT, f"## {service}")
    expected = {cls for cls in EVENTS[service].classes if cls is not AccessRecorded}
    expected |= {part for cls in expected for part in parts_of(cls)}
    if service == "Intake":
        expected.add(AccessRecorded)  # told once, for all services

    assert {cls.__name__ for cls in expected} == set(headings(text, 3))
    for cls in expected:
        assert [field.name for field in dataclasses.fields(cls)] == names(
            section(text, f"### {cls.__name__}")
        ), cls.__name__


def test_every_service_records_who_looked() -> None:
    """AccessRecorded is documented once, so every service must indeed store it."""
    assert all(AccessRecorded in types_.classes for types_ in EVENTS.values())


def test_every_message_is_documented() -> None:
    """The messages of the page are those that services publish, and no others."""
    assert list(CONTRACTS) == headings(section(EVENTS_TEXT, "## Messages"), 3)


@pytest.mark.parametrize("kind", CONTRACTS)
def test_each_message_has_a_true_example(kind: str) -> None:
    """Stream and subject are named, and the example is a message of that contract, whole."""
    contract = CONTRACTS[kind]
    text = section(EVENTS_TEXT, f"### {kind}")
    (example,) = [match[3] for match in FENCE.finditer(text) if match[2] == "json"]
    event = msgspec.json.decode(example, type=CloudEvent)
    data = json.loads(bytes(event.data))

    assert f"Stream {contract.stream}, subject `{contract.subject}`" in text
    assert contract.type == event.type
    msgspec.convert(data, contract.data, strict=True)
    assert {field.encode_name for field in msgspec.structs.fields(contract.data)} == set(data)


# Errors and packages -----------------------------------------------------------------------------


def test_every_error_has_both_sentences() -> None:
    """docs/errors.md shows the catalogue as it is: codes in order, English and Dutch."""
    table = text_of(DOCS / "errors.md").split("\n## ", 1)[0]

    assert [[f"`{code}`", told.en, told.nl] for code, told in CATALOGUE.items()] == rows(table)


def test_every_status_is_documented() -> None:
    """The page shows the HTTP status of each refusal that GraphQL is not reached with."""
    table = rows(section(text_of(DOCS / "errors.md"), "## Status of an HTTP answer"))
    others = ["any other", "400"]

    assert [[f"`{code}`", str(status)] for code, status in STATUS.items()] + [
        others,
        *([lacks, str(status)] for lacks, status in UNSERVED.items()),
    ] == table


@pytest.mark.parametrize(
    ("heading", "extra"),
    [
        ("## To run", None),
        ("## Local mode", "local"),
        ("## To work", "dev"),
        ("## Fuzzing", "fuzz"),
        ("## Manifests", "manifests"),
        ("## Images", "image"),
    ],
)
def test_every_dependency_has_its_reason(heading: str, extra: str | None) -> None:
    """Each direct dependency stands in its table with a reason, a licence and a substitute."""
    project = tomllib.loads(text_of(ROOT / "pyproject.toml"))
    named = project["project"]["optional-dependencies"] | project["dependency-groups"]
    wanted = named[extra] if extra else project["project"]["dependencies"]
    table = rows(section(text_of(DOCS / "dependencies.md"), heading))

    assert {re.split(r"[\[<>=]", each)[0] for each in wanted} == {
        row[0].strip("`") for row in table
    }
    assert all(len(row) == 4 and all(row) for row in table)


@pytest.mark.parametrize(
    ("folder", "heading"),
    [
        ("clients/typescript", "## The TypeScript client"),
        ("tests/conformance/node", "## Conformance"),
    ],
)
def test_every_package_of_npm_has_its_reason(folder: str, heading: str) -> None:
    """What npm installs directly stands in its table too."""
    package = json.loads(text_of(ROOT / folder / "package.json"))
    table = rows(section(text_of(DOCS / "dependencies.md"), heading))

    assert {*package["dependencies"], *package.get("devDependencies", {})} == {
        row[0].strip("`") for row in table
    }
    assert all(len(row) == 4 and all(row) for row in table)


def test_roles_with_a_schema_are_listed() -> None:
    """The page that says who may ask the gateway lists every role once, and each has a schema."""
    listed = names(section(text_of(DOCS / "architecture.md"), "## Who asks"))

    assert [role.value for role in Role] == listed
    assert set(Role) == set(SCHEMAS)


# Links, commands, queries ------------------------------------------------------------------------


def page_id(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link leads to a file that is there, and to a heading that it has."""
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", FENCE.sub("", text_of(page))):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(text_of(target))):
            broken.append(link)

    assert [] == broken


def test_the_index_names_every_document() -> None:
    """Nothing is written that docs/README.md does not lead to."""
    index = text_of(DOCS / "README.md")
    linked = {(DOCS / link).resolve() for link in re.findall(r"\]\(([^)\s#]+)\)", index)}

    assert set() == set(DOCS.rglob("*.md")) - linked - {DOCS / "README.md"}


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_make_targets_exist(page: Path) -> None:
    """Every `make` target that a page names is in the Makefile."""
    targets = set(re.findall(r"^([a-z-]+):", text_of(ROOT / "Makefile"), re.MULTILINE))
    named = {
        word
        for line in code_of(text_of(page))
        for word in re.findall(r"(?:^|[\s;&])make ([a-z][a-z-]*)", line)
    }

    assert set() == named - targets


def test_the_help_names_every_measurement() -> None:
    """`make help` says which parts `make bench` has: the programs that no other target or part runs."""
    told = re.search(r"^bench:.*\(PART=([a-z|]+)\)", text_of(ROOT / "Makefile"), re.MULTILINE)
    programs = {
        path.stem for path in (ROOT / "bench").glob("*.py") if "__main__" in path.read_text()
    }
    of_others = {
        "attack_anonymity",
        "attack_gateway",
        "attack_integration",
        "attack_ledger",
        "conformance",
        "faults",
        "faults_cluster",
        "fuzz",
        "gateway_fanout",
        "gateway_page",
        "gateway_probe",
        "gateway_servers",
        "image",
        "manifests",
        "soak",
        "store_growth",
        "upgrade",
    }

    assert told is not None
    assert programs - of_others == {*told[1].split("|")}


def command_problem(line: str) -> str | None:
    """What is wrong with one line that calls `hoeksteen`: no such command, no such option."""
    command: Any = typer.main.get_command(app)
    words = line.split("#", maxsplit=1)[0].replace("[", " ").replace("]", " ").split()
    while words and hasattr(command, "commands"):
        name = words.pop(0)
        if name.startswith("-"):
            words.insert(0, name)
            break
        if name not in command.commands:
            return name
        command = command.commands[name]
    known = {option for each in command.params for option in (*each.opts, *each.secondary_opts)}
    for word in words:
        if word in ("|", ";", "&&", ">"):
            break
        if word.startswith("--") and word.split("=")[0] not in known | {"--help"}:
            return word
    return None


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_hoeksteen_commands_exist(page: Path) -> None:
    """Every `hoeksteen` command that a page names exists, with the options it is given."""
    problems = [
        (line, problem)
        for line in code_of(text_of(page))
        for call in re.findall(r"(?:^|[\s(/])(?<!-n )hoeksteen +([a-z-][^`)]*)", line)
        if (problem := command_problem(call)) is not None
    ]

    assert [] == problems


def documents_of(page: Path) -> list[tuple[str, str]]:
    """GraphQL in a page: (role or nothing, document), fenced or as the body of a curl."""
    found: list[tuple[str, str]] = []
    for match in FENCE.finditer(text_of(page)):
        language, _, role = match[2].strip().partition(" ")
        if language == "graphql":
            named = re.match(r"\s*# *(?:role: *)?([a-z_]+)\s*$", match[3], re.MULTILINE)
            found.append((role or (named[1] if named else ""), match[3]))
        found += [
            ("", json.loads(body)["query"])
            for body in re.findall(r"'(\{\"query\".*?\})'", match[3], re.DOTALL)
        ]
    return found


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_queries_are_valid(page: Path) -> None:
    """Every GraphQL document in a page is valid for each role it names; else for one of them all."""
    wrong = []
    for roles, document in documents_of(page):
        parsed, named = parse(document), [SCHEMAS[Role(role)] for role in roles.split()]
        if named:
            valid = not any(validate(schema, parsed) for schema in named)
        else:
            valid = not all(validate(schema, parsed) for schema in SCHEMAS.values())
        if not valid:
            wrong.append((roles, document))

    assert [] == wrong
