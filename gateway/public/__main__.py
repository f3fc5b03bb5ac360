"""`python -m gateway.public`: the public face, port 8000."""

import sys

from bus.process import ending

if __name__ == "__main__":
    ending.at_once(0)  # before all that takes its time to be imported
    from gateway.public.api import make
    from gateway.run import run

    sys.exit(run("public", 8000, make))
