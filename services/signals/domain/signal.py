"""A signal: what advisers tell an organisation beside its figures, and how two of them come to it.

It is drafted by an adviser, or by rules from a released warning; its text is sealed to the adviser who
reviews it; that second adviser approves it along a checklist, and only then the text is readable here,
and only the very text that the author sealed; it is released at a tick, never edited, and withdrawn by
an event of its own. It refers to released figures and warnings, never to facts.

What a signal says beyond them is a disclosure by two people, not by the program: whether its direction
is that of the released figures, or the advisers' own judgement, stands in it
(docs/adr/0028-signals-take-two-advisers.md).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Literal, assert_never
from uuid import UUID

from shared.contracts.errors import Code, Refusal, invalid
from shared.contracts.words import readable
from shared.taxonomy import signal_codes
from shared.taxonomy.calendar import tick_of
from shared.taxonomy.period import Period

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from services.signals.domain.ground import Ground

Direction = Literal["new", "rising", "returning", "declining", "recurring", "steady", "positive"]

TEXT_CHARACTERS: Final = 2_000
"""Longest text, in characters after normalisation: less than a printed page."""

MOST_EVIDENCE: Final = 12
MOST_AIMS: Final = 20
MOST_COPIES: Final = 20
COPY_BYTES: Final = 65 * 1024
"""Longest sealed copy: the client fills texts up to at most 64 KiB before it seals them. All copies of
one draft still fit into one request (2 MiB)."""

HASH_BYTES: Final = 32
SALT_BYTES: Final = 32

MOST_PER_TICK: Final = 16
"""Signals that leave an organisation at one tick; others wait for the next. So the message has one size."""

_COMMITMENT: Final = b"hoeksteen/signal/v1"

# Events -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A released figure (a cell of a table), or a warning about its series. Never a number: whoever
    may see the figure sees it where it was released.
    """

    kind: Literal["figure", "warning"]
    table: str
    period: str
    cell: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalContent:
    """What a signal says in codes. `scope`: the units whose managers have the place in their branch.

    `judged`: the direction is the advisers' judgement, and not that of the released figures.
    """

    codes_version: int
    taxonomy_version: int
    theme: str
    place: str
    place_name: str
    scope: tuple[str, ...]
    period: str
    direction: Direction
    judged: bool
    evidence: tuple[Evidence, ...]
    causes: tuple[str, ...]
    aims: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedText:
    """A text sealed in a client to one adviser's key (HPKE, RFC 9180)."""

    key_id: UUID
    ciphertext: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalDrafted:
    """A draft was begun; `author_id` is None where rules began it. `commitment` (32 bytes) binds the
    sealed text; None: the signal has codes alone.
    """

    signal_id: UUID
    organisation_id: UUID
    token: str
    author_id: str | None
    reviewer_id: str | None
    content: SignalContent
    commitment: bytes | None
    sealed: tuple[SealedText, ...]
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalRevised:
    """Its author changed the draft, or an adviser took up one that rules had begun."""

    author_id: str
    reviewer_id: str | None
    content: SignalContent
    commitment: bytes | None
    sealed: tuple[SealedText, ...]
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalReturned:
    """The second adviser does not agree with this revision, and says why, sealed."""

    reviewer_id: str
    revision: int
    remarks: tuple[SealedText, ...]
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalApproved:
    """The second adviser approved this revision. From here on its text is readable to the server.

    `reviewer_id` is the author where the organisation has one adviser; then there is no text.
    """

    reviewer_id: str
    revision: int
    codes_version: int
    checklist: tuple[str, ...]
    text: str | None
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalReleased:
    """The signal as readers get it, from the tick of this day on. Never edited."""

    signal_id: UUID
    organisation_id: UUID
    day: date
    content: SignalContent
    text: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalWithdrawn:
    """An adviser took it back. Readers see that there was one, and the reason; nothing else."""

    by: str
    codes_version: int
    reason: str
    on: date


