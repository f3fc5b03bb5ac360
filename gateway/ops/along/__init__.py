"""The desk where there is no connection: tickets taken along, and what is typed there."""
