"""Signs attestations by the key of the agency face, and says by which keys they are verified."""

import datetime as dt
from collections.abc import Mapping

import orjson

from bus.errors import RuleBroken
from bus.settings import Settings
from bus.signatures import sd_jwt
from bus.signatures.answer_key import answer_key
from bus.signatures.keys import PublicKey, SigningKey
from contracts.inquiry.attestations import KIND, Attestation, AttestationKeys
from iran import persian
from services.inquiry.context import Context
from services.inquiry.domain.moments import instant


def _key(settings: Settings, now: dt.datetime) -> SigningKey:
    """The key by which the agency face signs answers. RuleBroken ``attestation.no_key``."""
    key = answer_key(settings, now.year)
    if key is None:
        raise RuleBroken(
            "Answers cannot be attested: SIGNING_KEY_FILE is not set for inquiry.",
            code="attestation.no_key",
        )
    return key


def sign(
    context: Context,
    fields: Mapping[str, object],
    *,
    openly: bool = False,
    holder: PublicKey | None = None,
) -> Attestation:
    """Sign these fields, each to be shown or hidden; or all of them ``openly``, which is short.

    The time of issue is the beginning of the day in Iran, so that two presentations of a day are
    not told apart by it (RFC 9901, section 10.1).
    """
    key = _key(context.settings, context.now)
    day = dt.datetime.combine(persian.tehran_day(context.now), dt.time(), persian.TEHRAN)
    claims: dict[str, object] = {
        "iss": context.settings.text("PORTAL_URL", "").rstrip("/") or "mirab",
        "iat": int(day.timestamp()),
    }
    text = sd_jwt.issue(
        key, KIND, claims | dict(fields) if openly else claims, {} if openly else fields, holder
    )
    return Attestation(sd_jwt=text, fields=tuple(fields), key=key.keyid, issued_at=instant(day))


def public_keys(context: Context) -> AttestationKeys:
    """The public keys, the present one first, then those of SIGNING_KEYS_BEFORE as they stand
    there. RuleBroken ``attestation.no_key``.
    """
    key = _key(context.settings, context.now)
    earlier = context.settings.get("SIGNING_KEYS_BEFORE")
    before = orjson.loads(earlier)["keys"] if earlier else []
    return AttestationKeys(keys=(key.public.jwk(key.keyid), *before))
