"""Holidays by iCalendar: files of others are read and proposed, never followed by themselves."""
