"""A small synchronous client of the GraphQL gateway."""

from __future__ import annotations

import secrets
import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, partial
from itertools import islice
from types import TracebackType
from typing import Any, Final, Self, TypeVar
from uuid import UUID

import httpx2

from hoeksteen_client.attachments import CHUNK_BYTES, TAG_BYTES
from hoeksteen_client.sealing import as_uuid

RETRIES: Final = 3
"""Repeats after a failure of the network, always of the very same request."""
_FIRST_PAUSE_SECONDS: Final = 0.25
_CHUNKS_A_REQUEST: Final = 16

_SIGN_IN: Final = frozenset({"NOT_SIGNED_IN", "FRESH_SIGN_IN_NEEDED"})

_Answer = TypeVar("_Answer")


class GatewayError(Exception):
    """The gateway refused. The text is its sentence for people; `code` is for programs."""

    def __init__(self, sentence: str, code: str) -> None:
        self.code = code
        super().__init__(sentence)


class Unreachable(GatewayError):  # noqa: N818  says what the gateway is
    """No answer after every retry. A command may have been carried out: repeat it with its key.

    `idempotency_key`: the command's key; None for a question.
    """

    def __init__(self, idempotency_key: str | None) -> None:
        self.idempotency_key = idempotency_key
        super().__init__(
            "The gateway does not answer. Try again; a command with the same idempotency key.",
            "UNREACHABLE",
        )


