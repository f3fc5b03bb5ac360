"""Ports of this machine: who listens, and which are free."""

import secrets
import socket

import psutil


def free_port() -> int:
    """A port of this machine that nobody listens on now.

    Below those that outgoing connections are given: one of them could take it before it is used.
    """
    while True:
        port = 16_000 + secrets.randbelow(16_000)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
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
