"""Pictures without what a camera or a program writes beside the picture.

Only what is needed to show a picture passes; everything else is left out, known or not:

* JPEG (ITU T.81): frames, tables, scans and the end. Left out: application segments and comments
  (Exif with place and time, XMP, IPTC, colour profiles, thumbnails) and whatever follows the end of
  the image. Three application segments say how colours are coded and which side is up; they are
  written anew with that alone.
* PNG (third edition): header, palette, data, end, transparency, colour space by number, animation.
  Left out: texts, Exif, time, colour profiles, physical size, private chunks, what follows the end.

Of any other format nothing is known here, and `MetadataStays` says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import BinaryIO, Final, Literal

from hoeksteen_client.sealing import SealingError

_PIECE: Final = 64 * 1024
_JPEG: Final = b"\xff\xd8\xff"
_PNG: Final = b"\x89PNG\r\n\x1a\n"
# These hold what was typed and nothing else.
_PLAIN: Final = frozenset({"text/plain", "text/csv"})
_NAMES: Final = {
    b"%PDF-": "A PDF",
    b"PK\x03\x04": "A document of an office program, or an archive,",
    b"\xd0\xcf\x11\xe0": "A document of an office program",
    b"GIF8": "A GIF picture",
    b"RIFF": "A WebP picture, a sound or a film",
}
_FTYP: Final = "A HEIC picture or a film"  # ISO 14496-12: these four letters are bytes 4 to 7
_LONGEST_MAGIC: Final = 8

_KEPT_PNG: Final = frozenset(
    b"IHDR PLTE IDAT IEND tRNS gAMA cHRM sRGB cICP sBIT bKGD acTL fcTL fdAT".split()
)
_LONGEST_CHUNK: Final = 2**31 - 1

_SOI, _EOI, _SOS = 0xD8, 0xD9, 0xDA
_APP0, _APP1, _APP14 = 0xE0, 0xE1, 0xEE
_RESTARTS: Final = range(0xD0, 0xD8)
# Tables and frames: SOF0 to SOF15 with DHT, JPG (reserved: not kept) and DAC among them, then DQT,
# DNL and DRI.
_KEPT_JPEG: Final = frozenset({*range(0xC0, 0xD0), 0xDB, 0xDC, 0xDD}) - {0xC8}
# JFIF 1.1: no thumbnail, square pixels of no physical size.
_PLAIN_JFIF: Final = b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
_PLAIN_ADOBE: Final = b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00"

# Exif that says which side is up (2 to 8) and nothing else: TIFF 6.0 with one entry, 0x0112.
_EXIF: Final = b"Exif\0\0"
_TURNED: Final = b"\xff\xe1\x00\x22" + _EXIF + b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0"
_ORIENTATION: Final = 0x0112


class MetadataStays(SealingError):  # noqa: N818  what happens to the file
    """The file's metadata cannot be removed here; the text names its kind."""


def stripped(source: BinaryIO, *, media_type: str, keep_metadata: bool = False) -> Iterator[bytes]:
    """The file in pieces of at most 64 KiB and a little, JPEG and PNG without their metadata.

    The format is told by the file's first bytes, not by its name or `media_type`, which only says
    whether it is plain text. Raises MetadataStays for another format, or for a JPEG or PNG that is
    not well-formed, unless `keep_metadata` is set: then every file passes as it is.
    """
    reader = _Reader(source)
    magic = reader.peek(_LONGEST_MAGIC)
    if keep_metadata:
        return reader.rest()
    if magic.startswith(_JPEG):
        return _jpeg(reader)
    if magic.startswith(_PNG):
        return _png(reader)
    if media_type.partition(";")[0].strip().lower() in _PLAIN:
        return reader.rest()
    kind = next((name for start, name in _NAMES.items() if magic.startswith(start)), "Such a file")
    if magic[4:] == b"ftyp":
        kind = _FTYP
    raise MetadataStays(
        f"{kind} may say who made it, when and where, and that cannot be removed here. Send a"
        " picture or plain text, or send it as it is if everybody may know."
    )


