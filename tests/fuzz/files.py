"""Files that officers, agencies and citizens hand in: lists, workbooks, pictures, PDF, TOML."""

import contextlib
import datetime as dt
import io
import struct
import tomllib
import zlib

import openpyxl
from PIL import Image
from pypdf import PdfWriter

from bus.errors import ContractError, RuleBroken
from bus.foreign import photos
from bus.foreign.csv_rows import Reader, Unread, delimiter_of
from bus.foreign.filetypes import type_of
from bus.foreign.pictures.cleaning import CLEANERS, clean
from contracts.ticketing.calendars.holidays import FAULTS
from deploy.local.state import CHECKOUT
from gateway.agency.files import lines
from gateway.notify import pdf_check
from gateway.papers import proof_in_pdf
from members.documents import parse_agency
from services.billing.domain import account_camt, account_csv, account_mt940, bank_files
from services.inquiry.domain.registry import rows
from services.inquiry.domain.registry.cells import BadRow
from services.inquiry.registry_import import workbook
from services.inquiry.registry_import.sheets import SHAPES
from services.notify.domain import sheet
from services.ticketing.holidays import ical
from tests.fuzz.parsers import parser, rule
from tests.pictures import HEIC, MIME, photo

TODAY = dt.date(2026, 11, 30)
# A digest or a UID, and the day of a rule.
MOST_KEY = 300
NAMES = {name: list(shape.names) for name, shape in SHAPES.items()}


@parser(
    "batch",
    ContractError,
    seeds=lambda: [
        b'{"key_kind":"file_no","key":"1-2"}\n{"a":1}\n',
        'key_kind,key\nnational_id,۹۹۰۰۰۰۰۰۱۳\n"a","b\n'.encode(),
    ],
)
def batch(raw: bytes) -> None:
    """The lines of a batch of questions, JSON Lines or CSV"""
    form = lines.JSONL if raw.startswith(b"{") else lines.CSV
    read = lines.reader(form)
    for line in raw.split(b"\n"):
        read(line)


@parser(
    "bulk",
    seeds=lambda: [
        'phone number,name\n09123456789,علی\n"0912\n3",b\n'.encode(),
        b'j{"email":"a@b.ir","name":"x"}\n{}\n',
        "موبایل;نام\n۰۹۱۲;x\n".encode(),
    ],
)
def bulk(raw: bytes) -> None:
    """The list of receivers of a bulk message, CSV or JSON Lines"""
    form = "jsonl" if raw.startswith(b"j") else "csv"
    text = raw.removeprefix(b"j").decode("utf-8", "replace")
    physical = text.count("\n") + text.count("\r") + 1
    read = list(sheet.read(text, form))
    rule(len(read) <= physical, "more rows than lines")


def _registry() -> list[bytes]:
    texts = []
    for number, name in enumerate(SHAPES):
        path = CHECKOUT / f"deploy/local/registry/{name}.csv"
        first = path.read_bytes().splitlines(keepends=True)[:4]
        texts.append(bytes([number]) + b"".join(first))
    return texts


@parser("registry", BadRow, seeds=_registry)
def registry(raw: bytes) -> None:
    """A sheet of the water registry's export, row by row"""
    if not raw:
        return
    name = list(SHAPES)[raw[0] % len(SHAPES)]
    text = raw[1:].decode("utf-8-sig", "replace")
    reader = Reader(io.StringIO(text, newline=""), delimiter_of(text.split("\n", 1)[0]))
    header: list[str] = []
    reads = {
        "sources": lambda row: rows.source(row, TODAY),
        "partners": rows.partner,
        "violations": rows.violation,
        "decrees": lambda row: rows.decree(row, None, TODAY),
    }[name]
    for item in reader:
        if isinstance(item, Unread):
            continue
        if not header:
            header, reader.width = item.cells, len(item.cells)
            continue
        row = dict(zip(header, item.cells, strict=False))
        try:
            reads(row)
        except BadRow:
            rows.readable(name, row, TODAY)


def _workbooks() -> list[bytes]:
    book = openpyxl.Workbook()
    book.active.title = "sources"
    book.active.append(["a", 1, 2.5, True, TODAY, "=A1"])
    stream = io.BytesIO()
    book.save(stream)
    return [stream.getvalue()]


# These three are read in a confined child, where any error is the refusal: what is looked for is
# an input that takes too long, or all the memory.
@parser("workbook", Exception, seeds=_workbooks)
def xlsx(raw: bytes) -> None:
    """A workbook (.xlsx), as the confined child reads it"""
    for number, _ in enumerate(workbook.cells(io.BytesIO(raw), NAMES)):
        if number > 10_000:
            return


def _pictures() -> list[bytes]:
    made = []
    for form in ("PNG", "JPEG", "WEBP"):
        stream = io.BytesIO()
        Image.new("RGB", (9, 5), "red").save(stream, form)
        made.append(stream.getvalue())
    size = struct.pack(">II", 20_000, 20_000) + b"\x08\x02\x00\x00\x00"
    chunk = b"IHDR" + size
    bomb = (
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    )
    return [*made, bomb]


@parser("picture", Exception, seeds=_pictures)
def picture(raw: bytes) -> None:
    """A photo, as the confined child draws it anew"""
    photos.draw(io.BytesIO(raw), 64)


def _pdfs() -> list[bytes]:
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    writer.add_uri(0, "https://water.test/verify#ey~", (1, 1, 5, 5))
    stream = io.BytesIO()
    writer.write(stream)
    return [stream.getvalue()]


