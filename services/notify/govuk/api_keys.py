"""Keys of the Notify API and what they may do; `python -m services.notify.govuk.api_keys`.

A key's text is ``{name}-{service}-{secret}`` with two UUIDs: clients take them from its end, name
the service as ``iss`` and sign with the secret's text (JWT, HS256). A service is what an agency is
called there; it comes into being with the first key.
"""

import argparse
import datetime as dt
import sys
import uuid

import orjson
from sqlalchemy import Connection, text

from bus.database.commands_run import note_command
from bus.database.store import Store
from bus.errors import BusError, NotFound
from bus.process.private import own_files_only
from bus.settings import MissingSettings, Settings
from contracts.notify.govnotify import API_CHANNELS, KEY_KINDS
from iran import identifiers
from services.notify.keys import Keys

A_DAY = {"sms": 250_000, "email": 250_000, "letter": 20_000}


# --- what keys may do ---


def count(conn: Connection, service: str, channel: str, kind: str, day: dt.date) -> int | None:
    """Counts a message of the day; the limit, if it is over. Then the transaction must not commit.

    Each kind of key has its own count, as with Notify.
    """
    row = conn.execute(
        text(
            "insert into api_counts (service, day, channel, kind, count) "
            "values (:s, :day, :channel, :kind, 1) on conflict (service, day, channel, kind) "
            "do update set count = api_counts.count + 1 "
            "returning count, (select a_day from api_services where id = :s) as a_day"
        ),
        {"s": service, "day": day, "channel": channel, "kind": kind},
    ).one()
    most = int(row.a_day.get(channel, A_DAY[channel]))
    return most if row.count > most else None


def is_guest(conn: Connection, service: str, channel: str, receiver_hash: bytes) -> bool:
    """Whether team keys of the service may send to that receiver."""
    found = conn.execute(
        text("select 1 from api_guests where service = :s and channel = :c and receiver_hash = :h"),
        {"s": service, "c": channel, "h": receiver_hash},
    ).scalar()
    return found is not None


# --- the command ---


def make(conn: Connection, keys: Keys, owner: str, name: str, kind: str) -> str:
    """A new key of an agency, as its text; it is shown this once. BusError if the name is taken."""
    service = conn.execute(
        text(
            "insert into api_services (id, owner, a_day) values (:id, :owner, cast(:day as jsonb)) "
            "on conflict (owner) do update set archived_at = null returning id"
        ),
        {"id": str(uuid.uuid4()), "owner": owner, "day": orjson.dumps(A_DAY).decode()},
    ).scalar_one()
    secret = str(uuid.uuid4())
    made = conn.execute(
        text(
            "insert into api_keys (id, service, name, kind, secret, made_at) "
            "values (:id, :service, :name, :kind, :secret, now()) "
            "on conflict (service, name) do nothing returning id"
        ),
        {
            "id": str(uuid.uuid4()), "service": service, "name": name, "kind": kind,
            "secret": keys.seal(secret),
        },
    ).scalar()  # fmt: skip
    if made is None:
        raise BusError("This agency has a key of that name already.", code="api_key.name_taken")
    return f"{name}-{service}-{secret}"


def service_of(conn: Connection, owner: str) -> str:
    """The UUID by which an agency is known there. NotFound ``api_key.no_service``."""
    found = conn.execute(
        text("select id from api_services where owner = :o"), {"o": owner}
    ).scalar()
    if found is None:
        raise NotFound("This agency has no key yet; make one.", code="api_key.no_service")
    return str(found)


def revoke(conn: Connection, owner: str, name: str) -> bool:
    """Ends a key at once; False if there is none of that name in force."""
    return conn.execute(
        text(
            "update api_keys set revoked_at = now() where service = :s and name = :n "
            "and revoked_at is null returning 1"
        ),
        {"s": service_of(conn, owner), "n": name},
    ).scalar() is not None  # fmt: skip


