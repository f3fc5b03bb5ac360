"""The register itself: each change is a new version, signed, audited and told to whoever listens.

Versions count through the whole register and become visible in their order, so that whoever knows
it up to one can ask for what came after.
"""

import datetime as dt
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, text

from bus.database.store import Tx
from bus.errors import NotFound
from bus.signatures.keys import SigningKey
from contracts.agencies.register import CHANGED
from members.register import KIND

# Faces believe no copy that is older than one they know, also after a restore.
VERSIONS = "agencies.register_version"
IN_FORCE, REVOKED, ENDED = "IN_FORCE", "REVOKED", "ENDED"


@functools.lru_cache(maxsize=4)
def signing_key(path: str) -> SigningKey:
    """The key that signs the register; read once a process."""
    return SigningKey.load(path.strip(), "register")


@dataclass(frozen=True)
class Office:
    """What an act stands on: the open transaction, the moment, who acts, the register's key."""

    tx: Tx
    now: dt.datetime
    who: str
    key: SigningKey

    @property
    def conn(self) -> Connection:
        return self.tx.conn


@dataclass(frozen=True)
class Act:
    """What was done and why, as the audit tells it."""

    what: str
    detail: str = ""
    reason: str = ""


def lock(conn: Connection) -> None:
    """One change of the register at a time."""
    conn.execute(text("lock table agencies in share row exclusive mode"))


def put(
    office: Office,
    document: Mapping[str, Any],
    act: Act,
    state: str = IN_FORCE,
    ends_at: dt.datetime | None = None,
) -> int:
    """Makes the document the newest version of its agency; the version. The register is locked."""
    version = max(newest(office.conn), office.tx.numbers.floor(VERSIONS)) + 1
    office.tx.numbers.give(VERSIONS, version)
    office.conn.execute(
        text(
            "insert into agencies (code, version, document, jws, state, ends_at) values "
            "(:code, :version, cast(:document as jsonb), :jws, :state, :ends_at) "
            "on conflict (code) do update set version = excluded.version, "
            "document = excluded.document, jws = excluded.jws, state = excluded.state, "
            "ends_at = excluded.ends_at"
        ),
        {
            "code": document["code"], "version": version, "state": state, "ends_at": ends_at,
            "document": orjson.dumps(document).decode(),
            "jws": copy_of(office.conn, office.key, document, version, state),
        },
    )  # fmt: skip
    note(office, document["code"], act, version, document)
    office.tx.publish(CHANGED, code=document["code"], version=version)
    return version


def newest(conn: Connection) -> int:
    """The version up to which the register has come."""
    return int(conn.execute(text("select coalesce(max(version), 0) from agencies")).scalar_one())


def note(
    office: Office,
    code: str,
    act: Act,
    version: int | None = None,
    document: Mapping[str, Any] | None = None,
) -> None:
    """One more line of the audit."""
    office.conn.execute(
        text(
            "insert into agency_audit (at, who, what, code, version, detail, reason, document) "
            "values (:at, :who, :what, :code, :version, :detail, :reason, "
            "cast(:document as jsonb))"
        ),
        {
            "at": office.now, "who": office.who, "what": act.what, "code": code,
            "version": version, "detail": act.detail, "reason": act.reason,
            "document": orjson.dumps(document).decode() if document else None,
        },
    )  # fmt: skip


def copy_of(
    conn: Connection, key: SigningKey, document: Mapping[str, Any], version: int, state: str
) -> str:
    """What faces are given of it: of an agency that was revoked a copy without any right, after
    which no older one is believed; of one that ended by itself none.

    A copy in force names the keys that officers took back: what they began ends with them.
    """
    if state == ENDED:
        return ""
    if state == REVOKED:
        copy = {**{name: document[name] for name in ("code", "name")}, "state": state}
    elif gone := revoked_keys(conn, document):
        copy = {**document, "revoked_keys": gone}
    else:
        copy = dict(document)
    return signed(key, copy, version)


def revoked_keys(conn: Connection, document: Mapping[str, Any]) -> list[str]:
    """The ids of an agency's keys that were taken back and are not in force again."""
    ids = conn.execute(
        text("select key_id from revoked_key_ids where code = :code"),
        {"code": document["code"]},
    ).scalars()
    return sorted(set(ids) - ids_of(document))


def ids_of(document: Mapping[str, Any]) -> set[str]:
    """The ids of all that an agency proves itself by."""
    return {each["id"] for name in ("keys", "certificates") for each in document.get(name, ())}


def signed(key: SigningKey, document: Mapping[str, Any], version: int) -> str:
    """A compact JWS (RFC 7515, EdDSA) of the document with its version in it."""
    return key.jws(KIND, {**document, "version": version})


def sign_again(conn: Connection, key_file: str) -> None:
    """Signs all copies by the register's key of now; versions stay as they are."""
    key = signing_key(key_file)
    lock(conn)
    for row in conn.execute(text("select * from agencies")).all():
        conn.execute(
            text("update agencies set jws = :jws where code = :code"),
            {"jws": copy_of(conn, key, row.document, row.version, row.state), "code": row.code},
        )


def find(conn: Connection, code: str) -> Any | None:
    """The row of an agency, in force or not; None if there was never one of that code."""
    return conn.execute(
        text("select * from agencies where code = :code"), {"code": code}
    ).one_or_none()


def get(conn: Connection, code: str) -> Any:
    """The row of an agency, in force or not. NotFound ``agency.not_found``."""
    row = find(conn, code)
    if row is None:
        raise NotFound("There is no such agency; compare the code.", code="agency.not_found")
    return row


def in_force(conn: Connection, code: str) -> Any:
    """The row of an agency that is in force. NotFound ``agency.not_found``."""
    row = get(conn, code)
    if row.state != IN_FORCE:
        raise NotFound("This agency is not in force.", code="agency.not_found")
    return row


def others(conn: Connection, code: str) -> list[dict[str, Any]]:
    """The documents in force of all agencies but this one."""
    rows = conn.execute(
        text("select document from agencies where state = 'IN_FORCE' and code <> :code"),
        {"code": code},
    )
    return [row.document for row in rows]


def copies(conn: Connection, after: int) -> dict[str, Any]:
    """Copies of contracts.agencies.register: what changed after a version, oldest first; who knows
    nothing yet is not told of what has ended.
    """
    rows = conn.execute(
        text(
            "select code, version, nullif(jws, '') as jws from agencies "
            "where version > :after order by version"
        ),
        {"after": after},
    ).all()
    return {
        "version": rows[-1].version if rows else after,
        "copies": [row._asdict() for row in rows if after or row.jws is not None],
    }
