"""The second walk of `make demo`: an organisation of 1,200 people over four half-years, and its reports.

Its first year is reported as a year, since nothing is known yet of how much comes in; then the grid gives
half-years. Organisation, people and words are made up, and so are the cases, by a rule that is written
here and draws nothing; what is released of them has noise and comes out differently each time.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import cycle
from pathlib import Path
from typing import Final

from rich.console import Console

from shared.cli.import_register import run as import_register
from shared.local import documents
from shared.local.half_years_figures import (
    answer_pulse,
    assess_norm,
    import_hr_figures,
    open_pulse,
    tell_signal,
)
from shared.local.half_years_loop import (
    ANSWERED_AFTER,
    Loop,
    answer,
    finish,
    keep_activities,
    recommend,
    train,
)
from shared.local.half_years_words import HALF_YEARS, OPENING, OTHERWISE, WORDS
from shared.local.story import DemoFailedError, Story
from shared.local.subjects import subject_of
from shared.taxonomy.calendar import moment_of, next_quarterly_tick, tick_of
from shared.taxonomy.period import Period

NAME: Final = "Voorbeeld Zorggroep De Linde"

_UNITS: Final = (
    ("linde", NAME, 40, None),
    ("care", "Zorg", 510, "linde"),
    ("treatment", "Behandeling", 280, "linde"),
    ("facilities", "Facilitair", 210, "linde"),
    ("office", "Bedrijfsvoering", 160, "linde"),
)
"""1,200 people."""

_IN_TURN: Final = (
    *("care", "treatment", "care", "facilities", "care", "office", "treatment"),
    *("care", "facilities", "care", "treatment", "care", "care"),
)
"""Cases fall into the units in this order, again and again."""

# Kind of case → what came in, half-year by half-year: workload rises and falls again after the roster is
# fixed earlier, unclear roles come with a reorganisation, conduct between people falls slowly.
_CASES: Final[dict[str, tuple[int, ...]]] = {
    "bullying": (14, 14, 15, 14, 12, 10),
    "intimidation": (9, 8, 9, 8, 8, 6),
    "sexual_harassment": (4, 5, 4, 5, 4, 4),
    "discrimination": (5, 4, 5, 5, 4, 5),
    "aggression_violence": (6, 6, 6, 7, 6, 6),
    "workload": (8, 9, 11, 17, 22, 13),
    "leadership_style": (8, 8, 9, 9, 8, 8),
    "cooperation_problems": (7, 8, 7, 8, 7, 8),
    "unclear_responsibilities": (2, 3, 3, 4, 12, 12),
    "integrity": (3, 3, 2, 3, 3, 3),
    "desired_conduct": (2, 3, 4, 5, 6, 8),
}
_FIRST_YEAR: Final = 2
"""Half-years before those of the story."""

_PULSES: Final = (3, 5)
"""Half-years, counted from the first year's, in which there is a pulse."""


