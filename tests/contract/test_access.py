"""The access table against the schema: who may ask what, and that nothing more is told."""

from __future__ import annotations

import functools
import itertools
import json
import re
from collections.abc import Iterable

import pytest
from graphql import (
    DocumentNode,
    GraphQLSchema,
    ValidationRule,
    introspection_types,
    parse,
    specified_rules,
    validate,
)

from services.gateway.access import (
    ACCESS,
    AccessProblem,
    coordinates,
    role_schemas,
    served_schemas,
    whole_schema,
)
from services.gateway.execution import _QUIET_FIELDS, _refused
from services.gateway.grants import EVERY_ROLE, grant, table
from services.gateway.operations import Documents, Refused, _rule_of, _rules
from services.gateway.report_files import READERS as PDF_READERS
from services.gateway.schema.base import TOP_LEVEL, USER_ERRORS, camel_case
from services.intake.service import DEFINITION as INTAKE
from services.signals.service import DEFINITION as SIGNALS
from shared.contracts.errors import CATALOGUE, Code
from shared.contracts.rpc import VERBS
from shared.identity.roles import Role
from shared.runtime.service import Definition
from tests.probes import Probes

WHOLE = whole_schema()
SCHEMAS = served_schemas()
ALL = Probes(WHOLE)
OF_ROLE = {role: Probes(schema) for role, schema in SCHEMAS.items()}
PROBES = {role: ALL.through(probes) for role, probes in OF_ROLE.items()}
RULES = {rule.__name__.removesuffix("Rule") for rule in specified_rules}
DOCUMENTS = {role: Documents(schema, keep=0) for role, schema in SCHEMAS.items()}


@functools.cache
def errors_of(role: Role, document: str) -> str:
    """What a role is told of a document, as the text that leaves; empty if it is valid."""
    try:
        DOCUMENTS[role].prepare(document)
    except Refused as refused:
        return json.dumps(_refused(refused.problems, "en").errors)
    return ""


def test_every_coordinate_is_classified() -> None:
    """A new field is nobody's until it stands in the table; a field that went leaves no row."""
    assert coordinates(WHOLE) == set(ACCESS)


@pytest.mark.parametrize("coordinate", ["Query.case", "Query.case(id:)", "OpenCaseInput.words"])
def test_an_unclassified_coordinate_stops_the_start(coordinate: str) -> None:
    """Without its row the gateway does not start, and says which row is missing."""
    access = {name: roles for name, roles in ACCESS.items() if name != coordinate}

    with pytest.raises(AccessProblem, match="Not classified") as caught:
        role_schemas(WHOLE, access)

    assert coordinate in str(caught.value)


def test_a_row_for_nothing_stops_the_start() -> None:
    """A row whose field is gone is found."""
    with pytest.raises(AccessProblem, match=r"Query\.gone"):
        role_schemas(WHOLE, ACCESS | {"Query.gone": frozenset({Role.HR})})


@pytest.mark.parametrize(
    ("coordinate", "complaint"),
    [
        ("Query.report(id:)", r"Query\.report is for"),
        ("OpenCaseInput.words", "required field"),
        ("Session.role", "nothing of its type Session"),
    ],
)
def test_a_grant_that_could_not_be_used_stops_the_start(coordinate: str, complaint: str) -> None:
    """A field without its required argument, required input or any of its type is an error."""
    with pytest.raises(AccessProblem, match=complaint):
        role_schemas(WHOLE, ACCESS | {coordinate: frozenset()})


def test_a_coordinate_is_granted_once() -> None:
    """Two rows for one coordinate would hide which one holds."""
    with pytest.raises(ValueError, match=r"Query\.x"):
        table(grant("Query", EVERY_ROLE, "x"), grant("Query", frozenset(), "x"))


@pytest.mark.parametrize("role", SCHEMAS)
def test_a_roles_schema_is_its_rows(role: Role) -> None:
    """What is granted is reachable, and what is not granted is not there."""
    granted = {coordinate for coordinate, roles in ACCESS.items() if role in roles}

    assert granted == coordinates(SCHEMAS[role])


