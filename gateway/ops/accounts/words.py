"""Persian words of the pages of accounts and second factors; data only."""

from bus.errors import BusError

FIELDS = (
    "proof",
    "kind",
    "factor",
    "title",
    "seed",
    "seed_uri",
    "id",
    "old_password",
    "new_password",
    "username",
    "reason",
)
DONE = {
    "added": "عامل دوم افزوده شد.",
    "password": "گذرواژه تغییر کرد و نشست‌های دیگر پایان یافت.",
    "end": "نشست پایان یافت.",
    "remove": "عامل دوم برداشته شد.",
    "reset": "عامل‌های دوم همکار برداشته شد؛ او در ورود بعدی عامل تازه‌ای می‌افزاید.",
}
PROBLEMS = {
    "factor.wrong": (
        "این کد درست نیست، پیش‌تر به کار رفته یا زمان آن گذشته است؛ کد بعدی را بنویسید. "
        "ساعت تلفن همراه باید درست باشد."
    ),
    "factor.not_found": "این عامل دیگر وجود ندارد؛ از نو آغاز کنید.",
    "factor.most": "ده عامل دوم دارید؛ نخست یکی را بردارید.",
    "factor.closed": "مهلت افزودن نخستین عامل دوم پایان یافته است؛ از رئیس واحد یا ناظر بخواهید "
    "آن را دوباره باز کند.",
    "factor.none": "این همکار عامل دومی ندارد و هم‌اکنون می‌تواند آن را بیفزاید.",
    "factor.not_yours": "رئیس واحد آن همکار یا ناظر می‌تواند این کار را انجام دهد، نه خود او.",
    "password.wrong": "گذرواژه کنونی درست نیست.",
    "desk.locked": "گذرواژه یا کد نادرست بیش از اندازه نوشته شد؛ چند دقیقه دیگر دوباره تلاش کنید، "
    "یا در تأیید عامل دوم کد بازیابی بنویسید.",
    "desk.second_factor": "نخست عامل دوم خود را تأیید کنید: بیرون بروید و دوباره وارد شوید.",
}
# What a browser says of itself: the first that stands in it is its name.
BROWSERS = {
    "Firefox": "فایرفاکس",
    "Edg": "اج",
    "SamsungBrowser": "مرورگر سامسونگ",
    "OPR": "اپرا",
    "Chrome": "کروم",
    "CriOS": "کروم",
    "Safari": "سافاری",
}
SYSTEMS = {
    "Android": "اندروید",
    "iPhone": "آیفون",
    "iPad": "آی‌پد",
    "Windows": "ویندوز",
    "Mac OS": "مک",
    "Linux": "لینوکس",
}
FAULTS = {
    "password.short": "گذرواژه تازه باید دست‌کم ۱۰ نویسه باشد.",
    "username": "همکار را انتخاب کنید.",
    "reason": "دلیل را بنویسید.",
    "old_password": "گذرواژه کنونی را بنویسید.",
    "new_password": "گذرواژه تازه را بنویسید.",
}


def sentence(error: BusError) -> str:
    """Return a refusal as one Persian sentence."""
    for fault in error.fields:
        words = FAULTS.get(fault.code) or FAULTS.get(fault.field)
        if words:
            return words
    return PROBLEMS.get(error.code, "کار انجام نشد؛ دوباره تلاش کنید.")


def browser_label(agent: str) -> str:
    """Return the names of a browser and its system, read from its User-Agent."""
    browser, system = (
        next((name for mark, name in names.items() if mark in agent), "")
        for names in (BROWSERS, SYSTEMS)
    )
    if not browser:
        return "مرورگری ناشناس"
    return f"{browser}، {system}" if system else browser
