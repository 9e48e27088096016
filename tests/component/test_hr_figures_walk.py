"""HR's own figures over the gateway: a file is taken or told to be wrong, and stands beside released ones."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest_asyncio

from services.reporting.domain.outline import build
from services.reporting.loading import load_ground
from services.reporting.streams import load_report, report_stream
from shared.contracts.report import Table
from shared.identity.roles import Role
from tests.conftest import Database
from tests.reporting_house import ReportingHouse, running_reporting
from tests.service_lab import ELSEWHERE, HERE

HR: dict[str, Any] = {"role": Role.HR}
HALVES = ("2024-H1", "2024-H2", "2025-H1", "2025-H2", "2026-H1")
CARE, OFFICE = (20, 28, 36, 24, 44), (12, 18, 14, 24, 16)
IMPORT = """mutation Import($input: ImportHrFiguresInput!) { importHrFigures(input: $input) {
  ... on ImportHrFiguresPayload { status figures changed lineErrors { line message } furtherErrors }
  ... on UserError { code message } } }"""
FIGURES = """query Figures($period: String) { hrFigures(period: $period, language: NL) {
  values { period unit measure value }
  together { measure lag verdict pairs sentence } costs { period measure low high }
  assumptions { leaver { low high } source } absenceRises } }"""


@pytest_asyncio.fixture
async def house(database: Database, tmp_path: Path) -> AsyncIterator[ReportingHouse]:
    async with running_reporting(database, tmp_path) as house:
        house.service.clock.move(datetime(2026, 7, 20, 10, tzinfo=UTC))
        await house.known()
        yield house


def file() -> bytes:
    """In five half-years absence follows the cases of the half-year before."""
    lines = ["periode;onderdeel;maat;waarde"]
    for place, half in enumerate(HALVES):
        for unit, cases, people in (("zorg", CARE, 120), ("kantoor", OFFICE, 90)):
            before = cases[place - 1] if place else 20
            lines.append(f"{half};{unit};headcount;{people}")
            lines.append(f"{half};{unit};absence_percent;{before / 10:.1f}".replace(".", ","))
        lines.append(f"{half};;absence_percent;{4 + place / 2:.1f}".replace(".", ","))
        lines.append(f"{half};;headcount;210")
    lines.append("2026-H1;;leavers;9")
    return "\r\n".join(lines).encode()


async def take(house: ReportingHouse, content: bytes, **fields: Any) -> Any:
    given = {"idempotencyKey": str(uuid4()), "content": base64.b64encode(content).decode()} | fields
    return await house.ask(IMPORT, {"input": given}, language="nl", **HR)


async def test_hr_figures_walk_from_a_file_to_the_report(house: ReportingHouse) -> None:
    """What is wrong changes nothing; what is right is kept once, compared, and stands in the chapter."""
    wrong = await take(house, file() + b"\r\n2026-H2;zorg;leavers;1\r\n2026-H1;=cmd;leavers;1")
    assert ("REFUSED", 0, [33, 34]) == (
        wrong["status"],
        wrong["figures"],
        [one["line"] for one in wrong["lineErrors"]],
    )
    assert "nog niet voorbij" in wrong["lineErrors"][0]["message"]
    assert "cmd" not in repr(wrong)
    assert "HrFiguresImported" not in await house.service.types()

    assert "CHECKED" == (await take(house, file(), dryRun=True))["status"]
    assert ("IMPORTED", 31, 0) == tuple((await take(house, file())).values())[:3]
    assert "ALREADY_IMPORTED" == (await take(house, file()))["status"]
    assert 1 == (await house.service.types()).count("HrFiguresImported")

    for half, care, office in zip(HALVES, CARE, OFFICE, strict=True):
        await house.released(half, {"zorg": care, "kantoor": office})
    await house.done(
        "keepCostAssumptions",
        {"leaver": {"low": 5_000, "high": 20_000}, "source": "Eigen berekening, 2026"},
        **HR,
    )
    assert "INVALID_INPUT" == await house.refused(
        "keepCostAssumptions", {"leaver": {"low": 2, "high": 1}, "source": "x"}, **HR
    )
    told = await house.ask(FIGURES, {"period": "2024-H2"}, role=Role.ADVISER)
    assert {"zorg", "kantoor", None} == {one["unit"] for one in told["values"]}
    mine = await house.ask(FIGURES, {"period": "2024-H1"}, **HR)
    assert {"zorg", "kantoor", None} == {one["unit"] for one in mine["values"]}
    assert {"2024-H2"} == {one["period"] for one in told["values"] if one["unit"]}
    assert [("TOO_FEW", 6), ("SAME_WAY", 8), ("NOT_VISIBLE", 10)] == sorted(
        ((one["verdict"], one["pairs"]) for one in told["together"]), key=lambda one: one[1]
    )
    assert "zegt niet dat de ene de andere veroorzaakt" in told["together"][1]["sentence"]
    assert [{"period": "2026-H1", "measure": "leavers", "low": 45_000, "high": 180_000}] == told[
        "costs"
    ]
    assert ["2025-H1", "2025-H2", "2026-H1"] == told["absenceRises"]
    looks = [one.event for one in await house.service.log() if one.type == "AccessRecorded"]
    assert ("hr figures", "adviser") in {(one.what, one.role) for one in looks}

    parts = house.service.service.parts
    state = await load_report(parts.store, HERE, report_stream(HERE, "2026-H1"))
    ground = await load_ground(parts, HERE, state)
    (impact,) = [section for section in build(ground, {}) if section.code == "impact"]
    assert ["hr_series", "hr_units", "tenability"] == [
        block.id for block in impact.blocks if isinstance(block, Table)
    ]
    elsewhere = await house.ask(FIGURES, {}, organisation=ELSEWHERE, **HR)
    assert [] == elsewhere["values"]
    assert elsewhere["assumptions"] is None
