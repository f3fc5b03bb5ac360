"""The signal hub: an agency watches subscribers by pseudonym and hears that something changed.

A pseudonym is a keyed hash of an identifier, made by the agency with a seed of its own. Whoever
deposits one learns nothing of the register: the answer is the same whether anybody is registered.
Their owner is the team of services/inquiry.
"""

import hmac
from typing import Annotated

from marshmallow import validate

from bus.messages.fields import Boolean, Choice, Pattern, Text, whole
from bus.messages.kinds import Event, Request
from bus.messages.message import OPTIONAL, PERSONAL, Meta, message
from bus.messages.values import Code, Day, Instant, Uuid
from bus.signatures.keys import base64url, from_base64url
from contracts.inquiry.keys import KEY_KINDS, canonical_key
from contracts.inquiry.questions import PURPOSES

AT_ONCE = 1000
MOST_WATCHES = 100_000
MOST_DAYS = 365
# An event carries so many signals at most: its body stays far below that of a call-back.
IN_EVENT = 50
SIGNAL_TYPES = ("UPDATE", "SEEDUPDATE")
# What a watched identifier names, by its kind; no more than the agency said when it deposited it.
OBJECT_TYPES = {
    "national_id": "subscriber",
    "legal_id": "subscriber",
    "foreigner_id": "subscriber",
    "licence_no": "licence",
    "file_no": "source",
    "subscription_code": "source",
    "electricity_subscription": "source",
}
PSEUDONYM = Pattern(
    "^[A-Za-z0-9_-]{43}$",
    "pseudonym|A pseudonym is base64url of 32 bytes without padding: 43 characters.",
)

PLACE = Pattern("^[A-Za-z0-9_-]{43}\\.[a-z_]{1,40}$", "place|Give next of the page before.")


def pseudonym(seed: bytes, key_kind: str, key: str) -> bytes:
    """Compute the pseudonym of a canonical key: HMAC-SHA-256 of ``<key_kind>:<key>``, 32 bytes.

    >>> base64url(pseudonym(bytes(32), "national_id", "9900000013"))[:8]
    'UZqc1G64'
    """
    return hmac.digest(seed, f"{key_kind}:{key}".encode(), "sha256")


def pseudonym_of(seed: str, key_kind: str, key: str) -> str:
    """Compute the pseudonym of a key as people write it, by a seed in base64url.

    Raises iran.identifiers.Malformed for a key that is none of its kind.
    """
    return base64url(pseudonym(from_base64url(seed), key_kind, canonical_key(key_kind, key)))


Pseudonym = Annotated[
    str,
    Text(43, least=43, validate=PSEUDONYM),
    Meta(example="Brf0HTOqXsuVxecsD42-qMLWxK8Yi1s0KSJg_Vrs76M"),
]
Pseudonyms = Annotated[
    tuple[Pseudonym, ...],
    validate.Length(1, AT_ONCE, error=f"length|Give 1 to {AT_ONCE} pseudonyms."),
]


@message
class ReadWatchSeeds:
    pass


@message
class WatchSeed:
    """A seed of your agency alone. ``until`` says when the older of two is destroyed."""

    id: Uuid
    seed: Annotated[str, Text(43), PERSONAL, "32 bytes in base64url; keep it secret"]
    made_at: Instant
    until: Instant | None


@message
class WatchSeeds:
    seeds: Annotated[tuple[WatchSeed, ...], "The one to use first; during a rotation the older too"]


@message
class RotateWatchSeed:
    at_once: Annotated[
        bool,
        Boolean(),
        "Destroys all older seeds now, with the watches by them: for a seed that leaked",
    ] = False


@message
class Watch:
    """Watches subscribers by pseudonyms of one kind, under one purpose; the same again renews."""

    purpose: Annotated[
        str,
        Text(40),
        "The purpose for which you will ask when you hear a signal",
        Meta(enum=PURPOSES, example="fuel_quota"),
    ]
    key_kind: Annotated[
        str, Choice(KEY_KINDS), "What sort of keys they are", Meta(example="national_id")
    ]
    seed: Annotated[Uuid, "The id of the seed that they were made with"]
    pseudonyms: Pseudonyms
    days: Annotated[int, whole(1, MOST_DAYS), "For how many days they are watched"] = MOST_DAYS


