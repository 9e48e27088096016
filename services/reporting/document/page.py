"""A report as one HTML page that needs nothing else: no script, no address, its own look.

It says to the browser itself that nothing may be loaded or run, and that no other style than its own
holds (Content Security Policy), so that it is as safe from a disk as from a server.
"""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from typing import TYPE_CHECKING, Final

from services.reporting.document.edition import (
    FOLDER,
    Chapter,
    Chart,
    Edition,
    EntriesBlock,
    FiguresBlock,
    Head,
    Line,
    ParagraphsBlock,
    TableBlock,
    Value,
    edition,
)
from services.reporting.document.markup import clean, escaped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from services.reporting.document.charts import Bar, Point
    from services.reporting.document.numbers import Language
    from shared.contracts.report import Audience, Snapshot

# A plot in its own units: its width and height, and the space around what is drawn.
_WIDTH, _HEIGHT = 320, 124
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 8, 8, 22
_WHOLE: Final = 10_000
_SHORT: Final = 20
"""Words in place of a figure that are no longer than this stand in its line."""


def page(snapshot: Snapshot, audience: Audience, language: Language) -> bytes:
    """The report for these readers, in UTF-8."""
    of = edition(snapshot, audience, language, clean)
    return "".join(_Page(of).parts()).encode()


def policy() -> str:
    """The Content Security Policy under which every page works."""
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


@cache
def _style() -> str:
    colours = json.loads((FOLDER / "colours.json").read_text(encoding="utf-8"))
    light, dark = (
        "".join(f"--{name}:{colour};" for name, colour in colours[scheme].items())
        for scheme in ("light", "dark")
    )
    css = (FOLDER / "page.css").read_text(encoding="utf-8")
    schemes = f"@media screen and (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}"
    return f":root {{ {light} }}\n{schemes}\n{css}"


def _paragraphs(of: Iterable[Sequence[str]], spoken: Language | None = None) -> Iterator[str]:
    """Paragraphs of lines, in that language where it is not the page's."""
    start = "<p>" if spoken is None else f'<p lang="{spoken}">'
    for lines in of:
        yield f"{start}{'<br>'.join(escaped(line) for line in lines)}</p>\n"


def _pairs(of: Iterable[tuple[str, str]], kind: str) -> str:
    rows = "".join(f"<dt>{escaped(name)}</dt><dd>{escaped(value)}</dd>\n" for name, value in of)
    return f'<dl class="{kind}">\n{rows}</dl>\n'


def _under(sentences: Iterable[str]) -> str:
    text = " ".join(escaped(one) for one in sentences)
    return f'<p class="under">{text}</p>\n' if text else ""


