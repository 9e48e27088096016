"""What one custom resource says of another, and the Secrets that operators make of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tests.deploy.manifests import Document, kind


def made_secrets(documents: Sequence[Document]) -> list[Document]:
    """The Secrets that operators make: External Secrets', cert-manager's, CloudNativePG's."""
    found: dict[str, set[str]] = {}
    for each in kind(documents, "ExternalSecret"):
        target = each["spec"]["target"]
        template = target.get("template", {}).get("data")
        keys = template or {part["secretKey"] for part in each["spec"]["data"]}
        found[target["name"]] = set(keys)
    for each in kind(documents, "Certificate"):
        found[each["spec"]["secretName"]] = {"ca.crt", "tls.crt", "tls.key"}
    for each in kind(documents, "Cluster"):
        found[f"{each['metadata']['name']}-ca"] = {"ca.crt", "ca.key"}
    return [
        {"kind": "Secret", "metadata": {"name": name}, "data": dict.fromkeys(sorted(keys), "")}
        for name, keys in sorted(found.items())
    ]


def wired(documents: Sequence[Document]) -> list[str]:
    """Names that custom resources say and that nothing has."""
    return [
        *_databases_wired(documents),
        *_edge_wired(documents),
        *_monitors_wired(documents),
        *_secrets_taken(documents),
    ]


def _secret_has(documents: Sequence[Document], name: str, *keys: str) -> Iterator[str]:
    held = {each["metadata"]["name"]: set(each["data"]) for each in made_secrets(documents)}
    if not set(keys) <= held.get(name, set()):
        yield f"no Secret {name} with {', '.join(keys)}"


def _databases_wired(documents: Sequence[Document]) -> Iterator[str]:
    stores = {each["metadata"]["name"] for each in kind(documents, "ObjectStore")}
    for cluster in kind(documents, "Cluster"):
        name, spec = cluster["metadata"]["name"], cluster["spec"]
        secrets = [begins["secret"]["name"] for begins in spec["bootstrap"].values()]
        secrets += [
            role["passwordSecret"]["name"] for role in spec["managed"]["roles"] if role["login"]
        ]
        for secret in secrets:
            for fault in _secret_has(documents, secret, "username", "password"):
                yield f"Cluster/{name}: {fault}"
        origins = [each["plugin"] for each in spec.get("externalClusters", ())]
        for plugin in (*spec["plugins"], *origins):
            if plugin["parameters"]["barmanObjectName"] not in stores:
                yield f"Cluster/{name}: its object store is not there"
        backups = [
            each
            for each in kind(documents, "ScheduledBackup")
            if each["spec"]["cluster"]["name"] == name
        ]
        if len(backups) != 1:
            yield f"Cluster/{name}: {len(backups)} backups are planned"
    for store in kind(documents, "ObjectStore"):
        for key in store["spec"]["configuration"]["s3Credentials"].values():
            for fault in _secret_has(documents, key["name"], key["key"]):
                yield f"ObjectStore/{store['metadata']['name']}: {fault}"


def _edge_wired(documents: Sequence[Document]) -> Iterator[str]:
    listeners = {
        (each["metadata"]["name"], listener["name"], listener["hostname"])
        for each in kind(documents, "Gateway")
        for listener in each["spec"]["listeners"]
    }
    ports = {
        (each["metadata"]["name"], port["port"])
        for each in kind(documents, "Service")
        for port in each["spec"]["ports"]
    }
    for route in kind(documents, "HTTPRoute"):
        for parent in route["spec"]["parentRefs"]:
            for host in route["spec"]["hostnames"]:
                if (parent["name"], parent["sectionName"], host) not in listeners:
                    yield f"HTTPRoute: no listener {parent['sectionName']} for {host}"
        for rule in route["spec"]["rules"]:
            for backend in rule["backendRefs"]:
                if (backend["name"], backend["port"]) not in ports:
                    yield f"HTTPRoute: no Service {backend['name']} on {backend['port']}"
    for gateway in kind(documents, "Gateway"):
        name = gateway["metadata"]["name"]
        for listener in gateway["spec"]["listeners"]:
            for reference in listener["tls"]["certificateRefs"]:
                for fault in _secret_has(documents, reference["name"], "tls.crt", "tls.key"):
                    yield f"Gateway/{name}: {fault}"


def _monitors_wired(documents: Sequence[Document]) -> Iterator[str]:
    for monitor in kind(documents, "ServiceMonitor"):
        wanted = monitor["spec"]["selector"]["matchLabels"].items()
        found = [
            each
            for each in kind(documents, "Service")
            if wanted <= each["metadata"].get("labels", {}).items()
        ]
        names = {port["name"] for each in found for port in each["spec"]["ports"]}
        if len(found) != 1:
            yield f"ServiceMonitor/{monitor['metadata']['name']}: {len(found)} services are asked"
        elif not {end["port"] for end in monitor["spec"]["endpoints"]} <= names:
            yield f"ServiceMonitor/{monitor['metadata']['name']}: a port that is not there"
    asked = {each["metadata"]["name"] for each in kind(documents, "ServiceMonitor")}
    for each in kind(documents, "Deployment"):
        name = each["metadata"]["name"]
        image = each["spec"]["template"]["spec"]["containers"][0]["image"]
        if "hoeksteen" in image and name not in asked:
            yield f"Deployment/{name}: nobody reads its metrics"


def _secrets_taken(documents: Sequence[Document]) -> Iterator[str]:
    """Every value that is asked of the store stands in the Secret, and no other does."""
    for each in kind(documents, "ExternalSecret"):
        template = each["spec"]["target"].get("template", {}).get("data", {})
        asked = {part["secretKey"] for part in each["spec"]["data"]}
        said = set(re.findall(r"\{\{\s*\.(\w+)\s*\}\}", " ".join(template.values())))
        if template and said != asked:
            yield f"ExternalSecret/{each['metadata']['name']}: asks {asked}, says {said}"
