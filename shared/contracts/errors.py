"""The one catalogue of refusals: a code, and a sentence in English and in Dutch for each.

A refusal never carries what a person typed, a stack, or an exception's text. The values that a
sentence may hold are numbers, line numbers, and codes from our own taxonomy.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Language = Literal["en", "nl"]


class Code(StrEnum):
    """What went wrong, for programs. Stable: a code is never given another meaning."""

    NOT_SIGNED_IN = "NOT_SIGNED_IN"
    NOT_ALLOWED = "NOT_ALLOWED"
    NOT_FOUND = "NOT_FOUND"
    INVALID_INPUT = "INVALID_INPUT"
    UNKNOWN_CODE = "UNKNOWN_CODE"
    CONFLICT = "CONFLICT"
    ALREADY_EXISTS = "ALREADY_EXISTS"
    CASE_CLOSED = "CASE_CLOSED"
    OUTCOME_MISSING = "OUTCOME_MISSING"
    KEY_REUSED = "KEY_REUSED"
    INTERPRETATION_MISSING = "INTERPRETATION_MISSING"
    NOT_APPROVED = "NOT_APPROVED"
    ALREADY_PUBLISHED = "ALREADY_PUBLISHED"
    PERIOD_OVERLAPS = "PERIOD_OVERLAPS"
    PERIOD_RELEASED = "PERIOD_RELEASED"
    TOO_LARGE = "TOO_LARGE"
    UNAVAILABLE = "UNAVAILABLE"
    TIMED_OUT = "TIMED_OUT"
    KEY_DESTROYED = "KEY_DESTROYED"
    NOT_DUE = "NOT_DUE"
    INTERNAL = "INTERNAL"
    INVALID_PERIOD = "INVALID_PERIOD"
    UNKNOWN_TAXONOMY_VERSION = "UNKNOWN_TAXONOMY_VERSION"
    MALFORMED_REQUEST = "MALFORMED_REQUEST"
    INVALID_DOCUMENT = "INVALID_DOCUMENT"
    INVALID_VARIABLES = "INVALID_VARIABLES"
    TOO_COMPLEX = "TOO_COMPLEX"
    NOT_SERVED = "NOT_SERVED"
    SECOND_PERSON_NEEDED = "SECOND_PERSON_NEEDED"
    RECOVERY_NOT_APPROVED = "RECOVERY_NOT_APPROVED"
    CONSENT_MISSING = "CONSENT_MISSING"
    CONFLICT_OF_INTEREST = "CONFLICT_OF_INTEREST"
    KEY_RING_UNAVAILABLE = "KEY_RING_UNAVAILABLE"
    CONDITIONS_NOT_MET = "CONDITIONS_NOT_MET"
    ALREADY_DECIDED = "ALREADY_DECIDED"
    REPORTER_UNTOLD = "REPORTER_UNTOLD"
    SECOND_ADVISER_NEEDED = "SECOND_ADVISER_NEEDED"
    PULSE_NOT_OPEN = "PULSE_NOT_OPEN"
    PULSE_ANSWERED = "PULSE_ANSWERED"
    TERM_PASSED = "TERM_PASSED"
    REPORTER_DECIDES = "REPORTER_DECIDES"
    STEP_NOT_CHOSEN = "STEP_NOT_CHOSEN"
    CONSENT_WITHDRAWN = "CONSENT_WITHDRAWN"
    CONSENT_EXPIRED = "CONSENT_EXPIRED"
    JUDGEMENT_WORD = "JUDGEMENT_WORD"
    STATEMENT_MISSING = "STATEMENT_MISSING"
    ADVISER_AVOIDED = "ADVISER_AVOIDED"
    ADVISER_CONCERNED = "ADVISER_CONCERNED"
    COMPLAINT_CLOSED = "COMPLAINT_CLOSED"
    CONFLICT_OF_ROLES = "CONFLICT_OF_ROLES"
    SPARRING = "SPARRING"
    FEEDBACK_MISSING = "FEEDBACK_MISSING"
    WORDS_MISSING = "WORDS_MISSING"
    NOT_PUBLISHED = "NOT_PUBLISHED"
    LAYER_TOO_SMALL = "LAYER_TOO_SMALL"
    LAYERS_OVERLAP = "LAYERS_OVERLAP"
    VIEW_TOO_LATE = "VIEW_TOO_LATE"
    FRESH_SIGN_IN_NEEDED = "FRESH_SIGN_IN_NEEDED"
    TOO_MANY_REQUESTS = "TOO_MANY_REQUESTS"
    UNKNOWN_DOCUMENT = "UNKNOWN_DOCUMENT"


@dataclass(frozen=True, slots=True)
class Sentence:
    """One refusal in words a person understands. `{name}` is filled from the refusal's values."""

    en: str
    nl: str


