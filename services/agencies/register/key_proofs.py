"""Proof of possession of a new key: a JWS by that key over its owner (docs/join.md).

Without it an agency could be given a key that nobody has, or the key of somebody else.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import orjson
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jws import JWSRegistry

from bus.errors import FieldError
from bus.signatures.keys import PROOF_KIND
from members.documents import Credential

SANDBOX = "sandbox"
"""The subject of a proof by which a key gets an agency of its own."""
LIFE = dt.timedelta(hours=1)
MISSING = (
    "Prove that you have this key: a JWS by it (docs/join.md, Proof of a new key) over your code."
)


class _Registry(JWSRegistry):
    # joserfc leaves the type of an algorithm open. Its own method warns of EdDSA, which we name.
    def get_alg(self, name: str) -> Any:
        return self.algorithms[name]


def proof_fault(
    field: str, proof: str | None, key: Credential, subject: str, now: dt.datetime
) -> FieldError | None:
    """The fault of the proof that ``subject`` has a key; None if the proof holds."""
    if proof is None:
        return FieldError(field, "required", MISSING)
    claims = _claims(proof, key)
    if claims is None:
        return FieldError(field, "key.unproven", f"It is not signed by this key. {MISSING}")
    if claims.get("sub") != subject or key.jwk is None or claims.get("jkt") != key.jwk.thumbprint():
        return FieldError(
            field, "key.unproven", f"Its claims are not sub = {subject} and jkt = the thumbprint."
        )
    made = claims.get("iat")
    if type(made) is not int or abs(now.timestamp() - made) > LIFE.total_seconds():
        return FieldError(field, "key.proof_old", "Its iat is not of the last hour; make another.")
    return None


def _claims(proof: str, key: Credential) -> Mapping[str, object] | None:
    """The claims of a proof; None if the key did not sign it."""
    if key.jwk is None:
        return None
    algorithms = list(key.algorithms)
    registry = _Registry(algorithms=algorithms, strict_check_header=False)
    try:
        signed = jws.deserialize_compact(proof, key.jwk, algorithms=algorithms, registry=registry)
        claims = orjson.loads(signed.payload)
        kind = signed.headers().get("typ")
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        return None
    return claims if isinstance(claims, dict) and kind == PROOF_KIND else None
