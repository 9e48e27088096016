"""The roles of Hoeksteen. A token carries exactly one; several roles are several sessions."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What a person is, for the length of one session."""

    REPORTER = "reporter"
    EMPLOYEE = "employee"
    ADVISER = "adviser"
    COORDINATOR = "coordinator"
    HR = "hr"
    BOARD = "board"
    WORKS_COUNCIL = "works_council"
    MANAGER = "manager"
    AUDITOR = "auditor"
    INTEGRATION = "integration"
    ADMIN = "admin"
    REPORT_OFFICER = "report_officer"
    """Designated by the employer for reports of wrongdoing: Directive (EU) 2019/1937, article 9(1)(c)."""
    COMPLAINTS_OFFICER = "complaints_officer"
    """Designated by the organisation to hear complaints about its advisers."""


WITHOUT_ORGANISATION: frozenset[Role] = frozenset({Role.ADMIN})
"""Roles whose token names no organisation; every other role's token must name one."""

APART_FROM_ADVISING: frozenset[Role] = frozenset(
    {Role.HR, Role.BOARD, Role.MANAGER, Role.REPORT_OFFICER, Role.COMPLAINTS_OFFICER}
)
"""What an adviser is never as well. Advising is incompatible with deciding about people (code of conduct
of the LVV; an HR officer as adviser is unwise, says the Arboportaal), with following up a report (an adviser
finds no truth), and with hearing complaints about advisers.
"""
