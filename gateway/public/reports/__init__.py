"""Public reports: the list, the map, one report, and who has the same trouble."""
