"""Make dashboards and alert rules of what is written down here.

    make dashboards

Writes, or with `--into FOLDER` elsewhere:

* `deploy/observability/rules.yaml`: the rules about our programs, for a Prometheus of one's own;
* `deploy/observability/servers.yaml`: those about the servers of a cluster, which `promtool` tries;
* `deploy/k8s/components/observability/{rules,servers}.yaml`: the same, each as a PrometheusRule;
* `deploy/k8s/components/observability/dashboards/*.json`: Grafana's dashboards.

They are committed; tests/deploy/test_observability.py compares them with what this makes. Panels and
rules name programs by `job`: the name of the service in Kubernetes, `service.name` over OTLP.
"""  # noqa: INP001  a program, not a package

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import yaml

from shared.telemetry.metrics import METRICS, exposed

CHECKOUT: Final = Path(__file__).resolve().parents[2]
FOLDER: Final = Path("deploy/observability")
COMPONENT: Final = Path("deploy/k8s/components/observability")

PROGRAMS: Final = ("gateway", "intake", "signals", "reporting")

_DESCRIPTIONS: Final = {exposed(name): metric.description for name, metric in METRICS.items()}
_SOURCE: Final = {"type": "prometheus", "uid": "${source}"}
_HALF: Final = 12
_HEIGHT: Final = 8
_MADE: Final = "# Made by deploy/observability/make.py (make dashboards): change it there.\n"


# Alerts -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Alert:
    """One rule. `wakes`: whether somebody is woken, or finds it in the morning."""

    name: str
    expression: str
    lasts: str
    wakes: bool
    summary: str

    def rule(self) -> dict[str, Any]:
        """As Prometheus reads it."""
        return {
            "alert": self.name,
            "expr": self.expression,
            "for": self.lasts,
            "labels": {"severity": "page" if self.wakes else "ticket"},
            "annotations": {
                "summary": self.summary,
                "runbook_url": f"docs/runbooks.md#{self.name.lower()}",
            },
        }


_FAULTS = "INTERNAL|UNAVAILABLE|TIMED_OUT|KEY_RING_UNAVAILABLE"

ALERTS: Final = (
    Alert(
        "ProgramAway",
        # `absent` keeps the labels of a bare selector alone: what is there and down is another case.
        f'sum by (job) (up{{job=~"{"|".join(PROGRAMS)}"}}) == 0 or '
        + " or ".join(f'absent(up{{job="{name}"}})' for name in PROGRAMS),
        "5m",
        wakes=True,
        summary="No process of {{ $labels.job }} answers.",
    ),
    Alert(
        "KeyRingAway",
        "key_ring_usable == 0",
        "2m",
        wakes=True,
        summary="The key ring of {{ $labels.job }} does not answer: nothing can be opened or written.",
    ),
    Alert(
        "LogContradicted",
        "ledger_contradicted == 1",
        "0m",
        wakes=True,
        summary="A log of {{ $labels.job }} does not agree with what was signed.",
    ),
    Alert(
        "ErasureOverdue",
        "erasure_overdue == 1",
        "0m",
        wakes=True,
        summary="Something that was to be erased is still there in {{ $labels.job }}.",
    ),
    Alert(
        "OutboxStalled",
        "outbox_oldest_pending_seconds >= 600",
        "5m",
        wakes=True,
        summary="What {{ $labels.job }} queued for {{ $labels.stream }} is not published.",
    ),
    Alert(
        "DeadLetters",
        "increase(consumer_dead_letters_total[1h]) > 0",
        "0m",
        wakes=True,
        summary="{{ $labels.consumer }} gave a message up.",
    ),
    Alert(
        "RedeliveriesGoOn",
        "increase(consumer_redeliveries_total[30m]) > 10",
        "15m",
        wakes=False,
        summary="Messages that {{ $labels.consumer }} is given come again and again.",
    ),
    Alert(
        "ProjectionLags",
        "projection_lag_events > 0 or projection_stuck_logs > 0",
        "15m",
        wakes=False,
        summary="Projections of {{ $labels.job }} do not reach the end of a log.",
    ),
    Alert(
        "CheckpointOld",
        "ledger_checkpoint_age_seconds > 93600",
        "10m",
        wakes=True,
        summary="A log of {{ $labels.job }} was not signed at the last daily moment.",
    ),
    Alert(
        "LedgerFolderFull",
        "ledger_folder_usable == 0",
        "5m",
        wakes=False,
        summary="The ledger folder of {{ $labels.job }} takes no file.",
    ),
    Alert(
        "NobodyCosigns",
        "witness_cosignatures == 0",
        "2h",
        wakes=False,
        summary="The last checkpoint of a log of {{ $labels.job }} has no witness.",
    ),
    Alert(
        "AnswersFail",
        f'sum(increase(operation_duration_seconds_count{{status=~"{_FAULTS}"}}[15m])) > 5',
        "5m",
        wakes=False,
        summary="Questions of staff are answered by faults.",
    ),
    Alert(
        "CommandsSlow",
        "histogram_quantile(0.99, sum by (job, le)"
        " (rate(command_duration_seconds_bucket[30m]))) > 2.5",
        "30m",
        wakes=False,
        summary="A hundredth of the commands of {{ $labels.job }} takes longer than 2.5 seconds.",
    ),
    Alert(
        "TelemetryRefused",
        "increase(telemetry_refused_total[1h]) > 0",
        "0m",
        wakes=False,
        summary="{{ $labels.job }} kept something back that is not on the allow-list.",
    ),
)


