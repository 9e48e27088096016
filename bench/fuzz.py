"""`make fuzz`: what Schemathesis makes of each role's schema, sent to a whole installation.

For every query and mutation that a role's own introspection tells of, Schemathesis writes documents with
arguments that fit the schema. Four things are made likelier than it would make them, so that more than the
first check of an input is reached: ids are mostly of what is there (the organisation's, a case of one's own
that was opened for this operation, and whatever answers have named), texts are at times codes of ours, bytes
are at times sealed words, and an idempotency key is at times one that is taken. Besides, each document
asks whether its change was made.

A refusal is an answer. A fault is a status of 500 or more, an answer that is not JSON or breaks the schema, a
code that the catalogue does not have, `INTERNAL`, a line that a program wrote at level error, or a
program that ended. A part that does not answer in time is counted apart; everything is up, so there is none.
It finds what breaks easily, and no fault that one value among many brings out.

    python -m bench.fuzz [--part ROLE] [--examples 5] [--seed N]
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import secrets
import sys
import tempfile
import time
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import requests
import schemathesis
from graphql import (
    FieldNode,
    NameNode,
    SelectionSetNode,
    Visitor,
    get_introspection_query,
    parse,
    print_ast,
    visit,
)
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure
from schemathesis.graphql import nodes
from schemathesis.graphql.checks import GraphQLServerError

from bench.results import Result, report
from hoeksteen_client import AdviserKey, GatewayClient, GatewayError, ReporterCode
from hoeksteen_client.reporter import door
from hoeksteen_client.reporter_session import OPEN_SESSION
from shared.contracts.errors import Code
from shared.identity.roles import Role
from shared.local import documents
from shared.local.home import CHECKOUT, Home
from shared.local.session import Installation
from shared.local.subjects import subject_of
from shared.local.verified import verify
from tests.system.conftest import running_installation
from tests.system.people import DATA, Organisation

ORDER: Final = (*(role for role in Role if role is not Role.ADMIN), Role.ADMIN)
"""Whoever may set up an organisation comes last."""

_OPEN_CASE: Final = (
    "mutation ($input: OpenCaseInput!) { openCase(input: $input) "
    "{ ... on OpenCasePayload { caseId } ... on UserError { code message } } }"
)
_LATE: Final = frozenset({"UNAVAILABLE", "TIMED_OUT", "KEY_RING_UNAVAILABLE"})
_UNREAD: Final = frozenset(
    {"INVALID_DOCUMENT", "INVALID_VARIABLES", "TOO_COMPLEX", "MALFORMED_REQUEST", "NOT_SIGNED_IN"}
)
"""What is refused before any field is asked for."""
_REFUSED: Final = frozenset({"InvalidInput", "NotFound", "NotAllowed", "Conflict"})
"""What a mutation answers instead of its payload."""
_WORDS: Final = (
    *("whole", "anna", "bram", "bullying", "intimidation", "2018", "2026-H2", "2026-Q3"),
    *("employee", "listening", "phone", "form", "confidential", "2026-03-02", "nl", "a" * 2_001),
)
_KEY: Final = re.compile(r'(idempotencyKey: )(?:"""[\s\S]*?"""|"(?:\\.|[^"\\])*")')
_REMEMBERED: Final = 400
_PATIENCE_S: Final = 60.0


@dataclass
class Known:
    """What arguments are made of, besides what Schemathesis makes up."""

    ids: list[str] = field(default_factory=list)
    sealed: bytes = b""

    def id_at(self, number: int) -> str:
        """One of the ids; the later ones first, which are of what was opened last."""
        return self.ids[-1 - number % len(self.ids)]

    def learn(self, answer: object, name: str = "") -> None:
        """Remember every id in an answer."""
        if isinstance(answer, dict):
            for key, value in answer.items():
                self.learn(value, key)
        elif isinstance(answer, list):
            for value in answer:
                self.learn(value, name)
        elif (
            isinstance(answer, str)
            and (name == "id" or name.endswith("Id"))
            and answer not in self.ids
            and len(self.ids) < _REMEMBERED
        ):
            self.ids.insert(0, answer)


@dataclass
class Told:
    """What one role was answered."""

    role: Role
    operations: int = 0
    sent: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def late(self) -> int:
        """Answers that some part did not give in time."""
        return sum(self.codes[code] for code in _LATE)

    @property
    def read(self) -> float:
        """Which part of the documents was run, in per cent."""
        unread = sum(self.codes[code] for code in _UNREAD)
        return 100 * (1 - unread / self.sent) if self.sent else 0.0


class House:
    """The installation and everybody in it."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.organisation = Organisation(installation)
        self.known = Known()
        self.without = 0
        """Operations for which no case could be opened any more."""

    def furnish(self) -> None:
        """A case, an imported year, a half-year's figures and a published report."""
        organisation = self.organisation
        for _ in range(6):
            organisation.open_case()
        if organisation.load(DATA / "defensie-2018.csv") != 0:
            raise RuntimeError("the register was not imported")
        period = organisation.live_to_tick()
        organisation.publish(str(period), "Gezien met de ondernemingsraad.")
        for found in (organisation.hr.ask(documents.STATISTICS), organisation.statistics()):
            self.known.learn(found)
        self.known.learn({"reports": organisation.adviser.ask(documents.REPORTS)})
        self.known.ids += [str(organisation.id), str(organisation.key.key_id), "anna", "whole"]

    def sign_in(self, role: Role) -> str:
        """A token of somebody who signed in just now, with a case of their own where the role has any."""
        if role is Role.REPORTER:
            return self._reporter()
        if role is Role.ADVISER:
            self._with_key(lambda: self._case(self.organisation.open_case()))
        return self.installation.token(
            "anna" if role is Role.ADVISER else subject_of(role.value),
            role.value,
            None if role is Role.ADMIN else self.organisation.id,
            "whole" if role is Role.MANAGER else None,
        )

    def _case(self, case: UUID) -> None:
        self.known.ids.append(str(case))
        self.known.sealed = b64decode(self.organisation.sealed("iets", case)["ciphertext"])

    def _reporter(self) -> str:
        code, url = ReporterCode.generate(), self.installation.gateway_url
        with GatewayClient(url, door(self.organisation.id)) as client:
            key = b64encode(code.lookup_key).decode()
            opened = client.execute_once(OPEN_SESSION, {"input": {"lookupKey": key}})
            token = str(opened["openReporterSession"]["token"])
            client.sign_in(token)

            def open_case() -> None:
                client.execute(_OPEN_CASE, {"input": self._report(code)})
                self._case(code.case_id)

            self._with_key(open_case)
        return token

    def _report(self, code: ReporterCode) -> dict[str, Any]:
        return {
            "idempotencyKey": secrets.token_urlsafe(16),
            "caseId": str(code.case_id),
            "adviserId": "anna",
            "replyKey": b64encode(code.key.public).decode(),
            "channel": "form",
            "anonymity": "anonymous",
            "reporterRole": "employee",
            "relation": "manager_to_employee",
            "category": "intimidation",
            "statement": {"version": 1, "language": "NL", "how": "READ"},
            "words": [self.organisation.sealed("iets", code.case_id)],
        }

    def _with_key(self, open_case: Callable[[], None]) -> None:
        """Open a case; what was sent before may have given the adviser another key, which nobody has, or
        taken the seat: then with a new key, else with the cases that there are.
        """
        try:
            try:
                open_case()
            except GatewayError:
                self.organisation.key = AdviserKey.generate()
                public = b64encode(self.organisation.key.public).decode()
                self.organisation.adviser.do(documents.PUBLISH_ADVISER_KEY, publicKey=public)
                open_case()
        except GatewayError:
            self.without += 1


