"""`hoeksteen audit`: what the services keep, compared with what it must be."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import msgspec
import typer

from shared.cli.operate import in_service
from shared.cli.rebuild import chosen
from shared.local.problem import LocalProblem
from shared.local.session import Installation
from shared.runtime.audit import Looked, readers_ahead, report
from shared.runtime.words import AS_JSON, AUDIT

if TYPE_CHECKING:
    from shared.contracts.errors import Language

IN_ORDER: Final = 0
NOT_IN_ORDER: Final = 1
NOT_COMPARED: Final = 2
"""Nothing can be said: the installation does not run, or a part of it does not answer."""


def audit(service: str | None, language: Language, *, as_json: bool) -> int:
    """Compare, print what was found, answer the exit status."""
    try:
        # Readers first: a reader's position is read before the end of the stream that it reads.
        services = [
            (each, _looked(Installation.connect(), each)) for each in reversed(chosen(service))
        ]
    except LocalProblem as problem:
        typer.secho(str(problem), err=True, fg=typer.colors.RED)
        return NOT_COMPARED
    services.reverse()
    by_service = dict(services)
    for finding in readers_ahead(services):
        by_service[finding.service].findings.append(finding)
    in_order = not any(looked.findings for looked in by_service.values())
    if as_json:
        typer.echo(json.dumps({"ok": in_order, "services": _document(by_service)}, indent=2))
    else:
        typer.echo(report(services, language))
    return IN_ORDER if in_order else NOT_IN_ORDER


def _looked(installation: Installation, service: str) -> Looked:
    told = in_service(installation, service, AUDIT, AS_JSON, watched=True, statuses=(0, 1))
    return msgspec.json.decode(told, type=Looked)


def _document(services: dict[str, Looked]) -> list[dict[str, object]]:
    return [
        {
            "service": service,
            "events": looked.events,
            "rows": looked.rows,
            "messages": looked.messages,
            "findings": [
                {
                    "kind": finding.kind.value,
                    **finding.values,
                    "sentence_en": finding.sentence("en"),
                    "sentence_nl": finding.sentence("nl"),
                }
                for finding in looked.findings
            ],
        }
        for service, looked in services.items()
    ]
