"""Signals between the shapes on the bus and the domain."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from services.signals.domain import signal
from shared.contracts import rpc
from shared.contracts.errors import invalid

if TYPE_CHECKING:
    from collections.abc import Iterable


def as_uuid(text: str, field: str) -> UUID:
    """The UUID that `text` spells. Raises Refusal INVALID_INPUT."""
    try:
        return UUID(text)
    except ValueError:
        raise invalid(field, "it is not a UUID") from None


def sealed_from_bus(copies: Iterable[rpc.Sealed]) -> tuple[signal.SealedText, ...]:
    """What a client sent. Raises Refusal for a key id that is no UUID."""
    return tuple(
        signal.SealedText(key_id=as_uuid(one.key_id, "keyId"), ciphertext=one.ciphertext)
        for one in copies
    )


def sealed_to_bus(copies: Iterable[signal.SealedText]) -> tuple[rpc.Sealed, ...]:
    """What a client gets back, byte for byte."""
    return tuple(rpc.Sealed(key_id=str(one.key_id), ciphertext=one.ciphertext) for one in copies)


def evidence_from_bus(evidence: Iterable[rpc.SignalEvidence]) -> tuple[signal.Evidence, ...]:
    """What a draft refers to."""
    return tuple(
        signal.Evidence(kind=one.kind, table=one.table, period=one.period, cell=one.cell)
        for one in evidence
    )


def content_to_bus(content: signal.SignalContent) -> rpc.SignalContent:
    """What a signal says; whose branch its place is in is left out."""
    return rpc.SignalContent(
        codes_version=content.codes_version,
        taxonomy_version=content.taxonomy_version,
        theme=content.theme,
        place=content.place,
        place_name=content.place_name,
        period=content.period,
        direction=content.direction,
        judged=content.judged,
        evidence=tuple(
            rpc.SignalEvidence(kind=one.kind, table=one.table, period=one.period, cell=one.cell)
            for one in content.evidence
        ),
        causes=content.causes,
        aims=content.aims,
    )
