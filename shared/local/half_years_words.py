"""What the adviser of the made-up organisation writes in its four reports, in Dutch, as she would."""

from __future__ import annotations

from typing import Final

HALF_YEARS: Final = (0, 1, 2, 3)

OPENING: Final = (
    "Dit is ons eerste rapport over een half jaar. In gesprekken kwam vooral de omgang in teams terug, en "
    "hoe er over werk wordt gesproken als het druk is. Wij vragen de raad van bestuur om het gesprek "
    "hierover in de teams te openen, voordat er iets is gebeurd.",
    "Werkdruk wordt in dit half jaar duidelijk vaker genoemd dan eerder. Wie het noemt, noemt meestal ook "
    "de planning: zij komt laat en verandert nog. Dat vraagt om een besluit en niet om een training.",
    "Het beeld van werkdruk houdt aan, en er komt iets bij: sinds de nieuwe indeling van de afdelingen is "
    "voor velen onduidelijk wie waarover gaat. Wij zien daarin geen onwil. Afspraken over rollen zijn op "
    "papier gemaakt en nog niet in de teams besproken.",
    "De planning staat sinds dit voorjaar drie weken vooruit vast, en in gesprekken horen wij daar minder "
    "over. Onduidelijke rollen blijven. Ook goed nieuws: vaker komt iemand vertellen wat er goed ging, en "
    "wat een collega of leidinggevende daarvoor deed.",
)
"""What opens each report."""

_COMMON: Final = {
    "key_figures": (
        "Meer meldingen zijn op zichzelf geen slecht nieuws: het kan ook betekenen dat mensen ons beter "
        "weten te vinden. Lees elk cijfer met zijn marge; kleine verschillen zeggen niets."
    ),
    "where": (
        "Dat een afdeling hoger uitkomt, zegt iets over waar mensen ons vinden en over waar het knelt, "
        "en wij kunnen die twee niet scheiden. Wij hebben hierover met de afdelingen gesproken."
    ),
    "relation": (
        "In gesprekken gaat het vaker over de verhouding tot wie leiding geeft dan over die tussen "
        "collega's. Het gaat dan meestal om toon en om afspraken die niet worden nagekomen."
    ),
    "route": (
        "Bijna iedereen zoekt eerst zelf het gesprek of wil er met ons over nadenken. Een formele klacht "
        "is een uitzondering, en dat hoeft geen doel te zijn."
    ),
    "causes": (
        "Wat wij horen, wijst vaker naar regels en planning dan naar personen. Beleid voor roosters en "
        "beleid voor herstel spreken elkaar in de praktijk tegen."
    ),
    "impact": (
        "Mensen vertellen over slecht slapen, over opzien tegen een dienst, en over blijven omwille van "
        "de collega's. Verzuim heeft veel oorzaken; wij leggen het er alleen naast."
    ),
    "barometer": (
        "De barometer is een hulpmiddel voor het gesprek, geen rapportcijfer. Kijk naar de onderdelen en "
        "naar de marge, en vraag de teams of zij het beeld herkennen."
    ),
    "follow_up": (
        "Wat is afgesproken, staat hier met wie het doet en wanneer. Van wat nog niet lukt, horen wij "
        "graag waarom: ook dat is antwoord."
    ),
    "activities": (
        "Wij waren in alle afdelingen te gast in het teamoverleg. Wie ons wil spreken, kan dat ook buiten "
        "het werk en buiten het gebouw."
    ),
    "benchmark": (
        "Uit onderzoek onder werkenden weten we dat veel meer mensen ongewenst gedrag meemaken dan "
        "melden. Wat bij ons binnenkomt, is dus een deel van wat er is."
    ),
    "mirror": "Wat leidinggevenden zelf vooraf inschatten, ligt hier naast wat mensen zeggen.",
}

_THEMES: Final = (
    "Pesten en intimidatie komen het meest voor. In de gesprekken gaat het vaak om iets kleins dat lang "
    "duurt: niet gegroet worden, grapjes, buiten een bericht gehouden worden.",
    "Werkdruk is het thema dat opvalt. Herstel na een drukke periode schiet erbij in, en wie daar iets "
    "van zegt, heeft het gevoel niet collegiaal te zijn.",
    "Naast werkdruk is onduidelijkheid over rollen nieuw in deze omvang. Mensen krijgen opdrachten van "
    "twee kanten en weten niet bij wie zij terechtkunnen.",
    "Werkdruk wordt minder genoemd dan in het vorige half jaar; of dat zo blijft, moet blijken. Rollen en "
    "verantwoordelijkheden vragen nu de meeste aandacht.",
)

WORDS: Final[tuple[dict[str, str], ...]] = tuple(
    _COMMON | {"nature": _THEMES[number], "themes": _THEMES[number]} for number in HALF_YEARS
)
"""Half-year by half-year: what is said of each section, by its code."""

OTHERWISE: Final = "Lees deze cijfers met hun marge, en naast wat wij hierboven schrijven."
"""Of a section for which there is nothing more to say."""
