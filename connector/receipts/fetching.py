"""`python -m connector receipt`: the receipt of a call, kept with its question and answer."""

import argparse
from pathlib import Path

from bus.errors import BusError
from bus.evidence.receipts import Receipt
from connector.connecting import caller_of
from connector.evidence import Evidence
from connector.receipts.verdicts import contents_of, judge, promise_of, read_trusted_keys


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
