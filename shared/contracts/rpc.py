"""Request and answer of every verb that services answer over `rpc.<service>.v1.<verb>`.

Shapes only. Ids are UUID texts; weeks are ISO 8601 weeks such as `2026-W48`; periods are `2026`,
`2026-H1` or, of released figures alone, `2026-Q3`; sealed words are opaque bytes (base64 in JSON)
that no server opens. Who asks is never in a request: it comes from the verified token beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from shared.contracts import reporting_compliance as compliance
from shared.contracts import reporting_hr, reporting_mirror
from shared.contracts import reporting_loop as loop
from shared.contracts import reporting_strategy as strategy
from shared.contracts.report import Audience, ReportCalendar, Section
from shared.contracts.reporting_barometer import (
    AssessMaturity,
    BarometerAnswer,
    BarometerQuery,
    MaturityAnswer,
)
from shared.contracts.reporting_breaks import (
    RecordSeriesBreak,
    SeriesBreaks,
    WithdrawSeriesBreak,
)

# Others have these from here too.
from shared.contracts.shape import InParts as InParts  # noqa: PLC0414
from shared.contracts.shape import Part as Part  # noqa: PLC0414
from shared.contracts.shape import Policy as Policy  # noqa: PLC0414
from shared.contracts.shape import Shape as Shape  # noqa: PLC0414

Service = Literal["intake", "signals", "reporting"]
Kind = Literal["command", "query"]


class Done(Shape, frozen=True, kw_only=True):
    """What a command answers: the thing it changed and the ledger position after the change."""

    id: str
    position: int


class Empty(Shape, frozen=True, kw_only=True):
    """A request without arguments."""


class Page(Shape, frozen=True, kw_only=True):
    """Keyset paging: at most `first` (1 to 100) rows behind the opaque cursor `after`."""

    first: int = 50
    after: str | None = None


# Intake: organisation -------------------------------------------------------------------------


class Unit(Shape, frozen=True, kw_only=True):
    """A node of the organisation's tree. `headcount` counts its own people, not its children's."""

    id: str
    name: str
    headcount: int
    parent: str | None = None


class AdviserSeat(Shape, frozen=True, kw_only=True):
    """An adviser of the organisation; `id` is the subject of their token."""

    id: str
    name: str


Profile = Literal["standard", "strict"]


class ReleasePolicy(Shape, frozen=True, kw_only=True):
    """The organisation's recorded decision on how statistics are released: one policy, never both.

    `noisy`: each count with noise of its own, drawn once; `profile` says how much a case may spend.
    `exact`: disjoint blocks in one `dimension`; `k` at least 5, 10 where none is given; `merge_order`
    is the fixed order in which further cells join the withheld block (cell codes; default: see the
    taxonomy, or the units by headcount, smallest first); `works_council_on` is the day on which it
    was decided with the works council. What belongs to one policy is refused with the other.
    """

    policy: Policy = "noisy"
    profile: Profile = "standard"
    dimension: Literal["category", "unit"] | None = None
    k: int | None = None
    merge_order: tuple[str, ...] = ()
    works_council_on: date | None = None


class SetUpOrganisation(Shape, frozen=True, kw_only=True):
    """Admin: register an organisation with its tree, advisers, release policy and calendar."""

    organisation_id: str
    name: str
    language: Literal["en", "nl"]
    units: tuple[Unit, ...]
    advisers: tuple[AdviserSeat, ...]
    release: ReleasePolicy


KeyState = Literal["current", "retired", "lost", "stolen"]


class DirectoryKey(Shape, frozen=True, kw_only=True):
    """A key of an adviser in the directory. `stream` is where its publication stands in intake's log:
    computed from the key (docs/events.md), or none for a key from before that.

    `signing_key` is raw Ed25519, 32 bytes.
    """

    key_id: str
    public_key: bytes
    signing_key: bytes | None
    state: KeyState
    stream: str | None
    on: date


class Adviser(Shape, frozen=True, kw_only=True):
    """An adviser, or an officer, as shown to those who seal words to them. `key_id`,
    `public_key` (raw X25519, 32 bytes) and `signing_key` are those of the current key; `keys` are all,
    oldest first.
    """

    id: str
    name: str
    key_id: str | None = None
    public_key: bytes | None = None
    signing_key: bytes | None = None
    keys: tuple[DirectoryKey, ...] = ()


class RecoveryKey(Shape, frozen=True, kw_only=True):
    """A recovery key (raw X25519, 32 bytes) in the directory. Words are sealed to the current one."""

    key_id: str
    public_key: bytes
    state: Literal["proposed", "current", "retired"]
    stream: str
    on: date
    digest: bytes = b""


class Organisation(Shape, frozen=True, kw_only=True):
    """The organisation as its adviser, hr and auditor see it."""

    id: str
    name: str
    language: Literal["en", "nl"]
    token: str
    units: tuple[Unit, ...]
    advisers: tuple[Adviser, ...]
    release: ReleasePolicy
    recovery_keys: tuple[RecoveryKey, ...] = ()
    report_officers: tuple[Adviser, ...] = ()
    complaints_officers: tuple[Adviser, ...] = ()
    former_advisers: tuple[Adviser, ...] = ()


class DesignateReportOfficer(Shape, frozen=True, kw_only=True):
    """Coordinator or works council: somebody is designated for reports of wrongdoing. `officer_id` is
    the subject of their token.
    """

    officer_id: str
    name: str


class ReleaseReportOfficer(Shape, frozen=True, kw_only=True):
    """Coordinator or works council: they are it no longer."""

    officer_id: str


class DesignateComplaintsOfficer(Shape, frozen=True, kw_only=True):
    """Coordinator or works council: somebody is designated to hear complaints about advisers.
    `officer_id` is the subject of their token.
    """

    officer_id: str
    name: str


class ReleaseComplaintsOfficer(Shape, frozen=True, kw_only=True):
    """Coordinator or works council: they are it no longer."""

    officer_id: str


class OfOrganisation(Shape, frozen=True, kw_only=True):
    """A question about an organisation. An admin, whose token names none, names it; whose token names
    one needs not, and can ask of no other.
    """

    organisation_id: str | None = None


class DescribeAdviser(Shape, frozen=True, kw_only=True):
    """Admin or coordinator: what is kept about an adviser at work. What is left out stays as it is kept; of
    somebody about whom nothing is kept, `external` is needed, and they take cases unless it is said.

    `unit_id`: where an internal adviser works themself; `languages`: ISO 639 codes; `expertise`:
    categories of the taxonomy; `hours_a_week`: 1 to 60. `organisation_id` as in OfOrganisation.
    """

    organisation_id: str | None = None
    adviser_id: str
    external: bool | UnsetType = UNSET
    unit_id: str | UnsetType | None = UNSET
    languages: tuple[str, ...] | UnsetType = UNSET
    expertise: tuple[str, ...] | UnsetType = UNSET
    hours_a_week: int | UnsetType | None = UNSET
    certificate: str | UnsetType | None = UNSET
    certificate_until: date | UnsetType | None = UNSET
    takes_cases: bool | UnsetType = UNSET


class RecordAbsence(Shape, frozen=True, kw_only=True):
    """Admin or coordinator: an adviser is away from `first` up to and with `until`, and another may
    stand in for new cases.
    """

    organisation_id: str | None = None
    adviser_id: str
    first: date
    until: date | None = None
    replacement: str | None = None


class EndAbsence(Shape, frozen=True, kw_only=True):
    """Admin or coordinator: an absence ends with the day `last`; before its first day: it is off."""

    organisation_id: str | None = None
    absence_id: str
    last: date


class Absence(Shape, frozen=True, kw_only=True):
    """A running or coming absence."""

    id: str
    first: date
    until: date | None
    replacement: str | None


Availability = Literal["available", "full", "absent"]
CertificateState = Literal["none", "valid", "expires", "expired"]


class AdviserProfile(Shape, frozen=True, kw_only=True):
    """What is kept about an adviser at work. `described`: anything was; `certificate_state` `expires`:
    within 90 days.
    """

    adviser_id: str
    name: str
    described: bool
    external: bool
    unit_id: str | None
    languages: tuple[str, ...]
    expertise: tuple[str, ...]
    hours_a_week: int | None
    certificate: str | None
    certificate_until: date | None
    certificate_state: CertificateState
    availability: Availability
    stands_in: str | None
    """Who takes new cases while the adviser is away."""
    absences: tuple[Absence, ...]


class AdviserProfiles(Shape, frozen=True, kw_only=True):
    """Of all advisers; an adviser is given their own."""

    items: tuple[AdviserProfile, ...]


class AdviserChoice(Shape, frozen=True, kw_only=True):
    """An adviser as those see them who may turn to one."""

    adviser_id: str
    name: str
    languages: tuple[str, ...]
    expertise: tuple[str, ...]
    availability: Availability


class AdviserChoices(Shape, frozen=True, kw_only=True):
    """In the order of the organisation's set-up."""

    items: tuple[AdviserChoice, ...]


class ProposeAdvisers(Shape, frozen=True, kw_only=True):
    """Reporter or coordinator: to whom could a case go of which this is known? It is kept nowhere."""

    chosen: str | None = None
    avoid: tuple[str, ...] = ()
    unit_id: str | None = None
    language: str | None = None
    category: str | None = None


class ProposedAdviser(Shape, frozen=True, kw_only=True):
    """An adviser, and why they are proposed or are not: codes, and the same in sentences."""

    adviser_id: str
    name: str
    proposed: bool
    reasons: tuple[str, ...]
    sentences_en: tuple[str, ...]
    sentences_nl: tuple[str, ...]


class AdviserProposal(Shape, frozen=True, kw_only=True):
    """All advisers, the best first. Load counts for a coordinator alone."""

    items: tuple[ProposedAdviser, ...]


class WorkloadOfAdviser(Shape, frozen=True, kw_only=True):
    """Open cases at the beginning of the week, rounded down to a multiple of five."""

    adviser_id: str
    name: str
    open_cases: int


class Workload(Shape, frozen=True, kw_only=True):
    """What a coordinator knows of load: the same all week."""

    week: str
    advisers: tuple[WorkloadOfAdviser, ...]


EntryKind = Literal["policy", "value", "theme"]


class KeepStrategyEntry(Shape, frozen=True, kw_only=True):
    """Admin or coordinator: a policy, value or strategic theme under these names. `valid_from` is for
    one that is new or comes back. `organisation_id` as in OfOrganisation.
    """

    organisation_id: str | None = None
    code: str
    kind: EntryKind
    en: str
    nl: str
    valid_from: date | None = None


class WithdrawStrategyEntry(Shape, frozen=True, kw_only=True):
    """Admin or coordinator: from that day on nothing new is tagged with it."""

    organisation_id: str | None = None
    code: str
    withdrawn_from: date


class LinkStrategyEntry(Shape, frozen=True, kw_only=True):
    """Admin or coordinator: what an entry serves from now on, all of it. A policy serves themes and
    values, a value themes.
    """

    organisation_id: str | None = None
    code: str
    serves: tuple[str, ...]


class StrategyEntry(Shape, frozen=True, kw_only=True):
    """A policy, value or strategic theme. `holds`: something can be tagged with it today; `serves`:
    codes of the themes, and of a policy's values, that it serves.
    """

    code: str
    kind: EntryKind
    en: str
    nl: str
    valid_from: date | None
    withdrawn_from: date | None
    common: bool
    holds: bool
    serves: tuple[str, ...] = ()


class StrategyRegister(Shape, frozen=True, kw_only=True):
    """All entries, also those that hold no more or not yet; `version` counts the changes."""

    version: int
    entries: tuple[StrategyEntry, ...]


class UnitMapping(Shape, frozen=True, kw_only=True):
    """What becomes of a unit: it goes on as `new`, wholly or in part; none: it is closed."""

    old: str
    new: str | None = None


class PlanUnits(Shape, frozen=True, kw_only=True):
    """Admin or coordinator: the units and headcounts of a coming half-year, and what becomes of those
    that are not there any more. `organisation_id` as in OfOrganisation.
    """

    organisation_id: str | None = None
    effective: str
    units: tuple[Unit, ...]
    mapping: tuple[UnitMapping, ...] = ()


class SeatAdviser(Shape, frozen=True, kw_only=True):
    """Admin or coordinator: `adviser_id`, the subject of their token, is an adviser from now on, and
    readers see `name`. `organisation_id` as in OfOrganisation.
    """

    organisation_id: str | None = None
    adviser_id: str
    name: str


class VacateSeat(Shape, frozen=True, kw_only=True):
    """Admin or coordinator: `adviser_id` is an adviser no more. `organisation_id` as in OfOrganisation."""

    organisation_id: str | None = None
    adviser_id: str


class UnitsOfPeriod(Shape, frozen=True, kw_only=True):
    """The tree from a half-year on. `effective` None: since the set-up."""

    effective: str | None
    units: tuple[Unit, ...]
    mapping: tuple[UnitMapping, ...]


class UnitHistory(Shape, frozen=True, kw_only=True):
    """The trees that there were, are and will be, oldest first."""

    items: tuple[UnitsOfPeriod, ...]


