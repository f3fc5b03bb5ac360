"""Templates, drafted, approved and read; `python -m services.notify.templates` imports."""

import argparse
import datetime as dt
import sys
import tomllib
import uuid
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Connection, text

from bus.database.commands_run import note_command
from bus.database.store import Store
from bus.envelope import instant
from bus.errors import BusError, ContractError, NotFound, RuleBroken
from bus.kinds import Form
from bus.settings import MissingSettings, Settings
from contracts.notify.messages import CHANNELS, DraftTemplate
from services.notify.context import Office, uuid_of
from services.notify.domain import template
from services.notify.domain.template import OURS
from services.notify.editors import roles
from services.notify.templates.rendering import cost, filled

DRAFT = Form("notify.template_form.v1", DraftTemplate)
_FORMS = """
select t.*, v.version, v.texts, v.state, v.drafted_by, v.drafted_at, v.approved_by, v.approved_at
from templates t join template_versions v on v.template = t.id
"""
_NEWEST = """
and v.version = (select max(w.version) from template_versions w where w.template = t.id
    and {states})
"""
IN_FORCE = _NEWEST.format(states="w.state = 'APPROVED'")
_ANY = _NEWEST.format(states="w.state <> 'WITHDRAWN'")


# --- reading ---


def forms(conn: Connection, owner: str, names: Iterable[str]) -> list[Any]:
    """The forms in force of an owner, of these templates; a name is a code or the ID of a form."""
    wanted = set(names)
    return list(
        conn.execute(
            text(
                _FORMS + "where t.owner = :owner and t.archived_at is null and "
                "(t.code = any(:codes) or t.id = any(cast(:ids as uuid[])))" + IN_FORCE
            ),
            {
                "owner": owner,
                "codes": list(wanted),
                "ids": [id_ for name in wanted if (id_ := uuid_of(name))],
            },
        )
    )


def form(conn: Connection, owner: str, name: str, channel: str | None = None) -> list[Any]:
    """The forms in force of one template (its code, or the ID of one form), in the order of
    channels. NotFound ``template.not_found``.
    """
    found = [
        row
        for row in forms(conn, owner, [name])
        if (row.code == name or str(row.id) == uuid_of(name)) and channel in (None, row.channel)
    ]
    if not found:
        raise not_found()
    return sorted(found, key=lambda row: CHANNELS.index(row.channel))


def not_found() -> NotFound:
    return NotFound(
        "There is no such template in force; compare its code and its channel.",
        code="template.not_found",
    )


def version_of(conn: Connection, id_: str, version: int | None, owner: str | None = None) -> Any:
    """One form at a version (None: the newest approved one). NotFound ``template.not_found``."""
    row = conn.execute(
        text(
            _FORMS + "where t.id = :id and (cast(:owner as text) is null or t.owner = :owner)"
            + (IN_FORCE if version is None else "and v.version = :version")
        ),
        {"id": uuid_of(id_), "owner": owner, "version": version},
    ).one_or_none()  # fmt: skip
    if row is None:
        raise not_found()
    return row


def listed(
    conn: Connection, owner: str | None, channel: str | None = None, *, drafts: bool = False
) -> list[dict[str, Any]]:
    """The templates of an owner (None: of all): those in force; with ``drafts`` the newest version
    of each.
    """
    rows = conn.execute(
        text(
            _FORMS + "where (cast(:owner as text) is null or t.owner = :owner) and t.archived_at "
            "is null and (cast(:channel as text) is null or t.channel = :channel)"
            + (_ANY if drafts else IN_FORCE) + "order by t.owner, t.code, t.channel"
        ),
        {"owner": owner, "channel": channel},
    )  # fmt: skip
    return [told(row) for row in rows]


def told(row: Any) -> dict[str, Any]:
    """A Template of contracts/notify/messages.py."""
    return {
        **{name: row._mapping[name] for name in ("owner", "code", "channel", "name", "lane")},
        **{name: row._mapping[name] for name in ("consent", "version", "state", "texts")},
        "id": str(row.id),
        "placeholders": template.placeholders(written(row.texts)),
        "drafted_by": row.drafted_by,
        "approved_by": row.approved_by,
        "created_at": instant(row.created_at),
        "updated_at": instant(row.approved_at or row.drafted_at) if row.version > 1 else None,
        "archived": row.archived_at is not None,
    }


def written(texts: Mapping[str, Any]) -> list[str]:
    """All that stands in a version's texts."""
    return [each for one in texts.values() for each in (one.get("subject"), one["body"]) if each]


# --- filling in ---


