"""What is stored of a message: its receiver, and what it says in each channel."""

from typing import TypedDict


class PdfClaim(TypedDict):
    """A PDF in the store for letters; ``size`` in bytes."""

    sha256: str
    size: int


class Content(TypedDict, total=False):
    """What a receiver gets in one channel; ``body`` is always there."""

    subject: str
    body: str
    html: str
    unsubscribe: str
    postage: str
    # Of an SMS the line that was chosen, and whose it is; of an e-mail where answers go; of a
    # letter its block of sender.
    sender: str
    provider: str
    pdf: PdfClaim
    scan: str


class StoredReceiver(TypedDict, total=False):
    """A Receiver of the contracts, without what it has not."""

    mobile: str
    email: str
    inbox: str
    address: list[str]
