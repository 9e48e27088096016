"""Access tokens: which ones prove who asks, and which prove nothing."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from uuid import UUID

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.contracts.errors import Code, Refusal
from shared.identity import key_source, tokens
from shared.identity.claims import ClaimMap
from shared.identity.issuer import Signer
from shared.identity.roles import Role
from shared.identity.tokens import TokenVerifier
from shared.runtime.settings import SettingProblem

ISSUER = "https://issuer.example"
ORGANISATION = UUID("00000000-0000-4000-8000-000000000001")


@pytest.fixture
def signer() -> Signer:
    return Signer(key=Ed25519PrivateKey.generate(), issuer=ISSUER)


@pytest.fixture
def verifier(signer: Signer, tmp_path: Path) -> TokenVerifier:
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps(signer.jwks()))
    return TokenVerifier(path, ISSUER, "hoeksteen")


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    base: dict[str, Any] = {
        "iss": ISSUER,
        "aud": "hoeksteen",
        "sub": "adviser-1",
        "iat": now,
        "exp": now + 60,
        "role": "adviser",
        "org": str(ORGANISATION),
    }
    return {name: value for name, value in (base | changes).items() if value is not None}


def signed(signer: Signer, payload: dict[str, Any], **header: Any) -> str:
    headers = {"typ": "at+jwt", "kid": signer.kid} | header
    return jwt.encode(payload, signer.key, algorithm="EdDSA", headers=headers)


def part(value: dict[str, Any]) -> bytes:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")


async def refusal_of(verifier: TokenVerifier, token: str) -> Code:
    with pytest.raises(Refusal) as caught:
        await verifier.verify(token)
    return caught.value.code


async def test_a_good_token_gives_its_principal(signer: Signer, verifier: TokenVerifier) -> None:
    """A token of the issuer gives subject, role and organisation."""
    principal = await verifier.verify(signed(signer, claims()))

    assert ("adviser-1", Role.ADVISER, ORGANISATION) == (
        principal.subject,
        principal.role,
        principal.organisation,
    )
    assert principal.expires is not None
    assert 50 < principal.expires - time.time() <= 60


async def test_an_admin_has_no_organisation(signer: Signer, verifier: TokenVerifier) -> None:
    """An admin's token names no organisation, and is refused when it does."""
    good = await verifier.verify(signed(signer, claims(role="admin", org=None)))

    assert (Role.ADMIN, None) == (good.role, good.organisation)
    assert Code.NOT_SIGNED_IN == await refusal_of(verifier, signed(signer, claims(role="admin")))


async def test_a_manager_may_have_a_branch(signer: Signer, verifier: TokenVerifier) -> None:
    """The claim `unit` names it. Nobody else has one, whatever their token says."""
    with_unit = await verifier.verify(signed(signer, claims(role="manager", unit="care")))
    without = await verifier.verify(signed(signer, claims(role="manager")))
    adviser = await verifier.verify(signed(signer, claims(unit="care")))

    assert (Role.MANAGER, "care") == (with_unit.role, with_unit.unit)
    assert (None, None) == (without.unit, adviser.unit)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"role": "manager", "unit": ["care", "office"]}, id="two branches"),
        pytest.param({"role": "manager", "unit": ""}, id="a branch without a name"),
        pytest.param({"role": "manager", "unit": "x" * 201}, id="a branch with a long name"),
        pytest.param({"exp": int(time.time()) - 60}, id="expired"),
        pytest.param({"iss": "https://other.example"}, id="foreign issuer"),
        pytest.param({"aud": "another"}, id="foreign audience"),
        pytest.param({"aud": ["others", "another"]}, id="several foreign audiences"),
        pytest.param({"iat": int(time.time()) + 3600}, id="issued in the future"),
        pytest.param({"nbf": int(time.time()) + 3600}, id="not valid yet"),
        pytest.param({"role": "chief"}, id="unknown role"),
        pytest.param({"role": ["adviser", "hr"]}, id="role is a list"),
        pytest.param({"role": "adviser hr"}, id="two roles in one string"),
        pytest.param({"roles": ["adviser", "hr"]}, id="adviser with a second role beside it"),
        pytest.param({"org": "not-a-uuid"}, id="organisation is no uuid"),
        pytest.param({"org": 7}, id="organisation is a number"),
        pytest.param({"sub": ""}, id="empty subject"),
        pytest.param({"sub": "x" * 201}, id="subject too long"),
        *(
            pytest.param({name: None}, id=f"without {name}")
            for name in ("iss", "aud", "sub", "exp", "iat", "role", "org")
        ),
    ],
)
async def test_claims_that_prove_nothing(
    signer: Signer, verifier: TokenVerifier, changes: dict[str, Any]
) -> None:
    """A rightly signed token with a claim that is missing, foreign, stale or doubled is refused."""
    token = signed(signer, claims(**changes))

    assert Code.NOT_SIGNED_IN == await refusal_of(verifier, token)


