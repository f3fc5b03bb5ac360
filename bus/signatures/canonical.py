"""The canonical form of signature headers, in which every known client writes them.

One signature, one blank between components, parameters that are whole numbers or texts without
escapes: what http_sf would write again byte by byte. One pattern reads it, at a tenth of the cost.
Whatever does not fit, be it allowed or not, is http_sf's to read and to refuse;
tests/bus/test_canonical_signatures.py compares the two.
"""

import binascii
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from bus.wire import Wire

Component = tuple[str, Wire]

LONGEST_WHOLE = 15  # digits (RFC 9651, section 4.2.4)
_KEY = r"[a-z*][a-z0-9_.*-]*"
_TEXT = r"[ !#-\[\]-~]*"
_WHOLE = rf"0|-?[1-9][0-9]{{0,{LONGEST_WHOLE - 1}}}"
_COMPONENT = re.compile(rf'"({_TEXT})"(;req)?')
_COVERED = re.compile(rf'\((?:"{_TEXT}"(?:;req)?(?: "{_TEXT}"(?:;req)?)*)?\)')
_PARAMETER = re.compile(rf';({_KEY})=(?:({_WHOLE})|"({_TEXT})")')
_INPUT = re.compile(rf'({_KEY})=((\([^()\\]*\))((?:;{_KEY}=(?:{_WHOLE}|"{_TEXT}"))*))')
_SIGNATURE = re.compile(rf"({_KEY})=:([A-Za-z0-9+/]{{86}}==):")
_PLAIN_KEY, _PLAIN_TEXT = re.compile(_KEY), re.compile(_TEXT)


def read_input(header: str) -> tuple[str, list[Component], Wire, str] | None:
    """Label, components, parameters and, as it came, all that the base ends with; None if the
    header is not canonical.
    """
    match = _INPUT.fullmatch(header)
    covered = _components(match[3]) if match else None
    if match is None or covered is None:
        return None
    pairs = _PARAMETER.findall(match[4])
    parameters: Wire = {key: int(whole) if whole else text for key, whole, text in pairs}
    if len(parameters) != len(pairs):
        return None
    return match[1], list(covered), parameters, match[2]


def read_signature(header: str) -> tuple[str, bytes] | None:
    """Label and signature of 64 bytes; None if the header is not canonical."""
    match = _SIGNATURE.fullmatch(header)
    return (match[1], binascii.a2b_base64(match[2])) if match else None


def write_params(components: Iterable[Component], parameters: Mapping[str, object]) -> str | None:
    """What is covered and by which parameters, as http_sf writes it; None if some of it takes
    more than the canonical form.
    """
    written = []
    for name, options in components:
        # {"req": 1} equals {"req": True}, and is written otherwise.
        of_request = len(options) == 1 and options.get("req") is True
        if (options and not of_request) or _PLAIN_TEXT.fullmatch(name) is None:
            return None
        written.append(f'"{name}";req' if options else f'"{name}"')
    text = f"({' '.join(written)})"
    for key, value in parameters.items():
        if type(value) is int and abs(value) < 10**LONGEST_WHOLE and _PLAIN_KEY.fullmatch(key):
            text += f";{key}={value}"
        elif type(value) is str and _PLAIN_TEXT.fullmatch(value) and _PLAIN_KEY.fullmatch(key):
            text += f';{key}="{value}"'
        else:
            return None
    return text


@lru_cache(maxsize=256)
def _components(text: str) -> tuple[Component, ...] | None:
    """The components in their parentheses; one client covers the same ones each time."""
    if _COVERED.fullmatch(text) is None:
        return None
    return tuple((name, {"req": True} if req else {}) for name, req in _COMPONENT.findall(text))