class PublishAdviserKey(Shape, frozen=True, kw_only=True):
    """Adviser: put one's own public key (raw X25519, 32 bytes) in the organisation's directory.

    `signing_key` (raw Ed25519, 32 bytes) is the other half of the pair and `proof` its signature (64
    bytes); `previous_signature` is that of the current key's signing key, which this one follows.
    """

    public_key: bytes
    signing_key: bytes | None = None
    proof: bytes | None = None
    previous_signature: bytes | None = None


class WithdrawAdviserKey(Shape, frozen=True, kw_only=True):
    """Adviser: the device with this key of one's own is lost, or stolen.

    Coordinator: the key of an adviser who cannot say it is lost.
    """

    key_id: str
    reason: Literal["lost", "stolen"]


class PublishRecoveryKey(Shape, frozen=True, kw_only=True):
    """Adviser: propose a recovery key (raw X25519, 32 bytes), signed with one's own current key.

    `digest` (32 bytes) stands for the record of the ceremony.
    """

    public_key: bytes
    digest: bytes
    signature: bytes


class ConfirmRecoveryKey(Shape, frozen=True, kw_only=True):
    """Coordinator or works council: confirm a proposed recovery key. Then words are sealed to it."""

    key_id: str


# Intake: cases --------------------------------------------------------------------------------


class Sealed(Shape, frozen=True, kw_only=True):
    """Words sealed in a client to one adviser's key (HPKE, RFC 9180). Never opened by a server."""

    key_id: str
    ciphertext: bytes


class PartyToken(Shape, frozen=True, kw_only=True):
    """Stands for a person: an HMAC (32 bytes) under a key that only advisers' clients hold."""

    role: Literal["reporter", "subject"]
    token: bytes


class CaseRecord(Shape, frozen=True, kw_only=True):
    """What is known of a case in codes of the taxonomy, beside the facts of its opening. None or empty:
    not known; `prefer_not_to_say` is a code, and stands alone. `policies` and `values` are codes of the
    organisation. A record is always given whole.
    """

    subject_role: str | None = None
    severity: str | None = None
    frequency: str | None = None
    onset: str | None = None
    experience: str | None = None
    power_dependence: str | None = None
    own_first_step: str | None = None
    categories: tuple[str, ...] = ()
    forms: tuple[str, ...] = ()
    modes: tuple[str, ...] = ()
    grounds: tuple[str, ...] = ()
    impacts: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    values: tuple[str, ...] = ()


class StatementGiven(Shape, frozen=True, kw_only=True):
    """Which version of the opening statement somebody read, or was told, in which language."""

    version: int
    language: Literal["en", "nl"]
    how: Literal["read", "told"]


class OpenCase(Shape, frozen=True, kw_only=True):
    """Adviser or reporter: open a case. Codes are those of the taxonomy.

    `case_id` is made by the client; a reporter's is derived from their code. A reporter names the
    adviser of their choice, and the public key (raw X25519, 32 bytes) to which answers are sealed.
    """

    case_id: str
    adviser_id: str | None = None
    reply_key: bytes | None = None
    channel: str
    anonymity: str
    reporter_role: str
    relation: str
    category: str
    unit_id: str | None = None
    words: tuple[Sealed, ...]
    signature: bytes | None = None
    """The adviser's, 64 bytes, where their current key can sign; a reporter gives none."""
    parties: tuple[PartyToken, ...] = ()
    record: CaseRecord | None = None
    """As far as it is known already."""
    statement: StatementGiven | None = None
    """What the reporter was told before their first word; a reporter always says it."""
    avoids: tuple[str, ...] = ()
    """Advisers whom the reporter does not want."""


class RecordStatement(Shape, frozen=True, kw_only=True):
    """Adviser: the reporter was told what confidentiality covers and where it ends."""

    case_id: str
    statement: StatementGiven


class AvoidAdviser(Shape, frozen=True, kw_only=True):
    """Adviser or reporter: this adviser must not have the case, nor look at anything of it."""

    case_id: str
    adviser_id: str


class KeepRecord(Shape, frozen=True, kw_only=True):
    """Adviser: what is known of an open case in codes, whole: it takes the place of the one before."""

    case_id: str
    record: CaseRecord = CaseRecord()


class CorrectFacts(Shape, frozen=True, kw_only=True):
    """Adviser: the facts of an open case as they should have been; those that are left out stay. Figures
    take it up that are not released yet.
    """

    case_id: str
    channel: str | UnsetType = UNSET
    anonymity: str | UnsetType = UNSET
    reporter_role: str | UnsetType = UNSET
    relation: str | UnsetType = UNSET
    category: str | UnsetType = UNSET
    unit_id: str | UnsetType | None = UNSET


class RecordConversation(Shape, frozen=True, kw_only=True):
    """Adviser: a conversation took place; its minutes are sealed."""

    case_id: str
    mode: str
    minutes: tuple[Sealed, ...]
    signature: bytes | None = None


class RecordIntervention(Shape, frozen=True, kw_only=True):
    """Adviser: something was done, coded with the taxonomy."""

    case_id: str
    intervention: str


class RecordOutcome(Shape, frozen=True, kw_only=True):
    """Adviser: how it ended, and by which route."""

    case_id: str
    outcome: str
    route: str


class CloseCase(Shape, frozen=True, kw_only=True):
    """Adviser: close a case that has an outcome."""

    case_id: str


class SendMessage(Shape, frozen=True, kw_only=True):
    """Adviser or reporter: say something in a case, sealed to both."""

    case_id: str
    words: tuple[Sealed, ...]
    signature: bytes | None = None


class NameParties(Shape, frozen=True, kw_only=True):
    """Adviser: whom a case is about, by tokens. Refused where one would support both sides."""

    case_id: str
    parties: tuple[PartyToken, ...]


class SubjectMatchesQuery(Shape, frozen=True, kw_only=True):
    """Adviser: how many cases of the organisation name this subject? No case is opened for it."""

    token: bytes


class SubjectMatches(Shape, frozen=True, kw_only=True):
    """How many cases."""

    reports: int


class ResealedEntry(Shape, frozen=True, kw_only=True):
    """The words of a case's `version`-th entry, sealed anew and signed; none for one without words."""

    version: int
    words: tuple[Sealed, ...] = ()
    signature: bytes | None = None


class Reseal(Shape, frozen=True, kw_only=True):
    """Adviser: words of one's own case, sealed to one's new key."""

    case_id: str
    entries: tuple[ResealedEntry, ...]


class HandOver(Shape, frozen=True, kw_only=True):
    """Adviser: a case goes to another adviser, with the entries that they need.

    `consent`: how the reporter agreed who has no code; who has one agrees by it. After an approved
    recovery it is asked by the adviser for whom it was approved.
    """

    case_id: str
    to_adviser: str
    entries: tuple[ResealedEntry, ...]
    consent: Literal["spoken", "written"] | None = None


class ConsentToHandOver(Shape, frozen=True, kw_only=True):
    """Reporter: one's case may go to this adviser."""

    adviser_id: str


RecoveryReason = Literal["device_lost", "device_stolen", "adviser_left", "adviser_absent"]


class RequestRecovery(Shape, frozen=True, kw_only=True):
    """Adviser, for themself, or coordinator: have a case's words opened with the recovery key."""

    case_id: str
    reason: RecoveryReason
    to_adviser: str | None = None
    """For whom; an adviser asks for themself."""


class ApproveRecovery(Shape, frozen=True, kw_only=True):
    """Coordinator or works council, another person and role than who asked: agree."""

    case_id: str


class Recovery(Shape, frozen=True, kw_only=True):
    """A recovery that was asked for and not used up: of which case, for whom, why, by which role."""

    case_id: str
    adviser_id: str
    to_adviser: str
    reason: RecoveryReason
    requested_by: str
    week: str
    approved: bool


class Recoveries(Shape, frozen=True, kw_only=True):
    """Those that wait or are approved, oldest first. An adviser sees those for themself."""

    items: tuple[Recovery, ...]


class CasesOfAdviser(Shape, frozen=True, kw_only=True):
    """Adviser or coordinator: the running cases of an adviser who has no key at present."""

    adviser_id: str


class CaseIds(Shape, frozen=True, kw_only=True):
    """Random ids and nothing else."""

    ids: tuple[str, ...]


class HandOverStep(Shape, frozen=True, kw_only=True):
    """What happened to who can read a case, as its reporter is shown it."""

    step: Literal["consented", "handed_over", "requested", "approved", "used", "resealed"]
    week: str
    role: str | None = None
    reason: RecoveryReason | None = None
    adviser_id: str | None = None


class Message(Shape, frozen=True, kw_only=True):
    """Something said in a case. An adviser's is signed with their key `signed_by`, if it could sign.

    `attachment_id`: it is a file, and `sealed` its header.
    """

    sender: Literal["reporter", "adviser"]
    week: str
    sealed: tuple[Sealed, ...]
    signature: bytes | None = None
    signed_by: str | None = None
    attachment_id: str | None = None


class ToldDisclosure(Shape, frozen=True, kw_only=True):
    """A disclosure of which the reporter was told: when it was asked for, why, and to whom."""

    week: str
    ground: str
    recipient: str
    confirmed: bool
    sealed: tuple[Sealed, ...]


How = Literal["code", "spoken", "written"]
Heard = Literal["spoken", "written"]
"""How an adviser knows what a reporter without a code decided."""


class DraftMinutes(Shape, frozen=True, kw_only=True):
    """Adviser: minutes of the conversation that is the case's event `conversation`, for the reporter to
    read; with the same id once more: a new draft. Sealed to the reporter too, if they hold a code.
    """

    case_id: str
    minutes_id: str
    conversation: int
    words: tuple[Sealed, ...]
    signature: bytes | None = None


class CorrectMinutes(Shape, frozen=True, kw_only=True):
    """Reporter: what is wrong in this draft, or missing, sealed to the adviser and to themself."""

    case_id: str
    minutes_id: str
    draft: int
    words: tuple[Sealed, ...]


class SignOffMinutes(Shape, frozen=True, kw_only=True):
    """Reporter: this draft is what was said. Adviser: a reporter without a code said so, `how`."""

    case_id: str
    minutes_id: str
    draft: int
    how: Heard | None = None


class Minutes(Shape, frozen=True, kw_only=True):
    """How far the minutes of one conversation are."""

    id: str
    conversation: int
    draft: int
    state: Literal["drafted", "corrected", "signed_off"]
    how: How | None = None


class MyMinutes(Shape, frozen=True, kw_only=True):
    """The last draft of the minutes of one conversation, as the reporter reads it."""

    id: str
    draft: int
    state: Literal["drafted", "corrected", "signed_off"]
    week: str
    sealed: tuple[Sealed, ...]
    signature: bytes | None
    signed_by: str | None


class ProposeStep(Shape, frozen=True, kw_only=True):
    """Adviser or reporter: put a step of the ladder on the table. A reporter has chosen it by that."""

    case_id: str
    step_id: str
    step: str


class DecideStep(Shape, frozen=True, kw_only=True):
    """Reporter: what they decide about a step. Adviser: what a reporter without a code decided."""

    case_id: str
    step_id: str
    decision: Literal["chosen", "not_now", "declined"]
    how: Heard | None = None


class TakeStep(Shape, frozen=True, kw_only=True):
    """Adviser: the step that the reporter chose was taken."""

    case_id: str
    step_id: str


class LadderStep(Shape, frozen=True, kw_only=True):
    """One step and what the reporter decided about it."""

    id: str
    step: str
    by: Literal["reporter", "adviser"]
    decision: Literal["chosen", "not_now", "declined"] | None
    how: How | None
    taken: bool


class GiveConsent(Shape, frozen=True, kw_only=True):
    """Reporter: these matters may be told to this recipient, until a day or without an end. Adviser:
    a reporter without a code agreed, `how`.
    """

    case_id: str
    consent_id: str
    matters: tuple[str, ...]
    recipient: str
    until: date | None = None
    how: Heard | None = None
    statement: StatementGiven | None = None
    """To an officer for reports: which version of what a report means was read or told first."""


class WithdrawConsent(Shape, frozen=True, kw_only=True):
    """Reporter, or adviser for them: it holds no longer."""

    case_id: str
    consent_id: str
    how: Heard | None = None


class TellWithConsent(Shape, frozen=True, kw_only=True):
    """Adviser: what this consent covers was told."""

    case_id: str
    consent_id: str


class Consent(Shape, frozen=True, kw_only=True):
    """A consent and whether it holds today; `told`: how often something was told on it."""

    id: str
    matters: tuple[str, ...]
    recipient: str
    until: date | None
    how: How
    state: Literal["given", "withdrawn", "expired"]
    told: int


class DecideToReport(Shape, frozen=True, kw_only=True):
    """Reporter: what was only talked over is to become a report. Adviser: a reporter without a code
    decided it, `how`.
    """

    case_id: str
    how: Heard | None = None


class ConvertToWhistleblowerReport(Shape, frozen=True, kw_only=True):
    """Adviser: the case is made a report of wrongdoing, for good, on the reporter's consent to
    `to_report_officer`. `words` are sealed to these officers, the recovery key and the reporter, if they
    hold a code; `signature` is over them, with the report's id for the case's.
    """

    case_id: str
    consent_id: str
    report_id: str
    officers: tuple[str, ...]
    words: tuple[Sealed, ...]
    signature: bytes | None = None


