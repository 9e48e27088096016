"""The gateway's settings, read once from the environment. Documented in docs/settings.md."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, cast

from services.gateway.rates import RateLimits
from shared.identity.algorithms import ALGORITHMS
from shared.identity.roles import Role
from shared.runtime.settings import SettingProblem, otlp_receiver

FREE: Final = "auditor,integration"
"""Who uses programs of their own, `hoeksteen verify --gateway` among them; no front end is theirs."""


_LONGEST_NUMBER: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaySettings:
    """What the gateway is told. Each field is `HOEKSTEEN_` + its name."""

    mode: Literal["local", "production"]
    """`local` serves GraphiQL, runs documents of everybody's own and lets everybody introspect."""
    nats_url: str
    """Address of the NATS server or cluster."""
    nats_user: str
    """The gateway's user in the account CORE."""
    nats_password_file: Path
    """File with that user's password."""
    nats_ca_file: Path | None = None
    """Certificates that are believed where NATS' address is `tls://`; none: the system's."""
    http_port: int
    """Port for people and programs outside, and for health."""
    http_host: str
    """Address to listen on."""
    metrics_port: int | None
    """Port for metrics, on the same address: never one that people reach; none: they are not served."""
    issuer: str
    """The `iss` that tokens must carry."""
    jwks: str | None = None
    """URL or path of the issuer's public keys (JWKS, RFC 7517); none: as its discovery says."""
    audience: str = "hoeksteen"
    """The `aud` that tokens must carry."""
    algorithms: str = ",".join(ALGORITHMS)
    """Signatures that are taken, with commas between them."""
    claims: Path | None = None
    """Which claims say role, organisation and branch (shared/identity/claims.py); none: our own names."""
    spans_file: Path | None
    """Where spans are written as JSON lines; none: not written."""
    otlp_url: str | None
    """Base address of an OTLP receiver over HTTP for spans and metrics; none: not sent."""
    rate_person: int = RateLimits.person
    """Points a minute for one person, or one session of a reporter; 0, in local mode: no limit."""
    rate_role: int = RateLimits.role
    """Points a minute for all of one role together."""
    rate_public: int = RateLimits.public
    """Files a minute that are asked for without a sign-in."""
    rate_sessions: int = RateLimits.sessions
    """Sessions a minute that reporters open, all together."""
    rate_openings: int = RateLimits.openings
    """Cases and complaints a day that reporters bring in one organisation."""
    documents: Path | None
    """Folder with the trusted documents of each role, `<role>.json`."""
    free_documents: frozenset[Role]
    """Roles that may send text of their own in production; in local mode everybody may."""
    pages: Path | None
    """Folder with the built pages that are served at /; none: a page that says what this is."""
    get_queries: bool
    """Whether queries are taken by GET, which puts variables into addresses; in local mode only."""


def load() -> GatewaySettings:
    """Read the environment. Raises SettingProblem with a sentence for the first fault."""
    mode = _text("mode", "production")
    if mode not in ("local", "production"):
        raise SettingProblem("The setting HOEKSTEEN_MODE is either 'local' or 'production'.")
    port = _port("http_port", _text("http_port", "8000"))
    metrics = os.environ.get("HOEKSTEEN_METRICS_PORT")
    metrics_port = _port("metrics_port", metrics) if metrics else None
    if port == metrics_port:
        raise SettingProblem(
            "HOEKSTEEN_METRICS_PORT must be another port than HOEKSTEEN_HTTP_PORT."
        )
    spans = os.environ.get("HOEKSTEEN_SPANS_FILE")
    claims = os.environ.get("HOEKSTEEN_CLAIMS")
    documents = os.environ.get("HOEKSTEEN_DOCUMENTS")
    authority = os.environ.get("HOEKSTEEN_NATS_CA_FILE")
    pages = os.environ.get("HOEKSTEEN_PAGES")
    if pages and not (Path(pages) / "index.html").is_file():
        raise SettingProblem("The setting HOEKSTEEN_PAGES must be a folder with an index.html.")
    return GatewaySettings(
        mode=cast(Literal["local", "production"], mode),
        nats_url=_text("nats_url"),
        nats_user=_text("nats_user"),
        nats_password_file=Path(_text("nats_password_file")),
        nats_ca_file=Path(authority) if authority else None,
        http_port=port,
        metrics_port=metrics_port,
        http_host=_text("http_host", "127.0.0.1"),
        jwks=os.environ.get("HOEKSTEEN_JWKS") or None,
        issuer=_text("issuer"),
        audience=_text("audience", "hoeksteen"),
        algorithms=_text("algorithms", ",".join(ALGORITHMS)),
        claims=Path(claims) if claims else None,
        spans_file=Path(spans) if spans else None,
        otlp_url=otlp_receiver(os.environ.get("HOEKSTEEN_OTLP_URL")),
        rate_person=_rate("rate_person", RateLimits.person, mode),
        rate_role=_rate("rate_role", RateLimits.role, mode),
        rate_public=_rate("rate_public", RateLimits.public, mode),
        rate_sessions=_rate("rate_sessions", RateLimits.sessions, mode),
        rate_openings=_rate("rate_openings", RateLimits.openings, mode),
        documents=Path(documents) if documents else None,
        free_documents=_free_documents(),
        pages=Path(pages) if pages else None,
        get_queries=_get_queries(mode),
    )


def _port(name: str, text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= 65535):
        raise SettingProblem(f"The setting HOEKSTEEN_{name.upper()} must be a port number.")
    return int(text)


def _get_queries(mode: str) -> bool:
    choice = _text("get_queries", "no")
    if choice not in ("yes", "no"):
        raise SettingProblem("The setting HOEKSTEEN_GET_QUERIES is either 'yes' or 'no'.")
    if choice == "yes" and mode == "production":
        raise SettingProblem(
            "HOEKSTEEN_GET_QUERIES is for local mode: variables would stand in logs of addresses."
        )
    return choice == "yes"


def _free_documents() -> frozenset[Role]:
    names = [name.strip() for name in _text("free_documents", FREE).split(",")]
    if names == ["none"]:
        return frozenset()
    if not set(names) <= set(Role):
        raise SettingProblem(
            "The setting HOEKSTEEN_FREE_DOCUMENTS must be names of roles with commas between them, or 'none'."
        )
    return frozenset(Role(name) for name in names)


def _rate(name: str, usual: int, mode: str) -> int:
    text, setting = _text(name, str(usual)), f"HOEKSTEEN_{name.upper()}"
    if not (text.isascii() and text.isdecimal() and len(text) < _LONGEST_NUMBER):
        raise SettingProblem(f"The setting {setting} must be a number.")
    if mode != "local" and int(text) == 0:
        raise SettingProblem(f"{setting}=0 (no limit) is for local mode only.")
    return int(text)


def _text(field: str, default: str | None = None) -> str:
    name = f"HOEKSTEEN_{field.upper()}"
    text = os.environ.get(name) or default
    if text is None:
        raise SettingProblem(f"The setting {name} is missing.")
    return text