def test_types_without_a_granted_member_are_gone() -> None:
    """Of what a role may not see, not even the name of a type, an enum or a union stays."""
    names = {role: set(schema.type_map) - set(introspection_types) for role, schema in _schemas()}

    assert {"Case", "OpenCaseInput", "OpenCaseResult", "CaseStatus"}.isdisjoint(names[Role.HR])
    assert "Mutation" not in names[Role.INTEGRATION]
    assert {"Release", "Report", "Unit", "Mutation", "Sealed"}.isdisjoint(names[Role.AUDITOR])
    assert "Organisation" not in names[Role.ADMIN]


def _schemas() -> list[tuple[Role, GraphQLSchema]]:
    return list(SCHEMAS.items())


COORDINATES = [*ACCESS, *ALL.values()]
"""What can be asked or given: fields, arguments, input fields, and values of enumerations."""

TOGETHER = 50
"""So many probes in one document."""

ABOUT_THE_SCHEMA = [rule for rule in _rules() if issubclass(rule, ValidationRule)]
"""GraphQL's rules without those that look at a document alone, whatever the schema."""


def hidden_from(role: Role) -> list[str]:
    """What a role may not ask, nor give."""
    values = set(OF_ROLE[role].values())
    return [
        coordinate
        for coordinate in COORDINATES
        if coordinate not in values and role not in ACCESS.get(coordinate, ())
    ]


@functools.cache
def parsed(document: str) -> DocumentNode:
    """Read once for all roles."""
    return parse(document, no_location=False)


def problems(role: Role, documents: Iterable[str]) -> dict[str, set[tuple[str, int]]]:
    """Document → the rules that it breaks, each with the column.

    Many are asked as one: every line of it is one document's root field, under an alias. What a line is
    told does not hang on its neighbours.
    """
    kinds: dict[str, dict[str, str]] = {}
    for document in documents:
        found = re.fullmatch(r"(\w+) \{ (.*) \}", document)
        assert found
        kinds.setdefault(found[1], {})[document] = found[2]
    told: dict[str, set[tuple[str, int]]] = {}
    for kind, lines in kinds.items():
        waiting = iter(lines.items())
        while batch := list(itertools.islice(waiting, 1 if kind == "subscription" else TOGETHER)):
            text = "\n".join(f"a{number:04}: {line}" for number, (_, line) in enumerate(batch))
            asked = [document for document, _ in batch]
            told |= {document: set() for document in asked}
            for error in validate(
                SCHEMAS[role],
                parsed(f"{kind} {{\n{text}\n}}"),
                ABOUT_THE_SCHEMA,
                max_errors=100_000,
                hide_suggestions=True,
            ):
                for place in error.locations or ():
                    # In the first line it is the kind of operation, which the role has not at all.
                    about = asked if place.line == 1 else [asked[place.line - 2]]
                    for document in about:
                        told[document].add((_rule_of(error), place.column))
    return told


@pytest.mark.parametrize("role", SCHEMAS)
def test_a_role_may_ask_what_it_is_granted_and_nothing_else(role: Role) -> None:
    """Each coordinate, for each role: granted, an operation that uses it is valid; hidden, it is refused as
    if the name had been invented, by the same rule at the same place.
    """
    hidden = hidden_from(role)
    granted = set(COORDINATES) - set(hidden)
    probes = PROBES[role]
    as_it_is = {coordinate: probes.document(coordinate) for coordinate in COORDINATES}
    invented = {
        coordinate: probes.document(coordinate, name="z" * len(own_name(coordinate)))
        for coordinate in hidden
    }
    told = problems(role, dict.fromkeys([*as_it_is.values(), *invented.values()]))

    assert hidden
    assert [] == [coordinate for coordinate in granted if told[as_it_is[coordinate]]]
    assert [] == [coordinate for coordinate in hidden if not told[as_it_is[coordinate]]]
    assert [] == [
        coordinate
        for coordinate in hidden
        if told[as_it_is[coordinate]] != told[invented[coordinate]]
    ]


def own_name(coordinate: str) -> str:
    """What a coordinate adds to what it lies in."""
    member = coordinate.partition(".")[2]
    return member.partition("(")[2].rstrip(":)") or member


