"""The TypeScript client's whole way at a running gateway: a reporter, an adviser, files, a refusal."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable

import pytest

from tests.contract.test_typescript import PACKAGE, node
from tests.system.people import Organisation

STORY = "Het ging weer mis — é ☂"


@pytest.fixture
def walked(found: Callable[..., Organisation]) -> dict[str, object]:
    """What both were told, with Bram as the adviser."""
    organisation = found()
    told = {
        "url": organisation.installation.gateway_url,
        "organisation": str(organisation.id),
        "adviserId": "bram",
        "adviserToken": organisation.sign_in("bram", "adviser").token,
    }
    walk = subprocess.run(
        node("dist/test/walk.js"),
        cwd=PACKAGE,
        input=json.dumps(told) + "\n",
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert walk.returncode == 0, walk.stderr
    answer: dict[str, object] = json.loads(walk.stdout)
    return answer


def test_a_reporter_and_an_adviser_understand_each_other(walked: dict[str, object]) -> None:
    """Words and files arrive, whole and with whose they are; a second key took the first one's place;
    what a closed case refuses is told in the person's language; another code sees nothing.
    """
    assert [STORY] == walked["opened"]
    assert walked["fetched"]
    assert [
        ["REPORTER", STORY, True, None],
        ["REPORTER", None, True, None],
        ["ADVISER", "Dank u.", True, "bram"],
        ["ADVISER", None, True, "bram"],
    ] == walked["said"]
    assert "folder" == walked["theirs"]
    assert [
        "sendMessage",
        "Conflict",
        "CASE_CLOSED",
        "Deze zaak is gesloten; er kan niets meer aan worden toegevoegd.",
    ] == walked["late"]
    assert walked["stranger"] is None
    assert "CLOSED" == walked["status"]
