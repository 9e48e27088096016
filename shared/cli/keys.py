"""The commands of `hoeksteen adviser-key` and `hoeksteen recovery-key`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from shared.local.problem import LocalProblem

if TYPE_CHECKING:
    from collections.abc import Callable

    from shared.cli.who import SignedIn

adviser_key = typer.Typer(help="An adviser's own keys.", no_args_is_help=True)
recovery_key = typer.Typer(help="The key that opens what an adviser lost.", no_args_is_help=True)

KeyFile = Annotated[Path, typer.Argument(help="The key file.")]
Gateway = Annotated[
    Optional[str],  # noqa: UP045  typer reads the annotation when the program runs
    typer.Option(help="The gateway's address; without it the installation of this machine."),
]
TokenFile = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option(help="A file with your token, for --gateway."),
]
OfOrganisation = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(help="The organisation's id (local mode)."),
]
Sub = Annotated[Optional[str], typer.Option(help="Who signs in (local mode).")]  # noqa: UP045
Passphrase = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option("--passphrase-file", help="A file with the passphrase; without it you type it."),
]


def _in(
    gateway: str | None,
    token_file: Path | None,
    organisation: str | None,
    sub: str | None,
    role: str = "adviser",
) -> SignedIn:
    from shared.cli.who import Who

    return Who(gateway, token_file, organisation, sub, role).sign_in()


def _gateway_errors(work: Callable[[], int]) -> None:
    """Run `work` and exit with its status; what the gateway refuses is told in its sentence."""
    from hoeksteen_client import GatewayError, Unreachable
    from shared.contracts.errors import Code

    try:
        status = work()
    except Unreachable as error:
        raise LocalProblem("The gateway does not answer; the command can be repeated.") from error
    except GatewayError as refusal:
        if refusal.code == Code.INVALID_DOCUMENT:  # what a role may not do, its schema cannot say
            raise LocalProblem("The role that you signed in with cannot do this.") from refusal
        raise LocalProblem(str(refusal)) from refusal
    raise typer.Exit(status)


@adviser_key.command("new")
def new(file: KeyFile, passphrase_file: Passphrase = None) -> None:
    """Make a key pair in a new file, locked with a passphrase. Nothing is sent."""
    from shared.cli.adviser_key import make
    from shared.cli.who import passphrase

    make(file, passphrase(passphrase_file, new=True))


@adviser_key.command("publish")
def publish(
    file: KeyFile,
    gateway: Gateway = None,
    token_file: TokenFile = None,
    organisation: OfOrganisation = None,
    sub: Sub = None,
    passphrase_file: Passphrase = None,
) -> None:
    """Put your key in the organisation's directory: the first one, or after a device was lost."""
    from shared.cli import adviser_key as keys
    from shared.cli.who import passphrase

    who = _in(gateway, token_file, organisation, sub)
    key = keys.load(file, passphrase(passphrase_file))
    _gateway_errors(lambda: keys.publish(who, key))


@adviser_key.command("rotate")
def rotate(
    old: Annotated[Path, typer.Argument(help="The file of the present key.")],
    new: Annotated[Path, typer.Argument(help="The file of the next one; made if it is not there.")],
    gateway: Gateway = None,
    token_file: TokenFile = None,
    organisation: OfOrganisation = None,
    sub: Sub = None,
    passphrase_file: Passphrase = None,
) -> None:
    """Put a new key in the old one's place, signed by the old one. Keep the old file: it opens."""
    from shared.cli import adviser_key as keys
    from shared.cli.who import passphrase

    who = _in(gateway, token_file, organisation, sub)
    secret = passphrase(passphrase_file)
    before = keys.load(old, secret)

    def work() -> int:
        keys.must_be_current(who, before)
        key = keys.load(new, secret) if new.exists() else keys.make(new, secret)
        return keys.publish(who, key, before)

    _gateway_errors(work)


def _withdraw(
    reason: str, key_id: str | None, gateway: str | None, token_file: Path | None,
    organisation: str | None, sub: str | None,
) -> None:  # fmt: skip
    from shared.cli import adviser_key as keys

    who = _in(gateway, token_file, organisation, sub)
    _gateway_errors(lambda: keys.withdraw(who, key_id, reason))


KeyId = Annotated[
    Optional[str],  # noqa: UP045
    typer.Argument(help="The key's id; without it your current key."),
]


@adviser_key.command("lost")
def lost(
    key_id: KeyId = None,
    gateway: Gateway = None,
    token_file: TokenFile = None,
    organisation: OfOrganisation = None,
    sub: Sub = None,
) -> None:
    """Say that the device with a key is lost: nothing is sealed to it any more."""
    _withdraw("LOST", key_id, gateway, token_file, organisation, sub)


@adviser_key.command("stolen")
def stolen(
    key_id: KeyId = None,
    gateway: Gateway = None,
    token_file: TokenFile = None,
    organisation: OfOrganisation = None,
    sub: Sub = None,
) -> None:
    """Say that it was stolen: running cases also go on under new case keys."""
    _withdraw("STOLEN", key_id, gateway, token_file, organisation, sub)


