"""deploy/secrets: what make.py makes, and that it stays out of the repository."""

from __future__ import annotations

import asyncio
import json
import stat
import subprocess
import sys
from base64 import b64decode
from contextlib import suppress
from pathlib import Path

from shared.bus import accounts, server
from shared.bus.connection import CannotConnect, connect
from shared.ledger.files import log_key
from tests.deploy.manifests import CHECKOUT, SECRETS, Document, kind
from tests.ports import free_ports


def files(folder: Path) -> dict[str, bytes]:
    """Every file that was made, with its content."""
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file() and file.name not in {"jwks.json", "kustomization.yaml"}
    }


def make(folder: Path, *more: str | Path) -> None:
    """Run make.py as its README says."""
    subprocess.run(
        [sys.executable, SECRETS / "make.py", "--into", folder, *more],
        check=True,
        capture_output=True,
        cwd=CHECKOUT,
    )


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    """A secret that is there is never replaced; one that is missing is made, and what follows."""
    make(tmp_path)
    first = files(tmp_path)
    make(tmp_path)
    assert files(tmp_path) == first

    (tmp_path / "gateway/nats-password").unlink()
    make(tmp_path)
    second = files(tmp_path)
    changed = {name for name in first if first[name] != second[name]}
    assert changed == {
        "gateway/nats-password",
        "nats/nats.conf",
        "nats/accounts.conf",
        "streams/nats-passwords.json",
    }


def test_two_installations_share_no_secret(tmp_path: Path) -> None:
    """Nothing is fixed: two runs in two folders have no file in common."""
    make(tmp_path / "one")
    make(tmp_path / "two")
    one, two = files(tmp_path / "one"), files(tmp_path / "two")
    assert set(one) == set(two)
    assert not set(one.values()) & set(two.values())


