"""What colleagues call the kinds of tickets and the promises that are kept with them."""

KINDS = {
    "request": "درخواست",
    "complaint": "شکایت",
    "suggestion": "پیشنهاد",
    "objection": "اعتراض",
}
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
