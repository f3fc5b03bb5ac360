"""Sessions and Callers as the options of a command describe them."""

import argparse

import requests

from connector.caller import Caller
from connector.certificates import tls_session
from connector.keys import load_key, read_server_keys


def session_of(arguments: argparse.Namespace) -> requests.Session:
    """The session with the certificates that the options name; BusError with a sentence."""
    return tls_session(
        cert_file=arguments.cert_file,
        cert_key_file=arguments.cert_key_file,
        ca_file=arguments.ca_file,
    )


def caller_of(arguments: argparse.Namespace, session: requests.Session | None = None) -> Caller:
    """The Caller that the options describe; ValueError names those that are missing."""
    names = ("url", "key_file", "key_id")
    missing = [name for name in names if not getattr(arguments, name)]
    if missing:
        options = ", ".join(f"--{name.replace('_', '-')}" for name in missing)
        variables = ", ".join(f"MIRAB_{name.upper()}" for name in missing)
        raise ValueError(f"Give {options} (or set {variables}).")
    return Caller(
        arguments.url,
        load_key(arguments.key_file, arguments.key_id),
        server_keys=read_server_keys(arguments.server_key) if arguments.server_key else None,
        timeout=arguments.timeout,
        session=session or session_of(arguments),
        on_behalf_of=arguments.on_behalf_of,
    )
