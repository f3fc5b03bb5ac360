"""How a ticket is told: to its citizen, to the desk, to everybody."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bus.envelope import instant
from bus.errors import NotFound
from iran.collation import collation_key
from services.ticketing.domain import labels as words
from services.ticketing.domain.promises import Clock
from services.ticketing.domain.ticket import INTERNAL, Entry, citizen_may
from services.ticketing.tickets import rows as store
from services.ticketing.tickets import visits
from services.ticketing.tickets.acts import Case, Desk, spoken, take

HIDDEN_FROM_CITIZEN = INTERNAL | {"assign", "infected", "bounce", "joined_write"}
TOLD_TO_JOINED = ("say", "answer", "close")


def named(rows: dict[str, dict[str, Any]], code: str | None) -> dict[str, Any] | None:
    """A unit, category or county of the book as code and names; None if there is none."""
    if not code:
        return None
    row = rows.get(code) or {"fa": code, "en": code}
    told = {"code": code, "fa": row["fa"], "en": row["en"]}
    return told | {name: row[name] for name in ("email", "phone") if row.get(name)}


def by_name(rows: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Units, counties or offices of the book in the order of the Persian alphabet."""
    codes = sorted(rows, key=lambda code: collation_key(rows[code]["fa"]))
    return [named(rows, code) or {} for code in codes]


def registered(desk: Desk, case: Case) -> dict[str, Any]:
    """What a person is told who has just registered."""
    dues = {clock.name: clock.due for clock in case.clocks(desk)}
    return {
        "code": case.row.code,
        "registered_at": instant(case.row.registered_at),
        "first_response_due": _maybe(dues.get("first_response")),
        "solution_due": _maybe(dues.get("solution")),
        "unit": named(desk.book.units, case.ticket.unit),
        "token": case.row.token,
        "withheld": next((e.data["channels"] for e in case.fresh if e.act == "withheld"), []),
    }


def for_citizen(desk: Desk, case: Case) -> dict[str, Any]:
    """A ticket as its citizen sees it."""
    may = citizen_may(case.ticket)
    files = store.files(desk.conn, case.id)
    return {
        **_common(desk, case),
        "may": may,
        "history": [
            said(entry, files) for entry in map(_own_word, case.entries) if _is_shown(entry)
        ]
        + _of_the_other(desk, case),
        "slots": _slots(desk, case) if "choose_slot" in may else [],
        "merged_into": case.ticket.merged_into is not None,
    }


def _own_word(entry: Entry) -> Entry:
    """A note that its citizen wrote, after the end, is a message to him."""
    own = entry.act == "note" and entry.by == "citizen"
    return replace(entry, act="write") if own else entry


def _is_shown(entry: Entry) -> bool:
    return entry.act not in HIDDEN_FROM_CITIZEN


def _of_the_other(desk: Desk, case: Case) -> list[dict[str, Any]]:
    """What the unit said about the ticket that this one was joined with, since then."""
    if case.ticket.merged_into is None:
        return []
    merged = next(e for e in reversed(case.entries) if e.act == "merge")
    other = take(desk, lock=False, code=case.ticket.merged_into)
    return [
        said(entry, {})
        for entry in other.entries
        if entry.by == "unit" and entry.act in TOLD_TO_JOINED and entry.at >= merged.at
    ]


def for_desk(desk: Desk, case: Case, *, open_person: bool) -> dict[str, Any]:
    """A ticket as the unit sees it; ``open_person`` says whether it may see who wrote."""
    files = store.files(desk.conn, case.id)
    person = store.person(desk.conn, case.id) if open_person else None
    row, book = case.row, desk.book
    return {
        **_common(desk, case),
        "state_fa": _state_at_desk(case),
        "clocks": [_clock_at_desk(clock) for clock in case.clocks(desk)],
        "version": case.ticket.version,
        "channel": row.channel,
        "assignee": case.ticket.assignee,
        "person": _person(person),
        "history": [
            {
                **said(entry, files),
                "title_fa": _title_at_desk(entry),
                "actor": entry.actor,
                "internal": entry.act in INTERNAL,
                "sender": entry.data.get("sender"),
                "ticket": entry.data.get("ticket"),
            }
            for entry in case.entries
        ],
        "location": _location(row),
        "merged_into": case.ticket.merged_into,
        "units": by_name(book.units),
        "offices": [_office(desk, office["code"]) for office in by_name(book.offices)],
        "canned": [
            {name: prepared[name] for name in ("code", "title_fa", "text_fa", "text_en")}
            | {"text": filled(desk, case, prepared)}
            for prepared in sorted(
                book.canned.values(), key=lambda each: collation_key(each["title_fa"])
            )
        ],
        "visit_open": visits.is_open(case.ticket.appointment or {}, desk.now),
    }


def _office(desk: Desk, code: str) -> dict[str, Any]:
    """An office with the first time that is free there; None where nobody can be invited."""
    free = store.free_slots(desk.conn, code, desk.now, most=1)
    first = instant(free[0].starts_at) if free else None
    return {**(named(desk.book.offices, code) or {}), "first_free": first}


def filled(desk: Desk, case: Case, prepared: Mapping[str, str]) -> str:
    """A prepared text in the citizen's language, as it would be sent."""
    unit = desk.book.units[case.ticket.unit][case.row.language]
    body = prepared[f"text_{case.row.language}"]
    return body.replace("{code}", case.row.code).replace("{unit}", unit)


