"""`make manifests`: everything that can be said of the Kubernetes manifests without a cluster, in one table.

Renders the overlays with `kubectl kustomize`, holds them against the API's schemas (kubernetes-validate,
strictly: a warning counts), what operators read against closed schemas of ours, everything against the
policies of tests/deploy, runs the planted faults, and asks checkov, whose failures must each be
explained in deploy/k8s/checkov.yaml.

    python -m bench.manifests
"""

from __future__ import annotations

import fnmatch
import json
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from bench.results import Result, report
from shared.local.home import CHECKOUT
from tests.deploy import flows
from tests.deploy.availability import available, connected, several
from tests.deploy.custom import made_secrets, wired
from tests.deploy.duties import digests, durable, edge, explained, ways_in
from tests.deploy.faults import validate
from tests.deploy.manifests import (
    DEPLOY,
    LOCAL,
    PRODUCTION,
    RECOVERY,
    SECRETS,
    Document,
    builtin,
    kind,
    kubectl,
    programs,
    render,
    with_integrations,
    with_webhooks,
)
from tests.deploy.pod_security import hardened, restricted
from tests.deploy.recovery import copied, recovered
from tests.deploy.schemas import valid
from tests.deploy.settings import images, told, without_secrets

EXPLANATIONS = DEPLOY / "k8s/checkov.yaml"
PLANTED = tuple(
    f"tests/deploy/test_{name}.py"
    for name in (
        "manifests",
        "production",
        "recovery",
        "webhooks_deployed",
        "integrations_deployed",
    )
)


@dataclass(frozen=True, slots=True)
class Failed:
    """A check of checkov that something fails."""

    overlay: str
    check: str
    name: str
    resource: str