class HalfYears(Story):
    """Three years in a minute, of which the last four half-years are reported one by one. `loops` are what
    the adviser recommended in them, `pulses` the half-years with a pulse.
    """

    loops: list[Loop]
    pulses: list[str]

    def tell(self) -> None:
        """From the set-up to the report of the last half-year, in every form."""
        self.loops, self.pulses = [], []
        self.sign_in()
        self.people |= {
            role: self._sign_in(subject_of(role), role) for role in ("board", "works_council")
        }
        period = Period.containing(self.installation.now().date())
        if period.half == 2:
            period = _next(period)
            # A register of a whole year is loaded when that year is over.
            self._move_to(moment_of(period.start))
        self._set_up(
            [
                {"id": unit, "name": name, "headcount": headcount, "parent": parent}
                for unit, name, headcount, parent in _UNITS
            ]
        )
        # Of this total the grid of the second year is made; that of the first knows headcounts alone.
        self._load(str(period.year - 1), (0, 1))
        self._say(f"the register of {period.year - 1} is loaded")
        for number in range(_FIRST_YEAR + len(HALF_YEARS)):
            self._live_through(period, number)
            if number < _FIRST_YEAR:
                self._wait_for_release(str(period.year - 1 + number))
            else:
                self._report(period, number - _FIRST_YEAR)
                if number < _FIRST_YEAR + len(HALF_YEARS) - 1:
                    self._answered()
            period = _next(period)

    def _answered(self) -> None:
        """The board answers what was recommended, and something is done about it."""
        self._move_to(self.installation.now() + ANSWERED_AFTER)
        answer(self.people, self.loops[-1], self.installation.now().date())
        self._say("the board answered the recommendation, and HR began with a measure")

    def _live_through(self, period: Period, number: int) -> None:
        self._move_to(max(self.installation.now(), moment_of(period.start + timedelta(days=75))))
        if number in _PULSES:
            self._hold_pulse(period, _PULSES.index(number))
        if self.loops:
            finish(self.people, self.loops[-1])
        if len(self.loops) == 1:
            train(self.people, self.installation.now().date())
        self._load(str(period), (number,))
        self._move_to(moment_of(tick_of(period, period.start)) + timedelta(minutes=1))
        self._say(f"{sum(each[number] for each in _CASES.values())} cases came in in {period}")

    def _hold_pulse(self, period: Period, which: int) -> None:
        opens = period.start + timedelta(days=140)
        tokens = open_pulse(self.people["hr"], opens)
        self._move_to(moment_of(opens))
        answer_pulse(self.installation, self.organisation, tokens, which)
        self.pulses.append(str(period))
        self._say(f"{len(tokens)} people answered a pulse, each with a token without a name")

    def _load(self, period: str, numbers: tuple[int, ...]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / f"cases-{period}.csv"
            file.write_text("\n".join(_register(period, numbers)) + "\n", encoding="utf-8")
            code = import_register(
                file,
                organisation=str(self.organisation),
                dry_run=False,
                gateway_url=self.installation.gateway_url,
                token=self.people["adviser"].token,
                console=Console(quiet=True),
                language="en",
            )
        if code != 0:
            raise DemoFailedError(f"the cases of {period} were not loaded")

    def _wait_for_release(self, period: str) -> None:
        """The grid of the next year is made of what is released before it begins."""
        hr = self.people["hr"]
        self._until(
            f"{period} to be released",
            lambda: period in {one["period"] for one in hr.ask(documents.TABLES)},
        )

    def _move_to(self, moment: datetime) -> None:
        if moment > self.installation.now():
            self.installation.move_clock(moment)

    def _report(self, period: Period, number: int) -> None:
        adviser = self.people["adviser"]
        self._until(f"every table of {period} to be in its report", lambda: self._is_whole(period))
        if number:  # of one half-year alone there is nothing to tell beside its figures
            self._tell_signal(period)
        report = self._id_of(period)
        self.loops.append(recommend(self.people, number, str(period)))
        keep_activities(self.people, number, str(period))
        import_hr_figures(self.people["hr"], number, str(period))
        if number == len(HALF_YEARS) - 1:
            assess_norm(adviser, str(period), self.pulses[0])
        words = [
            {"section": one["code"], "words": WORDS[number].get(one["code"], OTHERWISE)}
            for one in adviser.ask(documents.SECTIONS, id=report)["sections"]
            if one["hasFigures"] or one["code"] in WORDS[number]
        ]
        adviser.do(
            documents.APPROVE_REPORT,
            reportId=report,
            interpretation=OPENING[number],
            words=words,
        )
        adviser.do(
            documents.PUBLISH_REPORT,
            reportId=report,
            audiences=["HR", "BOARD", "WORKS_COUNCIL", "ALL_STAFF"],
        )
        for form in self.people["hr"].ask(documents.REPORT_FORMS, id=report)["forms"]:
            # The last one in every form and language; of the others the PDF in Dutch is enough.
            last = number == len(HALF_YEARS) - 1 and form["form"] != "json"
            if last or (form["form"], form["language"]) == ("pdf", "NL"):
                called = f"{period}-{form['language'].lower()}"
                file = self._download(form["path"], called, ending=form["form"])
                self.pdfs.append((f"{period} {form['language']}", file))
        self._say(f"the report of {period} is published")

    def _tell_signal(self, period: Period) -> None:
        """It is released at the next tick, and the report waits for it."""
        tell_signal(self.people["adviser"], str(period))
        tick = next_quarterly_tick(self.installation.now().date())
        self._move_to(moment_of(tick) + timedelta(minutes=1))
        hr = self.people["hr"]
        self._until(
            "the signal to be released and known to the report",
            lambda: str(period) in str(hr.ask(documents.CHAIN)),
        )

    def _id_of(self, period: Period) -> str:
        reports = self.people["adviser"].ask(documents.REPORTS)
        return next((one["id"] for one in reports if one["period"] == str(period)), "")

    def _is_whole(self, period: Period) -> bool:
        """What is approved is what is published: so all tables have to be there before."""
        released = [
            one for one in self.people["hr"].ask(documents.TABLES) if one["period"] == str(period)
        ]
        report = self._id_of(period)
        if not released or not report:
            return False
        found = self.people["adviser"].ask(documents.REPORT, id=report)
        return len(released) == 1 + len(found["tables"])


def _next(period: Period) -> Period:
    return Period.containing(period.end)


def _register(period: str, numbers: tuple[int, ...]) -> Iterator[str]:
    """The cases of some half-years as the lines of a register, in the units by turns."""
    yield "kind,period,unit,category,role,relation,route,outcome,count"
    units = cycle(_IN_TURN)
    relations = cycle(("colleague", "manager_to_employee", "colleague"))
    for category, counts in _CASES.items():
        for _ in range(sum(counts[number] for number in numbers)):
            yield (
                f"row,{period},{next(units)},{category},employee,{next(relations)},"
                "informal_with_adviser,heard_and_done,1"
            )
