"""Who may reach whom: worked out from NetworkPolicies, and compared with what is meant.

Every ordered pair of pods and every port is tried, so that a flow that nobody meant is found too.
What these tests do not understand about a policy, they refuse: nothing is passed over.
Semantics: https://kubernetes.io/docs/concepts/services-networking/network-policies/.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Literal

from tests.deploy.manifests import NAMESPACE, Document, kind, pods

Address = IPv4Address | IPv6Address

Flow = tuple[str, str, int, str]
"""From, to, port, protocol."""


@dataclass(frozen=True)
class End:
    """A pod that may start connections, and the ports on which it takes them."""

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    ports: tuple[tuple[int, str], ...] = ()
    namespace: str = NAMESPACE
    namespace_labels: Mapping[str, str] = field(default_factory=dict)
    address: str | None = None
    """Of what is no pod: it is outside the cluster's network, and a policy names it by address."""

    @property
    def place(self) -> str | None:
        """The namespace; None where there is none."""
        return self.namespace if self.address is None else None


OUTSIDE = (
    End("edge", namespace="ingress", namespace_labels={"hoeksteen.local/role": "edge"}),
    End("monitoring", namespace="watch", namespace_labels={"hoeksteen.local/role": "monitoring"}),
    End(
        "issuer",
        ports=((443, "TCP"), (80, "TCP")),
        namespace="sign-in",
        namespace_labels={"hoeksteen.local/role": "issuer"},
    ),
    End(
        "witnesses",
        ports=((443, "TCP"), (80, "TCP")),
        namespace="way-out",
        namespace_labels={"hoeksteen.local/role": "witnesses"},
    ),
    End(
        "kube-dns",
        labels={"k8s-app": "kube-dns"},
        ports=((53, "UDP"), (53, "TCP"), (9153, "TCP")),  # the last: its metrics
        namespace="kube-system",
    ),
    End("controller", ports=((53, "UDP"), (53, "TCP")), namespace="kube-system"),
    # The cluster's other pods, some of them with labels that look like ours.
    End(
        "stranger",
        labels={"app.kubernetes.io/name": "intake"},
        ports=((443, "TCP"), (53, "UDP"), (4222, "TCP"), (5432, "TCP"), (8000, "TCP")),
        namespace="default",
    ),
    # Somebody puts something new into our namespace, such as the issuer of local mode.
    End(
        "newcomer",
        labels={"app.kubernetes.io/name": "issuer"},
        ports=((443, "TCP"), (8009, "TCP"), (4222, "TCP"), (5432, "TCP")),
    ),
    # Nobody of ours speaks with a key management service, or with the world but for its public part.
    End(
        "kms",
        ports=((443, "TCP"), (8200, "TCP")),
        namespace="keys",
        namespace_labels={"hoeksteen.local/role": "kms"},
    ),
    End("internet", ports=((443, "TCP"), (80, "TCP"), (53, "UDP")), address="203.0.113.7"),
    # What production alone knows.
    End("issuer's address", ports=((443, "TCP"), (80, "TCP")), address="192.0.2.10"),
    End("kube-api", ports=((6443, "TCP"), (443, "TCP")), address="192.0.2.20"),
    End("object store", ports=((443, "TCP"), (80, "TCP")), address="192.0.2.30"),
    End(
        "cnpg",
        labels={"app.kubernetes.io/name": "cloudnative-pg"},
        ports=((9443, "TCP"),),
        namespace="cnpg-system",
    ),
    End("backup plugin", ports=((9090, "TCP"),), namespace="cnpg-system"),
    End(
        "telemetry",
        ports=((4318, "TCP"), (4317, "TCP")),
        namespace="telemetry",
        namespace_labels={"hoeksteen.local/role": "telemetry"},
    ),
    # A program of an integration, at an address that was let in.
    End("integration", address="192.0.2.40"),
    # The internet, where receivers of webhooks are, and what only looks like it.
    End("receivers", ports=((443, "TCP"), (80, "TCP"), (22, "TCP")), address="93.184.216.34"),
    End("receivers by IPv6", ports=((443, "TCP"), (80, "TCP")), address="2606:4700::1111"),
    End("cloud metadata", ports=((443, "TCP"), (80, "TCP")), address="169.254.169.254"),
    End("machine inside", ports=((443, "TCP"), (5432, "TCP")), address="10.20.30.40"),
    End("machine inside by IPv6", ports=((443, "TCP"),), address="fd00:ec2::254"),
    End("machine behind NAT64", ports=((443, "TCP"),), address="64:ff9b::a00:1"),
)

