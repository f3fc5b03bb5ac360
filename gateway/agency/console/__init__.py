"""The console of an agency: what it may, asks and was refused, for a browser without any key."""
