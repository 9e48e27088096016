"""The GraphQL documents of the walk, and the first query to try for each role."""

from __future__ import annotations

from typing import Final


def _mutation(name: str, answer: str) -> str:
    title = name[0].upper() + name[1:]
    return (
        f"mutation ($input: {title}Input!) {{ {name}(input: $input) {{ __typename"
        f" ... on {title}Payload {{ {answer} }} ... on UserError {{ code message }} }} }}"
    )


SET_UP_ORGANISATION: Final = _mutation("setUpOrganisation", "position")
PUBLISH_ADVISER_KEY: Final = _mutation("publishAdviserKey", "keyId")
OPEN_CASE: Final = _mutation("openCase", "caseId position")
RECORD_CONVERSATION: Final = _mutation("recordConversation", "position")
RECORD_INTERVENTION: Final = _mutation("recordIntervention", "position")
RECORD_OUTCOME: Final = _mutation("recordOutcome", "position")
CLOSE_CASE: Final = _mutation("closeCase", "position")
SAVE_INTERPRETATION: Final = _mutation("saveInterpretation", "position")
APPROVE_REPORT: Final = _mutation("approveReport", "position")
PUBLISH_REPORT: Final = _mutation("publishReport", "position")
OPEN_PULSE: Final = _mutation("openPulse", "__typename")
ISSUE_PULSE_TOKENS: Final = _mutation("issuePulseTokens", "__typename")
ANSWER_PULSE: Final = _mutation("answerPulse", "__typename")
IMPORT_HR_FIGURES: Final = _mutation("importHrFigures", "__typename")
DRAFT_SIGNAL: Final = _mutation("draftSignal", "__typename")
REVIEW_SIGNAL: Final = _mutation("reviewSignal", "__typename")
ASSESS_MATURITY: Final = _mutation("assessMaturity", "__typename")
RECOMMEND: Final = _mutation("recommend", "id")
ANSWER_RECOMMENDATION: Final = _mutation("answerRecommendation", "id")
PLAN_MEASURE: Final = _mutation("planMeasure", "id")
ADVANCE_MEASURE: Final = _mutation("advanceMeasure", "id")
TELL_STAFF: Final = _mutation("tellStaff", "id")
PASS_ON_TELLING: Final = _mutation("passOnTelling", "id")
PLAN_INTERVENTION: Final = _mutation("planIntervention", "id")
HOLD_INTERVENTION: Final = _mutation("holdIntervention", "id")
KEEP_ACTIVITIES: Final = _mutation("keepActivities", "period")

ORGANISATION: Final = "{ organisation { id name token units { id name headcount } } }"
CASE: Final = "query ($id: ID!) { case(id: $id) { status entries { kind sealed { ciphertext } } } }"
STATISTICS: Final = (
    "{ statistics { period k total cells { code count } withheld { codes count } } }"
)
TABLES: Final = (
    "{ statistics { period dimension total totalMargin labels { code label }"
    " cells { code count margin } withheld { codes thresholds } } }"
)
EXPLANATION: Final = (
    "query ($period: String) { statistics(period: $period) { explanation { inShort budget } } }"
)
BUDGET: Final = "{ privacyBudget { limit periods { period spent } } }"
REPORTS: Final = "{ reports { id period status } }"
REPORT: Final = (
    "query ($id: ID!) { report(id: $id) { period interpretation pdfPath tables { id } } }"
)

REPORT_FORMS: Final = "query ($id: ID!) { report(id: $id) { forms { form language path } } }"

CHAIN: Final = "{ strategyChain { policies { signals { period theme } } } }"

SECTIONS: Final = "query ($id: ID!) { report(id: $id) { sections { code title hasFigures } } }"

FIRST_QUERIES: Final = {
    "adviser": "{ cases(first: 10) { edges { node { id status category openedWeek } } } }",
    "hr": STATISTICS,
    "auditor": "{ ledger(service: INTAKE) { size checkpoint entries { index type week } } }",
}
