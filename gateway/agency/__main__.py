"""`python -m gateway.agency`: the agency face, port 8001."""

import sys

from gateway.agency.api import PORT, make
from gateway.run import run

if __name__ == "__main__":
    sys.exit(run("agency", PORT, make))
