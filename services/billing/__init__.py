"""Billing: what the service costs, who owes it, who paid it, and where the money lies.

Aggregates: Tariff, Bill, Payment, Refund; what moves money is an entry of the ledger. It serves the
Requests of contracts/billing, handles the Command billing.charge, and tells
what becomes of each bill.
"""
