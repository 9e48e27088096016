"""An exported folder that lies to the verifier: it is told, and takes neither memory nor time."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from shared.ledger.findings import Kind
from shared.ledger.source import EXPORT_FORMAT, ExportError, FolderSource, read_manifest
from shared.ledger.verify import Auditor, verify_logs

ORGANISATION = UUID(int=1)


def exported(folder: Path, entries: int) -> FolderSource:
    """A folder that says it holds so many entries, and holds none."""
    (folder / "intake").mkdir()
    log = {"entries": entries, "stated": entries, "strays": []}
    manifest = {
        "format": EXPORT_FORMAT,
        "organisation": str(ORGANISATION),
        "services": {"intake": log},
    }
    (folder / "export.json").write_text(json.dumps(manifest))
    (folder / "intake" / "contents").touch()
    said = read_manifest(folder).services["intake"]
    return FolderSource(folder / "intake", "intake", ORGANISATION, said)


@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize("sparse", [False, True])
def test_a_number_of_entries_that_are_not_there_ends(
    tmp_path: Path, processes: int, sparse: bool
) -> None:
    """Whoever says an endless number is not searched for each of them; also not where a file without
    blocks seems as long as that.
    """
    source = exported(tmp_path, 2**38)
    if sparse:
        with (tmp_path / "intake" / "contents").open("wb") as contents:
            contents.truncate(2**43)
    auditor = Auditor(now=datetime.now(UTC), processes=processes)
    (verdict,) = verify_logs([source.open()], auditor)
    assert Kind.LOG_SIZE_WRONG in {each.kind for each in verdict.findings}


@pytest.mark.parametrize("name", ["checkpoint", "checkpoint-256", "heads/signals", "log.vkey"])
def test_a_file_without_an_end_is_not_read_to_it(tmp_path: Path, name: str) -> None:
    """A few of its bytes are enough to say that it is none."""
    source = exported(tmp_path, 0)
    path = tmp_path / "intake" / name
    path.parent.mkdir(exist_ok=True)
    with path.open("wb") as file:
        file.truncate(2**40)
    (verdict,) = verify_logs([source.open()], Auditor(now=datetime.now(UTC)))
    assert verdict.findings


@pytest.mark.parametrize("text", ["[" * 100_000, None], ids=["too deep", "too large"])
def test_a_manifest_that_is_none_is_a_sentence(tmp_path: Path, text: str | None) -> None:
    """Not more than is needed to say so is read."""
    with (tmp_path / "export.json").open("w") as file:
        file.write(text or "")
        if text is None:
            file.truncate(2**40)
    with pytest.raises(ExportError, match=r"export\.json"):
        read_manifest(tmp_path)
