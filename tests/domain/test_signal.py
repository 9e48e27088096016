"""A signal, from draft to released or withdrawn: two advisers, released evidence, never edited."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID, uuid1, uuid4

import pytest

from services.signals.domain import signal as signal_module
from services.signals.domain.ground import Ground, Place
from services.signals.domain.signal import (
    COPY_BYTES,
    TEXT_CHARACTERS,
    Evidence,
    Known,
    SealedText,
    Signal,
    SignalApproved,
    SignalContent,
    SignalDrafted,
    SignalReleased,
    SignalReturned,
    SignalRevised,
    SignalTick,
    SignalWithdrawn,
    Status,
    ToldSignal,
    commitment_of,
    content_of,
    draft,
    due,
    evolve,
    release,
    review,
    revise,
    tick,
    withdraw,
)
from services.signals.policy import sees_place
from shared.contracts.errors import REASONS, Code
from shared.identity.principal import Principal
from shared.identity.roles import Role
from tests.gwt import Given, given

SIGNAL = UUID("6f1d2c3b-0000-4000-8000-000000000007")
ORGANISATION = UUID("6f1d2c3b-0000-4000-8000-000000000001")
TOKEN = "5d41402abc4b2a76"
SEATS = {"anna", "bram", "carla"}
ON = date(2026, 8, 3)
TICK = date(2026, 10, 15)
TEXT = "Wij horen vaker dat taken en rollen onduidelijk zijn."
SALT = bytes(range(32))
COPY = SealedText(key_id=uuid4(), ciphertext=b"sealed to one adviser")
CHECKLIST = (
    "no_names",
    "no_dates",
    "no_functions",
    "no_quotes",
    "no_small_unit",
    "no_small_count",
)
FIGURE = Evidence(kind="figure", table="theme", period="2026-Q3", cell="organisation")
WARNING = replace(FIGURE, kind="warning")
GROUND = Ground(
    taxonomy_version=1,
    periods=frozenset({"2026-H2", "2026-Q3", "2026-Q4"}),
    themes=frozenset({"organisation", "workload"}),
    places={
        "all": Place(code="all", name=""),
        "care": Place(code="care", name="Zorg", scope=("care", "south")),
    },
)
KNOWN = Known(
    figures=frozenset({("theme", "2026-Q3", "organisation")}),
    warnings=frozenset({("theme", "2026-Q3", "organisation")}),
    directions=frozenset({"rising"}),
)


def content(ground: Ground | None = GROUND, known: Known = KNOWN, **changes: Any) -> SignalContent:
    """What an adviser says, checked."""
    said: dict[str, Any] = {
        "theme": "organisation",
        "place": "care",
        "period": "2026-Q3",
        "direction": "rising",
        "evidence": (FIGURE,),
        "causes": ("unclear_responsibility",),
        "aims": ("wellbeing", "trust"),
    }
    return content_of(ground, known, **(said | changes))


CONTENT = SignalContent(
    codes_version=1,
    taxonomy_version=1,
    theme="organisation",
    place="care",
    place_name="Zorg",
    scope=("care", "south"),
    period="2026-Q3",
    direction="rising",
    judged=False,
    evidence=(FIGURE,),
    causes=("unclear_responsibility",),
    aims=("wellbeing", "trust"),
)
BOUND = commitment_of(SIGNAL, SALT, TEXT)
DRAFTED = SignalDrafted(
    signal_id=SIGNAL,
    organisation_id=ORGANISATION,
    token=TOKEN,
    author_id="anna",
    reviewer_id="bram",
    content=CONTENT,
    commitment=BOUND,
    sealed=(COPY,),
    on=ON,
)
CODED = replace(DRAFTED, commitment=None, sealed=())
BY_RULES = replace(CODED, author_id=None, reviewer_id=None)
ALONE = replace(CODED, reviewer_id=None)
REVISED = SignalRevised(
    author_id="anna",
    reviewer_id="carla",
    content=replace(CONTENT, causes=("workload",)),
    commitment=BOUND,
    sealed=(COPY,),
    on=ON,
)
RETURNED = SignalReturned(reviewer_id="bram", revision=1, remarks=(COPY,), on=ON)
APPROVED = SignalApproved(
    reviewer_id="bram", revision=1, codes_version=1, checklist=CHECKLIST, text=TEXT, on=ON
)
RELEASED = SignalReleased(
    signal_id=SIGNAL, organisation_id=ORGANISATION, day=TICK, content=CONTENT, text=TEXT
)
WITHDRAWN = SignalWithdrawn(by="carla", codes_version=1, reason="points_at_somebody", on=ON)


def after(*events: Any) -> Given[Signal]:
    return given(Signal(), evolve, events)


def drafting(**changes: Any) -> Callable[[Signal], object]:
    said: dict[str, Any] = {
        "signal_id": SIGNAL,
        "organisation_id": ORGANISATION,
        "token": TOKEN,
        "seats": SEATS,
        "author_id": "anna",
        "reviewer_id": "bram",
        "content": CONTENT,
        "commitment": BOUND,
        "sealed": (COPY,),
        "on": ON,
    }
    return lambda state: draft(state, **(said | changes))


def revising(**changes: Any) -> Callable[[Signal], object]:
    said: dict[str, Any] = {
        "seats": SEATS,
        "author_id": "anna",
        "reviewer_id": "carla",
        "content": REVISED.content,
        "commitment": BOUND,
        "sealed": (COPY,),
        "on": ON,
    }
    return lambda state: revise(state, **(said | changes))


def reviewing(**changes: Any) -> Callable[[Signal], object]:
    said: dict[str, Any] = {
        "seats": SEATS,
        "reviewer_id": "bram",
        "revision": 1,
        "checklist": CHECKLIST,
        "text": TEXT,
        "salt": SALT,
        "remarks": (),
        "on": ON,
    }
    return lambda state: review(state, **(said | changes))


def withdrawing(adviser: str = "anna", reason: str = "points_at_somebody") -> Any:
    return lambda state: withdraw(state, seats=SEATS, adviser_id=adviser, reason=reason, on=ON)


# What it says -----------------------------------------------------------------------------------


def test_a_signal_says_what_the_grid_has_room_for() -> None:
    """Theme, place and period are the grid's; the scope of the place is kept with it."""
    assert CONTENT == content()


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        pytest.param({"theme": "bullying"}, Code.UNKNOWN_CODE, "theme", id="a category"),
        pytest.param({"place": "team-7"}, Code.INVALID_INPUT, "place", id="no unit of the grid"),
        pytest.param({"place": "not_said"}, Code.INVALID_INPUT, "place", id="no place at all"),
        pytest.param({"period": "2026-Q1"}, Code.INVALID_INPUT, "period", id="another half-year"),
        pytest.param({"period": "2026"}, Code.INVALID_INPUT, "period", id="a year"),
        pytest.param({"direction": "worse"}, Code.UNKNOWN_CODE, "direction", id="no direction"),
        pytest.param({"causes": ("anna",)}, Code.UNKNOWN_CODE, "causes", id="no cause"),
        pytest.param({"causes": ("workload",) * 2}, Code.INVALID_INPUT, "causes", id="twice"),
        pytest.param({"aims": ()}, Code.INVALID_INPUT, "aims", id="nothing said of aims"),
        pytest.param({"aims": ("none", "trust")}, Code.INVALID_INPUT, "aims", id="none and one"),
        pytest.param({"evidence": (FIGURE,) * 13}, Code.TOO_LARGE, None, id="much evidence"),
        pytest.param(
            {"evidence": (replace(FIGURE, period="2026-Q4"),)},
            Code.INVALID_INPUT,
            "evidence",
            id="not released yet",
        ),
        pytest.param(
            {"known": replace(KNOWN, warnings=frozenset()), "evidence": (WARNING,)},
            Code.INVALID_INPUT,
            "evidence",
            id="a warning that there was not",
        ),
        pytest.param({"ground": None}, Code.INVALID_INPUT, "period", id="no grid"),
    ],
)
def test_a_signal_cannot_be_about_anything_else(
    changes: dict[str, Any], code: Code, field: str | None
) -> None:
    """What is no cell of a frozen grid, no code, or no released evidence is refused by its field."""
    refused = given(Signal(), evolve).when(lambda _: content(**changes)).then_refused(code)
    assert field == refused.values.get("field")


