"""`hoeksteen webhook`: who gets the released signals at an address of their own (docs/webhooks.md)."""

from __future__ import annotations

import subprocess
import sys
from typing import Annotated, Optional

import typer

from shared.local.home import CHECKOUT, Home
from shared.local.problem import LocalProblem

webhook = typer.Typer(
    help="Who gets the released signals at an address of their own.", no_args_is_help=True
)

Subscription = Annotated[str, typer.Argument(help="The subscription's id, from `webhook list`.")]
Since = Annotated[
    Optional[str],  # noqa: UP045  typer reads the annotation when the program runs
    typer.Option(help="Signals of this ISO week and later: 2026-W40."),
]
AsJson = Annotated[bool, typer.Option("--json", help="For programs: JSON on standard output.")]


@webhook.command("add")
def add(
    url: Annotated[str, typer.Argument(help="The receiver's address, https:// in the open.")],
    organisation: Annotated[
        list[str], typer.Option(help="An organisation's token; may be repeated.")
    ],
    since: Since = None,
    key_pair: Annotated[  # noqa: FBT002  typer's way to say a flag
        bool, typer.Option("--key-pair", help="Sign with a key of ours (v1a), not a shared secret.")
    ] = False,
) -> None:
    """Subscribe a receiver to organisations' signals; its secret is shown once."""
    from shared.local import webhooks

    home = Home()
    first = not webhooks.are_wanted(home)
    tokens = [word for each in organisation for word in ("--organisation", each)]
    _do("add", url, *tokens, *_option("--since", since), *(("--key-pair",) if key_pair else ()))
    if first and home.in_use():
        typer.echo("Start Hoeksteen again: the webhooks begin with the next start.", err=True)


@webhook.command("list")
def show(as_json: AsJson = False) -> None:  # noqa: FBT002
    """List subscriptions: what waits, what arrived, what was given up."""
    _do("list", *(("--json",) if as_json else ()))


@webhook.command("rotate")
def rotate(
    subscription: Subscription,
    overlap_hours: Annotated[
        float, typer.Option(help="For how long the earlier secret signs too; 0: no more.")
    ] = 24.0,
) -> None:
    """Make a new secret, shown once; both sign for a while."""
    _do("rotate", subscription, "--overlap-hours", str(overlap_hours))


@webhook.command("remove")
def remove(
    subscription: Subscription,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,  # noqa: FBT002
) -> None:
    """Send nothing more, and forget what was not delivered."""
    if not yes:
        typer.confirm("What was not delivered is forgotten. Go on?", abort=True)
    _do("remove", subscription)


@webhook.command("enable")
def enable(subscription: Subscription) -> None:
    """Send again to a receiver that had answered 410 Gone."""
    _do("enable", subscription)


@webhook.command("replay")
def replay(
    subscription: Subscription,
    webhook_id: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--id", help="One message, by its webhook-id."),
    ] = None,
    since: Since = None,
) -> None:
    """Send again: dead letters, or one message, or all of a week and later."""
    if webhook_id is not None and since is not None:
        raise LocalProblem("Say --id or --since, not both.")
    _do("replay", subscription, *_option("--id", webhook_id), *_option("--since", since))


@webhook.command("dead-letters")
def dead_letters(
    subscription: Annotated[
        Optional[str],  # noqa: UP045
        typer.Argument(help="Those of one subscription; without it all."),
    ] = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """List what was given up, and why. Never what a message says."""
    _do(
        "dead-letters",
        *((subscription,) if subscription is not None else ()),
        *(("--json",) if as_json else ()),
    )


def _option(name: str, value: str | None) -> tuple[str, ...]:
    return () if value is None else (name, value)


def _do(*arguments: str) -> None:
    """Have the program do it, which knows the file; print what it says. Raises LocalProblem."""
    from shared.local.session import Ports
    from shared.local.topology import webhooks_environment

    home = Home()
    home.create()
    answer = subprocess.run(
        (sys.executable, "-m", "services.webhooks", *arguments),
        cwd=CHECKOUT,
        env=webhooks_environment(home, Ports.from_environment()),
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode != 0:
        lines = answer.stderr.strip().splitlines()
        raise LocalProblem(lines[-1].removeprefix("webhooks: ") if lines else "It was not done.")
    typer.echo(answer.stdout.strip())
