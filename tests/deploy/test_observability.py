"""Dashboards and alert rules: made by deploy/observability/make.py, about metrics that there are, tried by
promtool.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.telemetry.allowed import ALLOWED
from shared.telemetry.metrics import METRICS, exposed
from tests.deploy.manifests import CHECKOUT, NAMESPACE, Document, kind, programs

FOLDER = CHECKOUT / "deploy/observability"
COMPONENT = CHECKOUT / "deploy/k8s/components/observability"
FILES = ("rules", "servers")
"""About our programs, and about what is not ours."""
MADE = [
    *(FOLDER / f"{file}.yaml" for file in FILES),
    *(COMPONENT / f"{file}.yaml" for file in FILES),
    *sorted((COMPONENT / "dashboards").glob("*.json")),
]
# What is no metric in our expressions: functions, keywords, and labels by which is summed.
_WORDS = {
    *("absent", "and", "by", "count", "histogram_quantile", "increase", "label_replace", "max"),
    *("min", "on", "or", "rate", "sum", "time", "unless", "vector"),
    *("__name__", "consumer", "http_route", "http_status", "job", "le", "name", "operation_type"),
    *("cronjob", "persistentvolumeclaim", "pod", "status", "stream"),
}
# Kubelets and kube-state-metrics are the cluster's to watch: no monitor of ours asks them.
_OF_THE_CLUSTER = {
    *("kubelet_volume_stats_available_bytes", "kubelet_volume_stats_capacity_bytes"),
    *("kube_cronjob_status_last_successful_time", "kube_cronjob_created"),
}


def rules(*files: str) -> list[dict[str, Any]]:
    """Every alert of the plain rules, or of some of their files."""
    return [
        rule
        for file in files or FILES
        for group in yaml.safe_load((FOLDER / f"{file}.yaml").read_text())["groups"]
        for rule in group["rules"]
    ]


def kept() -> dict[str, list[str]]:
    """The metrics that each monitor of pods keeps; a monitor that keeps all is not here."""
    return {
        monitor["metadata"]["name"]: relabeling["regex"].split("|")
        for monitor in yaml.safe_load_all((COMPONENT / "monitors.yaml").read_text())
        if monitor["kind"] == "PodMonitor"
        for endpoint in monitor["spec"]["podMetricsEndpoints"]
        for relabeling in endpoint.get("metricRelabelings", ())
        if relabeling["sourceLabels"] == ["__name__"] and relabeling["action"] == "keep"
    }


def foreign() -> set[str]:
    """Metrics of others that are asked for."""
    return {name for names in kept().values() for name in names} | _OF_THE_CLUSTER


def panels() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every panel, with its dashboard's name before its own."""
    for path in MADE:
        if path.suffix == ".json":
            for panel in json.loads(path.read_text())["panels"]:
                yield f"{path.stem}: {panel['title']}", panel


PANELS = dict(panels())


def metrics_in(expression: str) -> set[str]:
    """The metrics that an expression asks for, without what a histogram or counter is made of."""
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]|\"[^\"]*\"", " ", expression)
    return {
        re.sub(r"_(bucket|count|sum)$", "", word) for word in re.findall(r"[a-z_]{2,}", bare)
    } - _WORDS


def test_what_is_committed_is_what_is_made(tmp_path: Path) -> None:
    """Nobody changed a dashboard or a rule by hand, or forgot `make dashboards`."""
    subprocess.run(
        [sys.executable, FOLDER / "make.py", "--into", tmp_path], check=True, cwd=CHECKOUT
    )
    made = {path.relative_to(tmp_path): path.read_text() for path in tmp_path.rglob("*.*")}
    assert made == {path.relative_to(CHECKOUT): path.read_text() for path in MADE}


@pytest.mark.parametrize("panel", PANELS)
def test_a_panel_shows_what_there_is(panel: str) -> None:
    """Each of its metrics exists, it says what they mean, and it asks for no exemplar."""
    shown = PANELS[panel]
    known = {exposed(name) for name in METRICS} | {"up"}
    for target in shown["targets"]:
        asked = metrics_in(target["expr"])
        assert asked
        assert asked <= known
        assert target["exemplar"] is False
    assert shown["description"] or "up{" in shown["targets"][0]["expr"]


def test_every_metric_is_on_a_dashboard() -> None:
    """What nobody looks at would not have to be told."""
    shown = {
        metric
        for panel in PANELS.values()
        for target in panel["targets"]
        for metric in metrics_in(target["expr"])
    }
    assert {exposed(name) for name in METRICS} | {"up"} == shown