def test_a_signal_may_touch_no_aim_and_says_so() -> None:
    """None is an answer of its own."""
    assert ("none",) == content(aims=("none",)).aims


@pytest.mark.parametrize(
    ("changes", "judged"),
    [
        pytest.param({}, False, id="as the figures"),
        pytest.param({"evidence": (WARNING,)}, False, id="as a warning"),
        pytest.param({"direction": "positive"}, True, id="another than the figures"),
        pytest.param({"evidence": ()}, True, id="without evidence"),
        pytest.param({"known": replace(KNOWN, directions=frozenset())}, True, id="figures silent"),
    ],
)
def test_a_direction_is_that_of_the_figures_or_marked(
    changes: dict[str, Any], judged: bool
) -> None:
    """Nobody says it of themself: it follows from the released figures."""
    assert judged is content(**changes).judged


def test_the_binding_of_a_text_is_a_hash_of_all_that_it_binds() -> None:
    """By hand: label, signal, salt and text, each with its length before it."""
    by_hand = b"\x00\x00\x00\x13hoeksteen/signal/v1" + b"\x00\x00\x00\x10" + SIGNAL.bytes
    by_hand += b"\x00\x00\x00\x20" + SALT + b"\x00\x00\x00\x02" + "é".encode()
    assert hashlib.sha256(by_hand).digest() == commitment_of(SIGNAL, SALT, "é")


