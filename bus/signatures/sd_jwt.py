"""SD-JWT (RFC 9901): signed statements whose holder shows some fields and hides the others.

Ours are flat: each field is one claim of the top level, disclosable by itself, and nothing is
nested. Whatever is more than that is refused, so that one short reader suffices here and in a
browser (gateway/static/verify.js). Why the library is the judge in the tests and not the reader
here: docs/decisions/0088.
"""

import dataclasses
import hashlib
import re
import secrets
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import orjson

from bus.signatures.jwt import Jwt, bytes_of, fault, unreadable
from bus.signatures.keys import PublicKey, SigningKey, base64url
from bus.wire import Wire

BINDING_KIND = "kb+jwt"
LONGEST, MOST_FIELDS, MOST_DIGESTS = 64 * 1024, 200, 512
SALT_BYTES, DIGEST_ALGORITHM = 16, "sha-256"
# As many digests as a multiple of this, so that their number does not tell which fields there are.
PADDED_TO = 16
# What a verifier decides by is never hidden (RFC 9901, section 9.7), nor named otherwise.
NEVER_HIDDEN = frozenset(
    ("iss", "iat", "nbf", "exp", "aud", "cnf", "status", "_sd", "_sd_alg", "...")
)
SKEW, BINDING_LIFE = 60, 600
_DIGEST = re.compile(r"[A-Za-z0-9_-]{43}")


class IssuerKey(NamedTuple):
    """A key of an issuer; nothing that it signed after ``ended``, in unix seconds, counts."""

    public: PublicKey
    ended: float | None = None


class Disclosure(NamedTuple):
    """One field that can be shown: its name, its value, and the text that travels."""

    name: str
    value: object
    text: str

    @property
    def digest(self) -> str:
        """What the signed part holds of it (RFC 9901, section 4.2.3)."""
        return _hash(self.text)


class Audience(NamedTuple):
    """For whom a presentation must have been made, and the nonce that they had asked for."""

    name: str
    nonce: str


class Binding(NamedTuple):
    """A key binding that holds: to whom, with which nonce, when (unix seconds)."""

    audience: str
    nonce: str
    made: float


class Shown(NamedTuple):
    """What a presentation proves: its fields, the issuer's key, and who holds it, if that is bound.

    ``hidden`` says whether there are digests that were not opened: fields or mere filling.
    """

    issuer: str
    issued: float
    keyid: str
    fields: dict[str, object]
    hidden: bool
    holder: PublicKey | None
    binding: Binding | None


def issue(
    key: SigningKey,
    kind: str,
    claims: Mapping[str, object],
    fields: Mapping[str, object],
    holder: PublicKey | None = None,
) -> str:
    """Sign ``claims`` openly and each of ``fields`` so that it can be shown or hidden.

    ``kind`` is the typ; ``claims`` must have iss and iat. With ``holder`` a presentation is bound
    to that key. ValueError for a field of a reserved name.
    """
    if wrong := NEVER_HIDDEN & fields.keys() or claims.keys() & fields.keys():
        raise ValueError(f"These fields cannot be hidden: {sorted(wrong)}.")
    disclosures = [_disclose(name, value) for name, value in fields.items()]
    signed = dict(claims)
    if disclosures:
        digests = [disclosure.digest for disclosure in disclosures]
        fillers = -len(digests) % PADDED_TO
        digests += [_hash(secrets.token_urlsafe(SALT_BYTES)) for _ in range(fillers)]
        signed |= {"_sd": sorted(digests), "_sd_alg": DIGEST_ALGORITHM}
    if holder:
        signed["cnf"] = {"jwk": {"kty": "OKP", "crv": "Ed25519", "x": base64url(holder.raw)}}
    return "~".join([key.jws(kind, signed), *(disclosure.text for disclosure in disclosures), ""])


def _disclose(name: str, value: object) -> Disclosure:
    salt = base64url(secrets.token_bytes(SALT_BYTES))
    return Disclosure(name, value, base64url(orjson.dumps([salt, name, value])))


def _hash(text: str) -> str:
    return base64url(hashlib.sha256(text.encode("ascii")).digest())


