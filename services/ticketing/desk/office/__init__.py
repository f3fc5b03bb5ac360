"""The office at the desk: its calendar, what a change of it moves, times and days of visits."""
