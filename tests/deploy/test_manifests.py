"""The rendered local overlay: valid, closed, and what its programs need. Each policy sees a fault.

Nothing here has met a cluster: deploy/k8s/README.md says so.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from services.webhooks.addresses import PUBLIC_V6, REFUSED_V4, REFUSED_V6
from shared.bus.topology import SERVICES
from shared.postgres.embedded import QUIET
from tests.deploy import flows
from tests.deploy.availability import available, connected, database_arguments
from tests.deploy.faults import Fault, container, planted, pod, policy, validate, variable
from tests.deploy.manifests import CHECKOUT, Document, kind, one, programs, without
from tests.deploy.pod_security import hardened, restricted
from tests.deploy.settings import images, told, without_secrets

# Validation -----------------------------------------------------------------------------------


def test_every_document_is_valid(local: list[Document], tmp_path: Path) -> None:
    """Strict validation passes each document; a kind it does not know would be a warning."""
    status, words = validate(local, tmp_path)
    assert status == 0, words
    assert len(local) == words.count(" passed for resource "), words
    assert "WARN" not in words


def test_an_unknown_field_is_found(local: list[Document], tmp_path: Path) -> None:
    """A misspelt field, which a cluster would drop without a word, fails the validation."""
    container(local, "intake")["readinesProbe"] = {}
    status, words = validate(local, tmp_path)
    assert status != 0
    assert "readinesProbe" in words


def test_an_unknown_kind_is_found(local: list[Document], tmp_path: Path) -> None:
    """A kind without a schema is told as a warning with exit status 0, hence the counting."""
    local.append({"apiVersion": "example.org/v1", "kind": "Thing", "metadata": {"name": "thing"}})
    _, words = validate(local, tmp_path)
    assert "WARN" in words
    assert len(local) == words.count(" passed for resource ") + 1


# Pods -----------------------------------------------------------------------------------------


def test_pods_are_restricted(local: list[Document]) -> None:
    """Pod Security's `restricted` would let every pod in, and the namespace asks for it."""
    assert restricted(local) == []


@planted(
    (lambda d: pod(d, "intake").update(hostNetwork=True), "hostNetwork"),
    (lambda d: pod(d, "intake").update(hostPID=True), "hostPID"),
    (lambda d: pod(d, "intake")["volumes"].append({"name": "h", "hostPath": {}}), "hostPath"),
    (lambda d: pod(d, "intake")["securityContext"].pop("runAsNonRoot"), "may run as root"),
    (lambda d: pod(d, "intake")["securityContext"].update(runAsUser=0), "runs as root"),
    (lambda d: pod(d, "intake")["securityContext"].pop("seccompProfile"), "seccomp"),
    (lambda d: pod(d, "intake")["securityContext"].update(sysctls=[{}]), "sysctls"),
    (
        lambda d: pod(d, "migrations", "Job")["initContainers"][1]["securityContext"].pop(
            "allowPrivilegeEscalation"
        ),
        "Job/migrations/signals: may gain privileges",
    ),
    (
        lambda d: container(d, "nats", "StatefulSet")["securityContext"].pop("capabilities"),
        "StatefulSet/nats/nats: keeps capabilities",
    ),
    (
        lambda d: container(d, "intake")["securityContext"]["capabilities"].update(add=["NET_RAW"]),
        "adds capabilities",
    ),
    (
        lambda d: container(d, "intake")["securityContext"].update(privileged=True),
        "privileged",
    ),
    (
        lambda d: container(d, "intake")["securityContext"].update(procMount="Unmasked"),
        "procMount",
    ),
    (
        lambda d: container(d, "gateway")["ports"][0].update(hostPort=80),
        "takes a port of its node",
    ),
    (
        lambda d: kind(d, "Namespace")[0]["metadata"]["labels"].pop(
            "pod-security.kubernetes.io/enforce"
        ),
        "does not enforce",
    ),
    (
        lambda d: kind(d, "Namespace")[0]["metadata"]["labels"].update(
            {"pod-security.kubernetes.io/enforce-version": "latest"}
        ),
        "not pinned",
    ),
    (
        lambda d: one(d, "Deployment", "intake")["metadata"].pop("namespace"),
        "Deployment/intake is outside the namespace",
    ),
)
def test_an_unrestricted_pod_is_told(local: list[Document], plant: Fault, told_as: str) -> None:
    """One planted fault gives one sentence that names it."""
    plant(local)
    assert [True] == [told_as in fault for fault in restricted(local)]


