"""The played banks: three gateways and a counter."""
