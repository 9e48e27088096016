"""What was only talked over is to become a report: the reporter decides it."""

from __future__ import annotations

from services.intake.commands.in_case import add_as_either
from services.intake.domain import conversion
from shared.contracts.rpc import DecideToReport, Done
from shared.runtime.calls import Call


async def decide_to_report(call: Call, request: DecideToReport) -> Done:
    """See DecideToReport."""
    return await add_as_either(
        call,
        request.case_id,
        lambda state, by_reporter: conversion.decide_to_report(
            state, by_reporter=by_reporter, how=request.how, at=call.now
        ),
    )
