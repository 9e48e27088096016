"""The directory of keys: published with a proof, rotated, lost, stolen; and the recovery key."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.intake.domain.organisation import (
    AdviserKept,
    AdviserKeyPublished,
    AdviserKeyWithdrawn,
    KeyListed,
    ListedKey,
    ListedRecoveryKey,
    Organisation,
    OrganisationSetUp,
    PolicyDecided,
    RecoveryKeyConfirmed,
    RecoveryKeyProposed,
    RecoveryKeyPublished,
    confirm_recovery_key,
    evolve,
    publish_key,
    publish_recovery_key,
    withdraw_key,
)
from services.intake.domain.statements import adviser_key_statement, recovery_key_statement
from services.intake.domain.units import UnitKept
from services.intake.domain.words import key_id_of
from services.intake.signatures import verifies
from services.intake.streams import adviser_key_stream, recovery_key_stream
from shared.contracts.errors import Code, Refusal
from tests.gwt import given

ORGANISATION = UUID("6f1d2c3b-0000-4000-8000-000000000001")
ELSEWHERE = UUID("6f1d2c3b-0000-4000-8000-000000000009")
ON = date(2026, 3, 2)
SET_UP = OrganisationSetUp(
    organisation_id=ORGANISATION,
    token="5d41402abc4b2a76",
    name="De Hoekstee",
    language="nl",
    units=(UnitKept(id="care", name="Zorg", headcount=90, parent=None),),
    advisers=(AdviserKept(id="anna", name="Anna"), AdviserKept(id="bram", name="Bram")),
    release=PolicyDecided(policy="exact", dimension="category", k=5, merge_order=()),
    on=ON,
)


class Pair:
    """A key pair of somebody's, as their client would make it."""

    def __init__(self, seed: int, adviser: str = "anna") -> None:
        self.adviser = adviser
        self.public = bytes([seed]) * 32
        self.key_id = key_id_of(self.public)
        self.signer = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
        self.signing = self.signer.public_key().public_bytes_raw()

    def statement(self, organisation: UUID = ORGANISATION, adviser: str | None = None) -> bytes:
        return adviser_key_statement(
            organisation_id=organisation,
            adviser_id=adviser or self.adviser,
            public_key=self.public,
            signing_key=self.signing,
        )

    def published(self, before: Pair | None = None) -> AdviserKeyPublished:
        return AdviserKeyPublished(
            adviser_id=self.adviser,
            key_id=self.key_id,
            public_key=self.public,
            on=ON,
            signing_key=self.signing,
            proof=self.signer.sign(self.statement()),
            previous_signature=None if before is None else before.signer.sign(self.statement()),
        )

    def listed(self) -> KeyListed:
        return KeyListed(
            adviser_id=self.adviser,
            key_id=self.key_id,
            public_key=self.public,
            signing_key=self.signing,
            on=ON,
        )

    def withdrawn(self, reason: Any) -> AdviserKeyWithdrawn:
        return AdviserKeyWithdrawn(
            adviser_id=self.adviser, key_id=self.key_id, reason=reason, on=ON
        )


OLD, NEW, OTHER = Pair(1), Pair(2), Pair(3)
BRAMS = Pair(4, "bram")
BARE = AdviserKeyPublished(  # as a store of version 1 holds it, upcast
    adviser_id="anna",
    key_id=key_id_of(bytes(32)),
    public_key=bytes(32),
    on=ON,
    signing_key=None,
    proof=None,
    previous_signature=None,
)
RECOVERY = bytes([9]) * 32
RECOVERY_ID = key_id_of(RECOVERY)
DIGEST = bytes([7]) * 32
PROPOSED = RecoveryKeyProposed(
    key_id=RECOVERY_ID, public_key=RECOVERY, by="anna", on=ON, digest=DIGEST
)
CONFIRMED = RecoveryKeyConfirmed(key_id=RECOVERY_ID, by="wim", role="works_council", on=ON)

Decision = Callable[[Organisation], object]
Two = Callable[[Organisation], tuple[Any, Any]]


def publishing(pair: Pair, before: Pair | None = None, **changes: Any) -> Two:
    """The pair's publication, with some of it given otherwise."""
    event = pair.published(before)
    fields: dict[str, Any] = {name: getattr(event, name) for name in AdviserKeyPublished.__slots__}
    return lambda state: publish_key(state, **(fields | {"verifies": verifies} | changes))


