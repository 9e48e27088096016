"""What a reporter is told first: what confidentiality covers, and where it ends."""

from __future__ import annotations

from enum import Enum
from typing import Self

import strawberry

from services.gateway.grants import ADVISER, EMPLOYEE, REPORTER, grant, table
from services.gateway.schema.base import Info, LanguageChoice, described
from shared.contracts import rpc
from shared.contracts.errors import Language
from shared.taxonomy import statement


@strawberry.enum(description="What a point of the opening statement is about.")
class PointKind(Enum):
    """What confidentiality covers, or where it ends."""

    COVERS = "covers"
    ENDS = "ends"


@strawberry.type(description="One point of the opening statement.")
class Point:
    """One sentence."""

    code: str
    kind: PointKind
    text: str


@strawberry.type(description="What a reporter reads before their first word.")
class OpeningStatement:
    """The newest version."""

    version: int
    points: list[Point] = strawberry.field(description="In the order in which they are told.")

    @classmethod
    def of(cls, found: statement.Statement, language: Language) -> Self:
        """In one language."""
        return cls(
            version=found.version,
            points=[
                Point(code=one.code, kind=PointKind(one.kind), text=one.text(language))
                for one in found.points
            ],
        )


@strawberry.enum(description="How somebody learned of it.")
class StatementHow(Enum):
    """Read, or told by an adviser."""

    READ = "read"
    TOLD = "told"


@strawberry.type(description="Which version somebody read or was told.")
class StatementGiven:
    """As it was recorded."""

    version: int
    language: LanguageChoice
    how: StatementHow

    @classmethod
    def of(cls, given: rpc.StatementGiven) -> Self:
        """From intake's answer."""
        return cls(
            version=given.version,
            language=LanguageChoice(given.language),
            how=StatementHow(given.how),
        )


@strawberry.input(description="Which version somebody read or was told.")
class StatementGivenInput:
    """See StatementGiven."""

    version: int
    language: LanguageChoice
    how: StatementHow

    def shape(self) -> rpc.StatementGiven:
        """As intake takes it."""
        return rpc.StatementGiven(
            version=self.version, language=self.language.value, how=self.how.value
        )


@strawberry.type
class StatementQuery:
    """The question."""

    @described("What confidentiality covers and where it ends: show it before the first word.")
    def opening_statement(
        self, info: Info, language: LanguageChoice | None = None
    ) -> OpeningStatement | None:
        """Answered here: it is data that every program holds."""
        return OpeningStatement.of(
            statement.current(), info.context.language if language is None else language.value
        )


_READERS = ADVISER | REPORTER | EMPLOYEE

ACCESS = table(
    grant("Query", _READERS, "openingStatement openingStatement(language:)"),
    grant("OpeningStatement", _READERS, "version points"),
    grant("Point", _READERS, "code kind text"),
    grant("StatementGiven", ADVISER | REPORTER, "version language how"),
    grant("StatementGivenInput", ADVISER | REPORTER, "version language how"),
)
