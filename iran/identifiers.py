"""Identifiers of persons and places: canonical text, or Malformed with a stable code; pure.

The rules are those of domain.md section 1, proved by the cases in tests/vectors.json.
"""

import re

import idna

from iran.persian import (
    JOINERS,
    Malformed,
    dashed_code,
    fold_code,
    fold_digits,
    ungrouped_code,
    without_marks,
)

__all__ = [
    "Malformed",
    "email",
    "foreigner_id",
    "legal_id",
    "mobile",
    "national_id",
    "postal_code",
    "register_number",
    "sheba",
    "suspect_postal_code",
    "user_name",
]

REGISTER_NUMBER_MAX, HOST_MOST = 40, 253
NATIONAL_LENGTH, LEGAL_LENGTH, FOREIGNER_LENGTH, POSTAL_LENGTH = 10, 11, 12, 10
SPREADSHEET_LENGTHS = (8, 9)

_DIGITS = re.compile(r"[0-9]+")
# A nought after the country's code is what cards print: +98 (0) 912 …
_DIALLED = re.compile(r"(?:\+98|0098|98)?0?(9[0-9]{9})")
_SHEBA = re.compile(r"IR[0-9]{24}")
# RFC 5321, sections 4.1.2 and 4.5.3.1, without quoted local parts and address literals.
_LOCAL = re.compile(r"(?!\.)(?:\.?[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]){1,64}")
_HOST = re.compile(
    r"(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]"
)
_WITHOUT_JOINERS = str.maketrans("", "", JOINERS)
_BROKEN_NUMBER = re.compile(r"[0-9]\s+[0-9]")
# A blank or dash by which digits are grouped.
_GROUPING = re.compile(r"(?<=[0-9])[\s\u0640-]+(?=[0-9])")
_BRACKETS = str.maketrans("", "", "()[]")


def _undecorated(text: str) -> str:
    """A number without the blanks, dashes and brackets by which people group it."""
    folded = fold_code(text)
    if folded.isascii() and folded.isdigit():
        return folded
    return ungrouped_code(folded).translate(_BRACKETS)


def _digits(kind: str, text: str, length: int) -> str:
    digits = fold_code(text)
    if not (digits.isascii() and digits.isdigit()):
        digits = _GROUPING.sub("", dashed_code(digits))
    if not _DIGITS.fullmatch(digits):
        raise Malformed(f"{kind}.characters", "Only digits may stand here.")
    if len(digits) != length:
        raise Malformed(f"{kind}.length", f"It has {length} digits, not {len(digits)}.")
    return digits


def national_id(text: str, pad: bool = False) -> str:
    """The national ID of a person, ten digits. Raises Malformed ``national_id.*``.

    ``pad`` restores one or two leading zeros that a spreadsheet ate; only an import may do that.

    >>> national_id("۰۴۹۹۳۷۰۸۹۹")
    '0499370899'
    """
    digits = fold_code(text)
    if pad and len(digits) in SPREADSHEET_LENGTHS:
        digits = digits.zfill(NATIONAL_LENGTH)
    digits = _digits("national_id", digits, NATIONAL_LENGTH)
    if digits == digits[0] * NATIONAL_LENGTH:
        raise Malformed("national_id.repeated", "One digit ten times is nobody's national ID.")
    a, b, c, d, e, f, g, h, i, check = map(int, digits)
    rest = (10 * a + 9 * b + 8 * c + 7 * d + 6 * e + 5 * f + 4 * g + 3 * h + 2 * i) % 11
    if check != (rest if rest < 2 else 11 - rest):  # noqa: PLR2004 - the rule of mod 11
        raise Malformed("national_id.check_digit", "Its check digit is wrong; a digit is mistyped.")
    return digits


def legal_id(text: str) -> str:
    """The national ID of a legal person, eleven digits. Raises Malformed ``legal_id.*``."""
    digits = _digits("legal_id", text, LEGAL_LENGTH)
    if digits[3:9] == "000000":
        raise Malformed("legal_id.zeros", "Its fourth to ninth digits are all zero.")
    shift = int(digits[9]) + 2
    weights = (29, 27, 23, 19, 17) * 2
    total = sum((shift + int(d)) * w for d, w in zip(digits, weights, strict=False))
    if int(digits[10]) != total % 11 % 10:
        raise Malformed("legal_id.check_digit", "Its check digit is wrong; a digit is mistyped.")
    return digits


def foreigner_id(text: str) -> str:
    """The number of a foreign national (fida, yekta), twelve digits without a check digit."""
    digits = _digits("foreigner_id", text, FOREIGNER_LENGTH)
    if digits == digits[0] * FOREIGNER_LENGTH:
        raise Malformed("foreigner_id.repeated", "One digit twelve times is nobody's number.")
    return digits


