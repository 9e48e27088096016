"""Nkeys and tokens of NATS, against what others publish."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from shared.bus import claims
from shared.bus.accounts import UserPlan
from shared.bus.nkeys import KeyPair, Kind, NotAnNkey, verified

# From the documentation of NATS ("NKeys" in "Securing NATS") and the tests of nats-io/nkeys.
SEED = "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY"
PUBLIC = "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4"
AT = datetime(2026, 11, 28, 12, tzinfo=UTC)


def test_a_published_seed_gives_its_published_key() -> None:
    """Both directions, and a signature that the key verifies and no other message has."""
    pair = KeyPair.from_seed(SEED)
    assert (pair.kind, pair.public, pair.seed) == (Kind.USER, PUBLIC, SEED)
    signature = pair.sign(b"nonce")
    assert verified(PUBLIC, Kind.USER, b"nonce", signature)
    assert not verified(PUBLIC, Kind.USER, b"other", signature)


@pytest.mark.parametrize("kind", list(Kind), ids=lambda kind: kind.name.lower())
def test_each_kind_has_its_letter_and_comes_back(kind: Kind) -> None:
    """O, A or U in front, S and the letter before a seed."""
    pair = KeyPair.new(kind)
    assert pair.public[0] == kind.letter
    assert pair.seed[:2] == f"S{kind.letter}"
    assert (len(pair.public), len(pair.seed)) == (56, 58)
    assert KeyPair.from_seed(pair.seed).public == pair.public


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(SEED[:-1] + "Z", id="mistyped"),
        pytest.param(SEED[:-2], id="cut off"),
        pytest.param(SEED.lower(), id="small letters"),
        pytest.param(PUBLIC, id="a public key"),
        pytest.param("", id="nothing"),
        pytest.param("é" * 58, id="no base 32"),
    ],
)
def test_what_is_no_seed_is_refused_and_not_repeated(text: str) -> None:
    """A sentence, without the text: it may be nearly a secret."""
    with pytest.raises(NotAnNkey) as refused:
        KeyPair.from_seed(text)
    assert not text or text not in str(refused.value)


def test_a_token_says_what_its_issuer_signed() -> None:
    """Read back whole; changed by a letter, or by another kind of issuer, it is none."""
    account, user = KeyPair.new(Kind.ACCOUNT), KeyPair.new(Kind.USER)
    plan = UserPlan(name="acme", inbox="_INBOX_acme", publish=("a.b",))
    token = claims.user_token(account, user.public, plan, at=AT, expires=AT + timedelta(days=1))
    told = claims.read(token, Kind.ACCOUNT)
    assert told["iss"] == account.public
    assert (told["sub"], told["iat"], told["exp"]) == (
        user.public,
        1_795_867_200,
        1_795_867_200 + 86_400,
    )
    assert told["nats"]["pub"] == {"allow": ["a.b"]}
    assert told["nats"]["sub"] == {"allow": ["_INBOX_acme.>"]}
    head, said, signature = token.split(".")
    other = claims.user_token(KeyPair.new(Kind.ACCOUNT), user.public, plan, at=AT)
    for bad in (
        f"{head}.{other.split('.')[1]}.{signature}",
        f"{head}.{said}.{other.split('.')[2]}",
        token[:-4],
        "",
    ):
        with pytest.raises(claims.NotAToken):
            claims.read(bad, Kind.ACCOUNT)
    with pytest.raises(claims.NotAToken):
        claims.read(token, Kind.OPERATOR)


def test_a_credentials_file_holds_token_and_key() -> None:
    """What is written is read back; a password is none."""
    user = KeyPair.new(Kind.USER)
    text = claims.credentials("a.b.c", user)
    token, key = claims.read_credentials(text)
    assert (token, key.seed) == ("a.b.c", user.seed)
    assert claims.is_credentials(text)
    assert not claims.is_credentials("p" * 40)
    with pytest.raises(claims.NotAToken):
        claims.read_credentials(text.replace("SEED", "S"))
