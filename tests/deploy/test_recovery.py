"""Putting the databases of a cluster back, and copies of the ledger folders: the overlay, the commands of
docs/restore.md, and faults that the policies must find.
"""

from __future__ import annotations

import copy
import json
import os
import re
import shlex
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.intake.service import DEFINITION as INTAKE
from services.reporting.service import DEFINITION as REPORTING
from services.signals.service import DEFINITION as SIGNALS
from shared.ledger import copies
from shared.runtime.operate import operation
from tests.deploy import flows
from tests.deploy.availability import available, connected
from tests.deploy.custom import made_secrets, wired
from tests.deploy.duties import digests, durable, edge, explained
from tests.deploy.faults import Fault, planted, pod, policy, spec, validate
from tests.deploy.manifests import (
    CHECKOUT,
    DEPLOY,
    NAMESPACE,
    RECOVERY,
    Document,
    builtin,
    kind,
    kubectl,
    one,
    programs,
    render,
    without,
)
from tests.deploy.pod_security import hardened, restricted
from tests.deploy.recovery import copied, recovered
from tests.deploy.schemas import valid
from tests.deploy.settings import images, told, without_secrets

DEFINITIONS = {each.name: each for each in (INTAKE, SIGNALS, REPORTING)}
PAGE = (CHECKOUT / "docs/restore.md").read_text()
RUNBOOK = PAGE.partition("\n## In production\n")[2].partition("\n## ")[0]
COMMANDS = "\n".join(
    re.sub(rf"^{indent}", "", block, flags=re.MULTILINE)
    for indent, block in re.findall(r"^( *)```sh\n(.*?)^ *```", RUNBOOK, re.MULTILINE | re.DOTALL)
)


@pytest.fixture(scope="module")
def _rendered() -> list[Document]:
    if kubectl() is None:
        pytest.skip("kubectl 1.21 or newer is needed: https://kubernetes.io/docs/tasks/tools/")
    return render(RECOVERY)


@pytest.fixture
def recovery(_rendered: list[Document]) -> list[Document]:
    """The documents of overlays/recovery; a copy, so that a test may plant a fault in it."""
    return copy.deepcopy(_rendered)


# The overlay ------------------------------------------------------------------------------------


def faults_of_all(documents: list[Document]) -> list[str]:
    """Everything that is checked of production, but that more than one of everything runs."""
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
        *images(found, CHECKOUT / "services", without={"webhooks"}),
        *without_secrets(documents),
        *digests(documents),
        *valid(documents),
        *wired(documents),
        *durable(documents),
        *edge(documents),
        *explained(documents, (CHECKOUT / "docs/runbooks.md").read_text()),
        *copied(documents),
        *flows.faults(allowed, flows.MEANT | flows.PRODUCTION),
    ]


def test_what_holds_in_production_holds_here(recovery: list[Document]) -> None:
    """Closed pods, flows, roles, names, digests and schemas are as they are without it."""
    assert faults_of_all(recovery) == []


