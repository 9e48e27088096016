"""How long the schema's lists are, as far as the cost of a document goes.

A size is what an organisation of some thousand people has in practice, rounded up; it is no bound of the
service that answers. A list that stands in neither table counts as `OTHERS`.
"""

from __future__ import annotations

from typing import Final

OTHERS: Final = 5
"""Entries of a list that stands in no table."""

ASKING: Final = 10
"""What a field costs for which a service is asked, or a change made, beside what it holds: each to begin
with, and few below."""

GATHERED: Final = frozenset({"Erasure.statement", "Release.explanation"})
"""Coordinates of fields of entries for which a service is asked once for all of a list: asking costs once,
and each entry 1."""

PAGES: Final[dict[str, int]] = {
    "Query.cases": 100,
    "Query.complaints": 100,
    "Query.myNotes": 100,
    "Query.peerConsultations": 100,
    "Query.disclosureLog": 500,
    "Query.ledger": 500,
}
"""Field with the argument `first` → the most that is taken for it. So much is what it holds counted for; if
the document says fewer, for that part of it."""

SIZES: Final[dict[str, int]] = {
    "CaseConnection.edges": 100,
    "ComplaintConnection.edges": 100,
    "ComplaintConnection.items": 100,
    "NoteConnection.edges": 100,
    "NoteConnection.items": 100,
    "PeerConsultationConnection.edges": 100,
    "PeerConsultationConnection.items": 100,
    "DisclosureLog.steps": 500,
    "LedgerPage.entries": 500,
    "Organisation.units": 100,
    "UnitsOfPeriod.units": 100,
    "UnitsOfPeriod.mapping": 100,
    "Query.unitHistory": 20,
    "KeyLog.entries": 100,
    "Taxonomy.categories": 30,
    "Taxonomy.enums": 80,
    "Case.entries": 50,
    "MyCase.messages": 50,
    "MyData.entries": 50,
    "SubjectAccess.parts": 50,
    "WhistleblowerReport.entries": 50,
    "Complaint.history": 50,
    "MyTime.entries": 100,
    "Query.timeTotals": 50,
    "Query.statistics": 40,
    "Release.cells": 30,
    "Release.labels": 30,
    "Explanation.cells": 30,
    "PublishedRelease.cells": 30,
    "Query.signals": 50,
    "GridPlan.rows": 50,
    "PulseTable.figures": 20,
    "Query.reports": 20,
    "Report.sections": 20,
    "ReportSection.blocks": 3,
    "ReportTable.rows": 15,
    "ReportRow.cells": 5,
    "ReportTable.columns": 6,
    "HrFigures.values": 100,
    "Query.interventions": 50,
    "Query.strategyChain": 10,
    "Organisation.advisers": 10,
    "Organisation.formerAdvisers": 10,
    "ChainPolicy.recommendations": 3,
    "ChainSignal.recommendations": 3,
    "Recommendation.measures": 3,
    "Query.myTasks": 50,
    "Query.disclosures": 20,
    "Query.subjectAccesses": 20,
    "Query.erasures": 20,
    "Query.whistleblowerReports": 20,
    "Query.recoveries": 20,
    "Query.youSaidWeDid": 50,
    "Query.activities": 20,
    "Query.seriesBreaks": 10,
    "Subscription.statisticsReleased": 40,
    "Subscription.signalReleased": 50,
    "Subscription.reportPublished": 20,
    "Subscription.tasksChanged": 50,
    "Query.myComplaints": 10,
    "Query.dueFollowUps": 50,
    "Measure.reviews": 2,
    "Measure.words": 2,
}
"""Coordinate of a list → its entries."""

# A sealed text has a copy for each of its readers, and there are few of them.
SEALED: Final = 4
"""Entries of a list of sealed words, wherever it stands."""