Protection = Literal["presumption_holds", "presumption_does_not_hold"]
"""Whether disadvantage is presumed to be because of a report: a code of `whistleblowing`."""

ReportState = Literal["received", "confirmed", "followed_up", "feedback_given", "closed"]


class ReportEntry(Shape, frozen=True, kw_only=True):
    """One thing that happened to a report; `kind` is the event's name. `by`: adviser or officer."""

    kind: str
    week: str
    by: str
    code: str | None
    sealed: tuple[Sealed, ...] = ()
    signature: bytes | None = None
    signed_by: str | None = None


class ReportTerm(Shape, frozen=True, kw_only=True):
    """What is due in a report. `due_on` is its last day, in Amsterdam."""

    kind: str
    week: str
    due_on: date
    stage: Literal["running", "soon", "overdue", "escalated", "paused"]


class MyReport(Shape, frozen=True, kw_only=True):
    """A report as its reporter sees it: what was passed on, and what was said to them. The words are bound
    to the report's `id`, as those of a case to the case's.
    """

    id: str
    state: ReportState
    received_on: date
    matters: tuple[str, ...]
    confirmed_on: date | None
    feedback_due_on: date | None
    entries: tuple[ReportEntry, ...]


class WhistleblowerReportSummary(Shape, frozen=True, kw_only=True):
    """One line in an officer's list."""

    id: str
    received_week: str
    state: ReportState
    terms: tuple[ReportTerm, ...]


class WhistleblowerReports(Shape, frozen=True, kw_only=True):
    """The reports that were sealed to an officer, newest first, at most 200."""

    items: tuple[WhistleblowerReportSummary, ...]


class WhistleblowerReport(InParts, frozen=True, kw_only=True):
    """An entry of the register of reports, for an officer to whom it was sealed. It leads to no case.

    `matters`: what the reporter agreed to have passed on. `reply_key` (raw X25519, 32 bytes) is the
    reporter's, if they hold a code.
    """

    id: str
    state: ReportState
    received_on: date
    adviser_id: str
    officers: tuple[str, ...]
    matters: tuple[str, ...]
    reply_key: bytes | None
    confirmed_on: date | None
    feedback_on: date | None
    terms: tuple[ReportTerm, ...]
    entries: tuple[ReportEntry, ...]


class ConfirmWhistleblowerReport(Shape, frozen=True, kw_only=True):
    """Officer: the confirmation of receipt was sent on a day; to a reporter with a code the words are it."""

    report_id: str
    on: date
    words: tuple[Sealed, ...] = ()
    signature: bytes | None = None


class FollowUpWhistleblowerReport(Shape, frozen=True, kw_only=True):
    """Officer: something was done about it, with a note of their own or none."""

    report_id: str
    follow_up: str
    words: tuple[Sealed, ...] = ()
    signature: bytes | None = None


class GiveWhistleblowerFeedback(Shape, frozen=True, kw_only=True):
    """Officer: the reporter was told on a day what was done, or wants no feedback (`declined`)."""

    report_id: str
    on: date
    how: Literal["done", "declined"]
    words: tuple[Sealed, ...] = ()
    signature: bytes | None = None


class CloseWhistleblowerReport(Shape, frozen=True, kw_only=True):
    """Officer: it is dealt with."""

    report_id: str


class SaySatisfaction(Shape, frozen=True, kw_only=True):
    """Reporter: whether they were heard, and whether it is solved; of a closed case too. Adviser: what
    a reporter without a code said, `how`.
    """

    case_id: str
    heard: str
    solved: str
    how: Heard | None = None


class ReportDisadvantage(Shape, frozen=True, kw_only=True):
    """Reporter, or the adviser who noticed it: there is a disadvantage, of a kind (whistleblowing), since
    about when (onsets of the taxonomy). `words` are sealed to both. Of a closed case too.
    """

    case_id: str
    disadvantage_id: str
    kind: str
    since: str
    words: tuple[Sealed, ...]
    signature: bytes | None = None


class Disadvantage(Shape, frozen=True, kw_only=True):
    """A disadvantage as it was reported. The words of one that was reported before a hand-over stand
    here only for the reporter.
    """

    id: str
    kind: str
    since: str
    by: Literal["reporter", "adviser"]
    week: str
    sealed: tuple[Sealed, ...]
    signature: bytes | None
    signed_by: str | None


class PlanAftercare(Shape, frozen=True, kw_only=True):
    """Adviser: a moment of aftercare on a day; of a closed case too."""

    case_id: str
    aftercare_id: str
    on: date


class GiveAftercare(Shape, frozen=True, kw_only=True):
    """Adviser: how it was at that moment; a later result corrects an earlier one."""

    case_id: str
    aftercare_id: str
    result: str


class ReopenCase(Shape, frozen=True, kw_only=True):
    """Adviser or reporter: a closed case is open again."""

    case_id: str
    reason: str


class Satisfaction(Shape, frozen=True, kw_only=True):
    """What the reporter said last."""

    heard: str
    solved: str
    how: How


class Aftercare(Shape, frozen=True, kw_only=True):
    """A moment of aftercare; `result` once it was there."""

    id: str
    on: date
    result: str | None


class OpenReporterSession(Shape, frozen=True, kw_only=True):
    """A reporter: a session for the case of this lookup key (32 bytes), whether there is one or not."""

    lookup_key: bytes


class ReporterSession(Shape, frozen=True, kw_only=True):
    """The bearer token of a reporter's session, and for how many seconds it holds."""

    token: str
    seconds: int


class MyCase(InParts, frozen=True, kw_only=True):
    """A case as its reporter sees it: what was said, oldest first, and whether it is open.

    `disclosures`: those of which they were told. `in_log_since` is the week since which it is in the
    log, proven against a signed checkpoint; none until the next checkpoint.
    """

    id: str
    status: Literal["open", "closed"]
    adviser_id: str
    messages: tuple[Message, ...]
    disclosures: tuple[ToldDisclosure, ...] = ()
    in_log_since: str | None
    steps: tuple[HandOverStep, ...] = ()
    """Hand-over and recovery, oldest first."""
    minutes: tuple[MyMinutes, ...] = ()
    ladder: tuple[LadderStep, ...] = ()
    """Steps that were put on the table, oldest first."""
    consents: tuple[Consent, ...] = ()
    satisfaction: Satisfaction | None = None
    aftercare: tuple[Aftercare, ...] = ()
    statement: StatementGiven | None = None
    avoided: tuple[str, ...] = ()
    report_decided: bool = False
    disadvantages: tuple[Disadvantage, ...] = ()
    """As they were reported, oldest first."""
    protection: Protection = "presumption_does_not_hold"
    report: MyReport | None = None
    """Of a case that was made a report of wrongdoing."""


class HeldEntry(Shape, frozen=True, kw_only=True):
    """Something that a case holds about its reporter. `readable`: a copy is sealed to them.

    `attachment_id`: it is a file, and `sealed` its header.
    """

    kind: str
    week: str
    code: str | None
    attachment_id: str | None = None
    readable: bool
    sealed: tuple[Sealed, ...]


class MyData(InParts, frozen=True, kw_only=True):
    """All that intake holds about a reporter (GDPR article 15): the coded facts and every entry.

    `sealed` of an entry has the reporter's own copies only.
    """

    case_id: str
    status: Literal["open", "closed"]
    adviser_id: str
    taxonomy_version: int
    period: str
    opened_week: str
    channel: str
    anonymity: str
    reporter_role: str
    relation: str
    category: str
    unit_id: str | None
    record: CaseRecord = CaseRecord()
    outcome: str | None
    route: str | None
    entries: tuple[HeldEntry, ...]


class CaseSummary(Shape, frozen=True, kw_only=True):
    """One line in an adviser's list."""

    id: str
    status: Literal["open", "closed"]
    category: str
    opened_week: str
    conversations: int
    reseal: bool = False
    """Words are sealed to a key of the adviser's that was lost or stolen, and not anew yet."""


class Cases(Shape, frozen=True, kw_only=True):
    """A page of the adviser's own cases, newest first."""

    items: tuple[CaseSummary, ...]
    end_cursor: str | None = None
    has_next: bool = False


class CaseEntry(Shape, frozen=True, kw_only=True):
    """One thing that happened in a case: `kind` is the event's name; words stay sealed.

    `version` counts the case's events from 1. `signature` is over the words, by the key `signed_by`.
    `ref`: the disclosure or request for access that it is a step of.
    """

    kind: str
    week: str
    version: int
    code: str | None = None
    ref: str | None = None
    sealed: tuple[Sealed, ...] = ()
    signature: bytes | None = None
    signed_by: str | None = None


class TimeSpent(Shape, frozen=True, kw_only=True):
    """Quarters of an hour on a kind of activity."""

    activity: str
    quarters: int


class Case(InParts, frozen=True, kw_only=True):
    """A case as its adviser sees it."""

    id: str
    status: Literal["open", "closed"]
    channel: str
    anonymity: str
    reporter_role: str
    relation: str
    category: str
    unit_id: str | None
    record: CaseRecord = CaseRecord()
    outcome: str | None
    route: str | None
    opened_week: str
    reply_key: bytes | None
    entries: tuple[CaseEntry, ...]
    minutes: tuple[Minutes, ...] = ()
    ladder: tuple[LadderStep, ...] = ()
    consents: tuple[Consent, ...] = ()
    satisfaction: Satisfaction | None = None
    aftercare: tuple[Aftercare, ...] = ()
    statement: StatementGiven | None = None
    avoided: tuple[str, ...] = ()
    report_decided: bool = False
    """What was only talked over may become a report."""
    disadvantages: tuple[Disadvantage, ...] = ()
    """As they were reported, oldest first."""
    protection: Protection = "presumption_does_not_hold"
    converted_on: date | None = None
    """The day on which it was made a report of wrongdoing."""
    time: tuple[TimeSpent, ...] = ()


class CaseloadAlert(Shape, frozen=True, kw_only=True):
    """Something that strikes in one's own cases: a `cluster` of one theme and unit within a quarter, a
    `rise` of a theme above what the year before makes one expect (`expected` cases), or cases that
    name `one_subject`.
    """

    kind: Literal["cluster", "rise", "one_subject"]
    theme: str | None
    unit_id: str | None
    case_ids: tuple[str, ...]
    expected: float | None


class CaseloadAlerts(Shape, frozen=True, kw_only=True):
    """For the adviser whose cases these are, and nobody else. They leave intake in no other way."""

    items: tuple[CaseloadAlert, ...]


class ById(Shape, frozen=True, kw_only=True):
    """Ask for one thing."""

    id: str


class PartById(Part, frozen=True, kw_only=True):
    """Ask for one thing, part by part."""

    id: str


# Intake: attachments --------------------------------------------------------------------------


class PutChunk(Shape, frozen=True, kw_only=True):
    """Adviser or reporter: one sealed chunk (65 552 bytes) of a file for one's own open case.

    `id` is a random UUID that the client gives the file; `number` counts from 0.
    """

    case_id: str
    id: str
    number: int
    content: bytes


class ChunkQuery(Shape, frozen=True, kw_only=True):
    """Adviser or reporter: one chunk of a file that is attached to one's own case."""

    id: str
    number: int


class Chunk(Shape, frozen=True, kw_only=True):
    """A chunk as its client sealed it, and how many the file has."""

    content: bytes
    chunks: int


class AttachFile(Shape, frozen=True, kw_only=True):
    """Adviser or reporter: a file whose chunks are all here becomes part of the case.

    `digest` is SHA-256 over the SHA-256 of each chunk, in order; `words` its sealed header.
    """

    case_id: str
    attachment_id: str
    chunks: int
    digest: bytes
    words: tuple[Sealed, ...]
    signature: bytes | None = None


# Intake: breaking confidentiality -------------------------------------------------------------


class ConditionAnswer(Shape, frozen=True, kw_only=True):
    """Whether one condition of the checklist holds. Codes of docs/confidentiality.md."""

    condition: str
    holds: Literal["yes", "no", "not_applicable"]


class RequestDisclosure(Shape, frozen=True, kw_only=True):
    """Adviser: confidentiality must be broken; ask a second adviser to agree.

    `disclosure_id` is a random UUID of the client's. `answers`: every condition, once. `reason` is
    sealed to both advisers.
    """

    case_id: str
    disclosure_id: str
    reviewer_id: str
    ground: str
    recipient: str
    answers: tuple[ConditionAnswer, ...]
    reason: tuple[Sealed, ...]


class ConfirmDisclosure(Shape, frozen=True, kw_only=True):
    """Second adviser: agree, or do not and say why, sealed to the first."""

    case_id: str
    disclosure_id: str
    agrees: bool
    remarks: tuple[Sealed, ...] = ()


class InformReporter(Shape, frozen=True, kw_only=True):
    """Adviser: the reporter was told. `words` are what was said, sealed to the reporter's key too
    if there is one. With `why_not`, a code: why not, and `words` are the reason, sealed to both
    advisers.
    """

    case_id: str
    disclosure_id: str
    why_not: str | None = None
    words: tuple[Sealed, ...]