def test_panels_lie_beside_each_other() -> None:
    """None hides another, and none has another's number."""
    for path in MADE:
        if path.suffix == ".json":
            found = json.loads(path.read_text())["panels"]
            places = {(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in found}
            assert len(found) == len(places) == len({panel["id"] for panel in found})


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: str(rule["alert"]))
def test_an_alert_can_be_answered(rule: dict[str, Any]) -> None:
    """It is about metrics that there are, says whom it wakes, and has a page that says what to do."""
    assert metrics_in(rule["expr"]) <= {exposed(name) for name in METRICS} | {"up"} | foreign()
    assert rule["labels"]["severity"] in {"page", "ticket"}
    page, _, anchor = rule["annotations"]["runbook_url"].partition("#")
    headings = re.findall(r"^## (\w+)$", (CHECKOUT / page).read_text(), re.MULTILINE)
    assert anchor in [heading.lower() for heading in headings]
    woken = (CHECKOUT / page).read_text().split(f"## {rule['alert']}\n")[1].strip()
    assert woken.startswith(f"*{rule['labels']['severity'].capitalize()}")


def test_no_page_is_about_an_alert_that_there_is_not() -> None:
    """Every heading of the runbooks is an alert of these, or of a component beside them."""
    text = (CHECKOUT / "docs/runbooks.md").read_text()
    others = {
        rule["alert"]
        for path in (CHECKOUT / "deploy/k8s/components").rglob("*.yaml")
        for document in yaml.safe_load_all(path.read_text())
        if isinstance(document, dict) and document.get("kind") == "PrometheusRule"
        for group in document["spec"]["groups"]
        for rule in group["rules"]
    }
    assert {rule["alert"] for rule in rules()} <= others
    headings = re.findall(r"^## (\w+)$", text, re.MULTILINE)
    assert sorted(others) == sorted(headings)


@pytest.mark.parametrize("file", FILES)
def test_both_forms_hold_the_same_rules(file: str) -> None:
    """Whoever has Prometheus' operator is woken by what wakes others."""
    manifest = yaml.safe_load((COMPONENT / f"{file}.yaml").read_text())
    assert ("monitoring.coreos.com/v1", "PrometheusRule") == (
        manifest["apiVersion"],
        manifest["kind"],
    )
    assert yaml.safe_load((FOLDER / f"{file}.yaml").read_text()) == manifest["spec"]


def test_of_others_nothing_is_kept_but_what_alerts_ask_for() -> None:
    """Rows written or messages held would tell how much there was to do on a day."""
    asked = {name for rule in rules("servers") for name in metrics_in(rule["expr"])} - {"up"}
    assert {"databases", "nats", "certificates"} == set(kept())
    assert foreign() == asked


@pytest.mark.parametrize("monitor", kept())
def test_a_metric_that_is_not_told_is_noticed(monitor: str) -> None:
    """`Unwatched` counts every one that the monitor keeps: an alert on nothing looks like health."""
    (rule,) = (rule for rule in rules("servers") if rule["alert"] == "Unwatched")
    names = kept()[monitor]
    (counted,) = re.findall(rf'"{re.escape("|".join(names))}", [^)]*\)\) == (\d+)', rule["expr"])
    assert len(names) == int(counted)


def test_metrics_of_others_are_documented() -> None:
    """docs/telemetry.md tells whoever reads it which they are, and no more."""
    text = (CHECKOUT / "docs/telemetry.md").read_text()
    section = text.partition("\n## Metrics of the servers\n")[2].partition("\n## ")[0]
    assert sorted(foreign()) == sorted(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))


def test_rules_know_what_there_is_in_production(production: list[Document]) -> None:
    """The databases, their standbys, NATS' servers, the namespace, when backups and certificates are due."""
    text = {rule["alert"]: rule["expr"] for rule in rules("servers")}
    clusters = {each["metadata"]["name"]: each["spec"] for each in kind(production, "Cluster")}
    named = set(re.findall(r'"job", "([a-z-]+)"', text["DatabaseAway"]))
    assert set(clusters) == named
    assert {each["instances"] - 1 for each in clusters.values()} == {
        int(text["StandbyAway"].rpartition("< ")[2])
    }
    values = yaml.safe_load((CHECKOUT / "deploy/k8s/platform/nats.yaml").read_text())
    servers = values["config"]["cluster"]["replicas"]
    assert f"< {servers}" in text["BusServerAway"]
    assert f"< {servers // 2 + 1}" in text["BusAway"]
    namespaces = {name for expr in text.values() for name in re.findall(r'namespace="(\w+)"', expr)}
    assert {NAMESPACE} == namespaces
    every = {each["spec"]["schedule"] for each in kind(production, "ScheduledBackup")}
    assert {"0 0 2 * * *"} == every, "once a day: BackupOld waits for a day and two hours"
    assert text["BackupOld"].endswith(f"> {26 * 3600}")
    copiers = {each["metadata"]["name"]: each["spec"] for each in kind(production, "CronJob")}
    assert {each["schedule"] for each in copiers.values()} == {"0 4 * * *"}, "once a day, too"
    (of_copies,) = set(re.findall(r'cronjob=~"([^"]+)"', text["LedgerCopyOld"]))
    assert all(re.fullmatch(of_copies, name) for name in copiers)
    assert text["LedgerCopyOld"].endswith(f"> {26 * 3600}")
    renewed = {each["spec"]["renewBefore"] for each in kind(production, "Certificate")}
    assert {"720h"} == renewed, "thirty days: nine later CertificateNotRenewed tells"
    assert text["CertificateNotRenewed"].endswith(f"< {(30 - 9) * 86400}")


