"""What is the reporter's to decide, and how it is known that they did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from shared.contracts.errors import Code, Refusal, invalid

if TYPE_CHECKING:
    from services.intake.domain.case import Case

How = Literal["code", "spoken", "written"]
"""By the reporter's own code; or as the adviser recorded what a reporter without one said or wrote."""


def decided_by(state: Case, *, by_reporter: bool, how: Literal["spoken", "written"] | None) -> How:
    """How the reporter said it. Who holds a code decides by it, and nobody in their place.

    Raises Refusal REPORTER_DECIDES, or INVALID_INPUT where an adviser does not say how they know.
    """
    if by_reporter:
        return "code"
    if state.opened is None:
        raise Refusal(Code.NOT_FOUND)
    if state.opened.reply_key is not None:
        raise Refusal(Code.REPORTER_DECIDES)
    if how is None:
        raise invalid("how", "it is missing")
    return how
