"""A hardware token as a key ring needs it: asked through a process of its own, never for long."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, Final

from shared.keys.ring import KeyRingAway, KeyRingProblem
from shared.keys.token_process import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

PATIENCE_SECONDS: Final = 3.0
"""How long a token may take for one question; then its process is ended."""

# Until a process has loaded the module and signed in.
_START_SECONDS = 10.0
# Keys of one question: a line must fit into a pipe (64 KiB) even if nobody reads it.
_MOST = 50
_ANSWER_BYTES = 1 << 16


class TokenSlow(KeyRingAway):
    """No answer came in time."""


class Token:
    """One token of a PKCS#11 module. Its methods block, and take turns.

    Whatever goes wrong, the process is ended, and the next question starts another one: a module
    that lost its token or its connection does not find it again by itself.
    """

    def __init__(
        self,
        *,
        module: Path,
        label: str,
        pin: Callable[[], str],
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        """`pin` is asked for each time a process starts; a PIN that was refused is not tried again,
        because a token locks itself after a few.
        """
        self._module = module
        self._label = label
        self._pin = pin
        self._patience = patience
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._refused: str | None = None
        self._closed = False

    def make(self) -> str:
        """A new wrapping key in the token; its id. Raises KeyRingProblem."""
        (made,) = self._ask({"make": 1})
        return str(made)

    def wrap(self, key: str, secrets: Sequence[bytes]) -> list[bytes]:
        """`secrets` (32 bytes each), wrapped under a key of the token. Raises KeyRingProblem."""
        wrapped: list[bytes] = []
        for place in range(0, len(secrets), _MOST):
            pairs = [[key, secret.hex()] for secret in secrets[place : place + _MOST]]
            wrapped += [bytes.fromhex(each) for each in self._ask({"wrap": pairs})]
        return wrapped

    def unwrap(self, wrapped: Sequence[tuple[str, bytes]]) -> list[bytes | None]:
        """The secrets that were wrapped under keys of the token; None where the token has no such
        key, or it does not fit. Raises KeyRingProblem.
        """
        secrets: list[bytes | None] = []
        for place in range(0, len(wrapped), _MOST):
            pairs = [[key, each.hex()] for key, each in wrapped[place : place + _MOST]]
            secrets += [
                None if each is None else bytes.fromhex(each)
                for each in self._ask({"unwrap": pairs})
            ]
        return secrets

    def destroy(self, keys: Sequence[str]) -> None:
        """Destroy keys of the token, for good; those that are not there are none. Raises
        KeyRingProblem.
        """
        self._ask({"destroy": list(keys)})

    def close(self) -> None:
        """End the process, and start no other one."""
        with self._lock:
            self._closed = True
            self._end()

    def _ask(self, question: dict[str, Any]) -> list[Any]:
        with self._lock:
            if self._process is not None:
                try:
                    return self._answered(question)
                except TokenSlow:
                    raise  # who asks has waited long enough
                except KeyRingAway:
                    pass  # perhaps only the process: once more, with another one
            self._start()
            return self._answered(question)

    def _start(self) -> None:
        if self._closed:
            raise KeyRingAway(f"The token '{self._label}' is not used any more.")
        pin = self._pin()
        if pin == self._refused:
            raise KeyRingProblem(
                f"The token '{self._label}' refused its PIN, which is not tried a second time."
            )
        self._process = subprocess.Popen(
            (sys.executable, "-m", "shared.keys.token_process"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
        )
        try:
            self._answered(
                {"module": str(self._module), "token": self._label, "pin": pin},
                patience=max(self._patience, _START_SECONDS),
            )
        except KeyRingAway:
            raise
        except KeyRingProblem:
            self._refused = pin
            raise

    def _answered(self, question: dict[str, Any], *, patience: float | None = None) -> list[Any]:
        """Raises KeyRingAway, and ends the process, unless it answers well and in time."""
        line = json.dumps(question).encode() + b"\n"
        try:
            told = json.loads(self._exchange(line, patience or self._patience))
        except TimeoutError as error:
            self._end()
            raise TokenSlow(f"The token '{self._label}' does not answer in time.") from error
        except (OSError, ValueError) as error:
            self._end()
            raise KeyRingAway(f"The token '{self._label}' does not answer.") from error
        if "ok" in told:
            answer: list[Any] = told["ok"]
            return answer
        self._end()
        match told["problem"]:
            case Problem.MODULE:
                raise KeyRingAway(
                    f"The PKCS#11 module {self._module.name} cannot be loaded, or finds no tokens."
                )
            case Problem.TOKEN:
                raise KeyRingAway(f"The token '{self._label}' is not there.")
            case Problem.PIN:
                raise KeyRingProblem(f"The token '{self._label}' refuses its PIN.")
            case _:
                raise KeyRingAway(f"The token '{self._label}' answers with an error.")

    def _exchange(self, line: bytes, patience: float) -> bytes:
        """Raises OSError, TimeoutError among them."""
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise OSError("there is no process")
        process.stdin.write(line)
        end = time.monotonic() + patience
        poll = select.poll()
        poll.register(process.stdout, select.POLLIN)
        answer = b""
        while not answer.endswith(b"\n"):
            left = end - time.monotonic()
            if left <= 0 or not poll.poll(left * 1000):
                raise TimeoutError
            piece = os.read(process.stdout.fileno(), _ANSWER_BYTES)
            if not piece:
                raise BrokenPipeError
            answer += piece
        return answer

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()
