"""Proofs that whoever names a new key has its private half: a JWS by that key over whose it is.

Else an agency could be given a key that nobody has, or one whose owner is somebody else.
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
"""Whose a key is that is to get an agency of its own."""
LIFE = dt.timedelta(hours=1)
MISSING = (
    "Prove that you have this key: a JWS by it (docs/join.md, Proof of a new key) over your code."
)


class _Registry(JWSRegistry):
    def get_alg(self, name: str) -> Any:
        return self.algorithms[name]  # asked for by us; joserfc's own would warn of EdDSA


def fault(
    field: str, proof: str | None, key: Credential, subject: str, now: dt.datetime
) -> FieldError | None:
    """What is wrong with the proof of a key of ``subject``; None if it holds."""
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


def _claims(proof: str, key: Credential) -> Mapping[str, Any] | None:
    """What a proof says if the key signed it; None if it did not."""
    if key.jwk is None:
        return None
    algorithms = list(key.algorithms)
    registry = _Registry(algorithms=algorithms, strict_check_header=False)
    try:
        held = jws.deserialize_compact(proof, key.jwk, algorithms=algorithms, registry=registry)
        claims = orjson.loads(held.payload)
        kind = held.headers().get("typ")
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        return None
    return claims if isinstance(claims, dict) and kind == PROOF_KIND else None
