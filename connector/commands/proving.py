"""The commands of `python -m connector` that fetch and show evidence, audit the log, witness it."""

import argparse

from connector.attestations import attest, present
from connector.commands import GOOD
from connector.commands.printing import say
from connector.commands.verifying import judged
from connector.receipts.fetching import fetch_receipt
from connector.receipts.log_commands import audit_log, run_the_witness


def run_receipt(arguments: argparse.Namespace) -> int:
    """Fetches the receipt of a call and keeps it."""
    code = judged(lambda: fetch_receipt(arguments))
    if code == GOOD:
        say(f"The receipt is in {arguments.out}; verify says what it proves.")
    return code


def run_attest(arguments: argparse.Namespace) -> int:
    """Gets an answer as an SD-JWT and keeps it."""
    attest(arguments)
    say(f"It is in {arguments.out}; present chooses what others are shown of it.")
    return GOOD


def run_present(arguments: argparse.Namespace) -> int:
    """Makes a presentation of the chosen fields."""
    return judged(lambda: present(arguments))


def run_audit(arguments: argparse.Namespace) -> int:
    """Reads the whole log and compares it with heads that are held elsewhere."""
    return judged(lambda: audit_log(arguments))


def run_witness(arguments: argparse.Namespace) -> int:
    """Runs a witness until it is interrupted."""
    run_the_witness(arguments)
    return GOOD
