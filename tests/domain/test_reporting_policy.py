"""Who may ask reporting what: default deny, and a hidden report is an absent one."""

from __future__ import annotations

from uuid import UUID

import pytest

from services.reporting.domain.report import Status
from services.reporting.policy import ALLOWED, may, sees_drafts, visible
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
    reading = {"reports", "report", "render_report", "strategy_chain", "policy_gaps"}
    writing = {"save_interpretation", "approve_report", "publish_report"}
    hr = {"import_hr_figures", "keep_cost_assumptions"}
    figures = {"hr_figures"}
    culture, says = {"barometer", "maturity"}, {"assess_maturity"}
    expected = {
        Role.ADVISER: reading | writing | figures | culture | says,
        Role.HR: reading | hr | figures | culture,
        Role.BOARD: reading | culture | says,
        Role.WORKS_COUNCIL: reading | culture | says,
        Role.EMPLOYEE: {"barometer"},
        Role.AUDITOR: {"ledger", "ledger_bundle", "ledger_memories"},
    }.get(role, set())
    assert expected == {verb for verb in [*ALLOWED, "unheard_of"] if may(_as(role), verb)}


@pytest.mark.parametrize("role", list(Role))
def test_leaders_see_published_reports_alone_and_other_roles_none(role: Role) -> None:
    """Drafts and approved reports are the advisers' own."""
    published = {Status.PUBLISHED}
    expected = {
        Role.ADVISER: set(Status),
        Role.HR: published,
        Role.BOARD: published,
        Role.WORKS_COUNCIL: published,
    }.get(role, set())
    seen = {status for status in Status if visible(_as(role), organisation=HERE, status=status)}
    assert expected == seen


@pytest.mark.parametrize("status", list(Status))
@pytest.mark.parametrize("organisation", [ELSEWHERE, None])
def test_another_organisations_report_is_never_visible(
    status: Status, organisation: UUID | None
) -> None:
    """Not even a published one, and not to somebody without an organisation."""
    for role in Role:
        assert not visible(_as(role, organisation), organisation=HERE, status=status)


def test_sealed_drafts_are_for_advisers() -> None:
    """Nobody else gets even the sealed bytes of a draft."""
    assert [Role.ADVISER] == [role for role in Role if sees_drafts(_as(role))]
