"""Confidential cases: the adviser's list, one case, and what is recorded in it."""

# ruff: noqa: A002  arguments are called what the schema calls them
from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import Enum
from typing import Annotated, Final, Self

import strawberry

from services.gateway.grants import ADVISER, REPORTER, grant, mutation, table, title
from services.gateway.schema.base import (
    AT_LEAST,
    Base64,
    Conflict,
    Info,
    InvalidInput,
    Node,
    NotAllowed,
    NotFound,
    ask,
    base64_or_none,
    change,
    command,
    described,
    position_of,
    uuid_text,
    whole_or_none,
)
from services.gateway.schema.pages import CURSOR, PageInfo, cursors, page_of
from services.gateway.schema.protection import Disadvantage, protection
from services.gateway.schema.record import CaseRecord, CaseRecordInput
from services.gateway.schema.sealed import SIGNATURE, SIGNED_BY, Sealed, SealedInput
from services.gateway.schema.statement import StatementGiven, StatementGivenInput
from services.gateway.schema.together import (
    Aftercare,
    Consent,
    LadderStep,
    Minutes,
    Satisfaction,
)
from services.gateway.schema.whistleblowing import WhistleblowingCode
from services.gateway.stand_ins import rows, stands
from shared.contracts import rpc
from shared.contracts.errors import Language, Refusal
from shared.identity.roles import Role

SIGN = "Your current key's signature of the sealed words, 64 bytes; required if that key can sign."


@strawberry.enum(description="Whether a case is open or closed.")
class CaseStatus(Enum):
    """The state of a case."""

    OPEN = "open"
    CLOSED = "closed"


_STATUS: Final[Mapping[str, CaseStatus]] = {one.value: one for one in CaseStatus}
"""By value. To ask the enum takes five times as long, and a page asks it for each line."""


@strawberry.type(description="One thing that happened in a case.")
class CaseEntry:
    """An entry of the file."""

    kind: str = strawberry.field(description="What happened.")
    week: str = strawberry.field(description="ISO 8601 week, such as 2026-W48.")
    version: int = strawberry.field(description="Its number among the case's events, from 1.")
    code: str | None = strawberry.field(description="Its code in the taxonomy.")
    ref: strawberry.ID | None = strawberry.field(
        description="What it is a step of: a disclosure, a request for access, minutes, a consent …"
    )
    sealed: list[Sealed]
    signature: Base64 | None = strawberry.field(description=SIGNATURE)
    signed_by: strawberry.ID | None = strawberry.field(description=SIGNED_BY)

    @classmethod
    def of(cls, entry: rpc.CaseEntry) -> Self:
        """From intake's answer."""
        return cls(
            kind=entry.kind,
            week=entry.week,
            version=entry.version,
            code=entry.code,
            ref=None if entry.ref is None else strawberry.ID(entry.ref),
            sealed=[Sealed.of(sealed) for sealed in entry.sealed],
            signature=base64_or_none(entry.signature),
            signed_by=None if entry.signed_by is None else strawberry.ID(entry.signed_by),
        )


@strawberry.type(description="Time spent.")
class TimeSpent:
    """On one kind of activity."""

    activity: str = strawberry.field(description="A code; `practiceCodes.activities`.")
    quarters: int = strawberry.field(description="Quarters of an hour.")

    @classmethod
    def of(cls, found: rpc.TimeSpent) -> Self:
        """From intake's answer."""
        return cls(activity=found.activity, quarters=found.quarters)


