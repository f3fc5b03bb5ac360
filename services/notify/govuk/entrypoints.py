"""The entrypoints of the Notify API and of letters on paper, beside the service's others."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from bus.blobs import Blobs
from bus.database.store import Store
from bus.endpoint import every, serve
from bus.foreign.clamd import Clamd
from bus.settings import Settings
from contracts.notify import govnotify
from services.notify.context import Office
from services.notify.editors import roles
from services.notify.govuk import letters, notifications, tokens, virus_scan


class GovukEntrypoints:
    """What the face of the Notify API asks, and who prints letters."""

    office: Callable[[Any], Office]
    settings: Settings
    store: Store

    @serve(govnotify.AUTHENTICATE)
    def authenticate(self, tx, **asked):
        office = self.office(tx)
        use = tokens.Use(**asked)
        told = tokens.authenticated(tx.conn, office.keys, use, office.now, office.members)
        return {**told, "from_email": office.book.contact["email"]}

    @serve(govnotify.API_SEND)
    def api_send(self, tx, **asked):
        return notifications.send(self.office(tx), notifications.Asker.of(tx.envelope), asked)

    @serve(govnotify.API_MESSAGE)
    def api_message(self, tx, *, id):
        return notifications.read(self.office(tx), notifications.Asker.of(tx.envelope), id)

    @serve(govnotify.API_MESSAGES)
    def api_messages(self, tx, **asked):
        return notifications.listed(self.office(tx), notifications.Asker.of(tx.envelope), asked)

    @serve(govnotify.PRINT_QUEUE)
    def print_queue(self, tx, *, limit):
        who = roles.editor(tx.conn, tx.envelope)
        return letters.queue(self.office(tx), who, limit)

    @serve(govnotify.LETTERS_PRINTED)
    def letters_printed(self, tx, *, ids):
        roles.editor(tx.conn, tx.envelope)
        return letters.printed(self.office(tx), ids)

    @every(2)
    def scan_letters(self):
        folder = Path(self.settings.text("BLOBS_DIR")) / govnotify.LETTERS
        address = self.settings.get("CLAMD_ADDRESS")
        scanner = Clamd(address) if address else None
        virus_scan.scan(self.store, self.office, scanner, Blobs(folder))

    @every(3600)
    def sweep_letters(self):
        folder = Path(self.settings.text("BLOBS_DIR")) / govnotify.LETTERS
        letters.sweep(self.store, Blobs(folder))
