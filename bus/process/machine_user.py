"""The user who runs a command on this machine, for the record of commands."""

import os
import pwd


def user_at_machine() -> str:
    """Such as ``os:ali``: who began sudo, or the process's own user. Where all are one user, as in
    a container, MIRAB_BY says who it is: ``os:mirab/ali``.
    """
    uid = os.getuid()
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = str(uid)
    # Only root can have been somebody else before; anybody can set a variable.
    if uid == 0:
        name = os.environ.get("SUDO_USER") or name
    by = "".join(c for c in os.environ.get("MIRAB_BY", "") if c.isprintable())[:40]
    return f"os:{name[:40]}/{by}" if by else f"os:{name[:40]}"