class Disclosure(Shape, frozen=True, kw_only=True):
    """A disclosure as the two advisers see it."""

    id: str
    case_id: str
    adviser_id: str
    reviewer_id: str
    week: str
    ground: str
    recipient: str
    answers: tuple[ConditionAnswer, ...]
    decision: Literal["requested", "confirmed", "refused"]
    told: Literal["informed", "not_informed"] | None
    why_not: str | None
    reason: tuple[Sealed, ...]
    remarks: tuple[Sealed, ...]


class DisclosureSummary(Shape, frozen=True, kw_only=True):
    """One line in an adviser's list of disclosures."""

    id: str
    case_id: str
    adviser_id: str
    reviewer_id: str
    week: str
    decision: Literal["requested", "confirmed", "refused"]
    told: Literal["informed", "not_informed"] | None


class Disclosures(Shape, frozen=True, kw_only=True):
    """Those that the asker requested or was asked to confirm, newest first, at most 200."""

    items: tuple[DisclosureSummary, ...]


class DisclosureLogQuery(Shape, frozen=True, kw_only=True):
    """Auditor: steps of disclosures from leaf `start` on, at most `first` (1 to 500)."""

    start: int = 0
    first: int = 100


class DisclosureStep(Shape, frozen=True, kw_only=True):
    """One step of a disclosure, without content. `actor` is the ledger's pseudonym (16 bytes): the
    two persons have two. Of an erased case the codes are gone.
    """

    index: int
    week: str
    kind: str
    by: Literal["adviser", "second_adviser"]
    actor: bytes
    disclosure_id: str | None
    ground: str | None
    recipient: str | None
    answers: tuple[ConditionAnswer, ...]
    why_not: str | None


class DisclosureLog(Shape, frozen=True, kw_only=True):
    """Steps in the ledger's order. `next` is the `start` of what follows; none: nothing does."""

    steps: tuple[DisclosureStep, ...]
    next: int | None


# Intake: access by the person a case is about -------------------------------------------------


class SealedPart(Shape, frozen=True, kw_only=True):
    """One part of a document, one copy per reader."""

    copies: tuple[Sealed, ...]


class RequestSubjectAccess(Shape, frozen=True, kw_only=True):
    """Adviser: somebody asked to see what a case holds about them (GDPR article 15).

    `access_id` is a random UUID of the client's; `note` says who asked and how that was checked,
    sealed to both advisers.
    """

    case_id: str
    access_id: str
    reviewer_id: str
    received_on: date
    note: tuple[Sealed, ...]


class ProposeRedaction(Shape, frozen=True, kw_only=True):
    """Adviser: the passages in order, each `kept` or the code of the ground on which it is withheld.

    `parts` hold their text, sealed to both advisers; at most 500 passages and 3 parts.
    """

    case_id: str
    access_id: str
    passages: tuple[str, ...]
    parts: tuple[SealedPart, ...]


class ReviewRedaction(Shape, frozen=True, kw_only=True):
    """Second adviser: the resulting document, sealed to both; or remarks, sealed to the first."""

    case_id: str
    access_id: str
    document: tuple[SealedPart, ...] = ()
    remarks: tuple[Sealed, ...] = ()


class SubjectAccess(Shape, frozen=True, kw_only=True):
    """A request for access as the two advisers see it, with the newest redaction.

    `due_on`: the last day of its term (GDPR article 12(3); shared/taxonomy/terms.py).
    """

    id: str
    case_id: str
    adviser_id: str
    reviewer_id: str
    received_on: date
    due_on: date
    step: Literal["requested", "proposed", "returned", "approved"]
    note: tuple[Sealed, ...]
    passages: tuple[str, ...]
    parts: tuple[SealedPart, ...]
    remarks: tuple[Sealed, ...]
    document: tuple[SealedPart, ...]


class SubjectAccessSummary(Shape, frozen=True, kw_only=True):
    """One line in an adviser's list of requests for access."""

    id: str
    case_id: str
    adviser_id: str
    reviewer_id: str
    due_on: date
    step: Literal["requested", "proposed", "returned", "approved"]


class SubjectAccesses(Shape, frozen=True, kw_only=True):
    """Those that the asker recorded or was asked to review, newest first, at most 200."""

    items: tuple[SubjectAccessSummary, ...]


# Intake: terms --------------------------------------------------------------------------------

TermStage = Literal["running", "soon", "overdue", "escalated", "paused"]
TermHow = Literal["done", "declined"]


class StartTerm(Shape, frozen=True, kw_only=True):
    """Adviser: a report came in another way than by a code; its confirmation and its feedback are due.

    `received_on` is a day in Amsterdam.
    """

    case_id: str
    received_on: date


class MeetTerm(Shape, frozen=True, kw_only=True):
    """Adviser: what the term is for was done on a day, or the reporter does not need it (`declined`).

    `term` is `confirmation`, `feedback`, `aftercare`, or `access:` and the id of the request.
    """

    case_id: str
    term: str
    on: date
    how: TermHow = "done"


class PauseTerm(Shape, frozen=True, kw_only=True):
    """Adviser: the term stands still from today on, on a ground of its kind (shared/taxonomy/terms.py)."""

    case_id: str
    term: str
    ground: str


class ResumeTerm(Shape, frozen=True, kw_only=True):
    """Adviser: it runs again from today on, with the days that were left."""

    case_id: str
    term: str


class ExtendTerm(Shape, frozen=True, kw_only=True):
    """Adviser: the longer term that the law gives, on a ground; who asked was told why."""

    case_id: str
    term: str
    ground: str


class Task(Shape, frozen=True, kw_only=True):
    """Something that is due in one of the adviser's own cases.

    `kind` is that of its term, or `retention`. `due_on` is its last day (in Amsterdam), `week` the ISO
    week of that. Of a paused one both are as if it were resumed on the day of the pause.
    """

    case_id: str
    term: str
    kind: str
    week: str
    due_on: date
    stage: TermStage
    ground: str | None


class Tasks(Shape, frozen=True, kw_only=True):
    """What is due in the asker's own cases, the next first, at most 500."""

    items: tuple[Task, ...]


class OverdueTerm(Shape, frozen=True, kw_only=True):
    """How many terms of a kind were over in a week, and are not met yet."""

    kind: str
    week: str
    count: int


class OverdueTerms(Shape, frozen=True, kw_only=True):
    """Coordinator: what was escalated, the oldest week first."""

    items: tuple[OverdueTerm, ...]


class ShareCalendar(Shape, frozen=True, kw_only=True):
    """Adviser: share a calendar of weeks with whoever has a secret of 32 bytes, of which this is the
    SHA-256 (32 bytes). One at a time: an address from before ends.
    """

    token_sha256: bytes


class CalendarFeed(Shape, frozen=True, kw_only=True):
    """Adviser: the id of the own calendar, and the ISO week in which it was shared; none: it is not."""

    id: str
    shared_week: str | None


class SignOut(Shape, frozen=True, kw_only=True):
    """The provider ended a session, or all of somebody's; the token proves it, and says which."""

    logout_token: str


class CalendarQuery(Shape, frozen=True, kw_only=True):
    """Whoever has its address: the weeks of a calendar. `secret` has 32 bytes."""

    organisation_id: str
    feed: str
    secret: bytes


class CalendarWeeks(Shape, frozen=True, kw_only=True):
    """ISO weeks in which something is due, in order; what is overdue is due in `this_week`."""

    this_week: str
    weeks: tuple[str, ...]


# Intake: complaints about advisers ------------------------------------------------------------


class FileComplaint(Shape, frozen=True, kw_only=True):
    """Reporter, by their code, with or without a case: complain about how an adviser acted.

    `complaint_id` is a random UUID of the client's; `ground` a code (`complaint_grounds` of the practice
    codes); `readers` are complaints officers; `may_tell`: the adviser may be told. `reply_key` (raw X25519,
    32 bytes) is the code's own. The words are sealed to each of `readers` and to `reply_key`.
    """

    complaint_id: str
    adviser_id: str
    ground: str
    readers: tuple[str, ...]
    may_tell: bool
    reply_key: bytes
    words: tuple[Sealed, ...]


class AcknowledgeComplaint(Shape, frozen=True, kw_only=True):
    """Complaints officer: it was received, and is answered by that day, ten weeks after receipt at most."""

    complaint_id: str
    answer_by: date


class WriteInComplaint(Shape, frozen=True, kw_only=True):
    """Reporter or complaints officer: say something, sealed to all who read it. An officer signs."""

    complaint_id: str
    words: tuple[Sealed, ...]
    signature: bytes | None = None


class HearComplaint(Shape, frozen=True, kw_only=True):
    """Complaints officer: somebody was heard. Of the reporter's hearing the reporter gets the record too;
    the adviser is heard after them, and only where they let them be told.
    """

    complaint_id: str
    party: Literal["reporter", "adviser"]
    how: Literal["spoken", "written", "waived"]
    words: tuple[Sealed, ...]


class DecideAdviserTold(Shape, frozen=True, kw_only=True):
    """Reporter: whether the adviser may be told of the complaint, otherwise than said before."""

    complaint_id: str
    may_tell: bool


class AnswerComplaint(Shape, frozen=True, kw_only=True):
    """Complaints officer: the answer to the reporter, sealed to them and to all officers who read it."""

    complaint_id: str
    words: tuple[Sealed, ...]
    signature: bytes | None = None


class CloseComplaint(Shape, frozen=True, kw_only=True):
    """Complaints officer: close what was answered. Reporter: withdraw it, at any time."""

    complaint_id: str


ComplaintStatus = Literal["received", "acknowledged", "heard", "answered", "closed"]


class ComplaintSummary(Shape, frozen=True, kw_only=True):
    """A complaint in a list. `overdue`: the day of `answer_by` is past and there is no answer."""

    id: str
    ground: str
    status: ComplaintStatus
    received_week: str
    answer_by: date | None
    overdue: bool


class Complaints(Shape, frozen=True, kw_only=True):
    """Complaints officer: those addressed to them, newest first."""

    items: tuple[ComplaintSummary, ...]
    end_cursor: str | None
    has_next: bool


class ComplaintEntry(Shape, frozen=True, kw_only=True):
    """One thing that happened in a complaint. Its kind says which fields it has.

    `received`, `written`, `heard` and `answered` have words; `sender` says whose, `by` which officer's;
    `heard` has `party` and `how`; `telling_decided` has `may_tell`; `closed` has `reason`.
    """

    kind: Literal[
        "received", "acknowledged", "written", "heard", "telling_decided", "answered", "closed"
    ]
    week: str
    sender: Literal["reporter", "officer"]
    by: str | None = None
    party: Literal["reporter", "adviser"] | None = None
    how: Literal["spoken", "written", "waived"] | None = None
    may_tell: bool | None = None
    reason: Literal["answered", "withdrawn"] | None = None
    sealed: tuple[Sealed, ...] = ()
    signature: bytes | None = None
    signed_by: str | None = None


class Complaint(InParts, frozen=True, kw_only=True):
    """A complaint as its reporter or an officer whom it is addressed to sees it. What the adviser said
    when they were heard is the officers' alone.
    """

    id: str
    adviser_id: str
    ground: str
    status: ComplaintStatus
    readers: tuple[str, ...]
    may_tell: bool
    reply_key: bytes
    received_week: str
    answer_by: date | None
    overdue: bool
    history: tuple[ComplaintEntry, ...]


class MyComplaints(InParts, frozen=True, kw_only=True):
    """Reporter: those made with their code, oldest first; of each what stands in this part."""

    items: tuple[Complaint, ...]


# Intake: private notes and peer consultation ----------------------------------------------------


class WriteNote(Shape, frozen=True, kw_only=True):
    """Adviser: note something for oneself, in no case, until the end of `expires_on`, a year ahead at
    most. `note_id` is a random UUID of the client's; the words are sealed to one's own key alone.
    """

    note_id: str
    expires_on: date
    words: tuple[Sealed, ...]


class EraseNote(Shape, frozen=True, kw_only=True):
    """Adviser: destroy the key of a note of one's own, at once and by oneself."""

    note_id: str


class Note(Shape, frozen=True, kw_only=True):
    """A private note."""

    id: str
    written_week: str
    expires_on: date
    sealed: tuple[Sealed, ...]


class MyNotes(Shape, frozen=True, kw_only=True):
    """Adviser: one's own notes, newest first; at most 20 a page."""

    items: tuple[Note, ...]
    end_cursor: str | None
    has_next: bool


class SharePeerConsultation(Shape, frozen=True, kw_only=True):
    """Adviser: talk a case over with colleagues, without saying which.

    `consultation_id` is a random UUID of the client's, made for this alone; `area` one of the themes'
    areas, `severity_band` a code of practice, `half_year` such as `2026-H1`, or none; read until the end
    of `expires_on`, 92 days ahead at most. The words are sealed to each colleague and to oneself.
    """

    consultation_id: str
    colleagues: tuple[str, ...]
    area: str
    severity_band: str
    half_year: str | None = None
    expires_on: date
    words: tuple[Sealed, ...]


class AnswerPeerConsultation(Shape, frozen=True, kw_only=True):
    """Adviser: say something to all who take part, sealed to each of them."""

    consultation_id: str
    words: tuple[Sealed, ...]


class EndPeerConsultation(Shape, frozen=True, kw_only=True):
    """Adviser who asked: destroy its key, at once."""

    consultation_id: str


