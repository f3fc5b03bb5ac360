"""`python -m services.ticketing.incoming_mail.server`: the mailroom, port 8025."""

import sys

from bus.process import ending
from bus.process.private import own_files_only

if __name__ == "__main__":
    ending.at_once(0)  # before all that takes its time to be imported
    own_files_only()
    from services.ticketing.incoming_mail.mailroom import main

    sys.exit(main())
