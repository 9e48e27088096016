"""Asks the witnesses of a policy to cosign a checkpoint (c2sp.org/tlog-witness, the client's side).

A witness that is down, slow or wrong never stops a log: it is named with the reason, and the next
checkpoint asks it again, with a proof over the whole way since it last answered.
"""

from __future__ import annotations

import asyncio
import base64
import re
import ssl
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Final, Protocol

import httpx2

from shared.ledger.checkpoint import Checkpoint
from shared.ledger.cosignature import cosigned
from shared.ledger.note import NoteError, parse, signature_line

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping, Sequence

    from shared.ledger.policy import Policy, Witness

SIZE_TYPE: Final = "text/x.tlog.size"

_WITHIN: Final = 10.0
"""Seconds for one witness, retries included."""

_LARGEST_ANSWER: Final = 64 * 1024
# A witness may move on between two requests when several replicas ask it.
_TRIES: Final = 3
_SIZE = re.compile(r"(0|[1-9][0-9]{0,18})\n", re.ASCII)


class Reason(StrEnum):
    """Why a witness did not cosign."""

    UNREACHABLE = "unreachable"
    TOO_LATE = "too_late"
    """No answer in time."""
    UNKNOWN_LOG = "unknown_log"
    """404: its owner has not yet trusted this log's key."""
    NOT_TRUSTED = "not_trusted"
    """403: it trusts another key for this log."""
    AHEAD = "ahead"
    """It cosigned a larger head of this log than the one that was to be cosigned."""
    CONTRADICTED = "contradicted"
    """It cosigned another history of this log. The most serious of all."""
    REFUSED = "refused"
    """Any other status."""
    BAD_ANSWER = "bad_answer"
    """200, and no valid cosignature of the key in the policy."""
    NO_PROOF = "no_proof"
    """The log's own tiles do not give the proof."""


class Tree(Protocol):
    """What is asked of a log's tree; `shared.ledger.tiles.TiledTree` is one."""

    def consistency_proof(self, size1: int) -> Sequence[bytes]:
        """From `size1` to the tree's size (RFC 6962 section 2.1.2)."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """What came of asking."""

    lines: tuple[str, ...]
    """New signature lines, each checked against the policy's key, with their newlines."""
    failed: Mapping[str, Reason]
    """Witnesses by the policy's name that did not cosign."""


class _Proofs:
    """Proofs for all witnesses of one checkpoint, one at a time: a tree is not for several threads."""

    def __init__(self, tree: Tree, size: int) -> None:
        self._tree = tree
        self._size = size
        self._lock = asyncio.Lock()

    async def since(self, old: int) -> Sequence[bytes]:
        """From `old` to the checkpoint. Raises _Failed."""
        if old in (0, self._size):
            return ()
        try:
            async with self._lock:
                return await asyncio.to_thread(self._tree.consistency_proof, old)
        except (LookupError, OSError, ValueError) as error:
            raise _Failed(Reason.NO_PROOF) from error


class _Failed(Exception):  # noqa: N818
    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


async def submit(
    policy: Policy, note: bytes, tree: Tree, known_sizes: MutableMapping[str, int]
) -> Submitted:
    """Ask every witness that has an address and whose cosignature the note lacks, at once.

    `tree` has exactly the note's size. `known_sizes` belongs to this log: for each witness, the
    size that it last cosigned; it is brought up to date. An empty one costs a request more. Raises
    NoteError for a note that is no checkpoint, and nothing for a witness.
    """
    checkpoint = Checkpoint.read(note)
    present = {each.name for each in policy.cosigned(note)}
    asked = [each for each in policy.witnesses if each.url and each.name not in present]
    if not asked:
        return Submitted((), {})
    proofs = _Proofs(tree, checkpoint.size)
    async with httpx2.AsyncClient(
        timeout=_WITHIN,
        limits=httpx2.Limits(max_connections=len(asked)),
        trust_env=False,
        verify=_authorities(),
    ) as client:
        answers = await asyncio.gather(
            *(_ask(client, each, note, checkpoint, proofs, known_sizes) for each in asked)
        )
    lines = [line for answer in answers if isinstance(answer, tuple) for line in answer]
    failed = {
        witness.name: answer
        for witness, answer in zip(asked, answers, strict=True)
        if isinstance(answer, Reason)
    }
    return Submitted(tuple(lines), failed)