@dataclass(frozen=True)
class SdJwt:
    """An SD-JWT, read and not verified yet."""

    signed: str
    disclosures: tuple[Disclosure, ...]
    binding: str

    @classmethod
    def parse(cls, text: str) -> "SdJwt":
        """Read the compact form; SignatureError ``sd_jwt.unreadable`` if it is none."""
        text = text.strip()
        if len(text) > LONGEST:
            raise unreadable(f"it is longer than {LONGEST} characters")
        signed, *texts = text.split("~")
        if not texts:
            raise unreadable("it does not end with ~ or a key binding")
        if len(texts) > MOST_FIELDS:
            raise unreadable(f"it has more than {MOST_FIELDS} fields")
        return cls(signed, tuple(map(_disclosure, texts[:-1])), texts[-1])

    @cached_property
    def _jwt(self) -> "Jwt":
        return Jwt.parse(self.signed)

    @property
    def body(self) -> str:
        """All but the key binding, as the binding hashes it (RFC 9901, section 4.3.1)."""
        return "~".join([self.signed, *(disclosure.text for disclosure in self.disclosures), ""])

    @property
    def names(self) -> list[str]:
        """The names of the fields that it shows."""
        return [disclosure.name for disclosure in self.disclosures]

    @property
    def names_a_holder(self) -> bool:
        """True if a presentation can be bound: the issuer named its holder's key."""
        return "cnf" in self._jwt.claims

    def present(
        self,
        names: Collection[str],
        *,
        key: SigningKey | None = None,
        audience: Audience | None = None,
        at: float = 0,
    ) -> str:
        """Show these fields and no others; with ``key`` and ``audience`` bound to them ``at``.

        ValueError names the fields that it does not have.
        """
        if missing := set(names) - set(self.names):
            raise ValueError(f"There is no field {', '.join(sorted(missing))}.")
        chosen = tuple(field for field in self.disclosures if field.name in names)
        shown = dataclasses.replace(self, disclosures=chosen, binding="")
        if key is None or audience is None:
            return shown.body
        claims = {
            "iat": int(at),
            "aud": audience.name,
            "nonce": audience.nonce,
            "sd_hash": _hash(shown.body),
        }
        return shown.body + key.jws(BINDING_KIND, claims)

    def verify(
        self,
        kind: str,
        keys: Mapping[str, IssuerKey],
        *,
        now: float,
        audience: Audience | None = None,
    ) -> Shown:
        """Prove what it shows (RFC 9901, section 7); SignatureError ``sd_jwt.*`` names the fault.

        With ``audience`` it must be bound to that; without, a binding that is there must hold.
        """
        jwt = self._jwt
        jwt.require(kind)
        keyid = str(jwt.header.get("kid"))
        key = keys.get(keyid)
        if key is None:
            raise fault("key_unknown", f"The key {keyid[:60]!r} is none of the issuer's.")
        if not jwt.is_signed_by(key.public):
            raise fault("forged", "The issuer's signature does not hold: it was changed.")
        issued = jwt.seconds("iat")
        _require_in_time(jwt, issued, key, now)
        digests = _digests(jwt.claims)
        fields = _opened(jwt.claims, digests, self.disclosures)
        holder = _holder(jwt.claims)
        return Shown(
            jwt.text("iss"),
            issued,
            keyid,
            fields,
            len(digests) > len(self.disclosures),
            holder,
            self._bound(holder, audience, now),
        )

    def _bound(
        self, holder: PublicKey | None, audience: Audience | None, now: float
    ) -> Binding | None:
        """Verify the key binding, if there is one or one is asked for (section 7.3)."""
        if not self.binding:
            if audience:
                raise fault("not_bound", "It must be bound to you by its holder's key; it is not.")
            return None
        jwt = Jwt.parse(self.binding)
        if holder is None:
            raise fault("binding", "It is bound by a key that the issuer does not name.")
        jwt.require(BINDING_KIND)
        if not jwt.is_signed_by(holder) or jwt.text("sd_hash") != _hash(self.body):
            raise fault("binding", "The binding is not its holder's, or of other fields.")
        bound = Binding(jwt.text("aud"), jwt.text("nonce"), jwt.seconds("iat"))
        if bound.made > now + SKEW:
            raise fault("binding", "The binding bears a time to come.")
        if audience and (bound.audience, bound.nonce) != audience:
            raise fault("other_audience", "It was made for another audience, or another nonce.")
        if audience and bound.made < now - BINDING_LIFE:
            raise fault("binding_old", f"The binding is older than {BINDING_LIFE} seconds.")
        return bound