# Drafted ----------------------------------------------------------------------------------------


def test_an_adviser_drafts_for_a_second_one() -> None:
    """The text is sealed and bound; the server can read neither."""
    after().when(drafting()).then(DRAFTED)


def test_a_signal_may_have_codes_alone() -> None:
    """Without a text; it is reviewed all the same."""
    after().when(drafting(commitment=None, sealed=())).then(CODED)


def test_rules_draft_without_an_author() -> None:
    """Nobody has seen it yet, and so nobody's words are in it."""
    after().when(drafting(author_id=None, reviewer_id=None, commitment=None, sealed=())).then(
        BY_RULES
    )


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        pytest.param({"reviewer_id": "anna"}, Code.INVALID_INPUT, "reviewerId", id="themself"),
        pytest.param({"reviewer_id": "dirk"}, Code.INVALID_INPUT, "reviewerId", id="a stranger"),
        pytest.param({"reviewer_id": None}, Code.SECOND_ADVISER_NEEDED, None, id="nobody"),
        pytest.param({"sealed": ()}, Code.INVALID_INPUT, "commitment", id="bound, not sealed"),
        pytest.param({"commitment": None}, Code.INVALID_INPUT, "commitment", id="not bound"),
        pytest.param({"commitment": b"x"}, Code.INVALID_INPUT, "commitment", id="no hash"),
        pytest.param({"sealed": (COPY, COPY)}, Code.INVALID_INPUT, "sealed", id="twice one key"),
        pytest.param(
            {"sealed": (replace(COPY, ciphertext=b""),)}, Code.INVALID_INPUT, "sealed", id="empty"
        ),
        pytest.param(
            {"sealed": (replace(COPY, ciphertext=bytes(COPY_BYTES + 1)),)},
            Code.TOO_LARGE,
            None,
            id="large",
        ),
        pytest.param({"signal_id": uuid1()}, Code.INVALID_INPUT, "signalId", id="no random id"),
    ],
)
def test_a_draft_without_a_second_adviser_or_a_whole_text_is_refused(
    changes: dict[str, Any], code: Code, field: str | None
) -> None:
    """Each by its field."""
    assert field == after().when(drafting(**changes)).then_refused(code).values.get("field")


def test_a_signal_is_drafted_once() -> None:
    """The same id again is another signal's."""
    after(DRAFTED).when(drafting()).then_refused(Code.ALREADY_EXISTS)


def test_one_adviser_alone_says_what_the_figures_say() -> None:
    """Without a second pair of eyes: codes alone, and no direction but that of released figures."""
    one: dict[str, Any] = {"seats": {"anna"}, "reviewer_id": None, "commitment": None, "sealed": ()}
    after().when(drafting(**one)).then(ALONE)
    for more in (
        {"content": replace(CONTENT, judged=True)},
        {"commitment": BOUND, "sealed": (COPY,)},
        {"seats": {"anna", "bram"}},
    ):
        after().when(drafting(**(one | more))).then_refused(Code.SECOND_ADVISER_NEEDED)


