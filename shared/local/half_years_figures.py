"""What is asked and counted beside the cases of the made-up organisation: pulses, HR's figures, a norm."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import cycle
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from hoeksteen_client import GatewayClient, PulseToken, make_pulse_tokens
from shared.local import documents
from shared.local.story import Person, base64
from shared.taxonomy import signal_codes
from shared.taxonomy.period import Period

if TYPE_CHECKING:
    from uuid import UUID

    from shared.local.session import Installation

_QUESTIONS: Final = ("seen_and_heard", "mistakes_discussed", "dares_to_speak")
_SHEETS: Final = (
    ("433", "322", "443", "232", "334", "423", "544", "332", "433", "121"),
    ("443", "433", "444", "333", "434", "443", "544", "343", "444", "222"),
)
"""Of each ten sheets what is answered to the three questions, in the first pulse and in the last one."""

_ANSWERED: Final = 160
"""So many answer; of three questions counts are shown from 15 on."""

_ABSENCE: Final = ("5.6", "6.1", "6.4", "5.7")
_WELLBEING: Final = ("6.9", "6.7", "6.8", "7.1")
_LEAVERS: Final = (52, 55, 58, 51)


def open_pulse(hr: Person, opens: date) -> list[PulseToken]:
    """HR opens a pulse; the tokens that are drawn."""
    hr.do(
        documents.OPEN_PULSE,
        questions=list(_QUESTIONS),
        opensOn=opens.isoformat(),
        closesOn=(opens + timedelta(days=10)).isoformat(),
    )
    tokens = make_pulse_tokens(_ANSWERED)
    hr.do(
        documents.ISSUE_PULSE_TOKENS,
        period=str(Period.containing(opens)),
        hashes=[base64(token.hash) for token in tokens],
    )
    return tokens


def answer_pulse(
    installation: Installation, organisation: UUID, tokens: list[PulseToken], which: int
) -> None:
    """Everybody with a token answers, in the first pulse (0) or the last one (1)."""
    for token, sheet in zip(tokens, cycle(_SHEETS[which]), strict=False):
        bearer = token.bearer(organisation)
        with GatewayClient(installation.gateway_url, bearer) as client:
            answers = [int(answer) for answer in sheet]
            Person(client, bearer).do(documents.ANSWER_PULSE, answers=answers)


def import_hr_figures(hr: Person, number: int, period: str) -> None:
    """HR's own figures of a half-year that is over."""
    lines = (
        "period,unit,measure,value",
        f"{period},all,headcount,1200",
        f"{period},all,absence_percent,{_ABSENCE[number]}",
        f"{period},all,wellbeing,{_WELLBEING[number]}",
        f"{period},all,leavers,{_LEAVERS[number]}",
    )
    content = base64(("\n".join(lines) + "\n").encode())
    hr.do(documents.IMPORT_HR_FIGURES, content=content)


def tell_signal(adviser: Person, period: str) -> None:
    """The adviser tells beside the figures what she hears, in codes; it is released at the next tick."""
    signal = str(uuid4())
    evidence = {"kind": "FIGURE", "table": "theme", "period": period, "cell": "workload"}
    adviser.do(
        documents.DRAFT_SIGNAL,
        signalId=signal,
        content={
            "theme": "workload",
            "place": "all",
            "period": period,
            "direction": "recurring",
            "evidence": [evidence],
            "causes": ["policy_misfit"],
            "aims": ["wellbeing", "workload_policy"],
        },
    )
    adviser.do(
        documents.REVIEW_SIGNAL,
        signalId=signal,
        revision=1,
        checklist=list(signal_codes.current().checklist),
    )


def assess_norm(adviser: Person, period: str, pulse: str) -> None:
    """How far one norm is, with a released pulse as evidence."""
    adviser.do(
        documents.ASSESS_MATURITY,
        norm="OPENNESS",
        level=3,
        period=period,
        words="In de meeste teams is afgesproken hoe fouten worden besproken; nog niet overal.",
        evidence=[{"kind": "PULSE", "period": pulse, "cell": "mistakes_discussed"}],
    )
