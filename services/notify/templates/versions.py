"""Templates of their owners: read, previewed, drafted, approved, withdrawn."""

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql

from bus.database.rows import fetch_all, fetch_one
from bus.envelope import instant
from bus.errors import NotFound, RuleBroken
from contracts.notify import messages as contracts
from contracts.notify.messages import CHANNELS
from services.notify.context import Context, uuid_of
from services.notify.domain import template
from services.notify.domain.template import TRANSITIONS, Texts, VersionAct, VersionState
from services.notify.editors import roles
from services.notify.tables import TEMPLATE_VERSIONS, TEMPLATES
from services.notify.templates.rendering import cost, render

_VERSIONS = select(
    TEMPLATES.c.id,
    TEMPLATES.c.owner,
    TEMPLATES.c.code,
    TEMPLATES.c.channel,
    TEMPLATES.c.name,
    TEMPLATES.c.lane,
    TEMPLATES.c.consent,
    TEMPLATES.c.created_at,
    TEMPLATES.c.archived_at,
    TEMPLATE_VERSIONS.c.version,
    TEMPLATE_VERSIONS.c.texts,
    TEMPLATE_VERSIONS.c.unsubscribe,
    TEMPLATE_VERSIONS.c.state,
    TEMPLATE_VERSIONS.c.drafted_by,
    TEMPLATE_VERSIONS.c.drafted_at,
    TEMPLATE_VERSIONS.c.approved_by,
    TEMPLATE_VERSIONS.c.approved_at,
).join(TEMPLATE_VERSIONS, TEMPLATE_VERSIONS.c.template == TEMPLATES.c.id)


@dataclass(frozen=True, slots=True)
class TemplateVersion:
    """One form of a template (its text for one channel) at one version."""

    id: UUID
    owner: str
    code: str
    channel: str
    name: str
    lane: str
    consent: str
    created_at: dt.datetime
    archived_at: dt.datetime | None
    version: int
    texts: Texts
    unsubscribe: bool
    state: VersionState
    drafted_by: str
    drafted_at: dt.datetime
    approved_by: str | None
    approved_at: dt.datetime | None


def _is_newest(*states: VersionState) -> ColumnElement[bool]:
    """The condition that a version is the newest of its form in one of these states."""
    newer = TEMPLATE_VERSIONS.alias("newer")
    newest = select(func.max(newer.c.version)).where(
        newer.c.template == TEMPLATES.c.id, newer.c.state.in_(states)
    )
    return TEMPLATE_VERSIONS.c.version == newest.scalar_subquery()


IN_FORCE = _is_newest("APPROVED")
NOT_WITHDRAWN = _is_newest("DRAFT", "APPROVED")


# --- reading ---


def forms(conn: Connection, owner: str, names: Iterable[str]) -> list[TemplateVersion]:
    """The forms in force of an owner, of these templates; a name is a code or the ID of a form."""
    codes = list(set(names))
    ids = [id_ for name in codes if (id_ := uuid_of(name))]
    query = _VERSIONS.where(
        TEMPLATES.c.owner == owner,
        TEMPLATES.c.archived_at.is_(None),
        or_(TEMPLATES.c.code.in_(codes), TEMPLATES.c.id.in_(ids)),
        IN_FORCE,
    )
    return fetch_all(conn, TemplateVersion, query)


def forms_of(
    conn: Connection, owner: str, name: str, channel: str | None = None
) -> list[TemplateVersion]:
    """The forms in force of one template (its code, or the ID of one form), in the order of
    channels. NotFound ``template.not_found``.
    """
    rows = [
        row
        for row in forms(conn, owner, [name])
        if (row.code == name or row.id == uuid_of(name)) and channel in (None, row.channel)
    ]
    if not rows:
        raise not_found()
    return sorted(rows, key=lambda row: CHANNELS.index(row.channel))


def not_found() -> NotFound:
    """The refusal of a name that names no template in force of the asker's."""
    return NotFound(
        "There is no such template in force; compare its code and its channel.",
        code="template.not_found",
    )


