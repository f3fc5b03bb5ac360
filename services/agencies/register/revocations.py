"""Rights revoked at once: taking back needs one officer and a reason, giving again needs two."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from bus.errors import Conflict, NotFound
from contracts.agencies.desk import Revoke
from members.documents import parse_agency
from services.agencies.context import Context
from services.agencies.domain.document import Document, Key, without
from services.agencies.key_tables import REVOKED_KEY_IDS, REVOKED_KEYS
from services.agencies.register import fetched_keys, versions
from services.agencies.register.published_keys import key_id
from services.agencies.register.versions import Act

AGENCY, KEY = "agency", "key"
PROVING = (KEY, "certificate")


def revoke(context: Context, message: Revoke) -> int:
    """Revoke a right of an agency, or all of it with its subsystems; the new version.

    NotFound ``agency.not_found``, ``right.not_found``; Conflict ``change.stale`` if another
    version is in force than the officer looked at.
    """
    code, kind = message.code, message.what
    versions.lock(context.conn)
    agency = versions.get_agency_in_force(context.conn, code)
    if message.version not in (None, agency.version):
        raise Conflict(
            "The agency changed after you opened it. Open it again and decide again.",
            code="change.stale",
        )
    act = Act(f"revoke {kind}", message.id, message.reason)
    if kind == AGENCY:
        return _revoke_agency(context, agency.document, act)
    left, gone = without(agency.document, kind, message.id)
    is_fetched = kind == KEY and not gone and _revoke_fetched(context, code, message.id)
    if not gone and not is_fetched:
        raise NotFound(f"The agency has no such {kind} now; read it again.", code="right.not_found")
    if kind == KEY:
        _remember_keys(context, code, gone)
    if kind in PROVING:
        end_key_ids(context, code, [message.id])
    return versions.add_version(context, left, act, ends_at=agency.ends_at)


def _revoke_agency(context: Context, document: Document, act: Act) -> int:
    version = versions.add_version(context, document, act, versions.REVOKED)
    for other in versions.other_documents(context.conn, document["code"]):
        if other.get("member") == document["code"]:
            versions.add_version(context, other, act, versions.REVOKED)
    return version


def _remember_keys(context: Context, code: str, keys: Sequence[Key]) -> None:
    """Keep the thumbprints of revoked keys, which the agency cannot put in force again itself."""
    for thumbprint in thumbprints(code, keys).values():
        remember_thumbprint(context, code, thumbprint)


def remember_thumbprint(
    context: Context, code: str, thumbprint: str, *, for_everybody: bool = True
) -> None:
    """Keep the thumbprint of a key that only officers put in force again: of this agency, or
    ``for_everybody``, where it is sure that whoever holds it is not its owner alone.
    """
    values = {"at": context.now, "for_everybody": for_everybody}
    context.conn.execute(
        insert(REVOKED_KEYS)
        .values(thumbprint=thumbprint, code=code, **values)
        .on_conflict_do_nothing()
    )


def _revoke_fetched(context: Context, code: str, id_: str) -> bool:
    """Revoke a key of the agency's key set; False if it has none of that id in force."""
    rows = fetched_keys.rows_of(context.conn, code)
    gone = [row for row in rows if row.in_force and key_id(code, row.thumbprint) == id_]
    for row in gone:
        # Nobody has shown its private half: it may be a copy of another agency's key.
        remember_thumbprint(context, code, row.thumbprint, for_everybody=False)
        fetched_keys.set_values(context.conn, code, [row.thumbprint], {"in_force": False})
    return bool(gone)


def end_key_ids(context: Context, code: str, key_ids: Iterable[str]) -> None:
    """End what was begun by these keys or certificates, which officers took back."""
    for id_ in key_ids:
        context.conn.execute(
            insert(REVOKED_KEY_IDS)
            .values(code=code, key_id=id_, at=context.now)
            .on_conflict_do_nothing()
        )


def thumbprints(code: str, keys: Iterable[Key]) -> dict[str, str]:
    """The SHA-256 thumbprints (RFC 7638) of keys of a document, by their ids."""
    _, credentials = parse_agency({"code": code, "name": code, "keys": list(keys)})
    return {key.id: key.jwk.thumbprint() for key in credentials if key.jwk is not None}


def revoked_ids(context: Context, code: str, by_id: Mapping[str, str]) -> list[str]:
    """The ids of those keys of an agency that were revoked; ``by_id`` are their thumbprints."""
    revoked = revoked_thumbprints(context.conn, code, by_id.values())
    return [id_ for id_, thumbprint in by_id.items() if thumbprint in revoked]


def revoked_thumbprints(conn: Connection, code: str, thumbprints: Iterable[str]) -> set[str]:
    """Those of keys that this agency may not have any more."""
    columns = REVOKED_KEYS.c
    statement = select(columns.thumbprint).where(
        columns.thumbprint.in_(list(thumbprints)), columns.for_everybody | (columns.code == code)
    )
    return set(conn.execute(statement).scalars())
