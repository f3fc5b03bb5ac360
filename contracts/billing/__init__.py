"""Contracts of the billing context: tariffs, bills, payments, the treasury."""