class PeerConsultationSummary(Shape, frozen=True, kw_only=True):
    """A peer consultation in a list; `adviser_id` is who asked."""

    id: str
    adviser_id: str
    area: str
    severity_band: str
    half_year: str | None
    expires_on: date
    answers: int


class PeerConsultations(Shape, frozen=True, kw_only=True):
    """Adviser: those one asked for or was asked in, newest first, until their last day."""

    items: tuple[PeerConsultationSummary, ...]
    end_cursor: str | None
    has_next: bool


class PeerWords(Shape, frozen=True, kw_only=True):
    """Something said in it, by whom, as far as it is sealed to the reader; the first is what was asked."""

    by: str
    week: str
    sealed: tuple[Sealed, ...]


class PeerConsultation(Shape, frozen=True, kw_only=True):
    """A peer consultation as those see it who take part."""

    id: str
    adviser_id: str
    colleagues: tuple[str, ...]
    area: str
    severity_band: str
    half_year: str | None
    expires_on: date
    said: tuple[PeerWords, ...]


# Intake: time spent -----------------------------------------------------------------------------


class RecordTime(Shape, frozen=True, kw_only=True):
    """Adviser: time was spent: 1 to 96 quarters of an hour on a kind of activity (`activities` of the
    practice codes), on a day whose half-year's totals are not told yet. `entry_id` is a random UUID of
    the client's; `case_id` for work on a case of one's own, if it is to stand there.
    """

    entry_id: str
    activity: str
    quarters: int
    on: date
    case_id: str | None = None


class WithdrawTime(Shape, frozen=True, kw_only=True):
    """Adviser: an entry was wrong. `on` is a day of its half-year; `case_id` where it stands in a case."""

    entry_id: str
    on: date
    case_id: str | None = None


class TimeQuery(Shape, frozen=True, kw_only=True):
    """About a half-year, such as `2026-H1`."""

    half_year: str


class TimeEntry(Shape, frozen=True, kw_only=True):
    """An entry of one's own. `with_case`: it stands in a case too; in which is not kept here."""

    id: str
    activity: str
    quarters: int
    on: date
    with_case: bool


class MyTime(Shape, frozen=True, kw_only=True):
    """Adviser: one's own entries of a half-year, and their sums; open until the totals are told."""

    entries: tuple[TimeEntry, ...]
    spent: tuple[TimeSpent, ...]
    told_from: date


class TimeTotal(Shape, frozen=True, kw_only=True):
    """Hours of all advisers together on a kind of activity, at most; `case_work` is all work on cases."""

    activity: str
    hours: int


class TimeTotals(Shape, frozen=True, kw_only=True):
    """Coordinator or adviser: totals for the report, from the day on which the half-year's figures are
    released. Rounded up: work on cases by 20 hours and never below, other work by 5.
    """

    half_year: str
    items: tuple[TimeTotal, ...]


# Intake: erasure ------------------------------------------------------------------------------

ErasureGround = Literal["reporter", "retention", "court_order"]
ErasureRole = Literal["reporter", "adviser", "coordinator", "works_council", "rule"]
"""Who asked for an erasure or approved it; `rule` is the organisation's retention."""


class RequestErasure(Shape, frozen=True, kw_only=True):
    """Reporter, adviser, coordinator or works council: ask that a case be erased."""

    case_id: str
    ground: ErasureGround


class ApproveErasure(Shape, frozen=True, kw_only=True):
    """Adviser, coordinator or works council: approve an erasure that somebody else asked for."""

    case_id: str


class Erasure(Shape, frozen=True, kw_only=True):
    """An erasure, without anything of its case. `approved_by` are roles, in order; weeks are ISO."""

    case_id: str
    ground: ErasureGround
    status: Literal["requested", "erased"]
    requested_by: ErasureRole
    requested_week: str
    approved_by: tuple[ErasureRole, ...]
    erased_week: str | None


class Erasures(Shape, frozen=True, kw_only=True):
    """Those that the asker has to do with: asked for or done, newest first, at most 100."""

    items: tuple[Erasure, ...]


MOST_GATHERED = 50
"""So many things one question may name."""


class ErasureStatementsQuery(Shape, frozen=True, kw_only=True):
    """Of which cases; at most MOST_GATHERED."""

    case_ids: tuple[str, ...]


class ErasureStatement(Shape, frozen=True, kw_only=True):
    """A signed statement of what an erasure took away, in English and Dutch, as it is now.

    `statement` is a signed note (C2SP); `vkey` the public key that checks it.
    """

    case_id: str
    statement: str
    vkey: str


class ErasureStatements(Shape, frozen=True, kw_only=True):
    """Of those cases that are erased and concern the asker, in the order in which they were named."""

    items: tuple[ErasureStatement, ...]


class DecideRetention(Shape, frozen=True, kw_only=True):
    """Admin: how many months after closing and reporting a case is proposed for erasure."""

    organisation_id: str
    months: int


class Retention(Shape, frozen=True, kw_only=True):
    """The decision in force; none: cases are kept until somebody asks."""

    months: int | None


# Intake: import of a register -----------------------------------------------------------------


class RegisterRow(Shape, frozen=True, kw_only=True):
    """`count` identical rows of an existing register. Codes of the taxonomy; `None`: not recorded."""

    period: str
    category: str
    unit_id: str | None = None
    role: str | None = None
    relation: str | None = None
    route: str | None = None
    outcome: str | None = None
    count: int


class PrintedTotal(Shape, frozen=True, kw_only=True):
    """A total as the register's own source printed it, over all rows that match the given columns."""

    period: str
    category: str | None = None
    unit_id: str | None = None
    total: int


class ImportRegister(Shape, frozen=True, kw_only=True):
    """Adviser: load the rows of an existing register, all or nothing.

    `fingerprint` is the SHA-256 (32 bytes) of the file: a second import of it changes nothing.
    """

    fingerprint: bytes
    taxonomy_version: int
    rows: tuple[RegisterRow, ...]
    printed_totals: tuple[PrintedTotal, ...] = ()
    dry_run: bool = False


class Difference(Shape, frozen=True, kw_only=True):
    """A printed total that is not the sum of its rows; both figures are kept."""

    period: str
    category: str | None
    unit_id: str | None
    printed: int
    counted: int


class Imported(Shape, frozen=True, kw_only=True):
    """The result of an import; `cases` is the number of cases that the rows stand for."""

    status: Literal["imported", "already_imported", "checked"]
    rows: int
    cases: int
    differences: tuple[Difference, ...]
    position: int


# Signals: what others published ---------------------------------------------------------------


class PublishedCell(Shape, frozen=True, kw_only=True):
    """A row of a table as its source prints it. No count: it prints "fewer than `below`"."""

    label: str
    count: int | None
    below: int | None = None


class PublishedTable(Shape, frozen=True, kw_only=True):
    """A table that was published elsewhere, in the words and figures of its source.

    `period` is a year, half-year or quarter, or a first and last day (`2019-09-01/2020-08-31`);
    `reference` a web address, or what finds it on paper; `total` the one that the source prints.
    """

    title: str
    publisher: str
    period: str
    reference: str
    licence: str
    cells: tuple[PublishedCell, ...]
    total: int | None = None


class ImportPublished(Shape, frozen=True, kw_only=True):
    """Adviser: record tables that were published elsewhere, all or nothing.

    `fingerprint` is the SHA-256 (32 bytes) of the file: a second import of it changes nothing.
    """

    fingerprint: bytes
    tables: tuple[PublishedTable, ...]
    dry_run: bool = False


class PublishedImported(Shape, frozen=True, kw_only=True):
    """The result: how many tables were new, and how many stood there already."""

    status: Literal["imported", "already_imported", "checked"]
    tables: int
    repeated: int
    position: int


class PublishedRelease(Shape, frozen=True, kw_only=True):
    """A table of others as readers see it, beside the organisation's own releases and in none of
    them.
    """

    release_id: str
    table: PublishedTable
    imported_week: str


# Signals --------------------------------------------------------------------------------------


NOT_SAID = "not_said"
"""The cell of cases whose unit is not known or not told; no unit may have this id."""


class ReleasedCell(Shape, frozen=True, kw_only=True):
    """A cell that is shown: its code, and its count of cases.

    `margin`, of `noisy` alone: in 95 of 100 releases the true count lies within it.
    """

    code: str
    count: int
    margin: int | None = None


class WithheldBlock(Shape, frozen=True, kw_only=True):
    """Cells that are not shown. `exact`: only together, with their sum, or None where even that is
    withheld. `noisy`: each by itself, since its figure is below the one of `thresholds` that stands in
    its place; there is no sum.
    """

    codes: tuple[str, ...]
    count: int | None
    thresholds: tuple[int, ...] = ()


class Release(Shape, frozen=True, kw_only=True):
    """One table of one organisation and period, made once and never again. Counts are cases.

    `dimension` names the table: `category` or `unit` under `exact`; under `noisy` a table of the grid
    such as `theme`, `unit`, `area`, `relation`, `total`. `k` is the smallest count that is shown of
    any cell. `total` is None where it is withheld, or where the grid has none for such a period.
    `epsilon` is what one case spent on the draws that the table is made of, `budget` the most that it
    may spend in a half-year; `grid_id` names the grid. These, and margins, are of `noisy` alone. Labels
    name every cell, shown or not.
    """

    release_id: str
    organisation_id: str
    organisation_token: str
    period: str
    policy: Policy
    dimension: str
    k: int
    taxonomy_version: int
    cells: tuple[ReleasedCell, ...]
    withheld: WithheldBlock | None
    total: int | None
    released_week: str
    total_margin: int | None = None
    epsilon: float | None = None
    budget: float | None = None
    grid_id: str | None = None
    labels_en: dict[str, str] = msgspec.field(default_factory=dict)
    labels_nl: dict[str, str] = msgspec.field(default_factory=dict)


class StatisticsQuery(Shape, frozen=True, kw_only=True):
    """The releases of the asker's organisation, of one period or of all, of one table or of all; and,
    unless one table is asked for, what others published of the period.

    `as_of`: as signals' log was at its newest checkpoint of at most so many entries.
    """

    period: str | None = None
    dimension: str | None = None
    as_of: int | None = None


class Statistics(Shape, frozen=True, kw_only=True):
    """Releases, oldest period first; those of one period in the order of their names. `published` stands
    beside them, in the same order: no figure of it is in a release.
    """

    releases: tuple[Release, ...]
    published: tuple[PublishedRelease, ...] = ()


# Signals: what advisers tell beside the figures -------------------------------------------------


SignalStatus = Literal["drafted", "returned", "approved", "released", "withdrawn"]


class SignalEvidence(Shape, frozen=True, kw_only=True):
    """A released figure, or a warning about its series: table, period and cell, never a number."""

    kind: Literal["figure", "warning"]
    table: str
    period: str
    cell: str


class SignalSaid(Shape, frozen=True, kw_only=True):
    """What a draft says, in codes (shared/taxonomy/data/signals-v1.json).

    `place` is a unit of the grid, or `all`: the organisation. `period` is a half-year or quarter for
    which a grid was frozen. `aims` has at least one; `none` is one.
    """

    theme: str
    place: str
    period: str
    direction: str
    evidence: tuple[SignalEvidence, ...] = ()
    causes: tuple[str, ...] = ()
    aims: tuple[str, ...]


class DraftSignal(Shape, frozen=True, kw_only=True):
    """Adviser: begin a signal for a second adviser to review. `signal_id` is made by the client.

    `sealed` is the text, once for the reviewer and once for oneself, and `commitment` (32 bytes) binds
    it; neither: codes alone. Without a reviewer: the organisation's one adviser, in codes alone.
    """

    signal_id: str
    reviewer_id: str | None = None
    said: SignalSaid
    commitment: bytes | None = None
    sealed: tuple[Sealed, ...] = ()


class ReviseSignal(Shape, frozen=True, kw_only=True):
    """Adviser: change one's own draft before it is approved, or take up one that rules began."""

    signal_id: str
    reviewer_id: str | None = None
    said: SignalSaid
    commitment: bytes | None = None
    sealed: tuple[Sealed, ...] = ()


class ReviewSignal(Shape, frozen=True, kw_only=True):
    """Adviser, the second: approve a revision along the whole `checklist`, with the text and salt (32
    bytes) that its author sealed; or return it with sealed `remarks`.
    """

    signal_id: str
    revision: int
    checklist: tuple[str, ...] = ()
    text: str | None = None
    salt: bytes | None = None
    remarks: tuple[Sealed, ...] = ()


class WithdrawSignal(Shape, frozen=True, kw_only=True):
    """Adviser: take back a released signal, or drop a draft of one's own. For a reason of the list."""

    signal_id: str
    reason: str


class SignalContent(Shape, frozen=True, kw_only=True):
    """What a signal says. `judged`: its direction is the advisers' judgement, not the figures'."""

    codes_version: int
    taxonomy_version: int
    theme: str
    place: str
    place_name: str
    period: str
    direction: str
    judged: bool
    evidence: tuple[SignalEvidence, ...]
    causes: tuple[str, ...]
    aims: tuple[str, ...]


class SignalWithdrawal(Shape, frozen=True, kw_only=True):
    """That a signal was taken back, in which week, and the code of the reason."""

    reason: str
    week: str


