"""The codes of confidentiality with their labels: what a checklist asks, on which ground one withholds."""

from __future__ import annotations

from typing import Self

import strawberry

from services.gateway.grants import ADVISER, AUDITOR, REPORTER, grant, table
from services.gateway.schema.base import Info, LanguageChoice, described
from shared.contracts.errors import Language
from shared.taxonomy import confidentiality


@strawberry.type(description="A code of confidentiality and what it is called.")
class ConfidentialityCode:
    """One entry of a list."""

    code: str
    label: str
    requires: list[str] = strawberry.field(
        description="Of a ground: the conditions that must all hold."
    )
    law: str | None = strawberry.field(
        description="Of a ground to withhold: the articles it rests on."
    )


def _codes(entries: confidentiality.Entries, language: Language) -> list[ConfidentialityCode]:
    return [
        ConfidentialityCode(
            code=one.code, label=one.label(language), requires=list(one.requires), law=one.law
        )
        for one in entries.values()
    ]


@strawberry.type(description="When confidentiality may be broken, and why a passage is withheld.")
class Confidentiality:
    """The lists, each in the order in which a person should see them."""

    version: int
    disclosure_grounds: list[ConfidentialityCode]
    disclosure_conditions: list[ConfidentialityCode]
    disclosure_recipients: list[ConfidentialityCode]
    reasons_not_informed: list[ConfidentialityCode]
    redaction_grounds: list[ConfidentialityCode]
    consent_matters: list[ConfidentialityCode]
    consent_recipients: list[ConfidentialityCode]

    @classmethod
    def of(cls, found: confidentiality.Confidentiality, language: Language) -> Self:
        """The lists with their labels in one language."""
        return cls(
            version=found.version,
            disclosure_grounds=_codes(found.disclosure_grounds, language),
            disclosure_conditions=_codes(found.disclosure_conditions, language),
            disclosure_recipients=_codes(found.disclosure_recipients, language),
            reasons_not_informed=_codes(found.reasons_not_informed, language),
            redaction_grounds=_codes(found.redaction_grounds, language),
            consent_matters=_codes(found.consent_matters, language),
            consent_recipients=_codes(found.consent_recipients, language),
        )


@strawberry.type
class ConfidentialityQuery:
    """Questions about the codes."""

    @described("Codes and labels of the checklist for disclosures and of grounds to withhold.")
    def confidentiality(
        self, info: Info, language: LanguageChoice | None = None
    ) -> Confidentiality | None:
        """Answered here: the codes are data that every program holds."""
        return Confidentiality.of(
            confidentiality.current(), info.context.language if language is None else language.value
        )


_READERS = ADVISER | AUDITOR | REPORTER

ACCESS = table(
    grant("Query", _READERS, "confidentiality confidentiality(language:)"),
    grant(
        "Confidentiality",
        _READERS,
        "version disclosureGrounds disclosureConditions disclosureRecipients reasonsNotInformed "
        "redactionGrounds consentMatters consentRecipients",
    ),
    grant("ConfidentialityCode", _READERS, "code label requires law"),
)
