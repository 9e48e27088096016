"""Trusted documents: the operations that were released with a front end, of each role.

A manifest is what code generation writes beside a front end's types (graphql-codegen's `persistedDocuments`
with SHA-256): `{"<sha256 of the text>": "<text>"}`, one file per role, `<role>.json`. All are read and
validated when the gateway starts, so that a page never meets a document that its schema refuses.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
from graphql import GraphQLSchema

from services.gateway.operations import CannotRun, Documents
from shared.identity.roles import Role
from shared.runtime.settings import SettingProblem

SETTING: Final = "HOEKSTEEN_DOCUMENTS"


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRules:
    """Which documents run. What is not said is as in local mode: any, and everybody may introspect."""

    folder: Path | None = None
    """Where the manifests are."""
    free: frozenset[Role] = frozenset(Role)
    """Roles that may send text of their own."""
    anonymous_introspection: bool = True
    """Whether somebody without an account may ask for their schema."""


LOCAL: Final = DocumentRules()


def documents_of(
    schemas: Mapping[Role, GraphQLSchema], rules: DocumentRules
) -> dict[Role, Documents]:
    """The documents of each role. Raises SettingProblem for a manifest that cannot be used."""
    manifests = {} if rules.folder is None else _manifests(rules.folder)
    found = {}
    for role, schema in schemas.items():
        try:
            found[role] = Documents(
                schema, trusted=manifests.get(role, {}), free=role in rules.free
            )
        except CannotRun as problem:
            place = " ".join(f"(line {line})" for line, _ in problem.problem.locations[:1])
            raise SettingProblem(
                f"{SETTING}: the document sha256:{problem.digest.hex()} of {role.value}.json does not fit "
                f"the schema of {role.value}: {problem.problem.rule} {place}".rstrip()
                + "."
            ) from None
    return found


def _manifests(folder: Path) -> dict[Role, dict[bytes, str]]:
    if not folder.is_dir():
        raise SettingProblem(f"{SETTING} must be a folder with <role>.json in it.")
    found = {}
    for file in sorted(folder.glob("*.json")):
        if file.stem not in set(Role):
            raise SettingProblem(f"{SETTING}: {file.name} is named for no role.")
        found[Role(file.stem)] = _manifest(file)
    return found


def _manifest(file: Path) -> dict[bytes, str]:
    try:
        texts = msgspec.json.decode(file.read_bytes(), type=dict[str, str])
    except (OSError, msgspec.MsgspecError, UnicodeError) as error:
        raise SettingProblem(
            f'{SETTING}: {file.name} cannot be read as {{"<sha256>": "<document>"}}.'
        ) from error
    for digest, text in texts.items():
        if hashlib.sha256(text.encode()).hexdigest() != digest:
            raise SettingProblem(
                f"{SETTING}: in {file.name} the document under {digest[:12]!r} has another SHA-256. "
                "graphql-codegen writes it with persistedDocuments: {hashAlgorithm: 'sha256'}."
            )
    return {bytes.fromhex(digest): text for digest, text in texts.items()}
