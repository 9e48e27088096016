"""What all domains share: context, asking a service, scalars, expected failures."""

# ruff: noqa: A002  arguments are called what the schema calls them
from __future__ import annotations

import asyncio
import base64
import binascii
import re
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import date
from enum import Enum
from functools import partial
from itertools import chain
from typing import Any, Final, NewType, TypeVar
from uuid import UUID

import msgspec
import strawberry
from msgspec import UNSET
from strawberry.types.field import StrawberryField
from strawberry.types.scalar import ScalarDefinition

from services.gateway.gathering import Gathering
from services.gateway.grants import (
    ADMIN,
    ADVISER,
    COMPLAINTS_OFFICER,
    EMPLOYEE,
    EVERY_ROLE,
    LEADERS,
    MANAGER,
    REPORT_OFFICER,
    REPORTER,
    SECOND,
    grant,
    table,
)
from services.gateway.guesses import Guesses
from services.gateway.live import Live
from services.gateway.rates import Rates
from shared.bus.rpc import DEFAULT_SECONDS, RpcClient
from shared.contracts.errors import Code, Language, Refusal, invalid
from shared.contracts.rpc import VERBS, InParts, Part, Shape
from shared.identity.principal import Principal
from shared.identity.roles import Role

A = TypeVar("A", bound=Shape)
InPartsT = TypeVar("InPartsT", bound=InParts)
P = TypeVar("P")
V = TypeVar("V")

MOST_PARTS: Final = 32
"""Of an answer, each of about 1 MiB: so much one operation holds."""


Question = tuple[str, bytes, int | None]
"""A verb, its request as JSON, and the position that the answer has to know of."""


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """What the resolvers of one operation know. A Struct: one is made for every request."""

    principal: Principal
    token: str
    """The caller's own token: each service verifies it again."""
    language: Language
    """The language of sentences, from Accept-Language."""
    rpc: RpcClient
    traceparent: str | None
    """The operation's span, handed on with a staff request."""
    guesses: Guesses
    """Where answers to codes that lead to nothing wait."""
    live: Live
    """Where subscriptions wait for news."""
    rates: Rates
    """What strangers bring is counted there."""
    asked: dict[Question, asyncio.Future[Shape]] = msgspec.field(default_factory=dict)
    """What this operation has asked already: a question is asked, and its look recorded, once."""
    gathering: Gathering = msgspec.field(default_factory=Gathering)
    """What entries of lists are asked for, on its way to be asked at once."""


Info = strawberry.Info[Context, None]

_UNCOUNTED: Final[AbstractContextManager[None]] = nullcontext()

AT_LEAST: Final = strawberry.argument(
    description="The `position` of your last change, a place in the log, which the answer then knows of: "
    "it waits up to two seconds for that, and is else `UNAVAILABLE`. A place that is not of a change of "
    "yours is as none."
)


def position_of(at_least: int | None) -> int | None:
    """Of the argument `atLeast`. Raises Refusal INVALID_INPUT."""
    if at_least is not None and at_least < 0:
        raise invalid("atLeast", "it cannot be below zero")
    return at_least


async def ask(
    info: Info,
    verb: str,
    request: Shape,
    answer: type[A],
    *,
    idempotency_key: str | None = None,
    seconds: float = DEFAULT_SECONDS,
    at_least: int | None = None,
    counted: AbstractContextManager[None] = _UNCOUNTED,
) -> A:
    """Ask a service with the caller's token; it has so many `seconds`. `at_least`, of a question: see
    AT_LEAST. `counted` is around the asking for a change. Raises Refusal.

    The same question twice in one operation, under two aliases say, is asked once: one look is one
    access event.
    """
    context = info.context
    asking = partial(
        context.rpc.ask,
        VERBS[verb],
        request,
        token=context.token,
        idempotency_key=idempotency_key,
        timeout=seconds,
        traceparent=context.traceparent,
        at_least=at_least,
    )
    try:
        if VERBS[verb].kind == "query":
            question = (verb, msgspec.json.encode(request), at_least)
            got = await once(context.asked, question, asking)
        else:
            with counted:
                got = await asking()
    except Refusal as refusal:
        # A session that intake did not open is a guess too; one that has ended never comes as far as this.
        wrong = refusal.code in (Code.NOT_FOUND, Code.NOT_SIGNED_IN)
        if wrong and context.principal.role is Role.REPORTER and not context.principal.at_door:
            await context.guesses.missed()
        raise
    if not isinstance(got, answer):
        raise TypeError(f"{verb} answers another shape than its field expects")
    return got


