"""The verifier: says whether a log is still what was recorded, and if not, where it differs.

It needs the log's entries (hashes and what stands in clear, no content and no key to it), and from
outside them the log's public keys, its signed and cosigned checkpoints, its published hash tiles,
the heads that other services remember, and what the auditor remembers. The entries are read once
(shared/ledger/scan.py), by several processes where that is asked for; what is found is the same.

Memory: one number per stream, one id per key, and 8 bytes per entry to find a nonce that was used
twice.
"""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from shared.ledger.checkpoint import Checkpoint, open_checkpoint, origin
from shared.ledger.cosignature import cosigned
from shared.ledger.findings import MORE, Finding, Kind, Place, finding
from shared.ledger.leaf import BLANK, LeafError, LeafRecord
from shared.ledger.memory import AuditorMemory, MemoryDamagedError, Visit
from shared.ledger.merkle import CompactRange
from shared.ledger.note import (
    InvalidSignature,
    MalformedNote,
    NoteError,
    UnverifiedNote,
    Verifier,
)
from shared.ledger.policy import NO_POLICY, NONE, Policy
from shared.ledger.scan import (
    MAX_PER_KIND,
    NIL_KEY,
    NO_CONTENT,
    PART,
    Bounds,
    Differing,
    Missing,
    Run,
    join,
    read_part,
    tile_root,
)
from shared.ledger.source import LogUnreadableError, Witnessed, records
from shared.ledger.tiles import WIDTH, TileMissing, tile_path
from shared.ledger.worker import read_in_processes

if TYPE_CHECKING:
    from array import array
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager
    from uuid import UUID

    from shared.ledger.source import LogSource

STALE_AFTER: Final = timedelta(days=2)
"""A checkpoint is cosigned every day; one that is older than this was held back."""

_NONCES_AT_ONCE: Final = 2_000_000
"""So many are looked at together when a repeated one is searched: about 200 MB."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the verification of one log is, in entries."""

    service: str
    organisation: UUID
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Compared:
    """A checkpoint that somebody else was shown."""

    file: str
    origin: str
    size: int
    root: bytes
    note: bytes | None
    """None: it was typed from paper without its signature, and is as good as the paper is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Auditor:
    """What who verifies brings along: nothing of it comes from the log."""

    now: datetime
    """The time by the verifier's own clock (aware)."""
    policy: Policy = NO_POLICY
    memory: AuditorMemory | None = None
    """None: nothing is remembered, before or after."""
    compare: tuple[Compared, ...] = ()
    """Checkpoints that somebody else was shown, of any log."""
    processes: int = 1


@dataclass(frozen=True, slots=True)
class Seen:
    """Who cosigned the newest checkpoint, and when."""

    name: str
    """As the policy names the witness."""
    week: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was found about one log."""

    service: str
    organisation: UUID
    size: int = 0
    """Entries that are there."""
    blanks: int = 0
    """How many of them are blank: they fill whole tiles and stand for nothing."""
    checkpoints: int = 0
    """Signed checkpoints that hold, signature and root."""
    newest: int = 0
    """Entries under the newest of them."""
    covered: int = 0
    """Entries under the largest checkpoint or remembered head that holds; what came later is not
    protected yet."""
    seen: tuple[Seen, ...] = ()
    """Who of the policy's witnesses cosigned the newest checkpoint."""
    witnessed: bool | None = None
    """Whether these make the policy's quorum; None where no policy asks for any."""
    first_visit: bool = False
    """Whether the auditor's memory knew nothing of this log."""
    new: int | None = None
    """Entries since the auditor's last visit, where one is remembered."""
    last_visit: str | None = None
    """The week of that visit."""
    findings: tuple[Finding, ...] = ()

    @property
    def origin(self) -> str:
        """The log's name."""
        return origin(self.service, self.organisation)

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


