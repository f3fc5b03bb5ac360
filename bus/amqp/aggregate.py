"""An aggregate: several calls of one contract in one message, and their replies in one.

The calls stand in CloudEvents' batch format, each with the attributes of its envelope, its data
and, as ``call``, the number under which its asker waits; the replies in an object by that number.
"""

from collections.abc import Iterable, Mapping

import orjson

from bus import topology
from bus.amqp.incoming import Incoming, Parts, short_text, unreadable
from bus.wire import Wire

# What stands in the headers of a message that travels alone (bus/envelope.py), by its attribute.
_SENDER = ("specversion", "id", "type", "source", "time", "caller", "deadline")
_MATTER = ("subject", "correlation", "causation")
HEADERS = {**{name: f"ce-{name}" for name in (*_SENDER, *_MATTER)}, "traceparent": "traceparent"}


def join_calls(calls: Iterable[tuple[str, Wire, bytes]]) -> bytes:
    """The body of an aggregate: of each call its number, its headers and its body, as JSON."""
    return orjson.dumps([_event(number, headers, body) for number, headers, body in calls])


def _event(number: str, headers: Wire, body: bytes) -> Wire:
    event: Wire = {name: headers[header] for name, header in HEADERS.items() if header in headers}
    event["call"] = number
    event["data"] = orjson.Fragment(body)
    return event


def is_aggregate(raw: Incoming) -> bool:
    """True if a message says that it holds several calls."""
    return raw.content_type == topology.CALLS


def split_calls(raw: Incoming) -> list[Incoming]:
    """The calls of an aggregate, each as if it had come alone; ContractError if it is none.

    Calls lose their deadlines if their aggregate has lost its own: so a dead letter is replayed.
    """
    try:
        events = orjson.loads(raw.body)
    except orjson.JSONDecodeError:
        raise unreadable("body", "is not JSON") from None
    if not isinstance(events, list) or not 0 < len(events) <= topology.MOST_CALLS:
        raise unreadable("body", f"is not a list of 1 to {topology.MOST_CALLS} calls")
    return [_part(raw, event) for event in events]


def _part(raw: Incoming, event: object) -> Incoming:
    number = short_text(event.get("call")) if isinstance(event, dict) else None
    if number is None or not isinstance(event, dict):
        raise unreadable("body", "holds a call without a number")
    headers = {
        header: event[name] for name, header in HEADERS.items() if isinstance(event.get(name), str)
    }
    if "ce-deadline" not in raw.headers:
        headers.pop("ce-deadline", None)
    properties = {
        "content_type": topology.JSON,
        "correlation_id": number,
        "message_id": short_text(headers.get("ce-id")),
        "reply_to": raw.properties.get("reply_to"),
        "application_headers": headers,
    }
    body = orjson.dumps(event.get("data"))
    return Incoming(Parts(raw.delivery_tag, raw.delivery_info, properties, body), raw.channel)


def join_replies(replies: Mapping[str, bytes]) -> bytes:
    """The body of the reply to an aggregate: of each call's number its reply, as JSON."""
    return orjson.dumps({number: orjson.Fragment(reply) for number, reply in replies.items()})
