"""What `python -m connector verify` does with a receipt."""

import argparse
import sys
from pathlib import Path

import orjson

from bus.evidence.receipts import Receipt
from connector.receipts.verdicts import (
    contents_of,
    digests_of,
    judge,
    load_receipt,
    read_trusted_keys,
)


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
    from connector.evidence import Evidence
    from connector.keys import read_server_keys

    evidence = Evidence.load(arguments.evidence)
    if arguments.server_key:
        evidence.verify(read_server_keys(arguments.server_key))
    return contents_of(evidence, receipt.leaf)
