"""What the register says of an agency's OAuth client: exceptions from the strict rules.

Each ends with its day; the day after, the strict rules hold again, for tokens in use too.
"""

import datetime as dt
from dataclasses import dataclass

from contracts.agencies.register import CLIENT_EXCEPTIONS
from members.reading import Table, day_of, text_of

# Assertions signed by RS256; exp days after iat; no kid in the header; a token bound to whatever
# certificate the edge accepted on the connection, though the register does not hold it.
RS256, LONG_ASSERTION = "rs256", "long_assertion"
NO_KEY_ID, ANY_CERTIFICATE = "no_key_id", "any_certificate"


@dataclass(frozen=True, slots=True)
class ClientException:
    """Leave to do what is in ``CLIENT_EXCEPTIONS`` until a day; ``basis`` is why."""

    allows: str
    until: dt.date
    basis: str = ""


def parse_exception(table: Table) -> ClientException:
    """Read an exception. ValueError begins with the field that is wrong."""
    allows = text_of(table, "allows")
    if allows not in CLIENT_EXCEPTIONS:
        raise ValueError(f"allows: {allows!r} is none of {', '.join(CLIENT_EXCEPTIONS)}")
    return ClientException(allows, day_of(table, "until"), table.get("basis") or "")
