"""The words of `python -m connector`: its commands, their options, and the help of each."""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

from bus.process.version import release
from connector.commands import GOOD
from connector.commands.options import certificates, connection, matter, subject, trust
from connector.commands.watch_options import signal_options, unwatch_options, watch_options

SCRIPT = "mirab-connector"
Options = Callable[[argparse.ArgumentParser], object]
# Options and arguments that name a file.
FILES = (
    *("file", "key_file", "out", "cert_file", "cert_key_file", "ca_file"),
    *("log_keys", "evidence", "request", "answer", "stamp_ca", "held", "state"),
)
ENVIRONMENT = (
    "MIRAB_URL, MIRAB_KEY_FILE, MIRAB_KEY_ID, MIRAB_SERVER_KEY, MIRAB_CERT_FILE, "
    "MIRAB_CERT_KEY_FILE, MIRAB_CA_FILE and MIRAB_LOG_KEYS stand for --url, --key-file, --key-id, "
    "--server-key, --cert-file, --cert-key-file, --ca-file and --log-keys."
)


def program() -> str:
    """The name by which this program was called: that of the installed script, or the module's."""
    return SCRIPT if Path(sys.argv[0]).stem == SCRIPT else "python -m connector"


def parser(name: str | None = None, *, only: str | None = None) -> argparse.ArgumentParser:
    """The parser; with ``only``, a word, no other command has its options: some of them come from
    contracts, which take longer to import than a file to be verified.
    """
    name = name or program()
    top = argparse.ArgumentParser(
        prog=name,
        description="Asks the water company over Mirab. " + ENVIRONMENT,
        epilog=f"{name} COMMAND --help tells the options of a command. Exit codes: "
        "0 done; 1 refused by Mirab, or what was verified does not hold; "
        "2 not tried or not answered.",
    )
    top.add_argument("--version", action="version", version=f"{name} {release()}")
    commands = top.add_subparsers(required=True, metavar="COMMAND", dest="command")
    for command, describe in COMMANDS.items():
        described, add = describe
        made = commands.add_parser(command, help=described, description=described + ".")
        if only in (None, command):
            add(made)
    return top


def run_completion(arguments: argparse.Namespace) -> int:
    """Prints the script by which a shell completes the installed command's words and file names."""
    import shtab

    top = parser(SCRIPT)
    for command in _commands(top):
        for action in command._actions:
            if action.dest in FILES:
                action.complete = shtab.FILE  # type: ignore[attr-defined]
    print(shtab.complete(top, arguments.shell))
    return GOOD