async def once(
    asked: dict[Question, asyncio.Future[Shape]],
    question: Question,
    asking: Callable[[], Awaitable[Shape]],
) -> Shape:
    """The answer of `asking`, or of who asks the same already; all get the answer, or what it failed with.

    A Task for each question would cost more than all else here, and nearly always nobody else asks.
    """
    task = asyncio.current_task()
    while (waiting := asked.get(question)) is not None:
        try:
            # Who stops waiting leaves the answer to the others.
            return await asyncio.shield(waiting)
        except asyncio.CancelledError:
            if asked.get(question) is waiting or (task is not None and task.cancelling()):
                raise
            # Who asked was stopped: one of those who wait asks in its place.
    others = asked[question] = asyncio.get_running_loop().create_future()
    try:
        got = await asking()
    except asyncio.CancelledError:
        del asked[question]
        others.cancel()
        raise
    except Exception as error:
        others.set_exception(error)
        others.exception()  # it is told here; that nobody else waits for it is no fault
        raise
    others.set_result(got)
    return got


async def ask_or_none(
    info: Info, verb: str, request: Shape, answer: type[A], *, at_least: int | None = None
) -> A | None:
    """Like `ask`, but what does not exist, or is not the caller's to see, is None."""
    try:
        return await ask(info, verb, request, answer, at_least=at_least)
    except Refusal as refusal:
        if refusal.code is Code.NOT_FOUND:
            return None
        raise


async def whole_or_none(
    info: Info,
    verb: str,
    request: Part,
    answer: type[InPartsT],
    *lists: str,
    at_least: int | None = None,
) -> InPartsT | None:
    """Like `ask_or_none`, of what is told part by part: all parts, with these lists of theirs as one.

    Each part is a look of its own. Raises Refusal TOO_LARGE beyond so much as one operation may hold.
    """
    parts: list[InPartsT] = []
    for _ in range(MOST_PARTS):
        part = await ask_or_none(info, verb, request, answer, at_least=at_least)
        if part is None:  # not there, or erased between two parts
            return None
        parts.append(part)
        if part.next is None:
            whole = {
                name: tuple(chain.from_iterable(getattr(one, name) for one in parts))
                for name in lists
            }
            return msgspec.structs.replace(parts[0], next=None, **whole)
        request = msgspec.structs.replace(request, after=part.next)
    raise Refusal(Code.TOO_LARGE, limit=MOST_PARTS, unit="MiB")


# Fields -----------------------------------------------------------------------------------------

Resolver = Callable[..., Any]


def described(description: str) -> Callable[[Resolver], StrawberryField]:
    """A field with a resolver, as `strawberry.field(description=…)`, but typed as a decorator."""

    def make(resolver: Resolver) -> StrawberryField:
        return strawberry.field(resolver, description=description)

    return make


def change(description: str) -> Callable[[Resolver], StrawberryField]:
    """A mutation, as `strawberry.mutation(description=…)`, but typed as a decorator."""

    def make(resolver: Resolver) -> StrawberryField:
        return strawberry.mutation(resolver, description=description)

    return make


def subscribed(description: str) -> Callable[[Resolver], StrawberryField]:
    """A subscription, as `strawberry.subscription(description=…)`, but typed as a decorator."""

    def make(resolver: Resolver) -> StrawberryField:
        return strawberry.subscription(resolver, description=description)

    return make


# Scalars ----------------------------------------------------------------------------------------

Base64 = NewType("Base64", bytes)


def _parse_base64(value: object) -> Base64:
    if not isinstance(value, str):
        raise ValueError("a Base64 value is a text")  # noqa: TRY004  graphql-core's contract
    try:
        return Base64(base64.b64decode(value, validate=True))
    except (binascii.Error, ValueError):
        raise ValueError("not standard base64 with padding") from None


SCALARS: dict[object, ScalarDefinition] = {
    Base64: strawberry.scalar(
        name="Base64",
        description="Bytes in standard base64 with padding (RFC 4648, section 4).",
        serialize=lambda value: base64.b64encode(value).decode(),
        parse_value=_parse_base64,
    ),
}
"""For StrawberryConfig.scalar_map."""


def base64_or_none(value: bytes | None) -> Base64 | None:
    """`value` for a nullable Base64 field."""
    return None if value is None else Base64(value)


def sha256_bytes(field: str, text: str) -> bytes:
    """The 32 bytes of a SHA-256 written as hex. Raises Refusal(INVALID_INPUT)."""
    if not re.fullmatch(r"[0-9a-fA-F]{64}", text):
        raise invalid(field, "it has the wrong form")
    return bytes.fromhex(text)


