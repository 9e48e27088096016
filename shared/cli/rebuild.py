"""`hoeksteen rebuild`: streams and projections anew, from what the databases hold."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import typer

from shared.bus import provision
from shared.bus.connection import CannotConnect
from shared.bus.provision import NotProvisioned
from shared.bus.rebuild import rebuild, streams_of
from shared.cli.operate import in_service
from shared.local.problem import LocalProblem
from shared.local.program import answers
from shared.local.session import SERVICES
from shared.local.topology import provisioner_environment
from shared.runtime.words import REBUILD_PROJECTIONS

if TYPE_CHECKING:
    from shared.local.session import Installation


def streams(installation: Installation, service: str | None, *, yes: bool) -> int:
    """Delete streams and make them anew; their services publish everything again."""
    services = chosen(service)
    names = ", ".join(streams_of(services))
    if not yes:
        typer.confirm(
            f"{names}: everything in it is deleted, and published again from the database. Go on?",
            abort=True,
        )
    try:
        asyncio.run(_rebuild(installation, services))
    except (NotProvisioned, CannotConnect) as problem:
        raise LocalProblem(str(problem)) from problem
    typer.echo(f"{names}: made anew; within a minute it is filled from the database.")
    return 0


def projections(installation: Installation, service: str | None) -> int:
    """Make the projections anew while the services run."""
    for each in chosen(service):
        typer.echo(in_service(installation, each, REBUILD_PROJECTIONS, watched=True))
    return 0


def chosen(service: str | None) -> tuple[str, ...]:
    """The services that an option names; all of them without it. Raises LocalProblem."""
    if service is None:
        return SERVICES
    if service not in SERVICES:
        raise LocalProblem(f"There is no service '{service}' with a stream: {', '.join(SERVICES)}.")
    return (service,)


async def _rebuild(installation: Installation, services: tuple[str, ...]) -> None:
    for service in services:
        # Not ready is also a service whose database is older than its stream. There the stream is
        # the only place that holds what readers have passed.
        port = installation.ports.service(service)
        if not await answers(f"http://127.0.0.1:{port}/health/ready"):
            raise LocalProblem(
                f"{service} is not ready, so nothing was deleted: its database may be older than "
                "its stream. Its log says why."
            )
    await rebuild(provision.settings(provisioner_environment(installation)), services)
