"""Reading a run of entries once: leaf hashes, subtree, and everything that one entry can break.

The verifier's hot loop, and where its time goes: about two SHA-256 calls an entry, one for the
leaf and one for the node above it. What is left is done for a whole page of 256 records at once: a
record has a fixed layout but for the length of its type, so its constants are compared column by
column (strided slices of all records laid side by side), and only what differs from entry to entry
becomes a Python object. A page in which anything is odd is read again entry by entry, with
`LeafRecord.decode`, which says what is wrong.

A run is self-contained and its result can be pickled: runs may be read by several processes and
joined afterwards (shared/ledger/verify.py).
"""

from __future__ import annotations

import gc
import re
import struct
import sys
from array import array
from collections import Counter
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import count as count_from
from operator import add, itemgetter
from typing import TYPE_CHECKING, Final

from shared.ledger.findings import Kind
from shared.ledger.leaf import (
    BLANK,
    FIRST_VERSION,
    FORMAT,
    KEY_DESTROYED,
    LEAF_PREFIX,
    SUITES,
    LeafError,
    LeafRecord,
    leaf_hash,
)
from shared.ledger.merkle import NODE_PREFIX, node_hash
from shared.ledger.source import records
from shared.ledger.tiles import WIDTH, TileMissing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from uuid import UUID

    from shared.ledger.source import LogSource, Page

MAX_PER_KIND: Final = 20
"""A removed row that shifts a million others is one problem: each kind lists this many places."""

NO_CONTENT: Final = bytes(32)
"""What stands for the hash of a ciphertext where there is none."""

NIL_KEY: Final = bytes(16)
EMPTY_SHA256: Final = sha256(b"").digest()
"""What a blank entry says of its content: it has none."""

_SAME: Final = 4 + len(FORMAT) + 4 + 16 + 4
"""What every record of a log begins with: format and organisation, and the length of the index."""
_RECORD: Final = re.compile(
    b"(?s)\\0(.)"  # the record's length; a longer one is read slowly
    b"((.{%d})"  # to the index
    b"\\0\\0\\0\x10(.{16})"  # stream
    b"\\0\\0\\0\x08(.{8})"  # version
    b"(.{4}[^\\0]++.{4}.{8})\\0\\0\\0\x10"  # type and week
    b".{16}"  # actor
    b"\\0\\0\\0\x01%b"  # suite
    b"\\0\\0\\0\x10(.{16})"  # key id
    b"\\0\\0\\0\x0c(.{8}).{4}"  # nonce
    b"\\0\\0\\0\x20(.{32}))"  # content
    % (_SAME + 8, b"[" + b"".join(b"\\x%02x" % suite for suite in SUITES) + b"]")
)
"""A record in its bundle, cut up."""
_BLANK_ROW: Final = 2 + _SAME + 8 + 20 + 12 + 4 + len(BLANK) + 12 + 20 + 5 + 20 + 16 + 36
"""A blank entry in its bundle."""
_BLANK_NONCE: Final = _BLANK_ROW - 36 - 12
_BLANK_ROWS: Final = struct.Struct(f"2x{_BLANK_ROW - 2}s")
_FIRST: Final = itemgetter(0)
_PAIRS: Final = struct.Struct("64s")
_BLANK_VERSION: Final = 2 + _SAME + 8 + 20 + 4
_BLANK_TYPE: Final = _BLANK_VERSION + 8
_BLANK_FORM: Final = struct.pack(">I", len(BLANK)) + BLANK.encode()
_PLACES: Final = bytes(range(WIDTH))
_DATED: Final = re.compile(rb"[0-9]{4}-W(0[1-9]|[1-4][0-9]|5[0-3])")
_NEWER_TYPE: Final = re.compile(r"\.v[0-9]+$", re.ASCII)


@dataclass(frozen=True, slots=True)
class Bounds:
    """In which weeks the entries from `first` up to `end` may lie; "" for no bound."""

    first: int
    end: int
    earliest: str
    latest: str

    def hold(self, week: str) -> bool:
        """Whether an entry of this week is within them."""
        return self.earliest <= week and (not self.latest or week <= self.latest)


@dataclass(frozen=True, slots=True)
class Oddity:
    """Something wrong at an entry, before it is told: kind, first and last entry, values."""

    kind: Kind
    first: int
    last: int
    values: dict[str, str | int]


