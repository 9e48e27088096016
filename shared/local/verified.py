"""The logs of a running installation, verified as its auditor would on this machine."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from shared.ledger import commands
from shared.ledger.files import LedgerFolder
from shared.ledger.policy import NO_POLICY, Policy
from shared.ledger.verify import Auditor
from shared.local.session import SERVICES
from shared.postgres.migrate import AUDITOR

if TYPE_CHECKING:
    from uuid import UUID

    from shared.local.session import Installation

_COSIGNED_WITHIN = 15.0
"""Seconds: a checkpoint that was signed this moment is on its way to its witnesses."""


def verify(
    installation: Installation,
    organisation: UUID | None = None,
    *,
    as_json: bool = False,
    language: str = "en",
) -> int:
    """Verify all logs, or one organisation's, print what was found and remember nothing; the status
    of `hoeksteen verify`. Waits for cosignatures that are on their way.
    """
    urls = dict.fromkeys(SERVICES, installation.database_url(AUDITOR))
    home = installation.home
    policy = Policy.load(home.witness_policy) if home.witness_policy.exists() else NO_POLICY
    _wait_for_cosignatures(LedgerFolder(home.ledger), policy)
    return commands.verify(
        lambda: commands.local_logs(
            urls, home.ledger, None if organisation is None else str(organisation)
        ),
        Auditor(now=installation.now(), policy=policy),
        as_json=as_json,
        language=language,
    )


def _wait_for_cosignatures(folder: LedgerFolder, policy: Policy) -> None:
    until = time.monotonic() + _COSIGNED_WITHIN
    logs = [(service, each) for service in SERVICES for each in folder.organisations(service)]
    while logs and time.monotonic() < until:
        logs = [log for log in logs if not _cosigned(folder.newest_note(*log), policy)]
        if logs:
            time.sleep(0.05)


def _cosigned(note: bytes | None, policy: Policy) -> bool:
    return note is not None and policy.met_by(each.name for each in policy.cosigned(note))
