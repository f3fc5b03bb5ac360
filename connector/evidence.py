"""Question and answer together as evidence: kept as a JSON file, verified offline."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

from bus.errors import BusError
from bus.keys import PublicKey
from bus.signing import Message, verify_response


@dataclass(frozen=True, slots=True)
class Evidence:
    """The very bytes that were exchanged; who has Mirab's public key needs nothing else."""

    method: str
    url: str
    request_headers: dict[str, str]
    request_body: str
    status: int
    response_headers: dict[str, str]
    response_body: str

    def verify(self, keys: dict[str, PublicKey]) -> str:
        """The id of the key that signed the answer to this question.

        SignatureError if the answer, its status or the question are not those that were signed.
        """
        request = Message(self.request_headers, self.method, self.url)
        message = Message(self.response_headers, status=self.status, request=request)
        keyid = verify_response(message, keys.get, self.response_body.encode())
        verify_response_belongs(self)
        return keyid

    def save(self, path: str | Path) -> None:
        """Writes the evidence; it holds the answer, so keep it as safely."""
        Path(path).write_bytes(orjson.dumps(asdict(self), option=orjson.OPT_INDENT_2))

    @classmethod
    def load(cls, path: str | Path) -> "Evidence":
        """Reads what ``save`` wrote; BusError with a sentence if it cannot."""
        try:
            told: dict[str, Any] = orjson.loads(Path(path).read_bytes())
            return cls(**told)
        except (OSError, ValueError, TypeError) as error:
            raise BusError(f"{path} is no evidence file: {error}", code="evidence.unreadable") from None


def verify_response_belongs(evidence: Evidence) -> None:
    """SignatureError if the kept question is not the one whose digest the answer covers."""
    from bus.digest import check_digest

    check_digest(evidence.request_headers, evidence.request_body.encode())