def _common(desk: Desk, case: Case) -> dict[str, Any]:
    row, ticket, book = case.row, case.ticket, desk.book
    fa, en = words.STATES[ticket.state]
    if ticket.pause:
        fa, en = words.PAUSES[ticket.pause]
    return {
        "code": row.code,
        "kind": row.kind,
        "category": named(book.categories, row.category),
        "unit": named(book.units, ticket.unit),
        "county": named(book.counties, row.county),
        "state": ticket.state,
        "state_fa": fa,
        "state_en": en,
        "privacy": row.privacy,
        "registered_at": instant(row.registered_at),
        "text": row.text,
        "clocks": [_clock(each) for each in case.clocks(desk)],
        "appointment": _appointment(desk, case),
        "survey": ticket.survey,
        "about": {"kind": row.about_kind, "ref": row.about_ref} if row.about_kind else None,
        "external": store.external(desk.conn, case.id),
    }


def said(entry: Entry, files: dict[int, list[dict[str, Any]]]) -> dict[str, Any]:
    """One entry of the history."""
    fa, en = words.ACTS[entry.act]
    if entry.act == "close":
        reason_fa, reason_en = words.CLOSES[entry.data["reason"]]
        fa, en = f"{fa}: {reason_fa}", f"{en}: {reason_en}"
    if entry.act == "pause":
        fa, en = words.PAUSES[entry.data["reason"]]
    if entry.act == "due_moved":
        clock_fa, clock_en = words.CLOCKS[entry.data["clock"]]
        due = dt.datetime.fromisoformat(entry.data["due"])
        fa = f"{fa}: {clock_fa}، {spoken(due, 'fa')}"
        en = f"{en}: {clock_en}, {spoken(due, 'en')}"
    return {
        "at": instant(entry.at),
        "by": entry.by,
        "act": entry.act,
        "title_fa": fa,
        "title_en": en,
        "text": entry.text or None,
        "attachments": files.get(entry.seq, []),
    }


def _state_at_desk(case: Case) -> str:
    """The state as a colleague reads it: who is waited for is the citizen, not the reader."""
    pause = case.ticket.pause
    if pause is None:
        return words.STATES[case.ticket.state][0]
    return words.PAUSES_AT_DESK.get(pause) or words.PAUSES[pause][0]


def _clock_at_desk(clock: Clock) -> dict[str, Any]:
    """A clock whose explanation names the citizen where his own page says "you"."""
    lines = list(clock.lines_fa)
    for reason, told in words.PAUSES_AT_DESK.items():
        lines = [line.replace(words.PAUSES[reason][0], told) for line in lines]
    return {**_clock(clock), "explanation_fa": lines}


def _title_at_desk(entry: Entry) -> str:
    """What an entry of the history is called at the desk."""
    reason = entry.data.get("reason", "")
    if entry.act == "pause" and reason in words.PAUSES_AT_DESK:
        return words.PAUSES_AT_DESK[reason]
    if entry.act == "close" and reason in words.CLOSES_AT_DESK:
        return f"{words.ACTS['close'][0]}: {words.CLOSES_AT_DESK[reason]}"
    return words.ACTS_AT_DESK.get(entry.act) or str(said(entry, {})["title_fa"])


def _clock(clock: Clock) -> dict[str, Any]:
    fa, en = words.CLOCKS[clock.name]
    return {
        "clock": clock.name,
        "title_fa": fa,
        "title_en": en,
        "state": clock.state,
        "due": _maybe(clock.due),
        "met_at": _maybe(clock.met_at),
        "left_minutes": None if clock.left is None else int(clock.left.total_seconds() // 60),
        "paused_minutes": int(clock.paused.total_seconds() // 60),
        "explanation_fa": list(clock.lines_fa),
        "explanation_en": list(clock.lines_en),
    }


def _appointment(desk: Desk, case: Case) -> dict[str, Any] | None:
    told = case.ticket.appointment
    if told is None:
        return None
    office = office_of(desk, told["office"])
    return {
        "office_fa": office["fa"],
        "office_en": office["en"],
        "address_fa": office["address_fa"],
        "address_en": office["address_en"],
        "state": told["state"],
        "slot": told.get("slot"),
        "starts_at": told.get("starts"),
        "ends_at": told.get("ends"),
    }


def office_of(desk: Desk, code: str) -> dict[str, Any]:
    """An office of the book. NotFound ``office.not_found``."""
    office = desk.book.offices.get(code)
    if office is None:
        raise NotFound("There is no such office.", code="office.not_found")
    return office


def _slots(desk: Desk, case: Case) -> list[dict[str, Any]]:
    office = (case.ticket.appointment or {})["office"]
    return [
        {
            "slot": row.id,
            "starts_at": instant(row.starts_at),
            "ends_at": instant(row.ends_at),
            "left": row.free,
        }
        for row in store.free_slots(desk.conn, office, desk.now)
    ]


def _person(person: Any) -> dict[str, Any] | None:
    if person is None:
        return None
    return {name: getattr(person, name) for name in ("name", "mobile", "email", "national_id")}


def _location(row: Any) -> dict[str, Any] | None:
    if not row.address and row.lat is None:
        return None
    return {"address": row.address, "lat": row.lat, "long": row.long}


def _maybe(moment: dt.datetime | None) -> str | None:
    return instant(moment) if moment else None
