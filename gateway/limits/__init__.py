"""Limits for strangers: requests and files of an address."""
