"""Writes docs/taxonomy.md: `python -m shared.taxonomy.document > docs/taxonomy.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from shared.taxonomy.taxonomy import Taxonomy, current

_HEADINGS: dict[str, tuple[str, str]] = {
    "categories": ("Categories", "Categorieën"),
    "forms": ("Forms of conduct", "Vormen van gedrag"),
    "discrimination_grounds": ("Grounds of discrimination", "Discriminatiegronden"),
    "reporter_roles": ("Role of the reporter", "Rol van de melder"),
    "relations": ("Relation", "Relatie"),
    "channels": ("Channel", "Kanaal"),
    "anonymity": ("Anonymity", "Anonimiteit"),
    "conversation_modes": ("Mode of conversation", "Vorm van het gesprek"),
    "interventions": ("Interventions", "Interventies"),
    "routes": ("Route (escalation ladder)", "Route (escalatieladder)"),
    "outcomes": ("Outcome", "Uitkomst"),
    "subject_roles": ("Role of whom it is about", "Rol van wie het betreft"),
    "severities": ("Severity", "Ernst"),
    "frequencies": ("Frequency", "Frequentie"),
    "onsets": ("Onset", "Sinds wanneer"),
    "experiences": ("Experienced or witnessed", "Zelf ervaren of gezien"),
    "power_dependences": ("Power dependence", "Machtsafhankelijkheid"),
    "behaviour_modes": ("Mode of behaviour", "Wijze van gedrag"),
    "impacts": ("Impact", "Gevolgen"),
    "causes": ("Causes", "Oorzaken"),
    "needs": ("Needs", "Behoeften"),
    "own_first_steps": ("Own first step", "Eigen eerste stap"),
    "ladder_steps": ("Steps of the ladder", "Stappen van de ladder"),
    "heard_answers": ("Heard or not", "Gehoord of niet"),
    "solved_answers": ("Solved or not, says the reporter", "Opgelost of niet, zegt de melder"),
    "aftercare_results": ("Result of aftercare", "Uitkomst van nazorg"),
    "reopening_reasons": ("Why a case is opened again", "Waarom een zaak weer opengaat"),
}


def markdown(taxonomy: Taxonomy) -> str:
    """The page about one version, in both languages; the same text each time."""
    return "\n".join(_lines(taxonomy)) + "\n"


def _lines(taxonomy: Taxonomy) -> Iterator[str]:
    yield f"# Taxonomy, version {taxonomy.version} / Taxonomie, versie {taxonomy.version}"
    yield ""
    yield "Made from `shared/taxonomy/data` by `python -m shared.taxonomy.document`; a test"
    yield "keeps it equal. A code never gets another meaning, and a version never goes away."
    yield ""
    yield "Gemaakt uit `shared/taxonomy/data`; een test houdt het gelijk. Een code krijgt nooit een"
    yield "andere betekenis, en een versie verdwijnt nooit."
    for kind, (en, nl) in _HEADINGS.items():
        yield from ("", f"## {en} / {nl}", "")
        if kind == "categories":
            yield "A main category (bold) may be assigned too: then “not further specified”."
            yield "Een hoofdcategorie (vet) mag ook worden gekozen: dan “niet nader bepaald”."
            yield "† may be a wrongdoing under the Whistleblower Protection Act;"
            yield "the adviser decides."
            yield "† kan een misstand zijn volgens de Wet bescherming klokkenluiders; de"
            yield "vertrouwenspersoon beslist."
            yield ""
        yield from ("| code | English | Nederlands |", "|---|---|---|")
        for term in taxonomy.terms(kind).values():
            mark = " †" if term.wbk_candidate else ""
            bold = "**" if kind == "categories" and term.parent is None else ""
            yield f"| `{term.code}` | {bold}{term.en}{bold}{mark} | {bold}{term.nl}{bold}{mark} |"
    yield from ("", "## Order of merging / Volgorde van samenvoegen", "")
    yield from (taxonomy.merge_order_note["en"], "", taxonomy.merge_order_note["nl"], "")
    yield ", ".join(f"`{code}`" for code in taxonomy.merge_order)


if __name__ == "__main__":
    sys.stdout.write(markdown(current()))
