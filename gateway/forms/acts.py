"""Acts of people whom nobody has signed in: what makes a repeated act the same one, and the secrets
that open what they made.

A secret is random and travels in the sealed form, or follows from a key of its contract and a whole
question. Ids of messages stand in logs and databases: nothing follows from them, and what is found
there is no id that anybody can send (decision 49).
"""

import hashlib
import hmac
import uuid
from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from bus.sealing import derived
from bus.signatures.keys import base64url
from gateway.forms.uploads import Seals
from gateway.limits.guesses import neighbourhood
from people.tracking import SECRET_LENGTH, new_secret

FORM_SECONDS = 24 * 3600
ASKER_BYTES = 12


class Form(NamedTuple):
    """A form of ours: what is sent with it is one act, and what it makes opens by its secret."""

    id: str
    secret: str

    @classmethod
    def new(cls) -> "Form":
        """A fresh id and a random secret."""
        return cls(str(uuid.uuid4()), new_secret())


class Acts:
    """What a face derives from its key, each purpose by a key of its own (RFC 5869)."""

    def __init__(self, key: str, face: str) -> None:
        self._key, self._face = key, face
        self._forms = Seals(key, f"{face} act")

    def new_form(self) -> str:
        """A sealed form with a fresh id and a fresh secret; only who gets it can send it."""
        return self.seal(Form.new())

    def seal(self, form: Form) -> str:
        """The form as a page carries it."""
        return self._forms.seal(form._asdict())

    def form(self, sealed: str) -> Form | None:
        """The form that was sealed here not more than a day ago; None for anything else."""
        opened = self._forms.open(sealed, FORM_SECONDS)
        return Form(opened["id"], opened["secret"]) if opened else None

    def form_or_new(self, sealed: str) -> Form:
        """The form that came back, or a fresh one for what is no form of ours."""
        return self.form(sealed) or Form.new()

    def message_id(self, contract: str, *parts: str) -> str:
        """The id of an act by what its sender calls it: nobody can go the way back."""
        mac = self._mac(f"message id {contract}", "\0".join(parts))
        return str(uuid.UUID(bytes=mac[:16], version=5))

    def secret_of(self, contract: str, key: str, data: Mapping[str, Any]) -> str:
        """The 20 digits of an act that has no form: they follow from the sender's key and the
        whole question, so that a repeat is told the same and the key alone opens nothing.
        """
        whole = hashlib.sha256(orjson.dumps(data, option=orjson.OPT_SORT_KEYS)).hexdigest()
        mac = self._mac(f"secret {contract}", f"{key}\0{whole}")
        return str(int.from_bytes(mac, "big") % 10**SECRET_LENGTH).zfill(SECRET_LENGTH)

    def asker(self, address: str) -> str:
        """By what a service counts what comes from one address, without learning the address."""
        return base64url(self._mac("asker", neighbourhood(address))[:ASKER_BYTES])

    def _mac(self, purpose: str, text: str) -> bytes:
        key = derived(self._key, f"mirab.{self._face}.{purpose}")
        return hmac.digest(key, text.encode(), "sha256")