class _Reader:
    """Reads ahead by at most a piece; knows how to read exactly so many bytes."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._ahead = b""

    def peek(self, count: int) -> bytes:
        """The next `count` bytes, or fewer at the end, which stay to be read."""
        while len(self._ahead) < count and (more := self._source.read(_PIECE)):
            self._ahead += more
        return self._ahead[:count]

    def some(self) -> bytes:
        """The next bytes, as many as are at hand; empty at the end."""
        piece, self._ahead = self._ahead or self._source.read(_PIECE), b""
        return piece

    def unread(self, data: bytes) -> None:
        """Put back what was read too far."""
        self._ahead = data + self._ahead

    def exactly(self, count: int) -> bytes:
        """The next `count` bytes. Raises MetadataStays when there are fewer."""
        data = self.peek(count)
        if len(data) < count:
            raise _broken()
        self._ahead = self._ahead[count:]
        return data

    def rest(self) -> Iterator[bytes]:
        """All that is left."""
        while piece := self.some():
            yield piece

    def pieces(self, count: int) -> Iterator[bytes]:
        """The next `count` bytes in pieces. Raises MetadataStays when there are fewer."""
        while count:
            piece = self.some()
            if not piece:
                raise _broken()
            if len(piece) > count:
                self.unread(piece[count:])
                piece = piece[:count]
            count -= len(piece)
            yield piece


def _broken() -> MetadataStays:
    return MetadataStays(
        "This picture is damaged or cut off, so that its metadata cannot be removed. Open it and"
        " save it anew."
    )


def _png(reader: _Reader) -> Iterator[bytes]:
    yield reader.exactly(len(_PNG))
    while True:
        head = reader.exactly(8)
        length, kind = int.from_bytes(head[:4], "big"), head[4:]
        if length > _LONGEST_CHUNK:
            raise _broken()
        body = reader.pieces(length + 4)  # with its CRC
        if kind in _KEPT_PNG:
            yield head
            yield from body
        else:
            _skip(body)
        if kind == b"IEND":
            return


def _skip(pieces: Iterable[bytes]) -> None:
    for _ in pieces:
        pass


def _jpeg(reader: _Reader) -> Iterator[bytes]:
    yield reader.exactly(2)
    while True:
        marker = _marker(reader)
        if marker == _EOI:
            yield b"\xff\xd9"
            return
        size = reader.exactly(2)
        length = int.from_bytes(size, "big") - 2
        if length < 0:
            raise _broken()
        body = reader.exactly(length)
        if marker in _KEPT_JPEG or marker == _SOS:
            yield bytes((0xFF, marker)) + size + body
        elif marker == _APP0 and body.startswith(b"JFIF\0"):
            yield _PLAIN_JFIF
        elif marker == _APP1 and body.startswith(_EXIF) and (side := _side_up(body[6:])):
            yield _TURNED + bytes([side]) + bytes(6)
        elif marker == _APP14 and body.startswith(b"Adobe") and length >= 12:
            yield _PLAIN_ADOBE + body[11:12]
        if marker == _SOS:
            yield from _scan(reader)


def _side_up(tiff: bytes) -> int | None:
    """Which side of the picture is up, 2 to 8 (Exif 2.3, 4.6.4 A); None where nothing is turned."""
    order: Literal["little", "big"] = "little" if tiff.startswith(b"II") else "big"

    def number(at: int, size: int) -> int:
        return int.from_bytes(tiff[at : at + size], order)

    first = number(4, 4)
    end = min(first + 2 + 12 * number(first, 2), len(tiff))
    for at in range(first + 2, end, 12):
        if number(at, 2) == _ORIENTATION:
            side = number(at + 8, 2)
            return side if 2 <= side <= 8 else None
    return None


def _marker(reader: _Reader) -> int:
    """The next marker, past fill bytes (T.81, B.1.1.2)."""
    if reader.exactly(1) != b"\xff":
        raise _broken()
    while (code := reader.exactly(1)[0]) == 0xFF:
        pass
    if code in (0x00, 0x01, _SOI) or code in _RESTARTS:
        raise _broken()
    return code


def _scan(reader: _Reader) -> Iterator[bytes]:
    """Entropy-coded data up to the next marker, which stays to be read."""
    while True:
        piece = reader.some()
        if not piece:
            raise _broken()
        start = 0
        while (at := piece.find(b"\xff", start)) >= 0:
            if at + 1 == len(piece):
                more = reader.some()
                if not more:
                    raise _broken()
                piece += more
            following = piece[at + 1]
            if following == 0x00 or following in _RESTARTS:
                start = at + 2
            else:  # fill bytes before a marker count as its beginning
                yield piece[:at]
                reader.unread(piece[at:])
                return
        yield piece