@pytest.mark.parametrize("role", SCHEMAS)
def test_an_error_holds_a_sentence_a_place_and_a_rule(role: Role) -> None:
    """No refused coordinate, type or value is quoted: the error has no room for any. What leaves is the same
    for what is hidden and for what was invented.
    """
    for coordinate in hidden_from(role)[::40]:
        told = errors_of(role, PROBES[role].document(coordinate))
        invented = PROBES[role].document(coordinate, name="z" * len(own_name(coordinate)))
        assert told == errors_of(role, invented)
        for error in json.loads(told):
            assert {"message", "locations", "extensions"} == set(error)
            assert CATALOGUE[Code.INVALID_DOCUMENT].en == error["message"]
            assert {"code": "INVALID_DOCUMENT", "rule": error["extensions"]["rule"]} == (
                error["extensions"]
            )
            assert error["extensions"]["rule"] in RULES


@pytest.mark.parametrize("near", ["cas", "casee", "reportss", "orgnisation"])
def test_a_name_that_is_nearly_right_is_not_put_right(near: str) -> None:
    """No suggestion: it would tell what is there to somebody who guesses."""
    told = errors_of(Role.ADVISER, f"{{ {near} }}")

    assert near not in told
    assert "mean" not in told
    assert errors_of(Role.ADVISER, f"{{ {'z' * len(near)} }}") == told


def test_every_role_has_a_schema() -> None:
    """Nobody who signs in is without an answer to who they are."""
    assert set(Role) == set(SCHEMAS)
    for schema in SCHEMAS.values():
        assert schema.query_type is not None
        assert "session" in schema.query_type.fields


def having(*coordinates_or_types: str) -> set[Role]:
    """The roles whose schema has any of these types or coordinates."""
    wanted = set(coordinates_or_types)
    return {
        role for role, schema in _schemas() if wanted & (coordinates(schema) | set(schema.type_map))
    }


LEADERS = {Role.HR, Role.BOARD, Role.WORKS_COUNCIL}
SECOND = {Role.COORDINATOR, Role.WORKS_COUNCIL}

