"""What an editor sees before an announcement goes out, a template counts or a job starts."""

import asyncio
import datetime as dt
from collections.abc import Iterator

from starlette.requests import Request

from bus.errors import BusError
from contracts.notify import announcements as news
from contracts.notify import bulk
from contracts.notify import desk as notices_desk
from gateway.html.formats import day, label, moment
from gateway.ops.notices import words
from gateway.ops.staff.pages import StaffPages
from gateway.ops.staff.previews import Fact, Preview

_ACTS = {
    "publish": ("این اطلاعیه منتشر می‌شود", "انتشار"),
    "update": ("این خبر افزوده می‌شود", "افزودن خبر"),
    "reschedule": ("زمان تازه اعلام می‌شود", "اعلام زمان تازه"),
    "cancel": ("این اطلاعیه لغو می‌شود", "لغو اطلاعیه"),
}
_VERSIONS = {
    "approve": (
        "این نسخه تأیید می‌شود",
        "تأیید نسخه",
        "از اکنون پیام‌های تازه با این نسخه فرستاده می‌شود.",
    ),
    "withdraw": (
        "این نسخه پس گرفته می‌شود",
        "پس گرفتن نسخه",
        "پیام تازه‌ای با این نسخه فرستاده نمی‌شود.",
    ),
    "refuse": (
        "این نسخه پذیرفته نمی‌شود",
        "نپذیرفتن نسخه",
        "پیام‌ها با همان متن پیشین فرستاده می‌شود.",
    ),
    "archive": (
        "این الگو بایگانی می‌شود",
        "بایگانی الگو",
        "دیگر هیچ پیامی با این الگو پذیرفته نمی‌شود.",
    ),
}


class Previews:
    """Asks notify what an act would do."""

    def __init__(self, pages: StaffPages) -> None:
        self._pages = pages

    async def announcement(self, request: Request, name: str, message: news.Publish) -> Preview:
        """The page before an announcement is published, updated, moved or cancelled."""
        announcement, leaves, status = await asyncio.gather(
            self._pages.ask(request, news.ANNOUNCEMENT, news.OneAnnouncement(id=message.id)),
            self._notices(request, sent=message.tell),
            self._pages.ask(request, news.STATUS, news.Nothing()),
        )
        window = message if isinstance(message, news.Reschedule) else announcement
        hours = status.announce_hours_before
        if name in ("publish", "reschedule") and is_late(
            announcement.kind, window.starts_at, hours
        ):
            late = f"کمتر از {hours} ساعت تا آغاز مانده است: این زمان قطعی به شمار می‌آید."
            leaves = (late, *leaves)
        title, button = _ACTS[name]
        if (
            announcement.kind == "maintenance"
            and announcement.impact == "down"
            and name != "cancel"
        ):
            leaves = ("صفحه‌ها و قراردادهای این بخش‌ها در آن زمان بسته است.", *leaves)
        return Preview(
            title=title,
            button=button,
            facts=tuple(_announcement_facts(announcement, message)),
            text=_text(announcement, message),
            leaves=leaves,
            basis={"seen_at": announcement.updated_at},
            danger=name == "cancel",
        )

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
            hours = await self._pages.ask(request, news.SMS_HOURS, news.Nothing())
        except BusError:
            return ""
        if not hours.waits:
            return ""
        return (
            f"اکنون ساعت سکوت است: پیامک مشترکان تا {moment(hours.goes_at)} نمی‌رود؛ تنها خبر "
            "قطعی که پیش از آن آغاز می‌شود بی‌درنگ پیامک می‌شود."
        )

    async def version(self, request: Request, name: str, message: notices_desk.OneForm) -> Preview:
        """The page before a version of a template is decided, or the template is archived."""
        form = await self._pages.ask(
            request, notices_desk.READ_FORM, notices_desk.OneForm(id=message.id)
        )
        own = refused = False
        facts = [Fact("الگو", f"{form.name} ({form.code})")]
        number = message.version if isinstance(message, notices_desk.OneVersion) else None
        texts: tuple[Fact, ...] = ()
        for version in form.versions:
            if version.version == number:
                own = self._pages.is_own(request, version.drafted_by)
                refused = name == "withdraw" and version.state == "DRAFT" and not own
                facts.append(Fact("نسخه", str(number)))
                texts = tuple(
                    Fact(f"متن الگو، {words.LANGUAGES[language]}", text.body)
                    for language, text in version.texts.items()
                )
        title, button, leaves = _VERSIONS["refuse" if refused else name]
        if form.in_force:
            facts.append(Fact("در اجرا", f"نسخه {form.in_force}"))
        return Preview(
            title=title,
            button=button,
            facts=tuple(facts),
            texts=texts,
            leaves=(leaves,),
            danger=name != "approve",
            again=False,
            asks_why=name == "withdraw" and not own,
        )

    async def start(self, request: Request, message: bulk.StartJob) -> Preview:
        """The page before a bulk job starts."""
        job = await self._job(request, message.job)
        waits = "" if message.at else await self.sms_wait(request)
        bad = [f"{job.bad} سطر نادرست فرستاده نمی‌شود."] if job.bad else []
        at = moment(message.at) if message.at else "همین اکنون"
        return Preview(
            title="این ارسال آغاز می‌شود",
            button=f"آغاز ارسال به {job.good} گیرنده",
            facts=(*_job_facts(job), Fact("آغاز", at)),
            leaves=(*bad, *([waits] if waits else []), "پیامی که رفت برنمی‌گردد."),
        )

    async def cancel(self, request: Request, message: bulk.JobOf) -> Preview:
        """The page before a bulk job is cancelled."""
        job = await self._job(request, message.job)
        leaves = ("آنچه تاکنون رفته است برنمی‌گردد؛ بقیه فرستاده نمی‌شود.",)
        return Preview("این ارسال لغو می‌شود", "لغو ارسال", _job_facts(job), leaves, danger=True)

    async def _job(self, request: Request, id_: str) -> bulk.BulkJobProgress:
        return await self._pages.ask(request, bulk.JOB, bulk.ReadJob(job=id_, limit=1))


