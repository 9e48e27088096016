"""`make manifests`: everything that can be said of the Kubernetes manifests without a cluster, in one table.

Renders both overlays with `kubectl kustomize`, holds them against the API's schemas (kubernetes-validate,
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
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from bench.results import Result, report
from shared.local.home import CHECKOUT
from tests.deploy import flows
from tests.deploy.availability import available, connected, several
from tests.deploy.custom import made_secrets, wired
from tests.deploy.duties import digests, durable, edge, explained
from tests.deploy.faults import validate
from tests.deploy.manifests import (
    DEPLOY,
    LOCAL,
    PRODUCTION,
    SECRETS,
    Document,
    builtin,
    kubectl,
    programs,
    render,
)
from tests.deploy.pod_security import hardened, restricted
from tests.deploy.schemas import valid
from tests.deploy.settings import images, told, without_secrets

EXPLANATIONS = DEPLOY / "k8s/checkov.yaml"
PLANTED = ("tests/deploy/test_manifests.py", "tests/deploy/test_production.py")


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


def everywhere(documents: Sequence[Document], secrets: Sequence[Document]) -> list[str]:
    """Faults by the policies that hold for every overlay."""
    found = programs(documents, secrets)
    return [
        *restricted(documents),
        *hardened(documents),
        *available(documents),
        *connected(documents, secrets),
        *told(found),
        *images(found, CHECKOUT / "services"),
        *without_secrets(documents),
    ]


def production_alone(documents: Sequence[Document]) -> list[str]:
    """Faults by the policies that hold for production."""
    return [
        *several(documents),
        *digests(documents),
        *wired(documents),
        *durable(documents),
        *edge(documents),
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


def look() -> list[Result]:
    """Look at everything; what is wrong is also told in sentences."""
    results: list[Result] = []

    def none(name: str, faults: Sequence[str], among: str) -> None:
        for fault in faults:
            print(f"{name}: {fault}", flush=True)
        results.append(Result(name=name, value=len(faults), unit=among, bound=0, better="lower"))

    asked, failed = 0, []
    for overlay, documents in (("local", render(LOCAL)), ("production", render(PRODUCTION))):
        known = [each for each in documents if builtin(each)]
        with tempfile.TemporaryDirectory(prefix="hoeksteen-manifests-") as folder:
            _, words = validate(known, Path(folder))
        wrong = [line for line in words.splitlines() if " passed for resource " not in line]
        silent = len(known) - words.count(" passed for resource ")
        none(
            f"{overlay}: faults and warnings by kubernetes-validate --strict",
            [line for line in wrong if line.strip()]
            or [f"{silent} were passed over"] * bool(silent),
            f"in {len(known)} documents of Kubernetes' own",
        )
        none(
            f"{overlay}: faults by our schemas",
            valid(documents),
            f"in {len(documents) - len(known)} custom",
        )
        secrets = made_secrets(documents) if overlay == "production" else secrets_of_local()
        none(
            f"{overlay}: faults by the policies of every overlay",
            everywhere(documents, secrets),
            "",
        )
        if overlay == "production":
            none("production: faults by its own policies", production_alone(documents), "")
            tried, faults = wrong_flows(documents, flows.MEANT | flows.PRODUCTION)
        else:
            tried, faults = wrong_flows(documents, flows.shared_server(flows.MEANT))
        none(f"{overlay}: flows too many or too few", faults, f"of {tried} tried")
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
        "failures of checkov without an explanation",
        unexplained(failed),
        f"of {asked} checks, {len(failed)} failed",
    )
    count, missed = planted()
    unit = f"of {count}"
    results.append(
        Result(
            name="planted faults that no policy found",
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