SERVICES: Mapping[str, int] = {"intake": 8001, "signals": 8002, "reporting": 8003}
"""Each with the port of its health and metrics."""

MEANT: frozenset[Flow] = frozenset(
    {
        ("edge", "gateway", 8000, "TCP"),
        ("gateway", "nats", 4222, "TCP"),
        ("gateway", "issuer", 443, "TCP"),
        ("streams", "nats", 4222, "TCP"),
        ("streams", "nats", 8222, "TCP"),
        ("monitoring", "gateway", 9464, "TCP"),
    }
    | {(name, "nats", 4222, "TCP") for name in SERVICES}
    | {(name, "issuer", 443, "TCP") for name in SERVICES}
    | {(name, "witnesses", 443, "TCP") for name in SERVICES}
    | {("monitoring", name, port, "TCP") for name, port in SERVICES.items()}
    | {(name, f"{name}-db", 5432, "TCP") for name in SERVICES}
    | {("migrations", f"{name}-db", 5432, "TCP") for name in SERVICES}
    | {
        (name, "kube-dns", 53, protocol)
        for name in ("gateway", *SERVICES, "migrations", "streams")
        for protocol in ("TCP", "UDP")
    }
)
"""Every flow that there may be, each service with a database of its own."""

WEBHOOKS: frozenset[Flow] = frozenset(
    {
        ("monitoring", "webhooks", 8004, "TCP"),
        ("webhooks", "nats", 4222, "TCP"),
        ("webhooks", "receivers", 443, "TCP"),
        ("webhooks", "receivers by IPv6", 443, "TCP"),
        ("webhooks", "kube-dns", 53, "TCP"),
        ("webhooks", "kube-dns", 53, "UDP"),
    }
)
"""What there may be besides where there are webhooks, as in overlays/local."""

INTEGRATIONS: frozenset[Flow] = frozenset({("integration", "nats", 4222, "TCP")})
"""What there may be besides where integrations outside speak with NATS."""

_PROGRAMS = ("gateway", *SERVICES)
_DATABASES = tuple(f"{name}-db" for name in SERVICES)

PRODUCTION: frozenset[Flow] = frozenset(
    {
        ("nats", "nats", 6222, "TCP"),
        ("monitoring", "nats", 7777, "TCP"),
        ("monitoring", "otel-collector", 8888, "TCP"),
        ("otel-collector", "telemetry", 4318, "TCP"),
    }
    | {(name, "otel-collector", 4318, "TCP") for name in _PROGRAMS}
    | {(name, "issuer's address", 443, "TCP") for name in _PROGRAMS}
    | {(name, name, port, "TCP") for name in _DATABASES for port in (5432, 8000)}
    | {("cnpg", name, port, "TCP") for name in _DATABASES for port in (5432, 8000)}
    | {("monitoring", name, 9187, "TCP") for name in _DATABASES}
    | {(name, "kube-api", 6443, "TCP") for name in _DATABASES}
    | {(name, "object store", 443, "TCP") for name in _DATABASES}
    | {
        (name, "kube-dns", 53, protocol)
        for name in ("nats", "otel-collector", *_DATABASES)
        for protocol in ("TCP", "UDP")
    }
)
"""What there may be besides in production."""


def shared_server(flows: Iterable[Flow]) -> set[Flow]:
    """The same flows where one PostgreSQL stands for the three."""
    return {
        (start, "postgres" if end.endswith("-db") else end, port, protocol)
        for start, end, port, protocol in flows
    }


def ends(documents: Sequence[Document]) -> list[End]:
    """The pods of rendered manifests, each with the ports that it declares."""
    return [
        End(
            name=pod.owner["metadata"]["name"],
            labels=pod.labels,
            ports=tuple(
                (port["containerPort"], port.get("protocol", "TCP"))
                for container in pod.containers
                for port in container.get("ports", ())
            ),
        )
        for pod in pods(documents)
    ]


def of_operators(documents: Sequence[Document]) -> list[End]:
    """Pods that operators and NATS' chart make: in no manifest, but their labels and ports are known.

    A database's pods carry its cluster's name and what the cluster hands down.
    """
    databases = [
        End(
            cluster["metadata"]["name"],
            labels={
                "cnpg.io/cluster": cluster["metadata"]["name"],
                **cluster["spec"]["inheritedMetadata"]["labels"],
            },
            ports=((5432, "TCP"), (8000, "TCP"), (9187, "TCP")),
        )
        for cluster in kind(documents, "Cluster")
    ]
    nats = End(
        "nats",
        labels={"app.kubernetes.io/name": "nats", "app.kubernetes.io/component": "nats"},
        ports=((4222, "TCP"), (6222, "TCP"), (7777, "TCP"), (8222, "TCP")),
    )
    return [*databases, nats]