def test_pods_are_hardened(local: list[Document]) -> None:
    """No token, no foreign addresses, nothing writable that need not be, bounded memory."""
    assert hardened(local) == []


@planted(
    (lambda d: pod(d, "intake").pop("automountServiceAccountToken"), "token"),
    (lambda d: pod(d, "intake").pop("serviceAccountName"), "service account"),
    (lambda d: pod(d, "intake").pop("enableServiceLinks"), "address in its environment"),
    (lambda d: pod(d, "intake")["securityContext"].update(runAsUser=1000), "as 65532"),
    (
        lambda d: container(d, "intake")["securityContext"].pop("readOnlyRootFilesystem"),
        "may write to its root",
    ),
    (lambda d: pod(d, "intake")["volumes"][-2].update(emptyDir={}), "in memory"),
    (
        lambda d: container(d, "streams", "Job")["volumeMounts"].pop(),
        "Job/streams/streams: has no /tmp",
    ),
    (
        lambda d: container(d, "intake")["volumeMounts"][2].pop("readOnly"),
        "mounts secrets to be written",
    ),
    (
        lambda d: pod(d, "intake")["volumes"][2]["secret"].update(defaultMode=0o444),
        "may be read by anybody",
    ),
    (lambda d: container(d, "intake")["resources"].pop("limits"), "no limit on memory"),
    (lambda d: container(d, "intake")["resources"]["limits"].update(cpu="1"), "throttles"),
    (lambda d: container(d, "intake")["resources"]["requests"].pop("cpu"), "request"),
    (
        lambda d: container(d, "nats", "StatefulSet").update(image="library/nats"),
        "nats: runs whatever",
    ),
    (lambda d: container(d, "intake").update(image="x/hoeksteen:latest"), "intake: runs whatever"),
)
def test_a_soft_pod_is_told(local: list[Document], plant: Fault, told_as: str) -> None:
    """One planted fault gives one sentence that names it."""
    plant(local)
    assert [True] == [told_as in fault for fault in hardened(local)]


# Servers --------------------------------------------------------------------------------------


def test_servers_are_kept_available(local: list[Document]) -> None:
    """Each has three probes on three paths, a budget, a spread and time to end in order."""
    assert available(local) == []


