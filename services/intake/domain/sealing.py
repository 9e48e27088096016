"""To whom the words of a case are sealed, and by whom they are signed."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from services.intake.domain.statements import SIGNATURE_BYTES, Verifies, words_statement
from services.intake.domain.words import SealedWords, check_sealed, key_id_of
from shared.contracts.errors import invalid

if TYPE_CHECKING:
    from services.intake.domain.organisation import Organisation


def sealed_for(
    words: tuple[SealedWords, ...],
    organisation: Organisation,
    *,
    adviser_id: str,
    reply_key: bytes | None,
    must_reply: bool,
    field: str = "words",
) -> tuple[SealedWords, ...]:
    """`words`, if whom they are for can open them, and nobody else: words that nobody can read are
    lost words, and nobody but the case's adviser, the recovery key and the reporter is a reader.
    """
    current = organisation.current_key(adviser_id)
    recovery = organisation.recovery_key
    readers = set()
    if current is not None:
        readers.add(current.key_id)
    if recovery is not None:
        readers.add(recovery.key_id)
    if reply_key is not None:
        readers.add(key_id_of(reply_key))
    sealed = check_sealed(words, readers, field=field)
    keys = {one.key_id for one in sealed}
    if current is None or current.key_id not in keys:
        raise invalid(field, "they are not sealed to the adviser's current key")
    if recovery is not None and recovery.key_id not in keys:
        raise invalid(field, "they are not sealed to the recovery key")
    if must_reply and reply_key is not None and key_id_of(reply_key) not in keys:
        raise invalid(field, "they are not sealed to the reporter's key")
    return sealed


def signer_of(
    organisation: Organisation,
    adviser_id: str,
    case_id: UUID,
    words: tuple[SealedWords, ...],
    signature: bytes | None,
    *,
    verifies: Verifies,
) -> UUID | None:
    """The id of the key pair with which the adviser signed these words; None where they never had a key
    that can sign. Raises Refusal for words without their signature, or with one of something else.
    """
    current = organisation.current_key(adviser_id)
    if current is None or current.signing_key is None:
        # Whose signing key was lost cannot, by that, put in words that nobody signed.
        if signature is not None or any(
            key.signing_key is not None for key in organisation.keys_of(adviser_id)
        ):
            raise invalid("signature", "your current key cannot sign: publish one that can")
        return None
    if signature is None:
        raise invalid("signature", "it is missing")
    statement = words_statement(
        organisation_id=organisation.known.organisation_id, case_id=case_id, words=words
    )
    if len(signature) != SIGNATURE_BYTES or not verifies(current.signing_key, signature, statement):
        raise invalid(
            "signature", "this signature is not by the right key, or was made of other content"
        )
    return current.key_id
