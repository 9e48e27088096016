"""The way for integrations added to production: to one port of NATS, from addresses that are named."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy import flows
from tests.deploy.availability import several
from tests.deploy.duties import ways_in
from tests.deploy.faults import Fault, planted, policy, spec, validate
from tests.deploy.manifests import (
    CHECKOUT,
    DEPLOY,
    Document,
    builtin,
    kind,
    kubectl,
    one,
    render,
    with_integrations,
)
from tests.deploy.schemas import valid
from tests.deploy.test_production import faults_of_all


@pytest.fixture(scope="module")
def _rendered(tmp_path_factory: pytest.TempPathFactory) -> list[Document]:
    if kubectl() is None:
        pytest.skip("kubectl 1.21 or newer is needed: https://kubernetes.io/docs/tasks/tools/")
    return render(with_integrations(tmp_path_factory.mktemp("overlay")))


@pytest.fixture
def cluster(_rendered: list[Document]) -> list[Document]:
    """The documents of production with the way in; a copy, so that a test may plant a fault in it."""
    return copy.deepcopy(_rendered)


def test_what_holds_everywhere_holds_here(cluster: list[Document], tmp_path: Path) -> None:
    """The way in changes nothing of what production is, and is valid itself."""
    assert faults_of_all(cluster) == []
    assert valid(cluster) == []
    assert several(cluster) == []
    status, words = validate([each for each in cluster if builtin(each)], tmp_path)
    assert (status, "WARN" in words) == (0, False), words


# Flows ----------------------------------------------------------------------------------------


def flow_faults(documents: list[Document]) -> list[str]:
    """Differences between what the policies allow and what is meant; two pods of each."""
    found = [*flows.ends(documents), *flows.of_operators(documents)]
    allowed = flows.allowed(documents, [*found, *found, *flows.OUTSIDE])
    return flows.faults(allowed, flows.MEANT | flows.PRODUCTION | flows.INTEGRATIONS)


def test_exactly_the_meant_flows_are_open(cluster: list[Document]) -> None:
    """Integrations reach NATS' port for clients and nothing else, and nobody else comes in by their way."""
    assert flow_faults(cluster) == []


def test_without_the_component_nobody_outside_reaches_nats(production: list[Document]) -> None:
    """It is an installation's own decision: as it comes, production has no way in but the edge."""
    (fault,) = flow_faults(production)
    assert fault == "meant but closed: integration → nats 4222/TCP"
    assert [each for each in kind(production, "Service") if "type" in each["spec"]] == []


def test_what_must_never_be_is_in_no_table() -> None:
    """An integration reaches NATS' one port, and nothing reaches an integration."""
    table = flows.MEANT | flows.PRODUCTION | flows.WEBHOOKS | flows.INTEGRATIONS
    assert {flow for flow in table if "integration" in flow[:2]} == {
        ("integration", "nats", 4222, "TCP")
    }


FROM_OUTSIDE: dict[str, Any] = {"from": [{"ipBlock": {"cidr": "192.0.2.40/32"}}]}


@planted(
    (
        lambda d: policy(d, "nats-for-integrations")["ingress"][0]["ports"].append(
            {"port": 8222, "protocol": "TCP"}
        ),
        "open but not meant: integration → nats 8222/TCP",
    ),
    (
        lambda d: policy(d, "nats-for-integrations")["ingress"][0].pop("ports"),
        "open but not meant: integration → nats 6222/TCP",
    ),
    (
        lambda d: policy(d, "nats-for-integrations")["ingress"][0]["from"][0]["ipBlock"].update(
            cidr="0.0.0.0/0"
        ),
        "open but not meant: internet → nats 4222/TCP",
    ),
    (
        lambda d: policy(d, "nats-for-integrations")["ingress"][0].pop("from"),
        "open but not meant: stranger → nats 4222/TCP",
    ),
    (
        lambda d: policy(d, "nats-for-integrations").update(podSelector={}),
        "open but not meant: integration → newcomer 4222/TCP",
    ),
    (
        lambda d: policy(d, "clusters")["ingress"].append(FROM_OUTSIDE),
        "open but not meant: integration → intake-db 5432/TCP",
    ),
    (
        lambda d: policy(d, "gateway")["ingress"].append(FROM_OUTSIDE),
        "open but not meant: integration → gateway 8000/TCP",
    ),
    (
        lambda d: policy(d, "nats-for-integrations").update(ingress=[]),
        "meant but closed: integration → nats 4222/TCP",
    ),
)
def test_a_wrong_flow_is_told(cluster: list[Document], plant: Fault, told_as: str) -> None:
    """A policy that opens or closes too much is named with the flow that it changes."""
    plant(cluster)
    assert told_as in flow_faults(cluster)


def test_an_overlay_that_was_not_filled_in_opens_nothing(cluster: list[Document]) -> None:
    """Its addresses are of those reserved for documents (RFC 5737), and its name is nobody's (RFC 2606)."""
    ranges = spec(cluster, "Service", "nats-integrations")["loadBalancerSourceRanges"]
    rules = policy(cluster, "nats-for-integrations")["ingress"]
    assert [peer["ipBlock"]["cidr"] for rule in rules for peer in rule["from"]] == ranges
    assert {each.rpartition(".")[0] for each in ranges} == {"192.0.2"}
    assert spec(cluster, "Certificate", "nats")["dnsNames"][-1].endswith(".example")