@planted(
    (
        lambda d: one(d, "PodDisruptionBudget", "intake")["spec"]["selector"].update(
            matchLabels={"app.kubernetes.io/name": "outtake"}
        ),
        "0 disruption budgets",
    ),
    (
        lambda d: one(d, "PodDisruptionBudget", "intake")["spec"].update(maxUnavailable=0),
        "never lets a node be emptied",
    ),
    (
        lambda d: one(d, "PodDisruptionBudget", "intake")["spec"].pop("unhealthyPodEvictionPolicy"),
        "holds its node back",
    ),
    (lambda d: pod(d, "intake").pop("topologySpreadConstraints"), "not spread"),
    (lambda d: container(d, "nats", "StatefulSet").pop("livenessProbe"), "no livenessProbe"),
    (
        lambda d: container(d, "intake")["livenessProbe"]["httpGet"].update(path="/health/ready"),
        "livenessProbe does not ask /health/live",
    ),
    (
        lambda d: container(d, "intake")["readinessProbe"]["httpGet"].update(port="http"),
        "a port that is not there",
    ),
    (lambda d: container(d, "gateway").pop("lifecycle"), "still sent to it"),
    (lambda d: pod(d, "gateway").update(terminationGracePeriodSeconds=10), "before it has"),
    (
        lambda d: (
            one(d, "Deployment", "intake")["spec"].update(replicas=2)
            or [
                one(d, "PersistentVolumeClaim", f"intake-{each}")["spec"].update(
                    storageClassName="x"
                )
                for each in ("keys", "ledger")
            ]
        ),
        "Deployment/intake: two pods would write to one volume",
    ),
    (
        lambda d: (
            one(d, "Deployment", "reporting")["spec"].update(replicas=2)
            or [
                one(d, "PersistentVolumeClaim", f"reporting-{each}")["spec"].update(
                    accessModes=["ReadWriteMany"]
                )
                for each in ("keys", "ledger")
            ]
        ),
        "Deployment/reporting: its volumes are of whatever class is the default",
    ),
    (
        lambda d: (
            one(d, "Deployment", "signals")["spec"].update(strategy={"type": "RollingUpdate"})
            or [
                one(d, "PersistentVolumeClaim", f"signals-{each}")["spec"].update(
                    storageClassName="x"
                )
                for each in ("keys", "ledger")
            ]
        ),
        "Deployment/signals: two pods would write to one volume",
    ),
)
def test_a_fragile_server_is_told(local: list[Document], plant: Fault, told_as: str) -> None:
    """One planted fault gives one sentence that names it."""
    plant(local)
    assert [True] == [told_as in fault for fault in available(local)]


def test_every_name_is_there(local: list[Document], secrets: list[Document]) -> None:
    """Claims, accounts, secrets and ports that are named exist; each Service has its pods."""
    assert connected(local, secrets) == []


@planted(
    (lambda d: pod(d, "intake").update(serviceAccountName="x"), "no ServiceAccount x"),
    (
        lambda d: pod(d, "intake")["volumes"][2]["secret"].update(secretName="x"),
        "no Secret x",
    ),
    (
        lambda d: pod(d, "intake")["volumes"][0]["persistentVolumeClaim"].update(claimName="x"),
        "no PersistentVolumeClaim x",
    ),
    (
        lambda d: one(d, "Service", "gateway")["spec"].update(type="NodePort"),
        "from outside the cluster",
    ),
    (
        lambda d: one(d, "Service", "gateway")["spec"].update(
            selector={"app.kubernetes.io/name": "x"}
        ),
        "0 workloads",
    ),
    (lambda d: one(d, "Service", "intake")["spec"]["ports"][0].update(port=80), "port 80"),
    (
        lambda d: one(d, "ServiceAccount", "intake").pop("automountServiceAccountToken"),
        "gives its token out",
    ),
)
def test_a_name_of_nothing_is_told(
    local: list[Document], secrets: list[Document], plant: Fault, told_as: str
) -> None:
    """One planted fault gives one sentence that names it."""
    plant(local)
    assert [True] == [told_as in fault for fault in connected(local, secrets)]


def test_the_local_database_logs_nobody(local: list[Document]) -> None:
    """PostgreSQL in the cluster is as quiet as the embedded one."""
    assert {f"--{name}={value}" for name, value in QUIET.items()} == set(database_arguments(local))


# Flows ----------------------------------------------------------------------------------------


def flow_faults(documents: list[Document], *, separate: bool = True) -> list[str]:
    """Differences between what the policies allow and what is meant."""
    found = flows.ends(documents)
    meant = set(flows.MEANT | flows.WEBHOOKS)
    if separate:
        found = flows.separate_databases(found)
    else:
        meant = flows.shared_server(meant)
    return flows.faults(flows.allowed(documents, [*found, *flows.OUTSIDE]), meant)


@pytest.mark.parametrize("separate", [False, True])
def test_exactly_the_meant_flows_are_open(local: list[Document], *, separate: bool) -> None:
    """Nothing more and nothing less, with one database server and with one for each service."""
    assert flow_faults(local, separate=separate) == []


