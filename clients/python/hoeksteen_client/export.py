"""All that is held about a reporter in their case (GDPR, article 15), opened on their own machine, as one
JSON. Complaints about an adviser that were made with the same code stand in no case: `myComplaints`.
"""

from __future__ import annotations

from base64 import b64decode
from typing import Any, Final, Literal
from uuid import UUID

from hoeksteen_client.attachments import AttachmentHeader
from hoeksteen_client.gateway import GatewayClient, GatewayError
from hoeksteen_client.reporter import ReporterCode
from hoeksteen_client.sealing import CannotOpen

FORMAT: Final = "hoeksteen/export/v1"

_KINDS: Final = (
    "categories reporterRoles relations channels anonymity conversationModes interventions routes "
    "outcomes"
)
_LISTS: Final = "disclosureGrounds disclosureRecipients"

_OF_A_REPORT: Final = "id state receivedOn confirmedOn feedbackDueOn"

_QUERY: Final = f"""
query Export($language: Language) {{
  organisation {{ name units {{ id name }} advisers {{ id name }} formerAdvisers {{ id name }} }}
  taxonomy(language: $language) {{ {" ".join(f"{kind} {{ code label }}" for kind in _KINDS.split())} }}
  confidentiality(language: $language) {{
    {" ".join(f"{kind} {{ code label }}" for kind in _LISTS.split())}
  }}
  whistleblowing(language: $language) {{ disadvantages {{ code label }} }}
  myCase {{
    inLogSince
    protection {{ code label }}
    report {{
      {_OF_A_REPORT}
      messages {{ kind week sealed {{ keyId ciphertext }} }}
    }}
    disclosures {{ week ground recipient confirmed sealed {{ keyId ciphertext }} }}
  }}
  myData {{
    caseId status adviserId taxonomyVersion period openedWeek channel anonymity reporterRole relation
    category unitId outcome route
    entries {{ kind week code attachmentId readable sealed {{ keyId ciphertext }} }}
  }}
}}
"""

_ABOUT: Final = {
    "en": {
        "purposes": "To support you and to decide with you what happens with your report; and to "
        "make figures that name nobody.",
        "categories": "What you said and what was answered, sealed; how your report is coded; what "
        "your adviser did; minutes and notes, sealed to your adviser.",
        "recipients": "Your adviser. Words can be opened by nobody else than those they are sealed "
        "to. If a report of wrongdoing was made of your case: the officers to whom your adviser passed "
        "it on. Coded facts go, under another number than your case's, to the program that counts "
        "them; what is published names nobody. To whom else something was told stands under "
        "'disclosures', if you were told of it.",
        "retention": "Until your case is erased. Figures that were published stay. A report of "
        "wrongdoing is kept as long as the law needs it.",
        "rights": "You can ask your adviser to correct or erase what is wrong, to restrict what is "
        "done with it, and you can object. You can complain to the data protection authority "
        "(in the Netherlands the Autoriteit Persoonsgegevens).",
        "source": "You, and your adviser.",
        "automated_decisions": "None.",
    },
    "nl": {
        "purposes": "Om u te steunen en met u te bepalen wat er met uw melding gebeurt; en om "
        "cijfers te maken die niemand aanwijzen.",
        "categories": "Wat u zei en wat werd geantwoord, verzegeld; hoe uw melding is gecodeerd; "
        "wat uw vertrouwenspersoon deed; verslagen en aantekeningen, verzegeld voor uw "
        "vertrouwenspersoon.",
        "recipients": "Uw vertrouwenspersoon. Woorden kan niemand openen dan wie ze zijn "
        "verzegeld. Is van uw zaak een melding van een misstand gemaakt: de functionarissen aan wie uw "
        "vertrouwenspersoon die doorgaf. Gecodeerde feiten gaan, onder een ander nummer dan dat van uw "
        "zaak, naar het programma dat ze telt; wat gepubliceerd wordt, wijst niemand aan. Aan wie verder "
        "iets is verteld, staat onder 'disclosures', als het u is verteld.",
        "retention": "Tot uw zaak wordt gewist. Gepubliceerde cijfers blijven. Een melding van een "
        "misstand wordt bewaard zolang de wet haar nodig heeft.",
        "rights": "U kunt uw vertrouwenspersoon vragen te verbeteren of te wissen wat niet klopt, "
        "of het gebruik te beperken, en u kunt bezwaar maken. U kunt klagen bij de Autoriteit "
        "Persoonsgegevens.",
        "source": "U, en uw vertrouwenspersoon.",
        "automated_decisions": "Geen.",
    },
}


