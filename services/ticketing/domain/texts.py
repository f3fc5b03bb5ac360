"""The letters that go out, in Persian and English; data only.

All letters of a ticket to a citizen have one subject, so that mail programs keep them together; the
headline says what each is about. What stands in braces: code (the tracking code in groups), text,
link, unit, due, office, address, time, clock, days, desk, rest (what of a letter was not taken),
subject (of the citizen's letter).
"""

# For who did not write by letter first; who did reads his own subject again.
SUBJECTS = {"fa": "ثبت شد: کد رهگیری {code}", "en": "Registered: tracking code {code}"}
# letter → language → (headline, body); of letters without a ticket (subject, body)
LETTERS: dict[str, dict[str, tuple[str, str]]] = {
    "registered": {
        "fa": (
            "ثبت شد: کد رهگیری {code}",
            "پیام شما با کد رهگیری {code} ثبت شد و {unit} به آن رسیدگی می‌کند.\n"
            "{due}\n\n{rest}\n\nپیگیری بدون وارد کردن کد و رمز:\n{link}\n\n"
            "این پیوند مانند کلید است؛ آن را به دیگری ندهید.",
        ),
        "en": (
            "Registered: tracking code {code}",
            "Your message is registered under the tracking code {code}; {unit} works on it.\n"
            "{due}\n\n{rest}\n\nFollow it up without code and secret:\n{link}\n\n"
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
    "unbooked": {
        "fa": (
            "زمان مراجعه لغو شد: {time}",
            "زمان مراجعه شما درباره {code} ({time}) پس داده شد.\n\nانتخاب زمان دیگر:\n{link}",
        ),
        "en": (
            "Your visit was cancelled: {time}",
            "The time of your visit about {code} ({time}) was given back.\n\n"
            "Choose another time:\n{link}",
        ),
    },
    "not_taken": {
        "fa": (
            "بخشی از نامه شما دریافت نشد",
            "نامه شما درباره {code} رسید، اما نه همه آن.\n\n{text}\n\nصفحه پیگیری:\n{link}",
        ),
        "en": (
            "A part of your letter was not taken",
            "Your letter about {code} arrived, but not all of it.\n\n{text}\n\n"
            "The page of your ticket:\n{link}",
        ),
    },
    "more": {
        "fa": (
            "{clock}؛ بیش از یک بار",
            "کد رهگیری: {code}\n\nدر ساعت گذشته بیش از یک بار رسید؛ نامه‌های بعدی در همین یک نامه "
            "آمده است. همه را در میز خدمت ببینید: {desk}",
        ),
    },
    "held": {
        "fa": (
            "نامه شما رسید و با تأخیر رسیدگی می‌شود",
            "نامه شما رسید. چون از این نشانی یا درباره این موضوع در زمانی کوتاه نامه‌های بسیاری "
            "رسیده است، نامه‌ها نگه داشته و به نوبت رسیدگی می‌شوند. لازم نیست دوباره بفرستید.\n\n"
            "Your letter has arrived. As many letters came within a short time, they are kept and "
            "worked on one after the other. You need not send it again.",
        ),
    },
    "held_unit": {
        "fa": (
            "نامه‌های بسیار در زمانی کوتاه",
            "از یک نشانی یا درباره یک پرونده بیش از اندازه نامه رسید. نامه‌های بیشتر نگه داشته "
            "شد و ساعت‌های بعد به نوبت رسیدگی می‌شود. زودتر از آن در میز خدمت ببینید:\n{desk}",
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
            "{clock}",
            "کد رهگیری: {code}\n{due}\n\n{text}\n\n"
            "رسیدگی در میز خدمت: {desk}\nپاسخ به این نامه یادداشت داخلی می‌شود.",
        ),
        "en": (
            "{clock}",
            "Tracking code: {code}\n{due}\n\n{text}\n\nWork on it at the desk: {desk}\n"
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
