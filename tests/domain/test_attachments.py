"""Files sealed in chunks: nothing is whole in memory, and nothing is moved, cut or added unseen."""

import hashlib
import io
import json
import stat
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st

from hoeksteen_client import AdviserKey, CannotOpen, SealingError, seal
from hoeksteen_client.attachments import (
    CHUNK_BYTES,
    MAX_FILE_BYTES,
    AttachmentHeader,
    AttachmentSealer,
    FileTooLarge,
    chunks_of,
    open_attachment,
    plain_name,
    save_attachment,
)
from hoeksteen_client.metadata import MetadataStays, stripped
from tests.pictures import (
    DIRTY_JPEG,
    DIRTY_PNG,
    JFIF,
    KEPT,
    SECRET,
    TURNED,
    exif,
    jpeg,
    png,
    segment,
)

PLACE: dict[str, Any] = {
    "organisation": UUID("5b8c0c6e-6f0b-4b58-9f0e-0f6f6a3f3f11"),
    "case": UUID("d1f4be1e-2f2a-4f09-8f38-6a7a57a0c001"),
    "attachment": UUID("0a7c1f3a-54a8-4a3f-8d0e-1b6f0c1d2e3f"),
}


def sealed(data: bytes, **changes: Any) -> tuple[AttachmentHeader, list[bytes]]:
    """The header and chunks of a file with these bytes, passed as they are."""
    sealer = AttachmentSealer(**PLACE | changes, name="verslag.bin", media_type="text/plain")
    chunks = list(sealer.chunks(io.BytesIO(data), keep_metadata=True))
    return sealer.header, chunks


def opened(header: AttachmentHeader, chunks: list[bytes], **changes: Any) -> bytes:
    return b"".join(open_attachment(header, chunks, **PLACE | changes))


FILE = bytes(range(256)) * 700  # 175 KiB: three chunks of content, four in all
HEADER, CHUNKS = sealed(FILE)


# Chunks -----------------------------------------------------------------------------------------


@settings(max_examples=15, deadline=None)
@given(st.binary(max_size=300), st.sampled_from([0, CHUNK_BYTES - 100, 2 * CHUNK_BYTES - 3]))
def test_a_file_comes_back_as_it_was(tail: bytes, length: int) -> None:
    """Whatever its bytes are, around the borders of chunks too."""
    data = b"\x07" * length + tail

    assert data == opened(*sealed(data))


@pytest.mark.parametrize(
    ("size", "chunks"),
    [
        (0, 1),
        (CHUNK_BYTES, 1),
        (CHUNK_BYTES + 1, 2),
        (2 * CHUNK_BYTES + 1, 4),
        (5 * CHUNK_BYTES, 8),
        (MAX_FILE_BYTES, 512),
    ],
)
def test_the_number_of_chunks_is_a_power_of_two(size: int, chunks: int) -> None:
    """So a server learns no length, and each chunk is as long as any other."""
    assert chunks == chunks_of(size)
    if size < MAX_FILE_BYTES:
        assert [CHUNK_BYTES + 16] * chunks == [len(chunk) for chunk in sealed(bytes(size))[1]]


def test_chunks_are_encrypted_as_described() -> None:
    """Computed here by hand: nonce, aad, padding and digest."""
    aad = b"".join(
        len(part).to_bytes(4, "big") + part
        for part in (b"hoeksteen/attachment/v1", *(each.bytes for each in PLACE.values()))
    )
    plain = b"".join(
        AESGCM(HEADER.key).decrypt(HEADER.nonce + bytes([0, 0, 0, at, int(at == 3)]), chunk, aad)
        for at, chunk in enumerate(CHUNKS)
    )

    assert FILE.ljust(4 * CHUNK_BYTES, b"\0") == plain
    hashes = b"".join(hashlib.sha256(chunk).digest() for chunk in CHUNKS)
    assert hashlib.sha256(hashes).digest() == HEADER.digest


CHANGED = bytes([CHUNKS[1][0] ^ 1]) + CHUNKS[1][1:]
OTHER = sealed(FILE)[1]


