"""The words of a registry export: one table each, code -> Persian spellings, the label first.

They are those of domain.md sections 4 and 5; a clerk's spelling meets them by squeezed search key.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache

from iran.persian import Malformed, search_key, squeezed_key

Table = Mapping[str, tuple[str, ...]]

PERSONS: Table = {
    "natural": ("حقیقی", "شخص حقیقی"),
    "legal": ("حقوقی", "شخص حقوقی"),
    "foreigner": ("تبعه خارجی", "اتباع خارجی", "اتباع", "خارجی"),
}
SOURCE_KINDS: Table = {
    "deep_well": ("چاه عمیق", "عمیق"),
    "semi_deep_well": ("چاه نیمه‌عمیق", "نیمه‌عمیق"),
    "hand_dug_well": ("چاه دستی", "دستی"),
    "qanat": ("قنات", "کاریز"),
    "spring": ("چشمه",),
    "river_intake": ("برداشت از رودخانه", "رودخانه", "آب سطحی", "برداشت سطحی"),
    "canal_contract": ("قرارداد کانال", "کانال"),
    "treated_effluent": ("پساب تصفیه‌شده", "پساب"),
    "dam": ("سد",),
}
LICENSED: Table = {
    "licensed": ("دارای پروانه", "پروانه‌دار", "دارد", "مجاز"),
    "unlicensed": ("فاقد پروانه", "بدون پروانه", "ندارد", "غیرمجاز"),
}
LICENCE_KINDS: Table = {
    "DRILL": ("پروانه حفر", "حفر چاه"),
    "EXPL_PROV": ("پروانه بهره‌برداری موقت", "بهره‌برداری موقت"),
    "EXPL": ("پروانه بهره‌برداری", "بهره‌برداری", "پروانه بهره‌برداری دائم"),
    "OPT_USE": ("پروانه مصرف بهینه", "مصرف بهینه", "پروانه مصرف معقول", "مصرف معقول"),
    "REPLACE_WELL": ("حفر چاه به جای چاه", "پروانه حفر چاه به جای چاه"),
    "REPLACE_QANAT": ("حفر چاه به جای قنات", "پروانه حفر چاه به جای قنات"),
    "DEEPEN": ("کف‌شکنی", "پروانه کف‌شکنی", "مجوز کف‌شکنی"),
    "CLEAN": ("لایروبی", "پروانه لایروبی", "مجوز لایروبی"),
    "RELOCATE": ("جابجایی", "پروانه جابجایی", "مجوز جابجایی", "جابه‌جایی"),
    "CHANGE_USE": ("تغییر نوع مصرف", "مجوز تغییر نوع مصرف"),
    "CHANGE_METHOD": ("تغییر روش حفاری", "مجوز تغییر روش حفاری"),
    "TRANSFER": ("انتقال", "تغییر نام", "انتقال پروانه"),
    "INSTALL": ("نصب منصوبات", "مجوز نصب منصوبات"),
    "ART5": ("مجوز ماده ۵", "ماده ۵", "مجوز ماده پنج", "ماده پنج"),
    "RIG": ("پروانه صلاحیت حفاری", "کارت تردد دستگاه"),
    "RIVERBED": ("بستر و حریم", "مجوز بستر و حریم"),
    "INDUSTRY_SUPPLY": ("پاسخ استعلام تأمین آب صنعت", "تأمین آب صنعت"),
}
USES: Table = {
    "agriculture": ("کشاورزی", "زراعت", "زراعی", "باغ", "باغی", "باغداری", "زراعی و باغی"),
    "industry": ("صنعت", "صنعتی"),
    "drinking": ("شرب", "آشامیدنی"),
    "drinking_urban": ("شرب شهری",),
    "drinking_rural": ("شرب روستایی",),
    "services": ("خدمات", "خدماتی"),
    "livestock": ("دامداری", "دامپروری", "دام و طیور"),
    "aquaculture": ("آبزی‌پروری", "پرورش ماهی"),
    "green_space": ("فضای سبز",),
    "military": ("نظامی",),
    "education": ("آموزشی",),
    "other": ("سایر",),
}
VOLUME_UNITS: Table = {
    "1": ("مترمکعب", "متر مکعب در سال", "m3"),
    "1000": ("هزار مترمکعب", "هزار متر مکعب در سال"),
    "1000000": ("میلیون مترمکعب", "میلیون متر مکعب در سال", "mcm"),
}
AREA_STATUSES: Table = {
    "free": ("آزاد",),
    "prohibited": ("ممنوعه", "ممنوع", "ممنوعه بحرانی", "بحرانی"),
}
METERS: Table = {
    "none": ("ندارد", "فاقد کنتور", "بدون کنتور"),
    "smart_volumetric": ("هوشمند حجمی", "کنتور هوشمند حجمی"),
    "mechanical_volumetric": ("مکانیکی حجمی", "کنتور مکانیکی حجمی", "مکانیکی"),
    "smart_water_power": ("هوشمند آب و برق", "کنتور هوشمند آب و برق"),
    "other": ("سایر", "دارد"),
}
ORDERS: Table = {
    "CLOSED": ("پر و مسلوب‌المنفعه", "مسلوب‌المنفعه", "پر شده", "انسداد"),
    "SEALED": ("پلمپ", "پلمب", "مهر و موم"),
    "REVOKED": ("ابطال", "لغو", "ابطال پروانه", "لغو پروانه"),
    "SUSPENDED": ("تعلیق با دستور قضایی", "تعلیق", "قطع برق با دستور قضایی"),
    # These words alone do not say whether something is ordered or lifted: as long as they stand,
    # the status cannot be known (order_unclear).
    "COURT_ORDER": ("دستور قضایی", "دستور دادستان", "حکم قضایی"),
    "LIFTED": (
        "رفع دستور",
        *(
            f"{form} {order}{by}"
            for form in ("رفع", "فک", "لغو")
            for order in ("پلمپ", "پلمب", "تعلیق", "انسداد", "مهر و موم")
            for by in ("", " با دستور قضایی")
        ),
        *(
            f"دستور قضایی {form} {order}"
            for form in ("رفع", "فک")
            for order in ("پلمپ", "پلمب", "تعلیق")
        ),
    ),
}
OFFENCES: Table = {
    "overdraft": ("اضافه برداشت", "برداشت اضافه"),
    "no_meter": ("نداشتن کنتور", "عدم نصب کنتور"),
    "meter_tampering": ("دستکاری کنتور",),
    "unlawful_deepening": ("کف‌شکنی غیرمجاز", "کف‌شکنی"),
    "change_of_use": ("تغییر نوع مصرف", "تغییر کاربری"),
    "unlawful_relocation": ("جابجایی غیرمجاز", "جابه‌جایی غیرمجاز", "جابجایی"),
    "water_selling": ("فروش آب", "آب فروشی"),
    "oversized_installations": ("منصوبات مازاد", "نصب منصوبات مازاد", "منصوبات غیرمجاز"),
    "transfer_off_land": ("انتقال آب به خارج از اراضی", "انتقال آب"),
    "not_renewed": ("عدم تمدید پروانه", "تمدید نکردن پروانه"),
    "unlawful_desalination": ("آب شیرین‌کن غیرمجاز", "نمک‌زدایی غیرمجاز"),
    "unlawful_drilling": ("حفر غیرمجاز", "چاه غیرمجاز", "حفاری غیرمجاز"),
}
STEPS: Table = {
    "expert_report": ("گزارش کارشناس", "گزارش کارشناسی"),
    "first_warning": ("اخطار اول", "اخطار"),
    "second_warning": ("اخطار دوم",),
    "expert_check": ("بازدید کارشناس", "بررسی کارشناس"),
    "complaint_filed": ("تشکیل پرونده شکایت", "شکایت"),
    "sealed": ("پلمپ", "پلمب"),
    "court_order": ("دستور قضایی", "دستور دادستان"),
    "first_judgment": ("رأی بدوی", "رأی دادگاه بدوی"),
    "expert_recheck": ("بازدید مجدد کارشناس", "بررسی مجدد کارشناس"),
    "second_judgment": ("رأی تجدیدنظر", "رأی دادگاه تجدیدنظر"),
    "execution": ("اجرای حکم", "اجرا"),
    "remedied": ("رفع تخلف",),
    "closed": ("مختومه",),
}
CASES: Table = {
    "open": ("در جریان", "در حال رسیدگی", "جاری"),
    "rejected": ("رد شده", "رد", "ردشده در کمیسیون"),
}


def label_fa(table: Table, code: str) -> str:
    """Look up the Persian label of a code of a table.

    >>> label_fa(USES, "drinking_rural")
    'شرب روستایی'
    """
    return table[code][0]


def reader(table: Table, subject: str) -> Callable[[str], str]:
    """Make a reader of clerks' spellings; it raises Malformed ``<subject>.unknown``."""
    codes = {squeezed_key(word): code for code, words in table.items() for word in words}

    @lru_cache(maxsize=4096)
    def read(text: str) -> str:
        code = codes.get(squeezed_key(text).lower())
        if code is None:
            labels = "، ".join(words[0] for words in table.values())
            raise Malformed(f"{subject}.unknown", f"It is none of: {labels}.")
        return code

    return read


TITLE_USES = {
    squeezed_key(word): code
    for code, words in USES.items()
    for word in words
    if code not in ("services", "education", "military", "other")
}
LONGEST_USE = 3


@lru_cache(maxsize=4096)
def use_named_in(title: str) -> str | None:
    """Find the use that a decree's title names; None if it names none.

    Raises Malformed ``decree.use_ambiguous`` if it names more than one.

    >>> use_named_in("تمدید پروانه‌های کشاورزی خسارت‌دیده")
    'agriculture'
    """
    words = search_key(title).split()
    named, i = set(), 0
    while i < len(words):
        spans = range(min(LONGEST_USE, len(words) - i), 0, -1)
        length = next((n for n in spans if "".join(words[i : i + n]) in TITLE_USES), None)
        if length:
            named.add(TITLE_USES["".join(words[i : i + length])])
        i += length or 1
    if len(named) > 1:
        raise Malformed(
            "decree.use_ambiguous",
            "Its title names more than one use; say which one in the column of uses.",
        )
    return named.pop() if named else None
