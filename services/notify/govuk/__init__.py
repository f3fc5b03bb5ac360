"""The Notify API (as of GOV.UK Notify): its keys and tokens, its messages, printed letters."""
