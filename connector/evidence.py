"""Question and answer together as evidence: kept as a JSON file, verified offline."""

import base64
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from bus.errors import BusError
from bus.signatures.digest import check_digest
from bus.signatures.keys import PublicKey
from bus.signatures.signing import BODILESS, HttpMessage, Signed, verify_response
from bus.wire import Wire

BODIES = ("request_body", "response_body")  # base64 in the file: they need not be text
HEADERS = ("request_headers", "response_headers")


@dataclass(frozen=True, slots=True)
class Evidence:
    """The exact bytes exchanged; Mirab's public key is all that verifying them needs."""

    method: str
    url: str
    request_headers: dict[str, str]
    request_body: bytes
    status: int
    response_headers: dict[str, str]
    response_body: bytes

    def verify(self, keys: dict[str, PublicKey]) -> Signed:
        """Which key signed the answer to this question, and when.

        SignatureError if the answer, its status or the question are not those that were signed.
        """
        request = HttpMessage(self.request_headers, self.method, self.url)
        message = HttpMessage(self.response_headers, status=self.status, request=request)
        signed = verify_response(message, keys.get, self.response_body)
        if self.method not in BODILESS or self.request_body:
            check_digest(self.request_headers, self.request_body)
        return signed

    def save(self, path: str | Path) -> None:
        """Writes the evidence; it holds the answer, so only its owner can read the file."""
        document = {
            **asdict(self),
            **{name: base64.b64encode(getattr(self, name)).decode() for name in BODIES},
        }
        Path(path).touch(mode=0o600)
        Path(path).chmod(0o600)  # a file that was there before may be open to others
        Path(path).write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2))

    @classmethod
    def load(cls, path: str | Path) -> "Evidence":
        """Reads what ``save`` wrote; BusError with a sentence if it cannot."""
        try:
            document: Wire = orjson.loads(Path(path).read_bytes())
            bodies = {name: base64.b64decode(document[name], validate=True) for name in BODIES}
            headers = {name: _texts(document[name]) for name in HEADERS}
            return cls(**{**document, **bodies, **headers})
        except OSError as error:
            raise BusError(
                f"{path} cannot be read: {error.strerror}.", code="evidence.unreadable"
            ) from None
        except (ValueError, TypeError, KeyError, AttributeError):
            raise BusError(
                f"{path} is no evidence file, or was changed. Name a file as ask --save, receipt "
                "or present wrote it.",
                code="evidence.unreadable",
            ) from None


def _texts(headers: Wire) -> dict[str, str]:
    if not all(isinstance(value, str) for value in headers.values()):
        raise ValueError("the headers must be texts")
    return headers
