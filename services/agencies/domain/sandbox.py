"""What somebody gets who registers a key of his own in the sandbox, and for how long."""

import datetime as dt
from typing import Any

DAYS = 30
MOST_ALIVE = 200
LIMITS = {"requests": 60, "seconds": 60}
PURPOSE = "fuel_quota"
# Asking with a purpose, and what belongs to it without one.
ASKED = ("inquiry.ask.v1", "inquiry.submit_batch.v1")
READ = ("inquiry.get.v1", "inquiry.batch_status.v1", "inquiry.read_batch.v1")
PER_DAY = 1000
BASIS = "Sandbox: made-up people and wells, for trying only"


def document(code: str, name: str, key: dict[str, Any], until: dt.date) -> dict[str, Any]:
    """The document of an agency of the sandbox; ``key`` is a ``public_key`` or a ``jwk``."""
    day = until.isoformat()
    asked = [
        {
            "contract": contract, "purposes": [PURPOSE], "per_day": PER_DAY, "until": day,
            "basis": BASIS,
        }
        for contract in ASKED
    ]  # fmt: skip
    read = [
        {"contract": contract, "purposes": [], "until": day, "basis": BASIS} for contract in READ
    ]
    return {
        "code": code,
        "name": f"Sandbox: {name}",
        "limits": LIMITS,
        "keys": [{"id": f"{code}-1", **key, "until": day}],
        "grants": [*asked, *read],
    }
