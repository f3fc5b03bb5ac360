"""Billing: prices, debts, payments, and the ledger of the money.

Aggregates: Tariff, Bill, Payment, Refund; every movement of money is an entry of the ledger. The
service answers the Requests of contracts/billing, handles the Command billing.charge and publishes
an event for each change of a bill.
"""
