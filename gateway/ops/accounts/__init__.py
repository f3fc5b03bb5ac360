"""Accounts of colleagues: sign-in, OpenID Connect, second factor."""
