"""One name for one thing, in the register of an office: what people read of us."""

import ast
import datetime as dt
import re
import tomllib
from dataclasses import asdict
from string import Formatter

import pytest

from gateway.html.formats import article, foreign, moment, wording
from gateway.html.spoken import spoken
from gateway.public.about.pages import texts
from gateway.public.site import words
from gateway.texts.files import (
    DATA,
    FILES,
    FOLDER,
    PARTS,
    PLACE,
    Language,
    file_of,
    translated,
)
from people import retention
from people.company import NAMES
from services.inquiry.domain.law import LAW
from services.inquiry.domain.law_uses import laws
from services.inquiry.domain.status import LABELS
from services.notify.domain.parts import normalised, parts
from services.ticketing.domain import labels
from services.ticketing.domain.texts import EMAILS
from services.ticketing.notifications import tickets as notifications
from tests.processes import ROOT

PAGE = (ROOT / "docs/glossary.md").read_text(encoding="utf-8")
GLOSSARY = PAGE.partition("\n## Persian that")[2]
# What is not said any more → what is said instead. Each is looked for in everything people read.
BANNED = {
    word.strip(): row[0].strip()
    for row in re.findall(r"^\| ([^|]+) \| ([^|]+) \|$", GLOSSARY, re.M)
    for word in re.split("،(?= )", row[1])
    if not word.isascii()
}
# Words as others write them, which we read: titles of their columns, and texts of laws.
AS_OTHERS_WRITE = (
    "services/notify/domain/sheet.py",
    "services/inquiry/domain/registry/words.py",
    "services/inquiry/domain/law.py",
    "services/inquiry/domain/law_uses.py",
    "services/ticketing/mail/quotations.py",
)
PERSIAN = re.compile("[\u0600-\u06ff]")
TEMPLATES = tomllib.loads((ROOT / "deploy/notify/templates.toml").read_text("utf-8"))["templates"]
BOOK = tomllib.loads((ROOT / "deploy/notify/book.toml").read_text("utf-8"))
SMS = [row for row in TEMPLATES if row["channel"] == "sms" and row["code"] != "notice"]


def read_by_people():
    """Every file with Persian words but migrations, which stay as they ran."""
    for part in ("bus", "services", "gateway", "deploy"):
        for path in sorted((ROOT / part).rglob("*")):
            place = str(path.relative_to(ROOT))
            if path.suffix not in (".py", ".toml", ".html") or place in AS_OTHERS_WRITE:
                continue
            if "/migrations/" not in place and PERSIAN.search(path.read_text("utf-8")):
                yield place


def test_p34_the_glossary_names_what_is_said_and_what_is_not():
    assert {"رایانامه", "کلوچه", "فراهم‌کننده", "درگاه بانک", "مأمور", "ایستاده"} <= BANNED.keys()
    assert not BANNED.keys() & set(BANNED.values())


def test_each_status_of_a_licence_stands_in_the_glossary_with_its_label_and_group():
    section = PAGE.partition("\n## The status of a licence")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| ([^|]+) \| [^|]+ \| `(\w+)` \| `(\w+)` \|$", section, re.M)
    assert {code: (label, group) for label, code, group in rows} == LABELS
    assert len(rows) == len(LABELS)


@pytest.mark.parametrize("place", sorted(read_by_people()))
def test_l21_l23_p34_p35_no_text_has_a_word_that_no_office_writes(place):
    text = (ROOT / place).read_text(encoding="utf-8")
    result = {word: instead for word, instead in BANNED.items() if word in text}
    assert result == {}


@pytest.mark.parametrize("row", SMS, ids=lambda row: row["code"])
@pytest.mark.parametrize("language", ["fa", "en"])
def test_l19_each_sms_begins_with_the_name_of_who_sends_it(row, language):
    body = row["texts"][language]["body"].strip()
    assert body.startswith("{company}\n")
    assert "میراب" not in body
    if "درگاه" in body:
        assert "{portal}" in body