def withdrawing(pair: Pair, reason: Any, adviser: str = "anna") -> Decision:
    return lambda state: withdraw_key(
        state, adviser_id=adviser, key_id=pair.key_id, reason=reason, on=ON
    )


def proposing(adviser: str = "anna", signer: Pair = OLD, **changes: Any) -> Two:
    statement = recovery_key_statement(
        organisation_id=ORGANISATION, public_key=RECOVERY, digest=DIGEST
    )
    fields: dict[str, Any] = {
        "adviser_id": adviser,
        "key_id": RECOVERY_ID,
        "public_key": RECOVERY,
        "digest": DIGEST,
        "signature": signer.signer.sign(statement),
        "on": ON,
        "verifies": verifies,
    }
    return lambda state: publish_recovery_key(state, **(fields | changes))


def after(*events: object) -> Organisation:
    return given(Organisation(), evolve, [SET_UP, *events]).state


# Published ------------------------------------------------------------------------------------------


def test_a_pair_is_published_with_its_own_proof() -> None:
    """The publication goes to the key's own stream, and the organisation lists it as current."""
    given(Organisation(), evolve, [SET_UP]).when(publishing(OLD)).then(
        OLD.published(), OLD.listed()
    )
    state = after(OLD.listed())
    current = state.current_key("anna")
    assert current is not None
    assert (OLD.key_id, OLD.signing, True) == (
        current.key_id,
        current.signing_key,
        current.own_stream,
    )
    assert state.current_key("bram") is None


def test_a_stream_is_computed_from_the_key() -> None:
    """The same for everybody who has the public key, another for each key and each organisation."""
    # RFC 9562, version 5, of the key id's usual form, computed with SHA-1 alone.
    name = b"adviser-key/72cd6e84-22c4-07fb-6d09-8690f1130b7d"
    digest = hashlib.sha1(ORGANISATION.bytes + name, usedforsecurity=False).hexdigest()
    assert "e427820e-8304-5e18-b6ad-5cfa6d943636" == str(
        adviser_key_stream(ORGANISATION, OLD.key_id)
    )
    assert digest[:8] == "e427820e"
    streams = {
        adviser_key_stream(ORGANISATION, OLD.key_id),
        adviser_key_stream(ORGANISATION, NEW.key_id),
        adviser_key_stream(ELSEWHERE, OLD.key_id),
        recovery_key_stream(ORGANISATION, OLD.key_id),
    }
    assert 4 == len(streams)
    assert all(stream.version == 5 for stream in streams)


def test_a_bare_key_is_taken_from_who_never_had_a_pair() -> None:
    """An X25519 key alone, as version 1 knew it, and again a newer one; the newest is current."""
    bare = {"signing_key": None, "proof": None}
    published, listed = publishing(OLD, **bare)(after())
    assert (None, None, OLD.key_id) == (
        published.signing_key,
        published.proof,
        listed.key_id,
    )
    state = after(BARE, listed)
    assert ["retired", "current"] == [key.state for key in state.keys]
    given(Organisation(), evolve, [SET_UP, BARE]).when(publishing(OLD)).then(
        OLD.published(), OLD.listed()
    )


def test_an_old_event_lists_its_key_too() -> None:
    """What version 1 stored in the organisation's stream is still the directory; it has no stream of
    its own.
    """
    (key,) = after(BARE).keys
    assert ("current", False) == (key.state, key.own_stream)


