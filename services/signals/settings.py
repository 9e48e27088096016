"""Signals' settings: those of every service."""

from __future__ import annotations

from shared.runtime.settings import ServiceSettings, load

__all__ = ["ServiceSettings", "load"]