def _foreign_key(signer: Signer) -> str:
    other = Signer(key=Ed25519PrivateKey.generate(), issuer=ISSUER)
    return signed(other, claims(), kid=signer.kid)


def _unknown_kid(signer: Signer) -> str:
    return signed(signer, claims(), kid="unknown")


def _wrong_typ(signer: Signer) -> str:
    return signed(signer, claims(), typ="JWT")


def _no_algorithm(signer: Signer) -> str:
    header = part({"alg": "none", "typ": "at+jwt", "kid": signer.kid})
    return (header + b"." + part(claims()) + b".").decode()


def _hs256(public: bytes) -> Callable[[Signer], str]:
    def make(signer: Signer) -> str:
        header = part({"alg": "HS256", "typ": "at+jwt", "kid": signer.kid})
        body = header + b"." + part(claims())
        mac = base64.urlsafe_b64encode(hmac.new(public, body, hashlib.sha256).digest())
        return (body + b"." + mac.rstrip(b"=")).decode()

    return make


def _hs256_raw(signer: Signer) -> str:
    return _hs256(signer.key.public_key().public_bytes_raw())(signer)


def _hs256_pem(signer: Signer) -> str:
    pem = signer.key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return _hs256(pem)(signer)


def _changed_payload(signer: Signer) -> str:
    header, _, signature = signed(signer, claims()).split(".")
    return ".".join((header, part(claims(role="hr")).decode(), signature))


def _id_token(signer: Signer) -> str:
    return signed(signer, claims(nonce="n"), typ=None)


def _critical_header(signer: Signer) -> str:
    return signed(signer, claims(), crit=["exp"], exp=1)


@pytest.mark.parametrize(
    "forge",
    [
        _foreign_key,
        _unknown_kid,
        _wrong_typ,
        _no_algorithm,
        _hs256_raw,
        _hs256_pem,
        _changed_payload,
        _critical_header,
        _id_token,
    ],
)
async def test_forged_tokens(
    signer: Signer, verifier: TokenVerifier, forge: Callable[[Signer], str]
) -> None:
    """A token with another key, another algorithm, another type or a changed payload is refused."""
    assert Code.NOT_SIGNED_IN == await refusal_of(verifier, forge(signer))


@pytest.mark.parametrize(
    "text",
    ["", ".", "..", "a.b.c", "é.b.c", "x" * 5000, "e30.e30.e30", "bnVsbA.bnVsbA.bnVsbA", "\x00"],
)
async def test_text_that_is_no_token(verifier: TokenVerifier, text: str) -> None:
    """Any text is refused as not signed in, never with an exception of the library."""
    assert Code.NOT_SIGNED_IN == await refusal_of(verifier, text)


