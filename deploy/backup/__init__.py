"""Backups of one installation: the databases to any moment, and the files that belong to them."""
