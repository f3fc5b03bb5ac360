"""What a colleague sees before a ticket is closed, joined with another, or gets a new secret."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request

from contracts.ticketing import desk as contracts
from gateway.html.formats import moment
from gateway.ops.desk import words
from gateway.ops.staff.previews import Fact, Preview
from gateway.ops.staff.refusals import TICKET_STATES
from gateway.ops.staff.session import Desk
from people.tracking import grouped

Row = Mapping[str, Any]
SHOWN = 300
VISITS = {
    "keep": "زمان مراجعه شهروند می‌ماند؛ او آن را در صفحه خود می‌بیند و می‌تواند عوض کند.",
    "end": "زمان مراجعه شهروند لغو و آزاد می‌شود؛ نامه و پیامک لغو برایش می‌رود.",
}


async def preview(desk: Desk, request: Request, name: str, data: Row) -> Preview:
    """The page before ``close``, ``merge`` or ``new_secret``."""
    told = await desk.ask(request, contracts.READ, {"code": data["code"]})
    if name == "new_secret":
        return _new_secret(told)
    leaves = [*_left(told, data)]
    if name == "close":
        return Preview(
            title="این پرونده بدون پاسخ پایان می‌یابد", button="پایان دادن", danger=True,
            facts=(*_facts("پرونده", told), Fact("دلیل", words.CLOSES[data["reason"]])),
            text=data["text"], leaves=(*leaves, "شهروند این متن را با نامه یا پیامک می‌گیرد."),
        )  # fmt: skip
    into = await desk.ask(request, contracts.READ, {"code": data["into"]})
    return Preview(
        title="این پرونده با پرونده دیگری یکی می‌شود", button="یکی کردن",
        facts=(*_facts("این پرونده", told), *_facts("پرونده اصلی", into)),
        leaves=(
            *leaves,
            "از این پس شهروند این پرونده پاسخ پرونده اصلی را می‌گیرد.",
            "رئیس واحد می‌تواند آن‌ها را دوباره جدا کند.",
        ),
    )  # fmt: skip


def _new_secret(told: Row) -> Preview:
    """The old secret opens nothing from then on, and nobody can give it back."""
    person = told["person"] or {}
    way = "شماره همراه" if person.get("mobile") else "پست الکترونیک"
    return Preview(
        title="رمز این پرونده تازه می‌شود", button="فرستادن رمز تازه",
        facts=(*_facts("پرونده", told), Fact("فرستاده می‌شود به", f"{way} ثبت‌شده در پرونده")),
        leaves=("رمزی که شهروند اکنون دارد دیگر باز نمی‌کند و برگردانده نمی‌شود.",),
    )  # fmt: skip


def _facts(label: str, told: Row) -> tuple[Fact, ...]:
    text = " ".join(told["text"].split())
    return (
        Fact(label, f"{grouped(told['code'])}، {told['category']['fa']}، {told['unit']['fa']}"),
        Fact("وضعیت", TICKET_STATES[told["state"]]),
        Fact("متن", text if len(text) <= SHOWN else f"{text[:SHOWN]}…"),
    )


def _left(told: Row, data: Row) -> list[str]:
    """What hangs on the ticket, and what becomes of it."""
    sentences = []
    if told.get("visit_open") and data.get("visit"):
        starts = told["appointment"]["starts_at"]
        when = f" ({moment(starts)})" if starts else ""
        sentences.append(f"{VISITS[data['visit']]}{when}")
    if told["state"] == "PAUSED":
        sentences.append("پرونده در انتظار است؛ آن انتظار پایان می‌یابد.")
    if told["children"]:
        sentences.append(f"{len(told['children'])} پرونده به این پیوسته است.")
    return sentences
