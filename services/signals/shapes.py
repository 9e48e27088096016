"""Signals and pulses between the shapes on the bus and the domain."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from services.signals.domain import signal
from services.signals.shown import ShownPulse
from shared.contracts import rpc
from shared.contracts.errors import invalid
from shared.taxonomy import pulse_codes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from services.signals.domain.pulse import PulseFrozen, PulseQuestion, PulseReleased
    from shared.eventstore.store import Recorded


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


def asked_to_bus(frozen: PulseFrozen) -> rpc.Pulse:
    """A round as employees are shown it."""
    return rpc.Pulse(
        period=frozen.period,
        questions=_phrases(frozen.questions),
        answers=_phrases(pulse_codes.current().answers.values()),
        places=tuple(rpc.PulsePlace(code=one.code, name=one.name) for one in frozen.places),
        opens_on=frozen.opens_on,
        closes_on=frozen.closes_on,
        due=frozen.due,
    )


def pulse_to_shown(recorded: Recorded) -> ShownPulse:
    """A released round as readers get it, and whose branch each of its places is in."""
    event: PulseReleased = recorded.event
    return ShownPulse(
        result=rpc.PulseResult(
            period=event.period,
            policy=event.policy,
            epsilon=event.epsilon,
            questions=_phrases(event.questions),
            opens_on=event.opens_on,
            closes_on=event.closes_on,
            released_week=str(event.adopted or recorded.week),
            tables=tuple(
                rpc.PulseTable(
                    place=table.place,
                    place_name=table.place_name,
                    answers=table.answers,
                    answers_margin=table.answers_margin,
                    margin=table.margin,
                    least=table.least,
                    figures=tuple(
                        rpc.PulseFigures(
                            question=one.question, counts=one.counts, withheld=one.withheld
                        )
                        for one in table.figures
                    ),
                )
                for table in event.tables
            ),
        ),
        scopes={table.place: table.scope for table in event.tables},
    )


def _phrases(some: Iterable[PulseQuestion | pulse_codes.Phrase]) -> tuple[rpc.PulsePhrase, ...]:
    return tuple(rpc.PulsePhrase(code=one.code, en=one.en, nl=one.nl) for one in some)
