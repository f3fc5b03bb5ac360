"""Decrees that extend licences: how far, and which of them did."""

import datetime as dt
from collections.abc import Iterable

from services.inquiry.domain.records import Decree, Licence


def extended_expiry(
    licence: Licence, use: str | None, decrees: Iterable[Decree], day: dt.date
) -> tuple[dt.date | None, list[Decree]]:
    """Compute the expiry after all decrees notified by ``day``, and list those that moved it.

    An expiry that one decree has moved may fall into the range of the next.
    """
    expiry = _date(text) if (text := licence.get("expires_on")) else None
    notified = [d for d in decrees if _date(d["notified_on"]) <= day and _covers(d.get("use"), use)]
    moved: list[Decree] = []
    while expiry is not None:
        better = [
            d
            for d in notified
            if d not in moved
            and _date(d["expiry_from"]) <= expiry <= _date(d["expiry_to"])
            and _date(d["extended_to"]) > expiry
        ]
        if not better:
            break
        decree = max(better, key=lambda d: (_date(d["extended_to"]), d["number"]))
        expiry = _date(decree["extended_to"])
        moved.append(decree)
    return expiry, moved


def _covers(named: str | None, use: str | None) -> bool:
    """Tell whether a decree covers a use: all if it names none; drinking covers its two kinds."""
    return named is None or named == use or bool(use and use.startswith(f"{named}_"))


def _date(text: str) -> dt.date:
    return dt.date.fromisoformat(text)
