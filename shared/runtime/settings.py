"""A service's settings, read once from the environment. Documented in docs/settings.md."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal, cast

from shared.identity.algorithms import ALGORITHMS
from shared.telemetry.otlp import receiver


class SettingProblem(Exception):  # noqa: N818  its text is the sentence that an operator reads
    """A setting is missing or wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSettings:
    """What intake, signals and reporting are told. Each field is `HOEKSTEEN_` + its name."""

    mode: Literal["local", "production"]
    """`local` allows the movable clock; everything else is the same."""
    database_url: str
    """libpq connection string of this service's role."""
    database_answers_url: str | None
    """libpq connection string of the role under which readers are answered (signals)."""
    nats_url: str
    """Address of the NATS server or cluster."""
    nats_user: str
    """This service's user in the account CORE."""
    nats_password_file: Path
    """File with that user's password."""
    nats_ca_file: Path | None = None
    """Certificates that are believed where NATS' address is `tls://`; none: the system's."""
    http_port: int
    """Port on 127.0.0.1 (or `http_host`) for health and metrics."""
    http_host: str
    """Address to listen on for health and metrics."""
    issuer: str
    """The `iss` that tokens must carry."""
    jwks: str | None = None
    """URL or path of the issuer's public keys (JWKS, RFC 7517); none: as its discovery says."""
    audience: str = "hoeksteen"
    """The `aud` that tokens must carry."""
    algorithms: str = ",".join(ALGORITHMS)
    """Signatures that are taken, with commas between them."""
    clients: str | None = None
    """Our clients at the provider, with commas between them, for one of whom a logout token must be (intake);
    none: the audience."""
    claims: Path | None = None
    """Which claims say role, organisation and branch (shared/identity/claims.py); none: our own names."""
    key_ring_kind: Literal["file", "pkcs11"]
    """Who keeps the keys of the key ring: a passphrase, or a token behind PKCS#11."""
    key_ring: Path
    """The key ring's file."""
    key_ring_passphrase_file: Path
    """File with the key ring's passphrase, or the token's PIN."""
    key_ring_module: Path | None
    """The PKCS#11 module, a shared library; for the kind `pkcs11` only."""
    key_ring_hsm: str | None
    """The label of the module's token; for the kind `pkcs11` only."""
    key_ring_lease_s: int
    """For how many seconds keys in memory count without another answer of the key ring."""
    log_key_file: Path
    """File with the log's Ed25519 signing key; outside the database."""
    ledger_dir: Path
    """Where checkpoints and remembered heads are written."""
    witness_policy: Path | None
    """Which witnesses cosign checkpoints, as a C2SP tlog-policy; none: nobody is asked."""
    attachment_file_mib: int
    """Largest attached file in MiB (intake)."""
    attachment_case_mib: int
    """Most MiB of attached files in one case, as they are sealed (intake)."""
    backup_inventory: Path | None
    """What backups there are and when they expire (docs/erasure.md); none: it is not known."""
    clock_file: Path | None
    """The movable clock's file; local mode only."""
    spans_file: Path | None
    """Where spans are written as JSON lines; none: not written."""
    otlp_url: str | None = None
    """Base address of an OTLP receiver over HTTP for spans and metrics; none: not sent."""


_DEFAULTS: dict[str, str] = {
    "mode": "production",
    "http_host": "127.0.0.1",
    "audience": "hoeksteen",
    "algorithms": ",".join(ALGORITHMS),
    "key_ring_kind": "file",
    "key_ring_lease_s": "60",
    "attachment_file_mib": "25",
    "attachment_case_mib": "100",
}
_OPTIONAL = frozenset(
    {
        *("database_answers_url", "jwks", "clients", "claims", "key_ring_module", "key_ring_hsm"),
        *("witness_policy", "backup_inventory", "nats_ca_file"),
        *("clock_file", "spans_file", "otlp_url"),
    }
)


def load() -> ServiceSettings:
    """Read the environment. Raises SettingProblem with a sentence for the first fault."""
    values: dict[str, object] = {}
    for field in fields(ServiceSettings):
        name = f"HOEKSTEEN_{field.name.upper()}"
        text = os.environ.get(name) or _DEFAULTS.get(field.name)
        if text is None:
            if field.name not in _OPTIONAL:
                raise SettingProblem(f"The setting {name} is missing.")
            values[field.name] = None
        elif "Path" in str(field.type):
            values[field.name] = Path(text)
        elif field.type == "int":
            if not text.isdecimal():
                raise SettingProblem(f"The setting {name} must be a number.")
            values[field.name] = int(text)
        else:
            values[field.name] = text
    _check(values)
    return ServiceSettings(**cast("dict[str, Any]", values))


def _check(values: dict[str, object]) -> None:
    """What no single value shows. Raises SettingProblem."""
    if values["key_ring_kind"] not in ("file", "pkcs11"):
        raise SettingProblem("The setting HOEKSTEEN_KEY_RING_KIND is either 'file' or 'pkcs11'.")
    for name in ("key_ring_module", "key_ring_hsm"):
        if (values[name] is None) is (values["key_ring_kind"] == "pkcs11"):
            raise SettingProblem(
                f"HOEKSTEEN_{name.upper()} goes with HOEKSTEEN_KEY_RING_KIND=pkcs11, and only there."
            )
    if values["key_ring_lease_s"] == 0:
        raise SettingProblem("The setting HOEKSTEEN_KEY_RING_LEASE_S is at least 1.")
    if values["mode"] not in ("local", "production"):
        raise SettingProblem("The setting HOEKSTEEN_MODE is either 'local' or 'production'.")
    values["otlp_url"] = otlp_receiver(cast("str | None", values["otlp_url"]))
    if values["mode"] != "local" and values["clock_file"] is not None:
        raise SettingProblem("HOEKSTEEN_CLOCK_FILE (a movable clock) is for local mode only.")


def otlp_receiver(text: str | None) -> str | None:
    """Of HOEKSTEEN_OTLP_URL; empty is none. Raises SettingProblem."""
    try:
        return receiver(text) if text else None
    except ValueError as error:
        raise SettingProblem(f"The setting HOEKSTEEN_OTLP_URL {error}.") from None


def secret(path: Path) -> str:
    """The text of a secret's file. Raises SettingProblem."""
    try:
        return path.read_text().strip()
    except OSError as error:
        raise SettingProblem(f"The secret file {path.name} cannot be read.") from error
