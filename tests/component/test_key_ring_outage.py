"""A service whose key ring goes away under it: nothing is lost or done twice, nothing is served from
what it still remembers, and it recovers by itself.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from services.intake.domain.words import key_id_of
from services.intake.service import DEFINITION
from shared.contracts.errors import Code, Refusal
from shared.contracts.rpc import (
    AdviserSeat,
    ById,
    Case,
    Done,
    OpenCase,
    PublishAdviserKey,
    ReleasePolicy,
    Sealed,
    SetUpOrganisation,
    Unit,
)
from shared.eventstore import rewrap
from shared.identity.roles import Role
from shared.keys.pkcs11_ring import Pkcs11KeyRing
from shared.keys.ring import KeyRing, KeyRingProblem
from shared.runtime.operate import key_ring_status, rotate_keys
from tests.conftest import Database
from tests.key_ring_lab import LABEL, MODULE, PIN, SoftHsm
from tests.nats_server import Bus, running_bus
from tests.service_lab import HERE, Running, eventually, running

PUBLIC_KEY = bytes(range(32))
WORDS = (Sealed(key_id=str(key_id_of(PUBLIC_KEY)), ciphertext=b"sealed to Anna"),)
Answer = TypeVar("Answer")
AGAIN_SECONDS = 0.5
COMMANDS = 200
AT_FIRST, BEHIND = 60, 20
"""Of these so many before the fault, and so many once the service has seen it."""


@pytest.fixture
def hsm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SoftHsm:
    hsm = SoftHsm.made(tmp_path / "hsm")
    monkeypatch.setenv("SOFTHSM2_CONF", str(hsm.conf))
    return hsm


@pytest_asyncio.fixture
async def bus(tmp_path: Path) -> AsyncIterator[Bus]:
    folder = tmp_path / "nats"
    folder.mkdir()
    async with running_bus(folder) as bus:
        yield bus


def on_the_token(folder: Path) -> dict[str, Any]:
    """The settings of a service whose ring is behind PKCS#11, and looked at three times in
    two seconds: a lease that ends before a hanging module is given up.
    """
    (folder / "pin").write_text(PIN)
    return {
        "key_ring_kind": "pkcs11",
        "key_ring_module": MODULE,
        "key_ring_hsm": LABEL,
        "key_ring_passphrase_file": folder / "pin",
        "key_ring_lease_s": 2,
    }


async def found(service: Running) -> None:
    """An organisation with an adviser, Anna."""
    request = SetUpOrganisation(
        organisation_id=str(HERE),
        name="De Hoekstee",
        language="nl",
        units=(Unit(id="care", name="Zorg", headcount=90),),
        advisers=(AdviserSeat(id="anna", name="Anna"),),
        release=ReleasePolicy(
            policy="exact", dimension="category", k=5, works_council_on=date(2026, 1, 20)
        ),
    )
    await patiently(lambda: service.ask("set_up_organisation", request, Done, role=Role.ADMIN))
    key = PublishAdviserKey(public_key=PUBLIC_KEY)
    await patiently(lambda: service.ask("publish_adviser_key", key, Done, subject="anna"))


async def opened(service: Running, case: UUID) -> Done:
    """A new case of Anna's. Its id is its idempotency key."""
    request = OpenCase(
        case_id=str(case),
        channel="in_person",
        anonymity="confidential",
        reporter_role="employee",
        relation="colleague",
        category="bullying",
        unit_id="care",
        words=WORDS,
    )
    return await service.ask("open_case", request, Done, subject="anna", key=str(case))


async def looked(service: Running, case: UUID) -> Case:
    """What Anna sees of her case."""
    return await service.ask("case", ById(id=str(case)), Case, subject="anna")


async def patiently(ask: Callable[[], Awaitable[Answer]]) -> Answer:
    """What is answered, once it is: on a busy machine a look at the ring may outlast the lease."""
    while True:
        try:
            return await ask()
        except Refusal as refusal:
            if refusal.code is not Code.KEY_RING_UNAVAILABLE:
                raise
            await asyncio.sleep(AGAIN_SECONDS)


async def ready(service: Running) -> bool:
    """What the probe is told."""
    return await service.service.is_ready()


def ring_of(service: Running) -> Pkcs11KeyRing:
    ring: KeyRing = service.service.parts.ring
    assert isinstance(ring, Pkcs11KeyRing)
    return ring


def gone(service: Running, hsm: SoftHsm) -> Callable[[], object]:
    """The token is pulled out; it comes back when the answer is called."""
    assert service.service.ready
    away = hsm.tokens.with_name("away")
    hsm.tokens.rename(away)
    return lambda: away.rename(hsm.tokens)


def hanging(service: Running, hsm: SoftHsm) -> Callable[[], object]:
    """The module does not return from a call; nobody puts it right."""
    assert hsm.tokens.exists()
    process = ring_of(service)._token._process
    assert process is not None
    os.kill(process.pid, signal.SIGSTOP)
    return lambda: None


