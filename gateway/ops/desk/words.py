"""Persian words of the desk's forms: fields, acts that are done, and refusals."""

from collections.abc import Iterable

from bus.errors import BusError, RuleBroken
from bus.messages.values import Json
from gateway.ops.desk import letter_words
from gateway.ops.staff import message_words, ticket_words
from gateway.ops.staff.refusal_texts import FAULTS
from gateway.ops.staff.refusals import Refusals, fault_sentence
from people.tracking import in_text

MESSAGE_LANGUAGES, MESSAGE_WAYS = message_words.LANGUAGES, message_words.CHANNELS
MESSAGE_STATES, MESSAGE_PILLS = message_words.STATES, message_words.STATE_PILLS
FIELDS = {
    "kind": "نوع",
    "counties": "شهرستان‌ها",
    "from_day": "از روز",
    "to_day": "تا روز",
    "opens": "ساعت آغاز",
    "closes": "ساعت پایان",
    "times": "ساعت‌های روزهای هفته",
    "file": "فایل",
    "origin": "نام فایل تعطیلات",
    "keys": "تعطیلات",
    "decree": "شماره و تاریخ مصوبه",
    "weekdays": "روزهای تعطیل هفته",
    "status": "قطعیت",
    "title": "عنوان",
    "source": "شماره و تاریخ مصوبه",
    "confirmed": "تأیید",
    "row": "ردیف",
    "office": "محل مراجعه",
    "day": "روز",
    "minutes": "مدت هر مراجعه",
    "capacity": "ظرفیت هم‌زمان",
    "text": "متن",
    "phrase": "عبارت",
    "priority": "اولویت",
    "nth": "چندمین جا",
    "entry": "عبارت پنهان",
    "canned": "متن آماده",
    "files": "پیوست",
    "attachments": "پیوست",
    "unit": "واحد",
    "assignee": "همکار",
    "reason": "دلیل",
    "came": "آمدن شهروند",
    "into": "کد رهگیری درخواست اصلی",
    "visit": "زمان مراجعه شهروند",
    "bills_stay": "قبض باز",
    "code": "کد رهگیری",
    "category": "موضوع",
    "county": "شهرستان",
    "privacy": "پوشیدگی نام",
    "name": "نام",
    "mobile": "همراه",
    "email": "پست الکترونیک",
    "national_id": "کد ملی",
    "declared": "درستی گفته‌ها",
    "version": "نسخه پرونده",
    "mentions": "به چه کسی گفته شود",
    "username": "همکار",
    "to": "همکار گیرنده",
    "deputy": "جانشین",
    "basis": "پرونده‌ها",
    "absence": "مرخصی",
    "mails": "خبر با نامه",
    "pin": "کد تأیید",
    "about_kind": "اعتراض به",
    "about_ref": "شماره آن",
    "move": "واحد",
    "page": "صفحه",
    "state": "وضعیت",
    "search": "جست‌وجو",
    "mine": "کارهای من",
    "late": "دیرشده",
    "query": "فیلتر",
    "text_en": "متن انگلیسی",
    "default": "فهرست نخست",
    "city": "سازمان",
    "address": "کجاست",
    "with_contact": "نشانی شهروند",
    "consent": "رضایت شهروند",
    "outcome": "پاسخ آن سازمان",
    "remote_id": "شماره در آنجا",
    "forwarding": "ارسال",
    "set_aside": "نامه‌های بعدی فرستنده",
}
# What is done, by the act.
DONE = {
    "take": "این پرونده اکنون با شماست.",
    "holidays_read": "فایل خوانده شد؛ پیشنهادهای آن را پایین ببینید. تقویم هنوز تغییر نکرده است.",
    "holidays_accept": "در تقویم ثبت شد؛ سررسید پرونده‌های باز دوباره حساب می‌شود.",
    "holidays_aside": "کنار گذاشته شد؛ تقویم تغییر نکرد.",
    "draft": "پیش‌نویس نگه داشته شد؛ تنها شما آن را می‌بینید.",
    "draft_gone": "پیش‌نویس برداشته شد.",
    "read": "همه خبرها خوانده شد.",
    "mails": "نگه داشته شد.",
    "code_sent": "کدی به این نشانی فرستاده شد؛ آن را پایین همین صفحه بنویسید.",
    "prove": "نشانی تأیید شد؛ از این پس خبرها به آن هم می‌رود.",
    "absence": "مرخصی ثبت شد؛ ارجاع‌های این روزها به جانشین یا به صف واحد می‌رسد.",
    "back": "مرخصی پایان یافت؛ ارجاع‌ها دوباره به همین همکار می‌رسد.",
    "hand_over": "پرونده‌ها تحویل شد.",
    "say": "پیام فرستاده شد.",
    "text_person": message_words.DONE["text_person"],
    "answer": "پاسخ فرستاده شد.",
    "note": "یادداشت ثبت شد.",
    "assign": "ارجاع شد.",
    "sort": "موضوع اصلاح شد؛ مهلت‌ها با موضوع تازه محاسبه می‌شود.",
    "same": "چیزی تغییر نکرد؛ پرونده پیش از این هم همین‌گونه بود.",
    "remind": "در آن روز در «برای من» به یادتان می‌آید.",
    "remind_no_more": "یادآوری برداشته شد.",
    "moved": "پرونده به واحد دیگر رفت و از صف شما بیرون آمد.",
    "pause": "در انتظار گذاشته شد.",
    "resume": "رسیدگی ادامه یافت.",
    "invite": "دعوت فرستاده شد.",
    "visit": "نتیجه مراجعه ثبت شد.",
    "merge": "یکی شد.",
    "unmerge": "جدا شد.",
    "close": "پایان یافت.",
    "spam": "پرونده کنار گذاشته شد؛ به فرستنده چیزی نوشته نشد.",
    "take_up": "دوباره باز شد.",
    "new_secret": "رمز تازه به شهروند فرستاده شد.",
    "correct_mobile": "شماره همراه اصلاح شد؛ کدهای شماره پیشین دیگر باز نمی‌کند.",
    "correction_waits": "رئیس واحد یا ناظر باید تأیید کند؛ تا آن هنگام شماره همان است که بود.",
    "correction_approve": "تأیید شد؛ شماره پرونده عوض شد و به شماره پیشین خبر داده شد.",
    "correction_refuse": "پذیرفته نشد؛ شماره همان است که بود و همکار پیشنهاددهنده خبر می‌گیرد.",
    "correction_back": "پس گرفته شد؛ شماره همان است که بود.",
    "take_down": "از فهرست همگانی برداشته شد؛ دلیل به شهروند گفته شد.",
    "prioritise": "اولویت ثبت شد.",
    "blank": "آن عبارت برای همگان پنهان شد؛ شهروند دلیل را در صفحه پیگیری می‌خواند.",
    "unblank": "آن عبارت دوباره برای همگان دیده می‌شود.",
    "forward": "در نوبت فرستادن است؛ خبرها در همین صفحه و در تاریخچه پرونده می‌آید.",
    "resolve": "ثبت شد.",
    "take_many": "پرونده‌های انتخاب‌شده را برداشتید.",
    "assign_many": "پرونده‌های انتخاب‌شده ارجاع شد.",
    "none": "پرونده‌ای انتخاب نشده بود؛ کنار پرونده‌ها را علامت بزنید.",
    "nobody": "همکار یا واحدی برای ارجاع انتخاب نشده بود.",
    "last": "به پایان این فهرست رسیدید.",
    "filter": "این فهرست با نامش ذخیره شد.",
    "filter_gone": "فهرست ذخیره‌شده برداشته شد.",
    "row": "ردیف تقویم افزوده شد.",
    "withdraw": "ردیف تقویم برداشته شد.",
    "slots": "زمان‌های مراجعه باز شد.",
}
# Of citizens who do not read us in Persian: whoever writes freely has to know.
LANGUAGES = {"en": "انگلیسی"}
PAUSES = {
    "applicant": "مدرک یا پاسخ شهروند",
    "visit": "مراجعه حضوری",
    "agency": "دستگاه دیگر",
    "commission": "کمیسیون",
    "payment": "پرداخت",
}
# Why the letters of a sender are set aside, and what becomes of the next ones.
SET_ASIDE = letter_words.REASONS
NEXT_READ = "نامه بعدی او هم خوانده می‌شود و پرونده می‌سازد."
NEXT_SET_ASIDE = (
    "نامه‌های بعدی این نشانی تا ۳۰ روز کنار گذاشته می‌شود: پرونده نمی‌سازد، پاک نمی‌شود و در «نامه‌های "
    "رسیده» دیده می‌شود. هر کسی می‌تواند نشانی دیگری را بالای نامه بنویسد."
)
LATE_AMONG_MANY = (
    "معلوم نیست انجام شده باشد؛ پرونده را باز کنید. اگر باز نشد، به واحد دیگری رفته است."
)
TICKET_KINDS = ticket_words.KINDS
CLOSES = {
    "settled": "پایان یافته",
    "withdrawn": "پس گرفته شد",
    "not_ours": "در صلاحیت ما نیست",
    "abuse": "رسیدگی نمی‌شود",
}
KINDS = {
    "hours": "ساعت کار",
    "weekend": "تعطیل هفتگی",
    "closure": "تعطیلی",
    "opening": "روز باز",
}
WEEKDAYS = {
    "sat": "شنبه",
    "sun": "یکشنبه",
    "mon": "دوشنبه",
    "tue": "سه‌شنبه",
    "wed": "چهارشنبه",
    "thu": "پنجشنبه",
    "fri": "جمعه",
}
CLOCKS = {
    "RUNNING": "در جریان",
    "PAUSED": "متوقف",
    "MET": "انجام شد",
    "LATE": "دیر انجام شد",
    "MISSED": "دیر شده",
    "ENDED": "پایان یافت",
    "UNKNOWN": "سررسید قابل محاسبه نیست؛ تقویم را بررسی فرمایید",
}
APPOINTMENTS = {
    "INVITED": "دعوت شده، زمان انتخاب نشده",
    "BOOKED": "زمان انتخاب شد",
    "CAME": "آمد",
    "MISSED": "نیامد",
    "ENDED": "لغو شد",
}
FILES = {
    "HELD": "در حال بررسی ویروس",
    "INFECTED": "آلوده؛ باز نمی‌شود",
    "UNREADABLE": "عکس خوانده نشد؛ باز نمی‌شود",
    "GONE": "پیدا نشد",
}
_OF_FIELD = {
    ("text", "required"): "متن را بنویسید.",
    ("phrase", "required"): "عبارتی را که باید پنهان شود بنویسید.",
    ("phrase", "short"): "دست‌کم دو حرف یا رقم بنویسید.",
    ("phrase", "absent"): "این عبارت در آنچه همگان می‌خوانند نیست؛ آن را از متن بردارید.",
    ("phrase", "many"): "عبارت‌های بسیاری پنهان است؛ گزارش را از فهرست همگانی بردارید.",
    ("nth", "absent"): "این عبارت این‌قدر بار در متن گزارش نیست؛ شماره کمتری بنویسید.",
    ("entry", "choice"): "این عبارت دیگر پنهان نیست؛ صفحه را تازه کنید.",
    ("text", "place_empty"): (
        "این پرونده برای یکی از جاهای خالی متن، مانند {due} یا {visit}، چیزی ندارد؛ خودتان بنویسید "
        "یا برش دارید."
    ),
    ("text", "required_or_prepared"): "متن را بنویسید، یا متن آماده‌ای را انتخاب کنید.",
    ("set_aside", "own"): "این نشانی خود سازمان است؛ نشان را بردارید.",
    ("set_aside", "nobody"): "این پرونده نشانی فرستنده ندارد؛ نشان را بردارید.",
    ("set_aside", "full"): "فهرست فرستنده‌ها پر است؛ نخست ردیف‌هایی را پایان دهید.",
    ("category", "required"): "از فهرست انتخاب کنید.",
    ("office", "required"): "یکی از محل‌های فهرست را انتخاب کنید.",
    ("came", "required"): "اعلام فرمایید شهروند آمد یا نیامد.",
    ("visit", "required"): "اعلام فرمایید زمان مراجعه شهروند بماند یا لغو شود.",
    ("bills_stay", "required"): "اعلام فرمایید که می‌دانید این قبض باز می‌ماند.",
    ("assignee", "choice"): "این همکار در آن واحد کار نمی‌کند؛ همکار دیگری را انتخاب کنید.",
    ("mentions", "mention"): "این همکار این پرونده را نمی‌بیند؛ از فهرست انتخاب کنید.",
    ("text", "mention"): (
        "نامی که پس از @ نوشته‌اید نام کاربری همکاری نیست که این پرونده را ببیند؛ از فهرست انتخاب "
        "کنید یا @ را بردارید."
    ),
    ("email", "too_many"): "امروز کد بسیاری خواسته شده است؛ فردا دوباره بخواهید.",
    ("day", "required"): "روز را بنویسید، مانند 1405/10/15.",
    ("from_day", "required"): "روز آغاز را بنویسید، مانند 1405/10/15.",
    ("day", "future_day"): "روزی از فردا تا یک سال دیگر را بنویسید، مانند 1405/10/15.",
    ("about_kind", "required"): "اعلام فرمایید اعتراض به چیست.",
    ("mobile", "choice"): "این همان شماره‌ای است که در پرونده ثبت است؛ شماره درست را بنویسید.",
    ("kind", "choice"): "این موضوع چنین نوعی ندارد؛ نوع دیگری را انتخاب کنید.",
    ("to", "choice"): "همکار دیگری از همان واحد را انتخاب کنید.",
    ("to", "away"): "این همکار اکنون در مرخصی است؛ همکار دیگری را انتخاب کنید.",
    ("deputy", "choice"): "جانشین همکار دیگری از همان واحد است.",
    ("into", "choice"): "یک پرونده با خودش یکی نمی‌شود؛ کد پرونده دیگری را بنویسید.",
    ("closes", "choice"): "ساعت پایان پس از ساعت آغاز باشد و دست‌کم یک مراجعه در آن جا بگیرد.",
    ("to_day", "choice"): "روز پایان پیش از روز آغاز است یا گذشته است.",
    ("from_day", "choice"): "این روز بیش از ده سال دور است؛ سال را دوباره ببینید.",
    ("file", "required"): "فایل را انتخاب کنید.",
    ("origin", "required"): "نامی برای این فایل بنویسید، مانند تقویم رسمی کشور.",
    ("origin", "choice"): "این نام را نشانی تنظیم‌شده دارد؛ نام دیگری بنویسید.",
    ("keys", "invalid"): "دست‌کم یکی از پیشنهادها را انتخاب کنید.",
    ("weekdays", "choice"): "دست‌کم یک روز هفته را انتخاب کنید.",
    ("consent", "required"): "بنویسید شهروند چگونه و چه زمانی رضایت داد.",
    ("address", "required"): "این پرونده نقطه‌ای روی نقشه ندارد؛ بنویسید کجاست.",
    ("with_contact", "choice"): "در این پرونده نام و شماره‌ای نیست که فرستاده شود؛ نشان را بردارید.",
    ("city", "choice"): "این موضوع برای آن سازمان فرستاده نمی‌شود؛ سازمان دیگری را انتخاب کنید.",
}
# A refusal that belongs to a field, though its code alone says so.
_OF_CODE = {
    "visit.no_open_time": "office",
    "ticket.target_ended": "into",
    "ticket.many_joined": "into",
    "secret_code.wrong": "pin",
    "secret_code.gone": "pin",
}
_REFUSALS = Refusals(
    away="میز خدمت اکنون پاسخ نمی‌دهد. نوشته شما پایین مانده است؛ یک دقیقه دیگر دوباره بفرستید.",
    problems={
        **message_words.PROBLEMS,
        "secret_code.wrong": "کد درست نیست؛ با تازه‌ترین نامه مقایسه کنید.",
        "secret_code.gone": "این کد دیگر باز نمی‌کند؛ کد دیگری بخواهید.",
        "ticket.no_contact": "در این پرونده شماره یا نشانی نیست که شما ببینید؛ صفحه را تازه کنید.",
        "mobile_correction.waits": "اصلاح دیگری در «اصلاح شماره‌ها» منتظر تأیید نفر دوم است.",
        "mobile_correction.decided": "همکار دیگری پیش از شما تصمیم گرفت.",
        "mobile_correction.not_found": "چنین اصلاحی نیست؛ صفحه را تازه کنید.",
        "desk.same_person": "خودتان آن را خواسته‌اید؛ همکار دیگری باید تصمیم بگیرد.",
        "person_act.held": (
            "این پرونده به دستور مرجع قضایی یا بازرسی بی‌تغییر نگه داشته می‌شود؛ از ناظر بپرسید."
        ),
    },
    faults=FAULTS,
    fields=FIELDS,
)


