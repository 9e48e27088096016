"""C2SP tlog-policy: which logs and witnesses are trusted, and which witnesses make a quorum.

One group per owner; the quorum is a group of such groups, so that no owner alone is enough. One
addition to c2sp.org/tlog-policy: a log's key whose name ends in `/*` stands for every origin with
that beginning and one more part, because a service signs the logs of all its organisations with
one key.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from shared.ledger.cosignature import Cosigned, Cosigner, cosigned
from shared.ledger.note import MalformedKey, Verifier

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

NONE: Final = "none"
"""The predefined quorum that asks for no cosignature."""

LIMIT: Final = 64
"""Logs, witnesses and groups, of each: twice what C2SP asks for, and few enough that all their
cosignatures fit under one note."""

_LONGEST: Final = 1 << 20
_THRESHOLD = re.compile(r"[1-9][0-9]{0,3}", re.ASCII)
_WHITESPACE = re.compile(r"[ \t]+")
_FORBIDDEN = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]")
_EVERY: Final = "/*"


class PolicyError(ValueError):
    """A policy that is not trusted as it stands. The text says in one sentence what to change."""


@dataclass(frozen=True, slots=True)
class Log:
    """A known log, or with a name that ends in `/*` all logs of a service."""

    verifier: Verifier
    url: str | None

    def keys(self, origin: str) -> list[Verifier]:
        """Its key under the name `origin`, when it speaks for that log."""
        name = self.verifier.name
        if name == origin:
            return [self.verifier]
        beginning = name.removesuffix("*")
        part = origin.removeprefix(beginning)
        if not name.endswith(_EVERY) or not origin.startswith(beginning):
            return []
        if not part or "/" in part or part == "*":
            return []
        try:
            return [Verifier(origin, self.verifier.public_key)]
        except MalformedKey:  # an origin that cannot be a key's name
            return []


@dataclass(frozen=True, slots=True)
class Witness:
    """A known witness. `name` is the policy's; the key carries the name that signs."""

    name: str
    cosigner: Cosigner
    url: str | None
    """Submission prefix (c2sp.org/tlog-witness); None: nobody here asks it."""


@dataclass(frozen=True, slots=True)
class Group:
    """Satisfied when at least `threshold` of its members are."""

    name: str
    threshold: int
    members: tuple[str, ...]
    """Names of witnesses and of groups defined before."""


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy that was read and found consistent: `Policy.parse` or `Policy.load` makes one."""

    logs: tuple[Log, ...] = ()
    witnesses: tuple[Witness, ...] = ()
    groups: tuple[Group, ...] = ()
    quorum: str = NONE
    """A witness's or group's name, or `none`."""

    @classmethod
    def parse(cls, text: str | bytes) -> Policy:
        """Read a policy. Raises PolicyError with the line's number for the first fault."""
        octets = text.encode(errors="surrogateescape") if isinstance(text, str) else text
        if len(octets) > _LONGEST:
            raise PolicyError("The policy is longer than a megabyte; this is not a policy.")
        reader = _Reader()
        for number, line in enumerate(octets.split(b"\n"), start=1):
            try:
                reader.take(line)
            except PolicyError as error:
                raise PolicyError(f"Line {number} of the policy: {error}.") from None
        if reader.quorum is None:
            raise PolicyError(
                "The policy has no quorum line; without witnesses it is 'quorum none'."
            )
        return cls(
            tuple(reader.logs),
            tuple(reader.witnesses.values()),
            tuple(reader.groups.values()),
            reader.quorum,
        )

    @classmethod
    def load(cls, path: Path) -> Policy:
        """Read a policy's file. Raises PolicyError, also when the file cannot be read."""
        try:
            octets = path.read_bytes()
        except OSError as error:
            raise PolicyError(
                f"The policy's file {path.name} cannot be read ({error.strerror})."
            ) from error
        return cls.parse(octets)

    def log_keys(self, origin: str) -> list[Verifier]:
        """The keys that may sign the checkpoints of the log `origin`, each under that name."""
        return [key for log in self.logs for key in log.keys(origin)]

    def cosigned(self, note: bytes) -> list[Cosigned]:
        """Who of the policy's witnesses cosigned this note, under the policy's names.

        Raises InvalidSignature for a wrong signature of a known witness, MalformedNote.
        """
        # One by one: two witnesses may carry the same name in their keys.
        return [
            Cosigned(witness.name, each.timestamp)
            for witness in self.witnesses
            for each in cosigned(note, [witness.cosigner])
        ]

    def met_by(self, names: Iterable[str]) -> bool:
        """Whether the witnesses with these names of the policy make the quorum."""
        return self.quorum == NONE or self._satisfied(self.quorum, frozenset(names))

    def missing(self, names: Iterable[str]) -> list[str]:
        """The members of the quorum that these witnesses do not satisfy: owners still wanted.

        Empty when the quorum is met. A quorum of one witness names that witness.
        """
        have = frozenset(names)
        if self.met_by(have):
            return []
        group = self._group(self.quorum)
        members: Collection[str] = (self.quorum,) if group is None else group.members
        return [member for member in members if not self._satisfied(member, have)]

    def _group(self, name: str) -> Group | None:
        return next((each for each in self.groups if each.name == name), None)

    def _satisfied(self, name: str, have: frozenset[str]) -> bool:
        group = self._group(name)
        if group is None:
            return name in have
        return sum(self._satisfied(each, have) for each in group.members) >= group.threshold


