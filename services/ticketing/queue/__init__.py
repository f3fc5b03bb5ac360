"""The queue of the desk: its lists, what comes next in them, and the first page."""
