"""Calls that are answered later (Prefer: respond-async): kept, run, settled, cancelled.

Their owner is the team of services/agencies.
"""
