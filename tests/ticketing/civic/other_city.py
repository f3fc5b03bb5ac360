"""Another city's Open311 endpoint, played: it answers as told, and keeps what it is sent."""

import contextlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

TAKES = object()


class OtherCity:
    """``answers`` are the next replies to a POST: TAKES, or (status, body); ``requests`` by id."""

    def __init__(self):
        self.answers, self.posts, self.queries = [], [], []
        self.requests, self.pages = {}, {}
        city = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.0"

            def do_POST(self):
                length = int(self.headers["Content-Length"])
                form = parse_qs(self.rfile.read(length).decode())
                city.post(self, {name: values[0] for name, values in form.items()})

            def do_GET(self):
                city.get(self)

            def log_message(self, *_):
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/open311/v2"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def post(self, handler, form):
        self.posts.append(form)
        answer = self.answers.pop(0) if self.answers else TAKES
        if answer is TAKES:
            answer = (200, self.take(form))
        elif callable(answer):
            answer = answer(form)
        self.say(handler, answer)

    def take(self, form):
        """Takes a report, and says its id."""
        id_ = str(1000 + len(self.requests))
        self.requests[id_] = {
            "service_request_id": id_,
            "status": "open",
            "service_code": form["service_code"],
            "description": form["description"],
        }
        return [{"service_request_id": id_}]

    def get(self, handler):
        parts = urlsplit(handler.path)
        path = parts.path.removeprefix("/open311/v2/")
        self.queries.append((path, {n: v[0] for n, v in parse_qs(parts.query).items()}))
        if path in self.pages:
            self.say(handler, self.pages[path])
        elif path == "requests.json":
            self.say(handler, (200, list(self.requests.values())))
        else:
            id_ = path.removeprefix("requests/").removesuffix(".json")
            report = self.requests.get(id_)
            self.say(handler, (200, [report]) if report else (404, [{"code": 404}]))

    def say(self, handler, answer):
        """Writes an answer; None closes the line, an iterator is a body without an end."""
        with contextlib.suppress(OSError):
            if answer is None:
                return
            status, body = answer
            handler.send_response(status)
            if isinstance(body, str | bytes):
                body = body.encode() if isinstance(body, str) else body
            elif isinstance(body, list | dict):
                body = json.dumps(body).encode()
            if isinstance(body, bytes):
                handler.send_header("Content-Length", str(len(body)))
                body = [body]
            handler.end_headers()
            for piece in body:
                handler.wfile.write(piece)