class Signal(Shape, frozen=True, kw_only=True):
    """A released signal. Of a withdrawn one only that there was one is left.

    `text` is for people: integrations get none.
    """

    id: str
    released_week: str
    content: SignalContent | None
    text: str | None
    withdrawn: SignalWithdrawal | None


class SignalsQuery(Shape, frozen=True, kw_only=True):
    """The released signals of the asker's organisation, of one period or of all; a manager's are those
    about the organisation and about their own branch.

    `as_of`: as signals' log was at its newest checkpoint of at most so many entries.
    """

    period: str | None = None
    as_of: int | None = None


class Signals(Shape, frozen=True, kw_only=True):
    """Released signals, newest first."""

    items: tuple[Signal, ...]


class SignalDraftSummary(Shape, frozen=True, kw_only=True):
    """One line in an adviser's list of signals that they write or review."""

    id: str
    status: SignalStatus
    revision: int
    author_id: str | None
    reviewer_id: str | None
    theme: str
    place_name: str
    period: str
    direction: str


class SignalDrafts(Shape, frozen=True, kw_only=True):
    """Those of the asker, and those that rules began and nobody took up; newest change first."""

    items: tuple[SignalDraftSummary, ...]


class SignalDraft(Shape, frozen=True, kw_only=True):
    """A signal as its two advisers see it. `text` is readable once it is approved."""

    id: str
    status: SignalStatus
    revision: int
    author_id: str | None
    reviewer_id: str | None
    content: SignalContent
    commitment: bytes | None
    sealed: tuple[Sealed, ...]
    remarks: tuple[Sealed, ...]
    text: str | None


class TableNamed(Shape, frozen=True, kw_only=True):
    """A table of a period: there is one at most of each dimension."""

    period: str
    dimension: str


class ExplanationsQuery(Shape, frozen=True, kw_only=True):
    """What was done to these released tables, in words; at most MOST_GATHERED."""

    tables: tuple[TableNamed, ...]
    language: Literal["en", "nl"]


class CellExplained(Shape, frozen=True, kw_only=True):
    """A cell, and what its figure means; or why there is none."""

    code: str
    label: str
    sentence: str


class TableExplained(Shape, frozen=True, kw_only=True):
    """A released table in sentences: what was done, why cells are not shown (None where all are), the
    total, what was spent (None under `exact`), what it cannot protect from, the page with the proof,
    and why the period before cannot be set beside it (None where it can, or nothing is released of it).
    """

    release_id: str
    in_short: str
    steps: tuple[str, ...]
    cells: tuple[CellExplained, ...]
    missing: str | None
    total: str
    budget: str | None
    limits: tuple[str, ...]
    page: str
    break_in_series: str | None = None


class Explanations(Shape, frozen=True, kw_only=True):
    """Of each that is there, oldest period first."""

    items: tuple[TableExplained, ...]


class EarlyWarningQuery(Shape, frozen=True, kw_only=True):
    """Whoever reads figures: what do they tell early? `as_of`: as for statistics."""

    language: Literal["en", "nl"] = "en"
    as_of: int | None = None


class FigureSeen(Shape, frozen=True, kw_only=True):
    """A released figure as it is shown: `count` is None below its threshold."""

    period: str
    count: int | None
    margin: int
    threshold: int


class EarlyWarning(Shape, frozen=True, kw_only=True):
    """A cell rose in `period` by more than chance and noise explain; docs/early-warning.md."""

    cell: str
    label: str
    period: str
    kind: Literal["jump", "persistent"]
    seen: tuple[FigureSeen, ...]
    expected: float
    history: int
    found: float
    bound: float
    sentence: str


class CellUnwatched(Shape, frozen=True, kw_only=True):
    """A cell without automatic early warning, and why."""

    cell: str
    label: str
    reason: Literal[
        "released_yearly",
        "too_few_windows",
        "too_few_cases",
        "too_much_noise",
        "unknown_detector",
    ]
    sentence: str


class TrendSeen(Shape, frozen=True, kw_only=True):
    """What a cell does, in its newest window; docs/early-warning.md."""

    table: str
    cell: str
    label: str
    period: str
    kind: Literal["new", "returning", "rising", "declining", "recurring", "steady", "unknown"]
    change: Literal["more", "fewer", "same", "unknown"]
    in_a_row: int
    compared: int
    cut: bool
    sentence: str


class TellLaggingIndicator(Shape, frozen=True, kw_only=True):
    """HR or an adviser: in this quarter, half-year or year there was a formal complaint
    (`formal_complaint`), or absence rose (`absence_rise`). `happened` false takes it back.
    """

    what: str
    period: str
    happened: bool = True


class LeadTime(Shape, frozen=True, kw_only=True):
    """How many days the first warning came before the first `what`: at least and at most, since only the
    period of it is told; negative where it came later. Both None, and a reason, where there is no
    warning or nothing is told.
    """

    what: Literal["formal_complaint", "absence_rise"]
    at_least: int | None
    at_most: int | None
    reason: Literal["no_warning", "not_told"] | None
    sentence: str


class EarlyWarnings(Shape, frozen=True, kw_only=True):
    """Warnings, oldest first, of the one `table` of which they are made (None: all are released yearly),
    and trends of every table. Empty, with `detector` None, where no grid is released.
    """

    detector: str | None = None
    table: str | None = None
    warnings: tuple[EarlyWarning, ...] = ()
    unwatched: tuple[CellUnwatched, ...] = ()
    trends: tuple[TrendSeen, ...] = ()
    lead_times: tuple[LeadTime, ...] = ()


class PrivacyBudgetQuery(Shape, frozen=True, kw_only=True):
    """How much of a case's protection is spent; `as_of` as for StatisticsQuery."""

    as_of: int | None = None


class DrawSpent(Shape, frozen=True, kw_only=True):
    """A draw, what a case of its window spent on it, and the tables that are made of it. `adopted`: what
    was published of it was taken over after a restore, and the draw itself is lost.
    """

    measure: str
    window: str
    epsilon: float
    adopted: bool
    tables: tuple[str, ...]


class PeriodSpent(Shape, frozen=True, kw_only=True):
    """A half-year, or the period of a register: the most that a case has spent so far, and will have
    spent when all its windows are drawn.
    """

    period: str
    spent: float
    planned: float
    draws: tuple[DrawSpent, ...]


class PulseSpent(Shape, frozen=True, kw_only=True):
    """What a sheet of a round spent: apart from every case. `adopted` as in DrawSpent."""

    period: str
    spent: float
    adopted: bool


class PrivacyBudget(Shape, frozen=True, kw_only=True):
    """By period, oldest first. Under `exact` cases spend nothing: there is neither profile nor limit, and
    `pulses` alone, which have noise under either policy.
    """

    policy: Policy
    profile: Profile | None
    limit: float | None
    periods: tuple[PeriodSpent, ...]
    pulses: tuple[PulseSpent, ...]


class PlanGridQuery(Shape, frozen=True, kw_only=True):
    """What an organisation of a size would learn. What is None is that of the asker's organisation;
    `units` are needed by who has none. `cases_a_year` None: estimated by headcounts. `k` is of the
    policy `exact` alone.
    """

    units: tuple[Unit, ...] | None = None
    cases_a_year: float | None = None
    policy: Policy | None = None
    profile: Profile | None = None
    k: int | None = None
    language: Literal["en", "nl"] = "en"


class GridPlanRow(Shape, frozen=True, kw_only=True):
    """A table at a grain: `measured` with noise of its own, `summed` of what is measured, or `refused`
    with the reason, as a code and as a sentence.

    Shares are from 0 to 1: of all cells, and of those with five cases or more, those that are likely
    to be shown. Of a refused table they, ε, margin and threshold are what it could at most get.
    """

    table: str
    label: str
    grain: Literal["year", "half-year", "quarter"]
    verdict: Literal["measured", "summed", "refused"]
    epsilon: float | None
    margin: int | None
    threshold: int | None
    share_shown: float | None
    share_of_five: float | None
    cases_in_a_cell: float | None
    reason: str | None
    sentence: str | None


class GridPlan(Shape, frozen=True, kw_only=True):
    """Rows that are offered, then those that are refused, and all of it as a picture (SVG). `units` are
    those of the grid; `estimated`: headcounts stood in for a number of cases.
    """

    policy: Policy
    profile: Profile | None
    cases_a_year: float
    estimated: bool
    units: int
    epsilon: float
    budget: float
    rows: tuple[GridPlanRow, ...]
    picture: str


# Signals: pulses ------------------------------------------------------------------------------


class OpenPulse(Shape, frozen=True, kw_only=True):
    """Adviser or HR: freeze a round of questions, before it opens. One in a half-year.

    `by_unit`: who answers may say from which unit of the grid; under the policy `noisy` alone.
    """

    questions: tuple[str, ...]
    opens_on: date
    closes_on: date
    by_unit: bool = False


class IssuePulseTokens(Shape, frozen=True, kw_only=True):
    """Adviser or HR: let tokens answer, of which only hashes (32 bytes) are sent. No more of them than
    there are people.
    """

    period: str
    hashes: tuple[bytes, ...]


class AnswerPulse(Shape, frozen=True, kw_only=True):
    """An employee without a name, whose token is the bearer token: one sheet, each answer from 1 to 5 in
    the order of the questions.
    """

    place: str | None = None
    answers: tuple[int, ...]


class PulsePhrase(Shape, frozen=True, kw_only=True):
    """A question, or an answer, in both languages."""

    code: str
    en: str
    nl: str


class PulsePlace(Shape, frozen=True, kw_only=True):
    """Where an answer may come from: a unit of the grid, `not_said`, or `all`."""

    code: str
    name: str


class Pulse(Shape, frozen=True, kw_only=True):
    """A round as it was frozen. It opens and closes on days, UTC; `due` is the tick of its release."""

    period: str
    questions: tuple[PulsePhrase, ...]
    answers: tuple[PulsePhrase, ...]
    places: tuple[PulsePlace, ...]
    opens_on: date
    closes_on: date
    due: date


class Pulses(Shape, frozen=True, kw_only=True):
    """Rounds that are open or announced, the next to close first."""

    items: tuple[Pulse, ...]


class PulseFigures(Shape, frozen=True, kw_only=True):
    """How often each answer from 1 to 5 was given; None: it is not shown. `withheld`: of rounds
    that were released without noise, the sum of those that are not.
    """

    question: str
    counts: tuple[int | None, ...]
    withheld: int | None


class PulseTable(Shape, frozen=True, kw_only=True):
    """The answers of a place. Nothing is shown of one with too few: `answers` is None.

    In 95 of 100 releases the true number lies within its margin. `least` is the smallest count that
    is shown.
    """

    place: str
    place_name: str
    answers: int | None
    answers_margin: int | None
    margin: int | None
    least: int
    figures: tuple[PulseFigures, ...]


class PulseResult(Shape, frozen=True, kw_only=True):
    """A released round. `epsilon` is what one sheet spent."""

    period: str
    policy: Policy
    epsilon: float
    questions: tuple[PulsePhrase, ...]
    opens_on: date
    closes_on: date
    released_week: str
    tables: tuple[PulseTable, ...]


class PulseResultsQuery(Shape, frozen=True, kw_only=True):
    """The released rounds of the asker's organisation. Of places a manager sees the organisation and
    what lies in their branch.

    `as_of`: as signals' log was at its newest checkpoint of at most so many entries.
    """

    as_of: int | None = None


class PulseResults(Shape, frozen=True, kw_only=True):
    """Released rounds, newest first."""

    items: tuple[PulseResult, ...]


# Reporting ------------------------------------------------------------------------------------


class ReportSummary(Shape, frozen=True, kw_only=True):
    """One line in a list of reports. `version` is the newest that is published, 0 where none is; to readers
    it has no other status.
    """

    id: str
    period: str
    status: Literal["drafted", "approved", "published"]
    version: int = 0


class ReportsQuery(Shape, frozen=True, kw_only=True):
    """The reports of the asker's organisation.

    `as_of`: as reporting's log was at its newest checkpoint of at most so many entries.
    """

    as_of: int | None = None


class ReportQuery(Shape, frozen=True, kw_only=True):
    """One report; `as_of` as for all. `version` asks for a published version, from 1 on. `audience` is for
    advisers: what those readers get of it; a reader has their own alone.
    """

    id: str
    as_of: int | None = None
    version: int | None = None
    audience: Audience | None = None


class Reports(Shape, frozen=True, kw_only=True):
    """The organisation's reports, newest period first."""

    items: tuple[ReportSummary, ...]


class FormHash(Shape, frozen=True, kw_only=True):
    """The SHA-256 (32 bytes) of a form of a published version, for an audience and in a language; `audience`
    None: the one form that all its readers get.
    """

    form: str
    audience: Audience | None
    language: Literal["en", "nl"]
    sha256: bytes


class Acknowledgement(Shape, frozen=True, kw_only=True):
    """That somebody with this role read a version, and when the first of them said so."""

    version: int
    role: str
    on: date


