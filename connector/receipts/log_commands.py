"""`python -m connector audit` and `witness`: what others do so that the log cannot lie."""

import argparse
import sys
from pathlib import Path

import orjson
import requests

from bus.evidence.errors import EvidenceError
from bus.evidence.notes import LONGEST_NOTE, Head, TrustedKeys
from bus.evidence.receipts import LONGEST_RECEIPT
from connector.connecting import session_of
from connector.keys import load_key
from connector.outcomes import Unreachable
from connector.receipts.audit import Audit, audit, load_progress, read_head, save_progress
from connector.receipts.log_client import LogClient, fetch
from connector.receipts.verdicts import read_trusted_keys, seen_at
from connector.receipts.witness import Witness, serve


def audit_log(arguments: argparse.Namespace) -> None:
    """Prints that the log holds, or raises BusError with what is wrong."""
    if not arguments.url or not arguments.log_keys:
        raise ValueError("Give --url and --log-keys (or set MIRAB_URL and MIRAB_LOG_KEYS).")
    trusted = read_trusted_keys(arguments.log_keys)
    session = session_of(arguments)
    progress = load_progress(arguments.state)
    held = [_held(name, session, trusted, arguments.timeout) for name in arguments.held]
    if progress:
        held.append(read_head(progress.note.encode(), trusted))
        if any(head.checkpoint.size < progress.frontier.size for head in held):
            progress = None  # an older head is compared by reading all again
    log = LogClient(arguments.url, session=session, timeout=arguments.timeout)
    head = trusted.open(log.checkpoint())
    start = progress.frontier.size if progress else 0
    result = audit(head, held, log.entries(start, head.checkpoint.size), progress)
    if arguments.state:
        save_progress(result.progress, arguments.state)
    _print(result, len(held), as_json=arguments.json)


def _held(name: str, session: requests.Session, trusted: TrustedKeys, timeout: float) -> Head:
    """A head from a file, or from where a witness shows it."""
    if name.startswith(("http://", "https://")):
        status, body = fetch(session, name, limit=LONGEST_NOTE, timeout=timeout)
        if status != requests.codes.ok:
            raise Unreachable(f"{name} answered {status}; it shows no head.")
        return read_head(body, trusted)
    with Path(name).open("rb") as file:
        raw = file.read(LONGEST_RECEIPT + 1)
    try:
        return read_head(raw, trusted)
    except EvidenceError as error:
        raise EvidenceError(f"{name}: {error.message}", code=error.code) from error


def _print(result: Audit, held: int, *, as_json: bool) -> None:
    checkpoint = result.head.checkpoint
    witnessed = {name: seen_at(at) for name, at in sorted(result.head.witnesses.items())}
    facts = {
        "holds": True,
        "log": checkpoint.origin,
        "size": checkpoint.size,
        "read": result.entries,
        "compared": sorted(set(result.compared)),
        "anchors": len(result.anchors),
        "witnesses": witnessed,
    }
    if as_json:
        sys.stdout.write(orjson.dumps(facts, option=orjson.OPT_INDENT_2).decode() + "\n")
        return
    lines = [
        f"The log {checkpoint.origin} holds: {checkpoint.size} entries, {result.entries} of them "
        "read now, lead to its signed head.",
        f"{held} head{'s' * (held > 1)} held elsewhere agree{'s' * (held == 1)} with it."
        if held
        else "No head held elsewhere was compared (--held): that others see the same is not shown.",
        *(f"{name} saw this head at {at}." for name, at in witnessed.items()),
    ]
    if not witnessed:
        lines.append(
            "How old this head is, no witness says whose key you trust: a log can go on showing "
            "an old one, so see that the number of entries grows."
        )
    sys.stdout.write("\n".join(lines) + "\n")


def run_the_witness(arguments: argparse.Namespace) -> None:
    """Runs until it is interrupted; prints the key by which its co-signatures are verified."""
    if not arguments.log_keys:
        raise ValueError("Give --log-keys (or set MIRAB_LOG_KEYS).")
    key = load_key(arguments.key_file, arguments.name)
    trusted = read_trusted_keys(arguments.log_keys)
    witness = Witness(arguments.name, key, trusted, arguments.state)
    print(witness.verifier, flush=True)
    serve(witness, arguments.host, arguments.port, lambda _: None)
