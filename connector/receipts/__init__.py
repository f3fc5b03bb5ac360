"""Receipts at an agency: verified, fetched; the log audited and witnessed."""
