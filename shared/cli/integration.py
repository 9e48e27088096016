"""`hoeksteen integration`: who outside takes the released signals, with which credentials, until when."""

from __future__ import annotations

import json
import os
from collections.abc import Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional, TypeVar

import typer

from shared.local.problem import LocalProblem

if TYPE_CHECKING:
    from shared.bus.integrations import Integration, Mode, Register

integration = typer.Typer(
    help="Who takes the released signals over NATS (docs/integrations.md).", no_args_is_help=True
)

Name = Annotated[str, typer.Argument(help="Small letters, digits and -, a letter first.")]
Operator = Annotated[
    Optional[Path],  # noqa: UP045  typer reads the annotation when the program runs
    typer.Option(
        envvar="HOEKSTEEN_NATS_OPERATOR",
        help="Operator mode: the operator's folder. Without it the local installation.",
    ),
]
Days = Annotated[int, typer.Option(help="For how many days the credentials hold.")]
AsJson = Annotated[bool, typer.Option("--json", help="For programs: JSON on standard output.")]

_Result = TypeVar("_Result")


@integration.command("add")
def add(
    name: Name,
    organisation: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(help="An organisation's token, which its adviser sees; may be repeated."),
    ] = None,
    all_organisations: Annotated[  # noqa: FBT002  typer's way to say a flag
        bool, typer.Option("--all-organisations", help="Those too that come later.")
    ] = False,
    days: Days = 365,
    operator: Operator = None,
) -> None:
    """Make an integration with an account, a stream and credentials of its own."""
    from shared.bus import integrations

    tokens = tuple(organisation or ())
    if bool(tokens) == all_organisations:
        raise LocalProblem(
            "Name its organisations with --organisation, or say --all-organisations."
        )
    mode = _mode(operator)
    there, made = _done(integrations.add(mode, name, tokens, days=days))
    if not made:
        typer.echo(f"'{name}' was there already; its account and stream are as they should be.")
        return
    count = "1 organisation" if len(tokens) == 1 else f"{len(tokens)} organisations"
    which = count if tokens else "all organisations"
    typer.echo(f"'{name}' may take the signals of {which}, from the first one on.")
    _handed_over(mode, there)


@integration.command("list")
def show(
    operator: Operator = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """List integrations and their credentials. Nothing that is listed is a secret."""
    from shared.bus import integrations

    try:
        register = integrations.listed(_mode(operator))
    except integrations.Refused as problem:
        raise LocalProblem(str(problem)) from problem
    typer.echo(told(register, datetime.now(UTC), as_json=as_json))


@integration.command("rotate")
def rotate(
    name: Name,
    days: Days = 365,
    overlap_days: Annotated[
        int, typer.Option(help="For how many days the old ones hold on; 0: cut off at once.")
    ] = 7,
    operator: Operator = None,
) -> None:
    """Make new credentials; the old ones hold on for a while, and are cut off by `apply`."""
    from shared.bus import integrations

    mode = _mode(operator)
    there = _done(integrations.rotate(mode, name, days=days, overlap_days=overlap_days))
    old = (
        f"end in {overlap_days} day(s), when `hoeksteen integration apply` is run by then"
        if overlap_days
        else "are cut off"
    )
    typer.echo(f"'{name}' has new credentials; the old ones {old}.")
    _handed_over(mode, there)


@integration.command("apply")
def apply(operator: Operator = None) -> None:
    """Cut off what has ended, finish what was begun, make what is missing. For a daily timetable."""
    from shared.bus import integrations

    done = _done(integrations.apply(_mode(operator)))
    typer.echo("\n".join(done) or "Everything is as it should be.")


@integration.command("remove")
def remove(
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,  # noqa: FBT002
    operator: Operator = None,
) -> None:
    """Cut an integration off, and delete its account, its stream and its place."""
    from shared.bus import integrations

    mode = _mode(operator)
    if not yes:
        typer.confirm(f"'{name}' is cut off and its stream is deleted. Go on?", abort=True)
    _done(integrations.remove(mode, name))
    typer.echo(f"'{name}' is removed.")


@integration.command("operator")
def operator_folder(
    folder: Annotated[Path, typer.Argument(help="Where keys and credentials are kept.")],
    resolver: Annotated[
        Path, typer.Option(help="Where each server keeps the accounts, on the server.")
    ] = Path("/data/accounts"),
    inside: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(
            help="A network, such as 10.244.0.0/16, from which alone our own services may sign in with "
            "credentials that are made now; may be repeated."
        ),
    ] = None,
    anew: Annotated[  # noqa: FBT002
        bool,
        typer.Option(
            "--anew", help="Make the services' credentials anew; the old ones hold until --cut-off."
        ),
    ] = False,
    cut_off: Annotated[  # noqa: FBT002
        bool,
        typer.Option(
            "--cut-off",
            help="When services have theirs of --anew: the next `apply` ends all that are not in the folder.",
        ),
    ] = False,
) -> None:
    """Make an operator's folder, and print what every nats-server's configuration needs of it."""
    from shared.bus.operator import NoOperator, OperatorFolder

    networks = tuple(inside or ())
    if cut_off and (anew or networks):
        raise LocalProblem("--cut-off stands alone: services need their new credentials first.")
    try:
        if anew:
            made = OperatorFolder.opened(folder)
            made.renew(networks)
        elif cut_off:
            made = OperatorFolder.opened(folder)
            made.cut_off_replaced()
        else:
            made = OperatorFolder.made(folder, networks)
        typer.echo(json.dumps(made.server_settings(resolver), indent=2))
    except NoOperator as problem:
        raise LocalProblem(str(problem)) from problem
    except OSError as error:
        raise LocalProblem(f"{folder} cannot be written ({error.strerror}).") from error
    typer.echo(
        f"Keys: {made.keys}; credentials of the services: {made.services}. "
        "Whoever has this folder can make any user.",
        err=True,
    )


