"""A mail server for one machine: takes every letter and puts it into the folder of its receiver.

It plays the organisation's own mail server in `make up`; nothing leaves this machine.
"""

import signal
import sys
from pathlib import Path

from aiosmtpd.controller import Controller

from bus.process.private import own_files_only
from bus.settings import MissingSettings, Settings


class Mailboxes:
    """One folder a receiver; a letter is a file, numbered as it came."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def handle_DATA(self, _server: object, _session: object, envelope: object) -> str:  # noqa: N802 - aiosmtpd's name
        content: bytes = envelope.original_content  # type: ignore[attr-defined]
        for receiver in envelope.rcpt_tos:  # type: ignore[attr-defined]
            folder = self._folder / receiver.lower().replace("/", "_")
            folder.mkdir(parents=True, exist_ok=True)
            name = f"{len(list(folder.iterdir())) + 1:05}.eml"
            (folder / name).write_bytes(content)
        return "250 OK"


def main() -> int:
    """Takes letters until SIGTERM."""
    settings = Settings()
    try:
        folder, port = Path(settings.text("MAILBOX_DIR")), settings.whole("MAILBOX_PORT")
    except MissingSettings as error:
        print(f"The mailboxes cannot start: {error}", file=sys.stderr)
        return 1
    host = settings.text("HOST", "127.0.0.1")
    controller = Controller(Mailboxes(folder), hostname=host, port=port)
    controller.start()
    try:
        signal.sigwait({signal.SIGTERM, signal.SIGINT})
    finally:
        controller.stop()
    return 0


if __name__ == "__main__":
    own_files_only()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    sys.exit(main())
