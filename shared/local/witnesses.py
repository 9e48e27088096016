"""The two witnesses of local mode, and the policy that asks for both.

They show how witnesses work. They are independent of nobody: they run on the operator's own
machine, under the operator's own account. docs/witnesses.md says how real ones are set up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.ledger.checkpoint import service_keys
from shared.ledger.files import log_key
from shared.ledger.note import Verifier
from shared.ledger.witness.state import Witness, WitnessProblem
from shared.local.home import write_private
from shared.local.problem import LocalProblem
from shared.local.session import SERVICES, WITNESSES

if TYPE_CHECKING:
    from shared.local.home import Home
    from shared.local.session import Ports

_HEADING: Final = """\
# Who cosigns the checkpoints of this local installation (docs/witnesses.md).
# NOT INDEPENDENT: both witnesses run on this machine, beside the logs. They show how it works.
# For real cases each owner runs a witness elsewhere, and this file names those.
"""


def prepare_witnesses(home: Home, ports: Ports) -> None:
    """Make keys and folders that are missing, and write the policy. Raises LocalProblem."""
    keys = [
        Verifier(
            service_keys(service), log_key(home.log_key(service)).public_key().public_bytes_raw()
        )
        for service in SERVICES
    ]
    lines = [f"log {key.vkey}" for key in keys]
    groups = []
    for name in WITNESSES:
        folder = home.witness(name)
        try:
            new = not (folder / "witness.key").exists()
            witness = Witness.init(folder, name) if new else Witness(folder)
            for key in keys:
                witness.trust(key.vkey)
        except WitnessProblem as problem:
            raise LocalProblem(str(problem)) from problem
        url = f"http://127.0.0.1:{ports.witness(name)}"
        lines.append(f"witness {name} {witness.cosigner.vkey} {url}")
        owner = name.removesuffix(".demo")
        # One group per owner: a second witness of the same owner would join it, and count once.
        lines.append(f"group {owner} any {name}")
        groups.append(owner)
    lines += [f"group owners all {' '.join(groups)}", "quorum owners"]
    text = _HEADING + "".join(f"{line}\n" for line in lines)
    if not home.witness_policy.exists() or home.witness_policy.read_text(encoding="utf-8") != text:
        write_private(home.witness_policy, text)