def test_the_table_of_flows_has_no_forbidden_one() -> None:
    """No service reaches another or a foreign database, and the gateway reaches none."""
    pairs = {(start, end) for start, end, _, _ in flows.MEANT | flows.WEBHOOKS}
    own = {(name, f"{name}-db") for name in SERVICES}
    programs_of_ours = {*SERVICES, "gateway", "webhooks"}
    assert {("webhooks", "receivers"), ("webhooks", "receivers by IPv6")} == {
        (a, b) for a, b in pairs if b in {each.name for each in flows.OUTSIDE if each.address}
    }
    assert {(a, b) for a, b in pairs if a in programs_of_ours and b.endswith("-db")} == own
    assert not {(a, b) for a, b in pairs if a in programs_of_ours and b in programs_of_ours}
    assert not {(a, b) for a, b in pairs if a == "newcomer" or b == "newcomer"}


def test_the_network_refuses_what_the_program_refuses(local: list[Document]) -> None:
    """The way out of webhooks excepts the very networks that the program does, and no other."""
    four, six = (each["ipBlock"] for each in policy(local, "webhooks")["egress"][2]["to"])
    assert ("0.0.0.0/0", [str(each) for each in REFUSED_V4]) == (four["cidr"], four["except"])
    assert (str(PUBLIC_V6), [str(each) for each in REFUSED_V6]) == (six["cidr"], six["except"])


OPEN: Document = {"egress": [{}], "ingress": [{}]}