# Changed before it is approved ------------------------------------------------------------------


def test_an_author_revises_what_is_not_approved() -> None:
    """Also what was returned; each draft is a revision of its own."""
    after(DRAFTED).when(revising()).then(REVISED)
    after(DRAFTED, RETURNED).when(revising()).then(REVISED)
    assert 2 == after(DRAFTED, RETURNED, REVISED).state.revision
    assert () == after(DRAFTED, RETURNED, REVISED).state.remarks


def test_an_adviser_takes_up_what_rules_began() -> None:
    """From then on they are its author, and no other adviser is."""
    after(BY_RULES).when(revising()).then(REVISED)
    after(BY_RULES, REVISED).when(revising(author_id="bram", reviewer_id="carla")).then_refused(
        Code.NOT_FOUND
    )


@pytest.mark.parametrize(
    ("events", "changes", "code"),
    [
        pytest.param((), {}, Code.NOT_FOUND, id="none"),
        pytest.param((DRAFTED,), {"author_id": "bram"}, Code.NOT_FOUND, id="another's"),
        pytest.param((DRAFTED, APPROVED), {}, Code.ALREADY_DECIDED, id="approved"),
        pytest.param((DRAFTED, APPROVED, RELEASED), {}, Code.ALREADY_DECIDED, id="released"),
        pytest.param((DRAFTED, WITHDRAWN), {}, Code.ALREADY_DECIDED, id="withdrawn"),
        pytest.param((DRAFTED,), {"reviewer_id": "anna"}, Code.INVALID_INPUT, id="themself"),
    ],
)
def test_what_is_another_s_or_decided_is_not_revised(
    events: tuple[Any, ...], changes: dict[str, Any], code: Code
) -> None:
    """Another's draft looks like none."""
    after(*events).when(revising(**changes)).then_refused(code)


# Reviewed ---------------------------------------------------------------------------------------


def test_the_second_adviser_approves_the_very_text_that_was_sealed() -> None:
    """Along the whole checklist, in any order; now the text is readable."""
    after(DRAFTED).when(reviewing()).then(APPROVED)
    after(DRAFTED).when(reviewing(checklist=CHECKLIST[::-1])).then(APPROVED)


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        pytest.param({"text": TEXT + " Nu."}, Code.INVALID_INPUT, "text", id="other words"),
        pytest.param({"text": TEXT + " "}, Code.INVALID_INPUT, "text", id="a space"),
        pytest.param({"salt": bytes(32)}, Code.INVALID_INPUT, "text", id="another salt"),
        pytest.param({"salt": b"x"}, Code.INVALID_INPUT, "salt", id="no salt"),
        pytest.param({"text": None}, Code.INVALID_INPUT, "text", id="without its text"),
        pytest.param({"checklist": CHECKLIST[1:]}, Code.INVALID_INPUT, "checklist", id="not all"),
        pytest.param({"checklist": ()}, Code.INVALID_INPUT, "checklist", id="nothing checked"),
        pytest.param({"remarks": (COPY,)}, Code.INVALID_INPUT, "remarks", id="both"),
        pytest.param({"revision": 2}, Code.CONFLICT, None, id="another revision"),
        pytest.param({"reviewer_id": "anna"}, Code.NOT_FOUND, None, id="its author"),
        pytest.param({"reviewer_id": "carla"}, Code.NOT_FOUND, None, id="another adviser"),
    ],
)
def test_an_approval_of_anything_else_is_refused(
    changes: dict[str, Any], code: Code, field: str | None
) -> None:
    """Neither the author alone nor the second adviser alone can bring words out."""
    refused = after(DRAFTED).when(reviewing(**changes)).then_refused(code)
    assert field == refused.values.get("field")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param("x" * (TEXT_CHARACTERS + 1), Code.TOO_LARGE, id="long"),
        pytest.param("\u202egnal", Code.INVALID_INPUT, id="hidden direction"),
        pytest.param(" \n ", Code.INVALID_INPUT, id="empty"),
    ],
)
def test_a_text_that_cannot_be_read_is_not_approved(text: str, code: Code) -> None:
    """Also where it is the one that was sealed."""
    drafted = replace(DRAFTED, commitment=commitment_of(SIGNAL, SALT, text))
    after(drafted).when(reviewing(text=text)).then_refused(code)


