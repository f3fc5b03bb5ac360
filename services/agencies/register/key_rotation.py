"""An agency reads its own entry of the register, and replaces its keys."""

import datetime as dt
import re
from collections.abc import Sequence

from sqlalchemy import Connection, func, select, text

from bus.database.rows import fetch_all
from bus.errors import FieldError, Forbidden, RuleBroken, TooMany
from contracts.agencies.register import JWK_MEMBERS, NewKey, RotateKeys
from iran.persian import tehran_day
from members.documents import parse_agency
from services.agencies.context import CallingAgency, Context
from services.agencies.domain.document import Document, Key, rotated
from services.agencies.register import key_proofs, versions
from services.agencies.register.document_checks import key_faults
from services.agencies.register.revocations import revoked_ids, thumbprints
from services.agencies.register.versions import Act
from services.agencies.tables import AUDIT, UsedKey

OLD_DAYS = 7
MOST_A_DAY, DAY_SECONDS = 20, 86_400
MOST_DAYS = 3 * 366
ROTATE = "rotate keys"
# Keys of all versions of an agency, each once for all days on which it was to end.
_USED_KEYS = text("""
    select distinct on (key - 'until') key from agency_audit,
    jsonb_array_elements(document->'keys') key
    where code = :code and key->>'id' = any(:ids)""")


def document_key(key: NewKey) -> Key:
    """A key of a JWKS as documents hold it, without the members that its kind has not."""
    members = {name: getattr(key, name) for name in JWK_MEMBERS}
    jwk = {name: member for name, member in members.items() if member is not None}
    return {"id": key.kid, "jwk": jwk, "until": key.until}


def rotate(context: Context, agency: CallingAgency, message: RotateKeys) -> tuple[int, list[Key]]:
    """Put an agency's new keys in force, proven by a key that it has; the version and all keys.

    Forbidden ``key.not_present``; RuleBroken ``field.wrong`` names the key that cannot be taken,
    or ``old_until`` if it is more than OLD_DAYS away; TooMany ``limit.reached``.
    """
    versions.lock(context.conn)
    row = versions.get_agency_in_force(context.conn, agency.code)
    if agency.key not in {key["id"] for key in row.document.get("keys", [])}:
        raise Forbidden(
            "Ask with a key that the register holds now; its id proves the new ones.",
            code="key.not_present",
        )
    _require_seldom(context, row.code)
    today = tehran_day(context.now)
    keys = [document_key(key) for key in message.keys]
    document = rotated(row.document, keys, message.old_until, today.isoformat())
    if faults := _faults(context, row.document, document, message):
        raise _refusal(faults)
    detail = f"by {agency.key}: {', '.join(key['id'] for key in document['keys'])}"
    version = versions.add_version(context, document, Act(ROTATE, detail), ends_at=row.ends_at)
    return version, document["keys"]


def _faults(
    context: Context, before: Document, after: Document, message: RotateKeys
) -> list[FieldError]:
    """The faults of the first check that finds any: each stands on those before it."""
    return (
        [*_day_faults(message, tehran_day(context.now)), *key_faults(context.conn, after)]
        or _revoked_keys(context, before, after)
        or _ids_of_other_keys(context.conn, after)
        or _unproven_keys(context, before, after, message.keys)
    )


def _refusal(faults: Sequence[FieldError]) -> RuleBroken:
    """The refusal of new keys. The document's keys have an id; those of a JWKS have a kid."""
    named = [
        fault._replace(field=re.sub(r"^(keys\.\d+)\.id$", r"\1.kid", fault.field))
        for fault in faults
    ]
    reasons = "; ".join(f"{fault.field}: {fault.message}" for fault in named)
    return RuleBroken(f"Nothing was changed. {reasons}", code="field.wrong", fields=named)


def _require_seldom(context: Context, code: str) -> None:
    """TooMany for too many rotations a day: the audit and all faces keep each of them."""
    count = context.conn.execute(
        select(func.count())
        .select_from(AUDIT)
        .where(
            AUDIT.c.code == code,
            AUDIT.c.act == ROTATE,
            AUDIT.c.at > context.now - dt.timedelta(days=1),
        )
    ).scalar_one()
    if count >= MOST_A_DAY:
        raise TooMany(
            f"Keys are changed {MOST_A_DAY} times a day at most; go on tomorrow.",
            retry_after=DAY_SECONDS,
        )


def _day_faults(message: RotateKeys, today: dt.date) -> list[FieldError]:
    """New keys end within MOST_DAYS, and the old ones within OLD_DAYS."""
    faults = []
    last = (today + dt.timedelta(MOST_DAYS)).isoformat()
    for number, key in enumerate(message.keys):
        if not today.isoformat() <= key.until <= last:
            reason = f"Give a day from today to {last}."
            faults.append(FieldError(f"keys.{number}.until", "range", reason))
    most = (today + dt.timedelta(OLD_DAYS)).isoformat()
    old = message.old_until
    if old is not None and not today.isoformat() <= old <= most:
        faults.append(FieldError("old_until", "range", f"Give a day from today to {most}."))
    return faults


def _revoked_keys(context: Context, before: Document, after: Document) -> list[FieldError]:
    """Keys that officers revoked: only officers put them in force again."""
    present = set(thumbprints(before["code"], before.get("keys", [])).values())
    by_id = thumbprints(after["code"], after["keys"])
    fresh = {id_: thumbprint for id_, thumbprint in by_id.items() if thumbprint not in present}
    gone = revoked_ids(context, after["code"], fresh)
    return [
        FieldError(f"keys.{number}", "key.revoked", "This key was taken back; make another.")
        for number, key in enumerate(after["keys"])
        if key["id"] in gone
    ]


def _unproven_keys(
    context: Context, before: Document, after: Document, new: Sequence[NewKey]
) -> list[FieldError]:
    """New keys without a good proof that the agency has them."""
    code = after["code"]
    present = set(thumbprints(code, before.get("keys", [])).values())
    _, credentials = parse_agency({"code": code, "name": code, "keys": after["keys"][: len(new)]})
    faults = [
        key_proofs.proof_fault(f"keys.{number}.proof", new_key.proof, key, code, context.now)
        for number, (new_key, key) in enumerate(zip(new, credentials, strict=True))
        if key.jwk is not None and key.jwk.thumbprint() not in present
    ]
    return [fault for fault in faults if fault is not None]


def _ids_of_other_keys(conn: Connection, after: Document) -> list[FieldError]:
    """Ids that named another key of the agency once: its tokens, batches and calls would count as
    those of the new key.
    """
    code, now = after["code"], thumbprints(after["code"], after["keys"])
    rows = fetch_all(conn, UsedKey, _USED_KEYS, {"code": code, "ids": list(now)})
    earlier = [(row.key["id"], thumbprints(code, [row.key])) for row in rows]
    used = {id_ for id_, by_id in earlier if by_id[id_] != now[id_]}
    return [
        FieldError(
            f"keys.{number}.id",
            "key.id_used",
            "This id named another key of yours; give a new one.",
        )
        for number, key in enumerate(after["keys"])
        if key["id"] in used
    ]