Event = (
    SignalDrafted
    | SignalRevised
    | SignalReturned
    | SignalApproved
    | SignalReleased
    | SignalWithdrawn
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldSignal:
    """A released signal in the message of a tick: codes, without text and evidence."""

    signal_id: UUID
    theme: str
    place: str
    period: str
    direction: Direction
    judged: bool
    causes: tuple[str, ...]
    aims: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalTick:
    """All signals that were due on `day` are released, also where there are none. From this one event
    comes the one message of the tick: `withdrawn` are those that were taken back since the last one,
    `pulse` is the half-year whose pulse was released with it.
    """

    message_id: UUID
    organisation_id: UUID
    token: str
    day: date
    released: tuple[ToldSignal, ...]
    withdrawn: tuple[UUID, ...]
    pulse: str | None
    adopted: str | None = None
    """The week in which it was published, where it is taken over from its message after a restore."""


# Fold -------------------------------------------------------------------------------------------


class Status(StrEnum):
    """How far a signal is."""

    DRAFTED = "drafted"
    RETURNED = "returned"
    APPROVED = "approved"
    RELEASED = "released"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """A signal as its events made it. `version` is the number of its events; 0: there is none.

    `revision` counts the drafts, from 1; a review is of one of them.
    """

    version: int = 0
    organisation_id: UUID | None = None
    signal_id: UUID | None = None
    author_id: str | None = None
    reviewer_id: str | None = None
    revision: int = 0
    content: SignalContent | None = None
    commitment: bytes | None = None
    sealed: tuple[SealedText, ...] = ()
    remarks: tuple[SealedText, ...] = ()
    text: str | None = None
    status: Status = Status.DRAFTED

    @property
    def known(self) -> SignalContent:
        """What it says. Raises Refusal NOT_FOUND when there is no such signal."""
        if self.content is None:
            raise Refusal(Code.NOT_FOUND)
        return self.content


def evolve(state: Signal, event: Event) -> Signal:
    """The state after one more event."""
    state = replace(state, version=state.version + 1)
    match event:
        case SignalDrafted():
            state = replace(state, organisation_id=event.organisation_id, signal_id=event.signal_id)
            return _drafted(state, event)
        case SignalRevised():
            return _drafted(state, event)
        case SignalReturned():
            return replace(state, remarks=event.remarks, status=Status.RETURNED)
        case SignalApproved():
            return replace(state, text=event.text, status=Status.APPROVED)
        case SignalReleased():
            return replace(state, status=Status.RELEASED)
        case SignalWithdrawn():
            return replace(state, status=Status.WITHDRAWN)
        case _:
            assert_never(event)


def _drafted(state: Signal, event: SignalDrafted | SignalRevised) -> Signal:
    return replace(
        state,
        author_id=event.author_id,
        reviewer_id=event.reviewer_id,
        revision=state.revision + 1,
        content=event.content,
        commitment=event.commitment,
        sealed=event.sealed,
        remarks=(),
        status=Status.DRAFTED,
    )


# Decisions: what it says ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is released of that which a draft refers to. `directions`: those that the released figures
    of this theme, place and period show.
    """

    figures: frozenset[tuple[str, str, str]] = frozenset()
    """Table, period and cell of each."""
    warnings: frozenset[tuple[str, str, str]] = frozenset()
    directions: frozenset[str] = frozenset()
    aims: frozenset[str] | None = None
    """What the organisation stands for when it is drafted; None: the common entries."""


def content_of(
    ground: Ground | None,
    known: Known,
    *,
    theme: str,
    place: str,
    period: str,
    direction: str,
    evidence: Sequence[Evidence],
    causes: Sequence[str],
    aims: Sequence[str],
) -> SignalContent:
    """What a draft says, checked. `ground` is that of the period's half-year, None where nothing was
    frozen for it.

    Raises Refusal INVALID_INPUT, UNKNOWN_CODE or TOO_LARGE.
    """
    codes = signal_codes.current()
    if ground is None or period not in ground.periods:
        raise invalid("period", "no grid was frozen for it")
    if theme not in ground.themes:
        raise Refusal(Code.UNKNOWN_CODE, field="theme", version=ground.taxonomy_version)
    found = ground.places.get(place)
    if found is None:
        raise invalid("place", "the grid has no such place")
    codes.check("directions", direction, field="direction")
    _check_list("causes", causes)
    _check_aims(known.aims, aims)
    if not aims:
        # To touch none is an answer; to leave it out is not.
        raise invalid("aims", "it is empty")
    if signal_codes.NONE in aims and len(aims) > 1:
        raise invalid("aims", "none stands alone")
    if len(evidence) > MOST_EVIDENCE:
        raise Refusal(Code.TOO_LARGE, limit=MOST_EVIDENCE, unit="figures")
    for one in evidence:
        where = known.figures if one.kind == "figure" else known.warnings
        if (one.table, one.period, one.cell) not in where:
            raise invalid("evidence", "it refers to something that was not released")
    return SignalContent(
        codes_version=codes.version,
        taxonomy_version=ground.taxonomy_version,
        theme=theme,
        place=found.code,
        place_name=found.name,
        scope=found.scope,
        period=period,
        direction=direction,  # type: ignore[arg-type]  # it is one of the list's codes
        judged=not evidence or direction not in known.directions,
        evidence=tuple(evidence),
        causes=tuple(causes),
        aims=tuple(aims),
    )


def _check_list(name: str, given: Sequence[str]) -> None:
    if len(set(given)) != len(given):
        raise invalid(name, "an entry stands there twice")
    for code in given:
        signal_codes.current().check(name, code, field=name)


def _check_aims(known: frozenset[str] | None, given: Sequence[str]) -> None:
    if known is None:
        _check_list("aims", given)
        return
    if len(given) > MOST_AIMS:
        raise Refusal(Code.TOO_LARGE, limit=MOST_AIMS, unit="entries")
    if len(set(given)) != len(given):
        raise invalid("aims", "an entry stands there twice")
    if not known.issuperset(set(given) - {signal_codes.NONE}):
        raise Refusal(Code.UNKNOWN_CODE, field="aims", version=signal_codes.current().version)


def commitment_of(signal_id: UUID, salt: bytes, text: str) -> bytes:
    """What binds a text that is sealed: SHA-256 (32 bytes) of label, signal, salt and UTF-8 text,
    each with its length in 4 bytes before it (docs/sealing.md).
    """
    parts = (_COMMITMENT, signal_id.bytes, salt, text.encode("utf-8"))
    return hashlib.sha256(b"".join(len(part).to_bytes(4, "big") + part for part in parts)).digest()


# Decisions: its life ----------------------------------------------------------------------------


def draft(
    state: Signal,
    *,
    signal_id: UUID,
    organisation_id: UUID,
    token: str,
    seats: Collection[str],
    author_id: str | None,
    reviewer_id: str | None,
    content: SignalContent,
    commitment: bytes | None = None,
    sealed: tuple[SealedText, ...] = (),
    on: date,
) -> SignalDrafted:
    """Begin a signal. `seats` are the organisation's advisers; rules have no author and no reviewer.

    Raises Refusal: SECOND_ADVISER_NEEDED where one adviser alone would say more than the figures do.
    """
    if state.version:
        raise Refusal(Code.ALREADY_EXISTS)
    if author_id is not None:
        if signal_id.version != 4:
            raise invalid("signalId", "it is not a random UUID (version 4)")
        _check_draft(seats, author_id, reviewer_id, content, commitment, sealed)
    return SignalDrafted(
        signal_id=signal_id,
        organisation_id=organisation_id,
        token=token,
        author_id=author_id,
        reviewer_id=reviewer_id,
        content=content,
        commitment=commitment,
        sealed=sealed,
        on=on,
    )


def revise(
    state: Signal,
    *,
    seats: Collection[str],
    author_id: str,
    reviewer_id: str | None,
    content: SignalContent,
    commitment: bytes | None,
    sealed: tuple[SealedText, ...],
    on: date,
) -> SignalRevised:
    """Change one's own draft that is not approved, or take up one that rules began.

    Raises Refusal as `draft` does, and NOT_FOUND for another adviser's.
    """
    _ = state.known
    if state.author_id not in (None, author_id):
        raise Refusal(Code.NOT_FOUND)
    if state.status not in (Status.DRAFTED, Status.RETURNED):
        raise Refusal(Code.ALREADY_DECIDED)
    _check_draft(seats, author_id, reviewer_id, content, commitment, sealed)
    return SignalRevised(
        author_id=author_id,
        reviewer_id=reviewer_id,
        content=content,
        commitment=commitment,
        sealed=sealed,
        on=on,
    )


def review(
    state: Signal,
    *,
    seats: Collection[str],
    reviewer_id: str,
    revision: int,
    checklist: Sequence[str],
    text: str | None,
    salt: bytes | None,
    remarks: tuple[SealedText, ...],
    on: date,
) -> SignalApproved | SignalReturned:
    """As the second adviser: approve along the whole checklist, with the text as its author sealed it,
    or return it with remarks.

    Raises Refusal: NOT_FOUND for anybody who is not its reviewer, CONFLICT for a revision that is
    not the newest, ALREADY_DECIDED where nothing waits.
    """
    content = state.known
    alone = state.reviewer_id is None and state.author_id == reviewer_id
    if state.reviewer_id != reviewer_id and not alone:
        raise Refusal(Code.NOT_FOUND)
    if state.status is not Status.DRAFTED:
        raise Refusal(Code.ALREADY_DECIDED)
    if revision != state.revision:
        raise Refusal(Code.CONFLICT)
    if remarks:
        if checklist or text is not None or alone:
            raise invalid("remarks", "either a whole checklist or remarks are given")
        return SignalReturned(
            reviewer_id=reviewer_id, revision=revision, remarks=_copies(remarks, "remarks"), on=on
        )
    if alone:
        # A second adviser may have been seated since it was drafted.
        _check_alone(seats, reviewer_id, content)
    codes = signal_codes.current()
    if sorted(checklist) != sorted(codes.checklist):
        raise invalid("checklist", "not all of them are here, or more")
    return SignalApproved(
        reviewer_id=reviewer_id,
        revision=revision,
        codes_version=codes.version,
        checklist=tuple(codes.checklist),
        text=_approved_text(state, text, salt),
        on=on,
    )


def withdraw(
    state: Signal, *, seats: Collection[str], adviser_id: str, reason: str, on: date
) -> SignalWithdrawn:
    """Take it back: before its release one's own, or one that waits for one's review; afterwards any
    adviser may, since a text that points at somebody must not wait for its author.

    Raises Refusal NOT_FOUND, ALREADY_DECIDED for one that is withdrawn, UNKNOWN_CODE.
    """
    _ = state.known
    theirs = adviser_id in (state.author_id, state.reviewer_id) or state.author_id is None
    if adviser_id not in seats or not (theirs or _was_released(state)):
        raise Refusal(Code.NOT_FOUND)
    if state.status is Status.WITHDRAWN:
        raise Refusal(Code.ALREADY_DECIDED)
    codes = signal_codes.current()
    codes.check("withdrawal_reasons", reason, field="reason")
    return SignalWithdrawn(by=adviser_id, codes_version=codes.version, reason=reason, on=on)


def withdraw_again(state: Signal, *, by: str, on: date) -> SignalWithdrawn | None:
    """A withdrawal that was told at a tick, and which an older database does not have; None where
    there is nothing to withdraw. Its reason was not told: the most careful one takes its place.
    """
    if state.status is not Status.RELEASED:
        return None
    return SignalWithdrawn(
        by=by, codes_version=signal_codes.current().version, reason="points_at_somebody", on=on
    )


def due(content: SignalContent) -> date:
    """The first tick at which it may leave: that of its own period, as if it were a figure."""
    period = Period.parse(content.period)
    return tick_of(period, period.start)


def release(state: Signal, *, day: date) -> SignalReleased | None:
    """Release it at the tick of `day`; None for one that is not approved, or not due yet."""
    content = state.known
    if state.status is not Status.APPROVED or due(content) > day:
        return None
    if state.signal_id is None or state.organisation_id is None:
        raise ValueError("a signal without a draft")
    return SignalReleased(
        signal_id=state.signal_id,
        organisation_id=state.organisation_id,
        day=day,
        content=content,
        text=state.text,
    )


def tick(
    released: Sequence[SignalReleased],
    withdrawn: Sequence[UUID],
    *,
    message_id: UUID,
    organisation_id: UUID,
    token: str,
    day: date,
    pulse: str | None = None,
) -> SignalTick:
    """What is told of a tick: the same event, news or not."""
    return SignalTick(
        message_id=message_id,
        organisation_id=organisation_id,
        token=token,
        day=day,
        released=tuple(
            ToldSignal(
                signal_id=one.signal_id,
                theme=one.content.theme,
                place=one.content.place,
                period=one.content.period,
                direction=one.content.direction,
                judged=one.content.judged,
                causes=one.content.causes,
                aims=one.content.aims,
            )
            for one in released
        ),
        withdrawn=tuple(withdrawn),
        pulse=pulse,
    )


def _was_released(state: Signal) -> bool:
    return state.status is Status.RELEASED


def _check_draft(
    seats: Collection[str],
    author_id: str,
    reviewer_id: str | None,
    content: SignalContent,
    commitment: bytes | None,
    sealed: tuple[SealedText, ...],
) -> None:
    if reviewer_id is None:
        if commitment is not None or sealed:
            raise Refusal(Code.SECOND_ADVISER_NEEDED)
        _check_alone(seats, author_id, content)
        return
    if reviewer_id == author_id:
        raise invalid("reviewerId", "the second person is another adviser")
    if reviewer_id not in seats:
        raise invalid("reviewerId", "the organisation has no such adviser")
    if (commitment is None) is not (not sealed):
        raise invalid("commitment", "a text is sealed and bound, or there is none")
    if commitment is not None:
        if len(commitment) != HASH_BYTES:
            raise invalid("commitment", "it is not {bytes} bytes long", bytes=HASH_BYTES)
        _copies(sealed, "sealed")


def _check_alone(seats: Collection[str], author_id: str, content: SignalContent) -> None:
    """One adviser alone says in a signal only what the released figures say already."""
    if set(seats) != {author_id} or content.judged:
        raise Refusal(Code.SECOND_ADVISER_NEEDED)


def _approved_text(state: Signal, text: str | None, salt: bytes | None) -> str | None:
    if state.commitment is None:
        if text is not None or salt is not None:
            raise invalid("text", "it is not the text that its author sealed")
        return None
    if text is None or salt is None or state.signal_id is None:
        raise invalid("text", "it is missing")
    if len(salt) != SALT_BYTES:
        raise invalid("salt", "it is not {bytes} bytes long", bytes=SALT_BYTES)
    if commitment_of(state.signal_id, salt, text) != state.commitment:
        raise invalid("text", "it is not the text that its author sealed")
    words = readable(text, field="text", most=TEXT_CHARACTERS)
    if words is None:
        raise invalid("text", "it is empty")
    return words


def _copies(sealed: tuple[SealedText, ...], field: str) -> tuple[SealedText, ...]:
    if not 1 <= len(sealed) <= MOST_COPIES:
        raise invalid(field, "1 to {most} sealed copies are expected", most=MOST_COPIES)
    for copy in sealed:
        if not copy.ciphertext:
            raise invalid(field, "a sealed copy is empty")
        if len(copy.ciphertext) > COPY_BYTES:
            raise Refusal(Code.TOO_LARGE, limit=COPY_BYTES, unit="bytes")
    if len({copy.key_id for copy in sealed}) != len(sealed):
        raise invalid(field, "two copies are sealed to the same key")
    return sealed
