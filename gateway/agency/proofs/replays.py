"""Replays: nonces of signatures, DPoP proofs and assertions that were accepted once."""

import fcntl
import hashlib
import sqlite3
import time
from pathlib import Path

from bus.errors import SignatureError, Unavailable
from bus.process import log

# The longest time from arrival to the end of a signature or proof: 300 s of life and 60 s of skew.
KEEP_SECONDS = 420
PURGE_EVERY = 1024
BUSY_SECONDS = 2.0
BOOT = Path("/proc/sys/kernel/random/boot_id")
TABLES = """
create table if not exists since (at integer not null);
create table if not exists seen (mark blob primary key, ends integer not null) without rowid;
create index if not exists seen_ends on seen (ends);
"""
CODES = {
    "signature": ("signature.replayed", "signature.before_start"),
    "dpop": ("dpop.replayed", "dpop.before_start"),
    "assertion": ("assertion.replayed", "assertion.before_start"),
}
_log = log.get("replays")


class Replays:
    """The nonces that all processes of this face on one machine accepted, if they share ``folder``.

    The file survives the death of processes, not that of the machine, since nothing waits for the
    disk: each boot begins a new file. A proof that was made before the file began could stand in
    the file before it, and is refused. Without a folder each process has its own, in memory.
    """

    def __init__(self, folder: Path | None = None) -> None:
        if folder is not None and not folder.is_dir():
            raise ValueError(f"REPLAY_DIR: there is no folder {folder}.")
        try:
            self._db = _connect(":memory:") if folder is None else _shared(folder)
            self._since: int = self._db.execute("select at from since").fetchone()[0]
        except sqlite3.Error as error:
            raise ValueError(f"REPLAY_DIR: {error}; remove the book of this boot.") from None
        self._noted = 0

    def check(self, kind: str, scope: str, nonce: str, created: float) -> None:
        """SignatureError if the nonce was accepted before, or is older than the file.

        ``kind`` is signature, dpop or assertion; ``scope`` is that in which a nonce is used once:
        the id or thumbprint of a key. ``created`` is in unix seconds.
        """
        self._require_since(kind, created)
        if self.is_noted(kind, scope, nonce):
            raise replayed(kind)

    def is_noted(self, kind: str, scope: str, nonce: str) -> bool:
        """True if it was noted, and is not forgotten yet."""
        sql = "select 1 from seen where mark = ?"
        return self._run(sql, (mark_of(kind, scope, nonce),)).fetchone() is not None

    def began_after(self, moment: float) -> bool:
        """True if the file began after that moment (unix seconds), so that it cannot know of it."""
        return moment < self._since

    def take(self, kind: str, scope: str, nonce: str, created: float) -> None:
        """``check`` and ``note`` at once, by one statement."""
        self._require_since(kind, created)
        self.note(kind, scope, nonce)

    def note(self, kind: str, scope: str, nonce: str, keep: int = KEEP_SECONDS) -> None:
        """Record a nonce for ``keep`` seconds. SignatureError if another process was faster."""
        if not self.mark(kind, scope, nonce, keep):
            raise replayed(kind)

    def mark(self, kind: str, scope: str, nonce: str, keep: int) -> bool:
        """Record it; False if it was recorded before."""
        now = int(time.time())
        row = (mark_of(kind, scope, nonce), now + keep)
        is_new = self._run("insert or ignore into seen values (?, ?)", row).rowcount > 0
        self._noted += is_new
        if is_new and self._noted % PURGE_EVERY == 0:
            self._run("delete from seen where ends < ?", (now,))
        return is_new

    def _require_since(self, kind: str, created: float) -> None:
        if self.began_after(created):
            raise SignatureError(
                CODES[kind][1], "This face was started after you signed; sign the request again."
            )

    def _run(self, sql: str, values: tuple[object, ...]) -> sqlite3.Cursor:
        try:
            return self._db.execute(sql, values)
        except sqlite3.Error as error:
            _log.error("replays_unavailable", error=str(error))
            raise Unavailable(
                "We cannot know whether this was sent before; try again later.",
                code="replays.unavailable",
            ) from None


def mark_of(kind: str, scope: str, nonce: str) -> bytes:
    """By which a book knows a nonce again: nobody learns it, or its key, from there."""
    text = f"{kind}\0{scope}\0{nonce}".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(text, digest_size=16).digest()


def replayed(kind: str) -> SignatureError:
    """The refusal of a proof of that kind which was taken before."""
    if kind == "assertion":
        reason = "This assertion was used before; make one with a fresh jti for each token."
    else:
        reason = "This was used before; sign each request with a fresh nonce."
    return SignatureError(CODES[kind][0], reason)


def _shared(folder: Path) -> sqlite3.Connection:
    """The file of this boot; those of earlier boots are deleted."""
    book = folder / f"{BOOT.read_text(encoding='ascii').strip()}.sqlite"
    with (folder / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one process at a time makes the tables
        for old in folder.glob("*.sqlite*"):
            if not old.name.startswith(book.name):
                old.unlink()
        return _connect(str(book))


def _connect(name: str) -> sqlite3.Connection:
    db = sqlite3.connect(name, timeout=BUSY_SECONDS, isolation_level=None)
    db.execute("pragma journal_mode = wal")
    db.execute("pragma synchronous = off")
    db.executescript(TABLES)
    db.execute(
        "insert into since select ? where not exists (select 1 from since)", (int(time.time()),)
    )
    return db
