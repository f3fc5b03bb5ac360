"""What a text that came in says: that news shall end, or to which ticket it belongs; pure."""

import re

from iran.persian import Malformed, fold_digits, search_key
from people import tracking

# "لغو ۱۱" is what Iranian operators print below advertising; the others are what people write.
STOPS = frozenset({"لغو", "لغو11", "لغو 11", "11", "stop", "off", "cancel", "unsubscribe", "قطع"})
_CODE = re.compile(r"(?<![0-9])[0-9](?:[ \-–—]?[0-9]){9}(?![0-9])")
_EDGES = " .!،,؛«»\"'"


def ends_news(text: str) -> bool:
    """Tell whether a text says nothing but that its sender wants no more news.

    >>> ends_news(" لغو۱۱ "), ends_news("STOP."), ends_news("قرارداد را لغو کنید")
    (True, True, False)
    """
    words = " ".join(fold_digits(text).strip(_EDGES).split()).strip(_EDGES)
    return search_key(words) in {search_key(word) for word in STOPS}


def ticket_codes(text: str) -> list[str]:
    """The tracking codes that a text names, once each, in their order.

    >>> ticket_codes("شماره 09121234567 است")
    []
    """
    codes: list[str] = []
    for match in _CODE.finditer(fold_digits(text)):
        try:
            code = tracking.parse(match[0])
        except Malformed:
            continue
        if code not in codes:
            codes.append(code)
    return codes