@strawberry.type(description="A case, as its adviser sees it. Codes are those of the taxonomy.")
class Case(Node):
    """One case."""

    status: CaseStatus
    channel: str
    anonymity: str
    reporter_role: str
    relation: str
    category: str
    unit_id: strawberry.ID | None
    record: CaseRecord
    outcome: str | None
    route: str | None
    opened_week: str = strawberry.field(description="ISO 8601 week.")
    reply_key: Base64 | None = strawberry.field(
        description="Raw X25519 key to which messages to the reporter are sealed, if there is one."
    )
    minutes: list[Minutes]
    ladder: list[LadderStep] = strawberry.field(
        description="Steps that were put on the table, oldest first."
    )
    consents: list[Consent]
    statement: StatementGiven | None = strawberry.field(
        description="What the reporter was told first; null: it is not recorded."
    )
    avoided: list[strawberry.ID] = strawberry.field(
        description="Advisers whom the reporter does not want."
    )
    satisfaction: Satisfaction | None
    aftercare: list[Aftercare]
    disadvantages: list[Disadvantage] = strawberry.field(
        description="As they were reported, oldest first."
    )
    protection: WhistleblowingCode = strawberry.field(
        description="Which protection holds, and why: whether there was a report of wrongdoing."
    )
    report_decided: bool = strawberry.field(
        description="The reporter decided that what was only talked over may become a report."
    )
    converted_on: date | None = strawberry.field(
        description="The day on which it was made a report of wrongdoing; that is the organisation's."
    )
    time: list[TimeSpent] = strawberry.field(description="What was spent on it, by activity.")
    entries: list[CaseEntry] = strawberry.field(description="Oldest first.")

    @classmethod
    def of(cls, case: rpc.Case, language: Language) -> Self:
        """From intake's answer."""
        return cls(
            id=strawberry.ID(case.id),
            status=_STATUS[case.status],
            channel=case.channel,
            anonymity=case.anonymity,
            reporter_role=case.reporter_role,
            relation=case.relation,
            category=case.category,
            unit_id=None if case.unit_id is None else strawberry.ID(case.unit_id),
            record=CaseRecord.of(case.record),
            outcome=case.outcome,
            route=case.route,
            opened_week=case.opened_week,
            reply_key=base64_or_none(case.reply_key),
            minutes=[Minutes.of(one) for one in case.minutes],
            ladder=[LadderStep.of(one) for one in case.ladder],
            consents=[Consent.of(one) for one in case.consents],
            statement=None if case.statement is None else StatementGiven.of(case.statement),
            avoided=[strawberry.ID(one) for one in case.avoided],
            time=[TimeSpent.of(one) for one in case.time],
            satisfaction=(
                None if case.satisfaction is None else Satisfaction.of(case.satisfaction)
            ),
            aftercare=[Aftercare.of(one) for one in case.aftercare],
            disadvantages=[Disadvantage.of(one) for one in case.disadvantages],
            protection=protection(case.protection, language),
            report_decided=case.report_decided,
            converted_on=case.converted_on,
            entries=[CaseEntry.of(entry) for entry in case.entries],
        )


@stands(rpc.CaseSummary)
@strawberry.type(description="One line in your list of cases.")
class CaseSummary:
    """A case without its file."""

    id: strawberry.ID
    status: CaseStatus
    category: str
    opened_week: str = strawberry.field(description="ISO 8601 week.")
    conversations: int
    reseal: bool = strawberry.field(
        description="Words are sealed to a key of yours that was lost or stolen: seal them anew."
    )


@strawberry.type
class CaseEdge:
    """A place in the list."""

    node: CaseSummary
    cursor: str | None = strawberry.field(description=CURSOR)


@strawberry.type(description="A page of your cases, newest first.")
class CaseConnection:
    """Relay connection over intake's keyset."""

    edges: list[CaseEdge]
    page_info: PageInfo

    @classmethod
    def of(cls, page: rpc.Cases) -> Self:
        """From intake's answer."""
        return cls(
            edges=[
                CaseEdge(node=case, cursor=cursor)
                for case, cursor in zip(rows(CaseSummary, page.items), cursors(page), strict=True)
            ],
            page_info=PageInfo.of(page),
        )


async def own_case(info: Info, case_id: str, at_least: int | None = None) -> Case | None:
    """One of the caller's cases, asked of intake; None if it is not there or not theirs."""
    request = rpc.PartById(id=case_id)
    found = await whole_or_none(
        info, "intake.case", request, rpc.Case, "entries", "disadvantages", at_least=at_least
    )
    return None if found is None else Case.of(found, info.context.language)


@strawberry.enum(description="What strikes in your own cases.")
class CaseloadAlertKind(Enum):
    """Cases close together, more than before, or about one person."""

    CLUSTER = "cluster"
    RISE = "rise"
    ONE_SUBJECT = "one_subject"


@strawberry.type(description="Something that strikes in your own cases. Nobody else is told.")
class CaseloadAlert:
    """One alert, worked out when you ask."""

    kind: CaseloadAlertKind
    theme: str | None
    unit_id: str | None
    case_ids: list[strawberry.ID]
    expected: float | None = strawberry.field(
        description="Of a rise: how many cases the year before makes one expect in a quarter."
    )

    @classmethod
    def of(cls, found: rpc.CaseloadAlert) -> Self:
        """From intake's answer."""
        return cls(
            kind=CaseloadAlertKind(found.kind),
            theme=found.theme,
            unit_id=found.unit_id,
            case_ids=[strawberry.ID(one) for one in found.case_ids],
            expected=found.expected,
        )


