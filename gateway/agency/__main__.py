"""`python -m gateway.agency`: the agency face, port 8001."""

import sys

from bus.process import ending

if __name__ == "__main__":
    ending.at_once(0)  # before all that takes its time to be imported
    from gateway.agency.api import PORT, make
    from gateway.run import run

    sys.exit(run("agency", PORT, make))
