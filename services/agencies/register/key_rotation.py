"""An agency's own acts: it reads what the register holds of it, and changes its keys."""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, text

from bus.errors import FieldError, Forbidden, RuleBroken, TooMany
from contracts.agencies.register import JWK_MEMBERS
from iran.persian import tehran_day
from members.documents import agency_of
from services.agencies.domain.document import rotated
from services.agencies.register import key_proofs as proving
from services.agencies.register import versions as register
from services.agencies.register.document_checks import checked_keys
from services.agencies.register.revocations import revoked, thumbprints
from services.agencies.register.versions import Act, Office

OLD_DAYS = 7
MOST_A_DAY, DAY_SECONDS = 20, 86_400
MOST_DAYS = 3 * 366


def own(conn: Connection, code: str) -> dict[str, Any]:
    """An Own of contracts/agencies/register.py. NotFound ``agency.not_found``."""
    row = register.in_force(conn, code)
    return {"code": code, "version": row.version, "document": row.document, "jws": row.jws}


def rotate(office: Office, caller: Mapping[str, Any], asked: Mapping[str, Any]) -> dict[str, Any]:
    """Puts an agency's new keys in force, proven by one that it has: a KeysNow.

    Forbidden ``key.not_present``; RuleBroken ``field.wrong`` names the key that cannot be taken,
    or ``old_until`` if it is further away than OLD_DAYS; TooMany ``limit.reached``.
    """
    register.lock(office.conn)
    row = register.in_force(office.conn, str(caller["agency"]))
    present = {key["id"] for key in row.document.get("keys", [])}
    if caller.get("key") not in present:
        raise Forbidden(
            "Ask with a key that the register holds now; its id proves the new ones.",
            code="key.not_present",
        )
    _not_too_often(office, row.code)
    today = tehran_day(office.now)
    keys = [_key(told) for told in asked["keys"]]
    document = rotated(row.document, keys, asked["old_until"], today.isoformat())
    faults = [*_days(asked, today), *checked_keys(office.conn, document)]
    faults += [] if faults else _taken_back(office, row.document, document)
    faults += [] if faults else _other_keys_ids(office.conn, document)
    faults += [] if faults else _unproven(office, row.document, document, asked["keys"])
    if faults:
        # The document's keys have an id; those of a JWKS have a kid.
        faults = [
            f._replace(field=re.sub(r"^(keys\.\d+)\.id$", r"\1.kid", f.field)) for f in faults
        ]
        why = "; ".join(f"{fault.field}: {fault.message}" for fault in faults)
        raise RuleBroken(f"Nothing was changed. {why}", code="field.wrong", fields=faults)
    detail = f"by {caller['key']}: {', '.join(key['id'] for key in document['keys'])}"
    version = register.put(office, document, Act("rotate keys", detail), ends_at=row.ends_at)
    return {"code": row.code, "version": version, "keys": document["keys"]}


def _not_too_often(office: Office, code: str) -> None:
    """Each change stays in the audit for ever and is copied to all faces."""
    lately = office.conn.execute(
        text(
            "select count(*) from agency_audit where code = :code and what = 'rotate keys' "
            "and at > :since"
        ),
        {"code": code, "since": office.now - dt.timedelta(days=1)},
    ).scalar_one()
    if lately >= MOST_A_DAY:
        raise TooMany(
            f"Keys are changed {MOST_A_DAY} times a day at most; go on tomorrow.",
            retry_after=DAY_SECONDS,
        )


def _key(told: Mapping[str, Any]) -> dict[str, Any]:
    """A key of a JWKS as documents hold it; without what its kind has not."""
    jwk = {name: told[name] for name in JWK_MEMBERS if name in told}
    return {"id": told["kid"], "jwk": jwk, "until": told["until"]}


def _days(asked: Mapping[str, Any], today: dt.date) -> list[FieldError]:
    """New keys hold for some time, and the old ones for a week."""
    faults = []
    last = (today + dt.timedelta(MOST_DAYS)).isoformat()
    for number, told in enumerate(asked["keys"]):
        if not today.isoformat() <= told["until"] <= last:
            why = f"Give a day from today to {last}."
            faults.append(FieldError(f"keys.{number}.until", "range", why))
    old = asked["old_until"]
    most = (today + dt.timedelta(OLD_DAYS)).isoformat()
    if old is not None and not today.isoformat() <= old <= most:
        faults.append(FieldError("old_until", "range", f"Give a day from today to {most}."))
    return faults


def _taken_back(
    office: Office, before: Mapping[str, Any], after: Mapping[str, Any]
) -> list[FieldError]:
    """Keys that were revoked come back by officers alone."""
    had = set(thumbprints(before["code"], before.get("keys", [])).values())
    found = thumbprints(after["code"], after["keys"])
    fresh = {id_: thumbprint for id_, thumbprint in found.items() if thumbprint not in had}
    gone = revoked(office, fresh)
    return [
        FieldError(f"keys.{number}", "key.revoked", "This key was taken back; make another.")
        for number, key in enumerate(after["keys"])
        if key["id"] in gone
    ]


def _unproven(
    office: Office,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    asked: Sequence[Mapping[str, Any]],
) -> list[FieldError]:
    """Keys that are new need a proof that the agency has them."""
    code = after["code"]
    had = set(thumbprints(code, before.get("keys", [])).values())
    _, credentials = agency_of({"code": code, "name": code, "keys": after["keys"][: len(asked)]})
    faults = [
        proving.fault(f"keys.{number}.proof", told.get("proof"), key, code, office.now)
        for number, (told, key) in enumerate(zip(asked, credentials, strict=True))
        if key.jwk is not None and key.jwk.thumbprint() not in had
    ]
    return [fault for fault in faults if fault is not None]


def _other_keys_ids(conn: Connection, after: Mapping[str, Any]) -> list[FieldError]:
    """Ids that named another key of the agency once: tokens, batches and calls of that key would
    count as the new one's.
    """
    now = thumbprints(after["code"], after["keys"])
    rows = conn.execute(
        text(
            "select distinct on (key - 'until') key from agency_audit, "
            "jsonb_array_elements(document->'keys') key "
            "where code = :code and key->>'id' = any(:ids)"
        ),
        {"code": after["code"], "ids": list(now)},
    )
    before = [(row.key["id"], thumbprints(after["code"], [row.key])) for row in rows]
    used = {id_ for id_, known in before if known[id_] != now[id_]}
    return [
        FieldError(
            f"keys.{number}.id",
            "key.id_used",
            "This id named another key of yours; give a new one.",
        )
        for number, key in enumerate(after["keys"])
        if key["id"] in used
    ]
