"""An employee's sign-in to a pulse: no account, only a token of a list, used once.

A client makes the tokens (clients/python/hoeksteen_client/pulse.py), 32 random bytes each, and sends
their hashes; somebody hands them out. The bearer token is

    pulse.<organisation's UUID>.<32 bytes, base64url without padding>

Whoever bears it is an employee without a name: the subject is a hash of the token, and what is stored
is a hash of the subject. So who reads the database can make no subject of what stands there.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from typing import Final
from uuid import UUID

from shared.contracts.errors import Code, Refusal
from shared.identity.principal import Principal
from shared.identity.roles import Role

PREFIX: Final = "pulse."

_TOKEN = re.compile(
    r"pulse\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.([A-Za-z0-9_-]{42}[AEIMQUYcgkosw048])",
    re.ASCII,
)
_SUBJECT = b"hoeksteen/pulse/v1/subject"
_STORED = b"hoeksteen/pulse/v1/stored"


def is_pulse(token: str) -> bool:
    """Whether a bearer token claims to be one of a pulse. Nothing is verified by that."""
    return token.startswith(PREFIX)


def respondent_of(token: str) -> Principal:
    """The employee without a name. Raises Refusal NOT_SIGNED_IN for what is no such token."""
    found = _TOKEN.fullmatch(token)
    if found is None:
        raise Refusal(Code.NOT_SIGNED_IN)
    try:
        organisation = UUID(found[1])
        secret = base64.urlsafe_b64decode(found[2] + "=")
    except (ValueError, binascii.Error):
        raise Refusal(Code.NOT_SIGNED_IN) from None
    return Principal(hashlib.sha256(_SUBJECT + secret).hexdigest(), Role.EMPLOYEE, organisation)


def stored_hash(subject: str) -> bytes:
    """What is kept of a token (32 bytes), by the subject that it gives."""
    return hashlib.sha256(_STORED + subject.encode()).digest()