async def test_expiry_holds_for_a_token_in_the_cache(
    signer: Signer, verifier: TokenVerifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token that was verified once is refused as soon as it has expired."""
    monkeypatch.setattr(tokens, "LEEWAY_SECONDS", 0)
    expires = int(time.time()) + 2
    token = signed(signer, claims(exp=expires))
    await verifier.verify(token)  # brings the keys, whose arrival empties the cache
    await verifier.verify(token)
    await asyncio.sleep(expires - time.time() + 0.05)

    assert Code.NOT_SIGNED_IN == await refusal_of(verifier, token)


async def test_no_more_tokens_are_kept_than_the_bound(
    signer: Signer, verifier: TokenVerifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cache of verified tokens stays within its bound and goes on answering."""
    monkeypatch.setattr(tokens, "CACHED_TOKENS", 2)
    many = [signed(signer, claims(sub=f"person-{n}")) for n in range(5)]
    for token in many:
        await verifier.verify(token)

    assert 2 == len(verifier._verified)
    assert "person-0" == (await verifier.verify(many[0])).subject


async def test_a_withdrawn_key_takes_its_tokens_with_it(
    signer: Signer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the issuer replaces its key, tokens of the old key stop working, cached ones too."""
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps(signer.jwks()))
    verifier = TokenVerifier(path, ISSUER, "hoeksteen")
    token = signed(signer, claims())
    await verifier.verify(token)
    successor = Signer(key=Ed25519PrivateKey.generate(), issuer=ISSUER)
    path.write_text(json.dumps(successor.jwks()))
    monkeypatch.setattr(key_source, "REFETCH_SECONDS", 0.0)
    monkeypatch.setattr(key_source, "RETRY_SECONDS", 0.0)

    fresh = await verifier.verify(signed(successor, claims()))

    assert "adviser-1" == fresh.subject
    assert Code.NOT_SIGNED_IN == await refusal_of(verifier, token)


async def test_unknown_key_ids_do_not_make_us_fetch_without_end(
    signer: Signer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within the interval, a key that appears after a fetch is not looked for again."""
    monkeypatch.setattr(key_source, "RETRY_SECONDS", 0.0)
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps(signer.jwks()))
    verifier = TokenVerifier(path, ISSUER, "hoeksteen")
    await verifier.verify(signed(signer, claims()))
    successor = Signer(key=Ed25519PrivateKey.generate(), issuer=ISSUER)
    path.write_text(json.dumps(successor.jwks()))

    assert Code.NOT_SIGNED_IN == await refusal_of(verifier, signed(successor, claims()))


@pytest.mark.parametrize(
    "content",
    [
        None,
        "",
        "[]",
        '{"keys": 1}',
        '{"keys": [{"kty": "RSA"}]}',
        '{"keys": [{"kid": "one", "kty": "OKP", "crv": ["Ed25519"]}]}',
        '{"keys": [{"kid": "one", "kty": {}}]}',
    ],
)
async def test_without_the_issuers_keys_nobody_is_told_to_sign_in_again(
    signer: Signer, tmp_path: Path, content: str | None
) -> None:
    """While no usable key can be had, the answer is that a part does not answer."""
    path = tmp_path / "jwks.json"
    if content is not None:
        path.write_text(content)
    verifier = TokenVerifier(path, ISSUER, "hoeksteen")

    assert Code.UNAVAILABLE == await refusal_of(verifier, signed(signer, claims()))


def test_keys_do_not_come_over_a_network_in_the_clear() -> None:
    """A plain-http key set is taken from this machine only."""
    TokenVerifier("http://127.0.0.1:8009/jwks.json", ISSUER, "hoeksteen")
    TokenVerifier("https://issuer.example/jwks.json", ISSUER, "hoeksteen")

    with pytest.raises(SettingProblem, match="https"):
        TokenVerifier("http://issuer.example/jwks.json", ISSUER, "hoeksteen")


# Other keys than the development issuer's --------------------------------------------------------

KEYS: dict[str, Any] = {
    "OKP": Ed25519PrivateKey.generate(),
    "EC": ec.generate_private_key(ec.SECP256R1()),
    "EC-384": ec.generate_private_key(ec.SECP384R1()),
    "RSA": rsa.generate_private_key(public_exponent=65537, key_size=2048),
    "RSA-1024": rsa.generate_private_key(public_exponent=65537, key_size=1024),  # noqa: S505
}
MAKERS: dict[str, Any] = {
    "OKP": jwt.algorithms.OKPAlgorithm,
    "EC": jwt.algorithms.ECAlgorithm,
    "RSA": jwt.algorithms.RSAAlgorithm,
}


def key_set(*, alg: str | None = None, use: str | None = None) -> str:
    """All public keys, by their names as key ids; some have `alg`, some `use`."""
    more = {name: value for name, value in (("alg", alg), ("use", use)) if value is not None}
    keys = []
    for name, key in KEYS.items():
        maker = MAKERS[name.partition("-")[0]]
        public = maker.to_jwk(key.public_key(), as_dict=True)
        public.pop("key_ops", None)
        keys.append({**public, "kid": name, **more})
    return json.dumps({"keys": keys})


def signed_by(name: str, algorithm: str) -> str:
    """A good token but for the key and the algorithm."""
    headers = {"typ": "application/AT+jwt", "kid": name}
    return jwt.encode(claims(), KEYS[name], algorithm=algorithm, headers=headers)


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
async def test_an_algorithm_is_taken_with_its_own_kind_of_key(tmp_path: Path) -> None:
    """Of keys that say nothing of it, and of those that do; weak keys, other curves, other uses: none."""
    path = tmp_path / "jwks.json"
    good = [("OKP", "EdDSA"), ("EC", "ES256"), ("RSA", "RS256"), ("RSA", "PS256")]
    bad = [("EC-384", "ES384"), ("RSA-1024", "RS256"), ("RSA", "RS512"), ("RSA", "PS512")]
    path.write_text(key_set())
    verifier = TokenVerifier(path, ISSUER, "hoeksteen")
    for name, algorithm in good:
        assert "adviser-1" == (await verifier.verify(signed_by(name, algorithm))).subject
    for name, algorithm in bad:
        assert Code.NOT_SIGNED_IN == await refusal_of(verifier, signed_by(name, algorithm))

    path.write_text(key_set(alg="PS256", use="sig"))
    bound = TokenVerifier(path, ISSUER, "hoeksteen")
    await bound.verify(signed_by("RSA", "PS256"))
    assert Code.NOT_SIGNED_IN == await refusal_of(bound, signed_by("RSA", "RS256"))
    chosen = TokenVerifier(path, ISSUER, "hoeksteen", algorithms=("ES256", "PS256"))
    path.write_text(key_set())
    await chosen.verify(signed_by("EC", "ES256"))
    assert Code.NOT_SIGNED_IN == await refusal_of(chosen, signed_by("RSA", "RS256"))
    path.write_text(key_set(use="enc"))
    none = TokenVerifier(path, ISSUER, "hoeksteen")
    assert Code.UNAVAILABLE == await refusal_of(none, signed_by("EC", "ES256"))


@pytest.mark.parametrize("name", ["OKP", "EC", "RSA"])
@pytest.mark.parametrize("mac", ["HS256", "HS384", "HS512", "none"])
async def test_a_public_key_is_no_secret(tmp_path: Path, name: str, mac: str) -> None:
    """Algorithm confusion: a MAC made with the public key, in each form in which it is known, is nobody's."""
    path = tmp_path / "jwks.json"
    path.write_text(key_set())
    verifier = TokenVerifier(path, ISSUER, "hoeksteen")
    public = KEYS[name].public_key()
    forms = [
        public.public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo)
        for encoding in (serialization.Encoding.PEM, serialization.Encoding.DER)
    ] + [path.read_bytes(), b""]
    body = part({"alg": mac, "typ": "at+jwt", "kid": name}) + b"." + part(claims())
    for form in forms:
        made = b"" if mac == "none" else hmac.new(form, body, f"sha{mac[2:]}").digest()
        token = (body + b"." + base64.urlsafe_b64encode(made).rstrip(b"=")).decode()
        assert Code.NOT_SIGNED_IN == await refusal_of(verifier, token)


