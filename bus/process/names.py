"""Names of hosts where eventlet has patched sockets: each new connection asks for them anew."""

from eventlet.support import greendns


class Asking(greendns.ResolverProxy):
    """eventlet's resolver without its store of answers.

    That store keeps an address for as long as the server of names says, at podman's a day, and so a
    database or scanner that was started anew under another address would be away for so long.
    """

    def clear(self) -> None:
        super().clear()
        self._resolver.cache = None


def ask_anew() -> None:
    """Have all connections of this process ask the server of names, as unpatched ones do."""
    greendns.resolver = Asking(hosts_resolver=greendns.HostsResolver())
