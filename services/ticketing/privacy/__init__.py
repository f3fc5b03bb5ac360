"""What becomes of a person's data: emptied when its time is over, kept while a court needs it."""
