"""What citizens of the demo say weeks after the end of their tickets, by the links they got."""

import datetime as dt
import random
import re
from email import message_from_bytes
from email.policy import default
from functools import partial

from sqlalchemy import select

from contracts.ticketing.citizens import ANSWER_FOLLOW_UP
from deploy.local.world.lines import maybe, weighed
from deploy.local.world.stage import Life, Stage, attempt
from services.ticketing.tables import MAILS

ANSWER = 0.6
# Of a hundred answers.
MENDED = {"yes": 74, "no": 17, "unknown": 9}
FIRST_TIME = {"yes": 58, "no": 33, "unsaid": 9}
WORDS = {
    "yes": "سپاس از پیگیری همکاران؛ مشکل برطرف شده است.",
    "no": "پس از دو هفته دوباره همان مشکل پیش آمد.",
    "unknown": "از آن زمان به محل نرفته‌ام.",
}
_NUMBER = re.compile(r"/contact/follow-up/(\d{16})")


def life(stage: Stage, seed: int, first: dt.date, last: dt.date) -> Life:
    """Each evening some of those who were asked since the evening before answer."""
    chance, newest = random.Random(seed), 0  # noqa: S311 - a story, no secret
    for number in range((last - first).days):
        yield stage.at(first + dt.timedelta(days=number), 19)
        for letter, question in _questions(stage, newest):
            newest = max(newest, letter)
            if maybe(chance, ANSWER):
                attempt(partial(_answer, stage, chance, question))


def _questions(stage: Stage, newest: int) -> list[tuple[int, str]]:
    """The numbers that came by e-mail since a letter, each with its letter."""
    query = select(MAILS.c.id, MAILS.c.raw).where(MAILS.c.kind == "follow_up", MAILS.c.id > newest)
    with stage.services["ticketing"].store.transaction() as tx:
        letters = tx.conn.execute(query.order_by(MAILS.c.id)).all()
    numbers = ((row.id, _NUMBER.search(_text(bytes(row.raw)))) for row in letters)
    return [(letter, match[1]) for letter, match in numbers if match is not None]


def _text(raw: bytes) -> str:
    body = message_from_bytes(raw, policy=default).get_body(("plain",))
    return body.get_content() if body is not None else ""


def _answer(stage: Stage, chance: random.Random, question: str) -> None:
    mended = weighed(chance, MENDED)
    words = WORDS[mended] if maybe(chance, 0.3) else ""
    first_time = weighed(chance, FIRST_TIME)
    answer = {"mended": mended, "first_time": first_time, "text": words}
    stage.ask(ANSWER_FOLLOW_UP, {"question_number": question, **answer})
