"""Letters as people and programs really write them, from SMTP to the ticket."""

import base64
import datetime as dt
import quopri
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from bus.errors import Unavailable
from bus.foreign.confined import Bounds, Unreadable
from services.ticketing.domain import labels
from services.ticketing.incoming_mail import filing, queue
from services.ticketing.mail import reading as mail_reading
from tests.stores import execute
from tests.ticketing.incoming_mail.mailing import Door, letter


@pytest.fixture
def door(hand):
    made = Door(hand)
    yield made
    made.close()


def multipart(*parts, kind="mixed", more=""):
    """Content-Type and body of a multipart of parts (head, content)."""
    body = b"".join(
        b"--cut\n" + head.encode() + b"\n\n" + (c if isinstance(c, bytes) else c.encode()) + b"\n"
        for head, c in parts
    )
    return {"kind": f"multipart/{kind}; boundary=cut{more}", "body": body + b"--cut--\n"}


PLAIN, HTML = "Content-Type: text/plain; charset=utf-8", "Content-Type: text/html; charset=utf-8"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
ENCODED = "Content-Transfer-Encoding: base64"


# --- M1, M2: bounds ---


def test_m1_a_letter_of_sixty_thousand_lines_becomes_a_ticket_at_once(door):
    begun = time.process_time()
    assert door.read("07:00 pump on 3.2 bar\n" * 40_000).startswith("07:00 pump on")
    assert time.process_time() - begun < 3


def test_m1_what_stands_after_the_longest_text_is_kept_as_a_file(door):
    door.read("07:00 pump on 3.2 bar\n" * 60_000 + "the last line\n")
    assert any(content.rstrip().endswith(b"the last line") for content in door.files().values())


def test_a_letter_taken_under_a_clock_that_ran_ahead_is_read_at_once(door):
    door.send(letter(b"a well"))
    execute(door.hand.db, "update letters set next_at = next_at + interval '2 hours'")
    door.work()
    assert [row[0] for row in door.rows()] == ["TICKET"]


@pytest.mark.parametrize(
    "fault", [Unreadable("too_long"), Unreadable("crashed"), KeyError("x"), Unavailable("away")]
)
def test_m1_a_letter_that_fails_three_times_is_failed_and_the_next_goes_on(
    door, monkeypatch, fault
):
    read = mail_reading.read_confined

    def stumble(raw, mail_from):
        if b"poison" in raw:
            raise fault
        return read(raw, mail_from)

    monkeypatch.setattr(mail_reading, "read_confined", stumble)
    door.send(letter(b"poison"))
    door.send(letter(b"good"))
    for _ in range(3):
        door.work()
        execute(door.hand.db, "update letters set next_at = now()")
    assert [row[0] for row in door.rows()] == ["FAILED", "TICKET"]
    assert door.rows()[0][4]
    assert b"poison" in bytes(door.rows()[0][5])


def test_m1_a_thousand_letters_of_one_sender_wait_behind_the_first_of_another(door, monkeypatch):
    monkeypatch.setattr(queue, "AT_ONCE", 2)
    for number in range(4):
        door.send(letter(f"flood {number}"), mail_from="flood@example.com")
    door.send(letter("mine"), mail_from="ali@example.org")
    door.work()
    assert sorted(door.texts()) == ["water\n\nflood 0", "water\n\nmine"]


def test_m1_work_that_fails_is_counted_too(door, monkeypatch):
    def stumble(*_args, **_more):
        raise Unavailable("The database is busy.", code="database.busy")

    monkeypatch.setattr(filing, "work", stumble)
    door.send(letter(b"text"))
    for _ in range(3):
        door.work()
        execute(door.hand.db, "update letters set next_at = now()")
    assert [(row[0], row[4]) for row in door.rows()] == [("FAILED", "database.busy")]


def test_m1_a_letter_that_kills_its_process_is_not_begun_for_ever(door):
    door.send(letter(b"text"))
    execute(door.hand.db, "update letters set tries = 3")
    door.work()
    assert [(row[0], row[4]) for row in door.rows()] == [("FAILED", "killed")]


@pytest.mark.usefixtures("new_readers")  # one that is forked may be faster than the limit
def test_m1_reading_ends_by_its_limit_and_holds_no_transaction(door, monkeypatch):
    monkeypatch.setattr(mail_reading, "BOUNDS", Bounds(wall_seconds=0.01))
    door.send(letter(b"text"))
    door.work()
    assert door.rows()[0][4] == "content.too_long"
    assert execute(door.hand.db, "select tries from letters") == [(1,)]


@pytest.mark.parametrize("code", ["confined.busy", "blobs.unavailable"])
def test_m1_a_place_that_is_missing_is_no_fault_of_the_letter(door, monkeypatch, code):
    def no_place(*_):
        raise Unavailable("Too much at once.", code=code)

    monkeypatch.setattr(mail_reading, "read_confined", no_place)
    door.send(letter(b"text"))
    for _ in range(queue.TRIES + 2):
        door.work()
        execute(door.hand.db, "update letters set next_at = now()")
    assert door.rows()[0][0] == "RECEIVED"


