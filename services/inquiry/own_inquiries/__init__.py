"""Inquiries of people about their own sources, from the question to the answer."""
