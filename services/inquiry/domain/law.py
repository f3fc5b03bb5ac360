"""The legal basis of answers: code, title, article and gist; data only.

The law, as of 2026: Fair Distribution of Water Act (1361), the Act on wells without licence (1389)
and its by-law, the by-law of chapter 2 (1363), and the decision of 1397 on electronic inquiries.
Only what an answer cites stands here.
"""

from typing import NamedTuple


class Basis(NamedTuple):
    """One article: whose it is, and what it says in a line."""

    title_fa: str
    title_en: str
    article: str
    gist_fa: str
    gist_en: str


FDW = ("قانون توزیع عادلانه آب", "Fair Distribution of Water Act")
ULW = ("قانون تعیین تکلیف چاه‌های فاقد پروانه", "Act on wells without licence")
ULB = (
    "آیین‌نامه قانون تعیین تکلیف چاه‌های فاقد پروانه",
    "By-law of the Act on wells without licence",
)
CH2 = ("آیین‌نامه اجرایی فصل دوم", "By-law of chapter 2")

LAW: dict[str, Basis] = {
    "FDW-3": Basis(
        *FDW,
        "3",
        "حفر چاه و بهره‌برداری پروانه می‌خواهد",
        "Any well, qanat or spring development needs a licence",
    ),
    "FDW-5": Basis(
        *FDW, "5", "چاه خانگی تا ۲۵ متر مکعب در شبانه‌روز", "Small domestic wells up to 25 m3 a day"
    ),
    "FDW-13": Basis(*FDW, "13", "صلاحیت حفاری", "Competence of drilling companies"),
    "FDW-21": Basis(
        *FDW,
        "21",
        "تخصیص و اجازه بهره‌برداری با وزارت نیرو است",
        "Allocation and permits are the ministry's",
    ),
    "FDW-27": Basis(
        *FDW,
        "27",
        "پروانه متعلق به زمین و مصرف آن است",
        "The permit belongs to the land and its use",
    ),
    "FDW-28": Basis(*FDW, "28", "انتقال بدون اجازه ممنوع است", "No transfer without permission"),
    "FDW-45": Basis(*FDW, "45", "تخلفات و مجازات", "Offences and penalties"),
    "FDW-45-E": Basis(
        *FDW,
        "45 (e)",
        "حفر چاه یا بهره‌برداری برخلاف قانون",
        "Drilling or using water against the Act",
    ),
    "CH2-11": Basis(*CH2, "11, 13", "چاه به جای چاه تا پنج سال", "Replacement within five years"),
    "CH2-24": Basis(*CH2, "24", "پر کردن چاه متخلف", "Filling of offending wells"),
    "ULW": Basis(
        *ULW,
        "1",
        "چاه‌های کشاورزی فعال پیش از پایان ۱۳۸۵",
        "Active agricultural wells drilled before the end of 1385",
    ),
    "ULW-N5": Basis(
        *ULW,
        "note 5",
        "کمیسیون رسیدگی؛ بیست روز مهلت دیوان",
        "Commission; twenty days to the Administrative Justice Court",
    ),
    "ULB-6": Basis(*ULB, "6", "ابطال پروانه پس از اخطار", "Revocation after warnings"),
    "ULB-10": Basis(*ULB, "10", "موارد مستثنا", "Exclusions"),
    "DECREE": Basis(
        "ابلاغیه تمدید",
        "Decree of extension",
        "",
        "تمدید عمومی پروانه‌ها",
        "Blanket extension of licences",
    ),
    "INQ-1397": Basis(
        "تصمیم ۱۳۹۷ درباره استعلام",
        "Decision of 1397 on inquiries",
        "",
        "استعلام تنها الکترونیکی است",
        "Inquiries are electronic only",
    ),
}


_TOLD = {code: {"code": code, **article._asdict()} for code, article in LAW.items()}


def basis(codes: list[str]) -> list[dict[str, str]]:
    """The articles of these codes, each once, in their order, as an answer tells them."""
    return [_TOLD[code] for code in dict.fromkeys(codes)]