@strawberry.type
class CaseQuery:
    """Questions about cases."""

    @described(
        "What strikes in your own cases: clusters, rises, cases about one person. Exact, and for you "
        "alone."
    )
    async def caseload_alerts(self, info: Info) -> list[CaseloadAlert] | None:
        """Asks intake."""
        found = await ask(info, "intake.caseload_alerts", rpc.Empty(), rpc.CaseloadAlerts)
        return [CaseloadAlert.of(one) for one in found.items]

    @described("Your own cases, newest first, at most 100 a page.")
    async def cases(
        self,
        info: Info,
        first: int = 50,
        after: str | None = None,
        at_least: Annotated[int | None, AT_LEAST] = None,
    ) -> CaseConnection | None:
        """Asks intake."""
        request = page_of(first, after)
        known = position_of(at_least)
        return CaseConnection.of(
            await ask(info, "intake.cases", request, rpc.Cases, at_least=known)
        )

    @described("One of your own cases; null if it is not there or not yours.")
    async def case(
        self,
        info: Info,
        id: strawberry.ID,
        at_least: Annotated[int | None, AT_LEAST] = None,
    ) -> Case | None:
        """Asks intake."""
        known = position_of(at_least)
        try:
            case_id = uuid_text("id", id)
        except Refusal:
            return None  # no case has such an id
        return await own_case(info, case_id, known)


# Commands ---------------------------------------------------------------------------------------


@strawberry.enum(description="A side of a case.")
class PartyRole(Enum):
    """Whom a token stands for."""

    REPORTER = "reporter"
    SUBJECT = "subject"


@strawberry.input(
    description="Stands for a person: HMAC-SHA256 under a key that only advisers' clients hold."
)
class PartyTokenInput:
    """A token."""

    role: PartyRole
    token: Base64 = strawberry.field(description="32 bytes.")

    def shape(self) -> rpc.PartyToken:
        """As intake takes it."""
        return rpc.PartyToken(role=self.role.value, token=self.token)


@strawberry.input
class OpenCaseInput:
    """A new case. Codes are those of the taxonomy."""

    idempotency_key: strawberry.ID
    case_id: strawberry.ID = strawberry.field(
        description="A new random UUID, made by the client; a reporter's is derived from their code."
    )
    adviser_id: strawberry.ID | None = strawberry.field(
        default=None, description="The adviser whom the reporter chose."
    )
    reply_key: Base64 | None = strawberry.field(
        default=None,
        description="The reporter's public key (raw X25519, 32 bytes): answers are sealed to it.",
    )
    channel: str
    anonymity: str
    reporter_role: str
    relation: str
    category: str
    unit_id: strawberry.ID | None = None
    words: list[SealedInput] = strawberry.field(
        description="The reporter's words, sealed to the adviser, to the recovery key and to the reporter."
    )
    signature: Base64 | None = strawberry.field(default=None, description=SIGN)
    parties: list[PartyTokenInput] = strawberry.field(
        default_factory=list, description="Whom it is about, as far as the adviser knows."
    )
    statement: StatementGivenInput | None = strawberry.field(
        default=None,
        description="What the reporter read or was told before the first word. A reporter gives it.",
    )
    avoids: list[strawberry.ID] = strawberry.field(
        default_factory=list, description="Advisers whom the reporter does not want."
    )
    record: CaseRecordInput | None = strawberry.field(
        default=None, description="What is known of it already, in codes."
    )

    def request(self) -> rpc.OpenCase:
        """As intake takes it."""
        return rpc.OpenCase(
            case_id=uuid_text("caseId", self.case_id),
            adviser_id=self.adviser_id,
            reply_key=self.reply_key,
            channel=self.channel,
            anonymity=self.anonymity,
            reporter_role=self.reporter_role,
            relation=self.relation,
            category=self.category,
            unit_id=self.unit_id,
            words=tuple(sealed.shape() for sealed in self.words),
            signature=self.signature,
            parties=tuple(party.shape() for party in self.parties),
            record=None if self.record is None else self.record.shape(),
            statement=None if self.statement is None else self.statement.shape(),
            avoids=tuple(self.avoids),
        )


