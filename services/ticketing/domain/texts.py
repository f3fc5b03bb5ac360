"""The letters that go out, in Persian and English; data only.

What stands in braces: code (the tracking code in groups), text, link, unit, due, office, address,
time, clock, days, desk.
"""

# letter → language → (subject, body)
LETTERS: dict[str, dict[str, tuple[str, str]]] = {
    "registered": {
        "fa": (
            "ثبت شد: کد رهگیری {code}",
            "پیام شما با کد رهگیری {code} ثبت شد و {unit} به آن رسیدگی می‌کند.\n"
            "{due}\n\nپیگیری بدون وارد کردن کد و رمز:\n{link}\n\n"
            "این پیوند مانند کلید است؛ آن را به دیگری ندهید.",
        ),
        "en": (
            "Registered: tracking code {code}",
            "Your message is registered under the tracking code {code}; {unit} works on it.\n"
            "{due}\n\nFollow it up without code and secret:\n{link}\n\n"
            "This link is a key; give it to nobody.",
        ),
    },
    "word": {
        "fa": (
            "پیام {unit} درباره {code}",
            "{unit} درباره پیام شما با کد رهگیری {code} نوشت:\n\n{text}\n\n"
            "پاسخ دهید یا آن را ببینید:\n{link}",
        ),
        "en": (
            "Message of {unit} about {code}",
            "{unit} writes about your ticket {code}:\n\n{text}\n\nAnswer or look at it:\n{link}",
        ),
    },
    "answered": {
        "fa": (
            "پاسخ به {code}",
            "پاسخ {unit} به پیام شما با کد رهگیری {code}:\n\n{text}\n\n"
            "اگر نتیجه را نمی‌پذیرید تا {days} روز می‌توانید در این صفحه اعتراض کنید؛ "
            "نظرتان را هم همان‌جا بنویسید:\n{link}",
        ),
        "en": (
            "Answer to {code}",
            "The answer of {unit} to your ticket {code}:\n\n{text}\n\n"
            "If you do not accept it, you can object within {days} days on this page, and tell us "
            "how satisfied you are:\n{link}",
        ),
    },
    "invited": {
        "fa": (
            "دعوت به مراجعه حضوری درباره {code}",
            "برای رسیدگی به {code} لازم است به {office} بیایید.\nنشانی: {address}\n\n{text}\n\n"
            "زمان مراجعه را انتخاب کنید:\n{link}",
        ),
        "en": (
            "Please come in person: {code}",
            "To work on {code} we need you to come to {office}.\nAddress: {address}\n\n{text}\n\n"
            "Choose a time:\n{link}",
        ),
    },
    "booked": {
        "fa": (
            "زمان مراجعه شما: {time}",
            "زمان مراجعه شما درباره {code}: {time}، {office}.\nنشانی: {address}\n\n"
            "تغییر زمان:\n{link}",
        ),
        "en": (
            "Your visit: {time}",
            "Your visit about {code}: {time}, {office}.\nAddress: {address}\n\n"
            "Change the time:\n{link}",
        ),
    },
    "closed": {
        "fa": (
            "پایان رسیدگی به {code}",
            "رسیدگی به {code} پایان یافت.\n\n{text}\n\n"
            "اگر نمی‌پذیرید، در این صفحه اعتراض کنید:\n{link}",
        ),
        "en": (
            "Closed: {code}",
            "Work on {code} has ended.\n\n{text}\n\nIf you do not accept it, object on this page:\n"
            "{link}",
        ),
    },
    "remind": {
        "fa": (
            "یادآوری: {code} در انتظار شماست",
            "رسیدگی به {code} در انتظار پاسخ یا مدرک شماست. اگر تا {days} روز دیگر خبری نرسد، "
            "پایان می‌یابد؛ پس از آن هم می‌توانید آن را دوباره باز کنید.\n{link}",
        ),
        "en": (
            "Reminder: {code} waits for you",
            "Work on {code} waits for your answer or document. If nothing comes within {days} days "
            "it ends; you can open it again even then.\n{link}",
        ),
    },
    "unit": {
        "fa": (
            "[{code}] {clock}",
            "{clock}\nکد رهگیری: {code}\n{due}\n\n{text}\n\n"
            "رسیدگی در میز خدمت: {desk}\nپاسخ به این نامه یادداشت داخلی می‌شود.",
        ),
        "en": (
            "[{code}] {clock}",
            "{clock}\nTracking code: {code}\n{due}\n\n{text}\n\nWork on it at the desk: {desk}\n"
            "A reply to this letter becomes an internal note.",
        ),
    },
    "escalated": {
        "fa": (
            "سررسید {clock}: {code}",
            "سررسید «{clock}» برای {code} ({unit}): {due}\n\nمیز خدمت: {desk}",
        ),
        "en": (
            "Due: {clock} of {code}",
            "The promise {clock} of {code} ({unit}) is due: {due}\n\nDesk: {desk}",
        ),
    },
}