@planted(
    (
        lambda d: spec(d, "CronJob", "copy-ledger-intake")["jobTemplate"]["spec"]["template"][
            "spec"
        ].pop("securityContext"),
        "CronJob/copy-ledger-intake/copy: may run as root",
    ),
    (
        lambda d: spec(d, "CronJob", "copy-ledger-signals")["jobTemplate"]["spec"]["template"][
            "spec"
        ].update(automountServiceAccountToken=True),
        "CronJob/copy-ledger-signals: receives a token for the cluster",
    ),
    (
        lambda d: policy(d, "names")["podSelector"]["matchExpressions"][0]["values"].append(
            "ledger-copies"
        ),
        "open but not meant: copy-ledger-intake → kube-dns 53/UDP",
    ),
    (
        lambda d: policy(d, "default-deny")["podSelector"].update(matchLabels={"x": "y"}),
        "open but not meant: copy-ledger-signals → internet 443/TCP",
    ),
    (
        lambda d: _recovery(d, "intake-db").update(recoverytarget={}),
        "'recoverytarget' was unexpected",
    ),
    (
        lambda d: _recovery(d, "intake-db")["recoveryTarget"].update(targetTime="yesterday"),
        "Cluster/intake-db: $.spec.bootstrap.recovery.recoveryTarget.targetTime",
    ),
    (
        lambda d: _recovery(d, "intake-db").update(recoveryTarget={}),
        "'targetTime' is a required property",
    ),
    (
        lambda d: spec(d, "Cluster", "intake-db")["bootstrap"].update(
            initdb={
                "database": "hoeksteen",
                "owner": "hoeksteen_owner",
                "secret": {"name": "intake-db-owner"},
                "dataChecksums": True,
                "encoding": "UTF8",
                "postInitApplicationSQL": ["SELECT 1"],
            }
        ),
        "Cluster/intake-db: $.spec.bootstrap",
    ),
    (
        lambda d: _origin(d, "signals-db").update(barmanObjectName="x"),
        "Cluster/signals-db: its object store is not there",
    ),
    (
        lambda d: _recovery(d, "signals-db").update(secret={"name": "x"}),
        "Cluster/signals-db: no Secret x with username, password",
    ),
    (
        lambda d: _recovery(d, "reporting-db").update(owner="postgres"),
        "Cluster/reporting-db: pg_hba differs",
    ),
    (
        lambda d: spec(d, "Cluster", "intake-db")["postgresql"]["pg_hba"].insert(
            0, "host all all all trust"
        ),
        "Cluster/intake-db: pg_hba differs: host all all all trust",
    ),
)
def test_a_fault_while_databases_are_put_back_is_told(
    recovery: list[Document], plant: Fault, told_as: str
) -> None:
    """Each planted fault is named; some show in more than one sentence."""
    plant(recovery)
    found = _schema_first(recovery)
    assert any(told_as in fault for fault in found)


def _schema_first(documents: list[Document]) -> list[str]:
    """What a schema refuses, other policies need not understand."""
    return valid(documents) or faults_of_all(documents)


def _recovery(documents: list[Document], cluster: str) -> Any:
    return spec(documents, "Cluster", cluster)["bootstrap"]["recovery"]


def _origin(documents: list[Document], cluster: str) -> Any:
    return spec(documents, "Cluster", cluster)["externalClusters"][0]["plugin"]["parameters"]


def _archive(documents: list[Document], cluster: str) -> Any:
    return spec(documents, "Cluster", cluster)["plugins"][0]["parameters"]


def test_every_builtin_document_is_valid(recovery: list[Document], tmp_path: Path) -> None:
    """What is not a custom resource passes the strict validation, and nothing is passed over."""
    ours = [each for each in recovery if builtin(each)]
    status, words = validate(ours, tmp_path)
    assert status == 0, words
    assert len(ours) == words.count(" passed for resource "), words
    assert "WARN" not in words


def test_databases_are_put_back_from_their_own_backups(recovery: list[Document]) -> None:
    """To one moment, into archives of their own, while no program runs and no job starts by itself."""
    assert recovered(recovery) == []


@planted(
    (
        lambda d: spec(d, "Cluster", "intake-db").update(bootstrap={"initdb": {}}),
        "Cluster/intake-db: would begin empty",
    ),
    (
        lambda d: _recovery(d, "intake-db").update(source="x"),
        "Cluster/intake-db: names nothing to be put back from",
    ),
    (
        lambda d: spec(d, "Cluster", "signals-db")["plugins"][0].update(isWALArchiver=False),
        "Cluster/signals-db: names nothing to be put back from, or writes no archive",
    ),
    (
        lambda d: spec(d, "Cluster", "intake-db")["externalClusters"][0]["plugin"].update(name="x"),
        "Cluster/intake-db: is not read and written by the plugin",
    ),
    (
        lambda d: _origin(d, "signals-db").update(barmanObjectName="intake-backups"),
        "Cluster/signals-db: is put back from another's backups",
    ),
    (
        lambda d: _origin(d, "signals-db").update(serverName="intake-db"),
        "Cluster/signals-db: is put back from another's archive",
    ),
    (
        lambda d: _origin(d, "reporting-db").pop("serverName"),
        "Cluster/reporting-db: is put back from another's archive",
    ),
    (
        lambda d: _archive(d, "reporting-db").update(barmanObjectName="signals-backups"),
        "Cluster/reporting-db: writes into another's store",
    ),
    (
        lambda d: _archive(d, "reporting-db").update(serverName="signals-db-2"),
        "Cluster/reporting-db: writes an archive that is not its own",
    ),
    (
        lambda d: _archive(d, "intake-db").pop("serverName"),
        "Cluster/intake-db: writes into the archive that it is put back from",
    ),
    (
        lambda d: _origin(d, "signals-db").update(serverName="signals-db-2"),
        "Cluster/signals-db: writes into the archive that it is put back from",
    ),
    (
        lambda d: _recovery(d, "intake-db").update(secret={"name": "signals-db-owner"}),
        "Cluster/intake-db: its owner gets another's password",
    ),
    (
        lambda d: _recovery(d, "intake-db")["recoveryTarget"].update(
            targetTime="2026-11-29T09:30:00+00:00"
        ),
        "the databases are put back to 2 moments",
    ),
    (
        lambda d: spec(d, "Deployment", "gateway").update(replicas=1),
        "Deployment/gateway: runs while its database is put back",
    ),
    (
        lambda d: spec(d, "Deployment", "signals").update(replicas=2),
        "Deployment/signals: runs while its database is put back",
    ),
    (
        lambda d: spec(d, "Job", "migrations").pop("suspend"),
        "Job/migrations: starts before somebody says so",
    ),
    (
        lambda d: spec(d, "CronJob", "copy-ledger-intake").pop("suspend"),
        "CronJob/copy-ledger-intake: starts before somebody says so",
    ),
)
def test_a_database_that_is_put_back_wrong_is_told(
    recovery: list[Document], plant: Fault, told_as: str
) -> None:
    """Each planted fault is named; some show in more than one sentence."""
    plant(recovery)
    assert any(told_as in fault for fault in recovered(recovery))


