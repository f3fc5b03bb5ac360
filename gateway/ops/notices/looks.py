"""What an editor sees before an announcement goes out, a template counts or a job starts."""

import asyncio
import datetime as dt
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request

from bus.errors import BusError
from contracts.notify import announcements as news
from contracts.notify import bulk
from contracts.notify import desk as notices_desk
from gateway.html.formats import day, moment
from gateway.ops.notices import words
from gateway.ops.staff.pages import StaffPages
from gateway.ops.staff.previews import Fact, Preview

Row = Mapping[str, Any]
_ACTS = {
    "publish": ("این اطلاعیه منتشر می‌شود", "انتشار"),
    "update": ("این خبر افزوده می‌شود", "افزودن خبر"),
    "reschedule": ("زمان تازه اعلام می‌شود", "اعلام زمان تازه"),
    "cancel": ("این اطلاعیه لغو می‌شود", "لغو اطلاعیه"),
}
_VERSIONS = {
    "approve": ("این نسخه تأیید می‌شود", "از اکنون پیام‌های تازه با این نسخه فرستاده می‌شود."),
    "withdraw": ("این نسخه پس گرفته می‌شود", "پیام تازه‌ای با این نسخه فرستاده نمی‌شود."),
    "archive": ("این الگو بایگانی می‌شود", "دیگر هیچ پیامی با این الگو پذیرفته نمی‌شود."),
}


class Looks:
    """Asks notify what an act would do."""

    def __init__(self, pages: StaffPages) -> None:
        self._pages = pages

    async def announcement(self, request: Request, name: str, id_: int, data: Row) -> Preview:
        """The page before an announcement is published, updated, moved or cancelled."""
        announcement, leaves = await asyncio.gather(
            self._pages.ask(request, news.ANNOUNCEMENT, id=id_),
            self._notices(request, sent=bool(data.get("tell"))),
        )
        title, button = _ACTS[name]
        state = words.ANNOUNCED[announcement["state"]]
        facts = [
            Fact("عنوان", announcement["title"]["fa"]),
            Fact(
                "نوع و وضعیت کنونی",
                f"{words.KINDS[announcement['kind']]}، {state}",
            ),
            Fact(
                "بخش‌ها",
                "، ".join(words.label(words.COMPONENTS, c) for c in announcement["components"]),
            ),
            Fact(
                "نوار در",
                words.pages_of(announcement) if words.has_banner(announcement) else "نواری ندارد",
            ),
            *_window(data if name == "reschedule" else announcement, announcement),
        ]
        if announcement["kind"] in ("maintenance", "incident"):
            facts.append(Fact("اثر", words.IMPACTS[data.get("impact") or announcement["impact"]]))
        if data.get("state"):
            facts.append(Fact("وضعیت تازه", words.label(words.ANNOUNCED, data["state"])))
        body = (data.get("text") or announcement["body"])["fa"]
        if (
            announcement["kind"] == "maintenance"
            and announcement["impact"] == "down"
            and name != "cancel"
        ):
            leaves = ("صفحه‌ها و قراردادهای این بخش‌ها در آن زمان بسته است.", *leaves)
        return Preview(
            title=title, button=button, facts=tuple(facts), text=body, leaves=leaves,
            basis={"seen_at": announcement["updated_at"]}, danger=name == "cancel",
        )  # fmt: skip

    async def _notices(self, request: Request, *, sent: bool) -> tuple[str, ...]:
        """When subscribers get it: an SMS waits for the morning."""
        if not sent:
            return ("به مشترکان پیام نمی‌رود؛ در درگاه و خبرخوان‌ها بی‌درنگ دیده می‌شود.",)
        waits = await self.sms_wait(request)
        now = "در درگاه، خبرخوان‌ها و پست الکترونیک بی‌درنگ می‌رود."
        return (now, waits) if waits else (now, "پیامک مشترکان هم بی‌درنگ می‌رود.")

    async def sms_wait(self, request: Request) -> str:
        """Until when an SMS waits; empty outside of the quiet hours."""
        try:
            hours = await self._pages.ask(request, news.SMS_HOURS)
        except BusError:
            return ""
        if not hours["waits"]:
            return ""
        return (
            f"اکنون ساعت سکوت است: پیامک مشترکان تا {moment(hours['goes_at'])} نمی‌رود؛ تنها خبر "
            "قطعی که پیش از آن آغاز می‌شود بی‌درنگ پیامک می‌شود."
        )

    async def version(self, request: Request, name: str, id_: str, data: Row) -> Preview:
        """The page before a version of a template is decided."""
        form = await self._pages.ask(request, notices_desk.READ_FORM, id=id_)
        title, leaves = _VERSIONS[name]
        facts = [Fact("الگو", f"{form['name']} ({form['code']})")]
        preview = ""
        for version in form["versions"]:
            if version["version"] == data.get("version") and name != "archive":
                facts.append(Fact("نسخه", str(version["version"])))
                preview = "\n\n".join(text["body"] for text in version["texts"].values())
        if form["in_force"]:
            facts.append(Fact("در اجرا", f"نسخه {form['in_force']}"))
        return Preview(
            title=title, button=title.removeprefix("این ").replace(" می‌شود", ""),
            facts=tuple(facts), text=preview, leaves=(leaves,), danger=name != "approve",
            again=False,
        )  # fmt: skip

    async def job(self, request: Request, name: str, job: str, data: Row) -> Preview:
        """The page before a bulk job starts or is cancelled."""
        job_ = await self._pages.ask(request, bulk.JOB, job=job, after=0, limit=1)
        facts = [
            Fact("ارسال", job_["name"]),
            Fact("گیرندگان", f"{job_['good']}"),
            Fact("هزینه پیامک", f"{job_['cost_rials']:,} ریال"),
        ]
        if name == "cancel":
            leaves = ("آنچه تاکنون رفته است برنمی‌گردد؛ بقیه فرستاده نمی‌شود.",)
            return Preview("این ارسال لغو می‌شود", "لغو ارسال", tuple(facts), leaves, danger=True)
        at = moment(data["at"]) if data.get("at") and _is_moment(data["at"]) else "همین اکنون"
        facts.append(Fact("آغاز", at))
        waits = "" if data.get("at") else await self.sms_wait(request)
        bad = [f"{job_['bad']} سطر نادرست فرستاده نمی‌شود."] if job_["bad"] else []
        return Preview(
            "این ارسال آغاز می‌شود", f"آغاز ارسال به {job_['good']} گیرنده", tuple(facts),
            (*bad, *([waits] if waits else []), "پیامی که رفت برنمی‌گردد."),
        )  # fmt: skip


def _window(source: Row, announcement: Row) -> tuple[Fact, ...]:
    """The window or the last day."""
    if source.get("starts_at"):
        ends = f" تا {moment(source['ends_at'])}" if source.get("ends_at") else ""
        return (Fact("زمان", f"{moment(source['starts_at'])}{ends}"),)
    return (Fact("آخرین روز", day(announcement["sunset"])),) if announcement["sunset"] else ()


def _is_moment(text: str) -> bool:
    try:
        dt.datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
