"""`python -m connector`: ask from the shell, send batches, make keys, verify evidence."""

import argparse
import os
import sys
import time
from pathlib import Path
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bus.errors import BusError
from bus.keys import PublicKey, SigningKey
from connector.caller import Answer, Caller, Refused, Unreachable, load_key
from connector.evidence import Evidence

GOOD, REFUSED, UNABLE = 0, 1, 2


def main(argv: list[str] | None = None) -> int:
    """0: done; 1: Mirab refused; 2: it could not be tried."""
    given = parser().parse_args(argv)
    try:
        result: int = given.run(given)
    except Refused as error:
        print(f"Refused. {error}", file=sys.stderr)
        for field in error.errors:
            print(f"  {field['field']}: {field['detail']} ({field['code']})", file=sys.stderr)
        print(f"  trace id {error.trace_id}", file=sys.stderr)
        return REFUSED
    except (Unreachable, BusError, OSError, ValueError) as error:
        print(f"Not done. {getattr(error, 'message', None) or error}", file=sys.stderr)
        return UNABLE
    return result


def parser() -> argparse.ArgumentParser:
    """The words of the command."""
    top = argparse.ArgumentParser(prog="python -m connector", description=(
        "Asks the water company over Mirab. MIRAB_URL, MIRAB_KEY_FILE and MIRAB_KEY_ID stand for "
        "--url, --key-file and --key-id."))
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    ask = _command(commands, "ask", run_ask, "ask about one subscriber, licence or source")
    ask.add_argument("--kind", default="national_id", metavar="KIND", help=(
        "national_id (if left out), legal_id, foreigner_id, licence_no, file_no, "
        "subscription_code, electricity_subscription"))
    ask.add_argument("--key", required=True, help="the national ID, licence number, ...")
    _matter(ask)
    ask.add_argument("--as-of", help="the moment asked about, such as 2026-11-23T08:30:00Z")
    ask.add_argument("--save", metavar="FILE", help="keep question and answer as evidence")
    batch = _command(commands, "batch", run_batch, "send many keys, wait, fetch the results")
    batch.add_argument("file", type=Path, help="JSON Lines, or CSV if it ends in .csv")
    batch.add_argument("--out", type=Path, required=True, help="where results go, .jsonl or .csv")
    _matter(batch)
    verify = commands.add_parser("verify", help="verify kept evidence, offline")
    verify.add_argument("file", help="what ask --save wrote")
    verify.add_argument("--server-key", required=True, metavar="ID=BASE64",
                        help="Mirab's public key, as it was given to you")
    verify.set_defaults(run=run_verify)
    keygen = commands.add_parser("keygen", help="make a key pair")
    keygen.add_argument("--out", type=Path, required=True, help="where the private key goes (PEM)")
    keygen.set_defaults(run=run_keygen)
    return top


def _command(commands: Any, name: str, run: Any, text: str) -> argparse.ArgumentParser:
    made: argparse.ArgumentParser = commands.add_parser(name, help=text)
    made.add_argument("--url", default=os.environ.get("MIRAB_URL"), help="the agency face")
    made.add_argument("--key-file", default=os.environ.get("MIRAB_KEY_FILE"), help="your private key")
    made.add_argument("--key-id", default=os.environ.get("MIRAB_KEY_ID"), help="its registered id")
    made.set_defaults(run=run)
    return made


def _matter(command: argparse.ArgumentParser) -> None:
    command.add_argument("--purpose", required=True, help="a purpose that you are granted")
    command.add_argument("--case", help="your own number of the case")
    command.add_argument("--operator", help="who asks at your agency")


def caller_of(given: argparse.Namespace) -> Caller:
    """The Caller that the options describe; ValueError names those that are missing."""
    missing = [f"--{name.replace('_', '-')}" for name in ("url", "key_file", "key_id")
               if not getattr(given, name)]
    if missing:
        raise ValueError("Give " + ", ".join(missing) + " (or set MIRAB_URL, MIRAB_KEY_FILE, "
                         "MIRAB_KEY_ID).")
    return Caller(given.url, load_key(given.key_file, given.key_id))


def run_ask(given: argparse.Namespace) -> int:
    """Asks once and prints the answer as JSON."""
    answer: Answer = caller_of(given).ask(
        key_kind=given.kind, key=given.key, purpose=given.purpose, case_number=given.case,
        operator=given.operator, as_of=given.as_of)
    if given.save:
        answer.evidence.save(given.save)
        print(f"Evidence kept in {given.save}", file=sys.stderr)
    sys.stdout.write(orjson.dumps(answer.data, option=orjson.OPT_INDENT_2).decode() + "\n")
    return GOOD


def run_batch(given: argparse.Namespace) -> int:
    """Sends a file of keys, shows progress, writes the results."""
    caller = caller_of(given)
    media = {True: "text/csv", False: "application/jsonl"}
    told = caller.submit_batch(
        given.file.read_bytes(), purpose=given.purpose, case_number=given.case,
        operator=given.operator, media_type=media[given.file.suffix == ".csv"]).data
    caller.wait_for_batch(told["batch"], progress=_show)
    with given.out.open("wb") as out:
        caller.download_batch(told["batch"], out, media_type=media[given.out.suffix == ".csv"])
    print(f"{told['lines']} lines answered in {given.out}", file=sys.stderr)
    return GOOD


def _show(told: dict[str, Any]) -> None:
    print(f"  {told['answered']} of {told['lines']} lines", file=sys.stderr)


def run_verify(given: argparse.Namespace) -> int:
    """Says whether the kept answer is the one that Mirab signed."""
    keyid, equals, key = given.server_key.partition("=")
    if not equals:
        raise ValueError("Write --server-key as ID=BASE64.")
    evidence = Evidence.load(given.file)
    evidence.verify({keyid: PublicKey.from_base64(key)})
    created = evidence.response_headers["signature-input"].split("created=")[1].split(";")[0]
    when = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(int(created)))
    print(f"Genuine: signed by {keyid} at {when}, status {evidence.status}.")
    return GOOD


def run_keygen(given: argparse.Namespace) -> int:
    """Makes a private key that only its owner can read, and prints the public one."""
    if given.out.exists():
        raise ValueError(f"{given.out} exists; a key is never overwritten.")
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    descriptor = os.open(given.out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(pem)
    print(SigningKey(key, "").public.base64())
    return GOOD


if __name__ == "__main__":
    sys.exit(main())
