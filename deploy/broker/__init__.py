"""The broker's configuration, and who of the agencies may do what on it."""
