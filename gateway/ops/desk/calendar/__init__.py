"""The calendar at the desk: its month and rows, hours by day of the week, files of holidays."""