# Who has what, written down a second time, from the roles' meaning and not from the table.
HOLDERS = {
    "sealed words": (
        ["Sealed", "SealedInput"],
        {Role.ADVISER, Role.REPORTER, Role.REPORT_OFFICER, Role.COMPLAINTS_OFFICER},
    ),
    "complaints about advisers": (
        [
            "Query.complaints",
            "Query.complaint",
            "ComplaintConnection",
            "Mutation.acknowledgeComplaint",
            "Mutation.hearComplaint",
            "Mutation.answerComplaint",
        ],
        {Role.COMPLAINTS_OFFICER},
    ),
    "an adviser's own time": (
        ["Query.myTime", "MyTime", "TimeEntry", "Mutation.recordTime", "Mutation.withdrawTime"],
        {Role.ADVISER},
    ),
    "the time of all, rounded": (
        ["Query.timeTotals", "TimeTotal"],
        {Role.ADVISER, Role.COORDINATOR},
    ),
    "private notes and peer consultation": (
        [
            "Query.myNotes",
            "Note",
            "Mutation.writeNote",
            "Mutation.eraseNote",
            "Query.peerConsultations",
            "Query.peerConsultation",
            "PeerConsultation",
            "Mutation.sharePeerConsultation",
            "Mutation.answerPeerConsultation",
            "Mutation.endPeerConsultation",
        ],
        {Role.ADVISER},
    ),
    "a complaint of one's own": (
        ["Query.myComplaints", "Mutation.fileComplaint", "Mutation.decideAdviserTold"],
        {Role.REPORTER},
    ),
    "a complaint": (
        ["Complaint", "ComplaintEntry", "Mutation.writeInComplaint", "Mutation.closeComplaint"],
        {Role.REPORTER, Role.COMPLAINTS_OFFICER},
    ),
    "who hears complaints": (
        ["Mutation.designateComplaintsOfficer", "Mutation.releaseComplaintsOfficer"],
        SECOND,
    ),
    "a case of which one is the adviser": (
        [
            "Query.case",
            "Query.cases",
            "Query.caseloadAlerts",
            "Case",
            "CaseSummary",
            "CaseEntry",
            "CaseloadAlert",
        ],
        {Role.ADVISER},
    ),
    "a case of one's own": (
        ["Query.myCase", "MyCase", "Message", "Query.myData", "MyData", "HeldEntry"],
        {Role.REPORTER},
    ),
    "breaking confidentiality": (
        [
            "Query.disclosures",
            "Query.disclosure",
            "Disclosure",
            "DisclosureSummary",
            "Mutation.requestDisclosure",
            "Mutation.confirmDisclosure",
            "Mutation.informReporter",
        ],
        {Role.ADVISER},
    ),
    "that confidentiality was broken": (
        ["Query.disclosureLog", "DisclosureLog", "DisclosureStep"],
        {Role.AUDITOR},
    ),
    "what the person a case is about may see": (
        [
            "Query.subjectAccesses",
            "Query.subjectAccess",
            "SubjectAccess",
            "SubjectAccessSummary",
            "Mutation.requestSubjectAccess",
            "Mutation.proposeRedaction",
            "Mutation.reviewRedaction",
        ],
        {Role.ADVISER},
    ),
    "a change in a case": (
        ["Mutation.openCase", "Mutation.sendMessage"],
        {Role.ADVISER, Role.REPORTER},
    ),
    "an adviser's work on a case": (
        [
            "Mutation.recordConversation",
            "Mutation.recordIntervention",
            "Mutation.recordOutcome",
            "Mutation.closeCase",
            "Mutation.importRegister",
            "Mutation.importPublished",
        ],
        {Role.ADVISER},
    ),
    "statistics": (
        [
            "Query.statistics",
            "Release",
            "ReleasedCell",
            "WithheldBlock",
            "Query.earlyWarning",
            "EarlyWarning",
            "WarningTold",
            "Trend",
            "Explanation",
        ],
        LEADERS | {Role.ADVISER, Role.INTEGRATION, Role.MANAGER},
    ),
    "what statistics cost, and those of others": (
        [
            "Query.publishedElsewhere",
            "PublishedRelease",
            "Query.privacyBudget",
            "PrivacyBudget",
        ],
        LEADERS | {Role.ADVISER, Role.INTEGRATION},
    ),
    "released signals": (
        ["Query.signals", "Signal", "SignalContent"],
        LEADERS | {Role.ADVISER, Role.MANAGER, Role.INTEGRATION},
    ),
    "free text of a signal, which no program forwards": (
        ["Signal.text"],
        LEADERS | {Role.ADVISER, Role.MANAGER},
    ),
    "where series of figures break": (
        ["Query.seriesBreaks", "SeriesBreak"],
        LEADERS | {Role.ADVISER},
    ),
    "recording where they break": (
        ["Mutation.recordSeriesBreak", "Mutation.withdrawSeriesBreak"],
        {Role.ADVISER},
    ),
    "asking employees": (
        ["Mutation.openPulse", "Mutation.issuePulseTokens", "Mutation.tellLaggingIndicator"],
        {Role.ADVISER, Role.HR},
    ),
    "answering without a name": (["Mutation.answerPulse"], {Role.EMPLOYEE}),
    "what is asked": (["Query.pulses", "Pulse"], {Role.EMPLOYEE, Role.ADVISER, Role.HR}),
    "what was answered": (
        ["Query.pulseResults", "PulseResult", "PulseTable"],
        LEADERS | {Role.ADVISER, Role.MANAGER},
    ),
    "one number for the culture": (
        ["Query.barometer", "Barometer", "BarometerPoint", "BarometerComponent"],
        LEADERS | {Role.ADVISER, Role.EMPLOYEE},
    ),
    "how far norms are": (
        ["Query.maturity", "MaturityClaim", "MaturityEvidence"],
        LEADERS | {Role.ADVISER},
    ),
    "saying how far norms are": (
        ["Mutation.assessMaturity"],
        {Role.ADVISER, Role.WORKS_COUNCIL, Role.BOARD},
    ),
    "signals in the making": (
        [
            "Query.signalDrafts",
            "Query.signalDraft",
            "SignalDraft",
            "Mutation.draftSignal",
            "Mutation.reviseSignal",
            "Mutation.reviewSignal",
            "Mutation.withdrawSignal",
        ],
        {Role.ADVISER},
    ),
    "the planner": (
        ["Query.planGrid", "GridPlan", "UnitInput"],
        {Role.ADMIN, Role.ADVISER, Role.HR, Role.WORKS_COUNCIL},
    ),
    "reports": (
        ["Query.reports", "Query.report", "Report", "ReportSummary", "ReportSection"],
        LEADERS | {Role.ADVISER, Role.EMPLOYEE, Role.MANAGER, Role.COORDINATOR},
    ),
    "figures of a report as they were released": (
        ["Report.release", "Report.tables"],
        LEADERS | {Role.ADVISER},
    ),
    "exact numbers that laws ask for": (
        [
            "Query.formalNumbers",
            "FormalNumbers",
            "EnteredNumbers",
            "FormalCounter",
            "AskedByLaw",
            "AskedCounter",
        ],
        LEADERS | {Role.ADVISER, Role.COORDINATOR, Role.REPORT_OFFICER},
    ),
    "entering them": (
        ["Mutation.enterFormalNumbers"],
        {Role.COORDINATOR, Role.REPORT_OFFICER},
    ),
    "texts that serve a law": (
        ["Query.complianceText", "ComplianceText"],
        LEADERS | {Role.ADVISER},
    ),
    "from strategy to what was told of it": (
        [
            "Query.strategyChain",
            "Query.policyGaps",
            "ChainGoal",
            "ChainPolicy",
            "ChainEntry",
            "ChainSignal",
            "PolicyGaps",
            "PolicyGap",
            "ValueLived",
            "LivedFigure",
            "PolicySaid",
        ],
        LEADERS | {Role.ADVISER},
    ),
    "that a report was read": (["Mutation.acknowledgeReport"], LEADERS),
    "of which periods there are reports": (["Mutation.chooseReportCalendar"], {Role.COORDINATOR}),
    "who read a report": (["Report.acknowledgements", "ReportAcknowledgement"], {Role.ADVISER}),
    "drafts and what becomes of them": (
        [
            "Report.drafts",
            "Mutation.saveInterpretation",
            "Mutation.approveReport",
            "Mutation.publishReport",
        ],
        {Role.ADVISER},
    ),
    "recommending": (
        [
            "Mutation.recommend",
            "Mutation.withdrawRecommendation",
            "Mutation.tellStaff",
            "Mutation.keepActivities",
        ],
        {Role.ADVISER},
    ),
    "answering and acting": (
        [
            "Mutation.decideResponseTerm",
            "Mutation.answerRecommendation",
            "Mutation.planMeasure",
            "Mutation.advanceMeasure",
        ],
        {Role.HR, Role.BOARD},
    ),
    "saying what came of it": (["Mutation.reviewEffect"], {Role.ADVISER, Role.HR, Role.BOARD}),
    "training and coaching": (
        [
            "Mutation.planIntervention",
            "Mutation.holdIntervention",
            "Mutation.cancelIntervention",
        ],
        {Role.ADVISER, Role.HR},
    ),
    "what became of recommendations": (
        [
            "Query.followUp",
            "Query.dueFollowUps",
            "Query.interventions",
            "Query.activities",
            "Measure",
        ],
        LEADERS | {Role.ADVISER},
    ),
    "passing on what staff is told": (["Mutation.passOnTelling"], LEADERS),
    "what staff is told": (
        ["Query.youSaidWeDid", "Telling"],
        LEADERS | {Role.ADVISER, Role.EMPLOYEE, Role.COORDINATOR, Role.MANAGER},
    ),
    "the ledger": (["Query.ledger", "LedgerPage"], {Role.AUDITOR}),
    "which keys the ledger has": (["Query.keyLog", "KeyLog"], {Role.ADVISER}),
    "headcounts": (["Unit.headcount"], LEADERS | {Role.ADVISER}),
    "the advisers' keys": (
        ["Adviser.publicKey", "Adviser.signingKey", "DirectoryKey"],
        {Role.ADVISER, Role.REPORTER, Role.REPORT_OFFICER, Role.COMPLAINTS_OFFICER},
    ),
    "confirming a recovery key": (["Mutation.confirmRecoveryKey"], SECOND),
    "keys of one's own": (
        [
            "Mutation.publishAdviserKey",
        ],
        {Role.ADVISER, Role.REPORT_OFFICER, Role.COMPLAINTS_OFFICER},
    ),
    "a recovery key that is proposed": (["Mutation.publishRecoveryKey"], {Role.ADVISER}),
    "disadvantage that followed": (
        ["Mutation.reportDisadvantage", "Disadvantage"],
        {Role.ADVISER, Role.REPORTER},
    ),
    "making a report of wrongdoing": (["Mutation.convertToWhistleblowerReport"], {Role.ADVISER}),
    "deciding to make one": (["Mutation.decideToReport"], {Role.ADVISER, Role.REPORTER}),
    "what became of one's own report": (["MyReport"], {Role.REPORTER}),
    "the register of reports": (
        [
            "Query.whistleblowerReports",
            "Query.whistleblowerReport",
            "WhistleblowerReport",
            "WhistleblowerReportSummary",
            "ReportTerm",
            "Mutation.confirmWhistleblowerReport",
            "Mutation.followUpWhistleblowerReport",
            "Mutation.giveWhistleblowerFeedback",
            "Mutation.closeWhistleblowerReport",
        ],
        {Role.REPORT_OFFICER},
    ),
    "who receives reports of wrongdoing": (
        ["Mutation.designateReportOfficer", "Mutation.releaseReportOfficer"],
        SECOND,
    ),
    "a device that is gone": (
        ["Mutation.requestRecovery", "Query.lostCases"],
        {Role.ADVISER, Role.COORDINATOR},
    ),
    "the key of a device that is gone": (
        ["Mutation.withdrawAdviserKey"],
        {Role.ADVISER, Role.COORDINATOR, Role.REPORT_OFFICER, Role.COMPLAINTS_OFFICER},
    ),
    "who reads a case": (
        ["Mutation.handOver", "Mutation.reseal", "Query.recoveredWords", "Query.subjectMatches"],
        {Role.ADVISER},
    ),
    "agreeing to a recovery": (["Mutation.approveRecovery"], SECOND),
    "agreeing to a hand-over": (["Mutation.consentToHandOver"], {Role.REPORTER}),
    "advisers at work": (
        [
            "Mutation.describeAdviser",
            "Mutation.recordAbsence",
            "Mutation.endAbsence",
        ],
        {Role.ADMIN, Role.COORDINATOR},
    ),
    "what the organisation stands for, as somebody keeps it": (
        [
            "Mutation.keepStrategyEntry",
            "Mutation.withdrawStrategyEntry",
            "Mutation.linkStrategyEntry",
        ],
        {Role.ADMIN, Role.COORDINATOR},
    ),
    "what is known of a case": (["Mutation.keepRecord", "Mutation.correctFacts"], {Role.ADVISER}),
    "minutes": (["Mutation.draftMinutes", "Minutes"], {Role.ADVISER}),
    "what the reporter decides": (
        ["Mutation.signOffMinutes", "Mutation.decideStep", "Mutation.giveConsent", "Consent"],
        {Role.ADVISER, Role.REPORTER},
    ),
    "what is done on it": (["Mutation.takeStep", "Mutation.tellWithConsent"], {Role.ADVISER}),
    "who advises": (
        ["Mutation.seatAdviser", "Mutation.vacateSeat"],
        {Role.ADMIN, Role.COORDINATOR},
    ),
    "units to come": (["Mutation.planUnits"], {Role.ADMIN, Role.COORDINATOR}),
    "units over time": (
        ["Query.unitHistory", "PlannedUnit"],
        {Role.ADMIN, Role.COORDINATOR, Role.ADVISER},
    ),
    "how busy they are": (["Query.workload", "Workload"], {Role.COORDINATOR}),
    "setting an organisation up": (["Mutation.setUpOrganisation"], {Role.ADMIN}),
}


