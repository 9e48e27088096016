"""The TypeScript client's whole way at a running gateway: a reporter, an adviser, files, a refusal."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx2

from tests.contract.test_typescript import PACKAGE, node
from tests.system.people import Organisation, until

Found = Callable[..., Organisation]

STORY = "Het ging weer mis — é ☂"


def walked(
    organisation: Organisation, script: str, *flags: str, remembered: Any = None
) -> dict[str, Any]:
    """What a script of the client's tests was told, with Bram as the adviser."""
    told = {
        "remembered": remembered,
        "url": organisation.installation.gateway_url,
        "organisation": str(organisation.id),
        "adviserId": "bram",
        "adviserToken": organisation.sign_in("bram", "adviser").token,
    }
    walk = subprocess.run(
        node(*flags, f"dist/test/{script}.js"),
        cwd=PACKAGE,
        input=json.dumps(told) + "\n",
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert walk.returncode == 0, walk.stderr
    answer: dict[str, Any] = json.loads(walk.stdout)
    return answer


def test_a_reporter_and_an_adviser_understand_each_other(found: Found) -> None:
    """Words and files arrive, whole and with whose they are; a second key took the first one's place;
    what a closed case refuses is told in the person's language; another code sees nothing.
    """
    told = walked(found(), "walk")

    assert [STORY] == told["opened"]
    assert told["fetched"]
    assert [
        ["REPORTER", STORY, True, None],
        ["REPORTER", None, True, None],
        ["ADVISER", "Dank u.", True, "bram"],
        ["ADVISER", None, True, "bram"],
    ] == told["said"]
    assert "folder" == told["theirs"]
    assert [
        "sendMessage",
        "Conflict",
        "CASE_CLOSED",
        "Deze zaak is gesloten; er kan niets meer aan worden toegevoegd.",
    ] == told["late"]
    assert told["stranger"] is None
    assert "CLOSED" == told["status"]


def test_what_changes_is_told_over_a_line_that_breaks(found: Found) -> None:
    """Over WebSocket and server-sent events: a token that is refused is replaced, a line that is cut is
    opened again and begins with the present state; who cannot sign in is told so.
    """
    told = walked(found(), "live", "--experimental-websocket")

    assert [None, "over"] == told["asked"][:2]
    assert ["een"] == told["first"]
    assert ["een", "twee", "drie"] == told["last"]
    assert told["lines"] == 2
    assert [3, 4] == told["said"]
    assert [True, True] == told["failures"]
    assert told["tasks"]
    assert "INVALID_DOCUMENT" == told["wrong"]


def test_a_log_is_proven_in_the_client(found: Found) -> None:
    """What publishes a key is in the log, under a signed checkpoint that goes on from the last visit's;
    an entry or a memory that is another is refused, and so is another log.
    """
    organisation = found()

    def live_a_day() -> None:
        organisation.installation.move_clock(organisation.installation.now() + timedelta(days=1))

    def signed(service: str) -> int:
        """The size under the newest checkpoint, as anybody reads it: the gateway believes one for seconds."""
        gateway = organisation.installation.gateway_url.removesuffix("/graphql")
        found = httpx2.get(f"{gateway}/ledger/{service}/{organisation.id}/checkpoint")
        return int(found.text.split("\n")[1]) if found.is_success else 0

    def covered() -> bool:
        entries = organisation.adviser.ask("{ keyLog { entries { index } } }")["entries"]
        return all(one["index"] < signed("intake") for one in entries)

    live_a_day()
    until(covered)
    until(lambda: signed("signals") > 0)  # perhaps a moment after intake's
    first = walked(organisation, "proof")
    walked(organisation, "walk")  # Bram publishes two keys
    live_a_day()
    until(covered)
    second = walked(organisation, "proof", remembered=first["next"])

    assert [1, 3] == [first["proven"], second["proven"]]
    assert first["next"]["size"] < second["next"]["size"]
    assert first["next"]["vkeys"] == second["next"]["vkeys"]
    assert second["refused"] == [
        "ProofError",
        "ProofError",
        "LogContradicted",
        "LogContradicted",
        "NoteError",
        "LogUnreachable",
    ]
