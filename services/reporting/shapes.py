"""Between the shapes on the bus and the domain."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from services.reporting.domain import figures, pulse, report, strategy
from services.reporting.domain.organisation import (
    OrganisationKnown,
    UnitName,
    UnitsKnown,
    UnitWent,
)
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
    """What reporting keeps of an organisation: no policy."""
    return OrganisationKnown(
        organisation_id=UUID(announced.organisation_id),
        token=announced.token,
        name=announced.name,
        language=announced.language,
        units=_units(announced.units),
        advisers=announced.advisers,
        on=announced.on,
    )


def units_from_bus(announced: contracts.OrganisationUnits) -> UnitsKnown:
    """A tree that begins to hold."""
    return UnitsKnown(
        effective=announced.effective,
        units=_units(announced.units),
        mapping=tuple(UnitWent(old=one.old, new=one.new) for one in announced.mapping),
    )


def _units(units: Iterable[rpc.Unit]) -> tuple[UnitName, ...]:
    return tuple(
        UnitName(id=unit.id, name=unit.name, headcount=unit.headcount, parent=unit.parent)
        for unit in units
    )


def drafted_from_bus(released: contracts.StatisticsReleased) -> report.ReportDrafted:
    """What a report is drafted from: the release, value by value, and its labels."""
    release, withheld = released.release, None
    if (block := release.withheld) is not None:
        withheld = figures.Withheld(block.codes, block.count, block.thresholds)
    return report.ReportDrafted(
        organisation_id=UUID(release.organisation_id),
        figures=figures.Figures(
            release_id=UUID(release.release_id),
            organisation_token=release.organisation_token,
            period=release.period,
            policy=release.policy,
            dimension=release.dimension,
            k=release.k,
            taxonomy_version=release.taxonomy_version,
            cells=tuple(figures.Cell(cell.code, cell.count, cell.margin) for cell in release.cells),
            withheld=withheld,
            total=release.total,
            released_week=release.released_week,
            total_margin=release.total_margin,
            epsilon=release.epsilon,
            budget=release.budget,
            grid_id=None if release.grid_id is None else UUID(release.grid_id),
            draws=tuple(
                figures.Draw(measure=one.measure, period=one.period, epsilon=one.epsilon)
                for one in released.drawn
            ),
        ),
        labels_en=released.labels_en,
        labels_nl=released.labels_nl,
    )


def release_to_bus(
    organisation_id: UUID, table: report.ReportDrafted | report.TableJoined
) -> rpc.Release:
    """The release as it came in."""
    kept, withheld = table.figures, None
    if (block := kept.withheld) is not None:
        withheld = rpc.WithheldBlock(
            codes=block.codes, count=block.count, thresholds=block.thresholds
        )
    return rpc.Release(
        release_id=str(kept.release_id),
        organisation_id=str(organisation_id),
        organisation_token=kept.organisation_token,
        period=kept.period,
        policy=kept.policy,
        dimension=kept.dimension,
        k=kept.k,
        taxonomy_version=kept.taxonomy_version,
        cells=tuple(
            rpc.ReleasedCell(code=cell.code, count=cell.count, margin=cell.margin)
            for cell in kept.cells
        ),
        withheld=withheld,
        total=kept.total,
        released_week=kept.released_week,
        total_margin=kept.total_margin,
        epsilon=kept.epsilon,
        budget=kept.budget,
        grid_id=None if kept.grid_id is None else str(kept.grid_id),
        labels_en=table.labels_en,
        labels_nl=table.labels_nl,
    )


def pulse_from_bus(released: contracts.PulseReleased) -> pulse.PulseKept:
    """A round as signals released it, value by value."""
    result = released.result
    return pulse.PulseKept(
        organisation_id=UUID(released.organisation_id),
        release_id=UUID(released.release_id),
        period=result.period,
        policy=result.policy,
        rule=released.rule,
        epsilon=result.epsilon,
        questions=tuple(
            pulse.PulseAsked(code=one.code, en=one.en, nl=one.nl) for one in result.questions
        ),
        opens_on=result.opens_on,
        closes_on=result.closes_on,
        released_week=result.released_week,
        places=tuple(
            pulse.PulsePlaceCounts(
                place=table.place,
                place_name=table.place_name,
                scope=released.scopes.get(table.place, ()),
                answers=table.answers,
                answers_margin=table.answers_margin,
                margin=table.margin,
                least=table.least,
                figures=tuple(
                    pulse.PulseCounts(question=one.question, counts=one.counts)
                    for one in table.figures
                ),
            )
            for table in result.tables
        ),
    )


def strategy_from_bus(announced: contracts.OrganisationStrategy) -> strategy.StrategyKnown:
    """The register as intake announced it, entry by entry."""
    return strategy.StrategyKnown(
        organisation_id=UUID(announced.organisation_id),
        register_version=announced.version,
        entries=tuple(
            strategy.Entry(
                code=entry.code,
                kind=entry.kind,
                en=entry.en,
                nl=entry.nl,
                valid_from=entry.valid_from,
                withdrawn_from=entry.withdrawn_from,
                serves=entry.serves,
            )
            for entry in announced.entries
        ),
    )
