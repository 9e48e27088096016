"""What databases, the way in, alerts and images must be, whatever else they say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from shared.postgres.embedded import QUIET
from tests.deploy.availability import WAYS_IN
from tests.deploy.flows import End, of_operators, selected
from tests.deploy.manifests import Document, kind, one, pods


def durable(documents: Sequence[Document]) -> list[str]:
    """What each database must be: three, synchronous, checked, closed, quiet and backed up."""
    return [
        f"Cluster/{cluster['metadata']['name']}: {fault}"
        for cluster in kind(documents, "Cluster")
        for fault in _durable(cluster)
    ]


def _durable(cluster: Document) -> Iterator[str]:
    name, spec = cluster["metadata"]["name"], cluster["spec"]
    postgres = spec["postgresql"]
    synchronous = postgres.get("synchronous", {})
    service = f"hoeksteen.local/database-of-{name.removesuffix('-db')}"
    begins = spec["bootstrap"]
    for holds, fault in (
        (spec["instances"] >= 3, "fewer than three instances"),
        (
            synchronous.get("number", 0) >= 1 and synchronous["dataDurability"] == "required",
            "acknowledges what one machine alone has",
        ),
        # What is put back has the checksums that it had.
        ("recovery" in begins or begins["initdb"].get("dataChecksums"), "pages have no checksums"),
        (
            spec.get("enableSuperuserAccess") is False,
            "a superuser may sign in over the network",
        ),
        (spec.get("enablePDB"), "a node may be emptied with its primary"),
        (
            spec["affinity"].get("podAntiAffinityType") == "required",
            "two instances may stand on one node",
        ),
        (
            any(plugin.get("isWALArchiver") for plugin in spec.get("plugins", ())),
            "the write-ahead log is kept nowhere else",
        ),
        (
            name in spec["certificates"]["serverAltDNSNames"],
            "its certificate does not say the name that programs use",
        ),
        (
            spec["inheritedMetadata"]["labels"] == {service: "true"},
            "its pods are not its service's database to the policies",
        ),
        (
            postgres["parameters"].get("ssl_min_protocol_version") == "TLSv1.3",
            "speaks older TLS than 1.3",
        ),
    ):
        if not holds:
            yield fault
    for setting, value in QUIET.items():
        if postgres["parameters"].get(setting) != value:
            yield f"{setting} is not {value!r}"
    yield from _signs_in(spec)


def _signs_in(spec: Document) -> Iterator[str]:
    *lines, last = spec["postgresql"]["pg_hba"]
    if last != "host all all all reject":
        yield "lets others in than those that are named"
    roles = {role["name"] for role in spec["managed"]["roles"] if role["login"]}
    (begins,) = spec["bootstrap"].values()
    roles.add(begins["owner"])
    expected = {f"hostssl hoeksteen {role} all scram-sha-256" for role in roles}
    if set(lines) != expected:
        yield f"pg_hba differs: {', '.join(sorted(set(lines) ^ expected))}"


OUTSIDE_PATHS = (
    *("/", "/static", "/graphql", "/reports", "/attachments", "/calendar", "/ledger", "/sign-out"),
)
"""What people and programs outside use of the gateway. Health and metrics are not among it."""


def edge(documents: Sequence[Document]) -> list[str]:
    """What the way in must be: TLS 1.3 alone, no access log, the paths that are meant."""
    faults = []
    for gateway in kind(documents, "Gateway"):
        if {each["protocol"] for each in gateway["spec"]["listeners"]} != {"HTTPS"}:
            faults.append("a listener without TLS")
        targets = {
            target["name"]: each["spec"].get("tls", {})
            for each in kind(documents, "ClientTrafficPolicy")
            for target in each["spec"]["targetRefs"]
        }
        if targets.get(gateway["metadata"]["name"], {}).get("minVersion") != "1.3":
            faults.append("a listener speaks older TLS than 1.3")
        proxy = one(
            documents, "EnvoyProxy", gateway["spec"]["infrastructure"]["parametersRef"]["name"]
        )
        if not proxy["spec"].get("telemetry", {}).get("accessLog", {}).get("disable"):
            faults.append("the edge writes down who asked what, and when")
    matches = [
        match["path"]
        for route in kind(documents, "HTTPRoute")
        for rule in route["spec"]["rules"]
        for match in rule["matches"]
    ]
    paths = {match["value"] for match in matches}
    faults += [f"{path} is open and should not be" for path in sorted(paths - set(OUTSIDE_PATHS))]
    faults += [f"{path} is closed and should not be" for path in OUTSIDE_PATHS if path not in paths]
    if {"type": "PathPrefix", "value": "/"} in matches:
        faults.append("everything below / is open")
    return faults


def ways_in(documents: Sequence[Document]) -> list[str]:
    """What leads integrations to NATS must be: to its servers, at the port that speaks TLS and no other, for
    addresses that are named; and servers are certified for every name by which they are known.
    """
    faults = [
        f"Service/{service['metadata']['name']}: {fault}"
        for service in kind(documents, "Service")
        if service["metadata"]["name"] in WAYS_IN
        for fault in _way_in(documents, service["spec"])
    ]
    for certificate in kind(documents, "Certificate"):
        if certificate["spec"]["secretName"] == "nats-tls":
            faults += [
                f"Certificate/{certificate['metadata']['name']}: {fault}"
                for fault in _known_as(documents, certificate["spec"]["dnsNames"])
            ]
    return faults


def _way_in(documents: Sequence[Document], service: Document) -> Iterator[str]:
    (nats,) = (each for each in of_operators(documents) if each.name == "nats")
    if not service["selector"].items() <= nats.labels.items() or any(
        service["selector"].items() <= pod.labels.items() for pod in pods(documents)
    ):
        yield "leads to something else than NATS' servers"
    for port in service["ports"]:
        if (port["port"], port["targetPort"], port["protocol"]) != (4222, 4222, "TCP"):
            yield f"leads to port {port['targetPort']} by {port['port']}"
    if (service["type"], service.get("externalTrafficPolicy")) != ("LoadBalancer", "Local"):
        yield "hides from the policy from where somebody comes"
    if service.get("allocateLoadBalancerNodePorts", True):
        yield "opens a port on every node, beside the load balancer's list"
    ranges = service.get("loadBalancerSourceRanges", [])
    if not ranges:
        yield "lets everybody knock"
    elif set(ranges) != set(_let_in(documents, nats)):
        yield "lets others knock than the policy lets in"


def _let_in(documents: Sequence[Document], nats: End) -> Iterator[str]:
    """The addresses outside that a policy lets in to NATS."""
    for policy in kind(documents, "NetworkPolicy"):
        if selected(policy["spec"]["podSelector"], nats.labels):
            for rule in policy["spec"].get("ingress", ()):
                yield from (
                    peer["ipBlock"]["cidr"] for peer in rule.get("from", ()) if "ipBlock" in peer
                )


def _known_as(documents: Sequence[Document], names: Sequence[str]) -> Iterator[str]:
    """Names that NATS' servers are known by and not certified for."""
    (addresses,) = (
        each["data"]["nats-url"]
        for each in kind(documents, "ConfigMap")
        if "nats-url" in each["data"]
    )
    for address in addresses.split(","):
        if (inside := str(urlsplit(address).hostname)) not in names:
            yield f"not for {inside}, which programs use"
    outside = [name for name in names if re.fullmatch(r"[^*]+\.(?!svc$|local$)[a-z]+", name)]
    named = {each["metadata"]["name"] for each in kind(documents, "Service")}
    if bool(outside) != bool(named & WAYS_IN):
        yield "a name for outside without a way in, or a way in without a name"


