"""Between the shapes on the bus and the domain."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from services.reporting.domain import report
from services.reporting.domain.organisation import OrganisationKnown, UnitName
from shared.contracts import events as contracts
from shared.contracts import rpc
from shared.contracts.errors import invalid

if TYPE_CHECKING:
    from collections.abc import Iterable


def as_uuid(text: str, field: str) -> UUID:
    """The UUID that `text` spells. Raises Refusal INVALID_INPUT."""
    try:
        return UUID(text)
    except ValueError:
        raise invalid(field, "it is not a UUID") from None


def drafts_from_bus(sealed: Iterable[rpc.Sealed]) -> tuple[report.SealedDraft, ...]:
    """What a client sent. Raises Refusal for a key id that is no UUID."""
    return tuple(
        report.SealedDraft(key_id=as_uuid(one.key_id, "keyId"), ciphertext=one.ciphertext)
        for one in sealed
    )


def drafts_to_bus(drafts: Iterable[report.SealedDraft]) -> tuple[rpc.Sealed, ...]:
    """What a client gets back, byte for byte."""
    return tuple(rpc.Sealed(key_id=str(one.key_id), ciphertext=one.ciphertext) for one in drafts)


def known_from_bus(announced: contracts.OrganisationSetUp) -> OrganisationKnown:
    """What reporting keeps of an organisation: no headcounts, no policy."""
    return OrganisationKnown(
        organisation_id=UUID(announced.organisation_id),
        token=announced.token,
        name=announced.name,
        language=announced.language,
        units=tuple(UnitName(id=unit.id, name=unit.name) for unit in announced.units),
        advisers=announced.advisers,
    )


def drafted_from_bus(released: contracts.StatisticsReleased) -> report.ReportDrafted:
    """What a report is drafted from: the release, value by value, and its labels."""
    release = released.release
    withheld = None
    if release.withheld is not None:
        withheld = report.Withheld(codes=release.withheld.codes, count=release.withheld.count)
    return report.ReportDrafted(
        organisation_id=UUID(release.organisation_id),
        figures=report.Figures(
            release_id=UUID(release.release_id),
            organisation_token=release.organisation_token,
            period=release.period,
            policy=release.policy,
            dimension=release.dimension,
            k=release.k,
            taxonomy_version=release.taxonomy_version,
            cells=tuple(report.Cell(code=cell.code, count=cell.count) for cell in release.cells),
            withheld=withheld,
            total=release.total,
            released_week=release.released_week,
        ),
        labels_en=released.labels_en,
        labels_nl=released.labels_nl,
    )


def release_to_bus(drafted: report.ReportDrafted) -> rpc.Release:
    """The release as it came in."""
    figures = drafted.figures
    withheld = None
    if figures.withheld is not None:
        withheld = rpc.WithheldBlock(codes=figures.withheld.codes, count=figures.withheld.count)
    return rpc.Release(
        release_id=str(figures.release_id),
        organisation_id=str(drafted.organisation_id),
        organisation_token=figures.organisation_token,
        period=figures.period,
        policy=figures.policy,
        dimension=figures.dimension,
        k=figures.k,
        taxonomy_version=figures.taxonomy_version,
        cells=tuple(rpc.ReleasedCell(code=cell.code, count=cell.count) for cell in figures.cells),
        withheld=withheld,
        total=figures.total,
        released_week=figures.released_week,
        labels_en=drafted.labels_en,
        labels_nl=drafted.labels_nl,
    )
