"""Who gets a message, and the values that fill its template in; of the contracts of notices."""

from collections.abc import Mapping
from typing import Annotated, Any

from marshmallow import ValidationError, validate

from bus.messages.fields import Checked, Data, Pattern, Prose, Text
from bus.messages.message import PERSONAL, message
from iran import identifiers
from people import tracking

VALUE_MOST, VALUES_MOST, ADDRESS_LINES = 2_000, 100, 7


@message
class Receiver:
    """Who gets a message, by any of the ways in which he can be reached."""

    mobile: Annotated[str | None, Checked(40, identifiers.mobile, personal=True)] = None
    email: Annotated[str | None, Checked(200, identifiers.email, personal=True)] = None
    inbox: Annotated[
        str | None, Checked(40, tracking.parse, personal=True), "The code of an inbox on the portal"
    ] = None
    address: Annotated[
        tuple[Annotated[str, Text(100, personal=True)], ...] | None,
        validate.Length(3, ADDRESS_LINES, error="length|Give 3 to 7 lines."),
        PERSONAL,
        "Name, street and place, postal code last",
    ] = None

    def reachable(self) -> bool:
        """True if there is one way at least."""
        return any((self.mobile, self.email, self.inbox, self.address))


# What the header List-Unsubscribe takes (services/notify/providers/email.py).
WEB_ADDRESS = Pattern("^https?://[!-;=?-~]{1,280}$", "format|Give an address of the web.")
NUMBER_MOST = 2**53 - 1
"""Greater ones are other numbers in many programs (RFC 8259, section 6)."""


class Value(Prose):
    """What stands for a placeholder: a text, a whole number, or a list of texts, which becomes a
    list of points in a letter and an enumeration elsewhere.
    """

    def _deserialize(
        self, value: object, attr: str | None, data: Data, **kwargs: object
    ) -> Any:  # Any: marshmallow wants one text
        if isinstance(value, list):
            if len(value) > VALUES_MOST:
                raise ValidationError(f"length|Give at most {VALUES_MOST} values.")
            return [self._one(item, attr, data, **kwargs) for item in value]
        return self._one(value, attr, data, **kwargs)

    def _one(self, value: object, attr: str | None, data: Data, **kwargs: object) -> str:
        if isinstance(value, float) or (isinstance(value, int) and abs(value) > NUMBER_MOST):
            raise ValidationError("number|Give this number as a text, so that it is sent as typed.")
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        text: str = super()._deserialize(value, attr, data, **kwargs)
        return text

    def _serialize(self, value: object, attr: str | None, obj: object, **kwargs: object) -> Any:
        return value

    def _validate(self, value: object) -> None:
        for item in value if isinstance(value, list) else [value]:
            super()._validate(item)


# The values of a template's placeholders, by name.
Personalisation = Annotated[
    Mapping[Annotated[str, Text(64)], Annotated[str | list[str], Value(VALUE_MOST, least=0)]],
    PERSONAL,
    "Values of the placeholders ((name))",
]
