"""Return paths of e-mails that we send: an address for each, to which its reports come back.

The local part carries our number of the hand-over and a proof that only we can make, so that a
report proves which e-mail it is about (VERP; RFC 5321, 4.4). Mail servers may fold the case of a
local part: number and proof survive that.
"""

import re
from typing import NamedTuple

PROOF_LETTERS = 24
# The header by which a returned e-mail, or a complaint about it, is known where its envelope is not
# returned along.
HEADER = "X-Mirab-Return"
LOCAL_MOST = 64
_TOKEN = re.compile(r"n([1-9][0-9]{0,14})\.([0-9a-f]{24})")
_ADDRESS = re.compile(r"<?[^@+\s<>]{1,64}\+(n[0-9]{1,15}\.[0-9a-f]{24})@[^@\s<>]{1,255}>?")
_BASE = re.compile(r"[A-Za-z0-9._-]{1,64}@[A-Za-z0-9.-]{1,255}")
_LONGEST = len("+n") + 15 + len(".") + PROOF_LETTERS


class ReturnToken(NamedTuple):
    """Our number of a hand-over, and the proof that we gave it away."""

    ref: int
    proof: str

    def __str__(self) -> str:
        return f"n{self.ref}.{self.proof}"


def address(base: str, token: ReturnToken) -> str:
    """Return the return path of an e-mail, a sub-address (RFC 5233) of ``base``, which is
    `checked`.

    >>> address("returns@water.example", ReturnToken(7, "0123456789abcdef01234567"))
    'returns+n7.0123456789abcdef01234567@water.example'
    """
    local, _, host = checked(base).rpartition("@")
    return f"{local}+{token}@{host}"


def checked(base: str) -> str:
    """Return an address to which return paths may be sub-addresses, or an empty one. ValueError if
    it is no address, or so long that no number fits behind it.
    """
    local, _, host = base.rpartition("@")
    too_long = len(local) + _LONGEST > LOCAL_MOST
    if base and (not _BASE.fullmatch(base) or not host or too_long):
        raise ValueError("the address of returned e-mails is none, or its local part is too long")
    return base


def token_of(text: str) -> ReturnToken | None:
    """Return the token of an address or of the header's value; None if it has none.

    >>> token_of("<RETURNS+N7.0123456789ABCDEF01234567@water.example>").ref
    7
    >>> token_of("water+5720000002.abcdefghij@water.example")
    """
    text = text.strip().lower()
    in_address = _ADDRESS.fullmatch(text)
    match = _TOKEN.fullmatch(in_address[1] if in_address else text)
    return ReturnToken(int(match[1]), match[2]) if match else None


def is_return_path(text: str, base: str) -> bool:
    """Tell whether an address is ``base`` or a return path made of it."""
    local, _, host = text.lower().rpartition("@")
    plain = f"{local.partition('+')[0]}@{host.rstrip('.')}"
    return plain == base.lower() and ("+" not in local or token_of(text) is not None)
