"""The rendered overlay, and the secrets of an installation that lives for a test."""

from __future__ import annotations

import copy
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.custom import made_secrets
from tests.deploy.manifests import (
    CHECKOUT,
    LOCAL,
    PRODUCTION,
    SECRETS,
    Document,
    kubectl,
    render,
)


def _render(folder: Path) -> list[Document]:
    if kubectl() is None:
        pytest.skip("kubectl 1.21 or newer is needed: https://kubernetes.io/docs/tasks/tools/")
    return render(folder)


@pytest.fixture(scope="session")
def _rendered() -> list[Document]:
    return _render(LOCAL)


@pytest.fixture(scope="session")
def _rendered_production() -> list[Document]:
    return _render(PRODUCTION)


@pytest.fixture
def local(_rendered: list[Document]) -> list[Document]:
    """The documents of overlays/local; a copy, so that a test may plant a fault in it."""
    return copy.deepcopy(_rendered)


@pytest.fixture
def production(_rendered_production: list[Document]) -> list[Document]:
    """The documents of overlays/production; a copy too."""
    return copy.deepcopy(_rendered_production)


@pytest.fixture
def production_secrets(production: list[Document]) -> list[Document]:
    """The Secrets that the operators make of what overlays/production asks for."""
    return made_secrets(production)


@pytest.fixture(scope="session")
def secret_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which deploy/secrets/make.py has made everything."""
    folder = tmp_path_factory.mktemp("secrets")
    subprocess.run(
        [sys.executable, SECRETS / "make.py", "--into", folder],
        check=True,
        capture_output=True,
        cwd=CHECKOUT,
    )
    (folder / "jwks.json").write_text('{"keys": []}')
    return folder


@pytest.fixture(scope="session")
def secrets(_rendered: list[Document], secret_files: Path) -> list[Document]:
    """The documents of deploy/secrets."""
    kustomization = secret_files / "kustomization.yaml"
    kustomization.write_bytes((SECRETS / "kustomization.yaml").read_bytes())
    return render(secret_files)