def uuid_text(field: str, text: str) -> str:
    """`text` as a UUID in its usual form. Raises Refusal(INVALID_INPUT)."""
    try:
        return str(UUID(text))
    except ValueError:
        raise invalid(field, "it is not a UUID") from None


def day_of(field: str, text: str) -> date:
    """A day as 2026-09-14. Raises Refusal INVALID_INPUT."""
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text, re.ASCII):
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass
    raise invalid(field, "it has the wrong form")


def day_or_none(field: str, text: str | None) -> date | None:
    """The same of what may be missing."""
    return None if text is None else day_of(field, text)


Told = strawberry.Maybe[V | None]
"""A field of an input that changes a part: left out, what is there stays; null, it is cleared."""


def part(given: strawberry.Some[Any] | None) -> Any:
    """A field of such an input, as a service takes it: UNSET for what was left out."""
    return UNSET if given is None else given.value


def part_of(field: str, given: strawberry.Some[Any] | None) -> Any:
    """The same of what cannot be cleared. Raises Refusal INVALID_INPUT."""
    value = part(given)
    if value is None:
        raise invalid(field, "it cannot be cleared")
    return value


# Enums ------------------------------------------------------------------------------------------


@strawberry.enum(name="Language", description="A language in which people read.")
class LanguageChoice(Enum):
    """en or nl."""

    EN = "en"
    NL = "nl"


@strawberry.enum(description="What the cells of the statistics are under the policy `EXACT`.")
class Dimension(Enum):
    """The one dimension of a release."""

    CATEGORY = "category"
    UNIT = "unit"


# Things with an id ------------------------------------------------------------------------------


@strawberry.interface(description="Something that `node` finds by its id.")
class Node:
    """What has a question of its own that takes its id."""

    id: strawberry.ID


# Expected failures ------------------------------------------------------------------------------


@strawberry.interface(description="Why a command was refused. Nothing has changed.")
class UserError:
    """Common fields of all expected failures."""

    code: str = strawberry.field(description="For programs; the list stands in docs/graphql.md.")
    message: str = strawberry.field(description="For people, in the language they asked for.")
    path: list[str] = strawberry.field(description="The input field that it is about, if any.")


@strawberry.type(description="Something in the input is not filled in correctly.")
class InvalidInput(UserError):  # noqa: N818  a type of the schema, no exception
    """INVALID_INPUT and its kin."""


@strawberry.type(description="It does not exist, or it is not yours to see.")
class NotFound(UserError):  # noqa: N818  a type of the schema, no exception
    """NOT_FOUND, KEY_DESTROYED."""


@strawberry.type(description="Your role may not do this.")
class NotAllowed(UserError):  # noqa: N818  a type of the schema, no exception
    """NOT_ALLOWED, and what somebody else has to do first."""


@strawberry.type(description="It does not go together with what is there already.")
class Conflict(UserError):  # noqa: N818  a type of the schema, no exception
    """CONFLICT, CASE_CLOSED and the like."""


Failure = InvalidInput | NotFound | NotAllowed | Conflict

USER_ERRORS: dict[Code, type[InvalidInput | NotFound | NotAllowed | Conflict]] = {
    Code.INVALID_INPUT: InvalidInput,
    Code.UNKNOWN_CODE: InvalidInput,
    Code.INVALID_PERIOD: InvalidInput,
    Code.UNKNOWN_TAXONOMY_VERSION: InvalidInput,
    Code.TOO_LARGE: InvalidInput,
    Code.NOT_FOUND: NotFound,
    Code.KEY_DESTROYED: NotFound,
    Code.NOT_ALLOWED: NotAllowed,
    Code.CONFLICT: Conflict,
    Code.ALREADY_EXISTS: Conflict,
    Code.CASE_CLOSED: Conflict,
    Code.OUTCOME_MISSING: Conflict,
    Code.KEY_REUSED: Conflict,
    Code.NOT_DUE: Conflict,
    Code.INTERPRETATION_MISSING: Conflict,
    Code.NOT_APPROVED: Conflict,
    Code.ALREADY_PUBLISHED: Conflict,
    Code.PERIOD_OVERLAPS: Conflict,
    Code.PERIOD_RELEASED: Conflict,
    Code.SECOND_PERSON_NEEDED: NotAllowed,
    Code.RECOVERY_NOT_APPROVED: NotAllowed,
    Code.CONSENT_MISSING: Conflict,
    Code.CONFLICT_OF_INTEREST: Conflict,
    Code.CONDITIONS_NOT_MET: Conflict,
    Code.ALREADY_DECIDED: Conflict,
    Code.REPORTER_UNTOLD: Conflict,
    Code.SECOND_ADVISER_NEEDED: NotAllowed,
    Code.PULSE_NOT_OPEN: Conflict,
    Code.PULSE_ANSWERED: Conflict,
    Code.TERM_PASSED: Conflict,
    Code.REPORTER_DECIDES: NotAllowed,
    Code.STEP_NOT_CHOSEN: Conflict,
    Code.CONSENT_WITHDRAWN: Conflict,
    Code.CONSENT_EXPIRED: Conflict,
    Code.JUDGEMENT_WORD: InvalidInput,
    Code.STATEMENT_MISSING: Conflict,
    Code.ADVISER_AVOIDED: Conflict,
    Code.ADVISER_CONCERNED: Conflict,
    Code.COMPLAINT_CLOSED: Conflict,
    Code.CONFLICT_OF_ROLES: Conflict,
    Code.SPARRING: Conflict,
    Code.FEEDBACK_MISSING: Conflict,
    Code.WORDS_MISSING: Conflict,
    Code.NOT_PUBLISHED: Conflict,
    Code.LAYER_TOO_SMALL: Conflict,
    Code.LAYERS_OVERLAP: Conflict,
    Code.VIEW_TOO_LATE: Conflict,
}
"""Refusals that are members of a mutation's result."""

