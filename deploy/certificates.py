"""Certificates of an authority that is made for the purpose: for tests, and to try containers."""

import datetime as dt
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


class Certificate(NamedTuple):
    """A certificate with its key."""

    made: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def write(self, path: Path) -> tuple[str, str]:
        """PATH.crt and PATH.key, as nginx and Python read them."""
        plain = serialization.NoEncryption()
        pem = serialization.Encoding.PEM
        key = self.key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
        Path(f"{path}.crt").write_bytes(self.made.public_bytes(pem))
        Path(f"{path}.key").write_bytes(key)
        return f"{path}.crt", f"{path}.key"

    @property
    def sha256(self) -> str:
        """Its digest in hex digits, pairs parted by colons."""
        return self.made.fingerprint(hashes.SHA256()).hex(":")


def certificate(
    name: str, issuer: Certificate | None = None, *, ca: bool = False, days: int = 1
) -> Certificate:
    """A certificate of a name, by an issuer or by itself; ended if ``days`` < 0."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(key.public_key())
        .issuer_name(issuer.made.subject if issuer else subject)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + min(dt.timedelta(days=2 * days), -dt.timedelta(minutes=1)))
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    )
    return Certificate(builder.sign(issuer.key if issuer else key, hashes.SHA256()), key)
