"""Runs one operation on the schema of its caller's role and forms the answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial
from inspect import isawaitable
from typing import Any, cast

import msgspec
from graphql import (
    ExecutionResult,
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    execute,
    subscribe,
)
from opentelemetry.trace import SpanKind

from services.gateway.documents import LOCAL, DocumentRules, documents_of
from services.gateway.guesses import Guesses
from services.gateway.live import Live
from services.gateway.operations import (
    Prepared,
    Problem,
    Refused,
    choose,
    hold,
    variable_problems,
)
from services.gateway.rates import REFUSED_POINTS, Rates
from services.gateway.schema import (
    advisers,
    attachments,
    calendar_feed,
    cases,
    complaints,
    conversion,
    disadvantages,
    erasure,
    nodes,
    notes,
    peer_consultation,
    pulse,
    reporter_session,
    terms,
    time_spent,
    whistleblower_reports,
)
from services.gateway.schema.base import Context
from shared.bus.rpc import RpcClient
from shared.contracts.errors import Code, Language, Refusal
from shared.identity.anonymous import is_anonymous
from shared.identity.principal import Principal
from shared.identity.roles import Role
from shared.telemetry import Event, Telemetry

_QUIET_FIELDS = (
    cases.QUIET_FIELDS
    | advisers.QUIET_FIELDS
    | erasure.QUIET_FIELDS
    | attachments.QUIET_FIELDS
    | pulse.QUIET_FIELDS
    | terms.QUIET_FIELDS
    | calendar_feed.QUIET_FIELDS
    | complaints.QUIET_FIELDS
    | notes.QUIET_FIELDS
    | time_spent.QUIET_FIELDS
    | peer_consultation.QUIET_FIELDS
    | conversion.QUIET_FIELDS
    | disadvantages.QUIET_FIELDS
    | whistleblower_reports.QUIET_FIELDS
    | reporter_session.QUIET_FIELDS
    | nodes.QUIET_FIELDS
)


class GraphQLRequest(msgspec.Struct, frozen=True, rename="camel"):
    """The body of a request (GraphQL over HTTP). Unknown members are ignored, as the draft says.

    It brings a document, or names a trusted one: by `documentId` (`sha256:` and 64 hexadecimal digits) or by
    `extensions.persistedQuery.sha256Hash`.
    """

    query: str | None = None
    document_id: str | None = None
    operation_name: str | None = None
    variables: dict[str, Any] | None = None
    extensions: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        """Of a ValueError msgspec makes its ValidationError."""
        if self.query is None and self.named is None:
            raise ValueError("neither a document nor the id of one")

    @property
    def named(self) -> str | None:
        """The id of the trusted document that is meant."""
        if self.document_id is not None:
            return self.document_id
        persisted = (self.extensions or {}).get("persistedQuery")
        digest = persisted.get("sha256Hash") if isinstance(persisted, dict) else None
        return digest if isinstance(digest, str) else None


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back. `ran` is False when nothing was executed: then there is no `data` member."""

    ran: bool
    data: dict[str, Any] | None = None
    errors: list[dict[str, Any]] = field(default_factory=list)
    quiet: bool = False
    """Whether not even the request may be counted."""

    @property
    def retry_after(self) -> int | None:
        """For how many seconds the caller has to wait, if something was too much."""
        waits = (error["extensions"].get("retryAfter") for error in self.errors)
        return max((one for one in waits if one is not None), default=None)

    def body(self) -> bytes:
        """As JSON."""
        return msgspec.json.encode(self.document())

    def document(self) -> dict[str, Any]:
        """As the members of a GraphQL response."""
        document: dict[str, Any] = {}
        if self.errors:
            document["errors"] = self.errors
        if self.ran:
            document["data"] = self.data
        return document

    @property
    def signed_out(self) -> bool:
        """Whether a service no longer takes the caller's token."""
        return any(error["extensions"]["code"] == Code.NOT_SIGNED_IN.value for error in self.errors)


