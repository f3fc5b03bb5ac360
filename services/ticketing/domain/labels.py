"""What things are called, in Persian and English; data only."""

WEEKDAYS_FA = ("دوشنبه", "سه‌شنبه", "چهارشنبه", "پنجشنبه", "جمعه", "شنبه", "یکشنبه")
WEEKDAYS_EN = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

COMMAS = ("، ", ", ")
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
# The same as a colleague reads it: "you" is the citizen there.
PAUSES_AT_DESK = {
    "applicant": "در انتظار مدرک یا پاسخ شهروند",
    "visit": "در انتظار مراجعه حضوری شهروند",
}
ACTS_AT_DESK = {
    "write": "پیام شهروند",
    "withdraw": "شهروند آن را پس گرفت",
    "unpublish": "شهروند آن را از فهرست همگانی برداشت",
    "choose_slot": "شهروند زمان مراجعه را انتخاب کرد",
    "leave_slot": "شهروند زمان مراجعه را پس داد",
    "reopen": "اعتراض شهروند به نتیجه؛ رسیدگی دوباره",
    "rate": "نظر شهروند",
    "follow_up": "پس از پایان کار از شهروند پرسیده شد",
    "follow_up_answer": "پاسخ شهروند به پرسش پس از پایان کار",
}
CLOSES_AT_DESK = {"silence": "پاسخی از شهروند نرسید", "spam": "هرزنامه"}
CLOSES = {
    "settled": ("پایان یافته", "settled"),
    "withdrawn": ("پس گرفته شد", "withdrawn"),
    "not_ours": ("در صلاحیت این شرکت نیست", "not within our competence"),
    "abuse": ("رسیدگی نشد", "not worked on"),
    "spam": ("رسیدگی نشد", "not worked on"),
    "silence": ("پاسخی از شما نرسید", "no answer came from you"),
    "accepted": ("پس از پاسخ اعتراضی نرسید", "no objection came after the answer"),
}
# What citizens answer weeks after the end.
MENDED = {
    "yes": ("حل شده است", "mended"),
    "no": ("حل نشده است", "not mended"),
    "unknown": ("معلوم نیست", "not known"),
}
CLOCKS = {
    "first_response": ("نخستین پاسخ", "First response"),
    "next_update": ("خبر بعدی", "Next news"),
    "solution": ("نتیجه", "Result"),
    "part": ("مهلت واحد", "The unit's own time"),
}
PRIORITIES = ("عادی", "بالا", "فوری")
# What a level of escalation does, and what the history says of one.
LEVEL_ACTS = {
    "tell_owner": "به مسئول پرونده خبر داده شد",
    "tell_role": "با نامه خبر داده شد",
    "hand_over": "پرونده ارجاع شد",
    "raise_priority": "اولویت پرونده بالا رفت",
    "note": "یادداشت شد",
}
LEVEL_REACHED = "سطح {number} هشدار {clock}: {act}"
WAS_THERE = "پرونده پیش از این هم همان‌جا بود"
PASSED_OVER = "انجام نشد؛ هم‌زمان سطح بالاتری هم رسیده بود"
BY_LEVEL = "سطح {number} هشدار {clock}"
# Whom a warning goes to.
ROLES = {"unit_head": "رئیس واحد", "supervisor": "ناظر"}
ACTS = {
    "register": ("ثبت شد", "Registered"),
    "assign": ("به واحد رسیدگی ارجاع شد", "Given to a unit"),
    "sort": ("موضوع اصلاح شد", "The subject was put right"),
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
    "end_visit": ("دعوت به مراجعه لغو شد", "The visit was called off"),
    "rate": ("نظرسنجی", "Survey"),
    "follow_up": (
        "از شما پرسیده شد که مشکل حل شده است یا نه",
        "You were asked whether it is mended",
    ),
    "follow_up_answer": ("پاسخ شما به پرسش پس از پایان کار", "Your answer, weeks after the end"),
    "unpublish": ("از فهرست همگانی برداشته شد", "Taken out of the public list"),
    "take_down": ("واحد آن را از فهرست همگانی برداشت", "The unit took it out of the public list"),
    "blank": ("عبارتی از گزارش برای دیگران پنهان شد", "A phrase was hidden from everybody else"),
    "unblank": ("عبارت پنهان‌شده دوباره دیده می‌شود", "A hidden phrase is shown again"),
    "prioritise": ("اولویت تعیین شد", "The priority was set"),
    "remind": ("یادآوری", "Reminder"),
    "escalate": ("هشدار", "Escalated"),
    "due_moved": ("سررسید تغییر کرد", "The due time moved"),
    "bounce": ("نامه‌ای به نشانی داده‌شده نرسید", "A letter could not be delivered"),
    "infected": (
        "فایل پیوست آلوده بود و باز نمی‌شود",
        "An attachment was infected; it stays shut",
    ),
    "unreadable": (
        "عکس پیوست خوانده نشد و باز نمی‌شود؛ عکس دیگری بخواهید",
        "A picture could not be read; it stays shut",
    ),
    "joined_write": ("پیام از درخواست پیوسته", "Message from a joined ticket"),
    "outside_letter": ("نامه از شخص دیگر", "Letter from somebody else"),
    "not_taken": ("بخش‌هایی از نامه دریافت نشد", "Parts of the letter were not taken"),
    "new_secret": (
        "رمز تازه داده شد؛ رمز پیشین دیگر باز نمی‌کند",
        "A new secret was given; the old one opens no more",
    ),
    "correct_mobile": (
        "شماره همراه اصلاح شد؛ کدهای شماره پیشین دیگر باز نمی‌کند",
        "The mobile number was put right; codes sent to the old one open no more",
    ),
    "withheld": (
        "پیام ثبت فرستاده نشد؛ به این شماره یا نشانی به‌تازگی پیام‌های بسیاری فرستاده شده است",
        "The acknowledgement was not sent: too many went to this number or address of late",
    ),
    "related": ("پرونده مرتبط", "Related ticket"),
    "calendar_reply": ("پاسخ تقویم به زمان مراجعه", "Calendar's reply to the visit"),
    "forward": ("برای سازمان دیگری فرستاده شد", "Sent on to another organisation"),
    "forwarded": ("سازمان دیگر آن را دریافت کرد", "The other organisation has it"),
    "forward_news": ("خبر سازمان دیگر", "News of the other organisation"),
    "forward_failed": ("به سازمان دیگر نرسید", "It did not reach the other organisation"),
}
# What colleagues read of a correction that a second person decides.
MOBILE_WAITS = (
    "اصلاح شماره همراه خواسته شد. شماره کنونی با کد تأیید شده است؛ تا رئیس واحد یا ناظر در «اصلاح "
    "شماره‌ها» تصمیم نگیرد، چیزی عوض نمی‌شود."
)
MOBILE_REFUSED = "اصلاح شماره همراه پذیرفته نشد؛ شماره همان است که بود."
MOBILE_TAKEN_BACK = "اصلاح شماره همراه پس گرفته شد؛ شماره همان است که بود."
# Why numbers of persons are hidden from the first moment on.
NUMBERS_BLANKED = (
    "شماره یا نشانی پست الکترونیک در متن است. همگان آن را نمی‌بینند؛ شما و واحد رسیدگی می‌بینید.",
    "The text has a number or an e-mail address. Only you and the unit see it.",
)
# The same as everybody reads it on a public report, where "you" would be somebody else.
ACTS_OF_REPORT = {
    "say": ("واحد رسیدگی به گزارش‌دهنده نوشت", "The unit wrote to the reporter"),
    "withdraw": ("گزارش‌دهنده آن را پس گرفت", "The reporter took it back"),
    "reopen": ("گزارش‌دهنده به نتیجه اعتراض کرد", "The reporter objected to the result"),
    "invite": ("گزارش‌دهنده به مراجعه دعوت شد", "The reporter was invited to come"),
}
PAUSES_OF_REPORT = {
    "applicant": ("در انتظار پاسخ گزارش‌دهنده", "Waiting for the reporter"),
    "visit": ("در انتظار مراجعه گزارش‌دهنده", "Waiting for a visit of the reporter"),
    "agency": ("در انتظار پاسخ دستگاه دیگر", "Waiting for another agency"),
    "commission": ("در انتظار رأی کمیسیون", "Waiting for the commission"),
    "payment": ("در انتظار پرداخت", "Waiting for a payment"),
}
CLOSES_OF_REPORT = {
    "settled": ("پایان یافت", "Closed"),
    "not_ours": ("در صلاحیت این شرکت نیست", "Not within the competence of this company"),
    "abuse": ("رسیدگی نشد", "Not worked on"),
    "spam": ("رسیدگی نشد", "Not worked on"),
    "silence": ("پاسخی از گزارش‌دهنده نرسید", "The reporter did not answer"),
    "accepted": ("پایان یافت", "Closed"),
    "withdrawn": ("گزارش‌دهنده آن را پس گرفت", "The reporter took it back"),
}
# What the unit reads below the words of an app's user.
STATUS_IN_APP = "وضعیت گزارش در {app}: {status}"
# Why a colleague is told of a ticket.
NOTICES = {
    "mention": "همکاری در یادداشتی از شما نام برد",
    "approval": "تغییر شماره همراه شهروند در انتظار تأیید شماست",
    "decided": "درباره تغییر شماره همراه، که پیشنهاد کرده بودید، تصمیم گرفته شد",
    "assigned": "پرونده‌ای به شما ارجاع شد",
    "handed_over": "پرونده‌های همکاری به شما تحویل شد",
    "citizen": "شهروند در پرونده شما نوشت",
    "due_soon": "تا سررسید پرونده شما کمتر از دو ساعت مانده است",
    "missed": "سررسید پرونده شما گذشت",
    "reminder": "یادآوری خود شما",
    "outcome": "درباره پیشنهاد شما تصمیم گرفته شد",
}
# What the history says when a ticket was given to a colleague who is away.
AWAY_WITH_DEPUTY = "{name} تا {until} در دسترس نیست؛ پرونده به جانشین ایشان، {deputy}، رسید."
AWAY_WITHOUT_DEPUTY = "{name} تا {until} در دسترس نیست و جانشینی ندارد؛ پرونده در صف واحد ماند."
CALENDAR_REPLIES = {
    "ACCEPTED": ("شهروند زمان مراجعه را پذیرفت", "The citizen accepts the visit"),
    "DECLINED": ("شهروند زمان مراجعه را نپذیرفت", "The citizen declines the visit"),
    "TENTATIVE": ("شهروند هنوز مطمئن نیست", "The citizen is not certain yet"),
}
# Where an e-mail that came in lies.
LETTERS = {
    "RECEIVED": "در نوبت رسیدگی",
    "TICKET": "پرونده شد",
    "MESSAGE": "پیام در پرونده شد",
    "NOTE": "یادداشت در پرونده شد",
    "FLOOD": "نگه داشته شد",
    "AUTOMATIC": "نامه خودکار",
    "RECEIPT": "رسید یا گزارش سامانه",
    "BOUNCE": "برگشت نامه",
    "NOBODY": "بدون نشانی فرستنده",
    "NO_UNIT": "نشانی بدون واحد",
    "NO_CATEGORY": "واحد بدون موضوع",
    "POSTMASTER": "به postmaster یا abuse",
    "FAILED": "خوانده نشد",
    "SET_ASIDE": "کنار گذاشته شد",
    "DONE": "بررسی شد",
}
# Those of them where a person has to look.
WAITING_LETTERS = (
    "FAILED",
    "FLOOD",
    "NOBODY",
    "NO_UNIT",
    "NO_CATEGORY",
    "POSTMASTER",
    "AUTOMATIC",
    "BOUNCE",
    "RECEIPT",
)
REASONS = {
    "own": "نامه‌ای از خود ما بازگشته است.",
    "loop": "نامه از سامانه‌های بسیاری گذشته است و شاید در حلقه افتاده باشد.",
    "auto_submitted": "فرستنده با سرآیند Auto-Submitted گفته است که نامه خودکار است.",
    "bulk": "نامه گروهی یا خبرنامه است.",
    "null_sender": "پاکت نامه نشانی فرستنده ندارد، مانند نامه سامانه‌ها.",
    "auto_reply": "پاسخ خودکار یک صندوق پستی است.",
    "sender_tickets": "این نشانی در یک ساعت بیش از ده پرونده ساخته است.",
    "sender_letters": "این نشانی در یک ساعت بیش از ده نامه به این پرونده فرستاده است.",
    "ticket_letters": "در یک ساعت بیش از سی نامه به این پرونده رسیده است.",
    "unit_tickets": "در یک ساعت بیش از سیصد نامه تازه به این واحد رسیده است.",
    "no_sender": "نشانی پست الکترونیک درستی در نامه نیست.",
    "no_unit": "هیچ واحدی این نشانی را ندارد.",
    "no_category": "برای این واحد موضوعی تعریف نشده است.",
    "no_such_letter": "گزارش از نامه‌ای است که ما نفرستاده‌ایم.",
    "other_recipient": "گزارش از گیرنده‌ای است که ما به او ننوشته‌ایم.",
    "failed": "نامه به گیرنده نرسید.",
    "handed_on": "گزارش درباره یکی از پیام‌هاست و در صفحه همان پیام ثبت شد.",
    "forged_token": "نشانی برگشت این گزارش را ما نداده‌ایم؛ شاید ساختگی باشد.",
    "other_letter": "گزارش درباره پیام دیگری است که با نشانی برگشت آن مطابقت ندارد.",
    "no_complaint": "گیرنده با این گزارش از پیام ما گله نکرده است.",
    "return_path": "نامه به نشانی برگشت پیام‌های خودکار آمده است؛ کسی به آن نگاه نمی‌کند.",
    "delayed": "نامه هنوز نرسیده است؛ سامانه دوباره تلاش می‌کند.",
    "delivered": "نامه رسید.",
    "relayed": "نامه به سامانه‌ای رسید که گزارش نمی‌دهد.",
    "expanded": "نامه به نشانی‌های دیگری فرستاده شد.",
    "unknown": "از گزارش برنمی‌آید که نامه رسیده است یا نه.",
    "not_a_server": "این گزارش را سامانه پستی نفرستاده است؛ شاید ساختگی باشد.",
    "read_receipt": "رسید خواندن نامه ماست.",
    "report": "گزارش یک سامانه است.",
    "calendar_reply": "پاسخ تقویم به یک زمان مراجعه است.",
    "delivery_status": "گزارش تحویل یک نامه است.",
    "outside": "فرستنده، شهروند این پرونده نیست.",
    "set_aside": "فرستنده در فهرست کنارگذاشته‌هاست؛ پرونده‌ای باز نشد و به او چیزی نوشته نشد.",
}
# Why the letters of a sender are set aside.
SET_ASIDE = {
    "advertising": "تبلیغ",
    "fraud": "فریب یا بدافزار",
    "abuse": "آزار",
    "machine": "نامه‌های یک سامانه",
    "other": "دلیل دیگر",
}
# What the unit reads in a ticket that such a letter became.
WAS_SET_ASIDE = (
    "این نامه در {arrived} رسید و کنار گذاشته شده بود؛ در {taken} پرونده شد. مهلت‌ها از رسیدن نامه "
    "شمرده می‌شود، زیرا شهروند از همان هنگام منتظر است."
)
# What e-mails name as not taken, and how to hand it in.
NOT_TAKEN = {
    "many": ("بیش از ده فایل", "more than ten files"),
    "type": ("گونه این فایل پذیرفته نمی‌شود", "this type of file is not taken"),
    "large": ("بزرگ‌تر از ۱۰ مگابایت", "larger than 10 MB"),
    "empty": ("فایل خالی است", "the file is empty"),
    "infected": ("فایل آلوده است", "the file is infected"),
    "unreadable": (
        "این عکس خوانده نشد؛ آن را باز کنید و با قالب JPEG دوباره ذخیره کنید",
        "this picture could not be read; open it and save it anew as JPEG",
    ),
    "length": ("متن پس از ۵۰٬۰۰۰ نویسه", "the text beyond 50,000 characters"),
}

# Who stands beside the author in the head of an e-mail, which anybody may write: all authors, the
# sender, for answers.
WRITERS = ("نویسندگان به گفته نامه", "فرستنده به گفته نامه", "نشانی خواسته برای پاسخ")
ANSWERS_GO_TO = "پاسخ ما تنها به {address} می‌رود."
