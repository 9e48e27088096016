"""Integrations where accounts stand in nats-server's configuration: local mode, and small servers.

A change writes the configuration anew and has the server read it again; nothing is started anew.
The server knows no end of credentials here: what has ended leaves the configuration with the next
command, or the next start.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import urllib.request
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Final

from nats.aio.client import Client

from shared.bus.accounts import IntegrationAccount, new_secret, users
from shared.bus.connection import connect
from shared.bus.server import write_config

_READ_WITHIN: Final = 10.0


class NotRead(Exception):  # noqa: N818  reads as the sentence it carries
    """The server did not read its configuration again; the text says why."""


class ConfiguredBus:
    """See `shared.bus.integrations.Mode`.

    `fixed` are integrations of the installation itself, which are not in the register. `password_file`
    tells where a user's password lies; `render` makes the configuration's text.
    """

    def __init__(
        self,
        *,
        register: Path,
        config: Path,
        pid_file: Path,
        servers: str,
        monitor_url: str,
        password_file: Callable[[str], Path],
        render: Callable[[Sequence[IntegrationAccount]], str],
        fixed: Sequence[IntegrationAccount] = (),
        reserved: Sequence[IntegrationAccount] = (),
    ) -> None:
        self._register = register
        self._config = config
        self._pid_file = pid_file
        self._servers = servers
        self.monitor_url = monitor_url
        self._password_file = password_file
        self._render = render
        self._fixed = tuple(fixed)
        self._reserved = tuple(reserved)
        self.replicas = 1
        self.expires_by_itself = False

    @property
    def register(self) -> Path:
        """The file of the register."""
        return self._register

    def taken(self) -> frozenset[str]:
        """Accounts that exist besides those of the register."""
        return frozenset({"CORE", *(each.account for each in (*self._fixed, *self._reserved))})

    def file(self, name: str, number: int) -> Path:
        """Where an integration's password lies."""
        return self._password_file(user_name(name, number))

    def issue(self, account: IntegrationAccount, number: int, expires: datetime) -> str:  # noqa: ARG002  a password says no end
        """Make a new password; the user's name."""
        password(self.file(account.name, number))
        return user_name(account.name, number)

    def forget(self, account: IntegrationAccount, number: int) -> None:
        """Take the password away."""
        self.file(account.name, number).unlink(missing_ok=True)

    async def settle(
        self,
        accounts: Iterable[IntegrationAccount],
        revoked: Mapping[str, Mapping[str, datetime]],  # noqa: ARG002  they are in no account's users
        leaving: Iterable[IntegrationAccount] = (),
    ) -> None:
        """Write the configuration and have it read. Raises NotRead."""
        current = (*self._fixed, *accounts)
        known = self._accounts()
        new = {each.name for each in current if each.account not in known}
        if new:
            # nats-server (2.15) binds what a new account imports when it reads it the second time,
            # and only if something is different then.
            await self._read(
                [replace(each, users=()) if each.name in new else each for each in current]
            )
        going = [replace(each, closed=True) for each in leaving]
        if going:
            # Otherwise the server keeps what it had for the account, and calls itself unhealthy.
            await self._read([*current, *going])
        await self._read(current)
        for account in going:
            self._password_file(account.admin).unlink(missing_ok=True)

    async def _read(self, accounts: Sequence[IntegrationAccount]) -> None:
        write_config(self._config, self._render(accounts))
        before = await asyncio.to_thread(self._read_at)
        try:
            os.kill(int(self._pid_file.read_text(encoding="utf-8")), signal.SIGHUP)
        except (OSError, ValueError) as error:
            raise NotRead("nats-server does not run, or not as the same user.") from error
        end = asyncio.get_running_loop().time() + _READ_WITHIN
        while await asyncio.to_thread(self._read_at) == before:
            if asyncio.get_running_loop().time() > end:
                raise NotRead("nats-server did not take its new configuration; its log says why.")
            await asyncio.sleep(0.05)

    async def core(self) -> Client:
        """A client as provisioner."""
        return await self._client("provisioner")

    async def admin(self, account: IntegrationAccount) -> Client:
        """A client as an integration's admin."""
        return await self._client(account.admin)

    async def _client(self, user: str) -> Client:
        return await connect(
            servers=self._servers,
            user=user,
            password=password(self._password_file(user)),
            name="hoeksteen-integration",
        )

    def _accounts(self) -> set[str]:
        """The accounts of the configuration as it stands."""
        if not self._config.exists():
            return set()
        return set(json.loads(self._config.read_text(encoding="utf-8"))["accounts"])

    def _read_at(self) -> str:
        """When the server read its configuration, as it tells. Raises NotRead."""
        try:
            with urllib.request.urlopen(  # noqa: S310  our own server
                f"{self.monitor_url}/varz", timeout=5
            ) as answer:
                return str(json.load(answer)["config_load_time"])
        except OSError as error:
            raise NotRead(f"NATS does not answer at {self.monitor_url}.") from error


def user_name(name: str, number: int) -> str:
    """The user of an integration's credentials; no integration's name has a dot."""
    return name if number == 1 else f"{name}.{number}"


def password(path: Path) -> str:
    """The password that lies there; made, if there is none."""
    if not path.exists():
        write_config(path, new_secret())
    return path.read_text(encoding="utf-8").strip()


def passwords(
    accounts: Sequence[IntegrationAccount], password_file: Callable[[str], Path]
) -> dict[str, str]:
    """The password of every user of these accounts and of our own; made, where there is none."""
    return {user: password(password_file(user)) for user in users(accounts)}
