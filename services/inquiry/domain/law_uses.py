"""What each article of the law table is used for: the public page of laws."""

from typing import NamedTuple

from services.inquiry.domain.law import CH2, FDW, LAW, ULB, ULD, ULW

USES: dict[str, tuple[str, str]] = {
    "FDW-2": ("استعلام پروانه ساختمان", "Inquiries for building permits"),
    "FDW-3": (
        "وضعیت پروانه چاه، قنات و چشمه؛ سهمیه سوخت",
        "Status of the licence of a well, qanat or spring; fuel quota",
    ),
    "FDW-5": ("مجوز ماده ۵", "Permits by article 5"),
    "FDW-8": ("هزینه پاسخ به استعلام و رونوشت", "The fee of an answer and of a copy"),
    "FDW-13": ("صلاحیت شرکت‌های حفاری", "Competence of drilling companies"),
    "FDW-21": (
        "پروانه معتبر، آب سطحی، ابطال پروانه؛ کمک آبیاری، تأمین آب صنعت، محیط زیست",
        "Licences in force, surface water, revocations; irrigation aid, industry, environment",
    ),
    "FDW-27": ("نقل و انتقال ملک با آب آن؛ وثیقه", "Transfer of land with its water; collateral"),
    "FDW-28": ("انتقال پروانه و تغییر مصرف", "Transfer of a licence and change of its use"),
    "FDW-33": ("حق‌النظاره؛ استعلام حقوق دولتی آب", "Supervision fee; inquiries about the levy"),
    "FDW-34": ("وصول بدهی منبع آب", "Recovery of the debt of a source"),
    "FDW-45": (
        "پر کردن، پلمپ و تعلیق؛ قطع برق و رسیدگی قضایی",
        "Filling, seals and suspensions; power cuts and cases before a court",
    ),
    "FDW-45-E": ("منبع فاقد پروانه", "A source without licence"),
    "CH2-2": ("هزینه بازدید کارشناس", "The fee of an expert's visit"),
    "CH2-11": ("مجوز حفر چاه به جای چاه یا قنات", "Permits of a replacement well"),
    "CH2-24": ("چاه پر و مسلوب‌المنفعه", "A filled well"),
    "ULW": ("پرونده تعیین تکلیف چاه کشاورزی", "The case of an agricultural well"),
    "ULW-N5": (
        "رسیدگی کمیسیون و اعتراض به آن؛ رسیدگی قضایی",
        "Decisions of the commission and objections; cases before a court",
    ),
    "ULB-6": ("ابطال پروانه چاه کشاورزی", "Revocation of an agricultural well's licence"),
    "ULB-10": ("رد درخواست تعیین تکلیف", "Rejected applications"),
    "ULW-DIR": ("شیوه کار پرونده تعیین تکلیف", "How a case under the Act is dealt with"),
    "RECORD": ("وضعیتی که قابل احراز نیست", "A status that cannot be known"),
    "DECREE": ("پروانه‌ای که با ابلاغیه تمدید شده است", "A licence that a decree extended"),
    "INQ-1397": ("همه استعلام‌های دستگاه‌ها", "All inquiries of agencies"),
}

# The names of the pages of acts; a decision of its own has the name of its code.
ACTS = {FDW[0]: "fair-distribution", ULW[0]: "wells", ULB[0]: "wells-by-law"} | {
    ULD[0]: "wells-directive",
    CH2[0]: "chapter-2",
}


class UsedArticle(NamedTuple):
    """An article of an act, its gist, and what it is used for."""

    code: str
    article: str
    gist_fa: str
    gist_en: str
    used_for_fa: str
    used_for_en: str


class UsedAct(NamedTuple):
    """An act with the articles of it that are used."""

    title_fa: str
    title_en: str
    articles: list[UsedArticle]
    code: str


def laws() -> list[UsedAct]:
    """List the acts, each with its articles, their gist and what they are used for."""
    acts: dict[str, UsedAct] = {}
    for code, basis in LAW.items():
        name = ACTS.get(basis.title_fa) or code.lower()
        act = acts.setdefault(basis.title_fa, UsedAct(basis.title_fa, basis.title_en, [], name))
        act.articles.append(
            UsedArticle(code, basis.article, basis.gist_fa, basis.gist_en, *USES[code])
        )
    return list(acts.values())
