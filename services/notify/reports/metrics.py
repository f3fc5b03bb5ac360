"""Metrics of reports about e-mails: how many came in, by what was made of them."""

from prometheus_client import Counter

from contracts.notify.editors.email_reports import REFUSED_REPORTS

OUTCOMES = ("failed", "delayed", "complaint", "repeated", "no_change", *REFUSED_REPORTS)
REPORTS = Counter(
    "mirab_email_reports_total", "Reports about e-mails by what was made of them", ["outcome"]
)
for _outcome in OUTCOMES:
    REPORTS.labels(_outcome)
