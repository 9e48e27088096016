"""The command line `hoeksteen`.

Only typer is imported at the top: each command brings in what it needs, so that `--help` is quick.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Optional

import typer

from shared.cli import integration as _integration
from shared.cli import keys as _keys
from shared.cli.version import VERSION
from shared.cli.webhook import webhook as _webhook
from shared.local.home import Home, write_private
from shared.local.problem import LocalProblem

app = typer.Typer(
    name="hoeksteen",
    help="Hoeksteen: the backend for an organisation's confidential advisers.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
_import = typer.Typer(help="Bring in what an organisation has already.", no_args_is_help=True)
app.add_typer(_import, name="import")
_rebuild = typer.Typer(help="Make anew what is made of the databases.", no_args_is_help=True)
app.add_typer(_rebuild, name="rebuild")
_dead_letters = typer.Typer(help="Messages that a reader could not take.")
app.add_typer(_dead_letters, name="dead-letters")
_key_ring = typer.Typer(help="The keys that wrap all others.", no_args_is_help=True)
app.add_typer(_key_ring, name="key-ring")
_erasure = typer.Typer(help="What was erased.", no_args_is_help=True)
app.add_typer(_erasure, name="erasure")

_witness = typer.Typer(help="Cosign the logs of others.", no_args_is_help=True)
app.add_typer(_witness, name="witness")
app.add_typer(_integration.integration, name="integration")
app.add_typer(_keys.adviser_key, name="adviser-key")
app.add_typer(_keys.recovery_key, name="recovery-key")
_checkpoint = typer.Typer(help="A checkpoint on paper.", no_args_is_help=True)
app.add_typer(_checkpoint, name="checkpoint")
app.add_typer(_webhook, name="webhook")

Organisation = Annotated[str, typer.Option(help="The organisation's id.")]
OfOrganisation = Annotated[
    Optional[str],  # noqa: UP045  typer reads the annotation when the program runs
    typer.Option(help="Only this organisation's logs, by id."),
]
FromExport = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option(help="From a folder that `hoeksteen export` wrote."),
]
FromGateway = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(help="Through the gateway at this address, as the organisation's auditor."),
]
TokenFile = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option(help="A file with the auditor's token, for --gateway."),
]
AsJson = Annotated[bool, typer.Option("--json", help="For programs: JSON on standard output.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def _known_language(language: str) -> str:
    """Exit status 2, as for every wrong flag: 1 would say that something is not in order."""
    if language not in ("en", "nl"):
        raise typer.BadParameter("The languages are en and nl.")
    return language


def _one_of(*allowed: str) -> Callable[[str | None], str | None]:
    """Exit status 2 for anything else."""

    def known(given: str | None) -> str | None:
        if given is not None and given not in allowed:
            raise typer.BadParameter(f"There is {', '.join(allowed)}.")
        return given

    return known


Language = Annotated[str, typer.Option(help="en or nl.", callback=_known_language)]
WitnessFolder = Annotated[Path, typer.Option("--dir", help="The folder of this witness.")]


@app.command()
def run(
    walk: Annotated[bool, typer.Option(help="Walk the first time; or start bare.")] = True,  # noqa: FBT002  typer's way to say a flag
) -> None:
    """Start everything here and stay until Ctrl-C; the first time, walk one case to a report."""
    from shared.cli.start import stay

    raise typer.Exit(stay(Home(), walk=walk))


@app.command()
def demo() -> None:
    """Walk one case to a published report in a new organisation, verify it, and end."""
    from shared.cli.start import walk_once

    raise typer.Exit(walk_once(Home()))


@app.command()
def verify(
    organisation: OfOrganisation = None,
    export: FromExport = None,
    gateway: FromGateway = None,
    token_file: TokenFile = None,
    policy: Annotated[
        Optional[Path],  # noqa: UP045  typer reads the annotation when the program runs
        typer.Option(help="Whose keys and cosignatures you trust (C2SP tlog-policy)."),
    ] = None,
    memory: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="Your own memory of earlier visits, a folder."),
    ] = None,
    no_memory: Annotated[bool, typer.Option("--no-memory", help="Remember nothing.")] = False,  # noqa: FBT002  typer's way to say a flag
    compare: Annotated[
        Optional[list[Path]],  # noqa: UP045
        typer.Option(help="A checkpoint that somebody else was shown; may be repeated."),
    ] = None,
    processes: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(min=1, help="How many processes read; without it one per core."),
    ] = None,
    as_json: AsJson = False,  # noqa: FBT002
    language: Language = "en",
) -> None:
    """Check every log: leaves, roots, checkpoints, growth. Exit status 1: one is not whole."""
    from shared.cli import ledger

    raise typer.Exit(
        ledger.verify(
            ledger.Source(organisation, export, gateway, token_file),
            policy=policy,
            memory=memory,
            no_memory=no_memory,
            compare=compare or [],
            processes=processes,
            as_json=as_json,
            language=language,
        )
    )


@app.command()
def replay(
    organisation: OfOrganisation = None,
    service: Annotated[str, typer.Option(help="intake, signals or reporting.")] = "intake",
    export: FromExport = None,
    gateway: FromGateway = None,
    token_file: TokenFile = None,
    position: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(help="As the log was when it had this many entries."),
    ] = None,
    stream: Annotated[Optional[str], typer.Option(help="Only this stream, by id.")] = None,  # noqa: UP045
    actor: Annotated[Optional[str], typer.Option(help="Only this pseudonym, in hex.")] = None,  # noqa: UP045
    type: Annotated[Optional[str], typer.Option(help="Only this type of event.")] = None,  # noqa: A002, UP045
    first_week: Annotated[Optional[str], typer.Option(help="From this week: 2026-W48.")] = None,  # noqa: UP045
    last_week: Annotated[Optional[str], typer.Option(help="Until this week.")] = None,  # noqa: UP045
    with_blanks: Annotated[bool, typer.Option("--with-blanks", help="Blank entries too.")] = False,  # noqa: FBT002
    timeline: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="Tell the whole life of this stream in sentences, without content."),
    ] = None,
    as_json: AsJson = False,  # noqa: FBT002
    language: Language = "en",
) -> None:
    """Tell the skeleton of a log: what happened in which week, and nobody's words."""
    from shared.cli import ledger

    raise typer.Exit(
        ledger.replay(
            ledger.Source(organisation, export, gateway, token_file),
            service=service,
            position=position,
            stream=stream,
            actor=actor,
            type=type,
            first_week=first_week,
            last_week=last_week,
            with_blanks=with_blanks,
            timeline_of=timeline,
            as_json=as_json,
            language=language,
        )
    )


