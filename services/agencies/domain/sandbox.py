"""What somebody gets who registers a key of his own in the sandbox, and for how long."""

import datetime as dt
from typing import Any

DAYS = 30
MOST_ALIVE = 200
LIMITS = {"requests": 60, "seconds": 60}
# What is asked with a purpose, and with which.
ASKED = {
    "inquiry.ask.v1": "fuel_quota",
    "inquiry.submit_batch.v1": "fuel_quota",
    "inquiry.ask_parcel.v1": "land_transfer",
}
# What reaches nobody but the agency itself. Messages to people are for agencies that we know.
WITHOUT_PURPOSE = (
    "inquiry.get.v1", "inquiry.batch_status.v1", "inquiry.read_batch.v1", "inquiry.read_parcel.v1",
    "inquiry.verify.v1",
    "billing.quote.v1", "billing.list_bills.v1", "billing.look_up.v1", "billing.statement.v1",
    "notify.put_callback.v1", "notify.callbacks.v1", "notify.test_callback.v1",
    "notify.callback_deliveries.v1", "notify.replay_callback.v1",
    "notify.rotate_callback_secret.v1", "notify.drop_callback.v1",
)  # fmt: skip
HEARS = ("agencies.changed.v1", "inquiry.registry_loaded.v1", "inquiry.batch_answered.v1",
         "inquiry.day_counted.v1", "billing.*")  # fmt: skip
PER_DAY = 1000
BASIS = "Sandbox: made-up people and wells, for trying only"


def document(code: str, name: str, key: dict[str, Any], until: dt.date) -> dict[str, Any]:
    """The document of an agency of the sandbox; ``key`` is a ``public_key`` or a ``jwk``."""
    day = until.isoformat()
    asked = [
        {
            "contract": contract, "purposes": [purpose], "per_day": PER_DAY, "until": day,
            "basis": BASIS,
        }
        for contract, purpose in ASKED.items()
    ]  # fmt: skip
    others = [
        {"contract": contract, "purposes": [], "until": day, "basis": BASIS}
        for contract in WITHOUT_PURPOSE
    ]
    return {
        "code": code,
        "name": f"Sandbox: {name}",
        "limits": LIMITS,
        "keys": [{"id": f"{code}-1", **key, "until": day}],
        "grants": [*asked, *others],
        "events": {"hears": list(HEARS)},
    }
