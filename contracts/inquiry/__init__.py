"""Contracts of the inquiry context: questions, answers, batches, parcels, ratings."""
