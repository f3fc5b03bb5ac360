"""What things are called, in Persian and English; data only."""

WEEKDAYS_FA = ("دوشنبه", "سه‌شنبه", "چهارشنبه", "پنجشنبه", "جمعه", "شنبه", "یکشنبه")
WEEKDAYS_EN = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

KINDS = {
    "request": ("درخواست", "Request"),
    "complaint": ("شکایت", "Complaint"),
    "suggestion": ("پیشنهاد", "Suggestion"),
    "objection": ("اعتراض", "Objection"),
}
STATES = {
    "NEW": ("ثبت شد؛ هنوز بررسی نشده است", "Registered; not yet looked at"),
    "OPEN": ("در دست بررسی", "Being worked on"),
    "PAUSED": ("در انتظار", "Waiting"),
    "ANSWERED": ("پاسخ داده شد", "Answered"),
    "CLOSED": ("پایان یافت", "Closed"),
    "MERGED": ("با درخواست دیگری یکی شد", "Joined with another ticket"),
}
PAUSES = {
    "applicant": ("در انتظار مدرک یا پاسخ شما", "waiting for your document or answer"),
    "visit": ("در انتظار مراجعه حضوری شما", "waiting for your visit"),
    "agency": ("در انتظار پاسخ دستگاه دیگر", "waiting for another agency"),
    "commission": ("در انتظار رأی کمیسیون", "waiting for the commission"),
    "payment": ("در انتظار پرداخت", "waiting for a payment"),
}
CLOSES = {
    "settled": ("پایان یافته", "settled"),
    "withdrawn": ("پس گرفته شد", "withdrawn"),
    "not_ours": ("در صلاحیت این شرکت نیست", "not within our competence"),
    "abuse": ("رسیدگی نشد", "not worked on"),
    "silence": ("پاسخی از شما نرسید", "no answer came from you"),
    "accepted": ("پس از پاسخ اعتراضی نرسید", "no objection came after the answer"),
}
CLOCKS = {
    "first_response": ("نخستین پاسخ", "First response"),
    "next_update": ("خبر بعدی", "Next news"),
    "solution": ("نتیجه", "Result"),
}
ACTS = {
    "register": ("ثبت شد", "Registered"),
    "assign": ("به واحد رسیدگی سپرده شد", "Given to a unit"),
    "say": ("پیام واحد", "Message of the unit"),
    "write": ("پیام شما", "Your message"),
    "note": ("یادداشت داخلی", "Internal note"),
    "pause": ("رسیدگی در انتظار است", "Waiting"),
    "resume": ("رسیدگی ادامه یافت", "Work goes on"),
    "answer": ("پاسخ داده شد", "Answered"),
    "close": ("پایان یافت", "Closed"),
    "withdraw": ("شما آن را پس گرفتید", "You took it back"),
    "reopen": ("اعتراض به نتیجه؛ رسیدگی دوباره", "Objection to the result; worked on again"),
    "take_up": ("رسیدگی دوباره", "Worked on again"),
    "merge": ("با درخواست دیگری یکی شد", "Joined with another ticket"),
    "unmerge": ("دوباره جداگانه رسیدگی می‌شود", "Stands by itself again"),
    "absorb": ("درخواست تکراری به این پیوست", "A duplicate was joined"),
    "release": ("درخواست پیوسته جدا شد", "A joined ticket was released"),
    "invite": ("دعوت به مراجعه حضوری", "Invitation to come in person"),
    "choose_slot": ("زمان مراجعه انتخاب شد", "A time for the visit was chosen"),
    "leave_slot": ("زمان مراجعه پس داده شد", "The time for the visit was given back"),
    "visit": ("مراجعه انجام شد", "The visit took place"),
    "miss": ("مراجعه انجام نشد", "The visit did not take place"),
    "rate": ("نظرسنجی", "Survey"),
    "remind": ("یادآوری", "Reminder"),
    "escalate": ("هشدار سررسید", "Escalated"),
    "due_moved": ("سررسید تغییر کرد", "The due time moved"),
    "bounce": ("نامه‌ای به نشانی داده‌شده نرسید", "A letter could not be delivered"),
    "infected": (
        "پرونده پیوست آلوده بود و باز نمی‌شود",
        "An attachment was infected; it stays shut",
    ),
}
