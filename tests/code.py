"""`python -m tests.code TEXT…` runs a text, as `python -c` does, in a process that is forked."""

import sys

if __name__ == "__main__":
    del sys.argv[0]
    exec(sys.argv[0], {"__name__": "__main__"})