def test_without_the_component_databases_begin_empty(production: list[Document]) -> None:
    """Production as it is first installed is no way to put anything back, and the policy says so."""
    told_of = [fault for fault in recovered(production) if fault.endswith("would begin empty")]
    assert len(told_of) == len(kind(production, "Cluster")) == 3


def test_nothing_else_differs_from_production(
    production: list[Document], recovery: list[Document]
) -> None:
    """But how databases begin, where they write their archives, and that nothing runs."""
    for each in (*production, *recovery):
        if each["kind"] == "Cluster":
            for name in ("bootstrap", "externalClusters"):
                each["spec"].pop(name, None)
            _archive([each], each["metadata"]["name"]).pop("serverName", None)
        if each["kind"] == "Deployment" and each["metadata"]["name"] != "otel-collector":
            each["spec"].pop("replicas")
        if each["kind"] in {"Job", "CronJob"}:
            each["spec"].pop("suspend", None)
    assert production == recovery


def _patches() -> list[Any]:
    """Of the component's comment: for the next time, for another attempt, and to the end of an archive."""
    text = (DEPLOY / "k8s/components/postgres-recovery/kustomization.yaml").read_text()
    patches: list[Any] = yaml.safe_load(
        "\n".join(line[4:] for line in text.splitlines() if line.startswith("#   "))
    )
    return patches


def _with(patch: Any, tmp_path: Path, services: Iterable[str] = DEFINITIONS) -> list[Document]:
    overlay = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [os.path.relpath(RECOVERY, tmp_path.resolve())],
        "patches": [
            yaml.safe_load(yaml.safe_dump(patch).replace("intake", service)) for service in services
        ],
    }
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(overlay))
    return render(tmp_path)


def test_the_next_time_both_names_move_on(recovery: list[Document], tmp_path: Path) -> None:
    """With the first patch of the comment each reads what it wrote since, and writes a third archive."""
    onward, _, _ = _patches()
    again = _with(onward, tmp_path)
    assert recovered(again) == []
    for service in DEFINITIONS:
        cluster = f"{service}-db"
        assert _archive(recovery, cluster) == _origin(again, cluster)
        assert _archive(again, cluster)["serverName"] == f"{cluster}-3"


def test_another_attempt_reads_the_same_origin(recovery: list[Document], tmp_path: Path) -> None:
    """What the attempt that was given up wrote is neither read nor written into."""
    _, again, _ = _patches()
    attempt = _with(again, tmp_path)
    assert recovered(attempt) == []
    for service in DEFINITIONS:
        cluster = f"{service}-db"
        assert _origin(recovery, cluster) == _origin(attempt, cluster)
        assert _archive(attempt, cluster)["serverName"] == f"{cluster}-3"


