"""The promise page: how each clause of the agreement is kept, by month, and signed reports."""
