"""The rights of an agency of the sandbox, and for how long they hold."""

from contracts.agencies.sandbox import PER_DAY, WITH_PURPOSE, WITHOUT_PURPOSE
from services.agencies.domain.document import Document, Key, Right

MOST_ALIVE = 200
LIMITS = {"requests": 60, "seconds": 60}
HEARS = (
    "agencies.changed.v1",
    "inquiry.registry_loaded.v1",
    "inquiry.batch_answered.v1",
    "inquiry.day_counted.v1",
    "billing.*",
)
BASIS = "Sandbox: made-up people and wells, for trying only"


def document(code: str, name: str, key: Key) -> Document:
    """The document of an agency of the sandbox; its rights end with its key."""
    return {
        "code": code,
        "name": f"Sandbox: {name}",
        "limits": LIMITS,
        "keys": [key],
        "grants": _grants(key["until"]),
        "events": {"hears": list(HEARS)},
    }


def _grants(until: str) -> list[Right]:
    with_purpose: list[Right] = [
        {
            "contract": contract,
            "purposes": [purpose],
            "per_day": PER_DAY,
            "until": until,
            "basis": BASIS,
        }
        for contract, purpose in WITH_PURPOSE.items()
    ]
    others: list[Right] = [
        {"contract": contract, "purposes": [], "until": until, "basis": BASIS}
        for contract in WITHOUT_PURPOSE
    ]
    return with_purpose + others
