"""The figures of messages that everybody may see."""