NO_POLICY: Final = Policy()
"""No witnesses and no known logs: nothing is asked for."""


@dataclass(slots=True)
class _Reader:
    """Takes in a policy line by line. Its errors are parts of a sentence, without the number."""

    logs: list[Log] = field(default_factory=list)
    witnesses: dict[str, Witness] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    quorum: str | None = None
    members: set[str] = field(default_factory=set)

    def take(self, octets: bytes) -> None:
        if _FORBIDDEN.search(octets):
            raise PolicyError("it holds a control character; only tabs are allowed")
        # Octets outside ASCII are opaque: what is not UTF-8 is carried along as it is.
        line = octets.decode(errors="surrogateescape")
        words = _WHITESPACE.split(line.strip(" \t"))
        if not words[0] or words[0].startswith("#"):
            return
        match words[0]:
            case "log":
                self._log(words[1:])
            case "witness":
                self._witness(words[1:])
            case "group":
                self._define(words[1:])
            case "quorum":
                self._quorum(words[1:])
            case _:
                raise PolicyError(
                    f"'{_shown(words[0])}' is not log, witness, group, quorum or a comment"
                )

    def _log(self, words: list[str]) -> None:
        if len(words) not in (1, 2):
            raise PolicyError("a log is written 'log <vkey> [<url>]'")
        try:
            verifier = Verifier.parse(words[0])
        except (MalformedKey, UnicodeEncodeError):
            raise PolicyError("this is not the public key (vkey) of a log") from None
        if any(verifier.public_key == each.verifier.public_key for each in self.logs):
            raise PolicyError("this log's key stands in an earlier line")
        if len(self.logs) == LIMIT:
            raise PolicyError(f"there are more than {LIMIT} logs")
        self.logs.append(Log(verifier, words[1] if len(words) == 2 else None))

    def _witness(self, words: list[str]) -> None:
        if len(words) not in (2, 3):
            raise PolicyError("a witness is written 'witness <name> <vkey> [<url>]'")
        name = self._new_name(words[0])
        try:
            cosigner = Cosigner.parse(words[1])
        except (MalformedKey, UnicodeEncodeError):
            raise PolicyError(
                "this is not the public key (vkey) of a witness with Ed25519 cosignatures"
            ) from None
        if any(cosigner.public_key == each.cosigner.public_key for each in self.witnesses.values()):
            raise PolicyError("this witness's key stands in an earlier line")
        if len(self.witnesses) == LIMIT:
            raise PolicyError(f"there are more than {LIMIT} witnesses")
        self.witnesses[name] = Witness(name, cosigner, words[2] if len(words) == 3 else None)

    def _define(self, words: list[str]) -> None:
        if len(words) < 3:
            raise PolicyError("a group is written 'group <name> all|any|<number> <member>...'")
        name, needed, *members = words
        name = self._new_name(name)
        if len(self.groups) == LIMIT:
            raise PolicyError(f"there are more than {LIMIT} groups")
        threshold = _threshold(needed, len(members))
        mine: set[str] = set()
        for member in members:
            self._check_defined(member)
            if member in mine or member in self.members:
                raise PolicyError(f"'{_shown(member)}' is a member already; a name counts once")
            mine.add(member)
        self.members |= mine
        self.groups[name] = Group(name, threshold, tuple(members))

    def _quorum(self, words: list[str]) -> None:
        if len(words) != 1:
            raise PolicyError("the quorum is written 'quorum <name>', or 'quorum none'")
        if self.quorum is not None:
            raise PolicyError("there is a quorum line already")
        if words[0] != NONE:
            self._check_defined(words[0])
        self.quorum = words[0]

    def _new_name(self, name: str) -> str:
        if name == NONE:
            raise PolicyError("'none' is not a name; it stands for no quorum")
        if name in self.witnesses or name in self.groups:
            raise PolicyError(f"the name '{_shown(name)}' is taken by an earlier line")
        return name

    def _check_defined(self, name: str) -> None:
        if name not in self.witnesses and name not in self.groups:
            raise PolicyError(f"no line before it defines '{_shown(name)}'")


def _threshold(needed: str, count: int) -> int:
    if needed == "all":
        return count
    if needed == "any":
        return 1
    if _THRESHOLD.fullmatch(needed) is None or int(needed) > count:
        raise PolicyError(f"a group of {count} needs 'all', 'any' or a number from 1 to {count}")
    return int(needed)


def _shown(name: str) -> str:
    return name.encode(errors="backslashreplace").decode()
