"""Answers as SD-JWTs, for agencies and for the persons whose answers they are."""
