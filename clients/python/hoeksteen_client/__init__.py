"""Client of Hoeksteen: words are sealed here, before any server sees them."""

from hoeksteen_client.adviser_key import AdviserKey, CannotSign
from hoeksteen_client.attachments import (
    AttachmentHeader,
    AttachmentSealer,
    FileTooLarge,
    open_attachment,
    save_attachment,
)
from hoeksteen_client.gateway import GatewayClient, GatewayError, Unreachable
from hoeksteen_client.metadata import MetadataStays
from hoeksteen_client.parties import PartyKey
from hoeksteen_client.reporter import ReporterCode, WrongCode
from hoeksteen_client.sealing import CannotOpen, SealingError, WordsTooLong, seal
from hoeksteen_client.statements import key_is_proven, words_are_signed

__all__ = [
    "AdviserKey",
    "AttachmentHeader",
    "AttachmentSealer",
    "CannotOpen",
    "CannotSign",
    "FileTooLarge",
    "GatewayClient",
    "GatewayError",
    "MetadataStays",
    "PartyKey",
    "ReporterCode",
    "SealingError",
    "Unreachable",
    "WordsTooLong",
    "WrongCode",
    "key_is_proven",
    "open_attachment",
    "save_attachment",
    "seal",
    "words_are_signed",
]
