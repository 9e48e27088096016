"""One schema per role, derived from the whole schema and the access table. Default deny.

What a role may not see is not in its schema, so it cannot be asked for, named or guessed at: a
hidden field and a field that never existed give the same error. Which rows a role may see is the
services' policy, not this table's.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, cast

import strawberry
from graphql import (
    GraphQLAbstractType,
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLUnionType,
    assert_valid_schema,
    is_introspection_type,
    is_required_argument,
    is_required_input_field,
)
from strawberry.schema.config import StrawberryConfig

from services.gateway.grants import EVERY_ROLE, Access, table
from services.gateway.schema import (
    activities,
    advisers,
    aftercare,
    attachments,
    barometer,
    base,
    budget,
    calendar_feed,
    cases,
    complaints,
    compliance,
    confidentiality,
    consent,
    conversion,
    disadvantages,
    disclosures,
    early_warning,
    erasure,
    explanation,
    hand_over,
    hr_figures,
    interventions,
    keys,
    ladder,
    ledger,
    live,
    loop,
    minutes,
    mirror,
    my_case,
    my_data,
    nodes,
    notes,
    officers,
    organisation,
    pages,
    peer_consultation,
    plan,
    practice,
    protection,
    published,
    pulse,
    record,
    record_changes,
    register,
    report_sections,
    reporter_session,
    reports,
    sealed,
    seats,
    series_breaks,
    signals,
    statement,
    statistics,
    strategy,
    strategy_chain,
    subject_access,
    taxonomy,
    telling,
    terms,
    time_spent,
    together,
    units,
    ways_in,
    whistleblower_reports,
    whistleblowing,
    wording,
)
from services.gateway.words import describe
from shared.identity.roles import Role

ACCESS: Access = table(
    *(
        domain.ACCESS
        for domain in (
            base,
            nodes,
            organisation,
            officers,
            seats,
            advisers,
            strategy,
            units,
            keys,
            taxonomy,
            pages,
            cases,
            sealed,
            together,
            record,
            record_changes,
            minutes,
            ladder,
            consent,
            aftercare,
            statement,
            ways_in,
            protection,
            disadvantages,
            whistleblowing,
            conversion,
            whistleblower_reports,
            hand_over,
            reporter_session,
            my_case,
            my_data,
            confidentiality,
            disclosures,
            subject_access,
            terms,
            calendar_feed,
            practice,
            complaints,
            notes,
            peer_consultation,
            time_spent,
            erasure,
            attachments,
            register,
            statistics,
            signals,
            published,
            explanation,
            budget,
            early_warning,
            plan,
            pulse,
            barometer,
            report_sections,
            reports,
            hr_figures,
            strategy_chain,
            compliance,
            series_breaks,
            mirror,
            wording,
            loop,
            telling,
            interventions,
            activities,
            ledger,
            live,
        )
    )
)
"""Every coordinate of the whole schema → the roles whose schema has it."""


class AccessProblem(Exception):  # noqa: N818  its text is the sentence that a developer reads
    """The table and the schema do not fit each other; the gateway does not start."""


@strawberry.type
class Query(
    base.SessionQuery,
    nodes.NodeQuery,
    organisation.OrganisationQuery,
    advisers.AdviserQuery,
    strategy.StrategyQuery,
    units.UnitQuery,
    keys.KeyQuery,
    taxonomy.TaxonomyQuery,
    cases.CaseQuery,
    hand_over.HandOverQuery,
    my_case.MyCaseQuery,
    my_data.MyDataQuery,
    confidentiality.ConfidentialityQuery,
    disclosures.DisclosureQuery,
    subject_access.SubjectAccessQuery,
    terms.TermQuery,
    calendar_feed.CalendarQuery,
    practice.PracticeQuery,
    complaints.ComplaintQuery,
    notes.NoteQuery,
    peer_consultation.PeerConsultationQuery,
    time_spent.TimeQuery,
    erasure.ErasureQuery,
    statement.StatementQuery,
    whistleblowing.WhistleblowingQuery,
    whistleblower_reports.WhistleblowerReportQuery,
    statistics.StatisticsQuery,
    signals.SignalQuery,
    published.PublishedQuery,
    budget.BudgetQuery,
    early_warning.EarlyWarningQuery,
    plan.PlanQuery,
    pulse.PulseQuery,
    barometer.BarometerQuery,
    reports.ReportQuery,
    hr_figures.HrQuery,
    strategy_chain.StrategyChainQuery,
    compliance.ComplianceQuery,
    series_breaks.SeriesBreakQuery,
    mirror.MirrorQuery,
    loop.LoopQuery,
    telling.TellingQuery,
    interventions.InterventionQuery,
    activities.ActivitiesQuery,
    ledger.LedgerQuery,
):
    """Questions. Each is asked in its service with your own token."""


@strawberry.type
class Mutation(
    organisation.OrganisationMutation,
    officers.OfficerMutation,
    seats.SeatMutation,
    advisers.AdviserMutation,
    strategy.StrategyMutation,
    units.UnitMutation,
    keys.KeyMutation,
    cases.CaseMutation,
    record_changes.RecordMutation,
    minutes.MinutesMutation,
    ladder.LadderMutation,
    consent.ConsentMutation,
    aftercare.AftercareMutation,
    ways_in.WaysInMutation,
    conversion.ConversionMutation,
    disadvantages.DisadvantageMutation,
    whistleblower_reports.WhistleblowerReportMutation,
    disclosures.DisclosureMutation,
    subject_access.SubjectAccessMutation,
    terms.TermMutation,
    calendar_feed.CalendarMutation,
    complaints.ComplaintMutation,
    notes.NoteMutation,
    peer_consultation.PeerConsultationMutation,
    time_spent.TimeMutation,
    erasure.ErasureMutation,
    hand_over.HandOverMutation,
    reporter_session.ReporterSessionMutation,
    attachments.AttachmentMutation,
    register.RegisterMutation,
    signals.SignalMutation,
    published.PublishedMutation,
    early_warning.EarlyWarningMutation,
    pulse.PulseMutation,
    barometer.BarometerMutation,
    compliance.ComplianceMutation,
    reports.ReportMutation,
    hr_figures.HrMutation,
    series_breaks.SeriesBreakMutation,
    mirror.MirrorMutation,
    loop.LoopMutation,
    telling.TellingMutation,
    interventions.InterventionMutation,
    activities.ActivitiesMutation,
):
    """Changes. Each takes an idempotency key: repeated, it gives the first answer."""


@cache
def whole_schema() -> GraphQLSchema:
    """Every type and field there is. Nobody gets this one."""
    schema = strawberry.Schema(
        query=Query,
        mutation=Mutation,
        subscription=live.Subscription,
        config=StrawberryConfig(scalar_map=base.SCALARS, disable_field_suggestions=True),
    )
    return describe(schema._schema)  # noqa: SLF001  there is no public name for it


def coordinates(schema: GraphQLSchema) -> set[str]:
    """The schema coordinates of all fields, arguments and input fields."""
    found: set[str] = set()
    for type_ in schema.type_map.values():
        if is_introspection_type(type_):
            continue
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            for name, field in type_.fields.items():
                found.add(f"{type_.name}.{name}")
                found.update(f"{type_.name}.{name}({argument}:)" for argument in field.args)
        elif isinstance(type_, GraphQLInputObjectType):
            found.update(f"{type_.name}.{name}" for name in type_.fields)
    return found


def role_schemas(
    schema: GraphQLSchema | None = None, access: Mapping[str, frozenset[Role]] = ACCESS
) -> dict[Role, GraphQLSchema]:
    """The schema of each role that has one.

    Raises AccessProblem for a coordinate that is not classified, one that is classified and not
    there, and a grant that could not be used (a field without its required argument or type).
    """
    schema = schema or whole_schema()
    there = coordinates(schema)
    if missing := sorted(there - access.keys()):
        raise AccessProblem(f"Not classified in ACCESS: {', '.join(missing)}.")
    if stale := sorted(access.keys() - there):
        raise AccessProblem(f"Classified in ACCESS, but not in the schema: {', '.join(stale)}.")
    return {role: _Derivation(schema, access, role).schema() for role in sorted(EVERY_ROLE)}


@cache
def served_schemas() -> Mapping[Role, GraphQLSchema]:
    """What `role_schemas` gives, derived once in a process: half a second that nothing changes."""
    return MappingProxyType(role_schemas())


class _Derivation:
    """Copies what one role may reach, type by type, from the roots."""

    def __init__(
        self, schema: GraphQLSchema, access: Mapping[str, frozenset[Role]], role: Role
    ) -> None:
        self._whole = schema
        self._access = access
        self._role = role
        self._made: dict[str, GraphQLNamedType] = {}

    def schema(self) -> GraphQLSchema:
        """The role's schema, validated."""
        kwargs = self._whole.to_kwargs()
        roots = {
            name: self._named(root)
            for name in ("query", "mutation", "subscription")
            if isinstance(root := kwargs[name], GraphQLObjectType) and self._visible(root)
        }
        try:
            derived = GraphQLSchema(
                query=cast(GraphQLObjectType | None, roots.get("query")),
                mutation=cast(GraphQLObjectType | None, roots.get("mutation")),
                subscription=cast(GraphQLObjectType | None, roots.get("subscription")),
                directives=kwargs["directives"],
                extensions=kwargs["extensions"],
            )
        except TypeError as error:  # graphql-core's wrapping of a problem in a field
            raise AccessProblem(str(error)) from error
        # strawberry's resolvers look for their schema here.
        derived._strawberry_schema = self._whole._strawberry_schema  # type: ignore[attr-defined]  # noqa: SLF001
        assert_valid_schema(derived)
        return derived

    def _may(self, coordinate: str) -> bool:
        return self._role in self._access[coordinate]

    def _visible(self, type_: GraphQLNamedType) -> bool:
        """Whether the role may see anything of this type."""
        match type_:
            case GraphQLObjectType() | GraphQLInterfaceType() | GraphQLInputObjectType():
                return any(self._may(f"{type_.name}.{name}") for name in type_.fields)
            case GraphQLUnionType():
                return any(self._visible(member) for member in type_.types)
            case _:
                return True

    def _type(self, type_: Any, coordinate: str) -> Any:
        """`type_` of the whole schema as a type of the role's."""
        if isinstance(type_, GraphQLNonNull):
            return GraphQLNonNull(self._type(type_.of_type, coordinate))
        if isinstance(type_, GraphQLList):
            return GraphQLList(self._type(type_.of_type, coordinate))
        if not self._visible(type_):
            raise AccessProblem(
                f"{coordinate} is for {self._role}, but nothing of its type {type_.name} is."
            )
        return self._named(type_)

    def _named(self, type_: GraphQLNamedType) -> GraphQLNamedType:
        if isinstance(type_, GraphQLScalarType | GraphQLEnumType):
            return type_  # the same for every role, and only in the schema if something uses it
        if type_.name not in self._made:
            self._made[type_.name] = self._copy(type_)
        return self._made[type_.name]

    def _copy(self, type_: GraphQLNamedType) -> GraphQLNamedType:
        kwargs: dict[str, Any] = dict(type_.to_kwargs())
        match type_:
            case GraphQLObjectType():
                kwargs["fields"] = lambda: self._fields(type_)
                kwargs["interfaces"] = lambda: self._interfaces(type_)
                return GraphQLObjectType(**kwargs)
            case GraphQLInterfaceType():
                kwargs["fields"] = lambda: self._fields(type_)
                kwargs["interfaces"] = lambda: self._interfaces(type_)
                kwargs["resolve_type"] = _resolve_type
                return GraphQLInterfaceType(**kwargs)
            case GraphQLUnionType():
                kwargs["types"] = lambda: self._members(type_)
                kwargs["resolve_type"] = _resolve_type
                return GraphQLUnionType(**kwargs)
            case GraphQLInputObjectType():
                kwargs["fields"] = lambda: self._input_fields(type_)
                return GraphQLInputObjectType(**kwargs)
            case _:
                raise AccessProblem(f"{type_.name} is of a kind that is not known here.")

    def _members(self, type_: GraphQLUnionType) -> list[GraphQLObjectType]:
        return [
            cast(GraphQLObjectType, self._named(member))
            for member in type_.types
            if self._visible(member)
        ]

    def _interfaces(
        self, type_: GraphQLObjectType | GraphQLInterfaceType
    ) -> list[GraphQLInterfaceType]:
        return [
            cast(GraphQLInterfaceType, self._named(interface))
            for interface in type_.interfaces
            if self._visible(interface)
        ]

    def _fields(self, type_: GraphQLObjectType | GraphQLInterfaceType) -> dict[str, GraphQLField]:
        kept: dict[str, GraphQLField] = {}
        for name, field in type_.fields.items():
            coordinate = f"{type_.name}.{name}"
            if not self._may(coordinate):
                continue
            kwargs: dict[str, Any] = dict(field.to_kwargs())
            kwargs["type_"] = self._type(field.type, coordinate)
            kwargs["args"] = self._arguments(coordinate, field)
            kept[name] = GraphQLField(**kwargs)
        return kept

    def _arguments(self, coordinate: str, field: GraphQLField) -> dict[str, GraphQLArgument]:
        kept: dict[str, GraphQLArgument] = {}
        for name, argument in field.args.items():
            of_argument = f"{coordinate}({name}:)"
            if self._may(of_argument):
                type_ = self._type(argument.type, of_argument)
                kept[name] = GraphQLArgument(**{**argument.to_kwargs(), "type_": type_})
            elif is_required_argument(argument):
                raise AccessProblem(f"{coordinate} is for {self._role}, but not {of_argument}.")
        return kept

    def _input_fields(self, type_: GraphQLInputObjectType) -> dict[str, GraphQLInputField]:
        kept: dict[str, GraphQLInputField] = {}
        for name, field in type_.fields.items():
            coordinate = f"{type_.name}.{name}"
            if self._may(coordinate):
                of_role = self._type(field.type, coordinate)
                kept[name] = GraphQLInputField(**{**field.to_kwargs(), "type_": of_role})
            elif is_required_input_field(field):
                raise AccessProblem(
                    f"{type_.name} is for {self._role}, but not its required field {coordinate}."
                )
        return kept


def _resolve_type(
    value: Any, _info: GraphQLResolveInfo[Any], _abstract: GraphQLAbstractType
) -> str:
    """The type of a value is the strawberry class it was made of.

    strawberry's own resolver compares with the types of the whole schema, which are not these.
    """
    return str(value.__strawberry_definition__.name)
