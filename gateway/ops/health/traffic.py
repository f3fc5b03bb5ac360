"""What the faces answered in a minute: how much, how much of it failed, and how fast.

Read from the counters that each part exports for Prometheus, so the board and the alerts count the
same. A part that began anew counts from 0 again: what it has counted since then is of this minute.
"""

import asyncio
from collections import Counter
from typing import NamedTuple

from prometheus_client.parser import text_string_to_metric_families

from gateway.ops.health.parts import Part, fetch

REQUESTS, SECONDS = "mirab_http_requests_total", "mirab_http_request_seconds_bucket"
OURS = "mirab_http_request"
# What nobody but machines of ours asks for.
NOT_COUNTED = frozenset(("/health/live", "/health/ready", "/metrics", "/static/{name}", "unknown"))
FAILED = "5"
P95 = 0.95

# Whole numbers, which Prometheus writes as floats.
Counts = Counter[str]


class Traffic(NamedTuple):
    """Answers of a span: in all, those with 5xx, and how many took up to so many seconds."""

    answered: float
    failed: float
    within: dict[float, float]

    @property
    def share_failed(self) -> float | None:
        """The share of failures, 0 to 1; None if nothing was asked."""
        return self.failed / self.answered if self.answered else None

    def quantile(self, share: float = P95) -> float | None:
        """The seconds within which that share was answered, as Prometheus estimates it: linear
        within a bucket. None if nothing was asked.
        """
        edges = sorted(self.within)
        total = self.within[edges[-1]] if edges else 0
        if not total:
            return None
        below, before = 0.0, 0.0
        for edge in edges:
            count = self.within[edge]
            if count >= share * total:
                if edge == float("inf"):
                    return below
                return below + (edge - below) * (share * total - before) / (count - before)
            below, before = edge, count
        return below


def counted(text: str) -> Counts:
    """Return the sums that the metrics of a part export: "all", "failed", "<seconds>"."""
    lines = "\n".join(line for line in text.splitlines() if line.startswith(OURS))
    counts: Counts = Counter()
    try:
        families = list(text_string_to_metric_families(lines + "\n"))
    except ValueError:
        return counts  # Another program answers there; readiness says so.
    for family in families:
        for sample in family.samples:
            if sample.labels.get("route") in NOT_COUNTED:
                continue
            if sample.name == REQUESTS:
                counts["all"] += sample.value  # type: ignore[assignment]
                if sample.labels["status"].startswith(FAILED):
                    counts["failed"] += sample.value  # type: ignore[assignment]
            elif sample.name == SECONDS:
                counts[sample.labels["le"]] += sample.value  # type: ignore[assignment]
    return counts


def since(before: Counts, now: Counts) -> Counts:
    """Return what was counted between two looks at one part."""
    if any(now[name] < count for name, count in before.items()):
        return now
    return Counter({name: count - before[name] for name, count in now.items()})


def total(spans: list[Counts]) -> Traffic:
    """Return the traffic of all parts together."""
    counts: Counts = Counter()
    for span in spans:
        counts.update(span)
    within = {float(name): count for name, count in counts.items() if name not in ("all", "failed")}
    return Traffic(counts["all"], counts["failed"], {edge: float(n) for edge, n in within.items()})


class Watcher:
    """Reads the counters of all parts again and again."""

    def __init__(self, parts: tuple[Part, ...]) -> None:
        self._parts = parts
        self._before: dict[str, Counts] = {}

    async def look(self) -> Traffic | None:
        """Return the traffic since the last look; None if no part answered now and then.

        A part that did not answer before is left out: nobody knows when it counted what.
        """
        texts = await asyncio.gather(*(fetch(part, "/metrics") for part in self._parts))
        now = await asyncio.to_thread(
            lambda: {
                part.name: counts
                for part, text in zip(self._parts, texts, strict=True)
                if text and (counts := counted(text))
            }
        )
        spans = [
            since(self._before[name], counts)
            for name, counts in now.items()
            if name in self._before
        ]
        self._before = now
        return total(spans) if spans else None
