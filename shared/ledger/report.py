"""A verifier's verdicts, as sentences for a works council and as JSON for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.text import Text

from shared.ledger.replay import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console

    from shared.ledger.verify import Verdict

FORMAT: Final = "hoeksteen/verdict/v1"

_WORDS: Final[dict[str, dict[str, str]]] = {
    "en": {
        "ok": "in order",
        "bad": "NOT in order",
        "log": "{service}, organisation {organisation}: {state}. {entries}{blanks}, {checkpoints}.",
        "entries": "{n} entries",
        "entry": "1 entry",
        "blanks": " ({n} of them blank)",
        "checkpoints": "{n} signed checkpoints that hold",
        "checkpoint": "1 signed checkpoint that holds",
        "seen": "The newest checkpoint, at {newest} entries, was cosigned by {names}.",
        "name": "{name} (week {week})",
        "and": " and ",
        "unseen": "Nobody outside the operator cosigned the newest checkpoint; no policy asks for it.",
        "first": "This is your first visit to this log: there is nothing from before to compare it "
        "with.",
        "new": "Since your last visit (week {week}) {entries} came, and everything from before is "
        "still there.",
        "new_entries": "{n} new entries",
        "new_entry": "1 new entry",
        "uncovered": "The newest {n} came after the last checkpoint and are not protected yet.",
        "uncovered_one": "The newest entry came after the last checkpoint and is not protected yet.",
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
        "log": "{service}, organisatie {organisation}: {state}. {entries}{blanks}, {checkpoints}.",
        "entries": "{n} regels",
        "entry": "1 regel",
        "blanks": " (waarvan {n} leeg)",
        "checkpoints": "{n} getekende controlepunten die kloppen",
        "checkpoint": "1 getekend controlepunt dat klopt",
        "seen": "Het nieuwste controlepunt, bij {newest} regels, is meegetekend door {names}.",
        "name": "{name} (week {week})",
        "and": " en ",
        "unseen": "Niemand buiten de beheerder heeft het nieuwste controlepunt meegetekend; geen "
        "policy vraagt daarom.",
        "first": "Dit is uw eerste bezoek aan dit logboek: er is niets van vroeger om het mee te "
        "vergelijken.",
        "new": "Sinds uw vorige bezoek (week {week}) kwamen er {entries} bij, en alles van daarvoor "
        "is er nog.",
        "new_entries": "{n} nieuwe regels",
        "new_entry": "1 nieuwe regel",
        "uncovered": "De nieuwste {n} kwamen na het laatste controlepunt en zijn nog niet beschermd.",
        "uncovered_one": "De nieuwste regel kwam na het laatste controlepunt en is nog niet "
        "beschermd.",
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
    """Print some lines per log, a line per finding, and one sentence for all; nl or en."""
    words = _WORDS["nl" if language == "nl" else "en"]
    for verdict in verdicts:
        line = words["log"].format(
            service=verdict.service,
            organisation=verdict.organisation,
            state=words["ok" if verdict.ok else "bad"],
            entries=_count(words, "entry", "entries", verdict.size),
            blanks=words["blanks"].format(n=verdict.blanks) if verdict.blanks else "",
            checkpoints=_count(words, "checkpoint", "checkpoints", verdict.checkpoints),
        )
        _print(console, ("✓ " if verdict.ok else "✗ ") + line, "green" if verdict.ok else "red")
        for sentence in _sentences(verdict, words):
            _print(console, "  " + sentence)
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


def _sentences(verdict: Verdict, words: dict[str, str]) -> Iterator[str]:
    """What a person should know of a log beside what is wrong."""
    if verdict.seen:
        names = [words["name"].format(name=each.name, week=each.week) for each in verdict.seen]
        joined = words["and"].join(", ".join(names).rsplit(", ", 1))
        yield words["seen"].format(newest=verdict.newest, names=joined)
    elif verdict.witnessed is None and verdict.checkpoints:
        yield words["unseen"]
    if verdict.first_visit:
        yield words["first"]
    if not verdict.ok:
        return
    if verdict.new is not None:
        entries = _count(words, "new_entry", "new_entries", verdict.new)
        yield words["new"].format(week=verdict.last_visit, entries=entries)
    uncovered = verdict.size - verdict.covered
    if uncovered:
        yield _count(words, "uncovered_one", "uncovered", uncovered)


def verdict_json(verdict: Verdict) -> dict[str, object]:
    """A verdict as plain values, for `--json` (docs/ledger.md)."""
    return {
        "ok": verdict.ok,
        "service": verdict.service,
        "organisation": str(verdict.organisation),
        "size": verdict.size,
        "blanks": verdict.blanks,
        "checkpoints": verdict.checkpoints,
        "newest_checkpoint": verdict.newest,
        "covered": verdict.covered,
        "cosigned": [{"name": each.name, "week": each.week} for each in verdict.seen],
        "witnessed": verdict.witnessed,
        "first_visit": verdict.first_visit,
        "last_visit": verdict.last_visit,
        "new": verdict.new,
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
