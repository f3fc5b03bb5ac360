"""Short names for the types that fields of messages have most often (bus/messages/message.py)."""

from typing import Annotated, TypeAlias, TypeVar

from marshmallow import fields as of_marshmallow

from bus.messages import fields
from bus.messages.message import Meta
from bus.wire import Wire

Json: TypeAlias = Wire
"""A free object of JSON. Any: its members are described elsewhere, or are anybody's."""
Block = Annotated[Json, fields.Block()]
Described = TypeVar("Described")
# A message that was released as a Block: typed in Python, an object without members in documents.
BlockOf = Annotated[Described, fields.Block()]
Code = Annotated[str, fields.Text(40)]
Uuid = Annotated[str, fields.Text(36), Meta(format="uuid")]
Day = Annotated[str, fields.Day()]
Instant = Annotated[str, fields.Instant()]
OneTimeCode = Annotated[str, fields.one_time_code()]
# What a form of a page sends for a tick: true, "true", "on", 1.
Tick = Annotated[bool, of_marshmallow.Boolean()]
Raw = Annotated[object, of_marshmallow.Raw()]
