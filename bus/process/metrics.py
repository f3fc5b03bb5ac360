"""Metrics of a process: how they are exported, and the buckets that all histograms of time share.

A label's value comes from a closed list: contracts, fates, codes of parts and providers. Nothing
that a caller can write stands in one (tests/deploy/test_alerts.py holds the list of labels).
"""

from prometheus_client import REGISTRY, Info, disable_created_metrics
from prometheus_client.exposition import choose_encoder

from bus.process.version import release

# A series with the moment of its beginning for each counter would double what is stored.
disable_created_metrics()  # type: ignore[no-untyped-call]
# Up to a second where promises are, then the deadlines of contracts (2 to 60 s).
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0)
PART = Info("mirab_part", "Which part this process is, and its release")


def name_part(name: str) -> None:
    """Say which part this process is."""
    PART.info({"name": name, "release": release()})


def exposition(accept: str | None) -> tuple[str, bytes]:
    """The media type and the text of all metrics of this process: OpenMetrics 1.0 or the older
    form of Prometheus, as the header Accept asks.
    """
    encode, media_type = choose_encoder(accept or "")
    return media_type, encode(REGISTRY)
