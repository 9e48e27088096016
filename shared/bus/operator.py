"""Operator mode: the folder from which a cluster's accounts and users are signed, and the way there.

Servers know the operator's public key and nothing else of it. Accounts are tokens that the operator
signs and sends to them (full resolver); users are tokens that their account signs and that they
carry themselves. So an integration comes and goes while everything runs, and no server's
configuration is touched. Whoever has this folder can make any user: it lies where no server is.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Final

import nats.errors
from nats.aio.client import Client

from shared.bus import claims
from shared.bus.accounts import (
    AccountPlan,
    IntegrationAccount,
    UserPlan,
    admin_plan,
    core_plan,
    integration_plan,
    reader_plan,
)
from shared.bus.connection import connect
from shared.bus.nkeys import KeyPair, Kind, NotAnNkey
from shared.bus.server import write_config

SYSTEM: Final = "SYS"
OPERATOR: Final = "OPERATOR"
CORE: Final = "CORE"

_UPDATE: Final = "$SYS.REQ.CLAIMS.UPDATE"
_ANSWERS_WITHIN: Final = 10.0
_FOR_A_COMMAND: Final = timedelta(minutes=10)

_OF_A_TUNNEL: Final = ("127.0.0.1/32", "::1/128")
"""From where a server sees who comes by a tunnel to it, such as `kubectl port-forward`."""

_SYSTEM_PLAN: Final = AccountPlan(name=SYSTEM, users=(), jetstream=False)


class NoOperator(Exception):  # noqa: N818  reads as the sentence it carries
    """The folder is not an operator's, or a server does not take what it signed; the text says why."""


