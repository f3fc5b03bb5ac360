"""The log of receipts: leaves of all calls in a tree that only grows, under signed heads."""