# Alerts about what is not ours: databases, NATS, disks, certificates ------------------------------
#
# Names of metrics and labels are those of CloudNativePG, its Barman plugin, prometheus-nats-exporter,
# cert-manager, the kubelet and kube-state-metrics. `job` is what components/observability/monitors.yaml makes
# of it.

DATABASES: Final = ("intake-db", "signals-db", "reporting-db")

# What the monitors keep of what each tells; tests hold monitors.yaml against it by way of `Unwatched`.
_OF_DATABASES: Final = (
    "cnpg_collector_up",
    "cnpg_collector_sync_replicas",
    "cnpg_collector_pg_wal_archive_status",
    "cnpg_pg_replication_in_recovery",
    "cnpg_pg_replication_lag",
    "cnpg_pg_replication_streaming_replicas",
    "cnpg_pg_stat_archiver_last_archived_time",
    "cnpg_pg_stat_archiver_last_failed_time",
    "barman_cloud_cloudnative_pg_io_last_available_backup_timestamp",
)
_OF_NATS: Final = ("nats_server_jetstream_disabled", "nats_healthz_status")
_OF_CERTIFICATES: Final = (
    "certmanager_certificate_ready_status",
    "certmanager_certificate_expiration_timestamp_seconds",
)

_DAY: Final = 86400
_IN_DATABASES: Final = f'job=~"{"|".join(DATABASES)}"'
# An instance that was one goes on telling what it knew as a primary.
_PRIMARY: Final = f"and on (job, pod) cnpg_pg_replication_in_recovery{{{_IN_DATABASES}}} == 0"
_ASKED: Final = f'(cnpg_collector_sync_replicas{{value="observed", {_IN_DATABASES}}} {_PRIMARY})'
_STREAMING: Final = f"max by (job) (cnpg_pg_replication_streaming_replicas{{{_IN_DATABASES}}})"
# A server that is away, that has JetStream off, or that knows no leader of the three is not among them.
_SERVING: Final = (
    '(count(nats_server_jetstream_disabled{job="nats", meta_leader!=""} == 0) or vector(0))'
)
_FREE: Final = (
    'min by (persistentvolumeclaim) (kubelet_volume_stats_available_bytes{namespace="hoeksteen"}'
    ' / kubelet_volume_stats_capacity_bytes{namespace="hoeksteen"})'
)
_COPIERS: Final = '{namespace="hoeksteen", cronjob=~"copy-ledger-.+"}'
# 0 of one that was never issued.
_ENDS: Final = (
    "min by (name) (certmanager_certificate_expiration_timestamp_seconds"
    '{job="certificates"} > 0) - time()'
)


def _each(*jobs: str) -> str:
    """A series for each of them, also of what nothing is told of."""
    return " or ".join(f'label_replace(vector(1), "job", "{job}", "", "")' for job in jobs)


def _without_some(metrics: tuple[str, ...], *jobs: str) -> str:
    """Those of the jobs of which not every metric is told."""
    told = (
        "count by (job) (count by (job, __name__)"
        f' ({{__name__=~"{"|".join(metrics)}", job=~"{"|".join(jobs)}"}}))'
    )
    return f"(({_each(*jobs)}) unless on (job) ({told} == {len(metrics)}))"


