"""What an annotation of a message says of its field; message.py shows how to write them."""

import copy
import dataclasses
import types
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, TypeAlias, Union, get_args, get_origin

from marshmallow import fields
from marshmallow.validate import Validator

from bus.messages import fields as own
from bus.messages.codec import ABSENT, Convert, is_message, read, schema_of, to_wire

# Any: a field of any value.
AnyField: TypeAlias = fields.Field[Any]
# Marks a field that may be absent from the wire: None is left out.
OPTIONAL = object()


class Meta:
    """Metadata of a field for documents and logs, such as ``example`` and ``enum``."""

    def __init__(self, **metadata: object) -> None:
        self.metadata = metadata


PERSONAL = Meta(personal=True)


@dataclasses.dataclass(frozen=True)
class Named:
    """The name of a field on the wire, where Python cannot have it: ``from`` for ``from_``."""

    wire: str


_PLAIN: dict[object, Callable[[], AnyField]] = {
    str: fields.String,
    int: own.Integer,
    bool: own.Boolean,
    float: own.Float,
}
# The code of a refusal by the key of marshmallow's error, and by the kind of field.
_INVALID: tuple[tuple[type[AnyField], str], ...] = (
    (fields.String, "not_a_string"),
    (fields.Integer, "not_an_integer"),
    (fields.Boolean, "not_a_boolean"),
    (fields.List, "not_a_list"),
)


def _coded(field: AnyField) -> None:
    """Has the field's own errors carry their code: ``code|text``, as all other refusals do."""
    codes = {"required": "required", "null": "null"}
    for kind, code in _INVALID:
        if isinstance(field, kind):
            codes["invalid"] = code
    field.error_messages = {
        key: f"{codes[key]}|{text}" if key in codes and "|" not in text else text
        for key, text in field.error_messages.items()
    }
    if isinstance(field, fields.List):
        _coded(field.inner)
    elif isinstance(field, fields.Dict):
        for inner in (field.key_field, field.value_field):
            if inner is not None:
                _coded(inner)


class Spec:
    """What an annotation says of a field: its marshmallow field and how its value is converted."""

    def __init__(self, hint: object) -> None:
        kind, self._markers, self.nullable = _unwrapped(hint)
        self.optional = any(marker is OPTIONAL for marker in self._markers)
        self.wire = next((m.wire for m in self._markers if isinstance(m, Named)), None)
        marked = [marker for marker in self._markers if isinstance(marker, fields.Field)]
        self.read, self.write = _converters(kind)
        self.field = copy.copy(marked[-1]) if marked else _field_of(kind)
        if self.field is not None:
            self._mark(self.field)

    def _mark(self, field: AnyField) -> None:
        """Puts on the field what is marked at it."""
        metadata = dict(field.metadata)
        for marker in self._markers:
            if isinstance(marker, str):
                metadata["description"] = marker
            elif isinstance(marker, Meta):
                metadata |= marker.metadata
        more = [marker for marker in self._markers if isinstance(marker, Validator)]
        field.validators = [*field.validators, *more]
        field.metadata = metadata
        field.allow_none = self.nullable
        field.required = False
        _coded(field)

    def field_for(self, of: "dataclasses.Field[object]", cls: type[object]) -> AnyField:
        """The field as the schema of ``cls`` has it, by the default of the dataclass."""
        field, where = self.field, f"{cls.__name__}.{of.name}"
        if field is None:
            raise TypeError(f"{where}: its type alone says no field; name one in Annotated")
        bare = of.default is dataclasses.MISSING and of.default_factory is dataclasses.MISSING
        field.required = bare
        if self.wire is not None:
            field.data_key = field.attribute = self.wire
        if self.optional:
            if of.default is not None and of.default is not ABSENT:
                raise TypeError(f"{where}: OPTIONAL has the default None or ABSENT")
            # Where only absence means None, null on the wire is refused.
            field.allow_none = of.default is ABSENT
        elif of.default_factory is not dataclasses.MISSING:
            field.load_default = of.default_factory
        elif not bare:
            field.load_default = list if of.default == () else of.default
        return field


def _unwrapped(hint: object) -> tuple[object, list[object], bool]:
    """The bare type of an annotation, what is marked at it from inside out, whether it has None."""
    markers: list[object] = []
    nullable = False
    while True:
        origin = get_origin(hint)
        if origin is Annotated:
            hint, *outer = get_args(hint)
            markers = [*outer, *markers]
        elif origin in (Union, types.UnionType) and type(None) in get_args(hint):
            rest = [arm for arm in get_args(hint) if arm is not type(None)]
            nullable = True
            if len(rest) > 1:
                return Union[tuple(rest)], markers, True  # noqa: UP007 - built at run time
            hint = rest[0]
        else:
            return hint, markers, nullable


# Any: an annotation may be any form
def _converters(kind: Any) -> tuple[Convert | None, Convert | None]:
    """How a value of this type is read and written; None for one that stays as it is."""
    if is_message(kind):
        return (lambda data: read(kind, data)), to_wire
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is tuple:
        item = Spec(arguments[0])
        return _listed(tuple, item.read), _listed(list, item.write)
    if origin in (dict, Mapping):
        value = Spec(arguments[1])
        return _mapped(value.read), _mapped(value.write)
    return None, None


def _field_of(kind: Any) -> AnyField | None:  # Any: an annotation may be any form
    """The marshmallow field that a type alone means; None if it means none."""
    if is_message(kind):
        return fields.Nested(schema_of(kind))
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is tuple:
        item = Spec(arguments[0]).field
        return fields.List(item) if item is not None else None
    if origin in (dict, Mapping):
        key, value = Spec(arguments[0]).field, Spec(arguments[1]).field
        return fields.Dict(keys=key, values=value) if key and value else None
    plain = _PLAIN.get(kind)
    return plain() if plain else None


def _listed(make: Callable[[Iterable[object]], object], convert: Convert | None) -> Convert:
    if convert is None:
        return make
    return lambda items: make(None if item is None else convert(item) for item in items)


def _mapped(convert: Convert | None) -> Convert | None:
    if convert is None:
        return None
    return lambda values: {
        name: None if value is None else convert(value) for name, value in values.items()
    }
