"""Who unsubscribed, as rows of a file: by the message whose link was used, never by address."""

from collections.abc import Awaitable, Callable

from contracts.notify.usage.unsubscriptions import ROWS_MOST, Unsubscription, Unsubscriptions
from gateway.html.csv_tables import Cell

FILE, FILE_HEAD = "unsubscribed.csv", ("template", "message", "reference", "at", "undone_at")


def file_row(row: Unsubscription) -> tuple[Cell, ...]:
    """One row of the file, by `FILE_HEAD`."""
    return (row.template, row.message, row.reference, row.at, row.undone_at)


async def read_all(
    page: Callable[[int | None, int], Awaitable[Unsubscriptions]],
) -> list[Unsubscription]:
    """All rows, page by page; ``page`` reads the one after a number, of so many rows."""
    rows: list[Unsubscription] = []
    before = None
    while True:
        reply = await page(before, ROWS_MOST)
        rows += reply.unsubscriptions
        if reply.next is None:
            return rows
        before = reply.next
