"""`python -m connector verify`, offline and at once: what a receipt does not need is imported for
other files alone.
"""

import argparse
import time
from collections.abc import Callable

from bus.errors import SignatureError
from bus.evidence.errors import EvidenceError
from connector.commands import GOOD, REFUSED
from connector.commands.printing import print_content, say
from connector.receipts.commands import verify_receipt
from connector.receipts.verdicts import is_receipt


def run_verify(arguments: argparse.Namespace) -> int:
    """Says whether the kept answer is the one that Mirab signed, or what a receipt proves."""
    if is_receipt(arguments.file):
        return judged(lambda: verify_receipt(arguments))
    from connector.attestations import is_attestation, verify_attestation

    if is_attestation(arguments.file):
        return judged(lambda: verify_attestation(arguments))
    return _verify_evidence(arguments)


def _verify_evidence(arguments: argparse.Namespace) -> int:
    from connector.evidence import Evidence
    from connector.keys import read_server_keys

    if not arguments.server_key:
        raise ValueError("Give --server-key (or set MIRAB_SERVER_KEY).")
    keys = read_server_keys(arguments.server_key)
    evidence = Evidence.load(arguments.file)
    try:
        signed = evidence.verify(keys)
    except SignatureError as error:
        say(f"Not genuine ({error.code}). {error.message}")
        return REFUSED
    answer = {
        "genuine": True,
        "keyid": signed.keyid,
        "signed_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(signed.created)),
        "status": evidence.status,
        "url": evidence.url,
    }
    print_content(
        answer, arguments, "Genuine: signed by {keyid} at {signed_at}, status {status}.".format_map
    )
    return GOOD


def judged(act: Callable[[], None]) -> int:
    """Does what judges evidence; 1 if it does not hold, and raises what could not be judged."""
    try:
        act()
    except (EvidenceError, SignatureError) as error:
        if error.code == "evidence.unreadable":
            raise
        say(f"Does not hold ({error.code}). {error.message}")
        return REFUSED
    return GOOD
