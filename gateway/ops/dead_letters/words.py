"""The words of the pages of dead letters."""

ACTS = {"replay": "بازپخش", "drop": "دور انداختن"}
STATES = {
    "ASKED": ("warn", "منتظر تأیید"),
    "CONFIRMED": ("info", "در حال انجام"),
    "DONE": ("good", "انجام شد"),
    "REFUSED": ("neutral", "رد شد"),
    "WITHDRAWN": ("neutral", "پس گرفته شد"),
}
FATES = {
    "sent": "رفت و بازنگشت",
    "died_again": "دوباره مرد",
    "dropped": "دور انداخته شد",
    "missing": "دیگر میان مرده‌ها نبود",
    "no_queue": "صف آن معلوم نیست",
    "identity.key_revoked": "اجرا نشد: کلید دستگاه پس گرفته شده",
    "contract.grant_revoked": "اجرا نشد: مجوز دستگاه پس گرفته شده",
    "agency.missing": "اجرا نشد: دفتر دستگاه‌ها خوانده نمی‌شود",
    "broker.unreachable": "انجام نشد: کارگزار پیام پاسخ نداد",
}
CODES = {
    "internal": "خطای ماست؛ گزارش سرویس را ببینید",
    "contract.broken": "پیام از قرارداد پیروی نمی‌کند",
    "delivery_limit": "پنج بار ناموفق شد",
    "rejected": "خوانده نشد",
    "held_too_long": "یک ساعت پشت قفل ماند",
}
