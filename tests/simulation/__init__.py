"""The kernel of the bus in a simulated world: broker, network, clock and kills are moves of a play.

What runs is the real code of outbox, relay, receipts, inbox, activator, endpoints, splitter,
aggregator and client, on a real PostgreSQL; what is played is all around it (docs/survival.md).
"""
