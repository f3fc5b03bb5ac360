"""What is new in an answer: without the e-mail that it quotes. When in doubt, all is kept.

A quotation is left out only if it is known by its form and something else is left: lines with ">",
the line that introduces them, the header that Outlook and its like put above, and what stands under
the first line of our own e-mails. What stands below a quotation, or between two, stays.

An e-mail without ">" below may be one that is sent on: it is left out of an answer only, and not if
it is called a forwarded one, nor if the words above say that the answers stand in it.
"""

import re

LINES_MOST, LOOK_AHEAD, HEADER_LINES, LONGEST_INTRODUCTION = 20_000, 4, 14, 600
_QUOTED = re.compile(r"[ \t]{0,3}[>|]")
# A cheap look before the forms are tried.
_VERBS = re.compile(
    r"wrote|writes|said|schrieb|écrit|escribió|scritto|escreveu|skrev|tarihinde|نوشت|كتب"
)
_INTRODUCTIONS = re.compile(
    r"[ *]*("
    r"On\b.{3,} wrote|Am\b.{3,} schrieb\b.*|Le\b.{3,} a écrit|El\b.{3,} escribió|"
    r"Il\b.{3,} ha scritto|Em\b.{3,} escreveu|Den\b.{3,} skrev\b.*|.{3,} tarihinde\b.{2,}|"
    r"(در|بتاریخ|به تاریخ)\b.{3,} (نوشت|نوشته|نوشته است|نوشتند|چنین نوشت)|"
    r".{3,} در .{3,} (نوشت|نوشته|نوشته است|نوشتند)|(في|بتاريخ)\b.{3,} كتب\b.*|"
    r".{2,}<[^<>\s]{3,}@[^<>\s]{3,}>.{0,40} (wrote|writes|said|نوشت|نوشته|نوشته است)"
    r")[ *]*[:：]?[ *]*"
)
# An address stands in what a program wrote; a person who quotes a neighbour writes none.
_OF_PROGRAM = re.compile(r"<[^<>\s]{1,}@[^<>\s]{1,}>|\[mailto:|\b[0-9۰-۹]{1,2}:[0-9۰-۹]{2}\b")
_SEPARATORS = re.compile(
    r"[ >*]*(-{2,}|_{2,})[ ]*("
    r"Original Message|Original Appointment|Reply Message|Ursprüngliche Nachricht|"
    r"Message d'origine|Mensaje original|Messaggio originale|"
    r"(متن )?پیام اصلی|نامه اصلی|ایمیل اصلی|الرسالة الأصلية"
    r")[ ]*(-{2,}|_{2,})[ *]*",
    re.IGNORECASE,
)
_RULE = re.compile(r"[ ]*(_{10,}|-{10,})[ ]*")
_FIELD = re.compile(r"[ >*]*([^\W\d_][\w \u200c'-]{0,30}?)[ *]*[:：]\**(.*)")
_FROM = frozenset(("from", "von", "de", "da", "från", "از", "فرستنده", "من"))
_SENT = frozenset(
    (
        "sent",
        "gesendet",
        "envoyé",
        "enviado",
        "inviato",
        "ارسال شده",
        "ارسال‌شده",
        "زمان ارسال",
        "تاریخ ارسال",
        "ارسال",
        "تم الإرسال",
    )
)
_DATE = frozenset(("date", "datum", "fecha", "data", "تاریخ", "التاريخ"))
_TO = frozenset(("to", "an", "à", "para", "a", "till", "به", "گیرنده", "گیرندگان", "إلى"))
_SUBJECT = frozenset(
    ("subject", "betreff", "objet", "asunto", "oggetto", "assunto", "موضوع", "عنوان", "الموضوع")
)
_FORWARD = re.compile(r"\s*(fwd?|wg|tr|rv|fw|ارجاع|هدایت|بازارسال)\s*:", re.IGNORECASE)
_REPLY = re.compile(
    r"\s*(re|aw|sv|antw|ynt|odp|پاسخ|جواب|رد)\s*(\[[0-9]{1,3}\]|\([0-9]{1,3}\))?\s*[:：]",
    re.IGNORECASE,
)
_SENT_ON = re.compile(
    r"[ *-]*(begin )?(forwarded (message|letter)|weitergeleitete nachricht|message transféré|"
    r"(نامه|پیام|ایمیل) (هدایت|ارجاع|فوروارد|باز ?ارسال)[ \u200c]?(شده)?)[ :*-]*",
    re.IGNORECASE,
)
# "My answers stand below, in red": without ">" nobody can tell them from what they answer.
_ANSWERS_BELOW = re.compile(
    r"\b(below|beneath|inline|in[- ]line|underneath|in (red|blue|green|bold|capitals))\b|"
    r"در (زیر|ذیل|پایین|متن|ادامه)|(متن|شرح|پاسخ\S*|جواب\S*) (زیر|ذیل|پایین)|"
    r"(رنگ|خط) (قرمز|آبی|سبز)",
    re.IGNORECASE,
)


def is_reply(subject: str) -> bool:
    """True for a subject that a program gave to an answer."""
    return bool(_REPLY.match(subject))


