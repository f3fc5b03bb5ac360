"""Which tickets a list of the queue holds, and in which order: filters, search, sorting."""

import re
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    and_,
    func,
    literal_column,
    or_,
    select,
    true,
    union_all,
)

from contracts.ticketing.queue import NOBODY, Queue
from iran.persian import search_key
from people import tracking
from services.ticketing.context import Context
from services.ticketing.domain.moves import WORK
from services.ticketing.tables import PEOPLE, TICKETS

WORDS_MOST = 8
HALF_SPACE = "\u200c"
# Digits of a tracking code or a telephone number, which people write in groups.
NUMBER_LEAST, NUMBER_MOST = 6, 14
# From so many digits on a word may be the beginning or the end of a code.
CODE_LEAST = 4
_SQUEEZE = str.maketrans("", "", " -")
_NUMBER = re.compile(r"[+(]*[0-9]+(?:[ ()-]+[0-9]+)*\)?")
# In any of the forms in which people write it; what all of them share.
_MOBILE = re.compile(r"(?:0098|98|0)(9[0-9]{9})")
OPEN = or_(TICKETS.c.state.in_(WORK), TICKETS.c.unread)
_SORTS: dict[str, tuple[ColumnElement[Any], ...]] = {  # Any: columns differ
    "due": (TICKETS.c.due_at,),
    "part": (TICKETS.c.part_due_at,),
    "registered": (TICKETS.c.registered_at,),
    "category": (TICKETS.c.category,),
    "county": (TICKETS.c.county,),
    "state": (TICKETS.c.state,),
    "assignee": (TICKETS.c.assignee,),
}


def conditions(context: Context, query: Queue) -> list[ColumnElement[bool]]:
    """What is true of the tickets of a list; those of ``codes`` alone where it names some."""
    if query.codes:
        return [*of_unit(context, None), TICKETS.c.code.in_(query.codes)]
    where = _shared(context, query)
    if query.state == "WORK":
        where.append(OPEN)
    elif query.state != "ALL":
        where.append(TICKETS.c.state == query.state)
    if query.mine:
        where.append(TICKETS.c.assignee == context.colleague.username)
    if query.assignee:
        where.append(_assigned(query.assignee))
    if query.late:
        where.append(TICKETS.c.due_at < context.now)
    if query.late_part:
        where.append(TICKETS.c.part_due_at < context.now)
    return _searched(context, query, where)


def open_tickets(context: Context, query: Queue) -> list[ColumnElement[bool]]:
    """What is true of the open tickets of all tabs of a list."""
    return _searched(context, query, [*_shared(context, query), OPEN])


def _shared(context: Context, query: Queue) -> list[ColumnElement[bool]]:
    """What the tabs of a list share beside its search: all but its state and whose it is."""
    where = of_unit(context, query.unit)
    for column, value in (
        (TICKETS.c.category, query.category),
        (TICKETS.c.county, query.county),
        (TICKETS.c.kind, query.kind),
    ):
        if value:
            where.append(column == value)
    return where


def of_unit(context: Context, unit: str | None) -> list[ColumnElement[bool]]:
    """The tickets that a colleague sees: the unit's own, a supervisor any unit's."""
    colleague = context.colleague
    code = unit if colleague.all_units else colleague.unit
    return [TICKETS.c.unit == code] if code else []


def person_is_seen(context: Context) -> ColumnElement[bool]:
    """True of tickets whose author this colleague may know."""
    return or_(TICKETS.c.unit == context.colleague.unit, TICKETS.c.privacy == "identified")


def _assigned(assignee: str) -> ColumnElement[bool]:
    column = TICKETS.c.assignee
    return column.is_(None) if assignee == NOBODY else column == assignee


def order(query: Queue) -> list[ColumnElement[Any]]:  # Any: columns differ
    """The order of a list: what nobody waits for comes last, and no two tickets change places."""
    keys: list[ColumnElement[Any]] = [
        (key.desc() if query.falling else key.asc()).nulls_last() for key in _SORTS[query.sort]
    ]
    first = [TICKETS.c.unread.desc()] if query.sort == "due" and not query.falling else []
    return [*first, *keys, TICKETS.c.registered_at, TICKETS.c.id]


