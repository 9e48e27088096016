"""Words that judge. In no code may one of them stand: the role of an adviser is not to find guilt.

A confidential adviser is no investigator, finds no truth and imposes nothing (code of the Dutch
profession, LVV); whoever is accused is innocent until a judge says otherwise (ECHR 6(2), EU Charter
48(1)). The words stand in `data/judgements-v1.json`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import TypeVar

from shared.contracts.errors import Code, Refusal

Entry = TypeVar("Entry")


@cache
def words() -> frozenset[str]:
    """All of them, in Dutch and in English, in small letters."""
    file = resources.files(__package__).joinpath("data", "judgements-v1.json")
    lists: dict[str, list[str]] = json.loads(file.read_text("utf-8"))["words"]
    return frozenset(word for each in lists.values() for word in each)


def judges(text: str) -> bool:
    """Whether a word that judges stands in `text`, whole: between spaces, signs, or the parts of a code."""
    return not words().isdisjoint(re.split(r"[\W_\d]+", text.casefold()))


def check_pure(text: str, *, field: str) -> None:
    """Raises Refusal JUDGEMENT_WORD, naming the field and never the word."""
    if judges(text):
        raise Refusal(Code.JUDGEMENT_WORD, field=field)


def entry_of(entries: Mapping[str, Entry], code: str, *, field: str, version: int) -> Entry:
    """The entry of `code` in a list of that version. Raises Refusal UNKNOWN_CODE where it is not there,
    JUDGEMENT_WORD where it judges, naming the field.
    """
    entry = entries.get(code)
    if entry is None:
        check_pure(code, field=field)
        raise Refusal(Code.UNKNOWN_CODE, field=field, version=version)
    return entry
