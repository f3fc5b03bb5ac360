"""Pages of lists of tickets: the queue, acts on many, and the first page."""