@dataclass(frozen=True, slots=True)
class Differing:
    """A published hash tile that is not what the entries give."""

    number: int
    root: bytes | None
    """Its own root; None where the tile is missing or torn."""
    entries: tuple[int, ...]
    """The first entries whose hash is another one."""
    count: int


@dataclass(slots=True)
class Missing:
    """Entries of one key whose content is not there: how many, and the first of them."""

    count: int = 0
    indexes: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Run:
    """What entries `start` up to `start + count` come to."""

    start: int
    count: int = 0
    tree: list[bytes] = field(default_factory=list)
    """Roots of the perfect subtrees of these entries alone, as in merkle.CompactRange."""
    trees: dict[int, tuple[bytes, ...]] = field(default_factory=dict)
    """The same as it was at each size that was asked for; sizes are those of the whole log."""
    pairs: dict[bytes, int] = field(default_factory=dict)
    """Stream and key id (32 bytes) → the last version of the stream under that key."""
    streams: dict[bytes, bytes] = field(default_factory=dict)
    """Stream → that pair, as the stream uses it now."""
    opened: dict[bytes, int] = field(default_factory=dict)
    """Stream → its first version here, where this run does not begin at the log's beginning."""
    owners: dict[bytes, bytes] = field(default_factory=dict)
    """Key id → the first stream that used it."""
    nonces: array[int] = field(default_factory=lambda: array("Q"))
    """The first eight bytes of every nonce."""
    destroyed: dict[bytes, int] = field(default_factory=dict)
    """Key id → its KeyDestroyed."""
    missing: dict[bytes, Missing] = field(default_factory=dict)
    """Key id → entries without content."""
    blanks: int = 0
    weeks: tuple[str, str] = ("", "")
    """The first and the last entry's week."""
    oddities: list[Oddity] = field(default_factory=list)
    counts: Counter[Kind] = field(default_factory=Counter)
    """How many oddities of each kind there are; the first MAX_PER_KIND are listed."""
    roots: list[bytes] = field(default_factory=list)
    """The root of every whole tile of 256."""
    differing: list[Differing] = field(default_factory=list)
    """Published hash tiles that the entries do not give."""


