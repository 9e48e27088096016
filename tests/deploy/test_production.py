"""The rendered production overlay: what an installation is made of, checked without a cluster.

What holds for every overlay is checked here again over this one; what production alone has, each check
with faults that it must find.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.gateway.sign_out import PATH as SIGN_OUT
from shared.bus.accounts import MAX_PAYLOAD
from tests.deploy import flows
from tests.deploy.availability import available, connected, several
from tests.deploy.custom import made_secrets, wired
from tests.deploy.duties import OUTSIDE_PATHS, digests, durable, edge, explained
from tests.deploy.faults import Fault, container, planted, pod, policy, spec, validate, variable
from tests.deploy.manifests import CHECKOUT, DEPLOY, Document, builtin, kind, one, programs
from tests.deploy.pod_security import hardened, restricted
from tests.deploy.schemas import valid
from tests.deploy.settings import images, told, without_secrets

OPTIONAL = {"webhooks"}
"""What an installation adds where it needs it: test_webhooks_deployed.py."""

RUNBOOKS = CHECKOUT / "docs/runbooks.md"


def faults_of_all(documents: list[Document]) -> list[str]:
    """Everything that is checked of every overlay."""
    secrets = made_secrets(documents)
    if missing := connected(documents, secrets):
        return missing  # then nothing else can be looked up
    found = programs(documents, secrets)
    return [
        *restricted(documents),
        *hardened(documents),
        *available(documents),
        *told(found),
        *images(found, CHECKOUT / "services", without=OPTIONAL),
        *without_secrets(documents),
    ]


def test_what_holds_everywhere_holds_here(production: list[Document]) -> None:
    """Restricted and hardened pods, probes, budgets, spread, names, settings, images, no secret."""
    assert faults_of_all(production) == []


@planted(
    (lambda d: pod(d, "otel-collector").pop("securityContext"), "otel-collector: may run as root"),
    (
        lambda d: container(d, "otel-collector").pop("readinessProbe"),
        "Deployment/otel-collector: has no readinessProbe",
    ),
    (
        lambda d: spec(d, "PersistentVolumeClaim", "intake-keys").update(
            accessModes=["ReadWriteOnce"]
        ),
        "Deployment/intake: two pods would write to one volume",
    ),
    (
        lambda d: spec(d, "PersistentVolumeClaim", "signals-ledger").pop("storageClassName"),
        "Deployment/signals: its volumes are of whatever class is the default",
    ),
    (lambda d: _drop(d, "streams"), "Job/streams: there is no Secret streams"),
    (
        lambda d: container(d, "intake")["env"].remove(
            variable(d, "intake", "HOEKSTEEN_NATS_CA_FILE")
        ),
        "Deployment/intake/intake: believes whoever certifies a server of NATS",
    ),
    (
        lambda d: container(d, "signals")["env"].remove(variable(d, "signals", "PGSSLROOTCERT")),
        "HOEKSTEEN_DATABASE_URL verifies against nothing",
    ),
    (
        lambda d: next(v for v in pod(d, "reporting")["volumes"] if v["name"] == "bus")[
            "secret"
        ].update(items=[{"key": "tls.key", "path": "tls.key"}]),
        "HOEKSTEEN_NATS_CA_FILE names /etc/hoeksteen/bus/ca.crt, which is not mounted",
    ),
    (
        lambda d: d.append({"kind": "Secret", "metadata": {"name": "x", "namespace": "hoeksteen"}}),
        "Secret/x stands in the manifests",
    ),
)
def test_a_fault_in_production_is_told(
    production: list[Document], plant: Fault, told_as: str
) -> None:
    """A fault is found in this overlay as in the other; some show in more than one sentence."""
    plant(production)
    assert any(told_as in fault for fault in faults_of_all(production))


def _drop(documents: list[Document], secret: str) -> None:
    documents.remove(one(documents, "ExternalSecret", secret))


def test_every_builtin_document_is_valid(production: list[Document], tmp_path: Path) -> None:
    """What is not a custom resource passes the strict validation, and nothing is passed over."""
    ours = [each for each in production if builtin(each)]
    status, words = validate(ours, tmp_path)
    assert status == 0, words
    assert len(ours) == words.count(" passed for resource "), words
    assert "WARN" not in words


# More than one, and named by what they hold -----------------------------------------------------


def test_everything_runs_more_than_once(production: list[Document]) -> None:
    """Two pods or more of each program, replaced one by one."""
    assert several(production) == []


@planted(
    (lambda d: one(d, "Deployment", "gateway")["spec"].update(replicas=1), "gateway: runs once"),
    (
        lambda d: one(d, "Deployment", "intake")["spec"].update(strategy={"type": "Recreate"}),
        "intake: stops before its successor stands",
    ),
)
def test_what_runs_once_is_told(production: list[Document], plant: Fault, told_as: str) -> None:
    """One planted fault gives one sentence that names it."""
    plant(production)
    assert [True] == [told_as in fault for fault in several(production)]


def test_every_image_is_named_by_its_digest(production: list[Document]) -> None:
    """A tag can be moved; a digest is what was tested."""
    assert digests(production) == []


@planted(
    (lambda d: container(d, "intake").update(image="images.example/x:1.2"), "x:1.2"),
    (
        lambda d: spec(d, "Cluster", "intake-db").update(imageName="postgresql:18"),
        "Cluster/intake-db: postgresql:18",
    ),
    (
        lambda d: pod(d, "migrations", "Job")["initContainers"][0].update(image="y@sha256:12"),
        "Job/migrations: y@sha256:12",
    ),
)
def test_an_image_by_a_tag_is_told(production: list[Document], plant: Fault, told_as: str) -> None:
    """One planted fault gives one sentence that names it."""
    plant(production)
    assert [True] == [told_as in fault for fault in digests(production)]


# Flows ----------------------------------------------------------------------------------------


def flow_faults(documents: list[Document]) -> list[str]:
    """Differences between what the policies allow and what is meant; two pods of each."""
    found = [*flows.ends(documents), *flows.of_operators(documents)]
    allowed = flows.allowed(documents, [*found, *found, *flows.OUTSIDE])
    return flows.faults(allowed, flows.MEANT | flows.PRODUCTION)


def test_exactly_the_meant_flows_are_open(production: list[Document]) -> None:
    """Nothing more and nothing less, between pods of one kind too."""
    assert flow_faults(production) == []


def test_what_must_never_be_is_in_no_table() -> None:
    """Nobody reaches a key service or the internet; no database is reached by a foreign service."""
    pairs = {(start, end) for start, end, _, _ in flows.MEANT | flows.PRODUCTION}
    assert not {pair for pair in pairs if {"kms", "internet", "stranger", "newcomer"} & {*pair}}
    for service in flows.SERVICES:
        reached = {start for start, end in pairs if end == f"{service}-db"}
        assert reached == {service, "migrations", f"{service}-db", "cnpg", "monitoring"}
        leaves = {end for start, end in pairs if start == f"{service}-db"}
        assert leaves == {f"{service}-db", "kube-dns", "kube-api", "object store"}
    assert {end for start, end in pairs if start == "nats"} == {"nats", "kube-dns"}


OPEN: Document = {"egress": [{}], "ingress": [{}]}
_TO_ALL: dict[str, Any] = {"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}


@planted(
    (
        lambda d: policy(d, "clusters")["egress"].append(_TO_ALL),
        "open but not meant: intake-db → internet 443/TCP",
    ),
    (
        lambda d: [policy(d, each).update(OPEN) for each in ("reporting", "peers-of-intake-db")],
        "open but not meant: reporting → intake-db 5432/TCP",
    ),
    (
        lambda d: [
            policy(d, each).update(OPEN) for each in ("peers-of-intake-db", "peers-of-signals-db")
        ],
        "open but not meant: signals-db → intake-db 5432/TCP",
    ),
    (
        lambda d: policy(d, "signals")["egress"].append(
            {"to": [{"namespaceSelector": {"matchLabels": {"hoeksteen.local/role": "kms"}}}]}
        ),
        "open but not meant: signals → kms 443/TCP",
    ),
    (
        lambda d: policy(d, "clusters")["ingress"][0]["from"][0].pop("podSelector"),
        "open but not meant: backup plugin → intake-db 5432/TCP",
    ),
    (
        lambda d: policy(d, "nats-cluster")["ingress"][1]["ports"].append(
            {"port": 8222, "protocol": "TCP"}
        ),
        "open but not meant: monitoring → nats 8222/TCP",
    ),
    (
        lambda d: policy(d, "otel-collector")["egress"].append(_TO_ALL),
        "open but not meant: otel-collector → internet 443/TCP",
    ),
    (
        lambda d: policy(d, "gateway").update(OPEN),
        "open but not meant: gateway → gateway 8000/TCP",
    ),
    (
        lambda d: policy(d, "clusters")["egress"].pop(),
        "meant but closed: signals-db → object store 443/TCP",
    ),
    (
        lambda d: policy(d, "peers-of-reporting-db").update(ingress=[]),
        "meant but closed: reporting-db → reporting-db 5432/TCP",
    ),
    (
        lambda d: policy(d, "nats-cluster")["ingress"].pop(0),
        "meant but closed: nats → nats 6222/TCP",
    ),
    (
        lambda d: policy(d, "spans").update(egress=[]),
        "meant but closed: gateway → otel-collector 4318/TCP",
    ),
    (
        lambda d: policy(d, "clusters")["ingress"].pop(1),
        "meant but closed: monitoring → intake-db 9187/TCP",
    ),
    (
        lambda d: policy(d, "nats-cluster")["ingress"].pop(1),
        "meant but closed: monitoring → nats 7777/TCP",
    ),
    (
        lambda d: policy(d, "otel-collector")["ingress"].pop(1),
        "meant but closed: monitoring → otel-collector 8888/TCP",
    ),
    (
        lambda d: policy(d, "clusters")["ingress"][1]["ports"].append(
            {"port": 5432, "protocol": "TCP"}
        ),
        "open but not meant: monitoring → signals-db 5432/TCP",
    ),
    (
        lambda d: spec(d, "Cluster", "intake-db")["inheritedMetadata"].update(labels={}),
        "meant but closed: intake → intake-db 5432/TCP",
    ),
)
def test_a_wrong_flow_is_told(production: list[Document], plant: Fault, told_as: str) -> None:
    """A policy that opens or closes too much is named with the flow that it changes."""
    plant(production)
    assert told_as in flow_faults(production)


def test_an_overlay_that_was_not_filled_in_opens_nothing(production: list[Document]) -> None:
    """Addresses are of those reserved for documents (RFC 5737), and digests of no image."""
    text = yaml.safe_dump_all(production)
    blocks = [
        peer["ipBlock"]["cidr"]
        for each in kind(production, "NetworkPolicy")
        for rule in each["spec"].get("egress", ())
        for peer in rule.get("to", ())
        if "ipBlock" in peer
    ]
    assert blocks
    assert {block.rpartition(".")[0] for block in blocks} == {"192.0.2"}
    assert text.count("@sha256:") == text.count("@sha256:" + "0" * 64) > 0


# Custom resources -------------------------------------------------------------------------------


def test_custom_resources_are_valid(production: list[Document]) -> None:
    """Each against a closed schema of ours: a field that operators would drop is a fault."""
    assert valid(production) == []


@planted(
    (lambda d: spec(d, "Cluster", "intake-db").update(instanses=3), "'instanses' was unexpected"),
    (
        lambda d: spec(d, "Cluster", "intake-db")["postgresql"]["synchronous"].update(method="all"),
        "Cluster/intake-db: $.spec.postgresql.synchronous.method",
    ),
    (
        lambda d: spec(d, "ScheduledBackup", "intake-db").update(schedule="0 2 * * *"),
        "ScheduledBackup/intake-db: $.spec.schedule",
    ),
    (
        lambda d: spec(d, "ObjectStore", "intake-backups")["configuration"].update(
            endpointURL="http://objects.example"
        ),
        "ObjectStore/intake-backups: $.spec.configuration.endpointURL",
    ),
    (
        lambda d: spec(d, "ExternalSecret", "intake")["data"][0].update(remoteref={}),
        "'remoteref' was unexpected",
    ),
    (lambda d: spec(d, "Gateway", "edge")["listeners"][0].pop("tls"), "'tls' is a required"),
    (
        lambda d: spec(d, "HTTPRoute", "gateway")["rules"][0]["matches"][0]["path"].update(
            type="Regex"
        ),
        "HTTPRoute/gateway: $.spec.rules[0].matches[0].path.type",
    ),
    (
        lambda d: spec(d, "ClientTrafficPolicy", "edge")["tls"].update(minVersion="TLSv1_3"),
        "ClientTrafficPolicy/edge: $.spec.tls.minVersion",
    ),
    (lambda d: spec(d, "EnvoyProxy", "edge").update(access={}), "'access' was unexpected"),
    (
        lambda d: spec(d, "Certificate", "nats")["privateKey"].update(rotationPolicy="Never"),
        "Certificate/nats: $.spec.privateKey.rotationPolicy",
    ),
    (
        lambda d: spec(d, "ServiceMonitor", "intake")["endpoints"][0].update(intervall="30s"),
        "'intervall' was unexpected",
    ),
    (
        lambda d: spec(d, "PodMonitor", "databases").update(selector={"matchlabels": {}}),
        "'matchlabels' was unexpected",
    ),
    (
        lambda d: spec(d, "PodMonitor", "nats")["podMetricsEndpoints"][0]["metricRelabelings"][
            0
        ].update(action="kep"),
        "PodMonitor/nats: $.spec.podMetricsEndpoints[0].metricRelabelings[0].action",
    ),
    (
        lambda d: spec(d, "PrometheusRule", "hoeksteen")["groups"][0]["rules"][0].pop("expr"),
        "PrometheusRule/hoeksteen: $.spec.groups[0].rules[0]",
    ),
    (
        lambda d: d.append(
            {"apiVersion": "example.org/v1", "kind": "Thing", "metadata": {"name": "x"}}
        ),
        "Thing/x: no schema of ours knows example.org/v1",
    ),
)
def test_an_invalid_custom_resource_is_told(
    production: list[Document], plant: Fault, told_as: str
) -> None:
    """One planted fault gives one sentence that names it."""
    plant(production)
    assert [True] == [told_as in fault for fault in valid(production)]


def test_custom_resources_fit_together(production: list[Document]) -> None:
    """Secrets, stores, listeners, services and ports that one names another has."""
    assert wired(production) == []


@planted(
    (
        lambda d: spec(d, "Cluster", "intake-db")["plugins"][0]["parameters"].update(
            barmanObjectName="x"
        ),
        "Cluster/intake-db: its object store is not there",
    ),
    (
        lambda d: spec(d, "ScheduledBackup", "signals-db")["cluster"].update(name="intake-db"),
        "Cluster/signals-db: 0 backups are planned",
    ),
    (
        lambda d: _drop(d, "reporting-db-owner"),
        "Cluster/reporting-db: no Secret reporting-db-owner with username, password",
    ),
    (
        lambda d: _drop(d, "intake-backups"),
        "ObjectStore/intake-backups: no Secret intake-backups with access-key-id",
    ),
    (
        lambda d: spec(d, "HTTPRoute", "gateway")["parentRefs"][0].update(sectionName="http"),
        "HTTPRoute: no listener http for hoeksteen.example",
    ),
    (
        lambda d: spec(d, "HTTPRoute", "gateway")["rules"][0]["backendRefs"][0].update(
            name="intake"
        ),
        "HTTPRoute: no Service intake on 8000",
    ),
    (
        lambda d: spec(d, "Certificate", "edge").update(secretName="x"),
        "Gateway/edge: no Secret edge-tls with tls.crt, tls.key",
    ),
    (
        lambda d: spec(d, "ServiceMonitor", "intake")["endpoints"][0].update(port="http"),
        "ServiceMonitor/intake: a port that is not there",
    ),
    (
        lambda d: d.remove(one(d, "ServiceMonitor", "signals")),
        "Deployment/signals: nobody reads its metrics",
    ),
    (
        lambda d: d.remove(one(d, "PodMonitor", "otel-collector")),
        "monitoring → otel-collector 8888: open, and no monitor asks there",
    ),
    (
        lambda d: spec(d, "PodMonitor", "nats")["podMetricsEndpoints"][0].update(port="metrics"),
        "monitoring → nats 7777: open, and no monitor asks there",
    ),
    (
        lambda d: spec(d, "PodMonitor", "databases")["selector"]["matchExpressions"][0][
            "values"
        ].remove("signals-db"),
        "monitoring → signals-db 9187: open, and no monitor asks there",
    ),
    (
        lambda d: spec(d, "PodMonitor", "otel-collector")["podMetricsEndpoints"][0].update(
            port="otlp"
        ),
        "monitoring → otel-collector 4318: a monitor asks there, and it is closed",
    ),
    (
        lambda d: spec(d, "ExternalSecret", "intake-db-intake")["data"][0].update(secretKey="x"),
        "ExternalSecret/intake-db-intake: asks {'x'}, says {'password'}",
    ),
)
def test_a_name_of_nothing_is_told(production: list[Document], plant: Fault, told_as: str) -> None:
    """What one resource names and no other has is named; a fault may show twice."""
    plant(production)
    assert any(told_as in fault for fault in wired(production))


# Databases, the way in, alerts --------------------------------------------------------------------


def test_databases_are_durable_closed_and_quiet(production: list[Document]) -> None:
    """Three instances, synchronous, checksums, TLS 1.3, own roles alone, no log of statements."""
    assert durable(production) == []


@planted(
    (lambda d: spec(d, "Cluster", "intake-db").update(instances=2), "fewer than three"),
    (
        lambda d: spec(d, "Cluster", "intake-db")["postgresql"].pop("synchronous"),
        "what one machine alone has",
    ),
    (
        lambda d: spec(d, "Cluster", "intake-db")["postgresql"]["synchronous"].update(
            dataDurability="preferred"
        ),
        "acknowledges what one machine",
    ),
    (
        lambda d: spec(d, "Cluster", "intake-db")["bootstrap"]["initdb"].update(
            dataChecksums=False
        ),
        "no checksums",
    ),
    (
        lambda d: spec(d, "Cluster", "intake-db").update(enableSuperuserAccess=True),
        "a superuser may sign in",
    ),
    (lambda d: spec(d, "Cluster", "intake-db").update(enablePDB=False), "with its primary"),
    (
        lambda d: spec(d, "Cluster", "intake-db")["affinity"].update(
            podAntiAffinityType="preferred"
        ),
        "on one node",
    ),
    (lambda d: spec(d, "Cluster", "intake-db").update(plugins=[]), "kept nowhere else"),
    (
        lambda d: spec(d, "Cluster", "intake-db")["certificates"].update(serverAltDNSNames=["x"]),
        "the name that programs use",
    ),
    (
        lambda d: spec(d, "Cluster", "intake-db")["inheritedMetadata"].update(labels={}),
        "not its service's database",
    ),
    (
        lambda d: spec(d, "Cluster", "intake-db")["postgresql"]["parameters"].update(
            ssl_min_protocol_version="TLSv1.2"
        ),
        "older TLS",
    ),
    (
        lambda d: spec(d, "Cluster", "intake-db")["postgresql"]["parameters"].update(
            log_statement="all"
        ),
        "log_statement is not 'none'",
    ),
    (
        lambda d: spec(d, "Cluster", "intake-db")["postgresql"]["pg_hba"].insert(
            0, "host all all all trust"
        ),
        "pg_hba differs: host all all all trust",
    ),
    (
        lambda d: spec(d, "Cluster", "intake-db")["postgresql"]["pg_hba"].pop(),
        "lets others in",
    ),
)
def test_a_careless_database_is_told(
    production: list[Document], plant: Fault, told_as: str
) -> None:
    """A planted fault is named, for the one database that has it."""
    plant(production)
    found = durable(production)
    assert any(told_as in fault for fault in found)
    assert {fault.partition(":")[0] for fault in found} == {"Cluster/intake-db"}


def test_the_edge_is_closed(production: list[Document]) -> None:
    """TLS 1.3 alone, no access log, the paths that are meant and no other."""
    assert edge(production) == []


@planted(
    (
        lambda d: spec(d, "Gateway", "edge")["listeners"][0].update(protocol="HTTP"),
        "a listener without TLS",
    ),
    (
        lambda d: spec(d, "ClientTrafficPolicy", "edge")["tls"].update(minVersion="1.2"),
        "older TLS than 1.3",
    ),
    (
        lambda d: spec(d, "ClientTrafficPolicy", "edge")["targetRefs"][0].update(name="x"),
        "a listener speaks older TLS",
    ),
    (
        lambda d: spec(d, "EnvoyProxy", "edge")["telemetry"].update(accessLog={"disable": False}),
        "writes down who asked",
    ),
    (
        lambda d: spec(d, "HTTPRoute", "gateway")["rules"][0]["matches"].append(
            {"path": {"type": "Exact", "value": "/metrics"}}
        ),
        "/metrics is open",
    ),
    (
        lambda d: spec(d, "HTTPRoute", "gateway")["rules"][0]["matches"].pop(),
        "/sign-out is closed",
    ),
    (
        lambda d: spec(d, "HTTPRoute", "gateway")["rules"][0]["matches"][0]["path"].update(
            type="PathPrefix"
        ),
        "everything below / is open",
    ),
)
def test_an_open_edge_is_told(production: list[Document], plant: Fault, told_as: str) -> None:
    """One planted fault gives one sentence that names it."""
    plant(production)
    assert [True] == [told_as in fault for fault in edge(production)]


def test_what_the_edge_passes_on_is_what_the_gateway_serves() -> None:
    """Every path is a route of the gateway, and every route of it is passed on or for the inside."""
    text = "".join(
        (CHECKOUT / "services/gateway" / name).read_text() for name in ("app.py", "pages.py")
    )
    text = text.replace("Route(SIGN_OUT", f'Route("{SIGN_OUT}"')
    routes = {f"/{path.split('/')[1]}" for path in _routes(text)}
    inside = {"/health", "/metrics"}
    only_local = {"/graphiql", "/{rest:path}"}
    assert set(OUTSIDE_PATHS) - {"/static"} <= routes | {"/"}
    assert routes - inside - only_local <= set(OUTSIDE_PATHS)


def _routes(text: str) -> list[str]:
    return re.findall(r'Route\(\s*"(/[^"]*)"', text)


def test_every_alert_has_its_page(production: list[Document]) -> None:
    """Whoever is woken finds under the alert's name what it means and what to do."""
    assert explained(production, RUNBOOKS.read_text()) == []


