"""The taxonomy's codes with their labels."""

from __future__ import annotations

from typing import Self

import strawberry
from graphql import GraphQLEnumType, GraphQLSchema

from services.gateway.grants import (
    ADMIN,
    ADVISER,
    COORDINATOR,
    EMPLOYEE,
    EVERY_ROLE,
    INTEGRATION,
    LEADERS,
    MANAGER,
    REPORT_OFFICER,
    REPORTER,
    grant,
    table,
)
from services.gateway.schema.base import Info, LanguageChoice, described
from services.gateway.words.enums import LABELS
from shared import taxonomy
from shared.contracts.errors import Language


@strawberry.type(description="A code and what it is called.")
class Term:
    """One term."""

    code: str
    label: str
    parent: str | None = strawberry.field(description="The code above it in the same list.")


def _terms(terms: taxonomy.Terms, language: Language) -> list[Term]:
    return [
        Term(code=term.code, label=term.label(language), parent=term.parent)
        for term in terms.values()
    ]


@strawberry.type(description="A value of an enumeration, and what it is called.")
class EnumLabel:
    """One value."""

    value: str = strawberry.field(description="As it stands in the schema.")
    label: str


@strawberry.type(
    description="An enumeration of your schema, so that a front end needs no own list."
)
class EnumLabels:
    """All values of one enumeration, in the schema's order."""

    name: str = strawberry.field(description="As it stands in the schema.")
    values: list[EnumLabel] = strawberry.field(description="Its values, in the schema's order.")


def enum_labels(schema: GraphQLSchema, language: Language) -> list[EnumLabels]:
    """What is called how in one role's schema. Of what the role has not, not even the name is told."""
    place = ("en", "nl").index(language)
    return [
        EnumLabels(
            name=name,
            values=[
                EnumLabel(value=value, label=LABELS[name][value][place]) for value in type_.values
            ],
        )
        for name, type_ in sorted(schema.type_map.items())
        if name in LABELS and isinstance(type_, GraphQLEnumType)
    ]


@strawberry.type(description="One version of the codes that cases and registers are coded with.")
class Taxonomy:
    """The lists, each in the order in which a person should see them."""

    language: strawberry.Private[Language]
    version: int
    categories: list[Term]
    reporter_roles: list[Term]
    relations: list[Term]
    channels: list[Term]
    anonymity: list[Term]
    conversation_modes: list[Term]
    interventions: list[Term]
    routes: list[Term]
    outcomes: list[Term]
    forms: list[Term]
    discrimination_grounds: list[Term]
    subject_roles: list[Term]
    severities: list[Term]
    frequencies: list[Term]
    onsets: list[Term]
    experiences: list[Term]
    power_dependences: list[Term]
    behaviour_modes: list[Term]
    impacts: list[Term]
    causes: list[Term]
    needs: list[Term]
    own_first_steps: list[Term]
    ladder_steps: list[Term]
    heard_answers: list[Term]
    solved_answers: list[Term]
    aftercare_results: list[Term]
    reopening_reasons: list[Term]

    @described("The enumerations of your schema, each value with what it is called.")
    def enums(self, info: Info) -> list[EnumLabels]:
        """Answered here, of the schema that the operation runs on."""
        schema = info._raw_info.schema  # noqa: SLF001  info.schema is the whole one
        return enum_labels(schema, self.language)

    @classmethod
    def of(cls, found: taxonomy.Taxonomy, language: Language) -> Self:
        """A version with its labels in one language."""
        return cls(
            language=language,
            version=found.version,
            categories=_terms(found.categories, language),
            reporter_roles=_terms(found.reporter_roles, language),
            relations=_terms(found.relations, language),
            channels=_terms(found.channels, language),
            anonymity=_terms(found.anonymity, language),
            conversation_modes=_terms(found.conversation_modes, language),
            interventions=_terms(found.interventions, language),
            routes=_terms(found.routes, language),
            outcomes=_terms(found.outcomes, language),
            forms=_terms(found.forms, language),
            discrimination_grounds=_terms(found.discrimination_grounds, language),
            subject_roles=_terms(found.subject_roles, language),
            severities=_terms(found.severities, language),
            frequencies=_terms(found.frequencies, language),
            onsets=_terms(found.onsets, language),
            experiences=_terms(found.experiences, language),
            power_dependences=_terms(found.power_dependences, language),
            behaviour_modes=_terms(found.behaviour_modes, language),
            impacts=_terms(found.impacts, language),
            causes=_terms(found.causes, language),
            needs=_terms(found.needs, language),
            own_first_steps=_terms(found.own_first_steps, language),
            ladder_steps=_terms(found.ladder_steps, language),
            heard_answers=_terms(found.heard_answers, language),
            solved_answers=_terms(found.solved_answers, language),
            aftercare_results=_terms(found.aftercare_results, language),
            reopening_reasons=_terms(found.reopening_reasons, language),
        )


@strawberry.type
class TaxonomyQuery:
    """Questions about the taxonomy."""

    @described("Codes and labels: the newest version, or one that older cases were coded with.")
    def taxonomy(
        self, info: Info, language: LanguageChoice | None = None, version: int | None = None
    ) -> Taxonomy | None:
        """Answered here: the taxonomy is data that every program holds."""
        found = taxonomy.current() if version is None else taxonomy.version(version)
        return Taxonomy.of(found, info.context.language if language is None else language.value)


_CODED = ADVISER | LEADERS | REPORTER | INTEGRATION | COORDINATOR | ADMIN

ACCESS = table(
    grant(
        "Query",
        EVERY_ROLE,
        "taxonomy taxonomy(language:) taxonomy(version:)",
    ),
    grant("Taxonomy", EVERY_ROLE, "version enums"),
    grant("EnumLabels", EVERY_ROLE, "name values"),
    grant("EnumLabel", EVERY_ROLE, "value label"),
    grant(
        "Taxonomy",
        _CODED,
        "categories reporterRoles relations channels anonymity conversationModes "
        "interventions routes outcomes",
    ),
    grant(
        "Taxonomy",
        ADVISER | REPORTER,
        "forms discriminationGrounds subjectRoles severities frequencies onsets experiences "
        "powerDependences behaviourModes impacts causes needs ownFirstSteps ladderSteps "
        "heardAnswers solvedAnswers aftercareResults reopeningReasons",
    ),
    grant("Term", _CODED | MANAGER | EMPLOYEE | COORDINATOR | REPORT_OFFICER, "code label parent"),
)
