"""Signals and the register of strategy as reporting takes them in over the bus."""

from __future__ import annotations

from datetime import date
from uuid import UUID, uuid4

import msgspec

from shared.contracts.events import (
    CloudEvent,
    OrganisationStrategy,
    SignalsReleased,
    SignalTold,
    StrategyHeld,
)
from shared.contracts.rpc import Shape
from tests.component.test_reporting import HERE, TOKENS, Reporting, reporting
from tests.service_lab import eventually

__all__ = ["reporting"]

FIRST, SECOND = str(UUID(int=11)), str(UUID(int=12))
RULES = StrategyHeld(
    code="house_rules",
    kind="policy",
    en="House rules",
    nl="Huisregels",
    valid_from=None,
    withdrawn_from=None,
    serves=("inclusion",),
)
INCLUSION = StrategyHeld(
    code="inclusion",
    kind="theme",
    en="Inclusion",
    nl="Inclusie",
    valid_from=None,
    withdrawn_from=None,
)


def signal(signal_id: str, *aims: str) -> SignalTold:
    return SignalTold(
        signal_id=signal_id,
        theme="workload",
        place="all",
        period="2026-H1",
        direction="rising",
        judged=False,
        causes=("policy_misfit",),
        aims=aims,
    )


async def published(reporting: Reporting, *told: tuple[str, Shape], again: bool = False) -> None:
    """Neighbours tell these, in order; `again`: a message comes twice, under another id."""
    for kind, data in told:
        client = reporting.intake if kind.startswith("intake") else reporting.signals
        subject = kind
        if isinstance(data, SignalsReleased):
            subject = f"signals.v1.{data.organisation_token}.signals-released"
        for _ in range(1 + again):
            event = CloudEvent(
                id=str(uuid4()),
                source="/hoeksteen/test",
                type=kind,
                week="2026-W29",
                data=msgspec.Raw(msgspec.json.encode(data)),
            )
            await client.jetstream().publish(subject, msgspec.json.encode(event).ljust(4096))


def register(version: int, *entries: StrategyHeld) -> tuple[str, Shape]:
    return (
        "intake.v1.organisation.strategy",
        OrganisationStrategy(organisation_id=str(HERE), version=version, entries=entries),
    )


def tick(day: date, *released: SignalTold, withdrawn: tuple[str, ...] = ()) -> tuple[str, Shape]:
    return (
        "signals.v1.signals.released",
        SignalsReleased(
            organisation_id=str(HERE),
            organisation_token=TOKENS[HERE],
            day=day,
            released=released,
            withdrawn=withdrawn,
        ),
    )


async def test_signals_and_the_register_are_kept_once(reporting: Reporting) -> None:
    """However often they come; a tick without news leaves nothing in the log."""
    await reporting.announce()
    await published(reporting, register(1, INCLUSION), register(2, INCLUSION, RULES), again=True)
    await published(
        reporting,
        tick(date(2026, 7, 15), signal(FIRST, "house_rules"), signal(SECOND, "none")),
        tick(date(2026, 8, 15)),
        tick(date(2026, 10, 15), withdrawn=(SECOND,)),
        again=True,
    )

    async def taken_in() -> bool:
        return reporting.count("SignalsTold") == 2

    await eventually(taken_in)
    assert 2 == reporting.count("StrategyKnown")