TOP_LEVEL: frozenset[Code] = frozenset(
    {
        Code.NOT_SIGNED_IN,
        Code.FRESH_SIGN_IN_NEEDED,
        Code.TOO_MANY_REQUESTS,
        Code.UNAVAILABLE,
        Code.KEY_RING_UNAVAILABLE,
        Code.TIMED_OUT,
        Code.INTERNAL,
        Code.MALFORMED_REQUEST,
        Code.INVALID_DOCUMENT,
        Code.INVALID_VARIABLES,
        Code.TOO_COMPLEX,
        Code.UNKNOWN_DOCUMENT,
        Code.NOT_SERVED,
    }
)
"""Refusals that are top-level errors: sign-in, limits, and faults of ours."""


OPENINGS: Final = frozenset({"intake.open_case", "intake.file_complaint"})
"""What a stranger may bring without having been there before."""


async def command(
    info: Info,
    verb: str,
    input: Any,
    answer: type[A],
    payload: Callable[[A], P],
    *,
    seconds: float = DEFAULT_SECONDS,
) -> P | Failure:
    """Ask for a change. `input` has `request()` and `idempotency_key`; it has so many `seconds`.

    A refusal that a person can act on is returned as a member of the result; others are raised.
    """
    try:
        key = _idempotency_key(input.idempotency_key)
        request, counted = input.request(), _UNCOUNTED
        if verb in OPENINGS:
            counted = info.context.rates.opening(info.context.principal, key)
        asking = ask(
            info,
            verb,
            request,
            answer,
            idempotency_key=key,
            seconds=seconds,
            counted=counted,
        )
        return payload(await asking)
    except Refusal as refusal:
        return failure(refusal, info.context.language)


def failure(refusal: Refusal, language: Language) -> Failure:
    """`refusal` as a member of a result; raised again if it is a top-level error."""
    kind = USER_ERRORS.get(refusal.code)
    if kind is None:
        raise refusal
    about = refusal.values.get("field")
    path = ["input", *camel_case(str(about)).split(".")] if about is not None else []
    return kind(code=refusal.code.value, message=refusal.sentence(language), path=path)


def camel_case(name: str) -> str:
    """A field of ours as the schema calls it: unit_id → unitId."""
    return re.sub(r"_([a-z])", lambda match: match[1].upper(), name)


def _idempotency_key(text: str) -> str:
    if not re.fullmatch(r"[\x21-\x7e]{8,200}", text):
        raise invalid("idempotencyKey", "it has the wrong form")
    return text


# The session ------------------------------------------------------------------------------------


@strawberry.type(description="Your sign-in, as Hoeksteen understands it.")
class Session:
    """The first thing to ask."""

    role: str = strawberry.field(description="The one role of this session.")


@strawberry.type
class SessionQuery:
    """The root field that every role has."""

    @described("Your sign-in, as Hoeksteen understands it.")
    def session(self, info: Info) -> Session:
        """The caller's session."""
        return Session(role=info.context.principal.role.value)


_CHANGES = ADVISER | ADMIN | REPORTER | SECOND | EMPLOYEE | LEADERS | MANAGER
_CHANGES |= REPORT_OFFICER | COMPLAINTS_OFFICER

ACCESS = table(
    grant("Query", EVERY_ROLE, "session"),
    grant("Session", EVERY_ROLE, "role"),
    *(
        grant(error, _CHANGES, "code message path")
        for error in ("UserError", "InvalidInput", "NotFound", "NotAllowed", "Conflict")
    ),
)