class Reader:
    """Reads the pages of one run, in order, and keeps what they come to in `run`.

    `start` is the run's first entry; `sizes` are the sizes of the whole log at which the tree is
    kept; `bounds` cover the whole log, in order; `published` gives the published hash tile of 256
    leaves with that number (8,192 bytes) where there is one, and there should be `tiles` of them.
    """

    def __init__(
        self,
        organisation: UUID,
        *,
        start: int = 0,
        sizes: Iterable[int] = (),
        bounds: Sequence[Bounds] = (),
        published: Callable[[int], bytes | None] = lambda _index: None,
        tiles: int = 0,
    ) -> None:
        self.run = Run(start)
        self._organisation = organisation
        self._due = start
        self._steps = _Steps()
        self._sizes = sorted({size for size in sizes if size >= start}, reverse=True)
        self._bounds = list(reversed(bounds))
        self._published = published
        self._tiles = tiles
        self._week = ""
        self._kinds: dict[bytes, _Kind] = {}
        self._same = b"".join(
            struct.pack(">I", len(each)) + each for each in (FORMAT, organisation.bytes)
        ) + struct.pack(">I", 8)

    def take(self, page: Page) -> None:
        """Read the next page."""
        self._keep_trees()
        leaves = self._whole(page) or self._one_by_one(page)
        self._compare(page, leaves)
        self._grow(leaves.hashes)

    def finish(self) -> Run:
        """The run, when all its pages were read."""
        self._keep_trees()
        self.run.pairs = {pair: next(count) - 1 for pair, count in self._steps.items()}
        return self.run

    # -- a page at once

    def _whole(self, page: Page) -> _Leaves | None:
        """A whole tile in which nothing is odd; None sends the page back, to be read slowly."""
        start = page.start
        if start != self._due or start % WIDTH:
            return None
        rest = _blank_run(page)
        width = WIDTH - rest
        end = len(page.bundle) - rest * _BLANK_ROW
        found = _RECORD.findall(page.bundle, 0, end)
        if len(found) != width:
            return None
        lengths, records, heads, streams, versions, shapes, keys, nonces, contents = zip(
            *found, strict=True
        )
        sizes = list(map(len, records))
        if (
            max(sizes) > 255
            or b"".join(lengths) != bytes(sizes)
            or sum(sizes) + 2 * width != end
            or b"".join(heads) != self._heads(start, width)
        ):
            return None
        kinds = self._known(set(shapes))
        if kinds is None:
            return None
        present = page.contents[: 32 * width]
        gone = _gone(present, shapes, kinds, keys, contents)
        if gone is None or not self._weeks_hold(start, shapes, kinds):
            return None
        # From here on nothing sends the page back.
        pairs = list(map(add, streams, keys))
        self._follow(start, pairs, struct.unpack(f">{width}Q", b"".join(versions)))
        for place in gone:
            self._miss(keys[place], start + place)
        self._note_kinds(start, shapes, kinds, keys)
        self._keep_nonces(nonces, shapes, kinds)
        hashes = _leaf_hashes(records)
        if rest:
            hashes += self._take_blanks(page.bundle, end, rest, pairs[-1])
        self._due += WIDTH
        return _Leaves(hashes, range(start, start + WIDTH), frozenset())

    def _keep_nonces(
        self, nonces: Sequence[bytes], shapes: Sequence[bytes], kinds: Mapping[bytes, _Kind]
    ) -> None:
        """Of all but blank entries: where nothing is encrypted a nonce may stand twice."""
        if any(kind.blank for kind in kinds.values()):
            nonces = [
                nonce for nonce, shape in zip(nonces, shapes, strict=True) if not kinds[shape].blank
            ]
        self.run.nonces.frombytes(b"".join(nonces))

    def _note_kinds(
        self,
        start: int,
        shapes: Sequence[bytes],
        kinds: Mapping[bytes, _Kind],
        keys: Sequence[bytes],
    ) -> None:
        for shape, kind in kinds.items():
            if kind.blank:
                self.run.blanks += shapes.count(shape)
            if kind.destroying:
                for place, each in enumerate(shapes):
                    if each == shape:
                        self.run.destroyed.setdefault(keys[place], start + place)

    def _take_blanks(self, bundle: bytes, at: int, count: int, pair: bytes) -> list[bytes]:
        """The leaf hashes of a run of blank entries that `_blank_run` found."""
        self.run.blanks += count
        self._steps[pair] = count_from(next(self._steps[pair]) + count)
        return _leaf_hashes(map(_FIRST, _BLANK_ROWS.iter_unpack(bundle[at:])))

    def _heads(self, start: int, width: int) -> bytes:
        """What that many records from this index on begin with."""
        heads = bytearray((self._same + start.to_bytes(8, "big")) * width)
        heads[_SAME + 7 :: _SAME + 8] = _PLACES[:width]
        return bytes(heads)

    def _known(self, shapes: set[bytes]) -> dict[bytes, _Kind] | None:
        """What these types and weeks are; None when one of them is none."""
        kinds = {}
        for shape in shapes:
            kind = self._kinds.get(shape)
            if kind is None:
                kind = _Kind.read(shape)
                if kind is None:
                    return None
                self._kinds[shape] = kind
            kinds[shape] = kind
        return kinds

    def _weeks_hold(
        self, start: int, shapes: Sequence[bytes], kinds: Mapping[bytes, _Kind]
    ) -> bool:
        """Whether the page's weeks are in order and within their bounds."""
        weeks = {kind.week for kind in kinds.values()}
        end = start + WIDTH  # blank entries behind these are of the same week as the last
        run = [(start, end, week) for week in weeks]
        if len(weeks) > 1:
            run = [
                (index, index + 1, kinds[shape].week) for index, shape in enumerate(shapes, start)
            ]
            run[-1] = (run[-1][0], end, run[-1][2])
        before = self._week
        for first, end, week in run:
            if week < before or not all(each.hold(week) for each in self._bounds_of(first, end)):
                return False
            before = week
        self._note_week(run[0][2], before)
        return True

    def _follow(self, start: int, pairs: Sequence[bytes], versions: Sequence[int]) -> None:
        """Each entry is the next one of its stream, under the stream's key."""
        steps = self._steps
        expected = tuple(map(next, map(steps.__getitem__, pairs)))
        if expected != versions or not all(map(self._begins, steps.fresh)):
            self._follow_slowly(start, pairs, versions, expected)
        steps.fresh.clear()

    def _begins(self, pair: bytes) -> bool:
        """Whether a pair that is met for the first time is a new stream under a new key."""
        run, stream, key = self.run, pair[:16], pair[16:]
        if stream in run.streams or (key in run.owners and key != NIL_KEY):
            return False
        run.streams[stream] = pair
        run.owners.setdefault(key, stream)
        return True

    def _follow_slowly(
        self, start: int, pairs: Sequence[bytes], versions: Sequence[int], counted: Sequence[int]
    ) -> None:
        """The same, one entry after the other, for those that do not all fit."""
        for pair in self._steps.fresh:
            if self.run.streams.get(pair[:16]) == pair:
                del self.run.streams[pair[:16]]
        fresh = set(self._steps.fresh)
        last: dict[bytes, int] = {}
        for pair, count in zip(pairs, counted, strict=True):
            if pair not in fresh:
                last.setdefault(pair, count - 1)
        for index, (pair, version) in enumerate(zip(pairs, versions, strict=True), start):
            if last.get(pair) != version - 1:
                self._step(index, pair, version, last)
            last[pair] = version
        for pair, version in last.items():
            self._steps[pair] = count_from(version + 1)

    def _step(self, index: int, pair: bytes, version: int, last: dict[bytes, int]) -> None:
        """A stream's first entry, its first under a key, or one that does not fit."""
        run, stream, key = self.run, pair[:16], pair[16:]
        current = run.streams.get(stream)
        if current is None:
            expected = FIRST_VERSION
        else:
            before = last.get(current)
            if before is None:
                # Another key of this stream, which no entry of this page used.
                before = last[current] = next(self._steps[current]) - 1
            expected = before + 1
        if current is None and run.start:
            run.opened[stream] = version  # whether it fits is seen when runs are joined
        elif version != expected:
            self._find(Kind.VERSION_BROKEN, index, expected=expected, found=version)
        run.streams[stream] = pair
        # The key of blank entries, which is none, belongs to nobody.
        if run.owners.setdefault(key, stream) != stream and key != NIL_KEY:
            self._find(Kind.KEY_REUSED, index)

    # -- a page entry by entry

    def _one_by_one(self, page: Page) -> _Leaves:
        hashes, indexes, malformed = [], [], set()
        for place, record in enumerate(records(page.bundle)):
            hashes.append(leaf_hash(record))
            content = page.contents[32 * place : 32 * place + 32] or NO_CONTENT
            try:
                leaf = LeafRecord.decode(record)
                if leaf.organisation != self._organisation:
                    raise LeafError("it belongs to another organisation")  # noqa: TRY301
            except LeafError as error:
                self._find(Kind.LEAF_MALFORMED, self._due, reason=str(error))
                malformed.add(place)
                indexes.append(self._due)
                self._due += 1
            else:
                self._one(leaf, content)
                indexes.append(leaf.index)
        return _Leaves(hashes, indexes, frozenset(malformed))

    def _one(self, leaf: LeafRecord, content: bytes) -> None:
        index, key = leaf.index, leaf.key_id.bytes
        if index != self._due:
            self._find(Kind.INDEX_GAP, self._due, found=index)
        self._due = index + 1
        self._follow(index, (leaf.stream.bytes + key,), (leaf.version,))
        if leaf.suite not in SUITES:
            self._find(Kind.SUITE_NOT_ALLOWED, index, found=leaf.suite)
        self._check_week(index, leaf.week)
        if leaf.type == BLANK:
            self.run.blanks += 1
            blank = (key, leaf.ciphertext_sha256, content)
            if blank != (NIL_KEY, EMPTY_SHA256, NO_CONTENT):
                self._find(Kind.BLANK_MALFORMED, index)
            return
        self.run.nonces.append(int.from_bytes(leaf.nonce[:8], sys.byteorder))
        if content == NO_CONTENT:
            self._miss(key, index)
        elif content != leaf.ciphertext_sha256:
            self._find(Kind.CIPHERTEXT_CHANGED, index)
        if base_type(leaf.type) == KEY_DESTROYED:
            self.run.destroyed.setdefault(key, index)

    def _check_week(self, index: int, week: str) -> None:
        if week < self._week:
            self._find(Kind.WEEK_BACKWARDS, index, found=week, expected=self._week)
        for bound in self._bounds_of(index, index + 1):
            if bound.latest and week > bound.latest:
                self._find(Kind.CLOCK_FORWARD, index, found=week, expected=bound.latest)
            if bound.earliest and week < bound.earliest:
                self._find(Kind.CLOCK_BACK, index, found=week, expected=bound.earliest)
        self._note_week(week, week)

    # -- both

    def _bounds_of(self, first: int, end: int) -> list[Bounds]:
        """The bounds that concern these entries. Earlier ones are not asked for again."""
        while self._bounds and self._bounds[-1].end <= first:
            self._bounds.pop()
        found = []
        for bound in reversed(self._bounds):
            if bound.first >= end:
                break
            found.append(bound)
        return found

    def _note_week(self, first: str, last: str) -> None:
        self._week = last
        self.run.weeks = (self.run.weeks[0] or first, last)

    def _miss(self, key: bytes, index: int) -> None:
        missing = self.run.missing.setdefault(key, Missing())
        missing.count += 1
        if len(missing.indexes) < MAX_PER_KIND:
            missing.indexes.append(index)

    def _compare(self, page: Page, leaves: _Leaves) -> None:
        """With the leaf hashes that are stored, and with those that were published."""
        joined = b"".join(leaves.hashes)
        if page.stored is not None and page.stored != joined:
            for place, (computed, index) in enumerate(
                zip(leaves.hashes, leaves.indexes, strict=True)
            ):
                stored = page.stored[32 * place : 32 * place + 32]
                if computed != stored and place not in leaves.malformed:
                    self._find(Kind.LEAF_CHANGED, index)
        number, offset = divmod(page.start, WIDTH)
        if offset == 0 and number < self._tiles:
            tile = self._published(number)
            if tile != joined:
                self.run.differing.append(_differing(number, tile, leaves))

    def _grow(self, hashes: list[bytes]) -> None:
        run = self.run
        size = run.start + run.count
        asked = bool(self._sizes) and self._sizes[-1] < size + WIDTH
        if len(hashes) == WIDTH and run.count % WIDTH == 0 and not asked:
            root = tile_root(hashes)
            run.roots.append(root)
            push(run.tree, run.count >> 8, root)
            run.count += WIDTH
            return
        if len(hashes) == WIDTH and run.count % WIDTH == 0:
            run.roots.append(tile_root(hashes))
        for each in hashes:
            self._keep_trees()
            push(run.tree, run.count, each)
            run.count += 1

    def _keep_trees(self) -> None:
        size = self.run.start + self.run.count
        while self._sizes and self._sizes[-1] <= size:
            self.run.trees[self._sizes.pop()] = tuple(self.run.tree)

    def _find(self, kind: Kind, index: int, **values: str | int) -> None:
        self.run.counts[kind] += 1
        if self.run.counts[kind] <= MAX_PER_KIND:
            self.run.oddities.append(Oddity(kind, index, index, values))