@app.command("export")
def export_ledger(
    organisation: Organisation,
    to: Annotated[Path, typer.Option(help="A folder that does not exist yet.")],
    language: Language = "en",
) -> None:
    """Write an organisation's logs to a folder, for its auditor to verify elsewhere."""
    from shared.cli import ledger

    raise typer.Exit(ledger.export(organisation, to, language))


DryRun = Annotated[bool, typer.Option("--dry-run", help="Check only; load nothing.")]
AdviserTokenFile = Annotated[
    Optional[Path],  # noqa: UP045  typer reads the annotation when the program runs
    typer.Option(
        "--token-file",
        help="A file with an adviser's token; without it one is made (local mode).",
    ),
]
AdviserSubject = Annotated[
    Optional[str],  # noqa: UP045  typer reads the annotation when the program runs
    typer.Option("--sub", help="The adviser who signs in; without it the demo's (local mode)."),
]


@_import.command("register")
def import_register(
    file: Annotated[Path, typer.Argument(help="The register, as CSV or XLSX (docs/import.md).")],
    organisation: Organisation,
    mapping: Annotated[
        Optional[str],  # noqa: UP045  typer reads the annotation when the program runs
        typer.Option(help="What its columns mean: the name of a kept mapping, or a .toml file."),
    ] = None,
    period: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="With --mapping: the period of the whole file, such as 2026-H1."),
    ] = None,
    dry_run: DryRun = False,  # noqa: FBT002  typer's way to say a flag
    token_file: AdviserTokenFile = None,
    sub: AdviserSubject = None,
) -> None:
    """Load an existing register: all of it, or, when a row is wrong, none."""
    from shared.cli.import_register import run as load
    from shared.cli.mappings import load as load_mapping
    from shared.local.session import now

    if period is not None and mapping is None:
        raise LocalProblem("--period goes with --mapping.")
    home = Home()
    raise typer.Exit(
        load(
            file,
            organisation,
            dry_run,
            *_adviser(organisation, token_file, sub),
            mapping=None if mapping is None else load_mapping(home, mapping),
            period=period,
            today=now(home).date(),
        )
    )