class GatewayClient:
    """Speaks GraphQL to the gateway at `url` (its full address, with `/graphql`) as one person.

    `renew` gives another token when the gateway does not take the present one any more, or wants a fresh
    sign-in, and may ask with `execute_once`; what was asked is then asked once again.
    Use it as a context manager, or call `close`. `language`: of the gateway's sentences, "en" or
    "nl"; it may be changed at any time. `transport` is for tests that answer in the same process.
    Not safe to share between threads.
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        language: str = "en",
        timeout: float = 30.0,
        renew: Callable[[GatewayClient], str] | None = None,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        self._url = url
        self.language = language
        self._renew = renew
        self._http = httpx2.Client(
            headers={
                "Accept": "application/graphql-response+json, application/json",
            },
            timeout=timeout,
            transport=transport,
            # The employer may own the network: a token goes to the address that was given only.
            follow_redirects=False,
            trust_env=False,
            verify=_authorities(),
        )
        self.sign_in(token)

    def sign_in(self, token: str) -> None:
        """From now on ask with this token."""
        self._http.headers["Authorization"] = f"Bearer {token}"

    def execute(self, document: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The answer's `data`. A failure of the network is retried with the very same request.

        A mutation's input holds its idempotency key, so a retry changes nothing twice; `command`
        adds one. Raises GatewayError with the gateway's own sentence: for a top-level error, and
        for a root field that answers an expected failure (ask for
        `... on UserError { code message }`); Unreachable when nothing answers.
        """
        return self._signed_in(lambda: self.execute_once(document, variables))

    def execute_once(
        self, document: str, variables: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """The same with the present token alone."""
        response = self._post({"query": document, "variables": dict(variables or {})})
        try:
            body = response.json()
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise GatewayError(
                f"The gateway answered {response.status_code} without a GraphQL answer.",
                f"HTTP_{response.status_code}",
            )
        for error in body.get("errors") or ():
            code = (error.get("extensions") or {}).get("code", "GRAPHQL_ERROR")
            raise GatewayError(str(error.get("message", "")), str(code))
        data: dict[str, Any] = body.get("data") or {}
        for value in data.values():
            # Of everything in the schema only an expected failure has both.
            if isinstance(value, dict) and {"code", "message"} <= value.keys():
                raise GatewayError(str(value["message"]), str(value["code"]))
        return data

    def command(
        self, document: str, values: Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> dict[str, Any]:
        """Execute a mutation with the variable `$input`: `values` and an idempotency key.

        The key is fresh and random unless one is given, as it is when an earlier attempt ended in
        Unreachable.
        """
        key = idempotency_key or secrets.token_urlsafe(24)
        return self.execute(document, {"input": {**values, "idempotencyKey": key}})

    def send_chunks(
        self, chunks: Iterable[bytes], *, case: UUID | str, attachment: UUID | str
    ) -> int:
        """Send the encrypted chunks of a file, in order, 1 MiB at a time; how many there were.

        `attachment`: a random id (UUID version 4) of the client's. Each MiB is retried after a
        failure of the network: a chunk that is there already changes nothing. Raises as `execute`
        does; what was sent and is not attached within a day is removed.
        """
        place = as_uuid(case).bytes + as_uuid(attachment).bytes
        number = 0
        rest = iter(chunks)
        while batch := list(islice(rest, _CHUNKS_A_REQUEST)):
            body = place + number.to_bytes(4, "big") + b"".join(batch)
            self._signed_in(partial(self._send, body))
            number += len(batch)
        return number

    def fetch_chunks(self, attachment: UUID | str) -> Iterator[bytes]:
        """The encrypted chunks of a file, in order, as they arrive.

        After a failure of the network it goes on from the chunk that is missing. Raises as `execute`
        does. What is left out at the end is noticed by `open_attachment`, not here.
        """
        url = f"{self._attachments()}/{as_uuid(attachment)}"
        number, failures, renewed = 0, 0, False
        while True:
            try:
                with self._http.stream(
                    "GET", url, params={"from": number}, headers={"Accept-Language": self.language}
                ) as response:
                    if not response.is_success:
                        response.read()
                    _raise_refusal(response)
                    for chunk in response.iter_bytes(CHUNK_BYTES + TAG_BYTES):
                        yield chunk
                        number, failures, renewed = number + 1, 0, False
            except GatewayError as refused:
                if renewed or not self._renewed(refused):
                    raise
                renewed = True
            except httpx2.TransportError as error:
                if failures == RETRIES:
                    raise Unreachable(None) from error
                time.sleep(_FIRST_PAUSE_SECONDS * 2**failures)
                failures += 1
            else:
                return

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _signed_in(self, ask: Callable[[], _Answer]) -> _Answer:
        """What `ask` gives, with another token where the present one is not taken any more."""
        try:
            return ask()
        except GatewayError as refused:
            if not self._renewed(refused):
                raise
        return ask()

    def _renewed(self, refused: GatewayError) -> bool:
        """Whether there is another token for the one that was refused."""
        if self._renew is None or refused.code not in _SIGN_IN:
            return False
        self.sign_in(self._renew(self))
        return True

    def _send(self, body: bytes) -> None:
        _raise_refusal(self._retried(self._attachments(), content=body))

    def _attachments(self) -> str:
        return f"{self._url.removesuffix('/').rpartition('/')[0]}/attachments"

    def _post(self, body: dict[str, Any]) -> httpx2.Response:
        key = (body["variables"].get("input") or {}).get("idempotencyKey")
        return self._retried(self._url, key=key, json=body)

    def _retried(self, url: str, *, key: str | None = None, **body: Any) -> httpx2.Response:
        pause = _FIRST_PAUSE_SECONDS
        for left in range(RETRIES, -1, -1):
            try:
                return self._http.post(url, headers={"Accept-Language": self.language}, **body)
            except httpx2.TransportError as error:
                if left == 0:
                    raise Unreachable(key) from error
                time.sleep(pause)
                pause *= 2
        raise AssertionError  # the loop returns or raises


@cache
def _authorities() -> ssl.SSLContext:
    """Whose certificates are believed: the system's. Read once, which takes longer than many answers,
    where one program speaks for many people.
    """
    return httpx2.create_ssl_context(trust_env=False)


def _raise_refusal(response: httpx2.Response) -> None:
    """Raise what the gateway said in place of a good answer, as GatewayError."""
    if response.is_success:
        return
    try:
        error = response.json()["errors"][0]
        raise GatewayError(str(error["message"]), str(error["extensions"]["code"]))
    except (ValueError, LookupError, TypeError):
        sentence = f"The gateway answered {response.status_code} without saying why."
        raise GatewayError(sentence, f"HTTP_{response.status_code}") from None
