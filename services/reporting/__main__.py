"""`python -m services.reporting` runs reporting."""

from __future__ import annotations

from services.reporting.service import DEFINITION
from shared.runtime.main import run

if __name__ == "__main__":
    run(DEFINITION)