@_import.command("propose")
def import_propose(
    file: Annotated[Path, typer.Argument(help="A register, as CSV or XLSX (docs/import.md).")],
    sheet: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="The sheet's name, where there are several."),
    ] = None,
    header: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(min=1, help="The row with the names of the columns; without it looked for."),
    ] = None,
    out: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="Write the mapping to this file."),
    ] = None,
    save: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="Keep the mapping under this name."),
    ] = None,
    language: Language = "en",
) -> None:
    """Propose what the columns of a register mean, and say what could not be mapped."""
    from shared.cli.mappings import propose

    raise typer.Exit(
        propose(Home(), file, sheet=sheet, header=header, out=out, name=save, language=language)
    )


@_import.command("save-mapping")
def import_save_mapping(
    name: Annotated[str, typer.Argument(help="The source's name, such as zorg-register.")],
    file: Annotated[Path, typer.Argument(help="The mapping, a .toml file (docs/import.md).")],
    language: Language = "en",
) -> None:
    """Keep a mapping under a name, in place of an earlier one."""
    from shared.cli.mappings import save

    raise typer.Exit(save(Home(), name, file, language=language))


@_import.command("mappings")
def import_mappings(language: Language = "en") -> None:
    """Print the names of the mappings that are kept."""
    from shared.cli.mappings import show

    raise typer.Exit(show(Home(), language=language))


@_import.command("published")
def import_published(
    file: Annotated[Path, typer.Argument(help="The tables, as CSV or JSON (docs/import.md).")],
    organisation: Organisation,
    dry_run: DryRun = False,  # noqa: FBT002
    token_file: AdviserTokenFile = None,
    sub: AdviserSubject = None,
) -> None:
    """Record tables that were published elsewhere, with their source, beside your own figures."""
    from shared.cli.import_published import run as load

    raise typer.Exit(load(file, organisation, dry_run, *_adviser(organisation, token_file, sub)))


@app.command("plan-grid")
def plan_grid(
    units: Annotated[
        Optional[Path],  # noqa: UP045  typer reads the annotation when the program runs
        typer.Argument(help="A tree as CSV: id,name,headcount,parent; without it your own."),
    ] = None,
    cases: Annotated[
        Optional[float],  # noqa: UP045
        typer.Option(help="Expected cases a year; without it estimated by the headcounts."),
    ] = None,
    policy: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            help="noisy or exact; without it your own.", callback=_one_of("noisy", "exact")
        ),
    ] = None,
    profile: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            help="standard or strict, with noisy.", callback=_one_of("standard", "strict")
        ),
    ] = None,
    k: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option("--k", help="The smallest count that is shown, with exact."),
    ] = None,
    picture: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="Write the plan as a picture (SVG) here."),
    ] = None,
    language: Language = "en",
    organisation: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="Ask as this organisation's adviser; without it as an administrator."),
    ] = None,
    token_file: AdviserTokenFile = None,
    sub: AdviserSubject = None,
) -> None:
    """Tell what an organisation of a size would learn, before anything is decided."""
    from shared.cli.plan_grid import run as tell
    from shared.local.session import Installation
    from shared.local.subjects import subject_of

    if organisation is None and token_file is None:
        installation = Installation.connect()
        url, token = (
            installation.gateway_url,
            installation.token(subject_of("admin"), "admin", None),
        )
    else:
        url, token = _adviser(organisation or "", token_file, sub)
    status = tell(
        gateway_url=url,
        token=token,
        units=units,
        cases=cases,
        policy=policy,
        profile=profile,
        k=k,
        language="nl" if language == "nl" else "en",
        picture=picture,
    )
    raise typer.Exit(status)


def _adviser(organisation: str, token_file: Path | None, sub: str | None) -> tuple[str, str]:
    """The gateway's address, and the token of an adviser."""
    from shared.local.session import Installation
    from shared.local.subjects import subject_of

    installation = Installation.connect()
    if token_file is None:
        token = installation.token(sub or subject_of("adviser"), "adviser", organisation)
    else:
        try:
            token = token_file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise LocalProblem(f"{token_file} cannot be read ({error.strerror}).") from error
    return installation.gateway_url, token


