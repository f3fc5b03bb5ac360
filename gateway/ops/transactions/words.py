"""The words of the pages of transactions, in Persian; data only."""

OUTCOMES = {
    "done": ("good", "پاسخ"),
    "refused": ("warn", "رد"),
    "failed": ("bad", "ناموفق"),
}
# How far back, in minutes.
SPANS = {
    "15": "۱۵ دقیقه گذشته",
    "60": "یک ساعت گذشته",
    "1440": "یک روز گذشته",
    "": "هفت روز گذشته",
}
FACES = {
    "agency": "ورودی دستگاه‌ها",
    "public": "درگاه",
    "notify-api": "ورودی پیام‌ها",
    "notify": "ورودی پیام‌ها",
    "desk": "میز خدمت",
    "ops": "میز بهره‌بردار",
}
# What sent a message, where no face answered a request.
SOURCES = {f"gateway.{name}": text for name, text in FACES.items()}