def test_m2_a_hundred_thousand_parts_are_a_ticket_and_cost_no_minute(door):
    begun = time.process_time()
    body = b"--cut\n\nhello\n" * 100_000 + b"--cut--\n"
    assert door.read(body, kind="multipart/mixed; boundary=cut").startswith("hello")
    assert time.process_time() - begun < 3


@pytest.mark.parametrize(
    "raw",
    [
        b"".join(
            b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n)
            for n in range(3000)
        ),
        b"Content-Type: message/rfc822\r\n\r\n" * 3000,
        b"X: y\r\n" * 100_000 + b"\r\ntext",
        b"Subject: " + b"\r\n folded" * 50_000 + b"\r\n\r\ntext",
        b"References: " + b"<a@b> " * 50_000 + b"\r\n\r\ntext",
        b"To: " + b'"(<' * 50_000 + b"\r\n\r\ntext",
        b"Content-Type: text/plain; " + b"name*0=a; " * 10_000 + b"\r\n\r\ntext",
        b"Content-Type: text/html\r\n\r\n" + b"<" * 500_000,
        b"Content-Type: text/html\r\n\r\n" + b"<a b='" * 200_000,
        b"Content-Type: text/html\r\n\r\n&#" + b"9" * 200_000 + b";",
        b"Content-Type: text/plain; charset=punycode\r\n\r\n" + b"\xd8" * 500_000,
        b"\r\n" + b"On 10:10 <a@b> wrote " * 50_000,
        b"\r\n" + b"From: a\r\nSent: b\r\n" * 20_000,
        b"\r\n" + b"> a\r\nb\r\n" * 50_000,
    ],
    ids=lambda raw: raw[:40].decode("ascii", "replace").strip(),
)
def test_m2_no_small_letter_is_dear(raw):
    begun = time.process_time()
    mail_reading.read(b"From: a@b.example\r\n" + raw)
    assert time.process_time() - begun < 2


# --- M6, M9: who wrote ---


@pytest.mark.parametrize(
    ("sender", "expected"),
    [
        ("Family, Given <c@x.example>", "c@x.example"),
        ("=?utf-8?q?=0Avictim=40bank=2Eexample?= <inj@evil.example>", "inj@evil.example"),
        ("=?utf-8?q?victim=40bank=2Eexample?=", "env@e.example"),
        ("<=?utf-8?q?victim?=@bank.example>", "env@e.example"),
        ('"victim@bank.example" <inj@evil.example>', "inj@evil.example"),
        ("victim@bank.example <inj@evil.example>", "inj@evil.example"),
        ("(victim@bank.example) inj@evil.example", "inj@evil.example"),
        ("inj@evil.example (<victim@bank.example>)", "inj@evil.example"),
        ("Group: a@b.example, env@e.example;", "env@e.example"),
        ("nobody at all", "env@e.example"),
        (None, "env@e.example"),
        ("<vic\0tim@bank.example>", "env@e.example"),
        ("<vic\u200ftim@bank.example>", "env@e.example"),
        ("vic tim@bank.example", "env@e.example"),
        ("<c@x.example", "c@x.example"),
        ("علی <a@مثال.ایران>", "a@xn--mgbh0fb.xn--mgba3a4f16a"),
        ('"first last"@x.example', '"first last"@x.example'),
    ],
)
def test_m6_m9_the_sender_is_the_address_in_from_else_mail_from(sender, expected):
    letter_read = mail_reading.read(letter(sender=sender), mail_from="env@e.example")
    assert letter_read.sender == expected


def test_m6_a_name_with_a_comma_is_answered_and_no_letter_is_lost(door):
    row = door.deliver(letter(sender="Family, Given <c@x.example>"), mail_from="c@x.example")
    assert row[0] == "TICKET"
    assert len(door.hand.letters("c@x.example")) == 1
    assert execute(door.hand.db, "select name from people") == [("Family, Given",)]


def test_m9_an_encoded_word_gives_no_address(door):
    row = door.deliver(
        letter(sender="=?utf-8?q?=0Avictim=40bank=2Eexample?= <inj@evil.example>"),
        mail_from="inj@evil.example",
    )
    assert row[2] == "inj@evil.example"
    assert door.hand.letters("victim@bank.example") == []


def test_m9_two_from_fields_are_whose_mail_from_it_is():
    raw = b"From: victim@bank.example\r\nFrom: inj@evil.example\r\n\r\ntext"
    assert mail_reading.read(raw, mail_from="inj@evil.example").sender == "inj@evil.example"


# --- M12, M18: quotations ---

