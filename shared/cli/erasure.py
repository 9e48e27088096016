"""`hoeksteen erasure check`: whose signature a statement of erasure bears, and what it says.

Exit status 0: the log's key signed it, and nothing was left; 1: otherwise. It asks no service.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import typer

from shared.ledger.files import LedgerFolder
from shared.ledger.note import NoteError, UnverifiedNote, Verifier
from shared.ledger.statement import (
    Statement,
    parse_statement,
    read_statement,
    statement_key_name,
)
from shared.local.problem import LocalProblem

if TYPE_CHECKING:
    from pathlib import Path

    from shared.local.home import Home

_SERVICE: Final = "intake"
"""The service that knows cases, and so the one that makes statements."""

_SENTENCES: Final = {
    "en": {
        "unknown": "✗ None of the keys in {keys} signed this: it may be anybody's.",
        "wrong": "✗ This cannot be trusted: {why}.",
        "other": "✗ It speaks of {log}, and the key is another log's.",
        "signed": "✓ The log's key signed this, and nothing was changed since.",
        "says": "It attests:",
        "case": "Case {case} was erased {ground}; asked by {asked}, approved by {approved}.",
        "entry": "Entry {entry} of {log}, of week {week}, says that its key was destroyed.",
        "none": "On {day} the service looked, and had nothing of it left ({kinds}).",
        "left": "On {day} the service looked, and still had of it: {left}. Ask for a new statement"
        " later; if it stays so, ask the auditor.",
        "not": "It cannot attest:",
        "log": "that the log still holds that entry. Whoever has the log can look: hoeksteen replay"
        " --organisation {organisation} --stream {case} shows KeyDestroyed, and hoeksteen verify"
        " that the log is whole. Its hash must be {leaf}.",
        "copies": "copies that people made, and that nobody copied a key before.",
        "backups": "backups: until {until} they may hold sealed contents and wrapped keys.",
        "no_day": "backups: the service knew no day on which the last one is gone.",
        "hashes": "hashes, weeks and random numbers in the log and with witnesses: they stay.",
        "figures": "coded facts at the service of figures, gone after the next daily moment; and"
        " released figures, which never change.",
        "lies": "that the service told the truth: a signature says who says it.",
        "reporter": "on the reporter's wish",
        "retention": "because the time for keeping it was over",
        "court_order": "by order of a court",
        "keys": "keys",
        "contents": "contents",
        "snapshots": "snapshots",
        "messages": "messages",
        "rows": "rows",
        "attachments": "attachments",
        "by_reporter": "the reporter",
        "by_adviser": "an adviser",
        "by_coordinator": "a coordinator",
        "by_works_council": "the works council",
        "by_rule": "the retention rule",
    },
    "nl": {
        "unknown": "✗ Geen van de sleutels in {keys} heeft dit ondertekend: het kan van iedereen zijn.",
        "wrong": "✗ Dit is niet te vertrouwen ({why}).",
        "other": "✗ Het gaat over {log}, en de sleutel is die van een ander logboek.",
        "signed": "✓ De sleutel van het logboek heeft dit ondertekend; sindsdien is niets veranderd.",
        "says": "Het verklaart:",
        "case": "Zaak {case} is gewist, {ground}; gevraagd door {asked}, goedgekeurd door {approved}.",
        "entry": "Regel {entry} van {log}, van week {week}, zegt dat de sleutel is vernietigd.",
        "none": "Op {day} heeft de dienst gezocht, en had er niets meer van ({kinds}).",
        "left": "Op {day} heeft de dienst gezocht, en had er nog van: {left}. Vraag later om een nieuwe"
        " verklaring; blijft het zo, vraag het dan de auditor.",
        "not": "Het verklaart niet:",
        "log": "dat die regel nog in het logboek staat. Wie het logboek heeft, kan kijken: hoeksteen"
        " replay --organisation {organisation} --stream {case} toont KeyDestroyed, en hoeksteen"
        " verify dat het logboek heel is. De hash moet {leaf} zijn.",
        "copies": "kopieën die mensen maakten, en dat niemand eerder een sleutel kopieerde.",
        "backups": "reservekopieën: daarin kunnen tot {until} verzegelde inhoud en ingepakte sleutels"
        " staan.",
        "no_day": "reservekopieën: de dienst kende geen dag waarop de laatste weg is.",
        "hashes": "hashes, weken en willekeurige nummers in het logboek en bij getuigen: die blijven.",
        "figures": "gecodeerde feiten bij de dienst van de cijfers, weg na het volgende dagelijkse"
        " moment; en vrijgegeven cijfers, die nooit veranderen.",
        "lies": "dat de dienst de waarheid sprak: een handtekening zegt wie het zegt.",
        "reporter": "op verzoek van de melder",
        "retention": "omdat de bewaartermijn voorbij was",
        "court_order": "op bevel van een rechter",
        "keys": "sleutels",
        "contents": "inhoud",
        "snapshots": "momentopnamen",
        "messages": "berichten",
        "rows": "rijen",
        "attachments": "bijlagen",
        "by_reporter": "de melder",
        "by_adviser": "een vertrouwenspersoon",
        "by_coordinator": "een coördinator",
        "by_works_council": "de ondernemingsraad",
        "by_rule": "de bewaarregel",
    },
}


def check(home: Home, file: Path, keys: Path | None, language: str) -> int:
    """Print what the statement in `file` is worth and says; the exit status.

    `keys` holds vkey lines of the log's key under any of its names; without it those of the data
    folder. Raises LocalProblem.
    """
    words = _SENTENCES[language]
    known = _keys(home, keys)
    try:
        body = read_statement(
            _read(file), [Verifier(statement_key_name(_SERVICE), key) for key in known]
        )
        statement = parse_statement(body)
    except UnverifiedNote:
        typer.echo(words["unknown"].format(keys=keys or home.ledger))
        return 1
    except NoteError as problem:
        typer.echo(words["wrong"].format(why=problem))
        return 1
    # A key that came with the name of one log vouches for that log.
    if not any(
        name.endswith(("/*", "/erasures", "/tombstones")) or name == statement.log
        for names in known.values()
        for name in names
    ):
        typer.echo(words["other"].format(log=statement.log))
        return 1
    typer.echo("\n".join(_told(statement, words)))
    return 1 if any(statement.left.values()) else 0


def _told(statement: Statement, words: dict[str, str]) -> list[str]:
    def word(code: str) -> str:
        return words.get(code, code)

    kept = {kind: count for kind, count in statement.left.items() if count}
    looked = words["left" if kept else "none"].format(
        day=statement.looked_on,
        left=", ".join(f"{word(kind)} {count}" for kind, count in kept.items()),
        kinds=", ".join(map(word, statement.left)),
    )
    attested = (
        words["case"].format(
            case=statement.case,
            ground=word(statement.ground),
            asked=word(f"by_{statement.asked_by}"),
            approved=", ".join(word(f"by_{role}") for role in statement.approved_by),
        ),
        words["entry"].format(entry=statement.entry, log=statement.log, week=statement.week),
        looked,
    )
    not_attested = (
        words["log"].format(
            organisation=statement.log.rpartition("/")[2], case=statement.case, leaf=statement.leaf
        ),
        words["lies"],
        words["copies"],
        words["backups" if statement.backups_until else "no_day"].format(
            until=statement.backups_until
        ),
        words["hashes"],
        words["figures"],
    )
    return [
        words["signed"],
        words["says"],
        *(f"  - {line}" for line in attested),
        words["not"],
        *(f"  - {line}" for line in not_attested),
    ]


def _keys(home: Home, path: Path | None) -> dict[bytes, set[str]]:
    """Public keys, each with the names under which it was given."""
    if path is None:
        lines = LedgerFolder(home.ledger).service_vkeys(_SERVICE)
    else:
        lines = tuple(_read(path).decode(errors="replace").splitlines())
    known: dict[bytes, set[str]] = {}
    for line in filter(None, map(str.strip, lines)):
        try:
            verifier = Verifier.parse(line)
        except NoteError as error:
            raise LocalProblem(
                f"{path or home.ledger} holds a line that is no key: {error}."
            ) from None
        if verifier.name.startswith(f"hoeksteen.local/{_SERVICE}/"):
            known.setdefault(verifier.public_key, set()).add(verifier.name)
    if not known:
        raise LocalProblem(
            f"There is no public key of {_SERVICE}'s logs in {path or home.ledger}: name a file with"
            " --key, such as log.vkey of an export."
        )
    return known


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise LocalProblem(f"{path} cannot be read ({error.strerror}).") from error
