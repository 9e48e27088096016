"""Have a program of the running installation do one thing, in the environment it runs in.

The command line imports no service: what only a service knows, its own program does.
"""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from shared.local.home import CHECKOUT
from shared.local.problem import LocalProblem
from shared.local.topology import service_environment

if TYPE_CHECKING:
    from shared.local.session import Installation


def in_service(installation: Installation, service: str, *arguments: str) -> str:
    """What `python -m services.<service> <arguments>` answers. Raises LocalProblem."""
    done = subprocess.run(
        (sys.executable, "-m", f"services.{service}", *arguments),
        cwd=CHECKOUT,
        env=service_environment(installation, service),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines()
        raise LocalProblem(lines[-1] if lines else f"{service} could not do it.")
    return done.stdout.strip()