OURS = "> our letter\n> more of it\n"
QUOTATIONS = {
    "outlook": "From: Water <u@w.example>\nSent: Saturday, November 28, 2026 10:22 AM\n"
    "To: me\nSubject: RE: water\n\nour letter\n",
    "outlook_rule": "________________________________\nFrom: Water <u@w.example>\nSent: Saturday\n"
    "To: me\nSubject: RE: water\n\nour letter\n",
    "outlook_fa": "از: آب <u@w.example>\nارسال شده: شنبه\nبه: من\nموضوع: آب\n\nour letter\n",
    "outlook_de": "Von: Wasser\nGesendet: Samstag\nAn: mich\nBetreff: AW\n\nour letter\n",
    "original": "-----Original Message-----\nFrom: Water\nour letter\n",
    "original_fa": "-----پیام اصلی-----\nour letter\n",
    "gmail": "On Sat, Nov 28, 2026 at 10:22 AM Water <u@w.example> wrote:\n\n" + OURS,
    "gmail_wrapped": "On Sat, Nov 28, 2026 at 10:22 AM Subscriber affairs <\n"
    "subscribers@water.example> wrote:\n\n" + OURS,
    "gmail_fa": "در شنبه، ۷ آذر ۱۴۰۵ در ۱۰:۲۲ امور مشترکین <u@w.example> نوشت:\n\n" + OURS,
    "gmail_fa_wrapped": "در شنبه، ۷ آذر ۱۴۰۵ در ۱۰:۲۲ امور مشترکین آب <\n"
    "subscribers@water.example> نوشت:\n\n" + OURS,
    "apple": "On 28 Nov 2026, at 10:22, Water <u@w.example> wrote:\n\n" + OURS,
    "yahoo": "On Saturday, November 28, 2026, 10:22:00 AM, Water <u@w.example> wrote:  \n \n"
    " our letter\n more of it\n",
    "bare": OURS,
}


@pytest.mark.parametrize("quotation", QUOTATIONS.values(), ids=QUOTATIONS)
def test_m18_the_quotations_of_the_common_programs_are_left_out(quotation):
    raw = letter(f"پاسخ من\nسطر دوم\n\n{quotation}", subject="Re: water")
    assert mail_reading.read(raw).text == "پاسخ من\nسطر دوم"


@pytest.mark.parametrize("quotation", QUOTATIONS.values(), ids=QUOTATIONS)
def test_m12_a_letter_that_is_a_quotation_alone_is_kept(quotation):
    assert "our letter" in mail_reading.read(letter(quotation)).text


def test_m12_what_stands_below_the_quotation_is_kept(door):
    text = door.read(f"On Sat, X wrote:\n{OURS}\nBOTTOM", subject="Re: water")
    assert text == "BOTTOM"


@pytest.mark.parametrize(
    "text",
    [
        f"TOP\n\nOn Sat, X wrote:\n{OURS}\nBOTTOM",
        "> question one\nTOP\n> question two\nBOTTOM",
        "TOP\n> a law that I quote\nBOTTOM",
        "با سلام\nاز: علی\nبه: امور آب\nتاریخ: ۱۴۰۵/۹/۷\nموضوع: آب\n\nTOP BOTTOM",
        "MEMO\nFrom: me\nTo: you\nDate: today\nSubject: water\n\nTOP BOTTOM",
        "TOP\nOn Monday Ali wrote:\nthe pump is broken, BOTTOM",
        "TOP\n-----------\nBOTTOM",
    ],
)
def test_m12_in_doubt_all_is_kept(text):
    read = mail_reading.read(letter(text)).text
    assert ("TOP" in read, "BOTTOM" in read) == (True, True)


def test_m12_a_letter_that_is_sent_on_is_kept_whole():
    text = f"FYI\n\n{QUOTATIONS['outlook']}"
    assert "our letter" in mail_reading.read(letter(text, subject="Fwd: water")).text


HEADER = QUOTATIONS["outlook"].replace("our letter", "THE MATTER")


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        (f"Please see this.\n\n---------- Forwarded message ---------\n{HEADER}", "our well"),
        (f"ببینید\n\n-------- نامه هدایت‌شده --------\n{HEADER}", "Re: water"),
        (f"Begin forwarded message:\n\n{HEADER}", "Re: water"),
        (f"This is what your office wrote to my father.\n\n{HEADER}", "complaint"),
        (f"See my answers below in red.\n\n{HEADER}", "RE: water"),
        (f"پاسخ‌ها را در متن زیر نوشتم.\n\n{HEADER}", "RE: water"),
    ],
)
def test_m12_what_is_sent_on_or_answered_within_is_no_quotation(text, subject):
    assert "THE MATTER" in mail_reading.read(letter(text, subject=subject)).text


def test_m12_a_short_answer_between_two_questions_is_kept():
    long = "> did a colleague come to you and read the meter that stands beside the road to\n"
    text = f"Hello\n\nOn Sat, Nov 28, 2026 at 10:22 X <x@y.z> wrote:\n{long}بله\n{long}"
    assert "بله" in mail_reading.read(letter(text, subject="Re: water")).text


