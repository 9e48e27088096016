"""Logout tokens (OpenID Connect Back-Channel Logout 1.0, section 2.4): the provider ended a session.

shared.identity.tokens verifies signature, issuer, audience and times; here stands what else it must say.
"""

from __future__ import annotations

from typing import Any, Final

from shared.contracts.errors import Code, Refusal
from shared.identity.claims import LONGEST_SUBJECT
from shared.identity.revocations import Revocation, session_mark, subject_mark, unnamed_mark

TYPES: Final = frozenset({None, "jwt", "logout+jwt", "application/logout+jwt"})
"""The header `typ`, in small letters; None: it has none. The specification asks for `logout+jwt` and has
older providers leave it out. An access token is none.
"""

REQUIRED_CLAIMS: Final = ("iss", "aud", "iat", "exp", "jti", "events")

EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"


def revocation_of(issuer: str, claims: dict[str, Any]) -> Revocation:
    """What a logout token with these claims ends (section 2.6): the session of its `sid`, else all of its
    `sub`.

    A session of somebody also ends those of their tokens that do not say of which session they are.
    Raises Refusal NOT_SIGNED_IN.
    """
    events = claims["events"]
    if not isinstance(events, dict) or not isinstance(events.get(EVENT), dict):
        raise Refusal(Code.NOT_SIGNED_IN)
    if "nonce" in claims or not isinstance(claims["jti"], str) or not claims["jti"]:
        raise Refusal(Code.NOT_SIGNED_IN)  # with a nonce it would pass for an ID token somewhere
    subject, sid = _word(claims, "sub"), _word(claims, "sid")
    until = float(claims["iat"])
    if sid is not None:
        return Revocation(
            session=session_mark(issuer, sid),
            subject=None if subject is None else unnamed_mark(issuer, subject),
            until=until,
        )
    if subject is None:
        raise Refusal(Code.NOT_SIGNED_IN)
    return Revocation(subject=subject_mark(issuer, subject), until=until)


def _word(claims: dict[str, Any], name: str) -> str | None:
    if name not in claims:
        return None
    said = claims[name]
    if not isinstance(said, str) or not 1 <= len(said) <= LONGEST_SUBJECT:
        raise Refusal(Code.NOT_SIGNED_IN)
    return said