@dataclass(frozen=True, slots=True)
class _Kind:
    """What the type and the week of an entry come to; there are few of them."""

    week: str
    blank: bool
    destroying: bool

    @classmethod
    def read(cls, shape: bytes) -> _Kind | None:
        """From the type's length, the type, 8, and the week; None where the form is another."""
        length, type_, eight, week = shape[:4], shape[4:-12], shape[-12:-8], shape[-8:]
        if (length, eight) != (struct.pack(">I", len(type_)), struct.pack(">I", 8)):
            return None
        try:
            text = type_.decode()
        except UnicodeDecodeError:
            return None
        sound = text.isprintable() and not any(character.isspace() for character in text)
        if not sound or _DATED.fullmatch(week) is None:
            return None
        return cls(week.decode(), text == BLANK, base_type(text) == KEY_DESTROYED)


class _Steps(dict[bytes, "count_from[int]"]):
    """Stream and key id → the versions that are to come, from the first."""

    def __init__(self) -> None:
        super().__init__()
        self.fresh: list[bytes] = []
        """Pairs that were met for the first time."""

    def __missing__(self, pair: bytes) -> count_from[int]:
        """Begin with the first version."""
        self.fresh.append(pair)
        made = self[pair] = count_from(FIRST_VERSION)
        return made


