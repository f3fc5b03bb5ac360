"""Numbers and amounts in words, in Persian and English."""

FA_SMALL = (
    "صفر",
    "یک",
    "دو",
    "سه",
    "چهار",
    "پنج",
    "شش",
    "هفت",
    "هشت",
    "نه",
    "ده",
    "یازده",
    "دوازده",
    "سیزده",
    "چهارده",
    "پانزده",
    "شانزده",
    "هفده",
    "هجده",
    "نوزده",
)
FA_TENS = ("بیست", "سی", "چهل", "پنجاه", "شصت", "هفتاد", "هشتاد", "نود")
FA_HUNDREDS = (
    "صد",
    "دویست",
    "سیصد",
    "چهارصد",
    "پانصد",
    "ششصد",
    "هفتصد",
    "هشتصد",
    "نهصد",
)
FA_SCALES = ("", "هزار", "میلیون", "میلیارد", "تریلیون", "کوادریلیون")
EN_SMALL = (
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
)
EN_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
EN_SCALES = ("", "thousand", "million", "billion", "trillion", "quadrillion")
MOST_IN_WORDS = 1000 ** len(FA_SCALES) - 1


def number_fa(number: int) -> str:
    """A whole number in Persian words; ValueError beyond MOST_IN_WORDS.

    >>> number_fa(35)
    'سی و پنج'
    """
    parts = [f"{_below_thousand_fa(n)} {FA_SCALES[i]}".strip() for i, n in _thousands(abs(number))]
    return f"{'منهای ' if number < 0 else ''}{' و '.join(parts) or FA_SMALL[0]}"


def words_fa(rials: int) -> str:
    """An amount in Persian words; ValueError beyond MOST_IN_WORDS.

    >>> words_fa(1_755_000)
    'یک میلیون و هفتصد و پنجاه و پنج هزار ریال'
    """
    return f"{number_fa(rials)} ریال"


def words_en(rials: int) -> str:
    """An amount in English words, as it is read in Britain; ValueError beyond MOST_IN_WORDS.

    >>> words_en(1_755_001)
    'one million seven hundred and fifty-five thousand and one rials'
    """
    groups = _thousands(abs(rials))
    parts = [f"{_below_thousand_en(n)} {EN_SCALES[i]}".strip() for i, n in groups]
    if len(groups) > 1 and groups[-1][0] == 0 and groups[-1][1] < 100:  # noqa: PLR2004 - no hundred
        parts[-1] = f"and {parts[-1]}"
    unit = "rial" if abs(rials) == 1 else "rials"
    return f"{'minus ' if rials < 0 else ''}{' '.join(parts) or EN_SMALL[0]} {unit}"


def _thousands(number: int) -> list[tuple[int, int]]:
    """(power of 1000, what stands there) where there is something, the largest first."""
    if number > MOST_IN_WORDS:
        raise ValueError(f"{number} is too large to be written in words")
    groups = []
    power = 0
    while number:
        number, rest = divmod(number, 1000)
        if rest:
            groups.append((power, rest))
        power += 1
    return groups[::-1]


def _below_thousand_fa(number: int) -> str:
    hundreds, rest = divmod(number, 100)
    parts = [FA_HUNDREDS[hundreds - 1]] if hundreds else []
    if rest >= len(FA_SMALL):
        parts.append(FA_TENS[rest // 10 - 2])
        rest %= 10
    if rest:
        parts.append(FA_SMALL[rest])
    return " و ".join(parts)


def _below_thousand_en(number: int) -> str:
    hundreds, rest = divmod(number, 100)
    parts = [f"{EN_SMALL[hundreds]} hundred"] if hundreds else []
    if rest >= len(EN_SMALL):
        tens, ones = EN_TENS[rest // 10 - 2], rest % 10
        parts.append(f"{tens}-{EN_SMALL[ones]}" if ones else tens)
    elif rest:
        parts.append(EN_SMALL[rest])
    return " and ".join(parts)
