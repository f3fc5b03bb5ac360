"""Templates of all owners as editors see and change them: list, versions, approval, archive."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, select, text, update

from bus.database.rows import fetch_all
from bus.envelope import instant
from bus.errors import NotFound
from contracts.notify.desk import (
    FormRow,
    FormRows,
    FormVersions,
    PreviewVersion,
    Version,
    WithdrawVersion,
)
from contracts.notify.messages import DraftTemplate, MessagePreview
from services.notify.context import Context, uuid_of
from services.notify.domain import template
from services.notify.domain.template import OURS, Texts, VersionState
from services.notify.editors import outcomes, roles
from services.notify.editors.outcomes import Proposal
from services.notify.tables import TEMPLATE_VERSIONS, TEMPLATES
from services.notify.templates import versions
from services.notify.templates.versions import TemplateVersion

VERSIONS_MOST = 30
# Each form beside its newest version and its version in force: lateral joins.
_FORMS = text("""
select t.id, t.owner, t.code, t.channel, t.name, t.lane, t.consent, t.archived_at,
    n.version, n.state, n.drafted_by, n.drafted_at, f.version as in_force
from templates t
join lateral (select * from template_versions v where v.template = t.id
    order by v.version desc limit 1) n on true
left join lateral (select max(v.version) as version from template_versions v
    where v.template = t.id and v.state = 'APPROVED') f on true
where (cast(:id as uuid) is null or t.id = :id)
    and (cast(:owner as text) is null or t.owner = :owner)
    and (not :drafts or (n.state = 'DRAFT' and t.archived_at is null))
order by t.archived_at is not null, n.state = 'DRAFT' desc, t.owner, t.code, t.channel
""")


@dataclass(frozen=True, slots=True)
class ListedForm:
    """A form by its newest version; ``in_force`` is the version that messages are made of."""

    id: UUID
    owner: str
    code: str
    channel: str
    name: str
    lane: str
    consent: str
    archived_at: dt.datetime | None
    version: int
    state: VersionState
    drafted_by: str
    drafted_at: dt.datetime
    in_force: int | None


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One version of a form."""

    version: int
    state: VersionState
    texts: Texts
    unsubscribe: bool
    drafted_by: str
    drafted_at: dt.datetime
    approved_by: str | None
    approved_at: dt.datetime | None
    withdrawn_by: str | None


def list_forms(conn: Connection, owner: str | None, *, drafts: bool) -> FormRows:
    """The forms of one owner or of all; with ``drafts`` only those that wait for approval."""
    return FormRows(forms=tuple(_form_row(row) for row in _forms(conn, None, owner, drafts)))


def _forms(
    conn: Connection, id_: UUID | None, owner: str | None, drafts: bool
) -> Sequence[ListedForm]:
    values = {"id": id_, "owner": owner, "drafts": drafts}
    return fetch_all(conn, ListedForm, _FORMS, values)


def form_with_versions(conn: Connection, id_: str) -> FormVersions:
    """A form with its newest versions. NotFound ``template.not_found``."""
    row = _form(conn, id_)
    query = (
        select(*(TEMPLATE_VERSIONS.c[name] for name in VersionRow.__dataclass_fields__))
        .where(TEMPLATE_VERSIONS.c.template == row.id)
        .order_by(TEMPLATE_VERSIONS.c.version.desc())
        .limit(VERSIONS_MOST)
    )
    rows = fetch_all(conn, VersionRow, query)
    return FormVersions(
        **vars(_form_row(row)), versions=tuple(_version(version) for version in rows)
    )


def _form(conn: Connection, id_: str) -> ListedForm:
    key = uuid_of(id_)
    rows = _forms(conn, key, None, False) if key else []
    if not rows:
        raise NotFound("There is no such template; read the list again.", code="template.not_found")
    return rows[0]


def _form_row(row: ListedForm) -> FormRow:
    return FormRow(
        id=str(row.id),
        owner=row.owner,
        code=row.code,
        channel=row.channel,
        name=row.name,
        lane=row.lane,
        consent=row.consent,
        archived=row.archived_at is not None,
        version=row.version,
        state=row.state,
        in_force=row.in_force,
        drafted_by=row.drafted_by,
        drafted_at=instant(row.drafted_at),
    )


def _version(row: VersionRow) -> Version:
    return Version(
        version=row.version,
        state=row.state,
        texts=versions.texts_reply(row.texts),
        placeholders=tuple(template.placeholders(versions.written(row.texts))),
        drafted_by=row.drafted_by,
        drafted_at=instant(row.drafted_at),
        approved_by=row.approved_by,
        approved_at=instant(row.approved_at),
        withdrawn_by=row.withdrawn_by,
        unsubscribe=row.unsubscribe,
    )


def preview(context: Context, request: PreviewVersion) -> MessagePreview:
    """One version with values, whoever owns it."""
    row = versions.load_version(context.conn, uuid_of(request.id), request.version)
    return versions.preview(context, row, request.language, request.personalisation)


def draft(context: Context, editor: str, request: DraftTemplate) -> FormVersions:
    """Draft a new version of a template of Mirab's own."""
    row = versions.draft(context.conn, context.now, OURS, editor, request)
    return form_with_versions(context.conn, str(row.id))


def approve(context: Context, approver: str, id_: str, version: int) -> FormVersions:
    """Put a draft in force. Forbidden ``notices.same_person``."""
    row = versions.approve(context, id_, version, approver)
    _tell(context, row, approver, accepted=True)
    return form_with_versions(context.conn, id_)


def withdraw(context: Context, editor: str, role: str, message: WithdrawVersion) -> FormVersions:
    """Withdraw a version: a draft by any editor, one in force by an approver, as it stops
    messages. Forbidden ``notices.not_an_approver``.
    """
    row = versions.load_version(context.conn, uuid_of(message.id), message.version)
    if row.state == "APPROVED":
        roles.may_approve(role)
    versions.withdraw(context, message.id, message.version, editor)
    _tell(context, row, editor, accepted=False, reason=message.why)
    return form_with_versions(context.conn, message.id)


def _tell(
    context: Context,
    row: TemplateVersion,
    decider: str,
    *,
    accepted: bool,
    reason: str | None = None,
) -> None:
    """Tell the editor who wrote a version of ours; an agency sees the state of its own."""
    if row.owner == OURS:
        proposal = Proposal("template", str(row.id), row.drafted_by, row.name)
        outcomes.tell(context, proposal, decider, accepted=accepted, reason=reason)


def archive(context: Context, editor: str, id_: str) -> FormVersions:
    """Archive a form: no message is made of it any more; accepted ones go out still. A later draft
    revives nothing: its versions are withdrawn, and a new one needs its approval.
    """
    row = _form(context.conn, id_)
    context.conn.execute(
        update(TEMPLATES)
        .where(TEMPLATES.c.id == row.id)
        .values(archived_at=context.now, archived_by=editor)
    )
    context.conn.execute(
        update(TEMPLATE_VERSIONS)
        .where(TEMPLATE_VERSIONS.c.template == row.id, TEMPLATE_VERSIONS.c.state != "WITHDRAWN")
        .values(state="WITHDRAWN", withdrawn_by=editor)
    )
    return form_with_versions(context.conn, id_)
