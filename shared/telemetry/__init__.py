"""Traces, metrics and logs through one allow-list: what is not listed does not leave."""

from shared.telemetry.configure import Telemetry, configure
from shared.telemetry.events import Event

__all__ = ["Event", "Telemetry", "configure"]
