"""The provider ends sessions: at the gateway, in services, and after each of them began anew."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.gateway.app import application
from services.gateway.rates import RateLimits, Rates
from services.gateway.sign_out import PATH
from services.intake.service import DEFINITION
from shared.bus.connection import responds
from shared.bus.revocations import RevocationReader
from shared.bus.rpc import RpcClient
from shared.contracts import rpc
from shared.contracts.errors import Code, Refusal
from shared.identity.issuer import Signer
from shared.identity.logout import EVENT
from shared.identity.revocations import Revocations
from shared.identity.tokens import TokenVerifier
from shared.telemetry import configure
from tests.conformance.frames import connected
from tests.conftest import Database
from tests.gateway_lab import listening
from tests.nats_server import Bus, running_bus
from tests.oidc_provider import OpenIdProvider, openid_provider
from tests.service_lab import HERE, ISSUER, Running, eventually, running

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
CLIENT = "front-end"


def minted(signer: Signer, typ: str, **claims: Any) -> str:
    now = int(time.time())
    base = {"iss": ISSUER, "sub": "anna", "iat": now, "exp": now + 300}
    headers = {"kid": signer.kid, "typ": typ}
    return jwt.encode(base | claims, signer.key, algorithm="EdDSA", headers=headers)


def session(signer: Signer, sid: str) -> str:
    """An access token of Anna's, of one session of hers."""
    return minted(signer, "at+jwt", aud="hoeksteen", role="adviser", org=str(HERE), sid=sid)


def logout(signer: Signer, sid: str, **changes: Any) -> str:
    claims = {"aud": CLIENT, "jti": sid, "events": {EVENT: {}}, "sid": sid} | changes
    return minted(signer, "logout+jwt", **claims)


async def told(origin: str, token: str, **headers: str) -> httpx2.Response:
    """What the gateway says to a logout token."""
    async with httpx2.AsyncClient(base_url=origin, trust_env=False, timeout=20) as http:
        body = urlencode({"logout_token": token})
        return await http.post(PATH, content=body, headers=FORM | headers)


async def role_of(origin: str, token: str) -> int:
    """The status of what the gateway answers by itself, without a service."""
    async with httpx2.AsyncClient(base_url=origin, trust_env=False, timeout=20) as http:
        headers = {"Authorization": f"Bearer {token}"}
        asked = {"query": "{ session { role } }"}
        return (await http.post("/graphql", json=asked, headers=headers)).status_code


async def is_in(service: Running, token: str) -> bool:
    """Whether the service answers the bearer of a token."""
    try:
        await service.ask("calendar_feed", rpc.Empty(), rpc.CalendarFeed, token=token)
    except Refusal as refusal:
        if refusal.code is not Code.NOT_SIGNED_IN:
            raise
        return False
    return True


@asynccontextmanager
async def gateway(
    bus: Bus, folder: Path, jwks: Path | None, issuer: str, *, rates: Rates | None = None
) -> AsyncIterator[str]:
    """A replica of the gateway: its address."""
    client = await bus.client("gateway")
    revocations = Revocations()
    reader = RevocationReader(revocations, bus.problems.append)
    await reader.start(client)
    reading = asyncio.create_task(reader.run())
    telemetry = configure("gateway", spans_path=folder / "spans.jsonl")
    app = application(
        rpc=RpcClient(client),
        verifier=TokenVerifier(jwks, issuer, "hoeksteen", revocations=revocations),
        telemetry=telemetry,
        ready=lambda: responds(client),
        graphiql=False,
        rates=rates,
    )
    try:
        async with listening(app) as origin:
            yield origin
    finally:
        reading.cancel()
        telemetry.shutdown()


