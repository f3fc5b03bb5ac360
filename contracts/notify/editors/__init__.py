"""What editors send by hand, and what came back of what was sent."""