def test_m18_a_quotation_in_html_is_left_out():
    page = (
        '<div>TOP</div><div class="gmail_quote"><div>On Sat, Nov 28, 2026 at 10:22 AM W &lt;'
        '<a href="mailto:u@w.example">u@w.example</a>&gt; wrote:<br></div>'
        '<blockquote class="gmail_quote"><p>our letter</p><p>more</p></blockquote></div>'
    )
    assert mail_reading.read(letter(page, kind="text/html")).text == "TOP"


# --- M13, M14: parts and pages ---


@pytest.mark.parametrize(
    "page",
    [
        "<html><head><title>t</title><body><p>X</p>",
        "<head></head><head><title>t</title></head><p>X</p>",
        "<p>X",
        "<html><head><style>p{}</style><meta><p>X</p></html>",
        "<!-- c --><script>s()</script><p>X</p><!-- never closed",
        "<title>never closed <p>X</p>",
        "<!-- never closed <p>X</p>",
        "<script>never closed <p>X</p>",
        "<a title='>' href=\"x>y\">X</a>",
        "<![if !mso]><p>X</p><![endif]>",
        "<svg><title>X</title></svg>",
    ],
)
def test_m13_a_page_is_read_however_it_is_written(door, page):
    assert "X" in door.read(page, kind="text/html; charset=utf-8")


def test_m14_all_texts_of_the_letter_are_read_in_their_order(door):
    picture = f"Content-Type: image/png; name=a.png\nContent-Disposition: inline\n{ENCODED}"
    parts = multipart(
        (PLAIN, "ONE"), (picture, base64.b64encode(PNG)), (HTML, "<p>TWO</p>"), (PLAIN, "THREE")
    )
    assert door.read(**parts).split() == ["ONE", "TWO", "THREE"]
    assert list(door.files()) == ["a.png"]


def test_m14_of_alternatives_the_plain_text_is_read_if_it_says_anything():
    plain = multipart((PLAIN, "PLAIN"), (HTML, "<p>PAGE</p>"), kind="alternative")
    empty = multipart((PLAIN, " "), (HTML, "<p>PAGE</p>"), kind="alternative")
    assert mail_reading.read(letter(**plain)).text == "PLAIN"
    assert mail_reading.read(letter(**empty)).text == "PAGE"


def test_m14_a_plain_text_that_only_points_to_the_page_does_not_hide_it(door):
    page = f"<p>{'آب روستا قطع است. ' * 10}</p>"
    parts = multipart((PLAIN, "Your program shows no HTML."), (HTML, page), kind="alternative")
    assert "آب روستا قطع است" in door.read(**parts)


@pytest.mark.parametrize("length", [201, 900, 5000])
def test_m16_who_writes_all_in_the_subject_is_read_whole(door, length):
    subject = ("the pump is broken " * length)[: length - 4] + " END"
    assert door.deliver(letter(b"", subject))[0] == "TICKET"
    assert door.texts()[-1].endswith(" END")


def test_m13_a_letter_of_which_nothing_is_read_goes_along_as_a_file(door):
    door.deliver(letter('<img src="http://x.example/scan.jpg">', "photo", kind="text/html"))
    assert b"scan.jpg" in door.files()["photo.eml"]


def test_m12_lines_that_end_in_cr_alone_are_read(door):
    raw = b"From: a@b.example\rSubject: hi\r\rTHE TEXT\rof two lines\r\n"
    assert door.deliver(raw)[0] == "TICKET"
    assert "THE TEXT\nof two lines" in door.texts()[-1]


def test_m14_files_in_the_alternative_that_is_not_read_are_kept():
    inner = (
        "Content-Type: multipart/mixed; boundary=in",
        "--in\nContent-Type: text/html\n\n<p>PAGE</p>\n"
        f"--in\nContent-Type: application/pdf; name=a.pdf\n{ENCODED}\n\nJVBERi0xLjc=\n--in--",
    )
    read = mail_reading.read(letter(**multipart((PLAIN, "PLAIN"), inner, kind="alternative")))
    assert (read.text, [f.name for f in read.attachments]) == ("PLAIN", ["a.pdf"])


def test_m14_a_text_that_has_a_files_name_is_the_letter_if_there_is_no_other():
    part = ("Content-Type: text/plain; name=note.txt\nContent-Disposition: inline", "WORDS")
    assert mail_reading.read(letter(**multipart(part))).text == "WORDS"


def test_m14_a_boundary_that_is_nowhere_hides_no_text(door):
    assert "WORDS" in door.read("WORDS", kind="multipart/mixed; boundary=lost")


def test_m14_a_boundary_with_one_quotation_mark_is_found():
    parts = multipart((PLAIN, "WORDS"), (f"Content-Type: image/png; name=a.png\n{ENCODED}", "iVBO"))
    read = mail_reading.read(letter(parts["body"], kind='multipart/mixed; boundary="cut'))
    assert (read.text, [file.name for file in read.attachments]) == ("WORDS", ["a.png"])


