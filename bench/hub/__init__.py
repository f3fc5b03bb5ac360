"""What the signal hub costs."""