def faults_of(error: BusError) -> dict[str, str]:
    """What is wrong by field; what belongs to no field under ``""``."""
    if error.code in _OF_CODE:
        return {_OF_CODE[error.code]: _REFUSALS.sentence(error)}
    faults: dict[str, str] = {}
    for fault in error.fields:
        name = fault.field.split(".", 1)[0]
        if name in FIELDS:
            faults.setdefault(name, _OF_FIELD.get((name, fault.code)) or fault_sentence(fault))
    return faults or {"": _REFUSALS.sentence(error)}


def left_for(code: str, unit: str) -> str:
    """That a ticket is another unit's now."""
    return f"پرونده {in_text(code, 'fa')} به {unit} رفت و از صف شما بیرون آمد."


def withheld(code: str) -> str:
    """Why an act is not offered, by the code of its refusal."""
    return _REFUSALS.sentence(RuleBroken("", code=code))


def or_prepared(error: BusError) -> BusError:
    """The refusal of a form that offers prepared texts: one of them is as good as a text."""
    fields = [
        fault._replace(code="required_or_prepared")
        if (fault.field, fault.code) == ("text", "required")
        else fault
        for fault in error.fields
    ]
    return type(error)(error.message, code=error.code, fields=fields, **error.details)


def lines_of(_error: BusError) -> list[object]:
    """What is wrong with the lines of a file: no form here takes one."""
    return []


def names_of(rows: Iterable[Json]) -> dict[str, str]:
    """Codes and Persian names, as services tell them."""
    return {row["code"]: row["fa"] for row in rows}
