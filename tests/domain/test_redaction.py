"""Redacting in the client: what the second adviser sees is what was sealed, and makes the result."""

from __future__ import annotations

from uuid import UUID

import pytest

from hoeksteen_client import (
    AdviserKey,
    CannotOpen,
    Passage,
    WordsTooLong,
    document_for_subject,
    open_document,
    open_redaction,
    seal_document,
    seal_redaction,
)

ANNA, BRAM, EVE = (AdviserKey.generate() for _ in range(3))
READERS = [(key.key_id, key.public) for key in (ANNA, BRAM)]
WHERE = {"organisation": UUID(int=1), "case": UUID(int=2), "access": UUID(int=3)}
PASSAGES = [
    Passage("U vroeg tweemaal om de cijfers."),
    Passage("Dat zei een collega, Mieke, tegen mij.", withheld="rights_of_others"),
    Passage("U werd boos."),
]
CODES = ["kept", "rights_of_others", "kept"]
GROUNDS = {"rights_of_others": "Rechten en vrijheden van een ander"}


def test_the_second_adviser_sees_every_passage_and_makes_the_document() -> None:
    """A withheld passage is in the redaction; of the document only its place and ground are left."""
    parts = seal_redaction(PASSAGES, READERS, **WHERE)
    assert CODES == [one.code for one in PASSAGES]
    seen = open_redaction(parts, CODES, BRAM, **WHERE)
    assert PASSAGES == seen
    text = document_for_subject(seen, GROUNDS, language="nl")
    assert (
        "U vroeg tweemaal om de cijfers.\n\n[Passage 2 is weggelaten. Grond: Rechten en vrijheden "
        "van een ander.]\n\nU werd boos."
    ) == text
    document = seal_document(text, READERS, **WHERE)
    assert text == open_document(document, ANNA, **WHERE)
    assert "Mieke" not in text
    assert "Mieke" not in repr(PASSAGES)


@pytest.mark.parametrize(
    "codes", [["kept"] * 3, ["kept", "safety", "kept"], CODES[:2], [*CODES, "kept"], []]
)
def test_other_decisions_than_the_sealed_ones_are_refused(codes: list[str]) -> None:
    """A server, or a first adviser, cannot show the second one thing and record another."""
    parts = seal_redaction(PASSAGES, READERS, **WHERE)
    with pytest.raises(CannotOpen, match="not those that the server shows"):
        open_redaction(parts, codes, BRAM, **WHERE)


def test_long_files_go_in_parts_that_cannot_be_left_out_or_swapped() -> None:
    """A part less, in another order, of another request or from a document is refused."""
    passages = [Passage(f"{number} " + "é" * 4_000) for number in range(5)]
    codes = ["kept"] * 5
    parts = seal_redaction(passages, READERS, **WHERE)
    assert len(parts) > 1
    assert passages == open_redaction(parts, codes, BRAM, **WHERE)
    other = seal_redaction(passages, READERS, **(WHERE | {"access": UUID(int=4)}))
    document = seal_document("iets", READERS, **WHERE)
    for wrong in (parts[:-1], parts[::-1], [other[0], *parts[1:]], [*document, *parts[1:]], []):
        with pytest.raises(CannotOpen):
            open_redaction(wrong, codes, BRAM, **WHERE)
    with pytest.raises(CannotOpen):
        open_document(parts, BRAM, **WHERE)
    text = "é" * 20_000
    assert text == open_document(seal_document(text, READERS, **WHERE), BRAM, **WHERE)
    with pytest.raises(WordsTooLong):
        seal_redaction([Passage("é" * 20_000)], READERS, **WHERE)


@pytest.mark.parametrize(
    "elsewhere", [{"organisation": UUID(int=9)}, {"case": UUID(int=9)}, {"access": UUID(int=9)}]
)
def test_a_redaction_opens_only_where_it_belongs(elsewhere: dict[str, UUID]) -> None:
    """Not in another organisation, case or request, and not with another key."""
    parts = seal_redaction(PASSAGES, READERS, **WHERE)
    with pytest.raises(CannotOpen):
        open_redaction(parts, CODES, BRAM, **(WHERE | elsewhere))
    with pytest.raises(CannotOpen, match="not sealed to this key"):
        open_redaction(parts, CODES, EVE, **WHERE)


def test_nothing_is_withheld_without_saying_why() -> None:
    """A ground without a label makes no document."""
    with pytest.raises(KeyError):
        document_for_subject(PASSAGES, {})
