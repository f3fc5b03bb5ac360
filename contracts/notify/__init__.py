"""Contracts of the notify context: messages, templates, bulk jobs, announcements."""
