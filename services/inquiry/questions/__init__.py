"""Questions of agencies: judged, answered, logged, counted, verified."""
