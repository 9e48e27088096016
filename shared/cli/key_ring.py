"""`hoeksteen key-ring`: whether the key rings answer, and new data keys."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import typer

from shared.cli.operate import in_service
from shared.cli.rebuild import chosen
from shared.local.problem import LocalProblem
from shared.runtime.words import KEEP_OLD, KEY_RING, ROTATE, STATUS, WRONG

if TYPE_CHECKING:
    from shared.local.session import Installation


def status(installation: Installation, service: str | None) -> int:
    """Print how it stands with each ring; 1 where something is wrong."""
    wrong = False
    for each in chosen(service):
        told = in_service(installation, each, KEY_RING, STATUS, statuses=(0, 1))
        wrong = wrong or WRONG in told
        typer.echo(told)
    return 1 if wrong else 0


def rotate(
    installation: Installation,
    service: str | None,
    organisation: str | None,
    *,
    keep_old: bool,
    yes: bool,
) -> int:
    """Rotate, after a question: backups that were made before need the old versions."""
    if organisation is not None:
        try:
            UUID(organisation)
        except ValueError:
            raise LocalProblem("An organisation's id is a UUID.") from None
    services = chosen(service)
    if not keep_old and not yes:
        typer.confirm(
            "The old data keys are destroyed: a backup of a database that was made before cannot be"
            " read with this key ring any more. Go on?",
            abort=True,
        )
    arguments = (
        *((organisation,) if organisation else ()),
        *((KEEP_OLD,) if keep_old else ()),
    )
    for each in services:
        typer.echo(in_service(installation, each, KEY_RING, ROTATE, *arguments))
    return 0
