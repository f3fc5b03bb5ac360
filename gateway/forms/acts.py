"""Acts of anonymous people: the id by which a repeated act is the same act, and the secret that
opens its result.

A secret is random and travels in the sealed form, or is derived from the whole request by a key of
its contract. Ids of messages stand in logs and databases: nothing can be derived from them, and
nobody can send one that he read there (decision 49).
"""

import hashlib
import hmac
import uuid
from collections.abc import Mapping
from typing import NamedTuple

import orjson

from bus.sealing import derived
from bus.signatures.keys import base64url
from gateway.forms.seals import Seals
from gateway.limits.guesses import neighbourhood
from people.tracking import SECRET_LENGTH, new_secret

FORM_SECONDS = 24 * 3600
ASKER_BYTES, SUPPORTER_BYTES = 12, 18


class FormToken(NamedTuple):
    """The id of a form, which makes its act one act, and the secret that opens its result."""

    id: str
    secret: str

    @classmethod
    def new(cls) -> "FormToken":
        """Return a fresh id and a random secret."""
        return cls(str(uuid.uuid4()), new_secret())


class Acts:
    """Derives ids and secrets from the key of a face, each purpose by its own key (RFC 5869)."""

    def __init__(self, key: str, face: str) -> None:
        self._key, self._face = key, face
        self._forms = Seals(key, f"{face} act")

    def new_form(self) -> str:
        """Return a sealed form with a fresh id and secret; only its receiver can send it."""
        return self.seal(FormToken.new())

    def seal(self, form: FormToken) -> str:
        """Return the form as a page carries it."""
        return self._forms.seal(form._asdict())

    def form(self, sealed: str) -> FormToken | None:
        """Return the form that was sealed here within the last day; None for anything else."""
        opened = self._forms.open(sealed, FORM_SECONDS)
        return FormToken(str(opened["id"]), str(opened["secret"])) if opened else None

    def form_or_new(self, sealed: str) -> FormToken:
        """Return the form that came back, or a fresh one for a form that is not ours."""
        return self.form(sealed) or FormToken.new()

    def message_id(self, contract: str, *parts: str) -> str:
        """Return the id of an act, derived one way from the names that its sender gave it."""
        mac = self._mac(f"message id {contract}", "\0".join(parts))
        return str(uuid.UUID(bytes=mac[:16], version=5))

    def secret_of(self, contract: str, key: str, data: Mapping[str, object]) -> str:
        """Return the 20 digits of an act without a form, derived from the sender's key and the
        whole request: a repeat gets the same secret, and the key alone opens nothing.
        """
        digest = hashlib.sha256(orjson.dumps(data, option=orjson.OPT_SORT_KEYS)).hexdigest()
        mac = self._mac(f"secret {contract}", f"{key}\0{digest}")
        return str(int.from_bytes(mac, "big") % 10**SECRET_LENGTH).zfill(SECRET_LENGTH)

    def asker(self, address: str) -> str:
        """Return the pseudonym under which services count the requests of an address."""
        return base64url(self._mac("asker", neighbourhood(address))[:ASKER_BYTES])

    def supporter(self, browser: str, code: str) -> str:
        """Return the pseudonym of a browser for one report, which says nothing about others."""
        return base64url(self._mac("supporter", f"{browser}\0{code}")[:SUPPORTER_BYTES])

    def _mac(self, purpose: str, text: str) -> bytes:
        key = derived(self._key, f"mirab.{self._face}.{purpose}")
        return hmac.digest(key, text.encode(), "sha256")
