"""The people and programs that use the installation while faults are made."""
