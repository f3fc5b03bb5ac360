"""Loads what is well formed by its fields alone; what is wrong with the rest is marshmallow's say.

``Schema.load`` keeps account of every fault of every field, which takes longer than the fields do.
The same fields are asked here in the same order, and at the first fault all is left to it.
"""

from collections.abc import Callable
from typing import Literal

from marshmallow import Schema, ValidationError, missing

from bus.wire import Wire

Check = Callable[[Wire], None]


class Loader:
    """Loads the messages of one schema; ``raws`` look at what was sent, ``checks`` at what was
    loaded, and may change it.
    """

    def __init__(
        self,
        schema: Schema,
        unknown: Literal["raise", "exclude"],
        raws: tuple[Check, ...],
        checks: tuple[Check, ...],
    ) -> None:
        self._fields = tuple(
            (field.data_key or name, field.attribute or name, field.deserialize)
            for name, field in schema.load_fields.items()
        )
        self._known = frozenset(wire for wire, _, _ in self._fields)
        self._raises, self._raws, self._checks = unknown == "raise", raws, checks

    def load(self, data: object) -> Wire | None:
        """What ``Schema.load`` gives; None if it would refuse the data."""
        if type(data) is not dict or (self._raises and not data.keys() <= self._known):
            return None
        loaded: Wire = {}
        try:
            for look in self._raws:
                look(data)
            for wire, name, deserialize in self._fields:
                value = deserialize(data.get(wire, missing), wire, data)
                if value is not missing:
                    loaded[name] = value
            for check in self._checks:
                check(loaded)
        except ValidationError:
            return None
        return loaded