def test_one_database_may_be_put_back_to_the_end(recovery: list[Document], tmp_path: Path) -> None:
    """The one that does not answer any more has no moment, and is valid; the others keep theirs."""
    _, _, end = _patches()
    mixed = _with(end, tmp_path, ["signals"])
    assert recovered(mixed) == []
    assert valid(mixed) == []
    assert "recoveryTarget" not in _recovery(mixed, "signals-db")
    for cluster in ("intake-db", "reporting-db"):
        assert _recovery(recovery, cluster) == _recovery(mixed, cluster)


# Copies of ledger folders -------------------------------------------------------------------------


def test_ledger_folders_are_copied_daily(production: list[Document]) -> None:
    """Each service's, read only, after the daily moment, as long as the databases' backups are kept."""
    assert copied(production) == []


def _copier(documents: list[Document], service: str) -> Any:
    job = spec(documents, "CronJob", f"copy-ledger-{service}")["jobTemplate"]["spec"]
    return job["template"]["spec"]


def _schedule(documents: list[Document], service: str, **changed: str) -> None:
    spec(documents, "CronJob", f"copy-ledger-{service}").update(changed)


@planted(
    (
        lambda d: d.remove(one(d, "CronJob", "copy-ledger-signals")),
        "signals: nobody copies its ledger folder",
    ),
    (
        lambda d: one(d, "CronJob", "copy-ledger-signals")["metadata"].update(name="x"),
        "CronJob/x: copies nothing that is known",
    ),
    (
        lambda d: _copier(d, "intake")["containers"][0]["volumeMounts"][0].pop("readOnly"),
        "CronJob/copy-ledger-intake: may write what it copies",
    ),
    (
        lambda d: _copier(d, "intake")["volumes"][1]["persistentVolumeClaim"].update(
            claimName="signals-ledger"
        ),
        "CronJob/copy-ledger-intake: may write what it copies, or copies another's",
    ),
    (
        lambda d: _copier(d, "intake")["volumes"][2]["persistentVolumeClaim"].update(
            claimName="intake-keys"
        ),
        "CronJob/copy-ledger-intake: has no volume of its own for copies",
    ),
    (
        lambda d: _copier(d, "intake")["containers"][0].update(
            image="images.example/hoeksteen/signals@sha256:" + "0" * 64
        ),
        "CronJob/copy-ledger-intake: runs from another's image",
    ),
    (
        lambda d: _copier(d, "reporting")["containers"][0]["args"].__setitem__(3, "--keep-days=90"),
        "CronJob/copy-ledger-reporting: its copies are not kept as long as the backups",
    ),
    (
        lambda d: spec(d, "ObjectStore", "signals-backups").update(retentionPolicy="14d"),
        "CronJob/copy-ledger-signals: its copies are not kept as long as the backups",
    ),
    (
        lambda d: _copier(d, "reporting")["containers"][0]["args"].__setitem__(
            3, "--put-back=2026-11-29"
        ),
        "CronJob/copy-ledger-reporting: does something else",
    ),
    (
        lambda d: _schedule(d, "intake", schedule="0 3 * * *"),
        "CronJob/copy-ledger-intake: does not run once a day after the daily moment",
    ),
    (
        lambda d: _schedule(d, "signals", schedule="*/5 4 * * *"),
        "CronJob/copy-ledger-signals: does not run once a day after the daily moment",
    ),
    (
        lambda d: _schedule(d, "reporting", schedule="0 4 * * 1"),
        "CronJob/copy-ledger-reporting: does not run once a day after the daily moment",
    ),
    (
        lambda d: _schedule(d, "intake", timeZone="Europe/Amsterdam"),
        "does not run once a day after the daily moment",
    ),
    (
        lambda d: _copier(d, "intake").pop("affinity"),
        "CronJob/copy-ledger-intake: may stand where the service's volume cannot be attached",
    ),
    (
        lambda d: _copier(d, "reporting").update(affinity=_copier(d, "signals")["affinity"]),
        "CronJob/copy-ledger-reporting: may stand where the service's volume cannot be attached",
    ),
    (
        lambda d: spec(d, "CronJob", "copy-ledger-signals")["jobTemplate"]["spec"].update(
            activeDeadlineSeconds=900
        ),
        "CronJob/copy-ledger-signals: has no time for a second attempt",
    ),
    (
        lambda d: _schedule(d, "intake", concurrencyPolicy="Allow"),
        "two copies may be made at a time",
    ),
    (
        lambda d: spec(d, "PersistentVolumeClaim", "intake-ledger-copies").update(
            storageClassName="standard"
        ),
        "CronJob/copy-ledger-intake: its copies are not encrypted",
    ),
)
def test_a_careless_copy_is_told(production: list[Document], plant: Fault, told_as: str) -> None:
    """Each planted fault is named; some show in more than one sentence."""
    plant(production)
    assert any(told_as in fault for fault in copied(production))