def explained(documents: Sequence[Document], runbooks: str) -> list[str]:
    """Alerts without a severity, a sentence, or a heading of their own in the runbooks."""
    headings = {
        re.sub(r"[^a-z0-9 -]", "", line.lstrip("#").strip().lower()).replace(" ", "-")
        for line in runbooks.splitlines()
        if line.startswith("#")
    }
    faults = []
    for rule in kind(documents, "PrometheusRule"):
        for each in (rule for group in rule["spec"]["groups"] for rule in group["rules"]):
            if "alert" not in each:
                continue
            page, _, anchor = each["annotations"].get("runbook_url", "").partition("#")
            if page != "docs/runbooks.md" or anchor not in headings:
                faults.append(f"{each['alert']}: no page says what to do")
            if each["labels"].get("severity") not in {"page", "ticket"}:
                faults.append(f"{each['alert']}: whom does it wake?")
            if not each["annotations"].get("summary"):
                faults.append(f"{each['alert']}: says nothing")
    return faults


def digests(documents: Sequence[Document]) -> list[str]:
    """Images, in whatever resource, that are not named by what they hold."""
    return [
        f"{document['kind']}/{document['metadata']['name']}: {image}"
        for document in documents
        for image in _images(document)
        if not re.search(r"@sha256:[0-9a-f]{64}$", image)
    ]


def _images(part: object) -> Iterator[str]:
    if isinstance(part, dict):
        for key, value in part.items():
            if key in {"image", "imageName"} and isinstance(value, str):
                yield value
            else:
                yield from _images(value)
    elif isinstance(part, list):
        for each in part:
            yield from _images(each)
