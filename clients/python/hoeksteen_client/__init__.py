"""Client of Hoeksteen: words are sealed here, before any server sees them."""

from hoeksteen_client.adviser_key import AdviserKey, CannotSign
from hoeksteen_client.attachments import (
    AttachmentHeader,
    AttachmentSealer,
    FileTooLarge,
    open_attachment,
    save_attachment,
)
from hoeksteen_client.calendar_address import CalendarSecret
from hoeksteen_client.export import export_reporter
from hoeksteen_client.files import attach_file
from hoeksteen_client.gateway import GatewayClient, GatewayError, Unreachable
from hoeksteen_client.metadata import MetadataStays
from hoeksteen_client.parties import PartyKey
from hoeksteen_client.peer_consultation import seal_for_peers
from hoeksteen_client.pulse import PulseToken, make_pulse_tokens
from hoeksteen_client.recovery import (
    Ceremony,
    ForgedShare,
    RecoveryRecord,
    TooFewShares,
    make_recovery_key,
    recover,
)
from hoeksteen_client.redaction import (
    Passage,
    document_for_subject,
    open_document,
    open_redaction,
    seal_document,
    seal_redaction,
)
from hoeksteen_client.report_lint import ReportFinding, lint_report
from hoeksteen_client.reporter import ReporterCode, WrongCode, door
from hoeksteen_client.reporter_session import as_reporter
from hoeksteen_client.sealing import CannotOpen, SealingError, WordsTooLong, seal, seal_to
from hoeksteen_client.signal_lint import Finding, lint
from hoeksteen_client.signals import (
    SealedSignal,
    SignalText,
    TextBlocked,
    open_signal,
    seal_signal,
)
from hoeksteen_client.statements import key_is_proven, words_are_signed

__all__ = [
    "AdviserKey",
    "AttachmentHeader",
    "AttachmentSealer",
    "CalendarSecret",
    "CannotOpen",
    "CannotSign",
    "Ceremony",
    "FileTooLarge",
    "Finding",
    "ForgedShare",
    "GatewayClient",
    "GatewayError",
    "MetadataStays",
    "PartyKey",
    "Passage",
    "PulseToken",
    "RecoveryRecord",
    "ReportFinding",
    "ReporterCode",
    "SealedSignal",
    "SealingError",
    "SignalText",
    "TextBlocked",
    "TooFewShares",
    "Unreachable",
    "WordsTooLong",
    "WrongCode",
    "as_reporter",
    "attach_file",
    "document_for_subject",
    "door",
    "export_reporter",
    "key_is_proven",
    "lint",
    "lint_report",
    "make_pulse_tokens",
    "make_recovery_key",
    "open_attachment",
    "open_document",
    "open_redaction",
    "open_signal",
    "recover",
    "save_attachment",
    "seal",
    "seal_document",
    "seal_for_peers",
    "seal_redaction",
    "seal_signal",
    "seal_to",
    "words_are_signed",
]
