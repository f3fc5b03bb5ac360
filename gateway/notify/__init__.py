"""Face 4: the public API v2 of GOV.UK Notify, for clients that were written for it."""
