"""What somebody hands in to be verified: a scanned address, a text, a receipt or our PDF."""

import asyncio
from typing import NamedTuple

from gateway.papers.proof_in_pdf import HEAD, MARK, proof_in
from iran.persian import fold_code

LONGEST = 64 * 1024
SIGNED, RECEIPT, CODE = "signed", "receipt", "code"
_CODE_LETTERS = 30


class Submitted(NamedTuple):
    """What it is, and its text; ``kind`` is "" for what is none of ours, with ``fault`` saying so.

    ``fault`` is a key of the portal's texts.
    """

    kind: str
    text: str = ""
    fault: str = ""


async def recognize(content: bytes) -> Submitted:
    """Tell what these bytes are. Unavailable if a PDF cannot be read now."""
    if content.startswith(HEAD):
        address = await asyncio.to_thread(proof_in, content)
        if address is None:
            return Submitted("", fault="proof_no_pdf")
        return _of_text(address)
    try:
        text = content.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        return Submitted("", fault="proof_not_ours")
    if text.startswith("{"):
        return Submitted(RECEIPT, text)
    return _of_text(text)


def _of_text(text: str) -> Submitted:
    if not text:
        return Submitted("", fault="proof_empty")
    if len(text) > LONGEST:
        return Submitted("", fault="proof_too_large")
    # From a paper the text comes in lines, from a telephone as the whole address.
    text = "".join(text.split())
    _, mark, proof = text.partition(MARK)
    signed = proof if mark else text
    if "~" in signed and signed.startswith("ey"):
        return Submitted(SIGNED, signed)
    code = fold_code(signed)
    if len(code) <= _CODE_LETTERS and code.upper().startswith("V"):
        return Submitted(CODE, code)
    return Submitted("", fault="proof_not_ours")