SERVERS: Final = (
    Alert(
        "DatabaseAway",
        f"({_each(*DATABASES)}) unless on (job)"
        f" (cnpg_collector_up{{{_IN_DATABASES}}} == 1 {_PRIMARY})",
        "3m",
        wakes=True,
        summary="{{ $labels.job }} has no primary that answers: its service writes nothing.",
    ),
    Alert(
        "CommitsWait",
        f"{_STREAMING} < max by (job) {_ASKED}",
        "2m",
        wakes=True,
        summary="{{ $labels.job }} has fewer standbys than a commit asks for: commits wait.",
    ),
    Alert(
        "StandbyAway",
        # Two beside the primary: `instances: 3` of components/postgres.
        f"{_STREAMING} < 2",
        "15m",
        wakes=False,
        summary="A standby of {{ $labels.job }} is away: the next one that goes makes commits wait.",
    ),
    Alert(
        "StandbyLags",
        f"max by (job) (cnpg_pg_replication_lag{{{_IN_DATABASES}}}) > 300",
        "15m",
        wakes=False,
        summary="A standby of {{ $labels.job }} is more than five minutes behind.",
    ),
    Alert(
        "NotSynchronous",
        f"min by (job) {_ASKED} < 1",
        "10m",
        wakes=False,
        summary="{{ $labels.job }} acknowledges what one machine alone has.",
    ),
    Alert(
        "WalNotArchived",
        # A segment comes at least every five minutes where something is written: six are half an hour.
        "max by (job) (cnpg_pg_stat_archiver_last_failed_time"
        f"{{{_IN_DATABASES}}} - cnpg_pg_stat_archiver_last_archived_time{{{_IN_DATABASES}}}) > 0 or"
        f' max by (job) (cnpg_collector_pg_wal_archive_status{{value="ready", {_IN_DATABASES}}}'
        f" {_PRIMARY}) > 6",
        "15m",
        wakes=True,
        summary="The write-ahead log of {{ $labels.job }} does not reach the object store.",
    ),
    Alert(
        "BackupOld",
        "time() - max by (job) (barman_cloud_cloudnative_pg_io_last_available_backup_timestamp"
        f"{{{_IN_DATABASES}}}) > {_DAY + 7200}",
        "1h",
        wakes=False,
        summary="The last base backup of {{ $labels.job }} is older than a day and two hours.",
    ),
    Alert(
        "LedgerCopyOld",
        # Of one that never succeeded, since it is there.
        f"time() - max by (cronjob) (kube_cronjob_status_last_successful_time{_COPIERS}"
        f" or kube_cronjob_created{_COPIERS}) > {_DAY + 7200}",
        "1h",
        wakes=False,
        summary="{{ $labels.cronjob }} has not made a copy for a day and two hours.",
    ),
    Alert(
        "BusAway",
        f"{_SERVING} < 2",
        "3m",
        wakes=True,
        summary="Fewer than two of the three servers of NATS serve JetStream: nothing is published.",
    ),
    Alert(
        "BusServerAway",
        f"{_SERVING} < 3",
        "15m",
        wakes=False,
        summary="One of the three servers of NATS is away, or has no JetStream.",
    ),
    Alert(
        "BusUnwell",
        'max by (pod) (nats_healthz_status{job="nats"}) == 1',
        "15m",
        wakes=False,
        summary="{{ $labels.pod }} says that it is not healthy: a stream there does not keep up.",
    ),
    Alert(
        "DiskFills",
        f"{_FREE} < 0.25",
        "15m",
        wakes=False,
        summary="Less than a quarter of {{ $labels.persistentvolumeclaim }} is free.",
    ),
    Alert(
        "DiskNearlyFull",
        f"{_FREE} < 0.1",
        "5m",
        wakes=True,
        summary="Less than a tenth of {{ $labels.persistentvolumeclaim }} is free.",
    ),
    Alert(
        "CertificateNotRenewed",
        # It is renewed thirty days before it ends.
        "max by (name) (certmanager_certificate_ready_status"
        f'{{job="certificates", condition="True"}}) == 0 or {_ENDS} < {21 * _DAY}',
        "1h",
        wakes=False,
        summary="The certificate {{ $labels.name }} is not ready, or was due and is not renewed.",
    ),
    Alert(
        "CertificateEnds",
        f"{_ENDS} < {3 * _DAY}",
        "10m",
        wakes=True,
        summary="The certificate {{ $labels.name }} ends within three days, or has ended.",
    ),
    Alert(
        "CollectorAway",
        f'({_each("otel-collector")}) unless on (job) (up{{job="otel-collector"}} == 1)',
        "15m",
        wakes=False,
        summary="No Collector answers: traces, and metrics over OTLP, are lost.",
    ),
    Alert(
        "Unwatched",
        " or ".join(
            (
                _without_some(_OF_DATABASES, *DATABASES),
                _without_some(_OF_NATS, "nats"),
                _without_some(_OF_CERTIFICATES, "certificates"),
                'label_replace(absent(kubelet_volume_stats_available_bytes{namespace="hoeksteen"}),'
                ' "job", "disks", "", "")',
                f'label_replace(absent(kube_cronjob_created{_COPIERS}), "job", "copies", "", "")',
            )
        ),
        "15m",
        wakes=False,
        summary="Alerts about {{ $labels.job }} cannot come: what they ask for is not told.",
    ),
)

