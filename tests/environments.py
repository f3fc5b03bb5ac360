"""Keys, secrets and settings as `make up` makes them."""

import base64
import functools
import tempfile
from pathlib import Path

from tests.processes import ROOT, run_programs


@functools.cache
def signing_key():
    """A private key as `make up` makes it, the same in all houses of a run."""
    with tempfile.TemporaryDirectory() as folder:
        key = Path(folder) / "signing.pem"
        run_programs({}, ("connector", "keygen", "--out", str(key)))
        return key.read_bytes()


METRICS_TOKEN = "the metrics of tests"


# An organisation that is never reached.
NEIGHBOUR = """
[[cities]]
code = "neighbour"
fa = "آبفای همسایه"
en = "Neighbour"
url = "http://127.0.0.1:1/open311/v2"
[cities.services]
illegal_well = { code = "wells" }
"""


def secrets_in(folder):
    """Keys and secrets as `make up` makes them: the environment variables that name them."""
    key = folder / "signing.pem"
    key.touch(0o600)
    key.write_bytes(signing_key())
    cities = folder / "cities.toml"
    cities.write_text(NEIGHBOUR, encoding="utf-8")
    return {
        "FORWARD_CITIES_FILE": str(cities),
        "FORWARD_SANDBOX": "1",
        "INQUIRY_LOG_KEY": base64.b64encode(b"k" * 32).decode(),
        "SIGNING_KEY_FILE": str(key),
        "OPS_KEY_FILE": str(ROOT / "deploy/local/demo_keys/mirab-ops.pem"),
        "IMPORT_DIR": str(folder),
        "TICKETING_KEY": "the pepper of tests",
        "PORTAL_KEY": "the portal of tests",
        "DESK_KEY": "the desk of tests",
        "METRICS_TOKEN": METRICS_TOKEN,
        "BILLING_KEY": "the treasury of tests",
        "NOTIFY_KEY": "the notices of tests",
        "AGENCIES_KEY": "the agencies of tests",
        "REGISTER_KEY_FILE": str(key),
        "NOTIFY_PROVIDERS_FILE": str(ROOT / "deploy/notify/providers.toml"),
        "PSPS_FILE": str(ROOT / "deploy/billing/psps.toml"),
        "PORTAL_URL": "http://127.0.0.1:1",
        "DESK_URL": "http://127.0.0.1:1/desk",
        "BLOBS_DIR": str(folder / "blobs"),
        "OPEN311_KEYS_FILE": str(ROOT / "deploy/open311/keys.toml"),
    }
