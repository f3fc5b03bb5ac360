"""The work that all stacks do: the checks at the door, one answer in one transaction, a signature.

The peers' own part is how a request comes from the socket to these functions and back.
"""

import os
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import orjson
from sqlalchemy import Connection, Engine

from bus.database.connection import Utf8
from bus.database.marks import Marks
from bus.database.prepared import Prepared, Rows
from bus.database.store import Tx
from bus.envelope import Envelope
from bus.errors import BusError
from bus.messages.message import read
from bus.messages.values import Json
from bus.settings import Settings
from bus.signatures.digest import check_digest, content_digest
from bus.signatures.keys import SigningKey
from bus.signatures.signing import HttpMessage, sign_response, verify_request
from contracts.inquiry.questions import ASK, Ask
from gateway.agency.door.grants import caller_fields, granted
from gateway.agency.door.rate_limits import RateLimits
from gateway.agency.proofs.replays import Replays
from gateway.http.bodies import parse_object
from members.register import Register
from services.inquiry.context import Context
from services.inquiry.questions.answering import ReceivedQuestion, answer_all

PATH = "/v1/inquiry/ask"


class Door:
    """Checks a signed request as the agency face does, and signs the answer."""

    def __init__(self) -> None:
        self._register = Register(Path(os.environ["AGENCIES_DIR"]))
        self._key = SigningKey.load(os.environ["SIGNING_KEY_FILE"], "bench")
        self._limits, self._replays = RateLimits(), Replays(Path(os.environ["REPLAY_DIR"]))

    def admit(self, url: str, headers: Mapping[str, str], raw: bytes) -> tuple[HttpMessage, Json]:
        """Check a request: the message, and the service's request; a BusError if it is refused."""
        message = HttpMessage({n.lower(): v for n, v in headers.items()}, "POST", url)
        verified = verify_request(message, self._register.key)
        agency = self._register.owner(verified.keyid)
        self._replays.check("signature", verified.keyid, verified.nonce, verified.created)
        self._limits.take(agency)
        self._replays.note("signature", verified.keyid, verified.nonce)
        check_digest(message.headers, raw)
        request = {
            "id": str(uuid.uuid4()),
            "data": ASK.load_data(parse_object(raw)),
            "caller": caller_fields(
                agency, verified.keyid, granted(self._register, agency, ASK, None, None)
            ),
        }
        return message, request

    def sign(self, message: HttpMessage, reply: Json) -> tuple[dict[str, str], bytes]:
        """Make headers and body of the signed answer."""
        body = orjson.dumps(reply)
        headers = {"Content-Type": "application/json", "Content-Digest": content_digest(body)}
        return {**headers, **sign_response(self._key, 200, headers, message)}, body


def answer(engine: Engine, request: Json) -> Json:
    """Give one answer in one transaction: looked up, composed, kept, and logged in the chain."""
    with engine.begin() as conn:
        return answer_on(conn, request, datetime.now(UTC))


class PlainTx(Tx):
    """A transaction of SQLAlchemy's, which sends each statement as it comes."""

    def write(self, statement: Prepared, *values: object) -> None:
        """Run a statement now; Utf8 is a text to every other driver."""
        texts = (str(v, "utf-8") if isinstance(v, Utf8) else v for v in values)
        statement.run(self.conn, *texts)

    def read(self, statement: Prepared, *values: object) -> Rows:
        """Run a statement now."""
        return statement.run(self.conn, *values)


def answer_on(conn: Connection, request: Json, now: datetime) -> Json:
    """Do the same on a connection whose transaction is open."""
    envelope = Envelope.new(ASK.name, "bench", id=request["id"], caller=request["caller"])
    settings = Settings()
    tx = PlainTx(conn, "bench", envelope, Marks.of(settings))
    context = Context(tx, now, settings, os.environ["INQUIRY_LOG_KEY"])
    question = read(Ask, request["data"])
    (result,) = answer_all(context, [ReceivedQuestion(envelope, question)])
    if isinstance(result, BusError):
        raise result
    return result.wire.wire