@_rebuild.command("streams")
def rebuild_streams(
    service: Annotated[
        Optional[str],  # noqa: UP045  typer reads the annotation when the program runs
        typer.Option(help="intake, signals or reporting; without it all three."),
    ] = None,
    yes: Yes = False,  # noqa: FBT002  typer's way to say a flag
) -> None:
    """Delete a service's stream and fill it again from its database, at the same positions."""
    from shared.cli.rebuild import streams
    from shared.local.session import Installation

    raise typer.Exit(streams(Installation.connect(), service, yes=yes))


@_rebuild.command("projections")
def rebuild_projections(
    service: Annotated[
        Optional[str],  # noqa: UP045  typer reads the annotation when the program runs
        typer.Option(help="intake, signals or reporting; without it all three."),
    ] = None,
) -> None:
    """Fill a service's projections anew from its logs, while it runs."""
    from shared.cli.rebuild import projections
    from shared.local.session import Installation

    raise typer.Exit(projections(Installation.connect(), service))


@app.command()
def audit(
    service: Annotated[
        Optional[str],  # noqa: UP045  typer reads the annotation when the program runs
        typer.Option(help="intake, signals or reporting; without it all three."),
    ] = None,
    as_json: AsJson = False,  # noqa: FBT002
    language: Language = "en",
) -> None:
    """Compare projections with a fresh replay, and streams with the databases. 1: not all agrees."""
    from shared.cli.audit import audit as compare

    raise typer.Exit(compare(service, "nl" if language == "nl" else "en", as_json=as_json))


@app.command()
def backup(
    to: Annotated[Path, typer.Option(help="Folder for database, ledger and key rings.")],
    secrets: Annotated[
        Path, typer.Option(help="Folder for passphrases and log keys: not on the same disk.")
    ],
    base: Annotated[  # noqa: FBT002  typer's way to say a flag
        bool, typer.Option("--base", help="As a base, for a restore to any moment.")
    ] = False,
    keep_days: Annotated[int, typer.Option(min=1, help="After so many days it is removed.")] = 30,
) -> None:
    """Back the running installation up, and remove backups whose day has come."""
    from shared.local.backup import backup as make

    make(Home(), to, secrets, base=base, keep_days=keep_days, say=typer.echo)


@app.command()
def restore(
    source: Annotated[Path, typer.Option("--from", help="Where `hoeksteen backup --to` put it.")],
    secrets: Annotated[
        Optional[Path],  # noqa: UP045  typer reads the annotation when the program runs
        typer.Option(help="The safe's folder: everything is restored, on an empty data folder."),
    ] = None,
    name: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="Which backup; without it the newest."),
    ] = None,
    until: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            help="The database as it was at 2026-11-28T20:40:00Z, from a base and the archive."
        ),
    ] = None,
    although_released: Annotated[  # noqa: FBT002
        bool,
        typer.Option("--although-released", help="Nothing was released since, or it may differ."),
    ] = False,
) -> None:
    """Put a backup back: everything, or without --secrets the database alone. Nothing may run."""
    from shared.local.restore import newest, restore_all, restore_database

    moment = None
    if until is not None:
        try:
            moment = datetime.fromisoformat(until)
        except ValueError:
            raise LocalProblem("A moment is written as 2026-11-28T20:40:00Z.") from None
        moment = moment.replace(tzinfo=moment.tzinfo or UTC)
    chosen = newest(source, name, base=moment is not None, before=moment)
    if secrets is None:
        restore_database(Home(), chosen, until=moment, say=typer.echo)
    else:
        restore_all(Home(), chosen, secrets, although=although_released, say=typer.echo)


