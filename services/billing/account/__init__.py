"""The treasury's account: its statements, and what of the banks' files they show."""
