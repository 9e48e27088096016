"""Which signatures of tokens are understood."""

from __future__ import annotations

from typing import Final

ALGORITHMS: Final = ("EdDSA", "ES256", "RS256", "PS256")
"""RFC 7518 and RFC 8037; asymmetric ones alone, so that who can verify cannot sign."""