@planted(
    (lambda r: r["annotations"].update(runbook_url="docs/runbooks.md#x"), "no page says"),
    (lambda r: r["annotations"].update(runbook_url="docs/x.md"), "says what to do"),
    (lambda r: r["labels"].clear(), "whom does it wake?"),
    (lambda r: r["annotations"].pop("summary"), "says nothing"),
)
def test_an_alert_without_a_page_is_told(
    production: list[Document], plant: Fault, told_as: str
) -> None:
    """One planted fault gives one sentence that names it."""
    plant(spec(production, "PrometheusRule", "hoeksteen")["groups"][0]["rules"][0])
    assert [True] == [told_as in fault for fault in explained(production, RUNBOOKS.read_text())]


# NATS by its chart -------------------------------------------------------------------------------


def test_the_values_for_nats_are_what_the_policies_rely_on() -> None:
    """Three servers on disk, TLS from the first byte, closed pods, images by digest, a pinned chart."""
    values = yaml.safe_load((DEPLOY / "k8s/platform/nats.yaml").read_text())
    config, template = values["config"], values["podTemplate"]["merge"]["spec"]
    assert config["cluster"]["replicas"] == 3
    assert config["cluster"]["tls"]["merge"] == {"verify": True}
    assert config["nats"]["tls"]["enabled"]
    assert config["nats"]["tls"]["merge"] == {"handshake_first": "auto"}
    assert config["jetstream"]["fileStore"]["enabled"]
    assert (config["nats"]["port"], config["cluster"]["port"], config["monitor"]["port"]) == (
        4222,
        6222,
        8222,
    )
    assert config["merge"]["max_payload"] == f"<< {MAX_PAYLOAD // 2**20}MB >>"
    assert values["promExporter"]["port"] == 7777
    assert template["securityContext"]["runAsNonRoot"]
    assert template["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for part in ("container", "reloader", "promExporter"):
        merged = values[part]["merge"]
        assert merged["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert "memory" in merged["resources"]["limits"]
    assert digests([{"kind": "Values", "metadata": {"name": "nats"}, **values}]) == []
    charts = yaml.safe_load((DEPLOY / "k8s/platform/versions.yaml").read_text())
    assert all(each["version"][-1].isdigit() and "." in each["version"] for each in charts)
    (chart,) = (each for each in charts if each["chart"] == "nats/nats")
    assert f"--version {chart['version']}" in (DEPLOY / "k8s/platform/nats.yaml").read_text()


@pytest.mark.parametrize("server", [0, 1, 2])
def test_the_streams_job_asks_every_server(production: list[Document], server: int) -> None:
    """Each of the three is asked whether it is healthy before anything is created."""
    (found,) = (
        each.environment
        for each in programs(production, made_secrets(production))
        if each.name.startswith("Job/streams")
    )
    assert f"http://nats-{server}.nats-headless:8222" in found["HOEKSTEEN_NATS_MONITOR_URL"]
    assert found["HOEKSTEEN_NATS_REPLICAS"] == "3"
