"""Streams and durables on a real nats-server."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from nats.js.api import ConsumerConfig, StreamConfig

from shared.bus import server
from shared.bus.accounts import IntegrationAccount, nats_config, new_secret, users
from shared.bus.provision import NotProvisioned, provision
from tests.nats_server import KEY, running_bus

if TYPE_CHECKING:
    from pathlib import Path

DAY = 24 * 3600


def _fingerprints(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*.blk"))
    }


async def test_everything_exists_after_the_first_run(tmp_path: Path) -> None:
    """Seven streams and three service durables in CORE, one of each in the integration's account."""
    async with running_bus(tmp_path, provisioned=False) as bus:
        done = await bus.provision()
        assert done.created == [
            "INTAKE",
            "SIGNALS",
            "REPORTING",
            "TOMBSTONES",
            "REVOCATIONS",
            "ADVISORIES",
            "DLQ",
            "INTAKE/signals-facts",
            "INTAKE/reporting-organisations",
            "SIGNALS/reporting-drafts",
            "SIGNALS/export-integration",
            "INTEGRATION:SIGNALS_EXT",
            "INTEGRATION:SIGNALS_EXT/integration",
        ]
        js = (await bus.client("provisioner")).jetstream()
        intake = (await js.stream_info("INTAKE")).config
        assert (intake.subjects, intake.max_age, intake.deny_purge) == (
            ["intake.v1.>"],
            30 * DAY,
            True,
        )
        assert (await js.stream_info("SIGNALS")).config.max_age == 0
        tombstones = (await js.stream_info("TOMBSTONES")).config
        assert (tombstones.max_age, tombstones.deny_delete, tombstones.deny_purge) == (
            0,
            True,
            True,
        )
        revocations = (await js.stream_info("REVOCATIONS")).config
        assert (revocations.max_age, revocations.max_msgs, revocations.deny_delete) == (
            25 * 3600,
            100_000,
            True,
        )
        facts = (await js.consumer_info("INTAKE", "signals-facts")).config
        assert (facts.ack_policy, facts.max_ack_pending, facts.ack_wait, facts.deliver_subject) == (
            "explicit",
            1,
            30.0,
            None,
        )
        filtered = (await js.consumer_info("INTAKE", "reporting-organisations")).config
        assert filtered.filter_subject == "intake.v1.organisation.>"


async def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    """Provisioning again finds all as it should be."""
    async with running_bus(tmp_path) as bus:
        again = await bus.provision()
        assert (again.created, again.adjusted, len(again.unchanged)) == ([], [], 13)


async def test_what_drifted_is_put_right_and_keeps_its_messages(tmp_path: Path) -> None:
    """Changed limits (of an earlier release too) and a changed durable are adjusted; messages stay."""
    async with running_bus(tmp_path) as bus:
        js = (await bus.client("provisioner")).jetstream()
        await (await bus.client("intake")).jetstream().publish("intake.v1.a.b", b"kept")
        drifted = (await js.stream_info("INTAKE")).config
        await js.update_stream(drifted.evolve(max_age=DAY, duplicate_window=600.0))
        durable = (await js.consumer_info("INTAKE", "signals-facts")).config
        await js.add_consumer("INTAKE", durable.evolve(max_ack_pending=50))
        done = await bus.provision()
        assert (done.created, done.adjusted) == ([], ["INTAKE", "INTAKE/signals-facts"])
        info = await js.stream_info("INTAKE")
        assert (info.config.max_age, info.state.messages) == (30 * DAY, 1)
        assert info.config.duplicate_window == 120.0


async def test_a_wrong_key_is_refused_and_the_files_stay(tmp_path: Path) -> None:
    """Under a wrong encryption key nothing is created, and the right key finds every message."""
    async with running_bus(tmp_path) as bus:
        js = (await bus.client("intake")).jetstream()
        for number in range(20):
            await js.publish("intake.v1.a.b", b"%d" % number)
        bus.stop()
        before = _fingerprints(bus.store)
        assert before
        bus.key = "w" + KEY
        await bus.start()
        assert bus.healthz() == 503
        with pytest.raises(NotProvisioned, match="not healthy"):
            await bus.provision(wait=0.5)
        bus.stop()
        assert _fingerprints(bus.store) == before
        bus.key = KEY
        await bus.start()
        assert (await bus.provision()).created == []
        reader = (await bus.client("provisioner")).jetstream()
        assert (await reader.stream_info("INTAKE")).state.messages == 20


async def test_what_is_stored_is_not_readable_in_the_files(tmp_path: Path) -> None:
    """Neither body nor subject of a stored message stands in any file of the server."""
    async with running_bus(tmp_path) as bus:
        js = (await bus.client("intake")).jetstream()
        await js.publish("intake.v1.marker-subject.b", b"marker-body" * 50)
        bus.stop()
        everything = b"".join(p.read_bytes() for p in bus.store.rglob("*") if p.is_file())
        assert len(everything) > 500
        assert b"marker" not in everything


