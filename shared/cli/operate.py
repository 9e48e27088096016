"""Have a program of the running installation do one thing, in the environment it runs in.

The command line imports no service: what only a service knows, its own program does.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING, Final

from shared.local.home import CHECKOUT
from shared.local.problem import LocalProblem
from shared.local.topology import service_environment
from shared.runtime.meter import PROGRESS

if TYPE_CHECKING:
    from shared.local.session import Installation

# Of what a program says on standard error, enough for its last sentence.
_PIECE: Final = 65_536


def in_service(
    installation: Installation,
    service: str,
    *arguments: str,
    watched: bool = False,
    statuses: tuple[int, ...] = (0,),
) -> str:
    """What `python -m services.<service> <arguments>` answers on standard output.

    `watched`: its progress is shown on the terminal where there is one. `statuses` are the exit
    statuses that may come with an answer. Raises LocalProblem.
    """
    shown = watched and sys.stderr.isatty()
    said = b""
    with tempfile.TemporaryFile() as answer:
        with subprocess.Popen(
            (
                *(sys.executable, "-m", f"services.{service}", *arguments),
                *((PROGRESS,) if shown else ()),
            ),
            cwd=CHECKOUT,
            env=service_environment(installation, service),
            stdout=answer,
            stderr=subprocess.PIPE,
            bufsize=0,
        ) as process:
            while piece := process.stderr.read(_PIECE) if process.stderr else b"":
                said = said[-_PIECE:] + piece
                if shown and piece.startswith(b"\r"):
                    sys.stderr.write(piece.decode(errors="replace"))
                    sys.stderr.flush()
        answer.seek(0)
        text = answer.read().decode()
    if shown:
        sys.stderr.write(f"\r{'':<76}\r")
    if process.returncode not in statuses or (process.returncode and not text):
        lines = said.decode(errors="replace").replace("\r", "\n").strip().splitlines()
        raise LocalProblem(lines[-1].strip() if lines else f"{service} could not do it.")
    return text.strip()
