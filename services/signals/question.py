"""A question as the answering side sees it: who asks, and a way to what is released.

There is none to a fact: no store, no keys, and a connection whose role may read the tables
`released_*` and nothing else. What imports this cannot import what has more (the import contract
"The answering side of signals reads no fact").
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from services.signals.domain.lattice import Branch
from shared.contracts.errors import Code, Refusal
from shared.contracts.rpc import Policy, Profile

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from psycopg_pool import AsyncConnectionPool

    from shared.identity.principal import Principal


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A query that has passed sign-in and policy."""

    principal: Principal
    now: datetime
    pool: AsyncConnectionPool[Any]
    checkpoint_at: Callable[[int | None], Awaitable[int | None]]
    """How many entries the log had at its newest checkpoint of at most so many; None: the present.

    Raises Refusal, see shared/runtime/as_of.py.
    """
    record_access: Callable[[str], Awaitable[None]]
    """Record, durably, that the asker is about to be shown something. Before the answer leaves."""

    @property
    def organisation(self) -> UUID:
        """The asker's organisation. Raises Refusal NOT_ALLOWED for a role that has none."""
        if self.principal.organisation is None:
            raise Refusal(Code.NOT_ALLOWED)
        return self.principal.organisation


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationShown:
    """What the answering side knows of an organisation (`released_organisation`): its tree, and its
    decision on release.
    """

    token: str
    policy: Policy
    profile: Profile
    units: tuple[Branch, ...]
    on: date
    former: tuple[Branch, ...] = ()
    """Units of other times than the newest, without people."""