@parser("pdf", Exception, seeds=_pdfs)
def pdf(raw: bytes) -> None:
    """A PDF with a proof, or one to be posted, as the confined child reads it"""
    with contextlib.suppress(Exception):
        proof_in_pdf.read(io.BytesIO(raw))
    pdf_check.read(io.BytesIO(raw))


@parser(
    "agency-document",
    ValueError,
    seeds=lambda: [(CHECKOUT / "deploy/agencies/fuel-co.toml").read_bytes()],
)
def agency_document(raw: bytes) -> None:
    """An agency's document (TOML)"""
    try:
        document = tomllib.loads(raw.decode("utf-8", "replace"))
    except (tomllib.TOMLDecodeError, RecursionError):
        return
    parse_agency(document)


@parser(
    "bank-file",
    RuleBroken,
    seeds=lambda: [
        (
            ",".join(bank_files.SETTLEMENT)
            + "\nsep,1,2,r,3,sale,100,1,2026-11-30T08:00:00+03:30\nTOTAL,1,100\n"
        ).encode(),
        b"H00120261130" + b"0" * 4 + b"\n" + b"D" + b"0" * 72 + b"\n" + b"T" + b"0" * 26 + b"\n",
    ],
)
def bank_file(raw: bytes) -> None:
    """Settlements and bills as banks send them"""
    text = raw.decode("utf-8", "replace")
    try:
        bank_files.settlement(text, "sep")
    except RuleBroken:
        bank_files.bills(text, 1, TODAY)


HOLIDAYS = """\
BEGIN:VCALENDAR
VERSION:2.0
X-WR-CALNAME:Holidays in
  Iran
BEGIN:VTIMEZONE
TZID:X
BEGIN:STANDARD
DTSTART:16010101T000000
RRULE:FREQ=YEARLY
TZOFFSETFROM:+0330
TZOFFSETTO:+0330
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
UID:a@b
SEQUENCE:2
LAST-MODIFIED:20260101T000000Z
DTSTART;VALUE=DATE:20261222
DTEND;VALUE=DATE:20261224
RRULE:FREQ=YEARLY;COUNT=3;UNTIL=20301222
EXDATE;VALUE=DATE:20271222
SUMMARY;LANGUAGE=fa:\u062a\u0639\u0637\u06cc\u0644\\, x
STATUS:TENTATIVE
BEGIN:VALARM
TRIGGER:-PT15M
END:VALARM
END:VEVENT
BEGIN:VEVENT
UID:a@b
RECURRENCE-ID;VALUE=DATE:20281222
DTSTART;TZID=Asia/Tehran:20281223T000000
DURATION:P1D
END:VEVENT
END:VCALENDAR
"""


@parser(
    "holidays",
    RuleBroken,
    seeds=lambda: [
        HOLIDAYS.replace("\n", "\r\n").encode(),
        b"\xef\xbb\xbf" + HOLIDAYS.encode(),
        HOLIDAYS.encode("utf-16"),
    ],
)
def holidays(raw: bytes) -> None:
    """Holidays as an iCalendar of somebody else, as the confined child reads it"""
    first, last = dt.date(2026, 11, 30), dt.date(2029, 12, 1)
    file = ical.read(raw, first, last)
    keys = [holiday.key for holiday in file.holidays]
    rule(len(keys) == len(set(keys)), "two holidays of one key")
    for holiday in file.holidays:
        rule(holiday.first <= holiday.last, "a holiday that ends before it begins")
        rule(holiday.first <= last and holiday.last >= first, "a holiday outside of the years")
        rule(0 < len(holiday.title) <= ical.TITLE, "a title of another length")
        rule(len(holiday.key) <= MOST_KEY and holiday.key.isascii(), "a key that no form carries")
        rule("\0" not in holiday.title + file.name, "a NUL for the database")
        rule(ical.from_json(ical.to_json(holiday)) == holiday, "a holiday that is stored otherwise")
        holiday.title.encode()  # half a surrogate pair is no text
    rule({fault.code for fault in file.faults} <= set(FAULTS), "a fault without words")


def _pictures_of_telephones() -> list[bytes]:
    return [*(photo(form, size=(9, 5)) for form in MIME), HEIC]


@parser("picture-metadata", ValueError, seeds=_pictures_of_telephones)
def metadata(raw: bytes) -> None:
    """A picture, as the confined child takes its metadata away"""
    kind = type_of(raw)
    if kind in CLEANERS:
        kept = clean(io.BytesIO(raw), kind)
        rule(clean(io.BytesIO(kept), kind) == kept, "what is clean stays as it is")


@parser(
    "account-statement",
    RuleBroken,
    seeds=lambda: [
        "تاریخ,شماره سند,شرح,بدهکار,بستانکار,مانده\n1405/09/01,1,x,,700,900\n".encode(),
        b":25:1\n:60F:C261101IRR5,\n:61:2611231124C7,00NTRFNONREF//8\n:86:x\n:62F:C261124IRR12,\n",
        b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><Stmt>'
        b'<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy="IRR">5</Amt>'
        b"<CdtDbtInd>CRDT</CdtDbtInd></Bal></Stmt></BkToCstmrStmt></Document>",
    ],
)
def account_statement(raw: bytes) -> None:
    """Statements of the treasury's account in all their forms"""
    text = raw.decode("utf-8", "replace")
    for read in (account_csv.read, account_mt940.read):
        with contextlib.suppress(RuleBroken):
            read(text)
    account_camt.read(text)