@pytest.mark.parametrize(
    ("header", "key"),
    [("RS256", "EC"), ("ES256", "RSA"), ("EdDSA", "RSA"), ("PS256", "OKP"), ("ES256", "OKP")],
)
async def test_the_header_does_not_choose_another_kind_of_key(
    tmp_path: Path, header: str, key: str
) -> None:
    """A key id of one kind with the algorithm, and a good signature, of another."""
    path = tmp_path / "jwks.json"
    path.write_text(key_set())
    verifier = TokenVerifier(path, ISSUER, "hoeksteen")
    own = {"RS256": "RSA", "PS256": "RSA", "ES256": "EC", "EdDSA": "OKP"}[header]
    headers = {"typ": "at+jwt", "kid": key, "jwk": {"kty": "oct", "k": "AAAA"}}
    token = jwt.encode(claims(), KEYS[own], algorithm=header, headers=headers)
    assert Code.NOT_SIGNED_IN == await refusal_of(verifier, token)


# Discovery ---------------------------------------------------------------------------------------


class _Provider(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """Whatever the test put there."""
        body = json.dumps(self.server.pages[self.path]).encode()  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@pytest.mark.parametrize("foreign", [None, "issuer", "jwks_uri"])
async def test_discovery_is_of_the_issuer_that_was_asked(foreign: str | None) -> None:
    """Its name must be the same to the letter, and its keys may not come over a network in the clear."""
    server = HTTPServer(("127.0.0.1", 0), _Provider)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        issuer = f"http://127.0.0.1:{server.server_port}"
        found = {"issuer": issuer, "jwks_uri": f"{issuer}/keys", "userinfo_endpoint": "x"}
        changed = {"issuer": f"{issuer}/", "jwks_uri": "http://keys.example/keys"}
        if foreign is not None:
            found[foreign] = changed[foreign]
        server.pages = {  # type: ignore[attr-defined]
            "/.well-known/openid-configuration": found,
            "/keys": json.loads(key_set()),
        }
        verifier = TokenVerifier(None, issuer, "hoeksteen")
        headers = {"typ": "at+jwt", "kid": "EC"}
        token = jwt.encode(claims(iss=issuer), KEYS["EC"], algorithm="ES256", headers=headers)
        if foreign is None:
            assert "adviser-1" == (await verifier.verify(token)).subject
        else:
            assert Code.UNAVAILABLE == await refusal_of(verifier, token)
    finally:
        server.shutdown()
        server.server_close()


def test_an_issuer_without_keys_is_an_address() -> None:
    """Discovery needs one, by https."""
    for issuer, sentence in (("our-provider", "address"), ("http://provider.example", "https")):
        with pytest.raises(SettingProblem, match=sentence):
            TokenVerifier(None, issuer, "hoeksteen")


# Fresh sign-in -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("auth_time", "fresh"),
    [
        (0, True),
        (-299, True),
        (-330, False),
        (60, False),
        (None, False),
        ("now", False),
        (True, False),
    ],
)
async def test_a_sign_in_is_fresh_for_five_minutes(
    signer: Signer, verifier: TokenVerifier, auth_time: Any, fresh: bool
) -> None:
    """By `auth_time`; one that is missing, of another form or still to come is none."""
    now = int(time.time())
    said = auth_time if isinstance(auth_time, str | bool | None) else now + auth_time
    principal = await verifier.verify(signed(signer, claims(auth_time=said)))

    assert fresh is principal.fresh(now)


# Claims by configuration ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "no JSON",
        "[]",
        '{"rôle": {}}',
        '{"role": {"claim": 7}}',
        '{"role": {"claim": "groups", "values": {"g": "chief"}}}',
        '{"role": {"claim": "groups", "values": {"g": "reporter"}}}',
        '{"role": {"claim": "g", "chosen": {"claim": "scope", "values": {"g": "chief"}}}}',
        '{"organisation": {"claim": "tenant", "values": {"a": "no UUID"}}}',
    ],
)
def test_a_file_of_claims_that_cannot_be_is_told(tmp_path: Path, text: str) -> None:
    """At the start, in a sentence that names the setting."""
    (tmp_path / "claims.json").write_text(text)
    with pytest.raises(SettingProblem, match="HOEKSTEEN_CLAIMS"):
        ClaimMap.load(tmp_path / "claims.json")
