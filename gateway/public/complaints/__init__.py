"""Complaints and requests: registering, following up, a lost secret, the public list."""
