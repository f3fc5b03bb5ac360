"""Administer keys of the Notify API: `python -m services.notify.govuk`."""

import argparse
import getpass
import sys

from sqlalchemy import Connection

from bus.database.commands_run import note_command
from bus.database.store import Store
from bus.errors import BusError
from bus.process.private import own_files_only
from bus.settings import MissingSettings, Settings
from contracts.notify.callbacks import NOTIFY_KINDS
from contracts.notify.govnotify import API_CHANNELS, KEY_KINDS
from iran import identifiers
from services.notify.govuk import api_keys
from services.notify.keys import Keys
from services.notify.webhooks import bearer


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m services.notify.govuk", description="Keys of the Notify API."
    )
    acts = parser.add_subparsers(dest="act", required=True)
    new = acts.add_parser("make", help="a new key; it is shown this once")
    new.add_argument("agency", help="the code of the agency")
    new.add_argument("--name", required=True)
    new.add_argument("--kind", required=True, choices=KEY_KINDS)
    for act, words in (("list", "the keys of an agency"), ("archive", "ends all keys at once")):
        acts.add_parser(act, help=words).add_argument("agency")
    revoked = acts.add_parser("revoke", help="ends a key at once")
    revoked.add_argument("agency")
    revoked.add_argument("--name", required=True)
    guest = acts.add_parser("guest", help="adds a receiver to whom team keys may write")
    guest.add_argument("agency")
    guest.add_argument("address", help="a mobile number or an e-mail address")
    most = acts.add_parser("limit", help="how many messages a day")
    most.add_argument("agency")
    most.add_argument("channel", choices=API_CHANNELS)
    most.add_argument("number", type=int)
    called = acts.add_parser("callback", help="sets where receipts or texts are posted")
    called.add_argument("agency")
    called.add_argument("kind", choices=NOTIFY_KINDS)
    called.add_argument("url", help="its bearer token is read from the standard input")
    dropped = acts.add_parser("drop-callback", help="posts them there no more")
    dropped.add_argument("agency")
    dropped.add_argument("kind", choices=NOTIFY_KINDS)
    return parser


def main(argv: list[str] | None = None) -> int:
    """0: done; 1: not done, and stderr says why."""
    options = _parser().parse_args(argv)
    try:
        settings = Settings().require("DB_URL", "NOTIFY_KEY")
        keys = Keys(settings.secret("NOTIFY_KEY").reveal())
        with Store(settings.text("DB_URL"), source="api_keys").transaction() as tx:
            if options.act != "list":
                # A guest's address is a person's: it stands in no record.
                name = getattr(options, "name", None) or getattr(options, "kind", None)
                command = f"notify.api_keys.{options.act}"
                note_command(tx.conn, command, agency=options.agency, key=name)
            print(_run(tx.conn, keys, options, sandbox=settings.get("CALLBACKS_SANDBOX") == "1"))
    except (BusError, MissingSettings, identifiers.Malformed) as error:
        print(f"Not done: {error}", file=sys.stderr)
        return 1
    return 0


def _run(conn: Connection, keys: Keys, options: argparse.Namespace, *, sandbox: bool) -> str:
    agency: str = options.agency
    match options.act:
        case "make":
            return api_keys.make(conn, keys, agency, options.name, options.kind)
        case "list":
            return _listed(conn, agency)
        case "revoke":
            done = api_keys.revoke(conn, agency, options.name)
            return "revoked" if done else "there is no such key in force"
        case "guest":
            return f"on the list for {api_keys.add_guest(conn, keys, agency, options.address)}"
        case "callback":
            return _called_back(conn, keys, options, sandbox=sandbox)
    return _settled(conn, options)


def _settled(conn: Connection, options: argparse.Namespace) -> str:
    if options.act == "drop-callback":
        dropped = bearer.drop(conn, options.agency, options.kind)
        return "dropped" if dropped else "there is no such call-back"
    if options.act == "limit":
        api_keys.limit(conn, options.agency, options.channel, options.number)
        return "done"
    api_keys.archive(conn, options.agency)
    return "archived; a new key opens it again"


def _called_back(
    conn: Connection, keys: Keys, options: argparse.Namespace, *, sandbox: bool
) -> str:
    api_keys.service_of(conn, options.agency)
    # Not an argument: those are seen by whoever lists the processes, and kept by the shell.
    is_person = sys.stdin.isatty()
    token = getpass.getpass("Bearer token: ") if is_person else sys.stdin.readline().rstrip("\r\n")
    agency, kind, url = options.agency, options.kind, options.url
    public = bearer.put(conn, keys, agency, kind, url, token, sandbox=sandbox)
    return f"set; whoever wants to can verify our signature too, with {public}"


def _listed(conn: Connection, owner: str) -> str:
    return "\n".join(
        f"{row.name:30} {row.kind:5} {row.made_at:%Y-%m-%d} "
        + (f"revoked {row.revoked_at:%Y-%m-%d}" if row.revoked_at else "in force")
        for row in api_keys.keys_of(conn, owner)
    )


if __name__ == "__main__":
    own_files_only()
    sys.exit(main())
