"""What colleagues call the kinds of tickets and the promises that are kept with them."""

KINDS = {
    "request": "درخواست",
    "complaint": "شکایت",
    "suggestion": "پیشنهاد",
    "objection": "اعتراض",
}
# What a level of escalation does by itself, and how urgent a ticket may be.
LEVEL_ACTS = {
    "tell_owner": "خبر به مسئول پرونده",
    "tell_role": "نامه به رئیس واحد یا ناظر",
    "hand_over": "ارجاع به واحد یا همکار دیگر",
    "raise_priority": "بالا بردن اولویت",
    "note": "یادداشت در پرونده",
}
PRIORITIES = {"0": "عادی", "1": "بالا", "2": "فوری"}
STATES = {
    "NEW": "تازه",
    "OPEN": "در دست بررسی",
    "PAUSED": "در انتظار",
    "ANSWERED": "پاسخ داده شده",
    "CLOSED": "پایان یافته",
    "MERGED": "یکی شده با دیگری",
}
# A unit's own time for a ticket, which is no promise to its citizen.
PART = "مهلت واحد"
CLOCKS = {
    "first_response": "نخستین پاسخ",
    "next_update": "خبر بعدی",
    "solution": "نتیجه",
}
LEVEL_CLOCKS = {**CLOCKS, "part": PART}
