"""Traces from the span files of a home: each file is one program's, a trace lies in several."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Final

import msgspec

LARGEST_TAIL: Final = 8 * 1024 * 1024
"""So many bytes from the end of each file are looked at: some thirty thousand spans."""

MOST_TRACES: Final = 200


class Line(msgspec.Struct, frozen=True):
    """A line of a span file (shared/telemetry/spans.py): ids in hexadecimal, times in nanoseconds."""

    name: str
    service: str
    trace: str
    span: str
    parent: str | None
    kind: str
    status: str
    start: int
    end: int
    attributes: dict[str, str | int | float | bool]


class Bar(msgspec.Struct, frozen=True):
    """A span where it is drawn: `depth` from 0, times in microseconds, `at` since the trace began."""

    name: str
    service: str
    kind: str
    failed: bool
    depth: int
    at: float
    took: float
    attributes: dict[str, str | int | float | bool]


class Trace(msgspec.Struct, frozen=True):
    """A question and all that came of it. `began` in milliseconds since 1970; `took` in microseconds."""

    id: str
    began: int
    took: float
    bars: list[Bar]


def traces(folder: Path, most: int = MOST_TRACES) -> list[Trace]:
    """The newest traces in the span files of `folder`, newest first. What is no line of a span is passed
    over: a program may be writing it.
    """
    found: dict[str, list[Line]] = defaultdict(list)
    for path in sorted(folder.glob("*-spans.jsonl")):
        for line in _lines(path):
            found[line.trace].append(line)
    newest = sorted(found.items(), key=lambda item: min(line.start for line in item[1]))
    return [_trace(name, lines) for name, lines in reversed(newest[-most:])]


def _lines(path: Path) -> list[Line]:
    with path.open("rb") as file:
        length = file.seek(0, 2)
        file.seek(max(0, length - LARGEST_TAIL))
        texts = file.read().split(b"\n")
    lines = []
    for text in texts:
        try:
            lines.append(_DECODER.decode(text))
        except msgspec.DecodeError:
            continue
    return lines


_DECODER = msgspec.json.Decoder(Line)


def _trace(name: str, lines: list[Line]) -> Trace:
    lines.sort(key=lambda line: line.start)
    began, ended = lines[0].start, max(line.end for line in lines)
    children: dict[str | None, list[Line]] = defaultdict(list)
    known = {line.span for line in lines}
    for line in lines:
        # One whose parent is not here, because a file was cut or has none, stands at the edge.
        children[line.parent if line.parent in known else None].append(line)
    bars: list[Bar] = []
    waiting = [(line, 0) for line in reversed(children[None])]
    while waiting:
        line, depth = waiting.pop()
        bars.append(
            Bar(
                name=line.name,
                service=line.service,
                kind=line.kind,
                failed=line.status == "error",
                depth=depth,
                at=(line.start - began) / 1000,
                took=(line.end - line.start) / 1000,
                attributes=line.attributes,
            )
        )
        waiting += [(child, depth + 1) for child in reversed(children.pop(line.span, []))]
    return Trace(id=name, began=began // 1_000_000, took=(ended - began) / 1000, bars=bars)