def verify_logs(
    opened: Iterable[AbstractContextManager[LogSource]],
    auditor: Auditor,
    *,
    progress: Callable[[Progress], None] | None = None,
) -> list[Verdict]:
    """Verify each of these logs, and whether a key was used in two organisations.

    What was found in order is remembered in the auditor's memory. Raises LogUnreachableError where
    a source cannot be reached; LogUnreadableError, MemoryDamagedError and the like are findings.
    """
    owners: dict[bytes, tuple[UUID, int]] = {}
    results: list[_Result] = []
    for each in opened:
        with each as source:
            result = _Verification(source, auditor, progress).run()
            _check_owners(source, result, owners)
        results.append(result)
    for result in results:
        if result.verdict.ok and result.visit is not None and auditor.memory is not None:
            auditor.memory.write(result.visit)
    return [result.verdict for result in results]


def verify_log(
    source: LogSource, auditor: Auditor, *, progress: Callable[[Progress], None] | None = None
) -> Verdict:
    """Verify one log, and remember nothing."""
    return _Verification(source, auditor, progress).run().verdict


@dataclass(slots=True)
class _Result:
    verdict: Verdict
    visit: Visit | None
    """What to remember of this visit if all is in order."""
    keys: frozenset[bytes]


def _check_owners(
    source: LogSource, result: _Result, owners: dict[bytes, tuple[UUID, int]]
) -> None:
    """A key id belongs to one organisation."""
    organisation = result.verdict.organisation
    shared = {
        key
        for key in result.keys
        if owners.setdefault(key, (organisation, 0))[0] != organisation and key != NIL_KEY
    }
    if not shared:
        return
    findings = []
    for index, leaf, _ in _walk(source):
        if leaf.key_id.bytes in shared:
            shared.discard(leaf.key_id.bytes)
            place = Place(source.service, organisation, index, index)
            findings.append(finding(Kind.KEY_REUSED, place))
    result.verdict = replace(result.verdict, findings=(*result.verdict.findings, *findings))


@dataclass(slots=True)
class _Claim:
    """Something outside the entries that says how the log was."""

    size: int
    root: bytes
    file: str
    by: str | None = None
    """The service that remembers it; None for one that the log signed."""
    evidence: bool = False
    mine: bool = False
    """From the auditor's memory."""
    compared: bool = False
    """From another auditor."""
    seen: dict[str, int] = field(default_factory=dict)
    """Who cosigned it, and when (POSIX seconds)."""
    holds: bool | None = None
    """Whether the log has this root at this size; None where it is not that long."""

    @property
    def published(self) -> bool:
        """Whether it is one of the log's own checkpoints, as shown here."""
        return self.by is None and not self.mine and not self.compared

    def witness(self) -> tuple[str, str]:
        """Who says so, as part of a sentence in English and Dutch."""
        if self.by is not None:
            return (
                f"the memory of service {self.by} at {self.size} entries",
                f"de herinnering van dienst {self.by} bij {self.size} regels",
            )
        if self.mine:
            return (
                f"the checkpoint at {self.size} entries that you keep",
                f"het controlepunt bij {self.size} regels dat u bewaart",
            )
        if self.compared:
            return (f"the checkpoint in {self.file}", f"het controlepunt in {self.file}")
        return (
            f"the checkpoint at {self.size} entries",
            f"het controlepunt bij {self.size} regels",
        )