def test_a_forwarded_letter_is_a_file_that_people_can_read(door):
    inner = letter("INNER WORDS", subject="inner", sender="x@y.example").replace(b"\r\n", b"\n")
    parts = multipart((PLAIN, "see below"), ("Content-Type: message/rfc822", inner))
    assert door.read(**parts) == "see below"
    files = door.files()
    assert b"INNER WORDS" in files["inner.eml"]
    assert "x@y.example" in files["inner.txt"].decode()
    assert "INNER WORDS" in files["inner.txt"].decode()


def test_signed_letters_are_read_and_their_signatures_are_no_files():
    signed = multipart(
        (PLAIN, "SIGNED"),
        ("Content-Type: application/pgp-signature; name=signature.asc", "-----BEGIN"),
        kind="signed",
        more="; protocol=application/pgp-signature",
    )
    read = mail_reading.read(letter(**signed))
    assert (read.text, read.attachments) == ("SIGNED", ())
    armoured = (
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nSIGNED\n- - dashed\n"
        "-----BEGIN PGP SIGNATURE-----\n\niQ==\n-----END PGP SIGNATURE-----\n"
    )
    assert mail_reading.read(letter(armoured)).text == "SIGNED\n- dashed"


@pytest.mark.parametrize("indefinite", [False, True])
def test_an_opaque_signed_letter_is_read(indefinite):
    inside = letter("OPAQUE", kind="text/plain; charset=utf-8", sender=None, subject=None)
    der = ber_of(inside) if indefinite else signed(inside)
    raw = letter(
        base64.encodebytes(der),
        kind="application/pkcs7-mime; smime-type=signed-data",
        Content_Transfer_Encoding="base64",
    )
    read = mail_reading.read(raw)
    assert (read.text, read.attachments) == ("OPAQUE", ())


def test_an_encrypted_letter_is_kept_as_a_file():
    raw = letter(
        b"MIAG", kind="application/pkcs7-mime; name=smime.p7m", Content_Transfer_Encoding="base64"
    )
    (file,) = mail_reading.read(raw).attachments
    assert file.name == "smime.p7m"