def is_late(kind: str, starts_at: str | None, hours: int) -> bool:
    """Tell whether a planned window that is announced now comes too late to be left out of what
    the service promises.
    """
    if kind != "maintenance" or starts_at is None:
        return False
    starts = dt.datetime.fromisoformat(starts_at)
    return starts - dt.timedelta(hours=hours) < dt.datetime.now(dt.UTC)


def _announcement_facts(announcement: news.Announcement, message: news.Publish) -> Iterator[Fact]:
    yield Fact("عنوان", announcement.title.fa)
    state = words.ANNOUNCED[announcement.state]
    yield Fact("نوع و وضعیت کنونی", f"{words.KINDS[announcement.kind]}، {state}")
    components = (label(code, words.COMPONENTS) for code in announcement.components)
    yield Fact("بخش‌ها", "، ".join(components))
    banner = words.has_banner(announcement)
    yield Fact("نوار در", words.pages_of(announcement) if banner else "نواری ندارد")
    window = message if isinstance(message, news.Reschedule) else announcement
    if window.starts_at:
        yield Fact("زمان", _span(window.starts_at, window.ends_at))
        if window is message and announcement.starts_at:
            yield Fact("به جای", _span(announcement.starts_at, announcement.ends_at))
    elif announcement.sunset:
        yield Fact("آخرین روز", day(announcement.sunset))
    update = message if isinstance(message, news.Update) else None
    if announcement.kind in ("maintenance", "incident"):
        impact = (update and update.impact) or announcement.impact
        yield Fact("اثر", words.IMPACTS[impact])
    if update:
        yield Fact("وضعیت تازه", label(update.state, words.ANNOUNCED))


def _span(starts_at: str, ends_at: str | None) -> str:
    return moment(starts_at) + (f" تا {moment(ends_at)}" if ends_at else "")


def _text(announcement: news.Announcement, message: news.Publish) -> str:
    """The Persian text that people will read: that of the act, else of the announcement."""
    if isinstance(message, news.Update | news.Reschedule | news.Cancel):
        return message.text.fa
    return announcement.body.fa


def _job_facts(job: bulk.BulkJobProgress) -> tuple[Fact, ...]:
    return (
        Fact("ارسال", job.name),
        Fact("گیرندگان", str(job.good)),
        Fact("هزینه پیامک", f"{job.cost_rials:,} ریال"),
    )