@pytest.mark.parametrize(
    ("decision", "field"),
    [
        pytest.param(publishing(OLD, public_key=bytes(31)), "publicKey", id="a short key"),
        pytest.param(
            publishing(OLD, signing_key=bytes(31)), "signingKey", id="a short signing key"
        ),
        pytest.param(publishing(OLD, proof=None), "proof", id="no proof"),
        pytest.param(publishing(OLD, proof=bytes(64)), "proof", id="a proof of nothing"),
        pytest.param(publishing(OLD, proof=b"x"), "proof", id="a proof of another length"),
        pytest.param(
            publishing(OLD, proof=NEW.signer.sign(OLD.statement())), "proof", id="another's proof"
        ),
        pytest.param(
            publishing(OLD, proof=OLD.signer.sign(OLD.statement(ELSEWHERE))),
            "proof",
            id="a proof for another organisation",
        ),
        pytest.param(
            publishing(OLD, proof=OLD.signer.sign(OLD.statement(adviser="bram"))),
            "proof",
            id="a proof for another adviser",
        ),
        pytest.param(
            publishing(OLD, public_key=NEW.public), "proof", id="another key under the proof"
        ),
        pytest.param(publishing(OLD, signing_key=None), "signingKey", id="a proof without a key"),
        pytest.param(publishing(OLD, NEW), "previousSignature", id="a predecessor that is none"),
    ],
)
def test_a_key_that_proves_nothing_is_refused(decision: Decision, field: str) -> None:
    """The refusal names the field."""
    refusal = given(Organisation(), evolve, [SET_UP]).when(decision)
    assert field == refusal.then_refused(Code.INVALID_INPUT).values["field"]


@pytest.mark.parametrize("adviser", ["anna", "bram"])
def test_a_key_is_published_once(adviser: str) -> None:
    """Neither its owner nor anybody else may publish it again, nor its signing half."""
    there = given(Organisation(), evolve, [SET_UP, OLD.listed()])
    there.when(publishing(OLD, adviser_id=adviser)).then_refused(Code.ALREADY_EXISTS)
    there.when(publishing(NEW, OLD, signing_key=OLD.signing, adviser_id=adviser)).then_refused(
        Code.ALREADY_EXISTS
    )


def test_who_is_no_adviser_here_publishes_no_key() -> None:
    """A role alone puts nobody in the directory."""
    given(Organisation(), evolve, [SET_UP]).when(publishing(Pair(5, "carla"))).then_refused(
        Code.NOT_ALLOWED
    )


def test_without_an_organisation_there_is_no_directory() -> None:
    """A key cannot be published, nor anything known, before the set-up."""
    given(Organisation(), evolve).when(publishing(OLD)).then_refused(Code.NOT_FOUND)
    with pytest.raises(Refusal):
        _ = Organisation().known


# Rotated, lost, stolen ------------------------------------------------------------------------------


def test_a_rotation_is_signed_by_the_key_before() -> None:
    """The old one is retired and still known: it opens, and verifies, what was said before."""
    there = given(Organisation(), evolve, [SET_UP, OLD.listed()])
    there.when(publishing(NEW, OLD)).then(NEW.published(OLD), NEW.listed())
    assert [("retired", OLD.key_id), ("current", NEW.key_id)] == [
        (key.state, key.key_id) for key in after(OLD.listed(), NEW.listed()).keys_of("anna")
    ]


@pytest.mark.parametrize(
    "previous",
    [
        pytest.param(None, id="not signed by it"),
        pytest.param(OTHER.signer.sign(NEW.statement()), id="signed by a stranger"),
        pytest.param(NEW.signer.sign(NEW.statement()), id="signed by itself"),
        pytest.param(OLD.signer.sign(OTHER.statement()), id="signed for another key"),
    ],
)
def test_a_swapped_key_is_refused_while_the_old_one_is_there(previous: bytes | None) -> None:
    """Whoever can sign in as the adviser, but has not their device, cannot put another key there."""
    refusal = given(Organisation(), evolve, [SET_UP, OLD.listed()]).when(
        publishing(NEW, previous_signature=previous)
    )
    assert "previousSignature" == refusal.then_refused(Code.INVALID_INPUT).values["field"]


def test_nobody_goes_back_to_a_key_that_cannot_sign() -> None:
    """Words without a signature would pass for theirs again."""
    for past in ([OLD.listed()], [OLD.listed(), OLD.withdrawn("lost")]):
        refusal = given(Organisation(), evolve, [SET_UP, *past]).when(
            publishing(NEW, signing_key=None, proof=None)
        )
        assert "signingKey" == refusal.then_refused(Code.INVALID_INPUT).values["field"]