def cut(text: str, subject: str, separator: str, *, answers: bool) -> str:
    """The text without what it quotes; ``separator`` is the first line of our e-mails, and
    ``answers`` is False for an e-mail that answers none.
    """
    lines = text.split("\n")
    if len(lines) > LINES_MOST:
        return text
    quoted = [bool(_QUOTED.match(line)) for line in lines]
    kept = _without_blocks(lines, quoted, separator)
    if (answers or separator in text) and not _FORWARD.match(subject):
        kept = _without_tail(kept, separator)
    result = "\n".join(kept).strip()
    return result or text.strip()


def _without_blocks(lines: list[str], quoted: list[bool], separator: str) -> list[str]:
    """Without the lines with ">", if they are one block; answers between two need both."""
    blocks = _blocks(lines, quoted)
    if len(blocks) != 1:
        return lines
    ((begin, end),) = blocks
    introduced = _introduction_before(lines, begin)
    is_last = not any(line.strip() for line in lines[end:])
    ours = any(separator in line for line in lines[begin:end])
    if introduced == begin and not is_last and not ours:
        return lines
    return [*lines[:introduced], "", *lines[end:]]


def _blocks(lines: list[str], quoted: list[bool]) -> list[tuple[int, int]]:
    """Begin and end of each run of quoted lines; blank lines within do not end it."""
    blocks: list[tuple[int, int]] = []
    for number, is_quoted in enumerate(quoted):
        if not is_quoted:
            continue
        if blocks and not any(line.strip() for line in lines[blocks[-1][1] : number]):
            blocks[-1] = (blocks[-1][0], number + 1)
        else:
            blocks.append((number, number + 1))
    return blocks


def _introduction_before(lines: list[str], begin: int) -> int:
    """Where the introduction begins that ends just before ``begin``; ``begin`` if there is none."""
    last = begin - 1
    while last >= 0 and not lines[last].strip() and begin - last < LOOK_AHEAD:
        last -= 1
    for first in range(last, max(last - LOOK_AHEAD, -1), -1):
        if not lines[first].strip():
            break
        if _is_introduction(lines[first : last + 1]):
            return first
    return begin


def _is_introduction(lines: list[str]) -> bool:
    joined = " ".join(" ".join(lines).split())
    return (
        len(joined) <= LONGEST_INTRODUCTION
        and bool(_VERBS.search(joined[-80:]))
        and bool(_INTRODUCTIONS.fullmatch(joined))
    )


def _without_tail(lines: list[str], separator: str) -> list[str]:
    """Without the e-mail below, which has no ">", if there are words above it."""
    for number, line in enumerate(lines):
        begin = _tail_at(lines, number, line, separator)
        if begin is not None:
            while begin > 0 and (not lines[begin - 1].strip() or _RULE.fullmatch(lines[begin - 1])):
                begin -= 1
            return lines if _keeps_tail(lines[:begin]) else lines[:begin]
    return lines


def _keeps_tail(above: list[str]) -> bool:
    """True if these words do not stand for themselves, or say that what follows is the matter."""
    words = "\n".join(above).strip()
    last = words.rpartition("\n")[2]
    return not words or bool(_SENT_ON.fullmatch(last)) or bool(_ANSWERS_BELOW.search(words))


def _tail_at(lines: list[str], number: int, line: str, separator: str) -> int | None:
    """Where the e-mail below begins if it is this line that shows it."""
    if _QUOTED.match(line):
        return None
    if separator in line:
        return _introduction_before(lines, _header_before(lines, number))
    if _SEPARATORS.fullmatch(line):
        return number
    if _begins_header(lines, number):
        return number
    if line.strip() and _opens_introduction(line):
        for count in range(1, LOOK_AHEAD + 1):
            piece = lines[number : number + count]
            if _is_introduction(piece) and _OF_PROGRAM.search(" ".join(piece)):
                return None if _is_quoted_next(lines, number + count) else number
    return None


def _is_quoted_next(lines: list[str], number: int) -> bool:
    """True if lines with ">" follow: these were judged, and answers may stand between them."""
    below = (line for line in lines[number : number + LOOK_AHEAD] if line.strip())
    return bool(_QUOTED.match(next(below, "")))


def _opens_introduction(line: str) -> bool:
    """A cheap look before lines are put together."""
    return len(line) <= LONGEST_INTRODUCTION and bool(re.search(r"[0-9۰-۹@<]", line))


def _header_before(lines: list[str], number: int) -> int:
    """Where the header begins that stands just above a line of ours."""
    for first in range(max(number - HEADER_LINES, 0), number):
        if _begins_header(lines, first):
            return first
    return number


def _begins_header(lines: list[str], number: int) -> bool:
    """True for "From: … Sent: … To: … Subject: …" as programs put it above what they answer.

    A memorandum has From, To, Date and Subject too, and official letters in Persian begin so: only
    "Sent", or an address among the lines, or a rule above, shows a program.
    """
    first = _FIELD.fullmatch(lines[number])
    if not first or first[1].strip(" *").lower() not in _FROM:
        return False
    names: set[str] = set()
    has_address = False
    for line in lines[number : number + HEADER_LINES]:
        if not line.strip() and len(names) > 1:
            break
        field = _FIELD.fullmatch(line[:1000])
        if field:
            names.add(field[1].strip(" *").lower())
        has_address = has_address or "@" in line
    if not (names & _SUBJECT or names & _TO):
        return False
    if names & _SENT:
        return True
    ruled = any(_RULE.fullmatch(above) for above in lines[max(number - 2, 0) : number])
    return bool(names & _DATE) and (has_address or ruled)
