"""What an operator has the program do once instead of running: `python -m services.webhooks add …`."""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from services.webhooks.destinations import (
    SystemResolver,
    checked_addresses,
    destination,
)
from services.webhooks.settings import WebhookSettings, open_store
from services.webhooks.signing import new_private_key, new_secret, shown, successor_of
from services.webhooks.store import Store, StoreProblem

ORGANISATIONS: Final = "organisations.json"
"""Beside the file: the tokens of all organisations that somebody wants, for provisioning."""

_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_WEEK: Final = re.compile(r"\d{4}-W(0[1-9]|[1-4]\d|5[0-3])")


def operate(settings: WebhookSettings, arguments: Sequence[str]) -> str:
    """Do it; what is to be told. Raises Unreachable, StoreProblem, WrongKey, SettingProblem."""
    asked = _parser().parse_args(arguments)
    store = open_store(settings)
    try:
        doing: Callable[[WebhookSettings, Store, argparse.Namespace], str] = asked.doing
        return doing(settings, store, asked)
    finally:
        store.close()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m services.webhooks")
    commands = parser.add_subparsers(required=True)

    def command(name: str, doing: object, *, of_one: bool = True) -> argparse.ArgumentParser:
        made = commands.add_parser(name)
        made.set_defaults(doing=doing)
        if of_one:
            made.add_argument("subscription")
        return made

    add = command("add", _add, of_one=False)
    add.add_argument("url")
    add.add_argument("--organisation", action="append", required=True)
    add.add_argument("--since")
    add.add_argument("--key-pair", action="store_true")
    command("list", _list, of_one=False).add_argument("--json", action="store_true")
    command("rotate", _rotate).add_argument("--overlap-hours", type=float, default=24.0)
    command("remove", _remove)
    command("enable", _enable)
    replay = command("replay", _replay)
    one = replay.add_mutually_exclusive_group()
    one.add_argument("--id")
    one.add_argument("--since")
    dead = command("dead-letters", _dead_letters, of_one=False)
    dead.add_argument("subscription", nargs="?")
    dead.add_argument("--json", action="store_true")
    return parser


def _add(settings: WebhookSettings, store: Store, asked: argparse.Namespace) -> str:
    for token in asked.organisation:
        if not _TOKEN.fullmatch(token):
            raise StoreProblem("An organisation's token holds letters, digits, - and _ only.")
    _check_week(asked.since)
    asyncio.run(_look(settings, asked.url))
    secret = new_private_key() if asked.key_pair else new_secret()
    subscription = store.add(asked.url, asked.organisation, secret, asked.since)
    _write_organisations(settings, store)
    told = (
        "This is the subscription's id, and the public key by which the receiver knows what is ours."
        if asked.key_pair
        else "This is the subscription's id and its secret. The secret is shown this once: give it to "
        "the receiver over a way that others cannot read."
    )
    return f"{subscription}\n{shown(secret)}\n{told}"


async def _look(settings: WebhookSettings, url: str) -> None:
    """Whether the address may be reached now; it is looked at again with each attempt."""
    resolver = SystemResolver()
    try:
        await checked_addresses(destination(url, settings.rules), settings.rules, resolver)
    finally:
        resolver.close()


def _list(_settings: WebhookSettings, store: Store, asked: argparse.Namespace) -> str:
    found = store.subscriptions(time.time())
    if asked.json:
        return json.dumps([asdict(each) for each in found])
    if not found:
        return "There are no subscriptions."
    return _table(
        ("id", "pending", "delivered", "dead", "secrets", "state", "organisations", "address"),
        [
            (
                each.id,
                str(each.pending),
                str(each.delivered),
                str(each.dead),
                str(each.secrets),
                "active" if each.disabled is None else f"disabled: {each.disabled}",
                ",".join(each.organisations) + (f" since {each.since}" if each.since else ""),
                each.url,
            )
            for each in found
        ],
    )


def _rotate(_settings: WebhookSettings, store: Store, asked: argparse.Namespace) -> str:
    hours: float = asked.overlap_hours
    if not 0 <= hours <= 24 * 30:
        raise StoreProblem("The two secrets may overlap for at most 720 hours.")
    secret = successor_of(store.newest_secret(asked.subscription))
    store.rotate(asked.subscription, secret, time.time() + hours * 3600)
    told = f"The earlier one signs beside it for {hours:g} hours." if hours else "It signs alone."
    if shown(secret) != secret:
        return f"{shown(secret)}\nThis is the new public key. {told}"
    return f"{secret}\nThis is the new secret, shown this once. {told}"


def _remove(settings: WebhookSettings, store: Store, asked: argparse.Namespace) -> str:
    store.remove(asked.subscription)
    _write_organisations(settings, store)
    return f"{asked.subscription} is removed; nothing more is sent to it."


def _enable(_settings: WebhookSettings, store: Store, asked: argparse.Namespace) -> str:
    store.enable(asked.subscription)
    return (
        f"{asked.subscription} gets what comes from now on; `replay` sends what it has missed, "
        "with --since also what came while it was disabled."
    )


def _replay(_settings: WebhookSettings, store: Store, asked: argparse.Namespace) -> str:
    _check_week(asked.since)
    count = store.replay(asked.subscription, webhook_id=asked.id, since=asked.since)
    return f"{count} {'message is' if count == 1 else 'messages are'} sent again."


def _dead_letters(_settings: WebhookSettings, store: Store, asked: argparse.Namespace) -> str:
    found = store.dead_letters(asked.subscription)
    if asked.json:
        return json.dumps([asdict(each) for each in found])
    if not found:
        return "There are no dead letters."
    return _table(
        ("subscription", "webhook-id", "organisation", "week", "attempts", "error"),
        [
            (
                each.subscription,
                each.id,
                each.organisation,
                each.week,
                str(each.attempts),
                each.error,
            )
            for each in found
        ],
    )


def _check_week(since: str | None) -> None:
    if since is not None and not _WEEK.fullmatch(since):
        raise StoreProblem("--since is an ISO week, such as 2026-W40.")


def _write_organisations(settings: WebhookSettings, store: Store) -> None:
    path = settings.webhooks_dir / ORGANISATIONS
    new = Path(f"{path}.new")
    new.write_text(json.dumps(store.organisations()) + "\n", encoding="utf-8")
    new.replace(path)


def _table(heads: tuple[str, ...], lines: Sequence[tuple[str, ...]]) -> str:
    rows = [heads, *lines]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def tell(text: str) -> None:
    """Print an answer."""
    sys.stdout.write(f"{text}\n")
