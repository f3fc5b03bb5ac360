"""What a request of X-Road says of its asker, which proves itself by its connection's certificate.

Such a request is told apart by its address (gateway/agency/xroad), for it carries no proof itself.
"""

from dataclasses import dataclass

from starlette.requests import Request

from gateway.http.facts import Fact
from members.register import XRoadName


@dataclass(frozen=True, slots=True)
class XRoadAsker:
    """The name of the asker in X-Road, the party (class, code) in whose name it asks, and what it
    states beside the bodies of its questions.
    """

    name: XRoadName
    represented: tuple[str, str] | None
    stated: dict[str, str]


XROAD_ASKER = Fact[XRoadAsker]("xroad_asker")


def xroad_asker(request: Request) -> XRoadAsker | None:
    """The asker of a request that came in by X-Road; None for every other way."""
    return XROAD_ASKER.get(request)
