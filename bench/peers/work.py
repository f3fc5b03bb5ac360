"""The work that all stacks do: the checks at the door, one answer in one transaction, a signature.

The peers' own part is how a request comes from the socket to these functions and back.
"""

import os
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Connection

from bus.database.store import Store
from bus.envelope import Envelope
from bus.signatures.digest import check_digest, content_digest
from bus.signatures.keys import SigningKey
from bus.signatures.signing import Message, sign_response, verify_request
from contracts.inquiry.questions import ASK
from gateway.agency.door.grants import Register, caller_fields, granted
from gateway.agency.door.rate_limits import RateLimits
from gateway.agency.proofs.replays import Replays
from gateway.http.bodies import parse_object
from services.inquiry.questions import answering as asking
from services.inquiry.questions.answering import Asked

PATH = "/v1/inquiry/ask"


class Door:
    """Checks a signed request as the agency face does, and signs the answer."""

    def __init__(self) -> None:
        self._register = Register(Path(os.environ["AGENCIES_DIR"]))
        self._key = SigningKey.load(os.environ["SIGNING_KEY_FILE"], "bench")
        self._limits, self._replays = RateLimits(), Replays(Path(os.environ["REPLAY_DIR"]))

    def admit(
        self, url: str, headers: Mapping[str, str], raw: bytes
    ) -> tuple[Message, dict[str, Any]]:
        """The message and what the service is asked; an error of bus.errors if it is refused."""
        message = Message({n.lower(): v for n, v in headers.items()}, "POST", url)
        verified = verify_request(message, self._register.key)
        agency = self._register.owner(verified.keyid)
        self._replays.check("signature", verified.keyid, verified.nonce, verified.created)
        self._limits.take(agency)
        self._replays.note("signature", verified.keyid, verified.nonce)
        check_digest(message.headers, raw)
        asked = {
            "id": str(uuid.uuid4()),
            "data": ASK.load_data(parse_object(raw)),
            "caller": caller_fields(
                agency, verified.keyid, granted(self._register, agency, ASK, None, None)
            ),
        }
        return message, asked

    def seal(self, message: Message, told: Any) -> tuple[dict[str, str], bytes]:
        """Headers and body of the signed answer."""
        body = orjson.dumps(told)
        headers = {"Content-Type": "application/json", "Content-Digest": content_digest(body)}
        return {**headers, **sign_response(self._key, 200, headers, message)}, body


def answer(store: Store, asked: Mapping[str, Any]) -> dict[str, Any]:
    """One answer in one transaction: looked up, composed, kept, and logged in the chain."""
    with store.transaction() as tx:
        return answer_on(tx.conn, asked, datetime.now(UTC))


def answer_on(conn: Connection, asked: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """The same on a connection whose transaction is open."""
    envelope = Envelope.new(ASK.name, "bench", id=asked["id"], caller=asked["caller"])
    (result,) = asking.answer_all(
        conn, [Asked(envelope, asked["data"])], now=now, secret=os.environ["INQUIRY_LOG_KEY"]
    )
    if not isinstance(result, dict):
        raise result
    return result
