"""The yearly account to the works council."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.reporting.domain.sections import annex, causes, goals, nature
from shared.contracts.report import Bilingual, Paragraphs, Section

if TYPE_CHECKING:
    from services.reporting.domain.ground import Ground

TITLE = Bilingual(
    nl="Jaarlijkse opgave aan de ondernemingsraad", en="Yearly account to the works council"
)
_LAW = Bilingual(
    nl="Deze opgave dient de jaarlijkse inlichtingen over het sociaal beleid (Wet op de "
    "ondernemingsraden, artikel "
    "31b) en de taak van de ondernemingsraad om de naleving van de regels over arbeidsomstandigheden te "
    "bevorderen en te waken tegen discriminatie (artikel 28).",
    en="This account serves the yearly information on social policy (Dutch works councils act, WOR, "
    "article 31b) and "
    "the council's task to further observance of the rules on working conditions and to guard against "
    "discrimination (article 28).",
)
_FIGURES = Bilingual(
    nl="Cijfers zijn die van de vrijgegeven tabellen van deze periode, met hun marge. Wat onder de "
    "drempel blijft, "
    "staat er niet. Signalen zijn door twee vertrouwenspersonen goedgekeurd.",
    en="Figures are those of the released tables of this period, with their margin. What stays below the "
    "threshold "
    "is not in it. Signals were approved by two confidential advisers.",
)
_NOTHING = Bilingual(
    nl="Voor deze periode is hierover niets vrijgegeven of opgegeven. Dat is geen bewijs dat er niets was.",
    en="Nothing was released or disclosed of this for the period. That is no proof that there was nothing.",
)


def sections(ground: Ground) -> tuple[Section, ...]:
    """The account of `ground`'s period."""
    chapters = (
        ("goals", Bilingual(nl="Doelen en waarden", en="Goals and values"), goals.build(ground)),
        ("nature", Bilingual(nl="Meldingen", en="Cases"), nature.build(ground)),
        (
            "causes",
            Bilingual(nl="Oorzaken en beleid", en="Causes and policy"),
            causes.build(ground),
        ),
        ("annex", Bilingual(nl="Formeel spoor", en="Formal track"), annex.build(ground)),
    )
    return (
        Section(
            code="purpose",
            title=Bilingual(nl="Waarvoor", en="What for"),
            blocks=(Paragraphs(items=(_LAW, _FIGURES)),),
        ),
        *(
            Section(code=code, title=title, blocks=blocks or (Paragraphs(items=(_NOTHING,)),))
            for code, title, blocks in chapters
        ),
    )