@pytest.mark.parametrize("what", HOLDERS)
def test_what_is_confidential_has_its_holders_and_no_others(what: str) -> None:
    """Each of these is in the schemas of exactly the roles that it is meant for."""
    wanted, holders = HOLDERS[what]
    known = coordinates(WHOLE) | set(WHOLE.type_map)

    assert [] == [name for name in wanted if name not in known]
    for name in wanted:
        assert holders == having(name), name


def test_a_reporter_sees_their_own_case_and_nothing_around_it() -> None:
    """No position (how much goes on), ledger, headcount, figure, report, or case of another."""
    seen = coordinates(SCHEMAS[Role.REPORTER])
    # What is held about themself has names of its own, and leads to no Case either.
    about_them = {name for name in seen if name.startswith("MyData.")}
    about_them |= {"OpenReporterSessionPayload.token"}  # their own
    fields = {name.partition(".")[2].partition("(")[0] for name in seen - about_them}
    roots = {name for name in seen if re.fullmatch(r"(Query|Mutation)\.\w+", name)}

    assert {
        "Query.session",
        "Query.organisation",
        "Query.adviserChoices",
        "Query.adviserProposal",
        "Query.strategyRegister",
        "Query.taxonomy",
        "Query.myCase",
        "Query.myData",
        "Query.confidentiality",
        "Mutation.openCase",
        "Mutation.sendMessage",
        "Mutation.attachFile",
        "Mutation.requestErasure",
        "Query.erasure",
        "Query.retention",
        "Mutation.consentToHandOver",
        "Mutation.correctMinutes",
        "Mutation.signOffMinutes",
        "Mutation.proposeStep",
        "Mutation.decideStep",
        "Mutation.giveConsent",
        "Mutation.withdrawConsent",
        "Mutation.saySatisfaction",
        "Mutation.reopenCase",
        "Mutation.avoidAdviser",
        "Query.openingStatement",
        "Query.practiceCodes",
        "Query.myComplaints",
        "Mutation.fileComplaint",
        "Mutation.writeInComplaint",
        "Mutation.decideAdviserTold",
        "Mutation.closeComplaint",
        "Query.whistleblowing",
        "Mutation.decideToReport",
        "Mutation.reportDisadvantage",
        "Mutation.openReporterSession",
    } == roots
    assert set() == fields & {
        "position",
        "ledger",
        "headcount",
        "case",
        "cases",
        "conversations",
        "openedWeek",
        "outcome",
        "entries",
        "release",
        "token",
        "statistics",
        "reports",
    }
    # What is in a MyCase leads to no Case: not by any type in between either.
    assert {
        "MyCase.id",
        "MyCase.status",
        "MyCase.adviserId",
        "MyCase.messages",
        "MyCase.disclosures",
        "MyCase.steps",
        "MyCase.minutes",
        "MyCase.ladder",
        "MyCase.consents",
        "MyCase.satisfaction",
        "MyCase.aftercare",
        "MyCase.statement",
        "MyCase.avoided",
        "MyCase.disadvantages",
        "MyCase.protection",
        "MyCase.reportDecided",
        "MyCase.report",
        "MyCase.inLogSince",
    } == {name for name in seen if name.startswith("MyCase.")}


