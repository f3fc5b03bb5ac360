"""`python -m connector receipt` and what `verify` does with a receipt."""

import argparse
import sys
from pathlib import Path

import orjson

from bus.errors import BusError
from bus.evidence.receipts import Receipt
from connector.evidence import Evidence
from connector.keys import read_server_keys
from connector.receipts.verdicts import (
    contents_of,
    digests_of,
    judge,
    load_receipt,
    promise_of,
    read_trusted_keys,
)
from connector.words import caller_of


def verify_receipt(arguments: argparse.Namespace) -> None:
    """Prints what a receipt proves and what it does not; BusError if it does not hold."""
    if not arguments.log_keys:
        raise ValueError("Give --log-keys (or set MIRAB_LOG_KEYS).")
    trusted = read_trusted_keys(arguments.log_keys)
    receipt = load_receipt(arguments.file)
    contents = _exchange(arguments, receipt)
    contents |= {
        part: Path(file).read_bytes()
        for part in ("request", "answer")
        if (file := getattr(arguments, part))
    }
    authorities = Path(arguments.stamp_ca).read_bytes() if arguments.stamp_ca else None
    verdict = judge(receipt, trusted, beside=digests_of(contents), authorities=authorities)
    if arguments.json:
        facts = {**verdict.facts, "proven": verdict.proven, "unproven": verdict.unproven}
        sys.stdout.write(orjson.dumps(facts, option=orjson.OPT_INDENT_2).decode() + "\n")
    else:
        sys.stdout.write(f"{verdict}\n")


def _exchange(arguments: argparse.Namespace, receipt: Receipt) -> dict[str, bytes]:
    """What the kept evidence holds of the call; its own signature too if a key is at hand."""
    if not arguments.evidence:
        return {}
    evidence = Evidence.load(arguments.evidence)
    if arguments.server_key:
        evidence.verify(read_server_keys(arguments.server_key))
    return contents_of(evidence, receipt.leaf)


def fetch_receipt(arguments: argparse.Namespace) -> None:
    """Fetches the receipt of a call, verifies it if keys are at hand, and keeps it.

    With kept evidence the receipt is that of its call, and holds its question and answer.
    """
    evidence = Evidence.load(arguments.evidence) if arguments.evidence else None
    name = arguments.call or (promise_of(evidence) if evidence else None)
    if not name:
        raise ValueError(
            "Name the call: its id, the Mirab-Receipt of its answer, or --evidence FILE of one."
        )
    receipt = Receipt.parse(caller_of(arguments).receipt(name, seconds=arguments.wait))
    if evidence:
        receipt = _with_contents(receipt, contents_of(evidence, receipt.leaf))
    if arguments.log_keys:
        judge(receipt, read_trusted_keys(arguments.log_keys))
    _keep(receipt, arguments.out)


def _with_contents(receipt: Receipt, contents: dict[str, bytes]) -> Receipt:
    """The receipt with the texts of the exchange in it."""
    texts = {part: content for part, content in contents.items() if _is_text(content)}
    return Receipt.parse(receipt.with_contents(texts).write())


def _is_text(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def _keep(receipt: Receipt, out: Path) -> None:
    """A receipt may hold the answer, so only its owner can read the file."""
    try:
        out.touch(mode=0o600)
        out.chmod(0o600)
        out.write_bytes(receipt.write())
    except OSError as error:
        raise BusError(f"{out} cannot be written: {error}", code="evidence.unwritable") from None
