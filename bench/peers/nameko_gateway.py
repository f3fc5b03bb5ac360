"""Stock nameko at the door: its own HTTP entrypoint and its RPC proxy (nameko's docs, "HTTP")."""

import os

from nameko.rpc import ServiceRpc
from nameko.web.handlers import http
from werkzeug.wrappers import Request, Response

from bench.peers.work import PATH, Door

_door = Door()


class Gateway:
    """Run by `nameko run bench.peers.nameko_gateway`."""

    name = "peer_gateway"
    inquiry = ServiceRpc("peer_inquiry")

    @http("POST", PATH)  # type: ignore[untyped-decorator]  # nameko has no types
    def ask(self, request: Request) -> Response:
        url = f"http://127.0.0.1:{os.environ['PORT']}{PATH}"
        message, question = _door.admit(url, dict(request.headers), request.get_data())
        headers, body = _door.sign(message, self.inquiry.ask(question))
        return Response(body, 200, headers)
