"""What integrations and services may rely on, for programs: JSON Schema of each message, and AsyncAPI 3.0.

`python -m shared.contracts.schemas docs/schemas` writes them; with `--release` also the copy that
later versions are compared with. `broken` says what a new schema no longer promises.

* JSON Schema 2020-12 of the whole message, one file per type: `<type>.json`.
* AsyncAPI 3.0 of what integrations receive: `asyncapi.json`.

A reader takes fields that it does not know; so schemas of what goes outside allow them.
"""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from shared.contracts.events import CONTRACTS, CloudEvent, Contract

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
RELEASED: Final = "released"
"""The folder, beside the schemas, of those of the last release."""

VERSION: Final = "1.0.0"
"""Of the AsyncAPI document: raised by whoever adds to what integrations receive."""

_WEEK: Final = "^[0-9]{4}-W[0-9]{2}$"

Schema = dict[str, Any]


def outside(contract: Contract) -> bool:
    """Whether integrations receive it."""
    return contract.subject.startswith("signals.v1.")


def json_schema(contract: Contract) -> Schema:
    """The schema of a whole message of this type."""
    whole = msgspec.json.schema(contract.data)
    found: Schema = {
        "$schema": DIALECT,
        "$id": f"urn:hoeksteen:message:{contract.type}",
        **_envelope(contract, {"$ref": whole["$ref"]}),
        "$defs": whole["$defs"],
    }
    schema: Schema = _read(found, closed=not outside(contract))
    return schema


def asyncapi() -> Schema:
    """The document for integrations: where each message comes, and what it is."""
    contracts = [each for each in CONTRACTS.values() if outside(each)]
    _, components = msgspec.json.schema_components(
        [each.data for each in contracts], ref_template="#/components/schemas/{name}"
    )
    names = {each.type: each.data.__name__ for each in contracts}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Hoeksteen: what is released",
            "version": VERSION,
            "description": (
                "Released figures and signals of the organisations that an integration was given, at their "
                "calendar, as CloudEvents 1.0 in structured JSON. They are read from the stream "
                "SIGNALS_EXT of the integration's own account, through its durable consumer "
                "`integration`: docs/integrations.md."
            ),
        },
        "defaultContentType": "application/cloudevents+json",
        "servers": {
            "production": {
                "host": "nats.example.org:4222",
                "protocol": "nats",
                "description": "Your operator tells the address. TLS, and a credentials file.",
            }
        },
        "channels": {
            name: {
                "address": contract.subject,
                "description": _words(contract.data),
                "parameters": {
                    "token": {"description": "The organisation's token: 16 hex digits, at random."}
                },
                "messages": {name: {"$ref": f"#/components/messages/{name}"}},
            }
            for contract in contracts
            for name in (names[contract.type],)
        },
        "operations": {
            f"receive{name}": {
                "action": "receive",
                "channel": {"$ref": f"#/channels/{name}"},
                "messages": [{"$ref": f"#/channels/{name}/messages/{name}"}],
            }
            for name in names.values()
        },
        "components": {
            "messages": {
                name: {
                    "name": contract.type,
                    "title": name,
                    "summary": _words(contract.data),
                    "contentType": "application/cloudevents+json",
                    "headers": {
                        "type": "object",
                        "properties": {
                            "Nats-Msg-Id": {"type": "string", "description": "Equal to `id`."}
                        },
                    },
                    "payload": _envelope(contract, {"$ref": f"#/components/schemas/{name}"}),
                }
                for contract in contracts
                for name in (names[contract.type],)
            },
            "schemas": {
                name: _read(schema, closed=False) for name, schema in sorted(components.items())
            },
        },
    }


def files() -> Iterator[tuple[str, str]]:
    """The name of each file and its text."""
    for contract in CONTRACTS.values():
        yield f"{contract.type}.json", _text(json_schema(contract))
    yield "asyncapi.json", _text(asyncapi())


def write(folder: Path, *, release: bool = False) -> None:
    """Write them; with `release` also as what later versions are compared with."""
    (folder / RELEASED).mkdir(parents=True, exist_ok=True)
    for name, text in files():
        (folder / name).write_text(text, encoding="utf-8")
        if release and name != "asyncapi.json":
            (folder / RELEASED / name).write_text(text, encoding="utf-8")