def secrets_of_local() -> list[Document]:
    """The Secrets of the local overlay, of files that are made for it and gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="hoeksteen-secrets-") as name:
        folder = Path(name)
        subprocess.run(
            [sys.executable, SECRETS / "make.py", "--into", folder],
            check=True,
            capture_output=True,
            cwd=CHECKOUT,
        )
        (folder / "jwks.json").write_text('{"keys": []}')
        (folder / "kustomization.yaml").write_bytes((SECRETS / "kustomization.yaml").read_bytes())
        return render(folder)


def everywhere(
    documents: Sequence[Document], secrets: Sequence[Document], without: Collection[str]
) -> list[str]:
    """Faults by the policies that hold for every overlay."""
    found = programs(documents, secrets)
    return [
        *restricted(documents),
        *hardened(documents),
        *available(documents),
        *connected(documents, secrets),
        *told(found),
        *images(found, CHECKOUT / "services", without=without),
        *without_secrets(documents),
    ]


def production_alone(documents: Sequence[Document], without: Collection[str]) -> list[str]:
    """Faults by the policies that hold for production. Webhooks are one pod, on a disk of its own."""
    begun = {how for each in kind(documents, "Cluster") for how in each["spec"]["bootstrap"]}
    twice = several(documents) if without else []
    return [
        *(recovered(documents) if "recovery" in begun else twice),
        *copied(documents),
        *digests(documents),
        *wired(documents),
        *durable(documents),
        *edge(documents),
        *ways_in(documents),
        *explained(documents, (CHECKOUT / "docs/runbooks.md").read_text()),
    ]


def wrong_flows(
    documents: Sequence[Document], meant: Iterable[flows.Flow]
) -> tuple[int, list[str]]:
    """How many pairs of ends and ports were tried, and what differs from what is meant."""
    pods = [*flows.ends(documents), *flows.of_operators(documents)]
    everyone = [*pods, *pods, *flows.OUTSIDE]
    tried = sum(len(end.ports) for end in everyone) * (len(everyone) - 1)
    return tried, flows.faults(flows.allowed(documents, everyone), meant)


def planted() -> tuple[int, int]:
    """Faults that were planted, and how many of them no policy found."""
    with tempfile.TemporaryDirectory(prefix="hoeksteen-planted-") as folder:
        told_in = Path(folder) / "planted.xml"
        subprocess.run(
            [
                *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
                *("--basetemp", f"{folder}/tests", "-k", "told", f"--junitxml={told_in}", *PLANTED),
            ],
            cwd=CHECKOUT,
            env={key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
            check=False,
            stdout=subprocess.DEVNULL,
        )
        (suite,) = ET.parse(told_in).getroot().iter("testsuite")  # noqa: S314  pytest's own
    missed = sum(int(suite.attrib[name]) for name in ("failures", "errors", "skipped"))
    return int(suite.attrib["tests"]), missed


def checkov(overlay: str, framework: str, text: str, file: str) -> tuple[int, list[Failed]]:
    """How many checks passed, and which did not."""
    with tempfile.TemporaryDirectory(prefix="hoeksteen-checkov-") as folder:
        path = Path(folder) / file
        path.write_text(text)
        answer = subprocess.run(
            [
                *(sys.executable, "-m", "checkov.main", "--skip-download", "--compact", "--quiet"),
                *("--framework", framework, "--file", path, "--output", "json"),
            ],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT / ".venv/manifests")},
            check=False,
            capture_output=True,
            text=True,
        )
    if answer.returncode not in {0, 1} or not answer.stdout.lstrip().startswith(("{", "[")):
        raise RuntimeError(f"checkov gave no answer: {answer.stderr[-500:]}")
    found = json.loads(answer.stdout)
    summary = found["summary"]
    if summary["parsing_errors"] or not summary["passed"]:
        raise RuntimeError(f"checkov could not read {overlay}: {summary}")
    return int(summary["passed"]), [
        Failed(overlay, each["check_id"], each["check_name"], each["resource"])
        for each in found["results"]["failed_checks"]
    ]


def unexplained(failed: Sequence[Failed]) -> list[str]:
    """Failures without an explanation, and explanations without a failure."""
    reasons = yaml.safe_load(EXPLANATIONS.read_text())
    used: set[int] = set()
    faults = []
    for each in failed:
        fits = {
            number
            for number, reason in enumerate(reasons)
            if reason["check"] == each.check
            and fnmatch.fnmatchcase(each.overlay, reason["overlay"])
            and fnmatch.fnmatchcase(each.resource, reason["resource"])
            and reason["reason"].strip()
        }
        used |= fits
        if not fits:
            faults.append(f"{each.overlay}: {each.check} ({each.name}): {each.resource}")
    faults += [
        f"{EXPLANATIONS.name}: {reason['check']} for {reason['overlay']} explains nothing"
        for number, reason in enumerate(reasons)
        if number not in used
    ]
    return faults


def overlays() -> Iterator[tuple[str, list[Document], frozenset[flows.Flow], set[str]]]:
    """Each overlay: its name, its documents, the flows that are meant, services that it may lack."""
    shared = frozenset(flows.shared_server(flows.MEANT | flows.WEBHOOKS))
    production = flows.MEANT | flows.PRODUCTION
    yield "local", render(LOCAL), shared, set()
    yield "production", render(PRODUCTION), production, {"webhooks"}
    with tempfile.TemporaryDirectory(prefix="hoeksteen-overlay-") as folder:
        documents = render(with_webhooks(Path(folder)))
    yield "production, webhooks", documents, production | flows.WEBHOOKS, set()
    yield "recovery", render(RECOVERY), production, {"webhooks"}
    with tempfile.TemporaryDirectory(prefix="hoeksteen-overlay-") as folder:
        documents = render(with_integrations(Path(folder)))
    yield "production, integrations", documents, production | flows.INTEGRATIONS, {"webhooks"}


def strictly(documents: Sequence[Document]) -> list[str]:
    """Faults and warnings by kubernetes-validate, and whether it passed anything over."""
    with tempfile.TemporaryDirectory(prefix="hoeksteen-manifests-") as folder:
        _, words = validate(list(documents), Path(folder))
    lines = [line for line in words.splitlines() if line.strip()]
    faults = [line for line in lines if " passed for resource " not in line]
    silent = len(documents) - (len(lines) - len(faults))
    return faults or [f"{silent} documents were passed over"] * bool(silent)


def look() -> list[Result]:
    """Look at everything; what is wrong is also told in sentences."""
    results: list[Result] = []

    def none(name: str, faults: Sequence[str], among: str) -> None:
        for fault in faults:
            print(f"{name}: {fault}", flush=True)
        results.append(Result(name=name, value=len(faults), unit=among, bound=0, better="lower"))

    asked, failed = 0, []
    for overlay, documents, meant, without in overlays():
        known = [each for each in documents if builtin(each)]
        others = len(documents) - len(known)
        local = overlay == "local"
        secrets = secrets_of_local() if local else made_secrets(documents)
        none(f"{overlay}: kubernetes-validate", strictly(known), f"of {len(known)} documents")
        if not local:
            none(f"{overlay}: schemas of ours", valid(documents), f"of {others} custom ones")
        wrong = everywhere(documents, secrets, without)
        wrong += [] if local else production_alone(documents, without)
        none(f"{overlay}: policies", wrong, "faults")
        tried, differ = wrong_flows(documents, meant)
        none(f"{overlay}: flows", differ, f"of {tried} tried")
        passed, not_passed = checkov(
            overlay, "kubernetes", yaml.safe_dump_all(documents), "all.yaml"
        )
        asked += passed + len(not_passed)
        failed += not_passed
    text = (DEPLOY / "image/Containerfile").read_text()
    passed, not_passed = checkov("image", "dockerfile", text, "Dockerfile")
    asked += passed + len(not_passed)
    failed += not_passed
    none(
        "checkov, unexplained",
        unexplained(failed),
        f"of {asked} checks, {len(failed)} failed",
    )
    count, missed = planted()
    unit = f"of {count}"
    results.append(
        Result(
            name="planted faults not found",
            value=missed,
            unit=unit,
            bound=0,
            better="lower",
        )
    )
    return results


def main() -> int:
    """Look at all of it; the exit status says whether nothing is wrong."""
    os.environ.pop("PYTHONPATH", None)
    if kubectl() is None:
        print(
            "kubectl 1.21 or newer is needed: https://kubernetes.io/docs/tasks/tools/",
            file=sys.stderr,
        )
        return 1
    path = CHECKOUT / "var" / "results" / "manifests.json"
    return report(look(), path, "Kubernetes manifests, without a cluster")


if __name__ == "__main__":
    sys.exit(main())
