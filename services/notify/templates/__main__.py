"""Put templates of a file in force: `python -m services.notify.templates`."""

import sys

from bus.process.private import own_files_only
from services.notify.templates.versions import main

if __name__ == "__main__":
    own_files_only()
    sys.exit(main())