@pytest.mark.parametrize("reason", ["lost", "stolen"])
def test_a_device_that_is_gone_makes_room_for_a_first_key(reason: str) -> None:
    """The old key seals nothing any more, and the new one needs no signature that nobody can give."""
    given(Organisation(), evolve, [SET_UP, OLD.listed()]).when(withdrawing(OLD, reason)).then(
        OLD.withdrawn(reason)
    )
    past = [OLD.listed(), OLD.withdrawn(reason)]
    assert after(*past).current_key("anna") is None
    given(Organisation(), evolve, [SET_UP, *past]).when(publishing(NEW)).then(
        NEW.published(), NEW.listed()
    )
    assert [reason, "current"] == [key.state for key in after(*past, NEW.listed()).keys]


def test_what_was_lost_may_turn_out_to_be_stolen() -> None:
    """Not the other way round, not twice; a retired key may have lain on the device as well."""
    lost = given(Organisation(), evolve, [SET_UP, OLD.listed(), OLD.withdrawn("lost")])
    lost.when(withdrawing(OLD, "stolen")).then(OLD.withdrawn("stolen"))
    lost.when(withdrawing(OLD, "lost")).then_refused(Code.ALREADY_EXISTS)
    stolen = given(Organisation(), evolve, [SET_UP, OLD.listed(), OLD.withdrawn("stolen")])
    stolen.when(withdrawing(OLD, "lost")).then_refused(Code.ALREADY_EXISTS)
    retired = given(Organisation(), evolve, [SET_UP, OLD.listed(), NEW.listed()])
    retired.when(withdrawing(OLD, "stolen")).then(OLD.withdrawn("stolen"))


def test_only_ones_own_key_is_withdrawn() -> None:
    """To another adviser it looks like no key. A coordinator may call it lost, for an adviser who cannot
    say it any more, but not stolen.
    """
    there = given(Organisation(), evolve, [SET_UP, OLD.listed()])

    def coordinator(reason: Any) -> Decision:
        return lambda state: withdraw_key(
            state,
            adviser_id="coen",
            key_id=OLD.key_id,
            reason=reason,
            on=ON,
            by_coordinator=True,
        )

    there.when(coordinator("lost")).then(OLD.withdrawn("lost"))
    there.when(coordinator("stolen")).then_refused(Code.NOT_ALLOWED)
    there.when(withdrawing(OLD, "lost", adviser="bram")).then_refused(Code.NOT_FOUND)
    there.when(withdrawing(NEW, "lost")).then_refused(Code.NOT_FOUND)


# The recovery key -----------------------------------------------------------------------------------


def test_a_recovery_key_takes_an_adviser_and_somebody_else() -> None:
    """An adviser signs it; nothing is sealed to it before a person of another role confirms it."""
    there = given(Organisation(), evolve, [SET_UP, OLD.listed()])
    published, proposed = proposing()(there.state)
    assert PROPOSED == proposed
    assert isinstance(published, RecoveryKeyPublished)
    assert (OLD.key_id, RECOVERY) == (published.signed_by, published.public_key)
    assert after(OLD.listed(), PROPOSED).recovery_key is None
    given(Organisation(), evolve, [SET_UP, PROPOSED]).when(
        lambda state: confirm_recovery_key(
            state, key_id=RECOVERY_ID, by="wim", role="works_council", on=ON
        )
    ).then(CONFIRMED)
    current = after(PROPOSED, CONFIRMED).recovery_key
    assert current is not None
    assert RECOVERY_ID == current.key_id


def test_a_new_recovery_key_takes_the_place_of_the_old_one() -> None:
    """When it is confirmed, not before."""
    second = bytes([8]) * 32
    proposed = RecoveryKeyProposed(key_id=key_id_of(second), public_key=second, by="anna", on=ON)
    state = after(PROPOSED, CONFIRMED, proposed)
    assert ["current", "proposed"] == [key.state for key in state.recovery_keys]
    confirmed = RecoveryKeyConfirmed(
        key_id=key_id_of(second), by="wim", role="works_council", on=ON
    )
    assert ["retired", "current"] == [key.state for key in evolve(state, confirmed).recovery_keys]


