"""The page of `make traces`: what it makes of span files, and to whom it answers."""

from __future__ import annotations

from pathlib import Path

import httpx2
import pytest

from shared.local.traces.reading import traces
from shared.local.traces.serving import application
from shared.telemetry import configure


def told(folder: Path) -> None:
    """A question that went through two programs, and one that failed."""
    gateway = configure("gateway", spans_path=folder / "gateway-spans.jsonl")
    reporting = configure("reporting", spans_path=folder / "reporting-spans.jsonl")
    with (
        gateway.span("graphql.operation", role="hr") as operation,
        gateway.span("ask", verb="reporting.reports"),
    ):
        parent = gateway.traceparent()
        with (
            reporting.span("verb", traceparent=parent, verb="reporting.reports"),
            reporting.whole(),
        ):
            with reporting.part("database"):
                pass
            with reporting.part("append"):
                pass
        operation.set_attribute("status", "ok")
    with pytest.raises(ZeroDivisionError), gateway.span("report.file"):
        raise ZeroDivisionError
    gateway.shutdown()
    reporting.shutdown()


def test_a_trace_is_put_together_from_all_files(tmp_path: Path) -> None:
    """Newest first; each span under the one that it belongs to, in the order of time; a fault is marked."""
    told(tmp_path)
    failed, asked = traces(tmp_path)

    assert [
        ("gateway", "graphql.operation", 0),
        ("gateway", "ask", 1),
        ("reporting", "verb", 2),
        ("reporting", "database", 3),
        ("reporting", "append", 3),
    ] == [(bar.service, bar.name, bar.depth) for bar in asked.bars]
    assert {"role": "hr", "status": "ok"} == asked.bars[0].attributes
    assert (0.0, asked.took) == (asked.bars[0].at, asked.bars[0].took)
    assert all(0 <= bar.at <= bar.at + bar.took <= asked.took + 0.001 for bar in asked.bars)
    assert [True] == [bar.failed for bar in failed.bars]
    assert [failed] == traces(tmp_path, most=1)


def test_what_is_no_span_is_passed_over(tmp_path: Path) -> None:
    """A line that is being written, one that was cut, and one of somebody else's."""
    told(tmp_path)
    file = tmp_path / "gateway-spans.jsonl"
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b'"cut\n[1]\n\n' + b"".join(lines) + lines[0][:40])
    # Without the gateway's words the service's stand at the edge.
    assert 2 == len(traces(tmp_path))
    file.unlink()
    (alone,) = traces(tmp_path)
    assert ("verb", 0) == (alone.bars[0].name, alone.bars[0].depth)
    assert [] == traces(tmp_path / "empty")


async def test_the_page_is_for_this_machine(tmp_path: Path) -> None:
    """Everything that it loads is its own; who asks under another name, as a page of elsewhere would whose
    name was made to mean this machine, is told nothing.
    """
    told(tmp_path)
    page = httpx2.ASGITransport(application(tmp_path, 8005))
    async with httpx2.AsyncClient(transport=page) as http:
        answers = {
            path: await http.get(f"http://127.0.0.1:8005{path}")
            for path in ("/", "/page.js", "/page.css", "/traces.json", "/../home.py", "/reading.py")
        }
        others = [
            (await http.get(f"http://{name}/traces.json")).status_code
            for name in ("evil.example:8005", "127.0.0.1", "127.0.0.1:8000")
        ]
    statuses = {path: answer.status_code for path, answer in answers.items()}

    assert {200} == {statuses[path] for path in ("/", "/page.js", "/page.css", "/traces.json")}
    assert {404} == {statuses[path] for path in ("/../home.py", "/reading.py")}
    assert [403, 403, 403] == others
    assert "default-src 'none'" in answers["/"].headers["content-security-policy"]
    assert ["graphql.operation", "report.file"] == sorted(
        trace["bars"][0]["name"] for trace in answers["/traces.json"].json()
    )
    for path in ("/", "/page.js", "/page.css"):
        assert "://" not in answers[path].text