@cache
def _authorities() -> ssl.SSLContext:
    """Whose certificates are believed: the system's, as they are when the program starts. To read them
    for each log of each day takes longer than everything else here.
    """
    return httpx2.create_ssl_context(trust_env=False)


async def _ask(
    client: httpx2.AsyncClient,
    witness: Witness,
    note: bytes,
    checkpoint: Checkpoint,
    proofs: _Proofs,
    known_sizes: MutableMapping[str, int],
) -> tuple[str, ...] | Reason:
    try:
        async with asyncio.timeout(_WITHIN):
            lines = await _negotiate(client, witness, note, checkpoint, proofs, known_sizes)
    except _Failed as failed:
        return failed.reason
    except (TimeoutError, httpx2.TimeoutException):
        return Reason.TOO_LATE
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError):
        # ValueError: an address that is none, in whatever way.
        return Reason.UNREACHABLE
    known_sizes[witness.name] = checkpoint.size
    return lines


async def _negotiate(
    client: httpx2.AsyncClient,
    witness: Witness,
    note: bytes,
    checkpoint: Checkpoint,
    proofs: _Proofs,
    known_sizes: MutableMapping[str, int],
) -> tuple[str, ...]:
    old = min(known_sizes.get(witness.name, 0), checkpoint.size)
    for _ in range(_TRIES):
        body = _request(old, await proofs.since(old), note)
        status, kind, answer = await _post(client, (witness.url or "").rstrip("/"), body)
        if status == 200:
            return _checked(witness, checkpoint, answer)
        size = _SIZE.fullmatch(answer) if status == 409 and kind == SIZE_TYPE else None
        if size is None:
            raise _Failed(_REASONS.get(status, Reason.REFUSED))
        old = known_sizes[witness.name] = int(size[1])
        if old > checkpoint.size:
            raise _Failed(Reason.AHEAD)
    raise _Failed(Reason.REFUSED)


_REASONS: Final = {
    403: Reason.NOT_TRUSTED,
    404: Reason.UNKNOWN_LOG,
    409: Reason.CONTRADICTED,
    422: Reason.CONTRADICTED,
}


async def _post(client: httpx2.AsyncClient, prefix: str, body: bytes) -> tuple[int, str, str]:
    """Status, content type without parameters, and text of the answer."""
    answer = bytearray()
    headers = {"Content-Type": "text/plain", "Accept-Encoding": "identity"}
    async with client.stream(
        "POST", f"{prefix}/add-checkpoint", content=body, headers=headers
    ) as response:
        # Raw: a compressed answer could be any size once opened.
        async for part in response.aiter_raw():
            answer += part
            if len(answer) > _LARGEST_ANSWER:
                raise _Failed(Reason.BAD_ANSWER)
    kind = response.headers.get("content-type", "").partition(";")[0].strip()
    return response.status_code, kind, answer.decode(errors="replace")


def _checked(witness: Witness, checkpoint: Checkpoint, answer: str) -> tuple[str, ...]:
    """The lines of the witness's own key. Raises _Failed when there is no valid one."""
    note = f"{checkpoint.text}\n{answer}".encode()
    cosigner = witness.cosigner
    try:
        found = cosigned(note, [cosigner])
        text, signatures = parse(note)
    except NoteError:
        raise _Failed(Reason.BAD_ANSWER) from None
    if not found or text != checkpoint.text:
        raise _Failed(Reason.BAD_ANSWER)
    return tuple(
        signature_line(each.name, each.key_id, each.signature)
        for each in dict.fromkeys(signatures)
        if (each.name, each.key_id) == (cosigner.name, cosigner.key_id)
    )


def _request(old: int, proof: Sequence[bytes], note: bytes) -> bytes:
    hashes = "".join(f"{base64.b64encode(each).decode('ascii')}\n" for each in proof)
    return f"old {old}\n{hashes}\n".encode() + note
