"""Receipts that the faces promise: of whatever is answered to an agency that was proven."""
