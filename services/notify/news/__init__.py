"""Announcements, the status page, and subscriptions to both."""
