"""Metrics of the mailroom, apart from its program: a forked process runs that twice."""

from prometheus_client import Counter, Histogram

from bus.process.metrics import SECONDS

# By the first digit of what the sender's server is told: kept, to be tried again, or refused.
OUTCOMES = {"2": "taken", "4": "later", "5": "refused"}
TAKEN = Counter("mirab_mailroom_letters_total", "Letters by what became of them", ["outcome"])
for outcome in OUTCOMES.values():
    TAKEN.labels(outcome)
KEPT_SECONDS = Histogram("mirab_mailroom_seconds", "Time to keep a letter", buckets=SECONDS)
