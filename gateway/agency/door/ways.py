"""What a request of X-Road says of its asker, which proves itself by its connection's certificate.

Such a request is told apart by its address (gateway/agency/xroad), for it carries no proof itself.
"""

from dataclasses import dataclass

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


# None for every other way in.
XROAD_ASKER = Fact[XRoadAsker]("xroad_asker")
