"""The case as a machine: whatever is tried, in whatever order, it never comes into a forbidden state.

Reporter, adviser and time do what they like: open, converse, correct, consent, withdraw, tell, propose
and take steps, agree on minutes, hand over, make a report of it, close, look after, reopen, erase. A
decision either leads to events or is refused; after each, what must always hold is looked at anew, on a
state that is folded from the first event on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import reduce
from typing import Any
from uuid import UUID

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from services.intake.domain import (
    aftercare,
    consent,
    conversion,
    ladder,
    minutes,
    protection,
    record,
    ways_in,
)
from services.intake.domain.case import (
    Case,
    CaseClosed,
    CaseHandedOver,
    CaseOpened,
    HandOverConsented,
    MessageSent,
    close_case,
    evolve,
    record_conversation,
    record_intervention,
    record_outcome,
    send_message,
)
from services.intake.domain.conversion import ConvertedToWhistleblowerReport, ReportDecided
from services.intake.domain.hand_over import consent_to_hand_over, hand_over
from services.intake.domain.officers import Officer
from services.intake.domain.organisation import AdviserKept, ListedKey
from services.intake.domain.record import CaseRecord, keep_record
from services.intake.domain.whistleblower_report import WhistleblowerReportReceived
from services.intake.domain.words import SealedWords, key_id_of
from services.intake.signatures import verifies
from services.intake.streams import _of_a_case
from shared.contracts.errors import Code, Refusal
from shared.runtime.erasure import KeyDestroyed
from tests.domain.test_case import AT, OPENED, ORGANISATION, READ, REPORTED, TO_REPORTER

ADVISERS = ("anna", "bram", "cato")
KEYS = {name: bytes([number]) * 32 for number, name in enumerate((*ADVISERS, "olga"))}
HOUSE = replace(
    ORGANISATION,
    set_up=replace(
        ORGANISATION.known,
        advisers=tuple(AdviserKept(id=name, name=name.title()) for name in ADVISERS),
    ),
    keys=tuple(
        ListedKey(
            adviser_id=name,
            key_id=key_id_of(key),
            public_key=key,
            signing_key=None,
            state="current",
            own_stream=True,
            on=AT.date(),
        )
        for name, key in KEYS.items()
    ),
    officers=(Officer(office="reports", id="olga", name="Olga"),),
)
IDS = tuple(UUID(int=(0x4000 << 64) | (0x8 << 60) | number) for number in range(1, 4))
TAGS = {"policies": frozenset({"code_of_conduct"}), "values": frozenset({"respect"})}
CLOSED_TAKES = (
    consent.ConsentWithdrawn,
    aftercare.SatisfactionSaid,
    aftercare.AftercarePlanned,
    aftercare.AftercareGiven,
    aftercare.CaseReopened,
    protection.DisadvantageReported,
)
"""What becomes of a closed case; all else is refused as CASE_CLOSED."""

ids = st.sampled_from(IDS)
sides = st.booleans()
hows = st.sampled_from([None, "spoken", "written"])
advisers = st.sampled_from(ADVISERS)
categories = st.sampled_from(["bullying", "workload", "moral_dilemma"])


class CaseMachine(RuleBasedStateMachine):
    """One case, and everything that is tried with it."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[Any] = []
        self.state = Case()
        self.days = 0
        self.erased = False
        self.register: list[WhistleblowerReportReceived] = []
        """Entries that were made of the case; they outlive it."""

    # Trying -------------------------------------------------------------------------------------

    @property
    def now(self) -> Any:
        return AT + timedelta(days=self.days)

    @property
    def words(self) -> tuple[SealedWords, ...]:
        """For the case's adviser, and for a reporter with a code."""
        adviser = "anna" if self.state.opened is None else self.state.adviser_id
        mine = SealedWords(key_id=key_id_of(KEYS[adviser]), ciphertext=b"sealed")
        opened = self.state.opened
        coded = opened is not None and opened.reply_key is not None
        return (mine, TO_REPORTER) if coded else (mine,)

    def attempt(self, decision: Callable[[Case], Any]) -> Code | None:
        """Take a decision; the refusal, if it is one. A refusal changes nothing."""
        before = self.state
        refused: Code | None = None
        decided: Any = None
        try:
            decided = decision(self.state)
        except Refusal as refusal:
            refused = refusal.code
        if refused is not None:
            assert before is self.state
            assert not self.erased or refused is Code.NOT_FOUND
            return refused
        assert not self.erased, "something was decided about what is gone"
        events: Sequence[Any] = decided if isinstance(decided, list) else [decided]
        for event in events:
            if self.state.closed:
                assert isinstance(event, CLOSED_TAKES), event
            self.check(event)
            self.events.append(event)
            self.state = _of_a_case(self.state, event)
        return None

    def check(self, event: Any) -> None:
        """What must hold at the moment of an event."""
        state = self.state
        match event:
            case ladder.StepTaken(step_id=step_id):
                (last,) = [one for one in state.steps if one.step_id == step_id]
                assert ("chosen", False) == (last.decision, last.taken)
            case consent.ToldWithConsent(consent_id=consent_id):
                (held,) = [one for one in state.consents if one.consent_id == consent_id]
                assert not held.withdrawn
                assert held.until is None or self.now.date() <= held.until
            case minutes.MinutesDrafted() | minutes.MinutesCorrected() | minutes.MinutesSignedOff():
                signed = {one.minutes_id for one in state.minutes if one.state == "signed_off"}
                assert event.minutes_id not in signed
            case CaseHandedOver(to_adviser=to_adviser):
                assert to_adviser not in state.avoided
                assert not self.coded or state.consent_to == to_adviser
            case CaseClosed():
                assert state.outcome is not None
            case ReportDecided():
                assert not ways_in.is_report(state.facts.category)
            case ConvertedToWhistleblowerReport(consent_id=consent_id):
                (held,) = [one for one in state.consents if one.consent_id == consent_id]
                assert ("to_report_officer", 1) == (held.recipient, held.told)
                assert state.converted is None
                assert ways_in.is_report(state.facts.category) or state.report_decided
            case _:
                pass
        if hasattr(event, "how") and self.coded and not isinstance(event, consent.ConsentWithdrawn):
            assert "code" == event.how, "decided in the reporter's place"

    @property
    def coded(self) -> bool:
        """Whether the reporter holds a code."""
        return self.state.opened is not None and self.state.opened.reply_key is not None

    # What people do -----------------------------------------------------------------------------

    @initialize(reporter=sides, category=categories, avoids=st.booleans(), agreed=sides)
    def open(self, reporter: bool, category: str, avoids: bool, agreed: bool) -> None:
        opened = REPORTED if reporter else OPENED
        mine = SealedWords(key_id=key_id_of(KEYS["anna"]), ciphertext=b"sealed")
        event = replace(
            opened,
            category=category,
            words=(mine, TO_REPORTER) if reporter else (mine,),
            avoids=("cato",) if avoids else (),
        )
        self.events.append(event)
        self.state = evolve(self.state, event)
        if agreed:  # to a report, from the first talk on
            self.give(
                IDS[0],
                days=None,
                reporter=reporter,
                how=None if reporter else "spoken",
                to_officer=True,
                told_first=True,
            )

    @rule(days=st.integers(1, 40))
    def wait(self, days: int) -> None:
        self.days += days

    @rule()
    def converse(self) -> None:
        self.attempt(
            lambda state: record_conversation(
                state, HOUSE, mode="walk", minutes=self.words[:1], at=self.now, verifies=verifies
            )
        )

    @rule(sender=st.sampled_from(["reporter", "adviser"]))
    def say(self, sender: Any) -> None:
        refused = self.attempt(
            lambda state: send_message(
                state, HOUSE, sender=sender, words=self.words, at=self.now, verifies=verifies
            )
        )
        assert refused is not None or isinstance(self.events[-1], MessageSent)

    @rule(category=categories, own=sides)
    def know(self, category: str, own: bool) -> None:
        known = CaseRecord(
            categories=(category,),
            own_first_step="step_taken" if own else None,
            values=("respect",),
        )
        self.attempt(lambda state: keep_record(state, record=known, known=TAGS, at=self.now))

    @rule(category=categories)
    def correct(self, category: str) -> None:
        facts = {name: getattr(OPENED, name) for name in record.FACTS} | {"category": category}
        self.attempt(
            lambda state: record.correct_facts(
                state, HOUSE, **facts, message_id=IDS[0], at=self.now
            )
        )

    @rule()
    def act(self) -> None:
        self.attempt(
            lambda state: record_intervention(state, intervention="listening", at=self.now)
        )

    @rule(which=ids, conversation=st.integers(1, 12))
    def draft(self, which: UUID, conversation: int) -> None:
        self.attempt(
            lambda state: minutes.draft(
                state,
                HOUSE,
                minutes_id=which,
                conversation=conversation,
                words=self.words,
                at=self.now,
                verifies=verifies,
            )
        )

    @rule(which=ids, number=st.integers(1, 3))
    def correct_minutes(self, which: UUID, number: int) -> None:
        if self.coded or self.erased:
            self.attempt(
                lambda state: minutes.correct(
                    state, HOUSE, minutes_id=which, draft=number, words=self.words, at=self.now
                )
            )

    @rule(which=ids, number=st.integers(1, 3), reporter=sides, how=hows)
    def sign_off(self, which: UUID, number: int, reporter: bool, how: Any) -> None:
        self.attempt(
            lambda state: minutes.sign_off(
                state,
                minutes_id=which,
                draft=number,
                by_reporter=reporter and self.coded,
                how=how,
                at=self.now,
            )
        )

    @rule(which=ids, reporter=sides, step=st.sampled_from(["step_mediation", "step_external"]))
    def propose(self, which: UUID, reporter: bool, step: str) -> None:
        self.attempt(
            lambda state: ladder.propose(
                state,
                step_id=which,
                step=step,
                by_reporter=reporter and self.coded,
                at=self.now,
            )
        )

    @rule(
        which=ids,
        decision=st.sampled_from(["chosen", "not_now", "declined"]),
        reporter=sides,
        how=hows,
    )
    def decide(self, which: UUID, decision: Any, reporter: bool, how: Any) -> None:
        self.attempt(
            lambda state: ladder.decide(
                state,
                step_id=which,
                decision=decision,
                by_reporter=reporter and self.coded,
                how=how,
                at=self.now,
            )
        )

    @rule(which=ids)
    def take(self, which: UUID) -> None:
        self.attempt(lambda state: ladder.take(state, step_id=which, at=self.now))

    @rule(
        which=ids,
        days=st.integers(-3, 30) | st.none(),
        reporter=sides,
        how=hows,
        to_officer=sides,
        told_first=st.sampled_from([True, True, True, False]),
    )
    def give(
        self,
        which: UUID,
        days: int | None,
        reporter: bool,
        how: Any,
        to_officer: bool,
        told_first: bool,
    ) -> None:
        until = None if days is None else self.now.date() + timedelta(days=days)
        self.attempt(
            lambda state: consent.give(
                state,
                consent_id=which,
                matters=("identity",),
                recipient="to_report_officer" if to_officer else "to_manager",
                statement=READ if told_first is to_officer else None,
                until=until,
                by_reporter=reporter and self.coded,
                how=how,
                at=self.now,
            )
        )

    @rule(which=ids, reporter=sides, how=hows)
    def withdraw(self, which: UUID, reporter: bool, how: Any) -> None:
        self.attempt(
            lambda state: consent.withdraw(
                state,
                consent_id=which,
                by_reporter=reporter and self.coded,
                how=how,
                at=self.now,
            )
        )

    @rule(which=ids, days=st.integers(0, 40))
    def tell(self, which: UUID, days: int) -> None:
        self.days += days  # consents end meanwhile
        self.attempt(lambda state: consent.tell(state, consent_id=which, at=self.now))

    @rule(reporter=sides, how=hows)
    def decide_to_report(self, reporter: bool, how: Any) -> None:
        self.attempt(
            lambda state: conversion.decide_to_report(
                state, by_reporter=reporter and self.coded, how=how, at=self.now
            )
        )

    @rule(which=ids, newest=sides)
    def convert(self, which: UUID, newest: bool) -> None:
        """An entry is made with the conversion, or neither is; mostly on the last consent."""
        if newest and self.state.consents:
            which = self.state.consents[-1].consent_id
        made: list[WhistleblowerReportReceived] = []

        def decision(state: Case) -> Any:
            in_case, received = conversion.convert(
                state,
                HOUSE,
                report_id=which,
                consent_id=which,
                officers=("olga",),
                words=(
                    SealedWords(key_id=key_id_of(KEYS["olga"]), ciphertext=b"sealed"),
                    *self.words[1:],
                ),
                at=self.now,
                verifies=verifies,
            )
            made.append(received)
            return list(in_case)

        refused = self.attempt(decision)
        assert (refused is None) is bool(made)
        self.register += made

    @rule(which=ids, reporter=sides)
    def suffer(self, which: UUID, reporter: bool) -> None:
        self.attempt(
            lambda state: protection.report_disadvantage(
                state,
                HOUSE,
                disadvantage_id=which,
                kind="negative_appraisal",
                since="under_one_month",
                by_reporter=reporter and self.coded,
                words=self.words,
                at=self.now,
                verifies=verifies,
            )
        )

    @rule(adviser=advisers)
    def avoid(self, adviser: str) -> None:
        self.attempt(
            lambda state: ways_in.avoid_adviser(state, HOUSE, adviser_id=adviser, at=self.now)
        )

    @rule(adviser=advisers)
    def agree_to_hand_over(self, adviser: str) -> None:
        refused = self.attempt(
            lambda state: consent_to_hand_over(state, HOUSE, adviser_id=adviser, at=self.now)
        )
        assert refused is not None or isinstance(self.events[-1], HandOverConsented)

    @rule(adviser=advisers, how=hows)
    def hand_over(self, adviser: str, how: Any) -> None:
        if self.erased:
            return
        past = list(self.events)
        self.attempt(
            lambda state: hand_over(
                state,
                HOUSE,
                past,
                by=state.adviser_id,
                to_adviser=adviser,
                entries=(),
                consent=how,
                at=self.now,
                verifies=verifies,
            )
        )

    @rule()
    def conclude(self) -> None:
        self.attempt(
            lambda state: record_outcome(
                state, outcome="heard_and_done", route="nothing_further", at=self.now
            )
        )

    @rule()
    def close(self) -> None:
        self.attempt(lambda state: close_case(state, at=self.now))

    @rule(reporter=sides, how=hows)
    def judge(self, reporter: bool, how: Any) -> None:
        self.attempt(
            lambda state: aftercare.say_satisfaction(
                state,
                heard="heard",
                solved="solved",
                by_reporter=reporter and self.coded,
                how=how,
                at=self.now,
            )
        )

    @rule(which=ids, days=st.integers(-2, 30))
    def plan(self, which: UUID, days: int) -> None:
        day = self.now.date() + timedelta(days=days)
        self.attempt(
            lambda state: aftercare.plan_aftercare(state, aftercare_id=which, on=day, at=self.now)
        )

    @rule(which=ids)
    def look_after(self, which: UUID) -> None:
        self.attempt(
            lambda state: aftercare.give_aftercare(
                state, aftercare_id=which, result="calm_and_trust", at=self.now
            )
        )

    @rule(reporter=sides)
    def reopen(self, reporter: bool) -> None:
        self.attempt(
            lambda state: aftercare.reopen(
                state, reason="conduct_again", by_reporter=reporter, at=self.now
            )
        )

    @precondition(lambda self: len(self.events) > 15 and not self.erased)
    @rule()
    def erase(self) -> None:
        event = KeyDestroyed(ground="reporter", approved_by=("adviser",), at=self.now)
        self.events.append(event)
        self.state = _of_a_case(self.state, event)
        self.erased = True

    # What always holds --------------------------------------------------------------------------

    @invariant()
    def it_is_what_its_events_say(self) -> None:
        """A replay comes to the same state; its version counts its events."""
        assert self.state == reduce(_of_a_case, self.events, Case())
        assert self.erased or self.state.version == len(self.events)

    @invariant()
    def nothing_is_left_of_what_is_erased(self) -> None:
        assert not self.erased or self.state == Case()

    @invariant()
    def a_closed_case_has_an_outcome(self) -> None:
        assert not self.state.closed or self.state.outcome is not None

    @invariant()
    def nobody_who_is_avoided_has_it(self) -> None:
        if self.state.opened is not None:
            assert self.state.adviser_id not in self.state.avoided

    @invariant()
    def the_primary_category_stands_once(self) -> None:
        if self.state.opened is not None:
            assert self.state.facts.category not in self.state.record.categories

    @invariant()
    def there_was_one_opening(self) -> None:
        assert sum(isinstance(one, CaseOpened) for one in self.events) <= 1

    @invariant()
    def it_becomes_a_report_once_and_for_good(self) -> None:
        """Whatever follows: nothing undoes it, closing, reopening and withdrawing included."""
        made = [one for one in self.events if isinstance(one, ConvertedToWhistleblowerReport)]
        assert len(made) <= 1
        assert [one.report_id for one in made] == [one.report_id for one in self.register]
        assert self.erased or self.state.converted == (made[0] if made else None)

    @invariant()
    def the_presumption_holds_after_a_report_and_never_without(self) -> None:
        held = "presumption_holds" == protection.holds(self.state)
        assert held is (self.state.converted is not None)

    @invariant()
    def no_officer_is_told_but_by_a_report(self) -> None:
        told = [
            one.consent_id
            for one in self.state.consents
            if one.recipient == "to_report_officer" and one.told
        ]
        converted = self.state.converted
        assert told == ([] if converted is None else [converted.consent_id])

    @invariant()
    def a_conversation_has_one_set_of_minutes(self) -> None:
        talks = [one.conversation for one in self.state.minutes]
        assert len(set(talks)) == len(talks)
        assert set(talks) <= set(self.state.talks)

    @invariant()
    def a_step_is_on_the_table_once(self) -> None:
        waiting = [
            one.step for one in self.state.steps if not one.taken and one.decision != "declined"
        ]
        assert len(set(waiting)) == len(waiting)


CaseMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=50, deadline=None)
TestCase = CaseMachine.TestCase