class OperatorFolder:
    """Keys, the tokens of accounts, and the credentials of our own services. All files 0600.

    `keys/<name>.nk`: seeds of the operator and of each account; `accounts/<name>.jwt`: what was signed
    last, the operator's own too; `services/<user>.creds`: credentials of our own services;
    `services.json`: until when such that were replaced were signed, once they are cut off.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.keys = root / "keys"
        self.accounts = root / "accounts"
        self.services = root / "services"
        self._cut_off = root / "services.json"

    @classmethod
    def made(cls, root: Path, inside: Sequence[str] = ()) -> OperatorFolder:
        """The folder, with what is missing made: safe to repeat, and nothing is made twice.

        `inside`: the networks, as `10.244.0.0/16`, from which alone our own services may sign in with the
        credentials that are made now; none: from anywhere. Raises NoOperator for what is no network, and
        where credentials are there that hold from elsewhere; then nothing was changed.
        """
        _known_networks(inside)
        folder = cls(root)
        folder._agrees(inside)
        for each in (root, folder.keys, folder.accounts, folder.services):
            each.mkdir(mode=0o700, parents=each == root, exist_ok=True)
        for name, kind in ((OPERATOR, Kind.OPERATOR), (SYSTEM, Kind.ACCOUNT), (CORE, Kind.ACCOUNT)):
            folder.make_key(name, kind)
        now = datetime.now(UTC)
        for plan in (_SYSTEM_PLAN, core_plan(())):
            if not folder._token(plan.name).exists():
                folder.sign(plan, at=now)
        if not folder._token(OPERATOR).exists():
            token = claims.operator_token(
                folder.key(OPERATOR), "hoeksteen", folder.key(SYSTEM).public, at=now
            )
            write_config(folder._token(OPERATOR), token + "\n")
        for user in core_plan(()).users:
            if not folder.service(user.name).exists():
                folder._hand_out(user, inside, at=now)
        return folder

    @classmethod
    def opened(cls, root: Path) -> OperatorFolder:
        """The folder as it is. Raises NoOperator."""
        folder = cls(root)
        folder.key(OPERATOR)
        return folder

    def renew(self, inside: Sequence[str] = ()) -> None:
        """Make the credentials of our own services anew, for these networks (see `made`).

        Those that they replace hold on, until `cut_off_replaced`. Raises NoOperator.
        """
        _known_networks(inside)
        signed = [self._claims(user)["iat"] for user in self._there()]
        # Later than each of them, also within a second: what is cut off is known by its moment.
        at = max(datetime.now(UTC), datetime.fromtimestamp(max(signed, default=0) + 1, UTC))
        for user in core_plan(()).users:
            self._hand_out(user, inside, at=at)

    def cut_off_replaced(self) -> None:
        """No credentials of our own services hold but those that are in the folder, from the next time on
        that servers are told of CORE. Raises NoOperator.
        """
        signed = [self._claims(user)["iat"] for user in self._there()]
        if len(signed) < len(core_plan(()).users):
            raise NoOperator(
                f"Not all credentials are in {self.services}; nothing is cut off. Make them first."
            )
        write_config(self._cut_off, json.dumps({"signed_until": min(signed) - 1}) + "\n")

    def service(self, user: str) -> Path:
        """The credentials file of one of our own services."""
        return self.services / f"{user}.creds"

    def key(self, name: str) -> KeyPair:
        """The key of the operator or an account. Raises NoOperator."""
        path = self.keys / f"{name}.nk"
        try:
            return KeyPair.from_seed(path.read_text(encoding="utf-8").strip())
        except OSError as error:
            raise NoOperator(f"{path} cannot be read ({error.strerror}).") from error
        except NotAnNkey as error:
            raise NoOperator(f"{path} holds no key of NATS.") from error

    def make_key(self, name: str, kind: Kind = Kind.ACCOUNT) -> None:
        """Make a key, unless there is one."""
        path = self.keys / f"{name}.nk"
        if not path.exists():
            write_config(path, KeyPair.new(kind).seed + "\n")

    def forget(self, name: str) -> None:
        """Take an account's key and token away."""
        for path in (self.keys / f"{name}.nk", self._token(name)):
            path.unlink(missing_ok=True)

    def sign(
        self,
        plan: AccountPlan,
        *,
        at: datetime,
        revoked: Mapping[str, datetime] | None = None,
    ) -> str:
        """The account's token, kept in the folder too. Later than the one before, also within a second:
        servers keep the later of two. CORE's takes back what `cut_off_replaced` says, each time.
        """
        path = self._token(plan.name)
        if path.exists():
            before = claims.read(path.read_text(encoding="utf-8"), Kind.OPERATOR)["iat"]
            at = max(at, datetime.fromtimestamp(before + 1, UTC))
        if plan.name == CORE:
            revoked = self._replaced()
        names = {plan.name, *(each.account for each in plan.imports)}
        token = claims.account_token(
            self.key(OPERATOR),
            plan,
            {name: self.key(name) for name in names},
            at=at,
            revoked=revoked,
        )
        write_config(path, token + "\n")
        return token

    def credentials(
        self,
        account: str,
        plan: UserPlan,
        *,
        at: datetime | None = None,
        expires: datetime | None = None,
        sources: Sequence[str] = (),
    ) -> tuple[str, str]:
        """A new user of an account: its public key, and the text of its credentials file."""
        user = KeyPair.new(Kind.USER)
        token = claims.user_token(
            self.key(account),
            user.public,
            plan,
            at=at or datetime.now(UTC),
            expires=expires,
            sources=sources,
        )
        return user.public, claims.credentials(token, user)

    def server_settings(self, resolver: Path, *, interval: str = "10s") -> dict[str, Any]:
        """What every server's configuration needs of it: nothing in it is a secret.

        `resolver`: a folder of the server's own, in which it keeps the accounts. Every `interval` servers
        compare theirs: so long one that was away lets in who was shut out meanwhile.
        """
        return {
            "operator": self._token(OPERATOR).read_text(encoding="utf-8").strip(),
            "system_account": self.key(SYSTEM).public,
            "resolver": {
                "type": "full",
                "dir": str(resolver),
                "allow_delete": False,
                "interval": interval,
            },
            # For a server that starts alone with an empty folder; it keeps a later one that it has.
            "resolver_preload": {
                self.key(name).public: self._token(name).read_text(encoding="utf-8").strip()
                for name in (SYSTEM, CORE)
            },
        }

    def _token(self, name: str) -> Path:
        return self.accounts / f"{name}.jwt"

    def _hand_out(self, user: UserPlan, inside: Sequence[str], *, at: datetime) -> None:
        _, text = self.credentials(CORE, user, at=at, sources=_sources(user, inside))
        write_config(self.service(user.name), text)

    def _there(self) -> list[UserPlan]:
        """Our own services that have credentials."""
        return [user for user in core_plan(()).users if self.service(user.name).exists()]

    def _claims(self, user: UserPlan) -> dict[str, Any]:
        """What a service's credentials say. Raises NoOperator."""
        path = self.service(user.name)
        try:
            token, _ = claims.read_credentials(path.read_text(encoding="utf-8"))
            return claims.read(token, Kind.ACCOUNT)
        except claims.NotAToken as error:
            raise NoOperator(f"{path} holds no credentials of NATS.") from error

    def _agrees(self, inside: Sequence[str]) -> None:
        """Whether what is there holds from these networks. Raises NoOperator.

        Where nothing is missing and no network is named, nothing is asked: everything stays as it is.
        """
        there = self._there()
        if not inside and len(there) == len(core_plan(()).users):
            return
        others = [
            user.name
            for user in there
            if set(map(ip_network, self._claims(user)["nats"].get("src", ())))
            != set(map(ip_network, _sources(user, inside)))
        ]
        if others:
            raise NoOperator(
                f"The credentials of {', '.join(others)} in {self.services} hold from other networks than "
                "--inside says, or from anywhere. Nothing was changed. How they are made anew: "
                'docs/bus.md, "Services from inside alone".'
            )

    def _replaced(self) -> dict[str, datetime]:
        """For CORE's token: until when the credentials were signed that no longer hold."""
        try:
            said = json.loads(self._cut_off.read_text(encoding="utf-8"))
            return {"*": datetime.fromtimestamp(said["signed_until"], UTC)}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise NoOperator(
                f"{self._cut_off} cannot be read; put it back from a backup."
            ) from error


