"""Words of leaders and advisers in a report's loop: in Dutch, in English, or in both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.contracts.errors import invalid
from shared.contracts.report import Bilingual
from shared.contracts.words import readable

if TYPE_CHECKING:
    from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A text in one language or in two; what it was not written in is None."""

    nl: str | None = None
    en: str | None = None

    @property
    def bilingual(self) -> Bilingual:
        """For readers of either language: the other one where there is none in theirs."""
        return Bilingual(nl=self.nl or self.en or "", en=self.en or self.nl or "")

    def of(self, language: Literal["nl", "en"]) -> str:
        """The text in that language, or in the other."""
        return self.bilingual.of(language)


def words(given: Words, *, field: str, most: int) -> Words:
    """The words as they are kept (see `readable`). Raises Refusal INVALID_INPUT where there are none in
    either language, or for control characters, and TOO_LARGE for more than `most` characters.
    """
    kept = words_or_none(given, field=field, most=most)
    if kept is None:
        raise invalid(field, "it is empty")
    return kept


def words_or_none(given: Words | None, *, field: str, most: int) -> Words | None:
    """As `words`; None where nothing is said."""
    if given is None:
        return None
    kept = Words(
        nl=None if given.nl is None else readable(given.nl, field=f"{field}.nl", most=most),
        en=None if given.en is None else readable(given.en, field=f"{field}.en", most=most),
    )
    return None if kept == Words() else kept


def in_both(given: Words, *, field: str, most: int) -> Words:
    """As `words`, for what everybody reads in their own language: neither may be missing."""
    kept = words(given, field=field, most=most)
    if kept.nl is None:
        raise invalid(f"{field}.nl", "it is missing")
    if kept.en is None:
        raise invalid(f"{field}.en", "it is missing")
    return kept


def line(text: str, *, field: str, most: int) -> str:
    """A name in one line. Raises as `words`."""
    kept = readable(text.replace("\n", " "), field=field, most=most)
    if kept is None:
        raise invalid(field, "it is empty")
    return kept