# --- search ---


def _searched(
    context: Context, query: Queue, where: list[ColumnElement[bool]]
) -> list[ColumnElement[bool]]:
    """Those of the tickets for which ``where`` is true that hold each word of the search."""
    holding = [TICKETS.c.id.in_(_holding(context, word, where)) for word in words(query.search)]
    return where + holding


def _holding(  # Any: a select of ids
    context: Context, word: str, where: list[ColumnElement[bool]]
) -> Select[Any]:
    """The tickets that hold a word, however it is spaced, have it as their code, or were written
    by somebody of that name or number.

    Each part has an index of its own, and the other conditions too: a frequent word is looked for
    in the few open tickets of a unit, a rare one in its index.
    """
    # A word of signs alone has no squeezed form: it must stand in the text as it is.
    squeezed = word.translate(_SQUEEZE) or word
    text = select(TICKETS.c.id).where(
        *where,
        or_(TICKETS.c.search.like(_within(word)), _squeezed().like(_within(squeezed))),
    )
    codes = [
        select(TICKETS.c.id).where(*where, part)
        for part in (_begins(TICKETS.c.code, squeezed), *_ends(squeezed))
    ]
    person = (
        select(TICKETS.c.id)
        .join_from(TICKETS, PEOPLE, PEOPLE.c.ticket == TICKETS.c.id)
        .where(
            *where,
            or_(*(PEOPLE.c.search.like(_within(form)) for form in {word: 0, squeezed: 0})),
            person_is_seen(context),
        )
    )
    matches = union_all(text, *codes, person).subquery()
    return select(matches.c.id)


def _ends(word: str) -> tuple[ColumnElement[bool], ...]:
    """Whether the code ends with these digits, the group that people remember; none for a word
    that cannot be meant so. Written as the index tickets_code_from_its_end has it.
    """
    return (_begins(func.reverse(TICKETS.c.code), word[::-1]),) if _is_part(word) else ()


def _is_part(word: str) -> bool:
    return word.isdigit() and CODE_LEAST <= len(word) < tracking.LENGTH


def _begins(column: ColumnElement[str], word: str) -> ColumnElement[bool]:
    """Whether the code is this one, or begins with these digits: a range, for its index serves no
    pattern.
    """
    if not _is_part(word):
        return column == word
    following = str(int(word) + 1).zfill(len(word))
    below = column < following if len(following) == len(word) else true()
    return and_(column >= word, below)


def _squeezed() -> ColumnElement[str]:
    """The text for search without blanks and dashes: half-spaced, joined and spaced words meet in
    it. Written as the index tickets_squeezed has it (literals, not parameters).
    """
    return func.translate(
        TICKETS.c.search, literal_column("' -'"), literal_column("''"), type_=Text()
    )


def words(search: str) -> list[str]:
    """The words of a search. Groups of digits that together are a code or a number are one; so is
    what was typed with a half-space: its parts alone are found nearly everywhere.

    >>> words("شب‌ها 570 231 3182")
    ['شب ها', '5702313182']
    """
    joined = _NUMBER.sub(lambda match: _joined(match[0]), search_key(search))
    for typed in search.split():
        if HALF_SPACE in typed and " " in (key := search_key(typed)):
            joined = joined.replace(key, key.replace(" ", HALF_SPACE))
    return [word.replace(HALF_SPACE, " ") for word in joined.split()[:WORDS_MOST]]


def _joined(groups: str) -> str:
    digits = re.sub("[^0-9]", "", groups)
    if mobile := _MOBILE.fullmatch(digits):
        return mobile[1]
    return digits if NUMBER_LEAST <= len(digits) <= NUMBER_MOST else groups


def _within(word: str) -> str:
    return f"%{_escaped(word)}%"


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