@pytest.mark.parametrize("role", sorted(SECOND))
def test_the_second_pair_of_eyes_sees_no_case(role: Role) -> None:
    """A coordinator and a works council ask for and approve erasures, and see no case."""
    seen = coordinates(SCHEMAS[role])

    assert {"Mutation.requestErasure", "Mutation.approveErasure"} <= seen
    assert not any(name.startswith(("Case.", "MyCase.", "Sealed.")) for name in seen)


@pytest.mark.parametrize(
    "role",
    sorted(
        set(Role)
        - {Role.ADVISER, Role.ADMIN, Role.REPORTER, Role.EMPLOYEE, Role.REPORT_OFFICER}
        - {Role.COMPLAINTS_OFFICER, Role.MANAGER}
        - SECOND
        - LEADERS
    ),
)
def test_who_only_reads_has_no_mutation(role: Role) -> None:
    """Who works on no case, sets nothing up, asks or answers nothing and says nothing of norms changes
    nothing: their schema has no mutation type at all.
    """
    assert SCHEMAS[role].mutation_type is None


@pytest.mark.parametrize("role", [Role.HR, Role.EMPLOYEE, Role.BOARD])
def test_who_asks_and_answers_changes_nothing_else(role: Role) -> None:
    """And is told no place in the ledger, which would say how many cases there are."""
    seen = coordinates(SCHEMAS[role])
    mutations = {name for name in seen if re.fullmatch(r"Mutation\.\w+", name)}

    assert mutations <= {
        "Mutation.openPulse",
        "Mutation.issuePulseTokens",
        "Mutation.answerPulse",
        "Mutation.tellLaggingIndicator",
        "Mutation.importHrFigures",
        "Mutation.keepCostAssumptions",
        "Mutation.assessMaturity",
        "Mutation.acknowledgeReport",
        "Mutation.declareLeadershipLayer",
        "Mutation.withdrawLeadershipLayer",
        "Mutation.giveLeadersView",
        "Mutation.acknowledgeMirror",
        "Mutation.decideResponseTerm",
        "Mutation.answerRecommendation",
        "Mutation.planMeasure",
        "Mutation.advanceMeasure",
        "Mutation.reviewEffect",
        "Mutation.passOnTelling",
        "Mutation.planIntervention",
        "Mutation.holdIntervention",
        "Mutation.cancelIntervention",
    }
    assert not any(name.endswith("Payload.position") for name in seen)


