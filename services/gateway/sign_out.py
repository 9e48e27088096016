"""POST /sign-out/back-channel: the provider says that a session has ended.

OpenID Connect Back-Channel Logout 1.0, sections 2.5 to 2.8. Intake proves the token, since
a gateway could say anything. It is answered when the revocation is stored; while it cannot be, with 503.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qs

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from services.gateway.http import SECURITY_HEADERS, body_of, language_of, refuse
from services.gateway.rates import Rates
from shared.bus.rpc import RpcClient
from shared.contracts.errors import Code, Refusal
from shared.contracts.rpc import VERBS, SignOut

PATH: Final = "/sign-out/back-channel"

LARGEST_FORM: Final = 8 * 1024
"""Bytes: one token, and what a form adds to it."""

_FORM: Final = "application/x-www-form-urlencoded"

_INSTEAD: Final = {
    Code.NOT_SIGNED_IN: Code.MALFORMED_REQUEST,
    Code.TIMED_OUT: Code.UNAVAILABLE,
    Code.INTERNAL: Code.UNAVAILABLE,
}
"""What a provider is told instead of what a person would be."""


class BackChannel:
    """Takes logout tokens."""

    def __init__(self, rpc: RpcClient, rates: Rates) -> None:
        self._rpc = rpc
        self._rates = rates

    async def post(self, request: Request) -> Response:
        """200 for what ended a session, also a second time; 400 for what proves nothing."""
        try:
            self._rates.charge_sign_out()
            asked = SignOut(logout_token=await _token(request))
            await self._rpc.ask(VERBS["intake.sign_out"], asked, token=None)
        except Refusal as refusal:
            if refusal.code in _INSTEAD:
                refusal = Refusal(_INSTEAD[refusal.code])
            return refuse(refusal, language_of(request))
        except (TimeoutError, ClientDisconnect):
            return refuse(Refusal(Code.MALFORMED_REQUEST), language_of(request))
        return Response(headers=SECURITY_HEADERS)


async def _token(request: Request) -> str:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise Refusal(Code.MALFORMED_REQUEST)
    announced = request.headers.get("content-length", "").encode("latin-1")
    body = await body_of(request, announced, LARGEST_FORM)
    try:
        given = parse_qs(body.decode("ascii"), strict_parsing=True, max_num_fields=8)
    except ValueError:
        raise Refusal(Code.MALFORMED_REQUEST) from None
    tokens = given.get("logout_token", [])
    if len(tokens) != 1:
        raise Refusal(Code.MALFORMED_REQUEST)
    return tokens[0]
