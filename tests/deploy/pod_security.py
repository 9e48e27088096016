"""What every pod must be: Pod Security's `restricted`, and what we ask beyond it.

Restricted: https://kubernetes.io/docs/concepts/security/pod-security-standards/ (v1.34).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tests.deploy.manifests import NAMESPACE, Document, Pod, kind, pods

OUR_USER = 65532

ALLOWED_VOLUMES = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
}


def restricted(documents: Sequence[Document]) -> list[str]:
    """What a namespace with the label `restricted` would refuse, and whether ours has it."""
    faults = list(_namespace(documents))
    for pod in pods(documents):
        faults += [f"{pod.name}: {fault}" for fault in _restricted_pod(pod)]
        for container in pod.containers:
            faults += [
                f"{pod.name}/{container['name']}: {fault}"
                for fault in _restricted_container(pod, container)
            ]
    return faults


def _namespace(documents: Sequence[Document]) -> Iterator[str]:
    for document in documents:
        if document["kind"] != "Namespace" and document["metadata"].get("namespace") != NAMESPACE:
            yield f"{document['kind']}/{document['metadata']['name']} is outside the namespace"
    for namespace in kind(documents, "Namespace"):
        labels = namespace["metadata"]["labels"]
        for mode in ("enforce", "audit", "warn"):
            if labels.get(f"pod-security.kubernetes.io/{mode}") != "restricted":
                yield f"the namespace does not {mode} restricted"
            if not labels.get(f"pod-security.kubernetes.io/{mode}-version", "").startswith("v1."):
                yield f"the version of {mode} is not pinned"


def _restricted_pod(pod: Pod) -> Iterator[str]:
    for forbidden in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.spec.get(forbidden):
            yield f"{forbidden} is set"
    for volume in pod.spec.get("volumes", ()):
        for what in set(volume) - {"name"} - ALLOWED_VOLUMES:
            yield f"volume {volume['name']} is a {what}"
    context = pod.spec.get("securityContext", {})
    if context.get("sysctls"):
        yield "sysctls are set"
    if pod.spec.get("ephemeralContainers"):
        yield "ephemeral containers"


def _restricted_container(pod: Pod, container: Document) -> Iterator[str]:
    inherited = pod.spec.get("securityContext", {})
    own = container.get("securityContext", {})
    context = {**inherited, **own}
    capabilities = own.get("capabilities", {})
    if own.get("privileged"):
        yield "privileged"
    if own.get("allowPrivilegeEscalation") is not False:
        yield "may gain privileges"
    if "ALL" not in capabilities.get("drop", ()):
        yield "keeps capabilities"
    if set(capabilities.get("add", ())) - {"NET_BIND_SERVICE"}:
        yield "adds capabilities"
    if context.get("runAsNonRoot") is not True:
        yield "may run as root"
    if context.get("runAsUser") == 0:
        yield "runs as root"
    if context.get("seccompProfile", {}).get("type") not in {"RuntimeDefault", "Localhost"}:
        yield "has no seccomp profile"
    if own.get("procMount", "Default") != "Default":
        yield "procMount is set"
    if any("hostPort" in port for port in container.get("ports", ())):
        yield "takes a port of its node"


def hardened(documents: Sequence[Document]) -> list[str]:
    """What we ask of every pod beyond `restricted`."""
    faults = []
    for pod in pods(documents):
        faults += [f"{pod.name}: {fault}" for fault in _hardened_pod(pod)]
        for container in pod.containers:
            faults += [
                f"{pod.name}/{container['name']}: {fault}"
                for fault in _hardened_container(pod, container)
            ]
    return faults


def _hardened_pod(pod: Pod) -> Iterator[str]:
    if pod.spec.get("automountServiceAccountToken") is not False:
        yield "receives a token for the cluster"
    if pod.spec.get("serviceAccountName", "default") == "default":
        yield "has no service account of its own"
    if pod.spec.get("enableServiceLinks") is not False:
        yield "receives every service's address in its environment"
    for volume in pod.volumes.values():
        if "emptyDir" in volume and not (
            volume["emptyDir"].get("medium") == "Memory" and "sizeLimit" in volume["emptyDir"]
        ):
            yield f"volume {volume['name']} is not in memory and bounded"
        if "secret" in volume and volume["secret"].get("defaultMode") != 0o440:
            yield f"secret {volume['name']} may be read by anybody in the pod"


def _hardened_container(pod: Pod, container: Document) -> Iterator[str]:
    context = {**pod.spec.get("securityContext", {}), **container.get("securityContext", {})}
    ours = "hoeksteen" in container["image"]
    if ours and {context.get(each) for each in ("runAsUser", "runAsGroup")} != {OUR_USER}:
        yield f"does not run as {OUR_USER}"
    if context.get("readOnlyRootFilesystem") is not True:
        yield "may write to its root"
    mounts = {mount["mountPath"]: mount for mount in container.get("volumeMounts", ())}
    if "emptyDir" not in pod.volumes.get(mounts.get("/tmp", {}).get("name", ""), {}):  # noqa: S108
        yield "has no /tmp of its own"
    for mount in mounts.values():
        volume = pod.volumes.get(mount["name"], {})
        if ("secret" in volume or "configMap" in volume) and mount.get("readOnly") is not True:
            yield f"mounts {mount['name']} to be written"
    resources = container.get("resources", {})
    if "memory" not in resources.get("limits", {}):
        yield "has no limit on memory"
    if "cpu" in resources.get("limits", {}):
        yield "has a limit on CPU, which throttles it"
    if set(resources.get("requests", {})) != {"cpu", "memory"}:
        yield "does not request cpu and memory"
    if ":" not in container["image"].rpartition("/")[2] or container["image"].endswith(":latest"):
        yield "runs whatever image is newest"
