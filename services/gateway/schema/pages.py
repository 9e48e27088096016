"""Pages of a list: what is asked, and where one ends."""

from __future__ import annotations

from typing import Self

import strawberry

from services.gateway.grants import ADVISER, COMPLAINTS_OFFICER, grant, table
from shared.contracts import rpc
from shared.contracts.errors import invalid

LARGEST_PAGE = 100

_Paged = rpc.Cases | rpc.Complaints | rpc.MyNotes | rpc.PeerConsultations


CURSOR = "Where a next page can begin; given for the last edge of a page."
ITEMS = "The nodes of the edges."
AS_EDGES = "Ask `edges { node }`. Removed after 2027-06-30."
"""Of the lists that were no Relay connections."""


def cursors(page: _Paged) -> list[str | None]:
    """The cursor of each row: only the last has one."""
    return [*[None] * (len(page.items) - 1), page.end_cursor] if page.items else []


@strawberry.type
class PageInfo:
    """Where a page ends (Relay cursor connections). Lists are read forwards."""

    has_next_page: bool
    end_cursor: str | None

    @classmethod
    def of(cls, page: _Paged) -> Self:
        """From intake's answer."""
        return cls(has_next_page=page.has_next, end_cursor=page.end_cursor)


def page_of(first: int, after: str | None, *, most: int = LARGEST_PAGE) -> rpc.Page:
    """Up to `first` rows, from behind the cursor `after` on. Raises Refusal INVALID_INPUT."""
    if not 1 <= first <= most:
        raise invalid("first", "it must lie between {low} and {high}", low=1, high=most)
    return rpc.Page(first=first, after=after)


ACCESS = table(grant("PageInfo", ADVISER | COMPLAINTS_OFFICER, "hasNextPage endCursor"))
