"""E-mails that came to the units: two become tickets, the others wait for a colleague to look."""

import datetime as dt
from email.message import EmailMessage
from email.utils import format_datetime, formataddr

from sqlalchemy import insert

from bus.messages.values import Json
from contracts.ticketing import letters as desk
from deploy.local.world import lines
from deploy.local.world.stage import Life, Stage
from services.ticketing.tables import LETTERS


def lives(stage: Stage, last: dt.date) -> list[Life]:
    """The e-mails of matters.toml, each at its day."""
    return [_letter(stage, n, row, last) for n, row in enumerate(lines.material()["letters"])]


def _letter(stage: Stage, number: int, row: Json, last: dt.date) -> Life:
    yield stage.at(last - dt.timedelta(days=row["days"]), 7.5 + number / 3)
    service = stage.services["ticketing"]
    kept = {
        "mail_from": row["sender"],
        "rcpt_to": row["to"],
        "message_id": f"<demo-{number}@{row['sender'].partition('@')[2]}>",
        "received_at": stage.now,
    }
    # As the mailroom keeps it, but for the moment, which is the world's.
    with service.store.transaction() as tx:
        added = insert(LETTERS).values(raw=_written(stage, row, kept["message_id"]), **kept)
        letter = tx.conn.execute(added.returning(LETTERS.c.id)).scalar_one()
    stage.chore("ticketing", "read_letters")
    if done := row.get("done"):
        yield stage.working(2)
        stage.ask(desk.FINISH_LETTER, {"letter": letter, "text": done}, caller=stage.staff("karim"))


def _written(stage: Stage, row: Json, message_id: str) -> bytes:
    """The e-mail as its sender's program writes it."""
    email = EmailMessage()
    email["From"] = formataddr((row["name"], row["sender"]))
    email["To"] = row["to"]
    email["Subject"] = row["subject"]
    email["Date"] = format_datetime(stage.now)
    email["Message-ID"] = message_id
    if row.get("away"):
        email["Auto-Submitted"] = "auto-replied"
    if row.get("bulk"):
        email["List-Unsubscribe"] = "<mailto:leave@pumps.example>"
    email.set_content(row["text"])
    return email.as_bytes()
