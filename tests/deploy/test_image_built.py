"""One image built, looked into and started, where buildah is; `make image` does all five."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from bench.image import make_base, trial
from tests.deploy.manifests import CHECKOUT

MISSING = [name for name in ("buildah", "mmdebstrap") if shutil.which(name) is None]
if os.geteuid() != 0:
    MISSING.append("root")


@pytest.mark.skipif(bool(MISSING), reason=f"an image is not built without {', '.join(MISSING)}")
def test_an_image_is_built_and_answers_as_nobody_in_particular(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two builds are one; it runs as 65532, holds no other service's code, and its probes are answered."""
    subprocess.run([shutil.which("make") or "make", ".venv/.ready-image"], check=True, cwd=CHECKOUT)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    try:
        base = make_base()
    except subprocess.CalledProcessError:
        pytest.skip("Debian's packages cannot be had here")
    figures = trial(("intake",), base, tmp_path)
    assert 3 == len(figures)
    assert [] == [one.name for one in figures if not one.holds], capfd.readouterr().out
    assert (tmp_path / "intake.cdx.json").exists()
