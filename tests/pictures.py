"""Small pictures, made byte by byte: clean ones, and ones that say more than they show."""

from __future__ import annotations

import struct
import zlib

SECRET = b"Jansen, 52.3702 N 4.8952 E"


def segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


# A grey picture of 8 by 8 (T.81): one quantisation table, two tables of one code, one scan.
TABLES = segment(0xDB, b"\0" + b"\x01" * 64)
FRAME = segment(0xC0, b"\x08\0\x08\0\x08\x01\x01\x11\0")
CODES = segment(0xC4, b"\x00\x01" + bytes(15) + b"\0") + segment(
    0xC4, b"\x10\x01" + bytes(15) + b"\0"
)
SCAN = segment(0xDA, b"\x01\x01\0\0\x3f\0")
DATA = b"\x3f\xff\x00\x12\xff\xd0\x34\x56"
JFIF = segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0")


def jpeg(*extra: bytes, jfif: bytes = JFIF, after: bytes = b"", between: bytes = b"") -> bytes:
    """A picture of two scans with further segments at its beginning, between its scans, after it."""
    start = (b"\xff\xd8", jfif, *extra, TABLES, FRAME, CODES)
    return b"".join((*start, SCAN, DATA, between, SCAN, DATA, b"\xff\xd9", after))


def exif(side: int, *, order: str = ">") -> bytes:
    """An application segment that says which side is up, and more than that."""
    entries = [(0x010F, 2, len(SECRET), 8 + 2 + 36 + 4), (0x0112, 3, 1, side), (0x8825, 4, 1, 0)]
    ifd = struct.pack(order + "H", len(entries))
    for tag, kind, count, value in entries:
        packed = (
            struct.pack(order + "HH", value, 0) if kind == 3 else struct.pack(order + "I", value)
        )
        ifd += struct.pack(order + "HHI", tag, kind, count) + packed
    magic = b"MM" if order == ">" else b"II"
    tiff = magic + struct.pack(order + "HI", 42, 8) + ifd + bytes(4) + SECRET
    return segment(0xE1, b"Exif\0\0" + tiff)


TURNED = segment(
    0xE1, b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
)
"""Exif that says no more than: the right side of the picture is up."""


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(*extra: bytes, after: bytes = b"") -> bytes:
    """A picture of one white point with further chunks."""
    start = (b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", b"\0\0\0\x01\0\0\0\x01\x08\0\0\0\0"))
    end = (chunk(b"IDAT", zlib.compress(b"\0\xff")), chunk(b"IEND", b""))
    return b"".join((*start, *extra, *end, after))


# What a camera, a program and a thief of pictures may put beside and behind the picture.
DIRTY_JPEG = jpeg(
    segment(0xE1, b"Exif\0\0" + SECRET),
    segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + SECRET),
    segment(0xE0, b"JFXX\0\x10" + SECRET),
    segment(0xE2, b"ICC_PROFILE\0\x01\x01" + SECRET),
    segment(0xED, b"Photoshop 3.0\0" + SECRET),
    segment(0xEE, b"Other\0" + SECRET),
    segment(0xFE, SECRET),
    segment(0xC8, SECRET),
    jfif=segment(0xE0, b"JFIF\0\x01\x02\x01\0\x48\0\x48\x01\x01" + SECRET),
    between=b"\xff\xff" + segment(0xFE, SECRET),
    after=jpeg(segment(0xE1, SECRET)) + SECRET,
)

KEPT = (chunk(b"gAMA", b"\0\0\xb1\x8f"), chunk(b"tRNS", b"\0\x01"))
KINDS = (b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"tIME", b"iCCP", b"pHYs", b"sPLT", b"prVt")
DIRTY_PNG = png(*KEPT, *(chunk(kind, SECRET) for kind in KINDS), after=png() + SECRET)
