"""A report as data: its bytes are canonical, its sections are those of the outline, in its order."""

from __future__ import annotations

import re
from datetime import date
from uuid import UUID

import msgspec
import pytest

from services.reporting.domain.figures import Cell, Figures, Withheld
from services.reporting.domain.ground import Ground, ReleasedTable
from services.reporting.domain.outline import CODES, build
from shared.contracts import report
from shared.taxonomy.period import Period

LABELS = {"bullying": "Bullying", "workload": "Workload", "fraud": "Fraud"}
TABLE = ReleasedTable(
    figures=Figures(
        release_id=UUID(int=1),
        organisation_token="token",
        period="2026-H1",
        policy="noisy",
        dimension="theme",
        k=5,
        taxonomy_version=1,
        cells=(Cell("workload", 7, 4), Cell("fraud", 12, 4)),
        withheld=Withheld(("bullying",), None, (6,)),
        total=None,
        released_week="2026-W28",
    ),
    labels_nl=LABELS,
    labels_en=LABELS,
)
GROUND = Ground(period=Period.parse("2026-H1"), cut_off=date(2026, 6, 30), tables=(TABLE,))


def snapshot(**changes: object) -> report.Snapshot:
    return msgspec.structs.replace(
        report.Snapshot(
            report_id=str(UUID(int=2)),
            organisation="Voorbeeld",
            period="2026-H1",
            starts=date(2026, 1, 1),
            ends=date(2026, 6, 30),
            cut_off=date(2026, 6, 30),
            published_on=date(2026, 7, 20),
            version=1,
            changes=None,
            policy="noisy",
            taxonomy_version=1,
            sections=build(GROUND, {"nature": "Words.", "guide": "Read this first."}),
            versions={"hr": ("nature", "guide"), "all_staff": ("guide",)},
        ),
        **changes,
    )


def test_a_snapshot_comes_back_byte_for_byte() -> None:
    """Whatever the order in which its versions were named."""
    data = report.encoded(snapshot())
    assert snapshot() == report.decoded(data)
    other = snapshot(versions={"all_staff": ("guide",), "hr": ("nature", "guide")})
    assert data == report.encoded(other)
    assert data != report.encoded(snapshot(version=2))


def test_sections_stand_in_the_order_of_the_outline_and_empty_ones_are_left_out() -> None:
    """Words alone make a section, figures too."""
    codes = [section.code for section in snapshot().sections]
    assert codes == sorted(codes, key=CODES.index)
    assert {"guide", "nature"} <= {*codes}
    assert "mirror" not in codes
    figures = {section.code: section.has_figures for section in snapshot().sections}
    assert (False, True) == (figures["guide"], figures["nature"])


def test_versions_are_cut_from_the_same_sections() -> None:
    """They differ in which sections they have, and in nothing else."""
    whole = snapshot()
    guide, *others = whole.for_audience("hr")
    assert (guide,) == whole.for_audience("all_staff")
    assert ["nature"] == [section.code for section in others]
    assert {guide, *others} <= {*whole.sections}
    assert () == whole.for_audience("board")


def test_a_table_has_shown_cells_the_largest_first_and_a_threshold_for_the_others() -> None:
    """A cell that is not shown has no place for its number."""
    section = next(one for one in build(GROUND, {}) if one.code == "nature")
    table = section.blocks[0]
    assert isinstance(table, report.Table)
    assert [
        ("Fraud", report.Shown(value=12, margin=4)),
        ("Workload", report.Shown(value=7, margin=4)),
        ("Bullying", report.Below(threshold=6)),
    ] == [(row.label.en, row.cells[0]) for row in table.rows]


@pytest.mark.parametrize("text", [b"", b"{}", b'{"format": "hoeksteen/report/v1", "x": 1}'])
def test_what_is_no_snapshot_is_refused(text: bytes) -> None:
    """Nothing unknown is read."""
    with pytest.raises(msgspec.DecodeError):
        report.decoded(text)


def test_the_guide_says_up_to_which_day_cases_are_in_it_and_nothing_of_how_many_came_later() -> (
    None
):
    """In both languages."""
    sentences, *_ = build(GROUND, {})[0].blocks
    assert isinstance(sentences, report.Paragraphs)
    (said,) = sentences.items
    assert "tot en met 30 juni 2026" in said.nl
    assert "up to and including 30 June 2026" in said.en
    assert {"30", "2026"} == set(re.findall(r"\d+", said.nl + said.en))
