"""What every server in the cluster must have: probes, a budget, a spread, an orderly end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tests.deploy.manifests import Document, Pod, kind, one, pods

PROBES = {
    "startupProbe": "/health/started",
    "livenessProbe": "/health/live",
    "readinessProbe": "/health/ready",
}
"""Three questions with three meanings; what each asks stands at its handler."""

SLOWEST_END = 30
"""Seconds that a program of ours takes at most to finish what it began (gateway: 8 + 8)."""


WAYS_IN = {"nats-integrations"}
"""Services that lead in from outside the cluster, to pods that NATS' chart makes: see `duties.ways_in`."""


def available(documents: Sequence[Document]) -> list[str]:
    """Faults of all servers: Deployments and StatefulSets."""
    faults = []
    for pod in pods(documents):
        if not pod.ends:
            faults += [f"{pod.name}: {fault}" for fault in _server(documents, pod)]
        if pod.owner["kind"] == "Deployment":
            faults += [f"{pod.name}: {fault}" for fault in _asked(pod)]
            faults += [f"{pod.name}: {fault}" for fault in _alone(documents, pod)]
    return faults


def _server(documents: Sequence[Document], pod: Pod) -> Iterator[str]:
    budgets = [
        budget["spec"]
        for budget in kind(documents, "PodDisruptionBudget")
        if _selects(budget["spec"]["selector"], pod.labels)
    ]
    if len(budgets) != 1:
        yield f"has {len(budgets)} disruption budgets"
    for budget in budgets:
        if budget.get("maxUnavailable") != 1:
            yield "its budget never lets a node be emptied"
        if budget.get("unhealthyPodEvictionPolicy") != "AlwaysAllow":
            yield "a broken pod holds its node back"
    spreads = pod.spec.get("topologySpreadConstraints", ())
    if not any(_selects(spread["labelSelector"], pod.labels) for spread in spreads):
        yield "is not spread over nodes"
    grace = pod.spec.get("terminationGracePeriodSeconds", 30)
    for container in pod.spec["containers"]:
        for probe in PROBES:
            if probe not in container:
                yield f"has no {probe}"
        pause = container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds")
        if pause is None:
            yield "stops while requests are still sent to it"
        elif grace < pause + SLOWEST_END:
            yield "is killed before it has finished"


def _asked(pod: Pod) -> Iterator[str]:
    for container in pod.spec["containers"]:
        for probe, path in PROBES.items():
            asked = container.get(probe, {}).get("httpGet", {})
            if asked.get("path") != path and "hoeksteen" in container["image"]:
                yield f"{probe} does not ask {path}"
            if asked.get("port") not in {port["name"] for port in container.get("ports", ())}:
                yield f"{probe} asks a port that is not there"


def _alone(documents: Sequence[Document], pod: Pod) -> Iterator[str]:
    spec = pod.owner["spec"]
    if spec["replicas"] == 1 and spec["strategy"]["type"] == "Recreate":
        return
    claims = [
        one(documents, "PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"])
        for volume in pod.volumes.values()
        if "persistentVolumeClaim" in volume
    ]
    if any(claim["spec"]["accessModes"] != ["ReadWriteMany"] for claim in claims):
        yield "two pods would write to one volume"
    if any("storageClassName" not in claim["spec"] for claim in claims):
        yield "its volumes are of whatever class is the default, which may keep no locks"


def several(documents: Sequence[Document]) -> list[str]:
    """Workloads of which one pod alone runs, or whose pods may all stand on one node."""
    faults = []
    for pod in pods(documents):
        if pod.ends:
            continue
        if pod.owner["spec"]["replicas"] < 2:
            faults.append(f"{pod.name}: runs once")
        if pod.owner["spec"].get("strategy", {}).get("type") != "RollingUpdate":
            faults.append(f"{pod.name}: stops before its successor stands")
    return faults


def connected(documents: Sequence[Document], secrets: Sequence[Document]) -> list[str]:
    """Names that nothing has: of claims, accounts, secrets, ports; services without a pod."""
    faults = []
    known = {
        (document["kind"], document["metadata"]["name"]) for document in (*documents, *secrets)
    }
    for pod in pods(documents):
        wanted = {("ServiceAccount", pod.spec.get("serviceAccountName", "default"))}
        for volume in pod.volumes.values():
            if "secret" in volume:
                wanted.add(("Secret", volume["secret"]["secretName"]))
            if "configMap" in volume and not volume["configMap"].get("optional"):
                wanted.add(("ConfigMap", volume["configMap"]["name"]))
            if "persistentVolumeClaim" in volume:
                claim = volume["persistentVolumeClaim"]["claimName"]
                wanted.add(("PersistentVolumeClaim", claim))
        faults += [
            f"{pod.name}: there is no {what} {name}" for what, name in sorted(wanted - known)
        ]
    for service in kind(documents, "Service"):
        name = service["metadata"]["name"]
        if name not in WAYS_IN:
            faults += [f"Service/{name}: {fault}" for fault in _service(documents, service)]
    for account in kind(documents, "ServiceAccount"):
        if account.get("automountServiceAccountToken") is not False:
            faults.append(f"ServiceAccount/{account['metadata']['name']}: gives its token out")
    return faults


def _service(documents: Sequence[Document], service: Document) -> Iterator[str]:
    spec = service["spec"]
    if spec.get("type", "ClusterIP") != "ClusterIP":
        yield "can be reached from outside the cluster"
    found = [pod for pod in pods(documents) if _matches(spec["selector"], pod.labels)]
    if len(found) != 1:
        yield f"stands for {len(found)} workloads"
    for pod in found:
        named = {
            port["name"]: port["containerPort"]
            for container in pod.spec["containers"]
            for port in container.get("ports", ())
        }
        for port in spec["ports"]:
            if named.get(port["targetPort"]) != port["port"]:
                yield f"port {port['port']} is another one in the pod"


def _selects(selector: Document, labels: Mapping[str, str]) -> bool:
    if set(selector) != {"matchLabels"}:
        raise AssertionError(f"a selector that these tests do not read: {selector}")
    return _matches(selector["matchLabels"], labels)


def _matches(wanted: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    return wanted.items() <= labels.items()


def database_arguments(documents: Sequence[Document]) -> list[str]:
    """The arguments of the local PostgreSQL."""
    spec = one(documents, "StatefulSet", "postgres")["spec"]["template"]["spec"]
    arguments: list[str] = spec["containers"][0]["args"]
    return arguments
