"""`python -m gateway.desk`: the desk of colleagues, port 8004."""

import sys

from gateway.desk.api import make
from gateway.run import run

if __name__ == "__main__":
    sys.exit(run("desk", 8004, make))
