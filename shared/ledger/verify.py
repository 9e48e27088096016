"""The verifier: says whether a log is still what was recorded, and if not, where it differs.

It needs what lies in the log tables, and from outside the database the log's public keys, its
signed checkpoints, and the heads that other services remember. It needs no decryption key.

Memory stays bounded: rows and ciphertexts are read in pages; kept are one version per stream, and
8 bytes per entry to find a nonce that was used twice.
"""

from __future__ import annotations

import hashlib
import os
from array import array
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from shared.ledger.checkpoint import Checkpoint, open_checkpoint, origin
from shared.ledger.files import LedgerFolder, Memory
from shared.ledger.findings import MORE, Finding, Kind, Place, finding
from shared.ledger.leaf import FIRST_VERSION, KEY_DESTROYED, SUITES, LeafError
from shared.ledger.merkle import CompactRange
from shared.ledger.note import InvalidSignature, MalformedNote, NoteError, UnverifiedNote, Verifier
from shared.ledger.source import LogUnreadableError, open_postgres

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path
    from uuid import UUID

    from shared.ledger.source import LeafRow, LogSource

MAX_PER_KIND: Final = 20
"""A removed row that shifts a million others is one problem: each kind lists this many places."""

PROGRESS_EVERY: Final = 2_000


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the verification of one log is, in entries."""

    service: str
    organisation: UUID
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Witnessed:
    """What is known of one log from outside the database, read before the database is."""

    checkpoints: tuple[tuple[str, bytes], ...] = ()
    """File name and signed note of every checkpoint kept."""
    vkeys: tuple[str, ...] = ()
    """The log's public keys."""
    memories: tuple[Memory, ...] = ()
    """Heads that other services remember, and evidence that they kept."""

    @classmethod
    def read(cls, folder: LedgerFolder, service: str, organisation: UUID) -> Witnessed:
        """From the ledger folder."""
        return cls(
            tuple(folder.checkpoints(service, organisation)),
            folder.vkeys(service, organisation),
            tuple(folder.memories(service, organisation)),
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found about one log."""

    ok: bool
    service: str
    organisation: UUID
    size: int
    """Entries that are there."""
    checkpoints: int
    """Signed checkpoints that hold, signature and root."""
    covered: int
    """Entries under the largest checkpoint or remembered head that holds; what came later is not
    protected yet."""
    findings: tuple[Finding, ...]


def verify_log(
    source: LogSource,
    *,
    service: str,
    organisation: UUID,
    witnessed: Witnessed,
    progress: Callable[[Progress], None] | None = None,
) -> Verdict:
    """Verify one log. `witnessed` must have been read before `source` took its snapshot."""
    return _Verification(source, service, organisation, witnessed, progress).run()


def verify_installation(
    dsn_by_service: Mapping[str, str],
    ledger_root: Path,
    *,
    organisation: UUID | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> list[Verdict]:
    """Verify every log of every service, or those of one organisation.

    A log is looked for in the tables, in the ledger folder and in what other services remember, so
    that one that was wholly deleted is noticed. The schema is named as its service. Raises
    LogUnreachableError when a database cannot be reached, LogUnreadableError when it holds no log
    tables and nothing outside it says that it should.
    """
    folder = LedgerFolder(ledger_root)
    return [
        _verify_stored(dsn, service, each, folder, progress)
        for service, dsn in dsn_by_service.items()
        for each in sorted(_organisations(dsn, service, folder))
        if organisation in (None, each)
    ]


def _organisations(dsn: str, service: str, folder: LedgerFolder) -> set[UUID]:
    known = folder.organisations(service)
    try:
        with open_postgres(dsn, schema=service) as source:
            return known | source.organisations()
    except LogUnreadableError:
        if not known:
            raise
        return known


def _verify_stored(
    dsn: str,
    service: str,
    organisation: UUID,
    folder: LedgerFolder,
    progress: Callable[[Progress], None] | None,
) -> Verdict:
    # Files first: a checkpoint signed after the snapshot would look like a cut tail.
    witnessed = Witnessed.read(folder, service, organisation)
    # A transaction for each log: where one is damaged, the next one can still be read.
    with open_postgres(dsn, schema=service) as source:
        return verify_log(
            source,
            service=service,
            organisation=organisation,
            witnessed=witnessed,
            progress=progress,
        )


@dataclass(slots=True)
class _Claim:
    """Somebody says: at this size the log has this root."""

    size: int
    root: bytes
    file: str
    by: str | None
    """The service that remembers it; None for the log's own checkpoint."""
    evidence: bool = False
    """Whether it contradicted what that service remembered."""
    holds: bool | None = None
    """Whether the log had this root at this size; None: it never came so far."""

    def witness(self) -> tuple[str, str]:
        """How to call it, in English and Dutch."""
        if self.by is None:
            return f"the checkpoint at {self.size}", f"het controlepunt bij {self.size}"
        return (
            f"the memory of service {self.by} at {self.size}",
            f"de herinnering van dienst {self.by} bij {self.size}",
        )


@dataclass(slots=True)
class _Gone:
    """Entries of one stream whose ciphertext is missing."""

    count: int = 0
    indexes: list[int] = field(default_factory=list)
    """The first few."""


class _Verification:
    """One run over one log."""

    def __init__(
        self,
        source: LogSource,
        service: str,
        organisation: UUID,
        witnessed: Witnessed,
        progress: Callable[[Progress], None] | None,
    ) -> None:
        self._source = source
        self._service = service
        self._organisation = organisation
        self._witnessed = witnessed
        self._progress = progress
        self._findings: list[Finding] = []
        self._per_kind: Counter[Kind] = Counter()
        self._tree = CompactRange()
        self._gone: dict[UUID, _Gone] = {}
        self._destroyed: set[UUID] = set()

    def run(self) -> Verdict:
        claims = self._signed_claims() + self._remembered_claims()
        try:
            stated = self._source.size(self._organisation)
            self._read_log(claims, stated or 0)
        except LogUnreadableError:
            self._find(Kind.LOG_UNREADABLE)
        else:
            trusted = [claim for claim in claims if not claim.evidence]
            self._judge_size(trusted, stated)
            self._judge_claims(trusted)
            self._judge_evidence([claim for claim in claims if claim.evidence])
        held = [claim for claim in claims if claim.holds and not claim.evidence]
        return Verdict(
            ok=not self._findings,
            service=self._service,
            organisation=self._organisation,
            size=self._tree.size,
            checkpoints=len({claim.size for claim in held if claim.by is None}),
            covered=max((claim.size for claim in held), default=0),
            findings=(*self._findings, *self._further()),
        )

    # -- what is known from outside

    def _signed_claims(self) -> list[_Claim]:
        name = origin(self._service, self._organisation)
        keys = self._keys(name)
        claims = []
        for file, note in self._witnessed.checkpoints:
            path = f"{self._service}/{self._organisation}/{file}"
            try:
                checkpoint = open_checkpoint(note, keys, origin=name)
            except UnverifiedNote:
                self._find(Kind.CHECKPOINT_FOREIGN, file=path)
            except InvalidSignature:
                self._find(Kind.CHECKPOINT_FORGED, file=path)
            except NoteError:
                kind = _other_origin(note, name)
                self._find(kind, file=path)
            else:
                if file not in ("checkpoint", f"checkpoint-{checkpoint.size}"):
                    self._find(Kind.CHECKPOINT_MALFORMED, file=path)
                claims.append(_Claim(checkpoint.size, checkpoint.root, path, None))
        return claims

    def _keys(self, name: str) -> list[Verifier]:
        file = f"{self._service}/{self._organisation}/log.vkey"
        if self._witnessed.checkpoints and not self._witnessed.vkeys:
            self._find(Kind.NO_KEY, file=file)
        keys: dict[Verifier, None] = {}
        for line in self._witnessed.vkeys:
            try:
                key = Verifier.parse(line)
            except NoteError:
                self._find(Kind.KEY_MALFORMED, file=file)
                continue
            if key.name != name:
                self._find(Kind.KEY_MALFORMED, file=file)
            keys[key] = None
        return list(keys)

    def _remembered_claims(self) -> list[_Claim]:
        claims = []
        for memory in self._witnessed.memories:
            if memory.head is None:
                self._find(Kind.HEAD_MALFORMED, file=memory.name)
            else:
                head = memory.head
                claims.append(_Claim(head.size, head.root, memory.name, memory.by, memory.evidence))
        return claims

    # -- what is in the database

    def _read_log(self, claims: list[_Claim], stated: int) -> None:
        """Check every row and ciphertext, and compare the root at each size somebody claims."""
        by_size: dict[int, list[_Claim]] = {}
        for claim in claims:
            by_size.setdefault(claim.size, []).append(claim)
        self._compare(by_size)
        nonces = _NonceSet()
        versions: dict[UUID, int] = {}
        week = ""
        due = 0
        ciphertexts = _Lockstep(self._source.ciphertexts(self._organisation))
        for row in self._source.leaves(self._organisation):
            if row.index != due:
                self._find(Kind.INDEX_GAP, due, found=row.index)
            due = row.index + 1
            self._check_leaf(row)
            self._check_version(row, versions)
            if row.suite not in SUITES:
                self._find(Kind.SUITE_NOT_ALLOWED, row.index, found=row.suite)
            if row.week < week:
                self._find(Kind.WEEK_BACKWARDS, row.index, found=row.week, expected=week)
            week = row.week
            nonces.add(row)
            self._check_ciphertext(row, ciphertexts)
            if row.type == KEY_DESTROYED:
                self._destroyed.add(row.stream)
            self._compare(by_size)
            if self._progress is not None and self._tree.size % PROGRESS_EVERY == 0:
                self._report(stated)
        for index in ciphertexts.rest():
            self._find(Kind.CIPHERTEXT_UNEXPECTED, index)
        self._judge_missing()
        self._judge_nonces(nonces)
        self._report(stated)

    def _check_leaf(self, row: LeafRow) -> None:
        try:
            computed = row.record().hash()
        except LeafError as error:
            self._find(Kind.LEAF_MALFORMED, row.index, reason=str(error))
            computed = hashlib.sha256(b"malformed").digest()
        else:
            if computed != row.leaf_hash:
                self._find(Kind.LEAF_CHANGED, row.index)
        self._tree.append(computed)

    def _check_version(self, row: LeafRow, versions: dict[UUID, int]) -> None:
        expected = versions.get(row.stream, FIRST_VERSION - 1) + 1
        if row.version != expected:
            self._find(Kind.VERSION_BROKEN, row.index, expected=expected, found=row.version)
        versions[row.stream] = row.version

    def _check_ciphertext(self, row: LeafRow, ciphertexts: _Lockstep) -> None:
        unexpected, ciphertext = ciphertexts.upto(row.index)
        for index in unexpected:
            self._find(Kind.CIPHERTEXT_UNEXPECTED, index)
        if ciphertext is None:
            gone = self._gone.setdefault(row.stream, _Gone())
            gone.count += 1
            if len(gone.indexes) < MAX_PER_KIND:
                gone.indexes.append(row.index)
        elif hashlib.sha256(ciphertext).digest() != row.ciphertext_sha256:
            self._find(Kind.CIPHERTEXT_CHANGED, row.index)

    def _compare(self, by_size: dict[int, list[_Claim]]) -> None:
        claims = by_size.get(self._tree.size)
        if claims:
            root = self._tree.root()
            for claim in claims:
                claim.holds = claim.root == root

    # -- judgement

    def _judge_missing(self) -> None:
        """A missing ciphertext is in order only where the stream's key was destroyed."""
        for stream, gone in self._gone.items():
            if stream not in self._destroyed:
                for index in gone.indexes:
                    self._find(Kind.CIPHERTEXT_MISSING, index)
                self._per_kind[Kind.CIPHERTEXT_MISSING] += gone.count - len(gone.indexes)

    def _judge_nonces(self, nonces: _NonceSet) -> None:
        """Where two short fingerprints are equal, read again and compare the nonces themselves."""
        suspects = nonces.repeated()
        if not suspects:
            return
        first: dict[tuple[UUID, bytes], int] = {}
        for row in self._source.leaves(self._organisation):
            if nonces.fingerprint(row) in suspects:
                before = first.setdefault((row.key_id, row.nonce), row.index)
                if before != row.index:
                    self._find(Kind.NONCE_REUSED, before, row.index)

    def _judge_size(self, claims: list[_Claim], stated: int | None) -> None:
        found = self._tree.size
        largest = max(claims, key=lambda claim: claim.size, default=None)
        if largest is not None and found == 0 and largest.size > 0:
            self._find(Kind.LOG_MISSING, expected=largest.size)
            return
        if stated != found and (stated is not None or found):
            self._find(Kind.LOG_SIZE_WRONG, stated=stated or 0, found=found)
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
        signed = [claim for claim in claims if claim.by is None]
        if self._tree.size and not signed:
            self._find(Kind.NO_CHECKPOINT, found=self._tree.size)
        sound = max((claim.size for claim in claims if claim.holds), default=0)
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
            elif claim.size <= sound:
                self._find(Kind.CHECKPOINT_CONTRADICTED, file=claim.file)

    def _judge_evidence(self, claims: list[_Claim]) -> None:
        for claim in claims:
            # A smaller head that the log did have was only told late, say by a second replica.
            if not claim.holds and claim.by is not None:
                self._find(Kind.HEAD_EVIDENCE, file=claim.file, by=claim.by, size=claim.size)

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

    def _report(self, stated: int) -> None:
        if self._progress is not None:
            done = self._tree.size
            self._progress(Progress(self._service, self._organisation, done, max(done, stated)))


class _NonceSet:
    """Finds a (key id, nonce) that stands twice, at 8 bytes per entry.

    Fingerprints are keyed with a random key, so that nobody can make rows whose fingerprints
    collide; an accidental collision costs a second reading, not a wrong answer.
    """

    def __init__(self) -> None:
        self._key = os.urandom(16)
        # Split by the first byte, so that looking for equals sorts a small part at a time.
        self._parts = [array("Q") for _ in range(256)]

    def fingerprint(self, row: LeafRow) -> int:
        digest = hashlib.blake2b(row.key_id.bytes + row.nonce, digest_size=8, key=self._key)
        return int.from_bytes(digest.digest(), "big")

    def add(self, row: LeafRow) -> None:
        fingerprint = self.fingerprint(row)
        self._parts[fingerprint >> 56].append(fingerprint)

    def repeated(self) -> set[int]:
        """The fingerprints that stand more than once."""
        repeated = set()
        for part in self._parts:
            before = None
            for fingerprint in sorted(part):
                if fingerprint == before:
                    repeated.add(fingerprint)
                before = fingerprint
        return repeated


class _Lockstep:
    """Ciphertexts, read beside the rows to which they belong."""

    def __init__(self, ciphertexts: Iterator[tuple[int, bytes]]) -> None:
        self._ciphertexts = ciphertexts
        self._next = next(ciphertexts, None)

    def upto(self, index: int) -> tuple[list[int], bytes | None]:
        """Indexes passed over that have no row, and the ciphertext at `index` if there is one."""
        unexpected = []
        while self._next is not None and self._next[0] < index:
            unexpected.append(self._next[0])
            self._next = next(self._ciphertexts, None)
        if self._next is None or self._next[0] != index:
            return unexpected, None
        ciphertext = self._next[1]
        self._next = next(self._ciphertexts, None)
        return unexpected, ciphertext

    def rest(self) -> Iterator[int]:
        """Indexes behind the last row."""
        while self._next is not None:
            yield self._next[0]
            self._next = next(self._ciphertexts, None)


def _other_origin(note: bytes, name: str) -> Kind:
    """Whether a note that did not open is another log's checkpoint or none at all."""
    try:
        other = Checkpoint.read(note).origin != name
    except MalformedNote:
        other = False
    return Kind.CHECKPOINT_FOREIGN if other else Kind.CHECKPOINT_MALFORMED