async def test_nobody_answering_is_said_in_a_sentence(tmp_path: Path) -> None:
    """With the server gone the refusal names the address."""
    async with running_bus(tmp_path) as bus:
        core = await bus.client("provisioner")
        bus.stop()
        with pytest.raises(NotProvisioned, match=f"{bus.monitor_port}/healthz"):
            await provision(core=core, integrations=[], monitor_url=bus.monitor_url, wait=0.3)


async def test_the_program_provisions_from_its_environment(tmp_path: Path) -> None:
    """`python -m shared.bus.provision` creates everything, and says so; again: unchanged."""
    async with running_bus(tmp_path, provisioned=False) as bus:
        passwords = tmp_path / "passwords.json"
        passwords.write_text(json.dumps(bus.passwords))
        environment = {
            **os.environ,
            "HOEKSTEEN_NATS_URL": bus.url,
            "HOEKSTEEN_NATS_MONITOR_URL": bus.monitor_url,
            "HOEKSTEEN_NATS_PASSWORDS_FILE": str(passwords),
        }
        command = [sys.executable, "-m", "shared.bus.provision"]
        first = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False
        )
        assert (first.returncode, first.stderr) == (0, "")
        assert first.stdout.startswith("created: INTAKE, SIGNALS")
        second = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False
        )
        assert (second.returncode, second.stdout.split(":")[0]) == (0, "unchanged")
        del environment["HOEKSTEEN_NATS_URL"]
        missing = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False
        )
        assert (missing.returncode, missing.stderr) == (1, "HOEKSTEEN_NATS_URL is not set.\n")


async def test_a_full_stream_in_the_way_is_told_in_a_sentence(tmp_path: Path) -> None:
    """A stream that cannot be adjusted stops provisioning; it is never deleted."""
    async with running_bus(tmp_path, provisioned=False) as bus:
        js = (await bus.client("provisioner")).jetstream()
        await js.add_stream(StreamConfig(name="OTHER", subjects=["intake.v1.foreign"]))
        with pytest.raises(NotProvisioned, match="overlap"):
            await bus.provision()
        assert (await js.stream_info("OTHER")).config.subjects == ["intake.v1.foreign"]


async def test_a_durable_of_another_kind_is_not_replaced(tmp_path: Path) -> None:
    """A push consumer under a durable's name is refused, not deleted."""
    async with running_bus(tmp_path) as bus:
        js = (await bus.client("provisioner")).jetstream()
        await js.delete_consumer("INTAKE", "signals-facts")
        await js.add_consumer(
            "INTAKE",
            ConsumerConfig(
                name="signals-facts",
                durable_name="signals-facts",
                deliver_subject="_INBOX_provisioner.x",
            ),
        )
        with pytest.raises(NotProvisioned):
            await bus.provision()
        found = (await js.consumer_info("INTAKE", "signals-facts")).config
        assert found.deliver_subject == "_INBOX_provisioner.x"


def test_the_configuration_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    """The file with the passwords has mode 0600, also when it replaces an open one."""
    path = tmp_path / "nats.conf"
    path.write_text("old")
    path.chmod(0o644)
    server.write_config(path, "secret")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text() == "secret"


@pytest.mark.parametrize("password", ["", "short", "1" * 40, "with a space" * 4, 'quote"' * 6])
def test_an_unusable_password_is_refused(tmp_path: Path, password: str) -> None:
    """A password that nats-server could read differently never reaches its configuration."""
    passwords = {user: new_secret() for user in users()} | {"signals": password}
    with pytest.raises(ValueError, match="'signals'"):
        nats_config(store_dir=tmp_path, encryption_key=new_secret(), passwords=passwords)


@pytest.mark.parametrize("name", ["intake", "gateway", "Has Capitals", "", "a.b", "core"])
def test_an_integration_cannot_take_a_service_s_name(name: str) -> None:
    """A name that would collide with our own users or accounts is refused."""
    with pytest.raises(ValueError, match="name of an integration"):
        IntegrationAccount(name=name)


def test_an_organisation_token_cannot_widen_the_filter() -> None:
    """A wildcard is not an organisation's token."""
    with pytest.raises(ValueError, match="token"):
        IntegrationAccount(name="one", tokens=(">",))


def test_a_folder_serves_one_server_at_a_time(tmp_path: Path) -> None:
    """The second server on a folder is refused until the first has let go."""
    held = server.lock_store(tmp_path / "store")
    with pytest.raises(server.StoreInUse):
        server.lock_store(tmp_path / "store")
    os.close(held)
    os.close(server.lock_store(tmp_path / "store"))


def test_secrets_are_new_each_time_and_start_with_a_letter() -> None:
    """Every secret is accepted by the configuration and none comes twice."""
    made = {new_secret() for _ in range(200)}
    assert len(made) == 200
    assert all(len(secret) == 40 and secret.isalnum() and secret[0].isalpha() for secret in made)


async def test_the_server_is_the_one_of_the_wheel_and_ends_quickly(tmp_path: Path) -> None:
    """The program is found beside this Python and stops within two seconds."""
    assert server.find_server().is_relative_to(sys.prefix)
    async with running_bus(tmp_path) as bus:
        started = time.monotonic()
        bus.stop()
        assert time.monotonic() - started < 2
