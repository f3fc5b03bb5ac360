"""A lived-in world for a fresh installation: ninety days of tickets, bills, news and inquiries.

Nothing is written into tables by hand: the services themselves stand in this process, with a clock
that walks through the days, and people who write, answer, pay and ask by the same entrypoints that
serve the faces. What one service publishes is handed to the others, as the broker would. So every
log, ledger and chain is what it would be had all of it happened.
"""
