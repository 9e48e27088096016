"""The picture and the table of docs/attacks.md, made of the results of a full run.

    python -m bench.anonymity.picture [RESULTS]

writes docs/pictures/anonymity-attacks.json (the results), .svg and .nl.svg beside it, and the table.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from shared.contracts.errors import Language

PICTURE: Final = Path("docs/pictures/anonymity-attacks")
PAGE: Final = Path("docs/attacks.md")

Kind = Literal["control", "ours"]

_COLOURS: Final[dict[Kind, str]] = {"control": "#c2571a", "ours": "#1f5f8b"}
_LEFT, _WIDE, _HIGH = 330, 400, 20
_WIDTH = _LEFT + _WIDE + 90


@dataclass(frozen=True, slots=True)
class _Bar:
    """A result by the beginning of its name, and what people read beside its bar."""

    result: str
    kind: Kind
    en: str
    nl: str


@dataclass(frozen=True, slots=True)
class _Panel:
    """Bars on one scale. `line` is a bound that is drawn through them, `unit` follows each figure."""

    en: str
    nl: str
    most: float
    unit: str
    line: float | None
    bars: tuple[_Bar, ...]


_PANELS: Final = (
    _Panel(
        "Computing small counts back from all tables (of 100 small counts)",
        "Kleine aantallen terugrekenen uit alle tabellen (van 100 kleine aantallen)",
        100,
        " %",
        None,
        (
            _Bar("control, any table", "control", "any table, from 5 on", "elke tabel, vanaf 5"),
            _Bar("noisy: counts computed exactly", "ours", "noisy", "met ruis (noisy)"),
            _Bar("exact: counts computed exactly", "ours", "exact", "exact"),
        ),
    ),
    _Panel(
        "Counting the others by who knows a part of the cases (of 100 cells)",
        "De anderen tellen door wie een deel kent (van 100 cellen)",
        100,
        " %",
        None,
        (
            _Bar(
                "control, no noise, 25", "control", "25 % known, no noise", "25 % bekend, geen ruis"
            ),
            _Bar("noisy, 25 %", "ours", "25 % known, noisy", "25 % bekend, met ruis"),
            _Bar(
                "control, exact, 80",
                "ours",
                "80 % known, exact (not promised)",
                "80 % bekend, exact (niet beloofd)",
            ),
            _Bar("noisy, 80 %", "ours", "80 % known, noisy", "80 % bekend, met ruis"),
        ),
    ),
    _Panel(
        "All other cases are known: is this one there? (of 100 guesses; a coin: 50)",
        "Alle andere zaken zijn bekend: is deze er? (van 100 keer raden; een munt: 50)",
        100,
        " %",
        50,
        (
            _Bar("noisy, all but one known: guessed", "ours", "noisy", "met ruis (noisy)"),
            _Bar(
                "noisy, all but one known: at the surest",
                "ours",
                "noisy, at the surest",
                "met ruis, hoogstens",
            ),
        ),
    ),
    _Panel(
        "Who was away that day? (right one of 50 colleagues, of 100 guesses)",
        "Wie was er die dag niet? (de juiste van 50 collega's, van 100 keer raden)",
        100,
        " %",
        None,
        (
            _Bar(
                "control, told on the same day",
                "control",
                "told the same day",
                "dezelfde dag verteld",
            ),
            _Bar("told by the quarter", "ours", "told by the quarter", "per kwartaal verteld"),
            _Bar("told by the half-year", "ours", "told by the half-year", "per halfjaar verteld"),
        ),
    ),
    _Panel(
        "Audit: what one case surely spends (ε; promised: at most 2)",
        "Keuring: wat één zaak zeker uitgeeft (ε; beloofd: hoogstens 2)",
        6.5,
        "",
        2,
        (
            _Bar("audit in process: ε", "ours", "the program", "het programma"),
            _Bar(
                "audit through PostgreSQL and NATS: ε",
                "ours",
                "the running service",
                "de draaiende dienst",
            ),
            _Bar("planted, second", "control", "second draw per role", "tweede trekking per rol"),
            _Bar("planted, clipped", "control", "clipped noise", "afgeknipte ruis"),
            _Bar(
                "planted, threshold",
                "control",
                "threshold on the true count",
                "drempel op het echte aantal",
            ),
            _Bar("planted, exact", "control", "exact margin", "exact randtotaal"),
        ),
    ),
)

_TEXTS: Final[dict[str, dict[Language, str]]] = {
    "title": {
        "en": "What attackers found",
        "nl": "Wat aanvallers vonden",
    },
    "control": {
        "en": "without our rules, or with a planted mistake: there the attacker must succeed",
        "nl": "zonder onze regels, of met een ingebouwde fout: daar moet de aanvaller slagen",
    },
    "ours": {"en": "what Hoeksteen releases", "nl": "wat Hoeksteen vrijgeeft"},
}


def draw(results: Sequence[Mapping[str, Any]], language: Language) -> str:
    """An SVG document with the figures in text; a description of it is inside, for who cannot see.

    Raises KeyError for results that miss one of its bars.
    """
    parts: list[str] = []
    told: list[str] = []
    y = 58
    for kind in ("ours", "control"):
        parts.append(
            f'<rect x="20" y="{y - 11}" width="14" height="12" fill="{_COLOURS[kind]}"/>'
            f'<text x="42" y="{y}">{escape(_TEXTS[kind][language])}</text>'
        )
        y += 20
    for panel in _PANELS:
        y += 30
        heading = panel.en if language == "en" else panel.nl
        parts.append(f'<text x="20" y="{y}" font-weight="bold">{escape(heading)}</text>')
        said = []
        if panel.line is not None:
            x, bottom = (
                _LEFT + _WIDE * panel.line / panel.most,
                y + 6 + len(panel.bars) * (_HIGH + 6),
            )
            parts.append(
                f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{y + 8}" y2="{bottom}" stroke="#222" '
                'stroke-dasharray="4 3"/>'
            )
        for bar in panel.bars:
            y += _HIGH + 6
            value = _value(results, bar.result)
            label = bar.en if language == "en" else bar.nl
            length = max(1.0, _WIDE * min(value / panel.most, 1))
            figure = _number(value, language) + panel.unit
            parts.append(
                f'<text x="{_LEFT - 10}" y="{y}" text-anchor="end">{escape(label)}</text>'
                f'<rect x="{_LEFT}" y="{y - 14}" width="{length:.1f}" height="{_HIGH - 2}" '
                f'fill="{_COLOURS[bar.kind]}" fill-opacity="0.85"/>'
                f'<text x="{_LEFT + length + 6:.1f}" y="{y}" paint-order="stroke" stroke="#fff" '
                f'stroke-width="4">{figure}</text>'
            )
            said.append(f"{label}: {figure}")
        told.append(f"{heading}: {'; '.join(said)}.")
    title = escape(_TEXTS["title"][language])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" lang="{language}" '
        f'viewBox="0 0 {_WIDTH} {y + 24}" width="{_WIDTH}" height="{y + 24}" '
        'font-family="sans-serif" font-size="13" fill="#222">\n'
        f"<title>{title}</title>\n<desc>{escape(' '.join(told))}</desc>\n"
        f'<rect width="100%" height="100%" fill="#fff"/>\n'
        f'<text x="20" y="30" font-size="17" font-weight="bold">{title}</text>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def _value(results: Sequence[Mapping[str, Any]], begins: str) -> float:
    found = [float(one["value"]) for one in results if one["name"].startswith(begins)]
    if not found:
        raise KeyError(begins)
    return found[0]


def _number(value: float, language: Language) -> str:
    text = f"{value:.3g}"
    return text.replace(".", ",") if language == "nl" else text


def table(results: Sequence[Mapping[str, Any]]) -> str:
    """The results in Markdown, as they are printed."""
    rows = [
        f"| {one['name']} | {one['value']:g} {one['unit']} | "
        f"{'≥' if one['better'] == 'higher' else '≤'} {one['bound']:g} |"
        for one in results
    ]
    return "\n".join([*_HEAD, *rows])


_HEAD: Final = ("| attack | value | bound |", "|---|---|---|")


def page(text: str, results: Sequence[Mapping[str, Any]]) -> str:
    """The page with the table of these results in place of the one that it has."""
    before, _, rest = text.partition(_HEAD[0])
    _, _, after = rest.partition("\n\n")
    return f"{before}{table(results)}\n\n{after}"


def files(results: Sequence[Mapping[str, Any]]) -> Iterator[tuple[Path, str]]:
    """Each file and what is in it."""
    yield PICTURE.with_suffix(".json"), json.dumps(results, indent=1, ensure_ascii=False) + "\n"
    yield PICTURE.with_suffix(".svg"), draw(results, "en")
    yield PICTURE.with_suffix(".nl.svg"), draw(results, "nl")
    yield PAGE, page(PAGE.read_text(encoding="utf-8"), results)


def main() -> None:
    """Of the file that is named, or of the last run."""
    name = sys.argv[1] if sys.argv[1:] else "var/results/attack-anonymity.json"
    results = json.loads(Path(name).read_text(encoding="utf-8"))
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    for path, text in files(results):
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
