"""What must hold while databases are put back, and of the copies of what is not in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, time

from shared.ledger import copies
from shared.runtime.schedule import DAILY
from tests.deploy.manifests import Document, Pod, kind, one, pods

PLUGIN = "barman-cloud.cloudnative-pg.io"
COPIES = copies.__name__


def recovered(documents: Sequence[Document]) -> list[str]:
    """Faults of an overlay that puts the databases back: from their own backups, to one moment (or to the end
    of an archive that could not be closed), into archives of their own, while nothing of ours runs.
    """
    clusters = kind(documents, "Cluster")
    faults = [
        f"Cluster/{cluster['metadata']['name']}: {fault}"
        for cluster in clusters
        for fault in _recovered(cluster)
    ]
    moments = {
        _recovery(cluster)["recoveryTarget"]["targetTime"]
        for cluster in clusters
        if "recoveryTarget" in _recovery(cluster)
    }
    if len(moments) > 1:
        faults.append(f"the databases are put back to {len(moments)} moments")
    for pod in pods(documents):
        if pod.owner["kind"] == "Deployment" and _ours(pod) and pod.owner["spec"]["replicas"] != 0:
            faults.append(f"{pod.name}: runs while its database is put back")
        waits = pod.owner["spec"].get("suspend") is True
        if pod.owner["kind"] in {"Job", "CronJob"} and not waits:
            faults.append(f"{pod.name}: starts before somebody says so")
    return faults


def _recovery(cluster: Document) -> Document:
    recovery: Document = cluster["spec"]["bootstrap"].get("recovery", {})
    return recovery


def _ours(pod: Pod) -> bool:
    return any("hoeksteen" in container["image"] for container in pod.containers)


def _recovered(cluster: Document) -> Iterator[str]:
    name, spec = cluster["metadata"]["name"], cluster["spec"]
    recovery = _recovery(cluster)
    if not recovery:
        yield "would begin empty"
        return
    origins = {each["name"]: each["plugin"] for each in spec.get("externalClusters", ())}
    origin = origins.get(recovery["source"])
    archives = [each for each in spec["plugins"] if each.get("isWALArchiver")]
    if origin is None or len(archives) != 1:
        yield "names nothing to be put back from, or writes no archive"
        return
    read, written = origin["parameters"], archives[0]["parameters"]
    store = f"{name.removesuffix('-db')}-backups"
    for holds, fault in (
        (origin["name"] == archives[0]["name"] == PLUGIN, "is not read and written by the plugin"),
        (read["barmanObjectName"] == store, "is put back from another's backups"),
        (written["barmanObjectName"] == store, "writes into another's store"),
        (_is_archive_of(read.get("serverName"), name), "is put back from another's archive"),
        (
            _is_archive_of(written.get("serverName"), name) and written["serverName"] != name,
            "writes an archive that is not its own",
        ),
        (
            written.get("serverName", name) != read.get("serverName"),
            "writes into the archive that it is put back from",
        ),
        (recovery["secret"]["name"] == f"{name}-owner", "its owner gets another's password"),
    ):
        if not holds:
            yield fault


def _is_archive_of(archive: str | None, name: str) -> bool:
    """Whether a folder in a bucket is the cluster's: its name, and a number from the second on."""
    if archive is None:
        return False
    begin, _, number = archive.rpartition("-")
    return archive == name or (begin == name and number.isdecimal())


def copied(documents: Sequence[Document]) -> list[str]:
    """Faults of the daily copies of ledger folders: each service's own, read only, after the daily
    moment, kept as long as the databases' backups are.
    """
    days = {
        store["metadata"]["name"].removesuffix("-backups"): store["spec"]["retentionPolicy"]
        for store in kind(documents, "ObjectStore")
    }
    jobs = {
        pod.owner["metadata"]["name"]: pod
        for pod in pods(documents)
        if pod.owner["kind"] == "CronJob"
    }
    faults = []
    for service, retention in days.items():
        pod = jobs.pop(f"copy-ledger-{service}", None)
        if pod is None:
            faults.append(f"{service}: nobody copies its ledger folder")
        else:
            faults += [
                f"{pod.name}: {fault}" for fault in _copied(documents, pod, service, retention)
            ]
    return [*faults, *(f"CronJob/{name}: copies nothing that is known" for name in jobs)]


def _copied(documents: Sequence[Document], pod: Pod, service: str, retention: str) -> Iterator[str]:
    (container,) = pod.containers
    module, *arguments = container["args"]
    told = dict(each.removeprefix("--").split("=", 1) for each in arguments)
    claims = {
        mount["mountPath"]: (
            pod.volumes[mount["name"]].get("persistentVolumeClaim", {}).get("claimName"),
            mount.get("readOnly", False),
        )
        for mount in container["volumeMounts"]
    }
    schedule = pod.owner["spec"]
    for holds, fault in (
        (module == COPIES and {*told} == {"ledger", "copies", "keep-days"}, "does something else"),
        (f"/{service}@" in container["image"], "runs from another's image"),
        (
            claims.get(told.get("ledger", "")) == (f"{service}-ledger", True),
            "may write what it copies, or copies another's",
        ),
        (
            claims.get(told.get("copies", "")) == (f"{service}-ledger-copies", False),
            "has no volume of its own for copies",
        ),
        (
            f"{told.get('keep-days')}d" == retention,
            "its copies are not kept as long as the backups",
        ),
        (_beside(pod, service), "may stand where the service's volume cannot be attached"),
        (_deadline(schedule) >= 3600, "has no time for a second attempt"),
        (_after_the_daily_moment(schedule), "does not run once a day after the daily moment"),
        (schedule.get("concurrencyPolicy") == "Forbid", "two copies may be made at a time"),
    ):
        if not holds:
            yield fault
    claim = one(documents, "PersistentVolumeClaim", f"{service}-ledger-copies")["spec"]
    if claim["storageClassName"] != "encrypted":
        yield "its copies are not encrypted"


def _beside(pod: Pod, service: str) -> bool:
    """By preference: where the service has no pod, it must find a place too."""
    affinity = pod.spec.get("affinity", {}).get("podAffinity", {})
    return [
        (each["podAffinityTerm"]["topologyKey"], each["podAffinityTerm"]["labelSelector"])
        for each in affinity.get("preferredDuringSchedulingIgnoredDuringExecution", ())
    ] == [
        ("kubernetes.io/hostname", {"matchLabels": {"app.kubernetes.io/name": service}})
    ] and "requiredDuringSchedulingIgnoredDuringExecution" not in affinity


def _deadline(spec: Document) -> int:
    deadline: int = spec["jobTemplate"]["spec"]["activeDeadlineSeconds"]
    return deadline


def _after_the_daily_moment(spec: Document) -> bool:
    minute, hour, *days = spec["schedule"].split(" ")
    if days != ["*"] * 3 or not (minute.isdecimal() and hour.isdecimal()):
        return False
    at = time(int(hour), int(minute), tzinfo=UTC)
    return spec.get("timeZone") == "Etc/UTC" and at > DAILY