@dataclass(frozen=True, slots=True)
class _Leaves:
    """The leaves of a page: hashes, indexes, and the places of those that are no records."""

    hashes: list[bytes]
    indexes: Sequence[int]
    malformed: frozenset[int]


def base_type(type_: str) -> str:
    """An event's type without the version that it was written in: `CaseOpened.v2`, `CaseOpened`."""
    return _NEWER_TYPE.sub("", type_)


def push(tree: list[bytes], count: int, root: bytes) -> None:
    """Add the root of the next perfect subtree to a compact range of `count` such subtrees."""
    while count & 1:
        root = node_hash(tree.pop(), root)
        count >>= 1
    tree.append(root)


def _leaf_hashes(records: Iterable[bytes]) -> list[bytes]:
    """As leaf.leaf_hash, for many."""
    return _hash_each(LEAF_PREFIX, records)


def tile_root(hashes: Sequence[bytes]) -> bytes:
    """The root of a perfect tree: of 256 leaf hashes, or another power of two."""
    while len(hashes) > 1:
        pairs = _PAIRS.iter_unpack(b"".join(hashes))
        hashes = _hash_each(NODE_PREFIX, map(_FIRST, pairs))
    return hashes[0]


def _hash_each(prefix: bytes, messages: Iterable[bytes]) -> list[bytes]:
    """SHA-256(prefix ‖ message) of each.

    To copy a hash that has taken in the prefix costs less than to put it before each message;
    `update` answers None.
    """
    begun = sha256(prefix).copy
    return [
        each.digest()
        for message in messages
        if not (each := begun()).update(message)  # type: ignore[func-returns-value]
    ]


