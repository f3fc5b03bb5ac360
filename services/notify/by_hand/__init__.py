"""One message by hand: an approved template, filled in by a colleague for one receiver."""
