"""The packages of one service's image: the lock without what another service alone uses.

    SERVICE=intake python packages.py REQUIREMENTS LESS

Runs while an image is built, with nothing but Python. That nobody else imports these is held by
tests/deploy/test_image.py.
"""  # noqa: INP001  a program, not a package

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

ONLY = {"opendp": "signals", "typst": "reporting"}
"""Large packages, each with the one service that uses it."""


def of_service(service: str, requirements: str) -> str:
    """The requirements, with their hashes, that a service needs."""
    entries = re.split(r"^(?=[a-z0-9-]+==)", requirements, flags=re.MULTILINE)
    return "".join(
        entry for entry in entries if ONLY.get(entry.partition("==")[0], service) == service
    )


if __name__ == "__main__":
    lock = Path(sys.argv[1]).read_text(encoding="utf-8")
    Path(sys.argv[2]).write_text(of_service(os.environ["SERVICE"], lock), encoding="utf-8")
