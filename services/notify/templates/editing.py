"""Templates of all owners as editors see and change them: list, versions, approval, archive."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, text

from bus.envelope import instant
from bus.errors import NotFound
from services.notify.context import Office, uuid_of
from services.notify.domain import template
from services.notify.domain.template import OURS, Values
from services.notify.editors import roles
from services.notify.templates import versions as templates

VERSIONS_MOST = 30
FORMS = """
select t.*, n.version, n.state, n.drafted_by, n.drafted_at, f.version as in_force
from templates t
join lateral (select * from template_versions v where v.template = t.id
    order by v.version desc limit 1) n on true
left join lateral (select max(v.version) as version from template_versions v
    where v.template = t.id and v.state = 'APPROVED') f on true
where (cast(:id as uuid) is null or t.id = :id)
    and (cast(:owner as text) is null or t.owner = :owner)
    and (not :drafts or (n.state = 'DRAFT' and t.archived_at is null))
order by t.archived_at is not null, n.state = 'DRAFT' desc, t.owner, t.code, t.channel
"""
VERSIONS = text(
    "select * from template_versions where template = :id order by version desc limit :most"
)


def forms(conn: Connection, owner: str | None, *, drafts: bool) -> list[dict[str, Any]]:
    """The FormRows: of one owner or of all; with ``drafts`` only those that wait."""
    rows = conn.execute(text(FORMS), {"id": None, "owner": owner, "drafts": drafts})
    return [_form_told(row) for row in rows]


def form(conn: Connection, id_: str) -> dict[str, Any]:
    """A FormVersions. NotFound ``template.not_found``."""
    known = uuid_of(id_)
    asked = {"id": known, "owner": None, "drafts": False}
    row = conn.execute(text(FORMS), asked).first() if known else None
    if row is None:
        raise NotFound("There is no such template; read the list again.", code="template.not_found")
    versions = conn.execute(VERSIONS, {"id": known, "most": VERSIONS_MOST})
    return {**_form_told(row), "versions": [_version_told(version) for version in versions]}


def _form_told(row: Any) -> dict[str, Any]:
    return {
        **{name: row._mapping[name] for name in ("owner", "code", "channel", "name", "lane")},
        **{name: row._mapping[name] for name in ("consent", "version", "state", "in_force")},
        "id": str(row.id),
        "archived": row.archived_at is not None,
        "drafted_by": row.drafted_by,
        "drafted_at": instant(row.drafted_at),
    }


def _version_told(row: Any) -> dict[str, Any]:
    return {
        **{name: row._mapping[name] for name in ("version", "state", "texts", "drafted_by")},
        "placeholders": template.placeholders(templates.written(row.texts)),
        "drafted_at": instant(row.drafted_at),
        "approved_by": row.approved_by,
        "approved_at": instant(row.approved_at),
        "withdrawn_by": row.withdrawn_by,
    }


def preview(office: Office, asked: Mapping[str, Any]) -> dict[str, Any]:
    """A Previewed of one version, whoever owns it."""
    row = templates.version_of(office.conn, asked["id"], asked["version"])
    values: Values = asked["personalisation"]
    return templates.preview(office, row, asked["language"], values)


def draft(office: Office, who: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """A new version of a template of Mirab's own, as a FormVersions."""
    row = templates.draft(office.conn, office.now, OURS, who, asked)
    return form(office.conn, str(row.id))


def approve(office: Office, who: str, id_: str, version: int) -> dict[str, Any]:
    """A draft in force, as a FormVersions. Forbidden ``notices.same_person``."""
    templates.approve(office, id_, version, who)
    return form(office.conn, id_)


def withdraw(office: Office, who: str, role: str, id_: str, version: int) -> dict[str, Any]:
    """A version taken back: a draft by any editor, one in force by an approver, as it stops
    messages. Forbidden ``notices.not_an_approver``.
    """
    row = templates.version_of(office.conn, id_, version)
    if row.state == "APPROVED":
        roles.may_approve(role)
    templates.withdraw(office, id_, version)
    office.conn.execute(
        text(
            "update template_versions set withdrawn_by = :who where template = :id "
            "and version = :version"
        ),
        {"who": who, "id": row.id, "version": version},
    )
    return form(office.conn, id_)


def archive(office: Office, who: str, id_: str) -> dict[str, Any]:
    """A form of which no message is made any more; what was accepted goes out still. Who drafts
    it again revives nothing: its versions are withdrawn, and a new one needs its approval.
    """
    found = form(office.conn, id_)
    office.conn.execute(
        text(
            "update templates set archived_at = :now, archived_by = :who where id = :id "
            "and archived_at is null"
        ),
        {"id": found["id"], "now": office.now, "who": who},
    )
    office.conn.execute(
        text(
            "update template_versions set state = 'WITHDRAWN', withdrawn_by = :who "
            "where template = :id and state <> 'WITHDRAWN'"
        ),
        {"id": found["id"], "who": who},
    )
    return form(office.conn, id_)
