"""The one program that loads a PKCS#11 module: a process of its own beside the service.

A module is foreign code. Here it may crash, hang or wait for a network without taking the service
with it: shared/keys/token.py asks over a pipe, and ends the process when no answer comes in time.

One JSON document a line. The first line says which module, token and PIN; each further one asks:

    {"make": n}                          n new keys in the token: their ids
    {"wrap": [[id, secret], ...]}        secrets (hex), wrapped (AES key wrap, RFC 3394)
    {"unwrap": [[id, wrapped], ...]}     secrets, null where there is no such key or it does not fit
    {"destroy": [id, ...]}               keys that are gone afterwards

An answer is {"ok": [...]}, or {"problem": word} with a word of Problem.
"""

from __future__ import annotations

import json
import os
import sys
from enum import StrEnum
from typing import IO, Any

_ID_BYTES = 16
_LABEL = "hoeksteen"


class Problem(StrEnum):
    """What may be wrong with a module or a token."""

    MODULE = "module"
    """The module cannot be loaded."""
    TOKEN = "token"  # noqa: S105  a thing, no secret
    """There is no token of that name, or several."""
    PIN = "pin"
    """The token refuses the PIN, or it is locked."""
    FAILED = "failed"
    """The token answers with an error."""


class TokenFailed(Exception):  # noqa: N818  told to whoever asked
    """Carries a Problem."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(problem.value)


class _Session:
    """A session with a token, signed in."""

    def __init__(self, module: str, token: str, pin: str) -> None:
        try:
            import pkcs11
        except ImportError as error:
            raise TokenFailed(Problem.MODULE) from error
        self._p: Any = pkcs11
        try:
            library = pkcs11.lib(module)
        except (pkcs11.PKCS11Error, RuntimeError, OSError) as error:
            raise TokenFailed(Problem.MODULE) from error
        try:
            self._session: Any = library.get_token(token_label=token).open(rw=True, user_pin=pin)
        except (pkcs11.NoSuchToken, pkcs11.MultipleTokensReturned) as error:
            raise TokenFailed(Problem.TOKEN) from error
        except (
            pkcs11.PinIncorrect,
            pkcs11.PinInvalid,
            pkcs11.PinLenRange,
            pkcs11.PinLocked,
            pkcs11.PinExpired,
        ) as error:
            raise TokenFailed(Problem.PIN) from error
        self._keys: dict[str, Any] = {}

    def answer(self, asked: dict[str, Any]) -> list[Any]:
        """What one line asks for. Raises PKCS11Error, TokenFailed."""
        match asked:
            case {"make": int(count)}:
                return [self._make() for _ in range(count)]
            case {"wrap": list(pairs)}:
                return [self._wrap(name, secret) for name, secret in pairs]
            case {"unwrap": list(pairs)}:
                return [self._unwrap(name, wrapped) for name, wrapped in pairs]
            case {"destroy": list(names)}:
                return [self._destroy(name) for name in names]
            case _:
                raise TokenFailed(Problem.FAILED)

    def _make(self) -> str:
        """A 256-bit AES key that never leaves the token, and wraps and unwraps only."""
        made = os.urandom(_ID_BYTES)
        attribute = self._p.Attribute
        self._session.generate_key(
            self._p.KeyType.AES,
            256,
            id=made,
            label=_LABEL,
            store=True,
            template={
                attribute.SENSITIVE: True,
                attribute.EXTRACTABLE: False,
                attribute.PRIVATE: True,
                attribute.ENCRYPT: False,
                attribute.DECRYPT: False,
                attribute.SIGN: False,
                attribute.VERIFY: False,
                attribute.WRAP: True,
                attribute.UNWRAP: True,
            },
        )
        return made.hex()

    def _wrap(self, name: str, secret: str) -> str:
        key = self._key(name)
        if key is None:
            raise TokenFailed(Problem.FAILED)
        attribute = self._p.Attribute
        inner = self._session.create_object(
            {
                attribute.CLASS: self._p.ObjectClass.SECRET_KEY,
                attribute.KEY_TYPE: self._p.KeyType.AES,
                attribute.VALUE: bytes.fromhex(secret),
                **self._passing(),
            }
        )
        try:
            wrapped: bytes = key.wrap_key(inner, mechanism=self._p.Mechanism.AES_KEY_WRAP)
        finally:
            inner.destroy()
        return wrapped.hex()

    def _unwrap(self, name: str, wrapped: str) -> str | None:
        key = self._key(name)
        if key is None:
            return None
        try:
            inner = key.unwrap_key(
                self._p.ObjectClass.SECRET_KEY,
                self._p.KeyType.AES,
                bytes.fromhex(wrapped),
                mechanism=self._p.Mechanism.AES_KEY_WRAP,
                template=self._passing(),
            )
        except (
            self._p.WrappedKeyInvalid,
            self._p.WrappedKeyLenRange,
            self._p.EncryptedDataInvalid,
            self._p.EncryptedDataLenRange,
        ):
            return None
        except self._p.GeneralError:
            # SoftHSM's word for what does not fit, and others' for a device that fails.
            probe = os.urandom(32).hex()
            if self._unwrap(name, self._wrap(name, probe)) != probe:
                raise
            return None
        try:
            secret: bytes = inner[self._p.Attribute.VALUE]
        finally:
            inner.destroy()
        return secret.hex()

    def _destroy(self, name: str) -> bool:
        key = self._key(name)
        if key is None:
            return False
        key.destroy()
        del self._keys[name]
        return True

    def _key(self, name: str) -> Any:
        found = self._keys.get(name)
        if found is None:
            try:
                found = self._keys[name] = self._session.get_key(
                    object_class=self._p.ObjectClass.SECRET_KEY, id=bytes.fromhex(name)
                )
            except self._p.NoSuchKey:
                return None
        return found

    def _passing(self) -> dict[Any, bool]:
        """What holds for a data key while it passes through the token: it is not kept there."""
        attribute = self._p.Attribute
        return {
            attribute.TOKEN: False,
            attribute.SENSITIVE: False,
            attribute.EXTRACTABLE: True,
        }


def serve(asked: IO[str], answers: IO[str]) -> None:
    """Answer until whoever asks is gone."""
    session: _Session | None = None
    for line in asked:
        try:
            wanted = json.loads(line)
            if session is None:
                session = _Session(wanted["module"], wanted["token"], wanted["pin"])
                told: dict[str, Any] = {"ok": []}
            else:
                told = {"ok": session.answer(wanted)}
        except TokenFailed as failed:
            told = {"problem": failed.problem.value}
        except Exception:  # noqa: BLE001  whatever a module does, it is told in one word
            told = {"problem": Problem.FAILED.value}
        answers.write(json.dumps(told) + "\n")
        answers.flush()


def main() -> None:
    """Answer on standard output; what a module prints goes elsewhere."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    serve(sys.stdin, answers)


if __name__ == "__main__":
    main()
