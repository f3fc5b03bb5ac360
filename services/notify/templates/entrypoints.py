"""The entrypoints of templates: those of their owners, and those of editors."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from bus.endpoint import serve
from contracts.notify import desk, messages
from services.notify.context import Office, owner_of
from services.notify.editors import roles
from services.notify.templates import editing, versions


class TemplateEntrypoints:
    """Templates: drafted, previewed, approved and read."""

    office: Callable[[Any], Office]
    now: Callable[[], datetime]

    @serve(messages.PREVIEW)
    def preview(self, tx, **asked):
        return versions.previewed(self.office(tx), owner_of(tx.envelope), asked)

    @serve(messages.TEMPLATES)
    def templates(self, tx, *, channel, drafts):
        told = versions.listed(tx.conn, owner_of(tx.envelope), channel, drafts=drafts)
        return {"templates": told}

    @serve(messages.TEMPLATE)
    def template(self, tx, *, id, version):
        return versions.told(versions.version_of(tx.conn, id, version, owner_of(tx.envelope)))

    @serve(messages.DRAFT_TEMPLATE)
    def draft_template(self, tx, **asked):
        owner = owner_of(tx.envelope)
        return versions.told(versions.draft(tx.conn, self.now(), owner, owner, asked))

    @serve(desk.FORMS)
    def forms(self, tx, *, owner, drafts):
        roles.editor(tx.conn, tx.envelope)
        return {"forms": editing.forms(tx.conn, owner, drafts=drafts)}

    @serve(desk.READ_FORM)
    def read_form(self, tx, *, id):
        roles.editor(tx.conn, tx.envelope)
        return editing.form(tx.conn, id)

    @serve(desk.PREVIEW_VERSION)
    def preview_version(self, tx, **asked):
        roles.editor(tx.conn, tx.envelope)
        return editing.preview(self.office(tx), asked)

    @serve(desk.DRAFT_FORM)
    def draft_form(self, tx, **asked):
        return editing.draft(self.office(tx), roles.editor(tx.conn, tx.envelope), asked)

    @serve(desk.APPROVE_VERSION)
    def approve_version(self, tx, *, id, version):
        who = roles.approver(tx.conn, tx.envelope)
        return editing.approve(self.office(tx), who, id, version)

    @serve(desk.WITHDRAW_VERSION)
    def withdraw_version(self, tx, *, id, version):
        return editing.withdraw(self.office(tx), *roles.caller(tx.conn, tx.envelope), id, version)

    @serve(desk.ARCHIVE_FORM)
    def archive_form(self, tx, *, id):
        return editing.archive(self.office(tx), roles.approver(tx.conn, tx.envelope), id)
