"""Client of Hoeksteen: words are sealed here, before any server sees them."""

from hoeksteen_client.gateway import GatewayClient, GatewayError, Unreachable
from hoeksteen_client.reporter import ReporterCode, WrongCode
from hoeksteen_client.sealing import AdviserKey, CannotOpen, SealingError, WordsTooLong, seal

__all__ = [
    "AdviserKey",
    "CannotOpen",
    "GatewayClient",
    "GatewayError",
    "ReporterCode",
    "SealingError",
    "Unreachable",
    "WordsTooLong",
    "WrongCode",
    "seal",
]