class Report(Shape, frozen=True, kw_only=True):
    """A report of a half-year or a year. `interpretation` is readable only once it is approved.

    `release` is its first table: that of categories, themes or the total where there is one; `tables`
    are the further ones of the same period. Staff at large are not given them.

    `version` is the one that is shown: a published one, or the one that is being drafted, and `newest` the
    newest that is published, 0 where none is. `audience` is whose sections these are, None: all.
    `sections` of a draft are as they would be now, without words, and `sections_sha256` is the digest of
    them, until words for them are approved; those of a published version are frozen with it, and none
    where it is from before there were sections. `changes` says what the version corrects.
    """

    id: str
    period: str
    status: Literal["drafted", "approved", "published"]
    release: Release | None
    interpretation: str | None
    drafts: tuple[Sealed, ...]
    tables: tuple[Release, ...]
    version: int
    newest: int
    changes: str | None
    audience: Audience | None
    audiences: tuple[Audience, ...]
    starts: date
    ends: date
    cut_off: date
    published_on: date | None
    sections: tuple[Section, ...]
    sections_sha256: bytes | None
    snapshot_sha256: bytes | None
    forms: tuple[FormHash, ...]
    acknowledged: bool
    acknowledgements: tuple[Acknowledgement, ...]


class SaveInterpretation(Shape, frozen=True, kw_only=True):
    """Adviser: keep a draft of the interpretation, sealed to the advisers who write it."""

    report_id: str
    sealed: tuple[Sealed, ...]


class SectionWords(Shape, frozen=True, kw_only=True):
    """What the figures of one section mean (duiding), as readers will see it."""

    section: str
    words: str


class ApproveReport(Shape, frozen=True, kw_only=True):
    """Adviser: approve the report with the interpretation that opens it, and words for each section that
    has figures, as readers will see them.

    `sections_sha256`: of the sections for which the words were written, as `Report` has it; a draft that
    has others by now is not approved (CONFLICT). None: whatever stands there now.
    """

    report_id: str
    interpretation: str
    words: tuple[SectionWords, ...] = ()
    sections_sha256: bytes | None = None


class AudienceSections(Shape, frozen=True, kw_only=True):
    """Which sections an audience gets, by code."""

    audience: Audience
    sections: tuple[str, ...]


class PublishReport(Shape, frozen=True, kw_only=True):
    """Adviser: publish an approved report to these audiences. It is frozen from then on.

    `sections` takes the place of the outline's choice for the audiences that it names. `language` is the one
    in which readers get it; None: both.
    """

    report_id: str
    language: Literal["en", "nl"] | None = None
    audiences: tuple[Audience, ...] = ("hr", "board", "works_council")
    sections: tuple[AudienceSections, ...] = ()


class CorrectReport(Shape, frozen=True, kw_only=True):
    """Adviser: begin a new version of a published report, and say to its readers what it corrects."""

    report_id: str
    changes: str


class ReportCalendarChosen(Shape, frozen=True, kw_only=True):
    """Of which periods the organisation has reports."""

    calendar: ReportCalendar


class ChooseReportCalendar(Shape, frozen=True, kw_only=True):
    """Coordinator: of which periods the organisation has reports from now on."""

    calendar: ReportCalendar


class BeginReport(Shape, frozen=True, kw_only=True):
    """Adviser: begin the report of an academic year or a short period, both days inclusive. It is made of
    released windows that lie wholly in it.
    """

    starts: date
    ends: date


class AcknowledgeReport(Shape, frozen=True, kw_only=True):
    """HR, board or works council: let the advisers know that you read the newest version."""

    report_id: str
    version: int


class RenderReport(Shape, frozen=True, kw_only=True):
    """A published report as a file: `form` is `pdf`, `html`, `xlsx`, `ods` or `json`. `version` and
    `audience` as in ReportQuery; an adviser who names no audience gets the first to which it was
    published. `language` None: that of the organisation. Where it is not published in the language,
    another one is given.
    """

    id: str
    form: str = "pdf"
    version: int | None = None
    audience: Audience | None = None
    language: Literal["en", "nl"] | None = None
    after: int = 0


class Document(InParts, frozen=True, kw_only=True):
    """A report as a file: its bytes from `after` on, in parts, the SHA-256 (32 bytes) of the whole, equal to
    the one in its event, and what it is and is called.
    """

    data: bytes
    sha256: bytes
    media_type: str
    file_name: str


# Ledger: every service answers these ----------------------------------------------------------


class LedgerQuery(Shape, frozen=True, kw_only=True):
    """Auditor: a page of the skeleton, from leaf `start` on, at most 500 entries.

    `until` shows the log as it was when it had so many entries. The others let through: one
    stream, one actor's pseudonym (16 bytes), one type of event, weeks from `first_week` to
    `last_week`. Blank entries are left out unless `blanks` asks for them.
    """

    start: int = 0
    first: int = 100
    until: int | None = None
    stream: str | None = None
    actor: bytes | None = None
    type: str | None = None
    first_week: str | None = None
    last_week: str | None = None
    blanks: bool = False


class LedgerEntry(Shape, frozen=True, kw_only=True):
    """One leaf's record: what kind of event, which week, which pseudonymous actor, which stream.

    With the organisation it is everything that the leaf hash covers (docs/ledger.md).
    """

    index: int
    stream: str
    version: int
    type: str
    week: str
    actor: bytes
    suite: int
    key_id: str
    nonce: bytes
    ciphertext_sha256: bytes
    leaf_hash: bytes


class LedgerPage(Shape, frozen=True, kw_only=True):
    """A page of the skeleton, the log's size, and its newest signed checkpoint (C2SP).

    `next` is the `start` of the page behind this one; none: there is nothing behind it.
    """

    size: int
    checkpoint: str | None
    entries: tuple[LedgerEntry, ...]
    next: int | None


class KeyLog(Shape, frozen=True, kw_only=True):
    """Every entry of intake's log that publishes a key, oldest first, and how long the log is.

    `checkpoint` is the newest signed one (C2SP).
    """

    size: int
    checkpoint: str | None
    entries: tuple[LedgerEntry, ...]


class LedgerBundleQuery(Shape, frozen=True, kw_only=True):
    """Auditor: the entries from leaf 256 × `index` on, at most 256."""

    index: int


class LedgerBundle(Shape, frozen=True, kw_only=True):
    """Entries as a C2SP entry bundle, and what lies beside them now.

    `contents` has 32 bytes per entry: SHA-256 of the ciphertext as it lies there, zeros where
    there is none. `keys` are the key ids (16 bytes each) of these entries whose key still exists.
    """

    size: int
    entries: bytes
    contents: bytes
    keys: bytes


class LedgerMemoriesQuery(Shape, frozen=True, kw_only=True):
    """Auditor: what this service remembers of another service's log."""

    of: Service


class LedgerMemory(Shape, frozen=True, kw_only=True):
    """A head that is remembered: size and root (32 bytes). `name` is its file in the ledger folder.

    `evidence`: it contradicted the remembered one when it was told. No size: the file is damaged.
    """

    name: str
    size: int | None
    root: bytes
    evidence: bool


class LedgerMemories(Shape, frozen=True, kw_only=True):
    """All that one service remembers of one log."""

    memories: tuple[LedgerMemory, ...]


class PublishedQuery(Shape, frozen=True, kw_only=True):
    """Anybody: a file of a log that holds hashes and signatures alone.

    `path` is `checkpoint`, `log.vkey` or a hash tile's path (C2SP tlog-tiles).
    """

    organisation_id: str
    path: str


class PublishedFile(Shape, frozen=True, kw_only=True):
    """Its bytes."""

    content: bytes


@dataclass(frozen=True, slots=True)
class Verb:
    """One verb of a service: its name on the bus and its shapes."""

    service: Service
    name: str
    kind: Kind
    request: type[Shape]
    answer: type[Shape]
    public: bool = False
    """Whether it is answered without a token."""
    door: bool = False
    """Whether it is answered to a reporter who has no session yet."""

    @property
    def fresh(self) -> bool:
        """Whether staff must have signed in shortly before: see FRESH_VERBS."""
        return f"{self.service}.{self.name}" in FRESH_VERBS

    @property
    def subject(self) -> str:
        """The subject on which it is asked."""
        return f"rpc.{self.service}.v1.{self.name}"


FRESH_VERBS: frozenset[str] = frozenset(
    {
        # Somebody else may read from then on, or what is sealed goes to another key.
        "intake.seat_adviser",
        "intake.vacate_seat",
        "intake.designate_report_officer",
        "intake.release_report_officer",
        "intake.designate_complaints_officer",
        "intake.release_complaints_officer",
        "intake.publish_adviser_key",
        "intake.withdraw_adviser_key",
        "intake.publish_recovery_key",
        "intake.confirm_recovery_key",
        "intake.hand_over",
        "intake.request_recovery",
        "intake.approve_recovery",
        "intake.recovered_words",
        # Something leaves the case.
        "intake.request_disclosure",
        "intake.confirm_disclosure",
        "intake.request_subject_access",
        "intake.review_redaction",
        # Something is gone.
        "intake.request_erasure",
        "intake.approve_erasure",
        "intake.decide_retention",
    }
)
"""What a browser that was left open must not do: it takes a sign-in of the last minutes
(shared.identity.principal). Of a reporter it takes a session, which is never long.
"""

LEDGER_VERBS: frozenset[str] = frozenset({"ledger", "ledger_bundle", "ledger_memories"})
"""What the organisation's auditor asks every service."""


def _ledger(service: Service) -> tuple[Verb, ...]:
    return (
        Verb(service, "ledger", "query", LedgerQuery, LedgerPage),
        Verb(service, "ledger_bundle", "query", LedgerBundleQuery, LedgerBundle),
        Verb(service, "ledger_memories", "query", LedgerMemoriesQuery, LedgerMemories),
        Verb(service, "published", "query", PublishedQuery, PublishedFile, public=True),
    )


