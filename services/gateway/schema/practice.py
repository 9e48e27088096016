"""The codes of an adviser's own practice with their labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

import strawberry

from services.gateway.grants import ADVISER, COMPLAINTS_OFFICER, COORDINATOR, REPORTER, grant, table
from services.gateway.schema.base import Info, LanguageChoice, described
from shared import taxonomy
from shared.contracts.errors import Language
from shared.taxonomy import practice
from shared.taxonomy.themes import Theme, themes


@strawberry.type(description="A code of the practice of advisers and what it is called.")
class PracticeCode:
    """One entry of a list."""

    code: str
    label: str


def _codes(entries: Mapping[str, practice.Entry | Theme], language: Language) -> list[PracticeCode]:
    return [PracticeCode(code=one.code, label=one.label(language)) for one in entries.values()]


@strawberry.type(description="Codes that cases and figures are never coded with.")
class PracticeCodes:
    """The lists, each in the order in which a person should see them."""

    version: int
    complaint_grounds: list[PracticeCode] = strawberry.field(
        description="What a complaint about an adviser is about."
    )
    areas: list[PracticeCode] = strawberry.field(
        description="Areas of themes: how a peer consultation says what it is about."
    )
    activities: list[PracticeCode] = strawberry.field(description="What hours go to.")
    severity_bands: list[PracticeCode] = strawberry.field(
        description="How it says how severe something was."
    )

    @classmethod
    def of(cls, found: practice.Practice, language: Language) -> Self:
        """The lists with their labels in one language."""
        return cls(
            version=found.version,
            complaint_grounds=_codes(found.complaint_grounds, language),
            areas=_codes(themes(taxonomy.NEWEST).areas, language),
            activities=_codes(found.activities, language),
            severity_bands=_codes(found.severity_bands, language),
        )


@strawberry.type
class PracticeQuery:
    """Questions about the codes."""

    @described("Codes and labels of the practice of advisers.")
    def practice_codes(
        self, info: Info, language: LanguageChoice | None = None
    ) -> PracticeCodes | None:
        """Answered here: the codes are data that every program holds."""
        return PracticeCodes.of(
            practice.current(), info.context.language if language is None else language.value
        )


_COMPLAIN = REPORTER | COMPLAINTS_OFFICER
_READERS = _COMPLAIN | ADVISER | COORDINATOR

ACCESS = table(
    grant("Query", _READERS, "practiceCodes practiceCodes(language:)"),
    grant("PracticeCodes", _READERS, "version"),
    grant("PracticeCodes", _COMPLAIN, "complaintGrounds"),
    grant("PracticeCodes", ADVISER, "areas severityBands"),
    grant("PracticeCodes", ADVISER | COORDINATOR, "activities"),
    grant("PracticeCode", _READERS, "code label"),
)