@pytest.mark.parametrize(
    ("past", "decision", "code", "field"),
    [
        pytest.param(
            [], proposing(), Code.INVALID_INPUT, "signature", id="an adviser without a key"
        ),
        pytest.param(
            [BARE], proposing(), Code.INVALID_INPUT, "signature", id="a key that cannot sign"
        ),
        pytest.param(
            [OLD.listed()], proposing(signer=NEW), Code.INVALID_INPUT, "signature", id="another's"
        ),
        pytest.param(
            [OLD.listed()],
            proposing(digest=bytes(32)),
            Code.INVALID_INPUT,
            "signature",
            id="another ceremony's digest",
        ),
        pytest.param(
            [OLD.listed()],
            proposing(digest=bytes(31)),
            Code.INVALID_INPUT,
            "digest",
            id="a short digest",
        ),
        pytest.param(
            [OLD.listed(), OLD.withdrawn("stolen")],
            proposing(),
            Code.INVALID_INPUT,
            "signature",
            id="a stolen key",
        ),
        pytest.param([OLD.listed()], proposing("carla"), Code.NOT_ALLOWED, None, id="no adviser"),
        pytest.param([OLD.listed(), PROPOSED], proposing(), Code.ALREADY_EXISTS, None, id="again"),
    ],
)
def test_nobody_else_proposes_a_recovery_key(
    past: list[Any], decision: Decision, code: Code, field: str | None
) -> None:
    """Who can sign in as an adviser, but has not their key, cannot have words sealed to a key of their
    own making.
    """
    given(Organisation(), evolve, [SET_UP, *past]).when(decision).then_refused(code, field=field)


@pytest.mark.parametrize(
    ("by", "code"),
    [
        pytest.param("anna", Code.SECOND_PERSON_NEEDED, id="who proposed it"),
        pytest.param("bram", Code.SECOND_PERSON_NEEDED, id="another adviser under another role"),
    ],
)
def test_who_proposed_a_recovery_key_does_not_confirm_it(by: str, code: Code) -> None:
    """Nor does any other adviser, whatever role their session has."""
    given(Organisation(), evolve, [SET_UP, PROPOSED]).when(
        lambda state: confirm_recovery_key(
            state, key_id=RECOVERY_ID, by=by, role="coordinator", on=ON
        )
    ).then_refused(code)


def test_a_recovery_key_is_confirmed_once_and_where_it_is() -> None:
    """One that nobody proposed does not exist."""

    def confirming(state: Organisation) -> object:
        return confirm_recovery_key(state, key_id=RECOVERY_ID, by="wim", role="coordinator", on=ON)

    given(Organisation(), evolve, [SET_UP, PROPOSED, CONFIRMED]).when(confirming).then_refused(
        Code.ALREADY_EXISTS
    )
    given(Organisation(), evolve, [SET_UP]).when(confirming).then_refused(Code.NOT_FOUND)


# What is known of each key --------------------------------------------------------------------------


def test_a_listed_key_is_known_as_it_was_published() -> None:
    """With its owner, both halves and its day; each event counts as one."""
    later = replace(BRAMS.listed(), on=date(2026, 4, 1))
    state = after(OLD.listed(), later)
    assert state.keys == (
        ListedKey(
            adviser_id="anna",
            key_id=OLD.key_id,
            public_key=OLD.public,
            signing_key=OLD.signing,
            state="current",
            own_stream=True,
            on=ON,
        ),
        ListedKey(
            adviser_id="bram",
            key_id=BRAMS.key_id,
            public_key=BRAMS.public,
            signing_key=BRAMS.signing,
            state="current",
            own_stream=True,
            on=date(2026, 4, 1),
        ),
    )
    assert 3 == state.version


def test_what_becomes_of_one_key_becomes_of_no_other() -> None:
    """Withdrawn or followed by another: the keys of others, and others of theirs, stay what they were."""
    past = [OLD.listed(), BRAMS.listed()]
    lost = after(*past, OLD.withdrawn("lost"))
    assert ["lost", "current"] == [key.state for key in lost.keys]
    anew = after(*past, OLD.withdrawn("stolen"), NEW.listed())
    assert ["stolen", "current", "current"] == [key.state for key in anew.keys]


def test_bare_keys_of_two_advisers_are_two() -> None:
    """That neither has a signing half makes them no pair; the same key is one all the same."""
    bare = {"signing_key": None, "proof": None}
    there = given(Organisation(), evolve, [SET_UP, BARE])
    published, listed = publishing(BRAMS, **bare)(there.state)
    assert (BRAMS.key_id, None) == (listed.key_id, published.signing_key)
    there.when(publishing(BRAMS, **bare, public_key=bytes(32))).then_refused(Code.ALREADY_EXISTS)
    state = given(Organisation(), evolve, [SET_UP, OLD.listed()])
    state.when(publishing(OLD, OLD, signing_key=NEW.signing)).then_refused(Code.ALREADY_EXISTS)


