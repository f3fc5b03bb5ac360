"""Other people's texts, and JSON with such in it, read although one of them is odd.

A text that was cut within a character, a NUL, the end of a line as it stands: each makes the whole
no JSON by the letter, and with it all that stands beside. What no database keeps is U+FFFD here.
"""

import re

import orjson

NO_CHARACTER = "\ufffd"
NUL = rb"\u0000"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_STRING = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\Z)', re.DOTALL)
# Escapes that stay (a backslash, a pair that is one character), or that no database keeps.
_ESCAPE = re.compile(
    r"(\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    r"|\\u(?:0000|[dD][89a-fA-F][0-9a-fA-F]{2})"
)
_RAW = {**dict.fromkeys(range(32), NO_CHARACTER), 9: r"\t", 10: r"\n", 13: r"\r"}
# One broken character is a cut, or one in so many; more are another charset.
_BROKEN_IN = 20


def read_json(body: bytes) -> object:
    r"""The value; None if it is no JSON for other reasons than its texts.

    >>> read_json(b'{"text": "hi \\ud83d", "id": 7}')
    {'text': 'hi �', 'id': 7}
    """
    try:
        if NUL not in body:
            return orjson.loads(body)
    except orjson.JSONDecodeError:
        pass
    try:
        return orjson.loads(_STRING.sub(_mended, decoded(body.removeprefix(_BYTE_ORDER_MARK))))
    except orjson.JSONDecodeError:
        return None


def _mended(string: re.Match[str]) -> str:
    return _ESCAPE.sub(lambda escape: escape[1] or NO_CHARACTER, string[0].translate(_RAW))


def decoded(octets: bytes) -> str:
    """UTF-8, also if a piece was cut off within a character; else what old panels send where they
    mean Persian.

    >>> decoded("سلام".encode("cp1256"))
    'سلام'
    """
    text = octets.decode("utf-8", "replace")
    broken = text.count(NO_CHARACTER)
    if not broken:
        return text
    letters = sum(1 for octet in octets if octet >= 0xC2) - broken  # noqa: PLR2004 - first bytes
    is_cut = letters > 0 if broken == 1 else broken * _BROKEN_IN <= letters
    return text if is_cut else octets.decode("cp1256", "replace")