@message
class Watching:
    """How much you watch; the same whether anybody of those is registered or not."""

    watches: Annotated[int, "All watches of your agency now"]
    until: Annotated[Day, "The last day of those deposited now"]


@message
class Unwatch:
    pseudonyms: Pseudonyms
    for_purpose: Annotated[Code | None, "Under this purpose alone", Meta(enum=PURPOSES)] = None


@message
class WatchesLeft:
    watches: Annotated[int, "All watches of your agency that are left"]


@message
class ReadWatches:
    after: Annotated[
        str | None,
        Text(100, validate=PLACE),
        "next of the page before; from the beginning if left out",
    ] = None
    limit: Annotated[int, whole(1, AT_ONCE)] = 100


@message
class OwnWatch:
    pseudonym: Pseudonym
    purpose: Code
    key_kind: Code
    seed: Uuid
    deposited_at: Instant
    until: Day


@message
class OwnWatches:
    watches: tuple[OwnWatch, ...]
    next: Annotated[str | None, Text(100)]


@message
class ReadSignals:
    after: Annotated[
        int | None,
        whole(0, 2**53),
        "The id of the last signal that you know; from the oldest kept on if left out",
    ] = None
    limit: Annotated[int, whole(1, 500)] = 100


@message
class Signal:
    """That something changed of what your grant shows, never what; ask to learn it.

    UPDATE stands for every change: also that somebody was entered or removed. SEEDUPDATE: deposit
    your watches again by the new ``seed``.
    """

    id: Annotated[int, "Rises from signal to signal of your agency"]
    type: Annotated[str, Choice(SIGNAL_TYPES)]
    pseudonym: Annotated[Pseudonym | None, OPTIONAL] = None
    object_type: Annotated[
        Code | None, "subscriber, licence or source, by the kind of key deposited", OPTIONAL
    ] = None
    seed: Annotated[Uuid, "The seed of the pseudonym; of SEEDUPDATE the new one"]
    at: Annotated[Instant, "The end of the span of minutes in which it changed, not the moment"]


@message
class Signals:
    signals: tuple[Signal, ...]
    next: Annotated[int, "after of the next call"]
    more: Annotated[bool, "True if others are there already"]
    oldest: Annotated[int, "The id from which on signals are still kept"]


@message
class SignalsSent:
    agency: Code
    signals: tuple[Signal, ...]


WATCH_SEEDS = Request(
    "inquiry.watch_seeds.v1",
    ReadWatchSeeds,
    "Reads the seeds with which your agency makes pseudonyms; nobody else has them.",
    reply=WatchSeeds,
    effect=False,
)
ROTATE_WATCH_SEED = Request(
    "inquiry.rotate_watch_seed.v1",
    RotateWatchSeed,
    "Makes a new seed; the one before holds for two weeks more, or ends at once.",
    reply=WatchesLeft,
)
WATCH = Request(
    "inquiry.watch.v1",
    Watch,
    "Watches subscribers by pseudonym; signals say that something of them changed.",
    reply=Watching,
    judges_purpose=True,
)
UNWATCH = Request(
    "inquiry.unwatch.v1",
    Unwatch,
    "Ends watches; one that there is not is ended too.",
    reply=WatchesLeft,
)
WATCHES = Request(
    "inquiry.watches.v1",
    ReadWatches,
    "Lists your own watches.",
    reply=OwnWatches,
    effect=False,
)
SIGNALS = Request(
    "inquiry.signals.v1",
    ReadSignals,
    "Reads the signals of your watches after one that you know; kept for 30 days.",
    reply=Signals,
    effect=False,
)
SIGNALS_SENT = Event(
    "inquiry.signals_sent.v1",
    SignalsSent,
    "Something changed of subscribers whom your agency watches.",
    hearable=True,
    owner="agency",
)
