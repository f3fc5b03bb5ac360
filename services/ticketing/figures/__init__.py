"""Figures: few and safe ones for everybody, whole ones by unit and by clause for the staff."""
