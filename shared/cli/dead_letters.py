"""`hoeksteen dead-letters`: what readers could not take, and the decision to go on without it."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import typer
from nats.js.errors import NotFoundError

from shared.bus.connection import CannotConnect, connect
from shared.bus.consumer import ERROR, POSITION
from shared.bus.tombstone import writer_of
from shared.cli.operate import in_service
from shared.eventstore.week import week_of
from shared.local.problem import LocalProblem
from shared.runtime.words import PASS_OVER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nats.js.client import JetStreamContext

    from shared.local.session import Installation


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A message that a reader failed at too often. Never its body, which may hold facts."""

    stream: str
    durable: str
    position: int
    week: str
    """The ISO week in which it was given up."""
    error: str
    """The class of the last error."""
    waits: bool
    """Whether the reader still stands at it."""


def show(installation: Installation, *, as_json: bool) -> int:
    """Print the dead letters; the exit status."""
    typer.echo(told(asyncio.run(_found(installation)), as_json=as_json))
    return 0


def told(letters: Sequence[DeadLetter], *, as_json: bool) -> str:
    """The list for people, or for programs."""
    if as_json:
        return json.dumps([asdict(letter) for letter in letters])
    if not letters:
        return "There are no dead letters."
    rows = [("stream", "durable", "position", "week", "error", "")] + [
        (
            letter.stream,
            letter.durable,
            str(letter.position),
            letter.week,
            letter.error,
            "the reader waits here" if letter.waits else "the reader has gone on",
        )
        for letter in letters
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def pass_over(installation: Installation, stream: str, position: int, *, yes: bool) -> int:
    """Lay a tombstone on a position, so that its readers go on without it; the exit status."""
    try:
        service = writer_of(stream)
    except KeyError:
        raise LocalProblem(f"No service writes a stream '{stream}'.") from None
    if not yes:
        typer.confirm(
            f"Readers of {stream} that cannot take position {position} will go on without it, for "
            "good: what it says is never counted. Go on?",
            abort=True,
        )
    typer.echo(in_service(installation, service, PASS_OVER, str(position)))
    return 0


async def _found(installation: Installation) -> list[DeadLetter]:
    try:
        client = await connect(
            servers=installation.nats_url,
            user="provisioner",
            password=installation.nats_password_file("provisioner").read_text().strip(),
            name="hoeksteen-dead-letters",
        )
    except CannotConnect as problem:
        raise LocalProblem(str(problem)) from problem
    try:
        return await dead_letters(client.jetstream())
    finally:
        await client.close()


async def dead_letters(js: JetStreamContext) -> list[DeadLetter]:
    """All that are kept, oldest first, as the provisioner sees them."""
    found: list[DeadLetter] = []
    sequence = 1
    while True:
        try:
            message = await js.get_msg("DLQ", seq=sequence, subject="dlq.>", next=True)
        except NotFoundError:
            return found
        _, stream, durable = (message.subject or "").split(".", 2)
        headers = message.headers or {}
        if message.seq is None or message.time is None:
            raise LocalProblem("NATS tells no place or time of a dead letter.")
        position = int(headers[POSITION])
        found.append(
            DeadLetter(
                stream=stream,
                durable=durable,
                position=position,
                week=week_of(message.time),
                error=headers[ERROR],
                waits=await _waits(js, stream, durable, position),
            )
        )
        sequence = message.seq + 1


async def _waits(js: JetStreamContext, stream: str, durable: str, position: int) -> bool:
    try:
        done = (await js.consumer_info(stream, durable)).ack_floor
    except NotFoundError:
        return True
    return done is None or done.stream_seq < position