@strawberry.input
class SendMessageInput:
    """Something said in a case."""

    idempotency_key: strawberry.ID
    case_id: strawberry.ID
    words: list[SealedInput] = strawberry.field(
        description="The words, sealed to the reporter's key and to your own."
    )
    signature: Base64 | None = strawberry.field(default=None, description=SIGN)

    def request(self) -> rpc.SendMessage:
        """As intake takes it."""
        return rpc.SendMessage(
            case_id=uuid_text("caseId", self.case_id),
            words=tuple(sealed.shape() for sealed in self.words),
            signature=self.signature,
        )


@strawberry.input
class RecordConversationInput:
    """A conversation took place."""

    idempotency_key: strawberry.ID
    case_id: strawberry.ID
    mode: str = strawberry.field(description="A conversation mode of the taxonomy.")
    minutes: list[SealedInput]
    signature: Base64 | None = strawberry.field(default=None, description=SIGN)

    def request(self) -> rpc.RecordConversation:
        """As intake takes it."""
        return rpc.RecordConversation(
            case_id=uuid_text("caseId", self.case_id),
            mode=self.mode,
            minutes=tuple(sealed.shape() for sealed in self.minutes),
            signature=self.signature,
        )


@strawberry.input
class RecordInterventionInput:
    """Something was done."""

    idempotency_key: strawberry.ID
    case_id: strawberry.ID
    intervention: str = strawberry.field(description="An intervention of the taxonomy.")

    def request(self) -> rpc.RecordIntervention:
        """As intake takes it."""
        return rpc.RecordIntervention(
            case_id=uuid_text("caseId", self.case_id), intervention=self.intervention
        )


@strawberry.input
class RecordOutcomeInput:
    """How it ended."""

    idempotency_key: strawberry.ID
    case_id: strawberry.ID
    outcome: str = strawberry.field(description="An outcome of the taxonomy.")
    route: str = strawberry.field(description="A route of the taxonomy.")

    def request(self) -> rpc.RecordOutcome:
        """As intake takes it."""
        return rpc.RecordOutcome(
            case_id=uuid_text("caseId", self.case_id), outcome=self.outcome, route=self.route
        )


@strawberry.input
class CloseCaseInput:
    """A case that has an outcome."""

    idempotency_key: strawberry.ID
    case_id: strawberry.ID

    def request(self) -> rpc.CloseCase:
        """As intake takes it."""
        return rpc.CloseCase(case_id=uuid_text("caseId", self.case_id))


@strawberry.type
class CasePayload:
    """What every command on a case gives back."""

    case_id: strawberry.ID
    position: int = strawberry.field(
        description="Place of the change in the organisation's ledger."
    )

    @described("The case after the change. Asking for it is a look of its own.")
    async def case(self, info: Info) -> Case | None:
        """Asks intake."""
        return await own_case(info, self.case_id)

    @classmethod
    def of(cls, done: rpc.Done) -> Self:
        """From intake's answer."""
        return cls(case_id=strawberry.ID(done.id), position=done.position)


@strawberry.type
class OpenCasePayload(CasePayload):
    """The case is open."""


@strawberry.type
class SendMessagePayload(CasePayload):
    """The message stands in the case."""


@strawberry.type
class RecordConversationPayload(CasePayload):
    """The conversation is recorded."""


@strawberry.type
class RecordInterventionPayload(CasePayload):
    """The intervention is recorded."""


@strawberry.type
class RecordOutcomePayload(CasePayload):
    """The outcome is recorded."""


@strawberry.type
class CloseCasePayload(CasePayload):
    """The case is closed."""


OpenCaseResult = Annotated[
    OpenCasePayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("OpenCaseResult"),
]
SendMessageResult = Annotated[
    SendMessagePayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("SendMessageResult"),
]
RecordConversationResult = Annotated[
    RecordConversationPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("RecordConversationResult"),
]
RecordInterventionResult = Annotated[
    RecordInterventionPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("RecordInterventionResult"),
]
RecordOutcomeResult = Annotated[
    RecordOutcomePayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("RecordOutcomeResult"),
]
CloseCaseResult = Annotated[
    CloseCasePayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("CloseCaseResult"),
]


