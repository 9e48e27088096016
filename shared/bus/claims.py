"""The tokens of NATS' operator mode: JSON Web Tokens, signed with nkeys (NATS' ADR-14, `nats-io/jwt` v2).

An operator signs accounts, an account signs its users, and the account that exports something signs
an activation for the one that may import it. A server that knows the operator needs nothing else.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from shared.bus.accounts import AccountPlan, Imported, UserPlan
from shared.bus.nkeys import KeyPair, Kind, NotAnNkey, verified

_HEADER: Final = {"typ": "JWT", "alg": "ed25519-nkey"}
_NO_LIMIT: Final = -1

_BEGIN_TOKEN: Final = "-----BEGIN NATS USER JWT-----"  # noqa: S105  a heading
_BEGIN_SEED: Final = "-----BEGIN USER NKEY SEED-----"


class NotAToken(ValueError):  # noqa: N818  reads as the sentence it carries
    """The text is no token, or not one that its issuer signed; the message never repeats it."""


def signed(
    signer: KeyPair,
    subject: str,
    name: str,
    nats: Mapping[str, Any],
    *,
    at: datetime,
    expires: datetime | None = None,
) -> str:
    """A token about `subject`. `at` and `expires` are in whole seconds; the rest is cut off."""
    claims: dict[str, Any] = {
        "iat": int(at.timestamp()),
        "iss": signer.public,
        "name": name,
        "sub": subject,
    }
    if expires is not None:
        claims["exp"] = int(expires.timestamp())
    # The server asks only that there is one; as NATS' own library, a hash of what is said.
    digest = hashlib.new("sha512_256", json.dumps([claims, nats]).encode()).digest()
    claims["jti"] = base64.b32encode(digest).rstrip(b"=").decode()
    claims["nats"] = {**nats, "version": 2}
    said = f"{_part(_HEADER)}.{_part(claims)}"
    return f"{said}.{_base64(signer.sign(said.encode()))}"


def read(token: str, issuer: Kind) -> dict[str, Any]:
    """The claims of a token that its own issuer, a key of that kind, signed. Raises NotAToken.

    Whether that issuer is trusted, and whether the token still holds, the caller looks.
    """
    try:
        said, signature = token.strip().rsplit(".", 1)
        header, claims = (json.loads(_bytes(part)) for part in said.split("."))
        good = header == _HEADER and verified(
            claims["iss"], issuer, said.encode(), _bytes(signature)
        )
    except (ValueError, KeyError, TypeError) as error:
        if isinstance(error, NotAnNkey):
            raise NotAToken("The issuer of the token is not of the kind that signs it.") from None
        raise NotAToken("This is no token of NATS.") from None
    if not good:
        raise NotAToken("The token is not signed by the one that it names.")
    return dict(claims)


def operator_token(operator: KeyPair, name: str, system_account: str, *, at: datetime) -> str:
    """The operator's own, which stands in the configuration of every server."""
    nats = {"type": "operator", "system_account": system_account}
    return signed(operator, operator.public, name, nats, at=at)


def account_token(
    operator: KeyPair,
    plan: AccountPlan,
    keys: Mapping[str, KeyPair],
    *,
    at: datetime,
    revoked: Mapping[str, datetime] | None = None,
) -> str:
    """An account's: what it may use, export and import, and whose tokens it has taken back.

    `keys` holds each account's key by name. `revoked` are public keys of users, or `*` for all of
    them: their tokens from that moment or before it no longer hold.
    """
    nats: dict[str, Any] = {
        "type": "account",
        "limits": _limits(plan),
        "default_permissions": {"pub": {"deny": [">"]}, "sub": {"deny": [">"]}},
        "exports": [
            {
                "name": each.subject,
                "subject": each.subject,
                "type": each.kind,
                # For whom the exporting account has signed an activation, and nobody else.
                "token_req": True,
            }
            for each in plan.exports
        ],
        "imports": [_import(each, plan, keys, at) for each in plan.imports],
    }
    if revoked:
        nats["revocations"] = {user: int(when.timestamp()) for user, when in revoked.items()}
    return signed(operator, keys[plan.name].public, plan.name, nats, at=at)


