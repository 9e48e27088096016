"""Client of Hoeksteen: words are sealed here, before any server sees them."""

from hoeksteen_client.adviser_key import AdviserKey, CannotSign
from hoeksteen_client.gateway import GatewayClient, GatewayError, Unreachable
from hoeksteen_client.parties import PartyKey
from hoeksteen_client.reporter import ReporterCode, WrongCode
from hoeksteen_client.sealing import CannotOpen, SealingError, WordsTooLong, seal
from hoeksteen_client.statements import key_is_proven, words_are_signed

__all__ = [
    "AdviserKey",
    "CannotOpen",
    "CannotSign",
    "GatewayClient",
    "GatewayError",
    "PartyKey",
    "ReporterCode",
    "SealingError",
    "Unreachable",
    "WordsTooLong",
    "WrongCode",
    "key_is_proven",
    "seal",
    "words_are_signed",
]
