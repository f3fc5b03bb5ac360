"""Letters as bytes: what people's mail programs send is read, and what we write reads back."""

import base64
import email
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.foreign.mail_text import LETTERS
from services.ticketing.mail import reading as mail_reading
from services.ticketing.mail import writing as mail_writing
from services.ticketing.mail.reading import read
from services.ticketing.mail.writing import Outgoing

SUBJECT = "شکایت از نرسیدن نوبت آب روستای حسین‌آباد"


def raw(subject="x", body="متن", charset="utf-8", cte="8bit", more=""):
    head = f"From: r@example.com\nSubject: {subject}\nMessage-ID: <1@example.com>\n{more}"
    head += f"Content-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: {cte}\n\n"
    return head.encode() + (body if isinstance(body, bytes) else body.encode())


def words_b(text, charset="utf-8", cut=20):
    """RFC 2047 encoded words of a few bytes each, cut wherever it comes."""
    octets = text.encode(charset)
    pieces = [octets[n : n + cut] for n in range(0, len(octets), cut)]
    return "\n ".join(f"=?{charset}?B?{base64.b64encode(p).decode()}?=" for p in pieces)


@pytest.mark.parametrize("cut", [20, 21, 7])
def test_a_persian_subject_in_pieces_is_read_whole(cut):
    assert read(raw(words_b(SUBJECT, cut=cut))).subject == SUBJECT


def test_a_subject_in_the_windows_code_page_is_read():
    plain = SUBJECT.replace("\u200c", " ").replace("ی", "ي")
    assert read(raw(words_b(plain, "windows-1256"))).subject == plain


def test_a_subject_that_was_sent_as_raw_utf8_is_read():
    assert read(raw(SUBJECT)).subject == SUBJECT


@pytest.mark.parametrize(
    ("charset", "reply"),
    [
        ("utf-8", "utf-8"),
        ("windows-1256", "windows-1256"),
        ("utf-8", "no-such-charset"),
        ("utf-8", "us-ascii"),
    ],
)
def test_a_body_is_read_in_the_charset_that_it_is_in(charset, reply):
    body = "آب نرسيد" if charset == "windows-1256" else "آب نرسید"
    assert read(raw(body=body.encode(charset), charset=reply)).text == body


def test_a_body_of_html_alone_becomes_text_without_scripts():
    page = "<style>p{}</style><p>سلام<br>آب&nbsp;نیست</p><script>steal()</script>"
    text = read(raw(body=page).replace(b"text/plain", b"text/html")).text
    assert text.split() == ["سلام", "آب", "نیست"]


@pytest.mark.parametrize(
    "quoted",
    [
        "\n\n> نامه پیشین\n> دنباله",
        "\n\nOn Mon, 23 Nov 2026, Water wrote:\n> before",
        "\n\nدر تاریخ ۲ آذر واحد نوشت:\n> پیش",
        f"\n{mail_writing.SEPARATOR}\nهمه چیز پیشین",
    ],
)
def test_what_an_answer_quotes_is_left_out(quoted):
    assert read(raw(body="پاسخ من" + quoted)).text == "پاسخ من"


def test_a_letter_without_a_message_id_has_one_that_stays_the_same():
    letter = raw().replace(b"Message-ID: <1@example.com>\n", b"")
    assert read(letter).message_id == read(letter).message_id
    assert read(letter).message_id.startswith("<sha256-")
    assert read(letter).message_id != read(letter + b"x").message_id


def test_a_file_with_a_persian_name_is_taken_without_its_folders():
    message = EmailMessage()
    message["From"] = "r@example.com"
    message.set_content("پیوست")
    message.add_attachment(
        b"%PDF-1.7", maintype="application", subtype="pdf", filename="../سند.pdf"
    )
    (result,) = read(message.as_bytes()).attachments
    assert (result.name, result.content) == ("سند.pdf", b"%PDF-1.7")


@given(st.binary(max_size=2000))
def test_no_bytes_make_it_stumble(content):
    assert isinstance(read(content), mail_reading.Email)


@given(st.data())
def test_no_broken_letter_makes_it_stumble(data):
    whole = bytearray(LETTER)
    for _ in range(data.draw(st.integers(1, 30))):
        at = data.draw(st.integers(0, len(whole) - 1))
        whole[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(whole)))
    letter = read(bytes(whole[:cut]))
    assert "\n" not in letter.subject + letter.sender + letter.sender_name
    assert len(letter.text) <= mail_reading.TEXT_MOST


def test_a_subject_whose_base64_is_broken_is_read_as_it_stands():
    subject = "=?ut=-8?\ufffd?2K YqiA=?= =\x04utf-8?b?2KaYqCDYs?=".encode()
    letter = read(b"From: c@example.ir\r\nSubject: " + subject + b"\r\n\r\ntext\r\n")
    assert "?2KaYqCDYs?=" in letter.subject


LINE = st.text(
    st.characters(blacklist_categories=("Cs", "Cc", "Zl", "Zp", "Co", "Cn")), max_size=60
)


@given(
    subject=LINE,
    name=LINE,
    text=st.lists(LINE, min_size=1, max_size=5).map("\n".join),
    language=st.sampled_from(["fa", "en"]),
)
def test_what_we_write_reads_back_and_nothing_gets_into_its_headers(subject, name, text, language):
    written = mail_writing.write(
        Outgoing(
            "<me@water.example>",
            "unit@water.example",
            f"{name}\r\nBcc: x@example.com",
            "c@e.ir",
            f"{subject}\r\nBcc: x@example.com",
            text,
            language,
            "4052138845",
            in_reply_to="<you@example.com>",
            references=("<ticket-1@water.example>",),
        )
    )
    mail = email.message_from_bytes(written, policy=default)
    assert mail["Bcc"] is None
    assert mail["References"] == "<ticket-1@water.example> <you@example.com>"
    plain = mail.get_body(("plain",)).get_content().split(mail_writing.SEPARATOR)[1]
    assert plain.split() == text.split()
    assert max(len(line) for line in written.split(b"\r\n")) <= 998
    assert read(written).automatic == "own"


@given(name=LINE, subject=LINE)
def test_a_header_that_is_kept_is_written_as_the_library_alone_writes_it(name, subject):
    def written(policy):
        mail = EmailMessage(policy=policy)
        mail["From"], mail["Subject"] = str(Address(name, "unit", "water.example")), subject
        return mail.as_bytes()

    alone = written(SMTP.clone(max_line_length=76))
    assert [written(LETTERS), written(LETTERS)] == [alone, alone]


@given(
    st.from_regex(r"[0-9]{10}", fullmatch=True), st.from_regex(r"[A-Za-z0-9_-]{22}", fullmatch=True)
)
def test_a_sub_address_tells_code_and_key_again(code, key):
    assert mail_reading.token_of(mail_writing.sub_address("u@w.example", code, key)) == (code, key)


@pytest.mark.parametrize("address", ["u@w.example", "u+x@w.example", "+@", "", "u+1.2@w"])
def test_another_address_tells_nothing(address):
    assert mail_reading.token_of(address) is None


LETTER = mail_writing.write(
    Outgoing(
        "<me@water.example>",
        "unit@water.example",
        "واحد",
        "c@example.ir",
        SUBJECT,
        "متن نامه",
        "fa",
        "4052138845",
        calendar=b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n",
    )
)