def broken(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What readers of messages could rely on before and cannot now, each in a sentence with its place.

    A field that is gone or may now be missing, another type or another set of values. A field that
    must now be there is one too: messages from before do not have it, and are read again.
    """
    return sorted(set(_compared("", before, before, now, now)))


def _compared(
    place: str, old: Mapping[str, Any], old_root: Any, new: Mapping[str, Any], new_root: Any
) -> Iterator[str]:
    old, new = _followed(old, old_root), _followed(new, new_root)
    where = place or "the message"
    for key in ("type", "const", "format", "pattern", "contentEncoding"):
        if old.get(key) != new.get(key):
            yield f"{where}: {key} was {old.get(key)}, is {new.get(key)}"
    if set(old.get("enum", ())) != set(new.get("enum", ())):
        yield f"{where}: the values are others"
    were, are = old.get("properties", {}), new.get("properties", {})
    must_before, must_now = set(old.get("required", ())), set(new.get("required", ()))
    for name in were:
        if name not in are:
            yield f"{place}/{name}: is gone"
        else:
            yield from _compared(f"{place}/{name}", were[name], old_root, are[name], new_root)
            if name in must_before - must_now:
                yield f"{place}/{name}: may now be missing"
            if name in must_now - must_before:
                yield f"{place}/{name}: must now be there"
    for name in must_now - set(were):
        yield f"{place}/{name}: is new and must be there"
    for key in ("items", "additionalProperties"):
        if isinstance(old.get(key), dict) or isinstance(new.get(key), dict):
            yield from _compared(
                f"{place}/{key}", _schema(old.get(key)), old_root, _schema(new.get(key)), new_root
            )
    yield from _alternatives(place, old, old_root, new, new_root)


def _alternatives(
    place: str, old: Mapping[str, Any], old_root: Any, new: Mapping[str, Any], new_root: Any
) -> Iterator[str]:
    were, are = old.get("anyOf", ()), new.get("anyOf", ())
    if len(were) != len(are):
        yield f"{place or 'the message'}: had {len(were) or 1} kinds of value, has {len(are) or 1}"
        return
    for number, (one, other) in enumerate(zip(were, are, strict=True)):
        yield from _compared(f"{place}/anyOf/{number}", one, old_root, other, new_root)


def _followed(schema: Mapping[str, Any], root: Any) -> Mapping[str, Any]:
    reference = schema.get("$ref")
    if reference is None:
        return schema
    found: Any = root
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return _followed(found, root)


def _schema(value: object) -> Schema:
    return value if isinstance(value, dict) else {}


def _envelope(contract: Contract, data: Schema) -> Schema:
    """CloudEvents 1.0.2, with what a message of ours always has. There is no `time`."""
    properties: Schema = {
        "specversion": {"type": "string", "const": "1.0"},
        "id": {
            "type": "string",
            "minLength": 1,
            "description": "At random, and the same if the message comes twice.",
        },
        "source": {"type": "string", "format": "uri-reference", "minLength": 1},
        "type": {"type": "string", "const": contract.type},
        "week": {"type": "string", "pattern": _WEEK, "description": "The ISO 8601 week."},
        "datacontenttype": {"type": "string", "const": "application/json"},
        "data": data,
    }
    if list(properties) != list(CloudEvent.__struct_fields__):
        raise AssertionError("The envelope has other fields than CloudEvent.")
    return {
        "title": contract.type,
        "description": _words(contract.data),
        "type": "object",
        "properties": properties,
        "required": list(properties),
    }


def _read(schema: Any, *, closed: bool) -> Any:
    """The same, its descriptions in one line; unless `closed`, fields that are not known may be there."""
    if isinstance(schema, dict):
        return {
            key: " ".join(value.split())
            if key == "description" and isinstance(value, str)
            else _read(value, closed=closed)
            for key, value in schema.items()
            if closed or not (key == "additionalProperties" and value is False)
        }
    return [_read(each, closed=closed) for each in schema] if isinstance(schema, list) else schema


def _words(shape: type) -> str:
    return " ".join((inspect.getdoc(shape) or "").split())


def _text(value: Schema) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    write(Path(sys.argv[1]), release="--release" in sys.argv[2:])
