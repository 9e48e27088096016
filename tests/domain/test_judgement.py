"""Words that judge stand in no code: refused in every coded field, and in none of our own lists."""

from __future__ import annotations

from typing import Any

import pytest

from services.intake.domain.case import Case, evolve
from services.intake.events import TYPES
from shared import taxonomy
from shared.contracts.errors import Code, Language, Refusal
from shared.taxonomy import confidentiality, practice, signal_codes, whistleblowing
from shared.taxonomy.judgement import check_pure, judges, words
from tests.domain.test_case import OPENED, opening
from tests.domain.test_record import changed, correcting, keeping
from tests.gwt import given


@pytest.mark.parametrize("word", sorted(words()))
def test_each_word_is_refused_wherever_it_stands(word: str) -> None:
    """Alone, in capitals, as a part of a code or of a sentence; the refusal does not repeat it."""
    for text in (word, word.upper(), f"is_{word}", f"{word}-2", f"zij is {word}!"):
        assert judges(text)
    with pytest.raises(Refusal) as refused:
        check_pure(word, field="category")
    assert Code.JUDGEMENT_WORD is refused.value.code
    languages: tuple[Language, ...] = ("en", "nl")
    for language in languages:
        assert not judges(refused.value.sentence(language))


@pytest.mark.parametrize("text", ["strafrecht", "bullying", "provenance", "sanctioned_leave", ""])
def test_a_word_that_holds_one_is_none(text: str) -> None:
    """A faculty of criminal law is no judgement."""
    assert not judges(text)


@pytest.mark.parametrize("kind", taxonomy.KINDS)
def test_none_of_our_codes_judges(kind: str) -> None:
    """Nor does what it is called, in either language."""
    for term in taxonomy.current().terms(kind).values():
        assert not any(map(judges, (term.code, term.en, term.nl)))


def test_nor_do_those_of_confidentiality_signals_practice_and_whistleblowing() -> None:
    """The grounds of law are named as the law names them, and judge nobody."""
    lists = [getattr(confidentiality.current(), name) for name in confidentiality.LISTS]
    lists += [getattr(signal_codes.current(), name) for name in signal_codes.LISTS]
    lists += [getattr(practice.current(), name) for name in practice.LISTS]
    lists += [getattr(whistleblowing.current(), name) for name in whistleblowing.LISTS]
    told = [text for each in lists for one in each.values() for text in (one.code, one.en, one.nl)]
    assert [] == [text for text in told if judges(text)]


def test_no_event_of_a_case_has_a_field_for_it() -> None:
    """No guilt, no investigation, no sanction: in the names of what is stored."""
    names = {
        name for cls in TYPES.classes for name in (cls.__name__, *getattr(cls, "__slots__", ()))
    }
    wrong = (
        "guilt",
        "investigat",
        "sanction",
        "verdict",
        "punish",
        "offend",
        "perpetrat",
        "accused",
    )
    assert [] == [name for name in names for part in wrong if part in name.lower()]


@pytest.mark.parametrize("field", ["channel", "anonymity", "reporter_role", "relation", "category"])
def test_a_case_is_not_opened_or_corrected_with_one(field: str) -> None:
    """Whichever field it is put in."""
    given(Case(), evolve).when(opening(**{field: "dader"})).then_refused(Code.JUDGEMENT_WORD)
    wrong: dict[str, Any] = {field: "guilty"}
    given(Case(), evolve, [OPENED]).when(correcting(**wrong)).then_refused(Code.JUDGEMENT_WORD)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("severity", "schuldig"),
        ("impacts", ("perpetrator",)),
        ("policies", ("sanctie_beleid",)),
        ("values", ("proven",)),
    ],
)
def test_a_record_and_its_tags_hold_none(name: str, value: object) -> None:
    """Also where the organisation names its own."""
    refused = (
        given(Case(), evolve, [OPENED])
        .when(keeping(changed(name, value)))
        .then_refused(Code.JUDGEMENT_WORD)
    )
    assert f"record.{name}" == refused.values["field"]