CATALOGUE: dict[Code, Sentence] = {
    Code.NOT_SIGNED_IN: Sentence(
        "You are not signed in, or your sign-in has expired. Sign in again.",
        "U bent niet ingelogd, of uw aanmelding is verlopen. Log opnieuw in.",
    ),
    Code.FRESH_SIGN_IN_NEEDED: Sentence(
        "This takes a sign-in of the last five minutes. Sign in once more, then repeat it.",
        "Hiervoor moet u in de laatste vijf minuten zijn ingelogd. Log nog eens in en herhaal het.",
    ),
    Code.TOO_MANY_REQUESTS: Sentence(
        "Too much was asked at once. Wait {seconds} seconds, then ask again.",
        "Er is te veel tegelijk gevraagd. Wacht {seconds} seconden en vraag het dan opnieuw.",
    ),
    Code.NOT_ALLOWED: Sentence(
        "Your role may not do this.",
        "Uw rol mag dit niet.",
    ),
    Code.NOT_FOUND: Sentence(
        "This does not exist, or it is not yours to see.",
        "Dit bestaat niet, of het is niet aan u om het te zien.",
    ),
    Code.INVALID_INPUT: Sentence(
        "The field '{field}' is not filled in correctly: {reason}.",
        "Het veld '{field}' is niet goed ingevuld: {reason}.",
    ),
    Code.UNKNOWN_CODE: Sentence(
        "The field '{field}' holds a code that taxonomy version {version} does not know.",
        "Het veld '{field}' bevat een code die taxonomieversie {version} niet kent.",
    ),
    Code.CONFLICT: Sentence(
        "Somebody changed this at the same moment. Look at it again and repeat your change.",
        "Iemand wijzigde dit op hetzelfde moment. Kijk opnieuw en herhaal uw wijziging.",
    ),
    Code.ALREADY_EXISTS: Sentence(
        "This exists already.",
        "Dit bestaat al.",
    ),
    Code.CASE_CLOSED: Sentence(
        "This case is closed; nothing can be added to it.",
        "Deze zaak is gesloten; er kan niets meer aan worden toegevoegd.",
    ),
    Code.OUTCOME_MISSING: Sentence(
        "Record an outcome before you close the case.",
        "Leg een uitkomst vast voordat u de zaak sluit.",
    ),
    Code.KEY_REUSED: Sentence(
        "This idempotency key was used before with other content. Use a new key.",
        "Deze idempotentiesleutel is eerder gebruikt met andere inhoud. Gebruik een nieuwe.",
    ),
    Code.INTERPRETATION_MISSING: Sentence(
        "No figure leaves without an interpretation. Write what the figures mean first.",
        "Geen cijfer gaat naar buiten zonder duiding. Schrijf eerst wat de cijfers betekenen.",
    ),
    Code.NOT_APPROVED: Sentence(
        "An adviser must approve this report before it can be published.",
        "Een vertrouwenspersoon moet dit rapport goedkeuren voordat het gepubliceerd kan worden.",
    ),
    Code.ALREADY_PUBLISHED: Sentence(
        "This report is published and frozen.",
        "Dit rapport is gepubliceerd en ligt vast.",
    ),
    Code.PERIOD_OVERLAPS: Sentence(
        "Period {period} overlaps a period that is already in use. Periods never overlap.",
        "Periode {period} overlapt een periode die al in gebruik is. Perioden overlappen nooit.",
    ),
    Code.PERIOD_RELEASED: Sentence(
        "The figures of period {period} are published already; nothing can be added to them.",
        "De cijfers van periode {period} zijn al gepubliceerd; er kan niets meer bij.",
    ),
    Code.TOO_LARGE: Sentence(
        "This is too large: at most {limit} {unit} are taken.",
        "Dit is te groot: hoogstens {limit} {unit}.",
    ),
    Code.UNAVAILABLE: Sentence(
        "A part of Hoeksteen does not answer at the moment. Nothing is lost; try again shortly.",
        "Een onderdeel van Hoeksteen antwoordt nu niet. Er is niets verloren; probeer het zo weer.",
    ),
    Code.TIMED_OUT: Sentence(
        "The answer took too long. Repeat it with the same idempotency key.",
        "Het antwoord duurde te lang. Herhaal het met dezelfde idempotentiesleutel.",
    ),
    Code.KEY_DESTROYED: Sentence(
        "This was erased; its key is destroyed.",
        "Dit is gewist; de sleutel is vernietigd.",
    ),
    Code.NOT_DUE: Sentence(
        "The time for which this case is kept has not passed, or none was decided.",
        "De bewaartermijn van deze zaak is nog niet voorbij, of er is er geen vastgesteld.",
    ),
    Code.INTERNAL: Sentence(
        "Something went wrong on our side. It has been noted without what you typed.",
        "Er ging bij ons iets mis. Dat is genoteerd, zonder wat u hebt ingevuld.",
    ),
    Code.INVALID_PERIOD: Sentence(
        "This is not a period. Write a year, such as 2026, or a half-year, such as 2026-H1.",
        "Dit is geen periode. Schrijf een jaar, zoals 2026, of een halfjaar, zoals 2026-H1.",
    ),
    Code.UNKNOWN_TAXONOMY_VERSION: Sentence(
        "Taxonomy version {version} is not known here; the newest is version {newest}.",
        "Taxonomieversie {version} is hier niet bekend; de nieuwste is versie {newest}.",
    ),
    Code.MALFORMED_REQUEST: Sentence(
        "The request cannot be read. Send a JSON object with the member 'query' or 'documentId', a text.",
        "Het verzoek kan niet worden gelezen. Stuur een JSON-object met het lid 'query' of 'documentId', een "
        "tekst.",
    ),
    Code.INVALID_DOCUMENT: Sentence(
        "The document does not fit your schema, or is not written as GraphQL.",
        "Het document past niet bij uw schema, of is niet als GraphQL geschreven.",
    ),
    Code.INVALID_VARIABLES: Sentence(
        "The variables do not fit the document, or it does not say which operation to run.",
        "De variabelen passen niet bij het document, of er is niet gezegd welke operatie bedoeld is.",
    ),
    Code.TOO_COMPLEX: Sentence(
        "The request asks for too much at once: at most {limit} {unit} are taken.",
        "Het verzoek vraagt te veel tegelijk: hoogstens {limit} {unit}.",
    ),
    Code.UNKNOWN_DOCUMENT: Sentence(
        "Only documents that are known here are run, and this is none of them. Reload the page; if it stays, "
        "tell whoever looks after Hoeksteen.",
        "Alleen documenten die hier bekend zijn worden uitgevoerd, en dit is er geen. Laad de pagina opnieuw;"
        " blijft het zo, zeg het dan de beheerder van Hoeksteen.",
    ),
    Code.NOT_SERVED: Sentence(
        "This address does not answer such a request.",
        "Dit adres beantwoordt zo'n verzoek niet.",
    ),
    Code.SECOND_PERSON_NEEDED: Sentence(
        "This takes two people with two different roles. Somebody else has to do this step.",
        "Hiervoor zijn twee mensen met twee verschillende rollen nodig. Iemand anders moet dit doen.",
    ),
    Code.RECOVERY_NOT_APPROVED: Sentence(
        "There is no approved recovery of this case for you. It takes a request and an approval.",
        "Er is voor u geen goedgekeurd herstel van deze zaak. Dat vraagt een verzoek en een akkoord.",
    ),
    Code.CONSENT_MISSING: Sentence(
        "A case is handed over with the reporter's consent. It is not there for this adviser.",
        "Een zaak gaat over met instemming van de melder. Die is er niet voor deze vertrouwenspersoon.",
    ),
    Code.CONFLICT_OF_INTEREST: Sentence(
        "One adviser never supports both sides. This adviser has a case of the other side.",
        "Niemand staat beide kanten bij. Deze vertrouwenspersoon heeft een zaak van de andere kant.",
    ),
    Code.KEY_RING_UNAVAILABLE: Sentence(
        "The keys of this installation cannot be reached at the moment. Nothing is lost; try again shortly.",
        "De sleutels van deze installatie zijn nu onbereikbaar. Er is niets verloren; probeer het zo weer.",
    ),
    Code.CONDITIONS_NOT_MET: Sentence(
        "Not all conditions for breaking confidentiality hold. Say nothing, and seek another way.",
        "Niet alle voorwaarden om vertrouwelijkheid te doorbreken zijn vervuld. Zwijg, en zoek "
        "een andere weg.",
    ),
    Code.ALREADY_DECIDED: Sentence(
        "This was decided already, or it is not its turn.",
        "Dit is al besloten, of het is nog niet aan de beurt.",
    ),
    Code.REPORTER_UNTOLD: Sentence(
        "Tell the reporter of the disclosure, or record why not, before you close the case.",
        "Vertel de melder van de doorbreking, of leg vast waarom niet, voordat u de zaak sluit.",
    ),
    Code.SECOND_ADVISER_NEEDED: Sentence(
        "This takes a second adviser of your organisation. Alone you can only tell what the released "
        "figures say, in codes.",
        "Hiervoor is een tweede vertrouwenspersoon van uw organisatie nodig. Alleen kunt u slechts in "
        "codes zeggen wat de vrijgegeven cijfers zeggen.",
    ),
    Code.PULSE_NOT_OPEN: Sentence(
        "This pulse is not open: answers are taken from its first day to its last.",
        "Deze peiling is niet open: antwoorden kan van de eerste tot en met de laatste dag.",
    ),
    Code.PULSE_ANSWERED: Sentence(
        "With this token somebody has answered already, and that answer counts.",
        "Met dit bewijs is al geantwoord, en dat antwoord telt.",
    ),
    Code.TERM_PASSED: Sentence(
        "This term is over. It can no longer be paused or extended; record when it was met.",
        "Deze termijn is voorbij. Pauzeren of verlengen kan niet meer; leg vast wanneer eraan is voldaan.",
    ),
    Code.REPORTER_DECIDES: Sentence(
        "This is the reporter's to decide, by their own code. Write them a message.",
        "Dit beslist de melder zelf, met de eigen code. Schrijf de melder een bericht.",
    ),
    Code.STEP_NOT_CHOSEN: Sentence(
        "No step is taken that the reporter did not choose.",
        "Er wordt geen stap gezet die de melder niet heeft gekozen.",
    ),
    Code.CONSENT_WITHDRAWN: Sentence(
        "The reporter withdrew this consent. Say nothing on it.",
        "De melder heeft deze toestemming ingetrokken. Vertel op grond hiervan niets.",
    ),
    Code.CONSENT_EXPIRED: Sentence(
        "This consent has ended. Ask the reporter whether they give it again.",
        "Deze toestemming is verlopen. Vraag de melder of die opnieuw wordt gegeven.",
    ),
    Code.JUDGEMENT_WORD: Sentence(
        "The field '{field}' holds a word that judges. Record what the reporter experienced.",
        "Het veld '{field}' bevat een woord dat oordeelt. Leg vast wat de melder heeft ervaren.",
    ),
    Code.STATEMENT_MISSING: Sentence(
        "Read first what confidentiality covers and where it ends, and send which version you read.",
        "Lees eerst wat de vertrouwelijkheid dekt en waar zij ophoudt, en stuur mee welke versie u las.",
    ),
    Code.ADVISER_AVOIDED: Sentence(
        "The reporter does not want this adviser.",
        "De melder wil deze vertrouwenspersoon niet.",
    ),
    Code.ADVISER_CONCERNED: Sentence(
        "The adviser whom a complaint is about neither reads it nor hears it. Address it to others.",
        "De vertrouwenspersoon over wie een klacht gaat, leest of behandelt die niet. Richt haar aan "
        "anderen.",
    ),
    Code.COMPLAINT_CLOSED: Sentence(
        "This complaint is closed; nothing can be added to it.",
        "Deze klacht is afgesloten; er kan niets meer aan worden toegevoegd.",
    ),
    Code.CONFLICT_OF_ROLES: Sentence(
        "Nobody is an adviser and an officer at once, nor an officer for both reports and complaints. "
        "Choose somebody else.",
        "Niemand is vertrouwenspersoon en functionaris tegelijk, of functionaris voor meldingen én voor "
        "klachten. Kies een ander.",
    ),
    Code.SPARRING: Sentence(
        "Talking something over is no report. The reporter first decides, as a step of its own, to make one.",
        "Overleggen is geen melding. De melder besluit eerst, als eigen stap, om te melden.",
    ),
    Code.FEEDBACK_MISSING: Sentence(
        "Tell the reporter what was done, or record that they want no feedback, before you close the report.",
        "Vertel de melder wat er is gedaan, of leg vast dat die niets wil horen, voordat u de melding sluit.",
    ),
    Code.WORDS_MISSING: Sentence(
        "The section '{title_en}' ({section}) has figures and no words. Write what they mean first.",
        "Het hoofdstuk '{title_nl}' ({section}) heeft cijfers en geen duiding. Schrijf die eerst.",
    ),
    Code.NOT_PUBLISHED: Sentence(
        "No version of this report is published, so there is none to correct. Change the draft.",
        "Van dit rapport is nog geen versie gepubliceerd om te verbeteren. Wijzig het concept.",
    ),
    Code.LAYER_TOO_SMALL: Sentence(
        "A layer of fewer than {least} leaders has no mirror: it would be about somebody.",
        "Een laag van minder dan {least} leidinggevenden krijgt geen spiegel: die zou over iemand gaan.",
    ),
    Code.LAYERS_OVERLAP: Sentence(
        "This layer shares leaders with another that stands, or differs from an earlier one by fewer than "
        "{least}: somebody could be found by subtraction.",
        "Deze laag deelt leidinggevenden met een andere, of verschilt minder dan {least} van een eerdere: "
        "iemand zou door aftrekken te vinden zijn.",
    ),
    Code.VIEW_TOO_LATE: Sentence(
        "The leaders' own view is asked beforehand. Figures of this half-year are known, or its mirror was "
        "seen.",
        "Het eigen beeld wordt vooraf gevraagd. Cijfers van dit halfjaar zijn bekend, of de spiegel is al "
        "gezien.",
    ),
}


