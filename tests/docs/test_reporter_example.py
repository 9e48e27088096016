"""docs/graphql.md: a reporter's way with the Python client does what the page says."""

from __future__ import annotations

import asyncio
import contextlib
import io
import re
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

from hoeksteen_client import AdviserKey
from shared.contracts import rpc
from tests.gateway_lab import ORGANISATION, REPORTER, running_gateway

TEXT = (Path(__file__).parents[2] / "docs" / "graphql.md").read_text()


async def test_the_example_runs_from_the_code_to_the_answer(tmp_path: Path) -> None:
    """As it stands on the page it opens a case, comes back, reads its own words, and answers."""
    (example,) = re.findall(r"```python reporter\n(.*?)```", TEXT, re.DOTALL)
    anna = AdviserKey.generate()
    said: list[rpc.Message] = []
    opened: list[UUID] = []

    def open_case(request: rpc.OpenCase) -> rpc.Done:
        opened.append(UUID(request.case_id))
        said.append(rpc.Message(sender="reporter", week="2026-W48", sealed=request.words))
        return rpc.Done(id=request.case_id, position=1)

    def send_message(request: rpc.SendMessage) -> rpc.Done:
        said.append(rpc.Message(sender="reporter", week="2026-W49", sealed=request.words))
        return rpc.Done(id=request.case_id, position=2)

    adviser = rpc.Adviser(id="anna", name="Anna", key_id=str(anna.key_id), public_key=anna.public)
    async with running_gateway(tmp_path) as lab:
        lab.neighbours.answers |= {
            "intake.organisation": rpc.Organisation(
                id=str(ORGANISATION),
                name="Proefbedrijf",
                language="nl",
                token="t0",
                units=(),
                advisers=(adviser,),
                release=rpc.ReleasePolicy(
                    policy="exact", dimension="category", k=5, works_council_on=date(2025, 1, 20)
                ),
            ),
            "intake.open_reporter_session": lambda _: rpc.ReporterSession(
                token=REPORTER, seconds=900
            ),
            "intake.open_case": open_case,
            "intake.send_message": send_message,
            "intake.my_case": lambda _: rpc.MyCase(
                id=str(opened[0]),
                status="open",
                adviser_id="anna",
                messages=tuple(said),
                in_log_since=None,
            ),
        }
        printed = io.StringIO()
        async with lab.listening() as address:
            given: dict[str, Any] = {"url": f"{address}/graphql", "organisation": ORGANISATION}
            with contextlib.redirect_stdout(printed):
                await asyncio.to_thread(exec, example, given)
        asked = [one.verb for one in lab.neighbours.asked]

    words, read = printed.getvalue().splitlines()
    assert 12 == len(words.split())
    assert "2026-W48 REPORTER Wat er gebeurde, in eigen woorden." == read
    assert [
        "intake.organisation",
        "intake.open_case",
        "intake.my_case",
        "intake.send_message",
    ] == asked
    last = next(one for one in said[-1].sealed if one.key_id == str(anna.key_id))
    assert "Daarna werd het erger." == anna.open(
        last.ciphertext, organisation=ORGANISATION, case=opened[0]
    )
