"""Webhooks added to the production overlay: as closed as everything else, with one way out."""

from __future__ import annotations

import copy

import pytest

from tests.deploy import flows
from tests.deploy.availability import available, connected
from tests.deploy.custom import made_secrets
from tests.deploy.duties import digests, explained
from tests.deploy.faults import Fault, planted, pod, policy, spec, variable
from tests.deploy.manifests import (
    CHECKOUT,
    Document,
    kubectl,
    one,
    programs,
    render,
    with_webhooks,
)
from tests.deploy.pod_security import hardened, restricted
from tests.deploy.schemas import valid
from tests.deploy.settings import images, told, without_secrets


@pytest.fixture(scope="module")
def _rendered(tmp_path_factory: pytest.TempPathFactory) -> list[Document]:
    if kubectl() is None:
        pytest.skip("kubectl 1.21 or newer is needed: https://kubernetes.io/docs/tasks/tools/")
    return render(with_webhooks(tmp_path_factory.mktemp("overlay")))


@pytest.fixture
def cluster(_rendered: list[Document]) -> list[Document]:
    """The documents of an overlay with everything; a copy, so that a test may plant a fault in it."""
    return copy.deepcopy(_rendered)


def faults_of_all(documents: list[Document]) -> list[str]:
    """Everything that is checked of every overlay, and the flows of this one."""
    secrets = made_secrets(documents)
    if missing := connected(documents, secrets):
        return missing
    found = programs(documents, secrets)
    ends = [*flows.ends(documents), *flows.of_operators(documents)]
    allowed = flows.allowed(documents, [*ends, *ends, *flows.OUTSIDE])
    return [
        *restricted(documents),
        *hardened(documents),
        *available(documents),
        *told(found),
        *images(found, CHECKOUT / "services"),
        *without_secrets(documents),
        *digests(documents),
        *valid(documents),
        *explained(documents, (CHECKOUT / "docs/runbooks.md").read_text()),
        *flows.faults(allowed, flows.MEANT | flows.PRODUCTION | flows.WEBHOOKS),
    ]


def test_what_holds_everywhere_holds_here(cluster: list[Document]) -> None:
    """Pods, probes, names, settings, images, secrets, alerts, and exactly the flows that are meant."""
    assert faults_of_all(cluster) == []


@planted(
    (
        lambda d: d.remove(one(d, "ExternalSecret", "webhooks")),
        "Deployment/webhooks: there is no Secret webhooks",
    ),
    (
        lambda d: pod(d, "webhooks")["containers"][0]["env"].remove(
            variable(d, "webhooks", "HOEKSTEEN_NATS_CA_FILE")
        ),
        "believes whoever certifies a server of NATS",
    ),
    (
        lambda d: variable(d, "webhooks", "HOEKSTEEN_WEBHOOKS_DIR").update(value="/tmp/x"),  # noqa: S108
        "its file is on no volume of its own",
    ),
    (
        lambda d: variable(d, "webhooks", "HOEKSTEEN_WEBHOOKS_KEY_FILE").update(value="/x/y"),
        "HOEKSTEEN_WEBHOOKS_KEY_FILE names /x/y, which is not mounted",
    ),
    (
        lambda d: spec(d, "Deployment", "webhooks").update(replicas=2),
        "Deployment/webhooks: two pods would write to one volume",
    ),
    (
        lambda d: policy(d, "webhooks")["egress"][2]["to"][0]["ipBlock"]["except"].remove(
            "10.0.0.0/8"
        ),
        "open but not meant: webhooks → machine inside 443/TCP",
    ),
    (
        lambda d: spec(d, "PrometheusRule", "webhooks")["groups"][0]["rules"][0][
            "annotations"
        ].update(runbook_url="docs/runbooks.md#x"),
        "no page says",
    ),
)
def test_a_fault_is_told(cluster: list[Document], plant: Fault, told_as: str) -> None:
    """Each planted fault is found here as in the other overlays."""
    plant(cluster)
    assert any(told_as in fault for fault in faults_of_all(cluster))
