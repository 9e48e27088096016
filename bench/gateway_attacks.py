"""What is tried against the gateway: bytes that somebody sends, and connections that somebody holds.

Each request of an attack must be refused: with a status of 4xx, 429 or 503 among them, with an error and no
data, or by closing the connection.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
import secrets
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bench.gateway_lab import CANARY, MY_CASE, SESSION, Answer, Target, http, trusted
from shared.identity.principal import LEEWAY_SECONDS
from shared.identity.roles import Role
from tests.service_lab import HERE

Requests = Callable[[Target], Iterator[bytes]]


@dataclass(frozen=True, slots=True)
class Attack:
    """Requests one after the other, each on a connection of its own."""

    name: str
    requests: Requests


def refused(answer: Answer) -> bool:
    """Whether nothing was given: an error of the caller's, or none at all, and no data."""
    told = answer.status in (0, 101, 200, 503) or 400 <= answer.status < 500
    return told and answer.data is None


def _post(target: Target, query: str, variables: Any = None, role: Role = Role.ADVISER) -> bytes:
    body = {"query": query, "variables": variables}
    return http(json.dumps(body).encode(), token=target.token(role))


# Documents that ask for too much -----------------------------------------------------------------


_NODE: Final = "query ($id: ID!) { node(id: $id) { __typename } }"


def _query(*parts: str) -> str:
    return f"{{ {' '.join(parts)} }}"


def _bomb(levels: int, last: str = "session { role }") -> str:
    """Each fragment spreads the next one twice."""
    parts = ["{ ...F0 }"]
    parts += [
        f"fragment F{level} on Query {{ ...F{level + 1} ...F{level + 1} }}"
        for level in range(levels)
    ]
    return " ".join([*parts, f"fragment F{levels} on Query {{ {last} }}"])


def _bombs(target: Target) -> Iterator[bytes]:
    for levels in (20, 48, 60, 400):
        yield _post(target, _bomb(levels))
    yield _post(target, _bomb(30, CANARY))
    circle = "{ ...A } fragment A on Query { ...B ...B } fragment B on Query { ...A ...A }"
    yield _post(target, circle)
    wide = " ".join(f"fragment W{n} on Query {{ session {{ role }} }}" for n in range(48))
    spreads = " ".join(f"...W{n}" for n in range(48))
    yield _post(target, f"{{ {spreads * 6} }} {wide}")


def _aliases(target: Target) -> Iterator[bytes]:
    for number in (31, 300, 1_500, 20_000):
        yield _post(target, _query(*(f"a{n}: __typename" for n in range(number))))
    yield _post(target, _query(*(f"{CANARY}{n}: session {{ role }}" for n in range(99))))


def _directives(target: Target) -> Iterator[bytes]:
    for number in (21, 300, 900, 20_000):
        yield _post(target, _query("session", *["@include(if: true)"] * number, "{ role }"))
    yield _post(target, _query("session", *[f"@{CANARY}"] * 30, "{ role }"))
    variables = " ".join(f"$v{n}: Int @deprecated" for n in range(200))
    yield _post(target, f"query ({variables}) {{ session {{ role }} }}")


def _fields(target: Target) -> Iterator[bytes]:
    for number in (201, 1_900, 60_000, 200_000):
        yield _post(target, _query("session {", *["role"] * number, "}"))
    yield _post(target, _query(*[CANARY] * 500))
    yield _post(target, "#" + CANARY * 100_000 + "\n{ session { role } }")
    operations = " ".join(f"query Q{n} {{ session {{ role }} }}" for n in range(60))
    yield _post(target, operations)
    circle = "types { fields { type { fields { type { name } } } } }"
    for _ in range(6):
        circle = f"types {{ fields {{ type {{ {circle.replace('types', 'fields', 1)} }} }} }}"
    yield _post(target, f"{{ __schema {{ {circle} }} }}")


