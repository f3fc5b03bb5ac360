"""The versions of the register: each change makes one, which is signed, audited and published.

Versions count through the whole register and become visible in their order: a face that has all up
to one asks for those after it.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from bus.database import own_keys
from bus.database.rows import columns, fetch_all, fetch_one
from bus.errors import NotFound
from bus.settings import Settings
from bus.signatures.keys import SigningKey
from contracts.agencies.register import CHANGED, Changed
from members.clients import FETCHED_KEYS
from members.register import KIND
from services.agencies.context import Context, register_key
from services.agencies.domain.document import Document, credentials_of
from services.agencies.key_tables import REVOKED_KEY_IDS
from services.agencies.register import fetched_keys
from services.agencies.tables import AGENCIES, AUDIT, AgencyRow, CopyRow

# Faces accept no copy that is older than one they have had, also after a restore.
VERSIONS = "agencies.register_version"
IN_FORCE, REVOKED, ENDED = "IN_FORCE", "REVOKED", "ENDED"
# Writers wait for each other; readers are not held up.
_LOCK = text("lock table agencies in share row exclusive mode")


@dataclass(frozen=True, slots=True)
class Act:
    """An act and its reason, as the audit keeps them."""

    name: str
    detail: str = ""
    reason: str = ""


def lock(conn: Connection) -> None:
    """Lock the register: one change at a time."""
    conn.execute(_LOCK)


def add_version(
    context: Context,
    document: Document,
    act: Act,
    state: str = IN_FORCE,
    ends_at: dt.datetime | None = None,
) -> int:
    """Make the document the newest version of its agency and return the version.

    The caller has locked the register.
    """
    numbers = context.tx.numbers
    version = max(newest(context.conn), numbers.floor(VERSIONS)) + 1
    numbers.give(VERSIONS, version)
    values = {
        "version": version,
        "document": document,
        "jws": signed_copy(context.conn, context.register_key, document, version, state),
        "state": state,
        "ends_at": ends_at,
    }
    statement = upsert(AGENCIES).values(code=document["code"], **values)
    context.conn.execute(
        statement.on_conflict_do_update(index_elements=[AGENCIES.c.code], set_=values)
    )
    add_audit(context, document["code"], act, version, document)
    context.tx.publish(CHANGED, Changed(code=document["code"], version=version))
    return version


def newest(conn: Connection) -> int:
    """The newest version of the register; 0 before the first."""
    version: int = conn.execute(select(func.coalesce(func.max(AGENCIES.c.version), 0))).scalar_one()
    return version


def add_audit(
    context: Context,
    code: str,
    act: Act,
    version: int | None = None,
    document: Document | None = None,
) -> None:
    """Add an act to the audit, with the version and document that it made."""
    context.conn.execute(
        insert(AUDIT).values(
            at=context.now,
            actor=context.actor,
            act=act.name,
            code=code,
            version=version,
            detail=act.detail,
            reason=act.reason,
            document=document,
        )
    )


def signed_copy(
    conn: Connection, key: SigningKey, document: Document, version: int, state: str
) -> str:
    """The copy of a version for the faces, a compact JWS; empty for an agency that has ended.

    The copy of a revoked agency names no right, and no older copy is accepted after it. A copy in
    force names the keys that officers took back: what was begun by them ends with them; and it has
    the keys of its key sets that count.
    """
    if state == ENDED:
        return ""
    copy: dict[str, object] = dict(document)
    if state == REVOKED:
        copy = {"code": document["code"], "name": document["name"], "state": state}
    else:
        added = {
            "revoked_keys": revoked_key_ids(conn, document),
            FETCHED_KEYS: fetched_keys.in_force(conn, document),
        }
        copy |= {name: value for name, value in added.items() if value}
    return key.jws(KIND, {**copy, "version": version})


def revoked_key_ids(conn: Connection, document: Document) -> list[str]:
    """The ids of an agency's keys that were taken back and are not in force again, sorted."""
    revoked = conn.execute(
        select(REVOKED_KEY_IDS.c.key_id).where(REVOKED_KEY_IDS.c.code == document["code"])
    ).scalars()
    present = {credential["id"] for credential in credentials_of(document)}
    return sorted(set(revoked) - present)


def sign_again(conn: Connection, settings: Settings) -> None:
    """Sign all copies by the key that is set, which counts from now on; versions stay as they are.
    Unavailable ``secret.unavailable`` if it is none.
    """
    own_keys.note(conn, settings, "REGISTER_KEY")
    key = register_key(conn, settings)
    lock(conn)
    for agency in fetch_all(conn, AgencyRow, select(*columns(AGENCIES, AgencyRow))):
        jws = signed_copy(conn, key, agency.document, agency.version, agency.state)
        conn.execute(update(AGENCIES).where(AGENCIES.c.code == agency.code).values(jws=jws))


# --- reading ---


def find_agency(conn: Connection, code: str) -> AgencyRow | None:
    """An agency, in force or not; None if there was never one of that code."""
    return fetch_one(
        conn,
        AgencyRow,
        select(*columns(AGENCIES, AgencyRow)).where(AGENCIES.c.code == code),
    )


def get_agency(conn: Connection, code: str) -> AgencyRow:
    """An agency, in force or not. NotFound ``agency.not_found``."""
    agency = find_agency(conn, code)
    if agency is None:
        raise NotFound("There is no such agency. Check the code.", code="agency.not_found")
    return agency


def get_agency_in_force(conn: Connection, code: str) -> AgencyRow:
    """An agency that is in force. NotFound ``agency.not_found``."""
    agency = get_agency(conn, code)
    if agency.state != IN_FORCE:
        raise NotFound("This agency is not in force.", code="agency.not_found")
    return agency


def other_documents(conn: Connection, code: str) -> list[Document]:
    """The documents in force of all agencies but this one."""
    documents: Sequence[Document] = (
        conn.execute(
            select(AGENCIES.c.document).where(AGENCIES.c.state == IN_FORCE, AGENCIES.c.code != code)
        )
        .scalars()
        .all()
    )
    return list(documents)


def copies_after(conn: Connection, after: int) -> list[CopyRow]:
    """The copies that changed after a version, oldest first."""
    statement = (
        select(AGENCIES.c.code, AGENCIES.c.version, func.nullif(AGENCIES.c.jws, "").label("jws"))
        .where(AGENCIES.c.version > after)
        .order_by(AGENCIES.c.version)
    )
    return fetch_all(conn, CopyRow, statement)
