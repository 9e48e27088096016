"""Faults that are planted into rendered manifests, to see that a policy finds each."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.manifests import Document, one

Fault = Callable[[Any], object]
"""Changes the documents that it is given."""

VALIDATE = Path(sys.executable).with_name("kubernetes-validate")


def planted(*cases: tuple[Fault, str]) -> pytest.MarkDecorator:
    """A test for each planted fault, named after the words that must be told of it."""
    return pytest.mark.parametrize(
        ("plant", "told_as"), [pytest.param(*case, id=case[1]) for case in cases]
    )


def container(documents: list[Document], name: str, owner: str = "Deployment") -> Any:
    """The container of a workload that has one."""
    return one(documents, owner, name)["spec"]["template"]["spec"]["containers"][0]


def pod(documents: list[Document], name: str, owner: str = "Deployment") -> Any:
    """The pod of a workload."""
    return one(documents, owner, name)["spec"]["template"]["spec"]


def variable(documents: list[Document], name: str, setting: str) -> Any:
    """A variable of a service's environment."""
    (found,) = (each for each in container(documents, name)["env"] if each["name"] == setting)
    return found


def policy(documents: list[Document], name: str) -> Any:
    """The spec of a network policy."""
    return one(documents, "NetworkPolicy", name)["spec"]


def spec(documents: list[Document], kind: str, name: str) -> Any:
    """The spec of a resource."""
    return one(documents, kind, name)["spec"]


def validate(documents: list[Document], folder: Path) -> tuple[int, str]:
    """Exit status and words of `kubernetes-validate --strict`."""
    file = folder / "manifests.yaml"
    file.write_text(yaml.safe_dump_all(documents))
    answer = subprocess.run(
        [VALIDATE, "--strict", file], capture_output=True, text=True, check=False
    )
    return answer.returncode, answer.stdout + answer.stderr
