"""What the made-up organisation does with its reports: recommended, answered, done, and told to its staff."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from shared.local import documents

if TYPE_CHECKING:
    from shared.local.story import Person

ANSWERED_AFTER: Final = timedelta(days=21)
"""The board answers within its six weeks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What the adviser recommends in one report, and what comes of it; `codes` are those of the cells that
    it may be about, the first that is released counts.
    """

    title: str
    text: str
    kind: str
    codes: tuple[str, ...]
    answer: str
    reasons: str | None
    measure: str
    owner: str
    heard: tuple[str, str]
    did: tuple[str, str]


ADVICE: Final = (
    Advice(
        title="Open het gesprek over omgang in elk team",
        text="Vraag elke teamleider om in de komende drie maanden één teamoverleg te besteden aan hoe wij "
        "met elkaar omgaan, met wat er goed gaat als begin.",
        kind="STRUCTURAL",
        codes=("bullying_intimidation", "conduct", "all"),
        answer="ACCEPTED",
        reasons=None,
        measure="Teamgesprek over omgang, met een vaste opzet",
        owner="Teamleiders, met HR",
        heard=(
            "In teams is het lastig om elkaar op kleine dingen aan te spreken.",
            "In teams it is hard to speak to each other about small things.",
        ),
        did=(
            "Elk team heeft hierover een gesprek gehad. Teamleiders oefenden in feedback geven en ontvangen.",
            "Each team has had a talk about it. Team leaders practised giving and receiving feedback.",
        ),
    ),
    Advice(
        title="Leg roosters drie weken vooruit vast",
        text="Werkdruk wordt vaak in één adem genoemd met de planning. Leg roosters drie weken vooruit vast, "
        "en laat wijzigingen daarna alleen toe met instemming van wie het treft.",
        kind="STRUCTURAL",
        codes=("workload", "organisation", "all"),
        answer="ACCEPTED",
        reasons=None,
        measure="Rooster staat drie weken vooruit vast",
        owner="Afdeling Zorg, planning",
        heard=(
            "De planning komt laat en verandert nog.",
            "Rosters come late and still change.",
        ),
        did=(
            "Roosters staan nu drie weken vooruit vast.",
            "Rosters are now fixed three weeks ahead.",
        ),
    ),
    Advice(
        title="Bespreek rollen in de teams die zijn samengevoegd",
        text="Afspraken over rollen staan op papier. Bespreek ze in de teams, en spreek af bij wie iemand "
        "terechtkan die van twee kanten een opdracht krijgt.",
        kind="STRUCTURAL",
        codes=("organisation", "cooperation", "all"),
        answer="PARTLY",
        reasons="Wij doen dit in Zorg en Behandeling; elders wachten wij op de nieuwe leiding.",
        measure="Rollen besproken in samengevoegde teams",
        owner="Raad van bestuur, met de afdelingsleiding",
        heard=(
            "Sinds de nieuwe indeling is niet duidelijk wie waarover gaat.",
            "Since the new division it is not clear who decides on what.",
        ),
        did=(
            "In Zorg en Behandeling bespreken teams hun rollen. In de andere afdelingen volgt dit later.",
            "In Zorg and Behandeling teams talk about their roles. Elsewhere this comes later.",
        ),
    ),
    Advice(
        title="Vertel wat er met meldingen gebeurt",
        text="Mensen die hebben gesproken, willen weten wat ermee is gedaan. Vertel twee keer per jaar in "
        "elk team wat is gehoord en wat is besloten.",
        kind="STRUCTURAL",
        codes=("all",),
        answer="ACCEPTED",
        reasons=None,
        measure="Vast punt in het teamoverleg",
        owner="Communicatie",
        heard=("", ""),
        did=("", ""),
    ),
)
"""Half-year by half-year. The last report's is new, and nobody has answered it yet."""


@dataclass(slots=True)
class Loop:
    """What was recommended in a report, as it goes on."""

    advice: Advice
    recommendation: str = field(default_factory=lambda: str(uuid4()))
    measure: str = field(default_factory=lambda: str(uuid4()))
    cell: dict[str, str] | None = None