GROUPS: Final = {"rules": ("hoeksteen", ALERTS), "servers": ("servers", SERVERS)}
"""File to group and rules."""


def groups(file: str) -> dict[str, Any]:
    """The rules of a file."""
    name, alerts = GROUPS[file]
    return {"groups": [{"name": name, "rules": [alert.rule() for alert in alerts]}]}


def prometheus_rule(file: str) -> dict[str, Any]:
    """The rules of a file, for the operator of Prometheus."""
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": GROUPS[file][0]},
        "spec": groups(file),
    }


# Dashboards ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel: what is asked of Prometheus, by the words that stand in the legend."""

    title: str
    queries: tuple[tuple[str, str], ...]
    unit: Literal["short", "s", "reqps"] = "short"
    kind: Literal["timeseries", "stat"] = "timeseries"
    alarm: float | None = None
    """From which value on it is red."""
    note: str = ""


def _of(metric: str, legend: str = "{{job}}") -> tuple[tuple[str, str], ...]:
    """The metric as it stands."""
    return ((legend, metric),)


def _growth(metric: str, legend: str) -> tuple[tuple[str, str], ...]:
    return ((legend, f"increase({metric}[$__range])"),)


def _quantiles(metric: str, by: str) -> tuple[tuple[str, str], ...]:
    return tuple(
        (
            f"{name} {{{{{by}}}}}",
            f"histogram_quantile({share}, sum by ({by}, le) (rate({metric}_bucket[$__rate_interval])))",
        )
        for name, share in (("half", 0.5), ("99 %", 0.99))
    )


DASHBOARDS: Final[dict[str, tuple[str, tuple[Panel, ...]]]] = {
    "health": (
        "Hoeksteen: does it stand",
        (
            Panel(
                "Programs that answer",
                (("{{job}}", 'sum by (job) (up{job=~"$job"})'),),
                kind="stat",
            ),
            Panel("Key ring", _of("key_ring_usable"), kind="stat"),
            Panel(
                "Waits to be published",
                _of("outbox_oldest_pending_seconds", "{{stream}}"),
                "s",
                alarm=600,
            ),
            Panel("Not projected", _of("projection_lag_events"), alarm=1),
            Panel("Logs that projections stand still in", _of("projection_stuck_logs"), alarm=1),
            Panel("Messages given back", _growth("consumer_redeliveries_total", "{{consumer}}")),
            Panel(
                "Messages given up", _growth("consumer_dead_letters_total", "{{consumer}}"), alarm=1
            ),
            Panel(
                "Age of the oldest last checkpoint",
                _of("ledger_checkpoint_age_seconds"),
                "s",
                alarm=93600,
            ),
            Panel("The ledger folder takes files", _of("ledger_folder_usable"), kind="stat"),
            Panel("Fewest cosignatures", _of("witness_cosignatures"), kind="stat"),
            Panel(
                "A log contradicts what was signed",
                _of("ledger_contradicted"),
                kind="stat",
                alarm=1,
            ),
            Panel(
                "Something to be erased is still there",
                _of("erasure_overdue"),
                kind="stat",
                alarm=1,
            ),
            Panel(
                "Kept back by the allow-list",
                _growth("telemetry_refused_total", "{{job}} {{kind}}"),
                alarm=1,
            ),
        ),
    ),
    "answers": (
        "Hoeksteen: how it answers staff",
        (
            Panel(
                "Questions and changes",
                _quantiles("operation_duration_seconds", "operation_type"),
                "s",
                note="No work on a case, and no reporter, is in it.",
            ),
            Panel(
                "How they end",
                (
                    (
                        "{{status}}",
                        "sum by (status) (rate(operation_duration_seconds_count[$__rate_interval]))",
                    ),
                ),
                "reqps",
            ),
            Panel(
                "Requests",
                (
                    (
                        "{{http_route}} {{http_status}}",
                        "sum by (http_route, http_status) (rate(http_requests_total[$__rate_interval]))",
                    ),
                ),
                "reqps",
            ),
            Panel("Verbs of the services", _quantiles("rpc_duration_seconds", "job"), "s"),
            Panel(
                "Commands until they are durable",
                _quantiles("command_duration_seconds", "job"),
                "s",
                alarm=2.5,
            ),
            Panel(
                "Days taken in, and what else is no case",
                _growth("consumer_handled_total", "{{consumer}}"),
            ),
            Panel(
                "Times that something was published", _growth("relay_published_total", "{{stream}}")
            ),
            Panel("Cells withheld at ticks", _growth("release_cells_withheld_total", "{{job}}")),
        ),
    ),
    "webhooks": (
        "Hoeksteen: webhooks, where somebody has subscribed",
        (
            Panel("How attempts end", _growth("webhook_attempts_total", "{{status}}")),
            Panel("Messages that wait", _of("webhook_pending", "waiting")),
            Panel("Messages given up", _of("webhook_dead_letters", "given up"), alarm=1),
        ),
    ),
}