def _depth(target: Target) -> Iterator[bytes]:
    for levels in (300, 990, 30_000):
        yield _post(target, "{" + "... {" * levels + "session { role }" + "}" * levels + "}")
        listed = "[" * levels + f'"{CANARY}"' + "]" * levels
        yield _post(target, f"{{ node(id: {listed}) {{ __typename }} }}")
        written = "{a: " * levels + "1" + "}" * levels
        yield _post(target, f"mutation {{ openCase(input: {written}) {{ __typename }} }}")
    for levels in (11, 900, 100_000):
        for opening, closing in (("[", "]"), ('{"a":', "}")):
            value = opening * levels + f'"{CANARY}"' + closing * levels
            body = f'{{"query": "{_NODE}", "variables": {{"id": {value}}}}}'
            yield http(body.encode(), token=target.token())


def _lists(target: Target) -> Iterator[bytes]:
    for number in (5_001, 50_001, 250_000):
        yield _post(target, _NODE, {"id": [1] * number})
        yield _post(target, _NODE, {"id": {f"{CANARY}{n}": n for n in range(number // 4)}})
    yield _post(target, _NODE, {"id": CANARY * 100_000})
    yield _post(target, _query("node(id: [", *["1"] * 30_000, "]) { __typename }"))
    for first in (-1, 101, 10**9, 10**30):
        yield _post(target, _query(f"cases(first: {first}) {{ edges {{ node {{ id }} }} }}"))


# Requests that are none --------------------------------------------------------------------------


def _bodies(target: Target) -> Iterator[bytes]:
    token = target.token()
    word = CANARY.encode()
    query = b'{"query": "{ session { role } }"'
    for body in (
        b"",
        b"null",
        b"[]",
        b'"' + word + b'"',
        b"{" + word + b"}",
        query,
        query + b", }",
        query + b'} {"query": "{ session { role } }"}',
        b"[" + query + b"}, " + query + b"}]",
        query + b', "variables": [1]}',
        query + b', "variables": "' + word + b'"}',
        query + b', "operationName": {"' + word + b'": 1}}',
        query + b', "extensions": 7}',
        b'{"query": NaN}',
        b'{"query": 1e999}',
        b'{"query": "' + word + b'\xff\xfe"}',
        b'{"query": "\xed\xa0\x80' + word + b'"}',
        b'{"query": "\\ud800' + word + b'"}',
        b'{"query": "{ ' + word + b'\\u0000 }"}',
        b"\xef\xbb\xbf" + query + b"}",
        (query + b"}").decode().encode("utf-16"),
        b"\x1f\x8b" + word,
        secrets.token_bytes(5_000),
        b'{"query": "' + b"\\" * 50_001 + b'"}',
    ):
        yield http(body, token=token)
    for kind in ("text/plain", "multipart/form-data", "application/x-www-form-urlencoded", CANARY):
        yield http(query + b"}", token=token, headers={"Content-Type": kind})
    yield http(
        query + b"}", token=token, headers={"Content-Type": "application/json; charset=utf-16"}
    )
    yield http(query + b"}", token=token, headers={"Accept": f"text/{CANARY}"})
    yield http(query + b"}", token=token, headers={"Content-Encoding": "gzip"})
    yield http(query + b"}" + b" " * 2_200_000, token=token)
    yield http(b"", token=token, headers={"Content-Length": "99999999999"})
    yield http(
        b"ffffffff\r\n" + b"a" * 70_000, token=token, headers={"Transfer-Encoding": "chunked"}
    )
    yield http(b"-1\r\n" + word, token=token, headers={"Transfer-Encoding": "chunked"})


def _heads(target: Target) -> Iterator[bytes]:
    token = target.token()
    yield b"\x00" * 500
    yield b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + secrets.token_bytes(300)
    yield f"{CANARY} / HTTP/1.1\r\n\r\n".encode()
    yield f"GET /{CANARY} HTTP/9.9\r\nHost: a\r\n\r\n".encode()
    yield http(method="BREW", token=token)
    yield http(method="GET", path="/" + CANARY * 20_000)
    yield http(method="GET", path=f"/graphql?query=%7Bsession%7Brole%7D%7D&{CANARY}=1", token=token)
    yield http(method="GET", path="/../../etc/passwd")
    yield http(method="GET", path="/static/%2e%2e/%2e%2e/pyproject.toml")
    yield http(method="GET", path="/ledger/intake/%00/..%2f..%2fsecrets")
    yield http(method="GET", path=f"/ledger/{CANARY}/{HERE}/checkpoint")
    yield http(method="GET", path=f"/reports/{CANARY}.pdf", token=token)
    yield http(method="GET", path="/docs")
    yield http(method="GET", path="/graphiql")
    yield http(headers={f"X-{CANARY}-{n}": "a" for n in range(3_000)})
    yield http(headers={"X": CANARY * 10_000})
    yield http(b"{}", token=token, headers={"Transfer-Encoding": "chunked", "Content-Length": "2"})
    yield http(b"{}", token=token, headers={"Content-Length": "2, 3"})
    yield http(b"{}", token=token, headers={"Content-Length": "-2"})
    yield http(b"{}", token=token, headers={"Host": CANARY, "X-Forwarded-For": CANARY})


def _pages_of_others(target: Target) -> Iterator[bytes]:
    """What a page of somebody else can make a browser send."""
    body = b'{"query": "{ session { role } }"}'
    evil = {"Origin": f"https://{CANARY}.example"}
    for kind in (
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
    ):
        yield http(body, token=target.token(), headers=evil | {"Content-Type": kind})
    yield http(method="GET", path="/graphql?query=%7Bsession%7Brole%7D%7D", headers=evil)
    asks = {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    yield http(method="OPTIONS", headers=evil | asks)
    for origin in (f"https://{CANARY}.example", "null", "http://127.0.0.1.evil.example", "file://"):
        yield _handshake({"Origin": origin})


def _handshake(headers: dict[str, str]) -> bytes:
    told = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(secrets.token_bytes(16)).decode(),
        "Sec-WebSocket-Protocol": "graphql-transport-ws",
    }
    return http(method="GET", headers=told | headers)


# Who they say they are ---------------------------------------------------------------------------


def _coded(value: bytes | dict[str, Any]) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _forged(target: Target) -> Iterator[str]:
    """Tokens that must open nothing: forged, taken over from elsewhere, or too old."""
    signer = target.signer
    now = int(time.time())
    claims: dict[str, Any] = {
        "iss": signer.issuer,
        "aud": "hoeksteen",
        "sub": CANARY,
        "role": "adviser",
        "org": str(HERE),
        "iat": now,
        "exp": now + 600,
    }
    header: dict[str, Any] = {"typ": "at+jwt", "kid": signer.kid}
    public = signer.key.public_key()
    raw = public.public_bytes_raw()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    jwk = json.dumps(signer.jwks()["keys"][0]).encode()

    def signed(
        changes: dict[str, Any], heads: dict[str, Any] | None = None, key: Any = signer.key
    ) -> str:
        told, head = (
            {name: one for name, one in (plain | (other or {})).items() if one is not None}
            for plain, other in ((claims, changes), (header | {"alg": "EdDSA"}, heads))
        )
        text = f"{_coded(head)}.{_coded(told)}"
        return f"{text}.{_coded(key.sign(text.encode()))}"

    for name in ("none", "None", "NONE", "nOnE", ""):
        yield f"{_coded(header | {'alg': name})}.{_coded(claims)}."
    for secret in (raw, pem, pem.strip(), jwk, b"", raw.hex().encode()):
        for name, digest in (("HS256", "sha256"), ("HS512", "sha512")):
            text = f"{_coded(header | {'alg': name})}.{_coded(claims)}"
            yield f"{text}.{_coded(hmac.new(secret, text.encode(), digest).digest())}"
    good = signed({})
    first, second, third = good.split(".")
    for name in ("RS256", "ES256", "PS512", "EdDSA "):
        yield f"{_coded(header | {'alg': name})}.{second}.{third}"
    stranger = Ed25519PrivateKey.generate()
    yield signed({}, key=stranger)
    own = {"kty": "OKP", "crv": "Ed25519", "x": _coded(stranger.public_key().public_bytes_raw())}
    heads: dict[str, Any]
    for heads in (
        {"jwk": own},
        {"jku": f"https://{CANARY}.example/jwks"},
        {"x5u": f"https://{CANARY}.example/x"},
        {"x5c": [CANARY]},
        {"kid": CANARY},
        {"kid": "../../../../dev/null"},
        {"kid": "' OR 1=1 --"},
        {"kid": ["a"]},
        {"kid": None},
    ):
        yield signed({}, heads, stranger)
    for heads in (
        {"typ": "JWT"},
        {"typ": "id+jwt"},
        {"typ": None},
        {"kid": CANARY},
        {"crit": ["exp"]},
        {"crit": [CANARY], CANARY: 1},
        {"b64": False, "crit": ["b64"]},
    ):
        yield signed({}, heads)
    for changes in (
        {"exp": now - LEEWAY_SECONDS - 1},
        {"exp": now - 86_400},
        {"exp": "tomorrow"},
        {"exp": None},
        {"exp": [1]},
        {"nbf": now + 600},
        {"iat": now + 600},
        {"iat": None},
        {"iss": f"https://{CANARY}.example"},
        {"iss": [signer.issuer]},
        {"aud": CANARY},
        {"aud": [CANARY, "hoeksteen "]},
        {"aud": None},
        {"sub": ""},
        {"sub": "a" * 201},
        {"sub": None},
        {"role": "reporter"},
        {"role": "owner"},
        {"role": ["adviser", "hr"]},
        {"roles": ["adviser", "hr"]},
        {"role": None},
        {"org": None},
        {"org": CANARY},
        {"org": "' OR 1=1 --"},
        {"role": "admin"},
    ):
        yield signed(changes)
    yield f"{first}.{second}.{third[:-4]}AAAA"
    yield f"{first}.{second}."
    yield f"{first}.{_coded(claims | {'role': 'hr'})}.{third}"
    yield f"{first}.{second}"
    yield f"{good}.{third}"
    yield good.replace(".", "..")
    yield good + "A" * 5_000
    yield CANARY
    yield "." * 4_000
    yield "eyJ" * 1_300


def _tokens(target: Target) -> Iterator[bytes]:
    body = b'{"query": "{ session { role } }"}'
    for token in _forged(target):
        yield http(body, token=token)
    for header in (
        "",
        "Bearer",
        "Bearer  ",
        "Basic YTpi",
        f"Digest {CANARY}",
        f"Bearer {CANARY} x",
    ):
        yield http(body, headers={"Authorization": header})
    yield http(body, path=f"/graphql?access_token={target.token()}")
    yield http(body, headers={"Cookie": f"token={target.token()}"})


# What is guessed ---------------------------------------------------------------------------------


def _codes(_target: Target) -> Iterator[bytes]:
    """One of each kind; how many a second, `guessing` counts."""
    asked = trusted(MY_CASE)
    yield http(asked, token=f"reporter.{HERE}")
    until = int(time.time()) + 600
    for _ in range(2):
        guess = _coded(secrets.token_bytes(32))
        sealed = _coded(secrets.token_bytes(52))
        yield http(asked, token=f"reporter.{HERE}.{guess}")
        yield http(asked, token=f"reporter.{HERE}.{until}.{sealed}")
        yield http(b'{"query": "{ session { role } }"}', token=f"pulse.{HERE}.{guess}")
        yield http(method="GET", path=f"/calendar/{HERE}/{uuid4()}/{guess}.ics")
    for guess in (CANARY, "", "A" * 42, "A" * 43 + "=", "../" * 14, "A" * 4_000):
        for kind in ("reporter", "pulse"):
            yield http(asked, token=f"{kind}.{HERE}.{guess}")
            yield http(asked, token=f"{kind}.{HERE}.{until}.{guess}")
        yield http(method="GET", path=f"/calendar/{HERE}/{uuid4()}/{guess}.ics")


def _ids(target: Target) -> Iterator[bytes]:
    """Ids of somebody else's, of nothing, and ones that are none."""
    for guess in (
        *(str(uuid4()) for _ in range(3)),
        str(HERE),
        "anna",
        CANARY,
        "",
        _coded(b"Case:1"),
        "Case:1",
        "0" * 10_000,
        "' OR 1=1 --",
        "\x00",
    ):
        yield _post(target, _NODE, {"id": guess})
        yield _post(target, "query ($id: ID!) { case(id: $id) { id } }", {"id": guess})
    for cursor in (CANARY, _coded(b"0"), "A" * 5_000, str(uuid4())):
        query = "query ($after: String) { cases(first: 5, after: $after) { edges { cursor } } }"
        yield _post(target, query, {"after": cursor})


def _names(target: Target) -> Iterator[bytes]:
    """Nearly right names, of what the role has and of what it has not."""
    for name in ("organisatio", "casess", "sesion", "nod", "tasksx", "statisticss", CANARY):
        yield _post(target, f"{{ {name} }}")
        yield _post(target, f"{{ {name} }}", role=Role.AUDITOR)
    yield _post(target, "{ session { rol } }")
    yield _post(target, "{ node(idd: 1) { __typename } }")
    yield _post(target, f"{{ taxonomy(language: {CANARY}) {{ version }} }}")
    yield _post(target, f"query ($a: {CANARY}) {{ session {{ role }} }}")
    yield _post(target, f'{{ cases(first: "{CANARY}") {{ edges {{ cursor }} }} }}')
    yield _post(target, "query ($f: Int!) { cases(first: $f) { edges { cursor } } }", {"f": CANARY})


def _documents(target: Target) -> Iterator[bytes]:
    """Text of one's own, where only what was released runs."""
    hr, own = target.token(Role.HR), "{ session { role } }"
    digest = hashlib.sha256(own.encode()).hexdigest()
    kept = hashlib.sha256(MY_CASE.encode()).hexdigest()
    for body in (
        {"query": own},
        {"query": own, "documentId": f"sha256:{digest}"},
        {"query": own, "documentId": f"sha256:{kept}"},
        {"query": own, "extensions": {"persistedQuery": {"version": 1, "sha256Hash": digest}}},
        {"documentId": f"sha256:{digest}"},
        {"documentId": f"sha256:{kept}"},
        {"documentId": kept},
        {"documentId": f"SHA256:{digest.upper()}"},
        {"documentId": f"sha256:{CANARY}"},
        {"documentId": own},
        {"documentId": f"sha256:../{kept}"},
        {"documentId": [f"sha256:{digest}"]},
        {"documentId": "sha256:" + "0" * 100_000},
        {"extensions": {"persistedQuery": {"sha256Hash": digest}}},
        {"extensions": {"persistedQuery": CANARY}},
    ):
        yield http(json.dumps(body).encode(), token=hr)
    reporter = f"reporter.{HERE}"
    for query in (own, "{ __schema { types { name } } }", '{ __type(name: "Case") { name } }'):
        yield http(json.dumps({"query": query}).encode(), token=reporter)


def _frames(target: Target) -> Iterator[bytes]:
    """A WebSocket whose first words are wrong."""
    for words in (
        b"",
        b"null",
        CANARY.encode(),
        b'{"type": "' + CANARY.encode() + b'"}',
        b'{"type": "subscribe", "id": "1", "payload": {"query": "{ session { role } }"}}',
        b'{"type": "connection_init", "payload": {"Authorization": "Bearer '
        + CANARY.encode()
        + b'"}}',
        b'{"type": "connection_init", "payload": "x"}',
        b"[" * 60_000,
        b"\xff\xfe\xfd",
        b"a" * 300_000,
        *(
            json.dumps(
                {"type": "connection_init", "payload": {"Authorization": f"Bearer {one}"}}
            ).encode()
            for one in list(_forged(target))[:12]
        ),
    ):
        yield _handshake({}) + frame(words)
    yield _handshake({}) + frame(CANARY.encode(), opcode=2)
    yield _handshake({}) + b"\xc1\x80" + secrets.token_bytes(4)
    yield _handshake({}) + frame(b"x" * 200, opcode=9)
    yield _handshake({}) + b"\x81\xff" + b"\x7f" * 8 + secrets.token_bytes(4)
    yield _handshake({"Sec-WebSocket-Protocol": "graphql-ws"})
    yield _handshake({"Sec-WebSocket-Version": "7"})
    yield _handshake({"Sec-WebSocket-Key": CANARY})


def frame(words: bytes, *, opcode: int = 1) -> bytes:
    """A masked frame, the last of its message (RFC 6455, section 5.2)."""
    size = len(words)
    if size < 126:
        length = bytes([0x80 | size])
    elif size < 65_536:
        length = b"\xfe" + size.to_bytes(2, "big")
    else:
        length = b"\xff" + size.to_bytes(8, "big")
    return bytes([0x80 | opcode]) + length + bytes(4) + words


ATTACKS: Final[Sequence[Attack]] = (
    Attack("fragments that double, to 60 levels and more", _bombs),
    Attack("floods of aliases", _aliases),
    Attack("floods of directives", _directives),
    Attack("floods of fields, comments, operations", _fields),
    Attack("deep selections, literals and variables", _depth),
    Attack("huge lists, objects and pages", _lists),
    Attack("malformed JSON and UTF-8, bodies of the wrong kind", _bodies),
    Attack("malformed heads, paths to what is not served", _heads),
    Attack("pages of other origins", _pages_of_others),
    Attack("forged, confused, expired and replayed tokens", _tokens),
    Attack("codes, pulse tokens and calendars that are guessed", _codes),
    Attack("ids and cursors that are guessed", _ids),
    Attack("names that are nearly right", _names),
    Attack("documents that were not released", _documents),
    Attack("malformed WebSocket handshakes, frames and messages", _frames),
)


# Connections that are held -----------------------------------------------------------------------


async def _held(target: Target, raw: bytes, number: int) -> list[socket.socket]:
    loop = asyncio.get_running_loop()
    held = []
    for _ in range(number):
        one = socket.socket()
        one.settimeout(0)
        try:
            await loop.sock_connect(one, ("127.0.0.1", target.port))
            if raw:
                await loop.sock_sendall(one, raw)
        except OSError:
            one.close()
        else:
            held.append(one)
    return held


async def _still_served(target: Target) -> bool:
    answer = await target.send(_post(target, "{ session { role } }"))
    return answer.status == 200 and answer.data is not None


def _closed(one: socket.socket) -> bool:
    """Whether the other side has closed it."""
    while True:
        try:
            if not one.recv(65_536):
                return True
        except BlockingIOError:
            return False
        except OSError:
            return True


async def _ended(held: list[socket.socket], within: float) -> int:
    """How many were not closed in time."""
    left, until = held, time.monotonic() + within
    while left and time.monotonic() < until:
        await asyncio.sleep(0.25)
        left = [one for one in left if not _closed(one)]
    return len(left)


async def hold(target: Target, raw: bytes, number: int, within: float) -> tuple[int, int, bool]:
    """Open so many connections, send the same on each, and say nothing more.

    How many were opened; how many are still open after so many seconds; whether somebody with a good token
    was served meanwhile.
    """
    held = await _held(target, raw, number)
    try:
        served = await _still_served(target)
        return len(held), await _ended(held, within), served
    finally:
        for one in held:
            one.close()


@dataclass(frozen=True, slots=True)
class Held:
    """Connections on which nobody goes on: closed within so many seconds."""

    name: str
    raw: Callable[[Target], bytes]
    within: float


HELD: Final[Sequence[Held]] = (
    Held("idle connections", lambda _: b"", 25),
    Held("idle WebSockets", lambda _: _handshake({}), 25),
    Held("heads that never end", lambda _: b"POST /graphql HTTP/1.1\r\nHost: a\r\nX: ", 25),
    Held(
        "bodies that never end",
        lambda target: http(b'{"query"', token=target.token(), headers={"Content-Length": "99"}),
        30,
    ),
)


async def dripped(target: Target, seconds: float) -> bool:
    """A head that comes a byte at a time: whether the connection was closed meanwhile."""
    reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
    until = time.monotonic() + seconds
    try:
        for byte in b"POST /graphql HTTP/1.1\r\nX: " + b"a" * 10_000:
            writer.write(bytes([byte]))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.25):
                    if not await reader.read(1):
                        return True
            if time.monotonic() > until:
                return False
    except ConnectionError:
        return True
    finally:
        writer.transport.abort()
    return False


async def guessing(target: Target, guesses: int) -> tuple[int, float]:
    """So many codes at once, on as many connections: how many opened something, and how many were answered
    in a second.
    """

    async def one() -> Answer:
        key = base64.b64encode(secrets.token_bytes(32)).decode()
        door = http(trusted(SESSION, {"input": {"lookupKey": key}}), token=f"reporter.{HERE}")
        opened: Any = (await target.send(door, within=120)).data
        token = opened["openReporterSession"]["token"]
        return await target.send(http(trusted(MY_CASE), token=token), within=120)

    began = time.monotonic()
    answers = await asyncio.gather(*(one() for _ in range(guesses)))
    took = time.monotonic() - began
    tried = sum(answer.status == 200 for answer in answers)
    return sum(not refused(answer) for answer in answers), tried / took
