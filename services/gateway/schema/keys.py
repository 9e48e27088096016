"""Keys of the directory: withdrawn, recovery keys proposed and confirmed, and what the log says."""

# ruff: noqa: A002  arguments are called what the schema calls them
from __future__ import annotations

from enum import Enum
from typing import Annotated, Self

import strawberry

from services.gateway.grants import ADVISER, COORDINATOR, SECOND, grant, table
from services.gateway.schema.base import (
    Base64,
    Conflict,
    Info,
    InvalidInput,
    NotAllowed,
    NotFound,
    ask,
    change,
    command,
    described,
    uuid_text,
)
from services.gateway.schema.ledger import LedgerEntry
from services.gateway.schema.organisation import HOLDERS, Organisation, the_organisation
from shared.contracts import rpc


@strawberry.type(description="Every entry of intake's ledger that publishes a key, oldest first.")
class KeyLog:
    """What a swapped key shows in."""

    size: int = strawberry.field(description="Leaves in the ledger, blank ones too.")
    checkpoint: str | None = strawberry.field(
        description="The newest one, signed and cosigned (C2SP tlog-checkpoint)."
    )
    entries: list[LedgerEntry]

    @classmethod
    def of(cls, log: rpc.KeyLog) -> Self:
        """From intake's answer."""
        return cls(
            size=log.size,
            checkpoint=log.checkpoint,
            entries=[LedgerEntry.of(entry) for entry in log.entries],
        )


@strawberry.type
class KeyQuery:
    """Questions about keys."""

    @described("Which keys the ledger says were published: none may be there that nobody knows.")
    async def key_log(self, info: Info) -> KeyLog | None:
        """Asks intake."""
        return KeyLog.of(await ask(info, "intake.key_log", rpc.Empty(), rpc.KeyLog))


@strawberry.enum(description="Why a key is withdrawn.")
class Withdrawal(Enum):
    """What became of the device."""

    LOST = "lost"
    STOLEN = "stolen"


@strawberry.input
class WithdrawAdviserKeyInput:
    """A device that is gone."""

    idempotency_key: strawberry.ID
    key_id: strawberry.ID
    reason: Withdrawal

    def request(self) -> rpc.WithdrawAdviserKey:
        """As intake takes it."""
        return rpc.WithdrawAdviserKey(
            key_id=uuid_text("keyId", self.key_id), reason=self.reason.value
        )


@strawberry.input
class PublishRecoveryKeyInput:
    """A recovery key that is proposed."""

    idempotency_key: strawberry.ID
    public_key: Base64 = strawberry.field(description="Raw X25519 public key, 32 bytes.")
    digest: Base64 = strawberry.field(description="Of the ceremony's record, 32 bytes.")
    signature: Base64 = strawberry.field(description="Your current key's signature, 64 bytes.")

    def request(self) -> rpc.PublishRecoveryKey:
        """As intake takes it."""
        return rpc.PublishRecoveryKey(
            public_key=self.public_key, digest=self.digest, signature=self.signature
        )


@strawberry.input
class ConfirmRecoveryKeyInput:
    """A recovery key that an adviser proposed."""

    idempotency_key: strawberry.ID
    key_id: strawberry.ID

    def request(self) -> rpc.ConfirmRecoveryKey:
        """As intake takes it."""
        return rpc.ConfirmRecoveryKey(key_id=uuid_text("keyId", self.key_id))


@strawberry.type
class _KeyPayload:
    """What every change of a key gives back."""

    key_id: strawberry.ID

    @described("The organisation after the change.")
    async def organisation(self, info: Info) -> Organisation | None:
        """Asks intake."""
        return await the_organisation(info)

    @classmethod
    def of(cls, done: rpc.Done) -> Self:
        """From intake's answer."""
        return cls(key_id=strawberry.ID(done.id))


@strawberry.type
class WithdrawAdviserKeyPayload(_KeyPayload):
    """Nothing is sealed to the key any more."""


@strawberry.type
class PublishRecoveryKeyPayload(_KeyPayload):
    """The recovery key waits for a second person."""


@strawberry.type
class ConfirmRecoveryKeyPayload(_KeyPayload):
    """Words are sealed to the recovery key from now on."""


WithdrawAdviserKeyResult = Annotated[
    WithdrawAdviserKeyPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("WithdrawAdviserKeyResult"),
]
PublishRecoveryKeyResult = Annotated[
    PublishRecoveryKeyPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("PublishRecoveryKeyResult"),
]
ConfirmRecoveryKeyResult = Annotated[
    ConfirmRecoveryKeyPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("ConfirmRecoveryKeyResult"),
]


@strawberry.type
class KeyMutation:
    """Changes of keys."""

    @change(
        "Say that the device with a key of your own is lost or stolen; as a coordinator, that the key "
        "of an adviser is lost who cannot say it."
    )
    async def withdraw_adviser_key(
        self, info: Info, input: WithdrawAdviserKeyInput
    ) -> WithdrawAdviserKeyResult:
        """Asks intake."""
        return await command(
            info, "intake.withdraw_adviser_key", input, rpc.Done, WithdrawAdviserKeyPayload.of
        )

    @change("Propose a recovery key, signed with your current key.")
    async def publish_recovery_key(
        self, info: Info, input: PublishRecoveryKeyInput
    ) -> PublishRecoveryKeyResult:
        """Asks intake."""
        return await command(
            info, "intake.publish_recovery_key", input, rpc.Done, PublishRecoveryKeyPayload.of
        )

    @change("Confirm a proposed recovery key, as the second person.")
    async def confirm_recovery_key(
        self, info: Info, input: ConfirmRecoveryKeyInput
    ) -> ConfirmRecoveryKeyResult:
        """Asks intake."""
        return await command(
            info, "intake.confirm_recovery_key", input, rpc.Done, ConfirmRecoveryKeyPayload.of
        )


_WITHDRAW = HOLDERS | COORDINATOR

ACCESS = table(
    grant("Query", ADVISER, "keyLog"),
    grant("KeyLog", ADVISER, "size checkpoint entries"),
    grant("Mutation", _WITHDRAW, "withdrawAdviserKey withdrawAdviserKey(input:)"),
    grant("WithdrawAdviserKeyInput", _WITHDRAW, "idempotencyKey keyId reason"),
    grant("WithdrawAdviserKeyPayload", _WITHDRAW, "keyId organisation"),
    grant("Mutation", ADVISER, "publishRecoveryKey publishRecoveryKey(input:)"),
    grant("PublishRecoveryKeyInput", ADVISER, "idempotencyKey publicKey digest signature"),
    grant("PublishRecoveryKeyPayload", ADVISER, "keyId organisation"),
    grant("Mutation", SECOND, "confirmRecoveryKey confirmRecoveryKey(input:)"),
    grant("ConfirmRecoveryKeyInput", SECOND, "idempotencyKey keyId"),
    grant("ConfirmRecoveryKeyPayload", SECOND, "keyId organisation"),
)