def test_a_pdf_is_for_those_who_see_its_report() -> None:
    """Who may ask for a PDF is who has the path to one in their schema."""
    assert having("Report.pdfPath") == PDF_READERS


def test_every_refusal_has_its_place() -> None:
    """Each code is either a member of a mutation's result or a top-level error, never both."""
    assert set(Code) == set(USER_ERRORS) | set(TOP_LEVEL)
    assert set(USER_ERRORS).isdisjoint(TOP_LEVEL)


WITHOUT_A_FIELD = {
    "reporting.render_report",  # has an address of its own, for its bytes
    "intake.erasure_statements",  # Erasure.statement
    "signals.explanations",  # Release.explanation
    # Bytes, at an address of their own.
    "intake.put_chunk",
    "intake.chunk",
    "intake.sign_out",  # what the provider says, at an address of its own
    "intake.calendar_weeks",  # a calendar, at the address of its secret
    # Files with addresses of their own (C2SP tlog-tiles).
    "intake.published",
    "reporting.published",
    "signals.published",
}


@pytest.mark.parametrize("verb", sorted(set(VERBS) - WITHOUT_A_FIELD))
def test_every_verb_has_a_field(verb: str) -> None:
    """What a service answers can be asked."""
    words = verb.partition(".")[2].split("_")
    name = words[0] + "".join(word.capitalize() for word in words[1:])

    assert {f"Query.{name}", f"Mutation.{name}"} & set(ACCESS)


@pytest.mark.parametrize("service", [INTAKE, SIGNALS], ids=["intake", "signals"])
def test_what_is_quiet_in_a_service_is_quiet_at_the_gateway(service: Definition) -> None:
    """A verb that leaves no span there has a field that leaves none here."""
    fields = {camel_case(verb) for verb in service.quiet}
    without = {camel_case(verb.partition(".")[2]) for verb in WITHOUT_A_FIELD}

    assert set() == fields - _QUIET_FIELDS - without


def test_every_mutation_takes_an_idempotency_key() -> None:
    """Each mutation has one input, and in it a required idempotency key; but for the one that stores
    nothing: a second session is as good as the first.
    """
    mutation = WHOLE.mutation_type
    assert mutation is not None
    for name, field in mutation.fields.items():
        assert ["input"] == list(field.args), name
        if name == "openReporterSession":
            continue
        assert "ID!" == str(
            WHOLE.type_map[f"{name[0].upper()}{name[1:]}Input"].fields["idempotencyKey"].type  # type: ignore[attr-defined]
        )
