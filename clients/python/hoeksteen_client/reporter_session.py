"""A reporter's session at the gateway: opened with the code when it is needed, and again when it ended."""

from __future__ import annotations

from base64 import b64encode
from typing import Any, Final
from uuid import UUID

from hoeksteen_client.gateway import GatewayClient
from hoeksteen_client.reporter import ReporterCode, door

OPEN_SESSION: Final = """mutation OpenSession($input: OpenReporterSessionInput!) {
  openReporterSession(input: $input) {
    ... on OpenReporterSessionPayload { token seconds }
    ... on UserError { code message }
  }
}"""


def as_reporter(
    url: str, organisation: UUID | str, code: ReporterCode, **options: Any
) -> GatewayClient:
    """A client that speaks as the reporter of this code; `options` are those of GatewayClient.

    Before there is a session it stands at the door, where the advisers are shown. Whatever needs one opens it
    first: the lookup key goes over the line then, and no other time.
    """

    def renew(client: GatewayClient) -> str:
        client.sign_in(door(organisation))
        key = b64encode(code.lookup_key).decode("ascii")
        opened = client.execute_once(OPEN_SESSION, {"input": {"lookupKey": key}})
        return str(opened["openReporterSession"]["token"])

    return GatewayClient(url, door(organisation), renew=renew, **options)
