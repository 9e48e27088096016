"""A reporter's sign-in: no account, only what their client derives from their code.

The client makes a code of 128 random bits, shown as words, and derives two keys from it (HKDF, RFC
5869; clients/python/hoeksteen_client/reporter.py): a lookup key, which is sent once for each session, in
the body of a POST and in no header; and a sealing key, which never leaves the client. Two bearer tokens:

    reporter.<organisation's UUID>                                       at the door
    reporter.<organisation's UUID>.<expiry>.<sealed, base64url>          in a session

At the door one reads who the advisers are, and gives the lookup key for a session. In a session one is the
reporter of one case, for a quarter of an hour. Its id is a hash of the lookup key, in the form of a random
UUID like every other case's. So whoever holds the code can say which case is theirs, while nobody who
sees a case id (in a ledger, as an adviser) can make the lookup key of it; and the server keeps no list of
codes, and none of sessions.
"""

from __future__ import annotations

import base64
import hashlib
import re
import time
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

from shared.contracts.errors import Code, Refusal
from shared.identity.principal import Principal
from shared.identity.roles import Role

PREFIX: Final = "reporter."
LOOKUP_BYTES: Final = 32

SESSION_SECONDS: Final = 15 * 60
"""How long a session lasts; the lookup key opens the next one."""

_TOKEN = re.compile(
    # One spelling for each: no hyphen elsewhere, 52 sealed bytes, no stray bits in the last character.
    r"reporter\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:\.([1-9][0-9]{9,10})\.([A-Za-z0-9_-]{69}[AQgw]))?",
    re.ASCII,
)
_CASE = b"hoeksteen/reporter/v1/case"
_SESSION = b"hoeksteen/reporter/v1/session"


class Sealer(Protocol):
    """What a key ring does for sessions: see shared.keys.ring.KeyRing."""

    def seal(self, organisation: UUID, context: bytes, secret: bytes) -> bytes:
        """Encrypt under the organisation's newest data key, bound to `context`."""

    def open(self, organisation: UUID, context: bytes, sealed: bytes) -> bytes:
        """Undo `seal`, by whichever version that still exists."""


@dataclass(frozen=True, slots=True)
class ReporterToken:
    """A reporter's token, read and not proven."""

    organisation: UUID
    expires: int | None
    """Seconds since 1970; None at the door."""
    sealed: bytes
    """The case's id as intake sealed it; empty at the door."""


def is_reporter(token: str) -> bool:
    """Whether a bearer token claims to be a reporter's. Nothing is verified by that."""
    return token.startswith(PREFIX)


def case_of(lookup: bytes) -> UUID:
    """The id of the case that belongs to a lookup key (32 bytes)."""
    return UUID(bytes=hashlib.sha256(_CASE + lookup).digest()[:16], version=4)


def read(token: str) -> ReporterToken:
    """What stands in the token. Raises Refusal NOT_SIGNED_IN for another form, and for an expired one."""
    found = _TOKEN.fullmatch(token)
    if found is None:
        raise Refusal(Code.NOT_SIGNED_IN)
    organisation, expires, sealed = found.groups()
    if expires is None:
        return ReporterToken(UUID(organisation), None, b"")
    if int(expires) <= time.time():
        raise Refusal(Code.NOT_SIGNED_IN)
    return ReporterToken(UUID(organisation), int(expires), base64.urlsafe_b64decode(f"{sealed}=="))


def unproven(token: str) -> Principal:
    """The reporter as the gateway takes one: it holds no key, and intake proves each request.

    The subject in a session is a hash of the token, and says nothing of the case.
    """
    known = read(token)
    if known.expires is None:
        return Principal("", Role.REPORTER, known.organisation)
    subject = hashlib.sha256(token.encode()).hexdigest()
    return Principal(subject, Role.REPORTER, known.organisation, expires=float(known.expires))


def nobody(_token: str) -> Principal:
    """Who has no reporters takes nobody for one. Raises Refusal NOT_SIGNED_IN."""
    raise Refusal(Code.NOT_SIGNED_IN)


class ReporterSessions:
    """Opens sessions and proves them, under the organisation's data key.

    Every replica has that key, so none keeps anything; a rotation of it ends no session, and destroying
    the version does. The seal is an AEAD's: whether a token holds is compared in constant time.
    """

    def __init__(self, keys: Sealer, refused: type[Exception]) -> None:
        """`refused`: what `keys.open` raises for bytes that it did not seal."""
        self._keys = keys
        self._refused = refused

    def open(self, organisation: UUID, case_id: UUID) -> tuple[str, int]:
        """The token of a session that begins now, and when it ends in seconds since 1970."""
        expires = int(time.time()) + SESSION_SECONDS
        sealed = self._keys.seal(organisation, _bound(expires), case_id.bytes)
        text = base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()
        return f"{PREFIX}{organisation}.{expires}.{text}", expires

    def principal(self, token: str) -> Principal:
        """Whose it is: the subject is the case's id, and empty at the door. Raises Refusal NOT_SIGNED_IN."""
        known = read(token)
        if known.expires is None:
            return Principal("", Role.REPORTER, known.organisation)
        try:
            case = self._keys.open(known.organisation, _bound(known.expires), known.sealed)
        except self._refused:
            raise Refusal(Code.NOT_SIGNED_IN) from None
        return Principal(
            str(UUID(bytes=case)), Role.REPORTER, known.organisation, expires=float(known.expires)
        )


def _bound(expires: int) -> bytes:
    return _SESSION + expires.to_bytes(8, "big")