async def test_a_session_that_the_provider_ended(database: Database, tmp_path: Path) -> None:
    """It is out at every replica and in the service, also when that and the bus began anew; a session
    beside it goes on. What proves nothing ends nothing.
    """
    signer = Signer(key=Ed25519PrivateKey.generate(), issuer=ISSUER)
    jwks = tmp_path / "issuer.json"
    jwks.write_text(json.dumps(signer.jwks()))
    settings = {"jwks": str(jwks), "clients": f"other, {CLIENT}"}
    today, at_home = session(signer, "today"), session(signer, "at-home")
    (tmp_path / "nats").mkdir()
    async with running_bus(tmp_path / "nats") as bus:
        async with (
            running(DEFINITION, database, bus, tmp_path, settings=settings) as service,
            gateway(bus, tmp_path, jwks, ISSUER) as origin,
            gateway(bus, tmp_path, jwks, ISSUER) as another,
            connected(another) as socket,
            connected(another) as beside,
        ):
            revocations = Revocations()
            reader = RevocationReader(revocations, bus.problems.append)
            await reader.start(await bus.client("signals"))
            reading = asyncio.create_task(reader.run())

            async def heard() -> bool:
                return len(revocations) > 0

            for one, token in ((socket, today), (beside, at_home)):
                payload = {"authorization": f"Bearer {token}"}
                one.send({"type": "connection_init", "payload": payload})
                assert {"type": "connection_ack"} == await one.message()
            assert await is_in(service, today)

            for bad in (
                logout(Signer(key=Ed25519PrivateKey.generate(), issuer=ISSUER), "today"),
                logout(signer, "today", aud="hoeksteen"),
                today,
                "",
            ):
                refused = await told(origin, bad)
                assert (400, "no-store") == (refused.status_code, refused.headers["cache-control"])
            assert (
                400
                == (
                    await told(origin, logout(signer, "today"), **{"Content-Type": "text/plain"})
                ).status_code
            )
            assert 413 == (await told(origin, "x" * 10_000)).status_code
            assert await is_in(service, today)

            ended = logout(signer, "today")
            for _ in range(2):
                taken = await told(origin, ended)
                assert (200, b"", "no-store") == (
                    taken.status_code,
                    taken.content,
                    taken.headers["cache-control"],
                )
            assert 4403 == await socket.closed()
            beside.send({"type": "ping"})
            assert {"type": "pong"} == await beside.message()
            assert not await is_in(service, today)
            assert await is_in(service, at_home)
            await eventually(heard)
            js = (await bus.client("provisioner")).jetstream()
            assert 1 == (await js.stream_info("REVOCATIONS")).state.messages
            reading.cancel()
        bus.stop(kill=True)
        await bus.start()
        async with running(DEFINITION, database, bus, tmp_path, settings=settings) as service:
            assert not await is_in(service, today)
            assert await is_in(service, at_home)
            async with gateway(bus, tmp_path, jwks, ISSUER) as origin:
                assert [401, 200] == [await role_of(origin, one) for one in (today, at_home)]
                bus.stop()
                assert 503 == (await told(origin, logout(signer, "at-home"))).status_code
                await bus.start()

                async def stored() -> bool:
                    return 200 == (await told(origin, logout(signer, "at-home"))).status_code

                await eventually(stored)
                assert not await is_in(service, at_home)


async def test_too_many_logout_tokens_wait(tmp_path: Path) -> None:
    """With 429, before anything is read."""
    rates = Rates(RateLimits(sign_outs=1), clock=lambda: 0.0)
    async with (
        running_bus(tmp_path) as bus,
        gateway(bus, tmp_path, tmp_path / "none", ISSUER, rates=rates) as origin,
    ):
        assert [503, 429] == [(await told(origin, "a")).status_code for _ in range(2)]


@pytest.fixture
def provider() -> Any:
    account = {"role": "adviser", "org": str(HERE)}
    with openid_provider({"anna": account}, logout="http://127.0.0.1:9/") as provider:
        yield provider


async def test_a_real_provider_says_so(
    database: Database, tmp_path: Path, provider: OpenIdProvider
) -> None:
    """Somebody signs out there, of one of two browsers."""
    (tmp_path / "nats").mkdir()
    settings = {"jwks": None, "issuer": provider.issuer, "clients": CLIENT}
    async with (
        running_bus(tmp_path / "nats") as bus,
        running(DEFINITION, database, bus, tmp_path, settings=settings) as service,
        gateway(bus, tmp_path, None, provider.issuer) as origin,
    ):
        provider.logout = f"{origin}{PATH}"
        await asyncio.to_thread(provider.start, "ES256")
        with provider.browser() as here, provider.browser() as there:
            first = await asyncio.to_thread(provider.sign_in, here, "anna")
            second = await asyncio.to_thread(provider.sign_in, there, "anna")
            assert [True, True] == [await is_in(service, one) for one in (first, second)]

            await asyncio.to_thread(provider.sign_out, here)

            async def out() -> bool:
                return not await is_in(service, first)

            await eventually(out)
            assert await is_in(service, second)