@pytest.mark.parametrize("row", SMS, ids=lambda row: row["code"])
def test_l19_an_sms_with_the_whole_name_has_four_parts_at_most(row):
    values = {
        "due": "سررسید نخستین پاسخ: چهارشنبه ۱۴۰۵/۱۰/۱۴ ساعت ۱۴:۳۰",
        "code": "405 213 8845",
        "pin": "123456",
        "secret": "1234 5678 9012 3456 7890",
        "question_number": "1234 5678 9012 3456",
        "unit": "حفاظت و بهره‌برداری آب‌های زیرزمینی",
        "days": "۲۰",
        "amount": "۱٬۷۵۵٬۰۰۰",
        "time": "چهارشنبه ۱۴۰۵/۱۰/۱۴ ساعت ۱۴:۳۰",
        "office": "امور آب کهگیلویه",
        "address": "دهدشت، میدان امام، امور آب کهگیلویه",
        "state": "برنامه‌ریزی شده",
        "title": "تعمیرات برنامه‌ای درگاه و استعلام",
        "when": "از ۱۴۰۵/۰۹/۲۰ ساعت ۰۸:۰۰",
        "موضوع": "درخواست انشعاب شما در یاسوج",
        "تلفن": "074-33220011",
        "روز": "چهارشنبه ۱۴۰۵/۱۰/۱۴",
        "ساعت": "۱۰:۳۰",
        "company": BOOK["contact"]["fa"],
        "portal": BOOK["contact"]["portal"],
    }
    body = re.sub(
        r"\(\((\w+)\)\)|\{(\w+)\}", lambda m: values[m[1] or m[2]], row["texts"]["fa"]["body"]
    )
    assert parts(normalised(body.strip())).parts <= 4


@pytest.mark.parametrize(
    "letter", sorted({*notifications.TO_CITIZEN.values(), "unbooked", "not_taken"})
)
def test_l19_l20_each_letter_to_a_citizen_is_signed_and_calls_a_request_a_request(letter):
    for language, name in (("fa", "درخواست"), ("en", "request")):
        subject, body = EMAILS[letter][language]
        assert body.endswith("{unit}\n{company}")
        assert name in body
        assert "پیام شما" not in subject + body


def test_l19_one_legal_name_stands_in_books_pages_and_documents():
    billing = tomllib.loads((ROOT / "deploy/billing/book.toml").read_text("utf-8"))["issuer"]
    for language in ("fa", "en"):
        assert BOOK["contact"][language] == NAMES[language]
        assert billing[f"name_{language}"].startswith(NAMES[language])
        assert words.speaker(language)("brand") == NAMES[language]
    for path in (ROOT / "gateway").rglob("*"):
        if path.suffix in (".html", ".toml", ".py"):
            text = path.read_text(encoding="utf-8")
            text = text.replace('"دفتر ثبت شرکت آب منطقه‌ای"', "")  # an act, by its name
            assert "شرکت آب منطقه‌ای" not in text, path


def test_l19_the_name_is_a_setting(monkeypatch):
    monkeypatch.setenv("COMPANY_FA", "شرکت آب منطقه‌ای یزد")
    assert words.speaker("fa")("brand") == "شرکت آب منطقه‌ای یزد"
    assert "شرکت آب منطقه‌ای یزد" in words.speaker("fa")("verify_lead")


def test_l22_holiday_names_are_written_out():
    rows = tomllib.loads((ROOT / "deploy/desk/calendar.toml").read_text("utf-8"))["calendar"]
    for title in (row.get("title", "") for row in rows):
        assert not re.search(r"[0-9]|؛\S|\(ص\)|\(ع\)|عیدنوروز|علیه السلام", title), title


# --- what citizens read, a file a language ---

OWN = {tag: tomllib.loads((FOLDER / f"{tag}.toml").read_text("utf-8")) for tag in FILES}
MOVED = (
    'The texts of citizens stand in gateway/texts, a file a language: write `key = "text"` into '
    "fa.toml and en.toml (section [texts], [names], [wanted] or [errors]), and remove this file."
)


def keys_of(tag):
    """Each key of a language's own file, with its part."""
    parts = {part: OWN[tag].get(part, {}) for part in PARTS}
    return {(part, key) for part, texts in parts.items() for key in texts}


