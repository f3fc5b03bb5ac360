"""Holidays by iCalendar: files that are read, proposed, accepted, set aside, and our own."""
