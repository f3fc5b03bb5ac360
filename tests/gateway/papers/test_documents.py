"""Bills, receipts, statements, letters as PDF: read back as text, as pictures, by a scanner."""

import ctypes
import dataclasses
import re
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pypdfium2
import pytest
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st
from pypdfium2 import raw

from bus.errors import NotFound
from bus.messages.message import read, schema_of, to_wire
from contracts.billing import bills as contracts
from contracts.inquiry.answer import Answer
from contracts.notify.govnotify import ApiMessage
from gateway.html import amounts
from gateway.html import rendering as pages
from gateway.papers import html_to_pdf
from gateway.papers import pdf as documents
from gateway.public.own_inquiries import explained
from gateway.public.site import words as portal_words
from gateway.public.site.pages import Faults, current
from services.inquiry.domain.purposes import OWN
from tests.inquiry.domain.test_answer import ask

PORTAL = "https://portal.example.ir"
LINK = f"{PORTAL}/bills/1000234546116/175550929"
LANGUAGES = ("fa", "en")
ISSUER = {
    "name_fa": "شرکت آب نمایشی",
    "name_en": "Demo Water Company",
    "legal_id": "10100000003",
    "address_fa": "یاسوج، بلوار مطهری",
    "address_en": "Motahari Boulevard, Yasuj",
    "phone": "074-33330000",
    "sheba": "IR820540102680020817909002",
}
LINE = {
    "service": "expert_visit",
    "title_fa": "بازدید کارشناس از محل",
    "title_en": "Visit of an expert to the place",
    "law": "CH2-2",
    "law_fa": "آیین‌نامه فصل دوم، ماده ۲",
    "law_en": "By-law of chapter 2, article 2",
    "quantity": 1,
    "unit": "each",
    "each_rials": 1_595_000,
    "net_rials": 1_595_000,
    "vat_class": "standard",
    "vat_basis_points": 1000,
    "tariff": 1,
    "decree": "1405/1",
    "from": "2026-03-21",
    "fa": "بازدید کارشناس از محل: ۱ فقره × ۱,۵۹۵,۰۰۰ ریال = ۱,۵۹۵,۰۰۰ ریال؛ تعرفه شماره ۱.",
    "en": "Visit of an expert to the place: 1 piece × 1,595,000 rials; tariff no. 1.",
}
QUOTE = {
    "on": "2026-11-23",
    "on_jalali": "1405-09-02",
    "lines": [LINE],
    "net_rials": 1_595_000,
    "vat_rials": 159_500,
    "rounding_rials": 500,
    "rounding_fa": "جمع قبض به هزار ریال گرد می‌شود.",
    "rounding_en": "The sum is rounded up to the next 1,000 rials.",
    "total_rials": 1_755_000,
    "unit": "IRR",
}
PAID = {
    "state": "PAID",
    "paid_at": "2026-11-24T08:05:00Z",
    "paid_by": "sep",
    "receipt": "1405-000007",
}
WAIVER = {
    "reason": "welfare",
    "reason_fa": "تحت پوشش بهزیستی",
    "reason_en": "Supported by a welfare body",
    "decree": "D-7",
    "percent": 100,
}
FREE = {
    "bill_id": None,
    "payment_id": None,
    "barcode": None,
    "state": "WAIVED",
    "waiver": WAIVER,
    "waived_rials": 1_755_000,
    "total_rials": 0,
}


def bill_of(lines=1, **changed):
    data = {
        "number": "1405-000012",
        "bill_id": "1000234546116",
        "payment_id": "175550929",
        "barcode": "10002345461160000175550929",
        "state": "ISSUED",
        "overdue": False,
        "agency": None,
        "source_kind": "inquiry",
        "issued_at": "2026-11-23T10:30:00Z",
        "requested_on": "2026-11-23",
        "due_on": "2026-11-26",
        "expires_on": "2026-11-30",
        "quote": {**QUOTE, "lines": [LINE] * lines},
        "waiver": None,
        "waived_rials": 0,
        "total_rials": 1_755_000,
        "paid_at": None,
        "paid_by": None,
        "receipt": None,
        "refunded_rials": 0,
        "replaces": None,
        "issuer": ISSUER,
        "pay_at": [],
        **changed,
    }
    schema_of(contracts.Bill)().load(data)
    return read(contracts.Bill, data)


