"""The taxonomy's codes with their labels."""

from __future__ import annotations

from typing import Self

import strawberry

from services.gateway.grants import (
    ADMIN,
    ADVISER,
    COORDINATOR,
    EMPLOYEE,
    INTEGRATION,
    LEADERS,
    MANAGER,
    REPORT_OFFICER,
    REPORTER,
    grant,
    table,
)
from services.gateway.schema.base import Info, LanguageChoice, described
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


@strawberry.type(description="One version of the codes that cases and registers are coded with.")
class Taxonomy:
    """The lists, each in the order in which a person should see them."""

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

    @classmethod
    def of(cls, found: taxonomy.Taxonomy, language: Language) -> Self:
        """A version with its labels in one language."""
        return cls(
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


_READERS = ADVISER | LEADERS | REPORTER | INTEGRATION | COORDINATOR | ADMIN

ACCESS = table(
    grant(
        "Query",
        _READERS,
        "taxonomy taxonomy(language:) taxonomy(version:)",
    ),
    grant(
        "Taxonomy",
        _READERS,
        "version categories reporterRoles relations channels anonymity conversationModes "
        "interventions routes outcomes",
    ),
    grant(
        "Taxonomy",
        ADVISER | REPORTER,
        "forms discriminationGrounds subjectRoles severities frequencies onsets experiences "
        "powerDependences behaviourModes impacts causes needs ownFirstSteps ladderSteps "
        "heardAnswers solvedAnswers aftercareResults reopeningReasons",
    ),
    grant(
        "Term", _READERS | MANAGER | EMPLOYEE | COORDINATOR | REPORT_OFFICER, "code label parent"
    ),
)
