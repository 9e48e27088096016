"""Integrations come, get new credentials, and go: `hoeksteen integration`.

The register says which there are, with which credentials, until when. Each change is written there
first, then the bus is brought to what it says, so that whatever was cut off is finished by saying
it again. The register holds no secret; it is open to its owner alone all the same.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Protocol, TypeVar

import msgspec
from nats.aio.client import Client

from shared.bus.accounts import IntegrationAccount
from shared.bus.configured import NotRead
from shared.bus.connection import CannotConnect
from shared.bus.operator import NoOperator
from shared.bus.provision import (
    NotProvisioned,
    provision_integration,
    unprovision_integration,
)
from shared.bus.server import write_config

DAYS: Final = 365
"""How long credentials hold unless something else is asked for."""

MOST_DAYS: Final = 1100
SOON_DAYS: Final = 30
"""So many days before its last credentials end, `apply` says so."""

OVERLAP_DAYS: Final = 7
"""How long the old credentials hold beside new ones, unless something else is asked for."""

_READY_WITHIN: Final = 30.0
"""So many seconds a cluster may choose who leads, and a server may not know a new account yet."""

T = TypeVar("T")


class Refused(Exception):  # noqa: N818  reads as the sentence it carries
    """It cannot be done; nothing was changed, and the text says why."""


class Credential(msgspec.Struct, frozen=True, kw_only=True):
    """Something to sign in with. From `ends` on, or once it is `revoked`, the bus does not take it."""

    number: int
    user: str
    """The user's name; in operator mode its public key."""
    issued: datetime
    expires: datetime
    """What it was made for. `ends` is earlier where another has taken its place."""
    ends: datetime
    revoked: bool = False

    def holds(self, at: datetime) -> bool:
        """Whether one can sign in with it."""
        return not self.revoked and at < self.ends


class Integration(msgspec.Struct, frozen=True, kw_only=True):
    """An owner of integrations. `tokens`: its organisations; none: all of them."""

    name: str
    tokens: tuple[str, ...]
    credentials: tuple[Credential, ...]
    leaving: bool = False
    """Its removal was begun."""

    def account(self, at: datetime) -> IntegrationAccount:
        """Its account, with the users that may sign in."""
        return IntegrationAccount(
            name=self.name,
            tokens=self.tokens,
            users=tuple(each.user for each in self.credentials if each.holds(at)),
        )


class Register(msgspec.Struct, frozen=True, kw_only=True):
    """All of them, by name."""

    integrations: tuple[Integration, ...] = ()
    applied: datetime | None = None
    """When `apply` was last run to its end."""

    def find(self, name: str) -> Integration | None:
        """The one of that name."""
        return next((each for each in self.integrations if each.name == name), None)

    def put(self, changed: Integration) -> Register:
        """With this one, new or in place of the one of its name."""
        others = [each for each in self.integrations if each.name != changed.name]
        return msgspec.structs.replace(
            self, integrations=tuple(sorted((*others, changed), key=lambda each: each.name))
        )

    def without(self, name: str) -> Register:
        """Without the one of that name."""
        left = tuple(each for each in self.integrations if each.name != name)
        return msgspec.structs.replace(self, integrations=left)

    def due(self, at: datetime) -> bool:
        """Whether `apply` has something to end: credentials that may be used still, or a removal."""
        return any(
            each.leaving or any(one.ends <= at and not one.revoked for one in each.credentials)
            for each in self.integrations
        )


class Mode(Protocol):
    """How accounts reach the servers: by configuration, or by an operator's tokens."""

    monitor_url: str
    replicas: int
    expires_by_itself: bool
    """Whether servers cut off what has expired; else it is done by the next command, or start."""

    @property
    def register(self) -> Path:
        """The file of the register."""

    def taken(self) -> frozenset[str]:
        """Accounts that exist besides those of the register, which none may be called."""

    def file(self, name: str, number: int) -> Path:
        """Where an integration's credentials lie."""

    def issue(self, account: IntegrationAccount, number: int, expires: datetime) -> str:
        """Make new credentials; the user's name or public key."""

    def forget(self, account: IntegrationAccount, number: int) -> None:
        """Take the file of credentials away, if it is still here."""

    async def settle(
        self,
        accounts: Iterable[IntegrationAccount],
        revoked: Mapping[str, Mapping[str, datetime]],
        leaving: Iterable[IntegrationAccount] = (),
    ) -> None:
        """Have the servers know these accounts as they are now, and cut off who is no longer in."""

    async def core(self) -> Client:
        """A client as provisioner."""

    async def admin(self, account: IntegrationAccount) -> Client:
        """A client as an integration's admin."""


def listed(mode: Mode) -> Register:
    """What the register says. Raises Refused."""
    return read_register(mode.register)


