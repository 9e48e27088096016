"""Integrations come, rotate and go on a real nats-server, by configuration and by an operator's tokens."""

from __future__ import annotations

import asyncio
import json
import stat
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from nats.js.errors import NotFoundError
from typer.testing import CliRunner

from bench.integration_lab import MODES, Lab, ModeName, running_lab
from shared.bus import integrations
from shared.bus.accounts import core_plan
from shared.bus.claims import credentials
from shared.bus.configured import NotRead
from shared.bus.connection import CannotConnect
from shared.bus.integrations import Refused
from shared.bus.nkeys import KeyPair, Kind
from shared.bus.operator import NoOperator, OperatorBus, OperatorFolder
from shared.cli import app
from shared.cli.integration import told
from tests.nats_server import until

if TYPE_CHECKING:
    from pathlib import Path

    from nats.aio.client import Client

both = pytest.mark.parametrize("mode", MODES)


async def taken(client: Client, count: int) -> list[bytes]:
    """The next messages of an integration, acknowledged."""
    pull = await client.jetstream().pull_subscribe_bind("integration", "SIGNALS_EXT")
    got: list[bytes] = []
    while len(got) < count:
        for message in await pull.fetch(count - len(got), timeout=10):
            got.append(message.data)
            await message.ack_sync()
    return got


def open_to_others(lab: Lab) -> list[str]:
    """Files with secrets or about integrations that somebody else may read."""
    return [
        str(path)
        for path in lab.home.rglob("*")
        if path.is_file()
        and path.suffix in {".creds", ".nk", ".jwt", ".json", ".conf"}
        and "store" not in path.parts
        and "resolver" not in path.parts
        and stat.S_IMODE(path.stat().st_mode) != 0o600
    ]


@both
async def test_the_life_of_an_integration(tmp_path: Path, mode: ModeName) -> None:
    """History first, its organisations alone, new credentials beside the old, and then gone; others and our
    own services notice nothing.
    """
    async with running_lab(tmp_path, mode) as lab:
        own = await lab.service("intake")
        await lab.release("org1", "inside", "org2")
        there, made = await integrations.add(lab.bus, "acme", ("org1",), days=30)
        assert (made, there.credentials[0].number) == (True, 1)
        await integrations.add(lab.bus, "other", ())
        acme, other = await lab.reader("acme"), await lab.reader("other")
        assert await taken(acme, 1) == [b"canary-1-org1"]
        assert await taken(other, 2) == [b"canary-1-org1", b"canary-3-org2"]

        # Again: nothing new, and the same credentials.
        before = lab.secret("acme")
        again, made = await integrations.add(lab.bus, "acme", ("org1",))
        assert (made, again.credentials) == (False, there.credentials)
        assert lab.secret("acme") == before

        await integrations.rotate(lab.bus, "acme", overlap_days=7)
        fresh = await lab.reader("acme", 2)
        await lab.release("org1", "org1")
        assert await taken(acme, 1) == [b"canary-4-org1"]
        assert await taken(fresh, 1) == [b"canary-5-org1"]

        week = datetime.now(UTC) + timedelta(days=7, seconds=5)
        assert await integrations.apply(lab.bus, now=week) == ("acme: credentials 1 are cut off",)
        await until(lambda: not acme.is_connected)
        with pytest.raises(CannotConnect):
            await lab.client("acme", before)
        assert (fresh.is_connected, other.is_connected, own.is_connected) == (True, True, True)
        assert not lab.bus.file("acme", 1).exists()

        await lab.release("org1")
        assert await taken(fresh, 1) == [b"canary-6-org1"]
        assert open_to_others(lab) == []

        year = datetime.now(UTC) + timedelta(days=340)
        warned = await integrations.apply(lab.bus, now=year)
        assert [line.split(" end on ")[0] for line in warned] == [
            "acme: credentials 1 have expired",
            "acme: its credentials",
            "other: its credentials",
        ]

        last = lab.secret("acme", 2)
        await integrations.remove(lab.bus, "acme")
        await until(lambda: not fresh.is_connected)
        with pytest.raises(CannotConnect):
            await lab.client("acme.2", last)
        assert "ACME:SIGNALS_EXT" not in await lab.streams()
        with pytest.raises(NotFoundError):
            await (
                (await lab.service("provisioner"))
                .jetstream()
                .consumer_info("SIGNALS", "export-acme")
            )
        assert not lab.bus.file("acme", 2).exists()
        assert [each.name for each in integrations.listed(lab.bus).integrations] == ["other"]
        await lab.release("org2")
        assert await taken(other, 4) == [
            b"canary-4-org1",
            b"canary-5-org1",
            b"canary-6-org1",
            b"canary-7-org2",
        ]
        assert own.is_connected

        assert await lab.healthy()

        # The name is free again, and the new one starts from the first signal on.
        await integrations.add(lab.bus, "acme", ("org2",))
        assert await taken(await lab.reader("acme"), 1) == [b"canary-3-org2"]


