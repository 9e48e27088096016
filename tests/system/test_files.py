"""A file goes from a reporter to their adviser and back, sealed, through everything that runs."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from hoeksteen_client import (
    AdviserKey,
    AttachmentHeader,
    GatewayError,
    ReporterCode,
    attach_file,
    open_attachment,
    save_attachment,
    words_are_signed,
)
from shared.local import documents
from tests.pictures import DIRTY_JPEG, SECRET, jpeg
from tests.system.people import Organisation
from tests.system.test_reporter import Reporter

Found = Callable[..., Organisation]

CASE = "query ($id: ID!) { case(id: $id) { entries { kind ref sealed { keyId ciphertext } } } }"
MINE = "{ myCase { messages { attachmentId signature signedBy sealed { keyId ciphertext } } } }"
NOTES = bytes(range(256)) * 700  # four chunks


@pytest.fixture
def reporter(found: Found) -> Reporter:
    """Somebody with a case, at an adviser whose key signs."""
    organisation = found()
    pair = AdviserKey.generate()
    assert pair.signing_public
    organisation.adviser.do(
        documents.PUBLISH_ADVISER_KEY,
        publicKey=b64encode(pair.public).decode(),
        signingKey=b64encode(pair.signing_public).decode(),
        proof=b64encode(pair.prove(organisation=organisation.id, adviser_id="anna")).decode(),
    )
    organisation.key = pair
    reporter = Reporter(organisation, ReporterCode.generate())
    reporter.open_case()
    return reporter


def header_of(sealed: list[dict[str, str]], key: Any, place: dict[str, Any]) -> AttachmentHeader:
    """The header as the holder of `key` reads it."""
    (mine,) = (one for one in sealed if one["keyId"] == str(key.key_id))
    return AttachmentHeader.read(key.open(b64decode(mine["ciphertext"]), **place))


def test_files_go_both_ways_and_nobody_else_gets_them(reporter: Reporter, tmp_path: Path) -> None:
    """A photo arrives without what was beside it, minutes come back signed; who has not the case, or
    not the key, gets nothing.
    """
    organisation, code = reporter.organisation, reporter.code
    anna = organisation.key
    place: dict[str, Any] = {"organisation": organisation.id, "case": code.case_id}
    readers = [(anna.key_id, anna.public), (code.key.key_id, code.key.public)]

    photo = attach_file(
        reporter.person.client,
        BytesIO(DIRTY_JPEG),
        name="C:/Users/Noor/foto.jpg",
        media_type="image/jpeg",
        readers=readers,
        **place,
    )
    entry = organisation.adviser.ask(CASE, id=str(code.case_id))["entries"][-1]
    assert ("FileAttached", str(photo)) == (entry["kind"], entry["ref"])
    header = header_of(entry["sealed"], anna, place)
    path = tmp_path / header.name
    chunks = organisation.adviser.client.fetch_chunks(photo)
    save_attachment(header, chunks, path, attachment=photo, **place)
    assert jpeg() == path.read_bytes()
    assert SECRET not in path.read_bytes()
    assert "foto.jpg" == path.name

    minutes = attach_file(
        organisation.adviser.client,
        BytesIO(NOTES),
        name="verslag.txt",
        media_type="text/plain",
        readers=readers,
        signer=anna,
        **place,
    )
    message = reporter.person.ask(MINE)["messages"][-1]
    assert (str(minutes), str(anna.key_id)) == (message["attachmentId"], message["signedBy"])
    assert anna.signing_public
    assert words_are_signed(
        [(UUID(one["keyId"]), b64decode(one["ciphertext"])) for one in message["sealed"]],
        b64decode(message["signature"]),
        signing_key=anna.signing_public,
        **place,
    )
    header = header_of(message["sealed"], code.key, place)
    fetched = list(reporter.person.client.fetch_chunks(minutes))
    assert NOTES == b"".join(open_attachment(header, fetched, attachment=minutes, **place))

    bram = organisation.sign_in("bram", "adviser")
    stranger = Reporter(organisation, ReporterCode.generate()).person
    for other in (bram, stranger):
        with pytest.raises(GatewayError) as refused:
            list(other.client.fetch_chunks(minutes))
        assert "NOT_FOUND" == refused.value.code
