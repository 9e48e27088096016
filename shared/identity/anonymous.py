"""Whose requests leave no trace: a reporter's, and those of who answers a pulse."""

from __future__ import annotations

from shared.identity.pulse import is_pulse
from shared.identity.reporter import is_reporter


def is_anonymous(token: str) -> bool:
    """Whether a bearer token is of somebody without an account. Their requests leave no span, no
    measurement and no line. Nothing is verified by that.
    """
    return is_reporter(token) or is_pulse(token)
