"""Files that agencies send by e-mail: their links, who may open one, and how long.

A link has a key of 128 bits, which stands in the e-mail; of it we keep a hash.
"""

import datetime as dt
import hmac
import secrets
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from sqlalchemy import Connection, delete, func, insert, select, update

from bus.blobs import Blobs
from bus.database.chores import Chore
from bus.database.rows import columns, fetch_all, fetch_one
from bus.database.store import Store
from bus.envelope import instant
from bus.errors import BusError, Forbidden, NotFound, RuleBroken, TooMany
from bus.foreign.clamd import Clamd
from bus.process import log
from bus.settings import Settings
from contracts.notify.files import FileByEmail, FileLink, OpenedFile, OpenFile, SentFile
from iran import identifiers
from services.notify import holds
from services.notify.context import Context, ContextOf, uuid_of
from services.notify.tables import SENT_FILES

_log = log.get("files")
FileState = Literal["HELD", "CLEAN", "INFECTED"]
KEY_BYTES = 16
# Wrong addresses for one link, before it waits for an hour: only who has the link can try.
GUESSES, PAUSE = 10, dt.timedelta(hours=1)
MEGABYTE, NEARLY = 1024 * 1024, 0.9
AT_ONCE, SIDE_BY_SIDE, KEEP_SECONDS = 100, 4, 86_400


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file that was sent; ``name`` is sealed, key and addresses are hashes."""

    id: UUID
    owner: str
    sha256: str
    size: int
    name: str
    type: str
    key_hash: bytes
    email_hash: bytes | None
    state: FileState
    failures: int
    failed_at: dt.datetime | None
    opened_at: dt.datetime | None
    made_at: dt.datetime
    until_at: dt.datetime


@dataclass(frozen=True, slots=True)
class HeldFile:
    """A file that waits for the scanner."""

    id: UUID
    sha256: str


def links(
    context: Context,
    owner: str,
    to: str,
    files: Mapping[str, FileByEmail],
    reference: str | None = None,
) -> dict[str, str]:
    """Keep the files of a message with its reference; the link of each, by its placeholder.
    RuleBroken ``file.no_room`` if the agency's files would take more than SENT_FILES_MEGABYTES.
    """
    if files:
        _require_room(context, owner, sum(file.size for file in files.values()))
    return {name: _link(context, owner, to, file, reference) for name, file in files.items()}


def _link(context: Context, owner: str, to: str, file: FileByEmail, reference: str | None) -> str:
    id_, key = uuid.uuid4(), secrets.token_urlsafe(KEY_BYTES)
    context.conn.execute(
        insert(SENT_FILES).values(
            id=id_,
            owner=owner,
            sha256=file.sha256,
            size=file.size,
            name=context.keys.seal(file.name),
            type=file.type,
            key_hash=context.keys.hashed("file", str(id_), key),
            email_hash=_address(context, to) if file.confirm else None,
            receiver_hash=context.keys.receiver("email", identifiers.email(to)),
            reference=reference,
            state="HELD",
            made_at=context.now,
            until_at=context.now + dt.timedelta(weeks=file.weeks),
        )
    )
    return f"{context.portal}/files/{id_}/{key}"


def _require_room(context: Context, owner: str, size: int) -> None:
    """One message after the other, or two would find the same room."""
    column = SENT_FILES.c
    context.tx.hold(f"sent_files {owner}")
    used, first = context.conn.execute(
        select(func.coalesce(func.sum(column.size), 0), func.min(column.until_at)).where(
            # What a hold keeps longer takes no room of the agency's, which knows nothing of it.
            column.owner == owner,
            column.until_at > context.now,
        )
    ).one()
    most = megabytes(context.settings)
    if int(used) + size <= most * MEGABYTE:
        return
    day = f" The next one goes on {first.date()}." if first else ""
    raise RuleBroken(
        f"Your files take {int(used) // MEGABYTE} of {most} MB.{day} Send the message without its "
        "files, or have files kept for fewer weeks.",
        code="file.no_room",
    )


def megabytes(settings: Settings) -> int:
    """How much the files of one agency may take at a time."""
    return settings.whole("SENT_FILES_MEGABYTES", 5000)


def nearly_full(conn: Connection, settings: Settings, now: dt.datetime) -> int:
    """Count the agencies whose files take nine tenths of their room."""
    column, size = SENT_FILES.c, func.sum(SENT_FILES.c.size)
    full = select(column.owner).where(column.until_at > now).group_by(column.owner)
    full = full.having(size > NEARLY * megabytes(settings) * MEGABYTE)
    return int(conn.scalar(select(func.count()).select_from(full.subquery())) or 0)


def _address(context: Context, text: str) -> bytes:
    """The hash of an address as people type it: its letters may be small or capital."""
    return context.keys.hashed("file address", identifiers.email(text).lower())


def read(context: Context, request: FileLink) -> SentFile:
    """What the page of a link says. NotFound ``file.not_found``, the same whatever is wrong."""
    row = _load(context, request)
    owner_fa, owner_en = context.members.names(row.owner)
    return SentFile(
        owner=row.owner,
        owner_fa=owner_fa,
        owner_en=owner_en,
        name=context.keys.open(row.name) or "",
        size=row.size,
        type=row.type,
        state=row.state,
        confirm=row.email_hash is not None,
        until=instant(row.until_at),
    )


def open_file(context: Context, request: OpenFile) -> OpenedFile | BusError:
    """Open a file for who names its address. NotFound ``file.not_found``; RuleBroken
    ``file.held``, ``file.infected``; Forbidden ``file.address``; TooMany ``file.guesses``.
    """
    row = _load(context, request, lock=True)
    if row.state == "INFECTED":
        return RuleBroken("The file had a virus and was deleted.", code="file.infected")
    if row.state == "HELD":
        return RuleBroken("The file is being checked; try again.", code="file.held")
    if row.email_hash is not None:
        if _waits(context, row):
            return TooMany(
                "Wrong addresses were named too often for this link; wait an hour.",
                code="file.guesses",
                retry_after=int(PAUSE.total_seconds()),
            )
        if not _is_right(context, row.email_hash, request.email):
            _note_failure(context, row)
            return Forbidden(
                "This is not the address to which the file was sent.", code="file.address"
            )
    context.conn.execute(
        update(SENT_FILES)
        .where(SENT_FILES.c.id == row.id)
        .values(failures=0, failed_at=None, opened_at=context.now)
    )
    return OpenedFile(sha256=row.sha256)


def _load(context: Context, request: FileLink, *, lock: bool = False) -> FileRow:
    query = select(*columns(SENT_FILES, FileRow)).where(SENT_FILES.c.id == uuid_of(request.id))
    row = fetch_one(context.conn, FileRow, query.with_for_update() if lock else query)
    proof = context.keys.hashed("file", request.id, request.key)
    if row is None or not hmac.compare_digest(bytes(row.key_hash), proof):
        raise _not_found()
    if row.until_at <= context.now:
        raise _not_found()
    return row


def _not_found() -> NotFound:
    return NotFound("There is no such file, or its time is over.", code="file.not_found")


def _waits(context: Context, row: FileRow) -> bool:
    """Tell whether this link rests after too many wrong addresses."""
    recent = row.failed_at is not None and context.now < row.failed_at + PAUSE
    return recent and row.failures >= GUESSES


def _is_right(context: Context, email_hash: bytes, email: str | None) -> bool:
    try:
        named = _address(context, email or "")
    except identifiers.Malformed:
        return False
    return hmac.compare_digest(bytes(email_hash), named)


def _note_failure(context: Context, row: FileRow) -> None:
    """An hour after the last wrong address the count begins anew."""
    recent = row.failed_at is not None and context.now < row.failed_at + PAUSE
    context.conn.execute(
        update(SENT_FILES)
        .where(SENT_FILES.c.id == row.id)
        .values(failures=row.failures + 1 if recent else 1, failed_at=context.now)
    )


# --- chores ---


def scan(store: Store, context_of: ContextOf, scanner: Clamd | None, blobs: Blobs) -> None:
    """Scan files that are held: until then their links show that they are being checked. While the
    scanner is away they wait.
    """
    query = select(SENT_FILES.c.id, SENT_FILES.c.sha256).where(SENT_FILES.c.state == "HELD")
    with store.transaction() as tx:
        oldest = query.order_by(SENT_FILES.c.made_at).limit(AT_ONCE)
        held = fetch_all(tx.conn, HeldFile, oldest)
    if not held:
        return
    if scanner is None or not scanner.ping():
        _log.warning("scanner_unavailable", held=len(held))
        return
    chore = Chore(store, "notify.scan_file")

    def judge(row: HeldFile) -> None:
        state = _judged(scanner, blobs, row.sha256)
        with store.transaction() as tx:
            statement = update(SENT_FILES).where(
                SENT_FILES.c.id == row.id, SENT_FILES.c.state == "HELD"
            )
            context_of(tx).conn.execute(statement.values(state=state))

    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        list(pool.map(lambda row: chore.work_on([row], judge, lambda file: file.id), held))


def _judged(scanner: Clamd, blobs: Blobs, sha256: str) -> FileState:
    """What is not there any more is told like a virus: nobody can have it."""
    try:
        with blobs.open(sha256) as stream:
            virus = scanner.scan(stream)
    except NotFound:
        return "INFECTED"
    if virus is not None:
        _log.warning("file_with_virus", found=virus)
        blobs.remove(sha256)
        return "INFECTED"
    return "CLEAN"


def sweep(store: Store, context_of: ContextOf, blobs: Blobs) -> None:
    """Delete files whose time is over, unless a legal hold protects them, and the blobs that no
    file holds any more. What is only kept for a hold opens for nobody.
    """
    column = SENT_FILES.c
    with store.transaction() as tx:
        context = context_of(tx)
        held = holds.is_held(context, column.receiver_hash, column.reference)
        context.conn.execute(delete(SENT_FILES).where(column.until_at <= context.now, ~held))
    for sha256 in blobs.older_than(KEEP_SECONDS):
        query = select(SENT_FILES.c.id).where(SENT_FILES.c.sha256 == sha256).limit(1)
        with store.transaction() as tx:
            holder = tx.conn.execute(query).scalar()
        if holder is None:
            blobs.remove(sha256, older_than=KEEP_SECONDS)