def mobile(text: str) -> str:
    """An Iranian mobile number as E.164, ``+989121234567``; no list of prefixes (portability)."""
    match = _DIALLED.fullmatch(_undecorated(text).replace(".", ""))
    if not match:
        raise Malformed("mobile.format", "A mobile number is 09 and nine digits.")
    return "+98" + match[1]


def as_dialled(mobile: str) -> str:
    """A mobile (E.164) as people in Iran write and dial it, and as providers of SMS want it.

    >>> as_dialled("+989900001234")
    '09900001234'
    """
    return mobile.replace("+98", "0", 1)


def postal_code(text: str) -> str:
    """A postal code of ten digits; a dash or blanks between them are dropped."""
    digits = _digits("postal_code", _undecorated(text), POSTAL_LENGTH)
    if digits == digits[0] * POSTAL_LENGTH:
        raise Malformed("postal_code.repeated", "One digit ten times is no postal code.")
    if digits[0] in "02":
        raise Malformed("postal_code.first_digit", "No postal code begins with 0 or 2.")
    return digits


def suspect_postal_code(code: str) -> bool:
    """True if a canonical postal code breaks the published habits; a warning, never a refusal."""
    head, tail = code[:5], code[5:]
    return "0" in head or "2" in head or "2" in tail or head[4] == "5" or head[:4] == head[0] * 4


def sheba(text: str) -> str:
    """An Iranian IBAN, ``IR`` and 24 digits; the bare 24 digits are understood too."""
    code = _undecorated(text).upper()
    if len(code) == 24 and _DIGITS.fullmatch(code):  # noqa: PLR2004 - the form without IR
        code = "IR" + code
    if not _SHEBA.fullmatch(code):
        raise Malformed("sheba.format", "A Sheba number is IR and 24 digits.")
    if int(code[4:] + "1827" + code[2:4]) % 97 != 1:
        raise Malformed("sheba.check_digit", "Its check digits are wrong; a digit is mistyped.")
    return code


def email(text: str) -> str:
    """An address as mail servers take it; the check that counts is the letter that arrives.

    Blanks around it and invisible characters are dropped, digits are folded; nothing else within it
    changes, for what is left could be somebody else's address, and a half-space is a blank to who
    typed it. A host in other letters becomes A-labels (RFC 5891).

    >>> email(" Sara@Example.IR ")
    'Sara@example.ir'
    >>> email("a@مثال.ایران")
    'a@xn--mgbh0fb.xn--mgba3a4f16a'
    """
    local, at, host = without_marks(text).strip(f" \t\r\n{JOINERS}").strip().rpartition("@")
    local = "" if any(c.isspace() or c in JOINERS for c in local) else fold_code(local)
    host = _a_labels(host)
    if not (at and _LOCAL.fullmatch(local) and _HOST.fullmatch(host)):
        raise Malformed("email.format", "An e-mail address is name@host.ir, without blanks.")
    return f"{local}@{host}"


def _a_labels(host: str) -> str:
    host = fold_digits(host)
    if host.translate(_WITHOUT_JOINERS).isascii():
        return host.translate(_WITHOUT_JOINERS).lower()
    if len(host) > HOST_MOST:
        return ""
    try:
        return idna.encode(host, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        return ""


def user_name(text: str) -> str:
    """The name of a colleague in small letters; one in other letters never becomes one in a to z.

    >>> user_name("Karim"), user_name("\u212aarim")
    ('karim', '\u212aarim')
    """
    small = text.lower()
    return text if small.isascii() and not text.isascii() else small


def register_number(text: str, kind: str = "number") -> str:
    """A number of the register: digits folded, blanks gone; letters, ``/``, ``-``, ``.`` stay.

    A blank between two digits stands for a sign that was left out, or for none: without it, it
    would be another number of the register. Raises Malformed ``<kind>.length`` or
    ``<kind>.characters``.

    >>> register_number(" ۱۰۰۱ /۵ ")
    '1001/5'
    """
    folded = dashed_code(text)
    if _BROKEN_NUMBER.search(folded):
        raise Malformed(
            f"{kind}.characters", "A blank stands between two digits; write it as on the paper."
        )
    number = "".join(folded.split())
    if not 1 <= len(number) <= REGISTER_NUMBER_MAX:
        raise Malformed(f"{kind}.length", f"It has 1 to {REGISTER_NUMBER_MAX} characters.")
    if not number.isalnum() and not all(c.isalnum() or c in "/-." for c in number):
        raise Malformed(f"{kind}.characters", "Only letters, digits, '/', '-' and '.' stand here.")
    return number
