"""Accounts of colleagues: sign-in, sessions, second factors, operators and machine tokens."""