REASONS: dict[str, str] = {
    "exact numbers of the formal track are not for all staff": "exacte aantallen van het formele spoor zijn "
    "niet voor alle medewerkers",
    "a part is larger than the whole": "een deel is groter dan het geheel",
    "the parts do not add up to the whole": "de delen zijn samen niet het geheel",
    "each number that is asked for stands there once": "elk gevraagd aantal staat er één keer",
    "a number below {most} may point at one person": "een aantal onder {most} kan naar één mens wijzen",
    "no matter may stand in two numbers": "geen zaak mag in twee aantallen staan",
    "it is not over yet": "die is nog niet voorbij",
    "it is asked for by the year": "het wordt per jaar gevraagd",
    "a code has 2 to 40 small letters, digits and underscores": "een code heeft 2 tot 40 kleine letters, "
    "cijfers en liggende streepjes",
    "a code keeps its kind for ever": "een code houdt voor altijd zijn soort",
    "a policy serves themes and values, a value themes": "beleid dient thema's en waarden, een waarde "
    "thema's",
    "a language is a code of two or three letters, such as nl": "een taal is een code van twee of drie "
    "letters, zoals nl",
    "the register has no such entry": "het register kent die niet",
    "a term of this kind is not extended on it": "een termijn van deze soort wordt niet op die grond "
    "verlengd",
    "a term of this kind is not paused on it": "een termijn van deze soort wordt niet op die grond "
    "gepauzeerd",
    "nobody can waive this term": "van deze termijn kan niemand afzien",
    "that day lies before the term began": "die dag ligt vóór het begin van de termijn",
    "the confirmation comes first": "eerst komt de bevestiging",
    "a parent must stand before its children": "een bovenliggend onderdeel staat voor zijn delen",
    "a reporter gives one, and nobody else does": "een melder geeft er een, en niemand anders",
    "a reporter asks for it on this ground alone": "een melder vraagt het alleen op deze grond",
    "a sealed copy is empty": "een verzegelde kopie is leeg",
    "an organisation has at least one adviser": "een organisatie heeft minstens een "
    "vertrouwenspersoon",
    "an organisation has 1 to {most} units": "een organisatie heeft 1 tot {most} onderdelen",
    "only the reporter waives a hearing": "alleen de melder ziet van een gehoor af",
    "it is no sparring": "er is niet alleen overlegd",
    "it is no consent to a report": "het is geen toestemming voor een melding",
    "telling it to an officer for reports makes it a report": "wie het aan een functionaris voor meldingen "
    "vertelt, doet een melding",
    "it belongs to a consent to a report": "het hoort bij toestemming voor een melding",
    "the organisation has no such officer": "de organisatie heeft zo'n functionaris niet",
    "who wants no feedback is sent none": "wie geen terugkoppeling wil, krijgt er geen",
    "choose an adviser": "kies een vertrouwenspersoon",
    "each condition is answered once": "elke voorwaarde wordt één keer beantwoord",
    "either a count is given or what it is below": "óf een aantal, óf waar het onder ligt, wordt gegeven",
    "either the document or remarks are given": "óf het document, óf opmerkingen worden gegeven",
    "either a whole checklist or remarks are given": "óf een hele checklist, óf opmerkingen worden "
    "gegeven",
    "a text is sealed and bound, or there is none": "een tekst is verzegeld en vastgelegd, of er is "
    "geen",
    "coordinators and works councils ask for it by order of a court alone": "coördinatoren en "
    "ondernemingsraden vragen het alleen op bevel van een rechter",
    "exact figures are decided on with the works council, and the day of that decision is missing": "over "
    "exacte cijfers wordt met de ondernemingsraad besloten, en de dag van dat besluit ontbreekt",
    "it is frozen before it opens": "het wordt vastgelegd voordat het opengaat",
    "it must close within {days} days, in the same half-year": "het sluit binnen {days} dagen, in "
    "hetzelfde halfjaar",
    "the grid has no units": "het raster heeft geen onderdelen",
    "it cannot be cleared": "het kan niet leeg worden gemaakt",
    "it is needed the first time": "het is de eerste keer nodig",
    "it cannot be below zero": "het kan niet onder nul liggen",
    "it belongs to the policy EXACT": "het hoort bij het beleid EXACT",
    "it belongs to the policy NOISY": "het hoort bij het beleid NOISY",
    "it is there already": "het is er al",
    "it names no released signal and no released figure": "het noemt geen vrijgegeven signaal en geen "
    "vrijgegeven cijfer",
    "it is no signal that the recommendation refers to": "het is geen signaal waar de aanbeveling naar "
    "verwijst",
    "it belongs to a change of policy": "het hoort bij een wijziging van beleid",
    "it is fixed when a measure begins": "het wordt vastgelegd als een maatregel begint",
    "it belongs to another step": "het hoort bij een andere stap",
    "it is no other cell of the same table and period": "het is geen andere cel van dezelfde tabel en "
    "periode",
    "that day is past": "die dag is voorbij",
    "a unit that is closed goes on as nothing": "een opgeheven onderdeel gaat niet verder",
    "it does not say what becomes of a unit": "er staat niet in wat er van een onderdeel wordt",
    "it has begun already": "het is al begonnen",
    "that half-year is over": "dat halfjaar is voorbij",
    "nothing is composed yet": "er is nog niets samengesteld",
    "the mirror does not ask that": "dat vraagt de spiegel niet",
    "it holds a word that judges; say that it stands, or say it otherwise": "er staat een woord in dat "
    "oordeelt; zeg dat het blijft staan, of zeg het anders",
    "it is no half-year": "het is geen halfjaar",
    "it lies too far ahead": "het ligt te ver vooruit",
    "something is planned for later already": "er is al iets voor later gepland",
    "it ends before it begins": "het eindigt voordat het begint",
    "nobody is chosen and avoided": "niemand wordt gekozen en gemeden",
    "nobody stands in for themself": "niemand neemt voor zichzelf waar",
    "the adviser is away then already": "de vertrouwenspersoon is dan al afwezig",
    "who is external works in no unit": "wie extern is, werkt in geen onderdeel",
    "it has not begun yet": "die is nog niet begonnen",
    "it has the wrong form": "het heeft de verkeerde vorm",
    "it holds control characters": "het bevat besturingstekens",
    "it is empty": "het is leeg",
    "it is missing": "het ontbreekt",
    "it is not a power of two": "het is geen macht van twee",
    "it is not that of what was sent": "het is niet dat van wat is verstuurd",
    "it is not the text that its author sealed": "het is niet de tekst die de schrijver verzegelde",
    "it refers to something that was not released": "het verwijst naar iets dat niet is vrijgegeven",
    "it refers to a measure that was not carried out": "het verwijst naar een maatregel die niet is "
    "uitgevoerd",
    "it is not a half-year or a year": "het is geen halfjaar of jaar",
    "it is not one of these norms": "het is niet een van deze normen",
    "it is not one of these kinds": "het is niet een van deze soorten",
    "no grid was frozen for it": "er is geen raster voor vastgelegd",
    "none stands alone": "geen staat alleen",
    "the grid has no such place": "het raster heeft deze plek niet",
    "not all of them are here, or more": "ze zijn er niet allemaal, of het zijn er meer",
    "it is not a UUID": "het is geen UUID",
    "it is not a random UUID (version 4)": "het is geen willekeurige UUID (versie 4)",
    "it is not the one that belongs to your code": "het is niet het nummer dat bij uw code hoort",
    "it is not {bytes} bytes long": "het is geen {bytes} bytes lang",
    "it is sealed to a key that may not read it": "het is verzegeld voor een sleutel die het niet mag "
    "lezen",
    "it must be at least {least}": "het moet minstens {least} zijn",
    "it must have 1 to {most} ASCII characters": "het moet 1 tot {most} ASCII-tekens hebben",
    "it must have 1 to {most} printable characters": "het moet 1 tot {most} leesbare tekens hebben",
    "it must lie between {low} and {high}": "het moet tussen {low} en {high} liggen",
    "it names a cell twice or one that does not exist": "het noemt een cel dubbel, of een die niet "
    "bestaat",
    "an entry stands there twice": "een onderdeel staat er twee keer",
    "only an adviser names them": "alleen een vertrouwenspersoon noemt ze",
    "only an adviser signs": "alleen een vertrouwenspersoon ondertekent",
    "somebody stands there twice": "iemand staat er twee keer",
    "the case has no such entry": "de zaak heeft dit onderdeel niet",
    "the case is theirs already": "de zaak is al van deze vertrouwenspersoon",
    "the newest checkpoint of this log is at {newest}": "het nieuwste controlepunt van dit logboek "
    "staat bij {newest}",
    "the organisation has no recovery key": "de organisatie heeft geen herstelsleutel",
    "the organisation has no such complaints officer": "de organisatie heeft deze klachtenfunctionaris "
    "niet",
    "this complaints officer has no key at present": "deze klachtenfunctionaris heeft nu geen sleutel",
    "no complaints officer could read them": "geen klachtenfunctionaris zou ze kunnen lezen",
    "it is longer than {weeks} weeks after receipt": "het is later dan {weeks} weken na ontvangst",
    "it is more than {days} days ahead": "het is meer dan {days} dagen vooruit",
    "this activity belongs to no case": "deze activiteit hoort bij geen zaak",
    "the entry names no case": "het onderdeel noemt geen zaak",
    "its totals are told from {day} on": "de totalen ervan worden vanaf {day} verteld",
    "only an officer signs": "alleen een klachtenfunctionaris ondertekent",
    "the organisation has no such adviser": "de organisatie heeft deze vertrouwenspersoon niet",
    "the organisation has no such unit": "de organisatie heeft dit onderdeel niet",
    "that day is still to come": "die dag moet nog komen",
    "the register is empty": "het register is leeg",
    "the second person is another adviser": "de tweede persoon is een andere vertrouwenspersoon",
    "they are not sealed to the adviser's current key": "ze zijn niet verzegeld voor de huidige "
    "sleutel van de vertrouwenspersoon",
    "they are not sealed to the recovery key": "ze zijn niet verzegeld voor de herstelsleutel",
    "they are not sealed to the current key of each who must read them": "ze zijn niet verzegeld "
    "voor de huidige sleutel van ieder die ze moet lezen",
    "they are not sealed to the reporter's key": "ze zijn niet verzegeld voor de sleutel van de "
    "melder",
    "there are no words in this entry": "er zijn geen woorden in dit onderdeel",
    "there is no key that could have made it": "er is geen sleutel die het gemaakt kan hebben",
    "this adviser has no key at present": "deze vertrouwenspersoon heeft nu geen sleutel",
    "this case has no reporter with a code who could read them": "deze zaak heeft geen melder met "
    "een code die ze kan lezen",
    "this id stands for cases without a unit": "deze naam staat voor zaken zonder onderdeel",
    "this signature is not by the right key, or was made of other content": "deze handtekening is niet "
    "van de juiste sleutel, of van andere inhoud",
    "two advisers have the same id": "twee vertrouwenspersonen hebben dezelfde naam",
    "two copies are sealed to the same key": "twee kopieën zijn voor dezelfde sleutel verzegeld",
    "two units have the same id": "twee onderdelen hebben dezelfde naam",
    "your current key cannot sign: publish one that can": "uw huidige sleutel kan niet ondertekenen: "
    "publiceer er een die dat kan",
    "a code stands there twice": "een code staat er twee keer",
    "this code stands alone": "deze code staat alleen",
    "the organisation has no such code": "de organisatie heeft deze code niet",
    "the primary category stands among the further ones": "de hoofdcategorie staat bij de andere",
    "it is not the newest version": "het is niet de nieuwste versie",
    "its words were not padded": "de woorden erin zijn niet op lengte gebracht",
    "a report has no such section": "een rapport heeft dit hoofdstuk niet",
    "the report has no such section": "het rapport heeft dit hoofdstuk niet",
    "readers stand there twice": "lezers staan er twee keer",
    "these readers would get nothing": "deze lezers zouden niets krijgen",
    "there are no readers": "er zijn geen lezers",
    "whoever read the version before reads this one too": "wie de vorige versie las, leest ook deze",
    "a section stands there twice": "een hoofdstuk staat er twee keer",
    "they are not of one of these readers each": "ze zijn niet ieder van één van deze lezers",
    "it says nothing": "er staat niets in",
    "there is no such calendar": "deze kalender is er niet",
    "reports of this calendar are drafted by themselves": "rapporten van deze kalender ontstaan vanzelf",
    "an academic year runs from 1 September to 31 August": "een studiejaar loopt van 1 september tot en met "
    "31 augustus",
    "a report is of a quarter at least and a year at most": "een rapport gaat over minstens een kwartaal en "
    "hoogstens een jaar",
    "no released period lies wholly in it": "er ligt geen vrijgegeven periode geheel in",
    "1 to {most} sealed copies are expected": "1 tot {most} verzegelde kopieën worden verwacht",
    # Units of TOO_LARGE.
    "bytes": "bytes",
    "characters": "tekens",
    "figures": "cijfers",
    "KiB": "KiB",
    "entries": "onderdelen",
    "advisers": "vertrouwenspersonen",
    "languages": "talen",
    "leaders": "leidinggevenden",
    "MiB": "MiB",
    "officers": "functionarissen",
    "parts": "delen",
    "passages": "passages",
    "parties": "betrokkenen",
    "readers": "lezers",
    "rows": "rijen",
    "tables": "tabellen",
    "tokens": "bewijzen",
    "questions": "vragen",
    # Units of TOO_COMPLEX.
    "aliases": "aliassen",
    "directives": "directieven",
    "entries of a list": "regels in een lijst",
    "fields": "velden",
    "fragments": "fragmenten",
    "levels": "niveaus",
    "points": "punten",
    "symbols": "symbolen",
    "values": "waarden",
    "operations": "bewerkingen",
}
"""Reasons of INVALID_INPUT and units of TOO_LARGE: English, as they travel, and Dutch."""


class Refusal(Exception):  # noqa: N818  a refusal is an answer to a person, not a fault in the program
    """A command or question that is refused, with the sentence that tells the person why.

    `values` fill the sentence; they hold numbers and our own codes, never a person's input.
    """

    def __init__(self, code: Code, **values: str | int) -> None:
        self.code = code
        self.values = values
        super().__init__(self.sentence("en"))

    def sentence(self, language: Language) -> str:
        """The sentence in `language`, filled in."""
        values = dict(self.values)
        for name in ("reason", "unit"):
            if name in values:
                values[name] = _in(language, str(values[name])).format(**self.values)
        return str(getattr(CATALOGUE[self.code], language).format(**values))


def invalid(field: str, reason: str, **values: str | int) -> Refusal:
    """INVALID_INPUT for one field, with a reason of REASONS; `values` fill the reason."""
    return Refusal(Code.INVALID_INPUT, field=field, reason=reason, **values)


def _in(language: Language, english: str) -> str:
    return REASONS.get(english, english) if language == "nl" else english
