"""E-mails of strangers, which are read in a confined child process in service."""

import zipfile
from io import BytesIO

from bus.foreign import filetypes, return_path
from services.ticketing.mail import addresses, headers, html, reading, smime
from tests.fuzz.parsers import parser, rule

LETTER = """\
From: =?utf-8?q?Sara_A?= <sara@example.ir>
To: water+5720000002.abcdefghij@water.test
Subject: =?windows-1256?B?4cfj?=
Message-ID: <a@b>
In-Reply-To: <c@d>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="b"

--b
Content-Type: multipart/alternative; boundary=c

--c
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

Hello =D8=B3
> quoted

--c
Content-Type: text/html; charset=windows-1256

<p style="display:none">x</p><b>Hello</b><blockquote>old</blockquote>
--c--
--b
Content-Type: image/png; name*0*=utf-8''a%20; name*1=b.png
Content-Transfer-Encoding: base64
Content-Disposition: attachment

iVBORw0KGgo=
--b
Content-Type: text/calendar; method=REPLY

BEGIN:VCALENDAR
METHOD:REPLY
END:VCALENDAR
--b--
"""
BOUNCE = """\
From: MAILER-DAEMON@a
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: message/delivery-status

Final-Recipient: rfc822; a@b
Action: failed
Status: 5.1.1

--b
Content-Type: message/rfc822

Message-ID: <x@y>

--b--
"""
COMPLAINT = """\
From: feedback@a
Content-Type: multipart/report; report-type=feedback-report; boundary=b

--b
Content-Type: message/feedback-report

Feedback-Type: abuse
Original-Mail-From: <returns+n7.0123456789abcdef01234567@water.test>

--b
Content-Type: message/rfc822

Return-Path: <returns+n7.0123456789abcdef01234567@water.test>
X-Mirab-Return: n7.0123456789abcdef01234567
Message-ID: <notify-7@water.test>

--b--
"""
QMAIL = """\
From: MAILER-DAEMON@a
To: returns+n7.0123456789abcdef01234567@water.test
Subject: failure notice

<a@b>:
Sorry, no mailbox here by that name. (#5.1.1)

--- Below this line is a copy of the message.

X-Mirab-Return: n7.0123456789abcdef01234567
Message-ID: <notify-7@water.test>
"""
UUENCODED = "From: a@b\n\nHi\nbegin 644 a.txt\n#0V%T\n`\nend\n"


SEEDS = (LETTER, BOUNCE, COMPLAINT, QMAIL, UUENCODED)


def _letters() -> list[bytes]:
    return [text.replace("\n", "\r\n").encode() for text in SEEDS]


@parser("mail", seeds=_letters)
def mail(raw: bytes) -> None:
    """An e-mail: MIME, charsets, quotations, bounces, complaints, calendars, S/MIME"""
    email = reading.read(raw, mail_from="a@b.ir")
    token = email.returned_token
    rule(not token or str(return_path.token_of(token)) == token, "a token that is none")
    rule("\0" not in email.text + email.subject + email.sender_name, "a NUL for the database")
    rule(len(email.subject) <= reading.SUBJECT_MOST, "a subject that is too long")
    for text in (email.text, email.subject, email.sender_name, email.sender):
        text.encode()  # half a surrogate pair is no text


@parser(
    "mail-html", seeds=lambda: [b"<p>a<br>b</p><style>x</style><ul><li>&amp;&#1587;</ul><!-- c -->"]
)
def mail_html(raw: bytes) -> None:
    """The HTML of an e-mail"""
    html.to_text(raw.decode("utf-8", "surrogateescape"))


@parser("mail-words", seeds=lambda: [b'=?utf-8?q?a_b?= <a@b>, "c, d" <e@f>;', b"g: h@i, j@k;"])
def mail_words(raw: bytes) -> None:
    """Encoded words and lists of addresses in headers"""
    text = raw.decode("latin-1")
    headers.decode_words(text)
    addresses.parse(text)
    reading.token_of(text)
    token = return_path.token_of(text)
    rule(token is None or token.ref > 0, "a hand-over without a number")


@parser(
    "smime", seeds=lambda: [bytes.fromhex("308006092a864886f70d010702a0803080020101310030800609")]
)
def signed(raw: bytes) -> object:
    """A signed e-mail as DER or BER (CMS)"""
    return smime.signed_content(raw)


def _zips() -> list[bytes]:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        archive.writestr("[Content_Types].xml", "<a/>")
    return [
        stream.getvalue(),
        b"%PDF-1.7",
        b"\x89PNG\r\n\x1a\n",
        b"RIFF1234WEBP",
        b"From: a\nDate: b\n",
    ]


@parser("file-type", seeds=_zips)
def file_type(raw: bytes) -> None:
    """What kind of file somebody attached, and its name"""
    kind = filetypes.type_of(raw)
    name = filetypes.clean_name(raw.decode("utf-8", "surrogateescape"), kind or "")
    rule(bool(name) and "/" not in name and name.isprintable() is not None, "a name of no file")