class _Verification:
    """One run over one log."""

    def __init__(
        self,
        source: LogSource,
        auditor: Auditor,
        progress: Callable[[Progress], None] | None,
    ) -> None:
        self._source = source
        self._service = source.service
        self._organisation = source.organisation
        self._name = origin(source.service, source.organisation)
        self._auditor = auditor
        self._progress = progress
        self._findings: list[Finding] = []
        self._per_kind: Counter[Kind] = Counter()
        self._known = Witnessed()
        self._visit: Visit | None = None
        self._first_visit = False
        self._vkeys: tuple[str, ...] = ()
        self._notes: dict[int, bytes] = {}
        self._run = Run(0)

    def run(self) -> _Result:
        try:
            self._known = self._source.witnessed()
        except LogUnreadableError:
            self._find(Kind.LOG_UNREADABLE)
            return self._result([])
        self._remember()
        keys = self._keys()
        claims = [
            *self._signed_claims(keys),
            *self._remembered_claims(),
            *self._visited_claims(),
            *self._compared_claims(keys),
        ]
        tiles = max((claim.size for claim in claims if claim.published), default=0) // WIDTH
        try:
            stated, strays = self._source.size(), list(self._source.strays())
            self._run = self._read(claims, tiles)
            self._compare(claims)
            self._judge_entries(strays)
            self._judge_erasure()
            self._judge_nonces(self._run.nonces)
        except LogUnreadableError:
            self._find(Kind.LOG_UNREADABLE)
        else:
            trusted = [claim for claim in claims if not claim.evidence]
            self._judge_size(trusted, stated)
            self._judge_claims(trusted)
            self._judge_evidence([claim for claim in claims if claim.evidence])
            self._judge_tiles(claims, tiles)
        self._judge_witnesses([claim for claim in claims if claim.published])
        return self._result(claims)

    def _result(self, claims: list[_Claim]) -> _Result:
        held = [claim for claim in claims if claim.holds and not claim.evidence]
        published = [claim for claim in held if claim.published]
        newest = max(published, key=lambda claim: claim.size, default=None)
        policy = self._auditor.policy
        seen = self._cosigners(published, newest)
        verdict = Verdict(
            service=self._service,
            organisation=self._organisation,
            size=self._run.count,
            blanks=self._run.blanks,
            checkpoints=len({claim.size for claim in published}),
            newest=0 if newest is None else newest.size,
            covered=max((claim.size for claim in held), default=0),
            seen=tuple(Seen(name, _week(_moment(at))) for name, at in seen.items()),
            witnessed=None if policy.quorum == NONE else policy.met_by(seen),
            first_visit=self._first_visit,
            new=None if self._visit is None else self._run.count - self._visit.entries,
            last_visit=None if self._visit is None else self._visit.week,
            findings=(*self._findings, *self._further()),
        )
        visit = None
        if newest is not None and newest.size in self._notes:
            visit = Visit(
                origin=self._name,
                vkeys=self._vkeys,
                note=self._notes[newest.size],
                entries=self._run.count,
                week=_week(self._auditor.now),
            )
        return _Result(verdict, visit, frozenset(self._run.owners))

    # -- what is known from outside

    def _remember(self) -> None:
        memory = self._auditor.memory
        if memory is None:
            return
        try:
            self._visit = memory.read(self._name)
            self._first_visit = self._visit is None
        except MemoryDamagedError:
            self._find(Kind.MEMORY_DAMAGED, file=str(memory.path(self._name)))

    def _keys(self) -> list[Verifier]:
        """The keys that are believed: the policy's, else those pinned, else those that are shown."""
        file = f"{self._service}/{self._organisation}/log.vkey"
        shown: dict[Verifier, None] = {}
        for line in self._known.vkeys:
            try:
                key = Verifier.parse(line)
            except NoteError:
                self._find(Kind.KEY_MALFORMED, file=file)
                continue
            if key.name != self._name:
                self._find(Kind.KEY_MALFORMED, file=file)
            shown[key] = None
        keys = self._auditor.policy.log_keys(self._name)
        if not keys and self._visit is not None:
            keys = [Verifier.parse(line) for line in self._visit.vkeys]
            if not shown.keys() <= set(keys):
                self._find(Kind.KEY_CHANGED, file=file)
        if not keys:
            keys = list(shown)
            if self._known.checkpoints and not self._known.vkeys:
                self._find(Kind.NO_KEY, file=file)
        self._vkeys = tuple(key.vkey for key in keys if key.name == self._name)
        return keys

    def _signed_claims(self, keys: list[Verifier]) -> Iterator[_Claim]:
        odd: set[int] = set()
        for file, note in self._known.checkpoints:
            path = f"{self._service}/{self._organisation}/{file}"
            checkpoint = self._open(note, keys, path)
            if checkpoint is None:
                continue
            if file not in ("checkpoint", f"checkpoint-{checkpoint.size}"):
                self._find(Kind.CHECKPOINT_MALFORMED, file=path)
            if checkpoint.size % WIDTH and checkpoint.size not in odd:
                odd.add(checkpoint.size)
                self._find(Kind.CHECKPOINT_SIZE, file=path, size=checkpoint.size)
            self._notes[checkpoint.size] = note
            seen = self._cosignatures(note, path)
            yield _Claim(checkpoint.size, checkpoint.root, path, seen=seen)

    def _open(self, note: bytes, keys: list[Verifier], path: str) -> Checkpoint | None:
        try:
            return open_checkpoint(note, keys, origin=self._name)
        except UnverifiedNote:
            self._find(Kind.CHECKPOINT_FOREIGN, file=path)
        except InvalidSignature:
            self._find(Kind.CHECKPOINT_FORGED, file=path)
        except NoteError:
            self._find(_other_origin(note, self._name), file=path)
        return None

    def _cosignatures(self, note: bytes, path: str) -> dict[str, int]:
        """Who of the policy's witnesses cosigned. One that is forged does not spoil the others."""
        seen = {}
        for witness in self._auditor.policy.witnesses:
            try:
                for each in cosigned(note, [witness.cosigner]):
                    seen[witness.name] = each.timestamp
            except InvalidSignature:
                self._find(Kind.COSIGNATURE_FORGED, file=path)
        return seen

    def _remembered_claims(self) -> Iterator[_Claim]:
        for memory in self._known.memories:
            if memory.head is None:
                self._find(Kind.HEAD_MALFORMED, file=memory.name)
            else:
                head = memory.head
                yield _Claim(
                    head.size, head.root, memory.name, by=memory.by, evidence=memory.evidence
                )

    def _visited_claims(self) -> Iterator[_Claim]:
        if self._visit is not None and self._auditor.memory is not None:
            kept = self._visit.checkpoint
            path = str(self._auditor.memory.path(self._name))
            yield _Claim(kept.size, kept.root, path, mine=True)

    def _compared_claims(self, keys: list[Verifier]) -> Iterator[_Claim]:
        for each in self._auditor.compare:
            if each.origin != self._name:
                continue  # for the verification of that log
            if each.note is None or self._open(each.note, keys, each.file) is not None:
                yield _Claim(each.size, each.root, each.file, compared=True)

    # -- reading

    def _read(self, claims: list[_Claim], tiles: int) -> Run:
        sizes = sorted({claim.size for claim in claims})
        bounds = self._bounds(claims)
        end = self._source.end()
        opening = self._source.opening()
        if self._auditor.processes > 1 and end > PART and opening is not None:
            runs = read_in_processes(
                opening,
                end=end,
                processes=self._auditor.processes,
                sizes=sizes,
                bounds=bounds,
                tiles=tiles,
            )
            joined = join(self._told(runs, end))
            if joined is not None:
                return joined
        run = read_part(
            self._source,
            start=0,
            stop=None,
            sizes=sizes,
            bounds=bounds,
            tiles=tiles,
            told=lambda count: self._tell(count, end),
        )
        self._tell(run.count, end)
        return run

    def _told(self, runs: Iterable[Run], end: int) -> Iterator[Run]:
        for run in runs:
            yield run
            self._tell(run.start + run.count, end)

    def _tell(self, done: int, total: int) -> None:
        if self._progress is not None:
            self._progress(Progress(self._service, self._organisation, done, max(done, total)))

    def _bounds(self, claims: list[_Claim]) -> list[Bounds]:
        """In which weeks entries may lie, by the clocks of the witnesses and of the verifier.

        A checkpoint that a witness saw at a time holds nothing later. What comes behind a checkpoint
        may be older than when a witness saw that one, if no witness could be reached until then; but
        it is not older than when the checkpoint before that one was seen. Each by a week, which is
        what the log's own clock may differ.
        """
        seen = {
            claim.size: _moment(min(claim.seen.values()))
            for claim in claims
            if claim.published and claim.seen
        }
        latest = _week(self._auditor.now + timedelta(weeks=1))
        sizes = sorted(seen)
        uppers, upper = [], latest
        for size in reversed(sizes):
            upper = min(upper, _week(seen[size] + timedelta(weeks=1)))
            uppers.append(upper)
        bounds, first, lower, behind = [], 0, "", ""
        for size, upper in zip(sizes, reversed(uppers), strict=True):
            if size:
                bounds.append(Bounds(first, size, lower, upper))
            lower, behind = behind, max(behind, _week(seen[size] - timedelta(weeks=1)))
            first = size
        return [*bounds, Bounds(first, 2**63, lower, latest)]

    def _compare(self, claims: list[_Claim]) -> None:
        for claim in claims:
            tree = self._run.trees.get(claim.size)
            if tree is not None:
                claim.holds = CompactRange(claim.size, tree).root() == claim.root

    # -- judgement

    def _judge_entries(self, strays: list[int]) -> None:
        for oddity in self._run.oddities:
            place = Place(self._service, self._organisation, oddity.first, oddity.last)
            self._findings.append(finding(oddity.kind, place, **oddity.values))
        self._per_kind += self._run.counts
        for index in strays:
            self._find(Kind.CIPHERTEXT_UNEXPECTED, index)

    def _judge_erasure(self) -> None:
        """A missing ciphertext is in order where its key was destroyed, and only there.

        A key that was destroyed, and what was encrypted under it, must not be there.
        """
        run = self._run
        for key, missing in run.missing.items():
            if key not in run.destroyed:
                for index in missing.indexes:
                    self._find(Kind.CIPHERTEXT_MISSING, index)
                self._per_kind[Kind.CIPHERTEXT_MISSING] += missing.count - len(missing.indexes)
        if not run.destroyed:
            return
        for key in sorted(self._source.existing_keys(run.destroyed.keys())):
            self._find(Kind.KEY_REVIVED, run.destroyed[key])
        entries: Counter[bytes] = Counter()
        for pair, version in run.pairs.items():
            if pair[16:] in run.destroyed:
                entries[pair[16:]] += version
        revived = {
            key
            for key in run.destroyed
            if run.missing.get(key, _NOTHING_MISSING).count != entries[key]
        }
        if revived:
            for index, leaf, content in _walk(self._source):
                key = leaf.key_id.bytes
                if key in revived and content != NO_CONTENT:
                    self._find(Kind.CIPHERTEXT_REVIVED, index, expected=run.destroyed[key])

    def _judge_nonces(self, nonces: array[int]) -> None:
        """Where two short fingerprints are equal, read again and compare the nonces themselves."""
        suspects = _repeated(nonces)
        if not suspects:
            return
        first: dict[tuple[UUID, bytes], int] = {}
        for index, leaf, _ in _walk(self._source):
            if leaf.nonce[:8] in suspects and leaf.type != BLANK:
                before = first.setdefault((leaf.key_id, leaf.nonce), index)
                if before != index:
                    self._find(Kind.NONCE_REUSED, before, index)

    def _judge_size(self, claims: list[_Claim], stated: int | None) -> None:
        found = self._run.count
        published = [claim.size for claim in claims if claim.published]
        mine = next((claim for claim in claims if claim.mine), None)
        if mine is not None and max(published, default=0) < mine.size:
            self._find(Kind.ROLLED_BACK, expected=mine.size, found=max(published, default=0))
        largest = max(claims, key=lambda claim: claim.size, default=None)
        if largest is not None and found == 0 and largest.size > 0:
            self._find(Kind.LOG_MISSING, expected=largest.size)
            return
        if stated is not None and stated != found:
            self._find(Kind.LOG_SIZE_WRONG, stated=stated, found=found)
        if largest is not None and largest.size > found:
            self._find(
                Kind.TAIL_CUT,
                found,
                largest.size - 1,
                witness=largest.witness(),
                expected=largest.size,
                found=found,
            )

    def _judge_claims(self, claims: list[_Claim]) -> None:
        published = [claim for claim in claims if claim.published]
        if self._run.count and not published:
            self._find(Kind.NO_CHECKPOINT, found=self._run.count)
        sound = max((claim.size for claim in claims if claim.holds), default=0)
        shown = max((claim.size for claim in published if claim.holds), default=0)
        wrong = sorted(
            (claim for claim in claims if claim.holds is False), key=lambda claim: claim.size
        )
        changed = [claim for claim in wrong if claim.size > sound]
        if changed:
            # The first that does not hold bounds the change; the later ones follow from it.
            nearest = changed[0]
            self._find(Kind.HISTORY_CHANGED, sound, nearest.size - 1, witness=nearest.witness())
        for claim in wrong:
            if claim.by is not None:
                self._find(Kind.HEAD_CONTRADICTED, file=claim.file, by=claim.by, size=claim.size)
            elif claim.mine or claim.compared:
                if claim.size <= shown or _contradicts(claim, published):
                    self._find(Kind.SPLIT_VIEW, file=claim.file)
            elif claim.size <= sound:
                self._find(Kind.CHECKPOINT_CONTRADICTED, file=claim.file)

    def _judge_evidence(self, claims: list[_Claim]) -> None:
        for claim in claims:
            # A smaller head that the log did have was only told late, say by a second replica.
            if not claim.holds and claim.by is not None:
                self._find(Kind.HEAD_EVIDENCE, file=claim.file, by=claim.by, size=claim.size)

    def _judge_tiles(self, claims: list[_Claim], tiles: int) -> None:
        """Published tiles say exactly which entry is another one, if they lead to a checkpoint."""
        run, folder = self._run, f"{self._service}/{self._organisation}"
        roots = list(run.roots[:tiles])
        for each in run.differing:
            if each.root is None or not self._in_upper_tile(each, tiles):
                self._find(Kind.TILE_DAMAGED, file=f"{folder}/{tile_path(0, each.number)}")
                continue
            for index in each.entries:
                self._find(Kind.ENTRY_NOT_AS_PUBLISHED, index)
            self._per_kind[Kind.ENTRY_NOT_AS_PUBLISHED] += each.count - len(each.entries)
            if each.number < len(roots):
                roots[each.number] = each.root
        if len(roots) < tiles:
            return  # the log is shorter than what was published, which is told already
        level, leads = 1, True
        while roots:
            for number in range(-(-len(roots) // WIDTH)):
                row = roots[number * WIDTH : (number + 1) * WIDTH]
                if self._tile(level, number, len(row)) != b"".join(row):
                    leads = False
                    path = tile_path(level, number, len(row))
                    self._find(Kind.TILE_DAMAGED, file=f"{folder}/{path}")
            level += 1
            roots = [
                tile_root(roots[at : at + WIDTH]) for at in range(0, len(roots) - WIDTH + 1, WIDTH)
            ]
        if leads and any(each.root is not None for each in run.differing):
            self._judge_lead(claims, tiles)

    def _judge_lead(self, claims: list[_Claim], tiles: int) -> None:
        """Whether the published tiles, which differ from the entries, lead to the checkpoint."""
        rows: list[bytes] = []
        differing = {each.number: each.root for each in self._run.differing}
        for number, root in enumerate(self._run.roots[:tiles]):
            rows.append(differing.get(number) or root)
        tree = CompactRange(0)
        for root in rows:
            tree.append(root)
        newest = [claim for claim in claims if claim.published and claim.size == tiles * WIDTH]
        if newest and all(tree.root() != claim.root for claim in newest):
            self._find(Kind.TILE_DAMAGED, file=f"{self._service}/{self._organisation}/tile")

    def _in_upper_tile(self, differing: Differing, tiles: int) -> bool:
        number, place = divmod(differing.number, WIDTH)
        upper = self._tile(1, number, min(WIDTH, tiles - number * WIDTH))
        return upper is not None and upper[32 * place : 32 * place + 32] == differing.root

    def _tile(self, level: int, index: int, width: int) -> bytes | None:
        for each in dict.fromkeys((width, WIDTH)):
            try:
                # A partial tile may have been replaced by the full one since.
                return self._source.tile(level, index, each)[: 32 * width]
            except TileMissing:
                continue
        return None

    def _judge_witnesses(self, published: list[_Claim]) -> None:
        policy = self._auditor.policy
        newest = max(published, key=lambda claim: claim.size, default=None)
        if policy.quorum == NONE or newest is None:
            return
        seen = self._cosigners(published, newest)
        if not policy.met_by(seen):
            missing = ", ".join(policy.missing(seen))
            self._find(Kind.NOT_WITNESSED, file=newest.file, missing=missing)
        last: dict[str, int] = {}
        for claim in published:
            for name, at in claim.seen.items():
                last[name] = max(at, last.get(name, at))
        if last:
            # The last time by which enough of them had seen one: a single witness that lends itself
            # to it, or whose clock is wrong, does not make an old copy new.
            times = [
                at
                for at in last.values()
                if policy.met_by(name for name, since in last.items() if since >= at)
            ]
            newest_seen = _moment(max(times or last.values()))
            if newest_seen < self._auditor.now - STALE_AFTER:
                self._find(Kind.CHECKPOINT_STALE, found=f"week {_week(newest_seen)}")

    def _cosigners(self, published: list[_Claim], newest: _Claim | None) -> dict[str, int]:
        """Who cosigned that checkpoint in any of the files that hold it, and when first."""
        seen: dict[str, int] = {}
        for claim in published:
            if newest is not None and (claim.size, claim.root) == (newest.size, newest.root):
                for name, at in claim.seen.items():
                    seen[name] = min(at, seen.get(name, at))
        return seen

    # -- telling

    def _find(
        self,
        kind: Kind,
        first: int | None = None,
        last: int | None = None,
        /,
        file: str | None = None,
        **values: str | int | tuple[str, str],
    ) -> None:
        self._per_kind[kind] += 1
        if self._per_kind[kind] <= MAX_PER_KIND:
            place = Place(
                self._service, self._organisation, first, first if last is None else last, file
            )
            self._findings.append(finding(kind, place, **values))

    def _further(self) -> Iterator[Finding]:
        for kind, count in self._per_kind.items():
            if count > MAX_PER_KIND:
                more = count - MAX_PER_KIND
                yield Finding(
                    kind,
                    Place(self._service, self._organisation),
                    MORE[0].format(count=more),
                    MORE[1].format(count=more),
                )


_NOTHING_MISSING: Final = Missing()


def _contradicts(claim: _Claim, published: list[_Claim]) -> bool:
    """Whether the log signed another root at the same size."""
    return any(each.size == claim.size and each.root != claim.root for each in published)


def _repeated(nonces: array[int]) -> set[bytes]:
    """The fingerprints (8 bytes) that stand more than once.

    All at once where there are few. Otherwise a share of them at a time, by their remainder, so
    that memory stays bounded.
    """
    shares = -(-len(nonces) // _NONCES_AT_ONCE)
    found: set[int] = set()
    for share in range(shares):
        some = nonces if shares == 1 else [each for each in nonces if each % shares == share]
        if len(set(some)) < len(some):
            found |= {each for each, times in Counter(some).items() if times > 1}
    return {each.to_bytes(8, sys.byteorder) for each in found}


def _walk(source: LogSource) -> Iterator[tuple[int, LeafRecord, bytes]]:
    """Every sound record once more, with the hash of its ciphertext as it lies there now."""
    for page in source.pages():
        for place, record in enumerate(records(page.bundle)):
            try:
                leaf = LeafRecord.decode(record)
            except LeafError:
                continue
            yield leaf.index, leaf, page.contents[32 * place : 32 * place + 32]


def _week(moment: datetime) -> str:
    """The ISO week of a moment, in UTC."""
    year, week, _ = moment.astimezone(UTC).isocalendar()
    return f"{year:04d}-W{week:02d}"


def _moment(at: int) -> datetime:
    """POSIX seconds as a time; one that no calendar has is the end of it."""
    latest = datetime(9990, 1, 1, tzinfo=UTC)
    return datetime.fromtimestamp(min(at, int(latest.timestamp())), UTC)


def _other_origin(note: bytes, name: str) -> Kind:
    """Whether a note that did not open is another log's checkpoint or none at all."""
    try:
        other = Checkpoint.read(note).origin != name
    except MalformedNote:
        other = False
    return Kind.CHECKPOINT_FOREIGN if other else Kind.CHECKPOINT_MALFORMED
