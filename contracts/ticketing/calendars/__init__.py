"""Holidays by iCalendar, and what changes of the calendar move."""
