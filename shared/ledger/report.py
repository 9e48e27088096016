"""A verifier's verdicts, as sentences for a works council and as JSON for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.text import Text

from shared.ledger.replay import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from shared.ledger.verify import Verdict

_WORDS: Final[dict[str, dict[str, str]]] = {
    "en": {
        "ok": "in order",
        "bad": "NOT in order",
        "log": "{service}, organisation {organisation}: {state}. {entries}, {checkpoints}.",
        "entries": "{n} entries",
        "entry": "1 entry",
        "checkpoints": "{n} signed checkpoints that hold",
        "checkpoint": "1 signed checkpoint that holds",
        "uncovered": "The newest {n} came after the last checkpoint and are not protected yet.",
        "none": "There is no log to verify.",
        "all_ok": "Everything is in order. Every entry that a checkpoint or another service vouches "
        "for is there, unchanged and in its place; nothing was removed, added or swapped.",
        "some_bad": "{bad} of {all} logs are NOT in order. Somebody with access to the database or "
        "the ledger folder changed them, or they were damaged. Do not repair or restart anything: "
        "keep a copy of the database and of the ledger folder, and ask the organisation's auditor.",
        "one_bad": "1 of {all} logs is NOT in order. Somebody with access to the database or the "
        "ledger folder changed it, or it was damaged. Do not repair or restart anything: keep a "
        "copy of the database and of the ledger folder, and ask the organisation's auditor.",
    },
    "nl": {
        "ok": "in orde",
        "bad": "NIET in orde",
        "log": "{service}, organisatie {organisation}: {state}. {entries}, {checkpoints}.",
        "entries": "{n} regels",
        "entry": "1 regel",
        "checkpoints": "{n} getekende controlepunten die kloppen",
        "checkpoint": "1 getekend controlepunt dat klopt",
        "uncovered": "De nieuwste {n} kwamen na het laatste controlepunt en zijn nog niet beschermd.",
        "none": "Er is geen logboek om te controleren.",
        "all_ok": "Alles is in orde. Elke regel waarvoor een controlepunt of een andere dienst "
        "instaat is er, ongewijzigd en op zijn plaats; er is niets verwijderd, toegevoegd of "
        "verwisseld.",
        "some_bad": "{bad} van de {all} logboeken zijn NIET in orde. Iemand met toegang tot de "
        "database of de map van het logboek heeft ze gewijzigd, of ze zijn beschadigd. Herstel of "
        "herstart niets: bewaar een kopie van de database en van die map, en vraag de auditor van "
        "de organisatie.",
        "one_bad": "1 van de {all} logboeken is NIET in orde. Iemand met toegang tot de database of "
        "de map van het logboek heeft het gewijzigd, of het is beschadigd. Herstel of herstart "
        "niets: bewaar een kopie van de database en van die map, en vraag de auditor van de "
        "organisatie.",
    },
}


def print_verdicts(verdicts: Sequence[Verdict], console: Console, language: str) -> None:
    """Print a line per log, a line per finding, and one sentence for all. `language`: nl or en."""
    words = _WORDS["nl" if language == "nl" else "en"]
    for verdict in verdicts:
        line = words["log"].format(
            service=verdict.service,
            organisation=verdict.organisation,
            state=words["ok" if verdict.ok else "bad"],
            entries=_count(words, "entry", "entries", verdict.size),
            checkpoints=_count(words, "checkpoint", "checkpoints", verdict.checkpoints),
        )
        _print(console, ("✓ " if verdict.ok else "✗ ") + line, "green" if verdict.ok else "red")
        uncovered = verdict.size - verdict.covered
        if verdict.ok and uncovered:
            _print(console, "  " + words["uncovered"].format(n=uncovered))
        for finding in verdict.findings:
            _print(console, f"  - {finding.sentence(language)} [{finding.kind}]")
    bad = sum(not verdict.ok for verdict in verdicts)
    if not verdicts:
        _print(console, words["none"], "bold red")
    elif not bad:
        _print(console, words["all_ok"], "bold green")
    else:
        sentence = words["one_bad" if bad == 1 else "some_bad"]
        _print(console, sentence.format(bad=bad, all=len(verdicts)), "bold red")


def verdict_json(verdict: Verdict) -> dict[str, object]:
    """A verdict as plain values, for `--json`."""
    return {
        "ok": verdict.ok,
        "service": verdict.service,
        "organisation": str(verdict.organisation),
        "size": verdict.size,
        "checkpoints": verdict.checkpoints,
        "covered": verdict.covered,
        "findings": [
            {
                "kind": finding.kind,
                "place": {
                    "service": finding.place.service,
                    "organisation": str(finding.place.organisation),
                    "first": finding.place.first,
                    "last": finding.place.last,
                    "file": finding.place.file,
                },
                "sentence_en": finding.sentence_en,
                "sentence_nl": finding.sentence_nl,
            }
            for finding in verdict.findings
        ],
    }


def _count(words: dict[str, str], one: str, many: str, n: int) -> str:
    return words[one] if n == 1 else words[many].format(n=n)


def _print(console: Console, line: str, style: str = "") -> None:
    # As text, not markup: a file's name may hold brackets, or worse.
    console.print(Text(printable(line), style=style), soft_wrap=True)
