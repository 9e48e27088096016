"""Make the secrets of a new installation for the compose file and the local overlay.

    .venv/bin/python deploy/secrets/make.py

Writes beside itself, or into `--into FOLDER`, what is missing, and never changes a secret that is
there. What each file is for stands in README.md.
"""  # noqa: INP001  a program, not a package

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from shared.bus import accounts
from shared.bus.claims import is_credentials
from shared.bus.operator import NoOperator, OperatorFolder
from shared.postgres.embedded import SUPERUSER
from shared.postgres.migrate import ANSWERS, OWNER, ROLES, SERVICES

NATS_STORE = Path("/data/jetstream")
"""Where both deployments mount the volume of the messages."""

NATS_ACCOUNTS = Path("/data/accounts")
"""On the same volume: the accounts of operator mode, as servers pass them on."""

LOG_KEY_BYTES = 32

WEBHOOKS = accounts.IntegrationAccount(name="webhooks")
"""The account of the webhooks, which are an integration like others."""

INTEGRATIONS = (*accounts.DEFAULT_INTEGRATIONS, WEBHOOKS)

# A file is mounted into a container as it is, and read there by another user than the one who made
# it. What keeps others on this machine out is the mode of the folder above.
_FOLDER_MODE = 0o700
_INNER_FOLDER_MODE = 0o755
_FILE_MODE = 0o644


class Folder:
    """The folder of one installation's secrets."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.made: list[str] = []

    def secret(self, name: str) -> str:
        """The text of a secret's file; a new random one where there is none."""
        path = self.path / name
        if not path.exists():
            self.write(name, accounts.new_secret().encode())
        return path.read_text(encoding="ascii")

    def random_bytes(self, name: str, length: int) -> None:
        """A file with random bytes, where there is none."""
        if not (self.path / name).exists():
            self.write(name, os.urandom(length))

    def write(self, name: str, content: bytes) -> None:
        """Write a file whole, unless it holds just that."""
        path = self.path / name
        if path.exists() and path.read_bytes() == content:
            return
        path.parent.mkdir(exist_ok=True)
        path.parent.chmod(_INNER_FOLDER_MODE)  # whatever the umask
        new = path.with_name(f".{path.name}.new")
        new.write_bytes(content)
        new.chmod(_FILE_MODE)
        new.replace(path)
        self.made.append(name)


def make(path: Path, operator: Path | None = None, inside: Sequence[str] = ()) -> list[str]:
    """Make what is missing under `path`; the names of the files that were written.

    `operator`: the bus is in operator mode, signed from this folder; our own services sign in from the
    networks `inside` alone, if any are named. Raises NoOperator before anything is made where that folder's
    credentials hold from elsewhere.
    """
    signed = None if operator is None else OperatorFolder.made(operator, inside)
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(_FOLDER_MODE)
    folder = Folder(path)
    _services(folder)
    _database(folder)
    if signed is None:
        _bus(folder)
    else:
        _signed_bus(folder, signed)
    return folder.made


def _services(folder: Folder) -> None:
    for service in SERVICES:
        folder.secret(f"{service}/key-ring-passphrase")
        folder.random_bytes(f"{service}/log-key", LOG_KEY_BYTES)
    folder.secret(f"{WEBHOOKS.name}/key")


def _database(folder: Folder) -> None:
    folder.secret("postgres/password")
    passwords = {role: folder.secret(f"migrations/database-{role}") for role in ROLES}
    for service in SERVICES:
        own = [service, ANSWERS[service]] if service in ANSWERS else [service]
        folder.write(
            f"{service}/pg_service.conf", _entries({role: passwords[role] for role in own})
        )
    owners = dict.fromkeys(SERVICES, passwords[OWNER])
    admin = {SUPERUSER: folder.secret("postgres/password")}
    folder.write("migrations/pg_service.conf", _entries(owners | admin))


def _entries(passwords: dict[str, str]) -> bytes:
    """A connection service file of libpq: it alone may hold a password and be read by a group."""
    return "".join(
        f"[{name}]\npassword={password}\n" for name, password in passwords.items()
    ).encode()


