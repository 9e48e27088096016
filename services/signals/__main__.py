"""`python -m services.signals` runs signals."""

from __future__ import annotations

from services.signals.service import DEFINITION
from shared.runtime.main import run

if __name__ == "__main__":
    run(DEFINITION)
