"""Name editors of notices: `python -m services.notify.editors`."""

import sys

from bus.process.private import own_files_only
from services.notify.editors.roles import main

if __name__ == "__main__":
    own_files_only()
    sys.exit(main("python -m services.notify.editors"))
