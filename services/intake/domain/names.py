"""Names, and the subjects of tokens: what is taken for one."""

from __future__ import annotations

from typing import Final

from shared.contracts.errors import invalid

LONGEST_NAME: Final = 200
"""In characters."""


def check_name(text: str, field: str) -> None:
    """Raises Refusal INVALID_INPUT for what is no name."""
    if not text.strip() or len(text) > LONGEST_NAME or not text.isprintable():
        raise invalid(field, "it must have 1 to {most} printable characters", most=LONGEST_NAME)
