"""deploy/k8s/checkov.yaml: which failures of checkov are meant, and that nothing else is let through.

checkov itself is asked by `make manifests`.
"""

from __future__ import annotations

import yaml

from bench.manifests import EXPLANATIONS, Failed, unexplained

MEANT = [
    Failed("local", "CKV_K8S_11", "CPU limits", "Deployment.hoeksteen.intake"),
    Failed("local", "CKV_K8S_43", "digest", "Deployment.hoeksteen.intake"),
    Failed("local", "CKV_K8S_15", "pull", "Deployment.hoeksteen.intake"),
    Failed("local", "CKV_K8S_40", "uid", "StatefulSet.hoeksteen.postgres"),
    Failed("image", "CKV_DOCKER_2", "health", "/Dockerfile."),
    Failed("image", "CKV_DOCKER_7", "tag", "/Dockerfile.FROM"),
]


def test_what_is_explained_is_let_through() -> None:
    """These failures, each for a reason that somebody wrote down."""
    assert unexplained(MEANT) == []
    assert all(len(each["reason"]) > 40 for each in yaml.safe_load(EXPLANATIONS.read_text()))


def test_any_other_failure_is_told() -> None:
    """Another check, or the same one where nobody explained it."""
    other = [
        Failed("production", "CKV_K8S_43", "digest", "Deployment.hoeksteen.intake"),
        Failed("local", "CKV_K8S_40", "uid", "StatefulSet.hoeksteen.nats"),
        Failed("local", "CKV_K8S_22", "read-only root", "Deployment.hoeksteen.intake"),
    ]
    told = unexplained([*MEANT, *other])
    assert [fault.split(":")[0] for fault in told] == ["production", "local", "local"]
    assert "CKV_K8S_22 (read-only root): Deployment.hoeksteen.intake" in told[2]


def test_an_explanation_of_nothing_is_told() -> None:
    """What was repaired needs no excuse any more."""
    assert unexplained(MEANT[:-1]) == ["checkov.yaml: CKV_DOCKER_7 for image explains nothing"]
