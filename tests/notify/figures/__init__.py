"""Tests of the figures of messages."""