def previewed(office: Office, owner: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """A Previewed of what PREVIEW asks: a form filled in, and what it costs today."""
    row = form(office.conn, owner, asked["template"], asked["channel"])[0]
    if asked["version"] is not None:
        row = version_of(office.conn, str(row.id), asked["version"], owner)
    return preview(office, row, asked["language"], asked["personalisation"])


def preview(office: Office, row: Any, language: str, values: template.Values) -> dict[str, Any]:
    """A Previewed of one form at one version."""
    content = filled(office.book, row, language, values)
    counted = content.sms
    return {
        "template": {"id": str(row.id), "code": row.code, "version": row.version},
        "channel": row.channel,
        "subject": content.subject,
        "body": content.body,
        "html": content.html,
        "encoding": counted.encoding if counted else None,
        "units": counted.units if counted else None,
        "parts": counted.parts if counted else None,
        "cost_rials": cost(office.book, counted, office.now),
    }


# --- drafting and approving ---


def draft(
    conn: Connection, now: dt.datetime, owner: str, who: str, asked: Mapping[str, Any]
) -> Any:
    """The row of a new version, a draft; ``asked`` is a DraftTemplate. RuleBroken
    ``template.fixed``: lane and consent of a template stay as they were approved first.
    """
    row = _form_of(conn, now, owner, asked)
    if (row.lane, row.consent) != (asked["lane"], asked["consent"]):
        raise RuleBroken(
            f"This template is {row.lane} and {row.consent} and stays so; draft one of another "
            "code.",
            code="template.fixed",
        )
    version = conn.execute(
        text(
            "insert into template_versions (template, version, texts, drafted_by, drafted_at) "
            "select :id, coalesce(max(version), 0) + 1, cast(:texts as jsonb), :who, :now from "
            "template_versions where template = :id returning version"
        ),
        {"id": row.id, "texts": orjson.dumps(asked["texts"]).decode(), "who": who, "now": now},
    ).scalar_one()
    return version_of(conn, str(row.id), version)


def _form_of(conn: Connection, now: dt.datetime, owner: str, asked: Mapping[str, Any]) -> Any:
    """The form, made if it is new, and locked."""
    return conn.execute(
        text(
            "insert into templates (id, owner, code, channel, name, lane, consent, created_at) "
            "values (:id, :owner, :code, :channel, :name, :lane, :consent, :now) on conflict "
            "(owner, code, channel) do update set name = excluded.name, archived_at = null "
            "returning *"
        ),
        {
            "id": str(uuid.uuid4()), "owner": owner, "now": now,
            **{name: asked[name] for name in ("code", "channel", "name", "lane", "consent")},
        },
    ).one()  # fmt: skip


def approve(office: Office, id_: str, version: int, who: str) -> Any:
    """Puts a draft in force; needs somebody other than who drafted it. The row as it is now.

    NotFound ``template.not_found``; Forbidden ``notices.same_person``; RuleBroken
    ``template.move``.
    """
    return _decide(office.conn, office.now, id_, version, "APPROVED", who)


def withdraw(office: Office, id_: str, version: int) -> Any:
    """Takes a version back, a draft or one in force: the approved one before it counts again.

    NotFound ``template.not_found``; RuleBroken ``template.move``.
    """
    return _decide(office.conn, office.now, id_, version, "WITHDRAWN")


def _decide(  # noqa: PLR0913 - one statement's values
    conn: Connection, now: dt.datetime, id_: str, version: int, state: str, who: str = ""
) -> Any:
    conn.execute(text("select 1 from templates where id = :id for update"), {"id": uuid_of(id_)})
    row = version_of(conn, id_, version)
    allowed = ("DRAFT",) if state == "APPROVED" else ("DRAFT", "APPROVED")
    if row.state not in allowed:
        raise RuleBroken(
            f"This version is {row.state}; read it again.", code="template.move", state=row.state
        )
    if state == "APPROVED":
        roles.second(who, row.drafted_by)
    conn.execute(
        text(
            "update template_versions set state = :state, "
            "approved_by = coalesce(:who, approved_by), "
            "approved_at = case when :state = 'APPROVED' then :now else approved_at end "
            "where template = :id and version = :version"
        ),
        {"state": state, "who": who or None, "now": now, "id": row.id, "version": version},
    )
    return version_of(conn, id_, version)


# --- importing ours ---


def read(path: Path) -> list[dict[str, Any]]:
    """The forms of a file of ours. RuleBroken ``field.wrong`` names what is wrong, OSError."""
    found, faults = [], []
    for row in tomllib.loads(path.read_text(encoding="utf-8")).get("templates", []):
        try:
            found.append(DRAFT.load_data(row))
        except ContractError as error:
            name = f"{row.get('code')} ({row.get('channel')})"
            faults += [f"{name}: {f.field}: {f.message}" for f in error.fields]
    if faults:
        raise RuleBroken("; ".join(faults), code="field.wrong")
    return found


def import_(
    conn: Connection,
    now: dt.datetime,
    asked: Sequence[Mapping[str, Any]],
    who: tuple[str, str],
    owner: str = OURS,
) -> int:
    """Puts forms in force that are new or read otherwise now; how many. ``who`` drafted and
    approved them.
    """
    count = 0
    current = {(row["code"], row["channel"]): row for row in listed(conn, owner)}
    for each in asked:
        known = current.get((each["code"], each["channel"]))
        if known is not None and known["texts"] == each["texts"]:
            continue
        row = draft(conn, now, owner, who[0], each)
        _decide(conn, now, str(row.id), row.version, "APPROVED", who[1])
        count += 1
    return count


def main(argv: list[str] | None = None) -> int:
    """0: imported; 1: nothing was changed, and stderr says why."""
    parser = argparse.ArgumentParser(
        prog="python -m services.notify.templates",
        description="Puts templates in force: those that are new or read otherwise.",
    )
    parser.add_argument("file", type=Path, help="TOML with [[templates]]")
    parser.add_argument("--owner", default=OURS, help=f"whose they are; {OURS} if not told")
    parser.add_argument("--drafted-by", required=True)
    parser.add_argument("--approved-by", required=True)
    given = parser.parse_args(argv)
    try:
        asked = read(given.file)
        with Store(Settings().text("DB_URL"), source="templates").transaction() as tx:
            who = (given.drafted_by, given.approved_by)
            count = import_(tx.conn, dt.datetime.now(dt.UTC), asked, who, given.owner)
            note_command(
                tx.conn, "notify.templates", drafted_by=given.drafted_by,
                approved_by=given.approved_by, owner=given.owner, forms=count,
            )  # fmt: skip
    except (BusError, MissingSettings, OSError, ValueError) as error:
        print(f"Not imported: {error}", file=sys.stderr)
        return 1
    print(f"{count} forms were put in force.")
    return 0