# The page ---------------------------------------------------------------------------------------


def unknown(commands: str, documents: list[Document]) -> list[str]:
    """What the commands name and the rendered manifests do not have."""
    known = {
        (document["kind"], document["metadata"]["name"])
        for document in (*documents, *made_secrets(documents))
    }
    kinds = {
        "deployment": "Deployment",
        "job": "Job",
        "cronjob": "CronJob",
        "secret": "Secret",
        "clusters.postgresql.cnpg.io": "Cluster",
    }
    commands = re.sub(  # those that are new
        r"((create|delete) job |job/)(put-back-intake|copy-ledger-\$service-now)", "", commands
    )
    texts = [commands.replace("$service", service) for service in DEFINITIONS]
    which = "|".join(map(re.escape, kinds))
    named = {
        (kinds[what], name)
        for text in texts
        for what, one_name, names in re.findall(
            rf"(?<![\w/.])({which})(?:/([a-z][\w-]*)| ([a-z][\w-]*(?: [a-z][\w-]*)*))", text
        )
        for name in (one_name or names).split()
    }
    assert {what for what, _ in named} == set(kinds.values())
    return [f"{what}/{name}" for what, name in sorted(named - known)]


def test_the_commands_name_what_is_there(recovery: list[Document]) -> None:
    """Every workload, cluster and Secret that the runbook speaks of is in the rendered manifests."""
    assert unknown(COMMANDS, recovery) == []


def test_a_command_about_nothing_is_told(recovery: list[Document]) -> None:
    """What is renamed in the manifests and not on the page is missed."""
    assert unknown(COMMANDS, without(recovery, "Job", "streams")) == ["Job/streams"]
    assert unknown(COMMANDS, without(recovery, "CronJob", "copy-ledger-signals")) == [
        "CronJob/copy-ledger-signals"
    ]
    assert unknown(COMMANDS, without(recovery, "Cluster", "intake-db")) == [
        "Cluster/intake-db",
        "Secret/intake-db-ca",
    ]


def test_the_services_know_what_the_page_has_them_do() -> None:
    """Every `python -m services.…` of the runbook is an operation of each service."""
    asked = re.findall(r"python -m services\.\$service ([a-z -]+)$", COMMANDS, re.MULTILINE)
    assert sorted(asked) == ["audit", "key-ring status"]
    for words in (*asked, "rebuild-projections"):
        for definition in DEFINITIONS.values():
            assert callable(operation(definition, words.split()))


def test_the_base_backup_of_the_page_is_valid(recovery: list[Document]) -> None:
    """What an operator makes by hand is a backup of a cluster that is there, by its plugin."""
    (text,) = re.findall(r"<<MANIFEST\n(.*?)^MANIFEST$", COMMANDS, re.MULTILINE | re.DOTALL)
    for service in DEFINITIONS:
        backup = yaml.safe_load(text.replace("$service", service))
        assert NAMESPACE == backup["metadata"]["namespace"]
        assert backup["metadata"].pop("generateName").endswith("-")
        backup["metadata"].update(name="named-by-the-server", labels={})
        assert valid([backup]) == []
        planned = spec(recovery, "ScheduledBackup", f"{service}-db")
        assert {name: planned[name] for name in backup["spec"]} == backup["spec"]


def test_the_job_that_puts_a_copy_back_is_closed_too(recovery: list[Document]) -> None:
    """What the page's `sed` makes of a CronJob: the other thing that the program does, and no right more."""
    (line,) = (each for each in COMMANDS.splitlines() if each.lstrip().startswith("sed "))
    cron = one(recovery, "CronJob", "copy-ledger-intake")
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "put-back-intake", "namespace": NAMESPACE},
        "spec": cron["spec"]["jobTemplate"]["spec"],
    }
    changed = subprocess.run(
        shlex.split(line.rstrip("|")),
        input=yaml.safe_dump(job),
        check=True,
        capture_output=True,
        text=True,
    )
    made = [yaml.safe_load(changed.stdout)]
    assert [*restricted(made), *hardened(made)] == []
    before, after = _copier(recovery, "intake"), pod(made, "put-back-intake", "Job")
    assert after["containers"][0]["args"] == [
        *before["containers"][0]["args"][:3],
        "--put-back=2026-11-29",
    ]
    assert before["containers"][0]["volumeMounts"][0].pop("readOnly") is True
    before["containers"][0]["args"] = after["containers"][0]["args"]
    assert before == after
    assert after["containers"][0]["args"][0] == copies.__name__