def payment_of(bill, **changed):
    data = {
        "order": 12,
        "state": "SETTLED",
        "settled": True,
        "waits": False,
        "psp": {"code": "sep", "fa": "سامان کیش", "en": "Saman (SEP)"},
        "rrn": "623471918273",
        "card": "603799******1234",
        "bill": to_wire(bill),
        **changed,
    }
    schema_of(contracts.Payment)().load(data)
    return read(contracts.Payment, data)


def statement_of(rows=2, **changed):
    kinds = (
        ("billed", "صدور قبض", "bill issued", 1_755_000),
        ("paid", "پرداخت قبض", "bill paid", -755_000),
    )
    data = {
        "agency": "agency-x",
        "month": "1405-09",
        "from_day": "2026-11-22",
        "to_day": "2026-12-21",
        "opening_rials": 500_000,
        "billed_rials": 1_755_000 * ((rows + 1) // 2),
        "paid_rials": 755_000 * (rows // 2),
        "waived_rials": 0,
        "ended_rials": 0,
        "closing_rials": 500_000 + sum(kinds[i % 2][3] for i in range(rows)),
        "difference_rials": 0,
        "rows": [
            {
                "day": "2026-11-23",
                "number": f"1405-{i:06}",
                "kind": kind,
                "text_fa": fa,
                "text_en": en,
                "rials": rials,
            }
            for i in range(rows)
            for kind, fa, en, rials in [kinds[i % 2]]
        ],
        **changed,
    }
    schema_of(contracts.Statement)().load(data)
    return read(contracts.Statement, data)


def every_document(lang):
    return (
        documents.bill(bill_of(), lang, portal=PORTAL),
        documents.receipt(payment_of(bill_of(**PAID)), lang, portal=PORTAL),
        documents.statement(statement_of(), lang),
    )


def opened(pdf):
    document = pypdfium2.PdfDocument(pdf)
    assert len(document) > 0
    return document


def text_of(pdf):
    return "\n".join(page.get_textpage().get_text_range() for page in opened(pdf))


def scanned(pdf):
    """What a scanner reads from the printed pages: {format: text}."""
    pictures = [page.render(scale=3).to_pil() for page in opened(pdf)]
    return {
        code.format.name: code.text
        for picture in pictures
        for code in zxingcpp.read_barcodes(picture)
    }


def fonts_of(pdf):
    """{name of font without the subset's tag: is it embedded}, over all text of all pages."""
    fields = {}
    for page in opened(pdf):
        for get_object in page.get_objects(filter=[raw.FPDF_PAGEOBJ_TEXT]):
            font = raw.FPDFTextObj_GetFont(get_object)
            name = ctypes.create_string_buffer(200)
            raw.FPDFFont_GetBaseFontName(font, name, len(name))
            existing = name.value.decode().split("+")[-1]
            fields[existing] = fields.get(existing, True) and raw.FPDFFont_GetIsEmbedded(font) == 1
    return fields


def font_of_letters(pdf, letters):
    """The names of the fonts in which any of these letters stand."""
    result = set()
    for page in opened(pdf):
        text = page.get_textpage()
        for i in range(text.count_chars()):
            if re.match(letters, chr(raw.FPDFText_GetUnicode(text, i))):
                name, flags = ctypes.create_string_buffer(200), ctypes.c_int()
                raw.FPDFText_GetFontInfo(text, i, name, len(name), flags)
                result.add(name.value.decode().split("+")[-1])
    return result


# --- the documents ---


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_bill_with_one_line_has_one_page_and_says_all_that_is_needed_to_pay_it(lang):
    pdf = documents.bill(bill_of(), lang, portal=PORTAL)
    assert len(opened(pdf)) == 1
    text = text_of(pdf)
    for item in (
        "1405-000012",
        "1000234546116",
        "175550929",
        "10002345461160000175550929",
        "1405/09/05",
        "1,595,000",
        "159,500",
        "500",
        "1,755,000",
        "074-33330000",
        "10100000003",
        LINK,
        "IR820540102680020817909002",
    ):
        assert item in text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_bill_with_twenty_lines_takes_few_pages_and_counts_them(lang):
    pdf = documents.bill(bill_of(lines=20), lang, portal=PORTAL)
    pages = opened(pdf)
    assert 2 <= len(pages) <= 4
    of = ("صفحه 1 از ", "Page 1 of ")[lang == "en"]
    assert f"{of}{len(pages)}" in pages[0].get_textpage().get_text_range()
    assert scanned(pdf)["QRCode"] == LINK


@pytest.mark.parametrize(
    ("bill_id", "payment_id"),
    [("1000234546116", "175550929"), ("9900000046110", "9999999950929"), ("123456", "654321")],
)
def test_barcode_and_qr_code_are_read_by_a_scanner_as_they_were_meant(bill_id, payment_id):
    barcode = bill_id.zfill(13) + payment_id.zfill(13)
    reply = bill_of(bill_id=bill_id, payment_id=payment_id, barcode=barcode)
    read = scanned(documents.bill(reply, "fa", portal=PORTAL))
    assert read == {"Code128": barcode, "QRCode": f"{PORTAL}/bills/{bill_id}/{payment_id}"}


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("state", ["PAID", "WAIVED", "VOID", "EXPIRED"])
def test_a_bill_that_is_not_open_wears_its_stamp_and_cannot_be_mistaken_for_an_open_one(
    lang, state
):
    reply = bill_of(**(PAID if state == "PAID" else {"state": state}))
    text = text_of(documents.bill(reply, lang, portal=PORTAL)).replace("\u200c", "")
    stamp = documents.STATES[state][lang == "en"].replace("\u200c", "")
    assert stamp in text
    open_one = text_of(documents.bill(bill_of(), lang, portal=PORTAL)).replace("\u200c", "")
    assert stamp not in open_one
    warning = ("این قبض را نپردازید", "Do not pay this bill")[lang == "en"]
    assert (warning in text) == (state != "PAID")
    assert warning not in open_one


@pytest.mark.parametrize("state", ["PAID", "VOID", "EXPIRED"])
def test_no_bank_scans_a_bill_that_is_not_open_and_nobody_is_called_to_pay_it(state):
    reply = bill_of(**(PAID if state == "PAID" else {"state": state}))
    pdf = documents.bill(reply, "en", portal=PORTAL)
    assert "Code128" not in scanned(pdf)
    text = text_of(pdf)
    assert "can pay it" not in text
    assert "To be paid" not in text
    assert ISSUER["sheba"] not in text


def test_a_bill_that_was_waived_wholly_has_nothing_to_scan_and_says_why():
    pdf = documents.bill(bill_of(**FREE), "en", portal=PORTAL)
    text = text_of(pdf)
    assert scanned(pdf) == {}
    for item in ("zero rials", "-1,755,000", "100%", "Supported by a welfare body", "D-7"):
        assert item in text
    assert "Bill ID" not in text


def test_a_bill_tells_what_it_replaces_what_was_given_back_and_whose_it_is():
    reply = bill_of(**PAID, replaces="1405-000003", refunded_rials=321_000, agency="agency-x")
    text = text_of(documents.bill(reply, "fa", portal=PORTAL))
    for part in ("1405-000003", "321,000", "agency-x", "1405-000007"):
        assert part in text


def test_a_bill_that_is_late_says_so():
    assert "passed" in text_of(documents.bill(bill_of(overdue=True), "en", portal=PORTAL))
    assert "passed" not in text_of(documents.bill(bill_of(), "en", portal=PORTAL))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_bill_says_that_it_names_nobody(lang):
    text = text_of(documents.bill(bill_of(), lang, portal=PORTAL))
    assert ("از کسی نام برده نشده است", "No person is named on this bill")[lang == "en"] in text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_receipt_says_by_what_the_bill_was_paid_and_leads_to_it(lang):
    pdf = documents.receipt(payment_of(bill_of(**PAID)), lang, portal=PORTAL)
    assert len(opened(pdf)) == 1
    text = text_of(pdf)
    for item in (
        "1405-000007",
        "1405-000012",
        "623471918273",
        "1,755,000",
        "11:35",
        "1405/09/03",
        "603799",
        "******",
        "1000234546116",
        "175550929",
        ("سامان کیش", "Saman (SEP)")[lang == "en"],
    ):
        assert item in text
    assert scanned(pdf) == {"QRCode": LINK}


def test_a_receipt_of_a_banks_counter_has_no_card():
    reply = bill_of(**{**PAID, "paid_by": "bills"})
    text = text_of(documents.receipt(reply, "en", portal=PORTAL))
    assert "A bank, by bill ID and payment ID" in text
    assert "Card" not in text
    assert "RRN" not in text


def test_there_is_no_receipt_for_what_paid_nothing():
    failed = {"state": "FAILED", "settled": False, "rrn": None, "card": None}
    for item in (bill_of(), payment_of(bill_of(), **failed), payment_of(bill_of(**PAID), **failed)):
        with pytest.raises(NotFound, match="did not pay"):
            documents.receipt(item, "fa", portal=PORTAL)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_statement_says_after_each_row_what_is_owed(lang):
    text = text_of(documents.statement(statement_of(), lang))
    for item in ("500,000", "2,255,000", "1,500,000", "755,000", "1405-000001", "1405/09/02"):
        assert item in text
    assert ("آذر 1405", "Azar 1405")[lang == "en"] in text
    assert "agency-x" in text


def test_a_statement_of_many_rows_repeats_its_head_on_every_page():
    pages = opened(documents.statement(statement_of(rows=90), "en"))
    assert 2 <= len(pages) <= 5
    heads = ["Settled" in page.get_textpage().get_text_range() for page in pages]
    assert all(heads[:-1])


def test_a_statement_of_a_quiet_month_says_so():
    text = text_of(documents.statement(statement_of(rows=0), "en"))
    assert "Nothing happened in this month" in text
    assert "five hundred thousand rials" in text


def test_a_statement_does_not_hide_that_the_ledger_differs():
    text = text_of(documents.statement(statement_of(difference_rials=-1000), "en"))
    assert "does not agree" in text
    assert "-1,000" in text
    assert "does not agree" not in text_of(documents.statement(statement_of(), "en"))


# --- how they are made ---


def test_persian_documents_are_set_in_vazirmatn_and_every_font_is_embedded():
    for pdf in every_document("fa"):
        fonts = fonts_of(pdf)
        assert fonts
        assert all(fonts.values())
        persian = font_of_letters(pdf, "[\u0620-\u06ef\ufb50-\ufefc]")
        assert persian
        assert all(name.startswith("Vazirmatn") for name in persian)


def test_english_documents_have_no_persian_digits():
    for pdf in every_document("en"):
        assert all(fonts_of(pdf).values())
        digits = font_of_letters(pdf, "[0-9]")
        assert digits
        assert not any(name.startswith("Vazirmatn") for name in digits)


def test_all_digits_are_ascii_in_the_document_however_they_were_told():
    for pdf in every_document("fa"):
        assert not re.search("[۰-۹٠-٩]", text_of(pdf))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_document_has_a_title_and_its_language(lang):
    titles = []
    for pdf in every_document(lang):
        document = opened(pdf)
        titles.append(document.get_metadata_dict()["Title"])
        reply = (ctypes.c_ushort * 20)()
        size = raw.FPDFCatalog_GetLanguage(document, reply, len(reply))
        assert bytes(reply)[:size].decode("utf-16-le").rstrip("\0") == lang
        assert raw.FPDFCatalog_IsTagged(document) == 1
    assert [re.search(r"\d{4}-\d+", title)[0] for title in titles] == [
        "1405-000012",
        "1405-000007",
        "1405-09",
    ]


def test_html_in_a_text_is_shown_as_text_and_fetches_nothing(monkeypatch):
    html_to_pdf.style()  # the fonts are read before
    requests = []
    monkeypatch.setattr(
        html_to_pdf.OwnFiles, "fetch", lambda _, url, headers=None: requests.append(url)
    )
    wicked = '<img src=http://203.0.113.1/x.png><b>&amp;</b><link rel=stylesheet href="file:///x">'
    line = {**LINE, "title_en": wicked, "en": f"{wicked}: {wicked}"}
    reply = bill_of(
        quote={**QUOTE, "lines": [line], "rounding_en": wicked},
        issuer={**ISSUER, "name_en": wicked},
        waiver={**WAIVER, "reason_en": wicked},
    )
    pdf = documents.bill(reply, "en", portal=PORTAL)
    text = re.sub(r"\s", "", text_of(pdf))
    assert text.count(re.sub(r"\s", "", wicked)) >= 4
    assert opened(pdf).get_metadata_dict()["Title"].endswith(wicked)
    assert requests == []


@pytest.mark.parametrize(
    "url",
    [
        "http://203.0.113.1/x.png",
        "https://example.org/",
        "file:///etc/passwd",
        "data:,x",
        "mirab:../documents.py",
        "mirab:mirab.css",
        "vazirmatn.woff2",
        "",
    ],
)
def test_only_our_two_fonts_are_ever_opened(url):
    with pytest.raises(PermissionError):
        html_to_pdf.OwnFiles().fetch(url)
    assert html_to_pdf.OwnFiles().fetch("mirab:vazirmatn.woff2").read()[:4] == b"wOF2"


def test_what_a_document_asks_for_beside_its_fonts_is_refused(caplog):
    html = '<html lang=en><title>x</title><img src="file:///etc/hostname">'
    made = html_to_pdf.HTML(string=html, url_fetcher=html_to_pdf.OwnFiles()).write_pdf()
    assert len(opened(made)) == 1
    assert "documents open nothing but their own fonts" in caplog.text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_weasyprint_finds_nothing_to_warn_of(lang, caplog):
    html_to_pdf.style.cache_clear()
    html_to_pdf.kept.clear()  # what another test had made would not be made again
    every_document(lang)
    assert [record.getMessage() for record in caplog.records if record.levelname != "INFO"] == []


def test_many_threads_make_documents_at_once():
    numbers = [f"1405-{i:06}" for i in range(5)]

    def make(number):
        return documents.bill(bill_of(number=number), "fa", portal=PORTAL)

    with ThreadPoolExecutor(4) as pool:
        for number, pdf in zip(numbers, pool.map(make, numbers), strict=True):
            assert number in text_of(pdf)


# --- parts ---

SMALL_EN = dict(zip(amounts.EN_SMALL, range(20), strict=True)) | {
    word: 20 + 10 * i for i, word in enumerate(amounts.EN_TENS)
}
SMALL_FA = (
    dict(zip(amounts.FA_SMALL, range(20), strict=True))
    | {word: 20 + 10 * i for i, word in enumerate(amounts.FA_TENS)}
    | {word: 100 + 100 * i for i, word in enumerate(amounts.FA_HUNDREDS)}
)


def read_back(words, small, scales, minus):
    """The number that the words say, read word by word from the left."""
    sign, total, group = 1, 0, 0
    for word in words:
        if word == minus:
            sign = -1
        elif word == "hundred":
            group *= 100
        elif word in small:
            group += small[word]
        else:
            total, group = total + group * 1000 ** scales.index(word), 0
    return sign * (total + group)


@pytest.mark.parametrize(
    ("rials", "fa", "en"),
    [
        (0, "صفر ریال", "zero rials"),
        (1, "یک ریال", "one rial"),
        (21, "بیست و یک ریال", "twenty-one rials"),
        (100, "صد ریال", "one hundred rials"),
        (1000, "یک هزار ریال", "one thousand rials"),
        (1001, "یک هزار و یک ریال", "one thousand and one rials"),
        (
            1_755_000,
            "یک میلیون و هفتصد و پنجاه و پنج هزار ریال",
            "one million seven hundred and fifty-five thousand rials",
        ),
        (
            2_000_000_018,
            "دو میلیارد و هجده ریال",
            "two billion and eighteen rials",
        ),
        (
            -12_340,
            "منهای دوازده هزار و سیصد و چهل ریال",
            "minus twelve thousand three hundred and forty rials",
        ),
        (10**12, "یک تریلیون ریال", "one trillion rials"),
        (10**15, "یک کوادریلیون ریال", "one quadrillion rials"),
    ],
)
def test_an_amount_in_words(rials, fa, en):
    assert amounts.words_fa(rials) == fa
    assert amounts.words_en(rials) == en


@given(st.integers(-amounts.MOST_IN_WORDS, amounts.MOST_IN_WORDS))
def test_reading_the_words_back_gives_the_amount(rials):
    fa = amounts.words_fa(rials).removesuffix(" ریال").replace(" و ", " ").split(" ")
    assert read_back(fa, SMALL_FA, amounts.FA_SCALES, "منهای") == rials
    en = re.sub(" rials?$", "", amounts.words_en(rials)).replace(" and ", " ").replace("-", " ")
    assert read_back(en.split(" "), SMALL_EN, amounts.EN_SCALES, "minus") == rials


def test_an_amount_too_large_for_words_is_an_error_and_not_a_wrong_word():
    for words in (amounts.words_fa, amounts.words_en):
        with pytest.raises(ValueError, match="too large"):
            words(amounts.MOST_IN_WORDS + 1)


@given(st.from_regex("[1-9][0-9]{5,12}", fullmatch=True))
def test_an_id_is_read_aloud_in_groups_that_make_it_up(digits):
    groups = documents.aloud(digits)
    assert "".join(groups) == digits
    assert {len(group) for group in groups} <= {3, 4}


# --- letters ---

LETTER = read(
    ApiMessage,
    {
        "id": "0a1b2c3d-0000-4000-8000-000000000000",
        "owner": "power-co",
        "reference": "نامه/7",
        "language": "fa",
        "created_at": "2026-11-23T21:30:00Z",
        "subject": "آگهی بهای آب",
        "to": {"address": ["Sara Nemoune", "خیابان آب، پلاک 3", "تهران", "1193653471"]},
        "html": "<p>سلام <bdi>&lt;b&gt;سارا</bdi></p><ul><li>یک</li><li>دو</li></ul>",
        "contact": {
            "fa": "شرکت آب نمایشی",
            "en": "Demo Water Company",
            "phone": "074-33330000",
            "email": "info@mirab.example",
            "address_fa": "یاسوج",
            "address_en": "Yasuj",
        },
        "kind": "live",
        "state": "QUEUED",
        "channel": "letter",
        "template": None,
        "body": "",
        "unsubscribe_url": None,
        "pdf": None,
        "postage": None,
        "parts": None,
        "cost_rials": None,
        "due_at": "2026-11-23T21:30:00Z",
        "sent_at": None,
        "settled_at": None,
    },
)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_address_of_a_letter_stands_in_the_window_of_an_envelope(lang):
    document = pypdfium2.PdfDocument(documents.letter(dataclasses.replace(LETTER, language=lang)))
    page = document[0].get_textpage()
    points = 72 / 25.4
    # DIN 5008 form B: 20 to 105 mm from the left, 45 to 90 mm from the top of A4.
    window = {
        "left": 20 * points,
        "right": 105 * points,
        "top": (297 - 45) * points,
        "bottom": (297 - 90) * points,
    }
    inside = page.get_text_bounded(**window).replace(" ", "")
    assert "SaraNemoune" in inside
    assert "1193653471" in inside
    assert "0a1b2c3d" not in inside
    document.close()


def test_a_letter_tells_the_jalali_day_of_tehran_its_number_and_who_sends_it():
    document = pypdfium2.PdfDocument(documents.letter(LETTER))
    reply = document[0].get_textpage().get_text_bounded().replace(" ", "")
    # 21:30 UTC is the next day in Tehran.
    for word in ("1405/09/03", "0a1b2c3d", "power-co", "074-33330000", "b>سارا"):
        assert word in reply, word
    document.close()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_l17_a_receipt_can_be_compared_with_the_page_that_its_code_leads_to(lang):
    bill = bill_of(**PAID, refunded_rials=755_000, agency="fuel-co")
    body = pages.page(
        "public/bill.html",
        lang=lang,
        t=portal_words.speaker(lang),
        faults=Faults(),
        here="/bills/1/2",
        current=partial(current, "/bills/1/2"),
        others=[],
        banner=None,
        when=str,
        bill=bill,
        form="f",
    ).body.decode()
    shown = text_of(documents.receipt(payment_of(bill), lang, portal=PORTAL))
    for item in ("1405-000007", "1405-000012", "1,755,000", "755,000", "1000234546116"):
        assert item in shown
        assert item in body
    assert "fuel-co" in body


@pytest.mark.parametrize("lang", LANGUAGES)
def test_l14_the_answer_of_an_inquiry_is_a_document_with_its_law(lang):
    answer = ask("court_case", narrowed=OWN)
    made = documents.answer(
        read(Answer, answer), lang, company=ISSUER, portal=PORTAL, explain=partial(explained, lang)
    )
    shown = text_of(made)
    for item in (answer["verification_code"], answer["tracking_code"], "1001/5"):
        assert item in shown
    assert scanned(made) == {"QRCode": f"{PORTAL}/v1/verify/{answer['verification_code']}"}
    if lang == "en":
        assert "Fair Distribution of Water Act, article 3" in shown


@pytest.mark.parametrize(("lang", "length"), [("fa", 666), ("en", 997)])
def test_a_signed_answer_is_read_from_its_paper_at_150_dots_an_inch(lang, length):
    """The longest of each size; so fine a cheap printer prints and a camera sees."""
    answer = ask("court_case", narrowed=OWN)
    made = documents.answer(
        read(Answer, answer),
        lang,
        company=ISSUER,
        portal=PORTAL,
        explain=partial(explained, lang),
        proof=("ey" + "aB3_-" * 200)[: length - len(f"{PORTAL}/verify#")],
    )
    pictures = [page.render(scale=150 / 72).to_pil() for page in opened(made)]
    (code,) = [code for picture in pictures for code in zxingcpp.read_barcodes(picture)]
    assert code.text.startswith(f"{PORTAL}/verify#ey")
    assert len(code.text) == length


def test_a_proof_that_no_code_holds_is_not_printed():
    answer = ask("court_case", narrowed=OWN)
    made = documents.answer(
        read(Answer, answer),
        "en",
        company=ISSUER,
        portal=PORTAL,
        explain=partial(explained, "en"),
        proof="e" * 1000,
    )
    assert scanned(made) == {"QRCode": f"{PORTAL}/v1/verify/{answer['verification_code']}"}
