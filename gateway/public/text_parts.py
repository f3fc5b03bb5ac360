"""Which part of a long text a provider brings, if it does not join them: by the header of the part
(UDH, 3GPP TS 23.040, 9.2.3.24), or by numbers of its own.
"""

import re
from collections.abc import Mapping, Sequence

from contracts.notify.received import PARTS_MOST, TextPart

# By which names, in small letters and without dashes.
HEADER = ("udh", "userdataheader")
NUMBERS: Mapping[str, Sequence[str]] = {
    "common": ("concatref", "partref", "sarmsgrefnum"),
    "parts": ("concattotal", "parttotal", "sartotalsegments"),
    "place": ("concatpart", "partnumber", "sarsegmentseqnum"),
}
DIGITS = re.compile(r"[0-9]{1,10}")
# Information elements of concatenation: kind → octets, of which the last two are parts and place.
CONCATENATED = {0x00: 3, 0x08: 4}


def part_of(members: Mapping[str, str]) -> TextPart | None:
    """Return which part these members bring; None for a whole text, or if it cannot be known.

    >>> part_of({"udh": "050003CC0201"})
    TextPart(common='204', place=1, parts=2)
    >>> part_of({"concatref": "7", "concattotal": "3", "concatpart": "2"})
    TextPart(common='7', place=2, parts=3)
    """
    header = next((members[name] for name in HEADER if members.get(name)), "")
    numbers = _of_header(header) or tuple(
        next((members[name] for name in names if members.get(name)), "")
        for names in NUMBERS.values()
    )
    if not all(DIGITS.fullmatch(number) for number in numbers):
        return None
    common, parts, place = numbers
    if not 1 < int(parts) <= PARTS_MOST or not 1 <= int(place) <= int(parts):
        return None
    return TextPart(common=common, place=int(place), parts=int(parts))


def _of_header(text: str) -> tuple[str, ...]:
    """The common number, the parts and the place by a header in hex; nothing if it has none."""
    try:
        octets = bytes.fromhex(text.strip().removeprefix("0x"))
    except ValueError:
        return ()
    at = 1
    while at + 2 <= len(octets):
        kind, length = octets[at], octets[at + 1]
        content = octets[at + 2 : at + 2 + length]
        if CONCATENATED.get(kind) == length == len(content):
            return str(int.from_bytes(content[:-2], "big")), str(content[-2]), str(content[-1])
        at += 2 + length
    return ()