def places_of(text):
    """The places of a text, of all its forms together; the company's name may stand anywhere."""
    forms = [text] if isinstance(text, str) else text
    places = {place for form in forms for _, place, _, _ in Formatter().parse(form) if place}
    return places - {"company"}


def test_texts_of_citizens_are_a_file_a_language():
    assert not (ROOT / "gateway/public/site/words.toml").exists(), MOVED


def test_persian_and_english_have_the_same_texts_but_for_the_english_problems():
    missing = {key for key in keys_of("fa") ^ keys_of("en") if key[0] != "problems"}
    assert missing == set(), "a key stands in one of fa.toml and en.toml only"


@pytest.mark.parametrize("tag", [tag for tag in FILES if tag not in DATA])
def test_another_language_has_the_texts_of_persian_and_no_other(tag):
    missing, more = keys_of("fa") - keys_of(tag), keys_of(tag) - keys_of("fa")
    assert (missing, more) == (set(), set()), f"{tag}.toml: write them there, or take them out"


@pytest.mark.parametrize("tag", FILES)
@pytest.mark.parametrize("part", [part for part in PARTS if part != "problems"])
def test_a_text_has_the_same_places_and_the_forms_of_its_plural_in_each_language(tag, part):
    file = FILES[tag]
    forms = {file.plural(n) for n in range(1000)}
    assert forms == set(range(len(forms)))
    for key, text in OWN[tag].get(part, {}).items():
        assert places_of(text) == places_of(OWN["fa"][part][key]), key
        if isinstance(text, list):
            assert (part, len(text), "n" in places_of(text)) == ("texts", len(forms), True), key


def test_the_form_of_a_text_follows_its_number():
    assert words.speaker("en")("banner_more", n=1) == "1 more"
    assert words.speaker("en")("status_bars", n=1, bad=0) == "1 day measured, down on 0"
    assert words.speaker("en")("status_bars", n=90, bad=2) == "90 days measured, down on 2"


JINJA = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
# What is the same in each language: forms of files, an address, an example of a code, attributes.
SAME = ("CSV", "JSON", "CSVJSON", "qavanin", "HJK", "HN", "BVQ")
OF_MACROS = ("aria", "describedby", "invalid", "true")
LETTERS = re.compile("[آ-ی]{2,}")


@pytest.mark.parametrize(
    "path", sorted((ROOT / "gateway/templates/public").glob("*.html")), ids=lambda path: path.name
)
def test_no_text_of_citizens_stands_in_a_template(path):
    text = path.read_text(encoding="utf-8")
    assert not PERSIAN.search(re.sub(r"\{#.*?#\}", "", text)), "write it into gateway/texts"
    shown = set(re.findall("[A-Za-z]{3,}", re.sub(r"<[^>]*>", "", JINJA.sub("", text))))
    assert shown <= {*SAME, *OF_MACROS}, "write it into gateway/texts"


