"""Face 3: for operators, on a private network."""
