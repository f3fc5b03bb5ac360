"""`python -m gateway.notify`: the face compatible with GOV.UK Notify, port 8003."""

import sys

from gateway.notify.api import make
from gateway.run import run

if __name__ == "__main__":
    sys.exit(run("notify", 8003, make, "notify-api"))