@adviser_key.command("export")
def export(
    file: KeyFile,
    to: Annotated[Path, typer.Argument(help="A file that does not exist yet.")],
    passphrase_file: Passphrase = None,
    new_passphrase_file: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="A file with the passphrase of the copy; without it you type it."),
    ] = None,
) -> None:
    """Write the key to another file, under a passphrase of its own, for another device or a safe."""
    from shared.cli import adviser_key as keys
    from shared.cli.who import passphrase

    key = keys.load(file, passphrase(passphrase_file))
    raise typer.Exit(keys.export(key, to, passphrase(new_passphrase_file, new=True, of="copy")))


@adviser_key.command("check")
def check(
    files: Annotated[list[Path], typer.Argument(help="All your key files, old ones too.")],
    gateway: Gateway = None,
    token_file: TokenFile = None,
    organisation: OfOrganisation = None,
    sub: Sub = None,
    passphrase_file: Passphrase = None,
    log_key: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="The log's public keys as you kept them; or those that are served."),
    ] = None,
) -> None:
    """Say whether exactly your own keys stand in the directory and in the log. Exit status 1: no."""
    from shared.cli import adviser_key as keys
    from shared.cli.who import passphrase

    who = _in(gateway, token_file, organisation, sub)
    secret = passphrase(passphrase_file)
    mine = [keys.load(file, secret).key_id for file in files]
    _gateway_errors(lambda: keys.check(who, mine, log_key))


@adviser_key.command("list")
def list_keys(
    gateway: Gateway = None,
    token_file: TokenFile = None,
    organisation: OfOrganisation = None,
    sub: Sub = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,  # noqa: FBT002  typer's way to say a flag
) -> None:
    """List the directory: every adviser's keys, and the recovery keys."""
    from shared.cli import adviser_key as keys

    who = _in(gateway, token_file, organisation, sub)
    _gateway_errors(lambda: keys.listed(who, as_json=as_json))


Record = Annotated[Path, typer.Argument(help="The record of the ceremony, which is public.")]


@recovery_key.command("make")
def make(
    record: Record,
    organisation: Annotated[str, typer.Option(help="The organisation's id.")],
    to: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="A folder for the five shares, to be printed; else they are shown."),
    ] = None,
) -> None:
    """Make a recovery key and split it among five people; three of them can put it together."""
    from uuid import UUID

    from shared.cli import recovery_key as ceremony

    try:
        of = UUID(organisation)
    except ValueError:
        raise LocalProblem("The organisation's id is a UUID.") from None
    raise typer.Exit(ceremony.make(of, record, to))


@recovery_key.command("publish")
def propose(
    record: Record,
    file: KeyFile,
    gateway: Gateway = None,
    token_file: TokenFile = None,
    organisation: OfOrganisation = None,
    sub: Sub = None,
    passphrase_file: Passphrase = None,
) -> None:
    """Propose it, as an adviser, signed with your own key. A second person confirms it."""
    from shared.cli import adviser_key as keys
    from shared.cli import recovery_key as ceremony
    from shared.cli.who import passphrase

    who = _in(gateway, token_file, organisation, sub)
    made = ceremony.read_record(record)
    key = keys.load(file, passphrase(passphrase_file))
    _gateway_errors(lambda: ceremony.publish(who, made, key))


@recovery_key.command("confirm")
def confirm(
    key_id: Annotated[str, typer.Argument(help="Its id, as on the record.")],
    gateway: Gateway = None,
    token_file: TokenFile = None,
    organisation: OfOrganisation = None,
    sub: Sub = None,
    role: Annotated[
        str, typer.Option(help="coordinator or works_council (local mode).")
    ] = "works_council",
) -> None:
    """Confirm it, as coordinator or works council: words are sealed to it from then on."""
    from shared.cli import recovery_key as ceremony

    if role not in ("coordinator", "works_council"):
        raise LocalProblem("A recovery key is confirmed by a coordinator or the works_council.")
    who = _in(gateway, token_file, organisation, sub, role)
    _gateway_errors(lambda: ceremony.confirm(who, key_id))


@recovery_key.command("combine")
def combine(
    record: Record,
    share: Annotated[
        Optional[list[Path]],  # noqa: UP045
        typer.Option(help="A file with one share; may be repeated. Without it you type them."),
    ] = None,
    case: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="Take this case, whose recovery for you was approved."),
    ] = None,
    key: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="Your own key file, to which the case is sealed."),
    ] = None,
    gateway: Gateway = None,
    token_file: TokenFile = None,
    organisation: OfOrganisation = None,
    sub: Sub = None,
    passphrase_file: Passphrase = None,
) -> None:
    """Put the key together, in memory: to try the shares, or to take over a case with --case."""
    from shared.cli import adviser_key as keys
    from shared.cli import recovery_key as ceremony
    from shared.cli.who import passphrase

    if (case is None) != (key is None):
        raise LocalProblem("--case and --key belong together.")
    made = ceremony.read_record(record)
    whole = ceremony.put_together(made, ceremony.shares_of(share or []))
    if case is None or key is None:
        typer.echo(f"These shares make the recovery key {made.key_id}. It was not kept.")
        return
    taken = case
    who = _in(gateway, token_file, organisation, sub)
    mine = keys.load(key, passphrase(passphrase_file))
    _gateway_errors(lambda: ceremony.take_over(who, whole, mine, taken))
