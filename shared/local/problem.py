"""What stops a local installation, in one sentence for the person at the keyboard."""

from __future__ import annotations


class LocalProblem(Exception):  # noqa: N818  its text is an answer to a person
    """The installation cannot go on. `str()` is one plain sentence; `log` the last lines of a log."""

    def __init__(self, sentence: str, *, log: str = "") -> None:
        self.log = log
        super().__init__(sentence)
