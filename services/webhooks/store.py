"""Subscriptions, messages and what became of each, in one SQLite file on a disk of the program's own.

Every method is one transaction, on the disk when it returns. The program and the commands of an
operator use the file at once, each with a connection of its own.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from services.webhooks.sealing import Box

VERSION: Final = 1
"""Of the tables; a newer file is refused."""

MOST_SUBSCRIPTIONS: Final = 200

FILE: Final = "webhooks.sqlite"

_WAIT_SECONDS: Final = 30.0

_TABLES: Final = """
CREATE TABLE subscription (
    id text PRIMARY KEY,
    url blob NOT NULL,
    since text,
    disabled text,
    quiet_until real NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE wanted (
    subscription text NOT NULL REFERENCES subscription ON DELETE CASCADE,
    organisation text NOT NULL,
    PRIMARY KEY (subscription, organisation)
) STRICT;
CREATE TABLE secret (
    number integer PRIMARY KEY AUTOINCREMENT,
    subscription text NOT NULL REFERENCES subscription ON DELETE CASCADE,
    sealed blob NOT NULL,
    until real
) STRICT;
CREATE TABLE message (
    number integer PRIMARY KEY AUTOINCREMENT,
    id text NOT NULL UNIQUE,
    organisation text NOT NULL,
    week text NOT NULL,
    body blob NOT NULL
) STRICT;
CREATE TABLE delivery (
    subscription text NOT NULL REFERENCES subscription ON DELETE CASCADE,
    message integer NOT NULL REFERENCES message,
    state text NOT NULL CHECK (state IN ('pending', 'delivered', 'dead')),
    attempts integer NOT NULL DEFAULT 0,
    due real NOT NULL DEFAULT 0,
    error text,
    PRIMARY KEY (subscription, message)
) STRICT;
CREATE INDEX delivery_waiting ON delivery (subscription, due, message) WHERE state = 'pending';
CREATE INDEX delivery_dead ON delivery (subscription, message) WHERE state = 'dead';
"""

State = Literal["pending", "delivered", "dead"]


class StoreProblem(Exception):  # noqa: N818  reads as the sentence it carries
    """The file cannot be used, or what was asked cannot be; the text is for the operator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A CloudEvent as it came, with what is needed to know whose it is."""

    id: str
    organisation: str
    """The organisation's token, as its subject has it."""
    week: str
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """What an operator sees of a subscription."""

    id: str
    url: str
    organisations: tuple[str, ...]
    since: str | None
    """The ISO week of the first signals that it gets; None: all that there are."""
    disabled: str | None
    """Why nothing is sent; None: it is."""
    secrets: int
    """How many secrets sign: two while one is being replaced."""
    pending: int
    delivered: int
    dead: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """One request that should be made now."""

    subscription: str
    url: str
    secrets: tuple[str, ...]
    """The newest first."""
    message: int
    id: str
    body: bytes
    attempts: int
    """How many were made before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A delivery that was given up. Never its body."""

    subscription: str
    id: str
    """The webhook-id."""
    organisation: str
    week: str
    """The message's own, not that of any attempt."""
    attempts: int
    error: str


class Store:
    """The file. Times are seconds since 1970."""

    def __init__(self, folder: Path, box: Box) -> None:
        self._box = box
        try:
            self._connection = sqlite3.connect(
                folder / FILE,
                timeout=_WAIT_SECONDS,
                isolation_level=None,
                check_same_thread=False,  # one thread at a time: the service's, see service.py
            )
            self._prepare()
        except (sqlite3.Error, OSError) as error:
            raise StoreProblem(
                f"The file {FILE} in HOEKSTEEN_WEBHOOKS_DIR cannot be used ({type(error).__name__})."
            ) from error

    def _prepare(self) -> None:
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            self._connection.execute(f"PRAGMA {pragma}")
        with self._transaction() as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version > VERSION:
                raise StoreProblem(
                    f"The file {FILE} was written by a newer version; run that one, or a newer one."
                )
            if version == 0:
                for statement in _TABLES.split(";"):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {VERSION}")

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield self._connection
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    # Subscriptions ----------------------------------------------------------------------------

    def add(self, url: str, organisations: Sequence[str], secret: str, since: str | None) -> str:
        """A new subscription's id. It gets the messages of its organisations that are here, too.

        Raises StoreProblem.
        """
        subscription = f"wh-{secrets.token_hex(6)}"
        with self._transaction() as connection:
            (count,) = connection.execute("SELECT count(*) FROM subscription").fetchone()
            if count >= MOST_SUBSCRIPTIONS:
                raise StoreProblem(
                    f"There are {MOST_SUBSCRIPTIONS} subscriptions, which is the most."
                )
            connection.execute(
                "INSERT INTO subscription (id, url, since) VALUES (?, ?, ?)",
                (subscription, self._box.seal(url, subscription), since),
            )
            connection.executemany(
                "INSERT INTO wanted VALUES (?, ?)",
                [(subscription, each) for each in dict.fromkeys(organisations)],
            )
            self._add_secret(subscription, secret)
            connection.execute(_SEND_ALL, (subscription,))
        return subscription

    def remove(self, subscription: str) -> None:
        """Forget a subscription, and what was not delivered to it. Raises StoreProblem."""
        with self._transaction() as connection:
            self._known(subscription)
            connection.execute("DELETE FROM subscription WHERE id = ?", (subscription,))

    def enable(self, subscription: str) -> None:
        """Send again, from now on. Raises StoreProblem."""
        with self._transaction() as connection:
            self._known(subscription)
            connection.execute(
                "UPDATE subscription SET disabled = NULL, quiet_until = 0 WHERE id = ?",
                (subscription,),
            )

    def rotate(self, subscription: str, secret: str, until: float) -> None:
        """A new secret; the earlier ones sign beside it until then. Raises StoreProblem."""
        with self._transaction() as connection:
            self._known(subscription)
            connection.execute(
                "UPDATE secret SET until = ? WHERE subscription = ? AND (until IS NULL OR until > ?)",
                (until, subscription, until),
            )
            self._add_secret(subscription, secret)

    def newest_secret(self, subscription: str) -> str:
        """The one that goes on. Raises StoreProblem."""
        self._known(subscription)
        (sealed,) = self._connection.execute(
            "SELECT sealed FROM secret WHERE subscription = ? ORDER BY number DESC LIMIT 1",
            (subscription,),
        ).fetchone()
        return self._box.open(sealed, f"{subscription}/secret")

    def subscriptions(self, now: float) -> list[Subscription]:
        """All subscriptions, oldest first."""
        rows = self._connection.execute(_LIST, (now,)).fetchall()
        return [
            Subscription(
                id=row[0],
                url=self._box.open(row[1], row[0]),
                organisations=tuple(json.loads(row[2])),
                since=row[3],
                disabled=row[4],
                secrets=row[5],
                pending=row[6],
                delivered=row[7],
                dead=row[8],
            )
            for row in rows
        ]

    def organisations(self) -> list[str]:
        """The tokens of all organisations that somebody wants."""
        rows = self._connection.execute("SELECT DISTINCT organisation FROM wanted ORDER BY 1")
        return [token for (token,) in rows]

    def _known(self, subscription: str) -> None:
        found = self._connection.execute(
            "SELECT 1 FROM subscription WHERE id = ?", (subscription,)
        ).fetchone()
        if found is None:
            raise StoreProblem(f"There is no subscription {subscription}.")

    def _add_secret(self, subscription: str, secret: str) -> None:
        self._connection.execute(
            "INSERT INTO secret (subscription, sealed) VALUES (?, ?)",
            (subscription, self._box.seal(secret, f"{subscription}/secret")),
        )

    # Messages ---------------------------------------------------------------------------------

    def take(self, messages: Iterable[Message]) -> int:
        """Keep what is new, and note to whom it goes; how many were new."""
        new = 0
        with self._transaction() as connection:
            for each in messages:
                cursor = connection.execute(
                    "INSERT INTO message (id, organisation, week, body) VALUES (?, ?, ?, ?)"
                    " ON CONFLICT DO NOTHING",
                    (each.id, each.organisation, each.week, each.body),
                )
                if cursor.rowcount:
                    new += 1
                    connection.execute(_SEND_ONE, (cursor.lastrowid,))
        return new

    def due(self, now: float, busy: Iterable[str] = ()) -> list[Due]:
        """At most one request for each subscription: its oldest message whose time has come."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM secret WHERE until <= ?", (now,))
            rows = connection.execute(_DUE, {"now": now, "busy": json.dumps(list(busy))}).fetchall()
        return [
            Due(
                subscription=row[0],
                url=self._box.open(row[1], row[0]),
                secrets=tuple(
                    self._box.open(bytes.fromhex(each), f"{row[0]}/secret")
                    for each in json.loads(row[2])
                ),
                message=row[3],
                id=row[4],
                body=row[5],
                attempts=row[6],
            )
            for row in rows
        ]

    # What became of it ------------------------------------------------------------------------

    def delivered(self, subscription: str, message: int) -> None:
        """The receiver has it."""
        with self._transaction():
            self._settle(subscription, message, "delivered", due=0.0, error=None)

    def failed(
        self, subscription: str, message: int, *, due: float, error: str, quiet_until: float = 0.0
    ) -> None:
        """It is tried again at `due`. Until `quiet_until` nothing at all is sent to this receiver."""
        with self._transaction() as connection:
            self._settle(subscription, message, "pending", due=due, error=error)
            connection.execute(
                "UPDATE subscription SET quiet_until = max(quiet_until, ?) WHERE id = ?",
                (quiet_until, subscription),
            )

    def given_up(self, subscription: str, message: int, error: str) -> None:
        """It is a dead letter now."""
        with self._transaction():
            self._settle(subscription, message, "dead", due=0.0, error=error)

    def gone(self, subscription: str, message: int, error: str) -> None:
        """The receiver wants nothing more: what waits for it becomes dead letters."""
        with self._transaction() as connection:
            self._settle(subscription, message, "dead", due=0.0, error=error)
            connection.execute(
                "UPDATE delivery SET state = 'dead', error = ? WHERE subscription = ?"
                " AND state = 'pending'",
                (error, subscription),
            )
            connection.execute(
                "UPDATE subscription SET disabled = ? WHERE id = ?", (error, subscription)
            )

    def _settle(
        self, subscription: str, message: int, state: State, *, due: float, error: str | None
    ) -> None:
        # Whoever removed the subscription meanwhile, or had it sent anew, has the last word.
        self._connection.execute(
            "UPDATE delivery SET state = ?, due = ?, error = ?, attempts = attempts + 1"
            " WHERE subscription = ? AND message = ? AND state = 'pending'",
            (state, due, error, subscription, message),
        )

    def dead_letters(self, subscription: str | None = None) -> list[DeadLetter]:
        """What was given up, oldest first."""
        rows = self._connection.execute(_DEAD, (subscription, subscription)).fetchall()
        return [
            DeadLetter(
                subscription=row[0],
                id=row[1],
                organisation=row[2],
                week=row[3],
                attempts=row[4],
                error=row[5],
            )
            for row in rows
        ]

    def replay(
        self, subscription: str, *, webhook_id: str | None = None, since: str | None = None
    ) -> int:
        """Send again: one message, or all of an ISO week and later, or else the dead letters.

        How many that are. Raises StoreProblem.
        """
        with self._transaction() as connection:
            self._known(subscription)
            row = connection.execute(
                "SELECT disabled FROM subscription WHERE id = ?", (subscription,)
            ).fetchone()
            if row[0] is not None:
                raise StoreProblem(
                    f"The subscription {subscription} is disabled ({row[0]}); enable it first."
                )
            if webhook_id is None and since is None:
                found = connection.execute(_REPLAY_DEAD, (subscription,))
            else:
                asked = {"subscription": subscription, "id": webhook_id, "since": since}
                found = connection.execute(_REPLAY, asked)
        return found.rowcount

    # Figures ----------------------------------------------------------------------------------

    def counts(self) -> tuple[int, int]:
        """How many deliveries wait, and how many were given up."""
        row = self._connection.execute(
            "SELECT count(*) FILTER (WHERE state = 'pending'),"
            " count(*) FILTER (WHERE state = 'dead') FROM delivery WHERE state <> 'delivered'"
        ).fetchone()
        return int(row[0]), int(row[1])


_WANTED: Final = (
    " FROM subscription s JOIN wanted w ON w.subscription = s.id"
    " JOIN message m ON m.organisation = w.organisation AND (s.since IS NULL OR m.week >= s.since)"
)

_SEND_ALL: Final = (
    f"INSERT INTO delivery (subscription, message, state) SELECT s.id, m.number, 'pending' {_WANTED}"
    " WHERE s.id = ?"
)

_SEND_ONE: Final = (
    f"INSERT INTO delivery (subscription, message, state) SELECT s.id, m.number, 'pending' {_WANTED}"
    " WHERE m.number = ? AND s.disabled IS NULL"
)

_LIST: Final = """
SELECT s.id, s.url,
       (SELECT json_group_array(organisation) FROM wanted WHERE subscription = s.id),
       s.since, s.disabled,
       (SELECT count(*) FROM secret WHERE subscription = s.id AND (until IS NULL OR until > ?)),
       count(d.message) FILTER (WHERE d.state = 'pending'),
       count(d.message) FILTER (WHERE d.state = 'delivered'),
       count(d.message) FILTER (WHERE d.state = 'dead')
FROM subscription s LEFT JOIN delivery d ON d.subscription = s.id
GROUP BY s.id ORDER BY s.rowid
"""

_DUE: Final = """
SELECT s.id, s.url,
       (SELECT json_group_array(hex(sealed)) FROM
         (SELECT sealed FROM secret WHERE subscription = s.id ORDER BY number DESC)),
       m.number, m.id, m.body, d.attempts
FROM subscription s
JOIN delivery d ON d.subscription = s.id AND d.message = (
    SELECT min(message) FROM delivery
    WHERE subscription = s.id AND state = 'pending' AND due <= :now)
JOIN message m ON m.number = d.message
WHERE s.disabled IS NULL AND s.quiet_until <= :now
  AND s.id NOT IN (SELECT value FROM json_each(:busy))
"""

_DEAD: Final = """
SELECT d.subscription, m.id, m.organisation, m.week, d.attempts, d.error
FROM delivery d JOIN message m ON m.number = d.message
WHERE d.state = 'dead' AND (? IS NULL OR d.subscription = ?) ORDER BY m.number, d.subscription
"""

_REPLAY_DEAD: Final = (
    "UPDATE delivery SET state = 'pending', attempts = 0, due = 0, error = NULL"
    " WHERE subscription = ? AND state = 'dead'"
)

_REPLAY: Final = f"""
INSERT INTO delivery (subscription, message, state) SELECT s.id, m.number, 'pending' {_WANTED}
WHERE s.id = :subscription AND (:id IS NULL OR m.id = :id) AND (:since IS NULL OR m.week >= :since)
ON CONFLICT DO UPDATE SET state = 'pending', attempts = 0, due = 0, error = NULL
"""
