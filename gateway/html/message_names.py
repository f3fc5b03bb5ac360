"""What people call the channels and states of messages and the doors by which they come."""

CHANNELS = {"sms": "پیامک", "email": "پست الکترونیک", "inbox": "صندوق پیام", "letter": "نامه کاغذی"}
STATES = {
    "CREATED": "در نوبت",
    "SENDING": "در حال ارسال",
    "SENT": "ارسال‌شده",
    "DELIVERED": "رسید",
    "UNDELIVERED": "نرسید",
    "REJECTED": "پذیرفته نشد",
    "FAILED": "فرستاده نشد",
    "CANCELLED": "لغوشده",
    "UNTOLD": "سرنوشت نامعلوم",
}
# By which a message came: a key of the Notify API, a bulk job, or the bus.
DOORS = {
    "live": "کلید اصلی",
    "team": "کلید گروه",
    "test": "کلید آزمایشی",
    "bulk": "ارسال انبوه",
    "bus": "گذرگاه",
}
CHANNELS_EN = {"sms": "SMS", "email": "E-mail", "inbox": "Inbox", "letter": "Letter"}
DOORS_EN = {
    "live": "live key",
    "team": "team key",
    "test": "test key",
    "bulk": "bulk job",
    "bus": "bus",
}
