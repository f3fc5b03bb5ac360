"""The entrypoints of editors about themselves: their role, and the log of looks."""

from bus.endpoint import serve
from contracts.notify import desk
from services.notify.editors import looks, roles


class EditorEntrypoints:
    """Who asks, and who read personal data."""

    @serve(desk.WHO_AM_I)
    def who_am_i(self, tx):
        username, role = roles.caller(tx.conn, tx.envelope)
        return {"username": username, "role": role}

    @serve(desk.LOOKS)
    def looks(self, tx, *, before, limit):
        roles.editor(tx.conn, tx.envelope)
        return looks.looks(tx.conn, before, limit)