def load_version(
    conn: Connection, id_: UUID | None, version: int | None, owner: str | None = None
) -> TemplateVersion:
    """One form at a version (None: the newest approved one). NotFound ``template.not_found``."""
    query = _VERSIONS.where(TEMPLATES.c.id == id_)
    if owner is not None:
        query = query.where(TEMPLATES.c.owner == owner)
    at_version = IN_FORCE if version is None else TEMPLATE_VERSIONS.c.version == version
    row = fetch_one(conn, TemplateVersion, query.where(at_version))
    if row is None:
        raise not_found()
    return row


def list_versions(
    conn: Connection, owner: str, channel: str | None = None, *, drafts: bool = False
) -> list[TemplateVersion]:
    """The templates of an owner that are in force; with ``drafts`` the newest version of each."""
    query = _VERSIONS.where(TEMPLATES.c.owner == owner, TEMPLATES.c.archived_at.is_(None))
    if channel is not None:
        query = query.where(TEMPLATES.c.channel == channel)
    query = query.where(NOT_WITHDRAWN if drafts else IN_FORCE)
    query = query.order_by(TEMPLATES.c.owner, TEMPLATES.c.code, TEMPLATES.c.channel)
    return fetch_all(conn, TemplateVersion, query)


def template_reply(row: TemplateVersion) -> contracts.Template:
    """A template as the contract shows it."""
    return contracts.Template(
        id=str(row.id),
        owner=row.owner,
        code=row.code,
        channel=row.channel,
        name=row.name,
        lane=row.lane,
        consent=row.consent,
        version=row.version,
        state=row.state,
        texts=texts_reply(row.texts),
        placeholders=tuple(template.placeholders(written(row.texts))),
        drafted_by=row.drafted_by,
        approved_by=row.approved_by,
        created_at=instant(row.created_at),
        updated_at=instant(row.approved_at or row.drafted_at) if row.version > 1 else None,
        archived=row.archived_at is not None,
        unsubscribe=row.unsubscribe,
    )


def texts_reply(texts: Texts) -> dict[str, contracts.Texts]:
    """Texts as the contract shows them."""
    return {
        language: contracts.Texts(subject=text.get("subject"), body=text["body"])
        for language, text in texts.items()
    }


def written(texts: Texts) -> list[str]:
    """All that is written in a version's texts."""
    return [part for text in texts.values() for part in (text.get("subject"), text["body"]) if part]


# --- previews ---


def preview_template(
    context: Context, owner: str, request: contracts.Preview
) -> contracts.MessagePreview:
    """A form of an owner with its values, and what it costs today."""
    row = forms_of(context.conn, owner, request.template, request.channel)[0]
    if request.version is not None:
        row = load_version(context.conn, row.id, request.version, owner)
    return preview(context, row, request.language, request.personalisation)


def preview(
    context: Context, row: TemplateVersion, language: str, values: template.Values
) -> contracts.MessagePreview:
    """One form at one version with its values."""
    rendered = render(context.book, row, language, values)
    counted = rendered.sms
    return contracts.MessagePreview(
        template=contracts.TemplateOf(id=str(row.id), code=row.code, version=row.version),
        channel=row.channel,
        subject=rendered.subject,
        body=rendered.body,
        html=rendered.html,
        encoding=counted.encoding if counted else None,
        units=counted.units if counted else None,
        parts=counted.parts if counted else None,
        cost_rials=cost(context.book, counted, context.now),
    )


# --- drafting and approving ---


def draft(
    conn: Connection, now: dt.datetime, owner: str, author: str, request: contracts.DraftTemplate
) -> TemplateVersion:
    """Draft a new version. RuleBroken ``template.fixed``: lane and consent of a template stay as
    they were approved first.
    """
    id_, lane, consent = _locked_form(conn, now, owner, request)
    if (lane, consent) != (request.lane, request.consent):
        raise RuleBroken(
            f"This template is {lane} and {consent} and stays so; draft one of another code.",
            code="template.fixed",
        )
    texts = {
        language: {"subject": text.subject, "body": text.body}
        for language, text in request.texts.items()
    }
    newest = select(func.coalesce(func.max(TEMPLATE_VERSIONS.c.version), 0) + 1).where(
        TEMPLATE_VERSIONS.c.template == id_
    )
    version = conn.execute(
        insert(TEMPLATE_VERSIONS)
        .values(
            template=id_,
            version=newest.scalar_subquery(),
            texts=texts,
            unsubscribe=request.unsubscribe,
            drafted_by=author,
            drafted_at=now,
        )
        .returning(TEMPLATE_VERSIONS.c.version)
    ).scalar_one()
    return load_version(conn, id_, version)