def texts_in(tree):
    """The literal texts of a module, without those that document it."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs
    ]


@pytest.mark.parametrize(
    "path", sorted((ROOT / "gateway/public").rglob("*.py")), ids=lambda path: path.name
)
def test_no_persian_text_of_citizens_stands_in_code(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    persian = [text for text in texts_in(tree) if LETTERS.search(text)]
    assert persian == [], "write it into gateway/texts"


def test_a_third_language_says_days_and_hours_in_its_own_words():
    arabic, now = Language("ar"), dt.datetime(2026, 11, 29, 12, tzinfo=dt.UTC)
    assert spoken("2026-11-30T06:30:00Z", arabic, now) == "الإثنين 9 آذر 1405، الساعة 10:00 (غداً)"
    assert moment("2026-11-30T06:30:00Z", arabic) == "الإثنين 1405/09/09، الساعة 10:00"
    assert words.speaker(arabic)("banner_more", n=2) == "إعلانان آخران"
    assert (arabic, arabic.tag) == ("fa", "ar")


def test_a_third_language_says_what_services_tell_and_nothing_that_none_tells():
    arabic, ended = Language("ar"), "پایان یافت: پس از پاسخ اعتراضی نرسید"
    assert translated(ended, arabic) == "انتهى: لم يصل اعتراض بعد الإجابة"
    assert translated(ended, Language("fa")) == translated(ended, "fa") == ended
    assert translated("واحدی که دفتر تازه دارد", arabic) == "واحدی که دفتر تازه دارد"
    sources = [
        *map(ROOT.joinpath, ("services/ticketing/domain/labels.py", "people/retention.toml")),
        *(ROOT / f"services/inquiry/domain/{name}.py" for name in ("law", "law_uses")),
        *(ROOT / f"gateway/public/about/{name}.toml" for name in ("help", "service")),
        *(ROOT / "deploy/notify/components.toml", *(ROOT / "deploy/desk").glob("*.toml")),
    ]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    sentences = file_of("ar").translations
    plain = [name for name in sentences if "{" not in name and f'"{name}"' not in text]
    articles = {article(basis.article) for basis in LAW.values()}
    plain = [name for name in plain if name not in articles]
    trees = [ast.parse(p.read_text("utf-8")) for p in (ROOT / "services/ticketing").rglob("*.py")]
    parts = [node.value for t in trees for node in ast.walk(t) if isinstance(node, ast.Constant)]
    code = "\n".join(part for part in parts if isinstance(part, str))
    by_nobody = [name for name in plain if name not in code]
    assert by_nobody == []
    pieces = {piece.strip() for name in sentences if "{" in name for piece in PLACE.split(name)}
    code += "".join(labels.WEEKDAYS_FA)
    assert [piece for piece in pieces if piece not in code] == []


def test_arabic_has_each_promise_law_rule_of_privacy_and_help_and_marks_what_a_language_lacks():
    documents = [
        *tomllib.loads((ROOT / "deploy/notify/components.toml").read_text("utf-8"))["promises"],
        *map(asdict, retention.shown_to_citizens()),
        *(row._asdict() for act in laws() for row in (act, *act.articles)),
    ]
    sentences = [value for row in documents for key, value in row.items() if key.endswith("fa")]
    for name, parts_of in {"help": ("questions",), "service": ("lines", "steps")}.items():
        rows = [row for part in parts_of for row in texts(name, "fa")[part]]
        sentences += [
            row[key][0] for row in rows for key in ("title", "label", "text") if key in row
        ]
    arabic, company = Language("ar"), NAMES["fa"]
    assert [text for text in sentences if foreign(text, arabic) and text not in ("", company)] == []
    assert wording("چاه", arabic) == '<span lang="fa">چاه</span>'
    assert wording("چاه", "fa") == "چاه"


def test_a_third_language_says_sentences_with_numbers_and_days_in_its_own_words():
    arabic = Language("ar")
    for persian, own in {
        "70 ساعت کاری (10 روز کاری)": "70 ساعة عمل (10 أيام عمل)",
        "۹ روز و ۲ ساعت اداری": "9 يوماً و2 ساعة من وقت الدوام",
        "سررسید: دوشنبه ۱۴۰۵/۰۹/۰۹ ساعت ۱۰:۰۰": "الموعد: الإثنين 1405/09/09، الساعة 10:00",
        "شنبه ۱۴۰۵/۰۹/۰۷: ساعت کاری ۰۷:۰۰ تا ۱۴:۰۰ (زمستانی)، شمرده شد ۵ ساعت": (
            "السبت 1405/09/07: الدوام من 07:00 إلى 14:00، واحتُسب 5 ساعة"
        ),
        "ساعت کاری ۰۷:۳۰ تا ۱۲:۰۰ و ۱۳:۰۰ تا ۱۴:۳۰ (رمضان)": (
            "الدوام من 07:30 إلى 12:00 ومن 13:00 إلى 14:30"
        ),
        "ساعت کاری ۰۸:۰۰ تا ۱۴:۰۰ (رمضان و نوروز)": "الدوام من 08:00 إلى 14:00",
    }.items():
        assert translated(persian, arabic) == own
