"""Attacks of `make attack PART=gateway` on the real program: each refused, nothing told, nobody kept waiting.

What an attack may cost is measured there. Here are those in which nobody has to wait for a time to pass.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from bench.attack_gateway import attacked
from bench.gateway_attacks import ATTACKS, hold, refused
from bench.gateway_lab import CANARY, Answer, http, target
from shared.identity.roles import Role
from tests.conftest import Database


async def test_every_attack_is_refused_and_nothing_is_told(
    database: Database, tmp_path: Path
) -> None:
    """No fault, no data, and no word of what was sent in an answer, a log, a metric or a span; good requests
    are answered after it all.
    """
    async with target(database, tmp_path) as gateway:
        # All at once: some wait until they are closed.
        told = await asyncio.gather(*(attacked(gateway, attack) for attack in ATTACKS))
        assert [] == [given for one in told for given in one.given]
        assert all(one.requests > 4 for one in told)
        faults = [one for one in gateway.answers if one.status >= 500 and one.status != 503]
        assert [] == faults
        assert 404 == (await gateway.send(http(method="GET", path="/metrics"))).status
        metrics = await gateway.metrics()
        assert "http_requests_total" in metrics
        assert CANARY not in gateway.left() + metrics

        opened, _, served = await hold(gateway, b"", 200, 0)
        assert (200, True) == (opened, served)
        good = http(b'{"query": "{ session { role } }"}', token=gateway.token(Role.AUDITOR))
        answer = await gateway.send(good)
        assert (200, {"session": {"role": "auditor"}}) == (answer.status, answer.data)
        assert gateway.program.poll() is None


def test_what_is_given_is_not_taken_for_a_refusal() -> None:
    """An answer with data, and a fault; not one whose fields are all null, nor a refusal."""
    assert not refused(Answer(200, "", b'{"data": {"a": 1}}'))
    assert not refused(Answer(200, "", b'{"data": {"a": null, "b": {}}, "errors": [1]}'))
    assert not refused(Answer(500, "", b""))
    assert not refused(Answer(302, "", b""))
    assert refused(Answer(200, "", b'{"data": {"a": null}}'))
    assert refused(Answer(400, "", b'{"errors": []}'))
    assert refused(Answer(0, "", b""))


def test_attacks_have_names_of_their_own() -> None:
    """A table in which two rows are called the same would hide one."""
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS)