@app.command()
def backups(
    erased_on: Annotated[
        Optional[str],  # noqa: UP045  typer reads the annotation when the program runs
        typer.Option(help="Only what may hold what was erased on this day, such as 2026-11-28."),
    ] = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """List what may still hold an erased case, with the day on which each expires."""
    from shared.cli.backups import backups as listed

    raise typer.Exit(listed(Home(), erased_on=erased_on, as_json=as_json))


@_erasure.command("check")
def erasure_check(
    file: Annotated[Path, typer.Argument(help="A statement of erasure.")],
    key: Annotated[
        Optional[Path],  # noqa: UP045  typer reads the annotation when the program runs
        typer.Option(help="A file with the log's public key; without it this machine's."),
    ] = None,
    language: Language = "en",
) -> None:
    """Tell who signed a statement, what it attests and what not. 1: not the log, or some was left."""
    from shared.cli.erasure import check

    raise typer.Exit(check(Home(), file, key, language))


@_dead_letters.callback(invoke_without_command=True)
def dead_letters(
    context: typer.Context,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """List what readers could not take: where it is and the class of the error, never its words."""
    if context.invoked_subcommand is None:
        from shared.cli.dead_letters import show
        from shared.local.session import Installation

        raise typer.Exit(show(Installation.connect(), as_json=as_json))


@_dead_letters.command("pass")
def pass_over(
    stream: Annotated[str, typer.Argument(help="INTAKE, SIGNALS or REPORTING.")],
    position: Annotated[int, typer.Argument(min=1, help="As `dead-letters` lists it.")],
    yes: Yes = False,  # noqa: FBT002
) -> None:
    """Let readers go on without one message, for good: a signed tombstone is laid in its place."""
    from shared.cli.dead_letters import pass_over
    from shared.local.session import Installation

    raise typer.Exit(pass_over(Installation.connect(), stream, position, yes=yes))


@_key_ring.command("status")
def key_ring_status(
    service: Annotated[
        Optional[str],  # noqa: UP045  typer reads the annotation when the program runs
        typer.Option(help="intake, signals or reporting; without it all three."),
    ] = None,
) -> None:
    """Tell whether each ring answers, and how it stands with each data key. 1: something is wrong."""
    from shared.cli.key_ring import status
    from shared.local.session import Installation

    raise typer.Exit(status(Installation.connect(), service))


@_key_ring.command("rotate")
def key_ring_rotate(
    organisation: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="Only this organisation's data keys, by id."),
    ] = None,
    service: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="intake, signals or reporting; without it all three."),
    ] = None,
    keep_old: Annotated[  # noqa: FBT002
        bool, typer.Option("--keep-old", help="Do not destroy the older versions.")
    ] = False,
    yes: Yes = False,  # noqa: FBT002
) -> None:
    """Make new data keys, seal everything anew under them and destroy the old ones, while it runs."""
    from shared.cli.key_ring import rotate
    from shared.local.session import Installation

    raise typer.Exit(
        rotate(Installation.connect(), service, organisation, keep_old=keep_old, yes=yes)
    )


@_witness.command("init")
def witness_init(
    folder: WitnessFolder,
    name: Annotated[str, typer.Option(help="Such as witness.works-council.example.")],
) -> None:
    """Make the key of a new witness, and print its public key for the operator's policy."""
    from shared.cli.witness import init

    raise typer.Exit(init(folder, name))


@_witness.command("trust")
def witness_trust(
    folder: WitnessFolder,
    vkey: Annotated[
        str, typer.Argument(help="The public key of a log or, ending in /*, a service.")
    ],
) -> None:
    """Cosign the logs of one more key."""
    from shared.cli.witness import trust

    raise typer.Exit(trust(folder, vkey))


@_witness.command("show")
def witness_show(folder: WitnessFolder, as_json: AsJson = False) -> None:  # noqa: FBT002
    """Tell what it trusts and remembers. Exit status 1: it has evidence, or a damaged file."""
    from shared.cli.witness import show

    raise typer.Exit(show(folder, as_json=as_json))


@_witness.command("serve")
def witness_serve(
    folder: WitnessFolder,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port to listen on.")] = 8443,
    prefix: Annotated[str, typer.Option(help="The path before /add-checkpoint.")] = "",
    clock_file: Annotated[
        Optional[Path],  # noqa: UP045  typer reads the annotation when the program runs
        typer.Option(help="The movable clock's file (local mode only)."),
    ] = None,
) -> None:
    """Answer requests for cosignatures until it is stopped."""
    from shared.cli.witness import serve

    raise typer.Exit(serve(folder, host=host, port=port, prefix=prefix, clock_file=clock_file))


@_checkpoint.command("print")
def checkpoint_print(
    file: Annotated[
        Optional[Path],  # noqa: UP045  typer reads the annotation when the program runs
        typer.Argument(help="A checkpoint's file; without it the newest of --organisation."),
    ] = None,
    organisation: Annotated[
        Optional[str],  # noqa: UP045  typer reads the annotation when the program runs
        typer.Option(help="The organisation's id, to print from this data folder."),
    ] = None,
    service: Annotated[str, typer.Option(help="intake, signals or reporting.")] = "intake",
    signature: Annotated[bool, typer.Option(help="Print the log's signature too.")] = True,  # noqa: FBT002
    language: Language = "en",
) -> None:
    """Print a checkpoint as a page that can be typed back."""
    from shared.cli.checkpoint import newest, note_of, print_page

    if (file is None) == (organisation is None):
        raise LocalProblem("Name a checkpoint's file, or an organisation with --organisation.")
    note = newest(Home().ledger, service, organisation or "") if file is None else note_of(file)
    raise typer.Exit(print_page(note, language=language, signed=signature))


