"""What a change of the book changes, in sentences: old and new."""

from bus.messages.values import Json
from contracts.ticketing.book import BookChange, BookOfDesk
from gateway.html.days import day_in_words
from gateway.ops.book import texts
from gateway.ops.book.rows import Row, name_of, rows_of, shown
from people.book_keys import key_of

# Members that no sentence is about: what identifies a row, and what is said beside.
UNSAID = ("from", "source", "open311", "category", "kind")


def headline(
    section: str, before: Row | None, after: Row | None, valid_from: str, book: BookOfDesk
) -> str:
    """What happens to which row, from which day on, in one sentence."""
    row, kind = after or before or {}, texts.ONE[section]
    name = f"{kind} «{name_of(section, row, book)}»"
    act = "برداشته می‌شود" if after is None else "افزوده می‌شود" if before is None else "تغییر می‌کند"
    return f"{name} از {day_in_words(valid_from)} {act}"


def sentences(section: str, before: Row | None, after: Row | None, book: BookOfDesk) -> list[str]:
    """Each field that changes, with what it was; a new promise beside the one that it follows."""
    if after is None:
        return []
    old = before
    if section == "promises" and before is None:
        old = earlier_promise(after, book)
    lines = []
    for name in texts.FIELDS:
        if (name in UNSAID and section != "levels") or name not in {*after, *(old or {})}:
            continue
        was, becomes = (old or {}).get(name), after.get(name)
        nothing = shown(name, None, book)
        before_in_words, new = shown(name, was, book), shown(name, becomes, book)
        if before_in_words == new:
            continue
        label = texts.FIELDS[name]
        if new == nothing:
            lines.append(f"{label} برداشته می‌شود ({before_in_words} بود)")
        elif before_in_words == nothing:
            lines.append(f"{label}: {new}")
        else:
            lines.append(f"{label} از {before_in_words} به {new}")
    return lines


def earlier_promise(row: Row, book: BookOfDesk) -> Json | None:
    """The promise whose place a new one takes: of the same category and kind, the last before."""
    same = [
        other
        for other in rows_of(book, "promises")
        if key_of("promises", {**other, "from": ""}) == key_of("promises", {**row, "from": ""})
        and other["from"] <= row["from"]
    ]
    return max(same, key=lambda other: str(other["from"]), default=None)


def of_change(change: BookChange, book: BookOfDesk) -> tuple[str, list[str]]:
    """The headline and the sentences of a change."""
    before, after, section = change.before, change.after, change.section
    return (
        headline(section, before, after, change.valid_from, book),
        sentences(section, before, after, book),
    )
