"""What each value of each enumeration is called on a screen, in English and in Dutch.

They serve twice: as the schema's descriptions, and as the labels of the query `taxonomy`, so that a
front end needs no list of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

Label = tuple[str, str]
"""English, Dutch."""

_CERTIFICATE: Final[Mapping[str, Label]] = {
    "NONE": ("No certificate", "Geen certificaat"),
    "VALID": ("Valid", "Geldig"),
    "EXPIRES": ("Expires soon", "Verloopt binnenkort"),
    "EXPIRED": ("Expired", "Verlopen"),
}
_REPORTER_OR_ADVISER: Final[Mapping[str, Label]] = {
    "REPORTER": ("The reporter", "De melder"),
    "ADVISER": ("The adviser", "De vertrouwenspersoon"),
}
_SPOKEN_OR_WRITTEN: Final[Mapping[str, Label]] = {
    "SPOKEN": ("Spoken", "Mondeling"),
    "WRITTEN": ("In writing", "Schriftelijk"),
}
_IMPORT: Final[Mapping[str, Label]] = {
    "IMPORTED": ("Loaded", "Ingelezen"),
    "ALREADY_IMPORTED": ("Loaded before", "Eerder al ingelezen"),
    "CHECKED": ("Looked at only", "Alleen nagekeken"),
}
_HIGHER_OR_LOWER: Final[Mapping[str, Label]] = {
    "HIGHER": ("Higher", "Hoger"),
    "LOWER": ("Lower", "Lager"),
}
_CANNOT_BE_SAID: Final[Label] = ("Cannot be said", "Niet te zeggen")
_STRUCTURAL_OR_INCIDENT: Final[Mapping[str, Label]] = {
    "STRUCTURAL": ("Structural", "Structureel"),
    "INCIDENT": ("One incident", "Eén incident"),
}

LABELS: Final[Mapping[str, Mapping[str, Label]]] = {
    "Language": {"EN": ("English", "Engels"), "NL": ("Dutch", "Nederlands")},
    "KeyState": {
        "CURRENT": ("In use", "In gebruik"),
        "RETIRED": ("Replaced by a newer key", "Vervangen door een nieuwere sleutel"),
        "LOST": ("Lost", "Verloren"),
        "STOLEN": ("Stolen", "Gestolen"),
        "PROPOSED": ("Proposed, not confirmed", "Voorgesteld, niet bevestigd"),
    },
    "PolicyChoice": {
        "NOISY": ("Figures with noise", "Cijfers met ruis"),
        "EXACT": ("Exact figures in blocks", "Exacte cijfers in blokken"),
    },
    "ProfileChoice": {
        "STANDARD": ("Standard protection", "Gewone bescherming"),
        "STRICT": ("Stricter protection, more noise", "Strengere bescherming, meer ruis"),
    },
    "Dimension": {"CATEGORY": ("By kind", "Per soort"), "UNIT": ("By unit", "Per afdeling")},
    "Availability": {
        "AVAILABLE": ("Takes new cases", "Neemt meldingen aan"),
        "FULL": ("Takes no new cases at present", "Neemt nu geen nieuwe meldingen aan"),
        "ABSENT": ("Away", "Afwezig"),
    },
    "ProposalReason": {
        "CHOSEN": ("The reporter's choice", "Keuze van de melder"),
        "STANDS_IN": ("Stands in", "Vervangt"),
        "LANGUAGE": ("Speaks the language", "Spreekt de taal"),
        "EXPERTISE": ("Knows this kind of matter", "Kent dit soort zaken"),
        "LEAST_LOAD": ("Fewest open cases for the hours", "Minste open meldingen voor de uren"),
        "AVOIDED": ("Not wanted by the reporter", "Niet gewenst door de melder"),
        "OWN_UNIT": ("Works in the same unit", "Werkt op dezelfde afdeling"),
        "SAME_LINE": ("Works in the same line", "Werkt in dezelfde lijn"),
        "ABSENT": ("Away", "Afwezig"),
        "FULL": ("Takes no new cases at present", "Neemt nu geen nieuwe meldingen aan"),
    },
    "CertificateState": _CERTIFICATE,
    "StrategyKind": {
        "POLICY": ("Policy", "Beleid"),
        "VALUE": ("Core value", "Kernwaarde"),
        "THEME": ("Strategic theme", "Strategisch thema"),
    },
    "CaseloadAlertKind": {
        "CLUSTER": ("Several alike", "Meerdere die op elkaar lijken"),
        "RISE": ("More than usual", "Meer dan gewoonlijk"),
        "ONE_SUBJECT": ("About the same person", "Over dezelfde persoon"),
    },
    "CaseStatus": {"OPEN": ("Open", "Open"), "CLOSED": ("Closed", "Gesloten")},
    "MinutesState": {
        "DRAFTED": ("Draft", "Concept"),
        "CORRECTED": ("Corrected by the reporter", "Verbeterd door de melder"),
        "SIGNED_OFF": ("Agreed", "Akkoord"),
    },
    "How": {"CODE": ("With their code", "Met de code"), **_SPOKEN_OR_WRITTEN},
    "StepBy": _REPORTER_OR_ADVISER,
    "StepDecision": {
        "CHOSEN": ("Chosen", "Gekozen"),
        "NOT_NOW": ("Not now", "Nu niet"),
        "DECLINED": ("Declined", "Afgewezen"),
    },
    "ConsentState": {
        "GIVEN": ("Given", "Gegeven"),
        "WITHDRAWN": ("Withdrawn", "Ingetrokken"),
        "EXPIRED": ("Expired", "Verlopen"),
    },
    "StatementHow": {"READ": ("Read", "Gelezen"), "TOLD": ("Told", "Verteld")},
    "DisadvantageBy": _REPORTER_OR_ADVISER,
    "RecoveryReason": {
        "DEVICE_LOST": ("Device lost", "Apparaat verloren"),
        "DEVICE_STOLEN": ("Device stolen", "Apparaat gestolen"),
        "ADVISER_LEFT": ("Adviser has left", "Vertrouwenspersoon is weg"),
        "ADVISER_ABSENT": ("Adviser is away", "Vertrouwenspersoon is afwezig"),
    },
    "Sender": _REPORTER_OR_ADVISER,
    "Step": {
        "CONSENTED": ("You agreed to a hand-over", "U stemde in met overdracht"),
        "HANDED_OVER": ("Handed over", "Overgedragen"),
        "REQUESTED": ("Recovery asked for", "Herstel gevraagd"),
        "APPROVED": ("Recovery approved", "Herstel goedgekeurd"),
        "USED": ("Recovery key used", "Herstelsleutel gebruikt"),
        "RESEALED": ("Sealed anew", "Opnieuw verzegeld"),
    },
    "WhistleblowerReportState": {
        "RECEIVED": ("Received", "Ontvangen"),
        "CONFIRMED": ("Receipt confirmed", "Ontvangst bevestigd"),
        "FOLLOWED_UP": ("Followed up", "Opgevolgd"),
        "FEEDBACK_GIVEN": ("Feedback given", "Teruggekoppeld"),
        "CLOSED": ("Closed", "Gesloten"),
    },
    "DisclosureDecision": {
        "REQUESTED": ("Waits for the second adviser", "Wacht op de tweede vertrouwenspersoon"),
        "CONFIRMED": ("Confirmed", "Bevestigd"),
        "REFUSED": ("Refused", "Geweigerd"),
    },
    "Told": {
        "INFORMED": ("Reporter informed", "Melder geïnformeerd"),
        "NOT_INFORMED": ("Not informed, for a reason", "Niet geïnformeerd, met reden"),
    },
    "Holds": {
        "YES": ("Yes", "Ja"),
        "NO": ("No", "Nee"),
        "NOT_APPLICABLE": ("Does not apply", "Niet van toepassing"),
    },
    "DisclosureActor": {
        "ADVISER": ("The adviser", "De vertrouwenspersoon"),
        "SECOND_ADVISER": ("The second adviser", "De tweede vertrouwenspersoon"),
    },
    "SubjectAccessStep": {
        "REQUESTED": ("Asked for", "Gevraagd"),
        "PROPOSED": ("Redaction proposed", "Zwartlakken voorgesteld"),
        "RETURNED": ("Sent back", "Teruggegeven"),
        "APPROVED": ("Approved", "Goedgekeurd"),
    },
    "TermStage": {
        "RUNNING": ("Running", "Loopt"),
        "SOON": ("Ends soon", "Loopt bijna af"),
        "OVERDUE": ("Overdue", "Te laat"),
        "ESCALATED": ("Overdue, coordinator told", "Te laat, coördinator ingelicht"),
        "PAUSED": ("Paused", "Stilgezet"),
    },
    "ComplaintStatus": {
        "RECEIVED": ("Received", "Ontvangen"),
        "ACKNOWLEDGED": ("Receipt confirmed", "Ontvangst bevestigd"),
        "HEARD": ("Both sides heard", "Hoor en wederhoor gedaan"),
        "ANSWERED": ("Answered", "Beantwoord"),
        "CLOSED": ("Closed", "Gesloten"),
    },
    "ComplaintEntryKind": {
        "RECEIVED": ("Received", "Ontvangen"),
        "ACKNOWLEDGED": ("Receipt confirmed", "Ontvangst bevestigd"),
        "WRITTEN": ("Message", "Bericht"),
        "HEARD": ("Somebody was heard", "Iemand gehoord"),
        "TELLING_DECIDED": ("Decided whether the adviser is told", "Besloten over inlichten"),
        "ANSWERED": ("Answered", "Beantwoord"),
        "CLOSED": ("Closed", "Gesloten"),
    },
    "ComplaintSender": {
        "REPORTER": ("Who complains", "De klager"),
        "OFFICER": ("The complaints officer", "De klachtenfunctionaris"),
    },
    "ComplaintParty": {
        "REPORTER": ("Who complains", "De klager"),
        "ADVISER": ("The adviser", "De vertrouwenspersoon"),
    },
    "ComplaintHearing": {
        **_SPOKEN_OR_WRITTEN,
        "WAIVED": ("Did not want to be heard", "Zag af van horen"),
    },
    "ComplaintClosing": {
        "ANSWERED": ("Answered", "Beantwoord"),
        "WITHDRAWN": ("Withdrawn", "Ingetrokken"),
    },
    "ErasureGround": {
        "REPORTER": ("Asked by the reporter", "Gevraagd door de melder"),
        "RETENTION": ("Retention is over", "Bewaartermijn voorbij"),
        "COURT_ORDER": ("Ordered by a court", "Bevel van de rechter"),
    },
    "ErasureStatus": {
        "REQUESTED": ("Asked for", "Gevraagd"),
        "ERASED": ("Erased", "Vernietigd"),
    },
    "ErasureRole": {
        **_REPORTER_OR_ADVISER,
        "COORDINATOR": ("The coordinator", "De coördinator"),
        "WORKS_COUNCIL": ("The works council", "De ondernemingsraad"),
        "RULE": ("The retention rule", "De bewaartermijn"),
    },
    "PointKind": {
        "COVERS": ("What stays between us", "Wat onder ons blijft"),
        "ENDS": ("Where confidentiality ends", "Waar vertrouwelijkheid ophoudt"),
    },
    "EvidenceKind": {
        "FIGURE": ("Released figure", "Vrijgegeven cijfer"),
        "WARNING": ("Early warning", "Vroege waarschuwing"),
    },
    "SignalStatus": {
        "DRAFTED": ("Draft", "Concept"),
        "RETURNED": ("Sent back", "Teruggegeven"),
        "APPROVED": ("Approved", "Goedgekeurd"),
        "RELEASED": ("Released", "Vrijgegeven"),
        "WITHDRAWN": ("Withdrawn", "Ingetrokken"),
    },
    "WarningKind": {
        "JUMP": ("Sudden rise", "Plotselinge stijging"),
        "PERSISTENT": ("Lasting rise", "Aanhoudende stijging"),
    },
    "UnwatchedReason": {
        "RELEASED_YEARLY": ("Released once a year", "Eens per jaar vrijgegeven"),
        "TOO_FEW_WINDOWS": ("Too few figures before it", "Te weinig eerdere cijfers"),
        "TOO_FEW_CASES": ("Too few cases", "Te weinig meldingen"),
        "TOO_MUCH_NOISE": ("Too much noise", "Te veel ruis"),
        "UNKNOWN_DETECTOR": ("Unknown rule", "Onbekende regel"),
    },
    "TrendKind": {
        "NEW": ("New", "Nieuw"),
        "RETURNING": ("Back again", "Terug"),
        "RISING": ("Rising", "Stijgend"),
        "DECLINING": ("Declining", "Dalend"),
        "RECURRING": ("Recurring", "Terugkerend"),
        "STEADY": ("Steady", "Gelijk"),
        "UNKNOWN": ("Too few figures", "Te weinig cijfers"),
    },
    "ChangeKind": {
        "MORE": ("More", "Meer"),
        "FEWER": ("Fewer", "Minder"),
        "SAME": ("Same within the margin", "Gelijk binnen de marge"),
        "UNKNOWN": ("Nothing to compare with", "Niets om mee te vergelijken"),
    },
    "LaggingIndicator": {
        "FORMAL_COMPLAINT": ("Formal complaint", "Formele klacht"),
        "ABSENCE_RISE": ("Absence rose", "Verzuim gestegen"),
    },
    "NoLeadTime": {
        "NO_WARNING": ("Nothing was warned of", "Niet gewaarschuwd"),
        "NOT_TOLD": ("None was told", "Niet opgegeven"),
    },
    "Grain": {
        "YEAR": ("Year", "Jaar"),
        "HALF_YEAR": ("Half-year", "Halfjaar"),
        "QUARTER": ("Quarter", "Kwartaal"),
    },
    "Verdict": {
        "MEASURED": ("Measured", "Gemeten"),
        "SUMMED": ("Added up", "Opgeteld"),
        "REFUSED": ("Not offered", "Niet aangeboden"),
    },
    "BarometerChange": {
        **_HIGHER_OR_LOWER,
        "NO_CLEAR_CHANGE": ("No clear change", "Geen duidelijke verandering"),
        "NOT_COMPARABLE": ("Not comparable", "Niet vergelijkbaar"),
    },
    "CultureNorm": {
        "RESPECT": ("Respect", "Respect"),
        "OPENNESS": ("Openness", "Openheid"),
        "INCLUSION": ("Inclusion", "Inclusie"),
    },
    "MaturityEvidenceKind": {
        "FIGURE": ("Released figure", "Vrijgegeven cijfer"),
        "PULSE": ("Pulse", "Pulsmeting"),
        "MEASURE": ("Measure", "Maatregel"),
    },
    "ReportStatus": {
        "DRAFTED": ("Draft", "Concept"),
        "APPROVED": ("Approved", "Goedgekeurd"),
        "PUBLISHED": ("Published", "Gepubliceerd"),
    },
    "Audience": {
        "HR": ("HR", "HR"),
        "BOARD": ("Board", "Bestuur"),
        "WORKS_COUNCIL": ("Works council", "Ondernemingsraad"),
        "ALL_STAFF": ("All staff", "Alle medewerkers"),
    },
    "ReportUnit": {
        "PERSONS": ("Persons", "Personen"),
        "CASES": ("Cases", "Meldingen"),
        "CONVERSATIONS": ("Conversations", "Gesprekken"),
        "ISSUES": ("Issues", "Kwesties"),
        "FORMAL_COMPLAINTS": ("Formal complaints", "Formele klachten"),
        "PER_100": ("Per 100 employees", "Per 100 medewerkers"),
        "PERCENT": ("Percent", "Procent"),
        "HOURS": ("Hours", "Uren"),
        "DAYS": ("Days", "Dagen"),
        "POINTS": ("Points", "Punten"),
        "NUMBER": ("Number", "Aantal"),
    },
    "ReportCellKind": {
        "SHOWN": ("Figure", "Cijfer"),
        "BELOW": ("Below the threshold", "Onder de ondergrens"),
        "WITHHELD": ("Not shown", "Niet getoond"),
        "ABSENT": ("No figure", "Geen cijfer"),
        "SAID": ("In words", "In woorden"),
    },
    "ReportChart": {
        "NONE": ("No drawing", "Geen tekening"),
        "BARS": ("Bars", "Staven"),
        "SERIES": ("Lines over time", "Lijnen in de tijd"),
    },
    "ReportCalendar": {
        "HALF_YEAR": ("Half-years", "Halve jaren"),
        "YEAR": ("Years", "Jaren"),
        "ACADEMIC_YEAR": ("Academic years", "Studiejaren"),
        "SHORT_PERIOD": ("Shorter periods", "Kortere perioden"),
    },
    "HrTogetherVerdict": {
        "TOO_FEW": ("Too few figures", "Te weinig cijfers"),
        "NOT_VISIBLE": ("Nothing to be seen", "Niets te zien"),
        "SAME_WAY": ("Move the same way", "Bewegen dezelfde kant op"),
        "OPPOSITE_WAYS": ("Move opposite ways", "Bewegen tegengesteld"),
    },
    "RecommendationKind": _STRUCTURAL_OR_INCIDENT,
    "RecommendationAnswer": {
        "ACCEPTED": ("Accepted", "Overgenomen"),
        "PARTLY": ("Accepted in part", "Deels overgenomen"),
        "DECLINED": ("Not accepted", "Niet overgenomen"),
    },
    "MeasureKind": {**_STRUCTURAL_OR_INCIDENT, "POLICY": ("Change of policy", "Beleidswijziging")},
    "MeasureStatus": {
        "PLANNED": ("Planned", "Gepland"),
        "STARTED": ("Begun", "Begonnen"),
        "DONE": ("Done", "Uitgevoerd"),
        "STOPPED": ("Stopped", "Gestopt"),
    },
    "GapBand": {
        "NONE": ("No figure", "Geen cijfer"),
        "SMALL": ("Small", "Klein"),
        "MODERATE": ("Moderate", "Matig"),
        "WIDE": ("Wide", "Groot"),
    },
    "FormalLaw": {
        "COMPLAINTS": ("Complaints procedure", "Klachtenregeling"),
        "ESRS_S1_17": ("ESRS S1-17", "ESRS S1-17"),
        "GRI_406_1": ("GRI 406-1", "GRI 406-1"),
        "WBK": ("House for Whistleblowers Act", "Wet bescherming klokkenluiders"),
    },
    "ComplianceTextKind": {
        "WORKS_COUNCIL": ("For the works council", "Voor de ondernemingsraad"),
        "RISK_INVENTORY": ("For the risk inventory", "Voor de RI&E"),
        "IMPACT_ASSESSMENT": ("For the data protection assessment", "Voor de DPIA"),
    },
    "SeriesBreakKind": {
        "REGISTRATION": ("Recorded otherwise", "Anders geregistreerd"),
        "TAXONOMY": ("Other codes", "Andere codes"),
        "REORGANISATION": ("Reorganisation", "Reorganisatie"),
        "OTHER": ("Something else", "Iets anders"),
    },
    "MirrorStage": {
        "OPENED": ("Open for leaders", "Open voor leidinggevenden"),
        "COMPOSED": ("Made", "Gemaakt"),
        "SHARED": ("Shared", "Gedeeld"),
        "ACKNOWLEDGED": ("Read and answered", "Gelezen en beantwoord"),
    },
    "MirrorView": {
        "ALIKE": ("Alike", "Gelijk"),
        "MORE_FAVOURABLE": ("Leaders more favourable", "Leidinggevenden gunstiger"),
        "LESS_FAVOURABLE": ("Leaders less favourable", "Leidinggevenden minder gunstig"),
        "CANNOT_BE_SAID": _CANNOT_BE_SAID,
    },
    "MirrorChange": {
        **_HIGHER_OR_LOWER,
        "NOT_CLEAR": ("Not clear", "Niet duidelijk"),
        "CANNOT_BE_SAID": _CANNOT_BE_SAID,
    },
    "MirrorThemeView": {
        "EXPECTED": ("Expected by leaders", "Verwacht door leidinggevenden"),
        "NOT_EXPECTED": ("Not expected", "Niet verwacht"),
        "CANNOT_BE_SAID": _CANNOT_BE_SAID,
    },
    "WayOfTelling": {
        "REPORT": ("Report", "Rapport"),
        "INTRANET": ("Intranet", "Intranet"),
        "NEWSLETTER": ("Newsletter", "Nieuwsbrief"),
        "MEETING": ("Meeting", "Bijeenkomst"),
        "TEAM_TALK": ("Team talk", "Teamgesprek"),
        "WORKS_COUNCIL": ("Works council", "Ondernemingsraad"),
    },
    "InterventionKind": {
        "TRAINING": ("Training", "Training"),
        "PEER_CONSULTATION": ("Peer consultation", "Intervisie"),
        "COACHING": ("Coaching", "Coaching"),
    },
    "InterventionLayer": {
        "STAFF": ("Staff", "Medewerkers"),
        "TEAM_LEADERS": ("Team leaders", "Teamleiders"),
        "MIDDLE_MANAGEMENT": ("Middle management", "Middenkader"),
        "SENIOR_MANAGEMENT": ("Senior management", "Hoger management"),
        "BOARD": ("Board", "Bestuur"),
    },
    "FirstTalk": {
        "WITHIN_TWO_DAYS": ("Within two days", "Binnen twee dagen"),
        "WITHIN_A_WEEK": ("Within a week", "Binnen een week"),
        "WITHIN_TWO_WEEKS": ("Within two weeks", "Binnen twee weken"),
        "LONGER": ("Later", "Later"),
    },
    "Service": {
        "INTAKE": ("Cases and organisations", "Meldingen en organisaties"),
        "SIGNALS": ("Figures and signals", "Cijfers en signalen"),
        "REPORTING": ("Reports", "Rapporten"),
    },
    "Withdrawal": {"LOST": ("Lost", "Verloren"), "STOLEN": ("Stolen", "Gestolen")},
    "PartyRole": {
        "REPORTER": ("The reporter", "De melder"),
        "SUBJECT": ("Whom it is about", "Over wie het gaat"),
    },
    "HeardHow": _SPOKEN_OR_WRITTEN,
    "TermHow": {
        "DONE": ("Done", "Gedaan"),
        "DECLINED": ("Not needed by the reporter", "Niet nodig voor de melder"),
    },
    "Agreement": _SPOKEN_OR_WRITTEN,
    "ImportStatus": _IMPORT,
    "HrImportStatus": {**_IMPORT, "REFUSED": ("Refused", "Geweigerd")},
    "MeasureStep": {
        "START": ("Begin", "Beginnen"),
        "MOVE": ("Move to another day", "Verzetten"),
        "FINISH": ("Finish", "Afronden"),
        "STOP": ("Stop", "Stoppen"),
    },
}
"""Enumeration → value → what it is called."""
