"""Who signs in where nobody in particular is named: the people of the demo's organisation."""

from __future__ import annotations

from typing import Final

SUBJECTS: Final = {
    "adviser": "anna.vermeer",
    "hr": "hr.desk",
    "auditor": "council.auditor",
    "admin": "admin",
}
"""Role → the subject of its token. Only the adviser's matters: she holds the seat."""


def subject_of(role: str) -> str:
    """The subject of a role's token in local mode."""
    return SUBJECTS.get(role, f"{role}-1")