@pytest.mark.parametrize("fault", [gone, hanging])
async def test_a_token_that_stops_in_the_middle_of_200_commands(
    database: Database,
    bus: Bus,
    hsm: SoftHsm,
    tmp_path: Path,
    fault: Callable[[Running, SoftHsm], Callable[[], object]],
) -> None:
    """Each command is refused with KEY_RING_UNAVAILABLE and changes nothing, or is done; asked again
    with the same key, all are done once. The same process serves before and after.
    """
    refused: Counter[UUID] = Counter()
    codes: set[Code] = set()
    done: dict[UUID, Done] = {}

    async def insist(service: Running, case: UUID) -> None:
        while case not in done:
            try:
                done[case] = await opened(service, case)
            except Refusal as refusal:
                codes.add(refusal.code)
                refused[case] += 1
                await asyncio.sleep(AGAIN_SECONDS)

    async with running(
        DEFINITION, database, bus, tmp_path, settings=on_the_token(tmp_path)
    ) as service:
        await found(service)
        cases = [uuid4() for _ in range(COMMANDS)]
        await asyncio.gather(*(insist(service, case) for case in cases[:AT_FIRST]))
        await eventually(lambda: ready(service))
        at_the_fault = refused.total()

        async def lapsed() -> bool:
            # The module is given up by itself: where a command saw it, that has perhaps passed.
            passed = fault is hanging and refused.total() > at_the_fault
            return passed or not await ready(service)

        repair = fault(service, hsm)
        under_way = []
        for case in cases[AT_FIRST:-BEHIND]:
            under_way.append(asyncio.create_task(insist(service, case)))
            await asyncio.sleep(0.02)

        await eventually(lapsed)
        behind = cases[-BEHIND:]
        under_way += [asyncio.create_task(insist(service, case)) for case in behind]
        if fault is gone:
            before = refused.copy()

            async def all_wait() -> bool:
                return all(case in done or refused[case] > before[case] for case in cases)

            # No command that began before is still on its way to the log.
            await eventually(all_wait)
            assert AT_FIRST <= len(done) <= COMMANDS - BEHIND
            stored = service.rows("SELECT size FROM log")
            # What it decrypted before is not served either.
            refusal = await service.refused("case", ById(id=str(cases[0])), subject="anna")
            assert Code.KEY_RING_UNAVAILABLE is refusal.code
            assert not await ready(service)
            assert stored == service.rows("SELECT size FROM log")
        repair()
        async with asyncio.timeout(120):
            await asyncio.gather(*under_way)
        await eventually(lambda: ready(service))
        assert codes <= {Code.KEY_RING_UNAVAILABLE}
        log = await service.log()
        placed = {one.stream: one.index for one in log if one.type == "CaseOpened"}
        assert COMMANDS == sum(one.type == "CaseOpened" for one in log)
        assert {case: done[case].position for case in cases} == placed
        # The first answers were kept too.
        assert done[cases[100]] == await patiently(lambda: opened(service, cases[100]))
        assert COMMANDS == sum(one.type == "CaseOpened" for one in await service.log())


async def test_a_service_waits_for_its_token_and_refuses_another_ring(
    database: Database, bus: Bus, hsm: SoftHsm, tmp_path: Path
) -> None:
    """Away when it starts: it waits. A ring that does not open what the database holds: it does not
    start, makes no key and writes nothing. With the right one all is there, and a rotation beside
    it is followed.
    """
    settings = on_the_token(tmp_path)
    case = uuid4()
    away = hsm.tokens.with_name("away")
    hsm.tokens.rename(away)
    asyncio.get_running_loop().call_later(1.0, lambda: away.rename(hsm.tokens))
    async with running(DEFINITION, database, bus, tmp_path, settings=settings) as service:
        await found(service)
        await patiently(lambda: opened(service, case))
    right = tmp_path / "intake.ring"
    kept = right.rename(tmp_path / "kept")
    with pytest.raises(KeyRingProblem, match="does not open what the database holds"):
        async with running(DEFINITION, database, bus, tmp_path, settings=settings):
            pytest.fail("it started")
    shutil.move(kept, right)
    async with running(DEFINITION, database, bus, tmp_path, settings=settings) as service:
        seen = await patiently(lambda: looked(service, case))
        assert ("open", WORDS) == (seen.status, seen.entries[0].sealed)
        beside = Pkcs11KeyRing(right, ring_of(service)._token)
        done = await rewrap.rotate(service.service.pool, beside, HERE)
        assert (2, (1,)) == (done.version, done.destroyed)
        service.service.parts.store.forget_keys()
        assert seen == await patiently(lambda: looked(service, case))
        again = await patiently(lambda: opened(service, case))
        assert str(case) == again.id
        await patiently(lambda: opened(service, uuid4()))

        async def followed() -> bool:
            return (2,) == ring_of(service).versions(HERE)

        # A look of the service in the middle of the rotation found both.
        await eventually(followed)
        told = await rotate_keys(DEFINITION, service.service.settings, HERE, keep=True)
        assert f"intake: {HERE}: data key version 3; " in told
        assert told.endswith("sealed anew; versions destroyed: none.")
        status = await key_ring_status(DEFINITION, service.service.settings)
        assert 0 == status.status
        ring, organisation = status.text.splitlines()
        assert "✓ intake: the key ring intake.ring (pkcs11) answers." == ring
        assert organisation.startswith(f"✓ intake: {HERE}: data key version 3, ")
        assert organisation.endswith("0 of them under an older version; older versions kept: 2.")
        hsm.tokens.rename(away)
        status = await key_ring_status(DEFINITION, service.service.settings)
        away.rename(hsm.tokens)
        assert (1, "✗ intake: The PKCS#11 module") == (status.status, status.text[:28])