def separate_databases(found: Sequence[End]) -> list[End]:
    """The same pods with a database for each service, as in production."""
    return [
        *(end for end in found if end.name != "postgres"),
        *(
            End(
                f"{name}-db",
                labels={f"hoeksteen.local/database-of-{name}": "true"},
                ports=((5432, "TCP"),),
            )
            for name in SERVICES
        ),
    ]


def allowed(documents: Sequence[Document], everyone: Sequence[End]) -> set[Flow]:
    """Every flow between two different pods of which one is ours that the policies let through.

    A name stands for as many pods as there are ends with it.
    """
    policies = kind(documents, "NetworkPolicy")
    return {
        (start.name, end.name, port, protocol)
        for start, end in itertools.permutations(everyone, 2)
        if NAMESPACE in (start.place, end.place)
        for port, protocol in end.ports
        if _lets(policies, "Egress", start, end, port, protocol)
        and _lets(policies, "Ingress", end, start, port, protocol)
    }


def faults(found: Iterable[Flow], meant: Iterable[Flow]) -> list[str]:
    """What is open and should be closed, then what is closed and should be open."""
    found, meant = set(found), set(meant)
    return [
        *(f"open but not meant: {_told(flow)}" for flow in sorted(found - meant)),
        *(f"meant but closed: {_told(flow)}" for flow in sorted(meant - found)),
    ]


def _told(flow: Flow) -> str:
    start, end, port, protocol = flow
    return f"{start} → {end} {port}/{protocol}"


def _lets(
    policies: Sequence[Document],
    direction: Literal["Ingress", "Egress"],
    subject: End,
    other: End,
    port: int,
    protocol: str,
) -> bool:
    """Whether the subject's policies for a direction allow it; without any, everything is."""
    deciding = [
        policy["spec"]
        for policy in policies
        if policy["metadata"]["namespace"] == subject.place
        and direction in policy["spec"]["policyTypes"]
        and selected(policy["spec"]["podSelector"], subject.labels)
    ]
    side = "from" if direction == "Ingress" else "to"
    return not deciding or any(
        _has_port(rule, port, protocol)
        and (not rule.get(side) or any(_is_peer(peer, other, subject) for peer in rule[side]))
        for spec in deciding
        for rule in spec.get(direction.lower(), ())
    )


def _has_port(rule: Document, port: int, protocol: str) -> bool:
    for each in rule.get("ports", ()):
        if set(each) != {"port", "protocol"} or not isinstance(each["port"], int):
            raise AssertionError(f"a port that these tests do not read: {each}")
    return not rule.get("ports") or any(
        (each["port"], each["protocol"]) == (port, protocol) for each in rule["ports"]
    )


def _is_peer(peer: Document, other: End, subject: End) -> bool:
    if (
        set(peer) == {"ipBlock"}
        and "cidr" in peer["ipBlock"]
        and not (set(peer["ipBlock"]) - {"cidr", "except"})
    ):
        return other.address is not None and _in_block(ip_address(other.address), peer["ipBlock"])
    if not peer or set(peer) - {"namespaceSelector", "podSelector"}:
        raise AssertionError(f"a peer that these tests do not read: {peer}")
    if other.address is not None:
        return False
    if "namespaceSelector" in peer:
        names = {"kubernetes.io/metadata.name": other.namespace, **other.namespace_labels}
        near = selected(peer["namespaceSelector"], names)
    else:
        near = other.namespace == subject.namespace
    return near and selected(peer.get("podSelector", {}), other.labels)


def _in_block(address: Address, block: Document) -> bool:
    return address in ip_network(block["cidr"]) and not any(
        address in ip_network(each) for each in block.get("except", ())
    )


def selected(selector: Document, labels: Mapping[str, str]) -> bool:
    """Whether a selector means a pod, or a namespace, with these labels."""
    if set(selector) - {"matchLabels", "matchExpressions"}:
        raise AssertionError(f"a selector that these tests do not read: {selector}")
    for expression in selector.get("matchExpressions", ()):
        if expression["operator"] != "In":
            raise AssertionError(f"an operator that these tests do not read: {expression}")
        if labels.get(expression["key"]) not in expression["values"]:
            return False
    wanted: Mapping[str, str] = selector.get("matchLabels", {})
    return wanted.items() <= labels.items()