class _Page:
    def __init__(self, of: Edition) -> None:
        self._of = of
        self._say = {key: escaped(text) for key, text in of.say.items()}
        self._spoken = None if of.spoken == of.language else of.spoken
        self._names = 0

    def parts(self) -> Iterator[str]:
        of, say = self._of, self._say
        title = escaped(f"{of.title}, {of.organisation}, {of.period}")
        yield (
            f'<!doctype html>\n<html lang="{of.language}">\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f'<meta http-equiv="Content-Security-Policy" content="{escaped(policy())}">\n'
            '<meta name="referrer" content="no-referrer">\n'
            f'<meta name="author" content="{escaped(of.author)}">\n'
            f"<title>{title}</title>\n<style>{_style()}</style>\n</head>\n<body>\n"
            f'<a class="skip" href="#contents">{say["skip"]}</a>\n<header>\n{_CORNER}'
            f"<h1>{escaped(of.title)}</h1>\n"
            f'<p class="organisation">{escaped(of.organisation)}</p>\n'
            f'<p class="period">{escaped(of.period)}</p>\n'
        )
        if of.changes:
            yield f'<div class="changes">\n<h2>{say["changes"]}</h2>\n'
            yield from _paragraphs(of.changes, self._spoken)
            yield "</div>\n"
        yield _pairs(of.about[:6], "about")
        yield f'</header>\n<nav aria-labelledby="contents">\n<h2 id="contents">{say["contents"]}</h2>\n<ol>\n'
        for chapter in of.chapters:
            yield f'<li><a href="#{escaped(chapter.code)}">{escaped(chapter.title)}</a></li>\n'
        yield "</ol>\n</nav>\n<main>\n"
        for chapter in of.chapters:
            yield from self._chapter(chapter)
        yield f"</main>\n<footer>\n<h2>{say['about']}</h2>\n"
        yield _pairs(of.about, "about")
        yield f'<p class="under">{say["about_note"]}</p>\n</footer>\n</body>\n</html>\n'

    def _name(self) -> str:
        """An id that nothing else on the page has."""
        self._names += 1
        return f"n-{self._names}"

    def _chapter(self, of: Chapter) -> Iterator[str]:
        code = escaped(of.code)
        yield f'<section aria-labelledby="{code}">\n<h2 id="{code}">{escaped(of.title)}</h2>\n'
        for block in of.blocks:
            match block:
                case FiguresBlock():
                    yield from self._figures(block)
                case TableBlock():
                    yield from self._table(block)
                case ParagraphsBlock():
                    yield from _paragraphs((sentence,) for sentence in block.items)
                case EntriesBlock():
                    yield from self._entries(block)
        if of.words:
            name = self._name()
            yield f'<section class="words" aria-labelledby="{name}">\n'
            yield f'<h3 id="{name}">{self._say["words"]}</h3>\n'
            yield from _paragraphs(of.words, self._spoken)
            yield "</section>\n"
        yield "</section>\n"

    def _figures(self, of: FiguresBlock) -> Iterator[str]:
        yield '<dl class="key">\n'
        for item in of.items:
            value = item.value
            hidden = "" if value.kind in {"shown", "said"} else " hidden"
            text = f'<span class="value {value.kind}{hidden}">{escaped(value.text)}</span>'
            if value.margin:
                text += f' <span class="m">{escaped(value.margin)}</span>'
            if item.unit:
                text += f' <span class="unit">{escaped(item.unit)}</span>'
            note = "" if item.note is None else f'<dd class="note">{escaped(item.note)}</dd>'
            yield f"<div><dt>{escaped(item.label)}</dt><dd>{text}</dd>{note}</div>\n"
        yield f"</dl>\n{_under(of.legend)}"

    def _entries(self, of: EntriesBlock) -> Iterator[str]:
        for item in of.items:
            yield f"<article>\n<h3>{escaped(item.title)}</h3>\n"
            yield from _paragraphs(item.text)
            if item.facts:
                yield _pairs(item.facts, "facts")
            yield "</article>\n"

    def _table(self, of: TableBlock) -> Iterator[str]:
        if of.chart is not None:
            yield from self._chart(of.chart)
        name = self._name()
        # A wide table scrolls in its own frame, by keyboard too.
        yield f'<div class="wide" role="region" aria-labelledby="{name}" tabindex="0">\n'
        yield '<table class="bars">\n' if of.bars else "<table>\n"
        yield f'<caption id="{name}"><span>{escaped(of.title)}</span></caption>\n'
        heads = "".join(
            _head(head, across=2 if of.bars and at == 0 else 1)
            for at, head in enumerate(of.columns)
        )
        yield f"<thead>\n<tr><td>{escaped(of.corner)}</td>{heads}</tr>\n</thead>\n<tbody>\n"
        margins = [any(row.cells[at].margin for row in of.rows) for at in range(len(of.columns))]
        for row in of.rows:
            yield _row(row, of.columns, margins, bars=of.bars)
        yield "</tbody>\n</table>\n</div>\n"
        yield _under((*filter(None, (of.note,)), *of.legend))

    def _chart(self, of: Chart) -> Iterator[str]:
        one = len(of.labels) == 1
        yield f"<figure>\n<figcaption>{escaped(of.title)}</figcaption>\n"
        yield '<div class="panels one">\n' if one else '<div class="panels">\n'
        for place, label in enumerate(of.labels):
            name = "" if one else f"<p>{escaped(label)}</p>\n"
            yield f"<div>\n{name}{self._plot(of, place)}</div>\n"
        yield f"</div>\n{_under((of.note,))}</figure>\n"

    def _plot(self, of: Chart, place: int) -> str:
        name = self._name()
        drawn = [
            f'<svg class="plot" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img"'
            f' aria-labelledby="{name}-t {name}-d">\n'
            f'<title id="{name}-t">{escaped(f"{of.title}: {of.labels[place]}")}</title>\n'
            f'<desc id="{name}-d">{escaped(of.said[place])}</desc>\n'
        ]
        for tick in of.series.ticks:
            y = _down(tick.y)
            drawn.append(
                f'<path class="grid" d="M{_LEFT} {y}H{_WIDTH - _RIGHT}"/>'
                f'<text x="{_LEFT - 6}" y="{y}" dy="4" text-anchor="end">{escaped(tick.text)}</text>\n'
            )
        drawn += [_run(run) for run in of.series.lines[place].runs]
        drawn.append(f'<path class="base" d="M{_LEFT} {_HEIGHT - _BOTTOM}H{_WIDTH - _RIGHT}"/>')
        below = _HEIGHT - 6
        first, last = escaped(of.columns[0]), escaped(of.columns[-1])
        drawn.append(f'<text x="{_LEFT}" y="{below}">{first}</text>')
        if len(of.columns) > 1:
            drawn.append(f'<text x="{_WIDTH - _RIGHT}" y="{below}" text-anchor="end">{last}</text>')
        return "".join((*drawn, "\n</svg>\n"))


