"""The legal basis of answers: code, title, article and gist; data only.

The law, as of 2026: Fair Distribution of Water Act (1361), the Act on wells without licence (1389),
its by-law and its executive directive, the by-law of chapter 2 (1363), and the decision of 1397 on
electronic inquiries. Only what an answer or a bill cites stands here. What is not known to us of a
text (its number, its day) is not written: the directive is named as the agreement names it.
"""

from typing import NamedTuple


class Basis(NamedTuple):
    """One article: the act that it belongs to, and what it says in a line."""

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
ULD = (
    "دستورالعمل اجرایی قانون تعیین تکلیف چاه‌های فاقد پروانه",
    "Executive directive of the Act on wells without licence",
)
CH2 = (
    "آیین‌نامه اجرایی فصل دوم قانون توزیع عادلانه آب",
    "By-law of chapter 2 of the Fair Distribution of Water Act",
)

LAW: dict[str, Basis] = {
    "FDW-2": Basis(
        *FDW,
        "2",
        "بستر و حریم رودخانه‌ها در اختیار دولت است",
        "Beds and buffers of rivers are the state's",
    ),
    "FDW-3": Basis(
        *FDW,
        "3",
        "حفر چاه و بهره‌برداری پروانه می‌خواهد",
        "Any well, qanat or spring development needs a licence",
    ),
    "FDW-5": Basis(
        *FDW, "5", "چاه خانگی تا ۲۵ متر مکعب در شبانه‌روز", "Small domestic wells up to 25 m3 a day"
    ),
    "FDW-8": Basis(
        *FDW,
        "8",
        "خدمات کارشناسی وزارت نیرو و هزینه آن",
        "Expert services of the ministry and their fees",
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
    "FDW-28": Basis(
        *FDW,
        "28",
        "انتقال و تغییر مصرف بدون اجازه ممنوع است",
        "No transfer and no change of use without permission",
    ),
    "FDW-33": Basis(*FDW, "33", "نرخ آب و حق‌النظاره", "Water prices and the supervision fee"),
    "FDW-34": Basis(*FDW, "34", "وصول بدهی آب‌بها", "Recovery of charges and debts"),
    "FDW-45": Basis(*FDW, "45", "تخلفات و مجازات", "Offences and penalties"),
    "FDW-45-E": Basis(
        *FDW,
        "45 (e)",
        "حفر چاه یا بهره‌برداری برخلاف قانون",
        "Drilling or using water against the Act",
    ),
    "CH2-2": Basis(
        *CH2,
        "2",
        "هزینه بازدید کارشناس پیش از بازدید پرداخت می‌شود",
        "An expert's visit is paid before it is made",
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
    "ULW-DIR": Basis(
        *ULD,
        "",
        "شیوه رسیدگی به درخواست پروانه چاه‌های مشمول قانون، به گونه‌ای که وزارت نیرو ابلاغ کرده است",
        "How applications under the Act are dealt with, as announced by the ministry",
    ),
    "RECORD": Basis(
        "دفتر ثبت شرکت آب منطقه‌ای",
        "Register of the regional water company",
        "",
        "ثبت، آخرین پروانه و آخرین دستور را دارد؛ آنچه پیش از آن بوده از آن احراز نمی‌شود",
        "The register holds the last licence and the last order; what was before is not known",
    ),
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


_CITED = {code: {"code": code, **article._asdict()} for code, article in LAW.items()}


def basis(codes: list[str]) -> list[dict[str, str]]:
    """List the articles of these codes as an answer cites them: each once, in their order."""
    return [_CITED[code] for code in dict.fromkeys(codes)]