@_checkpoint.command("key")
def checkpoint_key(
    file: Annotated[Path, typer.Argument(help="The service's log key (HOEKSTEEN_LOG_KEY_FILE).")],
    service: Annotated[str, typer.Option(help="intake, signals or reporting.")],
) -> None:
    """Print a service's public key for all its logs, for policies and witnesses."""
    from shared.cli.checkpoint import print_key

    raise typer.Exit(print_key(file, service))


@_checkpoint.command("type")
def checkpoint_type(
    file: Annotated[
        Optional[Path],  # noqa: UP045  typer reads the annotation when the program runs
        typer.Argument(help="What was typed; without it each line is asked for."),
    ] = None,
    out: Annotated[
        Optional[Path],  # noqa: UP045  typer reads the annotation when the program runs
        typer.Option(help="Keep what was typed here, for 'verify --compare'."),
    ] = None,
    language: Language = "en",
) -> None:
    """Read a printed checkpoint back; exit status 1 names each line that is mistyped."""
    from shared.cli.checkpoint import type_back

    raise typer.Exit(type_back(file, out, language))


@app.command()
def token(
    role: Annotated[str, typer.Argument(help="adviser, hr, auditor, admin, ...")],
    organisation: Annotated[
        Optional[str],  # noqa: UP045  typer reads the annotation when the program runs
        typer.Option(help="The organisation's id; left out for an admin."),
    ] = None,
    sub: Annotated[
        Optional[str],  # noqa: UP045  typer reads the annotation when the program runs
        typer.Option(help="Who signs in; without it the one of the demo's organisation."),
    ] = None,
    unit: Annotated[
        Optional[str],  # noqa: UP045  typer reads the annotation when the program runs
        typer.Option(help="A manager's branch: the id of a unit."),
    ] = None,
) -> None:
    """Print a token that signs in with one role (local mode)."""
    from shared.identity.roles import Role
    from shared.local.session import Installation
    from shared.local.subjects import subject_of

    if role not in set(Role):
        raise LocalProblem(f"There is no role '{role}'. The roles are: {', '.join(Role)}.")

    typer.echo(Installation.connect().token(sub or subject_of(role), role, organisation, unit))


@app.command()
def clock(
    to: Annotated[
        Optional[datetime],  # noqa: UP045  typer reads the annotation when the program runs
        typer.Option(
            formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
            help="Move the time forward to this moment (UTC).",
        ),
    ] = None,
) -> None:
    """Print the installation's time, or move it forward (local mode)."""
    from shared.local.session import move_clock, now

    home = Home()
    if to is not None:
        home.create()
        move_clock(home, to.replace(tzinfo=UTC))
    typer.echo(f"{now(home):%Y-%m-%d %H:%M} UTC")


@app.command()
def doctor() -> None:
    """Say in sentences what is wrong with this installation, and what to do. Changes nothing."""
    from rich.console import Console

    from shared.cli.doctor import examine

    raise typer.Exit(examine(Home(), Console(highlight=False, soft_wrap=True)))


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(VERSION)


def main() -> None:
    """Entry point: whatever goes wrong is told in a sentence, with exit status 1."""
    try:
        app()
    except LocalProblem as problem:
        _tell(str(problem), problem.log)
    except Exception as error:  # noqa: BLE001  the last place where a fault can become a sentence
        _tell(_noted(error))
    sys.exit(1)


def _tell(sentence: str, log: str = "") -> None:
    if log:
        typer.echo(log, err=True)
    typer.secho(sentence, err=True, fg=typer.colors.RED)


def _noted(error: Exception) -> str:
    """Write down where it went wrong, but not the error's text, which may quote somebody."""
    places = "".join(traceback.format_tb(error.__traceback__))
    text = f"{type(error).__module__}.{type(error).__qualname__}\n{places}"
    sentence = f"Something went wrong on our side ({type(error).__name__})"
    log = Home().log("hoeksteen")
    if not os.access(log.parent, os.W_OK):
        return f"{sentence}."
    write_private(log, text)
    return f"{sentence}; where, stands in {log}."
