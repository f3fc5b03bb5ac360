"""What a document of the register says of an agency's OAuth client.

Its owner is the team of services/agencies.
"""

from typing import Annotated

from bus.messages.fields import Choice, Text, whole
from bus.messages.message import OPTIONAL, message
from bus.messages.values import Day

MOST_KEY_SETS = 2
# As members/clients.py has them, and says what each allows.
CLIENT_EXCEPTIONS = ("rs256", "long_assertion", "no_key_id", "any_certificate")


@message
class ClientException:
    """What the agency's OAuth client may do beyond the strict rules until a day."""

    allows: Annotated[str, Choice(CLIENT_EXCEPTIONS)]
    until: Day
    basis: Annotated[str, Text(300, least=5)]


@message
class KeySet:
    """Where the agency publishes more keys (RFC 7517), and the rules for keys that appear there."""

    url: Annotated[str, Text(500)]
    until: Day
    wait_minutes: Annotated[
        int | None, whole(1, 10_080), "From when a new key is first seen until it counts", OPTIONAL
    ] = None
    key_days: Annotated[int | None, whole(1, 366), "So long a key counts at most", OPTIONAL] = None
    offline_hours: Annotated[
        int | None, whole(1, 168), "So long the last keys count while nothing answers", OPTIONAL
    ] = None
    basis: Annotated[str | None, Text(300), OPTIONAL] = None
