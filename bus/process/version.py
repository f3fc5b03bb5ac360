"""Which release of Mirab this is."""

RELEASE = "0.1.0"


def release() -> str:
    """The version, as pyproject.toml has it (a test compares them)."""
    return RELEASE
