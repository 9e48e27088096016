"""A file on its way into a case: sealed, sent, and attached with its sealed header."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any, BinaryIO, Final
from uuid import UUID, uuid4

from hoeksteen_client.adviser_key import AdviserKey
from hoeksteen_client.attachments import AttachmentSealer
from hoeksteen_client.gateway import GatewayClient
from hoeksteen_client.sealing import seal_to

_ATTACH: Final = """
mutation Attach($input: AttachFileInput!) {
  attachFile(input: $input) { __typename ... on UserError { code message } }
}
"""


def attach_file(
    gateway: GatewayClient,
    source: BinaryIO,
    *,
    name: str,
    media_type: str,
    organisation: UUID | str,
    case: UUID | str,
    readers: Sequence[tuple[UUID, bytes]],
    signer: AdviserKey | None = None,
    keep_metadata: bool = False,
) -> UUID:
    """Seal a file to `readers` (key id and public key), attach it to the case, and give its id.

    Never more than some chunks of it are in memory. `signer`: the adviser's key; None for a reporter.
    Raises what `AttachmentSealer.chunks` and `GatewayClient.command` raise; then nothing is attached.
    """
    attachment = uuid4()
    place: dict[str, UUID | str] = {"organisation": organisation, "case": case}
    sealer = AttachmentSealer(
        organisation=organisation,
        case=case,
        attachment=attachment,
        name=name,
        media_type=media_type,
    )
    chunks = sealer.chunks(source, keep_metadata=keep_metadata)
    gateway.send_chunks(chunks, case=case, attachment=attachment)
    header = sealer.header
    words = seal_to(header.text, readers, **place)
    values: dict[str, Any] = {
        "caseId": str(case),
        "attachmentId": str(attachment),
        "chunks": header.chunks,
        "digest": _base64(header.digest),
        "words": [
            {"keyId": str(key_id), "ciphertext": _base64(envelope)} for key_id, envelope in words
        ],
    }
    if signer is not None:
        values["signature"] = _base64(signer.sign_words(words, **place))
    gateway.command(_ATTACH, values)
    return attachment


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