def fill_in(known: Known) -> None:
    """Tell Schemathesis what our scalars are made of."""
    numbers = st.integers(0, _REMEMBERED)
    ids = st.one_of(
        st.integers(0, 12).map(known.id_at),
        numbers.map(known.id_at),
        st.uuids().map(str),
        st.text(max_size=30),
    )
    texts = st.one_of(st.text(max_size=60), st.sampled_from(_WORDS))
    data = st.one_of(
        st.binary(max_size=80), st.sampled_from((16, 32, 64)).map(secrets.token_bytes)
    ).map(lambda one: b64encode(one).decode())
    sealed = st.builds(lambda: b64encode(known.sealed).decode())
    days = st.one_of(st.dates().map(str), st.sampled_from(("2026-03-02", "2026-13-40", "")))
    for name, values in (
        ("ID", ids),
        ("String", texts),
        ("Base64", st.one_of(data, sealed, st.text(max_size=20))),
        ("Date", days),
    ):
        schemathesis.graphql.scalar(name, values.map(nodes.String))


def fuzz(house: House, role: Role, examples: int, number: int) -> Told:
    """All operations of one role."""
    told, began = Told(role), time.monotonic()
    url = house.installation.gateway_url
    with requests.Session() as session:
        session.trust_env = False
        session.headers["Accept-Language"] = "en"

        def ask(query: str, token: str) -> requests.Response:
            headers = {"Authorization": f"Bearer {token}"}
            return session.post(url, json={"query": query}, headers=headers, timeout=_PATIENCE_S)

        shown = ask(get_introspection_query(), house.sign_in(role)).json()["data"]
        schema = schemathesis.graphql.from_dict(shown)
        schema.config.update(base_url=url)
        for found in schema.get_all_operations():
            operation = found.ok()
            told.operations += 1
            token = house.sign_in(role)
            headers = {"Authorization": f"Bearer {token}"}
            for case in _cases(operation, examples, number):
                response = case.call(session=session, headers=headers, timeout=_PATIENCE_S)
                told.sent += 1
                problem = _problem(house, told, case, response)
                if problem:
                    told.faults.append(f"{case.operation.label}: {problem}\n{case.body}")
    told.seconds = time.monotonic() - began
    return told


