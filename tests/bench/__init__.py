"""The load of the measurements: what is measured must have been answered."""