VERBS: dict[str, Verb] = {
    f"{verb.service}.{verb.name}": verb
    for verb in (
        Verb("intake", "set_up_organisation", "command", SetUpOrganisation, Done),
        Verb("intake", "organisation", "query", Empty, Organisation, door=True),
        Verb("intake", "describe_adviser", "command", DescribeAdviser, Done),
        Verb("intake", "record_absence", "command", RecordAbsence, Done),
        Verb("intake", "end_absence", "command", EndAbsence, Done),
        Verb("intake", "adviser_profiles", "query", OfOrganisation, AdviserProfiles),
        Verb("intake", "adviser_choices", "query", Empty, AdviserChoices, door=True),
        Verb("intake", "adviser_proposal", "query", ProposeAdvisers, AdviserProposal, door=True),
        Verb("intake", "workload", "query", Empty, Workload),
        Verb("intake", "plan_units", "command", PlanUnits, Done),
        Verb("intake", "seat_adviser", "command", SeatAdviser, Done),
        Verb("intake", "vacate_seat", "command", VacateSeat, Done),
        Verb("intake", "unit_history", "query", OfOrganisation, UnitHistory),
        Verb("intake", "keep_strategy_entry", "command", KeepStrategyEntry, Done),
        Verb("intake", "withdraw_strategy_entry", "command", WithdrawStrategyEntry, Done),
        Verb("intake", "link_strategy_entry", "command", LinkStrategyEntry, Done),
        Verb("intake", "strategy_register", "query", OfOrganisation, StrategyRegister, door=True),
        Verb("intake", "designate_report_officer", "command", DesignateReportOfficer, Done),
        Verb("intake", "release_report_officer", "command", ReleaseReportOfficer, Done),
        Verb("intake", "designate_complaints_officer", "command", DesignateComplaintsOfficer, Done),
        Verb("intake", "release_complaints_officer", "command", ReleaseComplaintsOfficer, Done),
        Verb("intake", "publish_adviser_key", "command", PublishAdviserKey, Done),
        Verb("intake", "withdraw_adviser_key", "command", WithdrawAdviserKey, Done),
        Verb("intake", "publish_recovery_key", "command", PublishRecoveryKey, Done),
        Verb("intake", "confirm_recovery_key", "command", ConfirmRecoveryKey, Done),
        Verb("intake", "key_log", "query", Empty, KeyLog),
        Verb("intake", "open_case", "command", OpenCase, Done),
        Verb("intake", "record_statement", "command", RecordStatement, Done),
        Verb("intake", "avoid_adviser", "command", AvoidAdviser, Done),
        Verb("intake", "keep_record", "command", KeepRecord, Done),
        Verb("intake", "correct_facts", "command", CorrectFacts, Done),
        Verb("intake", "record_conversation", "command", RecordConversation, Done),
        Verb("intake", "draft_minutes", "command", DraftMinutes, Done),
        Verb("intake", "correct_minutes", "command", CorrectMinutes, Done),
        Verb("intake", "sign_off_minutes", "command", SignOffMinutes, Done),
        Verb("intake", "propose_step", "command", ProposeStep, Done),
        Verb("intake", "decide_step", "command", DecideStep, Done),
        Verb("intake", "take_step", "command", TakeStep, Done),
        Verb("intake", "give_consent", "command", GiveConsent, Done),
        Verb("intake", "withdraw_consent", "command", WithdrawConsent, Done),
        Verb("intake", "tell_with_consent", "command", TellWithConsent, Done),
        Verb("intake", "decide_to_report", "command", DecideToReport, Done),
        Verb(
            "intake",
            "convert_to_whistleblower_report",
            "command",
            ConvertToWhistleblowerReport,
            Done,
        ),
        Verb("intake", "whistleblower_reports", "query", Empty, WhistleblowerReports),
        Verb("intake", "whistleblower_report", "query", PartById, WhistleblowerReport),
        Verb("intake", "confirm_whistleblower_report", "command", ConfirmWhistleblowerReport, Done),
        Verb(
            "intake", "follow_up_whistleblower_report", "command", FollowUpWhistleblowerReport, Done
        ),
        Verb("intake", "give_whistleblower_feedback", "command", GiveWhistleblowerFeedback, Done),
        Verb("intake", "close_whistleblower_report", "command", CloseWhistleblowerReport, Done),
        Verb("intake", "say_satisfaction", "command", SaySatisfaction, Done),
        Verb("intake", "report_disadvantage", "command", ReportDisadvantage, Done),
        Verb("intake", "plan_aftercare", "command", PlanAftercare, Done),
        Verb("intake", "give_aftercare", "command", GiveAftercare, Done),
        Verb("intake", "reopen_case", "command", ReopenCase, Done),
        Verb("intake", "record_intervention", "command", RecordIntervention, Done),
        Verb("intake", "record_outcome", "command", RecordOutcome, Done),
        Verb("intake", "close_case", "command", CloseCase, Done),
        Verb("intake", "send_message", "command", SendMessage, Done),
        Verb("intake", "name_parties", "command", NameParties, Done),
        Verb("intake", "subject_matches", "query", SubjectMatchesQuery, SubjectMatches),
        Verb("intake", "reseal", "command", Reseal, Done),
        Verb("intake", "hand_over", "command", HandOver, Done),
        Verb("intake", "consent_to_hand_over", "command", ConsentToHandOver, Done),
        Verb("intake", "request_recovery", "command", RequestRecovery, Done),
        Verb("intake", "approve_recovery", "command", ApproveRecovery, Done),
        Verb("intake", "recoveries", "query", Empty, Recoveries),
        Verb("intake", "recovered_words", "query", PartById, Case),
        Verb("intake", "lost_cases", "query", CasesOfAdviser, CaseIds),
        Verb(
            "intake",
            "open_reporter_session",
            "query",
            OpenReporterSession,
            ReporterSession,
            door=True,
        ),
        Verb("intake", "my_case", "query", Part, MyCase),
        Verb("intake", "my_data", "query", Part, MyData),
        Verb("intake", "request_disclosure", "command", RequestDisclosure, Done),
        Verb("intake", "confirm_disclosure", "command", ConfirmDisclosure, Done),
        Verb("intake", "inform_reporter", "command", InformReporter, Done),
        Verb("intake", "disclosures", "query", Empty, Disclosures),
        Verb("intake", "disclosure", "query", ById, Disclosure),
        Verb("intake", "disclosure_log", "query", DisclosureLogQuery, DisclosureLog),
        Verb("intake", "request_subject_access", "command", RequestSubjectAccess, Done),
        Verb("intake", "propose_redaction", "command", ProposeRedaction, Done),
        Verb("intake", "review_redaction", "command", ReviewRedaction, Done),
        Verb("intake", "subject_accesses", "query", Empty, SubjectAccesses),
        Verb("intake", "subject_access", "query", ById, SubjectAccess),
        Verb("intake", "start_term", "command", StartTerm, Done),
        Verb("intake", "meet_term", "command", MeetTerm, Done),
        Verb("intake", "pause_term", "command", PauseTerm, Done),
        Verb("intake", "resume_term", "command", ResumeTerm, Done),
        Verb("intake", "extend_term", "command", ExtendTerm, Done),
        Verb("intake", "my_tasks", "query", Empty, Tasks),
        Verb("intake", "overdue_terms", "query", Empty, OverdueTerms),
        Verb("intake", "share_calendar", "command", ShareCalendar, Done),
        Verb("intake", "revoke_calendar", "command", Empty, Done),
        Verb("intake", "calendar_feed", "query", Empty, CalendarFeed),
        Verb("intake", "sign_out", "command", SignOut, Empty, public=True),
        Verb("intake", "calendar_weeks", "query", CalendarQuery, CalendarWeeks, public=True),
        Verb("intake", "file_complaint", "command", FileComplaint, Done),
        Verb("intake", "acknowledge_complaint", "command", AcknowledgeComplaint, Done),
        Verb("intake", "write_in_complaint", "command", WriteInComplaint, Done),
        Verb("intake", "hear_complaint", "command", HearComplaint, Done),
        Verb("intake", "decide_adviser_told", "command", DecideAdviserTold, Done),
        Verb("intake", "answer_complaint", "command", AnswerComplaint, Done),
        Verb("intake", "close_complaint", "command", CloseComplaint, Done),
        Verb("intake", "complaints", "query", Page, Complaints),
        Verb("intake", "complaint", "query", PartById, Complaint),
        Verb("intake", "my_complaints", "query", Part, MyComplaints),
        Verb("intake", "write_note", "command", WriteNote, Done),
        Verb("intake", "erase_note", "command", EraseNote, Done),
        Verb("intake", "my_notes", "query", Page, MyNotes),
        Verb("intake", "share_peer_consultation", "command", SharePeerConsultation, Done),
        Verb("intake", "answer_peer_consultation", "command", AnswerPeerConsultation, Done),
        Verb("intake", "end_peer_consultation", "command", EndPeerConsultation, Done),
        Verb("intake", "peer_consultations", "query", Page, PeerConsultations),
        Verb("intake", "peer_consultation", "query", ById, PeerConsultation),
        Verb("intake", "record_time", "command", RecordTime, Done),
        Verb("intake", "withdraw_time", "command", WithdrawTime, Done),
        Verb("intake", "my_time", "query", TimeQuery, MyTime),
        Verb("intake", "time_totals", "query", TimeQuery, TimeTotals),
        Verb("intake", "import_register", "command", ImportRegister, Imported),
        Verb("intake", "cases", "query", Page, Cases),
        Verb("intake", "caseload_alerts", "query", Empty, CaseloadAlerts),
        Verb("intake", "case", "query", PartById, Case),
        Verb("intake", "put_chunk", "query", PutChunk, Empty),
        Verb("intake", "attach_file", "command", AttachFile, Done),
        Verb("intake", "chunk", "query", ChunkQuery, Chunk),
        Verb("intake", "request_erasure", "command", RequestErasure, Done),
        Verb("intake", "approve_erasure", "command", ApproveErasure, Done),
        Verb("intake", "erasures", "query", Empty, Erasures),
        Verb("intake", "erasure", "query", ById, Erasure),
        Verb("intake", "erasure_statements", "query", ErasureStatementsQuery, ErasureStatements),
        Verb("intake", "decide_retention", "command", DecideRetention, Done),
        Verb("intake", "retention", "query", Empty, Retention),
        *_ledger("intake"),
        Verb("signals", "statistics", "query", StatisticsQuery, Statistics),
        Verb("signals", "draft_signal", "command", DraftSignal, Done),
        Verb("signals", "revise_signal", "command", ReviseSignal, Done),
        Verb("signals", "review_signal", "command", ReviewSignal, Done),
        Verb("signals", "withdraw_signal", "command", WithdrawSignal, Done),
        Verb("signals", "signals", "query", SignalsQuery, Signals),
        Verb("signals", "signal_drafts", "query", Empty, SignalDrafts),
        Verb("signals", "signal_draft", "query", ById, SignalDraft),
        Verb("signals", "import_published", "command", ImportPublished, PublishedImported),
        Verb("signals", "tell_lagging_indicator", "command", TellLaggingIndicator, Done),
        Verb("signals", "explanations", "query", ExplanationsQuery, Explanations),
        Verb("signals", "privacy_budget", "query", PrivacyBudgetQuery, PrivacyBudget),
        Verb("signals", "early_warning", "query", EarlyWarningQuery, EarlyWarnings),
        Verb("signals", "plan_grid", "query", PlanGridQuery, GridPlan),
        Verb("signals", "open_pulse", "command", OpenPulse, Done),
        Verb("signals", "issue_pulse_tokens", "command", IssuePulseTokens, Done),
        Verb("signals", "answer_pulse", "command", AnswerPulse, Done),
        Verb("signals", "pulses", "query", Empty, Pulses),
        Verb("signals", "pulse_results", "query", PulseResultsQuery, PulseResults),
        *_ledger("signals"),
        Verb("reporting", "barometer", "query", BarometerQuery, BarometerAnswer),
        Verb("reporting", "maturity", "query", Empty, MaturityAnswer),
        Verb("reporting", "assess_maturity", "command", AssessMaturity, Done),
        Verb("reporting", "reports", "query", ReportsQuery, Reports),
        Verb("reporting", "report", "query", ReportQuery, Report),
        Verb("reporting", "save_interpretation", "command", SaveInterpretation, Done),
        Verb("reporting", "approve_report", "command", ApproveReport, Done),
        Verb("reporting", "publish_report", "command", PublishReport, Done),
        Verb(
            "reporting", "strategy_chain", "query", strategy.StrategyQuery, strategy.StrategyChain
        ),
        Verb("reporting", "policy_gaps", "query", strategy.GapsQuery, strategy.PolicyGaps),
        Verb("reporting", "enter_formal_numbers", "command", compliance.EnterFormalNumbers, Done),
        Verb("reporting", "formal_numbers", "query", Empty, compliance.FormalNumbers),
        Verb(
            "reporting",
            "compliance_text",
            "query",
            compliance.ComplianceTextQuery,
            compliance.ComplianceText,
        ),
        Verb("reporting", "correct_report", "command", CorrectReport, Done),
        Verb("reporting", "begin_report", "command", BeginReport, Done),
        Verb("reporting", "choose_report_calendar", "command", ChooseReportCalendar, Done),
        Verb("reporting", "report_calendar", "query", Empty, ReportCalendarChosen),
        Verb("reporting", "acknowledge_report", "command", AcknowledgeReport, Done),
        Verb("reporting", "render_report", "query", RenderReport, Document),
        Verb(
            "reporting",
            "import_hr_figures",
            "command",
            reporting_hr.ImportHrFigures,
            reporting_hr.HrImported,
        ),
        Verb(
            "reporting", "keep_cost_assumptions", "command", reporting_hr.KeepCostAssumptions, Done
        ),
        Verb(
            "reporting", "hr_figures", "query", reporting_hr.HrFiguresQuery, reporting_hr.HrFigures
        ),
        Verb("reporting", "record_series_break", "command", RecordSeriesBreak, Done),
        Verb("reporting", "withdraw_series_break", "command", WithdrawSeriesBreak, Done),
        Verb("reporting", "series_breaks", "query", Empty, SeriesBreaks),
        Verb(
            "reporting",
            "declare_leadership_layer",
            "command",
            reporting_mirror.DeclareLeadershipLayer,
            Done,
        ),
        Verb(
            "reporting",
            "withdraw_leadership_layer",
            "command",
            reporting_mirror.WithdrawLeadershipLayer,
            Done,
        ),
        Verb("reporting", "leadership_layers", "query", Empty, reporting_mirror.LeadershipLayers),
        Verb("reporting", "open_mirror", "command", reporting_mirror.OpenMirror, Done),
        Verb("reporting", "give_leaders_view", "command", reporting_mirror.GiveLeadersView, Done),
        Verb("reporting", "compose_mirror", "command", reporting_mirror.ComposeMirror, Done),
        Verb("reporting", "share_mirror", "command", reporting_mirror.ShareMirror, Done),
        Verb(
            "reporting", "acknowledge_mirror", "command", reporting_mirror.AcknowledgeMirror, Done
        ),
        Verb("reporting", "mirror", "query", reporting_mirror.MirrorQuery, reporting_mirror.Mirror),
        Verb(
            "reporting",
            "shared_mirrors",
            "query",
            reporting_mirror.SharedMirrorsQuery,
            reporting_mirror.SharedMirrors,
        ),
        Verb("reporting", "decide_response_term", "command", loop.DecideResponseTerm, Done),
        Verb("reporting", "recommend", "command", loop.Recommend, Done),
        Verb("reporting", "withdraw_recommendation", "command", loop.WithdrawRecommendation, Done),
        Verb("reporting", "answer_recommendation", "command", loop.AnswerRecommendation, Done),
        Verb("reporting", "plan_measure", "command", loop.PlanMeasure, Done),
        Verb("reporting", "advance_measure", "command", loop.AdvanceMeasure, Done),
        Verb("reporting", "review_effect", "command", loop.ReviewEffect, Done),
        Verb("reporting", "follow_up", "query", Part, loop.FollowUp),
        Verb("reporting", "due_follow_ups", "query", Empty, loop.DueFollowUps),
        Verb("reporting", "tell_staff", "command", loop.TellStaff, Done),
        Verb("reporting", "pass_on_telling", "command", loop.PassOnTelling, Done),
        Verb("reporting", "you_said_we_did", "query", Part, loop.Tellings),
        Verb("reporting", "plan_intervention", "command", loop.PlanIntervention, Done),
        Verb("reporting", "hold_intervention", "command", loop.HoldIntervention, Done),
        Verb("reporting", "cancel_intervention", "command", loop.CancelIntervention, Done),
        Verb("reporting", "interventions", "query", Part, loop.Interventions),
        Verb("reporting", "keep_activities", "command", loop.KeepActivities, Done),
        Verb("reporting", "activities", "query", Empty, loop.Activities),
        *_ledger("reporting"),
    )
}
