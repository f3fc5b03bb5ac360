"""Samples in several languages, each of which runs as it stands; one module a way of proving."""
