"""What every process has: logs, metrics, health, and a private file mask."""
