"""What citizens do with their tickets."""
