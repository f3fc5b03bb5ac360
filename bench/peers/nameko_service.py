"""Stock nameko's service: one RPC method, one transaction a call (nameko's docs, "RPC")."""

import os

from nameko.extensions import DependencyProvider
from nameko.rpc import rpc
from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import make_url

from bench.peers.work import answer
from bus.messages.values import Json


class Database(DependencyProvider):  # type: ignore[misc]  # nameko has no types
    """One engine a process, as nameko-sqlalchemy does it."""

    def setup(self) -> None:
        url = make_url(os.environ["DB_URL"]).set(drivername="postgresql+psycopg2")
        self.engine = create_engine(url, pool_size=20, max_overflow=0)

    def get_dependency(self, _worker_ctx: object) -> Engine:
        return self.engine


class Inquiry:
    """Run by `nameko run bench.peers.nameko_service`."""

    name = "peer_inquiry"
    engine = Database()

    @rpc  # type: ignore[untyped-decorator]  # nameko has no types
    def ask(self, request: Json) -> Json:
        return answer(self.engine, request)