def test_a_signature_without_a_signing_key_is_refused() -> None:
    """A proof, or one of the key before."""
    there = given(Organisation(), evolve, [SET_UP])
    for changes in ({"proof": bytes(64)}, {"proof": None, "previous_signature": bytes(64)}):
        there.when(publishing(OLD, signing_key=None, **changes)).then_refused(
            Code.INVALID_INPUT, field="signingKey"
        )


@pytest.mark.parametrize("length", [0, 63, 65])
def test_a_signature_has_64_bytes(length: int) -> None:
    """Whatever a library says of another."""
    given(Organisation(), evolve, [SET_UP]).when(
        publishing(OLD, proof=bytes(length), verifies=lambda *_: True)
    ).then_refused(Code.INVALID_INPUT, field="proof")


def test_a_key_of_another_length_says_how_long_it_is() -> None:
    """Of an adviser's key, and of a recovery key."""
    there = given(Organisation(), evolve, [SET_UP, OLD.listed()])
    there.when(publishing(NEW, OLD, public_key=bytes(31))).then_refused(
        Code.INVALID_INPUT, field="publicKey", bytes=32
    )
    whatever: dict[str, Any] = {"verifies": lambda *_: True}
    there.when(proposing(public_key=bytes(31), **whatever)).then_refused(
        Code.INVALID_INPUT, field="publicKey", bytes=32
    )
    there.when(proposing(digest=bytes(33), **whatever)).then_refused(
        Code.INVALID_INPUT, field="digest", bytes=32
    )


def test_a_recovery_key_is_published_in_a_stream_of_its_own_and_proposed() -> None:
    """Under the signature of the adviser's current key, with the digest of its ceremony's record."""
    statement = recovery_key_statement(
        organisation_id=ORGANISATION, public_key=RECOVERY, digest=DIGEST
    )
    given(Organisation(), evolve, [SET_UP, OLD.listed()]).when(proposing()).then(
        RecoveryKeyPublished(
            key_id=RECOVERY_ID,
            public_key=RECOVERY,
            adviser_id="anna",
            signed_by=OLD.key_id,
            signature=OLD.signer.sign(statement),
            on=ON,
            digest=DIGEST,
        ),
        PROPOSED,
    )
    (listed,) = after(PROPOSED).recovery_keys
    assert listed == ListedRecoveryKey(
        key_id=RECOVERY_ID, public_key=RECOVERY, state="proposed", by="anna", on=ON, digest=DIGEST
    )


def test_of_several_recovery_keys_the_named_one_is_confirmed() -> None:
    """By somebody else than who proposed it, also where that is no adviser any more."""
    second = bytes([8]) * 32
    proposed = RecoveryKeyProposed(key_id=key_id_of(second), public_key=second, by="gone", on=ON)
    there = given(Organisation(), evolve, [SET_UP, PROPOSED, CONFIRMED, proposed])

    def confirming(by: str) -> Decision:
        return lambda state: confirm_recovery_key(
            state, key_id=key_id_of(second), by=by, role="works_council", on=ON
        )

    there.when(confirming("wim")).then(
        RecoveryKeyConfirmed(key_id=key_id_of(second), by="wim", role="works_council", on=ON)
    )
    there.when(confirming("gone")).then_refused(Code.SECOND_PERSON_NEEDED)


def test_a_recovery_key_from_before_there_were_ceremonies_has_no_digest() -> None:
    """As it was stored then."""
    fields: dict[str, Any] = {"key_id": RECOVERY_ID, "public_key": RECOVERY, "on": ON}
    (listed,) = after(RecoveryKeyProposed(**fields, by="anna")).recovery_keys
    assert b"" == listed.digest
    assert ListedRecoveryKey(**fields, by="anna", state="proposed") == listed
    published = RecoveryKeyPublished(
        **fields, adviser_id="anna", signed_by=OLD.key_id, signature=bytes(64)
    )
    assert b"" == published.digest