def _commands(top: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    """The parsers of all commands; argparse itself names them nowhere else."""
    return [
        command
        for action in top._actions
        if isinstance(action, argparse._SubParsersAction)
        for command in action.choices.values()
    ]


def _ask(command: argparse.ArgumentParser) -> None:
    connection(command)
    subject(command)
    matter(command)
    command.add_argument("--save", metavar="FILE", help="keep question and answer as evidence")


def _batch(command: argparse.ArgumentParser) -> None:
    connection(command)
    command.add_argument("file", type=Path, help="JSON Lines, or CSV if it ends in .csv")
    matter(command)
    command.add_argument("--out", type=Path, help="wait, and write results here (.jsonl or .csv)")


def _status(command: argparse.ArgumentParser) -> None:
    connection(command)
    command.add_argument("batch", help="the batch's id")


def _download(command: argparse.ArgumentParser) -> None:
    _status(command)
    command.add_argument("--out", type=Path, required=True, help="a file .jsonl or .csv")


def _refusals(command: argparse.ArgumentParser) -> None:
    connection(command)
    command.add_argument("--limit", type=int, default=20, help="how many; 20 if left out")


def _records(command: argparse.ArgumentParser) -> None:
    from contracts.agencies.records import OUTCOMES

    connection(command)
    command.add_argument(
        "--limit", type=int, default=20, help="how many, up to 200; 20 if left out"
    )
    command.add_argument("--since", metavar="MOMENT", help="such as 2026-11-23T08:30:00Z")
    command.add_argument("--until", metavar="MOMENT", help="the moment before which they came in")
    command.add_argument("--contract", help="those of one contract, such as inquiry.ask.v1")
    command.add_argument("--outcome", choices=OUTCOMES, help="those that ended so")
    command.add_argument("--before", type=int, metavar="NEXT", help="what the page before told")


def _console(command: argparse.ArgumentParser) -> None:
    connection(command)
    command.add_argument("--open", action="store_true", help="open it in this machine's browser")


def _verify(command: argparse.ArgumentParser) -> None:
    command.add_argument("file", help="what ask --save, receipt or present --out wrote")
    command.add_argument(
        "--server-key",
        default=os.environ.get("MIRAB_SERVER_KEY"),
        metavar="KEY",
        help="Mirab's public key as it was given to you: ID=BASE64, or a file of keys (JWKS)",
    )
    command.add_argument(
        "--on-behalf-of", metavar="CODE", help="an agency that lets yours ask in its name"
    )
    command.add_argument("--json", action="store_true", help="write JSON for programs")
    command.add_argument("--request", metavar="FILE", help="for a receipt: the body that was sent")
    command.add_argument("--answer", metavar="FILE", help="for a receipt: the body that came")
    _audience(command)
    trust(command)


def _receipt(command: argparse.ArgumentParser) -> None:
    """The options of ``receipt``."""
    connection(command)
    command.add_argument(
        "call", nargs="?", help="the call's id, or the Mirab-Receipt of its answer"
    )
    command.add_argument("--out", type=Path, required=True, help="where the receipt goes (JSON)")
    command.add_argument(
        "--wait", type=float, default=60.0, metavar="SECONDS", help="until it is there; 60"
    )
    trust(command)


def _audit(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--url", default=os.environ.get("MIRAB_URL"), help="address of the agency face"
    )
    command.add_argument(
        "--log-keys",
        default=os.environ.get("MIRAB_LOG_KEYS"),
        metavar="KEYS",
        help="the log's public key, NAME+ID+KEY, or a file with it and those of witnesses",
    )
    command.add_argument(
        "--held",
        action="append",
        default=[],
        metavar="HEAD",
        help="a head that is held elsewhere: a file (a checkpoint or a receipt), or the address at "
        "which a witness shows its own; may be named again and again",
    )
    command.add_argument(
        "--state", type=Path, metavar="FILE", help="keep how far it was read, and go on from there"
    )
    certificates(command)
    command.add_argument(
        "--timeout", type=float, default=30.0, metavar="SECONDS", help="for a request; 30"
    )
    command.add_argument("--json", action="store_true", help="write JSON for programs")


def _witness(command: argparse.ArgumentParser) -> None:
    command.add_argument("--name", required=True, help="the witness's name, such as agency.example")
    command.add_argument(
        "--key-file", required=True, metavar="FILE", help="its private key, used for nothing else"
    )
    command.add_argument(
        "--log-keys",
        default=os.environ.get("MIRAB_LOG_KEYS"),
        metavar="KEYS",
        help="the keys of the logs that it watches: NAME+ID+KEY, or a file of such lines",
    )
    command.add_argument(
        "--state", type=Path, required=True, metavar="FOLDER", help="keeps the last heads"
    )
    command.add_argument("--host", default="127.0.0.1", help="where it listens; 127.0.0.1")
    command.add_argument("--port", type=int, default=8470, help="and at which port; 8470")


def _attest(command: argparse.ArgumentParser) -> None:
    connection(command)
    command.add_argument("tracking_code", help="of an answer that you were given")
    command.add_argument("--file-no", help="which source, where the answer has several")
    command.add_argument(
        "--bind", action="store_true", help="let your key (--key-id) sign each presentation"
    )
    command.add_argument("--out", type=Path, required=True, help="where the SD-JWT goes")


def _present(command: argparse.ArgumentParser) -> None:
    command.add_argument("file", help="what attest --out wrote")
    command.add_argument(
        "--show", metavar="FIELDS", help="day,status.group for example; without it, lists them all"
    )
    command.add_argument("--key-file", default=os.environ.get("MIRAB_KEY_FILE"), help="your key")
    command.add_argument("--key-id", default=os.environ.get("MIRAB_KEY_ID"), help="its id")
    _audience(command)
    command.add_argument("--out", type=Path, help="where the presentation goes; printed without it")


def _audience(command: argparse.ArgumentParser) -> None:
    """The options that bind a presentation to who asked for it."""
    command.add_argument("--audience", metavar="NAME", help="for whom the presentation is made")
    command.add_argument("--nonce", metavar="TEXT", help="what they gave you for this once")


def _keygen(command: argparse.ArgumentParser) -> None:
    command.add_argument("--out", type=Path, required=True, help="where the private key goes (PEM)")


def _prove(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--key-file", required=True, help="the private key whose public half is to be registered"
    )
    command.add_argument("--key-id", help="the id that it will have")
    command.add_argument(
        "--agency", required=True, help="your agency's code; sandbox for a first entry there"
    )


def _completion(command: argparse.ArgumentParser) -> None:
    import shtab

    command.add_argument("shell", choices=shtab.SUPPORTED_SHELLS, help="your shell")


COMMANDS: dict[str, tuple[str, Options]] = {
    "ask": ("ask about one subscriber, licence or source", _ask),
    "batch": ("send many keys; with --out wait and fetch the results", _batch),
    "status": ("how far a batch has come", _status),
    "download": ("fetch the results of a batch", _download),
    "refusals": ("show why your requests were refused, newest first", _refusals),
    "records": ("list your own calls of the last days, newest first", _records),
    "console": ("print an address, for one use, at which a browser reads your console", _console),
    "receipt": ("fetch the receipt of one of your calls, for verify", _receipt),
    "attest": ("get an answer as an SD-JWT, of which you show what you choose", _attest),
    "present": ("choose what an SD-JWT shows, offline", _present),
    "verify": ("verify kept evidence, a receipt or a presentation, offline", _verify),
    "audit": ("read the whole log of receipts and compare it with heads held elsewhere", _audit),
    "witness": ("run a witness, which co-signs heads of a log that only ever grew", _witness),
    "watch": ("watch subscribers by pseudonym", watch_options),
    "unwatch": ("watch them no more", unwatch_options),
    "signals": ("print of whom something changed since the last time", signal_options),
    "keygen": ("make a key pair; prints the public key to register", _keygen),
    "prove": ("print the proof that a new key is yours", _prove),
    "completion": ("print what lets your shell complete these words", _completion),
}