def _cases(operation: Any, examples: int, number: int) -> list[Any]:
    """Documents for one operation, each with a key that is new, taken, or whatever was made up."""
    made: list[Any] = []

    @seed(number)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(operation.as_strategy(), st.integers(0, 9))
    def make(case: Any, chance: int) -> None:
        key = secrets.token_urlsafe(16) if chance else "taken-already"
        if chance < 9:
            case.body = _KEY.sub(rf'\g<1>"{key}"', case.body)
        case.body = _with_types(case.body)
        made.append(case)

    make()
    return made


def _with_types(document: str) -> str:
    """The document, which also asks whether a change was made or refused."""

    class Adds(Visitor):
        def leave_field(self, node: FieldNode, *around: Any) -> FieldNode | None:
            ancestors = around[-1]
            if node.selection_set is None or any(isinstance(one, FieldNode) for one in ancestors):
                return None
            name = FieldNode(name=NameNode(value="__typename"))
            selections = (*node.selection_set.selections, name)
            return FieldNode(
                name=node.name,
                alias=node.alias,
                arguments=node.arguments,
                directives=node.directives,
                selection_set=SelectionSetNode(selections=selections),
            )

    return print_ast(visit(parse(document, no_location=True), Adds()))


def _problem(house: House, told: Told, case: Any, response: Any) -> str | None:
    """What is wrong with an answer, if anything."""
    try:
        case.validate_response(response, checks=[_sound])
    except Failure as failure:
        return f"{type(failure).__name__} {failure.message}"
    except ExceptionGroup as failures:
        return "; ".join(f"{type(one).__name__} {one}" for one in failures.exceptions)
    answer = response.json()
    codes = [error.get("extensions", {}).get("code") for error in answer.get("errors", ())]
    house.known.learn(answer.get("data"))
    refused = [
        value["__typename"]
        for value in (answer.get("data") or {}).values()
        if isinstance(value, dict) and value["__typename"] in _REFUSED
    ]
    told.codes[(codes or refused or ["answered"])[0]] += 1
    unknown = [code for code in codes if code not in Code.__members__]
    if unknown or "INTERNAL" in codes:
        return f"{response.status_code} {codes}"
    return None


def _sound(context: Any, response: Any, case: Any) -> None:
    """Schemathesis' own checks, but for one that takes every refusal of a field for a fault."""
    with contextlib.suppress(GraphQLServerError):  # its code tells, which is looked at
        not_a_server_error(context, response, case)
    case.operation.schema.validate_response(case.operation, response, case=case)


def errors_of(home: Home) -> Iterator[str]:
    """Every line that a program wrote at level error, and every traceback."""
    for path in sorted(home.logs.glob("*.log")):
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            told = json.loads(line) if line.startswith("{") else {}
            if line.startswith("Traceback") or told.get("level") in {"error", "critical"}:
                yield f"{path.stem}: {line}"


def trial(roles: tuple[Role, ...], examples: int, number: int, home: Home) -> list[Result]:
    """Everything once, on an empty home."""
    results: list[Result] = []

    def none(name: str, value: float, unit: str = "") -> None:
        results.append(Result(name=name, value=value, unit=unit, bound=0, better="lower"))

    with running_installation(home) as installation:
        house = House(installation)
        house.furnish()
        fill_in(house.known)
        all_told: list[Told] = []
        for role in roles:
            told = fuzz(house, role, examples, number)
            print(
                f"{role}: {told.operations} operations, {told.sent} documents in"
                f" {told.seconds:.0f} s; {told.read:.0f} % run;"
                f" {dict(told.codes.most_common())}",
                flush=True,
            )
            for fault in told.faults:
                print(fault, flush=True)
            if house.without:
                print(f"for {house.without} operations so far no case could be opened", flush=True)
            all_told.append(told)
            none(f"{role}: faults", len(told.faults), f"in {told.sent} documents")
        least = min(all_told, key=lambda told: told.read)
        run = Result(
            name=f"documents that were run, of the role with fewest ({least.role})",
            value=round(least.read, 1),
            unit="%",
            bound=50,
            better="higher",
        )
        results.append(run)
        none("answers that some part did not give in time", sum(told.late for told in all_told))
        lines = list(errors_of(home))
        for line in lines:
            print(line, flush=True)
        none("lines at level error", len(lines))
        none("ledgers that do not verify (exit status)", verify(installation))
        house.organisation.close()
    return results


def main() -> int:
    """Send it all; the exit status says whether nothing broke."""
    os.environ.pop("PYTHONPATH", None)  # the installation runs on what it is tested with
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--part", choices=[role.value for role in Role], action="append")
    parser.add_argument("--examples", type=int, default=5)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**31))
    chosen = parser.parse_args()
    print(f"seed {chosen.seed}", flush=True)
    roles = tuple(role for role in ORDER if role.value in (chosen.part or list(Role)))
    with tempfile.TemporaryDirectory(prefix="hoeksteen-fuzz-") as folder:
        results = trial(roles, chosen.examples, chosen.seed, Home(Path(folder) / "home"))
    path = CHECKOUT / "var" / "results" / "fuzz.json"
    return report(results, path, f"Schemathesis over each role's schema (seed {chosen.seed})")


if __name__ == "__main__":
    sys.exit(main())
