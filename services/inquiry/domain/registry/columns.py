"""The columns of the sheets of a registry export, as their headers name them."""

FILE_NO, SUBSCRIPTION, HOLDER_ID = "شماره پرونده", "کد اشتراک", "کد ملی / شناسه ملی"
PARTNER_ID, MOBILE, POSTAL = "کد ملی", "تلفن همراه", "کد پستی"
PERSONAL = frozenset({HOLDER_ID, PARTNER_ID, MOBILE, POSTAL})
LICENCE_COLUMNS = ("نوع پروانه", "شماره پروانه", "تاریخ صدور", "تاریخ انقضا")
SOURCE_COLUMNS = (
    FILE_NO,
    SUBSCRIPTION,
    "نام",
    "نام خانوادگی",
    "نام پدر",
    HOLDER_ID,
    "نوع شخص",
    MOBILE,
    "نوع منبع",
    "وضعیت پروانه",
    *LICENCE_COLUMNS,
    "نوع مصرف",
    "حجم مجاز سالانه",
    "واحد حجم",
    "دبی مجاز (لیتر بر ثانیه)",
    "ساعت کارکرد سالانه",
    "قدرت مجاز (کیلووات)",
    "عمق (متر)",
    "شهرستان",
    "دهستان",
    "محدوده مطالعاتی",
    "وضعیت محدوده",
    "UTM X",
    "UTM Y",
    "زون",
    "کنتور",
    "شناسه اشتراک برق",
    "دستور",
    "تاریخ دستور",
    "بدهی (ریال)",
    POSTAL,
)
PARTNER_COLUMNS = (FILE_NO, "نام", "نام خانوادگی", PARTNER_ID, "سهم (دانگ)")
VIOLATION_COLUMNS = (FILE_NO, "نوع تخلف", "تاریخ کشف", "مرحله", "حجم (مترمکعب)")
DECREE_COLUMNS = ("شماره", "عنوان", "انقضا از", "انقضا تا", "تمدید تا", "تاریخ ابلاغ")
RENEWAL, DRILLED, CASE, USE = (
    "تاریخ درخواست تمدید",
    "سال حفر",
    "وضعیت پرونده تعیین تکلیف",
    "نوع مصرف",
)
SOURCE_OPTIONAL = (RENEWAL, DRILLED, CASE)
DECREE_OPTIONAL = (USE,)