def guest(conn: Connection, keys: Keys, owner: str, address: str) -> str:
    """Puts a mobile number or an e-mail address on the guest list; its channel."""
    channel = "email" if "@" in address else "sms"
    known = (identifiers.email if channel == "email" else identifiers.mobile)(address)
    conn.execute(
        text("insert into api_guests values (:s, :c, :h) on conflict do nothing"),
        {"s": service_of(conn, owner), "c": channel, "h": keys.receiver(channel, known)},
    )
    return channel


def limit(conn: Connection, owner: str, channel: str, a_day: int) -> None:
    """How many messages of a channel the agency may send a day with keys of each kind."""
    conn.execute(
        text(
            "update api_services set a_day = a_day || jsonb_build_object(cast(:c as text), "
            "cast(:n as integer)) where id = :s"
        ),
        {"s": service_of(conn, owner), "c": channel, "n": a_day},
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m services.notify.govuk.api_keys", description="Keys of the Notify API."
    )
    acts = parser.add_subparsers(dest="act", required=True)
    new = acts.add_parser("make", help="a new key; it is shown this once")
    new.add_argument("agency", help="the code of the agency")
    new.add_argument("--name", required=True)
    new.add_argument("--kind", required=True, choices=KEY_KINDS)
    for act, told in (("list", "the keys of an agency"), ("archive", "ends all keys at once")):
        acts.add_parser(act, help=told).add_argument("agency")
    gone = acts.add_parser("revoke", help="ends a key at once")
    gone.add_argument("agency")
    gone.add_argument("--name", required=True)
    friend = acts.add_parser("guest", help="whom team keys may write to")
    friend.add_argument("agency")
    friend.add_argument("address", help="a mobile number or an e-mail address")
    most = acts.add_parser("limit", help="how many messages a day")
    most.add_argument("agency")
    most.add_argument("channel", choices=API_CHANNELS)
    most.add_argument("number", type=int)
    return parser


def main(argv: list[str] | None = None) -> int:
    """0: done; 1: not done, and stderr says why."""
    given = _parser().parse_args(argv)
    try:
        settings = Settings().require("DB_URL", "NOTIFY_KEY")
        keys = Keys(settings.secret("NOTIFY_KEY").reveal())
        with Store(settings.text("DB_URL"), source="api_keys").transaction() as tx:
            if given.act != "list":
                # A guest's address is a person's: it stands in no record.
                name = getattr(given, "name", None)
                note_command(tx.conn, f"notify.api_keys.{given.act}", agency=given.agency, key=name)
            print(_run(tx.conn, keys, given))
    except (BusError, MissingSettings, identifiers.Malformed) as error:
        print(f"Not done: {error}", file=sys.stderr)
        return 1
    return 0


def _run(conn: Connection, keys: Keys, given: argparse.Namespace) -> str:
    match given.act:
        case "make":
            return make(conn, keys, given.agency, given.name, given.kind)
        case "list":
            return _listed(conn, given.agency)
        case "revoke":
            done = revoke(conn, given.agency, given.name)
            return "revoked" if done else "there is no such key in force"
        case "guest":
            return f"on the list for {guest(conn, keys, given.agency, given.address)}"
        case "limit":
            limit(conn, given.agency, given.channel, given.number)
            return "done"
    conn.execute(
        text("update api_services set archived_at = now() where id = :s"),
        {"s": service_of(conn, given.agency)},
    )
    return "archived; a new key opens it again"


def _listed(conn: Connection, owner: str) -> str:
    rows = conn.execute(
        text("select * from api_keys where service = :s order by made_at"),
        {"s": service_of(conn, owner)},
    )
    return "\n".join(
        f"{row.name:30} {row.kind:5} {row.made_at:%Y-%m-%d} "
        + (f"revoked {row.revoked_at:%Y-%m-%d}" if row.revoked_at else "in force")
        for row in rows
    )


if __name__ == "__main__":
    own_files_only()
    sys.exit(main())
