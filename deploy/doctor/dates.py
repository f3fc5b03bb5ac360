"""What ends by itself: certificates, keys of agencies, our own signing key's year."""

import datetime as dt
import re
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from cryptography import x509

from bus.amqp.hosts import each_host
from bus.settings import MissingSettings
from deploy.doctor.advice import Advice, doubt, well, wrong
from deploy.doctor.installation import ADDRESSES, Installation
from members.documents import today
from members.register import Register

AREA = "dates"
SOON = dt.timedelta(days=30)
CONNECT_SECONDS = 5.0
HTTPS, AMQPS = 443, 5671
AUTHORITIES = ("CALLBACKS_CA_FILE", "AMQP_CA_FILE", "RECEIPTS_STAMPS_CA_FILE")
# Where they stand in the variable itself.
INLINE = "RECEIPTS_STAMPS_CA"
ROOTS = "sslrootcert"


def look(installation: Installation) -> Iterator[Advice]:
    """Yield what has ended or ends within thirty days."""
    findings = [
        *_own_addresses(installation),
        *_stores(installation),
        *_authorities(installation),
        *_signing_key(installation),
        *_register(installation),
    ]
    yield from findings or [well(AREA, "No certificate and no agency's key ends within 30 days.")]


def _end(name: str, until: dt.datetime, todo: str) -> Iterator[Advice]:
    left = until - dt.datetime.now(dt.UTC)
    if left < dt.timedelta(0):
        yield wrong(AREA, f"{name} ended on {until:%Y-%m-%d}.", todo)
    elif left < SOON:
        yield doubt(AREA, f"{name} ends on {until:%Y-%m-%d}, in {left.days} days.", todo)


def _own_addresses(installation: Installation) -> Iterator[Advice]:
    """The certificate that callers are shown at each https address of ours."""
    places = {
        (parts.hostname, parts.port or HTTPS)
        for variable in ADDRESSES
        for value in installation.values(variable)
        if (parts := urlsplit(value)).scheme == "https" and parts.hostname
    }
    for host, port in sorted(places):
        try:
            shown = _shown(host, port)
        except OSError as error:
            yield doubt(
                AREA,
                f"Which certificate callers see at {host}:{port} cannot be known ({error}).",
                "Look from outside: openssl s_client -connect HOST:443 -servername HOST.",
            )
            continue
        yield from _end(
            f"The certificate of {host}", shown.not_valid_after_utc, "Renew it at the edge."
        )


def _shown(host: str, port: int) -> x509.Certificate:
    """The certificate as it is, valid or not: whether it is trusted is the callers' question."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection((host, port), CONNECT_SECONDS) as line,
        context.wrap_socket(line, server_hostname=host) as secured,
    ):
        return x509.load_der_x509_certificate(secured.getpeercert(binary_form=True) or b"")


def _stores(installation: Installation) -> Iterator[Advice]:
    """The certificates of brokers that are reached by TLS."""
    addresses = {
        address
        for settings in installation.settings.values()
        for address in each_host(settings.get("AMQP_URL") or "")
    }
    places = {
        (parts.hostname, parts.port or AMQPS)
        for parts in map(urlsplit, addresses)
        if parts.scheme == "amqps" and parts.hostname
    }
    for host, port in sorted(places):
        try:
            shown = _shown(host, port)
        except OSError:
            continue  # the parts say that it is away
        name = f"The certificate of the broker {host}"
        yield from _end(name, shown.not_valid_after_utc, "Renew it, and restart its node.")


def _authorities(installation: Installation) -> Iterator[Advice]:
    """The authorities in a variable, or in files that one or a database's address names."""
    for text in installation.values(INLINE):
        yield from _ends(INLINE, "its value", text.encode())
    named = {(name, path) for name in AUTHORITIES for path in installation.values(name)}
    for url in installation.databases.values():
        named |= {(ROOTS, path) for path in parse_qs(urlsplit(url).query).get(ROOTS, ())}
    for variable, path in sorted(named):
        try:
            pem = Path(path).read_bytes()
        except OSError:
            pem = b""
        yield from _ends(variable, path, pem)


def _ends(variable: str, place: str, pem: bytes) -> Iterator[Advice]:
    """What ends of the authorities of a variable, which stand in that place."""
    try:
        certificates = x509.load_pem_x509_certificates(pem)
    except ValueError:
        yield wrong(AREA, f"{variable}: {place} is no PEM of certificates.", "Put them there.")
        return
    for certificate in certificates:
        name = f"The authority {certificate.subject.rfc4514_string()} of {variable}"
        yield from _end(name, certificate.not_valid_after_utc, "Put its successor beside it.")


def _signing_key(installation: Installation) -> Iterator[Advice]:
    for year in {
        year
        for value in installation.values("SIGNING_KEY_ID")
        for year in re.findall(r"20\d\d", value)
    }:
        if int(year) < dt.datetime.now(dt.UTC).year:
            yield doubt(
                AREA,
                f"Our signing key's name is of {year}.",
                "Rotate it: see the signing key in docs/operate.md.",
            )


def _register(installation: Installation) -> Iterator[Advice]:
    settings = next((s for s in installation.settings.values() if s.get("AGENCIES_DIR")), None)
    if settings is None:
        return
    try:
        register = Register.of(settings)
    except (ValueError, OSError, MissingSettings) as error:
        yield wrong(AREA, f"The register of agencies cannot be read: {error}", "Mend that file.")
        return
    yield from _exceptions(register)
    for credential in register.credentials():
        until = dt.datetime.combine(credential.until, dt.time.max, dt.UTC)
        yield from _end(
            f"The key {credential.id} of {credential.agency}",
            until,
            "Ask the agency for its next key; two may hold at once (docs/join.md).",
        )


def _exceptions(register: Register) -> Iterator[Advice]:
    """What OAuth clients may do beyond the strict rules, so that nobody forgets it."""
    for agency in register.agencies():
        for item in agency.exceptions:
            left = item.until - today()
            name = f"The exception {item.allows} of {agency.code} ({item.basis})"
            if dt.timedelta(0) <= left < SOON:
                yield doubt(
                    AREA,
                    f"{name} ends on {item.until}, in {left.days} days.",
                    "Ask the agency whether its client can do without it by then (docs/oauth.md).",
                )
            elif left >= SOON:
                yield well(AREA, f"{name} holds until {item.until}.")
