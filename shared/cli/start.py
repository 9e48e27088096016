"""`hoeksteen run` and `hoeksteen demo`: start everything, walk, stay or stop."""

from __future__ import annotations

import asyncio
import json
import os
from typing import TYPE_CHECKING

from rich.console import Console

from shared.bus import integrations
from shared.local.home import Home, write_private_json
from shared.local.integrations import bus_of
from shared.local.launcher import Interrupted, Launcher
from shared.local.pages import print_links
from shared.local.session import WITNESSES, Installation, Ports
from shared.local.topology import topology

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_WHERE = ("HOEKSTEEN_HOME", "HOEKSTEEN_PORT")
_ANY = "ORGANISATION"

# As a shell says of a program that Ctrl-C ended (128 + SIGINT).
_INTERRUPTED = 130


def stay(home: Home, *, walk: bool = True) -> int:
    """Start, and stay; gives the exit status. With `walk`, a home's first start makes the walk."""
    console = Console(highlight=False)

    async def body(installation: Installation) -> int:
        if walk and not home.demo.exists():
            code = await _walk(installation, console, new_organisation=False)
            if code != 0:
                return code
        else:
            _print_addresses(console, installation)
        console.print("\nHoeksteen runs. Ctrl-C stops it.")
        await asyncio.Event().wait()
        return 0

    try:
        return _run(home, console, body)
    except Interrupted:
        console.print("Stopped.")
        return 0


def walk_once(home: Home) -> int:
    """Walk in a new organisation: in the running installation, or in one started for it."""
    console = Console(highlight=False)

    async def body(installation: Installation) -> int:
        return await _walk(installation, console, new_organisation=True)

    try:
        if home.in_use():
            return asyncio.run(body(Installation.connect(home)))
        return _run(home, console, body)
    except (Interrupted, KeyboardInterrupt):
        console.print("Stopped before the end.")
        return _INTERRUPTED


async def _walk(installation: Installation, console: Console, *, new_organisation: bool) -> int:
    # Only now: what the walk imports would take the processor from the programs that start.
    from shared.local.demo import walk

    return await walk(installation, console, new_organisation=new_organisation)


def _run(home: Home, console: Console, body: Callable[[Installation], Awaitable[int]]) -> int:
    os.umask(0o077)
    ports = Ports.from_environment()
    with home.locked():
        home.run.unlink(missing_ok=True)
        plan = topology(home, ports)

        async def main() -> int:
            launcher = Launcher(
                plan.programs,
                stop_order=plan.stop_order,
                logs=home.logs,
                console=console,
                port_setting=(
                    f"Stop it, or choose other ports with HOEKSTEEN_PORT (now {ports.base})."
                ),
            )

            async def announced() -> int:
                write_private_json(home.run, plan.installation.to_json())
                keeping = asyncio.create_task(integrations.keep(bus_of(home, ports), console.print))
                try:
                    return await body(plan.installation)
                finally:
                    keeping.cancel()

            return await launcher.run(announced)

        try:
            return asyncio.run(main())
        finally:
            home.run.unlink(missing_ok=True)


def _print_addresses(console: Console, installation: Installation) -> None:
    try:
        organisation = json.loads(installation.home.demo.read_bytes())["organisation"]
    except (FileNotFoundError, ValueError, KeyError):
        organisation = _ANY
    # What another terminal needs to find this installation.
    said = [f"{name}={os.environ[name]}" for name in _WHERE if name in os.environ]
    command = " ".join([*said, ".venv/bin/hoeksteen"])
    console.print(
        f"\nGraphQL   {installation.gateway_url}\n"
        f"GraphiQL  {installation.gateway_origin}/graphiql\n"
        f"Reports   {installation.home.reports}\n"
        f"Logs      {installation.home.logs}\n"
        f"Tokens    {command} token adviser --organisation {organisation}\n"
        f"Time      {command} clock\n"
        f"Witnesses {', '.join(WITNESSES)}: on this machine, so independent of nobody",
        soft_wrap=True,
    )
    if organisation != _ANY:
        print_links(console, installation, organisation)
