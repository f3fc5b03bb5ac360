"""The commands of `python -m connector` for an agency's own keys."""

import argparse

from connector.commands import GOOD
from connector.keys import load_key, make_key


def run_keygen(arguments: argparse.Namespace) -> int:
    """Makes a private key that only its owner can read, and prints the public one."""
    print(make_key(arguments.out).base64())
    return GOOD


def run_prove(arguments: argparse.Namespace) -> int:
    """Prints a proof that the agency has the key, as the register asks it of a new one."""
    print(load_key(arguments.key_file, arguments.key_id or "new").proof(arguments.agency))
    return GOOD
