"""Every form of a report: same snapshot, same bytes, and nothing of what others read."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.reporting.document.forms import FORMS, Name, NotForThem, cut, drawn_now
from shared.contracts.report import decoded
from tests.report_lab import ORGANISATION, others_changed, random_snapshot, snapshot

CHECKOUT = Path(__file__).parents[2]
NAMES = pytest.mark.parametrize("name", FORMS)
QUICK: tuple[Name, ...] = tuple(name for name in FORMS if name != "pdf")


def test_other_processes_write_the_same_bytes(tmp_path: Path) -> None:
    """Another hash seed, time zone, language, home and folder change no byte of any form."""
    program = (
        "import hashlib; from services.reporting.document.forms import FORMS, drawn_now;"
        "from tests.report_lab import random_snapshot, snapshot;"
        "print(*[hashlib.sha256(drawn_now(of, 'hr', language, name).data).hexdigest()"
        " for of in (snapshot(), random_snapshot(4)) for language in ('nl', 'en') for name in FORMS])"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=tmp_path,
            env=os.environ
            | {"PYTHONPATH": str(CHECKOUT), "HOME": str(tmp_path)}
            | {"PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": locale},
            capture_output=True,
            check=True,
            timeout=120,
        ).stdout
        for seed, zone, locale in (
            ("1", "Pacific/Kiritimati", "nl_NL.UTF-8"),
            ("2", "America/Anchorage", "C"),
        )
    }
    ours = [
        drawn_now(of, "hr", language, name).sha256.hex()
        for of in (snapshot(), random_snapshot(4))
        for language in ("nl", "en")
        for name in FORMS
    ]
    assert {" ".join(ours).encode()} == {one.strip() for one in seen}


@NAMES
def test_what_is_handed_out_is_hashed_and_named_without_a_word_of_it(name: Name) -> None:
    """Period, version, audience and language; a period of any other form becomes plain letters."""
    written = drawn_now(snapshot(version=2), "board", "en", name)
    assert hashlib.sha256(written.data).digest() == written.sha256
    assert f"report-2026-H1-v2-board-en.{FORMS[name].extension}" == written.file_name
    assert FORMS[name].media_type == written.media_type
    strange = drawn_now(snapshot(period='2026/27 "x"\r\n'), "all_staff", "nl", name).file_name
    assert f"report-2026-27-x-v1-all-staff-nl.{FORMS[name].extension}" == strange


@NAMES
def test_readers_without_a_version_get_none(name: Name) -> None:
    """No empty report is made for them."""
    with pytest.raises(NotForThem):
        drawn_now(snapshot(), "works_council", "nl", name)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32))
def test_what_others_read_changes_no_byte(seed: int) -> None:
    """Other words in sections that these readers do not get: every form of theirs stays the same."""
    of = random_snapshot(seed)
    other = others_changed(of, "all_staff")
    for name in QUICK:
        theirs = drawn_now(of, "all_staff", "nl", name).data
        assert theirs == drawn_now(other, "all_staff", "nl", name).data
        assert b"Geheim" not in theirs


@pytest.mark.parametrize("seed", range(3))
def test_what_others_read_changes_no_byte_of_a_pdf(seed: int) -> None:
    """As above, a few times."""
    of = random_snapshot(seed)
    other = others_changed(of, "all_staff")
    theirs = drawn_now(of, "all_staff", "en", "pdf").sha256
    assert theirs == drawn_now(other, "all_staff", "en", "pdf").sha256


def test_json_is_the_snapshot_of_these_readers() -> None:
    """It comes back as what was cut, and holds no chapter of others."""
    data = drawn_now(snapshot(), "all_staff", "nl", "json").data
    assert cut(snapshot(), "all_staff") == decoded(data)
    assert ORGANISATION.encode() in data
    assert ("guide", "key_figures") == tuple(section.code for section in decoded(data).sections)
