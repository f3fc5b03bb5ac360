"""What agencies hear: the feed of events, and why they were refused.

Their owner is the team of services/agencies.
"""