def test_the_exporter_of_nats_asks_for_little() -> None:
    """Not for connections, streams or readers; where the server listens, on the port that is open; and the
    chart makes no monitor beside ours, which would keep everything.
    """
    values = yaml.safe_load((CHECKOUT / "deploy/k8s/platform/nats.yaml").read_text())
    exporter = values["promExporter"]
    assert exporter["enabled"]
    assert exporter["podMonitor"] == {"enabled": False}
    assert {
        f"-port={exporter['port']}",
        "-healthz",
        "-jsz=accounts",
        "-prefix=nats",
        "-use_internal_server_id",
    } == set(exporter["merge"]["args"][:-1])
    # Flags behind the address would not be read.
    assert (
        exporter["merge"]["args"][-1] == f"http://127.0.0.1:{values['config']['monitor']['port']}"
    )


def test_the_collector_lets_through_what_is_listed() -> None:
    """A second wall behind the programs' own: the same keys of spans, the labels of metrics, nothing else;
    both pipelines stand behind it.
    """
    config = yaml.safe_load((COMPONENT / "collector-config.yaml").read_text())
    redaction = config["processors"]["redaction"]
    assert list(ALLOWED) == redaction["allowed_keys"]
    assert redaction["allow_all_keys"] is False
    kept = {
        each["context"]: re.findall(r'"([^"]+)"', each["statements"][0])
        for each in config["processors"]["transform"]["metric_statements"]
    }
    labels = dict.fromkeys(label for metric in METRICS.values() for label in metric.labels)
    assert ["service.name", "service.instance.id"] == kept["resource"]
    assert set(labels) == set(kept["datapoint"])
    pipelines = config["service"]["pipelines"]
    assert {"traces", "metrics"} == set(pipelines)
    assert "redaction" in pipelines["traces"]["processors"]
    assert "transform" in pipelines["metrics"]["processors"]


def test_programs_send_to_the_collector(
    production: list[Document], production_secrets: list[Document]
) -> None:
    """Each of the four, by the name and port of the Collector's service; Prometheus asks the gateway on the
    port of metrics; Grafana is given the dashboards.
    """
    sent = {
        program.name.split("/")[1]: program.environment.get("HOEKSTEEN_OTLP_URL")
        for program in programs(production, production_secrets)
        if program.arguments and program.arguments[0].startswith("services.")
    }
    assert dict.fromkeys(sent, "http://otel-collector:4318") == sent
    assert {"gateway", "intake", "signals", "reporting"} <= set(sent)
    monitors = {
        each["metadata"]["name"]: each["spec"]["endpoints"][0]["port"]
        for each in kind(production, "ServiceMonitor")
    }
    assert "metrics" == monitors["gateway"]
    (given,) = (
        each
        for each in kind(production, "ConfigMap")
        if each["metadata"].get("labels", {}).get("grafana_dashboard") == "1"
    )
    assert {path.name for path in MADE if path.suffix == ".json"} == set(given["data"])


@pytest.mark.parametrize("file", FILES)
def test_each_rule_is_tried(file: str) -> None:
    """There is a time at which it fires, and one at which it does not."""
    tried: dict[str, set[bool]] = {rule["alert"]: set() for rule in rules(file)}
    for case in yaml.safe_load((FOLDER / f"{file}.test.yaml").read_text())["tests"]:
        for asked in case["alert_rule_test"]:
            tried[asked["alertname"]].add(bool(asked["exp_alerts"]))
    assert {name: {True, False} for name in tried} == tried


@pytest.mark.parametrize("file", FILES)
def test_the_rules_fire_when_they_should(file: str) -> None:
    """Each is read by promtool, and tried on series with the fault and without it."""
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not here: apt-get install prometheus brings it")
    for asked in (["check", "rules", f"{file}.yaml"], ["test", "rules", f"{file}.test.yaml"]):
        done = subprocess.run(
            [promtool, *asked], cwd=FOLDER, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
