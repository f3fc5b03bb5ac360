"""The entrypoints of editors of notices, which the service has beside all others."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from bus.endpoint import serve
from contracts.notify import desk as notices_desk
from services.notify import desk, editors, looking
from services.notify.office import Office


class DeskEntries:
    """What editors ask; `service.Notify` gives it its office and its clock."""

    office: Callable[[Any], Office]
    now: Callable[[], datetime]

    @serve(notices_desk.WHO_AM_I)
    def who_am_i(self, tx):
        username, role = editors.caller(tx.conn, tx.message)
        return {"username": username, "role": role}

    @serve(notices_desk.FORMS)
    def forms(self, tx, *, owner, drafts):
        editors.editor(tx.conn, tx.message)
        return {"forms": desk.forms(tx.conn, owner, drafts=drafts)}

    @serve(notices_desk.READ_FORM)
    def read_form(self, tx, *, id):
        editors.editor(tx.conn, tx.message)
        return desk.form(tx.conn, id)

    @serve(notices_desk.PREVIEW_VERSION)
    def preview_version(self, tx, **asked):
        editors.editor(tx.conn, tx.message)
        return desk.preview(self.office(tx), asked)

    @serve(notices_desk.DRAFT_FORM)
    def draft_form(self, tx, **asked):
        return desk.draft(self.office(tx), editors.editor(tx.conn, tx.message), asked)

    @serve(notices_desk.APPROVE_VERSION)
    def approve_version(self, tx, *, id, version):
        who = editors.approver(tx.conn, tx.message)
        return desk.approve(self.office(tx), who, id, version)

    @serve(notices_desk.WITHDRAW_VERSION)
    def withdraw_version(self, tx, *, id, version):
        return desk.withdraw(self.office(tx), *editors.caller(tx.conn, tx.message), id, version)

    @serve(notices_desk.ARCHIVE_FORM)
    def archive_form(self, tx, *, id):
        return desk.archive(self.office(tx), editors.approver(tx.conn, tx.message), id)

    @serve(notices_desk.PROVIDERS)
    def providers(self, tx):
        editors.editor(tx.conn, tx.message)
        return self.providers_told(tx)

    @serve(notices_desk.PAUSE_PROVIDER)
    def pause_provider(self, tx, *, code):
        desk.pause(tx.conn, editors.editor(tx.conn, tx.message), code)
        return self.providers_told(tx)

    @serve(notices_desk.RESUME_PROVIDER)
    def resume_provider(self, tx, *, code):
        editors.editor(tx.conn, tx.message)
        desk.resume(tx.conn, code)
        return self.providers_told(tx)

    @serve(notices_desk.WEIGH_PROVIDER)
    def weigh_provider(self, tx, *, code, weight):
        desk.weigh(tx.conn, editors.approver(tx.conn, tx.message), code, weight)
        return self.providers_told(tx)

    @serve(notices_desk.FIND_MESSAGES)
    def find_messages(self, tx, **asked):
        return looking.found(self.office(tx), editors.editor(tx.conn, tx.message), asked)

    @serve(notices_desk.REVEAL)
    def reveal(self, tx, *, id, why):
        return looking.revealed(self.office(tx), editors.editor(tx.conn, tx.message), id, why)

    @serve(notices_desk.LOOKS)
    def looks(self, tx, *, before, limit):
        editors.editor(tx.conn, tx.message)
        return looking.looks(tx.conn, before, limit)

    @serve(notices_desk.OPT_OUT)
    def opt_out(self, tx, **asked):
        return desk.opt_out(self.office(tx), editors.editor(tx.conn, tx.message), asked)

    @serve(notices_desk.FIGURES)
    def figures(self, tx, *, hours):
        editors.editor(tx.conn, tx.message)
        return {"hours": looking.figures(tx.conn, self.now(), hours)}

    def providers_told(self, tx: Any) -> dict[str, Any]:
        return {"providers": desk.providers(tx.conn, self.now())}
