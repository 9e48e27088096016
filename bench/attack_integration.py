"""`make attack PART=integration`: try everything that an integration could try, and count what is given.

Twice, on a real nats-server each: accounts by configuration, and by an operator's tokens. First what
the permissions allow and refuse; then what a server could be made to do in somebody's place; then
credentials that are wrong, ended or taken back. At last the control: the same attack on a user
inside our services' account, where it succeeds.

    python -m bench.attack_integration
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import re
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error

from bench.integration_attacks import (
    DEPUTY,
    DURABLE,
    MAY_ASK,
    MAY_NOT_PUBLISH,
    MAY_NOT_SUBSCRIBE,
    SETTLES,
    STREAM,
    WHOLE_ACCOUNT,
    Attack,
    Stage,
    forged,
    lets_in,
    until,
    until_filled,
)
from bench.integration_lab import MODES, Lab, ModeName, running_lab
from bench.results import Result, report
from shared.bus import integrations
from shared.bus.accounts import IntegrationAccount, UserPlan, reader_plan
from shared.bus.connection import CannotConnect
from shared.bus.operator import OperatorBus

_REFUSED = re.compile(r'permissions violation for (publish|subscription) to "([^"]+)"')
_OURS = re.compile(
    r"(intake|signals|signals-inside|reporting|rpc|tombstone|revocations|live|ledger|dlq)\."
    r"|_INBOX_|\$SYS|\$JS\.API"
)
"""Subjects on which our services hear nothing that an integration did."""


async def attacked(home: Path, mode: ModeName, chosen: Sequence[str] | None = None) -> list[Result]:
    """Every row of one mode; with `chosen` only those attacks by a deputy or a whole account."""
    async with running_lab(home, mode, {"first": ("org1",), "second": ("org2",)}) as lab:
        intake = await lab.service("intake")
        await intake.jetstream().publish("intake.v1.facts.booked", b"canary-facts-org1")
        await lab.release("org1", "org2", "inside", "org3", "org1", "org2")
        await until_filled(lab, "FIRST", 2)
        await until_filled(lab, "SECOND", 2)
        stage = Stage(lab, await lab.reader("first"))
        rows = await permissions(stage)
        for account in ("CORE", "SECOND"):
            await stage.watch(account)
        # One message waits for its acknowledgement.
        await _next(await lab.reader("second"))
        attacks = {**DEPUTY, **WHOLE_ACCOUNT}
        for name, attack in attacks.items():
            if chosen is None or name in chosen:
                rows[name] = await nothing_foreign(stage, attack)
        rows["each has what its organisations released, and nothing else"] = await _apart(stage)
        rows |= await at_the_door(lab)
        rows |= {"control: " + name: good for name, good in (await control(lab)).items()}
    return [
        Result(
            name=f"{mode}: {name}", value=float(good), unit=_unit(name), bound=1, better="higher"
        )
        for name, good in rows.items()
    ]


async def permissions(stage: Stage) -> dict[str, bool]:
    """Each of what a reader may and may not do: whether it is so."""
    lab, reader = stage.lab, stage.reader
    rows: dict[str, bool] = {}
    for name, subject in MAY_ASK.items():
        if "MSG.NEXT" in subject:
            message = await _next(reader)
            rows[name] = message.data == b"canary-1-org1"
            await message.ack_sync()
            rows["acknowledges its messages"] = (await _place(reader))["num_ack_pending"] == 0
        else:
            body = b'{"seq": 1}' if "DIRECT" in subject else b""
            answer = await reader.request(subject, body, timeout=5)
            rows[name] = b"error" not in answer.data and bool(answer.data)
    rows["hears its own inbox"] = await _hears_itself(reader)
    lab.refused.clear()
    before = await lab.streams()
    for subject in MAY_NOT_PUBLISH.values():
        await reader.publish(subject, b"", reply="_INBOX_first.x")
    for subject in MAY_NOT_SUBSCRIBE.values():
        await reader.subscribe(subject)
    wanted = len(MAY_NOT_PUBLISH) + len(MAY_NOT_SUBSCRIBE)

    async def told_all() -> bool:
        return len(lab.refused) >= wanted

    await until(told_all)
    told = {match.groups() for each in lab.refused if (match := _REFUSED.search(each))}
    untouched = before == await lab.streams()
    for what, cases in (("publish", MAY_NOT_PUBLISH), ("subscription", MAY_NOT_SUBSCRIBE)):
        for name, subject in cases.items():
            rows[name] = (what, subject.lower()) in told and untouched
    return rows


async def nothing_foreign(stage: Stage, attack: Attack) -> bool:
    """Whether after an attack nobody else has anything more, and the attacker nothing of others."""
    before = await _of_others(stage)
    stage.heard.clear()
    released = len(stage.lab.sent)
    with contextlib.suppress(Error, TimeoutError):
        await attack(stage)
    await asyncio.sleep(SETTLES)
    heard = [each for each in stage.heard if _foreign(stage, *each)]
    after = await _of_others(stage)
    if len(stage.lab.sent) != released:  # something was released meanwhile, to its own readers
        after["streams"]["CORE:SIGNALS"] = before["streams"]["CORE:SIGNALS"]
        after["streams"][f"SECOND:{STREAM}"] = before["streams"][f"SECOND:{STREAM}"]
        after["second"]["num_pending"] = before["second"]["num_pending"]
    good = not heard and before == after and await _vandal_has_its_own(stage)
    if stage.vandal_name:
        await stage.clean_up()
    return good


def _foreign(stage: Stage, account: str, subject: str, body: bytes) -> bool:
    """Whether somebody heard what was not for them. The lab itself goes on meanwhile."""
    if account == "VANDAL":
        return b"canary" in body and b"org3" not in body
    if (subject, body) in stage.lab.sent:
        return account == "SECOND" and ".org2." not in subject
    if account == "SECOND":
        return not subject.startswith(("export.second", "$JS.FC.SIGNALS.export-second."))
    return bool(_OURS.match(subject)) and not (
        # Setting up the vandals, publishing, and a question of the gateway.
        subject.startswith(("$JS.API", "_INBOX_provisioner", "_INBOX_signals", "_INBOX_watch"))
        or body.startswith(b"canary-question")
    )


async def _of_others(stage: Stage) -> dict[str, Any]:
    streams = await stage.lab.streams()
    return {
        "streams": {
            name: state for name, state in streams.items() if not name.startswith("VANDAL")
        },
        "second": await stage.lab.place("SECOND"),
    }


async def _vandal_has_its_own(stage: Stage) -> bool:
    """Whether the vandal's streams hold nothing but its organisation's, and what it planted."""
    account = stage.vandal_name.upper()
    if not account:
        return True
    owner = await stage.lab.owner(account)
    for name in [key for key in await stage.lab.streams() if key.startswith(f"{account}:")]:
        stream = name.split(":")[1]
        _, last = (await stage.lab.streams())[name]
        for sequence in range(1, last + 1):
            body = json.dumps({"seq": sequence}).encode()
            answer = await owner.request(f"$JS.API.STREAM.MSG.GET.{stream}", body, timeout=2)
            if "error" in (told := json.loads(answer.data)):
                continue
            message = told["message"]
            if not message["subject"].startswith(
                ("signals.v1.org3.", "mine.", "signals.v1.org2.mine")
            ):
                print(account, message)
                return False
    return True


async def _apart(stage: Stage) -> bool:
    """Whether each integration's stream holds exactly the signals of its organisation, in order."""
    for name, token in (("first", "org1"), ("second", "org2")):
        own = [
            body for subject, body in stage.lab.sent if subject.startswith(f"signals.v1.{token}.")
        ]
        await until_filled(stage.lab, name.upper(), len(own))
        reader = await stage.lab.reader(name)
        got = [
            (await reader.jetstream().get_msg(STREAM, seq=number, direct=True)).data
            for number in range(1, len(own) + 1)
        ]
        if got != own or (await stage.lab.streams())[f"{name.upper()}:{STREAM}"][0] != len(own):
            return False
    return True


