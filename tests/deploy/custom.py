"""What one custom resource says of another, and the Secrets that operators make of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from tests.deploy import flows
from tests.deploy.manifests import NAMESPACE, Document, kind, pods

METRICS_OF_OPERATORS: Mapping[str, int] = {"metrics": 9187, "prom-metrics": 7777}
"""Ports that CloudNativePG and NATS' chart name in pods that are in no manifest."""


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
        *_monitors_reach(documents),
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


def _monitors_reach(documents: Sequence[Document]) -> Iterator[str]:
    """What is open to whoever reads metrics is asked, and nothing else is."""
    asked = set(_asked_by_services(documents)) | set(_asked_by_pods(documents))
    there = {end.name for end in [*flows.ends(documents), *flows.of_operators(documents)]}
    meant = flows.MEANT | flows.PRODUCTION | flows.WEBHOOKS
    open_to = {
        (end, port) for start, end, port, _ in meant if start == "monitoring" and end in there
    }
    for name, port in sorted(open_to - asked):
        yield f"monitoring → {name} {port}: open, and no monitor asks there"
    for name, port in sorted(asked - open_to):
        yield f"monitoring → {name} {port}: a monitor asks there, and it is closed"


def _asked_by_services(documents: Sequence[Document]) -> Iterator[tuple[str, int]]:
    for monitor in kind(documents, "ServiceMonitor"):
        for service in kind(documents, "Service"):
            if _picks(monitor["spec"]["selector"], service["metadata"].get("labels", {})):
                numbers = {each["name"]: each["port"] for each in service["spec"]["ports"]}
                for asked in monitor["spec"]["endpoints"]:
                    yield service["metadata"]["name"], numbers.get(asked["port"], 0)


def _asked_by_pods(documents: Sequence[Document]) -> Iterator[tuple[str, int]]:
    """Of each pod that is selected; a port that it does not name is 0."""
    numbers = {
        (pod.owner["metadata"]["name"], port["name"]): port["containerPort"]
        for pod in pods(documents)
        for container in pod.containers
        for port in container.get("ports", ())
    }
    others = flows.of_operators(documents)
    numbers |= {
        (end.name, name): port
        for end in others
        for name, port in METRICS_OF_OPERATORS.items()
        if (port, "TCP") in end.ports
    }
    for monitor in kind(documents, "PodMonitor"):
        if NAMESPACE in monitor["spec"]["namespaceSelector"]["matchNames"]:
            for end in [*flows.ends(documents), *others]:
                if _picks(monitor["spec"]["selector"], end.labels):
                    for asked in monitor["spec"]["podMetricsEndpoints"]:
                        yield end.name, numbers.get((end.name, asked["port"]), 0)


def _picks(selector: Document, labels: Mapping[str, str]) -> bool:
    wanted: Mapping[str, str] = selector.get("matchLabels", {})
    return wanted.items() <= labels.items() and all(
        labels.get(each["key"]) in each["values"] for each in selector.get("matchExpressions", ())
    )


def _secrets_taken(documents: Sequence[Document]) -> Iterator[str]:
    """Every value that is asked of the store stands in the Secret, and no other does."""
    for each in kind(documents, "ExternalSecret"):
        template = each["spec"]["target"].get("template", {}).get("data", {})
        asked = {part["secretKey"] for part in each["spec"]["data"]}
        said = set(re.findall(r"\{\{\s*\.(\w+)\s*\}\}", " ".join(template.values())))
        if template and said != asked:
            yield f"ExternalSecret/{each['metadata']['name']}: asks {asked}, says {said}"