@pytest.mark.parametrize(
    ("chunks", "sentence"),
    [
        (CHUNKS[:3], "ends too early: 3 of its 4 chunks"),
        ([], "ends too early: 0 of its 4"),
        ([*CHUNKS[:3], CHUNKS[3][:-1]], "Chunk 4 of the file does not open"),
        ([CHUNKS[0][:100], *CHUNKS[1:]], "Chunk 1 of the file does not open"),
        ([CHUNKS[1], CHUNKS[0], *CHUNKS[2:]], "Chunk 1 of the file does not open"),
        ([*CHUNKS[:2], CHUNKS[3]], "Chunk 3 of the file does not open"),
        ([CHUNKS[0], CHANGED, *CHUNKS[2:]], "Chunk 2 of the file does not open"),
        ([CHUNKS[0], OTHER[1], *CHUNKS[2:]], "Chunk 2 of the file does not open"),
        ([CHUNKS[0], CHUNKS[0], *CHUNKS[2:]], "Chunk 2 of the file does not open"),
        ([*CHUNKS, CHUNKS[3]], "goes on after its end: it has 4 chunks"),
        ([*CHUNKS[:2], CHUNKS[2] + b"x", CHUNKS[3]], "Chunk 3 of the file does not open"),
        ([*CHUNKS[:3], b""], "Chunk 4 of the file does not open"),
    ],
    ids=[
        "truncated",
        "none",
        "last-cut",
        "first-cut",
        "reordered",
        "left-out",
        "changed",
        "swapped",
        "repeated",
        "added",
        "extended",
        "emptied",
    ],
)
def test_a_file_that_was_tampered_with_does_not_open(chunks: list[bytes], sentence: str) -> None:
    """Cut, moved, left out, swapped, repeated, added or extended: the sentence says which chunk."""
    with pytest.raises(CannotOpen, match=sentence):
        opened(HEADER, chunks)


@pytest.mark.parametrize("place", PLACE)
def test_a_file_opens_in_its_own_place_only(place: str) -> None:
    """Not in another organisation, case or attachment, though the header is the right one."""
    with pytest.raises(CannotOpen, match=r"Chunk 1 .* another file, case or organisation"):
        opened(HEADER, CHUNKS, **{place: uuid4()})


def test_another_reader_cannot_change_the_file() -> None:
    """Who has the header has the key and can make good chunks, but not of the same digest."""
    cut = replace(HEADER, size=1, chunks=1)
    forged = AttachmentSealer(**PLACE, name="x", media_type="text/plain")
    forged._key, forged._nonce = HEADER.key, HEADER.nonce
    chunks = list(forged.chunks(io.BytesIO(b"!"), keep_metadata=True))

    with pytest.raises(CannotOpen, match="another reader changed it"):
        opened(cut, chunks)


def test_bytes_in_the_padding_are_refused() -> None:
    """Nothing is carried along unseen."""
    with pytest.raises(CannotOpen, match="does not keep to the format"):
        opened(replace(HEADER, size=HEADER.size - 1), CHUNKS)


def test_the_largest_file_never_is_whole_in_memory() -> None:
    """25 MiB go in and come out while less than one MiB is held."""

    class Zeros(io.RawIOBase):
        left = MAX_FILE_BYTES

        def read(self, size: int = -1) -> bytes:
            count = min(size, self.left)
            self.left -= count
            return bytes(count)

    sealer = AttachmentSealer(**PLACE, name="groot.txt", media_type="text/plain")
    size = 0
    tracemalloc.start()
    try:
        # To open it a header is needed beforehand: the same chunks are made of it a second time.
        for _ in sealer.chunks(Zeros()):  # type: ignore[arg-type]
            pass
        again = AttachmentSealer(**PLACE, name="groot.txt", media_type="text/plain")
        again._key, again._nonce = sealer._key, sealer._nonce
        for piece in open_attachment(sealer.header, again.chunks(Zeros()), **PLACE):  # type: ignore[arg-type]
            size += len(piece)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert MAX_FILE_BYTES == size
    assert peak < 1024 * 1024


def test_a_file_over_the_limit_is_refused() -> None:
    """On the way, at the first byte too many, without reading the rest."""
    sealer = AttachmentSealer(
        **PLACE, name="x", media_type="text/plain", most_bytes=2 * 1024 * 1024
    )
    source = io.BytesIO(bytes(3 * 1024 * 1024))

    with pytest.raises(FileTooLarge, match="at most 2 MiB"):
        list(sealer.chunks(source))

    assert source.tell() < 2.2 * 1024 * 1024


