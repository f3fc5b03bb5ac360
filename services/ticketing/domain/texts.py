"""The e-mails that go out, in Persian and English; data only.

All e-mails about a ticket to a citizen have one subject, so that mail programs keep them together;
the headline says what each is about. In braces stand: code (the tracking code in groups), text,
link, unit, company, due, office, address, time, clock, days, until, desk, question
(the page of the question weeks after the end), rest (what of an
e-mail was not taken), subject (of the citizen's e-mail), pin and secret (lost_secrets.py).
"""

# For a citizen who did not write by e-mail first; who did reads the same subject again.
SUBJECTS = {"fa": "ثبت شد: کد رهگیری {code}", "en": "Registered: tracking code {code}"}
# name → language → (headline, body); of e-mails without a ticket (subject, body)
EMAILS: dict[str, dict[str, tuple[str, str]]] = {
    "registered": {
        "fa": (
            "ثبت شد: کد رهگیری {code}",
            "درخواست شما با کد رهگیری {code} ثبت شد و {unit} به آن رسیدگی می‌کند.\n"
            "{due}\n\n{rest}\n\nپیگیری بدون وارد کردن کد و رمز:\n{link}\n\n"
            "این پیوند مانند کلید است؛ لطفاً آن را در اختیار دیگری قرار ندهید.\n\n{unit}\n{company}",
        ),
        "en": (
            "Registered: tracking code {code}",
            "Your request is registered under the tracking code {code}; {unit} works on it.\n"
            "{due}\n\n{rest}\n\nFollow it up without code and secret:\n{link}\n\n"
            "This link is a key; please give it to nobody.\n\n{unit}\n{company}",
        ),
    },
    "secret_code": {
        "fa": (
            "کد یک‌بارمصرف برای رمز تازه: {pin}",
            "برای درخواست {code} رمز تازه خواسته شد. کد یک‌بارمصرف: {pin}\n"
            "این کد تا 30 دقیقه اعتبار دارد.\n\nچنانچه شما نخواسته‌اید، اقدامی لازم نیست و کد را در "
            "اختیار کسی قرار ندهید.\n\n{unit}\n{company}",
        ),
        "en": (
            "One-time code for a new secret: {pin}",
            "A new secret was asked for the request {code}. One-time code: {pin}\n"
            "It is good for 30 minutes.\n\nIf you did not ask, nothing needs to be done; give the "
            "code to nobody.\n\n{unit}\n{company}",
        ),
    },
    "new_secret": {
        "fa": (
            "رمز تازه برای {code}",
            "رمز تازه درخواست {code}: {secret}\nرمز پیشین دیگر باز نمی‌کند.\n\n"
            "پیگیری بدون وارد کردن کد و رمز:\n{link}\n\nلطفاً این نامه را در اختیار دیگری قرار "
            "ندهید.\n\n{unit}\n{company}",
        ),
        "en": (
            "New secret for {code}",
            "The new secret of your request {code}: {secret}\nThe old one opens no more.\n\n"
            "Follow it up without code and secret:\n{link}\n\nPlease give this letter to nobody."
            "\n\n{unit}\n{company}",
        ),
    },
    "word": {
        "fa": (
            "پیام {unit} درباره {code}",
            "پیام {unit} درباره درخواست شما با کد رهگیری {code}:\n\n{text}\n\n"
            "برای پاسخ یا ملاحظه درخواست:\n{link}\n\n{unit}\n{company}",
        ),
        "en": (
            "Message of {unit} about {code}",
            "{unit} writes about your request {code}:\n\n{text}\n\nAnswer or look at it:\n{link}"
            "\n\n{unit}\n{company}",
        ),
    },
    "taken_down": {
        "fa": (
            "برداشته شدن {code} از فهرست همگانی",
            "درخواست شما با کد رهگیری {code} از فهرست همگانی برداشته شد. "
            "این کار در رسیدگی به آن تغییری نمی‌دهد.\n\n{text}\n\n"
            "برای پاسخ یا ملاحظه درخواست:\n{link}\n\n{unit}\n{company}",
        ),
        "en": (
            "{code} was taken out of the public list",
            "Your request {code} was taken out of the public list; this changes nothing about how "
            "it is worked on.\n\n{text}\n\nAnswer or look at it:\n{link}\n\n{unit}\n{company}",
        ),
    },
    "answered": {
        "fa": (
            "پاسخ به {code}",
            "پاسخ {unit} به درخواست شما با کد رهگیری {code}:\n\n{text}\n\n"
            "چنانچه به نتیجه اعتراض دارید، تا پایان {until} می‌توانید آن را در این صفحه ثبت فرمایید "
            "(مهلت {days} روزه؛ روز ابلاغ و روز اقدام جزو مدت نیست):\n{link}\n\n"
            "رضایت خود را با یک فشار بفرمایید:\n{link}#rate\n\n{unit}\n{company}",
        ),
        "en": (
            "Answer to {code}",
            "The answer of {unit} to your request {code}:\n\n{text}\n\n"
            "If you do not accept it, you can object on this page until the end of {until} "
            "({days} days; neither the day of notice nor the day of action counts):\n{link}\n\n"
            "Tell us with one press how satisfied you are:\n{link}#rate\n\n{unit}\n{company}",
        ),
    },
    "invited": {
        "fa": (
            "دعوت به مراجعه حضوری درباره {code}",
            "برای رسیدگی به درخواست {code} مراجعه حضوری شما به {office} لازم است.\n"
            "نشانی: {address}\n\n{text}\n\n"
            "لطفاً زمان مراجعه را انتخاب فرمایید:\n{link}\n\n{unit}\n{company}",
        ),
        "en": (
            "Please come in person: {code}",
            "To work on your request {code} we need you to come to {office}.\n"
            "Address: {address}\n\n{text}\n\nPlease choose a time:\n{link}\n\n{unit}\n{company}",
        ),
    },
    "booked": {
        "fa": (
            "زمان مراجعه شما: {time}",
            "زمان مراجعه شما درباره درخواست {code}: {time}، {office}.\nنشانی: {address}\n\n"
            "تغییر زمان:\n{link}\n\n{unit}\n{company}",
        ),
        "en": (
            "Your visit: {time}",
            "Your visit about request {code}: {time}, {office}.\nAddress: {address}\n\n"
            "Change the time:\n{link}\n\n{unit}\n{company}",
        ),
    },
    "unbooked": {
        "fa": (
            "زمان مراجعه لغو شد: {time}",
            "زمان مراجعه شما درباره درخواست {code} ({time}) لغو شد.\n\n"
            "انتخاب زمان دیگر:\n{link}\n\n{unit}\n{company}",
        ),
        "en": (
            "Your visit was cancelled: {time}",
            "The time of your visit about request {code} ({time}) was given back.\n\n"
            "Choose another time:\n{link}\n\n{unit}\n{company}",
        ),
    },
    "visit_ended": {
        "fa": (
            "نیازی به مراجعه نیست",
            "دعوت به مراجعه حضوری درباره درخواست {code} لغو شد و دیگر نیازی به مراجعه به {office} "
            "نیست.\n\n{booked}\n\nصفحه پیگیری:\n{link}\n\n{unit}\n{company}",
        ),
        "en": (
            "You need not come",
            "The invitation to come in person about your request {code} was called off; you need "
            "not come to {office}.\n\n{booked}\n\nThe page of your request:\n{link}\n\n"
            "{unit}\n{company}",
        ),
    },
    "not_taken": {
        "fa": (
            "بخشی از نامه شما دریافت نشد",
            "نامه شما درباره درخواست {code} دریافت شد، اما نه همه آن.\n\n{text}\n\n"
            "صفحه پیگیری:\n{link}\n\n{unit}\n{company}",
        ),
        "en": (
            "A part of your letter was not taken",
            "Your letter about request {code} arrived, but not all of it.\n\n{text}\n\n"
            "The page of your request:\n{link}\n\n{unit}\n{company}",
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
            "رسیده است، نامه‌ها نگه داشته و به نوبت رسیدگی می‌شوند. ارسال دوباره لازم نیست.\n\n"
            "Your letter has arrived. As many letters came within a short time, they are kept and "
            "worked on one after the other. You need not send it again.\n\n{unit}\n{company}",
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
            "رسیدگی به درخواست {code} پایان یافت.\n\n{text}\n\n"
            "چنانچه به نتیجه اعتراض دارید، آن را در این صفحه ثبت فرمایید:\n{link}"
            "\n\n{unit}\n{company}",
        ),
        "en": (
            "Closed: {code}",
            "Work on your request {code} has ended.\n\n{text}\n\n"
            "If you do not accept it, please object on this page:\n{link}\n\n{unit}\n{company}",
        ),
    },
    "follow_up": {
        "fa": (
            "آیا مشکل حل شده است؟ {code}",
            "چند هفته پیش به درخواست شما با کد رهگیری {code} پاسخ داده شد. آیا مشکل حل شده و حل "
            "مانده است؟ لطفاً در این صفحه بفرمایید؛ یک دقیقه بیشتر نمی‌گیرد:\n{question}\n\n"
            "این پرسش یک بار فرستاده می‌شود و پاسخ دادن به آن اختیاری است. با این پیوند تنها می‌توان "
            "به همین پرسش پاسخ داد. چنانچه مشکل حل نشده است، در صفحه درخواست خود اعتراض فرمایید:\n"
            "{link}\n\n{unit}\n{company}",
        ),
        "en": (
            "Is it mended? {code}",
            "Some weeks ago your request {code} was answered. Is the trouble mended, and does it "
            "stay so? Please tell us on this page; it takes a minute:\n{question}\n\n"
            "This is asked once, and you need not answer. The link does nothing but answer this "
            "question. If it is not mended, object on the page of your request:\n{link}"
            "\n\n{unit}\n{company}",
        ),
    },
    "remind": {
        "fa": (
            "یادآوری: {code} در انتظار پاسخ شماست",
            "رسیدگی به درخواست {code} در انتظار پاسخ یا مدرک شماست. چنانچه تا پایان {until} "
            "(مهلت {days} روزه) پاسخی ثبت نشود، رسیدگی پایان می‌یابد؛ پس از آن نیز می‌توانید رسیدگی "
            "دوباره را درخواست فرمایید.\n{link}\n\n{unit}\n{company}",
        ),
        "en": (
            "Reminder: {code} waits for you",
            "Work on your request {code} waits for your answer or document. If nothing comes until "
            "the end of {until} ({days} days) it ends; you can open it again even then.\n{link}"
            "\n\n{unit}\n{company}",
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
