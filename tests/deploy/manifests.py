"""Rendered manifests, and the pods and programs in them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

Document = dict[str, Any]

CHECKOUT = Path(__file__).resolve().parents[2]
DEPLOY = CHECKOUT / "deploy"
LOCAL = DEPLOY / "k8s/overlays/local"
PRODUCTION = DEPLOY / "k8s/overlays/production"
RECOVERY = DEPLOY / "k8s/overlays/recovery"
SECRETS = DEPLOY / "secrets"

NAMESPACE = "hoeksteen"

OLDEST_KUBECTL = (1, 21)
"""Older ones carry kustomize 2, which cannot read `patches`; Debian 12's `kubernetes-client` is."""


@cache
def kubectl() -> str | None:
    """The path of a kubectl that can render, or None."""
    found = shutil.which("kubectl")
    if found is None:
        return None
    answer = subprocess.run(
        [found, "version", "--client", "--output=json"], capture_output=True, check=False
    )
    if answer.returncode != 0:
        return None
    client = json.loads(answer.stdout)["clientVersion"]
    version = int(client["major"]), int(re.sub(r"\D.*", "", client["minor"]))
    return found if version >= OLDEST_KUBECTL else None


def render(folder: Path) -> list[Document]:
    """What `kubectl kustomize` makes of a folder."""
    program = kubectl()
    assert program is not None
    answer = subprocess.run(
        [program, "kustomize", str(folder)], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    return list(yaml.safe_load_all(answer.stdout))


def with_integrations(folder: Path) -> Path:
    """Write production with the way for integrations into a folder, as its README says; the overlay."""
    shutil.copytree(DEPLOY / "k8s", folder, dirs_exist_ok=True)
    overlay = folder / PRODUCTION.relative_to(DEPLOY / "k8s")
    file = overlay / "kustomization.yaml"
    kustomization = yaml.safe_load(file.read_text())
    kustomization["components"].append("integrations")
    file.write_text(yaml.safe_dump(kustomization))
    return overlay


def with_webhooks(folder: Path) -> Path:
    """Write an overlay that adds webhooks to production into a folder; the folder."""

    def reached(path: Path) -> str:
        return os.path.relpath(path.resolve(), folder.resolve())

    overlay = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "namespace": NAMESPACE,
        "resources": [reached(PRODUCTION)],
        "components": [
            reached(DEPLOY / "k8s/components" / each)
            for each in ("webhooks", "webhooks-production")
        ],
        "labels": [{"pairs": {"app.kubernetes.io/part-of": "hoeksteen"}, "includeTemplates": True}],
        "images": [
            {
                "name": "hoeksteen-webhooks",
                "newName": "images.example/hoeksteen/webhooks",
                "digest": "sha256:" + "0" * 64,
            }
        ],
    }
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(overlay))
    return folder


def kind(documents: Sequence[Document], name: str) -> list[Document]:
    """The documents of one kind."""
    return [document for document in documents if document["kind"] == name]


def builtin(document: Document) -> bool:
    """Whether a kind is Kubernetes' own, and not an operator's."""
    group = document["apiVersion"].rpartition("/")[0]
    return "." not in group or group == "networking.k8s.io"


def one(documents: Sequence[Document], wanted: str, name: str) -> Document:
    """The document of that kind and name."""
    (found,) = (each for each in kind(documents, wanted) if each["metadata"]["name"] == name)
    return found


def without(documents: Sequence[Document], wanted: str, name: str) -> list[Document]:
    """All documents but one."""
    gone = one(documents, wanted, name)
    return [document for document in documents if document is not gone]


@dataclass(frozen=True, slots=True)
class Pod:
    """A workload's pod template."""

    owner: Document
    template: Document

    @property
    def ends(self) -> bool:
        """Whether it does something once, and serves nobody."""
        return self.owner["kind"] in {"Job", "CronJob"}

    @property
    def name(self) -> str:
        """As `Deployment/intake`."""
        return f"{self.owner['kind']}/{self.owner['metadata']['name']}"

    @property
    def labels(self) -> Mapping[str, str]:
        labels: Mapping[str, str] = self.template["metadata"].get("labels", {})
        return labels

    @property
    def spec(self) -> Document:
        spec: Document = self.template["spec"]
        return spec

    @property
    def containers(self) -> list[Document]:
        """All of them, those that run first too."""
        return [*self.spec.get("initContainers", ()), *self.spec["containers"]]

    @property
    def volumes(self) -> dict[str, Document]:
        return {volume["name"]: volume for volume in self.spec.get("volumes", ())}


def pods(documents: Sequence[Document]) -> list[Pod]:
    """The pod of every workload. Raises for a kind of workload that is not known here."""
    found = []
    for document in documents:
        if document["kind"] in {"Deployment", "StatefulSet", "Job"}:
            found.append(Pod(document, document["spec"]["template"]))
        elif document["kind"] == "CronJob":
            found.append(Pod(document, document["spec"]["jobTemplate"]["spec"]["template"]))
        elif "template" in document.get("spec", {}) or document["kind"] == "Pod":
            raise AssertionError(f"{document['kind']} is not looked into by these tests.")
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A container that runs one of our modules: the same seen in a manifest and in compose.yaml."""

    name: str
    image: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    secrets: Mapping[str, frozenset[str]]
    """Mounted read-only: folder → names of the files in it."""
    writable: tuple[str, ...]
    """Folders that last, mounted to be written."""
    ports: frozenset[int]


def programs(documents: Sequence[Document], secrets: Sequence[Document]) -> list[Program]:
    """The containers with our images. `secrets` are the rendered documents of deploy/secrets."""
    return [
        _program(documents, secrets, pod, container)
        for pod in pods(documents)
        for container in pod.containers
        if "hoeksteen" in container["image"]
    ]


def _program(
    documents: Sequence[Document], secrets: Sequence[Document], pod: Pod, container: Document
) -> Program:
    files: dict[str, frozenset[str]] = {}
    writable = []
    claims = {
        volume["metadata"]["name"] for volume in pod.owner["spec"].get("volumeClaimTemplates", ())
    }
    for mount in container.get("volumeMounts", ()):
        volume = pod.volumes.get(mount["name"], {})
        if "secret" in volume:
            holder = one(secrets, "Secret", volume["secret"]["secretName"])
            chosen = {item["key"]: item["path"] for item in volume["secret"].get("items", ())}
            files[mount["mountPath"]] = frozenset(
                chosen.get(key, key) for key in holder["data"] if not chosen or key in chosen
            )
        elif "configMap" in volume and not volume["configMap"].get("optional"):
            holder = one([*documents, *secrets], "ConfigMap", volume["configMap"]["name"])
            files[mount["mountPath"]] = frozenset(holder["data"])
        elif "persistentVolumeClaim" in volume or mount["name"] in claims:
            writable.append(mount["mountPath"])
    return Program(
        name=f"{pod.name}/{container['name']}",
        image=container["image"],
        arguments=tuple(container.get("args", ())),
        environment=dict(_environment(documents, container)),
        secrets=files,
        writable=tuple(writable),
        ports=frozenset(port["containerPort"] for port in container.get("ports", ())),
    )


def _environment(documents: Sequence[Document], container: Document) -> Iterator[tuple[str, str]]:
    for variable in container.get("env", ()):
        if "value" in variable:
            yield variable["name"], variable["value"]
        elif "configMapKeyRef" in variable.get("valueFrom", {}):
            wanted = variable["valueFrom"]["configMapKeyRef"]
            yield (
                variable["name"],
                one(documents, "ConfigMap", wanted["name"])["data"][wanted["key"]],
            )
