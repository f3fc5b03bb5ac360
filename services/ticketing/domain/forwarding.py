"""What is said about a ticket that was sent to another city; pure."""

TEXTS = {
    "forward": (
        "درخواست شما در صلاحیت {city} است و برای آن فرستاده شد؛ خبرهای آن همین‌جا می‌آید.",
        "Your request is a matter of {city} and was sent there. Its news will stand here.",
    ),
    "forwarded": (
        "{city} درخواست شما را دریافت کرد؛ شماره آن در آنجا: {value}",
        "{city} has your request; its number there: {value}",
    ),
    "forward_news": ("{city}: {value}", "{city}: {value}"),
    "forward_failed": ("{city}: {value}", "{city}: {value}"),
}
STATUSES = {
    "open": ("در دست بررسی", "open"),
    "closed": ("بررسی پایان یافت", "closed"),
}
PROBLEMS = {
    "refused": "درخواست را نپذیرفت",
    "moved": "نشانی آن سامانه تغییر کرده است",
    "no_answer": "معلوم نیست رسیده باشد: پاسخی نیامد",
    "server_error": "معلوم نیست رسیده باشد: خطای آن سامانه",
    "unreadable": "معلوم نیست رسیده باشد: پاسخ خوانده نمی‌شود",
    "interrupted": "معلوم نیست رسیده باشد: فرستادن ناتمام ماند",
}
# What a colleague learnt by asking.
RESOLVED = {
    "taken": "در {city} با شماره {value} ثبت شده است.",
    "not_taken": "در {city} ثبت نشده است؛ دوباره فرستاده می‌شود.",
    "drop": "دیگر به {city} فرستاده نمی‌شود.",
}


def mark_of(code: str) -> str:
    """Return the line by which we find our own request again in a list of the other side."""
    return f"Ref. {code}"


def citizen_text(name: str, language: str, fa: str, en: str, value: str = "") -> str:
    """Return a sentence to the citizen in that language."""
    text_fa, text_en = TEXTS[name]
    if language == "fa":
        return text_fa.format(city=fa, value=value)
    return text_en.format(city=en, value=value)


def news(language: str, status: str, notes: str) -> str:
    """Return how it stands there, in words; what it says itself stands in its own language."""
    index = 0 if language == "fa" else 1
    word = STATUSES.get(status, (status, status))[index]
    return f"{word}\n{notes}".strip()