def _locked_form(
    conn: Connection, now: dt.datetime, owner: str, request: contracts.DraftTemplate
) -> tuple[UUID, str, str]:
    """ID, lane and consent of the form, made if it is new, and locked."""
    statement = postgresql.insert(TEMPLATES).values(
        id=uuid.uuid4(),
        owner=owner,
        code=request.code,
        channel=request.channel,
        name=request.name,
        lane=request.lane,
        consent=request.consent,
        created_at=now,
    )
    row = conn.execute(
        statement.on_conflict_do_update(
            index_elements=[TEMPLATES.c.owner, TEMPLATES.c.code, TEMPLATES.c.channel],
            set_={"name": statement.excluded.name, "archived_at": None},
        ).returning(TEMPLATES.c.id, TEMPLATES.c.lane, TEMPLATES.c.consent)
    ).one()
    return row[0], row[1], row[2]


def approve(context: Context, id_: str, version: int, approver: str) -> TemplateVersion:
    """Put a draft in force; its author cannot. The version as it is now.

    NotFound ``template.not_found``; Forbidden ``notices.same_person``; RuleBroken
    ``template.move``.
    """
    key = uuid_of(id_)
    approve_version(context.conn, context.now, key, version, approver)
    return load_version(context.conn, key, version)


def approve_version(
    conn: Connection, now: dt.datetime, id_: UUID | None, version: int, approver: str
) -> None:
    """As ``approve``, without a context: for the command that imports Mirab's own templates."""
    row, state = _decide(conn, id_, version, "approve")
    roles.second(approver, row.drafted_by)
    changes = {"state": state, "approved_by": approver, "approved_at": now}
    conn.execute(update(TEMPLATE_VERSIONS).where(_same(row)).values(changes))


def withdraw(context: Context, id_: str, version: int, editor: str | None = None) -> None:
    """Withdraw a version, a draft or one in force: the approved one before it counts again.

    NotFound ``template.not_found``; RuleBroken ``template.move``.
    """
    row, state = _decide(context.conn, uuid_of(id_), version, "withdraw")
    changes = {"state": state, "withdrawn_by": editor}
    context.conn.execute(update(TEMPLATE_VERSIONS).where(_same(row)).values(changes))


def _decide(
    conn: Connection, id_: UUID | None, version: int, act: VersionAct
) -> tuple[TemplateVersion, VersionState]:
    """The version, its form locked, and its state after the act."""
    conn.execute(select(TEMPLATES.c.id).where(TEMPLATES.c.id == id_).with_for_update())
    row = load_version(conn, id_, version)
    return row, TRANSITIONS.transition(row.state, act)


def _same(row: TemplateVersion) -> ColumnElement[bool]:
    return (TEMPLATE_VERSIONS.c.template == row.id) & (TEMPLATE_VERSIONS.c.version == row.version)


def import_forms(  # noqa: PLR0913 - what is imported, when, by whom
    conn: Connection,
    now: dt.datetime,
    requests: Sequence[contracts.DraftTemplate],
    author: str,
    approver: str,
    owner: str,
) -> int:
    """Put forms in force that are new or have another text now; how many."""
    count = 0
    current = {(row.code, row.channel): row for row in list_versions(conn, owner)}
    for request in requests:
        row = current.get((request.code, request.channel))
        if row is not None and _is_same(row, request):
            continue
        drafted = draft(conn, now, owner, author, request)
        approve_version(conn, now, drafted.id, drafted.version, approver)
        count += 1
    return count


def _is_same(row: TemplateVersion, request: contracts.DraftTemplate) -> bool:
    same_texts = texts_reply(row.texts) == dict(request.texts)
    return same_texts and row.unsubscribe == request.unsubscribe
