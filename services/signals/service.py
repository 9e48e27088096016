"""Signals, wired."""

from __future__ import annotations

from services.signals.answering import answering
from services.signals.commands.adopt import adopt
from services.signals.commands.answer_pulse import answer_pulse
from services.signals.commands.draft_signal import draft_signal
from services.signals.commands.import_published import import_published
from services.signals.commands.issue_pulse_tokens import issue_pulse_tokens
from services.signals.commands.look import Look
from services.signals.commands.open_pulse import open_pulse
from services.signals.commands.open_to_readers import open_to_readers
from services.signals.commands.review_signal import review_signal
from services.signals.commands.revise_signal import revise_signal
from services.signals.commands.tell_lagging_indicator import tell_lagging_indicator
from services.signals.commands.withdraw_signal import withdraw_signal
from services.signals.consumers.intake import on_facts, on_intake
from services.signals.events import TYPES
from services.signals.policy import may
from services.signals.projections.lagging import LaggingIndicators
from services.signals.projections.published import Published
from services.signals.projections.pulses import Pulses
from services.signals.projections.released import Released
from services.signals.projections.signals import Signals
from services.signals.projections.spent import Spent
from services.signals.projections.windows import Windows
from services.signals.queries.early_warning import early_warning
from services.signals.queries.explanations import explanations
from services.signals.queries.plan_grid import plan_grid
from services.signals.queries.privacy_budget import privacy_budget
from services.signals.queries.pulse_results import pulse_results
from services.signals.queries.pulses import pulses
from services.signals.queries.signals import signals
from services.signals.queries.statistics import statistics
from services.signals.released import OUTBOUND, measure_withheld
from services.signals.streams import adviser_seats
from services.signals.workbench.signal_drafts import signal_draft, signal_drafts
from shared.runtime.service import Definition, Reader

DEFINITION = Definition(
    name="signals",
    types=TYPES,
    handlers={
        "statistics": answering(statistics),
        "import_published": import_published,
        "tell_lagging_indicator": tell_lagging_indicator,
        "draft_signal": draft_signal,
        "revise_signal": revise_signal,
        "review_signal": review_signal,
        "withdraw_signal": withdraw_signal,
        "signals": answering(signals),
        "signal_drafts": signal_drafts,
        "signal_draft": signal_draft,
        "explanations": answering(explanations),
        "privacy_budget": answering(privacy_budget),
        "early_warning": answering(early_warning),
        "plan_grid": answering(plan_grid),
        "open_pulse": open_pulse,
        "issue_pulse_tokens": issue_pulse_tokens,
        "answer_pulse": answer_pulse,
        "pulses": answering(pulses),
        "pulse_results": answering(pulse_results),
    },
    may=may,
    seats=adviser_seats,
    projections=lambda ring: (
        Windows(),
        Released(),
        Spent(),
        Published(),
        LaggingIndicators(),
        Signals(ring),
        Pulses(),
    ),
    quiet=frozenset({"answer_pulse", "pulses"}),
    answers=True,
    stream="SIGNALS",
    outbound=OUTBOUND,
    readers=(
        Reader(
            stream="INTAKE",
            durable="signals-facts",
            dense=True,
            handle=on_intake,
            handle_run=on_facts,
        ),
    ),
    # Only releases leave, and those are made at the tick. One of a replica that died goes out too.
    publish_at_once=True,
    tick=Look,
    measured=measure_withheld,
    published=open_to_readers,
    adopt=adopt,
)