def _blank_run(page: Page) -> int:
    """How many blank entries at the tile's end are like the one before them.

    Those that fill a tile differ in index, version and nonce alone. So the first of them, which is
    read as every other entry, is a form in which the others are filled in and compared at once.
    """
    bundle = page.bundle
    last = bundle[-_BLANK_ROW:]
    if last[_BLANK_TYPE : _BLANK_TYPE + len(_BLANK_FORM)] != _BLANK_FORM:
        return 0
    version = int.from_bytes(last[_BLANK_VERSION:_BLANK_TYPE], "big")
    count = min(version, WIDTH) - 1
    at = len(bundle) - count * _BLANK_ROW
    if count < 1 or version > 0xFFFF or at < _BLANK_ROW:
        return 0
    tail = bundle[at:]
    form = bytearray(bundle[at - _BLANK_ROW : at] * count)
    form[2 + _SAME + 7 :: _BLANK_ROW] = _PLACES[WIDTH - count :]
    versions = struct.pack(f">{count}H", *range(version - count + 1, version + 1))
    form[_BLANK_VERSION + 6 :: _BLANK_ROW] = versions[::2]
    form[_BLANK_VERSION + 7 :: _BLANK_ROW] = versions[1::2]
    for column in range(_BLANK_NONCE, _BLANK_NONCE + 12):
        form[column::_BLANK_ROW] = tail[column::_BLANK_ROW]
    there = page.contents[32 * (WIDTH - count) :]
    return count if form == tail and there == bytes(32 * count) else 0


def _gone(
    present: bytes,
    shapes: Sequence[bytes],
    kinds: Mapping[bytes, _Kind],
    keys: Sequence[bytes],
    contents: Sequence[bytes],
) -> list[int] | None:
    """The places whose content is not there; None when one is another, or a blank entry is none.

    A blank entry has the nil key and no content.
    """
    blank = {shape for shape, kind in kinds.items() if kind.blank}
    joined = b"".join(contents)
    if not blank and present == joined:
        return []
    if blank:
        places = [place for place, shape in enumerate(shapes) if shape in blank]
        if contents.count(EMPTY_SHA256) == len(places) and all(
            keys[place] == NIL_KEY and contents[place] == EMPTY_SHA256 for place in places
        ):
            expected = bytearray(joined)
            for place in places:
                expected[32 * place : 32 * place + 32] = NO_CONTENT
            if present == expected:
                return []
    if len(present) != 32 * len(shapes):
        return None
    gone = []
    for place, (shape, content) in enumerate(zip(shapes, contents, strict=True)):
        there = present[32 * place : 32 * place + 32]
        if shape in blank:
            if (keys[place], content, there) != (NIL_KEY, EMPTY_SHA256, NO_CONTENT):
                return None
        elif there != content:
            if there != NO_CONTENT:
                return None
            gone.append(place)
    return gone