def export_reporter(
    gateway: GatewayClient,
    code: ReporterCode,
    organisation: UUID | str,
    *,
    language: Literal["en", "nl"] = "en",
) -> dict[str, Any]:
    """Everything that is held about the reporter in the case of this code, ready for `json.dumps`.

    `gateway` is that of `as_reporter`. Words come opened; `words` is null, with
    `readable` false, where they are sealed to the adviser alone. A file comes by its id and name: its
    chunks are fetched and opened as `docs/graphql.md` says. Raises GatewayError: NOT_FOUND
    where there is no case with this code.
    """
    found = gateway.execute(_QUERY, {"language": language.upper()})
    data, case = found["myData"], found["myCase"]
    if data is None or case is None:
        raise GatewayError("There is no case with this code.", "NOT_FOUND")
    labels = {
        one["code"]: one["label"]
        for lists in (found["taxonomy"], found["confidentiality"], found["whistleblowing"])
        for terms in lists.values()
        for one in terms
    }
    opener = _Opener(code, UUID(str(organisation)))
    coded = ("channel", "anonymity", "reporterRole", "relation", "category", "outcome", "route")
    known = found["organisation"]
    units = {unit["id"]: unit["name"] for unit in known["units"]}
    people = (*known["advisers"], *known["formerAdvisers"])
    advisers = {one["id"]: one["name"] for one in people}
    return {
        "format": FORMAT,
        "about": _ABOUT[language] | {"organisation": known["name"]},
        "case": {
            "id": data["caseId"],
            "status": data["status"],
            "adviser": advisers.get(data["adviserId"], data["adviserId"]),
            "openedWeek": data["openedWeek"],
            "period": data["period"],
            "taxonomyVersion": data["taxonomyVersion"],
            "unit": units.get(data["unitId"], data["unitId"]),
            "inLogSince": case["inLogSince"],
        }
        | {name: _labelled(data[name], labels) for name in coded},
        "entries": [
            {
                "kind": entry["kind"],
                "week": entry["week"],
                "code": _labelled(entry["code"], labels),
                "readable": entry["readable"],
            }
            | opener.content(entry)
            for entry in data["entries"]
        ],
        "disclosures": [
            {
                "week": told["week"],
                "ground": _labelled(told["ground"], labels),
                "recipient": _labelled(told["recipient"], labels),
                "confirmed": told["confirmed"],
                "words": opener.words(told["sealed"]),
            }
            for told in case["disclosures"]
        ],
        "protection": case["protection"],
        "report": None if case["report"] is None else _report(case["report"], opener),
    }


def _report(report: dict[str, Any], opener: _Opener) -> dict[str, Any]:
    """What became of a report of wrongdoing; its words are bound to its own id."""
    return {name: report[name] for name in _OF_A_REPORT.split()} | {
        "messages": [
            {
                "kind": one["kind"],
                "week": one["week"],
                "words": opener.words(one["sealed"], UUID(report["id"])),
            }
            for one in report["messages"]
        ]
    }


def _labelled(code: str | None, labels: dict[str, str]) -> dict[str, str] | None:
    return None if code is None else {"code": code, "label": labels.get(code, code)}


class _Opener:
    def __init__(self, code: ReporterCode, organisation: UUID) -> None:
        self._key = code.key
        self._case = code.case_id
        self._organisation = organisation

    def content(self, entry: dict[str, Any]) -> dict[str, Any]:
        """The words of an entry; of a file its id, name, type and size, without the key."""
        words = self.words(entry["sealed"])
        if entry["attachmentId"] is None:
            return {"words": words}
        if words is None:
            return {"words": None, "file": {"id": entry["attachmentId"]}}
        header = AttachmentHeader.read(words)
        return {
            "words": None,
            "file": {
                "id": entry["attachmentId"],
                "name": header.name,
                "mediaType": header.media_type,
                "size": header.size,
            },
        }

    def words(self, sealed: list[dict[str, str]], bound_to: UUID | None = None) -> str | None:
        """The words that are sealed to the code, bound to the case or something else; None where none
        are, or they were changed.
        """
        for one in sealed:
            if one["keyId"] == str(self._key.key_id):
                try:
                    return self._key.open(
                        b64decode(one["ciphertext"]),
                        organisation=self._organisation,
                        case=bound_to or self._case,
                    )
                except CannotOpen:
                    return None
        return None
