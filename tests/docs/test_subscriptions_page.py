"""docs/subscriptions.md: its examples run, its tables are the code's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from services.gateway import connections, server, sse, websocket
from services.gateway.access import ACCESS, served_schemas
from services.gateway.operations import Documents
from services.gateway.websocket import Close
from shared.identity.roles import Role

TEXT = (Path(__file__).parents[2] / "docs/subscriptions.md").read_text()
EXAMPLES = [
    (Role(role), document)
    for roles, document in re.findall(r"```graphql ([a-z_ ]+)\n(.*?)```", TEXT, re.DOTALL)
    for role in roles.split()
]
FIELDS = {
    name: roles
    for coordinate, roles in ACCESS.items()
    for name in re.findall(r"^Subscription\.(\w+)$", coordinate)
}


@pytest.mark.parametrize("role", sorted(Role))
def test_examples_are_valid_and_show_all_that_a_role_has(role: Role) -> None:
    """Each is within the limits and in the schema of each role that it names."""
    documents = Documents(served_schemas()[role])
    mine = [document for named, document in EXAMPLES if named is role]

    assert all(documents.prepare(document).cost > 0 for document in mine)
    shown = {name for name in FIELDS if any(f"{name}" in document for document in mine)}
    assert shown == {name for name, roles in FIELDS.items() if role in roles}


def test_every_subscription_has_its_row() -> None:
    """With the roles that have it."""
    rows = re.findall(r"^\| `(\w+)(?:\([\w, ]+\))?` \| ([\w, ]+) \| `\w+` \|", TEXT, re.MULTILINE)

    assert {name: {Role(role) for role in roles.split(", ")} for name, roles in rows} == FIELDS


def test_every_code_of_ours_has_its_row() -> None:
    """Codes of WebSocket itself stand there too."""
    rows = [int(code) for code in re.findall(r"^\| (\d{4}) \|", TEXT, re.MULTILINE)]

    ours = {code for code, _ in (why.value for why in Close)}
    assert {code for code in rows if code >= 4000} <= ours <= set(rows)
    assert len(rows) == len(set(rows))


def test_every_bound_is_told() -> None:
    """With the number that the code has."""
    text = TEXT.replace("\n", " ")

    for told in (
        f"at most {websocket.MOST_OPERATIONS} operations at a time",
        f"at most {connections.MOST_OF_ONE} connections",
        f"one gateway {connections.MOST}",
        f"within {websocket.INIT_SECONDS:.0f} s",
        f"more than {websocket.LARGEST_MESSAGE // 1024} KiB",
        f"a ping for {server.PING_SECONDS:.0f} s",
        f"Each {sse.KEEP_ALIVE_SECONDS:.0f} s without an event",
    ):
        assert told in text, told
    assert 3600 == connections.LONGEST_SECONDS  # "after an hour"
