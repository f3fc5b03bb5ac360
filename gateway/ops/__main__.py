"""`python -m gateway.ops`: the ops face, port 8002."""

import sys

from gateway.ops.api import make
from gateway.run import run

if __name__ == "__main__":
    sys.exit(run("ops", 8002, make))
