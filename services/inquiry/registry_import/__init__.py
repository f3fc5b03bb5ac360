"""Imports of registry exports: read, staged, compared, written, reported."""
