"""Calls that are answered later: kept, claimed by the faces, settled, read by their agency."""
