"""Stock nameko's service: one RPC method, one transaction a call (nameko's docs, "RPC")."""

import os

from nameko.extensions import DependencyProvider
from nameko.rpc import rpc

from bench.peers.work import answer
from bus.database.store import Store
from bus.messages.values import Json


class Database(DependencyProvider):  # type: ignore[misc]  # nameko has no types
    """One engine a process, as nameko-sqlalchemy does it."""

    def setup(self) -> None:
        self.store = Store(os.environ["DB_URL"], source="peer")

    def get_dependency(self, _worker_ctx: object) -> Store:
        return self.store


class Inquiry:
    """Run by `nameko run bench.peers.nameko_service`."""

    name = "peer_inquiry"
    store = Database()

    @rpc  # type: ignore[untyped-decorator]  # nameko has no types
    def ask(self, request: Json) -> Json:
        return answer(self.store, request)
