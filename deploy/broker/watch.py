"""`python -m deploy.broker.watch`: the part agency-rights, which keeps the brokers in line."""

import sys

from bus.process import ending
from bus.process.private import own_files_only

if __name__ == "__main__":
    ending.at_once(0)  # before all that takes its time to be imported
    own_files_only()
    from deploy.broker.keeper import main

    sys.exit(main())
