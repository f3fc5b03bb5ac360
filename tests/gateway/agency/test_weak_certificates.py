"""A certificate whose key can be computed proves nothing, whoever shows it."""

import datetime as dt
import urllib.parse

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from starlette.requests import Request

from bus.settings import Settings
from gateway.agency.proofs.certificates import Certificates
from gateway.http.edge import FROM_EDGE


def shown(key):
    """A request behind the proxy with a certificate of that key."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a-co")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = urllib.parse.quote(made.public_bytes(serialization.Encoding.PEM).decode())
    headers = [(b"x-client-cert", pem.encode())]
    return Request({"type": "http", "headers": headers, FROM_EDGE: True})


@pytest.fixture
def certificates():
    return Certificates(Settings({"CLIENT_CERT_HEADER": "X-Client-Cert"}))


WEAK = {
    "RSA of 1024 bits": rsa.generate_private_key(65537, 1024),
    "RSA with the exponent 3": rsa.generate_private_key(3, 2048),
    "a curve of 192 bits": ec.generate_private_key(ec.SECP192R1()),
}


@pytest.mark.parametrize("key", WEAK.values(), ids=WEAK)
def test_s18_a_certificate_of_a_weak_key_is_no_certificate(certificates, key):
    assert certificates.thumbprint(shown(key)) is None


@pytest.mark.parametrize(
    "key", [ec.generate_private_key(ec.SECP256R1()), rsa.generate_private_key(65537, 2048)]
)
def test_s18_a_certificate_of_a_sound_key_is_known_by_its_digest(certificates, key):
    assert certificates.thumbprint(shown(key))
