"""The console of agencies: codes for one use, and sessions of browsers."""
