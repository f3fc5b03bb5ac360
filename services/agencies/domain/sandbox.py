"""The rights of an agency of the sandbox, and for how long they hold."""

from services.agencies.domain.document import Document, Key, Right

DAYS = 30
MOST_ALIVE = 200
LIMITS = {"requests": 60, "seconds": 60}
# Contracts that are asked with a purpose, and that purpose.
WITH_PURPOSE = {
    "inquiry.ask.v1": "fuel_quota",
    "inquiry.submit_batch.v1": "fuel_quota",
    "inquiry.ask_parcel.v1": "land_transfer",
}
# Contracts that reach nobody but the agency itself. Messages to people are for known agencies.
WITHOUT_PURPOSE = (
    "inquiry.get.v1",
    "inquiry.batch_status.v1",
    "inquiry.read_batch.v1",
    "inquiry.read_parcel.v1",
    "inquiry.verify.v1",
    "billing.quote.v1",
    "billing.list_bills.v1",
    "billing.look_up.v1",
    "billing.statement.v1",
    "notify.put_callback.v1",
    "notify.callbacks.v1",
    "notify.test_callback.v1",
    "notify.callback_deliveries.v1",
    "notify.replay_callback.v1",
    "notify.rotate_callback_secret.v1",
    "notify.drop_callback.v1",
)
HEARS = (
    "agencies.changed.v1",
    "inquiry.registry_loaded.v1",
    "inquiry.batch_answered.v1",
    "inquiry.day_counted.v1",
    "billing.*",
)
PER_DAY = 1000
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
