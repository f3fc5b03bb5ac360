"""JSON as the bus carries it."""

from typing import Any, TypeAlias

# Any: what stands inside is read by a message's class, or by who knows the members.
Wire: TypeAlias = dict[str, Any]
