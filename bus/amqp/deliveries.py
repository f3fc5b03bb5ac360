"""Reading a delivered message into a call, or refusing it."""

import time
import uuid
from collections.abc import Sequence
from typing import Protocol

import orjson

from bus import topology
from bus.activator import Call
from bus.amqp.incoming import Incoming, short_text, unreadable
from bus.call_leaves import caller_of_answer
from bus.envelope import Envelope, new_traceparent, valid_traceparent
from bus.errors import ContractError
from bus.messages.kinds import Contract
from bus.messages.message import Wire
from bus.process.records import now_ms


class Source(Protocol):
    """Where a message came from, and what becomes of it there: an Inlet, or a Splitter."""

    def alive(self, raw: Incoming) -> bool: ...
    def reply(self, raw: Incoming, body: bytes, *, batch: int) -> None: ...
    def flush(self) -> None: ...
    def done(self, raw: Incoming) -> None: ...
    def bury(self, raw: Incoming, code: str | None) -> None: ...
    def give_back(self, raw: Incoming) -> None: ...
    def renew(self, messages: Sequence[Incoming], queue: str | None = None) -> None: ...


class Delivery:
    """A message as it came, read: its envelope and data; ContractError if it cannot be read."""

    __slots__ = ("arrived", "began", "call", "held_since", "raw", "reply_bytes", "source")

    source: Source

    def _arrive(self, raw: Incoming) -> None:
        self.raw = raw
        self.held_since: float | None = None
        # Milliseconds since 1970: when it came in, and when it was given to a worker.
        self.arrived = self.began = now_ms()
        self.reply_bytes = 0

    def ends_within(self, seconds: float) -> bool:
        """True if the caller's deadline is that near."""
        deadline = self.call.envelope.deadline
        return deadline is not None and deadline - time.time() < seconds

    def __init__(self, raw: Incoming, contract: Contract) -> None:
        self._arrive(raw)
        envelope = Envelope.from_headers(raw.headers)
        if envelope.type != contract.name:
            raise unreadable("ce-type", f"is not {contract.name}")
        if raw.content_type != topology.JSON:
            raise unreadable("content_type", "is not application/json")
        try:
            data = orjson.loads(raw.body)
        except orjson.JSONDecodeError:
            raise unreadable("body", "is not JSON") from None
        if not isinstance(data, dict):
            raise unreadable("body", "is not an object")
        self.call: Call = Call.of(contract, envelope, data)


class AnswerDelivery(Delivery):
    """An answer of an agency: only the broker's word of who sent it is trusted, never refused here.

    What is wrong with it is for the handler to count: dead letters are no place for strangers.
    """

    def __init__(self, raw: Incoming, contract: Contract) -> None:
        self._arrive(raw)
        properties = raw.properties
        agency = topology.sender(raw.delivery_info.get("exchange"), properties.get("user_id"))
        envelope = Envelope.new(
            contract.name,
            topology.agency_user(agency) if agency else "",
            id=f"{agency}/{short_text(properties.get('message_id')) or uuid.uuid4()}",
            correlation=short_text(properties.get("correlation_id")) or "",
            traceparent=valid_traceparent((raw.headers).get("traceparent")) or new_traceparent(),
            caller=caller_of_answer(agency, raw.body) if agency else None,
        )
        answer, problem = _answer(raw, contract)
        self.call = Call.of_answer(
            contract, envelope, agency=agency, answer=answer, problem=problem
        )


def _answer(raw: Incoming, contract: Contract) -> tuple[Wire | None, str | None]:
    """What an answer says, or what is wrong with it."""
    if raw.delivery_info.get("routing_key") != contract.name:
        return None, "routing_key"
    if raw.content_type != topology.JSON:
        return None, "content_type"
    if len(raw.body) > topology.LONGEST_ANSWER:
        return None, "too_large"
    try:
        return contract.load_data(orjson.loads(raw.body)), None
    except orjson.JSONDecodeError:
        return None, "not_json"
    except ContractError as error:
        return None, error.code
