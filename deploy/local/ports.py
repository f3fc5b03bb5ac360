"""Ports of this machine: who listens, and which are free."""

import secrets
import socket

import psutil

# Below those that outgoing connections get: one of them could take a port before it is used.
RANGE = range(16_000, 32_000)
_handed_out: set[int] = set()


def free_port() -> int:
    """A port of this machine that nobody listens on now, and that was handed out to nobody.

    Whoever got one may need some seconds until it listens.
    """
    if 2 * len(_handed_out) > len(RANGE):
        _handed_out.clear()
    while True:
        port = secrets.choice(RANGE)
        if port in _handed_out:
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        _handed_out.add(port)
        return port


def listening(port: int) -> bool:
    """True if somebody listens on that port of this machine."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def holder(port: int) -> str:
    """Who listens on that port, as `nginx (process 812)`; empty if this user may not know."""
    try:
        lines = psutil.net_connections("tcp")
        listeners = (line for line in lines if line.status == psutil.CONN_LISTEN and line.pid)
        pid = next((line.pid for line in listeners if line.laddr.port == port), None)
        return f"{psutil.Process(pid).name()} (process {pid})" if pid else ""
    except psutil.Error:
        return ""
