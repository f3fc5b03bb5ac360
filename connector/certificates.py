"""Mutual TLS: the certificate that an agency shows, and the authority by which it believes Mirab's.

An edge may ask for a certificate before it passes a request on (docs/join.md, Certificates).
"""

import datetime as dt
import re
import ssl
from pathlib import Path

import requests
from cryptography import x509

from bus.errors import BusError

EDGE_REFUSED = "edge.refused"
_VERIFIED = re.compile(r"certificate verify failed: (.+?) \(_ssl")
_ALERT = re.compile(r"\[SSL: \w*ALERT_\w+\]")


def tls_session(
    *, cert_file: str | None = None, cert_key_file: str | None = None, ca_file: str | None = None
) -> requests.Session:
    """A session for ``Caller(session=...)`` that shows a certificate and believes one authority.

    The files are PEM: ``cert_file`` holds the certificate (and those between it and its authority),
    ``cert_key_file`` its private key, which may stand in ``cert_file`` too. ``ca_file`` holds the
    authority of the address, instead of those that are public. BusError ``certificate.unusable``
    with a sentence if a file is missing or not of use.
    """
    session = requests.Session()
    if cert_key_file and not cert_file:
        raise BusError(
            "There is a key without its certificate; give --cert-file (or set MIRAB_CERT_FILE).",
            code="certificate.unusable",
        )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if ca_file:
        _read("The file of the authority", ca_file)
        try:
            context.load_verify_locations(ca_file)
        except OSError as error:
            reason = "it holds no certificate in PEM"
            raise _unusable("The file of the authority", ca_file, reason) from error
        session.verify = str(ca_file)
    if cert_file:
        _check_pair(context, cert_file, cert_key_file or cert_file)
        session.cert = (str(cert_file), str(cert_key_file or cert_file))
    return session


def _check_pair(context: ssl.SSLContext, cert_file: str, key_file: str) -> None:
    """BusError unless the two fit together, the key is without a password, and it is their time."""
    text = _read("The certificate", cert_file)
    _read("The key of the certificate", key_file)
    try:
        certificate = x509.load_pem_x509_certificate(text)
    except ValueError:
        raise _unusable("The certificate", cert_file, "it holds no certificate in PEM") from None
    try:
        context.load_cert_chain(cert_file, key_file, password=_no_password)
    except ssl.SSLError as error:
        is_of_another = "KEY_VALUES_MISMATCH" in str(error)
        reason = (
            "it is of another certificate" if is_of_another else "it holds no private key in PEM"
        )
        raise _unusable("The key of the certificate", key_file, reason) from error
    now = dt.datetime.now(dt.UTC)
    if now >= certificate.not_valid_after_utc:
        day = certificate.not_valid_after_utc.date()
        raise _unusable("The certificate", cert_file, f"it ended on {day}; take a new one")
    if now < certificate.not_valid_before_utc:
        raise _unusable("The certificate", cert_file, "it is not valid yet; check your clock")


def _no_password() -> str:
    raise BusError(
        "The key of the certificate has a password, which a program cannot be asked for; keep a "
        "copy without one (openssl pkey -in KEY -out FILE) that only you can read.",
        code="certificate.unusable",
    )


def _read(name: str, path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise _unusable(name, path, error.strerror or str(error)) from None


def _unusable(name: str, path: str, reason: str) -> BusError:
    return BusError(f"{name} {path} cannot be used: {reason}.", code="certificate.unusable")


def advice_on(session: requests.Session) -> str:
    """What to do when an edge did not take our certificate, or saw none."""
    if session.cert is None:
        return (
            "This address asks for your agency's certificate: give --cert-file and --cert-key-file "
            "(or set MIRAB_CERT_FILE and MIRAB_CERT_KEY_FILE)."
        )
    return (
        f"The certificate {session.cert[0]} was not taken: it has to be of the authority that the "
        "water company names, and to be in its time."
    )


def trouble_of(error: Exception, session: requests.Session) -> str | None:
    """A sentence if TLS is why there was no connection: whose certificate was not believed."""
    text = str(error)
    if "CERTIFICATE_VERIFY_FAILED" in text:
        match = _VERIFIED.search(text)
        reason = match[1] if match else "certificate verify failed"
        return (
            f"The certificate of the address is not believed ({reason}). Give the file of its "
            "authority by --ca-file (or set MIRAB_CA_FILE); compare the address."
        )
    if _ALERT.search(text):
        return f"The address ended the handshake. {advice_on(session)}"
    return None
