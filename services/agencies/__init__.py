"""Agencies: who they are and what they may, and what the bus keeps for them between calls."""
