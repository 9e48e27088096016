"""A reporter's sign-in: no account, only what their client derives from their code.

The client makes a code of 128 random bits, shown as words, and derives two keys from it (HKDF, RFC
5869; clients/python/hoeksteen_client/reporter.py): a lookup key, which is sent, and a sealing key,
which never leaves the client. The bearer token is

    reporter.<organisation's UUID>.<lookup key: 32 bytes, base64url without padding>

The case's id is a hash of the lookup key, in the form of a random UUID like every other case's. So
whoever holds the code can say which case is theirs, while nobody who sees a case id (in a ledger,
as an adviser) can make the lookup key of it; and the server keeps no list of codes at all.
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

PREFIX: Final = "reporter."
LOOKUP_BYTES: Final = 32

_TOKEN = re.compile(
    # One spelling for each reporter: no hyphen elsewhere, no stray bits in the last character.
    r"reporter\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.([A-Za-z0-9_-]{42}[AEIMQUYcgkosw048])",
    re.ASCII,
)
_CASE = b"hoeksteen/reporter/v1/case"


def is_reporter(token: str) -> bool:
    """Whether a bearer token claims to be a reporter's. Nothing is verified by that."""
    return token.startswith(PREFIX)


def case_of(lookup: bytes) -> UUID:
    """The id of the case that belongs to a lookup key (32 bytes)."""
    return UUID(bytes=hashlib.sha256(_CASE + lookup).digest()[:16], version=4)


def reporter_of(token: str) -> Principal:
    """The reporter of a token; their subject is their case's id. Raises Refusal NOT_SIGNED_IN.

    A wrong code cannot be told from a right one here: it leads to a case that does not exist.
    """
    found = _TOKEN.fullmatch(token)
    if found is None:
        raise Refusal(Code.NOT_SIGNED_IN)
    try:
        organisation = UUID(found[1])
        lookup = base64.urlsafe_b64decode(found[2] + "=")
    except (ValueError, binascii.Error):
        raise Refusal(Code.NOT_SIGNED_IN) from None
    return Principal(str(case_of(lookup)), Role.REPORTER, organisation)
