"""`python -m gateway.notify`: the face compatible with GOV.UK Notify, port 8003."""

import sys

from bus.process import ending

if __name__ == "__main__":
    ending.at_once(0)  # before all that takes its time to be imported
    from gateway.notify.api import make
    from gateway.run import run

    sys.exit(run("notify", 8003, make, "notify-api"))