def signed(content):
    """What Outlook sends when it signs without clear text."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Reza")])
    now = dt.datetime.now(dt.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).serial_number(7)
    builder = builder.public_key(key.public_key()).not_valid_before(now)
    certificate = builder.not_valid_after(now + dt.timedelta(days=1)).sign(key, hashes.SHA256())
    made = pkcs7.PKCS7SignatureBuilder().set_data(content)
    made = made.add_signer(certificate, key, hashes.SHA256())
    return made.sign(Encoding.DER, [pkcs7.PKCS7Options.Binary])


def ber_of(content):
    """The same in indefinite lengths and two chunks, as OpenSSL streams it; without a signer."""

    def short(tag, inner):
        return bytes([tag, len(inner)]) + inner

    half = len(content) // 2
    chunks = b"".join(short(0x04, c) for c in (content[:half], content[half:]))
    octets = b"\x24\x80" + chunks + b"\0\0"
    data = short(0x06, bytes.fromhex("2a864886f70d010701"))
    info = b"\x30\x80" + data + b"\xa0\x80" + octets + b"\0\0" + b"\0\0"
    signed_data = b"\x30\x80" + short(0x02, b"\x01") + short(0x31, b"") + info + b"\0\0"
    kind = short(0x06, bytes.fromhex("2a864886f70d010702"))
    return b"\x30\x80" + kind + b"\xa0\x80" + signed_data + b"\0\0" + b"\0\0"


def test_a_flowed_text_has_its_paragraphs_again():
    read = mail_reading.read(letter("one \ntwo\n\nthree", kind="text/plain; format=flowed"))
    assert read.text == "one two\n\nthree"


# --- M17, M20: octets ---

BILL = "قبض آب"


@pytest.mark.parametrize(
    ("subject", "charset", "body"),
    [
        (BILL.encode("cp1256"), "windows-1256", BILL.encode("cp1256")),
        (BILL.encode("cp1256"), None, BILL.encode("cp1256")),
        (BILL.encode(), None, BILL.encode()),
        (BILL.encode(), "us-ascii", BILL.encode()),
        (BILL.encode(), "iso-8859-1", BILL.encode()),
        (BILL.encode(), "iso-8859-1", BILL.encode("cp1256")),
        (BILL.encode(), "utf-8", BILL.encode("cp1256")),
        (BILL.encode(), "no-such", BILL.encode("iso-8859-6", "ignore") or b""),
        (BILL.encode(), "utf-16", BILL.encode("utf-16")),
        (BILL.encode(), "utf-16", BILL.encode()),
        (BILL.encode(), "utf-7", BILL.encode("utf-7")),
        (BILL.encode(), "punycode", BILL.encode()),
    ],
)
def test_m17_subject_and_text_are_read_in_the_charset_that_they_are_in(subject, charset, body):
    kind = f"text/plain; charset={charset}" if charset else "text/plain"
    raw = letter(b"", subject=subject, kind=kind).removesuffix(b"") + body
    read = mail_reading.read(raw)
    assert read.subject == BILL
    if charset != "no-such":
        assert read.text == BILL


def test_m17_raw_octets_in_a_subject_reach_the_ticket(door):
    raw = letter(BILL.encode("cp1256"), BILL.encode("cp1256"), kind="text/plain; charset=cp1256")
    assert door.deliver(raw)[:1] == ("TICKET",)
    assert door.texts() == [f"{BILL}\n\n{BILL}"]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"don\x92t pay \x80 5 \x96 \x93q\x94", "don’t pay € 5 – “q”"),
        ("well 12 and its pump: چاه و گاو".encode("cp1256"), "well 12 and its pump: چاه و گاو"),
        (b"d\xe9j\xe0 vu, caf\xe9, \xe0 Paris", "déjà vu, café, à Paris"),
    ],
)
def test_m17_what_is_called_iso_8859_1_is_read_as_what_it_is(body, text):
    raw = letter(body, kind="text/plain; charset=iso-8859-1")
    assert mail_reading.read(raw).text == text


def test_m17_one_broken_octet_does_not_garble_a_text():
    text = "شکایت از نرسیدن نوبت آب روستا " * 10
    assert text.strip() in mail_reading.read(letter(text.encode() + b"\xd8")).text


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("base64", base64.b64encode("نوبت آب".encode()).rstrip(b"=")),
        ("base64", base64.b64encode("نوبت ".encode()) + b"\n" + base64.b64encode("آب".encode())),
        ("base64", b"!" + base64.b64encode("نوبت آب".encode()) + b"\n"),
        ("base64", "نوبت آب".encode()),
        (
            "base64",
            base64.b64encode("نوبت آب ".encode()) + b"\n-- \nScanned by http://x.example = ok",
        ),
        ("BASE64 ", base64.b64encode("نوبت آب".encode())),
        ("quoted-printable", quopri.encodestring("نوبت آب".encode())),
        ("quoted-printable", "نوبت آب=".encode()),
        ("x-unknown", "نوبت آب".encode()),
    ],
)
def test_a_broken_transfer_encoding_is_read_as_far_as_it_goes(encoding, body):
    text = mail_reading.read(letter(body, Content_Transfer_Encoding=encoding)).text
    assert text.startswith("نوبت آب")
    assert "\ufffd" not in text
    assert ("Scanned by http://x.example" in text) == (b"Scanned" in body)


def test_a_footer_below_base64_does_not_spoil_a_file():
    lines = base64.encodebytes(PNG) + b"-- \nScanned by nobody\n"
    read = mail_reading.read(
        letter(**multipart(("Content-Type: image/png; name=a.png\n" + ENCODED, lines)))
    )
    assert [file.content for file in read.attachments] == [PNG]


@pytest.mark.parametrize(
    "head",
    [
        "Content-Disposition: attachment; filename*=utf-8''%D8%B3%D9%86%D8%AF.pdf",
        "Content-Disposition: attachment; filename*0*=utf-8''%D8%B3%D9%86; filename*1*=%D8%AF.pdf",
        'Content-Disposition: attachment; filename="سند.pdf"',
        "Content-Disposition: attachment; filename==?utf-8?b?2LPZhtivLnBkZg==?=",
        'Content-Type: application/pdf; name="=?utf-8?b?2LPZhtivLnBkZg==?="',
        'Content-Disposition: attachment; filename="C:\\\\x\\\\سند.pdf"',
        'Content-Disposition: attachment; filename="../../سند.pdf"',
        'Content-Disposition: attachment; filename="سند\u202e.pdf"',
    ],
)
def test_a_file_keeps_its_name_however_it_is_written(head):
    read = mail_reading.read(letter(**multipart((PLAIN, "x"), (head, "%PDF-1.7"))))
    (file,) = read.attachments
    assert (file.name, file.content) == ("سند.pdf", b"%PDF-1.7")


def test_octets_without_a_name_are_files_too():
    part = (f"Content-Type: application/octet-stream\n{ENCODED}", base64.b64encode(b"\0\1\2"))
    (file,) = mail_reading.read(letter(**multipart((PLAIN, "x"), part))).attachments
    assert (file.kind, file.content) == ("application/octet-stream", b"\0\1\2")


def test_files_beyond_fifty_are_counted():
    part = ("Content-Type: application/pdf; name=a.pdf", "%PDF-1.7")
    read = mail_reading.read(letter(**multipart((PLAIN, "x"), *[part] * 60)))
    assert (len(read.attachments), read.left_out) == (50, 10)


@pytest.mark.parametrize("name", ["References", "In-Reply-To", "Subject", "From", "To", "Date"])
def test_m20_control_characters_in_a_header_stop_nothing(door, name):
    raw = letter(b"text", **{"To": None}) if name == "To" else letter(b"text")
    raw = f"{name}: <a\0b@x>\x01\r\n".encode() + raw
    assert door.deliver(raw)[0] == "TICKET"


def test_m20_control_characters_in_text_and_name_are_dropped(door):
    parts = multipart((PLAIN, "a\0b\x0bc"), ('Content-Type: text/plain; name="a\0b.txt"', "x"))
    assert door.read(**parts) == "abc"
    assert list(door.files()) == ["ab.txt"]


# --- M22, M23: machines ---


def report(action, mid, recipient="zahra@example.com", fields=""):
    """A report (RFC 3464) about a letter of ours."""
    blocks = "Reporting-MTA: dns; mx.example\n\n" + "\n".join(
        f"Final-Recipient: rfc822; {person}\nAction: {name}\nStatus: {status}\n"
        for person, name, status in action
    )
    parts = multipart(
        (PLAIN, "A machine says"),
        ("Content-Type: message/delivery-status", blocks),
        ("Content-Type: text/rfc822-headers", f"Message-ID: {mid}\nTo: {recipient}\n{fields}"),
        kind="report",
        more="; report-type=delivery-status",
    )
    return letter(sender="mailer-daemon@mx.example", subject="Report", **parts)


def ours(door):
    """Message-ID of our acknowledgement to a citizen."""
    door.hand.register()
    rows = execute(
        door.hand.db, "select message_id from mails where recipient = 'zahra@example.com'"
    )
    execute(door.hand.db, "update mails set state = 'SENT'")
    return rows[0][0]


def state_of(door):
    return execute(door.hand.db, "select state from mails where recipient = 'zahra@example.com'")[
        0
    ][0]


@pytest.mark.parametrize(
    ("action", "status", "state"),
    [
        ("delayed", "4.4.1", "SENT"),
        ("delivered", "2.0.0", "SENT"),
        ("relayed", "2.0.0", "SENT"),
        ("expanded", "2.0.0", "SENT"),
        ("Failed", "5.1.1", "REFUSED"),
        ("failed (permanent)", "5.1.1", "REFUSED"),
        ("failed (no such user)", "", "REFUSED"),
        ("delayed (5 hours)", "5.0.0", "SENT"),
    ],
)
def test_m22_only_a_failure_says_that_a_letter_did_not_arrive(door, action, status, state):
    mid = ours(door)
    door.deliver(report([("zahra@example.com", action, status)], mid), mail_from="")
    assert state_of(door) == state


def test_m22_of_several_receivers_ours_decides(door):
    mid = ours(door)
    verdicts = [("other@x.example", "failed", "5.1.1"), ("zahra@example.com", "delayed", "4.0.0")]
    door.deliver(report(verdicts, mid), mail_from="")
    assert state_of(door) == "SENT"
    door.deliver(
        report([*verdicts, ("zahra@example.com", "failed", "5.1.1")][::2], mid), mail_from=""
    )
    assert state_of(door) == "REFUSED"


def test_m22_a_report_without_the_original_is_kept_and_seen(door):
    raw = report([("zahra@example.com", "failed", "5.1.1")], "")
    assert door.deliver(raw, mail_from="")[0] == "BOUNCE"
    assert door.texts() == []


def test_m22_a_warning_in_words_is_no_failure():
    raw = letter(
        "Warning: message still undelivered after 4 hours. Will keep trying.\nTo: z@e.example\n"
        "Message-ID: <a@b>",
        sender="mailer-daemon@mx.example",
        subject="Delivery failed?",
    )
    read = mail_reading.read(raw, mail_from="")
    assert (read.bounce.action, read.bounce.original_message_id) == ("delayed", "<a@b>")


def test_m22_an_address_of_a_server_is_no_status_of_a_report():
    raw = letter(
        "reza@example.com\n host mx [1.2.3.4]\n 550 5.1.1 User unknown",
        sender="mailer-daemon@mx.example",
        subject="failed",
        In_Reply_To="<a@b>",
    )
    assert mail_reading.read(raw, mail_from="").bounce.status == "5.1.1"


def test_m23_a_person_who_sends_a_receipt_along_is_a_person(door):
    parts = multipart(
        (PLAIN, "What does this mean?"),
        ("Content-Type: message/disposition-notification", "Final-Recipient: rfc822; z@e.example"),
    )
    assert door.deliver(letter(**parts))[0] == "TICKET"


def test_m23_a_read_receipt_makes_no_ticket_and_gets_no_answer(door):
    parts = multipart(
        (PLAIN, "It was read"),
        (
            "Content-Type: message/disposition-notification",
            "Final-Recipient: rfc822; z@e.example\nDisposition: manual-action/MDN-sent-manually",
        ),
        kind="report",
        more="; report-type=disposition-notification",
    )
    row = door.deliver(letter(subject="Read: water", **parts))
    assert row[:2] == ("RECEIPT", "read_receipt")
    assert door.hand.letters("reza@example.com") == []


def test_m23_a_calendar_reply_is_known_as_such(door):
    reply = (
        "BEGIN:VCALENDAR\nMETHOD:REPLY\nBEGIN:VEVENT\nUID:visit-1@w.example\n"
        'ATTENDEE;CN="Z: K";PARTSTAT=DECLINED:mailto:zahra@example.com\n'
        "COMMENT:I am \n away\nEND:VEVENT\nEND:VCALENDAR\n"
    )
    parts = multipart((PLAIN, ""), ("Content-Type: text/calendar; method=REPLY", reply))
    raw = letter(subject="Declined: visit", **parts)
    calendar = mail_reading.read(raw).calendar
    assert (calendar.uid, calendar.answer, calendar.comment) == (
        "visit-1@w.example",
        "DECLINED",
        "I am away",
    )
    assert door.deliver(raw)[:2] == ("AUTOMATIC", "calendar_reply")
    assert {"calendar_reply", "read_receipt", "delivery_status"} <= set(labels.REASONS)


@pytest.mark.parametrize(
    "headers",
    [
        {"subject": "مرخصی استعلاجی و قبض آب"},
        {"subject": "Automatic reply of your machine was wrong"},
        {"X_Auto_Response_Suppress": "All"},
        {"Auto_Submitted": "no"},
        {"X_Autoreply": "no"},
        {"sender": "no-reply@scanner.example"},
    ],
)
def test_m3_a_letter_that_looks_like_a_machines_becomes_a_ticket(door, headers):
    assert door.deliver(letter(**headers))[0] == "TICKET"


@pytest.mark.parametrize(
    ("more", "mail_from", "reason"),
    [
        ({"X_Mirab_Ticket": "1"}, "a@b.example", "own"),
        ({"Auto_Submitted": "auto-replied (vacation)"}, "a@b.example", "auto_submitted"),
        ({"Precedence": "Bulk"}, "a@b.example", "bulk"),
        ({"List_Id": "<l.example>"}, "a@b.example", "bulk"),
        ({"Return_Path": "<>"}, "a@b.example", "null_sender"),
        ({}, "", "null_sender"),
        ({"X_Autoreply": "yes"}, "a@b.example", "auto_reply"),
        ({"kind": "multipart/report; boundary=x; report-type=feedback-report"}, None, "report"),
    ],
)
def test_m21_why_a_letter_is_not_answered_is_said_in_words(more, mail_from, reason):
    read = mail_reading.read(letter(**more), mail_from=mail_from)
    assert read.automatic == reason
    assert labels.REASONS[reason]


# --- whatever comes ---

HEADS = st.sampled_from(
    [
        "Content-Type: text/plain",
        "Content-Type: text/html; charset=utf-7",
        "Content-Type: multipart/mixed; boundary=a",
        "Content-Type: multipart/alternative; boundary=b",
        "Content-Type: message/rfc822",
        "Content-Type: message/delivery-status",
        "Content-Type: multipart/report; boundary=a",
        "Content-Type: text/calendar",
        "Content-Type: application/pkcs7-mime",
        "Content-Transfer-Encoding: base64",
        "Content-Transfer-Encoding: quoted-printable",
        "Content-Transfer-Encoding: x-uuencode",
        "Content-Disposition: attachment; filename*=x''%ff",
        "From: a b, c <d@e.f> (g",
        "Subject: =?utf-8?b?2KaYqCDYs?= =?x?q?a=?=",
        "References: <a@b> <",
        "From: MAILER-DAEMON@x",
    ]
)
PIECES = st.sampled_from(
    [
        "--a",
        "--b",
        "--a--",
        "--b--",
        "",
        "> q",
        "On 10:10 x <a@b> wrote:",
        "<p>x</p>",
        "<!--",
        "2KY=",
        "begin 644 x",
        "METHOD:REPLY",
        "Action: failed",
        "Final-Recipient: rfc822; a@b",
        "\0\xff",
        "&#x;",
    ]
)
LINES = st.lists(HEADS | PIECES | st.text(max_size=20), max_size=40)


@given(LINES)
def test_m2_whatever_comes_reading_gives_a_letter_that_a_database_takes(lines):
    raw = "\r\n".join(lines).encode("utf-8", "replace")
    read = mail_reading.read(raw, mail_from="a@b.example")
    shown = [read.message_id, read.sender, read.sender_name, read.subject, *read.references]
    assert all(text.isprintable() or "\u200c" in text or "\u200d" in text for text in shown)
    assert "\0" not in read.text + "".join(file.name for file in read.attachments)
    read.text.encode()


def test_what_a_child_reads_is_what_is_read():
    raw = report([("a@b.example", "failed", "5.1.1")], "<m@id>")
    assert mail_reading.read_confined(raw, "") == mail_reading.read(raw, mail_from="")
