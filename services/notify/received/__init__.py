"""Texts that come in from the providers of SMS."""
