"""The terms that run in a case: how long, by which law, and on which grounds one is paused or extended.

What is custom and not law says so. Nothing here is legal advice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from shared.contracts.errors import Language

Kind = Literal["confirmation", "feedback", "access", "aftercare"]
"""`retention` is no term of this kind: it is the organisation's own, and what it leads to is an erasure
that two people approve."""

Stage = Literal["running", "soon", "overdue", "escalated", "paused"]


@dataclass(frozen=True, slots=True)
class Phrase:
    """A code as people read it."""

    code: str
    en: str
    nl: str

    def label(self, language: Language) -> str:
        """The words in `language`."""
        return self.nl if language == "nl" else self.en


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One kind of term. `ahead` and `patience` are working days: before its last day the adviser is
    warned, and after it the coordinator is told.
    """

    phrase: Phrase
    law: str
    days: int = 0
    months: int = 0
    ahead: int
    patience: int
    pauses: tuple[str, ...] = ()
    extension_months: int = 0
    extensions: tuple[str, ...] = ()
    declinable: bool = False
    """Whether the reporter may say that it is not needed."""


RULES: Final[Mapping[str, Rule]] = MappingProxyType(
    {
        rule.phrase.code: rule
        for rule in (
            Rule(
                phrase=Phrase("confirmation", "Confirm receipt", "Ontvangst bevestigen"),
                law="Directive (EU) 2019/1937, 9(1)(b); Wbk 2",
                days=7,
                ahead=2,
                patience=1,
            ),
            Rule(
                phrase=Phrase("feedback", "Give feedback", "Terugkoppeling geven"),
                law="Directive (EU) 2019/1937, 9(1)(f); Wbk 2",
                months=3,
                ahead=10,
                patience=5,
                pauses=("reporter_asked", "reporter_unreachable"),
                declinable=True,
            ),
            Rule(
                phrase=Phrase(
                    "access", "Answer a request for access", "Inzageverzoek beantwoorden"
                ),
                law="GDPR 12(3)",
                months=1,
                ahead=5,
                patience=1,
                pauses=("identity_in_doubt", "request_unclear"),
                extension_months=2,
                extensions=("complexity", "number_of_requests"),
            ),
            Rule(
                phrase=Phrase("aftercare", "Ask how it is going", "Nazorg: vragen hoe het gaat"),
                law="",
                days=42,
                ahead=5,
                patience=5,
                pauses=("reporter_asked", "reporter_unreachable"),
                declinable=True,
            ),
        )
    }
)

GROUNDS: Final[Mapping[str, Phrase]] = MappingProxyType(
    {
        phrase.code: phrase
        for phrase in (
            Phrase("reporter_asked", "The reporter asks to wait", "De melder vraagt te wachten"),
            Phrase(
                "reporter_unreachable",
                "The reporter cannot be reached",
                "De melder is niet te bereiken",
            ),
            Phrase(
                "identity_in_doubt",
                "Who asks must prove who they are (GDPR 12(6))",
                "Wie vraagt moet aantonen wie hij is (AVG 12 lid 6)",
            ),
            Phrase(
                "request_unclear",
                "Who asks must say what it is about (GDPR recital 63)",
                "Wie vraagt moet zeggen waarover het gaat (AVG overweging 63)",
            ),
            Phrase("complexity", "The request is complex", "Het verzoek is complex"),
            Phrase(
                "number_of_requests",
                "The number of requests",
                "Het aantal verzoeken",
            ),
        )
    }
)
"""On which a term is paused or extended, all kinds together."""


def kind_of(term: str) -> str:
    """The kind of a term's name: `access:<id of the request>` is an `access`."""
    return term.partition(":")[0]
