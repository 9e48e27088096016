"""What docs/attacks.md tells of the attacks on the gateway, of a run: `python -m bench.gateway_page`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from bench.anonymity.picture import PAGE

KEPT: Final = Path("docs/pictures/gateway-attacks.json")
"""The results that the page tells."""

_HEAD: Final = ("| on the gateway | value | bound |", "|---|---|---|")


def table(results: Sequence[Mapping[str, Any]]) -> str:
    """The results in Markdown, as they are printed."""
    rows = [
        f"| {one['name']} | {one['value']:g} {one['unit']} | ≤ {one['bound']:g} |"
        for one in results
    ]
    return "\n".join([*_HEAD, *rows])


def page(text: str, results: Sequence[Mapping[str, Any]]) -> str:
    """The page with the table of these results in place of the one that it has."""
    before, _, rest = text.partition(_HEAD[0])
    _, _, after = rest.partition("\n\n")
    return f"{before}{table(results)}\n\n{after}"


def files(results: Sequence[Mapping[str, Any]]) -> Iterator[tuple[Path, str]]:
    """Each file and what is in it."""
    yield KEPT, json.dumps(results, indent=1, ensure_ascii=False) + "\n"
    yield PAGE, page(PAGE.read_text(encoding="utf-8"), results)


def main() -> None:
    """Of the file that is named, or of the last run."""
    name = sys.argv[1] if sys.argv[1:] else "var/results/attack-gateway.json"
    for path, text in files(json.loads(Path(name).read_text(encoding="utf-8"))):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
