"""Receipts: each answer's promise of a leaf in the log, and what anybody may ask of the log."""