@planted(
    (
        lambda d: policy(d, "gateway").update(egress=[{}]),
        "open but not meant: gateway → stranger 443/TCP",
    ),
    (
        lambda d: [policy(d, each).update(OPEN) for each in ("gateway", "database-of-intake")],
        "open but not meant: gateway → intake-db 5432/TCP",
    ),
    (
        lambda d: [policy(d, each).update(OPEN) for each in ("intake", "reporting")],
        "open but not meant: reporting → intake 8001/TCP",
    ),
    (
        lambda d: [policy(d, each).update(OPEN) for each in ("signals", "database-of-intake")],
        "open but not meant: signals → intake-db 5432/TCP",
    ),
    (
        lambda d: policy(d, "intake")["ingress"][0]["from"].append({"namespaceSelector": {}}),
        "open but not meant: stranger → intake 8001/TCP",
    ),
    (
        lambda d: policy(d, "nats")["ingress"][0]["from"].append(
            {"namespaceSelector": {"matchLabels": {"hoeksteen.local/role": "monitoring"}}}
        ),
        "open but not meant: monitoring → nats 4222/TCP",
    ),
    (
        lambda d: policy(d, "names")["egress"][0]["to"][0].pop("podSelector"),
        "open but not meant: gateway → controller 53/UDP",
    ),
    (
        lambda d: policy(d, "names")["egress"][0]["ports"].pop(),
        "meant but closed: gateway → kube-dns 53/TCP",
    ),
    (
        lambda d: policy(d, "intake")["egress"].append(
            {"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}
        ),
        "open but not meant: intake → internet 443/TCP",
    ),
    (
        lambda d: policy(d, "signals").update(egress=[]),
        "meant but closed: signals → nats 4222/TCP",
    ),
    (
        lambda d: policy(d, "signals")["egress"].append(policy(d, "webhooks")["egress"][2]),
        "open but not meant: signals → receivers 443/TCP",
    ),
    (
        lambda d: policy(d, "webhooks")["egress"][2].pop("ports"),
        "open but not meant: webhooks → receivers 22/TCP",
    ),
    (
        lambda d: policy(d, "webhooks")["egress"][2]["to"][0]["ipBlock"].pop("except"),
        "open but not meant: webhooks → cloud metadata 443/TCP",
    ),
    (
        lambda d: policy(d, "webhooks")["egress"][2]["to"][1]["ipBlock"].update(cidr="::/0"),
        "open but not meant: webhooks → machine behind NAT64 443/TCP",
    ),
    (
        lambda d: [policy(d, each).update(OPEN) for each in ("webhooks", "database-of-intake")],
        "open but not meant: webhooks → intake-db 5432/TCP",
    ),
)
def test_a_wrong_flow_is_told(local: list[Document], plant: Fault, told_as: str) -> None:
    """A policy that opens or closes too much is named with the flow that it changes."""
    plant(local)
    assert told_as in flow_faults(local)


def test_without_the_default_what_is_new_is_open(local: list[Document]) -> None:
    """The default policy is what keeps a pod closed that nobody wrote a policy for."""
    found = flow_faults(without(local, "NetworkPolicy", "default-deny"))
    assert "open but not meant: newcomer → kube-dns 53/UDP" in found
    assert "open but not meant: stranger → newcomer 8009/TCP" in found


@pytest.mark.parametrize(
    "peer",
    [
        {"ipBlock": {"cidrs": ["192.0.2.0/24"]}},
        {},
        {"podSelector": {"matchFields": {}}},
    ],
)
def test_a_policy_that_is_not_understood_is_refused(
    local: list[Document], peer: dict[str, Any]
) -> None:
    """What the evaluation cannot read, it does not pass over."""
    policy(local, "gateway")["egress"][0]["to"] = [peer]
    with pytest.raises(AssertionError, match="do not read"):
        flow_faults(local)


# Settings -------------------------------------------------------------------------------------


def test_programs_are_told_what_they_need(local: list[Document], secrets: list[Document]) -> None:
    """Each program starts with its environment, knows all of it, and finds the files it names."""
    assert told(programs(local, secrets)) == []


@planted(
    (
        lambda d: container(d, "intake")["env"].remove(variable(d, "intake", "HOEKSTEEN_KEY_RING")),
        "HOEKSTEEN_KEY_RING is missing",
    ),
    (
        lambda d: container(d, "intake")["env"].append(
            {"name": "HOEKSTEEN_KEYRING", "value": "/x"}
        ),
        "HOEKSTEEN_KEYRING, which it does not know",
    ),
    (
        lambda d: container(d, "gateway")["env"].append(
            {"name": "HOEKSTEEN_LEDGER_DIR", "value": "/x"}
        ),
        "HOEKSTEEN_LEDGER_DIR, which it does not know",
    ),
    (
        lambda d: variable(d, "intake", "HOEKSTEEN_MODE").update(value="local"),
        "is in local mode",
    ),
    (
        lambda d: variable(d, "intake", "HOEKSTEEN_HTTP_HOST").update(value="127.0.0.1"),
        "listens to itself alone",
    ),
    (
        lambda d: variable(d, "intake", "HOEKSTEEN_HTTP_PORT").update(value="8002"),
        "listens on [8002]",
    ),
    (
        lambda d: container(d, "intake")["ports"][0].update(containerPort=8002),
        "declares [8002]",
    ),
    (
        lambda d: variable(d, "intake", "HOEKSTEEN_NATS_USER").update(value="signals"),
        "signs in to NATS as signals",
    ),
    (
        lambda d: variable(d, "intake", "HOEKSTEEN_LOG_KEY_FILE").update(
            value="/run/secrets/hoeksteen/x"
        ),
        "which is not mounted",
    ),
    (
        lambda d: variable(d, "intake", "HOEKSTEEN_LEDGER_DIR").update(value="/var/ledger"),
        "its ledger is on no volume",
    ),
    (
        lambda d: variable(d, "intake", "HOEKSTEEN_DATABASE_URL").update(
            value="host=x user=reporting service=intake"
        ),
        "signs in as reporting",
    ),
    (
        lambda d: variable(d, "intake", "HOEKSTEEN_DATABASE_URL").update(
            value="host=x user=intake service=intake password=x"
        ),
        "holds a password",
    ),
    (
        lambda d: variable(d, "intake", "HOEKSTEEN_DATABASE_URL").update(
            value="host=x user=intake"
        ),
        "no password from a file",
    ),
    (
        lambda d: container(d, "intake")["env"].remove(variable(d, "intake", "PGSSLMODE")),
        "whether TLS is a must",
    ),
    (
        lambda d: container(d, "streams", "Job")["env"].pop(1),
        "HOEKSTEEN_NATS_MONITOR_URL is not set",
    ),
    (
        lambda d: pod(d, "migrations", "Job")["initContainers"][1]["env"].pop(0),
        "does not know the owner's database",
    ),
    (
        lambda d: container(d, "streams", "Job").update(args=["shared.identity.issuer"]),
        "runs shared.identity.issuer, which is no program of ours",
    ),
)
def test_a_program_told_wrong_is_told(
    local: list[Document], secrets: list[Document], plant: Fault, told_as: str
) -> None:
    """One planted fault gives one sentence that names it."""
    plant(local)
    assert [True] == [told_as in fault for fault in told(programs(local, secrets))]


def test_no_secret_is_in_a_manifest_or_an_environment(local: list[Document]) -> None:
    """The overlay holds no Secret; pods get theirs as files."""
    assert without_secrets(local) == []


@planted(
    (
        lambda d: d.append({"kind": "Secret", "metadata": {"name": "x"}}),
        "Secret/x stands in the manifests",
    ),
    (
        lambda d: container(d, "intake")["env"].append(
            {"name": "X", "valueFrom": {"secretKeyRef": {"name": "x", "key": "x"}}}
        ),
        "X comes from a secret",
    ),
    (
        lambda d: container(d, "intake").update(envFrom=[{"secretRef": {"name": "x"}}]),
        "takes a whole secretRef",
    ),
    (
        lambda d: container(d, "nats", "StatefulSet").update(
            env=[{"name": "NATS_PASSWORD", "value": "x"}]
        ),
        "NATS_PASSWORD is a secret",
    ),
    (
        lambda d: variable(d, "intake", "HOEKSTEEN_DATABASE_URL").update(
            value="postgresql://intake:x@host/db"
        ),
        "HOEKSTEEN_DATABASE_URL is a secret",
    ),
)
def test_a_secret_in_the_open_is_told(local: list[Document], plant: Fault, told_as: str) -> None:
    """One planted fault gives one sentence that names it."""
    plant(local)
    assert [True] == [told_as in fault for fault in without_secrets(local)]


def test_each_service_runs_from_its_image(local: list[Document], secrets: list[Document]) -> None:
    """Each service from its own image, and each migration from the image that holds its SQL."""
    assert images(programs(local, secrets), CHECKOUT / "services") == []


@planted(
    (
        lambda d: container(d, "intake").update(image="localhost/hoeksteen/signals:local"),
        "localhost/hoeksteen/signals:local does not hold what it runs",
    ),
    (
        lambda d: container(d, "streams", "Job").update(image="localhost/hoeksteen/x:local"),
        "localhost/hoeksteen/x:local does not hold what it runs",
    ),
    (
        lambda d: pod(d, "migrations", "Job")["initContainers"].pop(),
        "the migrations are",
    ),
)
def test_a_wrong_image_is_told(
    local: list[Document], secrets: list[Document], plant: Fault, told_as: str
) -> None:
    """One planted fault gives one sentence that names it."""
    plant(local)
    assert [True] == [
        told_as in fault for fault in images(programs(local, secrets), CHECKOUT / "services")
    ]


def test_a_service_that_is_not_deployed_is_told(
    local: list[Document], secrets: list[Document]
) -> None:
    """A service that somebody adds to the code and forgets here is missed."""
    found = programs(without(local, "Deployment", "signals"), secrets)
    (fault,) = images(found, CHECKOUT / "services")
    assert fault.startswith("['gateway', 'intake', 'reporting', 'webhooks'] run, the services are")