# The way in -----------------------------------------------------------------------------------


def test_the_way_in_leads_to_one_port_of_nats(cluster: list[Document]) -> None:
    """TLS alone, to the servers alone, for those who are named, under a name that they can verify."""
    assert ways_in(cluster) == []


def test_production_has_no_way_in_and_no_name_for_it(production: list[Document]) -> None:
    """Without the component the servers are certified for the names that programs use, and for no other."""
    assert ways_in(production) == []


def _service(documents: list[Document]) -> Any:
    return spec(documents, "Service", "nats-integrations")


def _names(documents: list[Document]) -> Any:
    return spec(documents, "Certificate", "nats")["dnsNames"]


@planted(
    (
        lambda d: _service(d)["ports"].append(
            {"name": "monitor", "port": 8222, "targetPort": 8222, "protocol": "TCP"}
        ),
        "Service/nats-integrations: leads to port 8222 by 8222",
    ),
    (lambda d: _service(d)["ports"][0].update(targetPort=6222), "leads to port 6222 by 4222"),
    (
        lambda d: _service(d).update(selector={"app.kubernetes.io/name": "gateway"}),
        "leads to something else",
    ),
    (
        lambda d: _service(d).update(selector={"app.kubernetes.io/part-of": "hoeksteen"}),
        "leads to something else than NATS' servers",
    ),
    (
        lambda d: _service(d).update(externalTrafficPolicy="Cluster"),
        "hides from the policy from where",
    ),
    (
        lambda d: _service(d).pop("allocateLoadBalancerNodePorts"),
        "opens a port on every node",
    ),
    (lambda d: _service(d).pop("loadBalancerSourceRanges"), "lets everybody knock"),
    (
        lambda d: _service(d).update(loadBalancerSourceRanges=["0.0.0.0/0"]),
        "lets others knock than the policy lets in",
    ),
    (
        lambda d: _names(d).remove("nats.hoeksteen.example"),
        "Certificate/nats: a name for outside without a way in, or a way in without a name",
    ),
    (lambda d: _names(d).remove("nats"), "Certificate/nats: not for nats, which programs use"),
    (
        lambda d: d.remove(one(d, "Service", "nats-integrations")),
        "a name for outside without a way in",
    ),
)
def test_a_way_in_that_is_wrong_is_told(
    cluster: list[Document], plant: Fault, told_as: str
) -> None:
    """One planted fault gives one sentence that names it."""
    plant(cluster)
    assert [True] == [told_as in fault for fault in ways_in(cluster)]


@planted(
    (
        lambda d: spec(d, "Service", "gateway").update(type="LoadBalancer"),
        "Service/gateway: can be reached from outside the cluster",
    ),
)
def test_another_way_in_is_told(cluster: list[Document], plant: Fault, told_as: str) -> None:
    """No other Service leads in from outside."""
    plant(cluster)
    assert any(told_as in fault for fault in faults_of_all(cluster))


# NATS by its chart, and what people are told ----------------------------------------------------


def test_the_servers_tell_of_no_address_inside() -> None:
    """Through the balancer a client would be sent to names that lead nowhere outside the cluster."""
    values = yaml.safe_load((DEPLOY / "k8s/platform/nats.yaml").read_text())
    assert values["config"]["cluster"]["merge"] == {"no_advertise": True}
    assert {"leafnodes", "websocket", "gateway", "mqtt"}.isdisjoint(values["config"])


def test_the_way_for_the_operators_machine_fits_its_page(cluster: list[Document]) -> None:
    """What docs/bus.md has people set fits the unit that opens the way, and the servers' certificate."""
    page = (CHECKOUT / "docs/bus.md").read_text()
    section = page.partition("#### From the operator's machine")[2].partition("\n#### ")[0]
    told = dict(re.findall(r"^(HOEKSTEEN_\w+)=(\S+)$", section, re.MULTILINE))
    assert told["HOEKSTEEN_NATS_SERVER_NAME"] in _names(cluster)
    asked = [
        each.rpartition("pod/")[2]
        for each in re.findall(r"^kubectl .*port-forward (.+?)(?: &)?$", section, re.MULTILINE)
    ]
    unit = (DEPLOY / "operator/hoeksteen-nats@.service").read_text()
    (run,) = re.findall(r"^ExecStart=.*port-forward pod/(.+)$", unit, re.MULTILINE)
    assert asked == [run.replace("%i", str(server)) for server in range(3)]
    forwarded = [dict(each.split(":") for each in one.split()[1:]) for one in asked]
    listening = {inside: port for each in forwarded for port, inside in each.items()}
    assert set(listening) == {"4222", "8222"}
    for setting, scheme, inside in (
        ("HOEKSTEEN_NATS_URL", "tls", "4222"),
        ("HOEKSTEEN_NATS_MONITOR_URL", "http", "8222"),
    ):
        ports = [port for each in forwarded for port, to in each.items() if to == inside]
        assert told[setting] == ",".join(f"{scheme}://127.0.0.1:{port}" for port in ports)