def read_register(path: Path) -> Register:
    """What a register's file says; an empty one where there is no file. Raises Refused."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Register)
    except FileNotFoundError:
        return Register()
    except OSError as error:
        raise Refused(f"{path} cannot be read ({error.strerror}).") from error
    except msgspec.DecodeError as error:
        raise Refused(f"{path} is damaged; put it back from a backup.") from error


async def add(
    mode: Mode, name: str, tokens: Iterable[str], *, days: int = DAYS, now: datetime | None = None
) -> tuple[Integration, bool]:
    """A new integration with its first credentials, and its stream filled from the first signal on.

    Again with the same organisations it finishes what was begun, and makes nothing new: the flag says
    whether credentials were made. Raises Refused, NotProvisioned, CannotConnect, NoOperator.
    """
    now = _moment(now)
    wanted = tuple(dict.fromkeys(tokens))
    _known_days(days)
    try:
        account = IntegrationAccount(name=name, tokens=wanted)
    except ValueError as error:
        raise Refused(str(error)) from error
    with _alone(mode):
        register = listed(mode)
        there = register.find(name)
        if there is None and _clashes(account, register, mode):
            raise Refused(f"'{name}' is taken; give the integration another name.")
        if there is not None and there.leaving:
            raise Refused(
                f"'{name}' is being removed; finish that first: integration remove {name}"
            )
        if there is not None and set(there.tokens) != set(wanted):
            raise Refused(
                f"'{name}' has other organisations. What it receives is not changed afterwards: "
                "remove it and add it again, or add another one."
            )
        made = there is None
        if there is None:
            there = Integration(
                name=name, tokens=wanted, credentials=(_issued(mode, account, 1, days, now),)
            )
            register = register.put(there)
            _write(mode, register)
        await _settled(mode, register, now)
        await _set_up(mode, there.account(now))
    return there, made


async def rotate(
    mode: Mode,
    name: str,
    *,
    days: int = DAYS,
    overlap_days: int = OVERLAP_DAYS,
    now: datetime | None = None,
) -> Integration:
    """New credentials; the old ones hold on for so many days, 0: they are cut off at once.

    Raises Refused, CannotConnect, NoOperator, NotProvisioned.
    """
    now = _moment(now)
    _known_days(days)
    if not 0 <= overlap_days <= days:
        raise Refused("The overlap is 0 days or more, and no longer than the new credentials hold.")
    with _alone(mode):
        register = listed(mode)
        there = _found(register, name)
        until = now + timedelta(days=overlap_days)
        number = max((each.number for each in there.credentials), default=0) + 1
        fresh = _issued(mode, there.account(now), number, days, now)
        there = msgspec.structs.replace(
            there,
            credentials=(
                *(_ending(each, until) for each in there.credentials),
                fresh,
            ),
        )
        register = register.put(there)
        _write(mode, register)
        await _settled(mode, register, now)
    return there


async def apply(mode: Mode, *, now: datetime | None = None) -> tuple[str, ...]:
    """Bring the bus to what the register says; what was done, in sentences.

    What has ended is cut off, what has expired is forgotten, removals that were begun are finished, and
    streams that are missing are made; and it is told whose last credentials end soon. For a timetable:
    once a day is often.

    Raises Refused, CannotConnect, NoOperator, NotProvisioned.
    """
    now = _moment(now)
    done: list[str] = []
    with _alone(mode):
        register = listed(mode)
        for each in register.integrations:
            kept = []
            for one in each.credentials:
                if one.expires <= now:
                    mode.forget(each.account(now), one.number)
                    done.append(f"{each.name}: credentials {one.number} have expired")
                elif one.ends <= now and not one.revoked:
                    kept.append(msgspec.structs.replace(one, revoked=True))
                    mode.forget(each.account(now), one.number)
                    done.append(f"{each.name}: credentials {one.number} are cut off")
                else:
                    kept.append(one)
            register = register.put(msgspec.structs.replace(each, credentials=tuple(kept)))
        leaving = [each.name for each in register.integrations if each.leaving]
        _write(mode, register)
        await _settled(mode, register, now)
        problems = []
        for each in register.integrations:
            if not each.leaving:
                try:
                    await _set_up(mode, each.account(now))
                except NotProvisioned as problem:
                    problems.append(f"{each.name}: {problem}")
                    if problem.passing:
                        # The cluster takes nothing now; meanwhile no other command has the register.
                        break
                    # Else the others are set up all the same.
    for name in leaving:
        await remove(mode, name, now=now)
        done.append(f"{name}: removed")
    done += [
        f"{each.name}: its credentials end on {last:%Y-%m-%d}; rotate them before"
        for each in register.integrations
        if not each.leaving
        and (last := max((one.ends for one in each.credentials if one.holds(now)), default=None))
        and last - now < timedelta(days=SOON_DAYS)
    ]
    if problems:
        raise NotProvisioned("\n".join((*done, *problems)))
    # Where another command has the register, the next run writes it.
    with contextlib.suppress(Refused), _alone(mode):
        _write(mode, msgspec.structs.replace(listed(mode), applied=now))
    return tuple(done)


async def keep(mode: Mode, told: Callable[[str], object], *, every: float = 60.0) -> None:
    """Apply what is due, looked at each so many seconds, until cancelled; `told` gets a sentence for each.

    What does not work is tried again: a command may hold the register, or the server may be away.
    """
    begun = False  # what was begun is no longer due: the register has it from the start
    while True:
        await asyncio.sleep(every)
        with contextlib.suppress(
            Refused, NotRead, NoOperator, NotProvisioned, CannotConnect, OSError
        ):
            begun = begun or listed(mode).due(datetime.now(UTC))
            if begun:
                for sentence in await apply(mode):
                    told(sentence)
                begun = False


async def remove(mode: Mode, name: str, *, now: datetime | None = None) -> None:
    """Cut an integration off, delete its stream and its place, and forget it.

    Raises Refused, CannotConnect, NoOperator, NotProvisioned.
    """
    now = _moment(now)
    with _alone(mode):
        register = listed(mode)
        there = _found(register, name, leaving=True)
        there = msgspec.structs.replace(
            there,
            leaving=True,
            credentials=tuple(
                msgspec.structs.replace(each, revoked=True) for each in there.credentials
            ),
        )
        register = register.put(there)
        _write(mode, register)
        # First nobody is in any more, then what they read is deleted, then the account.
        await _settled(mode, register, now)
        account = there.account(now)
        async with _clients(mode, account) as (core, external):
            await _once_ready(
                lambda: unprovision_integration(core=core, external=external, integration=account)
            )
        left = register.without(name)
        await mode.settle(
            [each.account(now) for each in left.integrations], _revoked(left, now), [account]
        )
        for each in there.credentials:
            mode.forget(account, each.number)
        _write(mode, left)


def _moment(now: datetime | None) -> datetime:
    return (now or datetime.now(UTC)).replace(microsecond=0)


def _known_days(days: int) -> None:
    if not 1 <= days <= MOST_DAYS:
        raise Refused(f"Credentials hold for 1 to {MOST_DAYS} days.")


def _found(register: Register, name: str, *, leaving: bool = False) -> Integration:
    there = register.find(name)
    if there is None:
        raise Refused(
            "There is no integration of that name; 'integration list' tells which there are."
        )
    if there.leaving and not leaving:
        raise Refused(f"'{name}' is being removed.")
    return there


def _clashes(account: IntegrationAccount, register: Register, mode: Mode) -> bool:
    others = {IntegrationAccount(name=each.name) for each in register.integrations}
    names = {other.name for other in others} | {other.admin for other in others}
    return account.account in mode.taken() or account.name in names or account.admin in names


def _issued(
    mode: Mode, account: IntegrationAccount, number: int, days: int, now: datetime
) -> Credential:
    expires = now + timedelta(days=days)
    user = mode.issue(account, number, expires)
    return Credential(number=number, user=user, issued=now, expires=expires, ends=expires)


def _ending(old: Credential, until: datetime) -> Credential:
    return msgspec.structs.replace(old, ends=min(old.ends, until))


def _revoked(register: Register, now: datetime) -> dict[str, dict[str, datetime]]:
    return {
        each.name: {one.user: now for one in each.credentials if not one.holds(now)}
        for each in register.integrations
    }


async def _settled(mode: Mode, register: Register, now: datetime) -> None:
    await mode.settle(
        [each.account(now) for each in register.integrations], _revoked(register, now)
    )


async def _set_up(mode: Mode, account: IntegrationAccount) -> None:
    async with _clients(mode, account) as (core, external):
        await _once_ready(
            lambda: provision_integration(
                core=core,
                external=external,
                integration=account,
                monitor_url=mode.monitor_url,
                replicas=mode.replicas,
            )
        )


@contextlib.asynccontextmanager
async def _clients(mode: Mode, account: IntegrationAccount) -> AsyncIterator[tuple[Client, Client]]:
    async with contextlib.AsyncExitStack() as stack:
        core = await mode.core()
        stack.push_async_callback(core.close)
        external = await _once_ready(lambda: mode.admin(account))
        stack.push_async_callback(external.close)
        yield core, external


async def _once_ready(step: Callable[[], Awaitable[T]]) -> T:
    """A step that may be made any number of times, again while a cluster is not ready for it."""
    end = asyncio.get_running_loop().time() + _READY_WITHIN
    while True:
        try:
            return await step()
        except (NotProvisioned, CannotConnect) as problem:
            passing = isinstance(problem, CannotConnect) or problem.passing
            if not passing or asyncio.get_running_loop().time() > end:
                raise
        await asyncio.sleep(0.2)


@contextlib.contextmanager
def _alone(mode: Mode) -> Iterator[None]:
    """Hold the register alone. Raises Refused when another command has it."""
    path = mode.register.with_suffix(".lock")
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Refused(f"{path} cannot be written ({error.strerror}).") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused(
                "Another command changes the integrations; wait until it is done."
            ) from None
        yield
    finally:
        os.close(descriptor)


def _write(mode: Mode, register: Register) -> None:
    write_config(mode.register, msgspec.json.format(msgspec.json.encode(register)).decode() + "\n")
