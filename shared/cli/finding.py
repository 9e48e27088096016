"""What a check of `hoeksteen doctor` finds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, and what to do."""

    problem: str
    remedy: str