def test_the_parts_for_the_chart_are_a_configuration(tmp_path: Path) -> None:
    """nats-server takes the two files where NATS' chart includes them: at the top, and in JetStream."""
    make(tmp_path / "hoeksteen")
    (tmp_path / "nats-config").mkdir()
    config = tmp_path / "nats-config/nats.conf"
    place = "../hoeksteen/nats"
    config.write_text(
        f"include {place}/accounts.conf;\n"
        f'"jetstream": {{\ninclude {place}/storage.conf;\n"store_dir": "{tmp_path}/data"\n}},\n'
        '"max_payload": 1MB, "lame_duck_duration": 30s, "lame_duck_grace_period": 10s\n'
    )
    answer = subprocess.run(
        [*server.argv(config), "-t"], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    whole = json.loads((tmp_path / "hoeksteen/nats/nats.conf").read_text())
    assert '"CORE"' in (tmp_path / "hoeksteen/nats/accounts.conf").read_text()
    assert whole["jetstream"]["key"] in (tmp_path / "hoeksteen/nats/storage.conf").read_text()


async def test_in_operator_mode_each_program_gets_a_file_of_credentials(tmp_path: Path) -> None:
    """A server with the two parts lets each of them in, with its own; again nothing changes; and passwords
    are not mixed with it.
    """
    secrets, operator = tmp_path / "hoeksteen", tmp_path / "operator"
    make(secrets, "--operator", operator)
    first = files(tmp_path)
    make(secrets, "--operator", operator)
    assert files(tmp_path) == first
    programs = ("gateway", "intake", "signals", "reporting")
    given = {each: (secrets / each / "nats-password").read_text() for each in programs}
    assert len(set(given.values())) == len(programs)
    everything = b"".join(
        content for name, content in first.items() if name.startswith("hoeksteen/")
    )
    assert all(seed.encode() not in everything for seed in keys(operator))

    port = free_ports(2)
    config = tmp_path / "nats.conf"
    parts = {each: (secrets / f"nats/{each}.conf").read_text() for each in ("accounts", "storage")}
    config.write_text(
        parts["accounts"].replace("/data/accounts", str(tmp_path / "accounts"))
        + f'jetstream: {{ {parts["storage"]} store_dir: "{tmp_path}/data" }}\n'
        + f"listen: 127.0.0.1:{port}\n"
    )
    program = subprocess.Popen(server.argv(config), stderr=subprocess.DEVNULL)
    try:
        for name, text in given.items():
            async with asyncio.timeout(20):
                while True:
                    with suppress(CannotConnect):
                        client = await connect(
                            servers=f"nats://127.0.0.1:{port}",
                            user=name,
                            password=text,
                            name="test",
                        )
                        break
                    await asyncio.sleep(0.1)
            await client.close()
    finally:
        program.terminate()
        program.wait()

    make(tmp_path / "passwords")
    refused = subprocess.run(
        (
            sys.executable,
            SECRETS / "make.py",
            "--into",
            tmp_path / "passwords",
            "--operator",
            operator,
        ),
        check=False,
        capture_output=True,
        text=True,
        cwd=CHECKOUT,
    )
    assert (refused.returncode, "holds a password" in refused.stderr) == (1, True)


def test_networks_for_credentials_that_are_there_are_refused(tmp_path: Path) -> None:
    """They hold from anywhere and would go on to: a sentence, and no secret is made or changed."""
    operator = tmp_path / "operator"
    make(tmp_path / "hoeksteen", "--operator", operator)
    before = files(tmp_path)
    for into in ("hoeksteen", "another"):
        refused = subprocess.run(
            (
                *(sys.executable, SECRETS / "make.py", "--into", tmp_path / into),
                *("--operator", operator, "--inside", "10.244.0.0/16"),
            ),
            check=False,
            capture_output=True,
            text=True,
            cwd=CHECKOUT,
        )
        assert (refused.returncode, "Nothing was changed" in refused.stderr) == (1, True)
    assert files(tmp_path) == before


def keys(operator: Path) -> list[str]:
    """The seeds of the operator and its accounts."""
    return [path.read_text().strip() for path in (operator / "keys").glob("*.nk")]


def test_each_secret_gives_one_program_what_it_needs(
    secrets: list[Document], secret_files: Path
) -> None:
    """Passwords are the same on both sides, and no program gets a foreign one."""
    data = {
        each["metadata"]["name"]: {name: b64decode(value) for name, value in each["data"].items()}
        for each in kind(secrets, "Secret")
    }
    config = json.loads(data["nats"]["nats.conf"])
    known = {
        user["user"]: user["password"]
        for account in ("CORE", "WEBHOOKS")
        for user in config["accounts"][account]["users"]
    }
    for service in ("gateway", "intake", "signals", "reporting", "webhooks"):
        assert data[service]["nats-password"].decode() == known[service]
        assert [service] == [
            user
            for user, password in known.items()
            if password.encode() in b"".join(data[service].values())
        ]
    everybody = json.loads(data["streams"]["nats-passwords.json"])
    assert {*accounts.users(), "webhooks", "webhooks-admin"} == set(everybody)
    assert everybody.items() >= known.items()
    for service in ("intake", "signals", "reporting"):
        own = (service, "signals_answers") if service == "signals" else (service,)
        passwords = {role: data["migrations"][f"database-{role}"].decode() for role in own}
        assert data[service]["pg_service.conf"].decode() == "".join(
            f"[{role}]\npassword={password}\n" for role, password in passwords.items()
        )
        before = data[service]["log-key"]
        log_key(secret_files / service / "log-key")
        assert before == (secret_files / service / "log-key").read_bytes()


def test_others_on_this_machine_cannot_reach_them(tmp_path: Path) -> None:
    """The folder is its owner's alone; in it a container's user may read."""
    make(tmp_path / "secrets")
    assert 0o700 == stat.S_IMODE((tmp_path / "secrets").stat().st_mode)
    for file in (tmp_path / "secrets").rglob("*"):
        assert (0o755 if file.is_dir() else 0o644) == stat.S_IMODE(file.stat().st_mode)


def test_git_ignores_what_is_made(secret_files: Path) -> None:
    """Git sees the four files of the folder that hold no secret, and nothing that was made."""
    lines = (SECRETS / ".gitignore").read_text().splitlines()
    everything, *seen = [line for line in lines if not line.startswith("#")]
    assert everything == "*"
    assert seen == ["!.gitignore", "!README.md", "!kustomization.yaml", "!make.py"]
    assert not {line.removeprefix("!") for line in seen} & set(files(secret_files))
