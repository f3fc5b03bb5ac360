"""Persons who have proven by their mobile who they are: sessions, their matters, who asked."""
