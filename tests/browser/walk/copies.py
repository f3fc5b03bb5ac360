"""Pages that are answered with an error, served once more with 200: Lighthouse judges no others,
and its browser names the status of the first answer among the errors of the page.
"""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests

# What makes a page behave as it does where it stands.
KEPT = ("content-type", "content-security-policy", "referrer-policy", "x-content-type-options")


@contextmanager
def copy_of(root, path, cookies):
    """Yield the address of a copy of a page, beside which all that it loads is found."""

    class Copy(BaseHTTPRequestHandler):
        def do_GET(self):
            headers = {"Cookie": cookies, "Accept": self.headers.get("Accept", "*/*")}
            answer = requests.get(f"{root}{self.path}", headers=headers, timeout=60)
            self.send_response(200)
            for name in KEPT:
                if name in answer.headers:
                    self.send_header(name, answer.headers[name])
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        def log_message(self, *_):
            """Say nothing of each request."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Copy)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{path}"
    finally:
        server.shutdown()
        server.server_close()
