"""What colleagues call messages to people: their ways, states, and what is refused by hand."""

from gateway.html import message_names

CHANNELS = message_names.CHANNELS
LANGUAGES = {"fa": "فارسی", "en": "انگلیسی"}
STATES = message_names.STATES
STATE_PILLS = {
    "DELIVERED": "good",
    "UNDELIVERED": "bad",
    "REJECTED": "bad",
    "FAILED": "bad",
    "CANCELLED": "neutral",
    "UNTOLD": "warn",
}

FIELDS = {"address": "نشانی پستی", "form_of": "الگو", "values": "جاهای خالی"}
PROBLEMS = {
    "template.not_found": "چنین الگویی در اجرا نیست؛ فهرست را دوباره ببینید.",
    "template.placeholder_missing": "برای همه جای‌خالی‌ها مقدار بنویسید.",
    "template.value": "یکی از مقدارها در این متن پذیرفته نمی‌شود.",
    "sms.too_long": "با این مقدارها پیامک از اندازه بلندتر است.",
    "by_hand.link": "در جای خالی پیوند نوشته‌اید؛ آن را بردارید و با واژه بنویسید کجاست.",
    "by_hand.day": "امروز به اندازه یک نفر پیام تکی فرستاده‌اید؛ بقیه را با ارسال انبوه بفرستید.",
    "by_hand.receiver": "به این گیرنده امروز سه پیام تکی رسیده است؛ فردا بفرستید.",
    "by_hand.unproven": "این شماره با کد تأیید نشده است؛ پیام را در خود پرونده بنویسید.",
    "receiver.opted_out": "این گیرنده نخواسته است پیامی بگیرد.",
    "receiver.unsubscribed": "این گیرنده به پیام‌های این الگو پایان داده است.",
    "receiver.cap": "این گیرنده در این مدت پیام‌های بسیاری گرفته است.",
    "receiver.missing": "برای این الگو نشانی گیرنده را بنویسید.",
}
DONE = {
    "by_hand": "پیام پذیرفته شد؛ سرنوشت آن همین جا پیداست.",
    "text_person": "پیامک پذیرفته و در تاریخچه نوشته شد.",
}
