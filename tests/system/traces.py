"""Where words lie about: everything that somebody with all of a machine, but no adviser's key, reads."""

from __future__ import annotations

import base64
import bz2
import codecs
import gzip
import json
import lzma
import zlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from shared.local.session import Installation


def rows(installation: Installation) -> Iterator[bytes]:
    """Every row of every table of every service, as bytes; bytea columns as they are."""
    with psycopg.connect(installation.database_url("postgres")) as connection:
        tables = connection.execute(
            "SELECT schemaname, tablename FROM pg_tables"
            " WHERE schemaname IN ('intake', 'signals', 'reporting')"
        ).fetchall()
        assert len(tables) > 20
        for schema, table in tables:
            for row in connection.execute(
                sql.SQL("SELECT * FROM {}").format(sql.Identifier(schema, table))
            ):
                yield b"|".join(
                    column if isinstance(column, bytes) else str(column).encode() for column in row
                )


def files(installation: Installation) -> Iterator[tuple[Path, bytes]]:
    """Every file of the home: NATS' and PostgreSQL's own, key rings, ledgers, logs, spans, secrets.

    What is packed comes unpacked too.
    """
    for file in installation.home.path.rglob("*"):
        if file.is_file() and not file.is_socket():
            content = file.read_bytes()
            yield file, content
            unpacked = _unpacked(content)
            if unpacked is not None:
                yield file, unpacked


def programs(installation: Installation) -> Iterator[tuple[str, bytes]]:
    """Name, and environment with command line, of every program that runs on this home."""
    home = str(installation.home.path).encode()
    for process in Path("/proc").iterdir():
        if not process.name.isdecimal():
            continue
        try:
            seen = (process / "environ").read_bytes() + b"\0" + (process / "cmdline").read_bytes()
        except OSError:  # ended meanwhile
            continue
        if home in seen:
            yield (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(), seen


def places(installation: Installation, *words: str) -> dict[str, set[str]]:
    """Where each of these words is found: files, rows (`row`) and programs."""
    wanted = {each: set(spellings(each)) for each in words}
    found: dict[str, set[str]] = {each: set() for each in words}

    def look(place: str, content: bytes) -> None:
        for each, ways in wanted.items():
            if any(way in content for way in ways):
                found[each].add(place)

    for file, content in files(installation):
        look(str(file), content)
    for row in rows(installation):
        look("row", row)
    for name, seen in programs(installation):
        look(name, seen)
    return found


def spellings(words: str) -> list[bytes]:
    """The ways in which words might lie about, each without what depends on their neighbours."""
    plain = words.encode()
    ways = [
        plain,
        plain[::-1],
        words.casefold().encode(),
        words.upper().encode(),
        words.encode("utf-16-le"),
        words.encode("utf-16-be"),
        words.encode("utf-32-le"),
        words.encode("cp1252"),
        codecs.encode(words, "rot13").encode(),
        json.dumps(words)[1:-1].encode(),
        quote(words).encode(),
        quote(words, safe="").lower().encode(),
        quote(words).replace("%20", "+").encode(),
        base64.a85encode(plain)[:-5],
        base64.b85encode(plain)[:-5],
    ]
    for inner in (plain, words.encode("utf-16-le")):
        ways += [inner.hex().encode(), inner.hex().upper().encode()]
        # Base64 and base32 in each of their phases; the ends depend on what stands beside them.
        for before in range(3):
            based = base64.b64encode(b" " * before + inner)[4 if before else 0 : -4]
            ways += [based, based.replace(b"+", b"-").replace(b"/", b"_")]
        for before in range(5):
            ways.append(base64.b32encode(b" " * before + inner)[8 if before else 0 : -8])
    return ways


def _unpacked(content: bytes) -> bytes | None:
    """What a packed file holds."""
    for magic, unpack in (
        (b"\x1f\x8b", gzip.decompress),
        (b"BZh", bz2.decompress),
        (b"\xfd7zXZ", lzma.decompress),
    ):
        if content.startswith(magic):
            return unpack(content)
    if content.startswith(b"%PDF"):
        return b"\n".join(_streams(content))
    return None


def _streams(pdf: bytes) -> Iterator[bytes]:
    for part in pdf.split(b"stream\r\n")[1:] + pdf.split(b"stream\n")[1:]:
        try:
            yield zlib.decompressobj().decompress(part)
        except zlib.error:
            continue