class Engine:
    """Answers operations: one schema per role, prepared documents, masked errors.

    Raises SettingProblem for trusted documents that cannot be used.
    """

    def __init__(
        self,
        schemas: Mapping[Role, GraphQLSchema],
        rpc: RpcClient,
        telemetry: Telemetry,
        guesses: Guesses,
        live: Live,
        rules: DocumentRules = LOCAL,
        rates: Rates | None = None,
    ) -> None:
        self._rates = Rates() if rates is None else rates
        self._documents = documents_of(schemas, rules)
        self._rules = rules
        self._introspecting = asyncio.Lock()
        self._rpc = rpc
        self._telemetry = telemetry
        self._guesses = guesses
        self._live = live

    def must_serve(self, role: Role) -> None:
        """Raises Refusal(NOT_ALLOWED) for a role that has no schema."""
        if role not in self._documents:
            raise Refusal(Code.NOT_ALLOWED)

    async def answer(
        self, request: GraphQLRequest, *, principal: Principal, token: str, language: Language
    ) -> Answer:
        """Run the operation of `request`. Never raises for what a caller sends."""
        role = principal.role
        try:
            prepared, operation = self._admit(request, principal, token)
            self._charge(principal, prepared.cost)
        except Refused as refused:
            return _refused(refused.problems, language)
        if is_anonymous(token) or _is_quiet(operation):
            # No span, no metric and no trace: when somebody reports, answers a pulse, or works on a
            # case, is nobody's to read.
            return await self._run(
                request,
                prepared,
                operation,
                self._context(principal, token, language, None),
                quiet=True,
            )
        began = time.perf_counter()
        kind = operation.operation.value
        with self._telemetry.span(
            "graphql.operation",
            kind=SpanKind.SERVER,
            role=role.value,
            operation_type=kind,
            operation_cost=prepared.cost,
        ) as span:
            context = self._context(principal, token, language, self._telemetry.traceparent())
            answer = await self._run(request, prepared, operation, context, quiet=False)
            status = _status(answer)
            span.set_attribute("status", status)
        self._telemetry.metrics.record(
            "operation_duration",
            time.perf_counter() - began,
            role=role.value,
            operation_type=kind,
            status=status,
        )
        return answer

    def _admit(
        self, request: GraphQLRequest, principal: Principal, token: str, *, live: bool = False
    ) -> tuple[Prepared, OperationDefinitionNode]:
        """See `prepare`. What cannot run is charged for having been looked through. Raises Refused."""
        try:
            return self.prepare(request, principal.role, token, live=live)
        except Refused:
            # Where trusted documents alone run, what is none of them is not looked through.
            looked = principal.role in self._rules.free
            self._charge(principal, REFUSED_POINTS if looked else 1)
            raise

    def _charge(self, principal: Principal, cost: int) -> None:
        """Take what it costs of this person's and their role's. Raises Refused TOO_MANY_REQUESTS."""
        try:
            self._rates.charge(principal, cost)
        except Refusal as refusal:
            raise Refused(Problem(refusal.code, values=tuple(refusal.values.items()))) from None

    def prepare(
        self, request: GraphQLRequest, role: Role, token: str, *, live: bool = False
    ) -> tuple[Prepared, OperationDefinitionNode]:
        """The document of a request and the operation of it that is to run, within all limits.

        `Prepared.cost` is what it costs. `live`: a subscription is taken too. Raises Refused.
        """
        hold(request.variables)
        prepared = self._documents[role].find(request.query, request.named)
        if prepared.introspects and not self._rules.anonymous_introspection and is_anonymous(token):
            raise Refused(Problem(Code.INVALID_DOCUMENT, "NoSchemaIntrospection"))
        return prepared, choose(prepared, request.operation_name, live=live)

    def changes(self, request: GraphQLRequest, role: Role, token: str) -> bool:
        """Whether the operation of a request is a mutation: only a POST may carry one."""
        try:
            _, operation = self.prepare(request, role, token)
        except Refused:
            return False
        return operation.operation is OperationType.MUTATION

    async def _run(
        self,
        request: GraphQLRequest,
        prepared: Prepared,
        operation: OperationDefinitionNode,
        context: Context,
        *,
        quiet: bool,
    ) -> Answer:
        schema = self._documents[context.principal.role].schema
        assert prepared.document is not None  # noqa: S101  a document without problems
        variables = request.variables or {}
        plan = prepared.plan(schema, operation)
        if plan is not None:
            result = await plan.run(context, variables)
        else:
            run = partial(
                execute,
                schema,
                prepared.document,
                context_value=context,
                variable_values=variables,
                operation_name=request.operation_name,
                hide_suggestions=True,
            )
            if prepared.whole_schema:
                result = await self._apart(run)
            else:
                ran = run()
                result = ran if isinstance(ran, ExecutionResult) else await ran
        if result.errors and all(error.path is None for error in result.errors):
            # Nothing ran: the variables do not fit. Where, is found out only now.
            problems = variable_problems(schema, operation, variables)
            return _refused(problems, context.language, quiet=quiet)
        return self._answer_of(result, context.token, context.language, quiet=quiet)

    async def _apart(self, run: Callable[[], Any]) -> ExecutionResult:
        """A schema, which stands alone in its document and waits for nothing: it takes a quarter of a second,
        in which others want to be answered. One at a time, also where nobody waits for it any more: a thread
        goes on.
        """
        async with self._introspecting:
            running = asyncio.ensure_future(asyncio.to_thread(run))
            try:
                return cast(ExecutionResult, await asyncio.shield(running))
            finally:
                await asyncio.wait({running})

    async def stream(
        self, request: GraphQLRequest, *, principal: Principal, token: str, language: Language
    ) -> AsyncGenerator[Answer, None]:
        """The one answer of `answer`, or those of a subscription until the caller closes it.

        Of a subscription nothing is measured: when something happened is nobody's to read. An answer of
        which nothing ran is the last one.
        """
        schema = self._documents[principal.role].schema
        try:
            prepared, operation = self._admit(request, principal, token, live=True)
            if operation.operation is OperationType.SUBSCRIPTION:  # `answer` charges what is not
                self._charge(principal, prepared.cost)
            assert prepared.document is not None  # noqa: S101  a document without problems
        except Refused as refused:
            yield _refused(refused.problems, language)
            return
        if operation.operation is not OperationType.SUBSCRIPTION:
            yield await self.answer(request, principal=principal, token=token, language=language)
            return
        variables = request.variables or {}
        told = subscribe(
            schema,
            prepared.document,
            context_value=self._context(principal, token, language, None),
            variable_values=variables,
            operation_name=request.operation_name,
            hide_suggestions=True,
        )
        events = await told if isawaitable(told) else told
        if not isinstance(events, AsyncGenerator):
            yield _refused(variable_problems(schema, operation, variables), language)
            return
        async with aclosing(events):
            try:
                async for result in events:
                    yield self._answer_of(result, token, language, quiet=True)
            except Exception as error:  # noqa: BLE001  the last stop: nothing of ours may pass
                yield Answer(
                    ran=False, errors=[_error(self._told(error, token), language)], quiet=True
                )

    def _context(
        self, principal: Principal, token: str, language: Language, traceparent: str | None
    ) -> Context:
        return Context(
            principal=principal,
            token=token,
            language=language,
            rpc=self._rpc,
            traceparent=traceparent,
            guesses=self._guesses,
            live=self._live,
            rates=self._rates,
        )

    def _answer_of(
        self, result: ExecutionResult, token: str, language: Language, *, quiet: bool
    ) -> Answer:
        errors = [
            _error(self._told(error, token), language, path=tuple(error.path or ()))
            for error in result.errors or ()
        ]
        return Answer(ran=True, data=result.data, errors=errors, quiet=quiet)

    def _told(self, error: Exception, token: str) -> Refusal:
        """What the caller is told of an error; a fault of ours is logged and masked.

        Not that of somebody without an account: the line of our code says what it was about, and the
        log says when.
        """
        problem = (error.original_error if isinstance(error, GraphQLError) else None) or error
        if isinstance(problem, Refusal):
            return problem
        if not is_anonymous(token):
            self._telemetry.problem(Event.OPERATION_FAILED, problem)
        return Refusal(Code.INTERNAL)


