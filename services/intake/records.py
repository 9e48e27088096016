"""The coded record between the shapes on the bus and the domain: field for field the same."""

from __future__ import annotations

from dataclasses import fields

from services.intake.domain.record import CaseRecord
from services.intake.domain.ways_in import StatementGiven
from shared.contracts import rpc

_NAMES = tuple(one.name for one in fields(CaseRecord))


def record_from_bus(record: rpc.CaseRecord) -> CaseRecord:
    """What a client sent."""
    return CaseRecord(**{name: getattr(record, name) for name in _NAMES})


def record_to_bus(record: CaseRecord) -> rpc.CaseRecord:
    """What a client gets back."""
    return rpc.CaseRecord(**{name: getattr(record, name) for name in _NAMES})


def statement_from_bus(given: rpc.StatementGiven | None) -> StatementGiven | None:
    """What a client says that was read or told."""
    if given is None:
        return None
    return StatementGiven(version=given.version, language=given.language, how=given.how)
