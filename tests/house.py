"""Intake on a real PostgreSQL behind a real gateway on a real bus: people who ask in GraphQL."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx2
from starlette.types import ASGIApp

from hoeksteen_client import AdviserKey, ReporterCode
from hoeksteen_client.sealing import seal_to
from services.gateway.app import application
from services.gateway.live import Live
from services.intake.service import DEFINITION
from shared.bus.connection import responds
from shared.bus.rpc import RpcClient
from shared.contracts import rpc
from shared.contracts.errors import Language
from shared.identity.reporter import unproven
from shared.identity.roles import Role
from shared.identity.tokens import TokenVerifier
from shared.telemetry import configure
from tests.component.test_intake import set_up
from tests.conftest import Database
from tests.nats_server import running_bus
from tests.service_lab import HERE, ISSUER, Running, running

_PUBLISH = """mutation Publish($input: PublishAdviserKeyInput!) {
  publishAdviserKey(input: $input) {
    ... on PublishAdviserKeyPayload { keyId } ... on UserError { code message } } }"""


@dataclass
class House:
    """An organisation with the advisers Anna and Bram, and whoever asks."""

    service: Running
    http: httpx2.AsyncClient
    keys: dict[str, AdviserKey] = field(default_factory=dict)
    app: ASGIApp | None = None
    news: Live = field(default_factory=Live)

    async def ask(
        self,
        query: str,
        variables: dict[str, Any] | None = None,
        *,
        code: ReporterCode | None = None,
        language: Language = "en",
        organisation: UUID = HERE,
        **who: Any,
    ) -> Any:
        """The first field of the data of an operation, asked by `who` or with a reporter's code."""
        token = (
            self.service.token(organisation=organisation, **who)
            if code is None
            else self.service.session(code, organisation)
        )
        answer = await self.http.post(
            "/graphql",
            json={"query": query, "variables": variables},
            headers={"Authorization": f"Bearer {token}", "Accept-Language": language},
        )
        body = answer.json()
        assert "errors" not in body, body
        (found,) = body["data"].values()
        return found

    async def change(self, name: str, fields: dict[str, Any], **who: Any) -> Any:
        """A mutation by its name; its payload's id, or the refusal's code and sentence."""
        title = f"{name[0].upper()}{name[1:]}"
        given = {"idempotencyKey": str(uuid4())} | fields
        return await self.ask(
            f"mutation Change($input: {title}Input!) {{ {name}(input: $input) {{"
            " __typename ... on UserError { code message path } } }",
            {"input": given},
            **who,
        )

    async def done(self, name: str, fields: dict[str, Any], **who: Any) -> None:
        """A mutation that is expected to be taken."""
        taken = await self.change(name, fields, **who)
        assert taken["__typename"].endswith("Payload"), taken

    async def refused(self, name: str, fields: dict[str, Any], **who: Any) -> str:
        """The code with which a mutation is refused; the sentences in both languages differ."""
        told = {
            language: await self.change(name, fields, language=language, **who)
            for language in ("en", "nl")
        }
        assert "code" in told["en"], told
        assert told["en"]["code"] == told["nl"]["code"]
        assert told["en"]["message"] != told["nl"]["message"]
        return str(told["en"]["code"])

    async def publish(self, subject: str, role: Role = Role.ADVISER) -> AdviserKey:
        """Somebody's key pair, in the directory."""
        key = self.keys[subject] = AdviserKey.generate()
        assert key.signing_public is not None
        given = {
            "idempotencyKey": str(uuid4()),
            "publicKey": text(key.public),
            "signingKey": text(key.signing_public),
            "proof": text(key.prove(organisation=HERE, adviser_id=subject)),
        }
        found = await self.ask(_PUBLISH, {"input": given}, role=role, subject=subject)
        assert found == {"keyId": str(key.key_id)}
        return key

    def sealed(
        self, words: str, readers: Sequence[AdviserKey], matter: UUID | str
    ) -> list[dict[str, str]]:
        """Words as a client seals them to these keys, bound to one matter."""
        copies = seal_to(
            words, [(one.key_id, one.public) for one in readers], organisation=HERE, case=matter
        )
        return [{"keyId": str(key_id), "ciphertext": text(one)} for key_id, one in copies]

    def signed(
        self, words: str, by: AdviserKey, readers: Sequence[AdviserKey], matter: UUID | str
    ) -> dict[str, Any]:
        """The same with the signature of who wrote them."""
        sealed = self.sealed(words, readers, matter)
        copies = [(UUID(one["keyId"]), base64.b64decode(one["ciphertext"])) for one in sealed]
        signature = by.sign_words(copies, organisation=HERE, case=matter)
        return {"words": sealed, "signature": text(signature)}

    def opened(
        self, sealed: list[dict[str, str]], key: AdviserKey, matter: UUID | str
    ) -> str | None:
        """What stands in the copy for this key; None where there is none."""
        for one in sealed:
            if one["keyId"] == str(key.key_id):
                envelope = base64.b64decode(one["ciphertext"])
                return key.open(envelope, organisation=HERE, case=matter)
        return None

    @staticmethod
    def on_bus(sealed: list[dict[str, str]]) -> tuple[rpc.Sealed, ...]:
        """Sealed words as they travel behind the gateway."""
        return tuple(
            rpc.Sealed(key_id=one["keyId"], ciphertext=base64.b64decode(one["ciphertext"]))
            for one in sealed
        )

    async def stored(self) -> str:
        """All events, opened, and all rows of all projections, as one text."""
        tables = self.service.rows("SELECT name FROM projection_table ORDER BY name")
        rows = [self.service.rows(f"SELECT * FROM {table}") for (table,) in tables]  # noqa: S608
        return repr([await self.service.log(), rows])


def text(content: bytes) -> str:
    """Bytes as they stand in GraphQL."""
    return base64.b64encode(content).decode()


@asynccontextmanager
async def running_house(database: Database, folder: Path) -> AsyncIterator[House]:
    """Both programs in this process, and the organisation set up."""
    (folder / "nats").mkdir()
    async with (
        running_bus(folder / "nats") as bus,
        running(DEFINITION, database, bus, folder) as service,
    ):
        telemetry = configure("gateway", spans_path=folder / "spans.jsonl")
        client = await bus.client("gateway")
        news = Live()
        await news.listen(client)
        app = application(
            rpc=RpcClient(client),
            verifier=TokenVerifier(folder / "jwks.json", ISSUER, "hoeksteen", reporter=unproven),
            telemetry=telemetry,
            ready=lambda: responds(client),
            graphiql=False,
            news=news,
        )
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://gateway") as http:
            house = House(service, http, app=app, news=news)
            await service.ask("set_up_organisation", set_up(), rpc.Done, role=Role.ADMIN)
            for adviser in ("anna", "bram"):
                await house.publish(adviser)
            yield house
        telemetry.shutdown()
