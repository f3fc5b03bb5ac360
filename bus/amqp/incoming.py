"""A message as the broker delivers it, before anything in it is trusted."""

from typing import Any, NamedTuple  # Any: what kombu gives has no types

from bus import topology
from bus.envelope import LONGEST
from bus.errors import ContractError, FieldError
from bus.wire import Wire

# Headers that make a broker send copies elsewhere, or that only a broker may write.
_OF_THE_BROKER = ("cc", "bcc")


class Parts(NamedTuple):
    """What a message is made of, where it is not kombu that gives it."""

    delivery_tag: int
    delivery_info: Wire
    properties: Wire
    body: bytes


class Incoming:
    """What kombu hands to a consumer, in place of its own message class.

    That one unpacks what a header calls compressed, however large it gets, and acknowledges what it
    cannot read.
    """

    errors = ()
    accept = None

    def __init__(self, message: Any, channel: Any = None, **_: object) -> None:
        self.channel = channel
        self.delivery_tag = message.delivery_tag
        self.delivery_info: Wire = dict(message.delivery_info)
        self.properties: Wire = dict(message.properties)
        self.content_type = self.properties.get("content_type")
        headers = self.properties.get("application_headers")
        self.headers: Wire = headers if isinstance(headers, dict) else {}
        body = message.body
        self.body: bytes = body.encode("utf-8", "replace") if isinstance(body, str) else bytes(body)

    @property
    def deliveries(self) -> int:
        """How often it was delivered before, and came back."""
        count = self.headers.get("x-delivery-count")
        return count if isinstance(count, int) else 0

    @property
    def id(self) -> str | None:
        """Its id, if it can be one."""
        return short_text(self.headers.get("ce-id"))

    @property
    def receipt_to(self) -> str | None:
        """The service whose relay is to be told what became of it."""
        return short_text(self.headers.get(topology.RECEIPT_TO))

    def copy_properties(self) -> Wire:
        """The properties of a copy for another queue of ours: nothing of the broker's own, and none
        of those by which a broker refuses a message.
        """
        properties = self.properties
        kept = {
            name: properties[name]
            for name in ("reply_to", "correlation_id", "message_id", "content_type")
            if properties.get(name)
        }
        return {**kept, "application_headers": clean_headers(self.headers), "delivery_mode": 2}


def clean_headers(headers: Wire) -> Wire:
    """The headers that a copy of a message may carry."""
    return {
        name: value
        for name, value in headers.items()
        if not name.startswith("x-") and name.lower() not in _OF_THE_BROKER
    }


def short_text(value: object) -> str | None:
    """A short text that a database can keep; None for anything else."""
    fits = isinstance(value, str) and 0 < len(value) <= LONGEST and value.isprintable()
    return str(value) if fits else None


def unreadable(field: str, reason: str) -> ContractError:
    """The refusal of a message that cannot be read as a call."""
    return ContractError(
        f"The message's {field} {reason}.",
        code="message.unreadable",
        fields=[FieldError(field, "unreadable", reason)],
    )