async def at_the_door(lab: Lab) -> dict[str, bool]:
    """Credentials that are wrong, that end, that are taken back, and of somebody who is gone."""
    rows = {
        f"signs in {name}": not await lets_in(lab, secret) for name, secret in forged(lab).items()
    }
    await integrations.add(lab.bus, "fleeting", ("org1",))
    if isinstance(lab.bus, OperatorBus):
        ends = datetime.now(UTC) + timedelta(seconds=3)
        account = IntegrationAccount(name="fleeting")
        _, secret = lab.bus.folder.credentials(
            account.account, reader_plan(account, "fleeting"), expires=ends
        )
        open_one = await lab.client("fleeting", secret)
    else:
        secret, open_one = lab.secret("fleeting"), await lab.reader("fleeting")
        await integrations.apply(lab.bus, now=datetime.now(UTC) + timedelta(days=400))
    rows["goes on when its credentials have ended"] = await _cut_off(open_one)

    async def refused() -> bool:
        return not await _in(lab, "fleeting", secret)

    # A server counts whole seconds, and the last one to its end.
    rows["comes again when its credentials have ended"] = await until(refused, within=3)

    await integrations.add(lab.bus, "careless", ("org1",))
    lost, open_one = lab.secret("careless"), await lab.reader("careless")
    await integrations.rotate(lab.bus, "careless", overlap_days=0)
    rows["goes on with credentials that were taken back"] = await _cut_off(open_one)
    rows["comes again with credentials that were taken back"] = not await _in(lab, "careless", lost)

    fresh, held = await lab.reader("careless", 2), lab.secret("careless", 2)
    rows["reads on with the new ones"] = (await _place(fresh))["name"] == DURABLE
    await integrations.remove(lab.bus, "careless")
    rows["goes on when it was removed"] = await _cut_off(fresh)
    rows["comes again when it was removed"] = not await _in(lab, "careless.2", held)
    rows["leaves something behind when it was removed"] = f"CARELESS:{STREAM}" not in (
        await lab.streams()
    )
    return rows