def keys_of_jwks(jwks: Wire) -> dict[str, IssuerKey]:
    """The Ed25519 keys of a JSON Web Key Set by their ids; ``exp`` of one is when it ended.

    ValueError, KeyError or TypeError if it is none.
    """
    return {
        str(jwk["kid"]): IssuerKey(
            PublicKey.from_jwk(jwk), float(jwk["exp"]) if "exp" in jwk else None
        )
        for jwk in jwks["keys"]
        if jwk.get("crv") == "Ed25519"
    }


def _disclosure(text: str) -> Disclosure:
    try:
        salt, name, value = orjson.loads(bytes_of(text))
    except (ValueError, TypeError):
        raise unreadable("a field of it is not salt, name and value") from None
    if not isinstance(salt, str) or not isinstance(name, str) or name in NEVER_HIDDEN:
        raise unreadable("a field of it has no name, or one that is not its own")
    if _is_nested(value):
        raise unreadable("a field of it hides others in itself")
    return Disclosure(name, value, text)


def _digests(claims: Wire) -> list[str]:
    if claims.get("_sd_alg", DIGEST_ALGORITHM) != DIGEST_ALGORITHM:
        raise fault("kind", f"Its fields are not hashed by {DIGEST_ALGORITHM}.")
    digests = claims.get("_sd", [])
    if not isinstance(digests, list) or len(digests) > MOST_DIGESTS:
        raise unreadable("its digests are no list")
    if not all(isinstance(digest, str) and _DIGEST.fullmatch(digest) for digest in digests):
        raise unreadable("one of its digests is none")
    if len(set(digests)) < len(digests):
        raise unreadable("it has the same digest twice")
    if any(_is_nested(value) for name, value in claims.items() if name not in ("_sd", "_sd_alg")):
        raise unreadable("its open claims hide others in themselves")
    return digests


def _opened(
    claims: Wire, digests: Iterable[str], disclosures: Iterable[Disclosure]
) -> dict[str, object]:
    """The fields that are shown, each proven by its digest; all others are refused (7.1, 5)."""
    left = set(digests)
    fields = {name: value for name, value in claims.items() if name not in NEVER_HIDDEN}
    for disclosure in disclosures:
        if disclosure.digest not in left:
            raise fault(
                "field_added",
                f"The field {disclosure.name[:60]!r} was not signed, or stands twice.",
            )
        if disclosure.name in fields:
            raise fault("field_added", f"The field {disclosure.name[:60]!r} stands there twice.")
        left.remove(disclosure.digest)
        fields[disclosure.name] = disclosure.value
    return fields


def _require_in_time(jwt: Jwt, issued: float, key: IssuerKey, now: float) -> None:
    if key.ended is not None and issued > key.ended:
        raise fault("key_ended", "It was signed by a key after that key's end.")
    if max(issued, jwt.seconds("nbf") if "nbf" in jwt.claims else 0) > now + SKEW:
        raise fault("not_yet", "It bears a time to come; compare your clock.")
    if "exp" in jwt.claims and jwt.seconds("exp") <= now:
        raise fault("expired", "It has expired; ask for a new one.")


def _holder(claims: Wire) -> PublicKey | None:
    if "cnf" not in claims:
        return None
    try:
        return PublicKey.from_jwk(claims["cnf"]["jwk"])
    except (ValueError, KeyError, TypeError, AttributeError):
        raise unreadable("its holder's key is no Ed25519 key") from None


def _is_nested(value: object) -> bool:
    """True if there are digests in a value: what we never issue, and so never need to open."""
    todo = [value]
    while todo:
        part = todo.pop()
        if isinstance(part, dict):
            if "_sd" in part or "..." in part:
                return True
            todo.extend(part.values())
        elif isinstance(part, list):
            todo.extend(part)
    return False