@both
async def test_what_was_cut_off_is_finished_by_saying_it_again(
    tmp_path: Path, mode: ModeName
) -> None:
    """With the server gone an addition and a removal are refused, and done when it is back."""
    async with running_lab(tmp_path, mode) as lab:
        await lab.release("org1")
        await integrations.add(lab.bus, "acme", ("org1",))
        lab.stop()
        for work in (
            integrations.add(lab.bus, "late", ("org1",)),
            integrations.remove(lab.bus, "acme"),
        ):
            with pytest.raises((CannotConnect, NotRead), match="NATS does not answer"):
                await work
        await lab.launch()
        with pytest.raises(Refused, match="being removed"):
            await integrations.add(lab.bus, "acme", ("org1",))
        assert await integrations.apply(lab.bus) == ("acme: removed",)
        assert await taken(await lab.reader("late"), 1) == [b"canary-1-org1"]
        assert [name for name in await lab.streams() if "EXT" in name] == ["LATE:SIGNALS_EXT"]


@both
async def test_bad_input_changes_nothing(tmp_path: Path, mode: ModeName) -> None:
    """Each is refused in a sentence, and neither register nor credentials are different."""
    async with running_lab(tmp_path, mode, {"acme": ("org1",)}) as lab:
        before = {path: path.read_bytes() for path in lab.home.rglob("*.json")}
        files = sorted(lab.home.rglob("*.creds"))
        for work, sentence in (
            (integrations.add(lab.bus, "Acme", ()), "cannot be the name"),
            (integrations.add(lab.bus, "intake", ()), "cannot be the name"),
            (integrations.add(lab.bus, "acme-admin", ()), "is taken"),
            (integrations.add(lab.bus, "new", (">",)), "token holds"),
            (integrations.add(lab.bus, "new", ("org1",), days=0), "1 to 1100 days"),
            (integrations.add(lab.bus, "acme", ("org2",)), "other organisations"),
            (integrations.rotate(lab.bus, "nobody"), "no integration of that name"),
            (integrations.rotate(lab.bus, "acme", days=3, overlap_days=4), "overlap"),
            (integrations.rotate(lab.bus, "acme", overlap_days=-1), "overlap"),
            (integrations.remove(lab.bus, "nobody"), "no integration of that name"),
        ):
            with pytest.raises(Refused, match=sentence):
                await work
        assert {path: path.read_bytes() for path in lab.home.rglob("*.json")} == before
        assert sorted(lab.home.rglob("*.creds")) == files


@both
async def test_history_is_read_again_without_moving_the_place(
    tmp_path: Path, mode: ModeName
) -> None:
    """From a place or a time on, so many messages at most; the durable stands where it stood."""
    async with running_lab(tmp_path, mode, {"acme": ("org1",)}) as lab:
        await lab.release("org1", "org2", "org1", "inside", "org1")
        acme = await lab.reader("acme")
        assert len(await taken(acme, 2)) == 2

        async def history(asked: dict[str, object]) -> list[bytes]:
            inbox = acme.new_inbox()
            answers = await acme.subscribe(inbox)
            subject = "$JS.API.DIRECT.GET.SIGNALS_EXT"
            await acme.publish(subject, json.dumps(asked).encode(), reply=inbox)
            got: list[bytes] = []
            while (message := await answers.next_msg(timeout=5)).data:
                got.append(message.data)
            assert (message.headers or {})["Status"] == "204"
            await answers.unsubscribe()
            return got

        everything = [b"canary-1-org1", b"canary-3-org1", b"canary-5-org1"]
        async with asyncio.timeout(10):  # the server copies into the account a moment later
            while await history({"seq": 1, "batch": 100}) != everything:
                pass
        assert await history({"seq": 1, "batch": 2}) == everything[:2]
        assert await history({"seq": 3, "batch": 100}) == everything[2:]
        assert await history({"start_time": "2020-01-01T00:00:00Z", "batch": 100}) == everything
        assert await taken(acme, 1) == everything[2:]


async def test_a_service_signs_in_with_a_credentials_file(tmp_path: Path) -> None:
    """In operator mode; with another key, or a damaged file, it is told in a sentence."""
    async with running_lab(tmp_path, "operator") as lab:
        assert isinstance(lab.bus, OperatorBus)
        text = lab.bus.folder.service("gateway").read_text()
        assert (await lab.client("gateway", text)).is_connected
        stranger = credentials(text.splitlines()[1], KeyPair.new(Kind.USER))
        for bad, sentence in ((stranger, "does not accept"), (text[:-90], "cannot be read")):
            with pytest.raises(CannotConnect, match=sentence):
                await lab.client("gateway", bad)


