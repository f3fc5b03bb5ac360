"""Options that several commands share: where to, as whom, about whom, why, and whom to trust."""

import argparse
import os


def connection(command: argparse.ArgumentParser) -> None:
    """The options of whoever calls: where to, and as whom."""
    setting = os.environ.get
    command.add_argument("--url", default=setting("MIRAB_URL"), help="address of the agency face")
    command.add_argument("--key-file", default=setting("MIRAB_KEY_FILE"), help="your private key")
    command.add_argument("--key-id", default=setting("MIRAB_KEY_ID"), help="its registered id")
    command.add_argument(
        "--server-key",
        default=setting("MIRAB_SERVER_KEY"),
        metavar="KEY",
        help="Mirab's public key: ID=BASE64, or a saved /.well-known/jwks.json; read from the "
        "address if left out",
    )
    certificates(command)
    command.add_argument(
        "--timeout", type=float, default=30.0, metavar="SECONDS", help="in all; 30 if left out"
    )
    command.add_argument(
        "--on-behalf-of", metavar="CODE", help="an agency that lets yours ask in its name"
    )
    command.add_argument("--json", action="store_true", help="write JSON for programs")


def certificates(command: argparse.ArgumentParser) -> None:
    """The options of TLS: what is shown to an address, and which authority it has to be of."""
    setting = os.environ.get
    command.add_argument(
        "--cert-file",
        default=setting("MIRAB_CERT_FILE"),
        metavar="FILE",
        help="your TLS certificate (PEM), where the address asks for one",
    )
    command.add_argument(
        "--cert-key-file",
        default=setting("MIRAB_CERT_KEY_FILE"),
        metavar="FILE",
        help="its private key, unless it stands in the same file",
    )
    command.add_argument(
        "--ca-file",
        default=setting("MIRAB_CA_FILE"),
        metavar="FILE",
        help="the authority of the address (PEM); those that are public if left out",
    )


def subject(command: argparse.ArgumentParser, default: str | None = None) -> None:
    """The options that say whom or what is asked about."""
    from contracts.inquiry.keys import KEY_KINDS

    command.add_argument(
        "--kind",
        "--key-kind",
        default="national_id",
        choices=sorted(KEY_KINDS),
        metavar="KIND",
        help="national_id (if left out), " + ", ".join(sorted({*KEY_KINDS} - {"national_id"})),
    )
    command.add_argument(
        "--key",
        required=default is None,
        default=default,
        help="the national ID, licence number, ...",
    )


def matter(command: argparse.ArgumentParser) -> None:
    """The options that say why it is asked."""
    command.add_argument("--purpose", required=True, help="a purpose that you are granted")
    command.add_argument("--case", help="your own number of the case")
    command.add_argument("--operator", help="who asks at your agency (a code, not a name)")
    command.add_argument("--as-of", help="the moment asked about, such as 2026-11-23T08:30:00Z")
    command.add_argument(
        "--idempotency-key", metavar="TEXT", help="the same again never asks twice"
    )


def trust(command: argparse.ArgumentParser) -> None:
    """The options that say on whose word a receipt is believed, and what stands beside it."""
    command.add_argument(
        "--log-keys",
        default=os.environ.get("MIRAB_LOG_KEYS"),
        metavar="KEYS",
        help="for a receipt: the log's public key as it was given to you, NAME+ID+KEY, or a file "
        "with such a line for the log and for each witness that you trust",
    )
    command.add_argument(
        "--evidence", metavar="FILE", help="question and answer of the call (ask --save)"
    )
    command.add_argument(
        "--stamp-ca", metavar="FILE", help="the authority of the receipt's time stamp (PEM)"
    )