def _known_networks(inside: Sequence[str]) -> None:
    for network in inside:
        try:
            ip_network(network)
        except ValueError as error:
            raise NoOperator(f"'{network}' is no network, such as 10.244.0.0/16.") from error


def _sources(user: UserPlan, inside: Sequence[str]) -> tuple[str, ...]:
    """From where a user of our own may sign in; the operator's machine by a tunnel too, as provisioner."""
    tunnel = _OF_A_TUNNEL if inside and user.name == "provisioner" else ()
    return (*inside, *tunnel)


class OperatorBus:
    """The integrations of a cluster in operator mode: see `shared.bus.integrations.Mode`."""

    def __init__(
        self,
        folder: OperatorFolder,
        *,
        servers: str,
        monitor_url: str,
        replicas: int = 1,
        authority: Path | None = None,
        server_name: str | None = None,
    ) -> None:
        self.folder = folder
        self.servers = servers
        self.authority = authority
        self.server_name = server_name
        self.monitor_url = monitor_url
        self.replicas = replicas
        self.expires_by_itself = True

    @property
    def register(self) -> Path:
        """The file of the register."""
        return self.folder.root / "integrations.json"

    def taken(self) -> frozenset[str]:
        """Accounts that exist besides those of the register."""
        return frozenset({SYSTEM, CORE, OPERATOR})

    def file(self, name: str, number: int) -> Path:
        """Where an integration's credentials lie."""
        return self.folder.root / "credentials" / f"{name}-{number}.creds"

    def issue(self, account: IntegrationAccount, number: int, expires: datetime) -> str:
        """Make new credentials; the public key by which they are known."""
        self.folder.make_key(account.account)
        user, text = self.folder.credentials(
            account.account, reader_plan(account, account.name), expires=expires
        )
        path = self.file(account.name, number)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        write_config(path, text)
        return user

    def forget(self, account: IntegrationAccount, number: int) -> None:
        """Take the file of credentials away, if it is still here."""
        self.file(account.name, number).unlink(missing_ok=True)

    async def settle(
        self,
        accounts: Iterable[IntegrationAccount],
        revoked: Mapping[str, Mapping[str, datetime]],
        leaving: Iterable[IntegrationAccount] = (),
    ) -> None:
        """Have the servers know these accounts as they are now, without `leaving`.

        `revoked`: for each account the users whose credentials no longer hold. Connections of theirs
        are cut. Raises CannotConnect, NoOperator.
        """
        now = datetime.now(UTC)
        current = tuple(accounts)
        requests = [self.folder.sign(core_plan(current), at=now)]
        for account in current:
            self.folder.make_key(account.account)
            token = self.folder.sign(
                integration_plan(account), at=now, revoked=revoked.get(account.name)
            )
            requests.append(token)
        for account in leaving:
            if (self.folder.keys / f"{account.account}.nk").exists():
                # It is emptied and nobody is let in, but not deleted: for an account that it does not
                # know a server asks all others, for two seconds, whenever an old client knocks.
                empty = self.folder.sign(
                    integration_plan(replace(account, closed=True)), at=now, revoked={"*": now}
                )
                requests.append(empty)
        await self._send(requests)
        for account in leaving:
            self.folder.forget(account.account)

    async def core(self) -> Client:
        """A client as provisioner."""
        return await self._client(
            "provisioner", self.folder.service("provisioner").read_text(encoding="utf-8")
        )

    async def admin(self, account: IntegrationAccount) -> Client:
        """A client that sets up an integration's account, with credentials for ten minutes."""
        expires = datetime.now(UTC) + _FOR_A_COMMAND
        _, text = self.folder.credentials(account.account, admin_plan(account), expires=expires)
        return await self._client(account.admin, text)

    async def _client(self, user: str, text: str) -> Client:
        return await connect(
            servers=self.servers,
            user=user,
            password=text,
            name="hoeksteen-integration",
            authority=self.authority,
            server_name=self.server_name,
        )

    async def _send(self, accounts: Iterable[str]) -> None:
        user = KeyPair.new(Kind.USER)
        now = datetime.now(UTC)
        signed = claims.system_user_token(
            self.folder.key(SYSTEM),
            user.public,
            at=now,
            expires=now + _FOR_A_COMMAND,
            publish=(_UPDATE,),
        )
        client = await self._client("accounts", claims.credentials(signed, user))
        try:
            for token in accounts:
                answer = await client.request(_UPDATE, token.encode(), timeout=_ANSWERS_WITHIN)
                told = json.loads(answer.data)
                if "error" in told:
                    raise NoOperator(
                        f"NATS does not take an account: {told['error'].get('description')}."
                    )
        except (nats.errors.Error, TimeoutError) as error:
            raise NoOperator(
                "NATS does not take accounts. Do its servers have this operator, and a resolver "
                f"of the type full? ({type(error).__name__})"
            ) from error
        finally:
            await client.close()
