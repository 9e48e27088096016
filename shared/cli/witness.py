"""`hoeksteen witness`: make a witness, tell it which logs to watch, run it, look at it."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import typer

from shared.ledger.witness.state import Witness, WitnessProblem
from shared.local.problem import LocalProblem

if TYPE_CHECKING:
    from pathlib import Path


def init(folder: Path, name: str) -> int:
    """Make the key and print what others need of it."""
    try:
        witness = Witness.init(folder, name)
    except WitnessProblem as problem:
        raise LocalProblem(str(problem)) from problem
    typer.echo(witness.cosigner.vkey)
    return 0


def trust(folder: Path, vkey: str) -> int:
    """Cosign the logs of this key from now on."""
    try:
        new = Witness(folder).trust(vkey)
    except WitnessProblem as problem:
        raise LocalProblem(str(problem)) from problem
    typer.echo("This witness cosigns it from now on." if new else "It was trusted already.")
    return 0


def show(folder: Path, *, as_json: bool) -> int:
    """Exit status 1 where something asks to be looked at: evidence, or a damaged file."""
    try:
        witness = Witness(folder)
        trusted = witness.trusted()
    except WitnessProblem as problem:
        raise LocalProblem(str(problem)) from problem
    logs = witness.remembered()
    if as_json:
        document = {
            "vkey": witness.cosigner.vkey,
            "trusted": [each.vkey for each in trusted],
            "logs": [
                {
                    "origin": None if each.head is None else each.head.origin,
                    "size": None if each.head is None else each.head.size,
                    "root": None if each.head is None else each.head.root.hex(),
                    "cosigned_at": each.cosigned_at,
                    "evidence": each.evidence,
                    "file": each.file,
                }
                for each in logs
            ],
        }
        typer.echo(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        typer.echo(f"This witness: {witness.cosigner.vkey}")
        typer.echo(f"It trusts {len(trusted)} keys of logs:")
        for key in trusted:
            typer.echo(f"  {key.vkey}")
        typer.echo(f"It remembers {len(logs)} logs:")
        for each in logs:
            if each.head is None or each.cosigned_at is None:
                typer.echo(f"  logs/{each.file} is damaged or missing; it cosigns nothing of it.")
            else:
                when = datetime.fromtimestamp(each.cosigned_at, UTC)
                typer.echo(
                    f"  {each.head.origin}: {each.head.size} entries, {when:%Y-%m-%d %H:%M} UTC"
                )
            if each.evidence:
                typer.echo(
                    f"    {each.evidence} requests did not fit; they are kept in "
                    f"evidence/{each.file}: show them to the auditor."
                )
    return int(any(each.evidence or each.head is None for each in logs))


def serve(folder: Path, *, host: str, port: int, prefix: str, clock_file: Path | None) -> int:
    """Answer requests until the program is stopped."""
    import uvicorn

    from shared.ledger.witness.app import application
    from shared.runtime.clock import MovableClock, SystemClock

    if clock_file is not None and os.environ.get("HOEKSTEEN_MODE") != "local":
        raise LocalProblem(
            "--clock-file (a movable clock) is for local mode only: a witness tells the time."
        )
    if prefix and (not prefix.startswith("/") or prefix.endswith("/")):
        raise LocalProblem("--prefix starts with a slash and does not end in one: /witness.")
    try:
        witness = Witness(folder)
        witness.trusted()
    except WitnessProblem as problem:
        raise LocalProblem(str(problem)) from problem
    clock = SystemClock() if clock_file is None else MovableClock(clock_file)
    uvicorn.run(
        application(witness, now=clock.now, prefix=prefix),
        host=host,
        port=port,
        access_log=False,
        log_level="warning",
        server_header=False,
    )
    return 0
