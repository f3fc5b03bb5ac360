"""Contracts of the ticketing context: citizens, the desk, accounts, letters, visits."""
