"""Health of the whole: checks, metrics, the probe, the board."""