@strawberry.type
class CaseMutation:
    """Changes of cases."""

    @change("Open a case with sealed words and coded facts.")
    async def open_case(self, info: Info, input: OpenCaseInput) -> OpenCaseResult:
        """Asks intake."""
        return await command(info, "intake.open_case", input, rpc.Done, OpenCasePayload.of)

    @change("Say something to the reporter of a case, sealed to both of you.")
    async def send_message(self, info: Info, input: SendMessageInput) -> SendMessageResult:
        """Asks intake."""
        return await command(info, "intake.send_message", input, rpc.Done, SendMessagePayload.of)

    @change("Record a conversation with sealed minutes.")
    async def record_conversation(
        self, info: Info, input: RecordConversationInput
    ) -> RecordConversationResult:
        """Asks intake."""
        return await command(
            info, "intake.record_conversation", input, rpc.Done, RecordConversationPayload.of
        )

    @change("Record what was done.")
    async def record_intervention(
        self, info: Info, input: RecordInterventionInput
    ) -> RecordInterventionResult:
        """Asks intake."""
        return await command(
            info, "intake.record_intervention", input, rpc.Done, RecordInterventionPayload.of
        )

    @change("Record how it ended, and by which route.")
    async def record_outcome(self, info: Info, input: RecordOutcomeInput) -> RecordOutcomeResult:
        """Asks intake."""
        return await command(
            info, "intake.record_outcome", input, rpc.Done, RecordOutcomePayload.of
        )

    @change("Close a case that has an outcome.")
    async def close_case(self, info: Info, input: CloseCaseInput) -> CloseCaseResult:
        """Asks intake."""
        return await command(info, "intake.close_case", input, rpc.Done, CloseCasePayload.of)


_COMMANDS = {
    "openCase": "channel anonymity reporterRole relation category unitId words record statement avoids",
    "sendMessage": "words",
    "recordConversation": "mode minutes",
    "recordIntervention": "intervention",
    "recordOutcome": "outcome route",
    "closeCase": "",
}

_ABOUT_CASES = (
    "myData disclosures disclosure requestDisclosure confirmDisclosure informReporter subjectAccesses "
    "subjectAccess requestSubjectAccess proposeRedaction reviewRedaction nameParties subjectMatches "
    "reseal handOver consentToHandOver requestRecovery approveRecovery recoveries recoveredWords lostCases "
    "keepRecord correctFacts draftMinutes correctMinutes signOffMinutes proposeStep decideStep takeStep "
    "giveConsent withdrawConsent tellWithConsent saySatisfaction planAftercare giveAftercare reopenCase "
    "recordStatement avoidAdviser"
)
"""Fields of other modules that are work on a case."""

QUIET_FIELDS = frozenset(
    {"cases", "case", "caseloadAlerts", "myCase", *_COMMANDS, *_ABOUT_CASES.split()}
)
"""Root fields that leave no span, no metric and no count: when a case is worked on is nobody's to
read. The services hold to the same for their verbs (Definition.quiet)."""

_BOTH = frozenset({"openCase", "sendMessage"})
"""What a reporter may do too."""


def _who(name: str) -> frozenset[Role]:
    return ADVISER | REPORTER if name in _BOTH else ADVISER


ACCESS = table(
    grant("Query", ADVISER, "caseloadAlerts"),
    grant("CaseloadAlert", ADVISER, "kind theme unitId caseIds expected"),
    grant(
        "Query",
        ADVISER,
        "cases cases(first:) cases(after:) cases(atLeast:) case case(id:) case(atLeast:)",
    ),
    grant("CaseConnection", ADVISER, "edges pageInfo"),
    grant("CaseEdge", ADVISER, "node cursor"),
    grant("CaseSummary", ADVISER, "id status category openedWeek conversations reseal"),
    grant(
        "Case",
        ADVISER,
        "id status channel anonymity reporterRole relation category unitId record outcome route "
        "openedWeek replyKey minutes ladder consents satisfaction aftercare statement avoided entries "
        "disadvantages protection reportDecided convertedOn time",
    ),
    grant("TimeSpent", ADVISER, "activity quarters"),
    grant("CaseEntry", ADVISER, "kind week version code ref sealed signature signedBy"),
    grant("OpenCaseInput", REPORTER, "adviserId replyKey"),
    grant("OpenCaseInput", ADVISER, "parties"),
    grant("PartyTokenInput", ADVISER, "role token"),
    *(
        grant(name, ADVISER, "signature")
        for name in ("OpenCaseInput", "SendMessageInput", "RecordConversationInput")
    ),
    *(
        mutation(name, _who(name), f"caseId {fields}", "caseId")
        for name, fields in _COMMANDS.items()
    ),
    # A position is the size of the organisation's ledger: how much goes on is not a reporter's.
    *(grant(f"{title(name)}Payload", ADVISER, "position case") for name in _COMMANDS),
)