def _limits(plan: AccountPlan) -> dict[str, Any]:
    most, unlimited = plan.limits, plan.limits is None and plan.jetstream
    storage = _NO_LIMIT if unlimited else 0
    return {
        "subs": most.subscriptions if most else _NO_LIMIT,
        "data": _NO_LIMIT,
        "payload": most.payload if most else _NO_LIMIT,
        "imports": _NO_LIMIT,
        "exports": 0 if most else _NO_LIMIT,
        "wildcards": True,
        "disallow_bearer": True,
        "conn": most.connections if most else _NO_LIMIT,
        "leaf": 0,
        "mem_storage": storage,
        "disk_storage": most.file_bytes if most else storage,
        "streams": most.streams if most else storage,
        "consumer": most.consumers if most else storage,
    }


def _import(
    each: Imported, plan: AccountPlan, keys: Mapping[str, KeyPair], at: datetime
) -> dict[str, Any]:
    activation = signed(
        keys[each.account],
        keys[plan.name].public,
        each.subject,
        {"type": "activation", "subject": each.subject, "kind": each.kind},
        at=at,
    )
    said: dict[str, Any] = {
        "name": each.subject,
        "subject": each.subject,
        "account": keys[each.account].public,
        "token": activation,
        "type": each.kind,
    }
    if each.local is not None:
        said["local_subject"] = each.local
    return said


def user_token(
    account: KeyPair,
    user: str,
    plan: UserPlan,
    *,
    at: datetime,
    expires: datetime | None = None,
    sources: Sequence[str] = (),
) -> str:
    """A user's: `user` is its public key, `plan` what it may do.

    `sources`: networks, as `10.244.0.0/16`, from which alone it may sign in; none: from anywhere.
    """
    nats: dict[str, Any] = {
        "type": "user",
        "pub": {"allow": list(plan.publish)},
        "sub": {"allow": [f"{plan.inbox}.>", *plan.subscribe]},
        "subs": _NO_LIMIT,
        "data": _NO_LIMIT,
        "payload": _NO_LIMIT,
    }
    if plan.reply_seconds:
        nats["resp"] = {"max": 1, "ttl": plan.reply_seconds * 1_000_000_000}
    if sources:
        nats["src"] = list(sources)
    return signed(account, user, plan.name, nats, at=at, expires=expires)


def system_user_token(
    account: KeyPair, user: str, *, at: datetime, expires: datetime, publish: Sequence[str]
) -> str:
    """A user of the system account who may make these requests, and hear their answers."""
    plan = UserPlan(name="accounts", inbox="_INBOX_accounts", publish=tuple(publish))
    return user_token(account, user, plan, at=at, expires=expires)


def credentials(token: str, user: KeyPair) -> str:
    """The text of a credentials file (`.creds`), which clients of NATS read. It holds a secret."""
    return (
        f"{_BEGIN_TOKEN}\n{token}\n------END NATS USER JWT------\n\n"
        f"{_BEGIN_SEED}\n{user.seed}\n------END USER NKEY SEED------\n"
    )


def is_credentials(text: str) -> bool:
    """Whether a text is that of a credentials file, and no password."""
    return text.lstrip().startswith(_BEGIN_TOKEN)


def read_credentials(text: str) -> tuple[str, KeyPair]:
    """The token and the key of a credentials file. Raises NotAToken."""
    lines = [line.strip() for line in text.splitlines()]
    try:
        token = lines[lines.index(_BEGIN_TOKEN) + 1]
        user = KeyPair.from_seed(lines[lines.index(_BEGIN_SEED) + 1])
    except (ValueError, IndexError):
        raise NotAToken("This is no credentials file of NATS.") from None
    return token, user


def _part(value: object) -> str:
    return _base64(json.dumps(value, separators=(",", ":")).encode())


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