def test_a_sealer_seals_one_file() -> None:
    """Two files under one key and nonce could be read by comparing them."""
    sealer = AttachmentSealer(**PLACE, name="x", media_type="text/plain")
    with pytest.raises(SealingError, match="all chunks"):
        _ = sealer.header
    list(sealer.chunks(io.BytesIO(b"one")))

    with pytest.raises(SealingError, match="make a new one"):
        sealer.chunks(io.BytesIO(b"two"))


# Header and file --------------------------------------------------------------------------------


def test_a_header_goes_sealed_and_fills_the_smallest_bucket() -> None:
    """With the longest name too: a server cannot tell a long name from a short one."""
    key = AdviserKey.generate()
    place = {"organisation": PLACE["organisation"], "case": PLACE["case"]}
    header = replace(HEADER, name=plain_name("é" * 300), media_type="text/" + "x" * 95)

    envelope = seal(header.text, **place, key_id=key.key_id, public_key=key.public)

    assert 1 + 32 + 1024 + 16 == len(envelope)
    assert header == AttachmentHeader.read(key.open(envelope, **place))
    assert "key" not in repr(header)
    assert "name" not in repr(header)


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"key": "AAAA"},
        {"nonce": "no base64"},
        {"chunks": 3},
        {"chunks": 4.0},
        {"size": -1},
        {"size": True, "chunks": 1},
        {"size": 300_000},
        {"digest": None},
        {"name": "../../.profile"},
        {"name": ""},
        {"name": "a\u202efdp.exe"},
        {"name": 7},
        {"name": "\ud800"},
        {"type": "text/plain\r\nX: y"},
        {"more": 1},
    ],
    ids=str,
)
def test_a_header_that_is_not_ours_is_refused(change: dict[str, Any]) -> None:
    """In one sentence, before a chunk is asked for; a name may not lead out of a folder."""
    text = json.dumps(json.loads(HEADER.text) | change)

    with pytest.raises(CannotOpen, match="does not keep to the format"):
        AttachmentHeader.read(text)


@pytest.mark.parametrize("text", ["", "[]", "7", '{"format":1}', "[" * 100_000])
def test_what_is_no_header_is_refused(text: str) -> None:
    """Words that are not a header at all."""
    with pytest.raises(CannotOpen):
        AttachmentHeader.read(text)


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("C:\\Users\\noor\\verslag.pdf", "verslag.pdf"),
        ("/home/noor/foto.jpg", "foto.jpg"),
        ("..", "file"),
        (".bashrc ", "bashrc"),
        ("a\x00\u202eb:c?.txt", "abc.txt"),
        ("é" * 101, "é" * 100),
    ],
)
def test_a_name_tells_no_folder(name: str, plain: str) -> None:
    """Where the file lay says who sent it."""
    assert plain == plain_name(name)


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    """Nobody but the owner reads it, nothing is replaced, and of a bad file nothing is left."""
    path = tmp_path / "verslag.bin"
    save_attachment(HEADER, CHUNKS, path, **PLACE)

    assert FILE == path.read_bytes()
    assert 0o600 == stat.S_IMODE(path.stat().st_mode)
    with pytest.raises(FileExistsError):
        save_attachment(HEADER, CHUNKS, path, **PLACE)
    with pytest.raises(CannotOpen):
        save_attachment(HEADER, CHUNKS[:3], tmp_path / "half.bin", **PLACE)
    assert [path] == list(tmp_path.iterdir())


# Metadata ---------------------------------------------------------------------------------------


class Trickle(io.RawIOBase):
    """A source that gives a few bytes at a time, as a network may."""

    def __init__(self, data: bytes, most: int) -> None:
        super().__init__()
        self._data = io.BytesIO(data)
        self._most = most

    def read(self, size: int = -1) -> bytes:
        return self._data.read(min(size, self._most))


def clean(data: bytes, media_type: str = "image/jpeg") -> bytes:
    """What is left of a file, read whole and in drops, which must be the same."""
    whole = b"".join(stripped(io.BytesIO(data), media_type=media_type))
    for most in (1, 7):
        drops: Iterator[bytes] = stripped(Trickle(data, most), media_type=media_type)  # type: ignore[arg-type]
        assert whole == b"".join(drops)
    return whole


def test_a_jpeg_keeps_its_picture_and_nothing_else() -> None:
    """Exif, XMP, IPTC, profiles, comments, thumbnails and what hangs behind the end are gone."""
    assert jpeg() == clean(DIRTY_JPEG)
    assert jpeg() == clean(jpeg())