@pytest.mark.parametrize("user", ["gateway", "provisioner"])
async def test_a_service_signs_in_from_inside_alone(tmp_path: Path, user: str) -> None:
    """A server refuses its credentials from elsewhere; the operator's machine comes by a tunnel."""
    async with running_lab(tmp_path, "operator") as lab:
        assert isinstance(lab.bus, OperatorBus)
        for inside, comes_in in (
            (["10.0.0.0/8"], user == "provisioner"),
            (["10.0.0.0/8", "127.0.0.0/8"], True),
        ):
            lab.bus.folder.renew(inside)
            text = lab.bus.folder.service(user).read_text()
            if comes_in:
                assert (await lab.client(user, text)).is_connected
            else:
                with pytest.raises(CannotConnect, match="does not accept"):
                    await lab.client(user, text)


async def test_services_get_new_credentials_and_the_old_ones_end(tmp_path: Path) -> None:
    """Both hold until the old ones are cut off; then they stay out, whatever is sent to servers later."""
    async with running_lab(tmp_path, "operator") as lab:
        assert isinstance(lab.bus, OperatorBus)
        root = lab.bus.folder.root
        command = ["integration", "operator", str(root)]
        old = lab.bus.folder.service("gateway").read_text()
        stays = await lab.client("gateway", old)
        assert (
            CliRunner().invoke(app, [*command, "--anew", "--inside", "127.0.0.0/8"]).exit_code == 0
        )
        new = OperatorFolder.made(root, ["127.0.0.0/8"]).service("gateway").read_text()
        await integrations.apply(lab.bus)
        for text in (old, new):
            assert (await lab.client("gateway", text)).is_connected
        assert stays.is_connected
        assert CliRunner().invoke(app, [*command, "--cut-off"]).exit_code == 0
        await integrations.apply(lab.bus)
        await until(lambda: not stays.is_connected)
        await integrations.add(lab.bus, "acme", ("org1",))
        with pytest.raises(CannotConnect, match="does not accept"):
            await lab.client("gateway", old)
        assert (await lab.client("gateway", new)).is_connected


def files(root: Path) -> dict[Path, bytes]:
    """What lies in a folder."""
    return {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("first", "then"),
    [
        pytest.param((), ("10.244.0.0/16",), id="from_anywhere"),
        pytest.param(("10.0.0.0/8",), ("10.244.0.0/16",), id="from_elsewhere"),
        pytest.param(("10.244.0.0/16", "fd00::/64"), ("10.244.0.0/16",), id="from_more"),
    ],
)
def test_credentials_that_hold_from_elsewhere_are_told(
    tmp_path: Path, first: tuple[str, ...], then: tuple[str, ...]
) -> None:
    """They would stay as they are, and who asked would believe that they do not; nothing is changed."""
    folder = OperatorFolder.made(tmp_path / "operator", first)
    OperatorFolder.made(folder.root, first)
    before = files(tmp_path)
    with pytest.raises(NoOperator, match=r"gateway, provisioner in .* hold from other networks"):
        OperatorFolder.made(folder.root, then)
    assert files(tmp_path) == before
    folder.renew(then)
    OperatorFolder.made(folder.root, then)


def test_what_is_missing_is_not_made_for_everywhere(tmp_path: Path) -> None:
    """Beside credentials that hold from inside alone, one that holds from anywhere would go unnoticed."""
    folder = OperatorFolder.made(tmp_path / "operator", ["10.244.0.0/16"])
    folder.service("gateway").unlink()
    with pytest.raises(NoOperator, match="hold from other networks"):
        OperatorFolder.made(folder.root)
    assert not folder.service("gateway").exists()


def test_nothing_is_cut_off_before_all_have_new_credentials(tmp_path: Path) -> None:
    """Without one of them it is not known which moment is meant; a damaged word of it is told."""
    folder = OperatorFolder.made(tmp_path / "operator")
    text = folder.service("gateway").read_text()
    folder.service("gateway").unlink()
    with pytest.raises(NoOperator, match="nothing is cut off"):
        folder.cut_off_replaced()
    folder.service("gateway").write_text("nonsense")
    with pytest.raises(NoOperator, match="holds no credentials"):
        folder.cut_off_replaced()
    folder.service("gateway").write_text(text)
    (folder.root / "services.json").write_text("{}")
    with pytest.raises(NoOperator, match="put it back from a backup"):
        folder.sign(core_plan(()), at=datetime.now(UTC))
    both_at_once = ["integration", "operator", str(folder.root), "--anew", "--cut-off"]
    assert "stands alone" in str(CliRunner().invoke(app, both_at_once).exception)