STUBS = """
kubectl() { case "$*" in
  *" exec "*) printf %s "$RING"; return "$STATUS" ;;
  *reporting-db*) printf %s "$OF_REPORTING" ;;
  *) printf intake-db-3 | sed "s/intake/$service/" ;;
esac; }
aws() { case "$*" in
  *list-object-versions*) printf '%s\\t' "$service-db/" "$service-db-2/" "$service-db-3/" ;;
  *) printf '%s\\n' "$*" >> "$TOLD" ;;
esac; }
"""
"""A cluster put back for the second time, or at the second attempt, and its buckets."""


def _run(command: str, tmp_path: Path, **said: str) -> subprocess.CompletedProcess[str]:
    """A command of the page that has this in it, as it stands there."""
    (block,) = (
        block
        for block in re.findall(r"^```sh\n(.*?)^```", _dedented(), re.MULTILINE | re.DOTALL)
        if command in block
    )
    told = {"TOLD": str(tmp_path / "told"), "RINGS": str(tmp_path), "RING": "", "STATUS": "0"}
    return subprocess.run(
        ["/bin/bash", "-c", STUBS + block],
        env={"PATH": os.environ["PATH"], "OF_REPORTING": "reporting-db-3", **told, **said},
        capture_output=True,
        text=True,
        check=False,
    )


def _dedented() -> str:
    return re.sub(
        r"^( *)```sh\n(.*?)^ *```",
        lambda found: re.sub(rf"^{found[1]}", "", found[0], flags=re.MULTILINE),
        RUNBOOK,
        flags=re.MULTILINE | re.DOTALL,
    )


def test_old_archives_end_as_the_backups_do(recovery: list[Document], tmp_path: Path) -> None:
    """Each archive of the bucket but the written one gets a rule, for as long as backups are kept."""
    assert _run("put-bucket-lifecycle-configuration", tmp_path).returncode == 0
    told = dict(
        zip(DEFINITIONS, (tmp_path / "told").read_text().splitlines(), strict=True),
    )
    for service, words in told.items():
        assert f"--bucket hoeksteen-{service} " in words
        rules = json.loads(words.partition("--lifecycle-configuration ")[2])["Rules"]
        assert [each["Filter"]["Prefix"] for each in rules] == [
            f"{service}-db/",
            f"{service}-db-2/",
        ]
        assert len({each["ID"] for each in rules}) == len(rules)
        store = spec(recovery, "ObjectStore", f"{service}-backups")
        for rule in rules:
            assert rule["Status"] == "Enabled"
            assert store["retentionPolicy"] == f"{rule['Expiration']['Days']}d"
            assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 1}
        path = store["configuration"]
        assert path["destinationPath"] == f"s3://hoeksteen-{service}/"
        assert f"--endpoint-url {path['endpointURL']} " in words


def test_the_archive_that_is_written_never_ends(tmp_path: Path) -> None:
    """Where nobody says which one it is, no rule is made."""
    done = _run("put-bucket-lifecycle-configuration", tmp_path, OF_REPORTING="")
    assert done.returncode != 0
    told = (tmp_path / "told").read_text()
    assert "hoeksteen-signals" in told
    assert "hoeksteen-reporting" not in told


def test_a_ring_that_is_not_there_leaves_the_copy_before(tmp_path: Path) -> None:
    """A copy takes the other's place when it is whole, and only its owner reads it."""
    ring = tmp_path / "intake.ring"
    ring.write_text("before")
    for said in ({"RING": "half", "STATUS": "1"}, {"RING": ""}):
        _run("$RINGS", tmp_path, **said)
        assert ring.read_text() == "before"
    assert _run("$RINGS", tmp_path, RING="after").returncode == 0
    assert ring.read_text() == "after"
    assert ring.stat().st_mode & 0o777 == 0o600
    assert sorted(each.name for each in tmp_path.iterdir()) == sorted(
        f"{service}.ring" for service in DEFINITIONS
    )
