"""`python -m gateway.public`: the public face, port 8000."""

import sys

from gateway.public.api import make
from gateway.run import run

if __name__ == "__main__":
    sys.exit(run("public", 8000, make))