def test_a_jpeg_keeps_how_its_colours_are_coded() -> None:
    """Adobe's segment says it in one byte; the others in it are written anew."""
    adobe = segment(0xEE, b"Adobe\0\x65" + b"\xab\xcd\xef\x12" + b"\x02")

    assert jpeg(jfif=segment(0xEE, b"Adobe\0\x64\0\0\0\0\x02")) == clean(jpeg(jfif=adobe))


@pytest.mark.parametrize("order", [">", "<"], ids=["big", "little"])
def test_a_jpeg_keeps_which_side_is_up(order: str) -> None:
    """In either order of bytes; a picture that is not turned, or says something else, says nothing."""
    assert jpeg(TURNED) == clean(jpeg(exif(6, order=order)))
    assert SECRET in exif(6, order=order)
    for side in (0, 1, 9, 0xFFFF):
        assert jpeg() == clean(jpeg(exif(side, order=order)))


@pytest.mark.parametrize("length", [0, 2, 8, 9, 20, 27])
def test_exif_that_is_cut_off_says_nothing(length: int) -> None:
    """Nor does one that points beyond its end, or says that it has more entries than it has."""
    whole = exif(6)[10:]
    endless = b"MM\0\x2a\0\0\0\x08\xff\xff" + bytes(30)

    assert jpeg() == clean(jpeg(segment(0xE1, b"Exif\0\0" + whole[:length])))
    assert jpeg() == clean(jpeg(segment(0xE1, b"Exif\0\0MM\0\x2a\xff\xff\xff\xff" + bytes(30))))
    assert jpeg() == clean(jpeg(segment(0xE1, b"Exif\0\0" + endless)))


def test_a_png_keeps_its_picture_and_nothing_else() -> None:
    """Texts, Exif, time, profile, size, private chunks and what hangs behind the end are gone."""
    assert png(*KEPT) == clean(DIRTY_PNG, "image/png")


def test_the_format_is_told_by_the_bytes_not_by_the_name() -> None:
    """A JPEG that is called something else loses its metadata all the same."""
    assert jpeg() == clean(jpeg(segment(0xE1, SECRET)), "text/plain")


@pytest.mark.parametrize(
    "data",
    [
        jpeg()[:-2],
        jpeg()[:40],
        b"\xff\xd8\xff",
        b"\xff\xd8\xff\xe1\x00\x01",
        b"\xff\xd8\xff\x00",
        b"\xff\xd8\xff\xd8",
        b"\xff\xd8" + JFIF + b"\0" + JFIF,
        png()[:-8],
        png()[:20],
        b"\x89PNG\r\n\x1a\n\xff\xff\xff\xffIDAT",
    ],
    ids=[
        *("without-end", "without-scan", "bare", "cut-segment", "stuffing", "second-start"),
        *("rubbish", "png-without-end", "png-cut", "png-endless"),
    ],
)
def test_a_damaged_picture_is_refused(data: bytes) -> None:
    """What cannot be understood may hide metadata."""
    with pytest.raises(MetadataStays, match="damaged or cut off"):
        list(stripped(io.BytesIO(data), media_type="image/jpeg"))


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (b"%PDF-1.7", "A PDF"),
        (b"PK\x03\x04 word/document.xml", "office program"),
        (b"\0\0\0\x18ftypheic", "HEIC"),
        (b"GIF89a", "GIF"),
        (b"whatever", "Such a file"),
        (b"", "Such a file"),
    ],
    ids=repr,
)
def test_other_files_are_refused_by_name_unless_meant(data: bytes, named: str) -> None:
    """The person decides: their name may stand in it. As it is, every byte passes."""
    with pytest.raises(MetadataStays, match=named):
        stripped(io.BytesIO(data), media_type="application/pdf")

    kept = stripped(io.BytesIO(data), media_type="application/pdf", keep_metadata=True)
    assert data == b"".join(kept)


def test_a_refused_file_can_be_sent_after_all() -> None:
    """With the same sealer, for nothing was encrypted yet; plain text passes without being asked."""
    sealer = AttachmentSealer(**PLACE, name="x.pdf", media_type="application/pdf")
    with pytest.raises(MetadataStays):
        sealer.chunks(io.BytesIO(b"%PDF-1.7"))

    chunks = list(sealer.chunks(io.BytesIO(b"%PDF-1.7"), keep_metadata=True))

    assert b"%PDF-1.7" == opened(sealer.header, chunks)
    assert b"hoi" == clean(b"hoi", "text/plain; charset=utf-8")
