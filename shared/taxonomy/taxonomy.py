"""The taxonomy as typed, versioned data: codes that stay, and labels in Dutch and English."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any, Final

from shared.contracts.errors import Code, Language, Refusal
from shared.taxonomy.judgement import entry_of

KINDS: Final = (
    "categories",
    "forms",
    "discrimination_grounds",
    "reporter_roles",
    "relations",
    "channels",
    "anonymity",
    "conversation_modes",
    "interventions",
    "routes",
    "outcomes",
    "subject_roles",
    "severities",
    "frequencies",
    "onsets",
    "experiences",
    "power_dependences",
    "behaviour_modes",
    "impacts",
    "causes",
    "needs",
    "own_first_steps",
    "ladder_steps",
    "heard_answers",
    "solved_answers",
    "aftercare_results",
    "reopening_reasons",
)
"""The lists of the taxonomy: attributes of `Taxonomy` and keys of the data file."""

NEWEST: Final = 1
"""The version that new cases and imports are coded with."""


@dataclass(frozen=True, slots=True)
class Term:
    """One code with its labels.

    `parent` is the code above it (a category's main category, a form's category), if any.
    `wbk_candidate`: may be a wrongdoing under the Dutch Whistleblower Protection Act (Wet
    bescherming klokkenluiders); a hint to the adviser, never a decision.
    """

    code: str
    en: str
    nl: str
    parent: str | None = None
    wbk_candidate: bool = False

    def label(self, language: Language) -> str:
        """The label in `language`."""
        return self.nl if language == "nl" else self.en


Terms = Mapping[str, Term]
"""Code → term, in the order in which a person should see them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taxonomy:
    """One version of all lists. Immutable, and shared by everyone who asks for that version.

    Categories have two levels; a top-level category may be assigned too and then means "not
    further specified". `merge_order` holds every category code once: the fixed order in which
    cells join the withheld block of a release (why: `merge_order_note` in the data file).
    """

    version: int
    categories: Terms
    forms: Terms
    discrimination_grounds: Terms
    reporter_roles: Terms
    relations: Terms
    channels: Terms
    anonymity: Terms
    conversation_modes: Terms
    interventions: Terms
    routes: Terms
    outcomes: Terms
    subject_roles: Terms
    severities: Terms
    frequencies: Terms
    onsets: Terms
    experiences: Terms
    power_dependences: Terms
    behaviour_modes: Terms
    impacts: Terms
    causes: Terms
    needs: Terms
    own_first_steps: Terms
    ladder_steps: Terms
    heard_answers: Terms
    solved_answers: Terms
    aftercare_results: Terms
    reopening_reasons: Terms
    merge_order: tuple[str, ...]
    merge_order_note: Mapping[Language, str]
    _by_text: Mapping[str, Mapping[str, str]] = field(repr=False, compare=False)

    def terms(self, kind: str) -> Terms:
        """The list of that name, one of `KINDS`."""
        if kind not in KINDS:
            raise ValueError(f"the taxonomy has no list {kind!r}")  # a slip of ours, not a person's
        terms: Terms = getattr(self, kind)
        return terms

    def check(self, kind: str, code: str, *, field: str | None = None) -> Term:
        """The term of `code` in that list; raises Refusal UNKNOWN_CODE when it is not there, or
        JUDGEMENT_WORD for one that judges, naming `field`, or the list.
        """
        return entry_of(self.terms(kind), code, field=field or kind, version=self.version)

    def find(self, kind: str, text: str) -> str | None:
        """The code that `text` means: a code, or a Dutch or English label; else None.

        Capitals and repeated spaces do not count; nothing is guessed.
        """
        return self._by_text[kind].get(_folded(text))

    def labels(self, language: Language, kind: str = "categories") -> dict[str, str]:
        """Code → label in `language`, in order."""
        return {code: term.label(language) for code, term in self.terms(kind).items()}


def current() -> Taxonomy:
    """The newest version."""
    return version(NEWEST)


@cache
def version(number: int) -> Taxonomy:
    """That version; raises Refusal UNKNOWN_TAXONOMY_VERSION when there is none.

    Every version stays for ever: registers, releases and reports name the one they were made with.
    """
    if not 1 <= number <= NEWEST:
        raise Refusal(Code.UNKNOWN_TAXONOMY_VERSION, version=number, newest=NEWEST)
    text = resources.files(__package__).joinpath("data", f"v{number}.json").read_text("utf-8")
    data: dict[str, Any] = json.loads(text)
    lists = {kind: _terms(data[kind]) for kind in KINDS}
    return Taxonomy(
        version=data["version"],
        **lists,
        merge_order=tuple(data["merge_order"]),
        merge_order_note=MappingProxyType(data["merge_order_note"]),
        _by_text=MappingProxyType({kind: _texts(terms) for kind, terms in lists.items()}),
    )


def _terms(rows: list[dict[str, Any]]) -> Terms:
    return MappingProxyType({row["code"]: Term(**row) for row in rows})


def _texts(terms: Terms) -> Mapping[str, str]:
    texts = ((_folded(text), t.code) for t in terms.values() for text in (t.code, t.en, t.nl))
    return MappingProxyType(dict(texts))


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()