def _head(of: Head, *, across: int) -> str:
    unit = f'<span class="unit">{escaped(of.unit)}</span>' if of.unit else ""
    kind = "n" if of.numbers else "t"
    span = f' colspan="{across}"' if across > 1 else ""
    return f'<th scope="col"{span} class="{kind}">{escaped(of.label)}{unit}</th>'


def _row(of: Line, heads: Sequence[Head], margins: Sequence[bool], *, bars: bool) -> str:
    columns = zip(of.cells, heads, margins, strict=True)
    cells = "".join(_cell(value, head, margin=margin) for value, head, margin in columns)
    bar = f'<td class="b">{_bar(of.bar)}</td>' if bars else ""
    return f'<tr><th scope="row">{escaped(of.label)}</th>{bar}{cells}</tr>\n'


def _cell(of: Value, head: Head, *, margin: bool) -> str:
    """A cell; in a column with margins there is room for one behind every figure."""
    if of.kind == "said":
        kind = "n" if head.numbers and len(of.text) < _SHORT else "t"
        return f'<td class="{kind}">{escaped(of.text)}</td>'
    text = escaped(of.text)
    if of.kind != "shown":
        text = f'<span class="hidden">{text}</span>'
    behind = f' <span class="m">{escaped(of.margin)}</span>' if margin else ""
    return f'<td class="n">{text}{behind}</td>'


def _bar(of: Bar | None) -> str:
    """A bar that says what the number behind it says: nothing for who does not see it."""
    if of is None:
        return ""
    low, high = min(of.zero, of.at), max(of.zero, of.at)
    margin = ""
    if of.low != of.high:
        ends = f"M{of.low} 25V75M{of.high} 25V75"
        margin = f'<path d="M{of.low} 50H{of.high}{ends}"/>'
    return (
        f'<svg class="bar" viewBox="0 0 {_WHOLE} 100" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect x="{low}" y="8" width="{high - low}" height="84"/>{margin}</svg>'
    )


def _run(of: Sequence[Point]) -> str:
    places = [(_across(point.x), _down(point.y)) for point in of]
    drawn = []
    if len(places) > 1:
        line = "L".join(f"{x} {y}" for x, y in places)
        drawn.append(f'<path class="line" d="M{line}"/>')
    for point, (x, y) in zip(of, places, strict=True):
        if point.low != point.high:
            margin = f"M{x} {_down(point.low)}V{_down(point.high)}"
            drawn.append(f'<path class="margin" d="{margin}"/>')
        drawn.append(f'<circle cx="{x}" cy="{y}" r="2.6"/>')
    return "".join(drawn) + "\n"


def _across(place: int) -> str:
    return _tenths(10 * _LEFT + place * (_WIDTH - _LEFT - _RIGHT) // (_WHOLE // 10))


def _down(place: int) -> str:
    return _tenths(10 * _TOP + (_WHOLE - place) * (_HEIGHT - _TOP - _BOTTOM) // (_WHOLE // 10))


def _tenths(number: int) -> str:
    return f"{number // 10}.{number % 10}"


_CORNER: Final = (
    '<svg class="corner" viewBox="0 0 36 36" aria-hidden="true">'
    '<rect class="rest" width="16" height="16"/><rect class="stone" y="20" width="16" height="16"/>'
    '<rect class="rest" x="20" y="20" width="16" height="16"/></svg>\n'
)
