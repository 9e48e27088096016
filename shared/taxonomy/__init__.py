"""Categories, relations, interventions, outcomes in Dutch and English; data, versioned."""

from shared.taxonomy.period import Grain, Period
from shared.taxonomy.taxonomy import KINDS, NEWEST, Taxonomy, Term, Terms, current, version

__all__ = [
    "KINDS",
    "NEWEST",
    "Grain",
    "Period",
    "Taxonomy",
    "Term",
    "Terms",
    "current",
    "version",
]