def test_the_command_tells_servers_by_the_name_that_is_set(tmp_path: Path) -> None:
    """HOEKSTEEN_NATS_SERVER_NAME reaches the connection, which refuses it where nothing is encrypted."""
    OperatorFolder.made(tmp_path / "operator")
    environment = {
        "HOEKSTEEN_NATS_OPERATOR": str(tmp_path / "operator"),
        "HOEKSTEEN_NATS_URL": "nats://127.0.0.1:1",
        "HOEKSTEEN_NATS_MONITOR_URL": "http://127.0.0.1:1",
        "HOEKSTEEN_NATS_SERVER_NAME": "nats",
    }
    answer = CliRunner().invoke(app, ["integration", "apply"], env=environment)
    assert "HOEKSTEEN_NATS_SERVER_NAME" in str(answer.exception)


def test_what_is_no_network_is_told(tmp_path: Path) -> None:
    """Before anything is made: credentials that hold from nowhere would help nobody."""
    with pytest.raises(NoOperator, match=r"'10\.0\.0\.1/8' is no network"):
        OperatorFolder.made(tmp_path / "operator", ["10.0.0.1/8"])
    assert not (tmp_path / "operator").exists()


def test_an_operator_s_folder_is_made_once(tmp_path: Path) -> None:
    """Made again, it is the same; without its key it is refused."""
    folder = OperatorFolder.made(tmp_path / "operator")
    before = {path: path.read_bytes() for path in folder.root.rglob("*") if path.is_file()}
    OperatorFolder.made(tmp_path / "operator")
    assert {path: path.read_bytes() for path in folder.root.rglob("*") if path.is_file()} == before
    assert stat.S_IMODE(folder.keys.stat().st_mode) == 0o700
    (folder.keys / "OPERATOR.nk").write_text("nonsense")
    with pytest.raises(NoOperator, match="no key"):
        OperatorFolder.opened(folder.root)


async def test_what_was_replaced_ends_by_itself_where_somebody_keeps_it(tmp_path: Path) -> None:
    """After the overlap the old password is out without a command, and the new one holds."""
    async with running_lab(tmp_path, "configuration", {"acme": ("org1",)}) as lab:
        old = lab.secret("acme")
        said: list[str] = []
        last_week = datetime.now(UTC) - timedelta(days=8)
        await integrations.rotate(lab.bus, "acme", overlap_days=7, now=last_week)
        assert (await lab.client("acme", old)).is_connected
        assert integrations.listed(lab.bus).due(datetime.now(UTC))
        keeping = asyncio.create_task(integrations.keep(lab.bus, said.append, every=0.02))
        await until(lambda: said)
        keeping.cancel()
        assert said == ["acme: credentials 1 are cut off"]
        with pytest.raises(CannotConnect):
            await lab.client("acme", old)
        assert (await lab.client("acme.2", lab.secret("acme", 2))).is_connected
        register = integrations.listed(lab.bus)
        assert not register.due(datetime.now(UTC))
        assert register.applied is not None


async def test_what_could_not_be_cut_off_is_tried_again(tmp_path: Path) -> None:
    """The register has it from the first try on, and the server that could not be told takes it still."""
    async with running_lab(tmp_path, "configuration", {"acme": ("org1",)}) as lab:
        old = lab.secret("acme")
        last_week = datetime.now(UTC) - timedelta(days=8)
        await integrations.rotate(lab.bus, "acme", overlap_days=7, now=last_week)
        pid, aside = lab.home / "nats.pid", lab.home / "aside"
        pid.rename(aside)
        written = {lab.bus.register.stat().st_mtime_ns}

        def tried_twice() -> bool:
            written.add(lab.bus.register.stat().st_mtime_ns)
            return len(written) > 2

        keeping = asyncio.create_task(integrations.keep(lab.bus, print, every=0.02))
        await until(tried_twice)
        aside.rename(pid)
        await until(lambda: integrations.listed(lab.bus).applied is not None)
        keeping.cancel()
        with pytest.raises(CannotConnect):
            await lab.client("acme", old)


async def test_the_list_says_until_when_and_no_secret(tmp_path: Path) -> None:
    """For people a table, for programs JSON; neither has what one signs in with."""
    async with running_lab(tmp_path, "configuration", {"acme": ("org1",), "all": ()}) as lab:
        await integrations.rotate(lab.bus, "acme", overlap_days=3)
        register = integrations.listed(lab.bus)
        at = datetime.now(UTC)
        text = told(register, at, as_json=False)
        assert [line.split()[:3] for line in text.splitlines()] == [
            ["integration", "organisations", "credentials"],
            ["acme", "1", "1"],
            ["acme", "1", "2"],
            ["all", "all", "1"],
        ]
        assert "take over" in text.splitlines()[1]
        later = told(register, at + timedelta(days=4), as_json=True)
        assert [row["state"] for row in json.loads(later)] == ["has ended", "holds", "holds"]
        assert lab.secret("acme") not in text + later