async def control(lab: Lab) -> dict[str, bool]:
    """A user inside CORE who may only ask for messages: what the attack does where nothing is in its way."""
    subject = "$JS.API.CONSUMER.MSG.NEXT.SIGNALS.reporting-drafts"
    if isinstance(lab.bus, OperatorBus):
        plan = UserPlan(name="guest", inbox="_INBOX_guest", publish=(subject,))
        guest = await lab.client("guest", lab.bus.folder.credentials("CORE", plan)[1])
    else:
        # The same right; that it has others too is not used.
        guest = await lab.owner("CORE")
    await guest.publish(subject, b'{"batch": 1}', reply="tombstone.v1.INTAKE.1")

    async def stored() -> bool:
        return (await lab.streams())["CORE:TOMBSTONES"][0] > 0

    return {"within our services' account, a signal is stored as a tombstone": await until(stored)}


async def _hears_itself(reader: Client) -> bool:
    """Whether an answer comes to a place in its inbox that it listens at by hand."""
    own = await reader.subscribe("_INBOX_first.by-hand")
    await reader.publish(MAY_ASK["reads its stream again"], b'{"seq": 1}', reply=own.subject)
    try:
        answer = await own.next_msg(timeout=5)
    except TimeoutError:
        return False
    finally:
        await own.unsubscribe()
    return answer.data.startswith(b"canary-")


async def _next(client: Client) -> Msg:
    pull = await client.jetstream().pull_subscribe_bind(DURABLE, STREAM)
    [message] = await pull.fetch(1, timeout=5)
    await pull.unsubscribe()
    return message


async def _place(client: Client) -> dict[str, Any]:
    answer = await client.request(MAY_ASK["looks at its place"], b"", timeout=5)
    found: dict[str, Any] = json.loads(answer.data)
    return found


async def _cut_off(client: Client) -> bool:
    async def closed() -> bool:
        return not client.is_connected

    return await until(closed)


async def _in(lab: Lab, user: str, secret: str) -> bool:
    try:
        return (await lab.client(user, secret)).is_connected
    except CannotConnect:
        return False


def _unit(name: str) -> str:
    if name.startswith("control"):
        return "succeeds"
    allowed = {
        *MAY_ASK,
        "acknowledges its messages",
        "hears its own inbox",
        "reads on with the new ones",
    }
    if name in allowed:
        return "allowed"
    if name in DEPUTY or name in WHOLE_ACCOUNT or name.startswith("each"):
        return "nothing foreign"
    return "refused"


def main() -> int:
    """The exit status is 0 when nothing was given that should not be."""
    # nats-py (2.16) stumbles where it is closed while it knocks, and asyncio tells of it at the end.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    results: list[Result] = []
    for mode in MODES:
        with tempfile.TemporaryDirectory(prefix="hoeksteen-attack-") as name:
            results += asyncio.run(attacked(Path(name), mode))
    title = "Attacks by an integration"
    return report(results, Path("var/results/attack-integration.json"), title)


if __name__ == "__main__":
    sys.exit(main())
