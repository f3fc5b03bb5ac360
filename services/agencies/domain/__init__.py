"""Rules of the register of agencies, of calls in their name and of what they hear."""
