"""`python -m gateway.desk`: the desk of colleagues, port 8004."""

import sys

from bus.process import ending

if __name__ == "__main__":
    ending.at_once(0)  # before all that takes its time to be imported
    from gateway.desk.api import make
    from gateway.run import run

    sys.exit(run("desk", 8004, make))