def test_a_signal_of_codes_alone_gets_no_text_at_its_review() -> None:
    """What its author did not write cannot come in there."""
    after(CODED).when(reviewing()).then_refused(Code.INVALID_INPUT)
    after(CODED).when(reviewing(text=None, salt=None)).then(replace(APPROVED, text=None))


def test_the_second_adviser_returns_it_with_remarks() -> None:
    """Sealed; and the author revises it."""
    after(DRAFTED).when(reviewing(checklist=(), text=None, salt=None, remarks=(COPY,))).then(
        RETURNED
    )
    assert (Status.RETURNED, (COPY,)) == (
        after(DRAFTED, RETURNED).state.status,
        after(DRAFTED, RETURNED).state.remarks,
    )


@pytest.mark.parametrize(
    "events",
    [
        pytest.param((DRAFTED, RETURNED), id="returned"),
        pytest.param((DRAFTED, APPROVED), id="approved"),
        pytest.param((DRAFTED, APPROVED, RELEASED), id="released"),
        pytest.param((DRAFTED, WITHDRAWN), id="withdrawn"),
    ],
)
def test_what_does_not_wait_is_not_reviewed(events: tuple[Any, ...]) -> None:
    """One review for each revision."""
    after(*events).when(reviewing()).then_refused(Code.ALREADY_DECIDED)


def test_a_draft_of_rules_is_nobody_s_to_approve() -> None:
    """An adviser takes it up first."""
    after(BY_RULES).when(reviewing(text=None, salt=None)).then_refused(Code.NOT_FOUND)


def test_one_adviser_alone_approves_their_codes_until_there_is_a_second() -> None:
    """The checklist is theirs to answer; once a second adviser is seated, theirs is the review."""
    codes: dict[str, Any] = {"reviewer_id": "anna", "text": None, "salt": None}
    after(ALONE).when(reviewing(seats={"anna"}, **codes)).then(
        replace(APPROVED, reviewer_id="anna", text=None)
    )
    after(ALONE).when(reviewing(seats={"anna", "bram"}, **codes)).then_refused(
        Code.SECOND_ADVISER_NEEDED
    )


# Released ---------------------------------------------------------------------------------------


def test_an_approved_signal_is_released_as_it_was_approved() -> None:
    """At the tick; the event holds all that readers get."""
    after(DRAFTED, APPROVED).when(lambda state: release(state, day=TICK)).then(RELEASED)


def test_a_signal_never_leaves_before_the_figures_of_its_period() -> None:
    """The third quarter's at the tick of October, the half-year's in January."""
    assert date(2026, 10, 15) == due(CONTENT)
    assert date(2027, 1, 15) == due(replace(CONTENT, period="2026-H2"))
    after(DRAFTED, APPROVED).when(lambda state: release(state, day=date(2026, 7, 15))).then()


@pytest.mark.parametrize(
    "events",
    [
        pytest.param((DRAFTED,), id="not reviewed"),
        pytest.param((DRAFTED, RETURNED), id="returned"),
        pytest.param((DRAFTED, APPROVED, RELEASED), id="released already"),
        pytest.param((DRAFTED, APPROVED, WITHDRAWN), id="withdrawn"),
    ],
)
def test_nothing_else_is_released(events: tuple[Any, ...]) -> None:
    """One release, of what two advisers want."""
    after(*events).when(lambda state: release(state, day=TICK)).then()


def test_a_tick_tells_codes_and_no_text() -> None:
    """Free text is never forwarded; nor is evidence, which is read where it was released."""
    gone = uuid4()
    told = tick(
        [RELEASED],
        [gone],
        message_id=SIGNAL,
        organisation_id=ORGANISATION,
        token=TOKEN,
        day=TICK,
        pulse="2026-H1",
    )
    assert told == SignalTick(
        message_id=SIGNAL,
        organisation_id=ORGANISATION,
        token=TOKEN,
        day=TICK,
        released=(
            ToldSignal(
                signal_id=SIGNAL,
                theme="organisation",
                place="care",
                period="2026-Q3",
                direction="rising",
                judged=False,
                causes=("unclear_responsibility",),
                aims=("wellbeing", "trust"),
            ),
        ),
        withdrawn=(gone,),
        pulse="2026-H1",
    )


