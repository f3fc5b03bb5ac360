"""The entrypoints of templates: those of their owners, and those of editors."""

from bus.database.store import Tx
from bus.endpoint import serve
from contracts.notify import desk, messages
from services.notify.context import Entrypoints, uuid_of
from services.notify.editors import roles
from services.notify.templates import editing, versions


class TemplateEntrypoints(Entrypoints):
    """Templates: drafted, previewed, approved and read."""

    # --- for their owners ---

    @serve(messages.PREVIEW)
    def preview(self, tx: Tx, message: messages.Preview) -> messages.MessagePreview:
        context = self.context(tx)
        return versions.preview_template(context, context.owner, message)

    @serve(messages.TEMPLATES)
    def templates(self, tx: Tx, message: messages.ListTemplates) -> messages.Templates:
        owner = self.context(tx).owner
        rows = versions.list_versions(tx.conn, owner, message.channel, drafts=message.drafts)
        return messages.Templates(templates=tuple(versions.template_reply(row) for row in rows))

    @serve(messages.TEMPLATE)
    def template(self, tx: Tx, message: messages.ReadTemplate) -> messages.Template:
        owner = self.context(tx).owner
        row = versions.load_version(tx.conn, uuid_of(message.id), message.version, owner)
        return versions.template_reply(row)

    @serve(messages.DRAFT_TEMPLATE)
    def draft_template(self, tx: Tx, message: messages.DraftTemplate) -> messages.Template:
        context = self.context(tx)
        owner = context.owner
        return versions.template_reply(versions.draft(tx.conn, context.now, owner, owner, message))

    # --- for editors ---

    @serve(desk.FORMS)
    def forms(self, tx: Tx, message: desk.ListForms) -> desk.FormRows:
        roles.editor(tx.conn, tx.envelope)
        return editing.list_forms(tx.conn, message.owner, drafts=message.drafts)

    @serve(desk.READ_FORM)
    def read_form(self, tx: Tx, message: desk.OneForm) -> desk.FormVersions:
        roles.editor(tx.conn, tx.envelope)
        return editing.form_with_versions(tx.conn, message.id)

    @serve(desk.PREVIEW_VERSION)
    def preview_version(self, tx: Tx, message: desk.PreviewVersion) -> messages.MessagePreview:
        roles.editor(tx.conn, tx.envelope)
        return editing.preview(self.context(tx), message)

    @serve(desk.DRAFT_FORM)
    def draft_form(self, tx: Tx, message: messages.DraftTemplate) -> desk.FormVersions:
        editor = roles.editor(tx.conn, tx.envelope)
        return editing.draft(self.context(tx), editor, message)

    @serve(desk.APPROVE_VERSION)
    def approve_version(self, tx: Tx, message: desk.OneVersion) -> desk.FormVersions:
        approver = roles.approver(tx.conn, tx.envelope)
        return editing.approve(self.context(tx), approver, message.id, message.version)

    @serve(desk.WITHDRAW_VERSION)
    def withdraw_version(self, tx: Tx, message: desk.WithdrawVersion) -> desk.FormVersions:
        editor, role = roles.caller(tx.conn, tx.envelope)
        return editing.withdraw(self.context(tx), editor, role, message)

    @serve(desk.ARCHIVE_FORM)
    def archive_form(self, tx: Tx, message: desk.OneForm) -> desk.FormVersions:
        approver = roles.approver(tx.conn, tx.envelope)
        return editing.archive(self.context(tx), approver, message.id)
