"""The key of a service is the one that its data were sealed or signed with, or nothing is done
with it.

What a key has sealed or hashed opens by no other one, and whoever holds what it has signed believes
no other one. So a mark of it, from which nothing can be learnt, stands in the database since its
first use, in the record of commands. While the key that is set is another one, or its file is gone,
whoever asks gets 503 and Commands are held.

`python -m bus.database.own_keys TICKETING_KEY` says that the key that is set counts from now on
(DB_URL names the database): what was sealed before stays closed for ever.
"""

import argparse
import functools
import hashlib
import hmac
import sys
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, func, select

from bus.database.commands_run import note_command
from bus.database.store import Store
from bus.database.tables import COMMANDS_RUN
from bus.errors import BusError, Unavailable
from bus.process.monitor import WELL, Check, Finding, fail, warn
from bus.process.private import own_files_only
from bus.settings import MissingSettings, Settings
from bus.signatures.keys import SigningKey

CODE = "secret.unavailable"
NOTED = "own_key"
TEXT = "The service lacks the secret of its data. Try again later."
# By database, and by where a key stands: the keys that were right.
_PROVEN: WeakKeyDictionary[Engine, dict[tuple[str | None, str | None], str]] = WeakKeyDictionary()


def proven(engine: Engine, settings: Settings, name: str) -> str | None:
    """The key, if this process has found it right before."""
    return _PROVEN.get(engine, {}).get(settings.place(name))


def own_key(conn: Connection, settings: Settings, name: str) -> str:
    """The key that the settings name; Unavailable if it is not the one of this database."""
    return proven(conn.engine, settings, name) or _prove(conn, settings, name)


def own_signing_key(conn: Connection, settings: Settings, name: str, keyid: str) -> SigningKey:
    """The Ed25519 key in the PEM file that the settings name, likewise; its public half is known by
    that id.
    """
    pem = own_key(conn, settings, name)
    try:
        return _read(pem, keyid)
    except ValueError:
        raise Unavailable(TEXT, code=CODE) from None


@functools.lru_cache(maxsize=4)
def _read(pem: str, keyid: str) -> SigningKey:
    return SigningKey.read(pem.encode(), keyid)


def note(conn: Connection, settings: Settings, name: str) -> None:
    """From now on the key that is set counts, whatever was sealed or signed by another one."""
    _note(conn, name, settings.secret(name).reveal())


def _prove(conn: Connection, settings: Settings, name: str) -> str:
    try:
        key = settings.secret(name).reveal()
    except (OSError, MissingSettings):
        raise Unavailable(TEXT, code=CODE) from None
    if (mark := _noted(conn, name)) is None:
        # Of those who come first together, one notes it.
        conn.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(NOTED, 0))))
        mark = _noted(conn, name)
    if mark is None:
        # Proven only when it is read again: this transaction may be rolled back.
        _note(conn, name, key)
    elif mark != _mark(name, key):
        raise Unavailable(TEXT, code=CODE)
    else:
        _PROVEN.setdefault(conn.engine, {})[settings.place(name)] = key
    return key


def _noted(conn: Connection, name: str) -> str | None:
    details = COMMANDS_RUN.c.details
    newest = (
        select(details["mark"].astext)
        .where(COMMANDS_RUN.c.command == NOTED, details["name"].astext == name)
        .order_by(COMMANDS_RUN.c.seq.desc())
        .limit(1)
    )
    mark: str | None = conn.execute(newest).scalar()
    return mark


def _note(conn: Connection, name: str, key: str) -> None:
    note_command(conn, NOTED, name=name, mark=_mark(name, key))


def _mark(name: str, key: str) -> str:
    return hmac.new(key.encode(), f"mirab own key {name}".encode(), hashlib.sha256).hexdigest()


def check(store: Store, names: tuple[str, ...], where_set: tuple[str, ...] = ()) -> Check:
    """The check that each key can be read, and is the one of the database; of some only where the
    settings name them at all.
    """

    def look() -> Finding:
        settings = Settings()
        here = (name for name in where_set if any(settings.place(name)))
        findings = (_finding(store, settings, name) for name in (*names, *here))
        return next((finding for finding in findings if finding is not WELL), WELL)

    return look


def _finding(store: Store, settings: Settings, name: str) -> Finding:
    right = proven(store.engine, settings, name)
    try:
        key = settings.secret(name).reveal()
    except (OSError, MissingSettings):
        say, until = (warn, ": it works until its next start") if right else (fail, "")
        return say("secret.missing", f"The file of {name} cannot be read{until}.")
    if key == right:
        return WELL
    try:
        with store.transaction() as tx:
            _prove(tx.conn, settings, name)
    except BusError as error:
        if error.code == CODE:
            return fail("secret.other", f"{name} is not the key of its data.")
        # Another check says what is wrong with the database.
    return WELL


def main(argv: list[str] | None = None) -> int:
    """0: the key that is set counts from now on; 1: it does not, and stderr says why."""
    parser = argparse.ArgumentParser(
        prog="python -m bus.database.own_keys",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", help="the setting of the key, such as TICKETING_KEY")
    name = parser.parse_args(argv).name
    try:
        settings = Settings().require("DB_URL", name)
        with Store(settings.text("DB_URL"), source="own_keys").transaction() as tx:
            note(tx.conn, settings, name)
    except (BusError, MissingSettings, OSError) as error:
        print(f"Not done: {error}", file=sys.stderr)
        return 1
    print(f"{name} counts from now on. Restart the service.")
    return 0


if __name__ == "__main__":
    own_files_only()
    sys.exit(main())