def dashboard(name: str) -> dict[str, Any]:
    """One dashboard, as Grafana (schema 39, from version 11 on) reads it."""
    title, panels = DASHBOARDS[name]
    return {
        "uid": f"hoeksteen-{name}",
        "title": title,
        "tags": ["hoeksteen"],
        "schemaVersion": 39,
        "editable": False,
        "refresh": "1m",
        "time": {"from": "now-7d", "to": "now"},
        "timezone": "utc",
        "templating": {
            "list": [
                {
                    "name": "source",
                    "label": "Prometheus",
                    "type": "datasource",
                    "query": "prometheus",
                },
                {
                    "name": "job",
                    "label": "Program",
                    "type": "custom",
                    "query": ",".join(PROGRAMS),
                    "includeAll": True,
                    "multi": True,
                    "allValue": "|".join(PROGRAMS),
                    "current": {"text": ["All"], "value": ["$__all"]},
                },
            ]
        },
        "panels": [_panel(number, panel) for number, panel in enumerate(panels)],
    }


def _panel(number: int, panel: Panel) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    if panel.alarm is not None:
        steps.append({"color": "red", "value": panel.alarm})
    told = sorted(
        {text for name, text in _DESCRIPTIONS.items() if any(name in q for _, q in panel.queries)}
    )
    return {
        "id": number + 1,
        "title": panel.title,
        "description": " ".join(f"{text[0].upper()}{text[1:]}." for text in told)
        + (f" {panel.note}" if panel.note else ""),
        "type": panel.kind,
        "datasource": _SOURCE,
        "gridPos": {
            "x": number % 2 * _HALF,
            "y": number // 2 * _HEIGHT,
            "w": _HALF,
            "h": _HEIGHT,
        },
        "fieldConfig": {
            "defaults": {
                "unit": panel.unit,
                "min": 0,
                "thresholds": {"mode": "absolute", "steps": steps},
            },
            "overrides": [],
        },
        "targets": [
            {
                "refId": chr(ord("A") + place),
                "datasource": _SOURCE,
                "expr": query,
                "legendFormat": legend,
                "exemplar": False,
            }
            for place, (legend, query) in enumerate(panel.queries)
        ],
    }


# ---------------------------------------------------------------------------------------------------


def files() -> dict[Path, str]:
    """Everything that is made, by its place in the checkout."""
    return {
        **{FOLDER / f"{file}.yaml": _MADE + _yaml(groups(file)) for file in GROUPS},
        **{COMPONENT / f"{file}.yaml": _MADE + _yaml(prometheus_rule(file)) for file in GROUPS},
        **{
            COMPONENT / f"dashboards/{name}.json": json.dumps(dashboard(name), indent=2) + "\n"
            for name in DASHBOARDS
        },
    }


def _yaml(value: object) -> str:
    return yaml.safe_dump(value, sort_keys=False, width=1000, allow_unicode=True)


def main(arguments: list[str]) -> None:
    """Write it all."""
    parser = argparse.ArgumentParser(description="Make dashboards and alert rules.")
    parser.add_argument(
        "--into", type=Path, default=CHECKOUT, help="another folder than the checkout"
    )
    folder = parser.parse_args(arguments).into
    for path, text in files().items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)


if __name__ == "__main__":
    main(sys.argv[1:])
