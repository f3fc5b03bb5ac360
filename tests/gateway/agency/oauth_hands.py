"""Hands that make tokens' proofs and assertions, right or wrong, with nothing of Mirab's own."""

import base64
import hashlib
import hmac
import json
import time
import uuid

import requests
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from tests.processes import ROOT

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASK = "/v1/inquiry/ask"
GOOD = {"key_kind": "national_id", "key": "9900000013", "purpose": "fuel_quota"}


def b64(data):
    raw = data if isinstance(data, bytes) else data.encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def whole(number, size=32):
    return b64(number.to_bytes(size, "big"))


def jwk(key):
    """The public half of a private key, as a JSON Web Key."""
    public = key.public_key()
    if isinstance(key, Ed25519PrivateKey):
        return {"kty": "OKP", "crv": "Ed25519", "x": b64(public.public_bytes_raw())}
    numbers = public.public_numbers()
    if isinstance(key, rsa.RSAPrivateKey):
        return {"kty": "RSA", "n": whole(numbers.n, 256), "e": "AQAB"}
    return {"kty": "EC", "crv": "P-256", "x": whole(numbers.x), "y": whole(numbers.y)}


def signature(alg, key, signed):
    if alg == "none":
        return b""
    if alg == "HS256":
        return hmac.digest(key if isinstance(key, bytes) else b"a secret", signed, "sha256")
    if isinstance(key, Ed25519PrivateKey):
        return key.sign(signed)
    if isinstance(key, rsa.RSAPrivateKey):
        pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
        way = pss if alg == "PS256" else padding.PKCS1v15()
        return key.sign(signed, way, hashes.SHA256())
    r, s = decode_dss_signature(key.sign(signed, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def jwt(header, claims, key):
    """A compact JWS of what is given, however wrong; members that are None are left out."""
    parts = [{n: v for n, v in reply.items() if v is not None} for reply in (header, claims)]
    signed = ".".join(b64(json.dumps(part)) for part in parts)
    return f"{signed}.{b64(signature(header.get('alg'), key, signed.encode()))}"


def demo_key(agency="fuel-co"):
    pem = (ROOT / f"deploy/local/demo_keys/{agency}.pem").read_bytes()
    return serialization.load_pem_private_key(pem, None)


def content_digest(body):
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


class Client:
    """A client of agency fuel-co that does all right but for what a test changes.

    ``url`` is the face's address as tokens and proofs tell it; ``at``, where it is reached.
    """

    def __init__(self, url, agency="fuel-co", key=None, keyid=None, alg="EdDSA", at=None):
        self.at, self.url, self.agency, self.alg = at or url, url, agency, alg
        self.key, self.keyid = key or demo_key(agency), keyid or f"{agency}-demo"
        self.bound = ec.generate_private_key(ec.SECP256R1())
        self.nonce = None

    def assertion(self, *, key=None, header=(), **claims):
        now = int(time.time())
        reply = {
            "iss": self.agency,
            "sub": self.agency,
            "aud": self.url,
            "jti": str(uuid.uuid4()),
            "iat": now,
            "exp": now + 60,
            **claims,
        }
        return jwt({"alg": self.alg, "kid": self.keyid, **dict(header)}, reply, key or self.key)

    def proof(self, path, *, token=None, method="POST", key=None, header=(), **claims):
        key = key or self.bound
        alg = "EdDSA" if isinstance(key, Ed25519PrivateKey) else "ES256"
        ath = b64(hashlib.sha256(token.encode()).digest()) if token else None
        reply = {
            "jti": str(uuid.uuid4()),
            "htm": method,
            "htu": self.url + path,
            "iat": int(time.time()),
            "nonce": self.nonce or self.fetch_nonce(),
            "ath": ath,
            **claims,
        }
        return jwt({"typ": "dpop+jwt", "alg": alg, "jwk": jwk(key), **dict(header)}, reply, key)

    def fetch_nonce(self):
        answer = requests.post(f"{self.at}/oauth/token", data={"a": "b"}, timeout=20)
        self.nonce = answer.headers["DPoP-Nonce"]
        return self.nonce

    def send_for_token(self, *, assertion=None, proof=None, headers=(), **form):
        """The answer of the token endpoint; ``proof=""`` sends none."""
        reply = {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION,
            "client_assertion": assertion if assertion is not None else self.assertion(),
            "purpose": "fuel_quota",
            **form,
        }
        dpop = self.proof("/oauth/token") if proof is None else proof
        sent = {**({"DPoP": dpop} if dpop else {}), **dict(headers)}
        reply = {name: value for name, value in reply.items() if value is not None}
        return requests.post(f"{self.at}/oauth/token", data=reply, headers=sent, timeout=20)

    def show(self, path, token, *, assertion=None, headers=(), **form):
        """The answer of an endpoint that takes a token (RFC 7662, RFC 7009)."""
        reply = {
            "client_assertion_type": ASSERTION,
            "client_assertion": assertion if assertion is not None else self.assertion(),
            "token": token,
            **form,
        }
        reply = {name: value for name, value in reply.items() if value is not None}
        return requests.post(self.at + path, data=reply, headers=dict(headers), timeout=20)

    def is_active(self, token):
        return self.show("/oauth/introspect", token).json()["active"]

    def token(self, **form):
        answer = self.send_for_token(**form)
        assert answer.status_code == 200, answer.text
        return answer.json()["access_token"]

    def ask(self, token, data=GOOD, *, path=ASK, proof=None, scheme="DPoP", headers=()):
        """Asks with a token; ``proof=""`` sends none."""
        body = json.dumps(data).encode()
        dpop = self.proof(path.partition("?")[0], token=token) if proof is None else proof
        sent = {
            "Authorization": f"{scheme} {token}",
            "Content-Type": "application/json",
            "Content-Digest": content_digest(body),
            **({"DPoP": dpop} if dpop else {}),
            **dict(headers),
        }
        return requests.post(self.at + path, data=body, headers=sent, timeout=20)