def told(register: Register, at: datetime, *, as_json: bool) -> str:
    """The list for people, or for programs."""
    rows = [
        {
            "integration": each.name,
            "organisations": list(each.tokens) or "all",
            "credentials": one.number,
            "issued": f"{one.issued:%Y-%m-%d}",
            "ends": f"{one.ends:%Y-%m-%d}",
            "state": _state(each, one.number, at),
        }
        for each in register.integrations
        for one in each.credentials
    ]
    if as_json:
        return json.dumps(rows)
    if not rows:
        return "There are no integrations."
    lines = [("integration", "organisations", "credentials", "issued", "ends", "")] + [
        (
            str(row["integration"]),
            row["organisations"]
            if isinstance(row["organisations"], str)
            # Tokens say nothing to people, and there may be hundreds.
            else str(len(row["organisations"])),  # type: ignore[arg-type]
            str(row["credentials"]),
            str(row["issued"]),
            str(row["ends"]),
            str(row["state"]),
        )
        for row in rows
    ]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


def _state(each: Integration, number: int, at: datetime) -> str:
    one = next(one for one in each.credentials if one.number == number)
    if each.leaving:
        return "is being removed"
    if one.revoked:
        return "cut off"
    if not one.holds(at):
        return "has ended"
    return "holds" if one.ends == one.expires else "holds until the new ones take over"


def _handed_over(mode: Mode, there: Integration) -> None:
    newest = there.credentials[-1]
    typer.echo(f"  credentials  {mode.file(there.name, newest.number)}")
    typer.echo(f"  they end on  {newest.ends:%Y-%m-%d}")
    if not mode.expires_by_itself:
        typer.echo(f"  user         {newest.user}")
    typer.echo(f"  inbox prefix _INBOX_{there.name}")
    typer.echo("  stream       SIGNALS_EXT, durable integration")


def _mode(operator: Path | None) -> Mode:
    if operator is None:
        from shared.local.integrations import bus_of
        from shared.local.session import Installation

        installation = Installation.connect()
        return bus_of(installation.home, installation.ports)
    from shared.bus.operator import NoOperator, OperatorBus, OperatorFolder

    missing = [
        name
        for name in ("HOEKSTEEN_NATS_URL", "HOEKSTEEN_NATS_MONITOR_URL")
        if not os.environ.get(name)
    ]
    if missing:
        raise LocalProblem(f"Operator mode needs {' and '.join(missing)}.")
    replicas = os.environ.get("HOEKSTEEN_NATS_REPLICAS") or "1"
    if replicas not in {"1", "3", "5"}:
        raise LocalProblem("HOEKSTEEN_NATS_REPLICAS is 1, 3 or 5.")
    authority = os.environ.get("HOEKSTEEN_NATS_CA_FILE")
    try:
        folder = OperatorFolder.opened(operator)
    except NoOperator as problem:
        raise LocalProblem(
            f"{problem} Make the folder: hoeksteen integration operator"
        ) from problem
    return OperatorBus(
        folder,
        servers=os.environ["HOEKSTEEN_NATS_URL"],
        monitor_url=os.environ["HOEKSTEEN_NATS_MONITOR_URL"],
        replicas=int(replicas),
        authority=Path(authority) if authority else None,
        server_name=os.environ.get("HOEKSTEEN_NATS_SERVER_NAME") or None,
    )


def _done(work: Coroutine[Any, Any, _Result]) -> _Result:
    """The result; what cannot be done is told in a sentence."""
    import asyncio

    from shared.bus.configured import NotRead
    from shared.bus.connection import CannotConnect
    from shared.bus.integrations import Refused
    from shared.bus.operator import NoOperator
    from shared.bus.provision import NotProvisioned

    try:
        return asyncio.run(work)
    except (Refused, NotRead, NoOperator, NotProvisioned, CannotConnect) as problem:
        raise LocalProblem(str(problem)) from problem
    except OSError as error:
        raise LocalProblem(f"A file could not be written or read ({error.strerror}).") from error
