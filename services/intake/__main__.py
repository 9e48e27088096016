"""`python -m services.intake` runs intake."""

from __future__ import annotations

from services.intake.service import DEFINITION
from shared.runtime.main import run

if __name__ == "__main__":
    run(DEFINITION)
