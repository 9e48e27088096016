"""What the organisation stands for: common entries, its own, new names, and what no longer holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.intake.domain.strategy import (
    Entry,
    Strategy,
    StrategyEntryKept,
    StrategyEntryLinked,
    StrategyEntryWithdrawn,
    announce,
    evolve,
    keep,
    link,
    withdraw,
)
from services.intake.domain.tags import known_tags
from shared.contracts.errors import Code, Refusal
from tests.gwt import given

ON = date(2026, 3, 2)
NEXT = date(2026, 4, 1)
RULES = StrategyEntryKept(
    code="house_rules", kind="policy", en="House rules", nl="Huisregels", valid_from=NEXT, on=ON
)
GONE = StrategyEntryWithdrawn(code="house_rules", withdrawn_from=date(2027, 1, 1), on=ON)


def keeping(**changes: Any) -> Callable[[Strategy], StrategyEntryKept]:
    fields: dict[str, Any] = {name: getattr(RULES, name) for name in RULES.__slots__}
    return lambda state: keep(state, **(fields | changes))


def withdrawing(**changes: Any) -> Callable[[Strategy], StrategyEntryWithdrawn]:
    fields: dict[str, Any] = {name: getattr(GONE, name) for name in GONE.__slots__}
    return lambda state: withdraw(state, **(fields | changes))


LINKED = StrategyEntryLinked(code="house_rules", serves=("respect", "inclusion"), on=ON)


def linking(**changes: Any) -> Callable[[Strategy], StrategyEntryLinked]:
    fields: dict[str, Any] = {name: getattr(LINKED, name) for name in LINKED.__slots__}
    return lambda state: link(state, **(fields | changes))


def test_every_organisation_begins_with_the_common_entries() -> None:
    """Five themes, three values and nine policies in both languages, and "none" is none of them."""
    begun = Strategy()

    assert {"theme": 5, "value": 3, "policy": 9} == {
        kind: len([entry for entry in begun.entries if entry.kind == kind])
        for kind in ("theme", "value", "policy")
    }
    assert all(entry.common and entry.holds(ON) for entry in begun.entries)
    assert None is begun.entry("none")
    assert "inclusion" in begun.codes("theme", ON)


def test_an_entry_of_its_own_holds_from_its_day_on() -> None:
    """Not the day before; and it is tagged with as the common ones are."""
    given(Strategy(), evolve).when(keeping()).then(RULES)
    state = given(Strategy(), evolve, [RULES]).state

    assert "house_rules" not in known_tags(state, NEXT - timedelta(days=1))["policies"]
    assert {"house_rules", "code_of_conduct"} <= known_tags(state, NEXT)["policies"]
    assert "house_rules" not in known_tags(state, NEXT)["values"]
    assert 1 == state.version


def test_without_a_day_it_holds_today() -> None:
    """A new one."""
    decided = keeping(valid_from=None)(Strategy())

    assert ON == decided.valid_from


def test_what_is_withdrawn_holds_until_the_day_before_and_keeps_its_name() -> None:
    """Nothing new is tagged with it, and nothing is removed."""
    given(Strategy(), evolve, [RULES]).when(withdrawing()).then(GONE)
    state = given(Strategy(), evolve, [RULES, GONE]).state
    entry = state.entry("house_rules")

    assert entry is not None
    assert [True, False] == [entry.holds(date(2026, 12, 31)), entry.holds(date(2027, 1, 1))]
    assert "Huisregels" == entry.nl


def test_a_common_entry_can_be_named_and_withdrawn() -> None:
    """It stays common, where it stood, and every other organisation has it as it was."""
    named = keeping(
        code="respect", kind="value", en="Respect for all", nl="Respect voor ieder", valid_from=None
    )(Strategy())
    gone = StrategyEntryWithdrawn(code="respect", withdrawn_from=ON, on=ON)
    state = given(Strategy(), evolve, [named, gone]).state
    entry = state.entry("respect")

    assert named.valid_from is None
    assert entry is not None
    assert (True, "Respect voor ieder", False) == (entry.common, entry.nl, entry.holds(ON))
    assert [one.code for one in Strategy().entries] == [one.code for one in state.entries]
    assert Strategy().entry("respect") != entry


def test_a_new_name_takes_effect_at_once_and_moves_no_day() -> None:
    """Also for an entry that is still to come, or still to go: that one then stays."""
    named = keeping(en="Rules", nl="Regels", valid_from=None)
    for events in ([RULES], [RULES, GONE]):
        event = named(given(Strategy(), evolve, events).state)
        entry = given(Strategy(), evolve, [*events, event]).state.entry("house_rules")
        assert entry is not None
        assert (NEXT, None, "Regels") == (entry.valid_from, entry.withdrawn_from, entry.nl)


def test_what_was_withdrawn_can_come_back() -> None:
    """From today on at the earliest, with its kind."""
    later = date(2027, 3, 1)
    state = given(Strategy(), evolve, [RULES, GONE])

    state.when(keeping(valid_from=later, on=later)).then(
        StrategyEntryKept(
            code="house_rules",
            kind="policy",
            en="House rules",
            nl="Huisregels",
            valid_from=later,
            on=later,
        )
    )
    past = state.when(keeping(valid_from=later - timedelta(days=1), on=later))
    assert "validFrom" == past.then_refused(Code.INVALID_INPUT).values["field"]


@pytest.mark.parametrize(
    ("events", "decision", "code", "field"),
    [
        ([], keeping(code="House Rules"), Code.INVALID_INPUT, "code"),
        ([], keeping(code="none"), Code.INVALID_INPUT, "code"),
        ([], keeping(code="x"), Code.INVALID_INPUT, "code"),
        ([], keeping(en=" "), Code.INVALID_INPUT, "en"),
        ([], keeping(nl="Huis\u0007"), Code.INVALID_INPUT, "nl"),
        ([], keeping(nl="x" * 121), Code.INVALID_INPUT, "nl"),
        ([RULES], keeping(kind="value"), Code.INVALID_INPUT, "kind"),
        ([RULES], keeping(nl="Anders"), Code.INVALID_INPUT, "validFrom"),
        ([RULES], keeping(valid_from=None), Code.ALREADY_EXISTS, None),
        ([], withdrawing(), Code.NOT_FOUND, None),
        (
            [RULES],
            withdrawing(withdrawn_from=ON - timedelta(days=1)),
            Code.INVALID_INPUT,
            "withdrawnFrom",
        ),
        ([RULES, GONE], withdrawing(on=date(2027, 1, 1)), Code.ALREADY_DECIDED, None),
    ],
)
def test_what_cannot_be_is_refused_in_both_languages(
    events: list[Any], decision: Callable[[Strategy], object], code: Code, field: str | None
) -> None:
    """A code that is none, a name that is none, another kind, the same again, a day that is past."""
    refused = given(Strategy(), evolve, events).when(decision).then_refused(code)

    assert field == refused.values.get("field")
    assert refused.sentence("nl") != refused.sentence("en")


def test_a_register_has_an_end() -> None:
    """Two hundred entries, the common ones among them; what is there can still be named."""
    state = Strategy()
    for number in range(200 - len(state.entries)):
        state = evolve(state, keeping(code=f"rule_{number}")(state))
    with pytest.raises(Refusal) as caught:
        keeping(code="one_more")(state)

    assert Code.TOO_LARGE is caught.value.code
    assert 200 == len(state.entries)
    assert "Anders" == keeping(code="rule_1", nl="Anders", valid_from=None)(state).nl


def test_a_common_entry_is_known_with_its_names_in_both_languages() -> None:
    """Ever since, without an end, and common."""
    assert Strategy().entry("respect") == Entry(
        code="respect",
        kind="value",
        en="Respect",
        nl="Respect",
        valid_from=None,
        withdrawn_from=None,
        common=True,
    )
    assert {"inclusion", "wellbeing"} <= Strategy().codes("theme", ON)


def test_what_becomes_of_one_entry_becomes_of_no_other() -> None:
    """An entry of its own stays its own, and each change counts as one."""
    other = StrategyEntryKept(
        code="no_alcohol", kind="policy", en="No alcohol", nl="Geen alcohol", valid_from=ON, on=ON
    )
    named = replace(RULES, en="Rules", nl="Regels")
    state = given(Strategy(), evolve, [RULES, other, named]).state
    assert state.kept == (
        Entry(
            code="house_rules",
            kind="policy",
            en="Rules",
            nl="Regels",
            valid_from=NEXT,
            withdrawn_from=None,
            common=False,
        ),
        Entry(
            code="no_alcohol",
            kind="policy",
            en="No alcohol",
            nl="Geen alcohol",
            valid_from=ON,
            withdrawn_from=None,
            common=False,
        ),
    )
    assert 3 == state.version


def test_what_was_never_there_was_never_withdrawn() -> None:
    """Such a history is no history."""
    with pytest.raises(ValueError, match="never there"):
        evolve(Strategy(), GONE)


def test_a_code_judges_nobody() -> None:
    """Like every coded field."""
    given(Strategy(), evolve).when(keeping(code="guilt")).then_refused(
        Code.JUDGEMENT_WORD, field="code"
    )


def test_a_name_has_at_most_120_characters() -> None:
    """The longest is taken; the refusal says the limit."""
    there = given(Strategy(), evolve)
    there.when(keeping(nl="x" * 120)).then(replace(RULES, nl="x" * 120))
    for field, wrong in (("nl", "x" * 121), ("en", " ")):
        there.when(keeping(**{field: wrong})).then_refused(
            Code.INVALID_INPUT, field=field, most=120
        )


def test_the_refusal_of_one_entry_too_many_says_how_many_there_are() -> None:
    """In both languages."""
    full = given(
        Strategy(), evolve, [replace(RULES, code=f"rule_{number}") for number in range(183)]
    )
    full.when(keeping()).then_refused(Code.TOO_LARGE, limit=200, unit="entries")


def test_new_names_are_recorded_with_the_day_they_hold_from() -> None:
    """The entry holds from the day it held from."""
    given(Strategy(), evolve, [RULES]).when(
        keeping(nl="Regels", valid_from=None, on=date(2026, 5, 1))
    ).then(replace(RULES, nl="Regels", on=date(2026, 5, 1)))


def test_the_same_names_keep_an_entry_that_was_to_be_withdrawn() -> None:
    """Of one that stays anyway they are nothing new."""
    given(Strategy(), evolve, [RULES, GONE]).when(keeping(valid_from=None)).then(RULES)


def test_it_comes_back_on_the_day_it_was_withdrawn_at_the_earliest() -> None:
    """On that day it holds no more."""
    day = date(2027, 1, 1)
    given(Strategy(), evolve, [RULES, GONE]).when(keeping(valid_from=day, on=day)).then(
        replace(RULES, valid_from=day, on=day)
    )


def test_a_withdrawal_that_is_still_to_come_can_be_moved() -> None:
    """To today at the earliest."""
    there = given(Strategy(), evolve, [RULES, GONE])
    today = date(2026, 6, 1)
    there.when(withdrawing(withdrawn_from=today, on=today)).then(
        StrategyEntryWithdrawn(code="house_rules", withdrawn_from=today, on=today)
    )


def test_a_policy_serves_themes_and_values_and_a_value_themes() -> None:
    """A theme serves nothing, and nothing serves a policy. What was said before counts no more, and an
    entry that comes under other names, or back, serves what it served.
    """
    there = given(Strategy(), evolve, [RULES])
    there.when(linking()).then(LINKED)
    there.when(linking(code="openness", serves=("wellbeing",))).then(
        StrategyEntryLinked(code="openness", serves=("wellbeing",), on=ON)
    )
    for code, serves in (
        ("openness", ("respect",)),
        ("inclusion", ("wellbeing",)),
        ("house_rules", ("code_of_conduct",)),
        ("house_rules", ("none",)),
        ("house_rules", ("respect", "respect")),
    ):
        there.when(linking(code=code, serves=serves)).then_refused(
            Code.INVALID_INPUT, field="serves"
        )
    linked = given(Strategy(), evolve, [RULES, LINKED])
    linked.when(linking(serves=("inclusion", "respect"))).then_refused(Code.ALREADY_EXISTS)
    linked.when(linking(serves=())).then(replace(LINKED, serves=()))
    renamed = given(
        Strategy(),
        evolve,
        [RULES, LINKED, GONE, replace(RULES, nl="Regels"), replace(GONE, on=NEXT)],
    )
    entry = renamed.state.entry("house_rules")
    assert entry is not None
    assert ("respect", "inclusion") == entry.serves


def test_only_what_is_there_is_linked_and_to_twenty_at_the_most() -> None:
    """Unknown codes are refused, and a history without the entry is no history."""
    themes = [replace(RULES, code=f"theme_{number}", kind="theme") for number in range(21)]
    there = given(Strategy(), evolve, [RULES, *themes])
    codes = tuple(one.code for one in themes)
    there.when(linking(code="nothing")).then_refused(Code.NOT_FOUND)
    there.when(linking(serves=codes[:20])).then(replace(LINKED, serves=codes[:20]))
    there.when(linking(serves=codes)).then_refused(Code.TOO_LARGE, limit=20, unit="entries")
    with pytest.raises(ValueError, match="never there"):
        evolve(Strategy(), LINKED)


def test_the_whole_register_is_announced() -> None:
    """With what is common, what is its own, what serves what, and how often it was changed."""
    state = given(Strategy(), evolve, [RULES, LINKED, GONE]).state
    told = announce(state, message_id=UUID(int=1), organisation_id=UUID(int=2))
    assert (UUID(int=1), UUID(int=2), 3) == (
        told.message_id,
        told.organisation_id,
        told.register_version,
    )
    assert [(one.code, one.kind, one.en, one.nl) for one in state.entries] == [
        (one.code, one.kind, one.en, one.nl) for one in told.entries
    ]
    own = told.entries[-1]
    assert ("policy", RULES.en, RULES.nl) == (own.kind, own.en, own.nl)
    assert ("house_rules", ("respect", "inclusion"), NEXT, date(2027, 1, 1)) == (
        own.code,
        own.serves,
        own.valid_from,
        own.withdrawn_from,
    )