def _differing(number: int, tile: bytes | None, leaves: _Leaves) -> Differing:
    if tile is None or len(tile) != 32 * WIDTH:
        return Differing(number, None, (), 0)
    published = [tile[at : at + 32] for at in range(0, len(tile), 32)]
    found = dict(zip(leaves.indexes, leaves.hashes, strict=True))
    entries = [
        index for index, each in enumerate(published, number * WIDTH) if found.get(index) != each
    ]
    return Differing(number, tile_root(published), tuple(entries[:MAX_PER_KIND]), len(entries))


PART: Final = 65_536
"""Entries of one run where several processes read: a perfect subtree, large enough that joining the
runs costs little."""


def read_part(
    source: LogSource,
    *,
    start: int,
    stop: int | None,
    sizes: Iterable[int],
    bounds: Sequence[Bounds],
    tiles: int,
    told: Callable[[int], None] = lambda _count: None,
) -> Run:
    """Read one run of a log. `told` hears now and then how many entries were read.

    Raises LogUnreadableError.
    """

    def published(number: int) -> bytes | None:
        try:
            return source.tile(0, number, WIDTH)
        except TileMissing:
            return None

    reader = Reader(
        source.organisation,
        start=start,
        sizes=sizes,
        bounds=bounds,
        published=published,
        tiles=tiles,
    )
    # What is made here is freed by counting references; looking for cycles only costs time.
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        for number, page in enumerate(source.pages(start, stop), start=1):
            reader.take(page)
            if number % 16 == 0:
                told(reader.run.count)
    finally:
        if was_enabled:
            gc.enable()
    return reader.finish()


def join(runs: Iterable[Run]) -> Run | None:
    """One run of the whole log, of runs of PART entries in order; the last may be shorter.

    None where they do not fit together: then only one reading of the whole log, in order, can say
    what is wrong.
    """
    whole = Run(0)
    for number, run in enumerate(runs):
        if whole.count != run.start or not _joins(whole, run):
            return None
        for size, tree in run.trees.items():
            whole.trees[size] = (*whole.tree, *tree)
        if run.count == PART:
            push(whole.tree, number, run.tree[0])
        else:
            whole.tree += run.tree
        whole.count += run.count
        whole.streams |= run.streams
        whole.pairs |= run.pairs
        whole.nonces.extend(run.nonces)
        whole.destroyed = run.destroyed | whole.destroyed
        for key, missing in run.missing.items():
            known = whole.missing.setdefault(key, Missing())
            known.count += missing.count
            known.indexes = (known.indexes + missing.indexes)[:MAX_PER_KIND]
        whole.blanks += run.blanks
        whole.weeks = (whole.weeks[0] or run.weeks[0], run.weeks[1] or whole.weeks[1])
        listed = Counter(oddity.kind for oddity in whole.oddities)
        for oddity in run.oddities:
            listed[oddity.kind] += 1
            if listed[oddity.kind] <= MAX_PER_KIND:
                whole.oddities.append(oddity)
        whole.counts += run.counts
        whole.roots += run.roots
        whole.differing += run.differing
    return whole


def _joins(whole: Run, run: Run) -> bool:
    """Whether a run goes on where the runs before it end."""
    if Kind.INDEX_GAP in run.counts or (run.weeks[0] and run.weeks[0] < whole.weeks[1]):
        return False
    for stream in run.streams:
        before = whole.streams.get(stream)
        expected = FIRST_VERSION if before is None else whole.pairs[before] + 1
        if run.opened.get(stream, FIRST_VERSION) != expected:
            return False
    return all(
        whole.owners.setdefault(key, stream) == stream or key == NIL_KEY
        for key, stream in run.owners.items()
    )
