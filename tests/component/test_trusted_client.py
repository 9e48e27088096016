"""The TypeScript client against a gateway that runs trusted documents alone: the manifests that were built
with it, and one typed operation of each role.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from services.gateway.documents import DocumentRules
from shared.contracts import rpc
from shared.contracts.errors import Code
from shared.identity.roles import Role
from tests.contract.test_typescript import PACKAGE, node
from tests.gateway_lab import ORGANISATION, REPORTER, running_gateway

ONLY_TRUSTED = DocumentRules(
    folder=PACKAGE / "dist/documents", free=frozenset(), anonymous_introspection=False
)


async def test_each_role_runs_what_was_released_with_the_client(tmp_path: Path) -> None:
    """By hash, over HTTP, WebSocket and server-sent events; a text that was never released is refused."""
    command = node("--experimental-websocket", "dist/test/trusted.js")
    async with running_gateway(tmp_path, graphiql=False, rules=ONLY_TRUSTED) as lab:
        summary = rpc.ReportSummary(id="r1", period="2026-H1", status="published", version=1)
        lab.neighbours.answers |= {
            "intake.my_tasks": rpc.Tasks(items=()),
            "intake.decide_retention": rpc.Done(id=str(ORGANISATION), position=1),
            "intake.ledger_memories": rpc.LedgerMemories(
                memories=(rpc.LedgerMemory(name="n", size=1, root=b"r", evidence=False),)
            ),
            "reporting.reports": rpc.Reports(items=(summary,)),
            "intake.complaints": rpc.Complaints(items=(), end_cursor=None, has_next=False),
            "intake.erasures": rpc.Erasures(items=()),
            "signals.pulses": rpc.Pulses(items=()),
            "signals.statistics": rpc.Statistics(releases=()),
            "signals.signals": rpc.Signals(items=()),
            "intake.whistleblower_reports": rpc.WhistleblowerReports(items=()),
            "intake.open_reporter_session": rpc.ReporterSession(token=REPORTER, seconds=900),
        }
        tokens = {role.value: lab.token(role) for role in Role} | {
            "reporter": f"reporter.{ORGANISATION}"
        }
        async with lab.listening() as origin:
            client = await asyncio.create_subprocess_exec(
                *command,
                cwd=PACKAGE,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
            told = {"url": f"{origin}/graphql", "organisation": str(ORGANISATION), "tokens": tokens}
            line = f"{json.dumps(told)}\n".encode()
            out, err = await asyncio.wait_for(client.communicate(line), 60)
    assert 0 == client.returncode, err.decode()
    answer = json.loads(out)
    assert {
        "admin": str(ORGANISATION),
        "adviser": 0,
        "auditor": ["INTAKE"],
        "board": ["PUBLISHED"],
        "complaints_officer": 0,
        "coordinator": 0,
        "employee": 0,
        "hr": 0,
        "integration": 0,
        "manager": 0,
        "report_officer": 0,
        "reporter": 900,
        "works_council": "number",
    } == answer["told"]
    assert {role.value for role in Role} == answer["told"].keys()
    assert {"websocket": ["2026-H1"], "sse": ["2026-H1"]} == answer["live"]
    assert Code.UNKNOWN_DOCUMENT == answer["refused"]