# Withdrawn --------------------------------------------------------------------------------------


def test_any_adviser_withdraws_what_was_released() -> None:
    """A text that points at somebody does not wait for its author."""
    after(DRAFTED, APPROVED, RELEASED).when(withdrawing("carla")).then(WITHDRAWN)


@pytest.mark.parametrize("adviser", ["anna", "bram"])
def test_before_its_release_it_is_theirs_who_work_on_it(adviser: str) -> None:
    """Author and reviewer may drop it; for another adviser it is not there."""
    for events in ((DRAFTED,), (DRAFTED, RETURNED), (DRAFTED, APPROVED)):
        after(*events).when(withdrawing(adviser)).then(replace(WITHDRAWN, by=adviser))
        after(*events).when(withdrawing("carla")).then_refused(Code.NOT_FOUND)


def test_what_rules_began_is_anybody_s_to_drop() -> None:
    """Any adviser's, but nobody's who has no seat."""
    after(BY_RULES).when(withdrawing("carla")).then(WITHDRAWN)
    after(BY_RULES).when(withdrawing("dirk")).then_refused(Code.NOT_FOUND)


def test_a_signal_is_withdrawn_once_for_a_reason_of_the_list() -> None:
    """A withdrawn one stays withdrawn."""
    after(DRAFTED, WITHDRAWN).when(withdrawing()).then_refused(Code.ALREADY_DECIDED)
    after(DRAFTED).when(withdrawing(reason="anna")).then_refused(Code.UNKNOWN_CODE)
    after().when(withdrawing()).then_refused(Code.NOT_FOUND)


# Whose branch -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "scope", "unit", "seen"),
    [
        pytest.param("all", (), None, True, id="everybody has the organisation"),
        pytest.param("care", ("care", "south"), "south", True, id="above it"),
        pytest.param("care", ("care", "south"), "care", True, id="the unit itself"),
        pytest.param("care", ("care", "south"), "north", False, id="another branch"),
        pytest.param("care", ("care", "south"), None, False, id="no branch in the token"),
    ],
)
def test_a_manager_sees_the_organisation_and_their_own_branch(
    place: str, scope: tuple[str, ...], unit: str | None, seen: bool
) -> None:
    """A place lies in a branch where all of it does."""
    manager = Principal("m-1", Role.MANAGER, ORGANISATION, unit)
    assert seen is sees_place(manager, place, scope)
    assert sees_place(Principal("hr-1", Role.HR, ORGANISATION), place, scope)


def test_every_reason_of_a_refusal_is_said_in_both_languages() -> None:
    """What this aggregate says of a field has its Dutch words."""
    source = Path(signal_module.__file__).read_text()
    reasons = set(re.findall(r'invalid\(\s*[\w"]+,\s*"([^"]+)"', source))
    assert 8 < len(reasons)
    assert set() == reasons - set(REASONS)


def test_a_signal_touches_what_the_organisation_stands_for_that_day() -> None:
    """Its own policies and what it kept of the common entries; what it has not, or no more, is unknown.
    Of all of it one signal touches twenty at the most, so that the message of a tick has one size.
    """
    own = replace(
        KNOWN, aims=frozenset({"house_rules", "trust", *(f"goal_{n}" for n in range(21))})
    )
    assert ("house_rules", "trust") == content(known=own, aims=("house_rules", "trust")).aims
    assert ("none",) == content(known=own, aims=("none",)).aims
    refused = given(own, lambda state, _event: state)
    refused.when(lambda known: content(known=known, aims=("wellbeing",))).then_refused(
        Code.UNKNOWN_CODE, field="aims"
    )
    refused.when(lambda known: content(known=known, aims=("trust", "trust"))).then_refused(
        Code.INVALID_INPUT, field="aims"
    )
    refused.when(
        lambda known: content(known=known, aims=[f"goal_{n}" for n in range(21)])
    ).then_refused(Code.TOO_LARGE, limit=20)
    assert 20 == len(content(known=own, aims=[f"goal_{n}" for n in range(20)]).aims)
