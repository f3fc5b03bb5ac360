"""What the pages of the console show: rows with names and days, made of the services' replies."""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from contracts.inquiry.use import OwnUse
from gateway.html.inquiry_names import PURPOSES
from iran.persian import TEHRAN, tehran_day
from members.documents import Agency
from members.reading import Table

SOON = dt.timedelta(days=30)


class Grant(NamedTuple):
    """A grant as the register holds it; ``state`` is "held", "soon" (it ends) or "over"."""

    contract: str
    purposes: tuple[str, ...]
    until: str
    state: str
    per_day: int | None
    blocks: tuple[str, ...]
    networks: tuple[str, ...]
    basis: str


class Key(NamedTuple):
    """A key or a certificate; ``here`` is the one by which the console was opened."""

    id: str
    kind: str
    until: str
    state: str
    here: bool


class Quota(NamedTuple):
    """Today's questions of a purpose, and how many a grant allows; None without a limit,
    also where no grant in force names the purpose.
    """

    purpose: str
    label_fa: str
    answered: int
    refused: int
    counted: int
    per_day: int | None
    granted: bool


def grants_of(document: Table, now: dt.datetime) -> list[Grant]:
    """Return the grants of an agency's document, those in force first."""
    rows = [
        Grant(
            contract=str(grant["contract"]),
            purposes=tuple(grant.get("purposes") or ()),
            until=str(grant["until"]),
            state=_state(str(grant["until"]), now),
            per_day=grant.get("per_day"),
            blocks=tuple(grant.get("blocks") or ()),
            networks=tuple(grant.get("networks") or ()),
            basis=str(grant.get("basis") or ""),
        )
        for grant in document.get("grants") or ()
    ]
    return sorted(rows, key=lambda row: (row.state == "over", row.contract))


def keys_of(document: Table, own: str, now: dt.datetime) -> list[Key]:
    """Return the keys and certificates of a document, those that end last first."""
    held: Iterable[tuple[str, Mapping[str, Any]]] = (  # Any: as JSON has it
        *(("Ed25519" if "public_key" in key else _kind(key), key) for key in _of(document, "keys")),
        *(("certificate", certificate) for certificate in _of(document, "certificates")),
    )
    rows = [
        Key(
            str(credential["id"]),
            kind,
            str(credential["until"]),
            _state(str(credential["until"]), now),
            credential["id"] == own,
        )
        for kind, credential in held
    ]
    return sorted(rows, key=lambda row: row.until, reverse=True)


def quotas_of(agency: Agency, use: OwnUse) -> list[Quota]:
    """Return today's questions by purpose, beside what the agency's grants allow a day."""
    today = tehran_day(dt.datetime.now(dt.UTC))
    limits: dict[str, int] = {}
    granted: set[str] = set()
    for grant in agency.grants:
        if grant.until < today:
            continue
        granted.update(grant.purposes)
        for purpose in grant.purposes if grant.per_day is not None else ():
            limits[purpose] = max(limits.get(purpose, 0), grant.per_day or 0)
    by_purpose = {row.purpose: row for row in use.today}
    return [
        Quota(
            purpose,
            PURPOSES.get(purpose, purpose),
            by_purpose[purpose].answered if purpose in by_purpose else 0,
            by_purpose[purpose].refused if purpose in by_purpose else 0,
            by_purpose[purpose].counted if purpose in by_purpose else 0,
            limits.get(purpose),
            purpose in granted,
        )
        for purpose in sorted({*limits, *by_purpose})
    ]


def _of(document: Table, name: str) -> Iterable[Mapping[str, Any]]:  # Any: as JSON has it
    return document.get(name) or ()


def _kind(key: Mapping[str, Any]) -> str:  # Any: as JSON has it
    jwk = key.get("jwk") or {}
    return str(jwk.get("crv") or jwk.get("kty") or "")


def _state(until: str, now: dt.datetime) -> str:
    left = dt.date.fromisoformat(until) - now.astimezone(TEHRAN).date()
    if left < dt.timedelta(0):
        return "over"
    return "soon" if left <= SOON else "held"
