"""What a client sends to open a case under load: sealed words and the least of facts."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any

from hoeksteen_client import AdviserKey, seal

if TYPE_CHECKING:
    from uuid import UUID


def opening(organisation: UUID, key: AdviserKey, case: UUID) -> dict[str, Any]:
    """The input of `openCase` (shared/local/documents.py) but for its idempotency key; words are sealed to
    the adviser's `key`, and in Base64.
    """
    words = seal(
        "een verhaal",
        organisation=organisation,
        case=case,
        key_id=key.key_id,
        public_key=key.public,
    )
    return {
        "caseId": str(case),
        "channel": "phone",
        "anonymity": "confidential",
        "reporterRole": "employee",
        "relation": "colleague",
        "category": "bullying",
        "words": [{"keyId": str(key.key_id), "ciphertext": b64encode(words).decode()}],
    }
