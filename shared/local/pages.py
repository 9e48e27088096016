"""Where the pages of `make run` are, and with which links somebody comes in.

A token stands behind the # of a link: browsers send that part to no server, so that it stands in no log,
and the page takes it out of the address at once. It is for local mode: in production an organisation's own
sign-in gives tokens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.local.home import CHECKOUT
from shared.local.subjects import subject_of

if TYPE_CHECKING:
    from uuid import UUID

    from rich.console import Console

    from shared.local.session import Installation

PAGES: Final = CHECKOUT / "clients/example/dist"
"""Where `make pages` builds the pages that are served at /, if there is npm."""


def are_built() -> bool:
    """Whether there is something to serve."""
    return (PAGES / "index.html").is_file()


def print_links(
    console: Console, installation: Installation, organisation: UUID | str, name: str = ""
) -> None:
    """The pages of one organisation for each of its people; nothing where they were not built."""
    if not are_built():
        return
    origin = installation.gateway_origin
    key = installation.home.secrets / f"demo-adviser-{organisation}"

    def signed_in(page: str, role: str) -> str:
        token = installation.token(subject_of(role), role, organisation)
        return f"{origin}/{page}.html#token={token}"

    lines = [
        ("tell something", f"{origin}/#organisation={organisation}"),
        ("adviser", signed_in("adviser", "adviser")),
        ("  her key file", f"{key}.key"),
        ("  passphrase in", f"{key}.passphrase"),
        ("HR", signed_in("figures", "hr")),
        ("board", signed_in("figures", "board")),
    ]
    of = f" of {name}" if name else ""
    console.print(f"\n[bold]Pages[/bold]{of}, while Hoeksteen runs", highlight=False)
    for who, where in lines:
        console.print(f"  {who:15} {where}", soft_wrap=True, highlight=False, markup=False)
