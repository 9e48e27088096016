"""Who may ask reporting what: default deny, and a hidden report is an absent one."""

from __future__ import annotations

from uuid import UUID

import pytest

from services.reporting.policy import ALLOWED, may, reads_as, visible, writes
from shared.contracts.report import AUDIENCES, Audience
from shared.contracts.rpc import VERBS
from shared.identity.principal import Principal
from shared.identity.roles import Role

HERE, ELSEWHERE = UUID(int=1), UUID(int=2)


def _as(role: Role, organisation: UUID | None = HERE) -> Principal:
    return Principal(subject="someone", role=role, organisation=organisation)


def test_the_policy_knows_every_verb_of_reporting_and_no_other() -> None:
    """A verb without a line in the policy is a verb that nobody thought about."""
    asked = {verb.name for verb in VERBS.values() if verb.service == "reporting"}
    assert asked - {"published"} == set(ALLOWED)  # published: for anybody, without a token


@pytest.mark.parametrize("role", list(Role))
def test_only_advisers_write_and_only_auditors_read_the_ledger(role: Role) -> None:
    """Each role gets exactly the verbs that its work asks for."""
    shared = {"reports", "report", "render_report"}
    reading = shared | {"strategy_chain", "policy_gaps", "series_breaks"}
    reading |= {"formal_numbers", "compliance_text"}
    entering = {"enter_formal_numbers", "formal_numbers"}
    writing = {"save_interpretation", "approve_report", "publish_report", "correct_report"}
    writing |= {"begin_report", "report_calendar"}
    leading = reading | {"acknowledge_report"}
    breaks = {"record_series_break", "withdraw_series_break"}
    hr = {"import_hr_figures", "keep_cost_assumptions"}
    figures = {"hr_figures"}
    declaring = {"declare_leadership_layer", "withdraw_leadership_layer", "leadership_layers"}
    layer = {"give_leaders_view", "acknowledge_mirror", "mirror", "leadership_layers"}
    mirrors = {"open_mirror", "compose_mirror", "share_mirror", "mirror", "leadership_layers"}
    told = {"shared_mirrors"}
    culture, says = {"barometer", "maturity"}, {"assess_maturity"}
    heard = {"you_said_we_did"}
    followed = heard | {"follow_up", "due_follow_ups", "interventions", "activities"}
    recommending = {"recommend", "withdraw_recommendation", "tell_staff", "keep_activities"}
    acting = {
        "decide_response_term",
        "answer_recommendation",
        "plan_measure",
        "advance_measure",
        "review_effect",
        "pass_on_telling",
    }
    training = {"plan_intervention", "hold_intervention", "cancel_intervention"}
    advising = followed | recommending | training | {"review_effect"}
    expected = {
        Role.ADVISER: reading
        | writing
        | breaks
        | figures
        | culture
        | says
        | mirrors
        | told
        | advising,
        Role.HR: leading | hr | figures | culture | declaring | told | followed | acting | training,
        Role.BOARD: leading | culture | says | declaring | layer | told | followed | acting,
        Role.WORKS_COUNCIL: leading
        | culture
        | says
        | told
        | followed
        | {"leadership_layers", "pass_on_telling"},
        Role.EMPLOYEE: shared | {"barometer"} | heard,
        Role.MANAGER: shared | layer | heard,
        Role.COORDINATOR: shared
        | declaring
        | heard
        | entering
        | {"choose_report_calendar", "report_calendar"},
        Role.REPORT_OFFICER: entering,
        Role.AUDITOR: {"ledger", "ledger_bundle", "ledger_memories"},
    }.get(role, set())
    assert expected == {verb for verb in [*ALLOWED, "unheard_of"] if may(_as(role), verb)}


@pytest.mark.parametrize("role", list(Role))
def test_a_reader_gets_their_own_version_or_that_of_all_staff(role: Role) -> None:
    """A report that was published to others only, or to nobody yet, is not there for them."""
    own = {Role.HR: "hr", Role.BOARD: "board", Role.WORKS_COUNCIL: "works_council"}.get(role)
    staff = own is not None or role in {Role.EMPLOYEE, Role.MANAGER, Role.COORDINATOR}
    everybody = "all_staff" if staff else None
    for audiences, expected in (
        ((), None),
        (("all_staff",), everybody),
        (AUDIENCES, own or everybody),
        (("hr", "board", "works_council"), own),
        (tuple(one for one in AUDIENCES if one != own), everybody),
    ):
        assert expected == reads_as(role, audiences)
        seen = visible(_as(role), organisation=HERE, audiences=audiences)
        assert (expected is not None or role is Role.ADVISER) == seen


@pytest.mark.parametrize("audiences", [(), AUDIENCES])
@pytest.mark.parametrize("organisation", [ELSEWHERE, None])
def test_another_organisations_report_is_never_visible(
    audiences: tuple[Audience, ...], organisation: UUID | None
) -> None:
    """Not even a published one, and not to somebody without an organisation."""
    for role in Role:
        assert not visible(_as(role, organisation), organisation=HERE, audiences=audiences)


def test_what_is_not_out_is_for_advisers() -> None:
    """Nobody else gets even the sealed bytes of a draft."""
    assert [Role.ADVISER] == [role for role in Role if writes(_as(role))]