def recommend(people: dict[str, Person], number: int, period: str) -> Loop:
    """The adviser recommends something for a cell that was released of this period."""
    loop = Loop(ADVICE[number])
    tables = people["adviser"].ask(documents.TABLES)
    loop.cell = next(
        (
            {"table": table["dimension"], "code": cell["code"], "period": period}
            for code in loop.advice.codes
            for table in tables
            if table["period"] == period
            for cell in table["labels"]
            if cell["code"] == code
        ),
        None,
    )
    if loop.cell is None:  # not one of these codes is in the grid of that year
        table = next(one for one in tables if one["period"] == period)
        code = table["labels"][0]["code"]
        loop.cell = {"table": table["dimension"], "code": code, "period": period}
    people["adviser"].do(
        documents.RECOMMEND,
        recommendationId=loop.recommendation,
        title={"nl": loop.advice.title},
        text={"nl": loop.advice.text},
        kind=loop.advice.kind,
        figures=[loop.cell],
        period=period,
    )
    return loop


def answer(people: dict[str, Person], loop: Loop, today: date) -> None:
    """The board answers, HR plans a measure and begins with it."""
    advice = loop.advice
    reasons: dict[str, Any] = {} if advice.reasons is None else {"reasons": {"nl": advice.reasons}}
    people["board"].do(
        documents.ANSWER_RECOMMENDATION,
        recommendationId=loop.recommendation,
        answer=advice.answer,
        **reasons,
    )
    people["hr"].do(
        documents.PLAN_MEASURE,
        measureId=loop.measure,
        recommendationId=loop.recommendation,
        title={"nl": advice.measure},
        owner=advice.owner,
        kind="STRUCTURAL",
        plannedFor=(today + timedelta(days=60)).isoformat(),
    )
    people["hr"].do(
        documents.ADVANCE_MEASURE, measureId=loop.measure, step="START", baseLine=loop.cell
    )


def finish(people: dict[str, Person], loop: Loop) -> None:
    """The measure is done, and staff is told."""
    people["hr"].do(documents.ADVANCE_MEASURE, measureId=loop.measure, step="FINISH")
    telling = str(uuid4())
    people["adviser"].do(
        documents.TELL_STAFF,
        tellingId=telling,
        heard=dict(zip(("nl", "en"), loop.advice.heard, strict=True)),
        did=dict(zip(("nl", "en"), loop.advice.did, strict=True)),
        recommendations=[loop.recommendation],
        ways=["INTRANET", "TEAM_TALK"],
    )
    people["works_council"].do(documents.PASS_ON_TELLING, tellingId=telling)


def train(people: dict[str, Person], today: date) -> None:
    """Team leaders practise feedback in both directions; nineteen came."""
    intervention = str(uuid4())
    people["hr"].do(
        documents.PLAN_INTERVENTION,
        interventionId=intervention,
        kind="TRAINING",
        title={"nl": "Feedback in het team", "en": "Feedback in the team"},
        themes=["giving_feedback", "receiving_feedback"],
        layer="TEAM_LEADERS",
        plannedFor=today.isoformat(),
        units=["care", "treatment"],
    )
    people["hr"].do(
        documents.HOLD_INTERVENTION,
        interventionId=intervention,
        heldOn=today.isoformat(),
        attended=19,
    )


def keep_activities(people: dict[str, Person], number: int, period: str) -> None:
    """The adviser tells of her own work in the period that is over."""
    people["adviser"].do(
        documents.KEEP_ACTIVITIES,
        period=period,
        informationSessions=6 + number,
        peerConsultations=3,
        trainings=1 + number % 2,
        caseHours=410 + 25 * number,
        otherHours=63,
        reach={
            "nl": "Op werkdagen per telefoon, elke donderdag in het gebouw, en op afspraak daarbuiten.",
            "en": "By telephone on working days, in the building on Thursdays, and elsewhere by appointment.",
        },
        firstTalk="WITHIN_A_WEEK",
    )