def _bus(folder: Folder) -> None:
    passwords = {
        user: folder.secret(f"{user}/nats-password")
        for user in accounts.users(INTEGRATIONS)
        if user in {*SERVICES, "gateway", WEBHOOKS.name}
    }
    passwords |= {
        user: folder.secret(f"streams/nats-password-{user}")
        for user in accounts.users(INTEGRATIONS)
        if user not in passwords
    }
    folder.write("streams/nats-passwords.json", json.dumps(passwords, indent=2).encode())
    config = json.loads(
        accounts.nats_config(
            store_dir=NATS_STORE,
            encryption_key=folder.secret("nats/storage-key"),
            passwords=passwords,
            integrations=INTEGRATIONS,
            host="0.0.0.0",  # noqa: S104  a pod's address; who may come is the network's to say
        )
    )
    # What NATS' chart includes beside what it writes itself (k8s/platform/nats.yaml).
    accounts_alone = {"accounts": config["accounts"]}
    folder.write("nats/accounts.conf", _inside(accounts_alone))
    storage = config["jetstream"]
    folder.write("nats/storage.conf", _inside({key: storage[key] for key in ("cipher", "key")}))
    # The streams job asks for the health page from another pod. Network policies let only it.
    config["http"] = "0.0.0.0:8222"
    folder.write("nats/nats.conf", json.dumps(config, indent=2).encode())


def _signed_bus(folder: Folder, operator: OperatorFolder) -> None:
    """The same in operator mode: credentials that the operator's folder makes, and no accounts.

    Raises ValueError when there are passwords already: a program signs in one way or the other.
    """
    text = {
        user: operator.service(user).read_text(encoding="ascii")
        for user in (*SERVICES, "gateway", "provisioner")
    }
    for user in (*SERVICES, "gateway"):
        there = folder.path / user / "nats-password"
        if there.exists() and not is_credentials(there.read_text(encoding="ascii")):
            raise ValueError(f"{there} holds a password. Take the passwords away first.")
        folder.write(f"{user}/nats-password", text[user].encode())
    everybody = {"provisioner": text["provisioner"]}
    folder.write("streams/nats-passwords.json", json.dumps(everybody, indent=2).encode())
    settings = operator.server_settings(NATS_ACCOUNTS)
    folder.write("nats/accounts.conf", _inside(settings))
    storage = {"cipher": "chacha", "key": folder.secret("nats/storage-key")}
    folder.write("nats/storage.conf", _inside(storage))


def _inside(part: dict[str, Any]) -> bytes:
    """Settings that stand inside others: without the braces around them."""
    return "".join(
        f"{name}: {json.dumps(value, indent=2)}\n" for name, value in part.items()
    ).encode()


def main() -> int:
    """Make what is missing and say what remains to be done."""
    parser = argparse.ArgumentParser(description="Make the secrets of a new installation.")
    parser.add_argument("--into", type=Path, default=Path(__file__).resolve().parent)
    parser.add_argument("--operator", type=Path, help="operator mode: the operator's folder")
    parser.add_argument(
        "--inside",
        action="append",
        default=[],
        help="operator mode: a network, such as 10.244.0.0/16, from which alone our own services may sign in",
    )
    given = parser.parse_args()
    path: Path = given.into
    try:
        made = make(path, given.operator, given.inside)
    except (ValueError, NoOperator) as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    sys.stdout.write(f"{path}: {', '.join(made) or 'nothing was missing'}\n")
    if given.operator and not (path / WEBHOOKS.name / "nats-password").exists():
        sys.stdout.write(
            f"When NATS runs: hoeksteen integration add {WEBHOOKS.name} --all-organisations; its "
            f"credentials are {path / WEBHOOKS.name / 'nats-password'}.\n"
        )
    if not (path / "jwks.json").exists():
        sys.stdout.write(
            f"Put the public keys of your issuer (its JWKS) into {path / 'jwks.json'}; until then "
            "nobody can sign in.\n"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
