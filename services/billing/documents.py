"""Columns whose JSON is a value of the domain in the code."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import TypeVar

from sqlalchemy import TypeDecorator
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect

from bus.messages.values import Json
from services.billing.domain.bill import Waiver
from services.billing.domain.payment import PayerRedirect
from services.billing.domain.quote import Quote

Value = TypeVar("Value")
Record = TypeVar("Record", Waiver, PayerRedirect)


class Document(TypeDecorator[Value]):
    """A document of JSON in the database that is a value of the domain in the code."""

    impl = JSONB(none_as_null=True)
    cache_ok = True

    def __init__(
        self,
        write: Callable[[Value], Mapping[str, object]],
        read: Callable[[Json], Value],
    ) -> None:
        super().__init__()
        self.write, self.read = write, read

    def process_bind_param(
        self, value: Value | None, _dialect: Dialect
    ) -> Mapping[str, object] | None:
        return None if value is None else self.write(value)

    def process_result_value(self, value: Json | None, _dialect: Dialect) -> Value | None:
        return None if value is None else self.read(value)


def _plain(kind: type[Record]) -> Document[Record]:
    """A document whose members are the fields of a dataclass."""
    return Document(asdict, lambda document: kind(**document))


QUOTE = Document(Quote.to_document, Quote.of_document)
WAIVER = _plain(Waiver)
REDIRECT = _plain(PayerRedirect)
