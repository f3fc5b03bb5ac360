"""`python -m gateway.ops`: the ops face, port 8002."""

import sys

from bus.process import ending

if __name__ == "__main__":
    ending.at_once(0)  # before all that takes its time to be imported
    from gateway.ops.api import make
    from gateway.run import run

    sys.exit(run("ops", 8002, make))
