"""What a face counts of its requests; the label of each is looked up once."""

from collections.abc import Iterable
from functools import cache

from prometheus_client import Counter, Histogram

FAILURES = (500, 503, 504)
REQUESTS = Counter("mirab_http_requests_total", "Requests", ["face", "route", "method", "status"])
SECONDS = Histogram(
    "mirab_http_request_seconds",
    "Time to answer",
    ["face", "route"],
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30),
)


@cache
def requests(face: str, route: str, method: str, status: int) -> Counter:
    """The count of a face's answers with a status."""
    return REQUESTS.labels(face, route, method, str(status))


@cache
def seconds(face: str, route: str) -> Histogram:
    """The times that a face took for a route."""
    return SECONDS.labels(face, route)


def begin_counts(face: str, route: str, methods: Iterable[str]) -> None:
    """Count from 0: what was never counted cannot rise, and the first failure would not show."""
    for method in methods:
        for status in FAILURES:
            requests(face, route, method, status)
