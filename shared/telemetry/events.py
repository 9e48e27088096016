"""The names of everything that is ever logged. A log line is one of these and listed keys, no text."""

from __future__ import annotations

import logging
from enum import StrEnum
from typing import Self


class Event(StrEnum):
    """What a log line says happened. Members are added here, with their level and a line of doc."""

    level: int
    doc: str

    def __new__(cls, name: str, level: int, doc: str) -> Self:
        """An event with its name, its level (of the logging module) and its line of doc."""
        member = str.__new__(cls, name)
        member._value_ = name
        member.level = level
        member.doc = doc
        return member

    PROGRAM_STARTING = "program.starting", logging.INFO, "The program read its settings and starts."
    PROGRAM_READY = "program.ready", logging.INFO, "The program answers from now on."
    PROGRAM_STOPPING = "program.stopping", logging.INFO, "The program was asked to stop and drains."
    PROGRAM_STOPPED = "program.stopped", logging.INFO, "The program has stopped in order."
    PROGRAM_CRASHED = "program.crashed", logging.ERROR, "An exception ended the program."
    DATABASE_PROBLEM = "database.problem", logging.ERROR, "The database failed or was unreachable."
    KEY_RING_PROBLEM = (
        "key_ring.problem",
        logging.ERROR,
        "The key ring does not answer, or is not the right one; `hoeksteen key-ring status` says why.",
    )
    KEY_RING_BACK = "key_ring.back", logging.INFO, "The key ring answers again."
    BUS_CONNECTED = "bus.connected", logging.INFO, "The connection to the bus stands."
    BUS_PROBLEM = (
        "bus.problem",
        logging.WARNING,
        "The bus reported a problem or the connection fell.",
    )
    RPC_FAILED = (
        "rpc.failed",
        logging.ERROR,
        "A verb failed by a fault of ours; INTERNAL was answered.",
    )
    RELAY_PUBLISHED = "relay.published", logging.INFO, "The relay published what was queued."
    RELAY_FAILED = "relay.failed", logging.ERROR, "The relay could not publish; it tries again."
    RELAY_ADOPTED = (
        "relay.adopted",
        logging.WARNING,
        "An older database was put back: it took over what it had published; `count` says how much.",
    )
    CONSUMER_FAILED = "consumer.failed", logging.ERROR, "Handling a message failed; it comes again."
    CONSUMER_GAP = "consumer.gap", logging.ERROR, "A message before this one is missing; refused."
    CONSUMER_PASSED_OVER = (
        "consumer.passed_over",
        logging.WARNING,
        "Messages with a tombstone were passed over.",
    )
    CONSUMER_TOMBSTONE_REFUSED = (
        "consumer.tombstone_refused",
        logging.ERROR,
        "What stands in a tombstone's place was not signed by the stream's service.",
    )
    CONSUMER_DEAD_LETTER = (
        "consumer.dead_letter",
        logging.ERROR,
        "A message failed too often and waits among the dead letters.",
    )
    WEBHOOK_FAILED = (
        "webhook.failed",
        logging.WARNING,
        "A receiver of webhooks did not take a message; it is tried again. `code` says why.",
    )
    WEBHOOK_DEAD_LETTER = (
        "webhook.dead_letter",
        logging.ERROR,
        "A message was given up for a receiver of webhooks.",
    )
    WEBHOOK_GONE = (
        "webhook.gone",
        logging.WARNING,
        "A receiver of webhooks wants nothing more (410); its subscription is disabled.",
    )
    PROJECTION_FAILED = "projection.failed", logging.ERROR, "A projection could not take an event."
    TICK_FAILED = (
        "tick.failed",
        logging.ERROR,
        "Something due could not be done for one organisation; the rest was, and it is tried again.",
    )
    ERASURE_AGAIN = (
        "erasure.again",
        logging.WARNING,
        "Erasures were finished or done again at the start.",
    )
    ERASURE_WAITS = (
        "erasure.waits",
        logging.ERROR,
        "Something of an erased stream could not be taken away yet; it is tried again.",
    )
    CHECKPOINT_SIGNED = "checkpoint.signed", logging.INFO, "Checkpoints of the ledgers were signed."
    CHECKPOINT_COSIGNED = (
        "checkpoint.cosigned",
        logging.INFO,
        "Witnesses cosigned checkpoints; `count` says how many cosignatures came.",
    )
    WITNESS_FAILED = (
        "witness.failed",
        logging.WARNING,
        "A witness did not cosign; `code` says why, and it is asked again.",
    )
    LEDGER_REFUSED = (
        "ledger.refused",
        logging.ERROR,
        "A ledger does not agree with what was signed.",
    )
    LEDGER_UNWRITABLE = (
        "ledger.unwritable",
        logging.ERROR,
        "The ledger folder takes no file, as on a full disk: checkpoints, heads and erasures wait.",
    )
    LEDGER_WRITABLE = (
        "ledger.writable",
        logging.INFO,
        "The ledger folder takes files again.",
    )
    OPERATION_FAILED = (
        "operation.failed",
        logging.ERROR,
        "A GraphQL operation or a request failed by a fault of ours; INTERNAL was answered.",
    )
    LIBRARY_SPOKE = (
        "library.spoke",
        logging.WARNING,
        "A library logged something; `logger` names it, its words are dropped.",
    )
    TELEMETRY_REFUSED = (
        "telemetry.refused",
        logging.WARNING,
        "Something that is not on the allow-list was kept back; `kind` and `count` say what.",
    )
    TELEMETRY_UNSENT = (
        "telemetry.unsent",
        logging.WARNING,
        "The OTLP receiver does not take what is sent; told once, until it takes something again.",
    )