def _is_quiet(operation: OperationDefinitionNode) -> bool:
    """Whether the operation touches a case. A fragment at the root could hide one: it counts too."""
    return any(
        not isinstance(selection, FieldNode) or selection.name.value in _QUIET_FIELDS
        for selection in operation.selection_set.selections
    )


def _status(answer: Answer) -> str:
    """How it ended: ok, or the code of a refusal."""
    return str(answer.errors[0]["extensions"]["code"]) if answer.errors else "ok"


def _refused(problems: tuple[Problem, ...], language: Language, *, quiet: bool = False) -> Answer:
    return Answer(
        ran=False,
        quiet=quiet,
        errors=[
            _error(
                Refusal(problem.code, **dict(problem.values)),
                language,
                rule=problem.rule,
                limit=problem.limit,
                locations=problem.locations,
                variable=problem.path,
            )
            for problem in problems
        ],
    )


def error_body(refusal: Refusal, language: Language) -> bytes:
    """One refusal as the body of an answer for which nothing ran."""
    return Answer(ran=False, errors=[_error(refusal, language)]).body()


def _error(
    refusal: Refusal,
    language: Language,
    *,
    path: tuple[str | int, ...] = (),
    rule: str | None = None,
    limit: str | None = None,
    locations: tuple[tuple[int, int], ...] = (),
    variable: tuple[str | int, ...] = (),
) -> dict[str, Any]:
    """An entry of `errors`: a sentence for people, `extensions.code` for programs."""
    extensions: dict[str, Any] = {"code": refusal.code.value}
    if refusal.code is Code.TOO_MANY_REQUESTS:
        extensions["retryAfter"] = refusal.values["seconds"]
    if rule is not None:
        extensions["rule"] = rule
    if limit is not None:
        extensions["limit"] = limit
    if variable:
        extensions["variable"] = list(variable)
    entry: dict[str, Any] = {"message": refusal.sentence(language)}
    if locations:
        entry["locations"] = [{"line": line, "column": column} for line, column in locations]
    if path:
        entry["path"] = list(path)
    entry["extensions"] = extensions
    return entry
