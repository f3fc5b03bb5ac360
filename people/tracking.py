"""The tracking code of a ticket: ten digits, the last a check digit; pure.

Digits only, since every Iranian reads them aloud without a doubt and every telephone has them.
Damm's check digit finds every wrong digit and every swap of neighbours (H. M. Damm, 2004).
"""

import secrets

from iran.persian import Malformed, fold_code, ungrouped_code

LENGTH = 10
SECRET_LENGTH = 20
FOLLOW_UP_LENGTH = 16
RIGHT_TO_LEFT = ("fa", "ar")
MARK = "\u200e"
# The totally anti-symmetric quasigroup of order 10 from Damm's thesis.
_DAMM = (
    "0317598642",
    "7092154863",
    "4206871359",
    "1750983426",
    "6123045978",
    "3674209581",
    "5869720134",
    "8945362017",
    "9438617205",
    "2581436790",
)


def check_digit(digits: str) -> str:
    """The digit to append.

    >>> check_digit("572")
    '4'
    """
    interim = 0
    for digit in digits:
        interim = int(_DAMM[interim][int(digit)])
    return str(interim)


def new() -> str:
    """A new random code; it does not begin with 0, which people leave out."""
    digits = str(secrets.randbelow(9) + 1) + _random_digits(LENGTH - 2)
    return digits + check_digit(digits)


def new_secret() -> str:
    """A new random secret, which opens what a code names."""
    return _random_digits(SECRET_LENGTH)


def new_follow_up() -> str:
    """A new random number, which opens the question weeks after the end of a ticket."""
    return _random_digits(FOLLOW_UP_LENGTH)


def _random_digits(length: int) -> str:
    return str(secrets.randbelow(10**length)).zfill(length)


def parse(text: str) -> str:
    """The ten digits, however they were typed. Raises Malformed ``tracking_code.*``.

    >>> parse("۵۷۲ ۰۰۰-۰۰۰۲ ")
    Traceback (most recent call last):
    iran.persian.Malformed: A digit is mistyped; compare it with what you were given.
    """
    digits = _digits(text)
    if not (digits.isascii() and digits.isdigit()):
        raise Malformed("tracking_code.characters", "A tracking code has digits only.")
    if len(digits) != LENGTH:
        raise Malformed("tracking_code.length", f"A tracking code has {LENGTH} digits.")
    if check_digit(digits[:-1]) != digits[-1]:
        raise Malformed(
            "tracking_code.check_digit", "A digit is mistyped; compare it with what you were given."
        )
    return digits


def grouped(code: str) -> str:
    """As it is read aloud: ``405 213 8845``."""
    return f"{code[:3]} {code[3:6]} {code[6:]}"


def in_text(code: str, language: str) -> str:
    """In groups within a sentence; in one that runs from right to left a mark before them keeps
    them in their order.
    """
    return f"{MARK if language in RIGHT_TO_LEFT else ''}{grouped(code)}"


def parse_proof(text: str) -> str:
    """What opens a ticket beside its code: the secret of 20 digits, or the key of a link.

    Blanks, dashes and marks that come along with a secret are dropped, digits are folded.
    """
    digits = _digits(text)
    secret = digits.isascii() and digits.isdigit() and len(digits) == SECRET_LENGTH
    return digits if secret else fold_code(text)


def parse_follow_up(text: str) -> str:
    """The number of a question, however it was typed. Raises Malformed ``follow_up.number``.

    >>> parse_follow_up("۱۲۳۴ 5678-9012 3456")
    '1234567890123456'
    """
    digits = _digits(text)
    if not (digits.isascii() and digits.isdigit() and len(digits) == FOLLOW_UP_LENGTH):
        raise Malformed("follow_up.number", f"The number has {FOLLOW_UP_LENGTH} digits.")
    return digits


def grouped_secret(secret: str) -> str:
    """As it is printed: in groups of four."""
    return " ".join(secret[i : i + 4] for i in range(0, len(secret), 4))


def _digits(text: str) -> str:
    return ungrouped_code(text).replace(".", "")
